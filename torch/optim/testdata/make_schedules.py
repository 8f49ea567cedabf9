"""Makes schedules.safetensors: the learning rates of torch.optim.lr_scheduler.

    pip install torch==2.14.1 safetensors
    python3 make_schedules.py [FILE]

Each case holds the learning rates of the first 60 steps with the base 0.4, in
float64. OneCycleLR ends with its last step.
"""

import sys
import warnings

import torch
from safetensors.torch import save_file
from torch.optim import lr_scheduler as lrs

warnings.simplefilter("ignore")
out = {}


def case(name, kind, steps=60, **options):
    opt = torch.optim.SGD([torch.zeros(1)], lr=0.4)
    schedule = kind(opt, **options)
    rates = []
    for i in range(steps):
        rates.append(opt.param_groups[0]["lr"])
        opt.step()
        if i + 1 < steps:
            schedule.step()
    out[name] = torch.tensor(rates, dtype=torch.float64)


case("step", lrs.StepLR, step_size=7, gamma=0.3)
case("multistep", lrs.MultiStepLR, milestones=[5, 20, 20, 41], gamma=0.1)
case("exponential", lrs.ExponentialLR, gamma=0.9)
case("linear", lrs.LinearLR, start_factor=0.25, end_factor=0.8, total_iters=30)
case("polynomial", lrs.PolynomialLR, total_iters=40, power=2.0)
case("constant", lrs.ConstantLR, factor=0.25, total_iters=12)
case("cosine", lrs.CosineAnnealingLR, T_max=40, eta_min=0.05)
case("restarts", lrs.CosineAnnealingWarmRestarts, T_0=10)
case("restarts longer", lrs.CosineAnnealingWarmRestarts, T_0=5, T_mult=2, eta_min=0.02)
case("restarts tripled", lrs.CosineAnnealingWarmRestarts, T_0=4, T_mult=3)
case("onecycle", lrs.OneCycleLR, max_lr=0.4, total_steps=60)
case("onecycle linear", lrs.OneCycleLR, max_lr=0.4, total_steps=60, pct_start=0.4, anneal_strategy="linear", div_factor=10.0, final_div_factor=100.0)
case("onecycle in three", lrs.OneCycleLR, max_lr=0.4, total_steps=60, three_phase=True)

save_file(out, sys.argv[1] if len(sys.argv) > 1 else __file__.replace("make_schedules.py", "schedules.safetensors"))
