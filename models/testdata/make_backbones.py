"""Makes backbones.safetensors: deep and wide encoders as plain PyTorch modules.

    pip install torch==2.14.1 safetensors
    python3 make_backbones.py [FILE]

Each case is a group: the state ("state.NAME"), images x, features in
evaluation ("evaluated") and in training ("trained"), the weights w of the loss
sum(w * trained), and its gradients by the images ("grad") and by all
parameters ("grad.NAME"). small holds a few images, "layer.NAME" the outputs
that forward hooks see for it in evaluation, "sum" what goes into a norm2. The modules are written after
torchvision's ResNet (v1.5) and timm's VisionTransformer, with their names. All
compute in float64; images are numbers that float16 holds exactly.
"""

import sys

import torch
from safetensors.torch import save_file
from torch import nn
from torch.nn import functional as F

torch.set_num_threads(1)
WIDTH = 2
out = {}
g = torch.Generator().manual_seed(34)


class Block(nn.Module):
    def __init__(self, cin, width, stride, bottleneck):
        super().__init__()
        cout = 4 * width if bottleneck else width
        shapes = [(cin, width, 1, 1), (width, width, 3, stride), (width, cout, 1, 1)] if bottleneck else [(cin, width, 3, stride), (width, width, 3, 1)]
        self.n = len(shapes)
        for i, (a, b, k, s) in enumerate(shapes, 1):
            setattr(self, f"conv{i}", nn.Conv2d(a, b, k, s, k // 2, bias=False))
            setattr(self, f"bn{i}", nn.BatchNorm2d(b))
        self.downsample = None
        if stride != 1 or cin != cout:
            self.downsample = nn.Sequential(nn.Conv2d(cin, cout, 1, stride, bias=False), nn.BatchNorm2d(cout))
        self.cout = cout

    def forward(self, x):
        y = x
        for i in range(1, self.n + 1):
            y = getattr(self, f"bn{i}")(getattr(self, f"conv{i}")(y))
            if i < self.n:
                y = F.relu(y)
        return F.relu(y + (x if self.downsample is None else self.downsample(x)))


class ResNet(nn.Module):
    def __init__(self, blocks, bottleneck, stem):
        super().__init__()
        imagenet = stem == "imagenet"
        self.conv1 = nn.Conv2d(3, WIDTH, 7, 2, 3, bias=False) if imagenet else nn.Conv2d(3, WIDTH, 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(WIDTH)
        self.relu = nn.ReLU()
        if imagenet:
            self.maxpool = nn.MaxPool2d(3, 2, 1)
        c = WIDTH
        for i, n in enumerate(blocks):
            stage = []
            for j in range(n):
                stage.append(Block(c, WIDTH << i, 2 if i > 0 and j == 0 else 1, bottleneck))
                c = stage[-1].cout
            setattr(self, f"layer{i + 1}", nn.Sequential(*stage))
        self.avgpool = nn.AdaptiveAvgPool2d(1)

    def forward(self, x):
        x = self.relu(self.bn1(self.conv1(x)))
        if hasattr(self, "maxpool"):
            x = self.maxpool(x)
        return self.avgpool(self.layer4(self.layer3(self.layer2(self.layer1(x))))).flatten(1)


class PatchEmbed(nn.Module):
    def __init__(self, dim, patch):
        super().__init__()
        self.proj = nn.Conv2d(3, dim, patch, patch)

    def forward(self, x):
        return self.proj(x).flatten(2).transpose(1, 2)


class Attention(nn.Module):
    def __init__(self, dim, heads, bias):
        super().__init__()
        self.heads, self.qkv, self.proj = heads, nn.Linear(dim, 3 * dim, bias=bias), nn.Linear(dim, dim)

    def forward(self, x):
        n, l, d = x.shape
        q, k, v = self.qkv(x).reshape(n, l, 3, self.heads, d // self.heads).permute(2, 0, 3, 1, 4)
        weights = (q @ k.transpose(-2, -1) / (d // self.heads) ** 0.5).softmax(-1)
        return self.proj((weights @ v).transpose(1, 2).reshape(n, l, d))


class Mlp(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.fc1, self.act, self.fc2 = nn.Linear(dim, 4 * dim), nn.GELU(), nn.Linear(4 * dim, dim)

    def forward(self, x):
        return self.fc2(self.act(self.fc1(x)))


class ViTBlock(nn.Module):
    def __init__(self, dim, heads, bias):
        super().__init__()
        self.norm1, self.attn = nn.LayerNorm(dim, eps=1e-6), Attention(dim, heads, bias)
        self.norm2, self.mlp = nn.LayerNorm(dim, eps=1e-6), Mlp(dim)

    def forward(self, x):
        x = x + self.attn(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class ViT(nn.Module):
    def __init__(self, token, bias, pool, dim=24, heads=3, depth=2, patch=4, image=16):
        super().__init__()
        self.grid, self.prefix, self.pool = image // patch, int(token), pool
        if token:
            self.cls_token = nn.Parameter(torch.zeros(1, 1, dim))
        self.pos_embed = nn.Parameter(torch.zeros(1, self.prefix + self.grid**2, dim))
        self.patch_embed = PatchEmbed(dim, patch)
        self.blocks = nn.Sequential(*[ViTBlock(dim, heads, bias) for _ in range(depth)])
        self.norm = nn.LayerNorm(dim, eps=1e-6)

    def tokens(self, x, keep=None):
        h, w = (n // self.patch_embed.proj.stride[0] for n in x.shape[2:])
        x = self.patch_embed(x)
        pos = self.pos_embed[:, self.prefix :]
        if (h, w) != (self.grid, self.grid):
            pos = pos.reshape(1, self.grid, self.grid, -1).permute(0, 3, 1, 2)
            pos = F.interpolate(pos, size=(h, w), mode="bicubic", antialias=True).permute(0, 2, 3, 1).reshape(1, h * w, -1)
        x = x + pos
        if keep is not None:
            x = torch.stack([row[k] for row, k in zip(x, keep)])
        if self.prefix:
            x = torch.cat([(self.cls_token + self.pos_embed[:, :1]).expand(len(x), -1, -1), x], 1)
        return self.norm(self.blocks(x))

    def forward(self, x):
        x = self.tokens(x)
        return x[:, 0] if self.pool == "token" else x[:, self.prefix :].mean(1)


def fill(net):
    for key, t in net.state_dict().items():
        if key.endswith("running_var"):
            t.copy_(0.5 + torch.rand(t.shape, generator=g))
        elif key.endswith("num_batches_tracked"):
            t.fill_(3)
        elif key in ("cls_token", "pos_embed"):
            t.copy_(torch.randn(t.shape, generator=g) * 0.5)
        elif t.dim() > 1:
            t.copy_(torch.randn(t.shape, generator=g) / t[0].numel() ** 0.5)
        elif key.endswith("weight"):
            t.copy_(0.5 + torch.rand(t.shape, generator=g) / 2)
        else:
            t.copy_(torch.randn(t.shape, generator=g) * 0.1)


def case(name, net, shape, small):
    with torch.no_grad():
        fill(net)
    for key, t in net.state_dict().items():
        out[f"{name}/state.{key}"] = t.clone()
    x, few = (torch.randn(s, generator=g).half() for s in (shape, small))
    out[f"{name}/x"], out[f"{name}/small"] = x, few
    net, x = net.double(), x.double().requires_grad_()
    net.eval()
    with torch.no_grad():
        out[f"{name}/evaluated"] = net(x)
        hooks = [m.register_forward_hook(lambda _, __, y, key=key: out.__setitem__(f"{name}/layer.{key}", y.clone()))
                 for key, m in net.named_modules() if key and not key.endswith((".proj", ".qkv", "mlp.fc2")) and key != "blocks"]
        hooks += [m.register_forward_pre_hook(lambda _, x, key=key: out.__setitem__(f"{name}/layer.{key[:-5]}sum", x[0].clone()))
                  for key, m in net.named_modules() if key.endswith("norm2")]
        net(few.double())
        for h in hooks:
            h.remove()
    net.train()
    y = net(x)
    w = torch.randn(y.shape, generator=g)
    (w * y).sum().backward()
    out[f"{name}/trained"], out[f"{name}/w"], out[f"{name}/grad"] = y.detach(), w, x.grad
    for key, p in net.named_parameters():
        out[f"{name}/grad.{key}"] = p.grad
    return net


case("resnet34 cifar", ResNet([3, 4, 6, 3], False, "cifar"), (4, 3, 24, 24), (1, 3, 8, 8))
case("resnet50 cifar", ResNet([3, 4, 6, 3], True, "cifar"), (4, 3, 24, 24), (1, 3, 8, 8))
case("resnet50 imagenet", ResNet([3, 4, 6, 3], True, "imagenet"), (6, 3, 64, 64), (1, 3, 16, 16))
vit = case("vit token", ViT(True, True, "token"), (3, 3, 16, 16), (1, 3, 16, 16))
case("vit avg", ViT(False, False, "avg"), (3, 3, 16, 16), (1, 3, 8, 16))
vit.eval()
with torch.no_grad():
    x = torch.randn(2, 3, 8, 20, generator=g).half()
    out["vit crops/x"], out["vit crops/evaluated"] = x, vit(x.double())
    x = torch.randn(2, 3, 16, 16, generator=g).half()
    keep = torch.stack([torch.randperm(16, generator=g)[:5] for _ in range(2)])
    out["vit keep/x"], out["vit keep/keep"], out["vit keep/tokens"] = x, keep, vit.tokens(x.double(), keep)

for key, t in out.items():
    if t.dtype == torch.float64:
        out[key] = t.float()
save_file({k: v.contiguous() for k, v in out.items()}, sys.argv[1] if len(sys.argv) > 1 else __file__.replace("make_backbones.py", "backbones.safetensors"))
