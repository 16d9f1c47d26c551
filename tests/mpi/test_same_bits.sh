#!/usr/bin/env bash
# Results have the same bits on any number of ranks, in groups of any size, and with any number of
# flows advanced together.
. "$(dirname "$0")/../sweep.sh"

# Nothing divides anything: 30 cases, batches of 7, microbatches of 3, up to 4 ranks. One network is
# smooth and drops out, the other piecewise linear with overlapping windows. Early stopping looks at
# validation cases after each epoch.
small_cohort "$work/cohort.h5"
cat >"$work/sweep.yaml" <<'YAML'
data: {path: cohort.h5}
split: {kind: kfold, folds: 3, validation: 0.25}
model: {layers: [flatten, dense: {units: 1}]}
train:
  epochs: 5
  batch: 7
  microbatch: 3
  patience: 2
  balanced: true
  optimizer: {learning_rate: 0.1}
  augment: {flip_row: true, rotate90: true, rotation_degrees: 10, shift_pixels: 1, noise: 0.01}
features: [size, mean, variance, centroid_row, edge_strength]
align: {features: [size, mean]}
flow: {greatest_length: 0.4, step: 0.05}
noise: {draws: 19, smooth: [1]}
score: {cases: all, resamples: 19}
sweep:
  list:
    - model.layers:
        - conv: {channels: 3, kernel: 3, padding: 1}
        - softplus
        - average_pool: {size: 2}
        - dropout: {p: 0.3}
        - flatten
        - dense: {units: 5}
        - tanh
        - dense: {units: 1}
    - model.layers:
        - conv: {channels: 4, kernel: 3}
        - prelu
        - max_pool: {size: 3, stride: 2}
        - flatten
        - dropout: {p: 0.2}
        - dense: {units: 5}
        - leaky_relu
        - dense: {units: 1}
  grid:
    align.lambda: [0, 0.7]
  zip:
    align.form: [joint, per_feature]
    train.optimizer.method: [sgd, adamw]
YAML

run() { # run RESULTS RANKS [options]: on RANKS ranks, 0 = without mpirun
    local results=$1 ranks=$2
    shift 2
    if [ "$ranks" = 0 ]; then
        expect_status 0 "$program" run "$work/sweep.yaml" -q -o "$work/$results" "$@"
    else
        expect_status 0 mpi "$ranks" "$program" run "$work/sweep.yaml" -q -o "$work/$results" "$@"
    fi
}

program=$FGF_PROGRAM
run alone.h5 0
[ "$(rows "$work/alone.h5" | grep -c ' done ')" = 8 ] || fail "not all of the 8 trials are done"
# Early stopping has kept an earlier network somewhere, or the test says little.
"$program" export "$work/alone.h5" --json >"$work/trials.json"
expect_text "$work/trials.json" '"best_epoch": [1-4],'

for ranks in 1 2 3 4; do
    run "ranks$ranks.h5" $ranks
    same_rows "$work/alone.h5" "$work/ranks$ranks.h5" "$ranks ranks"
done
for group in 1 2 3 4; do
    run "group$group.h5" 4 --group-size $group
    same_rows "$work/alone.h5" "$work/group$group.h5" "4 ranks, groups of $group"
done
run lanes.h5 0 score.lanes=3
same_rows "$work/alone.h5" "$work/lanes.h5" "3 lanes"

# Verified by other numbers of ranks than it was made by.
expect_status 0 mpi 3 "$program" verify "$work/alone.h5"
[ "$(grep -c 'the same bits' "$work/out")" = 8 ] || fail "verify: $(cat "$work/out")"
expect_text "$work/out" '8 trials run again on 3 ranks: 0 differ'
expect_status 0 "$program" verify "$work/group4.h5" --trial 5
expect_text "$work/out" '^trial 5: the same bits$'

# The double precision program keeps the same promise, and its bits, checksums and all, are not
# those that the float program finds.
program=${FGF_PROGRAM}_f64
if [ -x "$program" ]; then
    run double1.h5 0 train.epochs=2
    run double3.h5 3 train.epochs=2 --group-size 3
    same_rows "$work/double1.h5" "$work/double3.h5" "double precision, 3 ranks"
    expect_status 1 "$FGF_PROGRAM" verify "$work/double1.h5"
    expect_text "$work/out" '^trial 0: DIFFERS$'
    expect_text "$work/out" '^  /prediction/logit: [0-9]+ of 30 differ$'
fi
exit 0
