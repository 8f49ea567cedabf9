"""Writes the fixtures of package ptfile: files of torch.save and expected.json.

    python3 make.py FOLDER

Made with torch 2.14.1 and numpy 2.4.6.
"""
import argparse
import collections
import io
import json
import pathlib
import sys
import zipfile

import numpy
import torch

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from describe import describe

folder = pathlib.Path(sys.argv[1])
expected = {}


def save(name, value, **options):
    """Saves a value and notes what reading the file has to give."""
    torch.save(value, folder / name, **options)
    expected[name] = describe(value)


def numbers(*shape, dtype=torch.float32):
    count = 1
    for size in shape:
        count *= size
    return (torch.arange(count) % 7 - 3).reshape(shape).to(dtype)


def network():
    torch.manual_seed(5)
    return torch.nn.Sequential(torch.nn.Conv2d(1, 2, 3), torch.nn.BatchNorm2d(2), torch.nn.Flatten(), torch.nn.Linear(8, 3))


def trained():
    model = network()
    optimizer = torch.optim.Adam([{"params": model[0].parameters(), "lr": 0.125}, {"params": model[3].parameters()}], amsgrad=True)
    schedule = torch.optim.lr_scheduler.MultiStepLR(optimizer, [2, 4], gamma=0.5)
    for _ in range(2):
        optimizer.zero_grad()
        model(numbers(2, 1, 4, 4)).square().sum().backward()
        optimizer.step()
        schedule.step()
    return model, optimizer, schedule


everything = {
    "none": None, "bools": [True, False], "strings": ["", "é \u2028 \U0001f600", "a" * 300],
    "ints": [0, 1, -1, 255, 256, 65535, 65536, 2**31 - 1, -2**31, 2**31, 2**63 - 1, -2**63, 2**63, -2**63 - 1, 2**200, -2**200],
    "floats": [0.0, -0.0, 1.5, float("inf"), float("nan"), 5e-324], "complex": 1.5 - 2j,
    "bytes": [b"", b"ab\x00\xff", bytes(range(256))], "bytearray": bytearray(b"ab\xff"),
    "tuples": [(), (1,), (1, 2), (1, 2, 3), (1, 2, 3, 4)], "set": {3, 1, 2},
    "keys": {1: "int", (1, "a"): "tuple", None: "none", 2.5: "float", "s": "str", b"b": "bytes"},
    "ordered": collections.OrderedDict(b=1, a=2), "counter": collections.Counter("abca"),
    "size": torch.Size([2, 3]), "device": [torch.device("cpu"), torch.device("cuda:1")], "dtype": [torch.float32, torch.bfloat16, torch.uint16],
    "long list": list(range(1100)), "long dict": {i: str(i) for i in range(1001)}, "deep": [[[[[[]]]]]],
    "tensor": numbers(2, 3),
}
same = ["shared"]
everything["shared"] = [same, same, {"again": same}]
for protocol in (2, 3, 4, 5):
    save(f"protocol{protocol}.pt", everything, pickle_protocol=protocol)
    if protocol > 2:
        expected[f"protocol{protocol}.pt"] = "protocol2.pt"  # the same again

model, optimizer, schedule = trained()
save("state_dict.pt", model.state_dict())
save("data_parallel.pt", torch.nn.DataParallel(model).state_dict())
save("checkpoint.pt", {"epoch": 2, "state_dict": model.state_dict(), "optimizer": optimizer.state_dict(), "scheduler": schedule.state_dict(),
                       "best": 0.25})
save("dino.pt", {"student": {"module.backbone.w": numbers(2), "module.head.w": numbers(3)},
                 "teacher": {"backbone.w": numbers(2) + 1, "head.w": numbers(3) + 1}, "epoch": 7})
save("namespace.pt", {"model": model.state_dict(), "args": argparse.Namespace(lr=0.5, arch="small", steps=[1, 2])})
save("numpy.pt", {"loss": numpy.float64(1.5), "best": numpy.float32(0.25), "step": numpy.int64(-3), "flag": numpy.bool_(True),
                  "big": numpy.uint64(2**64 - 1), "big endian": numpy.array(3.5, dtype=">f8")[()], "w": numbers(2)})

save("dtypes.pt", {str(d)[6:]: numbers(2, 3).clamp(0).to(d) for d in (
    torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64, torch.uint16, torch.uint32, torch.uint64, torch.bool,
    torch.float16, torch.bfloat16, torch.float32, torch.float64, torch.complex32, torch.complex64, torch.complex128,
    torch.float8_e4m3fn, torch.float8_e5m2, torch.float8_e4m3fnuz, torch.float8_e5m2fnuz, torch.float8_e8m0fnu)})
base = numbers(4, 6)
z = torch.complex(numbers(3), numbers(3) + 1)
save("views.pt", {
    "base": base, "transposed": base.t(), "part": base[1:3, 2:5], "strided": base[::2, ::3], "row": base[2], "expanded": base[0:1].expand(3, 6),
    "scalar": base[3, 5], "empty": base[:, :0], "channels last": numbers(1, 2, 2, 3).contiguous(memory_format=torch.channels_last),
    "nothing": torch.empty(0), "nothing 3d": torch.empty(2, 0, 3), "zero-dim": torch.tensor(7.5), "own": numbers(3),
    "conj": z.conj(), "neg": z.clone().conj().imag, "grad": numbers(2).requires_grad_(), "twice": [base, base]})
tied = torch.nn.Linear(3, 3)
tied.weight.data = numbers(3, 3)
tied.bias.data = numbers(3)
tied.weight.note = "attribute"
marked = numbers(2)
marked.note = "attribute"
save("parameters.pt", {"weight": tied.weight, "tied": tied.weight, "bias": tied.bias, "frozen": torch.nn.Parameter(numbers(2), requires_grad=False),
                       "attributes": marked})

torch.serialization.set_crc32_options(False)
save("no_checksums.pt", {"w": numbers(3)})
torch.serialization.set_crc32_options(True)

# A file as a big-endian machine writes it, whose name of the folder differs.
value = {"f32": numbers(3), "i16": numbers(2, dtype=torch.int16), "u8": numbers(3, dtype=torch.uint8),
         "c128": torch.complex(numbers(2).double(), numbers(2).double() + 1)}
word = {"0": 4, "1": 2, "2": 1, "3": 8}  # bytes that are reversed, by record
buffer = io.BytesIO()
torch.save(value, buffer)
with zipfile.ZipFile(buffer) as old, zipfile.ZipFile(folder / "big_endian.pt", "w", zipfile.ZIP_STORED) as new:
    for info in old.infolist():
        content = old.read(info)
        name = info.filename.split("/", 1)[1]
        if name == "byteorder":
            content = b"big"
        if name.startswith("data/"):
            n = word[name[5:]]
            content = b"".join(content[i:i + n][::-1] for i in range(0, len(content), n))
        new.writestr(zipfile.ZipInfo("some name/" + name), content)
expected["big_endian.pt"] = describe(value)

# What is refused.
torch.save(model.state_dict(), folder / "legacy.pt", _use_new_zipfile_serialization=False)
torch.save(model, folder / "module.pt")
torch.save({"config": pathlib.PurePosixPath("/data"), "model": model.state_dict()}, folder / "config.pt")
torch.save({"sparse": numbers(2, 2).to_sparse()}, folder / "sparse.pt")
torch.save({"w": numpy.arange(3)}, folder / "numpy_array.pt")
torch.jit.script(torch.nn.Linear(2, 2)).save(str(folder / "script.pt"))

(folder / "expected.json").write_text(json.dumps(expected, separators=(",", ":")))
