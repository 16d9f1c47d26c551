#!/usr/bin/env bash
# Prints the tables of docs/scale.md and writes their numbers, a JSON object a line.
#
#   tests/scale/run.sh [-b BUILD] [-o FOLDER] [--quick]
#
# BUILD is a build with tests (build/release); FOLDER gets model.json, smpi.json, sum.json and
# real.json (results/scale). --quick leaves out what takes minutes: 4096 ranks in SimGrid, long sums.
#
# trials.txt is made by (on a machine that does nothing else; 35 s)
#   fgf phantom -o phantom.h5 cases=160 size=40
#   fgf run tests/scale/trials.yaml -o trials.h5 data.path=phantom.h5
#   BUILD/tests/scale/scale_trials tests/scale/trials.yaml phantom.h5 trials.h5 > tests/scale/trials.txt
set -euo pipefail
cd "$(dirname "$0")/../.."
. cmake/prepare.sh
allow_mpi
. tests/scale/smpi.sh

build=build/release out=results/scale quick=0
while [ $# -gt 0 ]; do
    case "$1" in
    -b) build=$2; shift 2 ;;
    -o) out=$2; shift 2 ;;
    --quick) quick=1; shift ;;
    *) echo "usage: tests/scale/run.sh [-b BUILD] [-o FOLDER] [--quick]" >&2; exit 2 ;;
    esac
done
programs=$build/tests/scale trials=tests/scale/trials.txt
mkdir -p "$out"

# Prints fields of JSON lines as a table: `table FILE field...`
table() {
    local file=$1
    shift
    awk -v fields="$*" '
        BEGIN {
            count = split(fields, name, " ")
            for (k = 1; k <= count; k++)
                printf "%s%s", name[k], k < count ? "\t" : "\n"
        }
        {
            for (k = 1; k <= count; k++) {
                value = "-"
                if (match($0, "\"" name[k] "\": \"?[^,\"}]*")) {
                    value = substr($0, RSTART, RLENGTH)
                    sub(/^[^:]*: "?/, "", value)
                }
                printf "%s%s", value, k < count ? "\t" : "\n"
            }
        }' "$file" | column -t -s "$(printf '\t')"
}

columns="law ranks jobs groups load makespan efficiency busy tail longest_wait"

echo "== Real ranks with sleeping jobs against the model; empty jobs"
for ranks in 2 4; do
    for arguments in "60 0.25 0" "60 0.25 2" "20000 0 1"; do
        # shellcheck disable=SC2086
        mpirun --oversubscribe --bind-to none -n $ranks "$programs/scale_real" $arguments
    done
done >"$out/real.json"
table "$out/real.json" ranks jobs groups bound simulated real microseconds_a_job
# What a rank needs for an empty job, there and back, is more than what the server needs.
answer=15e-6

echo
echo "== The model: the scheduler's queue in a discrete-event loop, $answer s an answer"
"$programs/scale_model" "$trials" $answer table >"$out/model.json"
"$programs/scale_model" "$trials" $answer share >>"$out/model.json"
"$programs/scale_model" "$trials" $answer answer >>"$out/model.json"
# shellcheck disable=SC2086
table "$out/model.json" $columns

command -v smpicc >/dev/null || { echo "SimGrid's smpicc is not installed: no simulated network"; exit; }
smpi_build "$out"
sizes="64 512 4096"
[ $quick = 0 ] || sizes="64 512"

echo
echo "== The scheduler's messages on a simulated cluster"
for ranks in $sizes; do
    for law in uniform:exact uniform:none measured:exact measured:believed; do
        smpi_run $((ranks + 1)) "$out" "$out/smpi_schedule" "$trials" $law \
            $((20000 * ranks / 4096)) 0
    done
done >"$out/smpi.json"
# shellcheck disable=SC2086
table "$out/smpi.json" $columns

echo
echo "== The ordered sum on a simulated cluster, seconds, beside MPI_Allreduce"
for ranks in 8 64 512; do
    lengths="1000 100000"
    [ $quick = 1 ] || [ $ranks = 512 ] || lengths="$lengths 1000000"
    [ $quick = 0 ] || [ $ranks != 512 ] || lengths=1000
    for length in $lengths; do
        smpi_run $ranks "$out" --cfg=smpi/coll-selector:ompi "$out/smpi_sum" $length 32
    done
done >"$out/sum.json"
table "$out/sum.json" ranks length leaves ordered plain agree
