"""Writes the expected values of the second-derivative test with PyTorch.

    python3 make_autograd.py FILE.safetensors

A small network in float64 with a gradient penalty, as WGAN-GP trains with: the
loss is mean(y²) + mean(|∂Σy/∂x|²), and its gradients need second derivatives of
every operator, a torch.autograd.Function among them.
"""
import sys

import torch
from safetensors.torch import save_file


class ClippedExp(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        y = x.clamp(max=1).exp()
        ctx.save_for_backward(x, y)
        return y

    @staticmethod
    def backward(ctx, grad):
        x, y = ctx.saved_tensors
        return grad * y * (x <= 1).to(x.dtype)


torch.manual_seed(7)
f64 = dict(dtype=torch.float64)
x = torch.randn(2, 3, 6, 6, **f64)
weights = {
    "conv": torch.randn(4, 3, 3, 3, **f64) * 0.3,
    "scale": torch.rand(4, **f64) + 0.5,
    "shift": torch.randn(4, **f64) * 0.1,
    "linear": torch.randn(5, 4, **f64) * 0.5,
}
out = {"x": x.clone(), **{k: v.clone() for k, v in weights.items()}}
x.requires_grad_()
for w in weights.values():
    w.requires_grad_()

h = torch.nn.functional.conv2d(x, weights["conv"], padding=1)
h = torch.nn.functional.batch_norm(h, None, None, weights["scale"], weights["shift"], training=True)
h = torch.nn.functional.gelu(h)
h = ClippedExp.apply(h).mean((2, 3))
y = torch.nn.functional.linear(h, weights["linear"]).tanh()
(first,) = torch.autograd.grad(y.sum(), x, create_graph=True)
loss = (y * y).mean() + (first * first).mean()
loss.backward()

out["loss"] = loss.detach()
out["first"] = first.detach()
out["x.grad"] = x.grad.detach()
for k, w in weights.items():
    out[k + ".grad"] = w.grad.detach()
save_file({k: v.contiguous() for k, v in out.items()}, sys.argv[1])
