"""Makes autocast.safetensors: a small network under torch.autocast on the CPU.

    pip install torch==2.14.1 safetensors
    python3 make_autocast.py [FILE]

Each case holds every intermediate result in the dtype that it had, the loss
and the gradient of every parameter. In the case "nested" the middle of the
network runs inside autocast(enabled=False).
"""

import sys

import torch
import torch.nn.functional as F
from safetensors.torch import save_file

torch.set_num_threads(1)
out = {}
g = torch.Generator().manual_seed(11)


def randn(*shape):
    return torch.randn(*shape, generator=g)


x = randn(4, 3, 8, 8)
target = torch.tensor([0, 2, 1, 4])
weights = {
    "conv": randn(6, 3, 3, 3) / 5,
    "conv_bias": randn(6) / 5,
    "bn": 1 + randn(6) / 5,
    "bn_bias": randn(6) / 5,
    "linear": randn(10, 96) / 10,
    "linear_bias": randn(10) / 5,
    "ln": 1 + randn(10) / 5,
    "ln_bias": randn(10) / 5,
    "head": randn(10, 5) / 3,
}
out["x"] = x
out["target"] = target
for name, w in weights.items():
    out[f"weight/{name}"] = w


def forward(w, nested):
    seen = {}
    seen["conv"] = F.conv2d(x, w["conv"], w["conv_bias"], stride=1, padding=1)
    seen["bn"] = F.batch_norm(seen["conv"], torch.zeros(6), torch.ones(6), w["bn"], w["bn_bias"], training=True)
    seen["pool"] = F.adaptive_avg_pool2d(seen["bn"].relu(), 4)
    with torch.autocast("cpu", enabled=not nested):
        flat = seen["pool"].flatten(1)
        seen["linear"] = F.linear(flat.float() if nested else flat, w["linear"], w["linear_bias"])
    seen["ln"] = F.layer_norm(seen["linear"], (10,), w["ln"], w["ln_bias"])
    seen["matmul"] = seen["ln"] @ w["head"]
    seen["softmax"] = seen["matmul"].softmax(1)
    seen["entropy"] = (seen["softmax"] * seen["softmax"].log()).sum()
    seen["loss"] = F.cross_entropy(seen["matmul"], target) + seen["entropy"]
    return seen


def case(name, dtype, nested=False):
    w = {k: v.clone().requires_grad_() for k, v in weights.items()}
    with torch.autocast("cpu", dtype=dtype):
        seen = forward(w, nested)
    seen["loss"].backward()
    for k, v in seen.items():
        out[f"{name}/{k}"] = v.detach()
    for k, v in w.items():
        out[f"{name}/grad.{k}"] = v.grad


case("bfloat16", torch.bfloat16)
case("float16", torch.float16)
case("nested", torch.bfloat16, nested=True)

save_file({k: v.contiguous() for k, v in out.items()}, sys.argv[1] if len(sys.argv) > 1 else __file__.replace("make_autocast.py", "autocast.safetensors"))
