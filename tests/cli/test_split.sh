#!/usr/bin/env bash
# fgf split: counts, a file that kind fixed reads back, and the roles that a run records.
. "$(dirname "$0")/../sweep.sh"
cd "$work" || exit 1
small_cohort cohort.h5 centres=3 unlabelled=0.1
split() { expect_status 0 "$FGF_PROGRAM" split cohort.h5 "$@"; }

# sum ROLE COLUMN: from the counts of all centres of a role
sum() { awk -v role="$1" -v column="$2" '$1 == role && $2 == "all" {n = $column} END {print n + 0}' out; }

split split.kind=kfold split.folds=3 -o fold0.csv
expect_text out '^role +centre +patients +cases +label 1 +label 0 +unlabelled$'
[ $(($(sum train 4) + $(sum test 4) + $(sum out 4))) = 30 ] || fail "not 30 cases: $(cat out)"
[ "$(sum out 7)" = "$(sum out 4)" ] || fail "labelled cases are out: $(cat out)"
[ "$(sed -n 1p fold0.csv | cut -c1-32)" = "# fgf split of cohort.h5, hash " ] ||
    expect_text fold0.csv '^# fgf split of cohort\.h5, hash [0-9a-f]{32}$'
expect_text fold0.csv '^# kfold, folds 3, fold 0, seed 1$'
[ "$(grep -c '^phantom-' fold0.csv)" = 30 ] || fail "not a line a case: $(cat fold0.csv)"

# Each case is tested once in the folds of each repetition; repetitions differ.
for repeat in 0 1; do
    for fold in 0 1 2; do
        split split.kind=kfold split.folds=3 split.fold=$fold split.repeat=$repeat -o $repeat.$fold.csv
        grep ',test$' $repeat.$fold.csv
    done | sort >tested.$repeat
    [ "$(uniq tested.$repeat | wc -l)" = "$(wc -l <tested.$repeat)" ] || fail "repeat $repeat tests twice"
done
cmp tested.0 tested.1 || fail "repetitions do not test the same cases in all"
grep -v '^#' fold0.csv | cmp - <(grep -v '^#' 0.0.csv) || fail "repetition 0 is not the plain one"
! cmp -s <(grep -v '^#' 0.0.csv) <(grep -v '^#' 1.0.csv) || fail "repetitions are alike"

# A file goes in and comes out as it was.
split split.kind=fixed split.file=1.2.csv -o back.csv
cmp <(grep -v '^#' 1.2.csv) <(grep -v '^#' back.csv) || fail "a file does not read back"

# The same file on any number of ranks.
for ranks in 1 3; do
    mpi $ranks "$FGF_PROGRAM" split cohort.h5 split.kind=leave_centre_out split.fold=2 \
        split.inner_folds=3 split.inner_fold=1 -o ranks$ranks.csv >out$ranks || fail "$ranks ranks"
done
cmp ranks1.csv ranks3.csv && cmp out1 out3 || fail "another split on 3 ranks"
expect_text out1 '^validation +all '
awk '$1 == "test" {role = 1; next} NF > 0 && $1 ~ /^(train|validation|out)$/ {role = 0} role {print $1}' out1 |
    cmp - <(echo C) || fail "not centre C alone is tested: $(cat out1)"

# What a run records is what fgf split says, on 1 and on 3 ranks.
small_sweep sweep.yaml "split.inner_fold: [-1, 0, 1]" "split.repeat: [0, 2]"
sed -i 's/^split:.*/split: {kind: kfold, folds: 3, fold: 1, inner_folds: 2, stratify: [label, centre]}/' sweep.yaml
expect_status 0 "$FGF_PROGRAM" run sweep.yaml -o one.h5
expect_status 0 mpi 3 "$FGF_PROGRAM" run sweep.yaml -o three.h5
same_rows one.h5 three.h5 "3 ranks"
if /usr/bin/python3 -c 'import h5py' 2>/dev/null; then
    for inner in -1 0 1; do
        for repeat in 0 2; do
            split split.kind=kfold split.folds=3 split.fold=1 split.inner_folds=2 \
                split.inner_fold=$inner split.repeat=$repeat 'split.stratify=[label, centre]' \
                -o "said.$inner.$repeat"
        done
    done
    /usr/bin/python3 - <<'PY' || fail "a run has other roles than fgf split says"
import h5py
names = ["out", "train", "validation", "test"]
file = h5py.File("one.h5")
ids = [i.decode() for i in file["/case/id"][:]]
trials = zip(file["/trial/split.inner_fold"][:], file["/trial/split.repeat"][:],
             file["/split/role"][:])
seen = set()
for inner, repeat, roles in trials:
    inner, repeat = (int(float(v)) for v in (inner, repeat))
    said = dict(line.strip().split(",") for line in open(f"said.{inner}.{repeat}")
                if line[0] != "#" and not line.startswith("id,"))
    assert [said[i] for i in ids] == [names[r] for r in roles], (inner, repeat)
    seen.add((inner, repeat))
assert len(seen) == 6
PY
fi

# A file that is full of slips: each is told once, whatever the number of trials, in whole lines.
small_sweep torn.yaml "align.lambda: [0, 0.5]" "split.file: [a.csv, b.csv]"
sed -i 's/^split:.*/split: {kind: fixed}/' torn.yaml
for file in a b; do
    { echo id,role; for k in $(seq 100 139); do echo "nobody-$k,train"; done; } >$file.csv
done
expect_status 2 "$FGF_PROGRAM" check torn.yaml
expect_text err '^fgf: error: .*a\.csv:2: no case has the id "nobody-100"'
expect_text err '^fgf: error: .*b\.csv:3: no case has the id "nobody-101"'
expect_text err '^fgf: error: split: and [0-9]* more faults like these$'
! grep -v 'no case has the id "nobody-1[0-9][0-9]"$\|more faults like these$\|torn\.yaml: [0-9]* faults$' err ||
    fail "a line is cut off"
[ -z "$(sort err | uniq -d)" ] || fail "a fault is told twice: $(sort err | uniq -d)"

# Slips.
expect_status 2 "$FGF_PROGRAM" split
expect_status 2 "$FGF_PROGRAM" split cohort.h5 split.kind=kfold split.fold=9
expect_text err 'split\.fold: 9; with 5 folds it must lie in 0 \.\. 4'
expect_status 2 "$FGF_PROGRAM" split cohort.h5 split.flod=1
expect_text err 'did you mean .*split\.fold'
expect_status 2 "$FGF_PROGRAM" split cohort.h5 split.kind=leave_centre_out split.centre=D
expect_text err 'no case has the centre "D"; there are "A", "B", "C"'
expect_status 4 "$FGF_PROGRAM" split cohort.h5 -o no/such/folder.csv
expect_text err 'no/such/folder\.csv: cannot be written'
exit 0
