#!/usr/bin/env bash
# What fgf plan says: all its parts, shapes, earlier results in the place of a timing, valid JSON.
# How right its seconds are is measured by tests/bench/plan_accuracy.sh.
. "$(dirname "$0")/../sweep.sh"
fgf=$FGF_PROGRAM
cd "$work" || exit 1

small_cohort cohort.h5
small_sweep sweep.yaml

# number FILE NAME: the first number of this name in a JSON file; near A B: equal to 1e-4
number() { grep -oE "\"$2\": [0-9.e+-]+" "$1" | head -n 1 | grep -oE '[0-9.e+-]+$'; }
near() { awk -v a="$1" -v b="$2" 'BEGIN {d = a - b; exit !((d < 0 ? -d : d) <= 1e-4 * b)}' || fail "$3: $1, expected $2"; }
valid() {
    command -v python3 >/dev/null || return 0
    python3 -c 'import json, sys; json.load(open(sys.argv[1]))' "$1" || fail "$1 is no JSON: $(cat "$1")"
}
shapes() { expect_status 0 "$fgf" plan --json -s 0 "$@"; valid out; grep -c '"trial":' out; }

# Every part, timed on two ranks side by side.
expect_status 0 mpi 2 "$fgf" plan sweep.yaml -s 5
expect_text out '^ +[0-9]+  [0-9a-f]{32}  to do  align\.lambda=0 train\.seed=1$'
expect_text out '^a trial on one rank, by shape$'
expect_text out '^ +2 +2 +[0-9.]+ m?s +timed \(2\) +[0-9.]+ m?s +[0-9.]+ m?s +align\.lambda=0 train\.seed=\.\.$'
expect_text out '^  timed on 2 ranks side by side'
expect_text out '^memory of a rank, MB; the most has trial [0-9]+$'
expect_text out '^  high-water mark +[0-9.]+ '
expect_text out '^ +ranks +group +makespan +core-hours +efficiency +memory of a node$'
expect_text out '^ +4 +(auto|[0-9]+) +[0-9.]+ s +[0-9.e-]+ +[0-9]+ % +[0-9.]+ GB '
expect_text out '^4 trials, 0 done, 0 failed, 4 to do: .* on 2 ranks .* --group-size .*results file [0-9.]+ MB$'

# A list of many trials only on request; nothing of an upper bound, or of what was not timed.
grep -q 'upper bound\|nothing was timed' out && fail "cautions without a cause: $(cat out)"
small_sweep many.yaml "align.lambda: [0, 0.5]" "train.seed: [$(seq -s, 1 40)]"
expect_status 0 "$fgf" plan many.yaml -s 0
grep -q 'to do  align' out && fail "a list of 80 trials that nobody asked for"
expect_text out '^  nothing was timed'
expect_status 0 "$fgf" plan many.yaml -s 0 --list
[ "$(grep -c 'to do  align' out)" = 80 ] || fail "--list lists $(grep -c 'to do  align' out) of 80"
expect_status 0 "$fgf" plan sweep.yaml -s 0 train.patience=1
expect_text out 'upper bound: train.patience'

# Shapes: seeds, rates and lambdas above 0 share one; lambda 0, batch and network have their own.
[ "$(shapes sweep.yaml)" = 2 ] || fail "shapes of a sweep over lambda 0 and 0.5"
small_sweep other.yaml "align.lambda: [0.1, 0.5, 2]" "train.seed: [1, 2, 3]"
[ "$(shapes other.yaml)" = 1 ] || fail "shapes of lambdas above 0"
[ "$(shapes sweep.yaml align.lambda=0 train.optimizer.learning_rate=0.1 split.fold=1)" = 1 ] ||
    fail "shapes of one lambda"
small_sweep other.yaml "train.batch: [4, 8]" "align.lambda: [0, 1]" "omega.dilate_mm: [0, 1]" "split.fold: [0, 1, 2]"
[ "$(shapes other.yaml)" = 8 ] || fail "shapes of batch x lambda x omega"

# JSON: timings of every shape; the numbers of ranks; a trial's seconds are its shape's.
expect_status 0 "$fgf" plan sweep.yaml --json --list -n 3 -s 5
valid out
[ "$(grep -c '"source": "timed"' out)" = 2 ] || fail "not timed: $(cat out)"
for name in epoch_seconds evaluation_seconds scoring_seconds startup_seconds trial_seconds file_bytes rank_bytes makespan_seconds core_hours; do
    awk -v n="$(number out $name)" 'BEGIN {exit !(n > 0)}' || fail "$name: $(cat out)"
done
for ranks in 1 2 3 4; do expect_text out "\"ranks\": $ranks, "; done
expect_text out '^  "best": \{"ranks": 3, '
near "$(grep -oE '"shape": [0-9]+, "seconds": [0-9.e-]+' out | awk '{s += $NF} END {print s}')" \
    "$(number out trial_seconds)" "the sum over trials"

# A little time for much work: everything is there, and marked.
expect_status 0 "$fgf" plan other.yaml -s 1e-6 --json
valid out
expect_text out '"source": "timed"'
expect_text out '"source": "scaled"'

# Earlier results: what is done is left out, and its seconds stand for what is left.
expect_status 0 "$fgf" run sweep.yaml -q -o r.h5
expect_status 0 "$fgf" plan sweep.yaml -o r.h5 --json
[ "$(number out left)" = 0 ] && [ "$(number out trial_seconds)" = 0 ] || fail "all done: $(cat out)"
small_sweep longer.yaml "align.lambda: [0, 0.5]" "train.seed: [1, 2, 3, 4]"
expect_status 0 "$fgf" plan longer.yaml -o r.h5 --json
valid out
[ "$(grep -c '"left": 2, .*"source": "results", "measured": 2' out)" = 2 ] || fail "results: $(cat out)"
[ "$(number out done)" = 4 ] && [ "$(number out left)" = 4 ] || fail "done and left: $(cat out)"
[ "$(number out timed_ranks)" = 0 ] || fail "timed what was known"
planned=$(number out trial_seconds)
"$fgf" export r.h5 --column /trial/seconds >seconds.csv || fail "no seconds"
near "$planned" "$(awk -F, 'NR > 1 {s += $NF} END {print s}' seconds.csv)" "the sum of earlier seconds"

# A shape that the results do not have is timed beside them.
small_sweep wider.yaml "align.lambda: [0, 0.5]" "train.seed: [1, 2, 3]" "train.batch: [7, 5]"
expect_status 0 "$fgf" plan wider.yaml -o r.h5 --json -s 5
[ "$(grep -c '"left": 1, .*"source": "results", "measured": 2' out)" = 2 ] || fail "results: $(cat out)"
[ "$(grep -c '"source": "timed"' out)" = 2 ] || fail "a new shape is not timed: $(cat out)"

# A file that is not there yet holds nothing; one that is no results file is an error.
expect_status 0 "$fgf" plan sweep.yaml -o new.h5 -s 0
expect_text out '^4 trials, 0 done'
expect_status 3 "$fgf" plan sweep.yaml -o cohort.h5 -s 0
expect_status 2 "$fgf" plan sweep.yaml -s -1
expect_status 2 "$fgf" plan sweep.yaml --per-node 0

# Memory with Omega swept is that of its largest one, whatever was asked for before.
small_sweep omegas.yaml "omega.dilate_mm: [0, 4, 1]" "train.seed: [1, 2]"
noise() { "$fgf" plan omegas.yaml -s 0 noise.draws=20000 "$@" | sed -nE 's/^  noise maps +([0-9.]+)$/\1/p'; }
[ "$(noise)" = "$(noise omega.dilate_mm=4)" ] || fail "noise maps of three Omegas: $(noise) MB"
awk -v a="$(noise)" -v b="$(noise omega.dilate_mm=0)" 'BEGIN {exit !(a > 1.2 * b)}' || fail "Omega makes no difference"

# The file is as large as was said, about.
expect_status 0 "$fgf" plan sweep.yaml --json -s 0
awk -v a="$(number out file_bytes)" -v b="$(stat -c %s r.h5)" 'BEGIN {exit !(a > 0.8 * b && a < 1.25 * b)}' ||
    fail "file: $(number out file_bytes) bytes planned, $(stat -c %s r.h5) written"
exit 0
