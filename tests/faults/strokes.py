"""Faults inside a run: which there are, how one is drawn, and what the program may do about it."""
from sandbox import Failure

KILLS = ("before", "half", "after", "lost", "launcher_kill", "launcher_term")
CRASHES = {"segv": 139, "abort": 134}
STOPS = ("term", "usr1", "int")
ERRORS = {"enospc": "No space left on device", "eio": "Input/output error",
          "edquot": "Disk quota exceeded", "erofs": "Read-only file system",
          "enospc_once": "No space left on device", "eio_once": "Input/output error"}
GO_ON = ("short", "eintr")
COLUMNS = (("killed", KILLS[:4]), ("mpirun killed", KILLS[4:]), ("crash", tuple(CRASHES)),
           ("stop", STOPS), ("frozen", ("freeze",)), ("error", tuple(ERRORS)), ("short, EINTR", GO_ON))

# call, file, how often it is chosen
PLACES = [("write", "results", 30), ("write", "part", 10), ("write", "lock", 3),
          ("write", "checkpoint", 20), ("sync", "results", 10), ("sync", "part", 2),
          ("sync", "lock", 2), ("sync", "checkpoint", 5), ("sync", "folder", 3),
          ("truncate", "part", 2), ("truncate", "lock", 2), ("rename", "results", 3),
          ("rename", "checkpoint", 6), ("open", "results", 4), ("open", "part", 2),
          ("open", "lock", 2), ("open", "checkpoint", 4), ("look", "folder", 1),
          ("look", "results", 3), ("look", "checkpoint", 2), ("look", "dataset", 1),
          ("unlink", "lock", 2), ("unlink", "checkpoint", 4), ("unlink", "part", 1),
          ("read", "results", 4), ("read", "dataset", 4), ("read", "checkpoint", 3),
          ("message", "none", 12), ("math", "none", 10)]

KINDS_OF_CALL = {
    "write": {"before": 10, "half": 20, "after": 10, "lost": 15, "segv": 3, "abort": 2, "term": 3,
              "usr1": 2, "int": 1, "enospc": 8, "eio": 5, "edquot": 2, "enospc_once": 4,
              "eio_once": 3, "short": 6, "eintr": 4, "launcher_kill": 4, "launcher_term": 4},
    "read": {"before": 6, "eio": 5, "eio_once": 3, "short": 4, "eintr": 4, "term": 1},
    "sync": {"before": 5, "after": 5, "lost": 5, "eio": 5, "eio_once": 3, "enospc": 3, "eintr": 3,
             "launcher_kill": 1, "term": 1},
    "truncate": {"before": 4, "after": 4, "eio": 3, "enospc": 3},
    "rename": {"before": 5, "after": 5, "lost": 2, "eio": 3, "enospc": 3, "erofs": 1},
    "open": {"before": 3, "after": 3, "eio": 3, "erofs": 4},
    "look": {"before": 3, "eio": 3, "eio_once": 2},
    "unlink": {"before": 3, "after": 3, "eio": 3, "erofs": 2},
    "message": {"before": 10, "after": 5, "segv": 2, "abort": 2, "launcher_kill": 4,
                "launcher_term": 4, "term": 2, "usr1": 2},
    "math": {"before": 6, "segv": 4, "abort": 4, "term": 3, "usr1": 3, "int": 1,
             "launcher_kill": 2, "launcher_term": 2, "freeze": 4},
}


def choose(random, weights):
    items = sorted(weights.items())
    return random.choices([item for item, _ in items], [weight for _, weight in items])[0]


NAMES = sorted({kind for kinds in KINDS_OF_CALL.values() for kind in kinds})


def draw(random, counted, ranks, share=1, only=None):
    """A fault, as a dictionary of FGF_FAULT's variables; `counted` as counts() gives it. `only`:
    of this kind, where it can strike at all. `share`: of the calls that are still to be expected."""
    victim = random.randrange(ranks)
    places = {}
    for call, file, weight in PLACES:
        there = counted.get((call, file), 0) > 0 or (call == "message" and ranks > 1)
        there = there and only in (None, *KINDS_OF_CALL[call])
        # The first rank alone lays out the file and holds the lock.
        if there and (victim == 0 or file not in ("part", "lock", "folder")):
            places[call, file] = weight
    call, file = choose(random, places)
    kinds = {kind: weight for kind, weight in KINDS_OF_CALL[call].items()
             if ranks > 1 or not (kind.startswith("launcher") or kind == "freeze")}
    if ranks > 1:
        kinds.pop("lost", None)  # the other ranks' writes would have to be lost as well
        for kind in ("launcher_kill", "launcher_term", "freeze"):
            kinds[kind] = 3 * kinds.get(kind, 0)
    kind = only or choose(random, kinds)
    most = counted.get((call, file), 80) if call != "message" else 80
    if ranks > 1 and call != "message":
        most = most // ranks + 1
    number = random.randint(1, max(1, int(share * most)))
    return {"": "%s:%d:%d" % (kind, number, random.getrandbits(31)), "_CALLS": call,
            "_FILES": file, "_RANK": victim}


def describe(fault):
    return fault[""].split(":")[0], fault["_CALLS"], fault["_FILES"]


def options(fault):
    """Of the run: a rank that is frozen is for the watchdog."""
    return ("--watchdog", "1") if fault[""].startswith("freeze") else ()


def table(struck):
    """Calls and files against kinds of faults; `struck` by describe()."""
    lines = ["| call | file | " + " | ".join(title for title, _ in COLUMNS) + " |",
             "|---|---|" + "--:|" * len(COLUMNS)]
    totals = [0] * len(COLUMNS)
    for call, file in sorted({key[1:] for key in struck if len(key) == 3}):
        numbers = [sum(struck[kind, call, file] for kind in kinds) for _, kinds in COLUMNS]
        totals = [a + b for a, b in zip(totals, numbers)]
        lines.append("| %s | %s | %s |" % (call, file, " | ".join(str(n or "") for n in numbers)))
    lines.append("| all | | %s |" % " | ".join(str(n) for n in totals))
    return "\n".join(lines)


def one_line(outcome, file):
    """Fails unless the run says in one line which file fails and why."""
    errors = outcome.errors()
    if len(errors) != 1:
        raise Failure("%d lines of error where one is due:\n%s" % (len(errors), outcome.text))
    name = {"results": "r.h5", "part": "r.h5.part", "lock": "r.h5.lock", "folder": "r.h5",
            "dataset": "cohort.dataset", "checkpoint": "r.h5.checkpoints"}[file]
    if name not in errors[0]:
        raise Failure("the line does not name %s: %s" % (name, errors[0]))


def judge_error(kind, call, file, number, outcome):
    reason = ERRORS[kind]
    if file == "checkpoint" or call == "unlink":
        if outcome.status not in (0, 4 if call == "unlink" else 0):
            raise Failure("status %d over a checkpoint:\n%s" % (outcome.status, outcome.text))
        if call in ("write", "rename", "open") and "warning" not in outcome.text:
            raise Failure("nothing is said of the checkpoint:\n" + outcome.text)
        return
    # Some file systems do not sync folders: not an error, unless it is one of the disk. After the
    # first, which makes the new results file last, a folder is synced for checkpoints.
    if file == "folder" and outcome.status == 0 and (call == "look" or "eio" not in kind or
                                                     number > 1):
        return
    if outcome.status != 4:
        raise Failure("status %d where 4 is due:\n%s" % (outcome.status, outcome.text))
    one_line(outcome, file)
    if reason not in outcome.text:
        raise Failure("the reason (%s) is not given:\n%s" % (reason, outcome.text))


def judge(fault, ranks, outcome):
    """Fails unless the run ended as is documented for its fault."""
    kind, call, file = fault[""].split(":")[0], fault["_CALLS"], fault["_FILES"]
    status = outcome.status
    allowed = None
    if outcome.struck and kind == "freeze":
        if status != 4 or "rank %d" % fault["_RANK"] not in outcome.text:
            raise Failure("status %d, or the frozen rank %d is not named:\n%s" %
                          (status, fault["_RANK"], outcome.text))
        return
    if not outcome.struck or kind in GO_ON:
        allowed = (0,)
    elif kind in ("launcher_kill", "launcher_term"):
        allowed = range(1, 256)
    elif kind in KILLS:
        # A child that creates or examines the file is killed alone: its parent tells.
        allowed = (4,) if status == 4 and "was killed" in outcome.text else (137,)
    elif kind in CRASHES:
        allowed = (4,) if status == 4 and "was killed" in outcome.text else (CRASHES[kind],)
    elif kind in STOPS:
        # Before the program is there to hear of it, the signal ends it.
        early = call == "message" and "to run on" not in outcome.text
        allowed = (0, 75, 143, 138, 130) if early else (0, 75)
    if allowed is None:
        judge_error(kind, call, file, int(fault[""].split(":")[1]), outcome)
    elif status not in allowed:
        raise Failure("status %d where %s is due:\n%s" %
                      (status, " or ".join(str(a) for a in allowed), outcome.text))
