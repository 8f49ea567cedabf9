"""Single operations in plain PyTorch; the twin of ../worker_ops.go.

usage: ops.py THREADS
"""

import sys

import torch
from torch.nn import functional as F

from serve import serve


def wave(*shape):
    """The operand that all sides can make for themselves: sin(1), sin(2), …"""
    n = torch.Size(shape).numel()
    return torch.arange(1, n + 1, dtype=torch.float64).sin().to(torch.float32).reshape(shape)


def main():
    torch.set_num_threads(int(sys.argv[1]))
    a, b = wave(2, 2), wave(2, 2)
    m, w = wave(64, 64), wave(64, 64) / 8
    x = wave(8, 8, 14, 14).to(memory_format=torch.channels_last)
    k = wave(8, 8, 3, 3).to(memory_format=torch.channels_last)
    v, s, t = wave(1000).requires_grad_(), wave(1000), wave(1000)
    big = torch.ones(1 << 20)

    def add(n):
        for _ in range(n):
            y = a + b
        return y.sum()

    def mm(n):
        for _ in range(n):
            y = m @ w
        return y.sum()

    def conv(n):
        with torch.no_grad():
            for _ in range(n):
                y = F.conv2d(x, k, padding=1)
        return y.sum()

    def chain(n):
        for _ in range(n):
            y = v
            for _ in range(3):
                y = torch.tanh(y * s + t)
            y.sum().backward()
            total = v.grad.sum()
            v.grad = None
        return total

    def held(n):
        kept = []
        for _ in range(n):
            if len(kept) == 10:
                kept.clear()
            kept.append(big + big)
        return kept[-1].sum()

    serve({"add": add, "mm": mm, "conv2d": conv, "chain": chain, "held": held})


main()
