"""What the scripts that make the fixtures of the methods have in common: images,
encoders, and the training of twenty steps.

All is computed in float64 from float32 weights, so that the numbers are those of
the mathematics and not of a processor. A fixture holds

    start/NAME   weights and buffers before the first step
    grad/NAME    gradients of the first step
    end/NAME     weights and buffers after the last step
    loss, lr     of each step
"""

import math
import sys

import torch
from safetensors.torch import save_file
from torch import nn

WIDTH, FEATURES = 4, 32
BATCH, SIDE, LOCAL = 8, 28, 16
STEPS = 20

torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)


def noise(x):
    """Hashes int64 numbers of 32 bits to multiples of 2^-15 in [-1, 1)."""
    for _ in range(2):
        x = ((x ^ (x >> 16)) * 0x45D9F3B) & 0xFFFFFFFF
    return ((x ^ (x >> 16)) & 0xFFFF) / 32768 - 1


def views(step, n=2, side=SIDE, seed=1000000):
    """[n·BATCH, 1, side, side]: blocks of 4 by 4 pixels that all views of an image
    share, and as much noise of each view's own. First all first views."""
    row = torch.arange(n * BATCH).view(-1, 1, 1, 1)
    image = row % BATCH
    row = row + n * BATCH * step
    y, x = torch.arange(side).view(1, 1, -1, 1), torch.arange(side).view(1, 1, 1, -1)
    blocks = side // 4
    common = noise(1 + (image * blocks + y // 4) * blocks + x // 4)
    own = noise(seed + (row * side + y) * side + x)
    return common + own


def local_views(step, n):
    """[n·BATCH, 1, LOCAL, LOCAL]"""
    return views(step, n, LOCAL, 2000000)


def order(step, patches, n=1):
    """[n·BATCH, patches]: an order of the patches of each view."""
    row = torch.arange(n * BATCH).view(-1, 1) + n * BATCH * step
    key = noise(3000000 + row * patches + torch.arange(patches).view(1, -1))
    return torch.argsort(key, dim=1, stable=True)


def labels(step, classes):
    return (torch.arange(BATCH) + step) % classes


def layer(cin, cout, pool):
    layers = [nn.Conv2d(cin, cout, 3, padding=1), nn.BatchNorm2d(cout), nn.ReLU()]
    return nn.Sequential(*layers, nn.MaxPool2d(2)) if pool else nn.Sequential(*layers)


class ResNet9(nn.Module):
    """[N, 1, H, W] to [N, FEATURES]"""

    def __init__(self):
        super().__init__()
        w = WIDTH
        self.conv1, self.conv2 = layer(1, w, True), layer(w, 2 * w, True)
        self.res1 = nn.Sequential(layer(2 * w, 2 * w, False), layer(2 * w, 2 * w, False))
        self.conv3, self.conv4 = layer(2 * w, 4 * w, True), layer(4 * w, 8 * w, True)
        self.res2 = nn.Sequential(layer(8 * w, 8 * w, False), layer(8 * w, 8 * w, False))

    def forward(self, x):
        x = self.conv2(self.conv1(x))
        x = x + self.res1(x)
        x = self.conv4(self.conv3(x))
        x = x + self.res2(x)
        return x.amax(dim=(2, 3))


def mlp(*units, last_norm=False, affine=True, hidden_bias=True, last_bias=True):
    """Linear, batch norm and ReLU for each layer, and at the end linear alone."""
    layers = []
    for i, (a, b) in enumerate(zip(units, units[1:])):
        last = i == len(units) - 2
        layers.append(nn.Linear(a, b, bias=last_bias if last else hidden_bias))
        if not last:
            layers += [nn.BatchNorm1d(b), nn.ReLU()]
        elif last_norm:
            layers.append(nn.BatchNorm1d(b, affine=affine))
    return nn.Sequential(*layers)


def warmup_cosine(step, warmup):
    """The part of the learning rate that a step has."""
    if step < warmup:
        return step / warmup
    return (1 + math.cos(math.pi * (step - warmup) / (STEPS - warmup))) / 2


def cosine(start, end, step):
    return end + (start - end) * (1 + math.cos(math.pi * step / STEPS)) / 2


def round_weights(net):
    """Rounds all tensors to float32."""
    net.load_state_dict({k: v.float() if v.is_floating_point() else v for k, v in net.state_dict().items()})


def train(net, optimizer, loss, lr, warmup=0, before=None, after=None, each=None, rates=None):
    """Takes STEPS steps and returns the fixture.

    loss(step) is the loss of a step; before(step) comes before the optimizer's step,
    after(step) behind it. lr is the learning rate at the end of the warm-up, unless
    rates has that of every step. A group
    with "constant" keeps it throughout, one with "lr_scale" has that factor of it.
    each(step) may change groups before a step."""
    out, losses = {}, []
    rates = rates or [lr * warmup_cosine(step, warmup) for step in range(STEPS)]
    out.update({f"start/{k}": v.clone() for k, v in net.state_dict().items()})
    for step in range(STEPS):
        for group in optimizer.param_groups:
            group["lr"] = (lr if group.get("constant") else rates[step]) * group.get("lr_scale", 1)
        if each:
            each(step)
        value = loss(step)
        optimizer.zero_grad()
        value.backward()
        if step == 0:
            out.update({f"grad/{k}": p.grad.clone() for k, p in net.named_parameters() if p.requires_grad})
        losses.append(value.item())
        if before:
            before(step)
        optimizer.step()
        if after:
            after(step)
    out.update({f"end/{k}": v.clone() for k, v in net.state_dict().items()})
    # The many numbers in float32, to keep the file small.
    out = {k: v.float() if v.is_floating_point() else v for k, v in out.items()}
    out["loss"], out["lr"] = torch.tensor(losses), torch.tensor(rates)
    return out


def save(out, script):
    """Writes a fixture to the file that the command names, else beside the script."""
    path = sys.argv[1] if len(sys.argv) > 1 else script.replace("make_", "").replace(".py", ".safetensors")
    save_file({k: v.contiguous() for k, v in out.items()}, path)
