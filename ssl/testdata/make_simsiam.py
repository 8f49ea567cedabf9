"""Makes simsiam.safetensors: twenty steps of SimSiam as plain PyTorch, with both
views of the images in one batch.

    pip install torch==2.14.1 safetensors
    python3 make_simsiam.py [FILE]

SGD with momentum .9 and weight decay 1e-4; the learning rate of the predictor does
not change. See parity.py, and make_simsiam-split.py for one view after the other.
"""

import torch
from torch import nn
from torch.nn import functional as F

import parity


class SimSiam(nn.Module):
    def __init__(self, split):
        super().__init__()
        self.split = split
        self.encoder = parity.ResNet9()
        self.projector = parity.mlp(parity.FEATURES, 16, 16, 8, last_norm=True, affine=False, hidden_bias=False, last_bias=False)
        self.predictor = parity.mlp(8, 4, 8, hidden_bias=False)

    def forward(self, views):
        if self.split:
            z1, z2 = (self.projector(self.encoder(x)) for x in views.chunk(2))
            p1, p2 = self.predictor(z1), self.predictor(z2)
        else:
            z = self.projector(self.encoder(views))
            (z1, z2), (p1, p2) = z.chunk(2), self.predictor(z).chunk(2)
        return -(F.cosine_similarity(p1, z2.detach()).mean() + F.cosine_similarity(p2, z1.detach()).mean()) / 2


def make(split, script):
    torch.manual_seed(21)
    net = SimSiam(split)
    parity.round_weights(net)
    optimizer = torch.optim.SGD(
        [
            {"params": [*net.encoder.parameters(), *net.projector.parameters()]},
            {"params": net.predictor.parameters(), "constant": True},
        ],
        lr=1,
        momentum=0.9,
        weight_decay=1e-4,
    )
    parity.save(parity.train(net, optimizer, lambda step: net(parity.views(step)), lr=0.05, warmup=5), script)


if __name__ == "__main__":
    make(False, __file__)
