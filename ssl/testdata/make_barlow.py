"""Makes barlow.safetensors: twenty steps of Barlow Twins as plain PyTorch, one view
after the other, as the authors' code does.

    pip install torch==2.14.1 safetensors
    python3 make_barlow.py [FILE]

LARS with momentum .9, weight decay 1e-4 and a trust coefficient of .02, which leaves
biases and norms alone: they have a learning rate of their own, a tenth of the other.
The projections have more dimensions than the batch images. See parity.py, and
make_barlow-joint.py for both views at once.
"""

import torch
from torch import nn

import optimizers
import parity


class BarlowTwins(nn.Module):
    def __init__(self, units, split, scale_loss):
        super().__init__()
        self.split, self.scale_loss = split, scale_loss
        self.encoder = parity.ResNet9()
        self.projector = parity.mlp(parity.FEATURES, *units, hidden_bias=False, last_bias=False)

    def forward(self, views):
        if self.split:
            z = [self.projector(self.encoder(x)) for x in views.chunk(2)]
        else:
            z = self.projector(self.encoder(views)).chunk(2)
        a, b = ((v - v.mean(dim=0)) / torch.sqrt(v.var(dim=0, unbiased=False) + 1e-5) for v in z)
        c = a.T @ b / parity.BATCH
        itself = torch.eye(len(c))
        weights = torch.where(itself > 0, 1, 0.0051)
        return self.scale_loss * (weights * (c - itself) ** 2).sum()


def make(units, split, scale_loss, bias_lr_scale, script):
    torch.manual_seed(42)
    net = BarlowTwins(units, split, scale_loss)
    parity.round_weights(net)
    weights, rest = optimizers.groups(net, 1e-4)
    rest["lr_scale"] = bias_lr_scale
    optimizer = optimizers.LARS([weights, rest], momentum=0.9, trust=0.02)
    parity.save(parity.train(net, optimizer, lambda step: net(parity.views(step)), lr=0.5, warmup=5), script)


if __name__ == "__main__":
    make([16, 16, 12], True, 1, 0.1, __file__)
