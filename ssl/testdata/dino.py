"""DINO as plain PyTorch, for the scripts that make its fixtures. See parity.py."""

import warnings

import torch
from torch import nn
from torch.nn import functional as F

import parity

warnings.filterwarnings("ignore", category=FutureWarning)  # weight_norm names its tensors as the official code does

EPOCH = 5  # steps
HIDDEN, BOTTLENECK, PROTOTYPES = 16, 8, 12


class Head(nn.Module):
    def __init__(self, features, norm, fixed):
        super().__init__()
        layers = []
        for a, b in ((features, HIDDEN), (HIDDEN, HIDDEN)):
            layers += [nn.Linear(a, b), nn.BatchNorm1d(b), nn.GELU()] if norm else [nn.Linear(a, b), nn.GELU()]
        self.mlp = nn.Sequential(*layers, nn.Linear(HIDDEN, BOTTLENECK))
        self.last_layer = nn.utils.weight_norm(nn.Linear(BOTTLENECK, PROTOTYPES, bias=False))
        self.last_layer.weight_g.data.fill_(1)
        self.last_layer.weight_g.requires_grad_(not fixed)

    def forward(self, x):
        return self.last_layer(F.normalize(self.mlp(x), dim=1))


class Network(nn.Module):
    def __init__(self, encoder, features, norm, fixed):
        super().__init__()
        self.encoder = encoder
        self.projector = Head(features, norm, fixed)


class DINO(Network):
    """encoder() makes an encoder."""

    def __init__(self, encoder, features, norm, fixed, local, split, warmup_epochs):
        super().__init__(encoder(), features, norm, fixed)
        self.teacher = Network(encoder(), features, norm, fixed)
        student = {k: v for k, v in self.state_dict().items() if not k.startswith("teacher.")}
        self.teacher.load_state_dict(student)
        self.teacher.requires_grad_(False)
        self.register_buffer("center", torch.zeros(1, PROTOTYPES))
        self.local, self.split, self.warmup_epochs = local, split, warmup_epochs

    def outputs(self, net, sizes):
        if self.split:
            return [net.projector(net.encoder(v)) for views in sizes for v in views.split(parity.BATCH)]
        return net.projector(torch.cat([net.encoder(views) for views in sizes])).split(parity.BATCH)

    def forward(self, step):
        sizes = [parity.views(step)]
        with torch.no_grad():
            teacher = self.outputs(self.teacher, sizes)
        if self.local:
            sizes.append(parity.local_views(step, self.local))
        student = self.outputs(self, sizes)
        epoch = step // EPOCH
        warm = torch.linspace(0.04, 0.07, self.warmup_epochs)
        temperature = warm[epoch] if epoch < self.warmup_epochs else 0.07
        losses = []
        for i, t in enumerate(teacher):
            q = F.softmax((t - self.center) / temperature, dim=1)
            for j, s in enumerate(student):
                if i != j:
                    losses.append(-(q * F.log_softmax(s / 0.1, dim=1)).sum(1).mean())
        self.center = 0.9 * self.center + 0.1 * torch.cat(list(teacher)).mean(0, keepdim=True)
        return sum(losses) / len(losses)

    def follow(self, step):
        m = parity.cosine(0.9, 1, step)
        pairs = ((self.encoder, self.teacher.encoder), (self.projector, self.teacher.projector))
        for online, target in pairs:
            for a, b in zip(online.parameters(), target.parameters()):
                b.mul_(m).add_(a.detach(), alpha=1 - m)


def fixture(net, clip):
    """AdamW, its weight decay, for weights alone, rising from .04 to .4; gradients
    clipped parameter by parameter; prototypes frozen in the first epoch."""
    trained = {k: p for k, p in net.named_parameters() if p.requires_grad}
    plain = [p for k, p in trained.items() if k.endswith(".bias") or p.dim() == 1]
    decayed = [p for k, p in trained.items() if not (k.endswith(".bias") or p.dim() == 1)]
    optimizer = torch.optim.AdamW([{"params": decayed}, {"params": plain, "weight_decay": 0}], lr=1)
    clipped = set()

    def each(step):
        optimizer.param_groups[0]["weight_decay"] = parity.cosine(0.04, 0.4, step)

    def before(step):
        for k, p in trained.items():
            factor = clip / (p.grad.norm() + 1e-6)
            clipped.add(bool(factor < 1))
            if factor < 1:
                p.grad.mul_(factor)
            if step < EPOCH and ".last_layer." in k:
                p.grad = None

    out = parity.train(net, optimizer, net, lr=0.002, warmup=EPOCH, before=before, after=net.follow, each=each)
    assert clipped == {False, True}, "choose a norm that some gradients exceed and some do not"
    return out
