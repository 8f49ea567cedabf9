"""Makes state.pt: optimizers of make_optimizers.py after twelve steps.

    pip install torch==2.14.1 safetensors
    python3 make_state.py [FILE]

For each case the file has the state_dict of the optimizer, as PyTorch saves it,
and the parameters. With a second file,

    python3 make_state.py --resume FILE RESULT

it reads such a file that another program has written, takes the steps from 12
to 99, and writes the parameters to RESULT, a safetensors file.
"""

import pathlib
import sys

import torch
from safetensors.torch import load_file, save_file

fixture = load_file(pathlib.Path(__file__).with_name("optimizers.safetensors"))

cases = {
    "sgd": (torch.optim.SGD, {}),
    "sgd with dampening": (torch.optim.SGD, {"momentum": 0.9, "dampening": 0.3, "weight_decay": 0.1}),
    "adam": (torch.optim.Adam, {}),
    "adamw": (torch.optim.AdamW, {"weight_decay": 0.1}),
}


def steps(opt, params, start, end):
    for step in range(start, end):
        for i, p in enumerate(params):
            p.grad = None if i == 1 and step < 5 else fixture[f"grad.{step % 10}/{i}"].clone()
        opt.param_groups[0]["lr"] = 0.01 * (1 + step % 3)
        opt.step()


if sys.argv[1:2] == ["--resume"]:
    out = {}
    for name, saved in torch.load(sys.argv[2]).items():
        kind, _ = cases[name]
        params = [p.clone().requires_grad_() for p in saved["params"]]
        opt = kind(params, lr=1.0)  # the options come with the state
        opt.load_state_dict(saved["optimizer"])
        steps(opt, params, 12, 100)
        for i, p in enumerate(params):
            out[f"{name}/last.{i}"] = p.detach()
    save_file(out, sys.argv[3])
else:
    out = {}
    for name, (kind, options) in cases.items():
        params = [fixture[f"start/{i}"].clone().requires_grad_() for i in range(4)]
        opt = kind(params, lr=1.0, **options)
        steps(opt, params, 0, 12)
        out[name] = {"optimizer": opt.state_dict(), "params": [p.detach() for p in params]}
    torch.save(out, sys.argv[1] if len(sys.argv) > 1 else __file__.replace("make_state.py", "state.pt"))
