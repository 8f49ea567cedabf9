"""Makes scaler.safetensors: torch.amp.GradScaler over steps with planted infinities.

    pip install torch==2.14.1 safetensors
    python3 make_scaler.py [FILE]

The loss of step i is sum(p * c[i]) for a parameter p of three elements. Some
of the factors c are infinite or NaN, and one is so large that it overflows
once it is scaled. Each case holds the scale, the growth tracker and p after
each step, and the norm that clipping found.
"""

import sys

import torch
from safetensors.torch import save_file

out = {}
steps = 60
g = torch.Generator().manual_seed(3)
c = torch.randn(steps, 3, generator=g)
c[4, 1] = float("inf")
c[5, 0] = float("nan")
c[17, 2] = -float("inf")
c[18] = float("nan")
c[30, 0] = 3e35
c[44, 2] = float("inf")
out["factors"] = c


def case(name, clip=None, **options):
    p = torch.tensor([1.0, -2.0, 0.5], requires_grad=True)
    opt = torch.optim.SGD([p], lr=0.1, momentum=0.9)
    scaler = torch.amp.GradScaler("cpu", **options)
    scales, trackers, values, norms = [], [], [], []
    for i in range(steps):
        loss = (p * c[i]).sum()
        scaler.scale(loss).backward()
        if clip is not None:
            scaler.unscale_(opt)
            norms.append(torch.nn.utils.clip_grad_norm_([p], clip))
        scaler.step(opt)
        scaler.update()
        opt.zero_grad()
        scales.append(scaler.get_scale())
        trackers.append(scaler.state_dict()["_growth_tracker"])
        values.append(p.detach().clone())
    out[f"{name}/scale"] = torch.tensor(scales, dtype=torch.float64)
    out[f"{name}/tracker"] = torch.tensor(trackers, dtype=torch.int64)
    out[f"{name}/p"] = torch.stack(values)
    if norms:
        out[f"{name}/norm"] = torch.stack(norms)


case("defaults")
case("fast", growth_interval=3)
case("odd", init_scale=1000.0, growth_factor=1.7, backoff_factor=0.3, growth_interval=2)
case("clipped", clip=0.8, growth_interval=5)

save_file(out, sys.argv[1] if len(sys.argv) > 1 else __file__.replace("make_scaler.py", "scaler.safetensors"))
