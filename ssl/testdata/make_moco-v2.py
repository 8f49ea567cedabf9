"""Makes moco-v2.safetensors: twenty steps of MoCo v2 as plain PyTorch.

    pip install torch==2.14.1 safetensors
    python3 make_moco-v2.py [FILE]

The queue holds 20 keys, no multiple of a batch of 8. SGD with momentum .9 and weight
decay 1e-4; the momentum of the encoder of keys is .9. See parity.py, and
make_moco-v2-symmetric.py for the loss of both orders.
"""

import copy

import torch
from torch import nn
from torch.nn import functional as F

import parity

QUEUE, TEMPERATURE, MOMENTUM = 20, 0.2, 0.9


class MoCo(nn.Module):
    def __init__(self, symmetric):
        super().__init__()
        self.symmetric = symmetric
        self.encoder = parity.ResNet9()
        self.projector = nn.Sequential(nn.Linear(parity.FEATURES, 16), nn.ReLU(), nn.Linear(16, 8))
        self.target = nn.ModuleDict({"encoder": copy.deepcopy(self.encoder), "projector": copy.deepcopy(self.projector)})
        self.target.requires_grad_(False)
        self.register_buffer("queue", F.normalize(torch.randn(8, QUEUE), dim=0))
        self.register_buffer("queue_ptr", torch.zeros(1, dtype=torch.long))

    def order(self, query, key):
        """The loss of one order of the views, and the keys."""
        q = F.normalize(self.projector(self.encoder(query)))
        with torch.no_grad():
            k = F.normalize(self.target["projector"](self.target["encoder"](key)))
        similarity = torch.cat([(q * k).sum(1, keepdim=True), q @ self.queue.clone()], 1)
        return F.cross_entropy(similarity / TEMPERATURE, torch.zeros(len(q), dtype=torch.long)), k

    def forward(self, views):
        x1, x2 = views.chunk(2)
        loss, self.keys = self.order(x1, x2)
        if self.symmetric:
            other, keys = self.order(x2, x1)
            loss, self.keys = (loss + other) / 2, torch.cat([self.keys, keys])
        return loss

    @torch.no_grad()
    def after(self, step):
        for online, target in ((self.encoder, self.target["encoder"]), (self.projector, self.target["projector"])):
            for a, b in zip(online.parameters(), target.parameters()):
                b.mul_(MOMENTUM).add_(a, alpha=1 - MOMENTUM)
        for key in self.keys:
            self.queue[:, self.queue_ptr.item()] = key
            self.queue_ptr.add_(1).remainder_(QUEUE)


def make(symmetric, script):
    torch.manual_seed(22)
    net = MoCo(symmetric)
    parity.round_weights(net)
    trained = [p for p in net.parameters() if p.requires_grad]
    optimizer = torch.optim.SGD(trained, lr=1, momentum=0.9, weight_decay=1e-4)
    parity.save(parity.train(net, optimizer, lambda step: net(parity.views(step)), lr=0.05, warmup=5, after=net.after), script)


if __name__ == "__main__":
    make(False, __file__)
