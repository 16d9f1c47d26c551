#!/usr/bin/env bash
# What fgf plan foresees against the run that follows, on an idle machine: the table of
# docs/experiments.md.
#
#   tests/bench/plan_accuracy.sh [--repeat N] [--ranks N] [--seconds S] [--only PATTERN]
#
# For each sweep, N times (default 3): `mpirun -n RANKS fgf plan`, then `mpirun -n RANKS fgf run` by
# the clock. Prints a Markdown table of medians; exit status 1 where one is off by over 25 %. The
# program is FGF_PROGRAM, or build/release/fgf. The tumours of ../shared/data (FGF_SHARED) are left
# out where they are absent.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
source=$PWD
fgf=${FGF_PROGRAM:-$source/build/release/fgf}
shared=${FGF_SHARED:-$source/../shared}
repeat=3 ranks=2 seconds=60 only=.
while [ $# -gt 0 ]; do
    case $1 in
    --repeat) repeat=$2 ;;
    --ranks) ranks=$2 ;;
    --seconds) seconds=$2 ;;
    --only) only=$2 ;;
    *)
        sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "$0"
        exit 2
        ;;
    esac
    shift 2
done
[ -x "$fgf" ] || { echo "no program at $fgf: cmake --preset release && cmake --build --preset release" >&2; exit 1; }
work=$(mktemp -d "${TMPDIR:-/tmp}/fgf-plan.XXXXXX") || exit 1
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
mpi=(mpirun -n "$ranks")
[ "$ranks" -le "$(nproc)" ] || mpi+=(--oversubscribe --bind-to none)

cohort() { "$fgf" phantom -o "$@" 2>/dev/null || { echo "no cohort $1" >&2; exit 1; }; }
# variant FILE SED-EXPRESSION: the quickstart, changed
variant() { sed -E "$2" "$source/experiments/quickstart.yaml" >"$1"; }

cohort 40.h5 cases=320 size=40
variant quickstart.yaml ''
variant seeds.yaml 's/train.seed: .*/train.seed: [1, 2, 3, 4, 5, 6]/'
variant softplus.yaml 's/- prelu/- softplus/'
cohort 64.h5 cases=320 size=64
variant 64.yaml 's/channels: 8/channels: 16/; s/channels: 16, kernel: 3/channels: 32, kernel: 3/'
cohort 160.h5 cases=160 size=160
variant 160.yaml 's/epochs: 40/epochs: 20/'
variant wide.yaml 's/units: 32/units: 256/; s/train.seed: .*/train.batch: [8, 16]/'

rows=("quickstart|quickstart.yaml|40.h5" "quickstart, 12 trials|seeds.yaml|40.h5"
    "quickstart, batch swept|wide.yaml|40.h5" "softplus|softplus.yaml|40.h5"
    "64 px, twice the channels|64.yaml|64.h5" "160 px|160.yaml|160.h5")
png=$shared/data/hn_ct_png
if [ -d "$png" ]; then
    "$fgf" import "$source/experiments/hn_ct_png.import.yaml" -o hn.h5 source.folder="$png/canada" \
        table.file="$png/canada.csv" 2>/dev/null || { echo "no tumours" >&2; exit 1; }
    rows+=("hn_metastasis|$source/experiments/hn_metastasis.yaml|hn.h5")
else
    echo "skipped: hn_metastasis needs $png" >&2
fi

number() { grep -oE "\"$2\": [0-9.e+-]+" "$1" | tail -n 1 | grep -oE '[0-9.e+-]+$'; }
middle() { sort -g | awk '{v[NR] = $1} END {print (v[int((NR + 1) / 2)] + v[int(NR / 2) + 1]) / 2}'; }

echo "| sweep | trials | planning, s | planned, s | measured, s | planned / measured | least, most |"
echo "|---|---|---|---|---|---|---|"
worst=0
for row in "${rows[@]}"; do
    IFS='|' read -r name sweep data <<<"$row"
    [[ $name =~ $only ]] || continue
    : >planned; : >measured; : >ratio; : >planning
    for ((k = 0; k < repeat; k++)); do
        "${mpi[@]}" "$fgf" plan "$sweep" --data "$data" -s "$seconds" --json >plan.json 2>err </dev/null ||
            { cat err >&2; exit 1; }
        rm -f r.h5
        start=$(date +%s.%N)
        "${mpi[@]}" "$fgf" run "$sweep" --data "$data" -q -o r.h5 2>err </dev/null || { cat err >&2; exit 1; }
        end=$(date +%s.%N)
        number plan.json makespan_seconds >>planned # of "best", the last one
        number plan.json timing_seconds >>planning
        awk -v a="$start" -v b="$end" 'BEGIN {print b - a}' >>measured
        paste planned measured | tail -n 1 | awk '{print $1 / $2}' >>ratio
    done
    middle=$(middle <ratio)
    printf '| %s | %d | %.0f | %.1f | %.1f | %.2f | %.2f, %.2f |\n' "$name" "$(head -n 2 plan.json | grep -oE '[0-9]+' | head -n 1)" \
        "$(middle <planning)" "$(middle <planned)" "$(middle <measured)" "$middle" \
        "$(sort -g ratio | head -n 1)" "$(sort -g ratio | tail -n 1)"
    awk -v r="$middle" 'BEGIN {exit !(r >= 0.75 && r <= 1.25)}' || worst=1
done
exit $worst
