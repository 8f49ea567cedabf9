"""A small vision transformer with timm's names, for the scripts that make the
fixtures of methods. See parity.py."""

import torch
from torch import nn
from torch.nn import functional as F


class Attention(nn.Module):
    def __init__(self, dim, heads):
        super().__init__()
        self.heads = heads
        self.qkv, self.proj = nn.Linear(dim, 3 * dim), nn.Linear(dim, dim)

    def forward(self, x):
        n, length, dim = x.shape
        q, k, v = self.qkv(x).view(n, length, 3, self.heads, dim // self.heads).permute(2, 0, 3, 1, 4)
        weights = (q @ k.mT * (dim // self.heads) ** -0.5).softmax(-1)
        return self.proj((weights @ v).transpose(1, 2).reshape(n, length, dim))


class Block(nn.Module):
    def __init__(self, dim, heads):
        super().__init__()
        self.norm1, self.attn = nn.LayerNorm(dim, eps=1e-6), Attention(dim, heads)
        self.norm2 = nn.LayerNorm(dim, eps=1e-6)
        self.mlp = nn.ModuleDict({"fc1": nn.Linear(dim, 4 * dim), "fc2": nn.Linear(4 * dim, dim)})

    def forward(self, x):
        x = x + self.attn(self.norm1(x))
        return x + self.mlp["fc2"](F.gelu(self.mlp["fc1"](self.norm2(x))))


class ViT(nn.Module):
    """[N, 1, H, W] to its class token, [N, dim]. Positions are made for images of a
    side and interpolated for others."""

    def __init__(self, dim, patch, side, depth=12, heads=3):
        super().__init__()
        self.patch, self.grid = patch, side // patch
        self.cls_token = nn.Parameter(torch.randn(1, 1, dim) * 0.5)
        self.pos_embed = nn.Parameter(torch.randn(1, 1 + self.grid**2, dim) * 0.5)
        self.patch_embed = nn.ModuleDict({"proj": nn.Conv2d(1, dim, patch, stride=patch)})
        self.blocks = nn.Sequential(*[Block(dim, heads) for _ in range(depth)])
        self.norm = nn.LayerNorm(dim, eps=1e-6)

    def forward(self, x):
        rows = x.shape[2] // self.patch
        x = self.patch_embed["proj"](x).flatten(2).mT
        pos = self.pos_embed[:, 1:]
        if rows != self.grid:
            image = pos.mT.reshape(1, -1, self.grid, self.grid)
            pos = F.interpolate(image, size=(rows, rows), mode="bicubic", antialias=True).flatten(2).mT
        token = (self.cls_token + self.pos_embed[:, :1]).expand(len(x), 1, -1)
        return self.norm(self.blocks(torch.cat([token, x + pos], 1)))[:, 0]
