"""Measures fgf against its peer and prints the table; tests/bench/run.sh builds what is needed and
starts this. docs/performance.md says what is measured and how.

Every contest is a number of rounds; a round takes a sample of each side, one after the other."""
import argparse
import dataclasses
import fnmatch
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import time

import cohorts
import networks
import report
import rows
import sides

HERE = os.path.dirname(os.path.abspath(__file__))
PROJECT = os.path.dirname(os.path.dirname(HERE))


def arguments():
    parser = argparse.ArgumentParser(prog="tests/bench/run.sh", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", metavar="PATTERN", default="*",
                        help="only rows whose name holds this, or matches it: step/512,memory/*")
    parser.add_argument("--list", action="store_true", help="print the names of the rows")
    parser.add_argument("--quick", action="store_true",
                        help="3 rounds instead of 5, shorter samples, plain scripts once")
    parser.add_argument("--output", metavar="FILE", default="build/bench.json",
                        help="the numbers as JSON (default: build/bench.json)")
    parser.add_argument("--cores", metavar="LIST", help="cores to use, 0,1 or 0-3 (default: all)")
    parser.add_argument("--markdown", action="store_true",
                        help="write table and kernels (fgf bench) into docs/performance.md too")
    parser.add_argument("--from", metavar="FILE", dest="source",
                        help="measure nothing: print (and with --markdown write) the table of FILE")
    parser.add_argument("--build", default=os.path.join(PROJECT, "build", "bench"),
                        help=argparse.SUPPRESS)
    return parser.parse_args()


def core_list(text):
    """The cores of "0,2-3", or all that this process may use."""
    allowed = sorted(os.sched_getaffinity(0))
    if not text:
        return allowed
    cores = []
    for part in text.split(","):
        first, _, last = part.partition("-")
        cores += range(int(first), int(last or first) + 1)
    unknown = [core for core in cores if core not in allowed]
    if unknown or not cores:
        sys.exit(f"--cores {text}: this process may use {allowed}")
    return cores


class Bench(sides.Machine):
    """The machine, with the cohorts that contests ask for, each made once."""

    def __init__(self, given, folder):
        super().__init__(given.build, folder, core_list(given.cores),
                         0.4 if given.quick else 0.8)
        self.quick, self.rounds = given.quick, 3 if given.quick else 5
        self.peer = self.find_peer()
        shared = os.environ.get("FGF_SHARED") or os.path.join(PROJECT, "..", "shared")
        self.slices = self.existing(shared, "data/hn_ct_png/canada")
        self.weights = self.existing(shared, "data/hncnn_reference_net/weights_dm_689.h5")

    @staticmethod
    def existing(folder, name):
        path = os.path.realpath(os.path.join(folder, name))
        return path if os.path.exists(path) else ""

    @staticmethod
    def find_peer():
        """PyTorch's version, or an empty text where it or h5py is absent."""
        found = subprocess.run([sys.executable, "-c",
                                "import h5py, torch; print('PyTorch', torch.__version__)"],
                               stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        return found.stdout.strip() if found.returncode == 0 else ""

    def folder_of(self, name, make, *how):
        path = os.path.join(self.folder, name)
        if not os.path.exists(path):
            os.makedirs(path)
            make(path, *how)
        return path

    def cohort(self, kind, *how):
        """The dataset file of a cohort."""
        name = "-".join([kind, *map(str, how)])
        given = (self.slices, *how) if kind == "slices" else how
        folder = self.folder_of(name, getattr(cohorts, kind), *given)
        dataset = os.path.join(self.folder, name + ".h5")
        if not os.path.exists(dataset):
            self.run([self.program, "import", os.path.join(folder, "import.yaml"), "-o", dataset])
        return dataset

    def numerics(self):
        """Instruction set and BLAS core that fgf chooses here, as a results file names them."""
        if not self.peer:
            return "instruction set not read"
        name = os.path.join(self.folder, "first")
        self.run([self.program, "phantom", "-o", name + ".h5", "cases=4", "size=16"])
        side = sides.Fgf(self, "first", networks.sweep(
            ["flatten", "dense: {units: 1}"], name + ".h5", features=["size", "mean"],
            train__epochs=0))
        side.launch()
        code = ("import h5py, sys; run = h5py.File(sys.argv[1])['run']; "
                "print(*(run[k][0].decode() for k in ('instruction_set', 'blas_core')), sep=', ')")
        return self.run([sys.executable, "-c", code, side.results])[0].strip()

    def describe(self):
        """What the numbers hang on."""
        load = " ".join(f"{load:.2f}" for load in os.getloadavg())
        with open("/proc/cpuinfo") as file:
            found = re.search(r"^(?:model name|Processor)\s*:\s*(.*)$", file.read(), re.M)
        commit = subprocess.run(["git", "-C", PROJECT, "describe", "--always", "--dirty"],
                                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout
        command = "tests/bench/run.sh " + " ".join(sys.argv[1:])
        return {"cpu": found.group(1) if found else platform.machine(),
                "core_count": len(self.cores), "cores": self.cores,
                "instruction_set": self.numerics(), "load": load,
                "date": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
                "peer": self.peer or "no PyTorch", "commit": commit.strip() or "unknown",
                "rounds": self.rounds, "command": command.strip()}


def show_progress(text):
    """A line that overwrites itself, on a terminal."""
    if sys.stderr.isatty():
        print("\r" + text.ljust(79) + ("" if text else "\r"), end="", file=sys.stderr, flush=True)


def wanted_rows(contest, patterns):
    """The rows whose name holds or matches one of the patterns, with commas between."""
    return [row for row in contest.rows if any(
        pattern in row.name or fnmatch.fnmatchcase(row.name, pattern)
        for pattern in patterns.split(","))]


def measure_rounds(machine, contest, wanted, made):
    """name of side -> samples, one a round; a plain script's, being slow, in fewer rounds."""
    names = [name for row in wanted for name in (row.ours, row.other, row.plain) if name in made]
    plain = {row.plain for row in wanted} - {row.other for row in wanted}
    samples = {name: [] for name in dict.fromkeys(names)}
    for turn in range(machine.rounds):
        for name, taken in samples.items():
            if name in plain and turn >= (1 if machine.quick else 3):
                continue
            taken.append(made[name].measure())
            show_progress(f"{contest.name}: round {turn + 1} of {machine.rounds}, {name}")
    show_progress("")
    return samples


def measure(machine, contest, wanted):
    """The results of a contest's rows."""
    reason = contest.needs(machine) if contest.needs else ""
    if reason:
        return [dict(report.summary(row, []), skipped="skipped: " + reason) for row in wanted]
    made = {}
    try:
        made = contest.open(machine)
        samples = measure_rounds(machine, contest, wanted, made)
        compared = contest.check(made) if contest.check else []
    except sides.Failure as failure:
        print(failure, file=sys.stderr)
        return [dict(report.summary(row, []), skipped="FAILED") for row in wanted]
    finally:
        for side in made.values():
            if hasattr(side, "peer"):
                side.peer.close()
    results = [report.summary(row, samples[row.ours], samples.get(row.other),
                              samples.get(row.plain)) for row in wanted]
    for result in results:
        result["load"] = round(os.getloadavg()[0], 2)
        result["variant"] = {name: made[name].chosen for name in samples
                             if hasattr(made[name], "chosen")}
        result["wrong variants"] = {name: made[name].wrong for name in samples
                                    if getattr(made[name], "wrong", [])}
        result["compared"] = [dataclasses.asdict(each) for each in compared]
        if any(each.differs for each in compared):
            result["verdict"] = "the sides differ"
    return results


def run(given):
    contests = [(contest, wanted_rows(contest, given.rows)) for contest in rows.all_contests()]
    contests = [(contest, wanted) for contest, wanted in contests if wanted]
    if not contests:
        sys.exit(f"--rows {given.rows}: no such row; --list prints their names")
    if given.list:
        return print("\n".join(row.name for _, wanted in contests for row in wanted))
    folder = tempfile.mkdtemp(prefix="fgf-bench.")
    try:
        machine = Bench(given, folder)
        document = {"machine": machine.describe(), "rows": []}
        print(report.heading(document["machine"]), flush=True)
        os.makedirs(os.path.dirname(os.path.abspath(given.output)), exist_ok=True)
        for contest, wanted in contests:
            results = measure(machine, contest, wanted)
            document["rows"] += results
            print(report.text_table(results).split("\n", 2)[2], flush=True)
            if given.markdown and contest is contests[-1][0]:
                document["kernels"] = machine.run(machine.pin([machine.program, "bench"]))[0]
            with open(given.output, "w") as file:  # what there is, should the rest be stopped
                json.dump(document, file, indent=1)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return document


def main():
    given = arguments()
    if given.source:
        with open(given.source) as file:
            document = json.load(file)
    else:
        document = run(given)
        if document is None:
            return
    print("\n" + report.heading(document["machine"]) + "\n")
    print(report.text_table(document["rows"]) + "\n\n" + report.NOTES)
    differ = [row["name"] for row in document["rows"] if row["verdict"] == "the sides differ"]
    if given.markdown:
        page = os.path.join(PROJECT, "docs", "performance.md")
        report.write_between_markers(page, "table", report.markdown(document))
        if document.get("kernels"):
            report.write_between_markers(page, "kernels",
                                         "```\n" + document["kernels"].rstrip() + "\n```")
    if any(row.get("skipped") == "FAILED" for row in document["rows"]):
        sys.exit("some rows could not be measured")
    if differ:
        sys.exit("the two sides do not compute the same; `compared` in the JSON file has the "
                 "numbers: " + ", ".join(differ))


if __name__ == "__main__":
    main()
