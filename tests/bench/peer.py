"""The peer in training: PyTorch on the task that fgf is timed at.

    peer.py '{"dataset": ..., "results": ..., "batch": 8, "features": [...], "tuned": true}'

    L = mean over cases of  BCE(f(x), y) + lambda (1 - A),   A = |P g|^2 / |g|^2 over Omega,
    g = grad_x f, P the projection on the span of the features' gradients (given).

The plain script is what one writes: the layers in their order, double backward (create_graph).
Tuned, it pools before the activation, gives numbers below 1e-38 up, and knows variants, of which
the caller takes the fastest:

    lambda      0 leaves the regularizer out
    algorithm   double   double backward
                tangent  R's gradient in the parameters is that of <u, grad_x f>, u = dR/dg: one
                         forward pass of dual numbers, and the backward pass of it
    layout      rows     channel by channel
                channels channels last

Requests on the input, answers on the output, a line each:

    {"do": "time", "steps": n, "variant": {...}}   seconds a step, the processor's share in them
    {"do": "numbers", "variant": {...}}            loss, R and the norm of the gradient
    {"do": "forget", "variant": {...}}             frees a variant
    {"do": "memory"}                               the greatest resident size in KiB"""
import json
import resource
import sys
import time

import torch
import torch.autograd.forward_ad as dual
from torch.nn import functional

from peer_network import Cases, feature_basis, read_network, serve


class Training:
    """One variant: its network, its batch and its optimizer."""

    def __init__(self, task, cases, basis, variant):
        self.algorithm, self.weight = variant.get("algorithm"), variant["lambda"]
        self.network = read_network(task["results"], pool_first=task["tuned"])
        self.x, self.label, self.box, self.basis = cases.x, cases.label, cases.box, basis
        self.inside = cases.mask[cases.box].flatten(1)
        if variant.get("layout") == "channels":
            last = torch.channels_last if self.x.dim() == 4 else torch.channels_last_3d
            self.network = self.network.to(memory_format=last)
            self.x = self.x.contiguous(memory_format=last)
        self.u = torch.zeros_like(self.x)
        self.optimizer = torch.optim.SGD(self.network.parameters(), lr=1e-6, momentum=0.9)

    def agreement(self, g):
        """A of each case, and its parts. g: the input gradient within the box, [batch, pixels]."""
        g = g * self.inside
        along = torch.bmm(self.basis, g.unsqueeze(2)).squeeze(2)
        square = (g * g).sum(1)
        return (along * along).sum(1) / square, g, along, square

    def double_backward(self):
        x = self.x.detach().requires_grad_(True)
        f = self.network(x)
        g, = torch.autograd.grad(f.sum(), x, create_graph=True)
        regularizer = (1 - self.agreement(g[self.box].flatten(1))[0]).mean()
        loss = functional.binary_cross_entropy_with_logits(f, self.label)
        (loss + self.weight * regularizer).backward()
        return loss, regularizer

    def tangent(self):
        x = self.x.detach().requires_grad_(True)
        g, = torch.autograd.grad(self.network(x).sum(), x)
        with torch.no_grad():
            a, g, along, square = self.agreement(g[self.box].flatten(1))
            projected = torch.bmm(along.unsqueeze(1), self.basis).squeeze(1)
            u = (a.unsqueeze(1) * g - projected) * (2 * self.weight / len(a) / square.unsqueeze(1))
            self.u[self.box] = u.view_as(self.u[self.box])
        with dual.dual_level():
            f, slope = dual.unpack_dual(self.network(dual.make_dual(self.x, self.u)))
            loss = functional.binary_cross_entropy_with_logits(f, self.label)
            (loss + slope.sum()).backward()
        return loss, (1 - a).mean()

    def gradient(self):
        self.optimizer.zero_grad(set_to_none=True)
        if self.weight > 0:
            return self.tangent() if self.algorithm == "tangent" else self.double_backward()
        loss = functional.binary_cross_entropy_with_logits(self.network(self.x), self.label)
        loss.backward()
        return loss, torch.tensor(0.0)

    def step(self):
        loss, _ = self.gradient()
        self.optimizer.step()
        return loss.item()


def main(task):
    torch.set_num_threads(task.get("threads", 1))
    torch.set_flush_denormal(task["tuned"])
    cases = Cases(task["dataset"], task["batch"])
    basis = feature_basis(cases, task["features"])
    trainings = {}

    def answer(request):
        if request["do"] == "memory":
            return {"kib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss}
        name = json.dumps(request["variant"], sort_keys=True)
        if request["do"] == "forget":
            trainings.pop(name, None)
            return {}
        if request["do"] == "numbers":
            training = Training(task, cases, basis, request["variant"])
            loss, regularizer = training.gradient()
            norm = sum((p.grad.double() ** 2).sum() for p in training.network.parameters()) ** 0.5
            return {"loss": loss.item(), "regularizer": regularizer.item(), "norm": norm.item()}
        if name not in trainings:
            trainings[name] = Training(task, cases, basis, request["variant"])
            trainings[name].step()
        training = trainings[name]
        start = time.perf_counter(), time.process_time()
        for _ in range(request["steps"]):
            training.step()
        wall, busy = time.perf_counter() - start[0], time.process_time() - start[1]
        return {"seconds": wall / request["steps"], "busy": busy / wall}

    serve(answer)


main(json.loads(sys.argv[1]))
