"""Makes eval.safetensors: classifications of features by plain PyTorch.

    pip install torch==2.14.1 safetensors
    python3 make_eval.py [FILE]

Features are hashed from their places and classes, so that they are the same on
every machine: train/x, train/y, test/x and test/y. In knn/NAME/ are the classes
in the order of their votes for the conventions of other libraries.

    knn/NAME/classes    [M, 5] the first classes of each test image
    knn/NAME/score      [M, 5] their votes
"""

import sys

import torch
from safetensors.torch import save_file
from torch.nn import functional as F

TRAIN, TEST, DIM, CLASSES = 300, 90, 12, 7

torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)
out = {}


def noise(x):
    """Hashes int64 numbers of 32 bits to multiples of 2^-15 in [-1, 1)."""
    for _ in range(2):
        x = ((x ^ (x >> 16)) * 0x45D9F3B) & 0xFFFFFFFF
    return ((x ^ (x >> 16)) & 0xFFFF) / 32768 - 1


def features(name, n, start):
    """Clusters that overlap, off the origin, of several scales by dimension."""
    i, d = torch.arange(n).view(-1, 1), torch.arange(DIM).view(1, -1)
    y = (7 * i.view(-1) + i.view(-1) // 5) % CLASSES
    x = noise(50000 + y.view(-1, 1) * DIM + d) + 1.5 * noise(start + i * DIM + d)
    x = ((x + 1) * (1 + d / 4)).float()
    out[f"{name}/x"], out[f"{name}/y"] = x, y
    return x.double(), y


train_x, train_y = features("train", TRAIN, 100000)
test_x, test_y = features("test", TEST, 900000)


def knn(name, k, distance, weigh):
    if distance == "cosine":
        near = F.normalize(test_x) @ F.normalize(train_x).T
    else:
        near = -torch.cdist(test_x, train_x, compute_mode="donot_use_mm_for_euclid_dist")
    values, index = near.topk(k, dim=1)
    votes = torch.zeros(TEST, CLASSES).scatter_add_(1, train_y[index], weigh(values))
    score, classes = votes.sort(dim=1, descending=True, stable=True)
    out[f"knn/{name}/classes"], out[f"knn/{name}/score"] = classes[:, :5], score[:, :5]


knn("wu", 200, "cosine", lambda s: (s / 0.07).exp())
knn("lightly", 200, "cosine", lambda s: (s / 0.1).exp())
knn("dino", 20, "cosine", lambda s: (s / 0.07).exp())
knn("solo", 20, "euclidean", lambda s: 1 / (-s + 1e-5))
knn("majority", 5, "euclidean", torch.ones_like)

save_file({k: v.contiguous() for k, v in out.items()}, sys.argv[1] if len(sys.argv) > 1 else __file__.replace("make_eval.py", "eval.safetensors"))
