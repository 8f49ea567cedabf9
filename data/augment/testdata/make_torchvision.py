"""Makes torchvision.safetensors: what torchvision v2 does and draws.

    python3 make_torchvision.py [FILE]     (needs torch, torchvision and safetensors)

"images" holds random images. For every operation there is "OP.float", the result
of torchvision.transforms.v2.functional on float tensors in [0, 1], in steps of
1/65535, and "OP.bytes" and "OP.pil", its results on uint8 tensors and on PIL
images. The parameters stand in the metadata, one object for each image.
"draws.NAME" are parameters that torchvision's own classes have drawn, and
"pipeline" the mean and variance of each channel over many views of SimCLR's
pipeline for small images, each with its standard error.
"""

import json
import os
import random
import sys

import numpy as np
import torch
import torchvision
import torchvision.transforms.v2 as T
import torchvision.transforms.v2.functional as F
from safetensors.torch import save_file
from torchvision.transforms import InterpolationMode

SIDE, SIZE, N, DRAWS = 18, 12, 8, 2000
CUBIC, LINEAR = InterpolationMode.BICUBIC, InterpolationMode.BILINEAR


def make_images():
    """Half noise, half smooth colours."""
    g = np.random.RandomState(1)
    noise = g.randint(0, 256, size=(N // 2, 3, SIDE, SIDE))
    y, x = np.mgrid[0:SIDE, 0:SIDE]
    smooth = [[127.5 + 127.5 * np.sin(x / g.uniform(1.5, 6) + y / g.uniform(1.5, 6) + g.uniform(0, 6)) for _ in range(3)] for _ in range(N - N // 2)]
    return torch.from_numpy(np.concatenate([noise, np.array(smooth)]).astype(np.uint8))


def crop(mode, antialias):
    return lambda x, p: F.resized_crop(x, p["top"], p["left"], p["height"], p["width"], [SIZE, SIZE], mode, antialias=antialias)


def jitter(x, p):
    ops = [(F.adjust_brightness, "brightness"), (F.adjust_contrast, "contrast"), (F.adjust_saturation, "saturation"), (F.adjust_hue, "hue")]
    for i in p["order"]:
        op, name = ops[i]
        x = op(x, p[name])
    return x


def solarize(x, p):
    return F.solarize(x, 0.5 if isinstance(x, torch.Tensor) and x.dtype.is_floating_point else 128)


def blur(x, p):
    return F.gaussian_blur(x, [5, 5], [p["blur"], p["blur"]])


def everything(x, p):
    x = crop(LINEAR, True)(x, p)
    x = F.horizontal_flip(x) if p["flip"] else x
    x = jitter(x, p)
    x = F.rgb_to_grayscale(x, 3) if p["gray"] else x
    x = blur(x, p)
    return solarize(x, p) if p["solarize"] else x


def draw_box(r):
    h, w = r.randint(3, SIDE), r.randint(3, SIDE)
    return dict(height=h, width=w, top=r.randint(0, SIDE - h), left=r.randint(0, SIDE - w))


def draw_colors(r):
    order = [0, 1, 2, 3]
    r.shuffle(order)
    return dict(brightness=r.uniform(0.2, 1.8), contrast=r.uniform(0.2, 1.8), saturation=r.uniform(0.2, 1.8), hue=r.uniform(-0.5, 0.5), order=order)


OPS = {
    "crop bilinear": (crop(LINEAR, True), draw_box),
    "crop bilinear aliased": (crop(LINEAR, False), draw_box),
    "crop bicubic": (crop(CUBIC, True), draw_box),
    "crop bicubic aliased": (crop(CUBIC, False), draw_box),
    "horizontal flip": (lambda x, p: F.horizontal_flip(x), lambda r: dict(flip=True)),
    "vertical flip": (lambda x, p: F.vertical_flip(x), lambda r: dict(vflip=True)),
    "brightness": (lambda x, p: F.adjust_brightness(x, p["brightness"]), lambda r: dict(brightness=r.uniform(0, 2))),
    "contrast": (lambda x, p: F.adjust_contrast(x, p["contrast"]), lambda r: dict(contrast=r.uniform(0, 2))),
    "saturation": (lambda x, p: F.adjust_saturation(x, p["saturation"]), lambda r: dict(saturation=r.uniform(0, 2))),
    "hue": (lambda x, p: F.adjust_hue(x, p["hue"]), lambda r: dict(hue=r.uniform(-0.5, 0.5))),
    "jitter": (jitter, draw_colors),
    "grayscale": (lambda x, p: F.rgb_to_grayscale(x, 3), lambda r: dict(gray=True)),
    "gaussian blur": (blur, lambda r: dict(blur=r.uniform(0.1, 5))),
    "solarize": (solarize, lambda r: dict(solarize=True)),
    "invert": (lambda x, p: F.invert(x), lambda r: dict(invert=True)),
    "everything": (everything, lambda r: draw_box(r) | draw_colors(r) | dict(blur=r.uniform(0.1, 2), flip=r.random() < 0.5, gray=r.random() < 0.2, solarize=r.random() < 0.5)),
}


def to_bytes(x):
    return F.pil_to_tensor(x) if not isinstance(x, torch.Tensor) else x


def applied(transform, marker, changed):
    """How often a transform acts, as 0 and 1."""
    return torch.tensor([float(changed(transform(marker))) for _ in range(DRAWS)])


def draws():
    torch.manual_seed(2)
    image = torch.zeros(3, 32, 32, dtype=torch.uint8)
    box = [T.RandomResizedCrop(32, scale=(0.08, 1.0)).make_params([image]) for _ in range(DRAWS)]
    colors = [T.ColorJitter(0.8, 0.8, 0.8, 0.2).make_params([image]) for _ in range(DRAWS)]
    colors = [dict(p, order="".join(map(str, p["fn_idx"].tolist()))) for p in colors]
    names = sorted({p["order"] for p in colors})
    marker = torch.zeros(3, 2, 2)
    marker[0, 0, 1] = 1
    changed = lambda y: not torch.equal(y, marker)
    column = lambda rows, key: torch.tensor([float(p[key]) for p in rows])
    return {
        "top": column(box, "top"), "left": column(box, "left"), "height": column(box, "height"), "width": column(box, "width"),
        "brightness": column(colors, "brightness_factor"), "contrast": column(colors, "contrast_factor"),
        "saturation": column(colors, "saturation_factor"), "hue": column(colors, "hue_factor"),
        "order": torch.tensor([float(names.index(p["order"])) for p in colors]),
        "blur": torch.tensor([T.GaussianBlur(5, (0.1, 2.0)).make_params([image])["sigma"][0] for _ in range(DRAWS)]),
        "flip": applied(T.RandomHorizontalFlip(0.5), marker, changed),
        "vflip": applied(T.RandomVerticalFlip(0.5), marker, changed),
        "gray": applied(T.RandomGrayscale(0.2), marker, changed),
        "jitter": applied(T.RandomApply([T.RandomInvert(1.0)], 0.8), marker, changed),
        "solarize": applied(T.RandomSolarize(0.5, 0.2), marker, changed),
        "invert": applied(T.RandomInvert(0.1), marker, changed),
    }


def pipeline(images):
    torch.manual_seed(3)
    transform = T.Compose([
        T.ToDtype(torch.float32, scale=True), T.RandomResizedCrop(SIZE, antialias=True), T.RandomHorizontalFlip(),
        T.RandomApply([T.ColorJitter(0.8, 0.8, 0.8, 0.2)], 0.8), T.RandomGrayscale(0.2),
        T.RandomApply([T.GaussianBlur(5, (0.1, 2.0))], 0.5), T.RandomSolarize(0.5, 0.2), T.RandomInvert(0.1),
    ])
    views = torch.stack([transform(images[i % N]) for i in range(DRAWS)]).double()
    mean, var = views.mean((2, 3)), views.var((2, 3), correction=0)
    rows = [mean.mean(0), mean.std(0) / DRAWS**0.5, var.mean(0), var.std(0) / DRAWS**0.5]
    return torch.stack(rows)


def main():
    images = make_images()
    out, params = {"images": images}, {}
    for op, (apply, draw) in OPS.items():
        r = random.Random(op)
        params[op] = [draw(r) for _ in range(N)]
        run = lambda convert: [apply(convert(images[i]), params[op][i]) for i in range(N)]
        exact = torch.stack(run(lambda x: x.float() / 255)).clamp(0, 1)
        # safetensors for PyTorch has no numpy uint16, so the bits go as int16
        out[op + ".float"] = torch.from_numpy(np.round(exact.double().numpy() * 65535).astype(np.uint16).view(np.int16))
        out[op + ".bytes"] = torch.stack(run(lambda x: x))
        out[op + ".pil"] = torch.stack([to_bytes(x) for x in run(F.to_pil_image)])
    for name, v in draws().items():
        out["draws." + name] = v
    out["pipeline"] = pipeline(images)
    out = {k: v.contiguous() for k, v in out.items()}
    here = os.path.join(os.path.dirname(os.path.abspath(__file__)), "torchvision.safetensors")
    save_file(out, sys.argv[1] if len(sys.argv) > 1 else here, metadata={"params": json.dumps(params), "torchvision": torchvision.__version__})


main()
