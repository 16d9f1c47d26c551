"""Compares dump_gradient, in float and in double, with PyTorch's double backward in float64."""
import json
import subprocess
import sys

import torch
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)

# network, shape (channels, depth, height, width), cases, features
NETWORKS = [
    ("conv channels=4 kernel=3 padding=1; prelu; max_pool size=2; conv channels=5 kernel=3; "
     "prelu; max_pool size=2; flatten; dense units=7; prelu; dense units=1", (1, 1, 13, 14), 4, 3),
    ("conv channels=3 kernel=3,2 stride=2,1 padding=1,0; softplus; average_pool size=2; "
     "conv channels=4 kernel=2; softplus; flatten; dense units=5; softplus; dense units=1",
     (2, 1, 11, 9), 3, 2),
    ("conv channels=4 kernel=3; max_pool size=3 stride=1; leaky_relu; conv channels=6 kernel=3 "
     "stride=2; max_pool size=3 stride=2; leaky_relu slope=0.2; flatten; dense units=6; "
     "leaky_relu; dense units=1", (1, 1, 17, 15), 4, 4),
    ("conv channels=5 kernel=5 padding=2; silu; conv channels=4 kernel=3; gelu; average_pool "
     "size=3 stride=2; flatten; dense units=6; tanh; dense units=1", (1, 1, 12, 11), 3, 3),
    ("conv channels=4 kernel=3 padding=1; gelu; max_pool size=2 stride=2; conv channels=6 "
     "kernel=3; silu; global_average_pool; flatten; dense units=1", (3, 1, 10, 10), 3, 2),
    ("conv channels=6 kernel=3 padding=1 bias=false; relu; conv channels=6 kernel=3; identity; "
     "relu; global_average_pool; flatten; dropout; dense units=4; relu; dense units=1 bias=false",
     (1, 1, 9, 9), 4, 3),
    ("conv channels=3 kernel=3 padding=1; prelu slope=-0.3; conv channels=3 kernel=1,3,3; tanh; "
     "max_pool size=2; flatten; dense units=5; prelu; dense units=1", (2, 4, 8, 7), 3, 2),
    ("conv channels=4 kernel=3 padding=1; prelu; max_pool size=2; conv channels=5 kernel=2,3,3 "
     "stride=1,2,2 padding=1; prelu; flatten; dense units=6; prelu; dense units=1", (1, 7, 9, 8),
     4, 3),
    ("conv channels=3 kernel=3,2,3 stride=2,1,1; softplus; max_pool size=1,3,2 stride=1; conv "
     "channels=4 kernel=1,2,2; silu; average_pool size=2,2,1; flatten; dense units=5; gelu; dense "
     "units=1", (2, 6, 8, 7), 3, 2),
    ("flatten; dense units=6; relu; dense units=1", (1, 1, 5, 7), 3, 2),
    ("flatten; dense units=1", (1, 1, 5, 7), 3, 2),
]


def parse(text):
    for line in text.split(";"):
        kind, *words = line.split()
        yield kind, dict(word.split("=") for word in words)


def extents(text, planar, neutral):
    """One number, height x width or depth x height x width, as depth, height, width."""
    values = [int(word) for word in text.split(",")]
    if len(values) == 1:
        return [neutral if planar else values[0], values[0], values[0]]
    return [neutral] + values if len(values) == 2 else values


def pool(settings, planar):
    size = extents(settings["size"], planar, 1)
    stride = extents(settings.get("stride", settings["size"]), planar, 1)
    return size, stride


def forward(text, arrays, x):
    """f(x), [cases]; `arrays` are taken in order."""
    arrays = iter(arrays)
    planar = x.shape[2] == 1
    a = x
    for kind, settings in parse(text):
        bias = settings.get("bias", "true") == "true"
        if kind == "conv":
            weight = next(arrays)
            if weight.dim() == 4:
                weight = weight.unsqueeze(2)
            a = F.conv3d(a, weight, next(arrays) if bias else None,
                         stride=extents(settings.get("stride", "1"), planar, 1),
                         padding=extents(settings.get("padding", "0"), planar, 0))
        elif kind == "dense":
            a = F.linear(a, next(arrays), next(arrays) if bias else None)
        elif kind == "max_pool":
            a = F.max_pool3d(a, *pool(settings, planar))
        elif kind == "average_pool":
            a = F.avg_pool3d(a, *pool(settings, planar))
        elif kind == "global_average_pool":
            a = a.mean((2, 3, 4), keepdim=True)
        elif kind == "flatten":
            a = a.flatten(1)
        elif kind == "prelu":
            a = F.prelu(a, next(arrays))
        elif kind == "leaky_relu":
            a = F.leaky_relu(a, float(settings.get("slope", 0.01)))
        elif kind not in ("identity", "dropout"):
            a = {"relu": F.relu, "softplus": F.softplus, "silu": F.silu, "gelu": F.gelu,
                 "tanh": torch.tanh}[kind](a)
    assert next(arrays, None) is None, "arrays are left over"
    return a[:, 0]


def penalty(form, g, v, weights):
    """R of one case: g [n], v [features, n]."""
    if form == "joint":
        q, _ = torch.linalg.qr((v / v.norm(dim=1, keepdim=True)).T)
        return 1 - (q.T @ g).square().sum() / g.square().sum()
    square = (v @ g).square() / (g.square().sum() * v.square().sum(1))
    return (weights * (1 - square)).sum()


def reference(text, shape, features, form, lam, dump):
    """(logit, input gradient [cases, depth, height, width, channels], loss, penalty, gradients)."""
    channels, depth, height, width = shape
    image = (-1, depth, height, width, channels)
    x = torch.tensor(dump["x"]).view(image).permute(0, 4, 1, 2, 3).clone().requires_grad_(True)
    mask = torch.tensor(dump["mask"]).view(-1, depth * height * width).bool()
    arrays = [torch.tensor(a["value"]).view(a["shape"]).requires_grad_(True)
              for a in dump["arrays"]]
    label = torch.tensor(dump["label"]).double()
    weight = torch.tensor(dump["class_weight"])[label.long()]
    logit = forward(text, arrays, x)
    g, = torch.autograd.grad(logit.sum(), x, create_graph=True)
    loss = (weight * F.binary_cross_entropy_with_logits(logit, label, reduction="none")).mean()
    total = 0
    for i in range(len(label)):
        inside = g[i].reshape(channels, -1)[:, mask[i]].reshape(-1)
        v = torch.tensor(dump["v%d" % i])[:features * inside.numel()].view(features, -1)
        total = total + penalty(form, inside, v, torch.tensor(dump["feature_weight"]))
    total = lam * total / len(label)
    gradients = torch.autograd.grad(loss + total, arrays, allow_unused=True)
    gradients = [torch.zeros_like(a) if d is None else d for a, d in zip(arrays, gradients)]
    return logit, g.permute(0, 2, 3, 4, 1), loss, total, gradients


def distance(found, expected):
    found, expected = torch.as_tensor(found).flatten(), expected.detach().flatten()
    return ((found - expected).norm() / expected.norm().clamp(min=1e-300)).item()


def compare(program, network, form, lam, allowed):
    """The worst relative error; prints a line."""
    text, shape, cases, features = network
    arguments = [text, ",".join(map(str, shape)), str(cases), str(features), form, str(lam)]
    dump = json.loads(subprocess.run([program] + arguments, check=True, capture_output=True,
                                     text=True).stdout)
    logit, g, loss, total, gradients = reference(text, shape, features, form, lam, dump)
    errors = {"logit": distance(dump["logit"], logit),
              "input gradient": distance(dump["input_gradient"], g),
              "loss": distance(dump["loss"], loss)}
    if lam:
        errors["penalty"] = distance(dump["penalty"], total)
    errors["gradient"] = distance(
        torch.cat([torch.tensor(a["gradient"]) for a in dump["arrays"]]),
        torch.cat([d.flatten() for d in gradients]))
    # Each array by itself too, against the whole gradient's size: no small array hides its error.
    size = torch.cat([d.flatten() for d in gradients]).norm()
    for a, d in zip(dump["arrays"], gradients):
        error = (torch.tensor(a["gradient"]) - d.flatten()).norm() / max(d.norm(), 1e-3 * size)
        errors[a["name"]] = error.item()
    worst = max(errors, key=errors.get)
    good = errors[worst] < allowed
    print("%s float%d %-11s lambda %-4g worst %.1e (%s)  %s" % (
        "ok    " if good else "FAILED", dump["precision"], form, lam, errors[worst], worst, text))
    return good


def main():
    good = True
    for program, allowed in ((sys.argv[1], 1e-4), (sys.argv[2], 1e-9)):
        for network in NETWORKS:
            for form, lam in (("joint", 0), ("joint", 0.7), ("per_feature", 0.3)):
                good = compare(program, network, form, lam, allowed) and good
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
