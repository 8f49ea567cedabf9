"""Prints what torch.load(weights_only=True) finds in files, as JSON by name.

    python3 describe_files.py FILE...

Each file is loaded a second time through a memory map, which has to give the
same.
"""
import json
import pathlib
import sys

import torch

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from describe import describe

found = {}
for path in map(pathlib.Path, sys.argv[1:]):
    found[path.name] = describe(torch.load(path, weights_only=True))
    mapped = describe(torch.load(path, weights_only=True, mmap=True))
    assert json.dumps(mapped) == json.dumps(found[path.name]), path
print(json.dumps(found))
