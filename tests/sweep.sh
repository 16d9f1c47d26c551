# For tests of the whole program, on top of lib.sh: a small cohort, a small sweep, and the bits of
# a results file as text.
#
#   small_cohort FILE [key=value ...]   a phantom of 30 cases of 16 x 16 pixels
#   small_sweep FILE ["key: [..]" ...]  a sweep over cohort.h5 beside it, of these grid axes or,
#                                       by default, of 2 lambdas and 2 seeds
#   rows FILE                           a line a committed trial: identity, status, all its bits
#   same_rows FILE FILE WHAT            fails unless both hold the same trials with the same bits
#   status_count FILE WHAT              a number of `fgf status --json`: done, failed, left, ...
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

results_rows=$FGF_BUILD/tests/cli/results_rows
[ -x "$FGF_PROGRAM" ] || skip "$FGF_PROGRAM is not built"
[ -x "$results_rows" ] || skip "$results_rows is not built"

small_cohort() {
    local file=$1
    shift
    "$FGF_PROGRAM" phantom -o "$file" cases=30 size=16 "$@" 2>"$work/err" ||
        { cat "$work/err" >&2; fail "no phantom cohort"; }
}

small_sweep() {
    local file=$1
    shift
    [ $# -gt 0 ] || set -- "align.lambda: [0, 0.5]" "train.seed: [1, 2]"
    cat >"$file" <<'YAML'
data: {path: cohort.h5}
split: {kind: kfold, folds: 3, validation: 0.25}
model:
  layers:
    - conv: {channels: 3, kernel: 3, padding: 1}
    - prelu
    - max_pool: {size: 2}
    - flatten
    - dense: {units: 1}
train: {epochs: 2, batch: 7, microbatch: 3}
features: [size, mean, centroid_row]
flow: {greatest_length: 0.3, step: 0.05}
noise: {draws: 9, smooth: [1]}
score: {cases: test, resamples: 9}
sweep:
  grid:
YAML
    printf '    %s\n' "$@" >>"$file"
}

rows() {
    "$results_rows" "$@" || fail "$1 cannot be read, or a row is not whole"
}

same_rows() {
    local a b
    a=$(rows "$1") && b=$(rows "$2") || exit 1
    [ "$a" = "$b" ] && return 0
    diff <(rows "$1" --columns) <(rows "$2" --columns) | head -n 20 >&2
    fail "$3: other bits"
}

status_count() {
    "$FGF_PROGRAM" status --json "$1" | grep -o "\"$2\": [0-9]*" | grep -o '[0-9]*$'
}
