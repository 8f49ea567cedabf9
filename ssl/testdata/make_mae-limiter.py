"""Makes mae-limiter.safetensors: twenty steps of MAE with limited alignment as
plain PyTorch.

    pip install torch==2.14.1 safetensors
    python3 make_mae-limiter.py [FILE]

Of the mean angle between two views' visible patches, in parts of pi, a third is taken
from two thirds of the error, from the third epoch of five steps on; the features are
means over the visible patches. See mae.py and parity.py.
"""

import math

import torch
from torch.nn import functional as F

import mae
import parity

LAMBDA, START, PER_EPOCH = 1 / 3, 2, 5


def loss(net, step):
    x, order = parity.views(step), parity.order(step, mae.PATCHES, 2)
    tokens = net.encoder(x, order)
    error = net.error(x, tokens, order)
    if step // PER_EPOCH < START:
        return error
    first, second = tokens[:, 1:].mean(1).chunk(2)
    cos = F.cosine_similarity(first, second, eps=1e-12).clamp(-1 + 1e-6, 1 - 1e-6)
    return (1 - LAMBDA) * error - LAMBDA * (torch.acos(cos) / math.pi).mean()


torch.manual_seed(32)
net = mae.MAE()
parity.round_weights(net)
parity.save(parity.train(net, mae.adamw(net), lambda step: loss(net, step), lr=0.01, warmup=5), __file__)
