"""Makes vicreg.safetensors: twenty steps of VICReg as plain PyTorch, one view after
the other and with the variance as the mean over both, as the authors' code does.

    pip install torch==2.14.1 safetensors
    python3 make_vicreg.py [FILE]

LARS with momentum .9, weight decay 1e-4 and a trust coefficient of .02, which leaves
biases and norms alone. The embeddings have more dimensions than the batch images. See
parity.py, and make_vicreg-joint.py for both views at once.
"""

import torch
from torch import nn
from torch.nn import functional as F

import optimizers
import parity


def off_diagonal(c):
    return c[~torch.eye(len(c), dtype=torch.bool)]


class VICReg(nn.Module):
    def __init__(self, units, split, std_reduction):
        super().__init__()
        self.split, self.reduce = split, {"mean": torch.mean, "sum": torch.sum}[std_reduction]
        self.encoder = parity.ResNet9()
        self.projector = parity.mlp(parity.FEATURES, *units, last_bias=False)

    def forward(self, views):
        if self.split:
            z = [self.projector(self.encoder(x)) for x in views.chunk(2)]
        else:
            z = self.projector(self.encoder(views)).chunk(2)
        similarity = F.mse_loss(*z)
        variance = self.reduce(torch.stack([F.relu(1 - torch.sqrt(v.var(dim=0) + 1e-4)).mean() for v in z]))
        covariance = sum(off_diagonal(torch.cov(v.T)).pow(2).sum() / v.shape[1] for v in z)
        return 25 * similarity + 25 * variance + covariance


def make(units, split, std_reduction, script):
    torch.manual_seed(41)
    net = VICReg(units, split, std_reduction)
    parity.round_weights(net)
    optimizer = optimizers.LARS(optimizers.groups(net, 1e-4), momentum=0.9, trust=0.02)
    parity.save(parity.train(net, optimizer, lambda step: net(parity.views(step)), lr=0.5, warmup=5), script)


if __name__ == "__main__":
    make([16, 16, 12], True, "mean", __file__)
