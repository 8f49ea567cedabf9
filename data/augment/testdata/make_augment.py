"""Makes augment.json: what torchvision's float operations give on fixed parameters.

    python3 make_augment.py          (needs torch and torchvision)

Every case starts from bytes, divides by 255 and applies, in this order, the crop
with resizing, the flips, the colour steps, greyscale, blur, solarize, inversion and
normalisation, each through torchvision.transforms.v2.functional in float32. The
statistics are means over many draws of RandomResizedCrop.get_params.
"""

import json
import os

import numpy as np
import torch
import torchvision
import torchvision.transforms.v2.functional as F
from torchvision.transforms import InterpolationMode, RandomResizedCrop

OPS = [
    ("brightness", F.adjust_brightness, 1.0),
    ("contrast", F.adjust_contrast, 1.0),
    ("saturation", F.adjust_saturation, 1.0),
    ("hue", F.adjust_hue, 0.0),
]


def make_image(c, h, w, seed):
    """A noisy picture with waves, black, white and grey areas."""
    rng = np.random.RandomState(seed)
    y, x = np.mgrid[0:h, 0:w]
    img = np.stack([127 + 90 * np.sin(x / (2.0 + k) + seed) * np.cos(y / (3.0 - 0.5 * k)) for k in range(c)])
    img += rng.randint(-60, 60, size=img.shape)
    img[:, :2, :2] = 0
    img[:, -2:, -2:] = 255
    img[:, -2:, :2] = 100
    return np.clip(img, 0, 255).astype(np.uint8)


def view(img, size, p, mean, std, bicubic=False, aliased=False, kernel=0):
    x = torch.from_numpy(img).to(torch.float32) / 255
    mode = InterpolationMode.BICUBIC if bicubic else InterpolationMode.BILINEAR
    x = F.resized_crop(x, p["top"], p["left"], p["height"], p["width"], [size, size], mode, antialias=not aliased)
    if bicubic:
        x = x.clamp(0, 1)  # as torchvision does with bytes
    if p["flip"]:
        x = F.hflip(x)
    if p["vflip"]:
        x = F.vflip(x)
    for i in p["order"]:
        name, op, identity = OPS[i]
        if p[name] != identity:
            x = op(x, p[name])
    if p["gray"]:
        x = F.rgb_to_grayscale(x, num_output_channels=x.shape[0])
    if p["blur"]:
        x = F.gaussian_blur(x, [kernel, kernel], [p["blur"], p["blur"]])
    if p["solarize"]:
        x = F.solarize(x, 0.5)
    if p["invert"]:
        x = F.invert(x)
    if mean:
        x = F.normalize(x, mean, std)
    return x


def main():
    images = [make_image(1, 14, 14, 1), make_image(3, 13, 11, 2), make_image(1, 40, 23, 3), make_image(3, 9, 9, 4)]
    cases = []

    def add(name, image, size, mean=(), std=(), bicubic=False, aliased=False, kernel=0, **change):
        _, h, w = images[image].shape
        p = dict(top=0, left=0, height=h, width=w, flip=False, vflip=False, brightness=1.0, contrast=1.0,
                 saturation=1.0, hue=0.0, order=[0, 1, 2, 3], gray=False, blur=0.0, solarize=False, invert=False)
        p.update(change)
        want = view(images[image], size, p, list(mean), list(std), bicubic, aliased, kernel)
        cases.append(dict(name=name, image=image, size=size, mean=list(mean), std=list(std), bicubic=bicubic,
                          aliased=aliased, kernel=kernel, params=p,
                          want=[float("%.8g" % v) for v in want.flatten().tolist()]))

    add("whole image, same size", 0, 14)
    add("crop of the same size", 0, 8, top=3, left=5, height=8, width=8)
    add("crop grows", 0, 11, top=2, left=1, height=5, width=7)
    add("crop of one pixel", 0, 4, top=6, left=9, height=1, width=1)
    add("crop of one column", 0, 5, top=1, left=13, height=9, width=1)
    add("whole image shrinks", 2, 9)
    add("whole image shrinks to one pixel", 2, 1)
    add("rows shrink, columns grow", 2, 12, top=4, left=17, height=31, width=6)
    add("rows grow, columns shrink", 2, 7, top=35, left=0, height=5, width=23)
    add("shrinks by less than two", 2, 13, top=1, left=2, height=17, width=21)
    add("flip", 0, 9, top=1, left=2, height=10, width=7, flip=True)
    add("vflip", 0, 9, top=1, left=2, height=10, width=7, vflip=True)
    add("both flips, colour", 1, 6, top=1, left=2, height=10, width=7, flip=True, vflip=True)
    for image in (0, 3):
        kind = "colour" if image else "grey"
        for name, factors in (("brightness", (0.3, 1.7)), ("contrast", (0.0, 0.35, 1.8)), ("saturation", (0.0, 0.4, 1.9)),
                              ("hue", (-0.5, -0.2, 0.07, 0.33, 0.5))):
            if image == 0 and name in ("saturation", "hue"):
                factors = factors[-1:]
            for f in factors:
                add(f"{name} {f}, {kind}", image, images[image].shape[1], **{name: f})
        add(f"gray, {kind}", image, images[image].shape[1], gray=True)
        for order in ([0, 1, 2, 3], [3, 2, 1, 0], [1, 0, 3, 2], [2, 3, 0, 1]):
            add(f"jitter in order {order}, {kind}", image, 7, top=1, left=1, height=6, width=5, flip=True,
                brightness=1.3, contrast=1.6, saturation=0.5, hue=0.15, order=order)
    add("everything", 1, 8, mean=(0.4914, 0.4822, 0.4465), std=(0.247, 0.2435, 0.2616), top=2, left=1, height=9, width=10,
        flip=True, brightness=0.7, contrast=1.4, saturation=1.5, hue=-0.1, order=[2, 0, 3, 1])
    add("everything and gray", 1, 8, mean=(0.4914, 0.4822, 0.4465), std=(0.247, 0.2435, 0.2616), top=2, left=1, height=9, width=10,
        vflip=True, brightness=1.2, contrast=0.8, saturation=1.5, hue=0.4, order=[3, 1, 0, 2], gray=True)
    add("normalised grey", 0, 10, mean=(0.286,), std=(0.353,), brightness=1.4, contrast=1.4, saturation=1.5, hue=0.4, gray=True)

    for image, kind in ((0, "grey"), (3, "colour"), (2, "long")):
        for bicubic in (False, True):
            for aliased in (False, True):
                if not bicubic and not aliased:
                    continue
                how = ("bicubic" if bicubic else "bilinear") + (", aliased" if aliased else "")
                h, side = images[image].shape[1:]
                for size in (5, 9, 17):
                    add(f"{how}, {kind}, to {size}", image, size, bicubic=bicubic, aliased=aliased)
                add(f"{how}, {kind}, a crop", image, 7, top=1, left=2, height=h - 2, width=side - 5, flip=True, bicubic=bicubic, aliased=aliased)
                add(f"{how}, {kind}, one pixel", image, 4, top=3, left=2, height=1, width=1, bicubic=bicubic, aliased=aliased)
    for image, kind in ((0, "grey"), (1, "colour")):
        for kernel, sigma in ((3, 0.1), (3, 2.0), (5, 0.7), (5, 5.0), (23, 1.3)):
            size = 12 if kernel == 23 else 9
            add(f"blur {sigma} with {kernel} pixels, {kind}", image, size, blur=sigma, kernel=kernel)
        add(f"solarize, {kind}", image, 11, solarize=True)
        add(f"invert, {kind}", image, 11, invert=True)
        add(f"solarize and invert, {kind}", image, 11, top=1, height=9, solarize=True, invert=True, vflip=True)
    add("everything of BYOL", 1, 9, mean=(0.4914, 0.4822, 0.4465), std=(0.247, 0.2435, 0.2616), top=1, left=2, height=11, width=8,
        flip=True, brightness=0.7, contrast=1.3, saturation=1.2, hue=-0.07, order=[3, 0, 2, 1], blur=1.1, kernel=5, solarize=True, bicubic=True)

    torch.manual_seed(1)
    crops = []
    for h, w, scale, ratio in ((28, 28, (0.2, 1.0), (3 / 4, 4 / 3)), (32, 32, (0.08, 1.0), (3 / 4, 4 / 3)),
                               (10, 60, (0.3, 1.0), (3 / 4, 4 / 3)), (50, 20, (0.08, 0.9), (0.5, 1.5))):
        img = torch.zeros(1, h, w)
        draws = np.array([RandomResizedCrop.get_params(img, scale, ratio) for _ in range(20000)], dtype=float)
        area = draws[:, 2] * draws[:, 3] / (h * w)
        columns = np.column_stack([draws, area, np.log(draws[:, 3] / draws[:, 2])])
        crops.append(dict(h=h, w=w, scale=list(scale), ratio=list(ratio), n=len(draws),
                          mean=columns.mean(0).tolist(), std=columns.std(0).tolist()))

    out = dict(
        torch=torch.__version__, torchvision=torchvision.__version__,
        images=[dict(c=i.shape[0], h=i.shape[1], w=i.shape[2], pixels=i.flatten().tolist()) for i in images],
        cases=cases, crops=crops)
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "augment.json"), "w") as f:
        f.write("{\n")
        for n, (key, value) in enumerate(out.items()):
            f.write(",\n" if n else "")
            if isinstance(value, list):
                f.write(f'"{key}": [\n' + ",\n".join(json.dumps(v) for v in value) + "\n]")
            else:
                f.write(f'"{key}": {json.dumps(value)}')
        f.write("\n}\n")


main()
