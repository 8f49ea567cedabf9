"""Makes moco-v3.safetensors: twenty steps of MoCo v3 as plain PyTorch, with a ResNet-9
and one view after the other.

    pip install torch==2.14.1 safetensors
    python3 make_moco-v3.py [FILE]

LARS with a trust coefficient of .02, momentum .9 and weight decay 1e-3, and biases and
norms left out; the momentum of the encoder of keys rises from .9 to 1. See mocov3.py and
parity.py.
"""

import torch

import mocov3
import parity

torch.manual_seed(23)
net = mocov3.MoCo(
    parity.ResNet9(),
    mocov3.head(parity.FEATURES, 16, 8, norm=True),
    mocov3.head(8, 16, 8, norm=False),
    temperature=0.5,
    split=True,
)
parity.round_weights(net)
optimizer = mocov3.LARS([p for p in net.parameters() if p.requires_grad], momentum=0.9, weight_decay=1e-3, trust=0.02)
parity.save(parity.train(net, optimizer, net, lr=0.5, warmup=5, after=net.last), __file__)
