"""Makes align-uniform.safetensors: twenty steps of alignment and uniformity as
plain PyTorch.

    pip install torch==2.14.1 safetensors
    python3 make_align-uniform.py [FILE]

SGD with momentum .9. See parity.py.
"""

import torch
from torch import nn
from torch.nn import functional as F

import parity


class AlignUniform(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = parity.ResNet9()
        self.projector = parity.mlp(parity.FEATURES, 8)

    def forward(self, views):
        x, y = F.normalize(self.projector(self.encoder(views))).chunk(2)
        align = (x - y).norm(dim=1).pow(2).mean()
        uniform = sum(torch.pdist(z).pow(2).mul(-2).exp().mean().log() for z in (x, y)) / 2
        return 0.5 * align + uniform


torch.manual_seed(31)
net = AlignUniform()
parity.round_weights(net)
optimizer = torch.optim.SGD(net.parameters(), lr=1, momentum=0.9)
parity.save(parity.train(net, optimizer, lambda step: net(parity.views(step)), lr=0.05, warmup=5), __file__)
