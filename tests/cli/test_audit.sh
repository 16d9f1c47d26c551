#!/usr/bin/env bash
# fgf check of a dataset: the table, the exit status, JSON, splits, and what a sweep refuses.
. "$(dirname "$0")/../import.sh"
cd "$work" || exit 1
check() { # STATUS arguments...
    local status=$1
    shift
    expect_status "$status" "$FGF_PROGRAM" check "$@"
}

# A clean cohort: nothing worse than a note.
expect_status 0 "$FGF_PROGRAM" phantom -o clean.h5 cases=40 size=48
check 0 clean.h5
expect_text out '^clean\.h5: 40 cases \([0-9]+ events, [0-9]+ without, 0 unlabelled\), 1 x 48 x 48 pixels, 1 channel, 0 excluded; hash [0-9a-f]{32}$'
expect_text out '^contents +ok +0 '
expect_text out '^[0-9]+ checks: 0 with faults, 0 with warnings, 0 with notes, [0-9]+ not looked at$'
expect_text out '^torn_patients +- +0 .* \(not looked at: no split is given\)$'
check 0 clean.h5 split.kind=kfold split.folds=3
expect_text out '^torn_patients +ok +0 '

# Settings say where odd begins; slips are told.
check 0 clean.h5 audit.tiny_pixels=100000
expect_text out '^tiny_masks +warning +40 '
expect_text out '^  and 32 more \(--all\)$'
[ "$(grep -c '^  phantom-' out)" = 8 ] || fail "not 8 ids: $(cat out)"
check 0 clean.h5 audit.tiny_pixels=100000 --all
[ "$(grep -c '^  phantom-' out)" = 40 ] || fail "--all does not tell all"
check 2 clean.h5 audit.tiny_pixel=3
expect_text err 'did you mean .*tiny_pixels'
check 2 clean.h5 split.kind=kfolds
check 2
check 2 clean.h5 clean.h5
check 4 absent.h5
printf 'no dataset' >foreign.h5
check 3 foreign.h5

# Faults: two ids with one image.
make_cohort png 24 png
cp png/images/A-002.png png/images/B-005.png
expect_status 0 "$FGF_PROGRAM" import png/import.yaml -o twins.h5
check 3 twins.h5
expect_text err '^fgf: error: twins\.h5: 2 of [0-9]+ checks found faults$'
expect_text out '^duplicate_images +fault +1 '
expect_text out '^  B-005: as A-002, another patient$'
expect_text out '^duplicate_sources +fault +1 '
check 3 twins.h5 split.kind=leave_centre_out
expect_text out '^  B-005: leave_centre_out, fold 0: A-002 in test, B-005 in train$'
expect_text out '^split_duplicates +fault +2 ' # either centre may be the one that is left out

# What is found is the same for any number of ranks.
"$FGF_PROGRAM" check twins.h5 split.kind=kfold --all >one.txt 2>err
for ranks in 2 3 4; do
    mpi $ranks "$FGF_PROGRAM" check twins.h5 split.kind=kfold --all >many.txt 2>err
    [ $? = 3 ] || fail "$ranks ranks: another exit status"
    cmp one.txt many.txt || fail "$ranks ranks: another table"
done

# JSON holds it all.
if command -v /usr/bin/python3 >/dev/null; then
    check 3 twins.h5 --json
    /usr/bin/python3 - <<'PY' || fail "the JSON is not what is meant: $(cat out)"
import json
audit = json.load(open("out"))
found = {c["check"]: c for c in audit["checks"]}
assert audit["verdict"] == "fault" and audit["dataset"] == "twins.h5"
assert found["duplicate_images"]["items"] == [
    {"subject": "B-005", "detail": "as A-002, another patient"}]
assert found["split_events"]["verdict"] == "skipped" and found["split_events"]["reason"]
assert all(c["count"] == len(c["items"]) and c["advice"] for c in audit["checks"])
PY
fi

# A sweep whose split parts them is refused, with the place of the split; one that does not runs.
cat >sweep.yaml <<'YAML'
data: {path: twins.h5}
split: {kind: centre, train_centres: [A]}
model:
  layers: [conv: {channels: 2, kernel: 3, padding: 1}, prelu, max_pool: {size: 4}, flatten, dense: {units: 1}]
train: {epochs: 1}
features: [size]
noise: {draws: 9}
score: {cases: none}
YAML
check 2 sweep.yaml
expect_text err 'sweep\.yaml:2:15: split: cases A-002 \(train\) and B-005 \(test\) are the same image under two patients'
expect_status 2 "$FGF_PROGRAM" run sweep.yaml -o results.h5
expect_text err 'are the same image under two patients'
expect_status 3 "$FGF_PROGRAM" split twins.h5 split.kind=centre 'split.train_centres=[A]' -o split.csv
expect_text err 'are the same image under two patients'
[ ! -e split.csv ] || fail "a split that leaks was written"
expect_status 0 "$FGF_PROGRAM" split clean.h5 split.kind=kfold -o split.csv
{
    for ((i = 2; i <= 24; i += 2)); do printf 'A-%03d,train\n' $i; done
    for ((i = 1; i <= 24; i += 2)); do [ $i = 5 ] || printf 'B-%03d,test\n' $i; done
} >all.csv
"$FGF_PROGRAM" check twins.h5 --json 2>/dev/null | grep -oE '"subject": "[AB]-[0-9]+", "detail": "(no|an) event' |
    grep -oE '[AB]-[0-9]+' >excluded.txt
grep -vFf excluded.txt all.csv >without.csv
check 0 sweep.yaml split.kind=fixed split.file=without.csv 'split.train_centres=[]'
expect_text out '^sweep\.yaml: 1 trials, no fault$'

# With --audit the splits of its trials are looked at in the audit of its dataset.
check 3 sweep.yaml split.kind=fixed split.file=without.csv 'split.train_centres=[]' --audit \
    audit.least_events=100
expect_text out '^split_events +warning +2 '
expect_text out '^split_duplicates +ok +0 '
check 2 sweep.yaml --json

# A split file that tears a patient: both are named.
sed -e 's/^id;/id;who;/' -e '1!s/^\([AB]\)-\([0-9]*\);/\1-\2;patient \2;/' png/table.csv |
    sed -E 's/^(A-00[24]);patient [0-9]+/\1;patient 2/' >png/patients.csv
expect_status 0 "$FGF_PROGRAM" import png/import.yaml -o torn.h5 table.file=png/patients.csv table.patient=who
printf 'A-002,train\nA-004,test\nA-006,train\n' >tear.csv
check 3 torn.h5 split.kind=fixed split.file=tear.csv
expect_text out '^  patient 2: fixed tear\.csv: A-002 in train, A-004 in test$'
expect_text out '^split_faults +fault +1 '

# Contents: a value changed behind the program's back.
if /usr/bin/python3 -c 'import h5py' 2>/dev/null; then
    cp clean.h5 changed.h5
    /usr/bin/python3 - <<'PY' || fail "h5py"
import h5py, os
before = os.path.getsize("changed.h5")
with h5py.File("changed.h5", "r+") as file:
    ids = file["/case/follow_up"]
    ids[3] = 17.0
assert os.path.getsize("changed.h5") == before
PY
    check 3 changed.h5
    expect_text out '^contents +fault +1 '
    expect_text out '^  the table of cases: is not what was written$'
fi

# Every check and every key has its place in the manual.
page=$FGF_SOURCE/docs/cohort.md
check 0 clean.h5
for name in $(sed -nE 's/^([a-z_]+) +(ok|note|warning|fault|-) +[0-9]+ .*/\1/p' out); do
    grep -q "^| \`$name\` |" "$page" || fail "docs/cohort.md does not tell of the check $name"
done
expect_status 0 "$FGF_PROGRAM" help audit-spec
for key in $(grep -oE 'audit\.[a-z_]+' out | sort -u); do
    grep -q "\`$key\`" "$page" || fail "docs/cohort.md does not tell of the key $key"
done
exit 0
