"""Makes optimizers.safetensors: 100 steps of each optimizer.

    pip install torch==2.14.1 safetensors
    python3 make_optimizers.py [FILE]

SGD, Adam and AdamW are those of torch.optim. LARS and LAMB are not in PyTorch;
here they are written out from the papers' formulas, one parameter at a time:

    LARS "you"   You, Gitman, Ginsburg 2017, arXiv:1708.03888, algorithm 1 and eq. 6
    LARS "byol"  the code of Grill et al. 2020, arXiv:2006.07733
    LARS "clip"  LARC of NVIDIA's Apex, with clip on
    LAMB         You et al. 2020, arXiv:1904.00962, algorithm 2

The gradients are fixed (not those of a loss), so that an error of one step is
not amplified by the next. There are ten sets of them, used in turn; the
learning rate of step i, from 0, is 0.01 * (1 + i % 3). Parameter 1 gets no
gradient in the first five steps. Parameter 3 starts at zero. The cases whose
names end with "changing decay", "constant group", "changing scale" and "frozen at
times" change the options of their groups before each step. Each case holds
the parameters and the state after the last step, and the parameters after the
sixth, in float32 and, under "NAME f64", in float64.
"""

import math
import sys

import torch
from safetensors.torch import save_file

out = {}
g = torch.Generator().manual_seed(5)
shapes = [(3, 4), (7,), (2, 3, 2, 2), (5,)]
start = [torch.randn(s, generator=g, dtype=torch.float64).float() for s in shapes]
start[3].zero_()
grads = [[torch.randn(s, generator=g) * 10.0 ** (i % 4 - 2) for s in shapes] for i in range(10)]
for i, p in enumerate(start):
    out[f"start/{i}"] = p
for k, step in enumerate(grads):
    for i, x in enumerate(step):
        out[f"grad.{k}/{i}"] = x


class Plain:
    """One parameter after the other, with options by group."""

    def __init__(self, groups, lr):
        self.param_groups = [{"params": groups, "lr": lr}] if torch.is_tensor(groups[0]) else groups
        self.state = {p: {"step": 0} for group in self.param_groups for p in group["params"]}

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is not None:
                    self.state[p]["step"] += 1
                    self.one(p, p.grad, group, self.state[p])


class LARS(Plain):
    def __init__(self, params, lr, form, momentum=0.9, weight_decay=0.0, trust=0.001, eps=0.0):
        super().__init__(params, lr)
        self.o = form, momentum, weight_decay, trust, eps

    def one(self, p, g, group, state):
        form, momentum, decay, trust, eps = self.o
        decay = group.get("weight_decay", decay)
        buf = state.setdefault("momentum_buffer", torch.zeros_like(p))
        if form == "clip":
            pn, gn, d = p.norm().item(), g.norm().item(), g
            if group.get("adapt", True) and pn != 0 and gn != 0:
                rate = trust * pn / (gn + decay * pn + eps)
                d = (g + decay * p) * (min(rate / group["lr"], 1.0) if group["lr"] > 0 else 1.0)
            elif not group.get("adapt", True):
                d = g + decay * p
            buf.copy_(momentum * buf + d)
            p.sub_(group["lr"] * buf)
            return
        d = g + decay * p
        wn, below = p.norm().item(), (g.norm().item() + decay * p.norm().item() if form == "you" else d.norm().item())
        ratio = 1.0
        if group.get("adapt", True) and wn > 0 and (g if form == "you" else d).norm() > 0:
            ratio = trust * wn / (below + eps)
        if form == "you":
            buf.copy_(momentum * buf + group["lr"] * ratio * d)
            p.sub_(buf)
        else:
            buf.copy_(momentum * buf + ratio * d)
            p.sub_(group["lr"] * buf)


class LAMB(Plain):
    def __init__(self, params, lr, betas=(0.9, 0.999), eps=1e-6, weight_decay=0.0, limit=None, debias=True):
        super().__init__(params, lr)
        self.o = betas, eps, weight_decay, limit, debias

    def one(self, p, g, group, state):
        (b1, b2), eps, decay, limit, debias = self.o
        decay = group.get("weight_decay", decay)
        m = state.setdefault("exp_avg", torch.zeros_like(p))
        v = state.setdefault("exp_avg_sq", torch.zeros_like(p))
        m.copy_(b1 * m + (1 - b1) * g)
        v.copy_(b2 * v + (1 - b2) * g * g)
        c1, c2 = (1 - b1 ** state["step"], 1 - b2 ** state["step"]) if debias else (1.0, 1.0)
        r = (m / c1) / ((v / c2).sqrt() + eps) + decay * p
        wn, rn = p.norm().item(), r.norm().item()
        ratio = 1.0
        if group.get("adapt", True) and wn > 0 and rn > 0:
            ratio = (min(wn, limit) if limit else wn) / rn
        p.sub_(group["lr"] * ratio * r)


def case(name, kind, groups=None, change=None, **options):
    for dtype, suffix in ((torch.float32, ""), (torch.float64, " f64")):
        run(name + suffix, dtype, kind, groups, change, options)


def run(name, dtype, kind, groups, change, options):
    params = [p.to(dtype, copy=True).requires_grad_() for p in start]
    listed = params
    if groups is not None:
        listed = [{**o, "params": [params[i] for i in members], "lr": 1.0} for members, o in groups]
    opt = kind(listed, lr=1.0, **options)
    for step in range(100):
        for i, (p, x) in enumerate(zip(params, grads[step % 10])):
            p.grad = None if i == 1 and step < 5 else x.to(dtype, copy=True)
        for group in opt.param_groups:
            group["lr"] = group.get("scale", 1.0) * 0.01 * (1 + step % 3)
        if change is not None:
            change(opt.param_groups, step)
        opt.step()
        if step == 5:
            for i, p in enumerate(params):
                out[f"{name}/sixth.{i}"] = p.detach().clone()
    for i, p in enumerate(params):
        out[f"{name}/last.{i}"] = p.detach()
        for key, x in opt.state[p].items():
            if torch.is_tensor(x):
                out[f"{name}/{key}.{i}"] = x


split = [([0, 2], {"weight_decay": 0.1}), ([1, 3], {"weight_decay": 0.0, "adapt": False, "scale": 0.5})]

case("sgd", torch.optim.SGD)
case("sgd with decay", torch.optim.SGD, weight_decay=0.1)
case("sgd with momentum", torch.optim.SGD, momentum=0.9)
case("sgd with dampening", torch.optim.SGD, momentum=0.9, dampening=0.3, weight_decay=0.1)
case("sgd with nesterov", torch.optim.SGD, momentum=0.9, nesterov=True, weight_decay=0.1)
case("sgd in groups", torch.optim.SGD, split, momentum=0.9)
case("adam", torch.optim.Adam)
case("adam with decay", torch.optim.Adam, weight_decay=0.1)
case("adam with options", torch.optim.Adam, betas=(0.8, 0.95), eps=1e-3)
case("adamw", torch.optim.AdamW, weight_decay=0.1)
case("adamw in groups", torch.optim.AdamW, split)
for form in "you", "byol":
    case(f"lars {form}", LARS, form=form)
    case(f"lars {form} with options", LARS, form=form, momentum=0.8, weight_decay=0.1, trust=0.02, eps=0.5)
    case(f"lars {form} in groups", LARS, split, form=form)
case("lars clip", LARS, form="clip", trust=0.02, weight_decay=0.1)
case("lars clip with options", LARS, form="clip", momentum=0.8, weight_decay=0.1, trust=0.005, eps=0.5)
case("lars clip in groups", LARS, split, form="clip")
case("lamb", LAMB)
case("lamb with decay", LAMB, weight_decay=0.1)
case("lamb with options", LAMB, betas=(0.8, 0.95), eps=1e-3, limit=1.5, weight_decay=0.1)
case("lamb without correction", LAMB, debias=False, weight_decay=0.1)
case("lamb in groups", LAMB, split)


def changing_decay(groups, step):  # DINO's half a cosine from .04 to .4
    groups[0]["weight_decay"] = 0.4 + (0.04 - 0.4) * (1 + math.cos(math.pi * step / 100)) / 2


def constant_group(groups, step):
    groups[1]["lr"] = 0.015


def changing_scale(groups, step):
    groups[1]["lr"] = groups[0]["lr"] / (1 + step % 7)


def frozen_at_times(groups, step):
    if step % 4 < 2:
        for p in groups[1]["params"]:
            p.grad = None


case("adamw with changing decay", torch.optim.AdamW, split, change=changing_decay)
case("sgd with a constant group", torch.optim.SGD, split, change=constant_group, momentum=0.9)
case("sgd with a changing scale", torch.optim.SGD, split, change=changing_scale, momentum=0.9)
case("adamw frozen at times", torch.optim.AdamW, split, change=frozen_at_times)

save_file({k: v.contiguous() for k, v in out.items()}, sys.argv[1] if len(sys.argv) > 1 else __file__.replace("make_optimizers.py", "optimizers.safetensors"))
