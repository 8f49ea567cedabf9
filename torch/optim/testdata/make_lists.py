"""Makes lists.safetensors: moving averages and gradient clipping.

    pip install torch==2.14.1 safetensors
    python3 make_lists.py [FILE]

"ema" and "ema with buffers": torch.optim.swa_utils.AveragedModel with
get_ema_multi_avg_fn(0.9) over six random states of a small network, and
use_buffers off and on. "clip N": the total norm of type N that
torch.nn.utils.clip_grad_norm_ returns, and the gradients after it; some of
them are float64. "value": clip_grad_value_. "each N": clip_grad_norm_ of one
parameter after the other, with their norms as float64.
"""

import sys

import torch
from safetensors.torch import save_file
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

out = {}
g = torch.Generator().manual_seed(17)
states = []
for k in range(6):
    states.append(
        {
            "weight": torch.randn(3, 4, generator=g),
            "norm.bias": torch.randn(4, generator=g),
            "norm.running_mean": torch.randn(4, generator=g),
            "norm.num_batches_tracked": torch.tensor(10 * k + 7),
        }
    )
    for name, x in states[k].items():
        out[f"state.{k}/{name}"] = x


class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(3, 4))
        self.norm = torch.nn.Module()
        self.norm.bias = torch.nn.Parameter(torch.zeros(4))
        self.norm.register_buffer("running_mean", torch.zeros(4))
        self.norm.register_buffer("num_batches_tracked", torch.tensor(0))


for name, use_buffers in (("ema", False), ("ema with buffers", True)):
    net = Net()
    ema = AveragedModel(net, multi_avg_fn=get_ema_multi_avg_fn(0.9), use_buffers=use_buffers)
    for k, state in enumerate(states):
        net.load_state_dict(state)
        ema.update_parameters(net)
        for key, x in ema.module.state_dict().items():
            out[f"{name}.{k}/{key}"] = x.clone()

grads = [torch.randn(s, generator=g) for s in ((3, 4), (5,), (2, 3, 2, 2))] + [torch.randn(6, generator=g).double()]
for i, x in enumerate(grads):
    out[f"grad/{i}"] = x


def clip(name, fn):
    params = [torch.zeros_like(x, requires_grad=True) for x in grads]
    for p, x in zip(params, grads):
        p.grad = x.clone()
    total = fn(params)
    if total is not None:
        out[f"{name}/norm"] = total
    for i, p in enumerate(params):
        out[f"{name}/{i}"] = p.grad


def each(params, kind):
    return torch.stack([torch.nn.utils.clip_grad_norm_([p], 2.0, kind).double() for p in params])


for kind in (1.0, 2.0, 3.5, float("inf")):
    clip(f"clip {kind}", lambda params: torch.nn.utils.clip_grad_norm_(params, 0.7, kind))
clip("clip little", lambda params: torch.nn.utils.clip_grad_norm_(params, 1000.0))
clip("value", lambda params: torch.nn.utils.clip_grad_value_(params, 0.4))
for kind in (2.0, float("inf")):
    clip(f"each {kind}", lambda params: each(params, kind))

save_file({k: v.contiguous() for k, v in out.items()}, sys.argv[1] if len(sys.argv) > 1 else __file__.replace("make_lists.py", "lists.safetensors"))
