"""What a case needs: programs with a fault in them, and what is left in the folder afterwards."""
import os
import re
import signal
import subprocess
import sys
import threading
import time

SWEEP = """\
data: {path: cohort.dataset}
split: {kind: kfold, folds: 3, validation: 0.25}
model:
  layers:
    - conv: {channels: 2, kernel: 3, padding: 1}
    - prelu
    - max_pool: {size: 2}
    - flatten
    - dense: {units: 1}
train: {epochs: 4, batch: 7, microbatch: 3}
features: [size, mean]
flow: {greatest_length: 0.3, step: 0.05}
noise: {draws: 5, smooth: [1]}
score: {cases: test, resamples: 9}
sweep:
  grid:
    align.lambda: [0, 0.5]
    train.seed: %s
"""
SEEDS = {"all": "[1, 2, 3]", "first": "[1, 2]"}


class Failure(Exception):
    """An invariant that does not hold."""


class Tools:
    """The programs of a build."""

    def __init__(self, program, build):
        self.program = program
        self.rows = os.path.join(build, "tests/cli/results_rows")
        self.shim = os.path.join(build, "tests/faults/write_faults.so")
        self.mpirun = which("mpirun")
        self.seconds = float(os.environ.get("FGF_FAULT_SECONDS", "60"))


def which(name):
    for folder in os.environ.get("PATH", "").split(":"):
        path = os.path.join(folder, name)
        if os.access(path, os.X_OK):
            return path
    return None


class Outcome:
    """How a run ended."""

    def __init__(self, status, text, struck):
        self.status = status  # as a shell gives it: 128 + signal
        self.text = text      # its messages
        self.struck = struck  # the calls that the fault struck, "" = none

    def errors(self):
        return [line for line in self.text.splitlines() if line.startswith("fgf: error:")]


def session_members(session):
    """The processes of a session, except those that only wait to be collected."""
    members = []
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            with open("/proc/%s/stat" % entry) as file:
                fields = file.read().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[3]) == session and fields[0] not in "ZX":
            members.append(int(entry))
    return members


def describe_session(session):
    """Its processes and what they do, for whoever looks into a hang; with gdb where asked for."""
    lines = []
    for process in session_members(session):
        for line in ("stat", "wchan"):
            try:
                with open("/proc/%d/%s" % (process, line)) as file:
                    lines.append("%d %s" % (process, file.read().strip()[:60]))
            except OSError:
                pass
        if os.environ.get("FGF_FAULT_GDB"):
            lines.append(subprocess.run(
                ["gdb", "-p", str(process), "-batch", "-ex", "thread apply all bt 12"],
                capture_output=True, text=True).stdout)
    return "\n".join(lines)


def end_session(session):
    for process in session_members(session):
        try:
            os.kill(process, signal.SIGKILL)
        except ProcessLookupError:
            pass


class Reader:
    """A process that reads whole files with h5py, so that a crash of HDF5 is seen."""

    SOURCE = """
import sys
import h5py
for line in sys.stdin:
    try:
        with h5py.File(line.strip(), "r") as file:
            file.visititems(lambda name, item: item[()] if isinstance(item, h5py.Dataset) else None)
            names = [name.decode() for name in file["trial/id"][()]]
            print("read", *(":".join(map(str, row)) for row in zip(
                names, file["trial/status"][()], file["trial/crashes"][()])), flush=True)
    except Exception as error:
        print("cannot be read:", str(error).replace(chr(10), " "), flush=True)
"""

    available = None
    python = "/usr/bin/python3" if os.access("/usr/bin/python3", os.X_OK) else sys.executable

    def __init__(self):
        self.process = None
        if Reader.available is None:
            Reader.available = subprocess.run([self.python, "-c", "import h5py"],
                                              capture_output=True).returncode == 0

    def check(self, path):
        """Reads a whole file; of each trial its status and its crash points."""
        if not Reader.available:
            return {}
        if not self.process:
            self.process = subprocess.Popen(
                [self.python, "-c", self.SOURCE], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                text=True, env=dict(os.environ, HDF5_USE_FILE_LOCKING="FALSE"))
        self.process.stdin.write(path + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            self.process = None
            raise Failure("h5py crashes over the results file")
        if not answer.startswith("read"):
            raise Failure("h5py: " + answer.strip())
        trials = (word.split(":") for word in answer.split()[1:])
        return {name: (int(status), int(points)) for name, status, points in trials}

    def close(self):
        if self.process:
            self.process.stdin.close()
            self.process.wait()


class Sandbox:
    """A folder with a cohort, a sweep and perhaps a results file."""

    def __init__(self, tools, folder, reader):
        self.tools, self.folder, self.reader = tools, folder, reader
        self.log = []

    def path(self, name):
        return os.path.join(self.folder, name)

    def command(self, ranks, group=0, more=()):
        if more[:1] == ("merge",):
            return [self.tools.program, *more]
        program = [self.tools.program, "run", "sweep.yaml", "-q", *more]
        if "-o" not in more:
            program += ["-o", "r.h5"]
        # Checkpoints at every epoch, so that they are under fire as well.
        if "--checkpoint" not in more:
            program += ["--checkpoint", "0.0001"]
        if ranks == 1:
            return program
        if group:
            program += ["-g", str(group)]
        return [self.tools.mpirun, "--oversubscribe", "--bind-to", "none", "-n", str(ranks),
                "--mca", "pml", "ob1", "--mca", "btl", "vader,self",
                "-x", "LD_PRELOAD=" + self.tools.shim] + program

    def start(self, fault=None, ranks=1, group=0, more=()):
        """Begins a run; `fault` is a dictionary of FGF_FAULT's variables without their prefix."""
        environment = dict(os.environ, OMPI_ALLOW_RUN_AS_ROOT="1",
                           OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1")
        options = environment.get("ASAN_OPTIONS", "")
        environment["ASAN_OPTIONS"] = "verify_asan_link_order=0:handle_segv=0:" + options
        report = os.path.abspath(self.folder) + ".report"
        if os.path.exists(report):
            os.unlink(report)
        for name, value in (fault or {}).items():
            environment["FGF_FAULT" + name] = str(value)
        if fault:
            environment["FGF_FAULT_REPORT"] = report
        if ranks == 1 and fault:
            environment["LD_PRELOAD"] = self.tools.shim
        with open(self.folder + ".err", "w") as messages:
            process = subprocess.Popen(self.command(ranks, group, more), cwd=self.folder,
                                       env=environment, stdin=subprocess.DEVNULL, stdout=messages,
                                       stderr=messages, start_new_session=True)
        return process

    def finish(self, process, described):
        """Waits for a run and for all that it started."""
        until = time.monotonic() + self.tools.seconds
        try:
            status = process.wait(self.tools.seconds)
        except subprocess.TimeoutExpired:
            left = describe_session(process.pid)
            end_session(process.pid)
            process.wait()
            raise Failure("hangs: %s\n%s\n%s" % (described, left, self.messages()))
        while session_members(process.pid):
            if time.monotonic() > until:
                left = describe_session(process.pid)
                end_session(process.pid)
                raise Failure("hangs: processes outlive the job: %s\n%s" % (described, left))
            time.sleep(0.005)
        text = self.messages()
        struck = ""
        if os.path.exists(self.folder + ".report"):
            with open(self.folder + ".report") as report:
                struck = report.read().strip()
        status = 128 - status if status < 0 else status
        self.log.append("%s: status %d, struck: %s\n%s" % (described, status, struck, text))
        return Outcome(status, text, struck)

    def messages(self):
        with open(self.folder + ".err", errors="replace") as messages:
            return messages.read()

    def run(self, fault=None, ranks=1, group=0, more=(), watch=False):
        described = "%s on %d rank%s %s" % (fault or "undisturbed", ranks,
                                             "s" if ranks > 1 else "", " ".join(more))
        process = self.start(fault, ranks, group, more)
        if not watch:
            return self.finish(process, described), {}
        seen, ended = {}, threading.Event()
        trouble = []

        def look():
            while not ended.is_set() and not trouble:
                try:
                    seen.update(self.committed())
                except Failure as failure:
                    trouble.append(failure)
                time.sleep(0.01)

        watcher = threading.Thread(target=look)
        watcher.start()
        try:
            outcome = self.finish(process, described)
        finally:
            ended.set()
            watcher.join()
        if trouble:
            raise Failure("while the job runs: %s" % trouble[0])
        return outcome, seen

    def committed(self):
        """The committed trials: identity -> (bits, row of /run)."""
        path = self.path("r.h5")
        if not os.path.exists(path):
            return {}
        answer = subprocess.run([self.tools.rows, path, "--runs"], capture_output=True, text=True,
                                timeout=self.tools.seconds)
        if answer.returncode != 0:
            raise Failure("the results file cannot be read: " + answer.stderr.strip())
        found = {}
        for line in answer.stdout.splitlines():
            identity, bits = line.split(" ", 1)
            bits, run = bits.rsplit(" ", 1)
            found[identity] = (bits, run)
        return found

    def trials(self):
        """Identity -> (status, crash points), as h5py reads them; every dataset is read."""
        path = self.path("r.h5")
        return self.reader.check(path) if os.path.exists(path) else {}

    def litter(self):
        """Whatever lies there that should not."""
        return sorted(set(os.listdir(self.folder)) - {"cohort.dataset", "sweep.yaml", "r.h5"})


def counts(sandbox):
    """The calls of an undisturbed run: (call, file) -> number."""
    path = os.path.abspath(sandbox.folder) + ".count"
    outcome, _ = sandbox.run({"_COUNT": path})
    if outcome.status != 0:
        raise Failure("the undisturbed run fails: " + outcome.text)
    found = {}
    with open(path) as file:
        for line in file.read().splitlines()[1:]:
            call, of, number = re.fullmatch(r"(\w+) (\w+) (\d+)", line).groups()
            found[call, of] = int(number)
    return found
