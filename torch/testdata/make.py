"""Writes ops.json and random.json, what PyTorch computes for the tests of package torch.

    python3 make.py [FOLDER]      (PyTorch 2.14.1; the folder of this file by default)

cases.py says what a case is. The older sections of ops.txt have their cases here, the
others in modules of their own.
"""

import json
import os
import sys

import torch
import torch.nn.functional as F

import linalg_cases
import math_cases
import nn_cases
from cases import bf16, bools, case, cases, const, f32, f64, i64, ints, plain, positive, reduction, u8, x


def pointwise():
    case("Add", torch.add, x(2, 3), x(3))
    case("Add", torch.add, x(2, 2).detach().to(bf16), const(2, 2).to(bf16))
    case("AddScalar", torch.add, x(2, 3), 1.5)
    case("AddScalar", torch.add, ints([1, 2]), 2)
    case("Sub", torch.sub, x(2, 3), x(2, 1))
    case("SubScalar", torch.sub, x(3), 0.25)
    case("Mul", torch.mul, x(2, 3), x(2, 3))
    case("MulScalar", torch.mul, x(4), -3)
    case("MulScalar", torch.mul, ints([1, 2, 3], u8), 2)
    case("Div", torch.div, x(2, 3), positive(3))
    case("Div", torch.div, ints([3, 4]), ints([2, 8]))
    case("DivScalar", torch.div, x(3), 4)
    case("Pow", torch.pow, positive(5), 2.5)
    case("Pow", torch.pow, x(5), 3)
    case("Neg", torch.neg, x(3))
    case("Abs", torch.abs, x(6))
    case("Sign", torch.sign, x(6))
    case("Exp", torch.exp, x(2, 3))
    case("Log", torch.log, positive(5))
    case("Sqrt", torch.sqrt, positive(5))
    case("Rsqrt", torch.rsqrt, positive(5))
    case("Maximum", torch.maximum, x(2, 3), x(3))
    case("Minimum", torch.minimum, x(2, 3), x(3))
    case("Clamp", lambda t, lo, hi: torch.clamp(t, lo, hi), x(8), -0.5, 0.75)


def activations():
    case("Relu", torch.relu, x(8))
    case("Gelu", F.gelu, x(8))
    case("Sigmoid", torch.sigmoid, x(8))
    case("Tanh", torch.tanh, x(8))
    case("Softmax", lambda t, d: torch.softmax(t, d), x(2, 4), -1)
    case("LogSoftmax", lambda t, d: torch.log_softmax(t, d), x(3, 2), 0)


def comparison():
    a, b = ints([[1, 2, 3], [4, 5, 6]]), ints([3, 2, 6])
    for name in "Eq", "Ne", "Lt", "Le", "Gt", "Ge":
        case(name, getattr(torch, name.lower()), a, b)
    case("Lt", torch.lt, const(2, 3), const(2, 3))
    case("EqScalar", torch.eq, a, 5)
    case("GtScalar", torch.gt, const(6), 0.2)
    case("LtScalar", torch.lt, const(6), 0.2)
    case("IsFinite", torch.isfinite, const(3) / ints([1, 0, 2]))
    case("IsNaN", torch.isnan, const(3) * ints([1, 0, 2]) / ints([1, 0, 2]))
    case("LogicalNot", torch.logical_not, ints([0, 1, 2]))
    case("LogicalAnd", torch.logical_and, bools([True, True, False]), bools([True, False, False]))
    case("Where", torch.where, bools([[True, False], [False, True]]), x(2, 2), x(2))
    case("MaskedFill", lambda t, m, v: t.masked_fill(m, v), x(2, 3), bools([True, False, True]), -7.5)
    case("MaskedSelect", torch.masked_select, x(2, 2), bools([[True, False], [True, True]]))
    case("Equal", torch.equal, ints([1, 2]), ints([1, 2]))
    case("Equal", torch.equal, ints([1, 2]), ints([1, 3]))


def in_place():
    case("AddInPlace", lambda t, o, a: t.add_(o, alpha=a), x(2, 3), x(3), 0.5, inplace=True)
    case("AddScalarInPlace", lambda t, v: t.add_(v), x(3), 2, inplace=True)
    case("SubInPlace", lambda t, o, a: t.sub_(o, alpha=a), x(2, 3), x(3), 2, inplace=True)
    case("MulInPlace", lambda t, o: t.mul_(o), x(2, 3), x(3), inplace=True)
    case("MulScalarInPlace", lambda t, v: t.mul_(v), x(3), 1.25, inplace=True)
    case("LerpInPlace", lambda t, e, w: t.lerp_(e, w), x(4), x(4), 0.125, inplace=True)
    case("ReluInPlace", lambda t: t.relu_(), x(8), inplace=True)
    case("Zero", lambda t: t.zero_(), x(3), inplace=True)
    case("Fill", lambda t, v: t.fill_(v), x(3), 2.5, inplace=True)
    case("CopyFrom", lambda t, s: t.copy_(s), x(2, 3), x(3), inplace=True)


def reductions():
    case("Sum", torch.sum, x(2, 3))
    case("Sum", torch.sum, bools([True, True, False]))
    case("SumDim", lambda t, d, k: torch.sum(t, d, k), x(2, 3, 2), [0, -1], False)
    case("Mean", torch.mean, x(2, 3))
    case("MeanDim", lambda t, d, k: torch.mean(t, d, k), x(2, 3), [1], True)
    case("Var", lambda t, d, c, k: torch.var(t, d, correction=c, keepdim=k), x(3, 4), [1], 1, False)
    case("Var", lambda t, d, c, k: torch.var(t, d, correction=c, keepdim=k), x(3, 4), [0, 1], 0, True)
    case("Std", lambda t, d, c, k: torch.std(t, d, correction=c, keepdim=k), x(3, 4), [0], 1, False)
    case("Amax", lambda t, d, k: torch.amax(t, d, k), x(3, 4), [1], False)
    case("Amin", lambda t, d, k: torch.amin(t, d, k), x(3, 4), [], False)
    case("MaxDim", lambda t, d, k: torch.max(t, d, k), x(3, 4), 1, False)
    case("Argmax", lambda t, d, k: torch.argmax(t, d, k), const(3, 4), 0, True)
    case("LogSumExp", lambda t, d, k: torch.logsumexp(t, d, k), x(3, 4), [1], False)
    case("Norm", lambda t, o, d, k: torch.linalg.vector_norm(t, o, d, k), x(3, 4), 2, [1], True)
    case("Norm", lambda t, o, d, k: torch.linalg.vector_norm(t, o, d, k), x(3, 4), 1, [0], False)
    case("All", torch.all, bools([True, False]))
    case("Any", torch.any, bools([True, False]))


def shapes():
    case("Reshape", torch.reshape, x(2, 6), [3, -1])
    case("View", lambda t, s: t.view(s), x(2, 6), [4, 3])
    case("Flatten", torch.flatten, x(2, 3, 2), 1, 2)
    case("Permute", torch.permute, x(2, 3, 4), [2, 0, 1])
    case("Transpose", torch.transpose, x(2, 3, 2), 0, 1)
    case("T", torch.t, x(2, 3))
    case("Unsqueeze", torch.unsqueeze, x(2, 3), 1)
    case("Squeeze", torch.squeeze, x(2, 1, 3), 1)
    case("Expand", lambda t, s: t.expand(s), x(3, 1), [2, -1, 4])
    case("Repeat", lambda t, r: t.repeat(r), x(2, 3), [2, 1])
    case("Flip", torch.flip, x(2, 3), [1])
    case("Narrow", torch.narrow, x(5, 2), 0, 1, 3)
    case("Select", torch.select, x(3, 4), 1, -1)
    case("Slice", lambda t, d, a, b, s: t[:, a:b:s], x(2, 7), 1, 1, 6, 2)
    case("Diagonal", lambda t, o, a, b: torch.diagonal(t, o, a, b), x(3, 4), 1, 0, 1)
    channels_last = 2  # c10::MemoryFormat
    case("Contiguous", lambda t, f: t.contiguous(memory_format=torch.channels_last), x(1, 2, 2, 3), channels_last)
    case("Clone", torch.clone, x(3))
    case("Detach", lambda t: t.detach(), x(3))


def joining():
    case("Cat", torch.cat, [x(2, 3), x(1, 3)], 0)
    case("Stack", torch.stack, [x(2, 3), x(2, 3), x(2, 3)], 1)
    case("Split", torch.split, x(5, 2), 2, 0)
    case("Chunk", torch.chunk, x(2, 6), 3, 1)
    case("IndexSelect", torch.index_select, x(4, 2), 0, ints([3, 0, 3]))
    case("Gather", torch.gather, x(2, 3), 1, ints([[2, 0], [1, 1]]))
    case("Scatter", torch.scatter, x(2, 3), 1, ints([[2, 0], [1, 2]]), x(2, 2))
    case("Sort", torch.sort, x(2, 5), 1, True)
    case("Topk", torch.topk, x(2, 5), 2, 1, False)


def linear_algebra():
    case("Mm", torch.mm, x(2, 3), x(3, 4))
    case("Bmm", torch.bmm, x(2, 2, 3), x(2, 3, 2))
    case("Matmul", torch.matmul, x(2, 2, 3), x(3))
    case("Addmm", torch.addmm, x(4), x(2, 3), x(3, 4))
    case("Cdist", torch.cdist, x(1, 3, 4), x(1, 2, 4), 2)
    case("CosineSimilarity", torch.cosine_similarity, x(3, 4), x(3, 4), 1)


def layers():
    case("Linear", F.linear, x(2, 3), x(4, 3), x(4))
    case("Linear", F.linear, x(2, 3), x(4, 3), None)
    batch_norm = torch.batch_norm
    case("BatchNorm", batch_norm, x(3, 2, 2, 2), x(2), x(2), const(2), const(2, low=0.5), True, 0.1, 1e-5, False)
    case("BatchNorm", batch_norm, x(3, 2), x(2), x(2), const(2), const(2, low=0.5), False, 0.1, 1e-5, False)
    case("LayerNorm", F.layer_norm, x(2, 3, 4), [3, 4], x(3, 4), x(3, 4), 1e-5)
    case("MaxPool2d", F.max_pool2d, x(1, 2, 5, 5), [3, 3], [2, 2], [1, 1], [1, 1], False)
    case("MaxPool2d", lambda t, k, s, p, d, c: F.max_pool2d(t, k, s, 0, 1, c), x(1, 1, 4, 4), [3], [2], None, None, True)
    case("AvgPool2d", F.avg_pool2d, x(1, 2, 4, 4), [2, 2], [2, 2], [1, 0], False, True)
    case("AvgPool2d", lambda t, k, s, p, c, i: F.avg_pool2d(t, k, s, p, c, i), x(1, 1, 5, 5), [3], None, [1], True, False)
    case("AdaptiveAvgPool2d", F.adaptive_avg_pool2d, x(2, 2, 5, 4), [2, 1])
    case("AdaptiveMaxPool2d", lambda t, s: F.adaptive_max_pool2d(t, s, return_indices=True), x(2, 2, 5, 4), [1, 1])
    case("CrossEntropy", F.cross_entropy, x(3, 4), ints([0, 3, 1]))
    case("MSELoss", lambda a, b, r: F.mse_loss(a, b, reduction=reduction(r)), x(2, 3), x(2, 3), 1)


def random_numbers():
    """Draws of one generator after the other, for each seed."""
    streams = []
    for seed in 0, 42, 2**64 - 1:
        g = torch.Generator().manual_seed(seed)
        draws = []
        for kind, n, dtype in ("normal", 5, f32), ("normal", 40, f32), ("normal", 20, f64), ("uniform", 6, f32), \
                ("uniform", 6, f64), ("bernoulli", 20, f32), ("randperm", 12, i64), ("normal", 3, f32):
            t = torch.empty(n, dtype=dtype)
            if kind == "normal":
                t.normal_(1, 2, generator=g)
            elif kind == "uniform":
                t.uniform_(-1, 3, generator=g)
            elif kind == "bernoulli":
                t.bernoulli_(0.3, generator=g)
            else:
                t = torch.randperm(n, generator=g)
            draws.append(dict(plain(t), kind=kind))
        streams.append({"seed": str(seed), "draws": draws})
    return streams


def write(folder, name, key, entries):
    with open(os.path.join(folder, name), "w") as f:
        f.write('{"torch": "%s", "%s": [\n' % (torch.__version__.split("+")[0], key))
        f.write(",\n".join(json.dumps(e, allow_nan=False) for e in entries) + "\n]}\n")


if __name__ == "__main__":
    for group in (pointwise, activations, comparison, in_place, reductions, shapes, joining, linear_algebra, layers,
                  *nn_cases.groups, *math_cases.groups, *linalg_cases.groups):
        group()
    folder = sys.argv[1] if len(sys.argv) > 1 else os.path.dirname(os.path.abspath(__file__))
    write(folder, "ops.json", "cases", cases)
    write(folder, "random.json", "streams", random_numbers())
