"""Cases of linear algebra, complex numbers, transforms and lists; make.py collects them."""

import torch

from cases import c128, case, const, f32, positive, x

L, fft = torch.linalg, torch.fft


def square(n, shift=3.0):
    """A well-conditioned matrix."""
    return (const(n, n) + shift * torch.eye(n, dtype=torch.float64)).requires_grad_()


def symmetric(n):
    m = const(n, n)
    return (m @ m.T + torch.diag(torch.arange(1.0, n + 1, dtype=torch.float64))).requires_grad_()


def products():
    case("Einsum", lambda e, t: torch.einsum(e, t), "bij,bjk->bik", [x(2, 2, 3), x(2, 3, 2)])
    case("Dot", torch.dot, x(4), x(4))
    case("Outer", torch.outer, x(2), x(3))
    case("Mv", torch.mv, x(2, 3), x(3))
    case("Addmv", lambda t, m, v, b, a: torch.addmv(t, m, v, beta=b, alpha=a), x(2), x(2, 3), x(3), 0.5, 2)
    case("Baddbmm", lambda t, m, n, b, a: torch.baddbmm(t, m, n, beta=b, alpha=a), x(2, 2), x(2, 2, 3), x(2, 3, 2), 0.5, 2)
    case("Kron", torch.kron, x(2, 2), x(1, 3))
    case("Cross", lambda a, b, d: L.cross(a, b, dim=d), x(2, 3), x(2, 3), -1)
    case("Tensordot", lambda a, b, i, j: torch.tensordot(a, b, (i, j)), x(2, 3, 2), x(3, 2, 2), [1, 2], [0, 1])
    case("Trace", torch.trace, x(3, 3))
    case("PairwiseDistance", torch.pairwise_distance, x(3, 4), x(3, 4), 2, 1e-6)
    case("Pdist", torch.pdist, x(4, 3), 2)
    case("ChainMatmul", L.multi_dot, [x(2, 3), x(3, 1), x(1, 4)])
    case("Cov", lambda t, c: torch.cov(t, correction=c), x(2, 5), 1)
    case("CorrCoef", torch.corrcoef, x(2, 5))


def decompositions():
    case("MatrixNorm", L.matrix_norm, x(2, 3, 2), "fro", [1, 2], True)
    case("MatrixNorm", lambda t, o, d, k: L.matrix_norm(t, o, keepdim=k), x(3, 2), "nuc", None, False)
    case("Inv", L.inv, square(3))
    case("Pinv", torch.pinverse, x(4, 2), 1e-12)
    case("Solve", L.solve, square(3), x(3, 2))
    case("SolveTriangular", lambda a, b, u, l, n: L.solve_triangular(a, b, upper=u, left=l, unitriangular=n),
         square(3), x(3, 2), True, True, False)
    case("Lstsq", L.lstsq, x(4, 2), x(4, 1))
    # These read half of a matrix, but spread the gradient over both.
    case("Cholesky", lambda t, u: L.cholesky(t, upper=u), symmetric(3), False, smooth=False)
    case("EigValsH", lambda t, u: L.eigvalsh(t, u), symmetric(3), "U", smooth=False)
    case("QR", L.qr, square(3), "reduced")
    case("SVD", lambda t, f: L.svd(t, f), const(3, 2), False)
    case("SingularValues", L.svdvals, x(3, 2))
    case("Eigh", lambda t, u: L.eigh(t, u), symmetric(3).detach(), "L")
    case("Det", L.det, square(3))
    case("SlogDet", L.slogdet, square(3))
    case("MatrixPower", L.matrix_power, square(3), 3)
    case("MatrixRank", lambda t, r: L.matrix_rank(t, r), torch.ones(3, 3, dtype=torch.float64), 1e-6)
    case("MatrixExp", torch.matrix_exp, x(3, 3))


def complex_numbers():
    z = torch.complex(const(2, 4), const(2, 4))
    case("Complex", torch.complex, x(2, 3), x(2, 3))
    case("Real", torch.real, z)
    case("Imag", torch.imag, z)
    case("ViewAsReal", torch.view_as_real, z)
    case("ViewAsComplex", torch.view_as_complex, x(3, 2))
    case("Conj", torch.conj_physical, z)
    case("Angle", torch.angle, z)
    case("Abs", torch.abs, z)
    case("Mul", torch.mul, z, z.conj().resolve_conj())
    case("FFT", lambda t, d: fft.fft(t, dim=d), x(2, 5), 1)
    case("FFT", lambda t, d: fft.fft(t, dim=d), z, 0)
    case("IFFT", lambda t, d: fft.ifft(t, dim=d), z, 1)
    case("RFFT", lambda t, d: fft.rfft(t, dim=d), x(2, 5), 1)
    case("IRFFT", fft.irfft, z, 5, 1)
    case("FFT2", lambda t, d: fft.fft2(t), x(2, 3, 4), None)
    case("IFFT2", lambda t, d: fft.ifft2(t, dim=d), z, [0, 1])
    case("RFFT2", lambda t, d: fft.rfft2(t, dim=d), x(3, 4), [0, 1])
    case("IRFFT2", lambda t, s, d: fft.irfft2(t, s), z, [2, 6], None)
    case("FFTShift", fft.fftshift, x(2, 5), [1])
    case("FFTShift", lambda t, d: fft.fftshift(t), x(3, 4), None)
    case("IFFTShift", fft.ifftshift, x(2, 5), [1])


def lists():
    def pair(low=-1.5):
        return [const(2, 3, low=low), const(4, low=low)]

    case("ForeachAdd", lambda a, b, k: torch._foreach_add(a, b, alpha=k), [x(2, 3), x(4)], [x(2, 3), x(4)], 0.5)
    case("ForeachMulScalar", torch._foreach_mul, [x(2, 3), x(4)], 1.5)
    case("ForeachSqrt", torch._foreach_sqrt, [positive(2, 3), positive(4)])
    case("ForeachNorm", torch._foreach_norm, [x(2, 3), x(4)], 2)
    def changing(fn):
        def call(*args):
            fn(*args)  # PyTorch returns the list again, ATen nothing
        return call

    case("ForeachZero", changing(torch._foreach_zero_), pair())
    case("ForeachCopy", changing(torch._foreach_copy_), pair(), pair())
    case("ForeachAddInPlace", changing(lambda a, b, k: torch._foreach_add_(a, b, alpha=k)), pair(), pair(), 0.5)
    case("ForeachAddScalarInPlace", changing(torch._foreach_add_), pair(), 1.5)
    case("ForeachMulInPlace", changing(torch._foreach_mul_), pair(), pair())
    case("ForeachMulScalarInPlace", changing(torch._foreach_mul_), pair(), 1.5)
    case("ForeachMulTensorInPlace", changing(torch._foreach_mul_), pair(), torch.tensor(1.5, dtype=torch.float64))
    case("ForeachDivInPlace", changing(torch._foreach_div_), pair(), pair(0.5))
    case("ForeachSqrtInPlace", changing(torch._foreach_sqrt_), pair(0.5))
    case("ForeachLerpInPlace", changing(torch._foreach_lerp_), pair(), pair(), 0.25)
    case("ForeachAddcmulInPlace", changing(torch._foreach_addcmul_), pair(), pair(), pair(), 0.5)
    case("ForeachAddcdivInPlace", changing(torch._foreach_addcdiv_), pair(), pair(), pair(0.5), 0.5)

    def sgd(p, g, m, weight_decay, momentum, lr, dampening, nesterov, maximize, first):
        torch._fused_sgd_(p, g, m, weight_decay=weight_decay, momentum=momentum, lr=lr, dampening=dampening,
                          nesterov=nesterov, maximize=maximize, is_first_step=first)

    case("FusedSGD", sgd, pair(), pair(), pair(), 0.01, 0.9, 0.1, 0, True, False, False)

    def adam(fn):
        def step(p, g, m, v, peak, steps, lr, beta1, beta2, weight_decay, eps, amsgrad, maximize):
            fn(p, g, m, v, peak, steps, lr=lr, beta1=beta1, beta2=beta2, weight_decay=weight_decay, eps=eps,
               amsgrad=amsgrad, maximize=maximize)
        return step

    def steps():
        return [torch.tensor(3.0, dtype=f32), torch.tensor(3.0, dtype=f32)]

    case("FusedAdam", adam(torch._fused_adam_), pair(), pair(), pair(), pair(0.5), [], steps(), 0.1, 0.9, 0.99, 0.01, 1e-8, False, False)
    case("FusedAdamW", adam(torch._fused_adamw_), pair(), pair(), pair(), pair(0.5), pair(0.5), steps(), 0.1, 0.9, 0.99, 0.01, 1e-8, True, False)


groups = products, decompositions, complex_numbers, lists
