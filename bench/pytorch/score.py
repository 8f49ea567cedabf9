"""SSLMem of points, views included, as one writes it with PyTorch for Python.

usage: score.py THREADS KIND MODEL WIDTH VIEWS FILE BF16

KIND is single, which takes one view of one image at a time, as the code published
with arXiv 2401.12233 does; batched, a DataLoader of THREADS workers and a forward of
all views of 25 points; or compiled, the same with torch.compile and frozen weights.
VIEWS is the recipe of the views as JSON, FILE a safetensors file with the encoders f
and g, images, and views on which all sides must find the same. If BF16 is true, the
kind compiled computes in bf16.
"""

import json
import sys

import numpy as np
import torch
from torch.nn import functional as F
from torch.utils.data import DataLoader, Dataset

from models import ResNet9, ResNet18
from serve import serve

POINTS, K = 25, 10


def read_safetensors(path):
    types = {"F32": torch.float32, "I64": torch.int64, "U8": torch.uint8}
    with open(path, "rb") as f:
        header = json.loads(f.read(int.from_bytes(f.read(8), "little")))
        body = bytearray(f.read())
    tensors = {}
    for name, t in header.items():
        if name != "__metadata__":
            first, last = t["data_offsets"]
            tensors[name] = torch.frombuffer(body[first:last], dtype=types[t["dtype"]]).reshape(t["shape"])
    return tensors


def augmentation(v, pil):
    """The recipe with torchvision, of one image."""
    from torchvision import transforms
    from torchvision.transforms import v2

    T = transforms if pil else v2
    steps = [T.RandomResizedCrop(v["size"], (v["scale_min"], v["scale_max"]), (v["ratio_min"], v["ratio_max"])),
             T.RandomHorizontalFlip(v["flip"]),
             T.RandomApply([T.ColorJitter(v["brightness"], v["contrast"], v["saturation"], v["hue"])], v["jitter_p"])]
    if v["gray"]:
        steps.append(T.RandomGrayscale(v["gray"]))
    steps.append(T.ToTensor() if pil else T.ToDtype(torch.float32, scale=True))
    return T.Compose(steps + [T.Normalize(v["mean"], v["std"])])


class Views(Dataset):
    """K views of each of n points."""

    def __init__(self, images, make, n):
        self.images, self.make, self.n = images, make, n

    def __len__(self):
        return self.n

    def __getitem__(self, i):
        image = self.images[i % len(self.images)]
        return torch.stack([self.make(image) for _ in range(K)])


def loss(z):
    """The mean distance of all pairs of the K views of each point, z [n, K, D]."""
    z = F.normalize(z.float(), dim=-1)
    return torch.stack([F.pdist(views).mean() for views in z])


def main():
    threads, kind, name, width, v, path, half = int(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4]), json.loads(sys.argv[5]), sys.argv[6], sys.argv[7] == "true"
    torch.set_num_threads(threads)
    tensors = read_safetensors(path)
    images, channels = tensors["images"], tensors["images"].shape[1]
    encoders = []
    for e in "fg":
        net = ResNet9(width or 32, channels) if name == "resnet9" else ResNet18(width or 64, channels)
        net.load_state_dict({k[2:]: t for k, t in tensors.items() if k.startswith(e + ".")})
        net.eval().requires_grad_(False)
        if kind != "single":
            net.to(memory_format=torch.channels_last)
        if kind == "compiled":
            from torch._inductor import config

            config.freezing = True
            net = torch.compile(net)
        encoders.append(net)
    half = half and kind == "compiled"

    def encode(net, x):
        with torch.autocast("cpu", torch.bfloat16, enabled=half):
            return net(x)

    def points(x):
        """m of points from their views [n, K, C, H, W] on which all are taken at once."""
        flat = x.flatten(0, 1).contiguous(memory_format=torch.channels_last)
        f, g = (loss(encode(net, flat).unflatten(0, x.shape[:2])) for net in encoders)
        return g - f

    def one_by_one(x):
        """m of points from their views, each of which is taken alone."""
        m = []
        for views in x:
            z = [torch.stack([net(view[None])[0] for view in views]) for net in encoders]
            f, g = (loss(e[None])[0] for e in z)
            m.append(g - f)
        return torch.stack(m)

    take = one_by_one if kind == "single" else points

    def same(_):
        with torch.no_grad():
            m = take(tensors["views"].unflatten(0, (POINTS, K)))
        with open(path + "." + kind, "w") as out:
            out.writelines(f"{value!r}\n" for value in m.tolist())
        return m.mean()

    def score_single(n):
        from PIL import Image

        make, total = augmentation(v, True), 0.0
        pixels = [image.permute(1, 2, 0).squeeze(-1).numpy() for image in images]
        with torch.no_grad():
            for i in range(n * POINTS):
                image = Image.fromarray(np.ascontiguousarray(pixels[i % len(pixels)]))
                total += float(one_by_one(torch.stack([make(image) for _ in range(K)])[None]))
        return total / (n * POINTS)

    loaders = {}

    def score_batches(n):
        if n not in loaders:
            loaders.clear()
            loaders[n] = DataLoader(Views(images, augmentation(v, False), n * POINTS), batch_size=POINTS,
                                    num_workers=threads, persistent_workers=True)
        total = 0.0
        with torch.no_grad():
            for x in loaders[n]:
                total += float(points(x).sum())
        return total / (n * POINTS)

    torch.manual_seed(1)
    serve({"same": same, "score": score_single if kind == "single" else score_batches})


main()
