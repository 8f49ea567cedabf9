"""Writes the TorchScript modules that the tests of package torch load, with what PyTorch
computes with them.

    python3 make.py [FOLDER]      (PyTorch 2.14.1; the folder of this file by default)

Each NAME.pt comes with inputs and outputs in expected.safetensors, as NAME/x, NAME/y and so on.
Weights follow from their position, not from a random generator.
"""

import io
import os
import sys
import warnings
from typing import Dict, List, NamedTuple, Optional, Tuple

import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torch import Tensor, nn

warnings.filterwarnings("ignore", category=FutureWarning)


def wave(*shape, phase=0.0):
    n = 1
    for size in shape:
        n *= size
    return torch.sin(torch.arange(n, dtype=torch.float64) * 0.7 + phase).to(torch.float32).reshape(shape)


def fill(module):
    """Gives every parameter and running statistic numbers that do not repeat."""
    with torch.no_grad():
        for i, t in enumerate(list(module.parameters()) + list(module.buffers())):
            if t.is_floating_point():
                t.copy_(wave(*t.shape, phase=i) * 0.4)
        for name, t in module.named_buffers():
            if name.endswith("running_var"):
                t.copy_(t.abs() + 0.5)
    return module


class Block(nn.Module):
    """A block of a vision transformer, with attention written out."""

    def __init__(self, dim: int, heads: int):
        super().__init__()
        self.heads = heads
        self.norm1 = nn.LayerNorm(dim)
        self.qkv = nn.Linear(dim, 3 * dim)
        self.proj = nn.Linear(dim, dim)
        self.norm2 = nn.LayerNorm(dim)
        self.mlp = nn.Sequential(nn.Linear(dim, 2 * dim), nn.GELU(), nn.Linear(2 * dim, dim))

    def forward(self, x: Tensor) -> Tensor:
        n, t, d = x.shape
        q, k, v = self.qkv(self.norm1(x)).reshape(n, t, 3, self.heads, d // self.heads).permute(2, 0, 3, 1, 4).unbind(0)
        a = F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(n, t, d)
        x = x + self.proj(a)
        return x + self.mlp(self.norm2(x))


class ViT(nn.Module):
    def __init__(self):
        super().__init__()
        self.patch = nn.Conv2d(3, 16, 4, stride=4)
        self.cls = nn.Parameter(torch.zeros(1, 1, 16))
        self.pos = nn.Parameter(torch.zeros(1, 5, 16))
        self.blocks = nn.Sequential(Block(16, 2), Block(16, 2))
        self.norm = nn.LayerNorm(16)

    def forward(self, x: Tensor) -> Tensor:
        x = self.patch(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.cls.expand(x.shape[0], -1, -1), x], 1) + self.pos
        return self.norm(self.blocks(x))[:, 0]


class Net(nn.Module):
    """A convolution, batch norm and dropout: what training and evaluation tell apart."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3, bias=False)
        self.bn = nn.BatchNorm2d(4)
        self.fc = nn.Linear(4, 2)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.bn(self.conv(x)))
        return self.fc(x.mean((2, 3)))


class Pair(NamedTuple):
    low: Tensor
    high: Tensor


class Values(nn.Module):
    """Methods that take and return everything but one tensor."""

    def __init__(self):
        super().__init__()
        self.register_buffer("count", torch.zeros((), dtype=torch.int64))

    def forward(self, x: Tensor, scale: float = 2.0, shift: Optional[Tensor] = None) -> Dict[str, Tensor]:
        y = x * scale
        if shift is not None:
            y = y + shift
        return {"y": y, "sum": y.sum()}

    @torch.jit.export
    def nested(self, x: Tensor, sizes: List[int]) -> Tuple[Tensor, List[Tensor], Dict[str, int], bool, Optional[str]]:
        return x.reshape(sizes), [x, x + 1], {"n": x.numel(), "dim": x.dim()}, x.numel() > 3, None

    @torch.jit.export
    def pair(self, x: Tensor) -> Pair:
        return Pair(x.min(), x.max())

    @torch.jit.export
    def total(self, parts: Dict[str, Tensor], names: List[str], both: Tuple[int, float]) -> Tensor:
        out = torch.zeros(2)
        for name in names:
            out = out + parts[name]
        return out * both[0] + both[1]

    @torch.jit.export
    def tick(self) -> int:
        self.count += 1
        return int(self.count.item())

    @torch.jit.export
    def name(self, device: torch.device, text: str, flag: bool, z: complex) -> str:
        return f"{device} {text} {flag} {z}"

    @torch.jit.export
    def fail(self, x: Tensor) -> Tensor:
        if x.numel() > 1:
            raise ValueError("one element is wanted, not " + str(x.numel()))
        return x

    @torch.jit.export
    def mismatch(self, x: Tensor) -> Tensor:
        return torch.mm(x, x)


def save(script, path):
    """Saves a module without its debug records, which name the folders of this machine."""
    buffer = io.BytesIO()
    torch.jit.save(script, buffer)
    reader = torch._C.PyTorchFileReader(io.BytesIO(buffer.getvalue()))
    with open(path, "wb") as f:
        writer = torch._C.PyTorchFileWriter(f)
        for record in reader.get_all_records():
            if not record.endswith(".debug_pkl") and not record.startswith(".data/"):
                data = reader.get_record(record)
                writer.write_record(record, data, len(data))
        writer.write_end_of_file()


def main(folder):
    expected = {}

    def put(name, module, traced=None):
        module = fill(module).eval()
        script = torch.jit.trace(module, traced) if traced is not None else torch.jit.script(module)
        save(script, os.path.join(folder, name + ".pt"))
        return module

    with torch.no_grad():
        x = wave(2, 3, 8, 8)
        expected["vit/x"], expected["vit/y"] = x, put("vit", ViT())(x)
        expected["traced/x"], expected["traced/y"] = x, put("traced", Net(), x)(x)
        net = put("net", Net())
        expected["net/x"], expected["net/eval"] = x, net(x)
        for name, t in net.named_parameters():
            expected["net/parameters/" + name] = t.clone()
        expected["net/train"] = net.train()(x)
        for name, t in net.named_buffers():
            expected["net/buffers/" + name] = t.clone()
    put("values", Values())
    torch.save(Net().state_dict(), os.path.join(folder, "state_dict.pt"))
    torch.save(Net().state_dict(), os.path.join(folder, "legacy.pt"), _use_new_zipfile_serialization=False)
    save_file({name: t.detach().clone() for name, t in expected.items()}, os.path.join(folder, "expected.safetensors"))


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else os.path.dirname(os.path.abspath(__file__)))
