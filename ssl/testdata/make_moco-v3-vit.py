"""Makes moco-v3-vit.safetensors: twenty steps of MoCo v3 as plain PyTorch, with a ViT
whose patch embedding is not trained, a projector of three layers, a batch norm behind
the predictor and both views in one batch.

    pip install torch==2.14.1 safetensors
    python3 make_moco-v3-vit.py [FILE]

AdamW with a weight decay of .1 on all weights, biases and norms too. See mocov3.py, vit.py
and parity.py.
"""

import torch

import mocov3
import parity
import vit

DIM = 6

torch.manual_seed(24)
encoder = vit.ViT(DIM, patch=7, side=parity.SIDE)
encoder.patch_embed.requires_grad_(False)
net = mocov3.MoCo(
    encoder,
    mocov3.head(DIM, 16, 16, 8, norm=True),
    mocov3.head(8, 16, 8, norm=True),
    temperature=0.2,
    split=False,
)
parity.round_weights(net)
optimizer = torch.optim.AdamW([p for p in net.parameters() if p.requires_grad], lr=1, weight_decay=0.1)
parity.save(parity.train(net, optimizer, net, lr=2e-3, warmup=5, after=net.last), __file__)
