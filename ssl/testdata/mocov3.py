"""MoCo v3 as plain PyTorch, for the scripts that make its fixtures. See parity.py."""

import copy

import torch
from torch import nn
from torch.nn import functional as F

import parity

MOMENTUM = 0.9


def head(*units, norm):
    return parity.mlp(*units, last_norm=norm, affine=False, hidden_bias=False, last_bias=False)


class MoCo(nn.Module):
    """Moves the encoder of keys within a step, before it gives keys."""

    def __init__(self, encoder, projector, predictor, temperature, split):
        super().__init__()
        self.encoder, self.projector, self.predictor = encoder, projector, predictor
        self.target = nn.ModuleDict({"encoder": copy.deepcopy(encoder), "projector": copy.deepcopy(projector)})
        self.target.requires_grad_(False)
        self.temperature, self.split = temperature, split

    def views(self, x, fn):
        return [fn(v) for v in x.chunk(2)] if self.split else fn(x).chunk(2)

    @torch.no_grad()
    def follow(self, step):
        m = parity.cosine(MOMENTUM, 1, step)
        for online, target in ((self.encoder, self.target["encoder"]), (self.projector, self.target["projector"])):
            for a, b in zip(online.parameters(), target.parameters()):
                b.copy_(b * m + a * (1 - m))

    def contrast(self, q, k):
        logits = F.normalize(q) @ F.normalize(k).T / self.temperature
        return F.cross_entropy(logits, torch.arange(len(q))) * 2 * self.temperature

    def forward(self, step):
        x = parity.views(step)
        q1, q2 = self.views(x, lambda v: self.predictor(self.projector(self.encoder(v))))
        self.follow(step)
        with torch.no_grad():
            k1, k2 = self.views(x, lambda v: self.target["projector"](self.target["encoder"](v)))
        return self.contrast(q1, k2) + self.contrast(q2, k1)

    def last(self, step):
        """What would come first in the step behind the last one."""
        if step == parity.STEPS - 1:
            self.follow(parity.STEPS)


class LARS(torch.optim.Optimizer):
    """Arrays of one dimension are neither decayed nor adapted."""

    def __init__(self, params, momentum, weight_decay, trust):
        super().__init__(params, {"lr": 1, "momentum": momentum, "weight_decay": weight_decay, "trust": trust})

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for p in group["params"]:
                update = p.grad.clone()
                if p.dim() > 1:
                    update += group["weight_decay"] * p
                    update *= group["trust"] * p.norm() / update.norm()
                buffer = self.state[p].setdefault("momentum", torch.zeros_like(p))
                buffer.mul_(group["momentum"]).add_(update)
                p.sub_(group["lr"] * buffer)
