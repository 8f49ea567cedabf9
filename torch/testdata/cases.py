"""The cases that make.py writes to ops.json.

A case is one call: the name of the Go method, its input tensors, its arguments (the
receiver first), the outputs, the gradients of sum(weights * output) by the inputs, and
what the call left in inputs that it changed. Among the arguments {"tensor": i} stands for
input i, {"generator": seed} for a new generator. The weights of an output are
((7 i) mod 11 - 5) / 4 for its i-th element. Infinities and NaN are strings; a complex
element is two numbers. Inputs keep away from kinks and ties, so that derivatives exist;
a case that is not smooth has gradients by definition, which differences cannot confirm.
"""

import math

import torch

f64, f32, i64, u8, bf16 = torch.float64, torch.float32, torch.int64, torch.uint8, torch.bfloat16
c128 = torch.complex128
cases = []
made = 0


def x(*shape, low=-1.5, high=1.5, grad=True):
    """Distinct numbers between low and high, in random order; none is 0."""
    global made
    made += 1
    n = 1
    for size in shape:
        n *= size
    g = torch.Generator().manual_seed(made)
    grid = (torch.arange(n, dtype=f64) + 0.5 + 0.01 * (made % 7)) / n * (high - low) + low + 0.013
    return ((grid[torch.randperm(n, generator=g)] * 2**20).round() / 2**20).reshape(shape).requires_grad_(grad)


def const(*shape, low=-1.5, high=1.5):
    return x(*shape, low=low, high=high, grad=False)


def positive(*shape):
    return x(*shape, low=0.2, high=2.5)


def ints(values, dtype=i64):
    return torch.tensor(values, dtype=dtype)


def bools(values):
    return torch.tensor(values, dtype=torch.bool)


def reduction(n):
    """PyTorch's name of the number that ATen takes."""
    return ("none", "mean", "sum")[n]


def weights(t):
    i = torch.arange(t.numel(), dtype=f64)
    return (((7 * i) % 11 - 5) / 4).reshape(t.shape)


def plain(t):
    t = t.detach()
    kind, shape = str(t.dtype).removeprefix("torch."), list(t.shape)
    if t.is_complex():
        t = torch.view_as_real(t.resolve_conj())
    data = t.to(f64) if t.is_floating_point() else t
    data = [v if isinstance(v, int) or math.isfinite(v) else str(v) for v in data.reshape(-1).tolist()]
    return {"dtype": kind, "shape": shape, "data": data}


def case(op, fn, *args, inplace=False, smooth=True):
    inputs, written = [], []

    def note(a):
        if isinstance(a, torch.Tensor):
            inputs.append(a)
            return {"tensor": len(inputs) - 1}
        if isinstance(a, list) and any(isinstance(t, torch.Tensor) for t in a):
            return {"tensors": [None if t is None else note(t)["tensor"] for t in a]}
        if isinstance(a, torch.Generator):
            return {"generator": a.initial_seed()}
        if isinstance(a, torch.dtype):
            return {"dtype": str(a).removeprefix("torch.")}
        if isinstance(a, torch.device):
            return {"device": str(a)}
        return a

    arguments = [note(a) for a in args]
    before = [plain(t) for t in inputs]
    call = list(args)
    if inplace:  # a leaf that requires grad cannot be changed
        call[0] = args[0].clone()
    out = fn(*call)
    entry = {"op": op, "args": arguments, "inplace": inplace, "smooth": smooth}
    entry["inputs"] = [dict(b, grad=t.requires_grad) for b, t in zip(before, inputs)]
    if isinstance(out, bool):
        entry["result"] = out
        out = []
    outs = [] if out is None else list(out) if isinstance(out, (tuple, list)) else [out]
    entry["outputs"] = [plain(t) for t in outs]
    reals = [torch.view_as_real(t.resolve_conj()) if t.is_complex() else t for t in outs]
    losses = [(weights(t) * t).sum() for t in reals if t.requires_grad]
    entry["grads"] = []
    if losses:
        sum(losses).backward()
        entry["grads"] = [None if t.grad is None else plain(t.grad)["data"] for t in inputs]
    entry["after"] = {str(i): plain(t)["data"] for i, t in enumerate(inputs) if plain(t) != before[i]}
    cases.append(entry)
