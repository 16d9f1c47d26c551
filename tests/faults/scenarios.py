"""Faults around a run: two jobs, another dataset or version, damaged files, stops, crashes."""
import os
import shutil
import signal
import subprocess
import time

from sandbox import Failure, Reader, session_members
from world import QUARANTINE

SET_VERSION = """
import sys
import h5py
import numpy
with h5py.File(sys.argv[1], "r+", libver="v108") as file:
    file.attrs[sys.argv[2]] = numpy.bytes_(b"9")
"""


def expect(outcome, status, *texts):
    if outcome.status != status:
        raise Failure("status %d where %d is due:\n%s" % (outcome.status, status, outcome.text))
    if len(outcome.errors()) != 1:
        raise Failure("%d lines of error where one is due:\n%s" %
                      (len(outcome.errors()), outcome.text))
    for text in texts:
        if text not in outcome.errors()[0]:
            raise Failure("'%s' is not said: %s" % (text, outcome.errors()[0]))


def note(tally, what):
    tally["struck"][what,] += 1


def content(path):
    with open(path, "rb") as file:
        return file.read()


def put(path, data):
    with open(path, "wb") as file:
        file.write(data)


def partial(rng, sandbox):
    """A results file that a killed job left, or one that is finished."""
    number = rng.randint(180, 520)
    sandbox.run({"": "half:%d" % number, "_CALLS": "write", "_FILES": "results,part"})
    if not os.path.exists(sandbox.path("r.h5")):
        sandbox.run()
    return sandbox.committed()


def two_jobs(world, rng, sandbox, tally):
    """The first takes its time in a call; the second is refused, with the holder named."""
    if rng.random() < 0.5:
        before = partial(rng, sandbox)  # which leaves a lock behind
    else:
        before = {}
    ranks = 2 if world.tools.mpirun and rng.random() < 0.2 else 1
    lock = sandbox.path("r.h5.lock")
    left = content(lock) if os.path.exists(lock) else None
    first = sandbox.start({"": "sleep:%d" % rng.randint(1, 6), "_CALLS": "sync,write",
                           "_FILES": "results"}, ranks)
    # The lock is held once it names its holder.
    while first.poll() is None:
        if os.path.exists(lock) and content(lock) not in (b"", left):
            break
    messages = os.path.join(sandbox.folder + ".second")
    with open(messages, "w") as file:
        second = subprocess.run(sandbox.command(1), cwd=sandbox.folder, stderr=file, stdout=file,
                                timeout=sandbox.tools.seconds)
    if second.returncode == 0 and first.poll() is None:
        raise Failure("wrong: two jobs write to one file")
    text = content(messages).decode()
    os.unlink(messages)
    outcome = sandbox.finish(first, "two jobs, the first")
    sandbox.log.append("two jobs, the second: status %d\n%s" % (second.returncode, text))
    if outcome.status != 0:
        raise Failure("the first of two jobs ends with %d:\n%s" % (outcome.status, outcome.text))
    named = "is being written by another job: " in text and "process" in text
    just = "is being written by another job that is just starting" in text
    # One that comes when the first is through finds everything done.
    if not (second.returncode == 4 and (named or just)) and second.returncode != 0:
        raise Failure("the second of two jobs ends with %d:\n%s" % (second.returncode, text))
    note(tally, "the second of two jobs is refused" if second.returncode == 4 else
         "the second of two jobs comes later")
    world.complete(sandbox, before, tally)


def same_moment(world, rng, sandbox, tally):
    """Two jobs start at the same moment: one of them, or one after the other, runs the sweep."""
    before = partial(rng, sandbox) if rng.random() < 0.5 else {}
    jobs = [sandbox.start() for _ in range(2)]
    statuses = []
    for job in jobs:
        statuses.append(sandbox.finish(job, "two jobs at once").status)
    if sorted(statuses) not in ([0, 0], [0, 4]):
        raise Failure("two jobs at once end with %d and %d" % tuple(statuses))
    world.complete(sandbox, before, tally)
    note(tally, "two jobs start at the same moment")


def other_dataset(world, rng, sandbox, tally):
    before = partial(rng, sandbox)
    results = content(sandbox.path("r.h5"))
    shutil.copy(world.other_cohort, sandbox.path("cohort.dataset"))
    expect(sandbox.run()[0], 2, "r.h5", "another dataset")
    if content(sandbox.path("r.h5")) != results:
        raise Failure("wrong: a refused file was written to")
    shutil.copy(world.cohort, sandbox.path("cohort.dataset"))
    world.complete(sandbox, before, tally)
    note(tally, "the dataset is another one")


def other_version(world, rng, sandbox, tally):
    """Of what the columns mean, or of the file's arrangement."""
    before = partial(rng, sandbox)
    path = sandbox.path("r.h5")
    results = content(path)
    attribute, status = rng.choice((("schema_version", 2), ("store_version", 3)))
    answer = subprocess.run([Reader.python, "-c", SET_VERSION, path, attribute], text=True,
                            capture_output=True)
    if answer.returncode != 0 and Reader.available:
        raise Failure("the version cannot be set: " + answer.stderr)
    changed = content(path)
    if Reader.available:
        expect(sandbox.run()[0], status, "r.h5", "version 9")
    if content(path) != changed:
        raise Failure("wrong: a refused file was written to")
    put(path, results)
    world.complete(sandbox, before, tally)
    note(tally, "results of another version")


def damaged(world, rng, sandbox, tally, change, what):
    """Is refused in one line, or gives every trial the right bits."""
    partial(rng, sandbox)
    path = sandbox.path("r.h5")
    changed = change(rng, content(path))
    put(path, changed)
    outcome, _ = sandbox.run()
    if outcome.status in (2, 3, 4):
        expect(outcome, outcome.status, "r.h5")
        if content(path) != changed:
            raise Failure("wrong: a refused file was written to")
        note(tally, what + ": refused")
        os.unlink(path)
    elif outcome.status != 0:
        raise Failure("status %d over a damaged file:\n%s" % (outcome.status, outcome.text))
    else:
        note(tally, what + ": gone on with")
    world.complete(sandbox, {}, tally)


def truncated(world, rng, sandbox, tally):
    damaged(world, rng, sandbox, tally, lambda r, data: data[:r.randrange(len(data))],
            "results cut off")


def flipped(world, rng, sandbox, tally):
    def flip(r, data):
        changed = bytearray(data)
        # Near the beginning, where the structure is, or anywhere.
        end = r.choice((3000, 100000, len(data)))
        for _ in range(r.choice((1, 1, 4, 64))):
            changed[r.randrange(min(end, len(data)))] ^= 1 << r.randrange(8)
        return bytes(changed)
    damaged(world, rng, sandbox, tally, flip, "results with flipped bits")


def overwritten(world, rng, sandbox, tally):
    """A stretch of zeros or of other bytes, as a broken disk leaves it."""
    def overwrite(r, data):
        start = r.randrange(len(data))
        count = min(r.choice((8, 512, 4096)), len(data) - start)
        stretch = bytes(count) if r.random() < 0.5 else r.getrandbits(8 * count).to_bytes(
            count, "little")
        return data[:start] + stretch + data[start + count:]
    damaged(world, rng, sandbox, tally, overwrite, "results overwritten in part")


def directory(world, rng, sandbox, tally):
    os.mkdir(sandbox.path("r.h5"))
    outcome, _ = sandbox.run()
    if outcome.status != 2:  # before any work: another name is asked for
        raise Failure("status %d over a folder:\n%s" % (outcome.status, outcome.text))
    expect(outcome, outcome.status, "r.h5")
    os.rmdir(sandbox.path("r.h5"))
    world.complete(sandbox, {}, tally)
    note(tally, "a folder in the place of the results")


def read_only(world, rng, sandbox, tally):
    """The file can be read and not be opened for writing."""
    before = partial(rng, sandbox)
    fault = {"": "erofs:%d" % rng.randint(1, 4), "_CALLS": "open,write,sync,unlink",
             "_FILES": rng.choice(("results", "results,part,lock,folder"))}
    outcome, _ = sandbox.run(fault)
    if outcome.struck:
        expect(outcome, 4, "r.h5", "Read-only file system")
    world.complete(sandbox, before, tally)
    note(tally, "results that cannot be written")


def vanishing(world, rng, sandbox, tally):
    """The folder of the results is gone in the midst of the run, and comes back."""
    files, most = rng.choice((("results", 300), ("part", 150), ("lock", 3)))
    fault = {"": "vanish:%d" % rng.randint(1, most), "_CALLS": "write,sync,open,rename,truncate",
             "_FILES": files}
    inner = sandbox.path("out")
    os.mkdir(inner)
    outcome, _ = sandbox.run(fault, more=("-o", "out/r.h5"))
    if outcome.status not in (0, 4):
        raise Failure("status %d in a folder that vanishes:\n%s" % (outcome.status, outcome.text))
    if outcome.status == 4:
        expect(outcome, 4, "r.h5")
    for left in (inner + ".gone", inner):
        if os.path.exists(os.path.join(left, "r.h5")):
            os.rename(os.path.join(left, "r.h5"), sandbox.path("r.h5"))
        shutil.rmtree(left, ignore_errors=True)
    before = sandbox.committed()
    world.check_bits(before)
    world.complete(sandbox, before, tally)
    note(tally, "the folder vanishes in the midst")


def crashes(world, rng, sandbox, tally):
    """Two crashes by signal. In one trial they put it in quarantine, in two they must not. Without
    checkpoints: one that a trial gets to shows that it is not what crashes."""
    points, more = {}, ("--checkpoint", "1000000")
    most = world.counted["new"]["math", "none"]
    for _ in range(2):
        fault = {"": "%s:%d" % (rng.choice(("segv", "abort")), rng.randint(1, most)),
                 "_CALLS": "math", "_FILES": "none"}
        outcome, _ = sandbox.run(fault, more=more)
        if not outcome.struck:
            continue
        note(tally, "crash in a trial")
        if outcome.status not in (134, 139):
            raise Failure("status %d after a crash:\n%s" % (outcome.status, outcome.text))
        for name, (status, _) in sandbox.trials().items():
            if status == 1:
                points[name] = points.get(name, 0) + 2
    outcome, _ = sandbox.run(more=more)
    found = sandbox.trials()
    failed = {name for name, (status, _) in found.items() if status == 3}
    due = {name for name in points if points[name] >= QUARANTINE}
    if Reader.available and (failed != due or outcome.status != (1 if due else 0)):
        raise Failure("status %d, in quarantine: %s, due: %s, points: %s:\n%s" %
                      (outcome.status, failed, due, found, outcome.text))
    if outcome.status == 1:
        world.check_quarantine(sandbox, outcome, tally)
        note(tally, "in quarantine after two crashes")
        outcome, _ = sandbox.run(more=("--retry-failed",))
        if outcome.status != 0:
            raise Failure("--retry-failed ends with %d:\n%s" % (outcome.status, outcome.text))
    world.complete(sandbox, {}, tally)


def spoilt_checkpoint(world, rng, sandbox, tally):
    """A checkpoint that is not whole, or is another trial's, is not used."""
    most = world.counted["new"]["math", "none"]
    folder = sandbox.path("r.h5.checkpoints")
    for _ in range(8):
        sandbox.run({"": "%s:%d" % (rng.choice(("term", "usr1", "before")), rng.randint(1, most)),
                     "_CALLS": "math", "_FILES": "none"})
        if os.path.isdir(folder) and os.listdir(folder):
            break
    before = sandbox.committed()
    spoilt = []
    for name in os.listdir(folder) if os.path.isdir(folder) else []:
        path = os.path.join(folder, name)
        data = bytearray(content(path))
        how = rng.choice(("cut off", "flipped", "overwritten", "another trial's", "empty"))
        at = rng.randrange(len(data))
        if how == "cut off":
            data = data[:at]
        elif how == "flipped":
            data[at] ^= 1 << rng.randrange(8)
        elif how == "overwritten":
            data[at:at + 64] = bytes(rng.getrandbits(8) for _ in data[at:at + 64])
        elif how == "empty":
            data = b""
        os.unlink(path)
        if how == "another trial's":
            other = rng.choice([key for key in world.expected if key not in name])
            put(os.path.join(folder, other + ".checkpoint"), data)
        else:
            put(path, data)
            if name.endswith(".checkpoint") and how != "empty":
                spoilt.append(how)
        note(tally, "a checkpoint that is " + how)
    text = world.complete(sandbox, before, tally)
    if sum("warning" in line and "checkpoint" in line for line in text.splitlines()) < len(spoilt):
        raise Failure("nothing is said of a checkpoint that is %s:\n%s" % (spoilt, text))


def stopping(world, rng, sandbox, tally):
    """All ranks are asked to stop at a random moment."""
    ranks = rng.choice((1, 2, 3)) if world.tools.mpirun else 1
    before = {}
    for _ in range(2):
        job = sandbox.start(ranks=ranks, group=rng.choice((0, ranks)))
        # Open MPI 4.1 may hang itself or die where ranks end while it still starts them.
        while job.poll() is None and not os.path.exists(sandbox.path("r.h5.lock")):
            time.sleep(0.002)
        time.sleep(rng.uniform(0, 0.15))
        number = rng.choice((signal.SIGTERM, signal.SIGUSR1))
        for process in session_members(job.pid):
            if process != job.pid or ranks == 1:
                try:
                    os.kill(process, number)
                except ProcessLookupError:
                    pass
        outcome = sandbox.finish(job, "%d ranks, stopped by %s" % (ranks, number))
        if outcome.status not in (0, 75):
            raise Failure("status %d after %s:\n%s" % (outcome.status, number, outcome.text))
        before = world.check_after(sandbox, before, outcome=outcome)
        note(tally, "all ranks asked to stop")
    world.complete(sandbox, before, tally)


def merging(world, rng, sandbox, tally):
    """The tasks of an array and the job that brings their results together, each of them killed."""
    parts = tuple("r.task-%d-of-2.h5" % task for task in (1, 2))
    most = world.counted["new"]["write", "results"]
    for task in (1, 2):
        more = ("--task", "%d/2" % task)
        if rng.random() < 0.5:
            outcome, _ = sandbox.run({"": "%s:%d" % (rng.choice(("half", "lost", "term")),
                                                     rng.randint(1, most // 2))}, more=more)
            if outcome.struck:
                note(tally, "a task of an array ended in its midst")
        if sandbox.run(more=more)[0].status != 0:
            raise Failure("task %d does not end well" % task)
    before = {}
    for _ in range(rng.choice((1, 2))):
        outcome, _ = sandbox.run({"": "%s:%d:%d" % (rng.choice(("half", "lost", "after", "eio",
                                                               "enospc", "short", "segv")),
                                                    rng.randint(1, most), rng.getrandbits(31))},
                                 more=("merge", "r.h5") + parts)
        if outcome.struck:
            note(tally, "a merge disturbed")
        before = world.check_after(sandbox, before)
    outcome, _ = sandbox.run(more=("merge", "r.h5") + parts + ("--remove-parts",))
    if outcome.status != 0:
        raise Failure("the merge after it ends with %d:\n%s" % (outcome.status, outcome.text))
    before = world.check_after(sandbox, before)
    if len(before) != len(world.expected):
        raise Failure("%d trials in the merged file" % len(before))
    world.complete(sandbox, before, tally)


CASES = {case.__name__: case for case in (
    two_jobs, same_moment, other_dataset, other_version, truncated, flipped, overwritten, directory,
    read_only, vanishing, crashes, spoilt_checkpoint, stopping, merging)}


def table(struck):
    lines = ["| what | times |", "|---|--:|"]
    lines += ["| %s | %d |" % (key[0], times) for key, times in sorted(struck.items())
              if len(key) == 1]
    return "\n".join(lines)
