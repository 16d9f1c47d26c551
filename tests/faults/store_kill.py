"""Strikes store_driver at each of its events, for test_store_kill.sh: store_kill.py DRIVER SHIM."""
import collections
import os
import shutil
import subprocess
import sys

driver, shim = sys.argv[1:]
failures = 0


def fail(message):
    global failures
    failures += 1
    print("FAIL: " + message, flush=True)


def faulty(fault, *arguments):
    """The driver with the shim's variables: exit status as a shell gives it, output, errors."""
    answer = subprocess.run([driver, *arguments], env=dict(os.environ, LD_PRELOAD=shim, **fault),
                            stdin=subprocess.DEVNULL, capture_output=True, text=True)
    status = 128 - answer.returncode if answer.returncode < 0 else answer.returncode
    return status, answer.stdout.splitlines(), answer.stderr.splitlines()


class Server:
    """The driver undisturbed; a process for each command, without loading its libraries again."""

    def __init__(self):
        self.process = subprocess.Popen([driver, "serve"], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)

    def ask(self, what, *arguments):
        """The lines of a command that has to succeed; `what` failed otherwise."""
        self.process.stdin.write(" ".join(arguments) + "\n")
        self.process.stdin.flush()
        lines = []
        while not lines or not lines[-1].startswith("status "):
            line = self.process.stdout.readline()
            if not line:
                sys.exit("FAIL: %s: the driver ends" % what)
            lines.append(line.rstrip("\n"))
        if lines.pop() != "status 0":
            fail("%s: %s" % (what, " ".join(lines)))
        return lines

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def contained(lines, others):
    return not collections.Counter(lines) - collections.Counter(others)


def judge(name, mode, status, errors):
    """Whether the run ended as its fault has it."""
    if mode in ("before", "half", "after", "lost"):
        # The file is created by a child; its parent lives to tell that it was killed.
        if status != 137 and not (status == 4 and "was killed" in " ".join(errors)):
            fail("%s: not killed (%d)" % (name, status))
    elif mode == "short":
        if status != 0:
            fail("%s: %s" % (name, " ".join(errors)))
    elif status != 4 or len(errors) != 1:
        fail("%s: status %d: %s" % (name, status, " ".join(errors)))


class Scenario:
    """A run of the driver on r.h5, with nothing or a copy of `start` to begin with."""

    def __init__(self, server, name, start, arguments):
        self.server, self.name, self.start = server, name, start
        self.run = ("run", "r.h5", *arguments)
        self.begin()
        self.before = server.ask(name + ": the file to begin with", "dump", "r.h5") if start else []
        status, _, errors = faulty({"FGF_FAULT_COUNT": os.path.abspath("count")}, *self.run)
        if status != 0:
            fail("%s: the undisturbed run fails: %s" % (name, " ".join(errors)))
        self.expected = server.ask(name + ": the undisturbed file", "dump", "r.h5")
        # Until the rename the file is the old one, whose rows have other extents.
        self.allowed = self.expected + self.before
        with open("count") as count:
            self.events = int(count.readline())
        if self.events <= 50 or not self.expected:
            fail("%s: only %d events were seen" % (name, self.events))

    def begin(self):
        for name in "r.h5", "r.h5.part", "r.h5.lock":
            if os.path.exists(name):
                os.unlink(name)
        if self.start:
            shutil.copy(self.start, "r.h5")

    def attempt(self, mode, event):
        """One faulty run, what it leaves, and the run after it."""
        name = "%s %s %d" % (self.name, mode, event)
        self.begin()
        status, said, errors = faulty({"FGF_FAULT": "%s:%d" % (mode, event)}, *self.run)
        judge(name, mode, status, errors)
        left = []
        if os.path.exists("r.h5"):
            left = self.server.ask(name + ": unreadable afterwards", "dump", "r.h5")
        if not contained(left, self.allowed):
            fail(name + ": a row has other bytes")
        # What was committed before the fault, in this run or an earlier one, is there.
        promised = [line.split()[1] for line in said] + [row.split()[0] for row in self.before]
        if not contained(promised, [row.split()[0] for row in left]):
            fail(name + ": a committed trial is lost")
        self.server.ask(name + ": the second run fails", *self.run)
        if self.server.ask(name + ": afterwards", "dump", "r.h5") != self.expected:
            fail(name + ": the second run ends otherwise")
        if os.path.exists("r.h5.part"):
            fail(name + ": r.h5.part is left behind")

    def all_attempts(self):
        for event in range(1, self.events + 1):
            self.attempt("half", event)
        # The other faults at every eleventh event: a different eleventh for each.
        for first, mode in enumerate(("before", "after", "lost", "enospc", "eio", "short"), 1):
            for event in range(first, self.events + 1, 11):
                self.attempt(mode, event)
        print("%s: %d events" % (self.name, self.events), flush=True)


def main():
    server = Server()
    Scenario(server, "create", None, ("0", "10")).all_attempts()
    server.ask("base.h5", "run", "base.h5", "0", "6")
    Scenario(server, "rewrite", "base.h5", ("3", "6", "4")).all_attempts()
    server.close()
    if failures:
        sys.exit("%d failures" % failures)


main()
