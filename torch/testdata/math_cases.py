"""Cases of pointwise, comparing, in-place, reducing and shape operators; make.py collects them."""

import math

import torch

from cases import bools, case, const, f32, i64, ints, positive, x

inf, nan = math.inf, math.nan


def pointwise():
    for name in "square exp2 expm1 sin cos tan atan sinh cosh erf erfc floor ceil round trunc frac".split():
        case(name.capitalize(), getattr(torch, name), x(6))
    for name in "reciprocal log2 log10 log1p lgamma digamma".split():
        case(name.capitalize(), getattr(torch, name), positive(5))
    for name in "asin acos atanh erfinv".split():
        case(name.capitalize(), getattr(torch, name), x(6, low=-0.9, high=0.9))
    case("Round", torch.round, torch.tensor([0.5, 1.5, -2.5, 2.4], dtype=torch.float64))
    case("DivMode", lambda a, b, m: torch.div(a, b, rounding_mode=m), ints([7, -7, 9]), ints([2, 2, -4]), "floor")
    case("DivMode", lambda a, b, m: torch.div(a, b, rounding_mode=m), const(2, 3), const(3), "trunc")
    case("PowTensor", torch.pow, positive(2, 3), x(3))
    case("Xlogy", torch.xlogy, x(2, 3), positive(3))
    case("LogAddExp", torch.logaddexp, x(2, 3), x(3))
    case("Atan2", torch.atan2, x(2, 3), x(3))
    case("Hypot", torch.hypot, x(2, 3), x(3))
    case("Logit", torch.logit, x(6, low=0.05, high=0.95), 0.1)
    case("Fmod", torch.fmod, x(2, 4, low=-5.0, high=5.0), x(4, low=0.7, high=1.9))
    case("Remainder", torch.remainder, x(2, 4, low=-5.0, high=5.0), x(4, low=0.7, high=1.9))
    case("Remainder", torch.remainder, ints([7, -7, 7]), ints([4, 4, -4]))
    case("RemainderScalar", torch.remainder, ints([7, -7, 3]), 4)
    case("FloorDivide", torch.floor_divide, ints([7, -7, 9]), ints([2, 2, -4]))
    case("ClampMin", torch.clamp_min, x(6), 0.25)
    case("ClampMax", torch.clamp_max, x(6), 0.25)
    case("NanToNum", torch.nan_to_num, torch.tensor([1.5, nan, inf, -inf], dtype=torch.float64), 0.5, 9, -9)
    case("Lerp", torch.lerp, x(2, 3), x(3), 0.25)
    case("Addcmul", lambda t, a, b, v: torch.addcmul(t, a, b, value=v), x(2, 3), x(3), x(2, 1), 1.5)
    case("Addcdiv", lambda t, a, b, v: torch.addcdiv(t, a, b, value=v), x(2, 3), x(3), positive(2, 1), -0.5)
    a, b = ints([12, 10, -1]), ints([10, 6, 5])
    for name in "and", "or", "xor":
        case("Bitwise" + name.capitalize(), getattr(torch, "bitwise_" + name), a, b)
    case("BitwiseNot", torch.bitwise_not, ints([0, 5, -3]))
    case("BitwiseNot", torch.bitwise_not, bools([True, False]))


def comparing():
    a = ints([[1, 2, 3], [4, 5, 6]])
    case("NeScalar", torch.ne, a, 5)
    case("LeScalar", torch.le, const(6), 0.2)
    case("GeScalar", torch.ge, const(6), 0.2)
    case("EqInt", torch.eq, a, 5)
    case("LogicalOr", torch.logical_or, bools([True, True, False]), bools([True, False, False]))
    case("LogicalXor", torch.logical_xor, bools([True, True, False]), bools([True, False, False]))
    case("IsInf", torch.isinf, const(3) / ints([1, 0, 2]))
    near = torch.tensor([1.0, nan, 3.0, inf], dtype=torch.float64), torch.tensor([1.01, nan, 3.5, inf], dtype=torch.float64)
    case("IsClose", torch.isclose, *near, 0.02, 0, True)
    case("AllClose", torch.allclose, *near, 0.02, 0, True)
    case("AllClose", torch.allclose, *near, 0.5, 0, True)
    case("IsIn", torch.isin, a, ints([2, 6, 9]))
    case("WhereScalar", torch.where, bools([[True, False], [False, True]]), x(2, 2), -1.5)
    case("MaskedScatter", torch.masked_scatter, x(2, 3), bools([True, False, True]), x(5))


def in_place():
    def changed(name, op, *args, **options):
        keys = list(options)
        case(name, lambda t, *a: getattr(t, op)(*a[:len(args) - 1], **dict(zip(keys, a[len(args) - 1:]))),
             *args, *options.values(), inplace=True)

    changed("DivInPlace", "div_", x(2, 3), positive(3))
    changed("DivScalarInPlace", "div_", x(3), 4)
    changed("SubScalarInPlace", "sub_", x(3), 0.5)
    changed("AddcmulInPlace", "addcmul_", x(2, 3), x(3), x(2, 1), value=1.5)
    changed("AddcdivInPlace", "addcdiv_", x(2, 3), x(3), positive(2, 1), value=-0.5)
    changed("ClampInPlace", "clamp_", x(8), -0.5, 0.75)
    changed("ExpInPlace", "exp_", x(4))
    changed("SqrtInPlace", "sqrt_", positive(4))
    changed("NegInPlace", "neg_", x(4))
    changed("MaskedFillInPlace", "masked_fill_", x(2, 3), bools([True, False, True]), 2.5)
    changed("FillInt", "fill_", ints([1, 2]), 7)
    index = ints([2, 0, 2])
    changed("IndexAddInPlace", "index_add_", x(3, 2), 0, index, x(3, 2), alpha=0.5)
    changed("IndexCopyInPlace", "index_copy_", x(3, 2), 0, ints([2, 0]), x(2, 2))
    changed("IndexFillInPlace", "index_fill_", x(3, 2), 0, ints([2, 0]), 1.5)
    changed("IndexPutInPlace", "index_put_", x(3, 2), [ints([1, 1]), ints([0, 1])], x(2), False)
    changed("ScatterInPlace", "scatter_", x(2, 3), 1, ints([[2, 0], [1, 2]]), x(2, 2))
    changed("ScatterAddInPlace", "scatter_add_", x(2, 3), 1, ints([[2, 2], [1, 2]]), x(2, 2))


def reductions():
    case("Prod", torch.prod, x(2, 3))
    case("ProdDim", torch.prod, x(2, 3), 1, True)
    case("Max", torch.max, x(2, 3))
    case("Min", torch.min, x(2, 3))
    case("MinDim", torch.min, x(3, 4), 1, False)
    case("Argmin", torch.argmin, const(3, 4), 0, True)
    case("ArgmaxAll", torch.argmax, const(3, 4))
    case("ArgminAll", torch.argmin, const(3, 4))
    case("AllDim", torch.all, bools([[True, False], [True, True]]), 1, False)
    case("AnyDim", torch.any, bools([[True, False], [False, False]]), 1, True)
    for name, op in ("CumSum", "cumsum"), ("CumProd", "cumprod"), ("CumMax", "cummax"), ("CumMin", "cummin"), \
            ("LogCumSumExp", "logcumsumexp"):
        case(name, getattr(torch, op), x(2, 4), 1)
    case("MedianDim", torch.median, x(2, 4), 1, False)
    gaps = torch.tensor([[1.5, nan, 2.0], [nan, nan, 0.25]], dtype=torch.float64)
    case("NanMean", torch.nanmean, gaps, [1], False)
    case("NanSum", torch.nansum, gaps, [0], True)
    case("NanSum", lambda t, d, k: torch.nansum(t), gaps, None, False)
    case("Quantile", torch.quantile, x(3, 5), torch.tensor([0.25, 0.6], dtype=torch.float64), 1, False)
    case("VarMean", lambda t, d, c, k: torch.var_mean(t, d, correction=c, keepdim=k), x(3, 4), [1], 1, False)
    case("StdMean", lambda t, d, c, k: torch.std_mean(t, d, correction=c, keepdim=k), x(3, 4), [0], 0, True)
    case("CountNonzero", torch.count_nonzero, ints([[0, 1, 2], [0, 0, 3]]), [1])
    case("Histc", torch.histc, const(20), 4, -1, 1)
    case("Bincount", torch.bincount, ints([1, 3, 1, 0]), const(4), 6)
    case("Bincount", torch.bincount, ints([1, 3, 1, 0]), None, 0)
    case("Unique", lambda t: torch.unique(t, return_inverse=True, return_counts=True), ints([[3, 1, 3], [2, 1, 3]]))
    case("UniqueDim", lambda t, d: torch.unique(t, dim=d, return_inverse=True, return_counts=True), ints([[3, 1], [2, 1], [3, 1]]), 0)


def shapes():
    case("SqueezeAll", torch.squeeze, x(1, 2, 1, 3))
    case("Unflatten", torch.unflatten, x(2, 6), 1, [3, -1])
    case("Movedim", torch.movedim, x(2, 3, 4), 0, 2)
    case("SwapAxes", torch.swapaxes, x(2, 3, 2), 0, -1)
    case("UnfoldDim", lambda t, *a: t.unfold(*a), x(2, 7), 1, 3, 2)
    case("ExpandAs", lambda t, o: t.expand_as(o), x(3, 1), const(2, 3, 2))
    case("Tile", torch.tile, x(2, 3), [2])
    case("RepeatInterleave", torch.repeat_interleave, x(2, 3), 2, 1)
    case("RepeatInterleaveTensor", torch.repeat_interleave, x(3, 2), ints([2, 0, 1]), 0)
    case("Roll", torch.roll, x(3, 4), [1, -2], [0, 1])
    case("Roll", lambda t, s, d: torch.roll(t, s), x(2, 3), [2], None)
    case("Rot90", torch.rot90, x(2, 3), 1, [0, 1])
    case("Tril", torch.tril, x(3, 4), 1)
    case("Triu", torch.triu, x(3, 4), -1)
    case("Diag", torch.diag, x(3), 1)
    case("Diag", torch.diag, x(3, 4), 0)
    case("DiagEmbed", torch.diag_embed, x(2, 3), -1, 0, 2)


def indexing():
    case("Unbind", torch.unbind, x(2, 3), 1)
    case("SplitSizes", torch.split, x(5, 2), [1, 4], 0)
    case("TensorSplit", torch.tensor_split, x(5, 2), 3, 0)
    case("ArgSort", torch.argsort, const(2, 5), 1, True)
    case("SortStable", lambda t, s, d, r: torch.sort(t, stable=s, dim=d, descending=r), ints([2, 1, 2, 1, 2]), True, 0, True)
    case("Kthvalue", torch.kthvalue, x(2, 5), 2, 1, False)
    edges = torch.tensor([-1.0, 0.0, 0.5, 1.0], dtype=torch.float64)
    case("SearchSorted", lambda e, t, r: torch.searchsorted(e, t, right=r), edges, torch.tensor([0.0, 0.7, 2.0], dtype=torch.float64), False)
    case("Bucketize", lambda t, e, r: torch.bucketize(t, e, right=r), torch.tensor([[0.0, 0.7], [2.0, -3.0]], dtype=torch.float64), edges, True)
    case("TakeAlongDim", torch.take_along_dim, x(2, 3), ints([[2], [0]]), 1)
    case("IndexAdd", lambda t, d, i, s, a: torch.index_add(t, d, i, s, alpha=a), x(3, 2), 0, ints([2, 0, 2]), x(3, 2), 0.5)
    case("IndexPut", torch.ops.aten.index_put, x(3, 2), [None, ints([1, 1])], x(3, 2), True)
    case("ScatterAdd", torch.scatter_add, x(2, 3), 1, ints([[2, 2], [1, 2]]), x(2, 2))
    for way, whole in ("sum", True), ("mean", True), ("amax", False), ("prod", True):
        case("ScatterReduce", lambda t, d, i, s, r, w: torch.scatter_reduce(t, d, i, s, r, include_self=w),
             x(2, 3), 1, ints([[2, 2], [1, 2]]), x(2, 2), way, whole)
    case("Nonzero", torch.nonzero, ints([[0, 1], [2, 0]]))
    case("OneHot", torch.nn.functional.one_hot, ints([0, 2, 1]), 4)
    case("Meshgrid", lambda t, i: torch.meshgrid(*t, indexing=i), [x(2), x(3)], "xy")
    case("CartesianProd", lambda t: torch.cartesian_prod(*t), [x(2), x(3)])
    case("BlockDiag", lambda t: torch.block_diag(*t), [x(2, 1), x(1, 3)])


def creation():
    t = const(2, 3)
    case("ZerosLike", torch.zeros_like, t)
    case("OnesLike", torch.ones_like, t)
    case("FullLike", torch.full_like, ints([1, 2]), 7)
    case("EmptyLike", torch.empty_like, const(0, 3))
    case("NewZeros", lambda t, s: t.new_zeros(s), t, [4])
    cpu = torch.device("cpu")
    case("Linspace", lambda a, b, n, d, dev: torch.linspace(a, b, n, dtype=d, device=dev), -1, 2, 7, f32, cpu)
    case("TrilIndices", lambda r, c, o, dev: torch.tril_indices(r, c, o, device=dev), 3, 4, 1, cpu)
    case("TriuIndices", lambda r, c, o, dev: torch.triu_indices(r, c, o, device=dev), 3, 4, -1, cpu)


groups = pointwise, comparing, in_place, reductions, shapes, indexing, creation
