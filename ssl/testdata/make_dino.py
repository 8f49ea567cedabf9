"""Makes dino.safetensors: twenty steps of DINO as plain PyTorch, with a ResNet-9,
two global views and batch norm in the head, all views in one batch.

    pip install torch==2.14.1 safetensors
    python3 make_dino.py [FILE]

See dino.py and parity.py.
"""

import torch

import dino
import parity

torch.manual_seed(41)
net = dino.DINO(parity.ResNet9, parity.FEATURES, norm=True, fixed=True, local=0, split=False, warmup_epochs=3)
parity.round_weights(net)
parity.save(dino.fixture(net, clip=0.05), __file__)
