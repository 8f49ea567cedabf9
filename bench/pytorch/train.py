"""SimCLR's step in plain PyTorch, written for speed.

usage: train.py THREADS CASE FILE
CASE is the recipe as JSON, FILE a safetensors file with the weights at the
start and the batch of views.
"""

import json
import sys

import torch
from torch.nn import functional as F

from models import ResNet9, ResNet18, SimCLR
from serve import serve


def read_safetensors(path):
    types = {"F32": torch.float32, "I64": torch.int64}
    with open(path, "rb") as f:
        header = json.loads(f.read(int.from_bytes(f.read(8), "little")))
        body = bytearray(f.read())
    tensors = {}
    for name, t in header.items():
        if name != "__metadata__":
            first, last = t["data_offsets"]
            flat = torch.frombuffer(body[first:last], dtype=types[t["dtype"]])
            tensors[name] = flat.reshape(t["shape"])
    return tensors


def main():
    threads, case, path = int(sys.argv[1]), json.loads(sys.argv[2]), sys.argv[3]
    torch.set_num_threads(threads)
    tensors = read_safetensors(path)
    views = tensors.pop("views")
    encoder = {"resnet9": ResNet9, "resnet18": ResNet18}[case["model"]](case["width"], views.shape[1])
    model = SimCLR(encoder, *case["options"]["projector"])
    model.load_state_dict(tensors)
    model.to(memory_format=torch.channels_last).train()
    optimizer = torch.optim.Adam(model.parameters(), lr=case["optimizer"]["lr"], weight_decay=case["optimizer"]["weight_decay"], fused=True)

    n = len(views)
    itself = torch.eye(n, dtype=torch.bool)
    partner = (torch.arange(n) + n // 2) % n

    def step():
        x = views.to(memory_format=torch.channels_last)
        z = F.normalize(model(x))
        logits = (z @ z.T / case["options"]["temperature"]).masked_fill_(itself, -torch.inf)
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
