"""Makes dino-vit.safetensors: twenty steps of DINO as plain PyTorch, with a ViT, two
global views of 28 pixels and three local ones of 16, prototypes of trained norm and
a single epoch of warm-up for the teacher's temperature.

    pip install torch==2.14.1 safetensors
    python3 make_dino-vit.py [FILE]

See dino.py, vit.py and parity.py.
"""

import torch

import dino
import parity
import vit

DIM = 6

torch.manual_seed(42)
net = dino.DINO(
    lambda: vit.ViT(DIM, patch=4, side=parity.SIDE),
    DIM, norm=False, fixed=False, local=3, split=False, warmup_epochs=1,
)
parity.round_weights(net)
parity.save(dino.fixture(net, clip=0.05), __file__)
