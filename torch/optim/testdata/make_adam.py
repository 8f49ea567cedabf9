"""Makes adam.safetensors: 100 steps of torch.optim's Adam and AdamW.

    pip install torch==2.14.1 safetensors
    python3 make_adam.py [FILE]

The gradients are fixed (not those of a loss), so that an error of one step is
not amplified by the next. There are ten sets of them, used in turn; the
learning rate of step i, from 0, is 0.01 * (1 + i % 3). Each case holds the
parameters and the moments after the last step, and the parameters after the
first.
"""

import sys

import torch
from safetensors.torch import save_file

out = {}
g = torch.Generator().manual_seed(5)
shapes = [(3, 4), (7,), (2, 3, 2, 2)]
start = [torch.randn(s, generator=g) for s in shapes]
grads = [[torch.randn(s, generator=g) * 10.0 ** (i % 4 - 2) for s in shapes] for i in range(10)]
for i, p in enumerate(start):
    out[f"start/{i}"] = p
for k, step in enumerate(grads):
    for i, x in enumerate(step):
        out[f"grad.{k}/{i}"] = x


def case(name, kind, **options):
    params = [p.clone().requires_grad_() for p in start]
    opt = kind(params, lr=1.0, **options)
    for step in range(100):
        for p, x in zip(params, grads[step % 10]):
            p.grad = x.clone()
        opt.param_groups[0]["lr"] = 0.01 * (1 + step % 3)
        opt.step()
        if step == 0:
            for i, p in enumerate(params):
                out[f"{name}/first.{i}"] = p.detach().clone()
    for i, p in enumerate(params):
        out[f"{name}/last.{i}"] = p.detach()
        out[f"{name}/exp_avg.{i}"] = opt.state[p]["exp_avg"]
        out[f"{name}/exp_avg_sq.{i}"] = opt.state[p]["exp_avg_sq"]


case("adam", torch.optim.Adam)
case("adam with decay", torch.optim.Adam, weight_decay=0.1)
case("adam with options", torch.optim.Adam, betas=(0.8, 0.95), eps=1e-3)
case("adamw", torch.optim.AdamW, weight_decay=0.1)

save_file({k: v.contiguous() for k, v in out.items()}, sys.argv[1] if len(sys.argv) > 1 else __file__.replace("make_adam.py", "adam.safetensors"))
