"""Makes layers.safetensors: what PyTorch's layers give for fixed inputs.

    pip install torch==2.14.1 safetensors
    python3 make_layers.py [FILE]

Every case is a group of tensors: the layer's state before ("state.NAME"), the
input x, the output y, the weights w of the loss sum(w * y), the gradients
("grad.x", "grad.NAME") and, for batch norm, the state after ("after.NAME"). The
file's metadata has the names of the state in order.
"""

import math
import sys

import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torch import nn

out = {}
names = {}
g = torch.Generator().manual_seed(20240131)


def case(name, layer, *shape, training=True, x=None, call=None):
    with torch.no_grad():
        for p in layer.parameters():
            p.copy_(torch.randn(p.shape, generator=g))
        for b_name, b in layer.named_buffers():
            if b_name.endswith("running_mean"):
                b.copy_(torch.randn(b.shape, generator=g))
            if b_name.endswith("running_var"):
                b.copy_(0.5 + torch.rand(b.shape, generator=g))
    layer.train(training)
    for key, t in layer.state_dict().items():
        out[f"{name}/state.{key}"] = t.clone()
    names[name] = " ".join(layer.state_dict())
    if x is None:
        x = torch.randn(shape, generator=g).requires_grad_()
    y = (call or layer)(x)
    w = torch.randn(y.shape, generator=g)
    (w * y).sum().backward()
    out[f"{name}/x"], out[f"{name}/y"], out[f"{name}/w"] = x.detach(), y.detach(), w
    if x.grad is not None:
        out[f"{name}/grad.x"] = x.grad
    for key, p in layer.named_parameters():
        out[f"{name}/grad.{key}"] = p.grad
    for key, b in layer.named_buffers():
        out[f"{name}/after.{key}"] = b.clone()


case("conv", nn.Conv2d(3, 5, 3, padding=1), 2, 3, 7, 6)
case("conv strided", nn.Conv2d(4, 6, 3, stride=2, padding=1, bias=False), 2, 4, 8, 8)
case("conv 1x1", nn.Conv2d(4, 3, 1, stride=2, bias=False), 2, 4, 6, 5)
case("linear", nn.Linear(5, 4), 3, 5)
case("linear without bias", nn.Linear(5, 4, bias=False), 3, 5)
case("batch norm of images", nn.BatchNorm2d(3), 4, 3, 5, 2)
case("batch norm of rows", nn.BatchNorm1d(4), 6, 4)
case("batch norm in evaluation", nn.BatchNorm2d(3), 2, 3, 2, 2, training=False)
case("relu", nn.ReLU(), 4, 5)
case("max pool", nn.MaxPool2d(2), 2, 3, 7, 6)
case("sequential", nn.Sequential(nn.Conv2d(2, 4, 3, padding=1, bias=False), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2)), 3, 2, 6, 6)

case("conv 1d", nn.Conv1d(4, 6, 3, stride=2, padding=2, dilation=2, groups=2), 2, 4, 9)
case("conv dilated", nn.Conv2d(4, 6, 3, padding=2, dilation=2, groups=2, bias=False), 2, 4, 6, 7)
case("conv depthwise", nn.Conv2d(4, 4, 3, padding=1, groups=4), 2, 4, 5, 5)
case("conv 3d", nn.Conv3d(2, 4, 2, stride=2, padding=1), 2, 2, 4, 5, 3)
case("conv transposed", nn.ConvTranspose2d(4, 6, 3, stride=2, padding=1, output_padding=1, groups=2), 2, 4, 3, 4)
case("conv transposed dilated", nn.ConvTranspose2d(3, 2, 2, dilation=2, bias=False), 2, 3, 4, 4)
case("batch norm of volumes", nn.BatchNorm3d(2), 3, 2, 2, 3, 2)
case("batch norm without affine", nn.BatchNorm2d(3, affine=False, momentum=0.3, eps=1e-3), 4, 3, 2, 2)
case("batch norm without statistics", nn.BatchNorm1d(3, track_running_stats=False), 4, 3, 5, training=False)
case("layer norm", nn.LayerNorm(6, eps=1e-6), 3, 4, 6)
case("layer norm of planes", nn.LayerNorm([3, 5], bias=False), 2, 3, 5)
case("layer norm without affine", nn.LayerNorm(6, elementwise_affine=False), 3, 6)
case("rms norm", nn.RMSNorm(6), 3, 4, 6)
case("rms norm of planes", nn.RMSNorm([2, 3], eps=1e-2, elementwise_affine=False), 4, 2, 3)
case("group norm", nn.GroupNorm(2, 6), 3, 6, 4, 3)
case("group norm without affine", nn.GroupNorm(3, 6, affine=False), 2, 6)
case("instance norm", nn.InstanceNorm2d(3), 2, 3, 4, 5)
case("instance norm affine", nn.InstanceNorm1d(3, affine=True), 2, 3, 6)
case("embedding", nn.Embedding(7, 4, padding_idx=2), x=torch.tensor([[1, 2, 6], [0, 2, 1]]))
case("embedding unpadded", nn.Embedding(3, 2), x=torch.tensor([2, 0, 2]))

case("leaky relu", nn.LeakyReLU(), 4, 5)
case("leaky relu steep", nn.LeakyReLU(0.3), 4, 5)
case("elu", nn.ELU(), 4, 5)
case("elu scaled", nn.ELU(0.5), 4, 5)
case("gelu", nn.GELU(), 4, 5)
case("gelu tanh", nn.GELU("tanh"), 4, 5)
case("silu", nn.SiLU(), 4, 5)
case("sigmoid", nn.Sigmoid(), 4, 5)
case("tanh", nn.Tanh(), 4, 5)
case("softmax", nn.Softmax(1), 4, 5)
case("log softmax", nn.LogSoftmax(-1), 4, 5)

case("max pool 1d", nn.MaxPool1d(3, stride=2, padding=1), 2, 3, 8)
case("max pool overlapping", nn.MaxPool2d(3, stride=2, padding=1), 2, 3, 8, 7)
case("max pool ceil", nn.MaxPool2d(2, ceil_mode=True), 2, 3, 5, 7)
case("avg pool 1d", nn.AvgPool1d(2), 2, 3, 7)
case("avg pool", nn.AvgPool2d(3, stride=2, padding=1), 2, 3, 8, 7)
case("avg pool omitting", nn.AvgPool2d(3, stride=2, padding=1, ceil_mode=True, count_include_pad=False), 2, 3, 8, 7)
case("adaptive avg pool 1d", nn.AdaptiveAvgPool1d(3), 2, 3, 8)
case("adaptive avg pool", nn.AdaptiveAvgPool2d(1), 2, 3, 4, 5)
case("adaptive max pool 1d", nn.AdaptiveMaxPool1d(3), 2, 3, 8)
case("adaptive max pool", nn.AdaptiveMaxPool2d(2), 2, 3, 4, 5)

case("flatten", nn.Flatten(), 2, 3, 4)
case("unflatten", nn.Unflatten(-2, (2, -1)), 3, 4, 5)
case("upsample", nn.Upsample(scale_factor=3), 2, 3, 2, 3)
case("upsample bilinear", nn.Upsample(scale_factor=2, mode="bilinear"), 2, 3, 3, 2)
case("pixel shuffle", nn.PixelShuffle(2), 2, 8, 2, 3)


class PatchEmbed(nn.Module):
    """As in timm."""

    def __init__(self):
        super().__init__()
        self.proj = nn.Conv2d(3, 5, 4, stride=4)

    def forward(self, x):
        return self.proj(x).flatten(2).transpose(1, 2)


class Attention(nn.Module):
    """As in timm."""

    def __init__(self, dim, heads, qkv_bias):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(dim, 3 * dim, bias=qkv_bias)
        self.proj = nn.Linear(dim, dim)

    def forward(self, x):
        n, length, dim = x.shape
        q, k, v = self.qkv(x).reshape(n, length, 3, self.heads, dim // self.heads).permute(2, 0, 3, 1, 4)
        return self.proj(F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(n, length, dim))


case("patch embed", PatchEmbed(), 2, 3, 8, 13)
case("attention", Attention(6, 2, True), 2, 5, 6)
case("attention without bias", Attention(6, 3, False), 2, 4, 6)


def multihead(name, call, **options):
    layer = nn.MultiheadAttention(6, 2, batch_first=True, **options)
    case(name, layer, 2, 5, 6, call=lambda x: call(layer, x))


hidden = torch.zeros(5, 5, dtype=torch.bool)
hidden[0, 3] = hidden[2, 1] = hidden[4, 4] = True
padding = torch.zeros(2, 5, dtype=torch.bool)
padding[1, 3:] = True
later = torch.ones(5, 5, dtype=torch.bool).triu(1)
added = torch.arange(25.0).reshape(5, 5) / 10 - 1
out["masks/hidden"], out["masks/padding"], out["masks/added"] = hidden, padding, added
multihead("multihead", lambda a, x: a(x, x, x)[0])
multihead("multihead without bias", lambda a, x: a(x, x, x)[0], bias=False)
multihead("multihead hidden", lambda a, x: a(x, x, x, attn_mask=hidden)[0])
multihead("multihead padded", lambda a, x: a(x, x, x, key_padding_mask=padding)[0])
multihead("multihead causal", lambda a, x: a(x, x, x, attn_mask=later, is_causal=True, need_weights=False)[0])
multihead("multihead all masks", lambda a, x: a(x, x, x, attn_mask=added.masked_fill(later, -math.inf), key_padding_mask=torch.zeros(2, 5).masked_fill(padding, -math.inf))[0])
multihead("multihead cross", lambda a, x: a(x[:, :2], x[:, 1:4], x[:, 2:])[0])

for norm_first in (False, True):
    layer = nn.TransformerEncoderLayer(6, 2, 10, dropout=0, batch_first=True, norm_first=norm_first, activation="gelu" if norm_first else "relu")
    case("encoder norm first" if norm_first else "encoder", layer, 2, 5, 6)
layer = nn.TransformerEncoderLayer(6, 3, 8, dropout=0, batch_first=True)
case("encoder padded", layer, 2, 5, 6, call=lambda x: layer(x, src_key_padding_mask=padding))


def drawn(name, weight_shape):
    """The default reset_parameters of Linear and Conv2d, from a generator."""
    gen = torch.Generator().manual_seed(7)
    weight, bias = torch.empty(weight_shape), torch.empty(weight_shape[0])
    nn.init.kaiming_uniform_(weight, a=math.sqrt(5), generator=gen)
    bound = 1 / math.sqrt(weight[0].numel())
    nn.init.uniform_(bias, -bound, bound, generator=gen)
    out[f"drawn {name}/weight"], out[f"drawn {name}/bias"] = weight, bias


drawn("conv", (5, 3, 3, 3))
drawn("linear", (4, 9))


def built(name, make):
    """A layer's default weights, drawn from the global generator."""
    torch.manual_seed(7)
    for key, t in make().state_dict().items():
        out[f"drawn {name}/{key}"] = t.clone()


built("conv 1d", lambda: nn.Conv1d(4, 6, 3, groups=2))
built("conv 3d", lambda: nn.Conv3d(2, 4, 2))
built("conv transposed", lambda: nn.ConvTranspose2d(4, 6, 3, groups=2))
built("batch norm", lambda: nn.BatchNorm2d(3))
built("layer norm", lambda: nn.LayerNorm([2, 3]))
built("rms norm", lambda: nn.RMSNorm(3))
built("group norm", lambda: nn.GroupNorm(2, 4))
built("instance norm", lambda: nn.InstanceNorm2d(4, affine=True))
built("embedding", lambda: nn.Embedding(7, 4, padding_idx=2))
built("multihead", lambda: nn.MultiheadAttention(6, 2))
built("multihead without bias", lambda: nn.MultiheadAttention(6, 2, bias=False))
built("encoder", lambda: nn.TransformerEncoderLayer(6, 2, 10))


def initialized(name, shape, init, dtype=torch.float32):
    t = torch.empty(shape, dtype=dtype)
    init(t, torch.Generator().manual_seed(11))
    out[f"initialized/{name}"] = t


i = nn.init
initialized("kaiming uniform", (4, 3, 2, 2), lambda t, g: i.kaiming_uniform_(t, a=0.2, generator=g))
initialized("kaiming uniform out", (4, 3, 2), lambda t, g: i.kaiming_uniform_(t, mode="fan_out", nonlinearity="relu", generator=g))
initialized("kaiming normal", (4, 5), lambda t, g: i.kaiming_normal_(t, nonlinearity="tanh", generator=g), torch.float64)
initialized("kaiming normal out", (8, 2, 3, 3), lambda t, g: i.kaiming_normal_(t, mode="fan_out", nonlinearity="selu", generator=g))
initialized("xavier uniform", (4, 3, 3), lambda t, g: i.xavier_uniform_(t, gain=i.calculate_gain("tanh"), generator=g))
initialized("xavier normal", (30, 20), lambda t, g: i.xavier_normal_(t, generator=g))
initialized("trunc normal", (50, 20), lambda t, g: i.trunc_normal_(t, std=0.02, generator=g))
initialized("trunc normal tight", (50, 20), lambda t, g: i.trunc_normal_(t, 0.5, 0.7, 0, 1.2, generator=g))
initialized("trunc normal tail", (50, 20), lambda t, g: i.trunc_normal_(t, 0, 1, 1.5, 4, generator=g), torch.float64)
initialized("orthogonal", (6, 4), lambda t, g: i.orthogonal_(t, generator=g))
initialized("orthogonal wide", (3, 2, 4), lambda t, g: i.orthogonal_(t, 1.5, generator=g), torch.float64)
initialized("constant", (2, 2), lambda t, g: i.constant_(t, 0.3))


def dropped(name, shape, drop):
    torch.manual_seed(5)
    x = torch.arange(1.0, math.prod(shape) + 1).reshape(shape)
    out[f"dropped/{name}"] = drop(x)


dropped("dropout", (6, 7), lambda x: F.dropout(x, 0.3))
dropped("dropout2d", (3, 4, 2, 2), lambda x: F.dropout2d(x, 0.4))
dropped("drop path", (12, 3), lambda x: x * x.new_empty(12, 1).bernoulli_(0.75).div_(0.75))

path = sys.argv[1] if len(sys.argv) > 1 else __file__.replace("make_layers.py", "layers.safetensors")
save_file({k: v.clone(memory_format=torch.contiguous_format) for k, v in out.items()}, path, metadata=names)
