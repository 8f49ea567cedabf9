"""Writes the fixtures of the Go tests with the reference implementation.

    pip install safetensors==0.8.0 numpy==2.4.6
    python3 make.py

Each NAME.safetensors comes with what it holds in expected.json: the metadata
and, for each tensor, dtype, shape and the values as strings. Integers are in
decimal, floating-point numbers in Python's hexadecimal notation, which loses
nothing. BF16 and the F8 types, which numpy lacks, are decoded here from their
definitions, so that nothing in expected.json comes from the Go code.
"""

import json
import math
import pathlib

import numpy as np
from safetensors import TensorSpec, serialize_file
from safetensors.numpy import save_file

HERE = pathlib.Path(__file__).parent
FORMAT_NAME = {
    "bool": "BOOL", "uint8": "U8", "int8": "I8", "uint16": "U16", "int16": "I16",
    "uint32": "U32", "int32": "I32", "uint64": "U64", "int64": "I64",
    "float16": "F16", "float32": "F32", "float64": "F64",
}
expected = {}


def text(value):
    """One value as expected.json has it."""
    if isinstance(value, float):
        return value.hex() if math.isfinite(value) else str(value)
    return str(int(value))


def record(file, tensors, metadata):
    expected[file] = {"metadata": metadata, "tensors": tensors}


def numpy_file(file, arrays, metadata=None):
    save_file(arrays, HERE / file, metadata=metadata)
    record(file, {
        name: {
            "dtype": FORMAT_NAME[a.dtype.name],
            "shape": list(a.shape),
            "values": [text(v) for v in a.ravel().tolist()],
        }
        for name, a in arrays.items()
    }, metadata)


def small_float(code, exponent_bits, mantissa_bits, finite_only):
    """The value of a small float's code, as a Python float.

    finite_only: no infinities, and only the code of all ones is NaN (E4M3FN).
    """
    sign = -1.0 if code >> (exponent_bits + mantissa_bits) else 1.0
    exponent = code >> mantissa_bits & (1 << exponent_bits) - 1
    mantissa = code & (1 << mantissa_bits) - 1
    top = (1 << exponent_bits) - 1
    bias = (1 << exponent_bits - 1) - 1
    if exponent == top and not finite_only:
        return math.nan if mantissa else sign * math.inf
    if exponent == top and mantissa == (1 << mantissa_bits) - 1:
        return math.nan
    if exponent == 0:
        return sign * math.ldexp(mantissa, 1 - bias - mantissa_bits)
    return sign * math.ldexp((1 << mantissa_bits) + mantissa, exponent - bias - mantissa_bits)


def coded_file(file):
    """Every code of both F8 types, and some of BF16 and all of its exponents."""
    codes = {
        "e4m3": ("float8_e4m3fn", "F8_E4M3", np.arange(256, dtype=np.uint8), (4, 3, True)),
        "e5m2": ("float8_e5m2", "F8_E5M2", np.arange(256, dtype=np.uint8), (5, 2, False)),
        "bf16": ("bfloat16", "BF16", np.arange(0, 1 << 16, 127, dtype=np.uint16), (8, 7, False)),
    }
    serialize_file({
        name: TensorSpec(dtype=api, shape=c.shape, data_ptr=c.ctypes.data, data_len=c.nbytes)
        for name, (api, _, c, _) in codes.items()
    }, str(HERE / file))
    record(file, {
        name: {
            "dtype": dtype,
            "shape": list(c.shape),
            "values": [text(small_float(int(v), *bits)) for v in c],
        }
        for name, (_, dtype, c, bits) in codes.items()
    }, None)


def main():
    rng = np.random.default_rng(0)
    arrays = {"bool": np.array([[True, False, True], [False, False, True]])}
    for name in ("uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64"):
        limits = np.iinfo(name)
        arrays[name] = np.array([limits.min, limits.max, 0, 1], name)
    for name in ("float16", "float32", "float64"):
        limits = np.finfo(name)
        extremes = [limits.max, limits.tiny, limits.smallest_subnormal, -0.0, np.inf, -np.inf, np.nan]
        arrays[name] = np.concatenate([np.array(extremes, name), rng.standard_normal(5).astype(name)])
    numpy_file("dtypes.safetensors", arrays, {"made by": "make.py"})

    numpy_file("shapes.safetensors", {
        "scalar": np.array(-2.5, np.float32),
        "empty": np.zeros((0,), np.float32),
        "empty.middle": np.zeros((3, 0, 2), np.int64),
        "one": np.ones((1, 1, 1, 1, 1, 1), np.uint8),
        "images [N, C, H, W]": rng.integers(0, 256, (2, 3, 4, 5), dtype=np.uint8),
        "layer1.0.conv1.weight": rng.standard_normal((4, 2, 3, 3)).astype(np.float32),
    })
    numpy_file("names.safetensors", {
        "": np.array([1], np.int32),
        "Gewicht größer": np.array([2], np.int32),
        "重み": np.array([3], np.int32),
        "🧠 e\u0301": np.array([4], np.int32),
        'quote " backslash \\ slash /': np.array([5], np.int32),
        "tab\tline\nnull\0bell\a": np.array([6], np.int32),
        "<b>&\u2028\u2029\x7f": np.array([7], np.int32),
    }, {"ключ \"é\"\n": "値 <&>\t\u2028"})
    numpy_file("nothing.safetensors", {})
    numpy_file("empty_metadata.safetensors", {"x": np.array([1, 2], np.int16)}, {})
    coded_file("coded.safetensors")

    (HERE / "expected.json").write_text(
        json.dumps(expected, ensure_ascii=False, indent=1, sort_keys=True) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
