"""Makes official/: small data sets in the official formats of the large ones, and
official.json: what torchvision's dataset classes read from them.

    python3 make_official.py [FOLDER]     (needs numpy, scipy, torch and torchvision)

The grey images are real, from the part of Fashion-MNIST that the module carries; the
colour images are made. official.json holds, for each data set, the labels and the
SHA-256 of the pixels as uint8 [N, C, H, W]. The archives are written with the names
and the layout of the originals: the pickles are those of Python 2, with numpy's old
module names and byte strings.
"""

import gzip
import hashlib
import io
import json
import os
import pickle
import struct
import sys
import tarfile
import tempfile
import zipfile

import numpy as np
import scipy.io
import torchvision.datasets as tv
from PIL import Image
from torchvision.datasets import cifar, mnist, stl10, svhn

HERE = os.path.dirname(os.path.abspath(__file__))
OUT = sys.argv[1] if len(sys.argv) > 1 else HERE
FILES = os.path.join(OUT, "official")
CARRIED = os.path.join(HERE, "..", "fashionmnist")


def colour(n, side, seed):
    """n made images, uint8 [n, 3, side, side]: waves that differ in every channel, a corner and an edge."""
    y, x = np.mgrid[0:side, 0:side] / side
    out = np.zeros((n, 3, side, side), np.uint8)
    for i in range(n):
        for c in range(3):
            k = seed + 3 * i + c
            wave = np.sin(7 * x * (1 + k % 3) + k) * np.cos(5 * y * (1 + k % 4))
            out[i, c] = np.round(127 + 100 * wave) // 8 * 8
        out[i, :, 0, :3] = [[255, 0, i], [0, 255, i], [0, 0, 255]]
        out[i, 0, :, -1] = 10 * i
    return out


def carried(stem, count):
    """The first images or labels of a carried IDX file, and its bytes cut to them."""
    with gzip.open(os.path.join(CARRIED, stem + ".gz")) as f:
        raw = f.read()
    nd = raw[3]
    dims = list(struct.unpack(">%dI" % nd, raw[4:4 + 4 * nd]))
    size = int(np.prod(dims[1:]))
    body = raw[4 + 4 * nd:][:count * size]
    return idx(np.frombuffer(body, np.uint8).reshape([count] + dims[1:]))


def idx(a):
    return bytes([0, 0, 8, a.ndim]) + struct.pack(">%dI" % a.ndim, *a.shape) + a.tobytes()


class Python2Pickler(pickle._Pickler):
    """Writes what cPickle of Python 2 wrote: byte strings for text and for raw data."""

    dispatch = dict(pickle._Pickler.dispatch)

    def save_str(self, obj):
        raw = obj if isinstance(obj, bytes) else obj.encode("latin1")
        if len(raw) < 256:
            self.write(b"U" + bytes([len(raw)]) + raw)
        else:
            self.write(b"T" + struct.pack("<i", len(raw)) + raw)
        self.memoize(obj)

    dispatch[str] = save_str
    dispatch[bytes] = save_str

    def save_global(self, obj, name=None):
        module = {"numpy": "numpy", "numpy._core.multiarray": "numpy.core.multiarray"}[obj.__module__]
        self.write(b"c" + module.encode() + b"\n" + obj.__name__.encode() + b"\n")
        self.memoize(obj)

    dispatch[type] = save_global
    dispatch[type(np.empty)] = save_global
    dispatch[type(len)] = save_global
    dispatch[type(json.dumps)] = save_global


def python2(value):
    b = io.BytesIO()
    Python2Pickler(b, 2).dump(value)
    return b.getvalue()


def tar_gz(name, members):
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.USTAR_FORMAT) as t:
        folders = sorted({os.path.dirname(m) for m in members})
        for folder in folders:
            info = tarfile.TarInfo(folder)
            info.type, info.mode = tarfile.DIRTYPE, 0o755
            t.addfile(info)
        for member, content in members.items():
            info = tarfile.TarInfo(member)
            info.size = len(content)
            t.addfile(info, io.BytesIO(content))
    write(name, gzip.compress(raw.getvalue(), mtime=0))


def write(name, content):
    path = os.path.join(FILES, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as f:
        f.write(content)


def make_cifar():
    classes10 = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]
    classes100 = ["class %02d" % i for i in range(100)]
    images = colour(12, 32, 1)
    fine = [7, 99, 0, 31, 50, 64, 12, 83, 5, 41, 99, 3]
    ten = [f % 10 for f in fine]
    flat = images.reshape(12, -1)
    names = ["data_batch_%d" % (i + 1) for i in range(5)] + ["test_batch"]

    binary, python = {}, {}
    binary["cifar-10-batches-bin/batches.meta.txt"] = ("\n".join(classes10) + "\n\n").encode()
    # The meta file is of protocol 0, as text.
    python["cifar-10-batches-py/batches.meta"] = ("(dp1\nS'num_cases_per_batch'\np2\nI10000\nsS'label_names'\np3\n(lp4\n" + "".join(
        "S'%s'\np%d\na" % (c, 5 + i) for i, c in enumerate(classes10)) + "sS'num_vis'\np15\nI3072\ns.").encode()
    for k, name in enumerate(names):
        part = slice(2 * k, 2 * k + 2)
        binary["cifar-10-batches-bin/%s.bin" % name] = b"".join(bytes([l]) + f.tobytes() for l, f in zip(ten[part], flat[part]))
        python["cifar-10-batches-py/" + name] = python2({
            "batch_label": "batch %d" % k, "labels": ten[part], "data": flat[part].copy(), "filenames": ["a.png", "b.png"]})
    tar_gz("cifar-10-binary.tar.gz", binary)
    tar_gz("cifar-10-python.tar.gz", python)

    def records(part):
        return b"".join(bytes([f // 5, f]) + p.tobytes() for f, p in zip(fine[part], flat[part]))

    def dictionary(part):
        return python2({"filenames": ["x.png"], "fine_labels": fine[part], "coarse_labels": [f // 5 for f in fine[part]], "data": flat[part].copy()})

    train, test = slice(0, 8), slice(8, 12)
    tar_gz("cifar-100-binary.tar.gz", {
        "cifar-100-binary/fine_label_names.txt": ("\n".join(classes100) + "\n").encode(), "cifar-100-binary/coarse_label_names.txt": b"coarse\n",
        "cifar-100-binary/train.bin": records(train), "cifar-100-binary/test.bin": records(test)})
    tar_gz("cifar-100-python.tar.gz", {
        "cifar-100-python/meta": python2({"fine_label_names": classes100, "coarse_label_names": ["coarse"]}),
        "cifar-100-python/train": dictionary(train), "cifar-100-python/test": dictionary(test)})


def make_svhn():
    for part, count, seed in (("train", 6, 4), ("test", 3, 9), ("extra", 2, 14)):
        x = colour(count, 32, seed).transpose(2, 3, 1, 0)
        y = np.array([[(3 * i + seed) % 10 + 1] for i in range(count)], np.uint8 if part == "test" else np.float64)
        y[0] = 10
        b = io.BytesIO()
        scipy.io.savemat(b, {"X": x, "y": y, "note": "text is passed over"}, do_compression=part != "extra")
        header = b"MATLAB 5.0 MAT-file, without the time at which it was made".ljust(116)
        write("svhn/%s_32x32.mat" % part, header + b.getvalue()[116:])


def make_stl():
    def columns(a):
        return a.transpose(0, 1, 3, 2).tobytes()

    folds = [[(k + 3 * j) % 4 for j in range(2)] for k in range(10)]
    tar_gz("stl10_binary.tar.gz", {
        "stl10_binary/class_names.txt": b"airplane\nbird\ncar\ncat\ndeer\ndog\nhorse\nmonkey\nship\ntruck\n",
        "stl10_binary/fold_indices.txt": ("".join(" ".join(map(str, f)) + " \n" for f in folds)).encode(),
        "stl10_binary/train_X.bin": columns(colour(4, 96, 2)), "stl10_binary/train_y.bin": bytes([1, 10, 4, 2]),
        "stl10_binary/test_X.bin": columns(colour(2, 96, 20)), "stl10_binary/test_y.bin": bytes([3, 7]),
        "stl10_binary/unlabeled_X.bin": columns(colour(3, 96, 30))})


def make_idx():
    for split, count in (("train", 12), ("t10k", 5)):
        for kind in ("images-idx3-ubyte", "labels-idx1-ubyte"):
            stem = "%s-%s" % (split, kind)
            write("fashion/%s.gz" % stem, gzip.compress(carried(stem, count), mtime=0))
    b = io.BytesIO()
    with zipfile.ZipFile(b, "w") as z:
        for split, largest in (("balanced", 46), ("letters", 26)):
            for part, source, count in (("train", "train", 4), ("test", "t10k", 3)):
                labels = np.array([largest, 1, 5, 9][:count], np.uint8)
                for kind, content in (("images-idx3", carried(source + "-images-idx3-ubyte", count)), ("labels-idx1", idx(labels))):
                    info = zipfile.ZipInfo("gzip/emnist-%s-%s-%s-ubyte.gz" % (split, part, kind))
                    z.writestr(info, gzip.compress(content, mtime=0))
    write("gzip.zip", b.getvalue())


def make_numpy():
    x, y = colour(5, 20, 40).transpose(0, 2, 3, 1), np.array([2, 0, 1, 1, 0])
    for name, a in (("images.npy", np.asfortranarray(x)), ("labels.npy", y.astype(">i4").reshape(5, 1))):
        b = io.BytesIO()
        np.save(b, a)
        write("numpy/" + name, b.getvalue())
    b = io.BytesIO()
    np.savez_compressed(b, x_train=x[:3], y_train=y[:3], x_test=x[3:], y_test=y[3:].astype(np.uint8))
    write("numpy/images.npz", b.getvalue())


def make_folder():
    """Folders and names whose order is easily got wrong."""
    def picture(name, k, **options):
        path = os.path.join(FILES, "folder", name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        image = Image.fromarray(colour(1, 12, k)[0].transpose(1, 2, 0))
        image = image.convert(options.pop("mode", "RGB")).resize((12 + k % 3, 10))
        image.save(path, **options)

    picture("train/b class/10.png", 1)
    picture("train/b class/9.PNG", 2)
    picture("train/b class/sub/a.bmp", 3)
    picture("train/b class/sub-b/a.webp", 4, lossless=True)
    picture("train/b class/sub/deeper/z.png", 5)
    picture("train/A/x.jpeg", 6, quality=95)
    picture("train/A/y.jpg", 7, mode="L")
    picture("train/\u00e9/cmyk.jpg", 8, mode="CMYK")
    picture("train/\u00e9/rgba.png", 9, mode="RGBA")
    with open(os.path.join(FILES, "folder/train/A/notes.txt"), "w") as f:
        f.write("passed over\n")
    for k, c in enumerate(("A", "b class", "\u00e9")):
        picture("val/%s/v.png" % c, 20 + k)


def make_shards():
    for shard in range(2):
        raw = io.BytesIO()
        with tarfile.open(fileobj=raw, mode="w", format=tarfile.PAX_FORMAT) as t:
            for k in range(3):
                image = io.BytesIO()
                Image.fromarray(colour(1, 11, 10 * shard + k)[0].transpose(1, 2, 0)).save(image, "png")
                for ending, content in (("png", image.getvalue()), ("cls", b"%d" % ((k + shard) % 4)), ("json", b"{}")):
                    info = tarfile.TarInfo("%04d.%s" % (3 * shard + k, ending))
                    info.size = len(content)
                    t.addfile(info, io.BytesIO(content))
        write("shards/train-%05d.tar" % shard, raw.getvalue())


def expected():
    for module in (cifar, mnist, stl10, svhn):
        module.check_integrity = lambda *_: True
    out = {}

    def add(name, data):
        images = [np.array(data[i][0]) for i in range(len(data))]
        images = [i[None] if i.ndim == 2 else i.transpose(2, 0, 1) for i in images]
        pixels = np.ascontiguousarray(np.stack(images))
        labels = [int(data[i][1]) for i in range(len(data))]
        out[name] = dict(shape=list(pixels.shape), labels=labels, sha256=hashlib.sha256(pixels.tobytes()).hexdigest(),
                         classes=list(getattr(data, "classes", [])))

    with tempfile.TemporaryDirectory() as root:
        for name in os.listdir(FILES):
            if name.endswith(".tar.gz"):
                with tarfile.open(os.path.join(FILES, name)) as t:
                    t.extractall(root, filter="data")
        for split in (True, False):
            suffix = "" if split else " test"
            add("cifar10" + suffix, tv.CIFAR10(root, train=split))
            add("cifar100" + suffix, tv.CIFAR100(root, train=split))
        for part in ("train", "test", "extra"):
            add("svhn " + part, tv.SVHN(os.path.join(FILES, "svhn"), split=part))
        for part in ("train", "test", "unlabeled", "train+unlabeled"):
            add("stl10 " + part, tv.STL10(root, split=part))
        for fold in (0, 9):
            add("stl10 fold%d" % fold, tv.STL10(root, split="train", folds=fold))

        def unpack(folder, stem, content):
            os.makedirs(os.path.join(root, folder), exist_ok=True)
            with open(os.path.join(root, folder, stem), "wb") as f:
                f.write(content)

        for name in os.listdir(os.path.join(FILES, "fashion")):
            with gzip.open(os.path.join(FILES, "fashion", name)) as f:
                unpack("FashionMNIST/raw", name[:-3], f.read())
        with zipfile.ZipFile(os.path.join(FILES, "gzip.zip")) as z:
            for name in z.namelist():
                unpack("EMNIST/raw", os.path.basename(name)[:-3], gzip.decompress(z.read(name)))
        for split in (True, False):
            suffix = "" if split else " test"
            add("fashion" + suffix, tv.FashionMNIST(root, train=split))
            for part in ("balanced", "letters"):
                add("emnist %s%s" % (part, suffix), tv.EMNIST(root, part, train=split))
    for split in ("train", "val"):
        root = os.path.join(FILES, "folder", split)
        data = tv.ImageFolder(root)
        out["folder " + split] = dict(classes=data.classes, labels=data.targets, paths=[os.path.relpath(p, root) for p, _ in data.samples])
    shards = [(colour(1, 11, 10 * s + k)[0].transpose(1, 2, 0), (k + s) % 4) for s in range(2) for k in range(3)]
    add("shards", shards)
    x = np.load(os.path.join(FILES, "numpy", "images.npy"))
    y = np.load(os.path.join(FILES, "numpy", "labels.npy"))
    add("numpy", list(zip(x, y.ravel())))
    with np.load(os.path.join(FILES, "numpy", "images.npz")) as z:
        add("npz", list(zip(z["x_train"], z["y_train"])))
        add("npz test", list(zip(z["x_test"], z["y_test"])))
    return out


make_cifar()
make_svhn()
make_stl()
make_idx()
make_numpy()
make_folder()
make_shards()
with open(os.path.join(OUT, "official.json"), "w") as f:
    f.write("{\n" + ",\n".join("%s: %s" % (json.dumps(k), json.dumps(v)) for k, v in expected().items()) + "\n}\n")
