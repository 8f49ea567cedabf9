"""Makes dino-split.safetensors: twenty steps of DINO as plain PyTorch, with a
ResNet-9, two global and two local views and batch norm in the head, one view after
the other.

    pip install torch==2.14.1 safetensors
    python3 make_dino-split.py [FILE]

See dino.py and parity.py.
"""

import torch

import dino
import parity

torch.manual_seed(43)
net = dino.DINO(parity.ResNet9, parity.FEATURES, norm=True, fixed=True, local=2, split=True, warmup_epochs=0)
parity.round_weights(net)
parity.save(dino.fixture(net, clip=0.05), __file__)
