"""Exports torchvision's ResNet-18 to FOLDER, scripted and traced, with an input and its output.

    python3 resnet.py FOLDER
"""

import os
import sys

import torch
import torchvision
from safetensors.torch import save_file

folder = sys.argv[1]
torch.manual_seed(0)
model = torchvision.models.resnet18().eval()
x = torch.randn(2, 3, 64, 64)
with torch.no_grad():
    torch.jit.script(model).save(os.path.join(folder, "scripted.pt"))
    torch.jit.trace(model, x).save(os.path.join(folder, "traced.pt"))
    save_file({"x": x, "y": model(x)}, os.path.join(folder, "expected.safetensors"))
