#!/usr/bin/env bash
# docs/operations.md against the sources: every message that it quotes is one of the program's or of
# the batch scripts', and every message that a job may end with or warn with stands in it.
. "$(dirname "$0")/../lib.sh"
command -v /usr/bin/python3 >/dev/null || skip "needs python3"
/usr/bin/python3 - "$FGF_SOURCE" <<'PY' || fail "docs/operations.md and the sources differ"
import pathlib, re, sys

root = pathlib.Path(sys.argv[1])
page = (root / "docs/operations.md").read_text()

def plain(text):
    """A text of the program with ... for everything that a run fills in."""
    text = text.replace('\\"', '"').replace("\\n", "\n").replace("%%", "\0")
    text = re.sub(r"%[-+ #0-9.*]*(?:hh|h|ll|l|z|j|t)?[a-zA-Z]", "...", text)
    return text.replace("\0", "%")

def code(path):
    """C without comments and with neighbouring literals joined."""
    text = re.sub(r"/\*.*?\*/", "", path.read_text(), flags=re.S)
    return re.sub(r'(?<!\\)"\s*"', "", text)

LITERAL = r'"((?:[^"\\]|\\.)*)"'
sources = {p: code(p) for d in ("par", "store", "trial", "core", "cli")
           for p in sorted((root / "src" / d).glob("*.c"))}
said = [plain(t) for text in sources.values() for t in re.findall(LITERAL, text)]
for script in sorted((root / "slurm").iterdir()):
    text = re.sub(r"\$\(\(.*?\)\)|\$\{?\w+\}?", "...", script.read_text())
    said += [plain(t) for t in re.findall(r'say "((?:[^"\\]|\\.)*)"', text)]

# The first column of the tables of messages.
quoted = []
for table in re.findall(r"^\| (?:message|the line says) \|.*\n((?:\|.*\n)+)", page, flags=re.M):
    for row in table.splitlines()[1:]:
        cell = re.match(r"\| (?:`` (.*?) ``|`(.*?)`) \|", row)
        if cell:
            quoted.append(cell.group(1) or cell.group(2))

def pattern(message):
    pieces = message.replace("(s)", "...").split("...")
    return re.compile(".*?".join(re.escape(piece) for piece in pieces), re.S)

patterns = {message: pattern(message) for message in quoted}
faults = [f"quoted, but said nowhere: {message}" for message, wanted in patterns.items()
          if not any(wanted.search(text) for text in said)]
if len(quoted) < 50:
    faults.append(f"only {len(quoted)} messages are quoted")

# What ends or disturbs a job; what is wrong with a sweep speaks for itself.
ENDS = re.compile(r"\b(?:(?:FGF_FAIL|fgf_fail)\(\s*FGF_(?:ENVIRONMENT|DATA|MEMORY|STOPPED)\b|"
                  r"fgf_warn(?:_always)?\()([^;]*);")
JOBS = re.compile(r"/(par|store|trial)/|/cli/(run|work_list|crash|deadline|command_run|command_merge|merge_parts|command_submit|job_|task|session)")
for path, text in sources.items():
    if not JOBS.search(str(path)):
        continue
    for call in ENDS.finditer(text):
        literal = re.search(LITERAL, call.group(1))
        message = plain(literal.group(1)) if literal else ""
        # A text that is handed on stands elsewhere.
        if len(message.replace("...", "").strip(" :;,")) < 6:
            continue
        if "injected" not in message and not any(p.search(message) for p in patterns.values()):
            faults.append(f"{path.name}: what to do about this? {message}")
print("\n".join(faults) or f"{len(quoted)} messages", file=sys.stderr)
sys.exit(bool(faults))
PY
exit 0
