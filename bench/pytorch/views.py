"""Views of SimCLR as users of Python make them; the twin of ../worker_views.go.

usage: views.py THREADS KIND SIZE BATCH SIDE_H SIDE_W

KIND is pil or v2, which make one view after another, on more than one thread in
as many processes; or kornia, which makes a batch at once. A batch ends as float32
[BATCH, 3, SIZE, SIZE], normalised.

usage: views.py THREADS folder SIZE BATCH FOLDER

reads a folder of JPEGs with torchvision's ImageFolder and a DataLoader of
THREADS workers.
"""

import multiprocessing
import sys

import numpy as np
import torch
from PIL import Image, ImageFilter

from serve import serve

MEAN, STD = (0.5, 0.5, 0.5), (0.25, 0.25, 0.25)


def pictures(n, h, w):
    """Those of ../worker_views.go: waves and noise."""
    y, x = np.mgrid[0:h, 0:w]
    r = np.random.RandomState(1)
    out = []
    for i in range(n):
        planes = [127 + 80 * np.sin(x / (9 + c) + i) * np.cos(y / (11 - c)) + r.randint(-30, 30, size=(h, w)) for c in range(3)]
        out.append(np.clip(np.stack(planes, -1), 0, 255).astype(np.uint8))
    return out


class Blur:
    """As lightly and solo-learn blur: PIL's filter, quicker than torchvision's."""

    def __call__(self, image):
        return image.filter(ImageFilter.GaussianBlur(radius=np.random.uniform(0.1, 2)))


def recipe(T, size):
    """The steps before the conversion to a tensor."""
    strength = 0.8 if size == 224 else 0.4
    hue = strength / 4
    steps = [T.RandomResizedCrop(size, scale=(0.08, 1.0)), T.RandomHorizontalFlip(),
             T.RandomApply([T.ColorJitter(strength, strength, strength, hue)], 0.8), T.RandomGrayscale(0.2)]
    return steps


def pil(size):
    from torchvision import transforms as T

    steps = recipe(T, size)
    if size == 224:
        steps.append(T.RandomApply([Blur()], 0.5))
    t = T.Compose(steps + [T.ToTensor(), T.Normalize(MEAN, STD)])
    return lambda image: t(Image.fromarray(image))


def v2(size):
    from torchvision.transforms import v2 as T

    steps = recipe(T, size)
    if size == 224:
        steps.append(T.RandomApply([T.GaussianBlur(23, (0.1, 2.0))], 0.5))
    t = T.Compose(steps + [T.ToDtype(torch.float32, scale=True), T.Normalize(MEAN, STD)])
    return lambda image: t(torch.from_numpy(image).permute(2, 0, 1))


class OneByOne:
    """Views that are made one after another, in some processes."""

    def __init__(self, make, images, size, batch, threads):
        self.make, self.images, self.batch, self.threads = make, images, batch, threads
        self.out = torch.empty(batch, 3, size, size).share_memory_()
        self.pool = None  # starts once worker is set, which its processes inherit

    def part(self, k):
        for i in range(k, self.batch, self.threads):
            self.out[i] = self.make(self.images[i % len(self.images)])

    def __call__(self, n):
        if self.threads > 1 and self.pool is None:
            self.pool = multiprocessing.get_context("fork").Pool(self.threads, torch.set_num_threads, [1])
        for _ in range(n):
            if self.pool is None:
                self.part(0)
            else:
                self.pool.map(call_part, range(self.threads), chunksize=1)
        return self.out.mean()


worker = None


def call_part(k):
    worker.part(k)


def kornia(images, size, batch):
    import kornia.augmentation as K

    strength = 0.8 if size == 224 else 0.4
    steps = [K.RandomResizedCrop((size, size), scale=(0.08, 1.0), cropping_mode="resample"), K.RandomHorizontalFlip(),
             K.ColorJitter(strength, strength, strength, strength / 4, p=0.8), K.RandomGrayscale(p=0.2)]
    if size == 224:
        steps.append(K.RandomGaussianBlur((23, 23), (0.1, 2.0), p=0.5))
    steps.append(K.Normalize(torch.tensor(MEAN), torch.tensor(STD)))
    t = K.AugmentationSequential(*steps, data_keys=["input"], same_on_batch=False)
    source = torch.from_numpy(np.stack([images[i % len(images)] for i in range(batch)])).permute(0, 3, 1, 2).contiguous()

    def run(n):
        for _ in range(n):
            out = t(source.float() / 255)
        return out.mean()

    return run


def folder(path, size, batch, threads):
    from torchvision import datasets
    from torchvision import transforms as T

    t = T.Compose([T.RandomResizedCrop(size), T.RandomHorizontalFlip(), T.ToTensor(), T.Normalize(MEAN, STD)])
    loader = torch.utils.data.DataLoader(datasets.ImageFolder(path, t), batch_size=batch, shuffle=True, drop_last=True,
                                         num_workers=threads, persistent_workers=True)

    def epochs(n):
        for _ in range(n):
            for x, _ in loader:
                pass
        return x.mean()

    return epochs


def main():
    global worker
    threads, kind, size, batch = int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    torch.set_num_threads(threads)
    torch.manual_seed(1)
    np.random.seed(1)
    if kind == "folder":
        serve({"views": folder(sys.argv[5], size, batch, threads)})
        return
    images = pictures(min(batch, 64), int(sys.argv[5]), int(sys.argv[6]))
    if kind == "kornia":
        serve({"views": kornia(images, size, batch)})
        return
    make = (pil if kind == "pil" else v2)(size)
    worker = OneByOne(make, images, size, batch, threads)
    serve({"views": worker})


main()
