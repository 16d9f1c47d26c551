"""What both peers share: a network in PyTorch from the layer table and weights of a results file of
fgf, cases from a dataset file, and the features whose gradients the regularizer takes."""
import json
import sys

import h5py
import torch
from torch import nn

MONOTONE = {"relu", "leaky_relu", "prelu", "softplus", "tanh"}


def activation(layer):
    kind, settings = layer["kind"], layer["settings"]
    if kind == "prelu":
        return nn.PReLU(layer["arrays"][0]["count"])
    return {"relu": nn.ReLU, "softplus": nn.Softplus, "silu": nn.SiLU, "gelu": nn.GELU,
            "tanh": nn.Tanh, "leaky_relu": lambda: nn.LeakyReLU(settings.get("slope"))}[kind]()


def module(layer):
    kind, settings = layer["kind"], layer["settings"]

    def extent(name):
        value = settings[name]
        return tuple(value) if len(value) > 1 else value[0]

    planar = layer["planar"]
    if kind == "conv":
        return (nn.Conv2d if planar else nn.Conv3d)(
            layer["input"][0], settings["channels"], extent("kernel"), extent("stride"),
            extent("padding"), bias=settings["bias"])
    if kind == "max_pool":
        return (nn.MaxPool2d if planar else nn.MaxPool3d)(extent("size"), extent("stride") or None)
    if kind == "flatten":
        return nn.Flatten()
    if kind == "dense":
        channels, depth, height, width = layer["input"]
        return nn.Linear(channels * depth * height * width, settings["units"], settings["bias"])
    return activation(layer)


def read_network(results, pool_first):
    """The network of a results file's first trial. With pool_first a max-pool goes before the
    activation that it follows: the same function where that is monotone (slopes of these PReLUs
    stay above 0), at a fraction of the activations."""
    with h5py.File(results, "r") as file:
        model = next(iter(file["model"].values()))
        layers = json.loads(model["layers"][()])
        weights = torch.from_numpy(model["weights"][0])
    modules = []
    for layer in layers:
        layer["planar"] = layers[0]["input"][1] == 1
        modules.append(module(layer))
        for array, parameter in zip(layer["arrays"], modules[-1].parameters()):
            values = weights[array["offset"]:array["offset"] + array["count"]]
            values = values.reshape(array["stored"]).permute(array["permute"])
            parameter.data = values.reshape(array["shape"]).contiguous()
    if pool_first:
        for k in range(1, len(layers)):
            if layers[k]["kind"] == "max_pool" and layers[k - 1]["kind"] in MONOTONE:
                modules[k - 1], modules[k] = modules[k], modules[k - 1]
    return nn.Sequential(*modules)


class Cases:
    """x [count, 1, height, width] (volumes: [count, 1, depth, height, width]) and Omega of the first
    cases of a dataset file."""

    def __init__(self, dataset, count):
        with h5py.File(dataset, "r") as file:
            planar = file["mask"].shape[1] == 1
            self.x = torch.from_numpy(file["image"][:count])
            self.mask = torch.from_numpy(file["mask"][:count]).bool().unsqueeze(1)
            if planar:
                self.x, self.mask = self.x.squeeze(2), self.mask.squeeze(2)
            self.label = torch.from_numpy(file["case/label"][:count]).float().unsqueeze(1)
            self.slope = float(file["channel/slope"][0])
            self.intercept = float(file["channel/intercept"][0])
        inside = self.mask[:, 0].any(0).nonzero()
        # Every Omega lies in this box: the regularizer need not look at more of the gradient.
        self.box = (slice(None), slice(None)) + tuple(
            slice(low, high + 1) for low, high in zip(inside.min(0).values.tolist(),
                                                      inside.max(0).values.tolist()))


def features(x, inside, slope, intercept, names):
    """h(x) of docs/method.md over the pixels `inside`, one case, x [height, width] or [depth, height,
    width] in float64."""
    q = slope * x + intercept
    value, mass = q[inside], x[inside]
    centred = value - value.mean()
    m2 = (centred ** 2).mean()
    row, column = inside.nonzero(as_tuple=True)[-2:]
    edges = []
    for axis in range(x.dim()):
        n = x.shape[axis] - 1
        pair = inside.narrow(axis, 1, n) & inside.narrow(axis, 0, n)
        edges.append((q.narrow(axis, 1, n) - q.narrow(axis, 0, n))[pair])
    edges = torch.cat(edges)
    h = {"size": lambda: torch.sigmoid(value / 10).sum(),
         "mean": value.mean,
         "variance": lambda: m2,
         "skewness": lambda: (centred ** 3).mean() / m2 ** 1.5,
         "kurtosis": lambda: (centred ** 4).mean() / m2 ** 2,
         "centroid_row": lambda: (mass * row).sum() / mass.sum(),
         "centroid_column": lambda: (mass * column).sum() / mass.sum(),
         "edge_strength": lambda: (edges ** 2 + 1).sqrt().mean()}
    return [h[name]() for name in names]


def feature_basis(cases, names):
    """Orthonormal bases of the features' gradients over each case's Omega, within the box:
    [count, features, pixels]. Handed to the peer for nothing; fgf computes them in every step."""
    bases = []
    for image, mask in zip(cases.x, cases.mask):
        x = image[0].double().requires_grad_(True)
        h = features(x, mask[0], cases.slope, cases.intercept, names)
        rows = [torch.autograd.grad(value, x, retain_graph=True)[0] for value in h]
        v = torch.stack([row[cases.box[2:]].flatten() for row in rows], 1)
        basis, triangle = torch.linalg.qr(v / v.norm(dim=0))
        if triangle.diagonal().abs().min() < 1e-6:
            sys.exit("the features' gradients depend on one another; fgf would drop one")
        bases.append(basis.T.float())
    return torch.stack(bases)


def serve(answer):
    """Answers requests, a JSON object a line, until the input ends."""
    print(json.dumps({"engine": "PyTorch " + torch.__version__}), flush=True)
    for line in sys.stdin:
        print(json.dumps(answer(json.loads(line))), flush=True)
