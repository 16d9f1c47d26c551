#!/usr/bin/env bash
# fgf status --choose: inner folds choose a setting in each outer split, which is then tested; held against
# the same computed from `fgf export` by other means. And what it refuses, and what it says of sweeps
# that are not finished, or whose scores are undefined.
. "$(dirname "$0")/../sweep.sh"
cd "$work" || exit 1
command -v python3 >/dev/null || skip "python3 is not there to compute the same"

# A label that hardly follows the image, so that chance chooses, and differently in each split.
small_cohort cohort.h5 strength=0.5 cases=48 centres=3

# nested_sweep FILE GRID...: of 2 inner folds, the settings being lambda and epochs. The trials without an
# inner fold watch a share of their own: they have an auc_validation, which must not count.
nested_sweep() {
    small_sweep "$@"
    sed -i 's/^split:.*/split: {kind: kfold, folds: 3, inner_folds: 2}/' "$1"
    cat >>"$1" <<'YAML'
  when:
    - {if: {split.inner_fold: -1}, set: {split.validation: 0.25}}
YAML
}
settings=("align.lambda: [0, 0.3]" "train.epochs: [1, 2]")
seeds="train.seed: [1, 2]"
inner="split.inner_fold: [0, 1, -1]"

# choose FILE COLUMN: text in out, JSON in choice.json.
choose() {
    expect_status 0 "$FGF_PROGRAM" status "$1" --choose "$2" --json
    cp out choice.json
    [ "$(wc -l <err)" = 0 ] || fail "something is said on the side: $(cat err)"
    expect_status 0 "$FGF_PROGRAM" status "$1" --choose "$2"
}

cat >same.py <<'PY'
"""The same choice from exported rows: same.py RESULTS.json CHOICE.json TABLE.txt COLUMN TRIALS_A_SETTING ALL"""
import json, math, sys
from statistics import mean, stdev
rows, choice, table = (open(f) for f in sys.argv[1:4])
column, per_setting, asked = sys.argv[4], int(sys.argv[5]), int(sys.argv[6])
rows, choice, table = json.load(rows), json.load(choice), table.read().splitlines()
nested = any(r.get("split.inner_fold", -1) >= 0 for r in rows)
outer_keys = [k for k in rows[0] if k.startswith("split.") and k not in ("split.inner_fold", "split.validation")]
setting_keys = list(choice["settings"][0]["keys"])
near = lambda a, b: a == b or (a is not None and b is not None and abs(a - b) < 1e-9)
def key(r, keys): return tuple(r[k] for k in keys)
settings = [key(s["keys"], setting_keys) for s in choice["settings"]]
outers = [tuple(x["split"].get(k, 0) for k in outer_keys) for x in choice["outer_splits"]]
assert settings == sorted({key(r, setting_keys) for r in rows} | set(settings)), settings
assert set(outers) >= {key(r, outer_keys) for r in rows} and len(set(outers)) == len(outers)
best = min if column.startswith("loss") else max
tests, otherwise, with_others = {}, 0, 0
assert choice["trials"] == asked and choice["done"] == sum(r["status"] == "done" for r in rows)
for o in outers:
    said = [x for x in choice["outer_splits"] if all(x["split"].get(k, v) == v for k, v in zip(outer_keys, o))]
    assert len(said) == 1, (o, said)
    said = said[0]
    here = [r for r in rows if key(r, outer_keys) == o]
    of = {s: [r for r in here if key(r, setting_keys) == s] for s in settings}
    inner = {s: [r for r in of[s] if not nested or r["split.inner_fold"] >= 0] for s in settings}
    lost = {r.get("split.inner_fold") for s in settings for r in inner[s] if r["status"] == "done"}
    lost -= {r.get("split.inner_fold") for s in settings for r in inner[s] if r[column] is not None}
    score = {}
    for s in settings:
        whole = len(inner[s]) == per_setting and all(r["status"] == "done" for r in inner[s])
        values = [r[column] for r in inner[s] if r.get("split.inner_fold") not in lost]
        if whole and values and None not in values:
            score[s] = mean(values)
    chosen = None if said["chosen"] is None else key(choice["settings"][said["chosen"]]["keys"], setting_keys)
    assert said["undefined_inner_folds"] == len(lost), (o, lost, said)
    assert sum(c["verdict"] == "scored" for c in said["settings"]) == len(score), (o, score, said)
    if not score:
        assert chosen is None and said["score"] is None
        continue
    top = best(score.values())
    ranked = [s for s in settings if s in score and near(score[s], top)]
    assert chosen == ranked[0] and near(said["score"], top), (o, chosen, ranked, score)
    assert said["tied"] == len(ranked) - 1
    rest = [abs(score[s] - top) for s in score if s != chosen]
    assert near(said["margin"], min(rest) if rest else None), (said, score)
    final = [r for r in of[chosen] if not nested or r["split.inner_fold"] == -1]
    auc = mean(r["auc_test"] for r in final) if final and all(r["auc_test"] is not None for r in final) else None
    if said["test"]["done"] < said["test"]["trials"]: auc = None
    assert near(said["test"]["auc_test"], auc), (said, auc)
    for name in ("loss_test", "joint_flow"):
        assert auc is None or near(said["test"][name], mean(r[name] for r in final))
    tests[o] = auc
    name = " ".join(f"{k}={v}" for k, v in zip(outer_keys, o) if k in said["split"])
    line = [l for l in table if l.startswith(name + " ") and f"  {top:.4f}  " in l]
    assert len(line) == 1 and ("  %.4f  " % auc if auc is not None else "  -  ") in line[0], (name, top, auc, line)
    assert line[0].replace(" (so far)", "").split()[-len(setting_keys):] == [f"{k}={v}" for k, v in zip(setting_keys, chosen)], line
    assert said["so_far"] == (sum(len(inner[s]) for s in settings) < sum(c["trials"] for c in said["settings"])), said
    # Whether choosing otherwise would be seen.
    test = {s: [r["auc_test"] for r in of[s] if r["auc_test"] is not None] for s in score}
    otherwise += chosen != max(score, key=lambda s: mean(test[s]) if test[s] else 0)
    alike = {s: [r[column] for r in of[s] if r[column] is not None] for s in score}
    with_others += chosen != best(score, key=lambda s: mean(alike[s]))
by_repeat = {}
for o, auc in tests.items():
    if auc is not None:
        by_repeat.setdefault(o[outer_keys.index("split.repeat")] if "split.repeat" in outer_keys else 0, []).append(auc)
values = [mean(v) for v in by_repeat.values()] if len(by_repeat) > 1 else sum(by_repeat.values(), [])
assert near(choice["mean"]["auc_test"], mean(values) if values else None), (choice["mean"], values)
assert near(choice["standard_deviation"]["auc_test"], stdev(values) if len(values) > 1 else None)
counts = [sum(x["chosen"] == k for x in choice["outer_splits"]) for k in range(len(settings))]
assert [s["times_chosen"] for s in choice["settings"]] == counts
print(sum(k > 0 for k in counts), otherwise, with_others)
PY
# same FILE COLUMN [TRIALS]: of an outer split and setting so many trials (4) choose. Prints how many
# settings were chosen, in how many splits the test would choose otherwise, and in how many the mean
# would that takes trials without an inner fold along.
same() {
    "$FGF_PROGRAM" export --json "$1" >rows.json || fail "no export"
    if [ "$2" = loss_validation ]; then
        "$FGF_PROGRAM" export "$1" --column /history/loss_validation >curve.csv
        python3 - <<'PY'
import csv, json
rows = json.load(open("rows.json"))
curve = {(int(r["trial"]), int(r["epoch"])): r["value"] for r in csv.DictReader(open("curve.csv"))}
for r in rows:
    value = curve.get((r["trial"], r["best_epoch"] - 1), "")
    r["loss_validation"] = float(value) if value else None
json.dump(rows, open("rows.json", "w"))
PY
    fi
    choose "$1" "$2"
    python3 same.py rows.json choice.json out "$2" "${3:-4}" "$(status_count "$1" trials)" || { cat out; fail "$1: another choice by $2"; }
}

# Nested, with repeats.
nested_sweep nested.yaml "split.fold: [0, 1, 2]" "split.repeat: [0, 1]" "$inner" "${settings[@]}" "$seeds"
expect_status 0 "$FGF_PROGRAM" run nested.yaml -q -o nested.h5
same nested.h5 auc_validation >counts || exit 1
read -r chosen otherwise with_others <counts
[ "$chosen" -ge 2 ] && [ "$otherwise" -ge 1 ] && [ "$with_others" -ge 1 ] ||
    fail "this sweep cannot tell right from wrong: $chosen $otherwise $with_others"
expect_text out 'over 2 of 2 repetitions, each the mean of its outer splits \(6 of 6 have an auc_test\)$'
same nested.h5 loss_validation >counts || exit 1
# The tables of features are of the trials that are tested, folds, repetitions and seeds averaged.
expect_status 0 "$FGF_PROGRAM" status nested.h5 --table
expect_text out '^\(96 trials with an inner fold, which choose, are left out\)$'
[ "$(grep -c '^align\.lambda=[^ ]* train\.epochs=[^ ]* split\.validation=0\.25  (12 trials averaged)$' out)" = 4 ] ||
    fail "not four points of 12 trials: $(grep averaged out)"

# Without inner folds: each trial's own validation part.
small_sweep own.yaml "split.fold: [0, 1, 2]" "${settings[@]}" "$seeds"
expect_status 0 "$FGF_PROGRAM" run own.yaml -q -o own.h5
same own.h5 auc_validation 2 >counts || exit 1

# Killed: what is not whole is not chosen; run again, as if nothing had been.
nested_sweep slow.yaml "split.fold: [0, 1, 2]" "$inner" "align.lambda: [0, 0.3]" "train.epochs: [20, 70]" "$seeds"
"$FGF_PROGRAM" run slow.yaml -q -o slow.h5 2>killed &
job=$!
for _ in $(seq 500); do
    [ -e slow.h5 ] && [ "$(status_count slow.h5 done 2>/dev/null || echo 0)" -ge 14 ] && break
    sleep 0.02
done
{ kill -9 $job; wait $job; } 2>/dev/null
[ "$(status_count slow.h5 left)" -gt 0 ] || fail "the run was over before it was killed"
same slow.h5 auc_validation >counts || exit 1
expect_text out ' trials are left: what is chosen may change$'
expect_text out 'is incomplete and not chosen: [0-3] of 4 trials done$'
expect_text out '\(so far\)$'
expect_status 0 "$FGF_PROGRAM" run slow.yaml -q -o slow.h5
same slow.h5 auc_validation >counts || exit 1
! grep -q 'left:\|so far\|incomplete' out || fail "a whole sweep is called incomplete: $(cat out)"

# Trials that failed: their setting is not chosen, and that is told.
nested_sweep failed.yaml "split.fold: [0, 1]" "$inner" "${settings[@]}" "$seeds" \
    "train.optimizer.learning_rate: [0.02, 1e6]"
sed -i 's/train: {/&optimizer: {clip_norm: 0}, /' failed.yaml
expect_status 1 "$FGF_PROGRAM" run failed.yaml -q -o failed.h5
same failed.h5 auc_validation >counts || exit 1
expect_text out 'learning_rate=1000000 is incomplete and not chosen: . of 4 trials done, . failed$'
expect_text out 'chosen in 0 of 2 outer splits: .*learning_rate=1000000$'

# A trial of the test that failed, by a key that the choosing trials all have alike, so it is no setting:
# not tested, rather than by half. And a setting that the sweep leaves out of an inner fold.
nested_sweep half.yaml "split.fold: [0, 1]" "$inner" "align.lambda: [0, 0.3]" "train.epochs: [2, 3]" "$seeds"
sed -i 's/train: {/&optimizer: {clip_norm: 0}, /' half.yaml
cat >>half.yaml <<'YAML'
    - if: {split.inner_fold: -1, train.seed: 2, split.fold: 1}
      set: {train.optimizer.learning_rate: 1e6}
  exclude:
    - {split.inner_fold: 1, align.lambda: 0.3, train.epochs: 3, split.fold: 0}
YAML
expect_status 1 "$FGF_PROGRAM" run half.yaml -q -o half.h5
same half.h5 auc_validation >counts || exit 1
expect_text out 'split\.fold=1: not tested: 1 of 2 trials of the chosen setting with inner fold -1 done, 1 failed$'
expect_text out '^split\.fold=1 .*  -  .*  1/2  align\.lambda=[0.3]+ train\.epochs=[23]$'
expect_text out 'split\.fold=0: .*epochs=3 is incomplete .* 2 of 2 trials done, the sweep has 1 of its 2 inner folds$'
expect_text out '\(1 of 2 have an auc_test\)$'

# Two events for three inner folds: one is undefined in every setting, and left out for all. The other
# outer split has three.
small_cohort cohort.h5 cases=40 prevalence=0.08 seed=3
nested_sweep few.yaml "split.fold: [0, 1]" "split.inner_fold: [0, 1, 2, -1]" "${settings[@]}" "$seeds"
sed -i 's/^split:.*/split: {kind: kfold, folds: 2, inner_folds: 3}/' few.yaml
expect_status 0 "$FGF_PROGRAM" run few.yaml -q -o few.h5
same few.h5 auc_validation 6 >counts || exit 1
expect_text out 'split\.fold=0: auc_validation is undefined in 1 of 3 inner folds \(one label\?\), left out for all settings alike$'
[ "$(grep -c 'undefined' out)" = 1 ] || fail "more is undefined than there is: $(cat out)"

# A sweep that forgot -1 chooses, and says that nothing is tested.
sed 's/, -1\]/]/; /when:/,$d' few.yaml >forgot.yaml
expect_status 0 "$FGF_PROGRAM" run forgot.yaml -q -o forgot.h5
same forgot.h5 auc_validation 6 >counts || exit 1
expect_text out '^no trial has split\.inner_fold -1, so nothing is tested: add -1 to its values$'
expect_status 0 "$FGF_PROGRAM" status forgot.h5 --table
expect_text out '  \(12 trials averaged\)$'

# Refusals: one line, status 2, nothing on stdout.
refused() {
    expect_status "$1" "$FGF_PROGRAM" status "$2" --choose "$3"
    expect_text err "^fgf: error: .*$4"
    [ "$(grep -c '^fgf: error' err)" = 1 ] && [ ! -s out ] || fail "not one line: $(cat out err)"
}
refused 2 nested.h5 auc_validaton 'no column auc_validaton; did you mean auc_validation\?$'
refused 2 nested.h5 auc_test 'auc_test is of the test cases'
refused 2 nested.h5 loss_test 'loss_test is of the test cases'
refused 2 nested.h5 joint_flow 'joint_flow is no score to choose by'
refused 2 nested.h5 train.seed 'train\.seed is no score to choose by'
refused 2 nested.h5 seed 'no column seed; '
expect_status 2 "$FGF_PROGRAM" status --choose nested.h5
expect_text err 'fgf status RESULTS\.h5 --choose auc_validation$'
expect_status 2 "$FGF_PROGRAM" status nested.h5 --choose auc_validation --json --table
changed() { # FILE SED-SCRIPT: the small sweep over its last cohort, changed
    small_sweep "$1.yaml" "split.fold: [0, 1]" "align.lambda: [0, 0.3]"
    sed -i "$2" "$1.yaml"
    expect_status 0 "$FGF_PROGRAM" run "$1.yaml" -q -o "$1.h5"
}
changed bare 's/, validation: 0.25//'
refused 2 bare.h5 auc_validation 'no trial has an inner fold and none has validation cases'
refused 2 bare.h5 loss_train 'no trial has an inner fold and none has validation cases'
changed outer 's/validation: 0.25/inner_folds: 2/'
refused 2 outer.h5 auc_validation 'has 0 of its 2 inner folds; sweep split\.inner_fold over 0 \.\. 1, and -1'
changed lacks 's/validation: 0.25/inner_folds: 2/; s/split.fold: .*/&\n    split.inner_fold: [1, -1]/'
refused 2 lacks.h5 auc_validation 'has 1 of its 2 inner folds'
changed mixed 's/split.fold: .*/&\n    split.folds: [2, 3]/'
refused 2 mixed.h5 auc_validation 'the sweep mixes: trials 0 and 2 have split\.folds 2 and 3'
changed shares 's/split.fold: .*/&\n    split.validation: [0.2, 0.3]/'
refused 2 shares.h5 auc_validation 'the sweep mixes: .* split\.validation 0\.2 and 0\.3'
nested_sweep tested.yaml "split.fold: [0, 1]" "$inner" "align.lambda: [0, 0.3]"
printf '  exclude: [{split.inner_fold: [0, 1], align.lambda: 0.3}]\n' >>tested.yaml
expect_status 0 "$FGF_PROGRAM" run tested.yaml -q -o tested.h5
refused 2 tested.h5 auc_validation 'the sweep mixes: trials [0-9]* and [0-9]* are of one .* differ in align\.lambda$'
expect_status 0 "$FGF_PROGRAM" run few.yaml -q -o part.h5 --task 1/3
refused 2 part.task-1-of-3.h5 auc_validation 'one task.s part of a sweep; `fgf merge` the parts'
cat >stop.yaml <few.yaml
sed -i 's/epochs: \[1, 2\]/epochs: [5000, 6000]/' stop.yaml
"$FGF_PROGRAM" run stop.yaml -q -o stop.h5 2>killed &
job=$!
for _ in $(seq 500); do
    [ "$(status_count stop.h5 left 2>/dev/null)" ] && break
    sleep 0.02
done
{ kill -9 $job; wait $job; } 2>/dev/null
refused 3 stop.h5 auc_validation 'none of the [0-9]* trials is done yet'

# What it will refuse, or can never choose or test, is told of the sweep before hours are spent: in one
# line, by check and by plan, and no fault. Where there is nothing to tell, nothing is said.
foreseen() { # SWEEP [PATTERN]
    local command
    for command in check "plan --seconds 0"; do
        expect_status 0 "$FGF_PROGRAM" $command "$1"
        if [ $# = 1 ]; then
            ! grep warning err || fail "$command warns of $1"
        else
            expect_text err "^fgf: warning: $1: .*$2"
            [ "$(grep -c warning err)" = 1 ] || fail "$command: not one line: $(cat err)"
        fi
    done
}
for sweep in nested few own bare shares; do
    foreseen $sweep.yaml
done
foreseen forgot.yaml 'no trial has split\.inner_fold -1, so what .* cannot be tested: add -1'
foreseen outer.yaml 'will refuse the results: the sweep has 0 of its 2 inner folds; sweep split\.inner_fold'
foreseen lacks.yaml 'will refuse the results: the sweep has 1 of its 2 inner folds'
foreseen tested.yaml 'will refuse the results: the sweep mixes: trials [0-9]* and [0-9]* are of one '
foreseen half.yaml 'can never choose 1 of 8 settings \(align\.lambda=0\.3 train\.epochs=3 of split\.fold=0\): .* lacks inner folds$'
sed 's/exclude:.*/exclude: [{split.inner_fold: -1, align.lambda: 0.3, split.fold: 1}]/' tested.yaml >untested.yaml
foreseen untested.yaml 'cannot test 1 of 4 settings \(align\.lambda=0\.3 of split\.fold=1\): .* lacks split\.inner_fold -1$'
nested_sweep mixes.yaml "split.fold: [0, 1]" "split.folds: [2, 3]" "$inner" "align.lambda: [0, 0.3]"
foreseen mixes.yaml 'will refuse the results: the sweep mixes: .* have split\.folds 2 and 3; one sweep for each'
mpi 2 "$FGF_PROGRAM" check forgot.yaml >out 2>err || fail "2 ranks: $(cat err)"
[ "$(grep -c warning err)" = 1 ] || fail "2 ranks do not warn once: $(cat err)"
# Without inner folds there is no inner fold 0.
small_sweep none.yaml "split.inner_fold: [0, -1]"
expect_status 2 "$FGF_PROGRAM" check none.yaml
expect_text err 'split\.inner_fold: 0, but split\.inner_folds is 0$'

# Pipes that close, and a full disk; ranks beside the first have nothing to say.
"$FGF_PROGRAM" status nested.h5 --choose auc_validation 2>err | head -n 1 >out
[ "$(wc -l <out)" = 1 ] && [ ! -s err ] || fail "a pipe that closes: $(cat out err)"
if [ -e /dev/full ]; then
    for more in "" --json; do
        "$FGF_PROGRAM" status nested.h5 --choose auc_validation $more >/dev/full 2>err
        [ $? = 4 ] || fail "a full disk is no error"
        expect_text err 'the results cannot be written to standard output'
    done
fi
"$FGF_PROGRAM" status nested.h5 --choose auc_validation >one
mpi 2 "$FGF_PROGRAM" status nested.h5 --choose auc_validation >two 2>err || fail "2 ranks: $(cat err)"
cmp one two || fail "2 ranks say something else"
exit 0
