"""The encoders of ../../models as one writes them with PyTorch for Python."""

from torch import nn
from torch.nn import functional as F


class BasicBlock(nn.Module):
    def __init__(self, inside, out, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inside, out, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(out)
        self.conv2 = nn.Conv2d(out, out, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(out)
        self.relu = nn.ReLU(inplace=True)
        self.downsample = None
        if stride != 1 or inside != out:
            self.downsample = nn.Sequential(nn.Conv2d(inside, out, 1, stride, bias=False), nn.BatchNorm2d(out))

    def forward(self, x):
        short = x if self.downsample is None else self.downsample(x)
        y = self.relu(self.bn1(self.conv1(x)))
        y = self.bn2(self.conv2(y))
        y += short
        return self.relu(y)


class ResNet18(nn.Module):
    """He et al. (2016) for small images: a 3×3 stem of stride 1, no pooling."""

    def __init__(self, width, channels):
        super().__init__()
        self.conv1 = nn.Conv2d(channels, width, 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.relu = nn.ReLU(inplace=True)
        inside = width
        for i in range(4):
            out = width << i
            stage = nn.Sequential(BasicBlock(inside, out, 1 if i == 0 else 2), BasicBlock(out, out, 1))
            setattr(self, f"layer{i + 1}", stage)
            inside = out
        self.features = inside

    def forward(self, x):
        x = self.relu(self.bn1(self.conv1(x)))
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return F.adaptive_avg_pool2d(x, 1).flatten(1)


def block(inside, out, pool):
    layers = [nn.Conv2d(inside, out, 3, 1, 1), nn.BatchNorm2d(out), nn.ReLU(inplace=True)]
    return nn.Sequential(*layers, nn.MaxPool2d(2)) if pool else nn.Sequential(*layers)


class ResNet9(nn.Module):
    """The network of arXiv 2409.19069."""

    def __init__(self, width, channels):
        super().__init__()
        w = width
        self.conv1 = block(channels, w, True)
        self.conv2 = block(w, 2 * w, True)
        self.res1 = nn.Sequential(block(2 * w, 2 * w, False), block(2 * w, 2 * w, False))
        self.conv3 = block(2 * w, 4 * w, True)
        self.conv4 = block(4 * w, 8 * w, True)
        self.res2 = nn.Sequential(block(8 * w, 8 * w, False), block(8 * w, 8 * w, False))
        self.features = 8 * w

    def forward(self, x):
        x = self.conv2(self.conv1(x))
        x = self.res1(x) + x
        x = self.conv4(self.conv3(x))
        x = self.res2(x) + x
        return F.adaptive_max_pool2d(x, 1).flatten(1)


class SimCLR(nn.Module):
    def __init__(self, encoder, hidden, out):
        super().__init__()
        self.encoder = encoder
        self.projector = nn.Sequential(
            nn.Linear(encoder.features, hidden), nn.BatchNorm1d(hidden), nn.ReLU(inplace=True), nn.Linear(hidden, out)
        )

    def forward(self, x):
        return self.projector(self.encoder(x))
