"""What torch.load finds in a file, as JSON that the tests of Go write too."""
import collections
import struct

import torch


def describe(value):
    """Returns nested lists: a tag, then what belongs to it."""
    storages = {}

    def tensor(t):
        storage = t.untyped_storage()
        number = -1
        if storage.nbytes():
            number = storages.setdefault(storage.data_ptr(), len(storages))
        return ["tensor", str(t.dtype)[6:], list(t.shape), list(t.stride()), t.storage_offset(), t.requires_grad,
                isinstance(t, torch.nn.Parameter), t.is_conj(), t.is_neg(), number, bytes(storage.tolist()).hex()]

    def visit(v):
        if v is None or isinstance(v, (bool, str)):
            return v
        if isinstance(v, torch.Tensor):
            return tensor(v)
        if isinstance(v, torch.Size):
            return ["Size", *v]
        if isinstance(v, int):
            return ["int", str(v)]
        if isinstance(v, float):
            return ["float", struct.pack(">d", v).hex()]
        if isinstance(v, complex):
            return ["complex", visit(v.real), visit(v.imag)]
        if isinstance(v, (bytes, bytearray)):
            return ["bytes", v.hex()]
        if isinstance(v, list):
            return ["list", *map(visit, v)]
        if isinstance(v, tuple):
            return ["tuple", *map(visit, v)]
        if isinstance(v, (set, frozenset)):
            return ["set", *map(visit, sorted(v))]
        if isinstance(v, torch.dtype):
            return ["dtype", str(v)[6:]]
        if isinstance(v, torch.device):
            return ["device", str(v)]
        if isinstance(v, dict):
            kind = type(v).__name__
            assert kind in ("dict", "OrderedDict", "Counter"), kind
            return [kind, [[visit(k), visit(x)] for k, x in v.items()], visit(getattr(v, "_metadata", None))]
        if type(v).__module__ == "numpy":
            return visit(v.item())
        if hasattr(v, "__dict__"):
            return ["object", type(v).__module__ + "." + type(v).__name__, [[k, visit(x)] for k, x in vars(v).items()]]
        raise TypeError(type(v))

    return visit(value)
