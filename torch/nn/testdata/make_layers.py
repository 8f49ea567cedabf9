"""Makes layers.safetensors: what PyTorch's layers give for fixed inputs.

    pip install torch==2.14.1 safetensors
    python3 make_layers.py [FILE]

Every case is a group of tensors: the layer's state before ("state.NAME"), the
input x, the output y, the weights w of the loss sum(w * y), the gradients
("grad.x", "grad.NAME") and, for batch norm, the state after ("after.NAME").
"""

import math
import sys

import torch
from safetensors.torch import save_file
from torch import nn

out = {}
g = torch.Generator().manual_seed(20240131)


def case(name, layer, *shape, training=True):
    with torch.no_grad():
        for p in layer.parameters():
            p.copy_(torch.randn(p.shape, generator=g))
        for b_name, b in layer.named_buffers():
            if b_name.endswith("running_mean"):
                b.copy_(torch.randn(b.shape, generator=g))
            if b_name.endswith("running_var"):
                b.copy_(0.5 + torch.rand(b.shape, generator=g))
    layer.train(training)
    for key, t in layer.state_dict().items():
        out[f"{name}/state.{key}"] = t.clone()
    x = torch.randn(shape, generator=g).requires_grad_()
    y = layer(x)
    w = torch.randn(y.shape, generator=g)
    (w * y).sum().backward()
    out[f"{name}/x"], out[f"{name}/y"], out[f"{name}/w"] = x.detach(), y.detach(), w
    out[f"{name}/grad.x"] = x.grad
    for key, p in layer.named_parameters():
        out[f"{name}/grad.{key}"] = p.grad
    for key, b in layer.named_buffers():
        out[f"{name}/after.{key}"] = b.clone()


case("conv", nn.Conv2d(3, 5, 3, padding=1), 2, 3, 7, 6)
case("conv strided", nn.Conv2d(4, 6, 3, stride=2, padding=1, bias=False), 2, 4, 8, 8)
case("conv 1x1", nn.Conv2d(4, 3, 1, stride=2, bias=False), 2, 4, 6, 5)
case("linear", nn.Linear(5, 4), 3, 5)
case("linear without bias", nn.Linear(5, 4, bias=False), 3, 5)
case("batch norm of images", nn.BatchNorm2d(3), 4, 3, 5, 2)
case("batch norm of rows", nn.BatchNorm1d(4), 6, 4)
case("batch norm in evaluation", nn.BatchNorm2d(3), 2, 3, 2, 2, training=False)
case("relu", nn.ReLU(), 4, 5)
case("max pool", nn.MaxPool2d(2), 2, 3, 7, 6)
case("sequential", nn.Sequential(nn.Conv2d(2, 4, 3, padding=1, bias=False), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2)), 3, 2, 6, 6)


def drawn(name, weight_shape):
    """The default reset_parameters of Linear and Conv2d, from a generator."""
    gen = torch.Generator().manual_seed(7)
    weight, bias = torch.empty(weight_shape), torch.empty(weight_shape[0])
    nn.init.kaiming_uniform_(weight, a=math.sqrt(5), generator=gen)
    bound = 1 / math.sqrt(weight[0].numel())
    nn.init.uniform_(bias, -bound, bound, generator=gen)
    out[f"drawn {name}/weight"], out[f"drawn {name}/bias"] = weight, bias


drawn("conv", (5, 3, 3, 3))
drawn("linear", (4, 9))

save_file({k: v.contiguous() for k, v in out.items()}, sys.argv[1] if len(sys.argv) > 1 else __file__.replace("make_layers.py", "layers.safetensors"))
