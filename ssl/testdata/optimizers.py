"""Optimizers that PyTorch does not have, as their papers and authors' codes give them,
and what goes with them in the scripts that make the fixtures of the methods."""

import torch


def groups(net, weight_decay):
    """Two groups: weights, and what has one dimension, without weight decay or adaption."""
    trained = [p for p in net.parameters() if p.requires_grad]
    return [
        {"params": [p for p in trained if p.dim() > 1], "weight_decay": weight_decay, "adapt": True},
        {"params": [p for p in trained if p.dim() <= 1], "weight_decay": 0, "adapt": False},
    ]


class LARS(torch.optim.Optimizer):
    """You, Gitman and Ginsburg 2017 (form "you"), with the learning rate outside of the
    buffer as BYOL and others have it ("byol"), or bounded by that of SGD ("clip")."""

    def __init__(self, groups, momentum, trust=0.001, form="byol"):
        super().__init__(groups, {"lr": 1, "momentum": momentum, "trust": trust, "form": form})

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for p in group["params"]:
                self.move(p, group)

    def move(self, p, group):
        lr, decay, form = group["lr"], group["weight_decay"], group["form"]
        update = p.grad + decay * p
        ratio = 1
        if group["adapt"]:
            weight, gradient = p.norm(), p.grad.norm() + decay * p.norm()
            if form == "byol":
                gradient = update.norm()
            if weight > 0 and gradient > 0:
                ratio = group["trust"] * weight / gradient
            if form == "clip":
                ratio = min(ratio / lr, 1) if lr > 0 else 1
        update = ratio * update
        if form == "you":
            update, lr = lr * update, 1
        buffer = self.state[p].setdefault("momentum_buffer", torch.zeros_like(p))
        buffer.mul_(group["momentum"]).add_(update)
        p.sub_(lr * buffer)


class LAMB(torch.optim.Optimizer):
    """You et al. 2020, algorithm 2, with φ(x) = x."""

    def __init__(self, groups, betas=(0.9, 0.999), eps=1e-6):
        super().__init__(groups, {"lr": 1, "betas": betas, "eps": eps})

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            b1, b2 = group["betas"]
            for p in group["params"]:
                state = self.state[p]
                if not state:
                    state.update(t=0, m=torch.zeros_like(p), v=torch.zeros_like(p))
                state["t"] += 1
                state["m"] = b1 * state["m"] + (1 - b1) * p.grad
                state["v"] = b2 * state["v"] + (1 - b2) * p.grad**2
                m, v = state["m"] / (1 - b1 ** state["t"]), state["v"] / (1 - b2 ** state["t"])
                update = m / (v.sqrt() + group["eps"]) + group["weight_decay"] * p
                if group["adapt"] and p.norm() > 0 and update.norm() > 0:
                    update *= p.norm() / update.norm()
                p.sub_(group["lr"] * update)
