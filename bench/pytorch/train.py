"""SimCLR's step in plain PyTorch, written for speed.

usage: train.py THREADS CASE FILE
CASE is the recipe as JSON, FILE a safetensors file with the weights at the
start and the batch of views.
"""

import json
import sys

import numpy
import torch
from torch.nn import functional as F

from models import ResNet9, ResNet18, SimCLR
from serve import serve


def read_safetensors(path):
    types = {"F32": numpy.float32, "I64": numpy.int64}
    with open(path, "rb") as f:
        length = int.from_bytes(f.read(8), "little")
        header = json.loads(f.read(length))
        body = bytearray(f.read())
    header.pop("__metadata__", None)
    tensors = {}
    for name, t in header.items():
        first, last = t["data_offsets"]
        values = numpy.frombuffer(body, types[t["dtype"]], (last - first) // numpy.dtype(types[t["dtype"]]).itemsize, first)
        tensors[name] = torch.from_numpy(values.reshape(t["shape"]).copy())
    return tensors


def main():
    threads, case, path = int(sys.argv[1]), json.loads(sys.argv[2]), sys.argv[3]
    torch.set_num_threads(threads)
    tensors = read_safetensors(path)
    views = tensors.pop("views").numpy()
    encoder = {"resnet9": ResNet9, "resnet18": ResNet18}[case["model"]](case["width"], views.shape[1])
    model = SimCLR(encoder, case["projector_hidden"], case["projector_dim"])
    model.load_state_dict(tensors)
    model.to(memory_format=torch.channels_last).train()
    optimizer = torch.optim.Adam(model.parameters(), lr=case["lr"], weight_decay=case["weight_decay"], fused=True)

    n = len(views)
    itself = torch.eye(n, dtype=torch.bool)
    partner = (torch.arange(n) + n // 2) % n

    def step():
        x = torch.from_numpy(views).to(memory_format=torch.channels_last)
        z = F.normalize(model(x))
        logits = (z @ z.T / case["temperature"]).masked_fill_(itself, -torch.inf)
        loss = F.cross_entropy(logits, partner)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        return loss.detach()

    def steps(n):
        for _ in range(n):
            loss = step()
        return loss

    serve({"step": steps})


main()
