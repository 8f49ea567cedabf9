"""A masked autoencoder as plain PyTorch, for make_mae.py and make_mae-limiter.py:
He et al. 2022, arXiv 2111.06377, on a vision transformer of width 12 with twelve
blocks of three heads and patches of 4 pixels."""

import math

import torch
from torch import nn
from torch.nn import functional as F

import parity

PATCH, WIDTH, HEADS, DEPTH = 4, 12, 3, 12
DECODER_WIDTH, DECODER_HEADS, DECODER_DEPTH = 8, 2, 2
GRID = parity.SIDE // PATCH
PATCHES = GRID * GRID
VISIBLE = int(PATCHES * (1 - 0.75))


def positions(dim):
    """[1, 1 + PATCHES, dim]: sines and cosines of the column, then of the row."""
    frequency = 10000.0 ** (-torch.arange(dim // 4) / (dim // 4))
    row, column = torch.meshgrid(torch.arange(GRID), torch.arange(GRID), indexing="ij")
    angles = [p.reshape(-1, 1) * frequency for p in (column, row)]
    table = torch.cat([f(a) for a in angles for f in (torch.sin, torch.cos)], dim=1)
    return torch.cat([torch.zeros(1, dim), table])[None]


class Attention(nn.Module):
    def __init__(self, dim, heads):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(dim, 3 * dim)
        self.proj = nn.Linear(dim, dim)

    def forward(self, x):
        n, length, dim = x.shape
        q, k, v = self.qkv(x).view(n, length, 3, self.heads, dim // self.heads).permute(2, 0, 3, 1, 4)
        weights = (q @ k.transpose(-2, -1) / math.sqrt(dim // self.heads)).softmax(-1)
        return self.proj((weights @ v).transpose(1, 2).reshape(n, length, dim))


class MLP(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(dim, 4 * dim), nn.Linear(4 * dim, dim)

    def forward(self, x):
        return self.fc2(F.gelu(self.fc1(x)))


class Block(nn.Module):
    def __init__(self, dim, heads):
        super().__init__()
        self.norm1, self.attn = nn.LayerNorm(dim, eps=1e-6), Attention(dim, heads)
        self.norm2, self.mlp = nn.LayerNorm(dim, eps=1e-6), MLP(dim)

    def forward(self, x):
        x = x + self.attn(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class PatchEmbed(nn.Module):
    def __init__(self):
        super().__init__()
        self.proj = nn.Conv2d(1, WIDTH, PATCH, stride=PATCH)

    def forward(self, x):
        return self.proj(x).flatten(2).transpose(1, 2)


class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.cls_token = nn.Parameter(torch.randn(1, 1, WIDTH) * 0.02)
        self.register_buffer("pos_embed", positions(WIDTH))
        self.patch_embed = PatchEmbed()
        self.blocks = nn.ModuleList(Block(WIDTH, HEADS) for _ in range(DEPTH))
        self.norm = nn.LayerNorm(WIDTH, eps=1e-6)

    def forward(self, x, order):
        """[N, 1 + VISIBLE, WIDTH]"""
        x = self.patch_embed(x) + self.pos_embed[:, 1:]
        x = torch.stack([row[o[:VISIBLE]] for row, o in zip(x, order)])
        x = torch.cat([(self.cls_token + self.pos_embed[:, :1]).expand(len(x), -1, -1), x], dim=1)
        for block in self.blocks:
            x = block(x)
        return self.norm(x)


class MAE(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = Encoder()
        self.decoder_embed = nn.Linear(WIDTH, DECODER_WIDTH)
        self.mask_token = nn.Parameter(torch.randn(1, 1, DECODER_WIDTH) * 0.02)
        self.register_buffer("decoder_pos_embed", positions(DECODER_WIDTH))
        self.decoder_blocks = nn.ModuleList(Block(DECODER_WIDTH, DECODER_HEADS) for _ in range(DECODER_DEPTH))
        self.decoder_norm = nn.LayerNorm(DECODER_WIDTH, eps=1e-6)
        self.decoder_pred = nn.Linear(DECODER_WIDTH, PATCH * PATCH)

    def decode(self, tokens, order):
        """[N, PATCHES, PATCH²]"""
        x = self.decoder_embed(tokens)
        rows = []
        for own, o in zip(x[:, 1:], order):
            row = self.mask_token[0].expand(PATCHES, -1).clone()
            row[o[:VISIBLE]] = own
            rows.append(row)
        x = torch.cat([x[:, :1], torch.stack(rows)], dim=1) + self.decoder_pos_embed
        for block in self.decoder_blocks:
            x = block(x)
        return self.decoder_pred(self.decoder_norm(x))[:, 1:]

    def error(self, x, tokens, order, norm_pix=True):
        target = F.unfold(x, PATCH, stride=PATCH).transpose(1, 2)  # one channel: rows, columns
        if norm_pix:
            mean, var = target.mean(-1, keepdim=True), target.var(-1, keepdim=True)
            target = (target - mean) / (var + 1e-6) ** 0.5
        each = (self.decode(tokens, order) - target).square().mean(-1)
        mask = torch.ones(len(x), PATCHES).scatter(1, order[:, :VISIBLE], 0.0)
        return (each * mask).sum() / mask.sum()

    def forward(self, x, order, norm_pix=True):
        return self.error(x, self.encoder(x, order), order, norm_pix)


def adamw(net):
    """AdamW without weight decay for biases and norms."""
    plain = [p for p in net.parameters() if p.dim() == 1]
    decayed = [p for p in net.parameters() if p.dim() > 1]
    return torch.optim.AdamW(
        [{"params": decayed, "weight_decay": 0.05}, {"params": plain, "weight_decay": 0.0}], lr=1, betas=(0.9, 0.95)
    )
