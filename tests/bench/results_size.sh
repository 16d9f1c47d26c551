#!/usr/bin/env bash
# What a results file of many trials takes: size, and the seconds to lay it out, commit to it, look
# at it, resume, lay it out anew for a longer sweep, and merge it from two parts. The rows hold
# numbers that mean nothing (results_fill): nothing is trained.
#
#   tests/bench/results_size.sh [SEEDS] [FOLDER]     200 trials a seed; default 100 seeds, TMPDIR
#
# Wants 3 times the file's size (9.4 GB at 100 seeds) in FOLDER, and a machine that does nothing
# else. "cold": the file is dropped from the page cache before.
set -eu
source=$(cd "$(dirname "$0")/../.." && pwd)
build=${FGF_BUILD:-$source/build}
seeds=${1:-100}
work=$(mktemp -d "${2:-${TMPDIR:-/tmp}}/fgf-size.XXXXXX")
trap 'rm -rf "$work"' EXIT
cd "$work"
fgf=$build/fgf fill=$build/tests/cli/results_fill

sweep() {
    cat <<YAML
data: {path: cohort.h5}
split: {kind: kfold, folds: 5, validation: 0.25}
model:
  layers: [conv: {channels: 8, kernel: 3, padding: 1}, prelu, max_pool: {size: 2}, flatten, dense: {units: 1}]
train: {epochs: 40, batch: 16, microbatch: 4}
features: [size, mean, variance, skewness, centroid_row, centroid_column, log_aspect_ratio,
  edge_strength, mean: {name: m9}, mean: {name: m10}, mean: {name: m11}, mean: {name: m12}]
noise: {draws: 999, smooth: [1, 2]}
sweep:
  grid:
    align.lambda: [0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1]
    train.optimizer.learning_rate: [0.01, 0.02, 0.03, 0.04, 0.05]
    split.fold: [0, 1, 2, 3, 4]
    train.seed: [$(seq -s, 1 "$1")]
YAML
}

# took WHAT COMMAND ...: its seconds; the statuses 0 and 75 are fine.
took() {
    local what=$1 start status=0
    shift
    start=$(date +%s.%N)
    "$@" >out 2>err || status=$?
    [ $status = 0 ] || [ $status = 75 ] || { cat err >&2; exit 1; }
    printf '%-44s %8.2f s\n' "$what" "$(echo "$(date +%s.%N) - $start" | bc)"
}

drop() { dd of="$1" oflag=nocache conv=notrunc,fdatasync count=0 status=none; }

"$fgf" phantom -o cohort.h5 cases=300 size=24 2>/dev/null
sweep "$seeds" >sweep.yaml
sweep $((seeds + 1)) >longer.yaml
took "fgf check (specification and dataset)" "$fgf" check sweep.yaml
cat out
took "laid out" "$fgf" run sweep.yaml -q -o r.h5 --deadline 1s
stat -c 'size %s bytes, %b blocks of %B' r.h5
"$fill" r.h5 200
# The rest without waiting for the disk at each.
cat >nosync.c <<'C'
int fdatasync(int d) { return d < 0; }
C
cc -shared -fPIC -o nosync.so nosync.c
LD_PRELOAD=$work/nosync.so "$fill" r.h5 | sed 's/^/not synced: /'
sync
for state in warm cold; do
    [ $state = warm ] || drop r.h5
    took "fgf status, $state" "$fgf" status r.h5
    [ $state = warm ] || drop r.h5
    took "fgf run of a finished sweep, $state" "$fgf" run sweep.yaml -q -o r.h5
done
took "fgf export --csv" "$fgf" export r.h5 --csv
took "fgf status --check" "$fgf" status --check r.h5
took "laid out anew for 200 trials more" "$fgf" run longer.yaml -q -o r.h5 --deadline 1s
rm r.h5
for k in 1 2; do
    "$fgf" run sweep.yaml -q -o r.h5 --task $k/2 --deadline 1s 2>err || [ $? = 75 ]
    LD_PRELOAD=$work/nosync.so "$fill" r.task-$k-of-2.h5 >/dev/null
done
sync
took "merged from two parts" "$fgf" merge r.h5 r.task-1-of-2.h5 r.task-2-of-2.h5
took "merged again" "$fgf" merge r.h5 r.task-1-of-2.h5 r.task-2-of-2.h5
