"""Makes models.safetensors: what the encoders give as plain PyTorch modules.

    pip install torch==2.14.1 safetensors
    python3 make_models.py [FILE]

Each case is a group: the state ("state.NAME"), images x, features in
evaluation ("evaluated") and in training ("trained"), the weights w of the loss
sum(w * trained), its gradients by all parameters ("grad.NAME") and one running
variance after that step ("after.variance"). The networks compute in float64,
so that the rounding in a comparison is that of the other side alone. The
images are numbers that float16 holds exactly.
"""

import sys

import torch
from safetensors.torch import save_file
from torch import nn
from torch.nn import functional as F

WIDTH = 2
out = {}
g = torch.Generator().manual_seed(18)


class BasicBlock(nn.Module):
    def __init__(self, cin, cout, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(cin, cout, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(cout)
        self.conv2 = nn.Conv2d(cout, cout, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(cout)
        self.downsample = None
        if stride != 1 or cin != cout:
            self.downsample = nn.Sequential(nn.Conv2d(cin, cout, 1, stride, bias=False), nn.BatchNorm2d(cout))

    def forward(self, x):
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        return F.relu(y + (x if self.downsample is None else self.downsample(x)))


class ResNet18(nn.Module):
    """torchvision's names, a 3x3 stem of stride 1, no pooling after it, no fc."""

    def __init__(self, cin):
        super().__init__()
        self.conv1 = nn.Conv2d(cin, WIDTH, 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(WIDTH)
        c = WIDTH
        for i in range(4):
            blocks = nn.Sequential(BasicBlock(c, WIDTH << i, 1 if i == 0 else 2), BasicBlock(WIDTH << i, WIDTH << i, 1))
            setattr(self, f"layer{i + 1}", blocks)
            c = WIDTH << i

    def forward(self, x):
        x = F.relu(self.bn1(self.conv1(x)))
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return x.mean(dim=(2, 3))

    def last_norm(self):
        return self.layer4[1].bn2


def conv_block(cin, cout, pool):
    layers = [nn.Conv2d(cin, cout, 3, padding=1), nn.BatchNorm2d(cout), nn.ReLU()]
    return nn.Sequential(*layers, nn.MaxPool2d(2)) if pool else nn.Sequential(*layers)


class ResNet9(nn.Module):
    def __init__(self, cin):
        super().__init__()
        w = WIDTH
        self.conv1 = conv_block(cin, w, True)
        self.conv2 = conv_block(w, 2 * w, True)
        self.res1 = nn.Sequential(conv_block(2 * w, 2 * w, False), conv_block(2 * w, 2 * w, False))
        self.conv3 = conv_block(2 * w, 4 * w, True)
        self.conv4 = conv_block(4 * w, 8 * w, True)
        self.res2 = nn.Sequential(conv_block(8 * w, 8 * w, False), conv_block(8 * w, 8 * w, False))

    def forward(self, x):
        x = self.conv2(self.conv1(x))
        x = x + self.res1(x)
        x = self.conv4(self.conv3(x))
        x = x + self.res2(x)
        return x.amax(dim=(2, 3))

    def last_norm(self):
        return self.res2[1][1]


def case(name, net, *shape):
    with torch.no_grad():
        for key, t in net.state_dict().items():
            if key.endswith("running_var"):
                t.copy_(0.5 + torch.rand(t.shape, generator=g))
            elif key.endswith("num_batches_tracked"):
                t.fill_(3)
            elif t.dim() > 1:
                t.copy_(torch.randn(t.shape, generator=g) * (2 / t[0].numel()) ** 0.5)
            elif key.endswith("weight"):
                t.copy_(0.5 + torch.rand(t.shape, generator=g))
            else:
                t.copy_(torch.randn(t.shape, generator=g) * 0.1)
    for key, t in net.state_dict().items():
        out[f"{name}/state.{key}"] = t.clone()
    x = torch.randn(shape, generator=g).half()
    out[f"{name}/x"] = x
    net, x = net.double(), x.double()
    net.eval()
    with torch.no_grad():
        out[f"{name}/evaluated"] = net(x)
    net.train()
    y = net(x)
    w = torch.randn(y.shape, generator=g)
    (w * y).sum().backward()
    out[f"{name}/trained"], out[f"{name}/w"] = y.detach(), w
    for key, p in net.named_parameters():
        out[f"{name}/grad.{key}"] = p.grad
    out[f"{name}/after.variance"] = net.last_norm().running_var


case("resnet18 of 1", ResNet18(1), 12, 1, 28, 28)
case("resnet18 of 3", ResNet18(3), 6, 3, 32, 32)
case("resnet9 of 1", ResNet9(1), 16, 1, 28, 28)
case("resnet9 of 3", ResNet9(3), 6, 3, 32, 32)

for key, t in out.items():
    if t.dtype == torch.float64:
        out[key] = t.float()
save_file({k: v.contiguous() for k, v in out.items()}, sys.argv[1] if len(sys.argv) > 1 else __file__.replace("make_models.py", "models.safetensors"))
