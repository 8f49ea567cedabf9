"""Makes simclr.safetensors: twenty steps of SimCLR as plain PyTorch, with both views
of the images in one batch.

    pip install torch==2.14.1 safetensors
    python3 make_simclr.py [FILE]

A ResNet-9 of width 4 and a projector train on 8 images in two views a step with
Adam, weight decay 1e-6 and a learning rate that rises over 5 steps and falls
along half a cosine. See parity.py, and make_simclr-split.py for one view after the
other.
"""

import math

import torch
from torch import nn
from torch.nn import functional as F

import parity

TEMPERATURE = 0.5


class SimCLR(nn.Module):
    def __init__(self, split):
        super().__init__()
        self.split = split
        self.encoder = parity.ResNet9()
        self.projector = parity.mlp(parity.FEATURES, 16, 8)

    def forward(self, x):
        n = 2 * parity.BATCH
        views = x.chunk(2) if self.split else [x]
        z = F.normalize(torch.cat([self.projector(self.encoder(v)) for v in views]))
        similarity = z @ z.T / TEMPERATURE
        similarity.fill_diagonal_(-math.inf)
        return F.cross_entropy(similarity, (torch.arange(n) + parity.BATCH) % n)


def make(split, script):
    torch.manual_seed(10)
    net = SimCLR(split)
    parity.round_weights(net)
    optimizer = torch.optim.Adam(net.parameters(), weight_decay=1e-6)
    parity.save(parity.train(net, optimizer, lambda step: net(parity.views(step)), lr=5e-4, warmup=5), script)


if __name__ == "__main__":
    make(False, __file__)
