"""Weights of torchvision's ResNet-18, for the tests of loading them.

    pip install torch==2.14.1 torchvision==0.29.2 safetensors
    python3 torchvision_resnet18.py tiny FILE     writes the committed tiny.pth
    python3 torchvision_resnet18.py make FOLDER   writes files for one test run
    python3 torchvision_resnet18.py check FOLDER  reads what the test wrote from them

tiny is a state_dict with torchvision's names and a 32nd of its channels. make
writes, for the network as it is ("imagenet") and with the 3x3 stem without
pooling that small images get ("cifar"), a state_dict, images with the features
that PyTorch computes, and a checkpoint with the state of an Adam optimizer.
"""

import pathlib
import sys

import torch
import torchvision
from safetensors.torch import save_file

torch.set_num_threads(1)


def network(stem):
    torch.manual_seed(18)
    m = torchvision.models.resnet18(weights=None)
    if stem == "cifar":
        m.conv1 = torch.nn.Conv2d(3, 64, 3, 1, 1, bias=False)
        m.maxpool = torch.nn.Identity()
    for b in m.modules():  # statistics as after some training
        if isinstance(b, torch.nn.BatchNorm2d):
            b.running_mean.normal_(0, 0.1)
            b.running_var.uniform_(0.5, 1.5)
            torch.nn.init.uniform_(b.weight, 0.5, 1)
            torch.nn.init.normal_(b.bias, 0, 0.1)
    return m


def trained():
    """A network and its optimizer after one step."""
    m = network("cifar")
    optimizer = torch.optim.Adam(m.parameters(), lr=0.25e-3)
    m(torch.rand(2, 3, 8, 8)).square().sum().backward()
    optimizer.step()
    return m, optimizer


def tiny(path):
    small = {}
    for name, w in network("cifar").state_dict().items():
        if name.startswith("fc."):
            continue
        for dim in range(min(w.dim(), 2)):
            if w.shape[dim] > 3:
                w = w.narrow(dim, 0, w.shape[dim] // 32)
        small[name] = w.clone()
    torch.save(small, path)


def make(folder):
    tiny(folder / "tiny.pth")
    for stem, size in (("imagenet", 64), ("cifar", 16)):
        m = network(stem)
        torch.save(m.state_dict(), folder / f"{stem}.pth")
        m.fc = torch.nn.Identity()
        x = torch.rand(2, 3, size, size)
        with torch.no_grad():
            save_file({"x": x, "features": m.eval().double()(x.double())}, folder / f"{stem}.safetensors")
    m, optimizer = trained()
    torch.save({"state_dict": m.state_dict(), "optimizer": optimizer.state_dict(), "epoch": 1}, folder / "adam.pth")


def equal(a, b):
    if isinstance(a, torch.Tensor):
        return a.dtype == b.dtype and a.stride() == b.stride() and torch.equal(a, b)
    if isinstance(a, dict):
        return type(a) is type(b) and list(a) == list(b) and all(equal(a[k], b[k]) for k in a)
    if isinstance(a, (list, tuple)):
        return type(a) is type(b) and len(a) == len(b) and all(map(equal, a, b))
    return type(a) is type(b) and a == b


def check(folder):
    for mmap in (False, True):
        theirs = torch.load(folder / "adam.pth", weights_only=True)
        ours = torch.load(folder / "adam.ours.pth", weights_only=True, mmap=mmap)
        assert equal(theirs, ours)
        assert theirs["state_dict"]._metadata == ours["state_dict"]._metadata
        m, optimizer = trained()
        m.load_state_dict(ours["state_dict"], strict=True)
        optimizer.load_state_dict(ours["optimizer"])
    state = torch.load(folder / "imagenet.ours.pth", weights_only=True, mmap=True)
    m = network("imagenet")
    missing = m.load_state_dict(state, strict=False)
    assert missing.missing_keys == ["fc.weight", "fc.bias"] and not missing.unexpected_keys, missing
    theirs = network("imagenet").state_dict()
    assert all(torch.equal(w, theirs[name]) for name, w in state.items())
    print("ok")


{"tiny": tiny, "make": make, "check": check}[sys.argv[1]](pathlib.Path(sys.argv[2]))
