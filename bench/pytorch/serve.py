"""The other end of bench/peer.go: does things on demand, as one process."""

import os
import sys

import torch


def serve(actions):
    """Announces the version, then answers lines "what n" with actions[what](n)."""
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    print("ready", torch.__version__.partition("+")[0], file=answers)
    for line in sys.stdin:
        what, n = line.split()
        print(repr(float(actions[what](int(n)))), file=answers)
