"""The rows of the table. A contest holds the sides that are measured in turns, A B A B, and the
rows that compare two of them: no ratio mixes numbers of two contests."""
import os
from dataclasses import dataclass, field
from typing import Callable, Dict, List

import cohorts
import networks
import sides
from report import LESS, MORE, digits


@dataclass
class Row:
    name: str                # what --rows looks at
    title: str
    unit: str
    ours: str                # names of sides
    other: str = ""
    plain: str = ""
    better: str = MORE
    must: float = None
    aim: float = None
    value: str = "seconds"   # of a Sample
    show: Callable = None    # a value of the row as text, in `unit`
    against: str = "PyTorch, tuned"


@dataclass
class Contest:
    name: str
    rows: List[Row]
    open: Callable           # machine -> {name: side}; called once, before the first round
    check: Callable = None   # sides -> Comparisons of what the two sides compute
    needs: Callable = None   # machine -> reason not to run, or ""
    closes: list = field(default_factory=list)


def rate(amount):
    return lambda seconds: digits(amount / seconds)


def milliseconds(seconds):
    return digits(1e3 * seconds)


def mebibytes(kib):
    return digits(kib / 1024)


def need_peer(machine):
    return "" if machine.peer else "needs PyTorch, h5py and numpy for /usr/bin/python3"


# ---- training steps ----

VARIANTS = [{"algorithm": algorithm, "layout": layout} for algorithm in ("double", "tangent")
            for layout in ("rows", "channels")]
SEEDS = {"train.seed": "[1, 2, 3]"}
STEPS = dict(SEEDS, **{"train.epochs": sides.Training.EPOCHS})


def training_sides(machine, name, layers, dataset, batch, microbatch, names):
    """Steps with and without the regularizer of fgf, the tuned peer and the plain script."""

    def sweep(weight, **settings):
        return networks.sweep(layers, dataset, features=names, train__batch=batch,
                              train__microbatch=min(microbatch, batch), align__lambda=weight,
                              **settings)

    made = {"ours": sides.Training(machine, name + "-reg", sweep(1, grid=STEPS)),
            "ours 0": sides.Training(machine, name, sweep(0, grid=STEPS))}
    if not machine.peer:
        return made
    first = sides.Fgf(machine, name + "-first", sweep(CHECKED_LAMBDA, train__epochs=1,
                                                      output__weights="all"))
    first.launch("train.optimizer.learning_rate=0")
    task = {"dataset": dataset, "results": first.results, "batch": batch, "features": names}
    tuned = sides.Peer(machine, "peer.py", task, tuned=True)
    plain = sides.Peer(machine, "peer.py", task, tuned=False)
    at = {weight: [dict(v, **{"lambda": weight}) for v in VARIANTS] for weight in (0, 1)}
    made["tuned"] = sides.PeerSide(tuned, at[1], right=lambda variant: not any(
        each.differs for each in compare_first(first, tuned, variant)))
    made["tuned 0"] = sides.PeerSide(tuned, at[0][:2])
    made["plain"] = sides.PeerSide(plain, at[1][:1])
    made["plain 0"] = sides.PeerSide(plain, at[0][:1])
    made["tuned memory"] = sides.PeerMemory(made["tuned"])
    made["first"] = first
    return made


@dataclass
class Comparison:
    what: str
    ours: float
    peer: float
    most: float  # |ours - peer|

    @property
    def differs(self):
        return not abs(self.ours - self.peer) <= self.most  # true where not a number


CHECKED_LAMBDA = 100  # so large that the gradient's norm is mostly that of R


def compare_first(first, peer, variant):
    """Loss, R and the gradient's norm of fgf's first step against those of a peer's variant."""
    numbers = peer.ask(do="numbers", variant=dict(variant, **{"lambda": CHECKED_LAMBDA}))
    return [Comparison(key, first.column("/history/" + column)[0], numbers[key],
                       1e-3 * abs(numbers[key]))
            for key, column in (("loss", "loss_train"), ("regularizer", "regularizer"),
                                ("norm", "gradient_norm"))]


def same_numbers(made):
    if "tuned" not in made or not made["tuned"].chosen:
        return []
    return compare_first(made["first"], made["tuned"].peer, made["tuned"].chosen)


def training(title, name, layers, cohort, batch, targets, memory=False, microbatch=4,
             names=networks.FEATURES):
    """targets: of the step with R, without it, and of the ratio of the two."""
    images = {"unit": "images/s", "show": rate(batch)}
    with_r, without, ratio = targets
    rows = [Row(f"step/{name}/regularized", f"{title}, lambda > 0", ours="ours", other="tuned",
                plain="plain", must=with_r[0], aim=with_r[1], **images),
            Row(f"step/{name}/lambda-0", f"{title}, lambda = 0", ours="ours 0", other="tuned 0",
                plain="plain 0", must=without[0], aim=without[1], **images),
            Row(f"step/{name}/lambda-ratio", f"{title}, lambda > 0 to lambda = 0", "ms a step",
                ours="ours", other="ours 0", better=LESS, must=ratio[0], aim=ratio[1],
                show=milliseconds, against="ours, lambda = 0")]
    if memory:
        rows.append(Row(f"memory/{name}", f"{title}, lambda > 0, peak memory", "MiB", ours="ours",
                        other="tuned memory", better=LESS, must=0.2, aim=0.08, value="kib",
                        show=mebibytes))

    def open_sides(machine):
        file = name.replace("/", "-")
        return training_sides(machine, file, layers, machine.cohort(*cohort(batch)), batch,
                              microbatch, names)

    return Contest(name, rows, open_sides, same_numbers)


PRELU = ((8, 15), (2.5, 4.5), (1.7, 1.35))
SOFTPLUS = ((6, 11), (2.5, 4.5), (2.1, 1.6))
REFERENCE = ((5, 10), (None, None), (1.7, 1.35))


VOLUME = ((None, None), (None, None), (None, None))  # no ratio was set before it was measured


def full(size):
    return lambda count: ("full", size, count)


def volume(kind):
    return lambda count: (kind, 64, 32, count)


def training_contests():
    for activation, targets in (("prelu", PRELU), ("softplus", SOFTPLUS)):
        for size in (512, 128, 64):
            yield training(f"{size} px, {activation}, batch 8", f"{size}/{activation}/8",
                           networks.blocks(activation), full(size), 8, targets,
                           memory=size == 512 and activation == "prelu")
    yield training("512 px, prelu, batch 2", "512/prelu/2", networks.blocks("prelu"), full(512), 2,
                   PRELU)
    yield training("64 px, prelu, batch 64", "64/prelu/64", networks.blocks("prelu"), full(64), 64,
                   PRELU)
    yield training("3-D, 32 x 64 x 64 voxels, prelu, batch 4", "volume/prelu/4",
                   networks.volume_blocks("prelu"), volume("crops"), 4, VOLUME)
    yield training("3-D, zero around a tumour of 20 voxels, prelu, batch 4", "volume/tumour/4",
                   networks.volume_blocks("prelu"), volume("tumours"), 4, VOLUME)
    yield training("reference network, full images, batch 16", "reference/full",
                   networks.reference(), full(180), 16, REFERENCE, microbatch=8,
                   names=["size", "mean"])
    contest = training("reference network, tumour slices, batch 64", "reference/slices",
                       networks.reference(), lambda count: ("slices", count, 1), 64, REFERENCE,
                       microbatch=8, names=["size", "mean"])
    contest.needs = need_slices
    yield contest


# ---- scoring along flows ----

def need_slices(machine):
    return "" if machine.slices else "needs hn_ct_png of the shared data (FGF_SHARED)"


def need_weights(machine):
    return need_slices(machine) or (
        "" if machine.weights else "needs hncnn_reference_net of the shared data (FGF_SHARED)")


def open_scoring(machine):
    """The published network on every fifth slice of its cohort (tenth, where time is short)."""
    every, step = (10 if machine.quick else 5), 0.0125
    dataset = machine.cohort("slices", 298 // every, every)
    ours = sides.Scoring(machine, "scoring", networks.sweep(
        networks.reference(), dataset, train__epochs=0, flow__integrator="euler", flow__step=step,
        score__cases="all", score__resamples=9))
    ours.command = ["score", machine.weights, "--spec", ours.sweep]
    ours.launch()
    evaluations = [int(count) for count in ours.column("/flow/evaluations")]
    made = {"ours": ours}
    if machine.peer:
        stored = sides.Fgf(machine, "scoring-weights", networks.sweep(
            networks.reference(), dataset, train__epochs=0, output__weights="all"))
        stored.launch("model.weights=" + machine.weights)
        task = {"dataset": dataset, "results": stored.results, "step": step, "boundary": True,
                "evaluations": evaluations}
        tuned = sides.Peer(machine, "peer_flow.py", task, tuned=True)
        plain = sides.Peer(machine, "peer_flow.py", task, tuned=False)
        made["tuned"] = sides.PeerSide(tuned, [{"lanes": lanes, "layout": layout}
                                               for lanes in (4, 8, 16, 32)
                                               for layout in ("rows", "channels")], every=8)
        made["plain"] = sides.PeerSide(plain, [{"lanes": 1, "layout": "rows"}], every=8)
    return made


def same_flows(made):
    """Logits at x; and nine of ten flows of the peer end near the boundary or beyond it too."""
    if "tuned" not in made or not made["tuned"].chosen:
        return []
    logits = made["ours"].column("/prediction/logit")
    peer = made["tuned"].peer.ask(do="numbers", variant=made["tuned"].chosen)
    arrived = [abs(end) < 0.2 * abs(start) or end * start < 0
               for start, end in zip(peer["start"], peer["end"])]
    return ([Comparison(f"logit of case {k}", a, b, 1e-4 * max(1, abs(b)))
             for k, (a, b) in enumerate(zip(logits, peer["start"]))] +
            [Comparison("share of flows that arrive", 1, sum(arrived) / len(arrived), 0.1)])


def scoring_contests():
    row = Row("scoring/reference", "reference network, scoring along the flow", "s",
              ours="ours", other="tuned", plain="plain", must=5, aim=10, show=digits)
    yield Contest("scoring", [row], open_scoring, same_flows, need_weights)


# ---- masked input ----

def open_masked(machine):
    made = {}
    for name, cohort in (("tumour", ("tumour", 512, 8)), ("full", ("full", 512, 8))):
        dataset = machine.cohort(*cohort)
        made[name] = sides.Training(machine, "masked-" + name, networks.sweep(
            networks.blocks("prelu"), dataset, train__batch=8, train__microbatch=4,
            align__lambda=1, grid=STEPS))
        made[name + " scored"] = sides.Scoring(machine, "masked-scored-" + name, networks.sweep(
            networks.blocks("prelu"), dataset, train__epochs=0, flow__integrator="euler",
            flow__target="ascend", flow__length=0.05, score__cases="all", score__resamples=9,
            grid=SEEDS))
    return made


def masked_contests():
    cost = {"better": LESS, "aim": 0.15, "against": "ours, full image"}
    yield Contest("masked", [
        Row("masked/step", "512 px, 60 px tumour to full image, step with lambda > 0", "images/s",
            ours="tumour", other="full", show=rate(8), **cost),
        Row("masked/scoring", "512 px, 60 px tumour to full image, scoring (4 steps)", "cases/s",
            ours="tumour scored", other="full scored", show=rate(8), **cost)], open_masked)


# ---- ranks ----

def open_ranks(ranks):
    def open_sides(machine):
        dataset = machine.cohort("full", 128, 32)

        def sweep(grid, **settings):
            return networks.sweep(networks.blocks("prelu"), dataset, train__batch=32,
                                  train__microbatch=4, align__lambda=1, grid=grid, **settings)

        made = {f"cases {n}": sides.Training(machine, f"cases-{n}", sweep(STEPS), ranks=n,
                                             group_size=n) for n in (1, ranks)}
        made["cases 1"].calibrate()
        trials = sweep({"train.seed": str(list(range(1, 2 * ranks + 1)))},
                       train__epochs=2 * made["cases 1"].steps)
        for n in (1, ranks):
            made[f"trials {n}"] = sides.Schedule(machine, f"trials-{n}", trials, ranks=n)
        return made

    return open_sides


def rank_contests():
    targets = {2: ((1.9, 1.97), (1.7, 1.9)), 4: ((None, None), (None, None))}
    for ranks, (trials, cases) in targets.items():
        yield Contest(f"ranks-{ranks}", [
            Row(f"ranks/{ranks}/trials", f"{ranks} ranks to 1, trials sharded", "s",
                ours=f"trials {ranks}", other="trials 1", must=trials[0], aim=trials[1],
                show=digits, against="ours, 1 rank"),
            Row(f"ranks/{ranks}/cases", f"{ranks} ranks to 1, cases sharded, 128 px, batch 32",
                "images/s", ours=f"cases {ranks}", other="cases 1", must=cases[0], aim=cases[1],
                show=rate(32), against="ours, 1 rank")], open_ranks(ranks),
                      needs=lambda machine, ranks=ranks: "" if len(machine.cores) >= ranks else
                      f"needs {ranks} cores, there are {len(machine.cores)}")


def open_reduction(ranks):
    def open_sides(machine):
        command = [os.path.join(machine.build, "bench_reduction"), str(1 << 20), "15"]
        rounds = sides.Rounds(machine, machine.pin(command, ranks,
                                                   oversubscribe=ranks > len(machine.cores)))
        return {name: rounds.side(name) for name in ("ordered", "plain")}

    return open_sides


def reduction_contests():
    for ranks in (2, 4):
        yield Contest(f"reduction-{ranks}", [
            Row(f"reduction/{ranks}", f"ordered sum to all-reduce, 1 Mi floats, {ranks} ranks",
                "ms", ours="ordered", other="plain", better=LESS, must=5, aim=2,
                show=milliseconds, against="MPI_Allreduce")], open_reduction(ranks))


# ---- data ----

def open_data(machine):
    made = {}
    for ending in (".nii", ".nii.gz"):
        folder = machine.folder_of("volumes" + ending, cohorts.volumes, VOLUMES, ending)
        made["import " + ending] = sides.Command(machine, [
            machine.program, "import", os.path.join(folder, "import.yaml"), "-o",
            os.path.join(machine.folder, "imported.h5")])
    command = [os.path.join(machine.build, "bench_dataset_read"),
               machine.cohort("full", 512, 8), "7"]
    made["read"] = sides.Rounds(machine, machine.pin(command)).side("seconds")
    for name, augment in (("still", {}), ("augmented", {
            "train__augment": "{flip_row: true, flip_column: true, rotate90: true, "
                              "rotation_degrees: 20, shift_pixels: 8}"})):
        made[name] = sides.Training(machine, name, networks.sweep(
            networks.blocks("prelu"), machine.cohort("full", 128, 32), train__batch=32,
            train__microbatch=4, align__lambda=1, grid=STEPS, **augment))
    return made


VOLUMES = 12


def data_contests():
    voxels = VOLUMES * cohorts.SLICES * cohorts.WIDTH ** 2 * 2 / 1e6
    yield Contest("data", [
        Row("data/import", "import of CT volumes", "MB of CT/s", ours="import .nii",
            show=rate(voxels)),
        Row("data/import-compressed", "import of CT volumes, .nii.gz", "MB of CT/s",
            ours="import .nii.gz", show=rate(voxels)),
        Row("data/read", "reading a dataset, 512 px, from the page cache", "cases/s", ours="read",
            show=rate(8)),
        Row("data/read-bytes", "reading a dataset, in bytes", "MB/s", ours="read",
            show=rate(8 * 512 * 512 * 5 / 1e6)),
        Row("data/augmentation", "128 px, step with augmentation to without", "images/s",
            ours="augmented", other="still", better=LESS, show=rate(32),
            against="ours, not augmented")], open_data)


def all_contests():
    for group in (training_contests, scoring_contests, masked_contests, rank_contests,
                  reduction_contests, data_contests):
        yield from group()
