#!/usr/bin/env bash
# fgf score: a trained trial on its own cohort, on others, with and without labels; and a network
# from a file of weights.
. "$(dirname "$0")/../sweep.sh"
cd "$work" || exit 1
fgf=$FGF_PROGRAM
small_cohort cohort.h5
small_sweep sweep.yaml
sed -i 's/cases: test/cases: all/; s/max_pool: {size: 2}/max_pool: {size: 4}/' sweep.yaml
expect_status 0 "$fgf" run sweep.yaml -q -o r.h5
score=("$fgf" score r.h5 --trial 2 -q)

# column FILE TRIAL PATH: the elements of one array of one trial
column() {
    "$fgf" export "$1" --column "$3" | sed -n "s/^$2,//p"
}

# Everything that belongs to a case is as it was in the trial. (Its role and the cohort test's
# cases are not: a trial that is applied has no training cases.)
per_case=$(sed -n 's/^FGF_COLUMN([^"]*"\(\/[^"]*\)".*FGF_AXES_CASE.*/\1/p' \
    "$FGF_SOURCE/include/fgf/columns.def" | grep -v /split/role)
[ "$(wc -w <<<"$per_case")" -gt 20 ] || fail "columns.def names few columns a case: $per_case"
trial=$("$fgf" export r.h5 | sed -n 's/^2,\([0-9a-f]*\),done,.*/\1/p')

# What trial 2 of r.h5 and the only trial of scored.h5 say of each case: the same bits.
same_cases() {
    rows r.h5 --columns | sed -n "s/^$trial //p" | grep -wFf <(echo "$per_case") >trained
    rows scored.h5 --columns | cut -d' ' -f2- | grep -wFf <(echo "$per_case") >scored
    [ "$(wc -l <trained)" -ge "$(wc -w <<<"$per_case")" ] || fail "columns are missing"
    diff trained scored >&2 || fail "$1: not the bits of the trial itself"
}

expect_status 0 "${score[@]}" --data cohort.h5 -o scored.h5
same_cases "a trial on its own cohort"
cp scored.h5 once.h5
rm scored.h5
expect_status 0 mpi 3 "${score[@]}" --data cohort.h5 -o scored.h5
same_rows once.h5 scored.h5 "3 ranks"

# Without labels there are scores, but no AUC; another cohort's cases do not depend on each other.
small_cohort unlabelled.h5 cases=12 seed=7 unlabelled=1
small_cohort longer.h5 cases=17 seed=7
rm scored.h5
expect_status 0 "${score[@]}" --data unlabelled.h5 -o scored.h5
"$fgf" export scored.h5 --json >trial.json
expect_text trial.json '"auc_test": null'
expect_status 0 "${score[@]}" --data longer.h5 -o longer.results.h5
diff <(column longer.results.h5 0 /prediction/logit | head -n 12) \
    <(column scored.h5 0 /prediction/logit) >&2 || fail "a case's logit depends on other cases"
diff <(column longer.results.h5 0 /alignment/joint_flow | head -n 12) \
    <(column scored.h5 0 /alignment/joint_flow) >&2 || fail "a case's score depends on other cases"
"$fgf" export longer.results.h5 --json >trial.json
expect_text trial.json '"auc_test": [01]'

# What was scored is not taken for what a run trains, though settings and data are the same.
expect_status 0 "${score[@]}" --data cohort.h5 -o own.h5
expect_status 0 "$fgf" run sweep.yaml -q -o own.h5
expect_text err '^fgf: 4 trials to run'
[ -z "$(comm -23 <(rows r.h5) <(rows own.h5))" ] || fail "a run after a score has other bits"
expect_status 3 "$fgf" verify longer.results.h5
expect_text err 'its network was trained elsewhere'

# Another spacing or size is another preparation.
small_cohort size.h5 size=24
small_cohort spacing.h5 spacing=2
small_cohort channels.h5 channels=2
for other in size spacing channels; do
    expect_status 3 "${score[@]}" --data $other.h5 -o refused.h5
    expect_text err "^fgf: error: $other\.h5 was prepared differently .*found '.*', expected '"
    [ ! -e refused.h5 ] || fail "a refused cohort leaves a results file"
done
expect_status 2 "$fgf" score r.h5 --trial 4 --data cohort.h5 -o refused.h5
expect_text err 'there is no trial 4; the file has trials 0 to 3'
expect_status 2 "$fgf" score r.h5 --trial 2 -o refused.h5
expect_text err 'needs --data'
expect_status 2 "${score[@]}" --data cohort.h5 -o refused.h5 train.seed=3
expect_status 0 "$fgf" run sweep.yaml -q -o bare.h5 output.weights=none
expect_status 3 "$fgf" score bare.h5 --trial 2 --data cohort.h5 -o refused.h5
expect_text err 'keeps no weights; run it with output\.weights=all'

# The network as anyone may take it out of the results file, put back as a file of weights.
/usr/bin/python3 -c 'import h5py' 2>/dev/null || { echo "no weights file: needs h5py" >&2; exit 0; }
/usr/bin/python3 - <<'PYTHON' || fail "the layer table does not lead to the weights"
import h5py, json
with h5py.File("r.h5") as results, h5py.File("weights.h5", "w") as weights:
    model = results["model/" + results["trial/architecture"][2].decode()]
    vector = model["weights"][results["trial/weights_row"][2]]
    for layer in json.loads(model["layers"][()]):
        for a in layer["arrays"]:
            values = vector[a["offset"] : a["offset"] + a["count"]].reshape(a["stored"])
            weights[layer["name"] + "." + a["name"]] = values.transpose(a["permute"]).reshape(a["shape"])
PYTHON
rm scored.h5
sed '/^sweep:/,$d' sweep.yaml >network.yaml
expect_status 0 "$fgf" score weights.h5 --spec network.yaml -q --data cohort.h5 -o scored.h5 \
    align.lambda=0.5 train.seed=1
same_cases "its weights from a file"
expect_status 0 mpi 2 "$fgf" verify scored.h5
expect_text out '^trial 0: the same bits$'
expect_status 2 "$fgf" score weights.h5 --data cohort.h5 -o refused.h5
expect_text err 'needs --spec'
exit 0
