#!/usr/bin/env bash
# A published network: its logits, gradients and AUCs, and what fgf score says of its flows.
. "$(dirname "$0")/../lib.sh"
need_shared
network=$shared/data/hncnn_reference_net slices=$shared/data/hn_ct_png
[ -d "$network" ] && [ -d "$slices" ] || skip "needs hncnn_reference_net and hn_ct_png in $shared/data"
/usr/bin/python3 -c 'import h5py, numpy' 2>/dev/null || skip "needs /usr/bin/python3 with h5py and numpy"
programs=("$FGF_BUILD"/tests/oracle/oracle_reference_network{,_f64})
for program in "${programs[@]}"; do
    [ -x "$program" ] || fail "$program is not built"
done
compare=$FGF_SOURCE/tests/oracle/reference_network.py
cd "$work" || exit 1

expect_status 0 "$FGF_PROGRAM" import "$FGF_SOURCE/experiments/hn_ct_png.import.yaml" -o hn298.h5 \
    table.outside_rule=unlabelled "source.folder=$slices/canada" "table.file=$slices/canada.csv"
expect_text err '298 cases of 298 patients, 27 events; 0 excluded'
export TMPDIR=$work
/usr/bin/python3 "$compare" passes "$network" hn298.h5 "${programs[@]}" || fail "the passes differ"

score() {
    "$@" "$FGF_PROGRAM" score "$network/weights_dm_689.h5" --data hn298.h5 \
        --spec "$FGF_SOURCE/experiments/reference_network.yaml" "${settings[@]}"
}
settings=(-o ref.h5 noise.draws=99 score.resamples=9)
FGF_TEST_SECONDS=800 expect_status 0 score mpi 2
expect_text out ' 0\.908 +0\.894 '
/usr/bin/python3 "$compare" results "$network" ref.h5 || fail "the results differ"

settings=(-o one.h5 score.cases=none)
expect_status 0 score
column() { "$FGF_PROGRAM" export "$1" --column /prediction/logit; }
diff <(column ref.h5) <(column one.h5) >&2 || fail "one rank and two have other logits"
