"""Makes supervised.safetensors: twenty steps of supervised training as plain PyTorch.

    pip install torch==2.14.1 safetensors
    python3 make_supervised.py [FILE]

A ResNet-9 of width 4 and a linear layer learn three classes from one view of 8 images
a step, with smoothed labels, Adam, weight decay 1e-4 and PyTorch's OneCycleLR. See
parity.py.
"""

import torch
from torch import nn
from torch.nn import functional as F

import parity

CLASSES, LR = 3, 5e-3


class Supervised(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = parity.ResNet9()
        self.classifier = nn.Linear(parity.FEATURES, CLASSES)

    def forward(self, step):
        logits = self.classifier(self.encoder(parity.views(step, 1)))
        return F.cross_entropy(logits, parity.labels(step, CLASSES), label_smoothing=0.1)


def one_cycle(**options):
    """The learning rate of each step."""
    optimizer = torch.optim.Adam([nn.Parameter(torch.zeros(1))])
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, max_lr=LR, total_steps=parity.STEPS, cycle_momentum=False, **options
    )
    rates = []
    for step in range(parity.STEPS):
        rates.append(schedule.get_last_lr()[0])
        optimizer.step()
        if step < parity.STEPS - 1:
            schedule.step()
    return rates


def start():
    torch.manual_seed(43)
    net = Supervised()
    parity.round_weights(net)
    return net


if __name__ == "__main__":
    net = start()
    optimizer = torch.optim.Adam(net.parameters(), weight_decay=1e-4)
    parity.save(parity.train(net, optimizer, net, lr=LR, rates=one_cycle()), __file__)
