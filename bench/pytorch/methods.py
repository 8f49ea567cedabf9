"""The methods of ../../ssl as one writes them with PyTorch for Python, for speed.

Each has loss(batch) and, if something follows the optimizer's step, after(). A batch
holds views [V·B, C, H, W], the first views of all images first, and labels [B] and
order [B, patches] where a method wants them.
"""

import copy

import torch
from torch import nn
from torch.nn import functional as F

from models import ViTBlock

METHODS = {}


def method(name):
    def add(cls):
        METHODS[name] = cls
        return cls

    return add


def mlp(inside, units, last_norm=False, affine=True, hidden_bias=True, last_bias=True, norm=True, act=nn.ReLU):
    layers = []
    for i, out in enumerate(units):
        last = i == len(units) - 1
        layers.append(nn.Linear(inside, out, bias=last_bias if last else hidden_bias))
        inside = out
        if last:
            if last_norm:
                layers.append(nn.BatchNorm1d(out, affine=affine))
            continue
        if norm:
            layers.append(nn.BatchNorm1d(out))
        layers.append(nn.ReLU(inplace=True) if act is nn.ReLU else act())
    return nn.Sequential(*layers)


class Method(nn.Module):
    def __init__(self, encoder, o, split):
        super().__init__()
        self.encoder, self.o, self.split = encoder, o, split

    def views(self, x, batch, fn):
        """fn of all views together, or view by view."""
        if not self.split:
            return fn(x)
        return torch.cat([fn(v) for v in x.split(batch["size"])])

    def after(self):
        pass


class Follower:
    """A target network: the moving average of another one's parameters."""

    def __init__(self, pairs, momentum):
        self.target = [p for _, t in pairs for p in t.parameters()]
        self.online = [p for o, _ in pairs for p in o.parameters()]
        self.momentum = momentum

    @torch.no_grad()
    def move(self):
        torch._foreach_lerp_(self.target, self.online, 1 - self.momentum)


def frozen(*modules):
    return nn.ModuleDict({name: copy.deepcopy(m).requires_grad_(False) for name, m in modules})


@method("simclr")
class SimCLR(Method):
    def __init__(self, encoder, o, split):
        super().__init__(encoder, o, split)
        self.projector = mlp(encoder.features, o["projector"], last_norm=o["projector_norm"])
        self.constants = None

    def loss(self, batch):
        z = self.views(batch["views"], batch, lambda x: self.projector(self.encoder(x)))
        n = len(z)
        if self.constants is None:
            self.constants = torch.eye(n, dtype=torch.bool), (torch.arange(n) + n // 2) % n
        itself, partner = self.constants
        z = F.normalize(z.float())
        return F.cross_entropy((z @ z.T / self.o["temperature"]).masked_fill_(itself, -torch.inf), partner)


@method("align-uniform")
class AlignUniform(Method):
    def __init__(self, encoder, o, split):
        super().__init__(encoder, o, split)
        self.projector = mlp(encoder.features, o["projector"])

    def loss(self, batch):
        o = self.o
        z = self.views(batch["views"], batch, lambda x: self.projector(self.encoder(x)))
        x, y = F.normalize(z.float()).chunk(2)
        align = (x - y).norm(dim=1).pow(o["alpha"]).mean()
        uniform = sum(torch.pdist(v).pow(2).mul(-o["t"]).exp().mean().log() for v in (x, y)) / 2
        return o["align"] * align + o["uniform"] * uniform


@method("byol")
class BYOL(Method):
    def __init__(self, encoder, o, split):
        super().__init__(encoder, o, split)
        self.projector = mlp(encoder.features, o["projector"])
        self.predictor = mlp(o["projector"][-1], o["predictor"])
        self.target = frozen(("encoder", encoder), ("projector", self.projector))
        self.follower = None

    def loss(self, batch):
        p = self.views(batch["views"], batch, lambda x: self.predictor(self.projector(self.encoder(x))))
        with torch.no_grad():
            t = self.views(batch["views"], batch, lambda x: self.target["projector"](self.target["encoder"](x)))
        p1, p2 = F.normalize(p.float()).chunk(2)
        t1, t2 = F.normalize(t.float()).chunk(2)
        return 4 - 2 * ((p1 * t2).sum() + (p2 * t1).sum()) / batch["size"]

    def after(self):
        if self.follower is None:
            pairs = [(self.encoder, self.target["encoder"]), (self.projector, self.target["projector"])]
            self.follower = Follower(pairs, self.o["momentum"])
        self.follower.move()


@method("simsiam")
class SimSiam(Method):
    def __init__(self, encoder, o, split):
        super().__init__(encoder, o, split)
        self.projector = mlp(encoder.features, o["projector"], last_norm=True, affine=False, hidden_bias=False, last_bias=False)
        self.predictor = mlp(o["projector"][-1], o["predictor"], hidden_bias=False)

    def loss(self, batch):
        z = self.views(batch["views"], batch, lambda x: self.projector(self.encoder(x)))
        p1, p2 = F.normalize(self.views(z, batch, self.predictor).float()).chunk(2)
        z1, z2 = F.normalize(z.detach().float()).chunk(2)
        return -((p1 * z2).sum() + (p2 * z1).sum()) / (2 * batch["size"])


@method("moco-v2")
class MoCoV2(Method):
    def __init__(self, encoder, o, split):
        super().__init__(encoder, o, split)
        self.projector = mlp(encoder.features, o["projector"], norm=False)
        self.target = frozen(("encoder", encoder), ("projector", self.projector))
        self.register_buffer("queue", torch.randn(o["projector"][-1], o["queue"]))
        self.register_buffer("queue_ptr", torch.zeros(1, dtype=torch.long))
        self.follower, self.keys, self.first = None, None, None

    def loss(self, batch):
        x1, x2 = batch["views"].chunk(2)
        queries, keyed = x1, x2
        if self.o["symmetric"]:
            queries, keyed = batch["views"], torch.cat([x2, x1])
        q = F.normalize(self.views(queries, batch, lambda x: self.projector(self.encoder(x))).float())
        with torch.no_grad():
            k = self.views(keyed, batch, lambda x: self.target["projector"](self.target["encoder"](x)))
            self.keys = k = F.normalize(k.float())
        if self.first is None:
            self.first = torch.zeros(len(q), dtype=torch.long)
        logits = torch.cat([(q * k).sum(1, keepdim=True), q @ self.queue], 1)
        return F.cross_entropy(logits / self.o["temperature"], self.first)

    @torch.no_grad()
    def after(self):
        if self.follower is None:
            pairs = [(self.encoder, self.target["encoder"]), (self.projector, self.target["projector"])]
            self.follower = Follower(pairs, self.o["momentum"])
        self.follower.move()
        at = (self.queue_ptr + torch.arange(len(self.keys))) % self.queue.shape[1]
        self.queue[:, at] = self.keys.T
        self.queue_ptr += len(self.keys)
        self.queue_ptr %= self.queue.shape[1]


@method("moco-v3")
class MoCoV3(Method):
    def __init__(self, encoder, o, split):
        super().__init__(encoder, o, split)
        plain = {"affine": False, "hidden_bias": False, "last_bias": False}
        self.projector = mlp(encoder.features, o["projector"], last_norm=True, **plain)
        self.predictor = mlp(o["projector"][-1], o["predictor"], last_norm=o["predictor_norm"], **plain)
        self.target = frozen(("encoder", encoder), ("projector", self.projector))
        self.follower, self.own = None, None

    def loss(self, batch):
        t = self.o["temperature"]
        q = self.views(batch["views"], batch, lambda x: self.predictor(self.projector(self.encoder(x))))
        with torch.no_grad():
            k = self.views(batch["views"], batch, lambda x: self.target["projector"](self.target["encoder"](x)))
        q1, q2 = F.normalize(q.float()).chunk(2)
        k1, k2 = F.normalize(k.float()).chunk(2)
        if self.own is None:
            self.own = torch.arange(batch["size"])
        return 2 * t * (F.cross_entropy(q1 @ k2.T / t, self.own) + F.cross_entropy(q2 @ k1.T / t, self.own))

    def after(self):
        if self.follower is None:
            pairs = [(self.encoder, self.target["encoder"]), (self.projector, self.target["projector"])]
            self.follower = Follower(pairs, self.o["momentum"])
        self.follower.move()


def off_diagonal(c):
    d = len(c)
    return c.flatten()[:-1].view(d - 1, d + 1)[:, 1:]


@method("vicreg")
class VICReg(Method):
    def __init__(self, encoder, o, split):
        super().__init__(encoder, o, split)
        self.projector = mlp(encoder.features, o["projector"], last_bias=False)

    def loss(self, batch):
        o = self.o
        z = self.views(batch["views"], batch, lambda x: self.projector(self.encoder(x)))
        x, y = z.float().chunk(2)
        variance = sum(F.relu(1 - torch.sqrt(v.var(dim=0) + 1e-4)).mean() for v in (x, y))
        if o["std_reduction"] == "mean":
            variance = variance / 2
        covariance = 0
        with torch.autocast(x.device.type, enabled=False):
            for v in (x, y):
                v = v - v.mean(dim=0)
                covariance = covariance + off_diagonal(v.T @ v / (len(v) - 1)).square().sum() / v.shape[1]
        return o["sim_coeff"] * F.mse_loss(x, y) + o["std_coeff"] * variance + o["cov_coeff"] * covariance


@method("barlow")
class BarlowTwins(Method):
    def __init__(self, encoder, o, split):
        super().__init__(encoder, o, split)
        self.projector = mlp(encoder.features, o["projector"], hidden_bias=False, last_bias=False)

    def loss(self, batch):
        z = self.views(batch["views"], batch, lambda x: self.projector(self.encoder(x)))
        x, y = (F.batch_norm(v, None, None, training=True) for v in z.float().chunk(2))
        with torch.autocast(x.device.type, enabled=False):
            c = x.T @ y / len(x)
        off = off_diagonal(c).square().sum()
        return self.o["scale_loss"] * ((c.diagonal() - 1).square().sum() + self.o["lambda"] * off)


@method("supervised")
class Supervised(Method):
    def __init__(self, encoder, o, split):
        super().__init__(encoder, o, split)
        self.classifier = nn.Linear(encoder.features, 10)

    def loss(self, batch):
        logits = self.classifier(self.encoder(batch["views"])).float()
        return F.cross_entropy(logits, batch["labels"], label_smoothing=self.o["label_smoothing"])


class DINOHead(nn.Module):
    def __init__(self, inside, o):
        super().__init__()
        self.mlp = mlp(inside, o["projector"], norm=o["use_bn_in_head"], act=nn.GELU)
        length = nn.Parameter(torch.ones(o["out_dim"], 1), requires_grad=not o["norm_last_layer"])
        direction = nn.Parameter(torch.randn(o["out_dim"], o["projector"][-1]))
        self.last_layer = nn.ParameterDict({"weight_g": length, "weight_v": direction})

    def forward(self, x):
        x = F.normalize(self.mlp(x).float())
        return F.linear(x, self.last_layer["weight_g"] * F.normalize(self.last_layer["weight_v"])).float()


@method("dino")
class DINO(Method):
    def __init__(self, encoder, o, split):
        super().__init__(encoder, o, split)
        self.projector = DINOHead(encoder.features, o)
        self.teacher = frozen(("encoder", encoder), ("projector", self.projector))
        self.register_buffer("center", torch.zeros(1, o["out_dim"]))
        self.follower = self.mean = None

    def loss(self, batch):
        o = self.o
        s = self.views(batch["views"], batch, lambda x: self.projector(self.encoder(x)))
        with torch.no_grad():
            t = self.views(batch["views"], batch, lambda x: self.teacher["projector"](self.teacher["encoder"](x)))
            q1, q2 = ((t - self.center) / o["teacher_temp"]).softmax(1).chunk(2)
            self.mean = t.mean(0, keepdim=True)
        p1, p2 = (s / o["student_temp"]).log_softmax(1).chunk(2)
        return -((q1 * p2).sum(1).mean() + (q2 * p1).sum(1).mean()) / 2

    def after(self):
        if self.follower is None:
            pairs = [(self.encoder, self.teacher["encoder"]), (self.projector, self.teacher["projector"])]
            self.follower = Follower(pairs, self.o["momentum"])
        self.follower.move()
        self.center.lerp_(self.mean, 1 - self.o["center_momentum"])


@method("mae")
class MAE(Method):
    def __init__(self, encoder, o, split):
        super().__init__(encoder, o, split)
        dim, p = o["decoder_dim"], encoder.patch
        self.decoder_embed = nn.Linear(encoder.features, dim)
        self.mask_token = nn.Parameter(torch.zeros(1, 1, dim))
        self.register_buffer("decoder_pos_embed", torch.zeros(1, encoder.pos_embed.shape[1], dim))
        self.decoder_blocks = nn.Sequential(*(ViTBlock(dim, o["decoder_heads"]) for _ in range(o["decoder_depth"])))
        self.decoder_norm = nn.LayerNorm(dim, eps=1e-6)
        self.decoder_pred = nn.Linear(dim, p * p * encoder.patch_embed.proj.in_channels)

    def loss(self, batch):
        x, order, p = batch["views"], batch["order"], self.encoder.patch
        n, length = order.shape
        visible = int(length * (1 - self.o["mask_ratio"]))

        def take(rows, index):
            return rows.gather(1, index.unsqueeze(-1).expand(-1, -1, rows.shape[-1]))

        tokens = self.decoder_embed(self.encoder.encode(take(self.encoder.embed(x), order[:, :visible])))
        mask = self.mask_token.to(tokens.dtype).expand(n, length - visible, -1)
        rows = take(torch.cat([tokens[:, 1:], mask], 1), order.argsort(1))
        y = torch.cat([tokens[:, :1], rows], 1) + self.decoder_pos_embed
        y = self.decoder_pred(self.decoder_norm(self.decoder_blocks(y)))[:, 1:]

        c, h, w = x.shape[1:]
        target = x.view(n, c, h // p, p, w // p, p).permute(0, 2, 4, 3, 5, 1).reshape(n, length, p * p * c)
        if self.o["norm_pix"]:
            var, mean = torch.var_mean(target, -1, keepdim=True)
            target = (target - mean) / (var + 1e-6).sqrt()
        hidden = order[:, visible:]
        return F.mse_loss(take(y, hidden).float(), take(target, hidden))
