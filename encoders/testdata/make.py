"""Files of encoders as PyTorch programs leave them, for the tests of opening them.

    pip install torch==2.14.1 torchvision==0.29.2 safetensors
    python3 make.py small FOLDER   writes the committed files
    python3 make.py more FOLDER    writes others of the same network, and torchvision's own ResNet-18

The network is a ResNet-18 of torchvision's blocks with a 32nd of its channels, which
is what keeps the files small.
"""

import pathlib
import sys

import torch
import torchvision
from safetensors.torch import save_file
from torch import nn
from torchvision.models.resnet import BasicBlock

torch.set_num_threads(1)


class Small(nn.Module):
    def __init__(self, width=2):
        super().__init__()
        self.conv1 = nn.Conv2d(3, width, 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.relu = nn.ReLU(inplace=True)
        c = width
        for i in range(4):
            out, stride = width << i, 1 if i == 0 else 2
            down = None
            if stride > 1:
                down = nn.Sequential(nn.Conv2d(c, out, 1, stride, bias=False), nn.BatchNorm2d(out))
            setattr(self, f"layer{i + 1}", nn.Sequential(BasicBlock(c, out, stride, down), BasicBlock(out, out)))
            c = out
        self.avgpool = nn.AdaptiveAvgPool2d((1, 1))
        self.fc = nn.Linear(c, 10)

    def forward(self, x):
        x = self.relu(self.bn1(self.conv1(x)))
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return self.fc(torch.flatten(self.avgpool(x), 1))


class Pair(nn.Module):
    def forward(self, x):
        return x, x


def trained(m):
    """Statistics as after some training."""
    torch.manual_seed(18)
    for b in m.modules():
        if isinstance(b, nn.BatchNorm2d):
            b.running_mean.normal_(0, 0.1)
            b.running_var.uniform_(0.5, 1.5)
            nn.init.uniform_(b.weight, 0.5, 1)
            nn.init.normal_(b.bias, 0, 0.1)
    return m.eval()


def make():
    torch.manual_seed(18)
    m = trained(Small())
    return m, torch.rand(2, 3, 16, 16)


def small(folder):
    m, x = make()
    torch.save(m.state_dict(), folder / "bare.pth")
    m.fc = nn.Identity()
    with torch.no_grad():
        save_file({"x": x, "features": m(x)}, folder / "expected.safetensors")
    torch.jit.trace(m, x).save(folder / "features.pt")
    torch.jit.script(Pair()).save(folder / "pair.pt")


def under(prefix, state):
    return {prefix + name: w for name, w in state.items()}


def more(folder):
    m, x = make()
    state = m.state_dict()
    save_file(state, folder / "bare.safetensors")
    torch.jit.trace(m, x).save(folder / "logits.pt")
    # MoCo: the encoder, its slow copy, the queue; of a model that trained in parallel.
    copy = {name: w + 1 if w.is_floating_point() else w for name, w in state.items()}
    moco = under("module.encoder_q.", state) | under("module.encoder_k.", copy) | {"module.queue": torch.zeros(4, 4)}
    torch.save({"epoch": 7, "arch": "resnet18", "state_dict": moco}, folder / "moco.pth")
    # DINO: two networks, each with a head.
    head = {"module.head.mlp.0.weight": torch.zeros(3, 3)}
    torch.save({"student": under("module.backbone.", copy) | head, "teacher": under("module.backbone.", state) | head}, folder / "dino.pth")
    # What examples of lightly do.
    children = nn.Sequential(m.conv1, m.bn1, m.relu, nn.Identity(), m.layer1, m.layer2, m.layer3, m.layer4, m.avgpool)
    torch.save({"model": under("backbone.", children.state_dict())}, folder / "children.pth")
    torch.jit.trace(children, x).save(folder / "map.pt")  # [N, D, 1, 1]
    torch.save(m, folder / "whole.pth")

    vit = torchvision.models.VisionTransformer(image_size=16, patch_size=4, num_layers=12, num_heads=3, hidden_dim=24, mlp_dim=96)
    vit.heads.head = nn.Linear(24, 10)
    nn.init.normal_(vit.class_token)
    torch.save(vit.state_dict(), folder / "vit.pth")
    vit.heads = nn.Identity()
    with torch.no_grad():
        save_file({"x": x, "features": vit.eval()(x).contiguous()}, folder / "vit.safetensors")

    m = trained(torchvision.models.resnet18(weights=None))
    x = torch.rand(2, 3, 64, 64)
    torch.save(m.state_dict(), folder / "resnet18.pth")
    m.fc = nn.Identity()
    torch.jit.script(m).save(folder / "resnet18.pt")
    with torch.no_grad():
        save_file({"x": x, "features": m(x)}, folder / "resnet18.safetensors")


{"small": small, "more": more}[sys.argv[1]](pathlib.Path(sys.argv[2]))
