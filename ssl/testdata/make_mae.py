"""Makes mae.safetensors: twenty steps of MAE as plain PyTorch.

    pip install torch==2.14.1 safetensors
    python3 make_mae.py [FILE]

AdamW with betas .9 and .95 and a weight decay of .05, from which biases and norms
are excluded; patches are normalized. See mae.py and parity.py.
"""

import torch

import mae
import parity

torch.manual_seed(31)
net = mae.MAE()
parity.round_weights(net)
# Another target, for the weights of the start: patches as they are.
with torch.no_grad():
    plain = net(parity.views(0, 1), parity.order(0, mae.PATCHES), norm_pix=False)
fixture = parity.train(
    net, mae.adamw(net), lambda step: net(parity.views(step, 1), parity.order(step, mae.PATCHES)), lr=0.01, warmup=5
)
fixture["plain"] = plain.view(1)
parity.save(fixture, __file__)
