"""The two sides of a comparison, each as an object whose `measure` gives one Sample: fgf itself as
its users start it, and the peer, a process that keeps its network and waits while fgf runs."""
import json
import os
import re
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass

HERE = os.path.dirname(os.path.abspath(__file__))

# One block of memory that grows and is never given back: without these the peer spends up to half
# of its time on page faults.
TUNED_MEMORY = {"MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": str(1 << 40),
                "MALLOC_TOP_PAD_": str(1 << 26), "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1"}


@dataclass
class Sample:
    seconds: float      # of the unit of work that the contest is about
    kib: int = 0        # greatest resident size of a process, where known
    busy: float = 1.0   # processor seconds over wall seconds: below 1 where others took the core


class Failure(Exception):
    """A program did not do its work; the text says which and what it said."""


class Machine:
    """Where programs are, which cores they get, how long a sample is to last."""

    def __init__(self, build, folder, cores, seconds):
        self.build, self.folder, self.cores, self.seconds = build, folder, cores, seconds
        self.program = os.path.join(build, "fgf")
        self.environment = dict(os.environ, OMPI_ALLOW_RUN_AS_ROOT="1",
                                OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1", OMP_NUM_THREADS="1",
                                FGF_BENCH_CORES=" ".join(map(str, cores)))

    @property
    def core(self):
        """The core of everything that runs on one; the last, as the first serves interrupts."""
        return [self.cores[-1]]

    def pin(self, command, ranks=1, oversubscribe=False):
        """The command on one core a rank. One rank is started without mpirun, as users do."""
        if ranks == 1:
            return ["taskset", "-c", str(self.core[0])] + command
        start = ["mpirun", "--oversubscribe", "--bind-to", "none", "-n", str(ranks)]
        if oversubscribe:
            return ["taskset", "-c", ",".join(map(str, self.cores))] + start + command
        return start + ["bash", os.path.join(HERE, "pinned.sh")] + command

    def run(self, command):
        """Runs to the end. Returns output, lines of errors with their time, and resources."""
        start = time.perf_counter()
        with open(os.path.join(self.folder, "output"), "w+") as output:
            child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output,
                                     stderr=subprocess.PIPE, text=True, env=self.environment)
            lines = [(time.perf_counter(), line.rstrip("\n")) for line in child.stderr]
            _, status, usage = os.wait4(child.pid, 0)
            child.returncode = os.waitstatus_to_exitcode(status)
            wall = time.perf_counter() - start
            output.seek(0)
            text = output.read()
        if child.returncode != 0:
            said = "\n".join(line for _, line in lines[-5:])
            raise Failure(f"{' '.join(command)}\nended with status {child.returncode}:\n{said}")
        return text, lines, wall, usage


class Fgf:
    """Trials of one sweep file. A launch of fgf runs several that differ in their seed; the first
    warms up (files are read, memory is touched), the others are the sample."""

    def __init__(self, machine, name, text, ranks=1, group_size=0):
        self.machine, self.ranks = machine, ranks
        self.results = os.path.join(machine.folder, name + ".results.h5")
        self.sweep = os.path.join(machine.folder, name + ".yaml")
        with open(self.sweep, "w") as file:
            file.write(text)
        self.command = ["run", self.sweep, "--group-size", str(group_size)]

    def launch(self, *overrides):
        """Runs the sweep anew. Returns its trials, seconds of the schedule, KiB, busy share."""
        if os.path.exists(self.results):
            os.remove(self.results)
        command = [self.machine.program, *self.command, "-o", self.results, "--quiet", *overrides]
        _, lines, wall, usage = self.machine.run(self.machine.pin(command, self.ranks))
        times = [at for at, line in lines if re.search(r"trials? to run on|done, .* left in", line)]
        text, *_ = self.machine.run([self.machine.program, "export", "--json", self.results])
        busy = (usage.ru_utime + usage.ru_stime) / wall / self.ranks
        return json.loads(text), times[1] - times[0], usage.ru_maxrss, busy

    def column(self, path):
        """The numbers of a column of the first trial."""
        text, *_ = self.machine.run([self.machine.program, "export", "--column", path,
                                     self.results])
        rows = [line.split(",") for line in text.splitlines()[1:]]
        return [float(row[-1] or "nan") for row in rows if row[0] == "0"]


class Training(Fgf):
    """Seconds of one training step, all of it included: features, regularizer, sums, optimizer.
    The sweep's batch is the whole cohort, so that an epoch is a step. Trials of 1 + n epochs and of
    1 run in one launch; the difference, without what comes before the first step, is n steps."""

    EPOCHS = "EPOCHS"  # stands in the sweep's text for the list of the two numbers
    steps = 0

    def __init__(self, machine, name, text, **how):
        super().__init__(machine, name, text, **how)
        self.text = text

    def time_steps(self, steps):
        with open(self.sweep, "w") as file:
            file.write(self.text.replace(self.EPOCHS, f"[{1 + steps}, 1]"))
        trials, _, kib, busy = self.launch()
        # The costliest come first, and the first of those reads the cases.
        long, short = ([trial["seconds_training"] for trial in trials
                        if trial["train.epochs"] == epochs] for epochs in (1 + steps, 1))
        start_and_step = statistics.median(short)
        seconds = statistics.mean(long[1:])
        # Where others hold up a short trial for longer than a long one lasts, keep to what is sure.
        if start_and_step < 0.9 * seconds:
            return Sample((seconds - start_and_step) / steps, kib, busy)
        return Sample(seconds / (1 + steps), kib, busy)

    def calibrate(self):
        """So many steps that they last about the time asked for."""
        steps = 1
        while steps > 2 * self.steps:
            self.steps = steps
            wanted = round(self.machine.seconds / self.time_steps(steps).seconds)
            steps = max(1, min(50 * steps, wanted))
        self.steps = steps

    def measure(self):
        if not self.steps:
            self.calibrate()
        return self.time_steps(self.steps)


class Scoring(Fgf):
    """Seconds of everything after training: logits and flows, features, agreement, noise."""

    def measure(self):
        trials, _, kib, busy = self.launch()
        seconds = [trial["seconds"] - trial["seconds_training"] for trial in trials[1:] or trials]
        return Sample(sum(seconds) / len(seconds), kib, busy)


class Schedule(Fgf):
    """Seconds from the first trial's start to the last one's end, by the clock of who starts
    fgf."""

    def measure(self):
        _, seconds, kib, busy = self.launch()
        return Sample(seconds, kib, busy)


class Command:
    """Seconds of a whole program."""

    def __init__(self, machine, command):
        self.machine, self.command = machine, machine.pin(command)

    def measure(self):
        _, _, wall, usage = self.machine.run(self.command)
        return Sample(wall, usage.ru_maxrss, (usage.ru_utime + usage.ru_stime) / wall)


class Rounds:
    """A program that itself measures several things in turns and prints their seconds as JSON; of
    a call, the median of one of them."""

    def __init__(self, machine, command):
        self.machine, self.command, self.answers = machine, command, {}

    def side(self, name):
        rounds = self

        class Side:
            asked = 0

            def measure(self):
                if self.asked not in rounds.answers:
                    text, *_ = rounds.machine.run(rounds.command)
                    rounds.answers[self.asked] = json.loads(text)
                self.asked += 1
                return Sample(statistics.median(rounds.answers[self.asked - 1][name]))

        return Side()


class Peer:
    """A process of the peer, started when first asked; it waits between requests."""

    def __init__(self, machine, script, task, tuned):
        self.machine, self.tuned, self.child = machine, tuned, None
        self.script, self.task = script, task

    def ask(self, **request):
        if not self.child:
            command = [sys.executable, os.path.join(HERE, self.script),
                       json.dumps(dict(self.task, tuned=self.tuned))]
            environment = dict(self.machine.environment, **(TUNED_MEMORY if self.tuned else {}))
            self.child = subprocess.Popen(self.machine.pin(command), stdin=subprocess.PIPE,
                                          stdout=subprocess.PIPE, text=True, env=environment)
            self.child.stdout.readline()
        self.child.stdin.write(json.dumps(request) + "\n")
        self.child.stdin.flush()
        line = self.child.stdout.readline()
        if not line:
            raise Failure(f"the peer {self.script} ended early")
        return json.loads(line)

    def close(self):
        if self.child:
            self.child.stdin.close()
            self.child.wait()
            self.child = None


class PeerSide:
    """One task of a peer's process, its variant chosen by a trial of each; `trial` makes that
    request smaller, `right` tells of a variant whether it computes what it should."""

    def __init__(self, peer, variants, right=None, **trial):
        self.peer, self.variants, self.right, self.trial = peer, variants, right, trial
        self.chosen, self.steps, self.wrong = None, 1, []

    def choose(self):
        """The fastest variant, and how many of its steps last about the time asked for."""
        wanted, seconds = self.peer.machine.seconds, []
        if self.right:
            self.wrong = [variant for variant in self.variants if not self.right(variant)]
            self.variants = [v for v in self.variants if v not in self.wrong]
        if not self.variants:
            raise Failure("no variant of the peer computes what fgf does")
        for variant in self.variants:
            ask = dict(self.trial, do="time", variant=variant)
            answer = self.peer.ask(steps=1, **ask)
            seconds.append(answer["seconds"])
            if len(self.variants) > 1 and seconds[-1] < wanted:
                more = max(1, min(20, round(wanted / 2 / seconds[-1])))
                seconds[-1] = min(seconds[-1], self.peer.ask(steps=more, **ask)["seconds"])
        best = seconds.index(min(seconds))
        for k, variant in enumerate(self.variants):
            if k != best:
                self.peer.ask(do="forget", variant=variant)
        self.chosen = self.variants[best]
        self.steps = max(1, round(wanted / seconds[best]))
        if len(self.variants) == 1 and self.steps == 1 and not self.trial:
            return Sample(answer["seconds"], 0, answer["busy"])
        return None

    def measure(self):
        if not self.chosen:
            sample = self.choose()
            if sample:  # one step of the only variant: as good as the next, and slow
                return sample
        answer = self.peer.ask(do="time", steps=self.steps, variant=self.chosen)
        return Sample(answer["seconds"], 0, answer["busy"])


class PeerMemory:
    """The greatest resident size of a process that does two steps of a side's variant (the first
    one, which is not timed, and another)."""

    def __init__(self, side):
        self.side = side

    def measure(self):
        if not self.side.chosen:
            self.side.choose()
        peer = Peer(self.side.peer.machine, self.side.peer.script, self.side.peer.task,
                    self.side.peer.tuned)
        seconds = peer.ask(do="time", steps=1, variant=self.side.chosen)["seconds"]
        kib = peer.ask(do="memory")["kib"]
        peer.close()
        return Sample(seconds, kib)
