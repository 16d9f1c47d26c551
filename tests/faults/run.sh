#!/usr/bin/env bash
# Faults of disk, processes and machines on `fgf run`, case by case from seeds: see docs/faults.md.
#
#   tests/faults/run.sh --cases N [--seed S] [--jobs J] [--seconds T] [--only KIND] [--table]
#
# FGF_BUILD names the build folder (build/release), FGF_FAULT_SECONDS the time after which a run
# counts as hanging (60), FGF_FAULT_KEEP=1 keeps the folders of all cases that failed.
: "${FGF_SOURCE:=$(cd "$(dirname "$0")/../.." && pwd)}"
: "${FGF_BUILD:=$FGF_SOURCE/build/release}"
: "${FGF_PROGRAM:=$FGF_BUILD/fgf}"
export FGF_BUILD FGF_PROGRAM PYTHONDONTWRITEBYTECODE=1
for needed in "$FGF_PROGRAM" "$FGF_BUILD/tests/cli/results_rows" \
    "$FGF_BUILD/tests/faults/write_faults.so"; do
    [ -e "$needed" ] || { echo "skipped: $needed is not built"; exit 77; }
done
python=/usr/bin/python3
[ -x "$python" ] || python=$(command -v python3) || { echo "skipped: no python3"; exit 77; }
exec "$python" "$FGF_SOURCE/tests/faults/campaign.py" "$@"
