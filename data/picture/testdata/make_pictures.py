"""Makes pictures/: small files of every kind, and pictures.npz: what Pillow makes of them.

    python3 make_pictures.py [FOLDER]     (needs numpy and Pillow)

pictures.npz holds, by file name, uint8 [H, W, 3] of Image.open(f).convert("RGB"); names
that end in "+exif" are those after ImageOps.exif_transpose, and names that end in
"+N" those after torchvision's Resize(N) and CenterCrop(N).
"""

import os
import struct
import sys
import zlib

import numpy as np
from PIL import Image, ImageOps
from torchvision.transforms import CenterCrop, Compose, Resize

HERE = os.path.dirname(os.path.abspath(__file__))
OUT = sys.argv[1] if len(sys.argv) > 1 else HERE
FILES = os.path.join(OUT, "pictures")
os.makedirs(FILES, exist_ok=True)


def scene(h, w, seed, noise=6):
    """A colour picture with smooth parts, edges and some noise, uint8 [h, w, 3]."""
    r = np.random.RandomState(seed)
    y, x = np.mgrid[0:h, 0:w].astype(float)
    out = np.stack([128 + 90 * np.sin(x / (4 + c) + seed + c) * np.cos(y / (5 - c) + c) for c in range(3)], -1)
    for _ in range(4):
        t, l = r.randint(0, h), r.randint(0, w)
        out[t:t + h // 3, l:l + w // 4] = r.randint(0, 256, 3)
    out += r.normal(0, noise, out.shape)
    return np.clip(np.round(out), 0, 255).astype(np.uint8)


def save(name, image, **options):
    image.save(os.path.join(FILES, name), **options)


def png16(name, a):
    """A PNG of 16 bits a channel, which Pillow cannot write; a is [h, w, c]."""
    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
    h, w, c = a.shape
    rows = b"".join(b"\0" + a[y].astype(">u2").tobytes() for y in range(h))
    with open(os.path.join(FILES, name), "wb") as f:
        f.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", w, h, 16, {1: 0, 2: 4, 3: 2, 4: 6}[c], 0, 0, 0))
                + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


rgb = Image.fromarray(scene(37, 45, 1))
for sampling, tag in ((0, "444"), (1, "422"), (2, "420")):
    for quality in (30, 75, 95):
        save("%s-q%d.jpg" % (tag, quality), rgb, quality=quality, subsampling=sampling)
save("progressive.jpg", rgb, quality=85, progressive=True, subsampling=2)
save("restart.jpg", rgb, quality=85, restart_marker_blocks=3, subsampling=2)
save("grey.jpg", rgb.convert("L"), quality=80)
save("rgb-kept.jpg", rgb, quality=90, keep_rgb=True)
save("cmyk.jpg", rgb.convert("CMYK"), quality=90)
save("narrow.jpg", Image.fromarray(scene(19, 3, 5)), quality=80, subsampling=2)
save("narrow-422.jpg", Image.fromarray(scene(9, 4, 6)), quality=80, subsampling=1)
save("pixel.jpg", Image.fromarray(scene(1, 1, 7)), quality=80)
save("large-420.jpg", Image.fromarray(scene(120, 160, 8, noise=2)), quality=88, subsampling=2)
for orientation in range(1, 9):
    exif = Image.Exif()
    exif[0x010F] = "maker"
    exif[0x0112] = orientation
    save("exif%d.jpg" % orientation, Image.fromarray(scene(16, 24, 9)), quality=92, subsampling=0, exif=exif)

small = scene(13, 18, 2)
alpha = np.dstack([small, scene(13, 18, 3)[..., 0] // 2 * 2])
alpha[:4, :4, 3] = 0
save("rgb.png", Image.fromarray(small))
save("rgba.png", Image.fromarray(alpha))
save("grey.png", Image.fromarray(small[..., 0]))
save("grey-alpha.png", Image.fromarray(alpha).convert("LA"))
save("palette.png", Image.fromarray(small).quantize(20))
save("palette-16.png", Image.fromarray(small).quantize(9), bits=4)
save("palette-alpha.png", Image.fromarray(small).quantize(20), transparency=3)
save("rgb-transparent.png", Image.fromarray(small), transparency=tuple(int(v) for v in small[0, 0]))
save("bits.png", Image.fromarray(small[..., 1]).convert("1"))
wide = small.astype(np.uint16) * 257 + 100
wide[small > 250] = 65535
png16("grey16.png", wide[..., :1])
png16("rgb16.png", wide)
png16("rgba16.png", np.dstack([wide, wide[..., 0]]))

for quality in (20, 80):
    save("lossy-%d.webp" % quality, rgb, quality=quality)
save("lossy-even.webp", Image.fromarray(scene(32, 48, 4)), quality=70)
save("lossy-alpha.webp", Image.fromarray(alpha), quality=70)
save("lossless.webp", rgb, lossless=True)
save("lossless-alpha.webp", Image.fromarray(alpha), lossless=True, exact=True)
save("tiny.webp", Image.fromarray(scene(1, 2, 10)), quality=80)

save("rgb.bmp", Image.fromarray(small))
save("grey.bmp", Image.fromarray(small[..., 2]))
save("palette.bmp", Image.fromarray(small).quantize(30))
save("bits.bmp", Image.fromarray(small[..., 1]).convert("1"))
save("rgba.bmp", Image.fromarray(alpha))

out = {}
for name in sorted(os.listdir(FILES)):
    image = Image.open(os.path.join(FILES, name))
    out[name] = np.array(image.convert("RGB"))
    if name.startswith("exif"):
        out[name + "+exif"] = np.array(ImageOps.exif_transpose(image).convert("RGB"))
for name in ("rgb.png", "lossless.webp", "rgb.bmp"):
    for size in (5, 8, 13, 16, 50):
        image = Image.open(os.path.join(FILES, name)).convert("RGB")
        out["%s+%d" % (name, size)] = np.array(Compose([Resize(size), CenterCrop(size)])(image))
np.savez_compressed(os.path.join(OUT, "pictures.npz"), **out)
