"""The encoders of ../../models as one writes them with PyTorch for Python."""

import torch
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


class Attention(nn.Module):
    def __init__(self, dim, heads):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(dim, 3 * dim)
        self.proj = nn.Linear(dim, dim)

    def forward(self, x):
        n, length, dim = x.shape
        q, k, v = self.qkv(x).view(n, length, 3, self.heads, dim // self.heads).permute(2, 0, 3, 1, 4)
        return self.proj(F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(n, length, dim))


class MLP(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.fc1 = nn.Linear(dim, 4 * dim)
        self.fc2 = nn.Linear(4 * dim, dim)

    def forward(self, x):
        return self.fc2(F.gelu(self.fc1(x)))


class ViTBlock(nn.Module):
    def __init__(self, dim, heads):
        super().__init__()
        self.norm1 = nn.LayerNorm(dim, eps=1e-6)
        self.attn = Attention(dim, heads)
        self.norm2 = nn.LayerNorm(dim, eps=1e-6)
        self.mlp = MLP(dim)

    def forward(self, x):
        x = x + self.attn(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class PatchEmbed(nn.Module):
    def __init__(self, channels, dim, patch):
        super().__init__()
        self.proj = nn.Conv2d(channels, dim, patch, patch)

    def forward(self, x):
        return self.proj(x).flatten(2).transpose(1, 2)


class ViT(nn.Module):
    """Dosovitskiy et al. (2021) with timm's names."""

    def __init__(self, dim, heads, depth, patch, size, channels, pool="token", fixed=False):
        super().__init__()
        self.patch, self.pool, self.features = patch, pool, dim
        self.cls_token = nn.Parameter(torch.zeros(1, 1, dim))
        self.pos_embed = nn.Parameter(torch.zeros(1, 1 + (size // patch) ** 2, dim), requires_grad=not fixed)
        self.patch_embed = PatchEmbed(channels, dim, patch)
        self.blocks = nn.Sequential(*(ViTBlock(dim, heads) for _ in range(depth)))
        self.norm = nn.LayerNorm(dim, eps=1e-6)

    def embed(self, x):
        return self.patch_embed(x) + self.pos_embed[:, 1:]

    def encode(self, x):
        cls = (self.cls_token + self.pos_embed[:, :1]).expand(len(x), -1, -1)
        return self.norm(self.blocks(torch.cat([cls, x], 1)))

    def forward(self, x):
        x = self.encode(self.embed(x))
        return x[:, 0] if self.pool == "token" else x[:, 1:].mean(1)
