"""A training step in plain PyTorch, written for speed.

usage: train.py THREADS CASE FILE [compile]
CASE is the recipe as JSON, FILE a safetensors file with the weights at the
start and the batch. With "compile" the loss is compiled by torch.compile.
"""

import json
import sys

import torch

from methods import METHODS
from models import ResNet9, ResNet18, ViT
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


def encoder_of(case, views):
    size, channels = views.shape[-1], views.shape[1]
    if case["model"] == "resnet9":
        return ResNet9(case["width"] or 32, channels)
    if case["model"] == "resnet18":
        return ResNet18(case["width"] or 64, channels)
    if case["model"] == "vit_tiny":
        return ViT(192, 3, 12, case["patch_size"], size, channels, case["pool"] or "token", case.get("pos_embed") == "sincos")
    raise ValueError(case["model"])


def optimizer_of(case, model):
    o = case["optimizer"]
    kinds = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}
    trained = [p for p in model.parameters() if p.requires_grad]
    return kinds[o["name"]](trained, lr=o["lr"], weight_decay=o["weight_decay"], fused=True)


def main():
    threads, case, path = int(sys.argv[1]), json.loads(sys.argv[2]), sys.argv[3]
    torch.set_num_threads(threads)
    tensors = read_safetensors(path)
    batch = {name: tensors.pop("batch." + name) for name in ("views", "labels", "order") if "batch." + name in tensors}
    batch["size"] = case["batch_size"]
    views = batch["views"]
    model = METHODS[case["method"]](encoder_of(case, views), case["options"], case["forward"] == "split")
    model.load_state_dict(tensors)
    model.to(memory_format=torch.channels_last).train()
    optimizer = optimizer_of(case, model)
    half = case["precision"] == "bf16"
    compute = torch.compile(model.loss) if len(sys.argv) > 4 else model.loss

    def step():
        now = dict(batch, views=views.to(memory_format=torch.channels_last))
        with torch.autocast("cpu", torch.bfloat16, enabled=half):
            loss = compute(now)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        model.after()
        return loss.detach()

    def steps(n):
        for _ in range(n):
            loss = step()
        return loss

    serve({"step": steps})


main()
