"""Makes byol.safetensors: twenty steps of BYOL as plain PyTorch.

    pip install torch==2.14.1 safetensors
    python3 make_byol.py [FILE]

SGD with momentum .9 and weight decay 1e-4 on weights alone, not on biases and
norms; the target's momentum rises from .9 to 1. See parity.py.
"""

import copy

import torch
from torch import nn
from torch.nn import functional as F

import parity


class BYOL(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = parity.ResNet9()
        self.projector = parity.mlp(parity.FEATURES, 16, 8)
        self.predictor = parity.mlp(8, 16, 8)
        self.target = nn.ModuleDict({"encoder": copy.deepcopy(self.encoder), "projector": copy.deepcopy(self.projector)})
        self.target.requires_grad_(False)

    def forward(self, x):
        p = self.predictor(self.projector(self.encoder(x)))
        with torch.no_grad():
            t = self.target["projector"](self.target["encoder"](x))
        p1, p2 = F.normalize(p).chunk(2)
        t1, t2 = F.normalize(t).chunk(2)
        return ((p1 - t2) ** 2).sum(1).mean() + ((p2 - t1) ** 2).sum(1).mean()

    def follow(self, step):
        m = parity.cosine(0.9, 1, step)
        for online, target in ((self.encoder, self.target["encoder"]), (self.projector, self.target["projector"])):
            for a, b in zip(online.parameters(), target.parameters()):
                b.mul_(m).add_(a.detach(), alpha=1 - m)


torch.manual_seed(11)
net = BYOL()
parity.round_weights(net)
trained = [p for p in net.parameters() if p.requires_grad]
optimizer = torch.optim.SGD(
    [{"params": [p for p in trained if p.dim() > 1], "weight_decay": 1e-4}, {"params": [p for p in trained if p.dim() <= 1]}],
    lr=1,
    momentum=0.9,
)
parity.save(parity.train(net, optimizer, lambda step: net(parity.views(step)), lr=0.05, warmup=5, after=net.follow), __file__)
