#!/usr/bin/env python3
"""Writes stats.json: statistics and distances from SciPy, NumPy and PyTorch.

Usage: python3 make_stats.py   (in this folder; needs scipy, numpy and torch)

The samples are drawn with a fixed seed; every expected value comes from the
library functions named in "made_with" or below, none from sslmem.
"""
import json

import numpy as np
import scipy
import torch
from scipy import stats

rng = np.random.default_rng(20240613)


def welch_case(name, a, b):
    a, b = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    two = stats.ttest_ind(a, b, equal_var=False)
    ci = two.confidence_interval(0.95)
    pooled = ((len(a) - 1) * a.var(ddof=1) + (len(b) - 1) * b.var(ddof=1)) / (len(a) + len(b) - 2)
    return {
        "name": name, "a": a.tolist(), "b": b.tolist(),
        "t": two.statistic, "df": two.df, "p_two_sided": two.pvalue,
        "p_greater": stats.ttest_ind(a, b, equal_var=False, alternative="greater").pvalue,
        "p_less": stats.ttest_ind(a, b, equal_var=False, alternative="less").pvalue,
        "low": ci.low, "high": ci.high, "difference": a.mean() - b.mean(),
        "cohens_d": (a.mean() - b.mean()) / np.sqrt(pooled),
    }


def normal(n, mean=0.0, sd=1.0):
    return np.round(rng.normal(mean, sd, n), 6)


welch = [
    welch_case("two and two", [0.5, 1.25], [-1.0, 0.125]),
    welch_case("small, unequal", normal(5, 0.3), normal(9, 0.0, 2.0)),
    welch_case("no difference", normal(60), normal(60)),
    welch_case("nearly equal means", [1.0, 2.0, 3.0, 4.0], [1.0001, 2.0, 3.0, 4.0]),
    welch_case("like a demo", normal(100, 0.012, 0.04), normal(80, 0.001, 0.05)),
    welch_case("negative", normal(40, -0.8), normal(70, 0.2, 1.5)),
    welch_case("one without variance", [0.25] * 6, normal(8, 0.1, 0.3)),
    welch_case("tiny p", normal(120, 3.0), normal(90, 0.0)),
    welch_case("p of 1e-40", normal(120, 2.85), normal(90, 0.0)),
    welch_case("tinier p", normal(150, 9.0, 0.7), normal(150, 0.0, 1.3)),
    welch_case("one far larger", normal(300, 0.1), normal(4, -0.4, 0.2)),
]
smallest = min(min(c["p_greater"], c["p_less"]) for c in welch)
assert 1e-300 < smallest < 1e-100, smallest
assert any(1e-43 < c["p_greater"] < 1e-37 for c in welch), [c["p_greater"] for c in welch]

means = []
for n, sd in [(2, 1.0), (3, 0.01), (17, 5.0), (200, 0.04)]:
    x = normal(n, 0.02, sd)
    low, high = stats.t.interval(0.95, n - 1, loc=x.mean(), scale=stats.sem(x))
    means.append({"x": x.tolist(), "mean": x.mean(), "sd": x.std(ddof=1), "low": low, "high": high})

pearson = []
for n, noise in [(3, 0.1), (10, 1.0), (100, 0.5), (100, 20.0)]:
    truth = normal(n)
    a, b = truth + normal(n, 0, noise), truth + normal(n, 0, noise)
    pearson.append({"a": a.tolist(), "b": b.tolist(), "r": stats.pearsonr(a, b).statistic})

quantiles = []
for n in [1, 2, 5, 20, 101]:
    x = normal(n)
    ps = [0.0, 0.05, 0.25, 0.5, 0.6, 0.95, 0.999, 1.0]
    quantiles.append({"x": x.tolist(), "p": ps, "q": np.quantile(x, ps, method="linear").tolist()})

# Upper tail and two-sided 5 % point of Student's t.
tail = []
for df in [1.0, 1.7, 4.0, 98.3, 797.2, 9998.5, 99998.1]:
    for t in [1e-6, 0.01, 0.5, 0.999, 1.001, 1.96, 3.5, 14.0, 20.0]:
        tail.append({"df": df, "t": t, "p": stats.t.sf(t, df)})
critical = [{"df": df, "t": stats.t.ppf(0.975, df)} for df in [1.0, 1.7, 4.0, 98.3, 797.2, 9998.5, 99998.1]]

# Alignment losses of K views of n features: the mean over all pairs.
alignment = []
for k, n in [(2, 3), (4, 8), (10, 16)]:
    views = normal(k * n).reshape(k, n) + normal(n)
    v = torch.tensor(views, dtype=torch.float64)
    u = torch.nn.functional.normalize(v, dim=1)
    i, j = torch.triu_indices(k, k, offset=1)
    cos = torch.nn.functional.cosine_similarity(v[i], v[j], dim=1)
    alignment.append({
        "views": views.tolist(),
        "loss": {
            "l2": torch.nn.functional.pdist(u).mean().item(),
            "l2raw": torch.nn.functional.pdist(v).mean().item(),
            "l1": torch.nn.functional.pdist(u, p=1).mean().item(),
            "cosine": (1 - cos).mean().item(),
            "angular": (torch.acos(cos) / torch.pi).mean().item(),
        },
    })

fixture = {
    "made_with": f"scipy {scipy.__version__}, numpy {np.__version__}, torch {torch.__version__.split('+')[0]}",
    "welch": welch, "means": means, "pearson": pearson, "quantiles": quantiles,
    "tail": tail, "critical": critical, "alignment": alignment,
}
with open("stats.json", "w", encoding="ascii") as f:
    json.dump(fixture, f, indent=None, separators=(",", ":"), default=float)
    f.write("\n")
