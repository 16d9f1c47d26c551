"""Runs seeded cases of faults on `fgf run` and holds what is left against an undisturbed run.

Every case is made from its seed alone: a results file to begin with, one or two faults, runs with
them, and a run without. See docs/faults.md."""
import argparse
import collections
import concurrent.futures
import os
import queue
import random
import shutil
import subprocess
import sys
import tempfile
import time

import scenarios
import strokes
from sandbox import Failure, Reader, Tools
from world import World


def stroke_case(world, rng, sandbox, kind, tally, only):
    """One or two faults in a row, each in a run of its own, then the run without."""
    before = sandbox.committed()
    for share in (1, 0.5)[:rng.choice((1, 1, 2))]:
        ranks = rng.choice((1,) * 6 + (2, 2, 3)) if world.tools.mpirun else 1
        group = rng.choice((0, 0, ranks))
        fault = strokes.draw(rng, world.counted[kind], ranks, share, only)
        watch = ranks == 1 and not fault[""].startswith("lost") and rng.random() < 0.1
        outcome, seen = sandbox.run(fault, ranks, group, strokes.options(fault), watch)
        if outcome.struck:
            tally["struck"][strokes.describe(fault)] += 1
        else:
            tally["not reached"] += 1
        strokes.judge(fault, ranks, outcome)
        before = world.check_after(sandbox, before, seen, outcome)
    world.complete(sandbox, before, tally)


def run_case(world, seed, reader, tally, only):
    """One case. Returns what is wrong, "" = nothing, and the log of its runs."""
    rng = random.Random(seed)
    kind = rng.choice(("new", "new", "extended"))
    scenario = rng.choice(sorted(scenarios.CASES)) if rng.random() < 0.25 else None
    if only:
        scenario = only if only in scenarios.CASES else None
    sandbox = world.sandbox("case-%d" % seed, reader, "new" if scenario else kind)
    try:
        if scenario:
            scenarios.CASES[scenario](world, rng, sandbox, tally)
        else:
            stroke_case(world, rng, sandbox, kind, tally, only)
        trouble = ""
    except (Failure, subprocess.TimeoutExpired, OSError) as failure:
        trouble = str(failure)
    if not trouble or not os.environ.get("FGF_FAULT_KEEP"):
        shutil.rmtree(sandbox.folder, ignore_errors=True)
    return trouble, "\n".join(sandbox.log)


FAILURES = ("lost", "wrong", "hangs", "other failures")


def new_tally():
    numbers = ("cases", "not reached", "quarantined", "trials") + FAILURES
    return dict({number: 0 for number in numbers}, struck=collections.Counter())


def add_tally(total, part):
    for key, value in part.items():
        if key == "struck":
            total[key].update(value)
        else:
            total[key] += value


def run_campaign(world, seeds, jobs, seconds, only):
    total = new_tally()
    readers = queue.SimpleQueue()
    for _ in range(jobs):
        readers.put(Reader())
    end = time.monotonic() + seconds if seconds else None

    def work(seed):
        if end and time.monotonic() > end:
            return seed, "", "", new_tally()
        reader = readers.get()
        tally = new_tally()
        tally["cases"] = 1
        trouble, log = run_case(world, seed, reader, tally, only)
        readers.put(reader)
        return seed, trouble, log, tally

    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        for seed, trouble, log, tally in pool.map(work, seeds):
            add_tally(total, tally)
            if not trouble:
                continue
            kind = trouble.split(":")[0]
            total[kind if kind in FAILURES else "other failures"] += 1
            indented = "\n".join("    " + line for line in log.splitlines())
            print("FAILED: case %d: %s\n%s" % (seed, trouble, indented), flush=True)
    while not readers.empty():
        readers.get().close()
    return total


def summary(total):
    struck = total["struck"]
    kills = sum(times for (kind, *_), times in struck.items() if kind in strokes.KILLS)
    return ("%d cases, %d faults struck, %d of them kills, %d drawn and not reached; %d trials at "
            "the end, %d quarantined as documented; committed trials lost: %d, wrong: %d; hangs: "
            "%d; other failures: %d" %
            (total["cases"], sum(struck.values()), kills, total["not reached"], total["trials"],
             total["quarantined"], *(total[key] for key in FAILURES)))


def main():
    parser = argparse.ArgumentParser(prog="tests/faults/run.sh")
    parser.add_argument("--cases", type=int, default=250, metavar="N")
    parser.add_argument("--seed", type=int, default=1, metavar="S", help="of the first case")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), metavar="J")
    parser.add_argument("--seconds", type=float, default=0, help="begin no case after these")
    parser.add_argument("--only", choices=sorted(scenarios.CASES) + strokes.NAMES,
                        metavar="KIND", help="cases or faults of this kind alone")
    parser.add_argument("--table", action="store_true", help="print the faults as tables")
    given = parser.parse_args()
    tools = Tools(os.environ["FGF_PROGRAM"], os.environ["FGF_BUILD"])
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    folder = tempfile.mkdtemp(prefix="fgf-faults.", dir=os.environ.get("TMPDIR", memory))
    began = time.monotonic()
    try:
        world = World(tools, folder)
        total = run_campaign(world, range(given.seed, given.seed + given.cases), given.jobs,
                             given.seconds, given.only)
    finally:
        if not os.environ.get("FGF_FAULT_KEEP"):
            shutil.rmtree(folder, ignore_errors=True)
    if given.table:
        print(strokes.table(total["struck"]))
        print(scenarios.table(total["struck"]))
    print("%s; %.0f s" % (summary(total), time.monotonic() - began))
    if not Reader.available:
        print("h5py is not there: files were read with fgf's own reader alone")
    return any(total[key] for key in FAILURES)


if __name__ == "__main__":
    sys.exit(main())
