"""Makes eval.safetensors: classifications of features by plain PyTorch.

    pip install torch==2.14.1 safetensors
    python3 make_eval.py [FILE]

Features are hashed from their places and classes, so that they are the same on
every machine: train/x, train/y, test/x and test/y. In knn/NAME/ are the classes
in the order of their votes for the conventions of other libraries.

    knn/NAME/classes    [M, 5] the first classes of each test image
    knn/NAME/score      [M, 5] their votes

Of the training set are rank, which is RankMe, and spread, the mean standard
deviation of its features of length one. In lbfgs/NAME/ and steps/NAME/ are
linear classifiers of it.

    lbfgs/NAME/weight, bias, loss    the optimum by torch.optim.LBFGS and Newton's method
    lbfgs/NAME/scores                [M, classes] of the test images
    steps/NAME/start, order          first weights; order of the images by epoch
    steps/NAME/weight, bias          after the last epoch
    steps/NAME/loss                  mean over the last epoch

In tune/NAME/ is a network of one hidden layer that is trained on images.

    tune/NAME/start.*, end.*         weights before and after; head.bias starts at 0
    tune/NAME/order                  images of each step
    tune/NAME/loss, top1             means over the last epoch
"""

import math
import sys

import torch
from safetensors.torch import save_file
from torch.nn import functional as F

TRAIN, TEST, DIM, CLASSES = 300, 90, 12, 7

torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)
out = {}


def noise(x):
    """Hashes int64 numbers of 32 bits to multiples of 2^-15 in [-1, 1)."""
    for _ in range(2):
        x = ((x ^ (x >> 16)) * 0x45D9F3B) & 0xFFFFFFFF
    return ((x ^ (x >> 16)) & 0xFFFF) / 32768 - 1


def features(name, n, start):
    """Clusters that overlap, off the origin, of several scales by dimension."""
    i, d = torch.arange(n).view(-1, 1), torch.arange(DIM).view(1, -1)
    y = (7 * i.view(-1) + i.view(-1) // 5) % CLASSES
    x = noise(50000 + y.view(-1, 1) * DIM + d) + 1.5 * noise(start + i * DIM + d)
    x = ((x + 1) * (1 + d / 4)).float()
    out[f"{name}/x"], out[f"{name}/y"] = x, y
    return x.double(), y


train_x, train_y = features("train", TRAIN, 100000)
test_x, test_y = features("test", TEST, 900000)


def knn(name, k, distance, weigh):
    if distance == "cosine":
        near = F.normalize(test_x) @ F.normalize(train_x).T
    else:
        near = -torch.cdist(test_x, train_x, compute_mode="donot_use_mm_for_euclid_dist")
    values, index = near.topk(k, dim=1)
    votes = torch.zeros(TEST, CLASSES).scatter_add_(1, train_y[index], weigh(values))
    score, classes = votes.sort(dim=1, descending=True, stable=True)
    out[f"knn/{name}/classes"], out[f"knn/{name}/score"] = classes[:, :5], score[:, :5]


knn("wu", 200, "cosine", lambda s: (s / 0.07).exp())
knn("lightly", 200, "cosine", lambda s: (s / 0.1).exp())
knn("dino", 20, "cosine", lambda s: (s / 0.07).exp())
knn("solo", 20, "euclidean", lambda s: 1 / (-s + 1e-5))
knn("majority", 5, "euclidean", torch.ones_like)


p = torch.linalg.svdvals(train_x)
p = p / p.sum() + 1e-7
out["rank"] = torch.exp(-(p * p.log()).sum())
out["spread"] = F.normalize(train_x).std(0).mean()


def standardized(x):
    return (x - train_x.mean(0)) / train_x.std(0, correction=0)


def lbfgs(name, decay, prepare):
    x = prepare(train_x)

    def split(flat):
        return flat[:-CLASSES].view(CLASSES, DIM), flat[-CLASSES:]

    def objective(flat):
        weight, bias = split(flat)
        return F.cross_entropy(F.linear(x, weight, bias), train_y) + decay / 2 * weight.square().sum()

    def gradient(at):
        at = at.detach().requires_grad_()
        return torch.autograd.grad(objective(at), at)[0]

    flat = torch.zeros(CLASSES * (DIM + 1), requires_grad=True)
    optimizer = torch.optim.LBFGS([flat], max_iter=100, history_size=20, line_search_fn="strong_wolfe", tolerance_grad=1e-12, tolerance_change=0)

    def closure():
        optimizer.zero_grad()
        loss = objective(flat)
        loss.backward()
        return loss

    optimizer.step(closure)
    flat = flat.detach()
    for _ in range(5):  # Newton's method takes it from half to all of the digits
        hessian = torch.autograd.functional.hessian(objective, flat)
        flat = flat - torch.linalg.pinv(hessian, hermitian=True, rtol=1e-10) @ gradient(flat)
    steepest = gradient(flat).abs().max().item()
    assert steepest < 1e-12, steepest
    # Only the differences of biases count; a descent from zero keeps their sum.
    weight, bias = split(flat)
    bias = bias - bias.mean()
    loss = F.cross_entropy(F.linear(x, weight, bias), train_y)
    scores = F.linear(prepare(test_x), weight, bias)
    for key, value in {"weight": weight, "bias": bias, "loss": loss, "scores": scores}.items():
        out[f"lbfgs/{name}/{key}"] = value.clone()


lbfgs("strong", 1e-1, lambda x: x)
lbfgs("weak", 1e-3, lambda x: x)
lbfgs("standardized", 1e-2, standardized)

EPOCHS, BATCH, MOMENTUM, DECAY, TRUST = 4, 64, 0.9, 1e-2, 1e-3


def steps(name, lr, lars, per_epoch, warmup):
    x, g = standardized(train_x), torch.Generator().manual_seed(len(name))
    weight = (0.01 * torch.randn(CLASSES, DIM, generator=g)).float().double().requires_grad_()
    bias = torch.zeros(CLASSES, requires_grad=True)
    order = torch.stack([torch.randperm(TRAIN, generator=g) for _ in range(EPOCHS)])
    out[f"steps/{name}/start"], out[f"steps/{name}/order"] = weight.detach().clone(), order
    if lars:
        buffer = torch.zeros_like(weight)
        optimizer = torch.optim.SGD([bias], lr=lr, momentum=MOMENTUM)
    else:
        optimizer = torch.optim.SGD([{"params": [weight], "weight_decay": DECAY}, {"params": [bias], "weight_decay": 0}], lr=lr, momentum=MOMENTUM)
    batches = math.ceil(TRAIN / BATCH)
    unit = 1 if per_epoch else batches
    rise, total = warmup * unit, EPOCHS * unit
    for epoch in range(EPOCHS):
        losses = 0
        for b, index in enumerate(order[epoch].split(BATCH)):
            at = epoch if per_epoch else epoch * batches + b
            if at < rise:
                rate = lr / rise + (lr - lr / rise) * at / rise
            else:
                rate = lr * (1 + math.cos(math.pi * (at - rise) / (total - rise))) / 2
            for group in optimizer.param_groups:
                group["lr"] = rate
            loss = F.cross_entropy(x[index] @ weight.T + bias, train_y[index])
            weight.grad = bias.grad = None
            loss.backward()
            optimizer.step()
            if lars:
                with torch.no_grad():
                    d = weight.grad + DECAY * weight
                    buffer = MOMENTUM * buffer + TRUST * weight.norm() / d.norm() * d
                    weight -= rate * buffer
            losses += loss.item() * len(index)
    out[f"steps/{name}/weight"], out[f"steps/{name}/bias"] = weight.detach().clone(), bias.detach().clone()
    out[f"steps/{name}/loss"] = torch.tensor(losses / TRAIN)


steps("sgd", 0.1, False, False, 0)
steps("sgd per epoch", 0.05, False, True, 1)
steps("sgd with warm-up", 0.1, False, False, 1)
steps("lars", 2.0, True, False, 1)

SIDE, IMAGES, HIDDEN = 4, 36, 5


def images():
    """[IMAGES, SIDE²] bytes and their classes."""
    i, p = torch.arange(IMAGES).view(-1, 1), torch.arange(SIDE * SIDE).view(1, -1)
    y = i.view(-1) % CLASSES
    common, own = noise(7000 + y.view(-1, 1) * SIDE * SIDE + p), noise(30000 + i * SIDE * SIDE + p)
    return ((2 * common + own + 3) * 127.5 / 3).floor(), y


def tune(name, optimizer, lr, decay, smoothing):
    batch, epochs, warmup = 8, 5, 1
    per_epoch = IMAGES // batch
    pixels, y = images()
    x = (pixels / 255 - 0.5) / 0.25
    g = torch.Generator().manual_seed(len(name))
    net = torch.nn.ModuleDict({"encoder": torch.nn.Linear(SIDE * SIDE, HIDDEN), "head": torch.nn.Linear(HIDDEN, CLASSES)})
    with torch.no_grad():
        for p, scale in zip(net.parameters(), [0.3, 0.1, 0.2, 0]):
            p.copy_((scale * torch.randn(p.shape, generator=g)).float())
    out.update({f"tune/{name}/start.{k}": v.clone() for k, v in net.state_dict().items()})
    weights, biases = ([p for k, p in net.named_parameters() if k.endswith(kind)] for kind in ["weight", "bias"])
    opt = optimizer([{"params": weights, "weight_decay": decay}, {"params": biases, "weight_decay": 0}])
    rise, total, order, losses, right = warmup * per_epoch, epochs * per_epoch, [], [], []
    for step in range(total):
        if step < rise:
            rate = lr / rise + (lr - lr / rise) * step / rise
        else:
            rate = lr * (1 + math.cos(math.pi * (step - rise) / (total - rise))) / 2
        for group in opt.param_groups:
            group["lr"] = rate
        index = torch.randperm(IMAGES, generator=g)[:batch]
        scores = net["head"](net["encoder"](x[index]).tanh())
        loss = F.cross_entropy(scores, y[index], label_smoothing=smoothing)
        opt.zero_grad()
        loss.backward()
        opt.step()
        order.append(index)
        losses.append(loss.item())
        right.append((scores.argmax(1) == y[index]).double().mean().item())
    out.update({f"tune/{name}/end.{k}": v.clone() for k, v in net.state_dict().items()})
    out[f"tune/{name}/order"], out[f"tune/{name}/loss"] = torch.stack(order), torch.tensor(losses[-per_epoch:]).mean()
    out[f"tune/{name}/top1"] = torch.tensor(right[-per_epoch:]).mean()


tune("sgd", lambda groups: torch.optim.SGD(groups, lr=1, momentum=0.9), 0.05, 1e-2, 0)
tune("adamw", lambda groups: torch.optim.AdamW(groups), 1e-2, 0.1, 0.1)

save_file({k: v.contiguous() for k, v in out.items()}, sys.argv[1] if len(sys.argv) > 1 else __file__.replace("make_eval.py", "eval.safetensors"))
