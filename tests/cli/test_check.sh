#!/usr/bin/env bash
# fgf check on many trials: what they share is looked at once, and still every fault is found, once.
. "$(dirname "$0")/../sweep.sh"
cd "$work" || exit 1
small_cohort cohort.h5
cat >sweep.yaml <<YAML
data: {path: cohort.h5}
split: {kind: kfold, folds: 3, validation: 0.25}
model:
  layers: [conv: {channels: 3, kernel: 3, padding: 1}, prelu, max_pool: {size: 2}, flatten, dense: {units: 1}]
train: {epochs: 2}
features: [size]
noise: {draws: 9}
sweep:
  grid:
    split.fold: [0, 1, 2]
    model.layers.0.channels: [2, 3]
    train.seed: [$(seq -s, 1 400)]
YAML
expect_status 0 "$FGF_PROGRAM" check sweep.yaml
expect_text out '^sweep\.yaml: 2400 trials, no fault$'

sed -e 's/fold: \[0, 1, 2\]/fold: [0, 1, 7]/' -e 's/channels: \[2, 3\]/size: [2, 99]/' \
    -e 's/layers\.0\.size/layers.2.size/' sweep.yaml >faulty.yaml
expect_status 2 "$FGF_PROGRAM" check faulty.yaml
expect_text err 'faulty\.yaml:10:24: split\.fold: 7; with 3 folds'
expect_text err 'faulty\.yaml:[0-9]+:[0-9]+: layer 3 \(max_pool\): window 99 x 99 does not fit'
[ "$(grep -c 'split.fold' err)" = 1 ] && [ "$(grep -c 'window 99' err)" = 1 ] ||
    fail "a fault is listed more than once: $(cat err)"

# Splits that leave a class out show whatever else is swept.
sed -e 's/kind: kfold, folds: 3, validation: 0.25/kind: fixed, file: roles.csv/' -e '/split.fold/d' \
    sweep.yaml >fixed.yaml
for ((i = 1; i <= 30; i++)); do printf 'phantom-%06d,test\n' $i; done >roles.csv
expect_status 2 "$FGF_PROGRAM" check fixed.yaml
expect_text err 'the training part has no case with label 1 \(and 0 with label 0\) in fixed [^ ]*roles\.csv; both'
exit 0
