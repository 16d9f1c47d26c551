"""What all cases share: a cohort, the rows of undisturbed runs, files to begin with, invariants."""
import os
import re
import shutil
import subprocess

from sandbox import Failure, Reader, Sandbox, SEEDS, SWEEP, counts

TRIALS = 6
QUARANTINE = 4  # crash points at which a trial is no longer tried


class World:
    def __init__(self, tools, folder):
        self.tools, self.folder = tools, folder
        self.cohort = os.path.join(folder, "cohort.dataset")
        self.other_cohort = os.path.join(folder, "other.dataset")
        for path, seed in ((self.cohort, 1), (self.other_cohort, 2)):
            subprocess.run([tools.program, "phantom", "-o", path, "cases=12", "size=16",
                            "seed=%d" % seed], check=True, capture_output=True)
        reader = Reader()
        self.counted, self.expected, self.begun = {}, {}, None
        # A new file, and one of a shorter sweep that is laid out anew.
        for kind in ("new", "extended"):
            sandbox = self.sandbox("count-" + kind, reader, kind)
            self.counted[kind] = counts(sandbox)
            rows = sandbox.committed()
            if len(rows) != TRIALS:
                raise Failure("%d trials where %d are due" % (len(rows), TRIALS))
            self.expected = self.expected or {name: bits for name, (bits, _) in rows.items()}
            self.check_bits(rows)
            if not self.begun:
                first = self.sandbox("first", reader, "new")
                self.write_sweep(first, "first")
                first.run()
                self.begun = first.path("r.h5")
        reader.close()

    def write_sweep(self, sandbox, seeds):
        with open(sandbox.path("sweep.yaml"), "w") as file:
            file.write(SWEEP % SEEDS[seeds])

    def sandbox(self, name, reader, kind):
        sandbox = Sandbox(self.tools, os.path.join(self.folder, name), reader)
        os.makedirs(sandbox.folder)
        shutil.copy(self.cohort, sandbox.path("cohort.dataset"))
        self.write_sweep(sandbox, "all")
        if kind == "extended":
            shutil.copy(self.begun, sandbox.path("r.h5"))
        return sandbox

    def check_bits(self, rows):
        for name, (bits, _) in rows.items():
            if self.expected.get(name) != bits:
                raise Failure("wrong: trial %s has other bits: %s" % (name, bits))

    def check_kept(self, before, after):
        for name, row in before.items():
            if name not in after:
                raise Failure("lost: trial %s was committed" % name)
            if after[name] != row:
                raise Failure("lost: trial %s was run again: %s, then %s" %
                              (name, row, after[name]))

    def check_after(self, sandbox, before, seen=(), outcome=None):
        """The file after a fault; the trials that are committed now."""
        sandbox.trials()
        after = sandbox.committed()
        said = re.search("^fgf: ([0-9]+) done, 0 failed", outcome.text, re.M) if outcome else None
        if said and len(after) < len(before) + int(said[1]):
            raise Failure("lost: %d trials before it, %s more are done, %d are committed:\n%s" %
                          (len(before), said[1], len(after), outcome.text))
        self.check_kept(before, after)
        self.check_kept(dict(seen), after)
        self.check_bits(after)
        return after

    def complete(self, sandbox, before, tally):
        """The run without a fault, and the end that it must come to. Returns its messages."""
        outcome, _ = sandbox.run()
        text = outcome.text
        if outcome.status == 1:
            self.check_quarantine(sandbox, outcome, tally)
            outcome, _ = sandbox.run(more=("--retry-failed",))
        if outcome.status != 0:
            raise Failure("the run after it ends with %d:\n%s" % (outcome.status, outcome.text))
        after = self.check_after(sandbox, before, outcome=outcome)
        if len(after) != TRIALS:
            raise Failure("%d trials at the end, %d are due" % (len(after), TRIALS))
        if sandbox.litter():
            raise Failure("left behind: " + ", ".join(sandbox.litter()))
        tally["trials"] += len(after)
        return text

    def check_quarantine(self, sandbox, outcome, tally):
        """A trial may fail for its crashes alone, and the others must be done."""
        points = sandbox.trials()
        failed = [name for name, (status, _) in points.items() if status == 3]
        if "quarantined" not in outcome.text:
            raise Failure("a trial fails:\n" + outcome.text)
        for name in failed:
            if points[name][1] < QUARANTINE:
                raise Failure("quarantined with %d crash points:\n%s" %
                              (points[name][1], outcome.text))
        if len(sandbox.committed()) != TRIALS:
            raise Failure("the rest does not go on:\n" + outcome.text)
        tally["quarantined"] += len(failed)
