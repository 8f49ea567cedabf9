"""Cases of activations, layers, losses and random draws; make.py collects them."""

import torch
import torch.nn.functional as F

from cases import bools, case, const, ints, positive, reduction, x

A = torch.ops.aten


def activations():
    case("GeluTanh", lambda t: F.gelu(t, approximate="tanh"), x(8))
    case("Silu", F.silu, x(8))
    case("Mish", F.mish, x(8))
    case("Hardtanh", F.hardtanh, x(8), -0.5, 0.75)
    case("Hardswish", F.hardswish, x(8, low=-4.0, high=4.0))
    case("Hardsigmoid", F.hardsigmoid, x(8, low=-4.0, high=4.0))
    case("LeakyRelu", F.leaky_relu, x(8), 0.125)
    case("Elu", F.elu, x(8), 1.5)
    case("Selu", F.selu, x(8))
    case("Celu", F.celu, x(8), 0.75)
    case("Prelu", F.prelu, x(2, 3, 2), x(3))
    case("Prelu", F.prelu, x(5), x(1))
    case("Softplus", F.softplus, x(8), 1.5, 2)
    case("LogSigmoid", F.logsigmoid, x(8))
    case("Glu", F.glu, x(2, 6), 1)


def convolutions():
    def conv(dims):
        fn = getattr(torch, f"conv{dims}d")
        return lambda t, w, b, stride, padding, dilation, groups: fn(t, w, b, stride or 1, padding or 0, dilation or 1, groups)

    case("Conv2d", conv(2), x(2, 2, 5, 4), x(3, 2, 3, 3), x(3), [2, 1], [1], None, 1)
    case("Conv2d", conv(2), x(1, 2, 4, 4), x(2, 2, 1, 1), None, None, None, None, 1)
    case("Conv2d", conv(2), x(1, 4, 5, 5), x(2, 2, 2, 2), x(2), [1, 1], [0, 1], [2, 1], 2)
    case("Conv1d", conv(1), x(2, 2, 7), x(3, 2, 3), x(3), [2], [1], [1], 1)
    case("Conv1d", conv(1), x(1, 4, 6), x(4, 2, 2), None, None, None, [2], 2)
    case("Conv3d", conv(3), x(1, 2, 3, 4, 3), x(2, 2, 2, 2, 2), x(2), [1, 2, 1], [0, 1, 0], None, 1)
    case("ConvTranspose2d", torch.conv_transpose2d, x(1, 2, 3, 3), x(2, 2, 3, 2), x(2), [2, 1], [1, 0], [1, 0], 1, [1, 1])
    case("ConvTranspose2d", lambda t, w, *rest: torch.conv_transpose2d(t, w, groups=2), x(1, 2, 2, 3), x(2, 1, 2, 2), None,
         None, None, None, 2, None)
    case("Unfold", A.im2col, x(1, 2, 4, 4), [2, 3], [1, 1], [0, 1], [2, 1])
    case("Fold", A.col2im, x(1, 8, 4), [3, 3], [2, 2], [1, 1], [0, 0], [1, 1])


def normalization():
    case("GroupNorm", F.group_norm, x(2, 4, 3), 2, x(4), x(4), 1e-5)
    case("GroupNorm", F.group_norm, x(2, 4), 2, None, None, 1e-5)
    case("InstanceNorm", torch.instance_norm, x(2, 2, 5), x(2), x(2), None, None, True, 0.1, 1e-5, False)
    case("InstanceNorm", torch.instance_norm, x(2, 2, 5), None, None, const(2), const(2, low=0.5), True, 0.1, 1e-5, False)
    case("RMSNorm", F.rms_norm, x(2, 3), [3], x(3), 1e-5)
    case("Embedding", lambda w, i, p: F.embedding(i, w, p), x(4, 3), ints([[1, 3], [0, 1]]), 0, smooth=False)
    case("Embedding", lambda w, i, p: F.embedding(i, w), x(4, 3), ints([2, 2]), -1)


def attention():
    sdpa = F.scaled_dot_product_attention
    case("ScaledDotProductAttention", lambda q, k, v, m, c: sdpa(q, k, v, m, is_causal=c),
         x(1, 2, 3, 4), x(1, 2, 5, 4), x(1, 2, 5, 3), None, False)
    case("ScaledDotProductAttention", lambda q, k, v, m, c: sdpa(q, k, v, m, is_causal=c),
         x(2, 3, 2), x(2, 3, 2), x(2, 3, 2), None, True)
    case("ScaledDotProductAttention", lambda q, k, v, m, c: sdpa(q, k, v, m, is_causal=c),
         x(2, 2, 2), x(2, 3, 2), x(2, 3, 2), bools([[True, False, True], [False, True, True]]), False)


def pooling():
    case("MaxPool1d", F.max_pool1d, x(1, 2, 7), [3], [2], [1], [1], False)
    case("MaxPool1d", lambda t, *a: F.max_pool1d(t, 2), x(2, 1, 4), [2], None, None, None, False)
    case("MaxPool2dIndices", lambda *a: F.max_pool2d(*a, return_indices=True), x(1, 2, 4, 4), [2, 2], [2, 2], [0, 0], [1, 1], False)
    case("MaxPool3d", F.max_pool3d, x(1, 1, 4, 4, 4), [2, 2, 2], [2, 2, 2], [0, 0, 0], [1, 1, 1], False)
    case("AvgPool1d", F.avg_pool1d, x(1, 2, 7), [3], [2], [1], False, False)
    case("AvgPool3d", F.avg_pool3d, x(1, 1, 3, 4, 4), [2, 2, 2], [1, 2, 2], [0, 0, 0], False, True)
    case("AdaptiveAvgPool1d", F.adaptive_avg_pool1d, x(2, 2, 5), [3])


def resizing():
    case("Pad", F.pad, x(2, 3), [1, 2], "constant", 0.5)
    case("Pad", F.pad, x(1, 1, 3, 3), [1, 2, 0, 1], "reflect", 0)
    case("Pad", F.pad, x(1, 1, 2, 3), [1, 1, 2, 0], "replicate", 0)
    case("Pad", F.pad, x(1, 2, 3), [1, 2], "circular", 0)
    case("PixelShuffle", F.pixel_shuffle, x(1, 4, 2, 3), 2)
    case("PixelUnshuffle", F.pixel_unshuffle, x(1, 1, 4, 2), 2)
    case("UpsampleNearest2d", lambda t, s: F.interpolate(t, s), x(1, 2, 3, 3), [5, 2])
    case("UpsampleNearestExact2d", lambda t, s: F.interpolate(t, s, mode="nearest-exact"), x(1, 2, 3, 3), [5, 2])
    for mode, name in ("bilinear", "Bilinear"), ("bicubic", "Bicubic"):
        def resize(t, s, a, mode=mode, antialias=False):
            return F.interpolate(t, s, mode=mode, align_corners=a, antialias=antialias)

        case(f"Upsample{name}2d", resize, x(1, 2, 3, 4), [5, 6], False)
        case(f"Upsample{name}2d", resize, x(1, 1, 3, 4), [2, 6], True)
        case(f"Upsample{name}2dAA", lambda t, s, a: resize(t, s, a, antialias=True), x(1, 2, 6, 5), [3, 2], False)
    case("GridSampler", torch.grid_sampler, x(1, 2, 4, 4), x(1, 2, 3, 2, low=-0.9, high=0.9), 0, 0, False)
    case("GridSampler", torch.grid_sampler, x(1, 1, 3, 3), x(1, 2, 2, 2, low=-1.5, high=1.5), 2, 1, True)
    case("GridSampler", torch.grid_sampler, x(1, 1, 3, 3), x(1, 2, 2, 2, low=-1.2, high=1.2), 1, 2, False)
    case("AffineGrid", lambda t, s, a: F.affine_grid(t, s, a), x(2, 2, 3), [2, 1, 2, 3], False)


def losses():
    def loss(fn):
        return lambda a, b, r, *rest: fn(a, b, reduction=reduction(r), **dict(zip(["beta"], rest)))

    def cross_entropy(t, y, w, r, i, s):
        return F.cross_entropy(t, y, w, reduction=reduction(r), ignore_index=i, label_smoothing=s)

    def nll(t, y, w, r, i):
        return F.nll_loss(t, y, w, reduction=reduction(r), ignore_index=i)

    case("MSELoss", loss(F.mse_loss), x(2, 3), x(2, 3), 0)
    case("MSELoss", loss(F.mse_loss), x(4), x(4), 2)
    case("CrossEntropyLoss", cross_entropy, x(4, 3), ints([0, 2, 1, 2]), const(3, low=0.5), 1, 1, 0.125)
    case("CrossEntropyLoss", cross_entropy, x(2, 3, 2), ints([[0, 2], [1, 2]]), None, 0, -100, 0)
    case("CrossEntropyLoss", cross_entropy, x(2, 3), torch.softmax(x(2, 3), 1).detach(), None, 2, -100, 0)
    case("NLLLoss", nll, x(3, 4), ints([0, 3, 1]), const(4, low=0.5), 1, 3)
    case("NLLLoss", nll, x(1, 3, 2, 2), ints([[[0, 2], [1, 1]]]), None, 2, -100)
    case("L1Loss", loss(F.l1_loss), x(2, 3), x(2, 3), 1)
    case("SmoothL1Loss", loss(F.smooth_l1_loss), x(2, 4), x(2, 4), 1, 0.75)
    case("HuberLoss", lambda a, b, r, d: F.huber_loss(a, b, reduction(r), d), x(2, 4), x(2, 4), 2, 0.75)
    case("BinaryCrossEntropy", lambda a, b, w, r: F.binary_cross_entropy(a, b, w, reduction=reduction(r)),
         x(5, low=0.1, high=0.9), const(5, low=0.0, high=1.0), const(5, low=0.5), 1)
    case("BinaryCrossEntropyWithLogits",
         lambda a, b, w, p, r: F.binary_cross_entropy_with_logits(a, b, w, reduction=reduction(r), pos_weight=p),
         x(2, 3), const(2, 3, low=0.0, high=1.0), None, const(3, low=0.5), 1)
    case("KLDiv", lambda a, b, r, l: F.kl_div(a, b, reduction=reduction(r), log_target=l), x(2, 3), positive(2, 3), 2, False)
    case("KLDiv", lambda a, b, r, l: F.kl_div(a, b, reduction=reduction(r), log_target=l), x(2, 3), x(2, 3), 1, True)
    case("CosineEmbeddingLoss", lambda a, b, y, m, r: F.cosine_embedding_loss(a, b, y, m, reduction=reduction(r)),
         x(4, 3), x(4, 3), ints([1, -1, 1, -1]), -0.9, 0)
    case("TripletMarginLoss",
         lambda a, p, n, m, o, e, s, r: F.triplet_margin_loss(a, p, n, m, o, e, s, reduction=reduction(r)),
         x(3, 4), x(3, 4), x(3, 4), 3, 2, 1e-6, True, 1)
    case("MarginRankingLoss", lambda a, b, y, m, r: F.margin_ranking_loss(a, b, y, m, reduction=reduction(r)),
         x(4), x(4), ints([1, -1, -1, 1]), 0.5, 2)


def draws():
    def seeded(n):
        return torch.Generator().manual_seed(n)

    chances = const(2, 5, low=0.0, high=1.0)
    case("Multinomial", lambda t, n, r, g: torch.multinomial(t, n, r, generator=g), chances, 6, True, seeded(1))
    case("Multinomial", lambda t, n, r, g: torch.multinomial(t, n, r, generator=g), chances, 3, False, seeded(2))
    case("BernoulliLike", lambda t, g: torch.bernoulli(t, generator=g), chances, seeded(3))
    case("NormalLike", lambda t, s, g: torch.normal(t, s, generator=g), const(20), positive(20).detach(), seeded(4))
    case("PoissonLike", lambda t, g: torch.poisson(t, generator=g), positive(2, 4).detach(), seeded(5))
    case("ExponentialInPlace", lambda t, r, g: t.exponential_(r, generator=g), const(20), 2, seeded(6), inplace=True)
    case("RandintInPlace", lambda t, a, b, g: t.random_(a, b, generator=g), ints([0] * 12), -3, 9, seeded(7), inplace=True)


groups = activations, convolutions, normalization, attention, pooling, resizing, losses, draws
