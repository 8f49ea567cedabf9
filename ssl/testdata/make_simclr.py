"""Makes simclr.safetensors: twenty steps of SimCLR as plain PyTorch.

    pip install torch==2.14.1 safetensors
    python3 make_simclr.py [FILE]

A ResNet-9 of width 4 and a projector train on 8 images in two views a step with
Adam, weight decay 1e-6 and a learning rate that rises over 5 steps and falls
along half a cosine. All is computed in float64 from float32 weights, so that
the numbers are those of the mathematics and not of a processor.

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
from torch.nn import functional as F

WIDTH, HIDDEN, DIM = 4, 16, 8
BATCH, SIDE, TEMPERATURE = 8, 28, 0.5
STEPS, WARMUP, LR, DECAY = 20, 5, 5e-4, 1e-6

torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)


def noise(x):
    """Hashes int64 numbers of 32 bits to multiples of 2^-15 in [-1, 1)."""
    for _ in range(2):
        x = ((x ^ (x >> 16)) * 0x45D9F3B) & 0xFFFFFFFF
    return ((x ^ (x >> 16)) & 0xFFFF) / 32768 - 1


def views(step):
    """[2·BATCH, 1, SIDE, SIDE]: blocks of 4 by 4 pixels that all views of an image
    share, and as much noise of each view's own. First all first views."""
    row = torch.arange(2 * BATCH).view(-1, 1, 1, 1)
    image = row % BATCH
    row = row + 2 * BATCH * step
    y, x = torch.arange(SIDE).view(1, 1, -1, 1), torch.arange(SIDE).view(1, 1, 1, -1)
    blocks = SIDE // 4
    common = noise(1 + (image * blocks + y // 4) * blocks + x // 4)
    own = noise(1000000 + (row * SIDE + y) * SIDE + x)
    return common + own


def layer(cin, cout, pool):
    layers = [nn.Conv2d(cin, cout, 3, padding=1), nn.BatchNorm2d(cout), nn.ReLU()]
    return nn.Sequential(*layers, nn.MaxPool2d(2)) if pool else nn.Sequential(*layers)


class ResNet9(nn.Module):
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


class SimCLR(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = ResNet9()
        self.projector = nn.Sequential(nn.Linear(8 * WIDTH, HIDDEN), nn.BatchNorm1d(HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, DIM))

    def forward(self, x):
        z = F.normalize(self.projector(self.encoder(x)))
        similarity = z @ z.T / TEMPERATURE
        similarity.fill_diagonal_(-math.inf)
        return F.cross_entropy(similarity, (torch.arange(2 * BATCH) + BATCH) % (2 * BATCH))


def factor(step):
    if step < WARMUP:
        return step / WARMUP
    return (1 + math.cos(math.pi * (step - WARMUP) / (STEPS - WARMUP))) / 2


torch.manual_seed(10)
net = SimCLR()
net.load_state_dict({k: v.float() if v.is_floating_point() else v for k, v in net.state_dict().items()})
optimizer = torch.optim.Adam(net.parameters(), lr=LR, weight_decay=DECAY)
scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, factor)
out, losses, rates = {}, [], []
out.update({f"start/{k}": v.clone() for k, v in net.state_dict().items()})
for step in range(STEPS):
    loss = net(views(step))
    optimizer.zero_grad()
    loss.backward()
    if step == 0:
        out.update({f"grad/{k}": p.grad.clone() for k, p in net.named_parameters()})
    losses.append(loss.item())
    rates.append(scheduler.get_last_lr()[0])
    optimizer.step()
    scheduler.step()
out.update({f"end/{k}": v.clone() for k, v in net.state_dict().items()})
# The many numbers in float32, to keep the file small.
out = {k: v.float() if v.is_floating_point() else v for k, v in out.items()}
out["loss"], out["lr"] = torch.tensor(losses), torch.tensor(rates)

save_file({k: v.contiguous() for k, v in out.items()}, sys.argv[1] if len(sys.argv) > 1 else __file__.replace("make_simclr.py", "simclr.safetensors"))
