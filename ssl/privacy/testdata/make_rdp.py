"""Makes rdp.json: Rényi differential privacy of the subsampled Gaussian mechanism
from its definition, by numerical integration with many digits.

    pip install mpmath
    python3 make_rdp.py [FILE]

For two sets that differ by one image, the outcome of a step is N(0, s^2) under the
one and (1 - q) N(0, s^2) + q N(1, s^2) under the other. The divergence of order a of
the second from the first is ln(A)/(a - 1) with A the mean, over the first, of the a-th
power of the ratio of their densities. No series and no binomial is used: the
integrand is summed over an even grid (the trapezoidal rule, whose error falls
exponentially for functions like this one), and the grid is made finer until nothing
changes.
"""

import json
import sys

from mpmath import mp, mpf

mp.dps = 30


def rdp(sigma, q, order):
    s, q, a = mpf(sigma), mpf(q), mpf(order)

    def integrand(z):
        ratio = (1 - q) + q * mp.exp((2 * z - 1) / (2 * s * s))
        return mp.exp(-z * z / (2 * s * s)) / (s * mp.sqrt(2 * mp.pi)) * ratio**a

    # The first density is at 0, its product with the ratio's power up to a.
    low, high = -16 * s, a + 16 * s
    before, n = mpf(0), 64
    while True:
        h = (high - low) / n
        total = h * mp.fsum(integrand(low + h * i) for i in range(n + 1))
        if abs(total - before) < mpf(10) ** -20 * total:
            return mp.log(total) / (a - 1)
        before, n = total, 2 * n


CASES = [
    (sigma, q, order)
    for sigma in ("0.5", "0.8", "1.1", "2.5", "8")
    for q in ("0.0001", "0.01", "0.2", "0.7")
    for order in ("1.1", "1.5", "2", "2.71828", "5", "10.9", "32")
] + [("0.3", "0.001", "1.25"), ("0.3", "0.001", "6"), ("100", "0.999", "40.1"), ("4", "0.25", "128")]

rows = [{"sigma": float(s), "q": float(q), "order": float(o), "rdp": float(rdp(s, q, o))} for s, q, o in CASES]
path = sys.argv[1] if len(sys.argv) > 1 else __file__.rsplit("/", 1)[0] + "/rdp.json"
with open(path, "w") as f:
    f.write("[\n" + ",\n".join(json.dumps(row) for row in rows) + "\n]\n")
