"""Makes optimizers.safetensors: what make_supervised.py trains, with each optimizer
and schedule that recipes can name.

    pip install torch==2.14.1 safetensors
    python3 make_optimizers.py [FILE]

The file holds start/NAME, and of each case its learning rates, its losses and some of
its weights after twenty steps. The cases are those of ../optimizer_test.go.
"""

import math

import torch
from torch.nn.utils import clip_grad_norm_

import make_supervised
import optimizers
import parity

PER_EPOCH = 5
KEPT = ("encoder.conv1.", "encoder.conv2.", "classifier.")


def cosine_rates(base, start=0.0, final=0.0, warmup=PER_EPOCH):
    """Up a line and down half a cosine."""
    rates = []
    for step in range(parity.STEPS):
        if step < warmup:
            rates.append(start + (base - start) * step / warmup)
        else:
            done = (step - warmup) / (parity.STEPS - warmup)
            rates.append(final + (base - final) * (1 + math.cos(math.pi * done)) / 2)
    return rates


out = {f"start/{name}": x.float() if x.is_floating_point() else x for name, x in make_supervised.start().state_dict().items()}


def case(name, make, rates, clip=None, clip_each=None, decay=None):
    """make(net) returns the optimizer; clip(s) are bounds of norms; decay(step) is the
    weight decay of the first group."""
    net = make_supervised.start()
    optimizer = make(net)
    norms = []

    def before(step):
        if clip:
            norms.append(clip_grad_norm_(net.parameters(), clip).item())
        for p in net.parameters() if clip_each else ():
            norms.append(clip_grad_norm_([p], clip_each).item())

    def each(step):
        if decay:
            optimizer.param_groups[0]["weight_decay"] = decay(step)

    trained = parity.train(net, optimizer, net, lr=1, before=before, each=each, rates=rates)
    if norms:  # the bound must matter
        assert max(norms) > (clip or clip_each) > min(norms), (name, min(norms), max(norms))
    out.update({f"{name}/{key}": trained[key] for key in ("loss", "lr")})
    out.update({f"{name}/{key}": x for key, x in trained.items() if key.startswith(tuple("end/" + k for k in KEPT))})


def lars(form, **options):
    return lambda net: optimizers.LARS(optimizers.groups(net, 1e-3), momentum=0.9, form=form, **options)


def scaled_biases(net):
    weights, rest = optimizers.groups(net, 1e-3)
    rest["lr_scale"] = 0.25
    return torch.optim.SGD([weights, rest], lr=1, momentum=0.9)


def adamw(net):
    weights, rest = optimizers.groups(net, 0.04)
    return torch.optim.AdamW([weights, rest], lr=1, betas=(0.8, 0.95))


case("sgd", scaled_biases, cosine_rates(0.02), clip_each=0.3)
case("adam", lambda net: torch.optim.Adam(net.parameters(), weight_decay=1e-2), cosine_rates(3e-3, final=1e-4, warmup=0))
case("adamw", adamw, cosine_rates(3e-3), clip=10, decay=lambda step: parity.cosine(0.04, 0.4, step))
# A batch of 8, where the learning rates are those of 16.
case("lars", lars("byol"), cosine_rates(2, 0.2, 0.1), clip=10)
case("lars-you", lars("you", trust=0.01), cosine_rates(0.4, 0.04, 0.01))
case("lars-clip", lars("clip", trust=0.02), cosine_rates(0.2, 0.02, 0.01))
case("lamb", lambda net: optimizers.LAMB(optimizers.groups(net, 0.05), betas=(0.8, 0.95)), cosine_rates(0.02))
case(
    "one-cycle",
    lambda net: torch.optim.SGD(net.parameters(), lr=1, momentum=0.9),
    make_supervised.one_cycle(pct_start=0.25, div_factor=10, final_div_factor=5),
)
parity.save(out, __file__)
