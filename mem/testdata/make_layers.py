"""Makes layers.safetensors: losses of layers and units of PyTorch encoders.

    pip install torch==2.14.1 safetensors
    python3 make_layers.py [FILE]

Encoders f and g are small convolutional networks ("conv") and then small vision
transformers ("tokens"). They see 4 views of each of 5 points. "conv/f:LAYER" is
what a forward hook on a layer of f sees, [20, ...]. For each distance,
"conv/loss.f.DISTANCE.LAYER" is the mean distance over all pairs of views of
each point, [5], of the flattened outputs; "mean.f.LAYER" is that of l2 between
the means over maps or tokens. "conv/units.LAYER" is the mean rectified
activation of each unit of f over map and views, [5, units], "ratio.LAYER" and
"median.LAYER" (max - rest) / (max + rest) with the mean and the median of the
other points. All compute in float64.
"""

import itertools
import math
import sys

import torch
from safetensors.torch import save_file
from torch import nn

torch.set_num_threads(1)
POINTS, VIEWS = 5, 4
out = {}
g = torch.Generator().manual_seed(7)


class Conv(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.bn1, self.act1 = nn.Conv2d(3, 5, 3, padding=1), nn.BatchNorm2d(5), nn.ReLU()
        self.conv2, self.bn2, self.act2 = nn.Conv2d(5, 7, 3, stride=2), nn.BatchNorm2d(7), nn.ReLU()

    def forward(self, x):
        x = self.act1(self.bn1(self.conv1(x)))
        return self.act2(self.bn2(self.conv2(x))).amax((2, 3))


class Block(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.norm1, self.attn = nn.LayerNorm(dim), nn.Linear(dim, dim)
        self.norm2, self.mlp = nn.LayerNorm(dim), nn.Sequential(nn.Linear(dim, 2 * dim), nn.ReLU(), nn.Linear(2 * dim, dim))

    def forward(self, x):
        # Stands for attention: tokens see the mean of all.
        x = x + self.attn(self.norm1(x) + x.mean(1, keepdim=True))
        return x + self.mlp(self.norm2(x))


class Tokens(nn.Module):
    def __init__(self, dim=6):
        super().__init__()
        self.embed = nn.Conv2d(3, dim, 4, 4)
        self.blocks = nn.Sequential(Block(dim), Block(dim))

    def forward(self, x):
        return self.blocks(self.embed(x).flatten(2).transpose(1, 2)).mean(1)


def fill(net):
    with torch.no_grad():
        for key, t in net.state_dict().items():
            if key.endswith("running_var"):
                t.copy_(0.5 + torch.rand(t.shape, generator=g))
            elif t.is_floating_point():
                t.copy_(torch.randn(t.shape, generator=g) / (t[0].numel() ** 0.5 if t.dim() > 1 else 4))
    return net.double().eval()


def outputs(net, x):
    got = {}
    hooks = [m.register_forward_hook(lambda _, __, y, key=key: got.__setitem__(key, y.clone())) for key, m in net.named_modules() if key]
    hooks += [m.register_forward_pre_hook(lambda _, y, key=key: got.__setitem__(key[:-5] + "sum", y[0].clone()))
              for key, m in net.named_modules() if key.endswith("norm2")]
    with torch.no_grad():
        got["features"] = net(x)
    for h in hooks:
        h.remove()
    return got


def unit(a):
    return a / a.norm().clamp_min(1e-300)


DISTANCES = {
    "l2": lambda a, b: (unit(a) - unit(b)).norm(),
    "l2raw": lambda a, b: (a - b).norm(),
    "l1": lambda a, b: (unit(a) - unit(b)).abs().sum(),
    "cosine": lambda a, b: 1 - unit(a) @ unit(b),
    "angular": lambda a, b: torch.acos((unit(a) @ unit(b)).clamp(-1, 1)) / math.pi,
}


def losses(v, d):
    v = v.reshape(POINTS, VIEWS, -1)
    return torch.stack([torch.stack([d(a, b) for a, b in itertools.combinations(p, 2)]).mean() for p in v])


def ratio(act, rest):
    """act [points, units]"""
    result = []
    for a in act.T:
        others = a.sort().values[:-1]
        r = rest(others)
        result.append((a.max() - r) / (a.max() + r) if a.max() > 0 else a.new_tensor(0.0))
    return torch.stack(result)


for name, make in {"conv": Conv, "tokens": Tokens}.items():
    # Views of a point are alike.
    base = torch.randn(POINTS, 1, 3, 8, 8, generator=g)
    x = (base + 0.3 * torch.randn(POINTS, VIEWS, 3, 8, 8, generator=g)).reshape(-1, 3, 8, 8).double()
    for side in "fg":
        net = fill(make())
        for layer, y in outputs(net, x).items():
            out[f"{name}/{side}:{layer}"] = y.float()
            for key, d in DISTANCES.items():
                out[f"{name}/loss.{side}.{key}.{layer}"] = losses(y, d)
            means = y.mean((2, 3)) if y.dim() == 4 else y.mean(1) if y.dim() == 3 else y
            out[f"{name}/mean.{side}.{layer}"] = losses(means, DISTANCES["l2"])
            if side == "f":
                act = y.relu()
                act = act.mean((2, 3)) if act.dim() == 4 else act.mean(1) if act.dim() == 3 else act
                act = act.reshape(POINTS, VIEWS, -1).mean(1)
                out[f"{name}/units.{layer}"] = act
                out[f"{name}/ratio.{layer}"] = ratio(act, torch.Tensor.mean)
                out[f"{name}/median.{layer}"] = ratio(act, lambda r: r.quantile(0.5))

save_file({k: v.contiguous() for k, v in out.items()}, sys.argv[1] if len(sys.argv) > 1 else __file__.replace("make_layers.py", "layers.safetensors"))
