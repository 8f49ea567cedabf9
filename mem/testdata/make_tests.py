#!/usr/bin/env python3
"""Writes tests.json: two-sample tests, effect sizes and bootstraps from SciPy and
mpmath.

Usage: python3 make_tests.py [FILE]   (needs scipy, numpy and mpmath)

The samples are drawn with a fixed seed; every expected value comes from the
library functions named here or, for the non-central t, from integration, none
from sslmem.
"""
import json
import os
import sys

import numpy as np
import scipy
from mpmath import mp
from scipy import optimize, special, stats

rng = np.random.default_rng(19080301)


def normal(n, mean=0.0, sd=1.0, digits=4):
    return np.round(rng.normal(mean, sd, n), digits)


def mean_difference(a, b, axis):
    return np.mean(a, axis=axis) - np.mean(b, axis=axis)


def noncentral_t(df, nc, t):
    """P(T <= t), by integration: scipy.stats.nct keeps few digits, and gives NaN far out."""
    width = 1 / np.sqrt(2 * df)
    cuts = [c for c in 1 + width * np.arange(-14, 17) if c > 0] + [0 if width > 0.07 else 1 - 14 * width]
    if t != 0:
        cuts += [c for c in (nc + np.arange(-12, 13)) / t if min(cuts) < c < max(cuts)]
    cuts = np.sort(cuts)
    x, w = np.polynomial.legendre.leggauss(24)
    half = np.diff(cuts)[:, None] / 2
    s = (cuts[:-1, None] + half * (1 + x)).astype(np.longdouble)
    log = float(mp.log(2) + mp.mpf(df) / 2 * mp.log(mp.mpf(df) / 2) - mp.loggamma(mp.mpf(df) / 2) - mp.mpf(df) / 2)
    density = np.exp(log + df / 2 * (1 - s * s + 2 * np.log(s)) - np.log(s))
    return float(np.sum(half * w * density * special.ndtr((t * s - nc).astype(np.float64))))


def noncentrality(t, df, p):
    """The nc with P(T <= t) = p."""
    start = t - special.ndtri(p) * np.sqrt(1 + t * t / (2 * df))
    return optimize.brentq(lambda nc: noncentral_t(df, nc, t) - p, start - 2, start + 2, xtol=1e-14, rtol=1e-14)


mp.dps = 40


def student(name, a, b):
    a, b = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    two = stats.ttest_ind(a, b)
    ci = two.confidence_interval(0.95)
    # Cohen's d, its interval by inverting the non-central t, and Hedges' g.
    na, nb = len(a), len(b)
    df, unit = na + nb - 2, np.sqrt(1 / na + 1 / nb)
    t = two.statistic
    at = lambda p: noncentrality(t, df, p)
    d = t * unit
    j = np.exp(special.gammaln(df / 2) - special.gammaln((df - 1) / 2)) / np.sqrt(df / 2)
    return {
        "name": name, "a": a.tolist(), "b": b.tolist(),
        "t": t, "df": two.df, "p_two_sided": two.pvalue, "low": ci.low, "high": ci.high,
        "p_greater": stats.ttest_ind(a, b, alternative="greater").pvalue,
        "p_less": stats.ttest_ind(a, b, alternative="less").pvalue,
        "d": d, "d_low": at(0.975) * unit, "d_high": at(0.025) * unit, "g": j * d,
    }


students = [
    student("two and three", [0.5, 1.25], [-1.0, 0.125, 0.25]),
    student("small", normal(5, 0.3), normal(9, 0.0, 2.0)),
    student("no difference", normal(60), normal(60)),
    student("like a demo", normal(100, 0.012, 0.04), normal(80, 0.001, 0.05)),
    student("negative", normal(40, -0.8), normal(70, 0.2, 1.5)),
    student("one without variance", [0.25] * 6, normal(8, 0.1, 0.3)),
    student("large", normal(120, 3.0), normal(90, 0.0)),
]

permutations = []
for name, a, b in [
    ("two and three", [2.5, 0.3], [0.1, 0.2, 3.0]),
    ("four and five", normal(4, 1), normal(5)),
    ("six and three", normal(6, -1), normal(3)),
    ("ties", [1, 1, 2, 3, 3], [1, 2, 2, 3]),
    ("seven and seven", normal(7, 1.5), normal(7)),
]:
    a, b = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    p = {alt: stats.permutation_test((a, b), mean_difference, permutation_type="independent", n_resamples=np.inf,
                                     alternative=alt, vectorized=True).pvalue for alt in ("greater", "less", "two-sided")}
    permutations.append({"name": name, "a": a.tolist(), "b": b.tolist(),
                         "p_greater": p["greater"], "p_less": p["less"], "p_two_sided": p["two-sided"]})


class Replay(np.random.Generator):
    """Draws what was drawn before, in order, so that both sides resample alike."""

    def __init__(self, draws):
        super().__init__(np.random.PCG64(0))
        self.draws = iter(draws)

    def integers(self, low, high=None, size=None, **kwargs):
        drawn = next(self.draws)
        assert drawn.shape == tuple(size) and drawn.min() >= low and drawn.max() < high
        return drawn


def bootstrap(samples, resamples):
    samples = [np.exp(normal(n, 0, s)) for n, s in samples]  # skewed, so that BCa differs
    draws = [rng.integers(0, len(x), (resamples, len(x))) for x in samples]
    statistic = (lambda a, axis: np.mean(a, axis=axis)) if len(samples) == 1 else mean_difference
    out = {"samples": [x.tolist() for x in samples], "draws": [d.tolist() for d in draws]}
    for method in ("percentile", "BCa"):
        r = stats.bootstrap(samples, statistic, n_resamples=resamples, method=method, vectorized=True, rng=Replay(draws))
        out[method] = [r.confidence_interval.low, r.confidence_interval.high]
        out["se"] = r.standard_error
    return out


bootstraps = [bootstrap([(8, 1.0)], 199), bootstrap([(15, 0.5)], 99), bootstrap([(7, 1.2), (11, 0.4)], 199)]

smirnovs = []
for name, a, b in [
    ("two and one", [1.0, 3.0], [2.0]),
    ("equal sizes", normal(20, 0.5), normal(20)),
    ("unequal", normal(12), normal(19, -0.7)),
    ("ties", [1, 2, 2, 3, 5, 5], [2, 2, 2, 4, 5, 6, 6, 7, 8]),
    ("the same", [1, 2, 3], [1, 2, 3]),
    ("spread alone", normal(90, 0, 3), normal(60)),
    ("apart", normal(30, 9), normal(25)),
    ("like a demo", normal(150, 0.012, 0.04), normal(200, 0.001, 0.05)),
    ("tiny p", normal(150, 2.2), normal(120)),
    ("larger", normal(400, 0, 1, 2), normal(500, 0.05, 1, 2)),
]:
    a, b = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    exact, asymptotic = stats.ks_2samp(a, b, method="exact"), stats.ks_2samp(a, b, method="asymp")
    smirnovs.append({"name": name, "a": a.tolist(), "b": b.tolist(), "d": exact.statistic, "at": exact.statistic_location,
                     "sign": int(exact.statistic_sign), "p_exact": exact.pvalue, "p_asymptotic": asymptotic.pvalue})

kolmogorov = []
for n in [1, 2, 10, 57, 140, 141, 1000, 4321, 100_000, 250_000]:
    for z in [0.3, 0.45, 0.6, 0.8, 1.0, 1.2, 1.45, 1.5, 1.9, 2.1, 3.0, 6.0]:
        d = z / np.sqrt(n)
        if d < 1:
            kolmogorov.append({"n": n, "d": d, "p": stats.kstwo.sf(d, n)})

noncentral = []
for df in [1.0, 18.0, 9998.0, 89998.0]:
    for t in [-2.5, 0.0, 0.7, 66.0]:
        for delta in [t - 2.1, t - 0.4, t + 1.7]:
            noncentral.append({"df": df, "t": t, "delta": delta, "p": noncentral_t(df, delta, t)})

fixture = {
    "made_with": f"scipy {scipy.__version__}, numpy {np.__version__}",
    "student": students, "permutation": permutations, "bootstrap": bootstraps, "smirnov": smirnovs,
    "kolmogorov": kolmogorov, "noncentral": noncentral,
}
path = sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(os.path.abspath(__file__)), "tests.json")
with open(path, "w", encoding="ascii") as f:
    json.dump(fixture, f, indent=None, separators=(",", ":"), default=float)
    f.write("\n")
