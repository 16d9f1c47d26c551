"""The peer in scoring: PyTorch on the gradient flows that fgf scores.

    peer_flow.py '{"dataset": ..., "results": ..., "step": 0.0125, "evaluations": [...], ...}'

A case moves along sign grad f / |grad f| over its Omega in steps of a fixed length, for as many
evaluations of f and its gradient as fgf counted for it, the search of the boundary included: both
sides do the same number, and the peer need not find out when to stop. The plain script takes case
by case. Tuned, `lanes` cases share each evaluation: as soon as one has had its evaluations, the
next one takes its place, longest first, so that nearly every evaluation is of a full batch. What
fgf does besides (features, agreement, noise) is not asked of the peer.

Requests on the input: {"do": "time", "variant": {"lanes": n, "layout": ...}} gives seconds for all
cases; with "every": n they are estimated from every n-th. {"do": "numbers", "variant": {...}} gives
the logits of the cases at x, for comparing with fgf's, and at the end of their flow."""
import json
import sys
import time

import torch

from peer_network import Cases, read_network, serve


class Flows:
    def __init__(self, task, cases, lanes, layout):
        self.network = read_network(task["results"], pool_first=task["tuned"])
        for parameter in self.network.parameters():
            parameter.requires_grad_(False)
        self.layout = torch.channels_last if layout == "channels" else torch.contiguous_format
        self.network = self.network.to(memory_format=self.layout)
        self.cases, self.step, self.lanes = cases, task["step"], lanes
        with torch.no_grad():
            f = torch.cat([self.network(x) for x in cases.x.split(32)]).flatten()
        self.start = f
        self.sign = torch.where(f < 0, 1.0, -1.0) if task["boundary"] else torch.ones_like(f)

    def run(self, order, evaluations):
        """All flows of `order`; returns the logits at their last evaluation."""
        waiting, left = list(reversed(order)), []
        index, z = [], []
        end = self.start.clone()
        while waiting or index:
            while waiting and len(index) < self.lanes:
                case = waiting.pop()
                index.append(case)
                left.append(evaluations[case])
                z.append(self.cases.x[case])
            batch = torch.stack(z) if isinstance(z, list) else z
            which = torch.tensor(index)
            inside, sign = self.cases.mask[which], self.sign[which].view(-1, 1, 1, 1)
            steps = min(left) if not waiting or len(index) == self.lanes else 1
            for _ in range(steps):
                x = batch.contiguous(memory_format=self.layout).detach().requires_grad_(True)
                f = self.network(x)
                g, = torch.autograd.grad(f.sum(), x)
                g = g * inside
                length = g.flatten(1).norm(dim=1).clamp_min(1e-30).view(-1, 1, 1, 1)
                batch = x.detach() + (self.step * sign / length) * g
            end[which] = f.detach().flatten()
            keep = [k for k, rest in enumerate(left) if rest > steps]
            z = [batch[k] for k in keep]
            index, left = [index[k] for k in keep], [left[k] - steps for k in keep]
        return end


def main(task):
    torch.set_num_threads(task.get("threads", 1))
    torch.set_flush_denormal(task["tuned"])
    evaluations = task["evaluations"]
    cases = Cases(task["dataset"], len(evaluations))
    order = sorted(range(len(evaluations)), key=lambda case: -evaluations[case])
    order = [case for case in order if evaluations[case] > 0]

    def answer(request):
        if request["do"] == "forget":
            return {}
        variant = request["variant"]
        flows = Flows(task, cases, variant["lanes"], variant["layout"])
        if request["do"] == "numbers":
            return {"start": flows.start.tolist(), "end": flows.run(order, evaluations).tolist()}
        # Every n-th in order of length: a part that is like the whole.
        part = order[::request.get("every", 1)]
        share = sum(evaluations[case] for case in part) / sum(evaluations)
        start = time.perf_counter(), time.process_time()
        flows.run(part, evaluations)
        wall, busy = time.perf_counter() - start[0], time.process_time() - start[1]
        return {"seconds": wall / share, "busy": busy / wall}

    serve(answer)


main(json.loads(sys.argv[1]))
