#!/usr/bin/env bash
# Volumes go the whole way: training with the regularizer, flows, scores, the same bits on any number of
# ranks. A network with kernels and pools of three different extents, one that is smooth, and one that
# reads a volume slice by slice (kernels of depth 1).
. "$(dirname "$0")/../sweep.sh"

small_cohort "$work/cohort.h5" depth=9 slice_spacing=2.5
cat >"$work/sweep.yaml" <<'YAML'
data: {path: cohort.h5}
split: {kind: kfold, folds: 3, validation: 0.25}
model: {layers: [flatten, dense: {units: 1}]}
omega: {dilate_mm: 2.5}
train:
  epochs: 3
  batch: 7
  microbatch: 3
  optimizer: {learning_rate: 0.05}
  augment: {flip_slice: true, flip_row: true, shift_pixels: 1, noise: 0.01}
features: [size, mean, variance, centroid_row, edge_strength, entropy]
align: {features: [size, mean]}
flow: {greatest_length: 0.4, step: 0.05}
noise: {draws: 19, smooth: [1]}
score: {cases: all, resamples: 19}
sweep:
  list:
    - model.layers:
        - conv: {channels: 3, kernel: [2, 3, 3], padding: [1, 1, 1]}
        - prelu
        - max_pool: {size: [2, 3, 2], stride: [1, 2, 2]}
        - conv: {channels: 4, kernel: 3}
        - leaky_relu
        - flatten
        - dense: {units: 1}
    - model.layers:
        - conv: {channels: 3, kernel: 3, padding: 1}
        - softplus
        - average_pool: {size: 2}
        - dropout: {p: 0.3}
        - flatten
        - dense: {units: 1}
    - model.layers:
        - conv: {channels: 3, kernel: [1, 3, 3]}
        - silu
        - max_pool: {size: [3, 2, 2]}
        - flatten
        - dense: {units: 1}
  grid:
    align.lambda: [0, 0.7]
YAML

expect_status 0 "$FGF_PROGRAM" run "$work/sweep.yaml" -q -o "$work/alone.h5"
[ "$(rows "$work/alone.h5" | grep -c ' done ')" = 6 ] || fail "not all of the 6 trials are done"
for ranks in 2 3; do
    expect_status 0 mpi $ranks "$FGF_PROGRAM" run "$work/sweep.yaml" -q -o "$work/ranks$ranks.h5" \
        --group-size $ranks
    same_rows "$work/alone.h5" "$work/ranks$ranks.h5" "$ranks ranks"
done

exit 0
