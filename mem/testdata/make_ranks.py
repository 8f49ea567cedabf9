#!/usr/bin/env python3
"""Writes ranks.json: agreement of rankings from SciPy.

Usage: python3 make_ranks.py [FILE]   (needs scipy and numpy)

The scores are drawn with a fixed seed; every expected value comes from scipy.
"""
import json
import os
import sys

import numpy as np
import scipy
from scipy import stats

rng = np.random.default_rng(19380601)


def agreement(name, a, b):
    a, b = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    s, k = stats.spearmanr(a, b), stats.kendalltau(a, b)
    return {"name": name, "a": a.tolist(), "b": b.tolist(), "rho": s.statistic, "p_rho": s.pvalue, "tau": k.statistic, "p_tau": k.pvalue}


def noisy(n, noise, digits=4):
    x = rng.normal(size=n)
    return np.round(x, digits), np.round(x + noise * rng.normal(size=n), digits)


agreements = [
    agreement("three", [1, 2, 3], [1, 3, 2]),
    agreement("four in order", [1, 2, 3, 4], [2, 4, 5, 9]),
    agreement("six", *noisy(6, 1)),
    agreement("half of the pairs", [1, 2, 3, 4, 5], [3, 5, 1, 4, 2]),
    agreement("thirty-three", *noisy(33, 1)),
    agreement("thirty-four", *noisy(34, 1)),
    agreement("one pair of forty", range(40), [1, 0, *range(2, 40)]),
    agreement("opposite", *(lambda a, b: (a, -b))(*noisy(25, 0.5))),
    agreement("ties in one", *(lambda a, b: (a, np.round(b, 0)))(*noisy(30, 1))),
    agreement("ties in both", *noisy(60, 1, 0)),
    agreement("few values", rng.integers(0, 2, 40), rng.integers(0, 3, 40)),
    agreement("strong", *noisy(300, 0.3)),
    agreement("none", rng.normal(size=200).round(4), rng.normal(size=200).round(4)),
]

overlaps = []
for n, k, counts in [(20, 5, range(6)), (1000, 100, [0, 5, 10, 11, 25, 80, 100]), (50_000, 100, [0, 1, 2, 5, 90]),
                     (50_000, 5000, [450, 500, 501, 560, 700]), (10, 8, [6, 7, 8]), (7, 7, [7])]:
    for c in counts:
        overlaps.append({"n": n, "k": k, "count": c, "p": stats.hypergeom.sf(c - 1, n, k, k)})

fixture = {"made_with": f"scipy {scipy.__version__}, numpy {np.__version__}", "agreement": agreements, "overlap": overlaps}
path = sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(os.path.abspath(__file__)), "ranks.json")
with open(path, "w", encoding="ascii") as f:
    json.dump(fixture, f, indent=None, separators=(",", ":"), default=float)
    f.write("\n")
