#!/usr/bin/env bash
# The memory that fgf plan tells before a run against what the run took: at 512 x 512 pixels and at
# the size of a first try. They may differ by 7 % and 15 MB, which MPI, HDF5 and BLAS take when
# they are first used. Bytes, no times.
. "$(dirname "$0")/../sweep.sh"
fgf=$FGF_PROGRAM
cd "$work" || exit 1
allowed=15

network() { # network FILE DATASET LAYERS: a sweep of one trial
    cat >"$1" <<YAML
data: {path: $2}
split: {kind: kfold, folds: 3}
model: {layers: [$3]}
train: {epochs: 2, batch: 8, microbatch: 8}
align: {lambda: 0.5}
features: [size, mean, centroid_row]
flow: {target: ascend, length: 0.5, greatest_length: 0.5, step: 0.05}
noise: {draws: 49, smooth: [1]}
score: {cases: none, resamples: 9}
YAML
}

# planned FILE: high-water mark in MB; run: "planned measured" as a run logs them
planned() {
    "$fgf" plan -s 0 "$@" | sed -nE 's/^  high-water mark +([0-9.]+) .*/\1/p'
}
run() {
    rm -f r.h5
    expect_status 0 "$fgf" run "$@" -q -o r.h5 --checkpoint 1e-9
    sed -nE 's/^fgf: memory of a rank: at most ([0-9.]+) MB planned, ([0-9.]+) MB measured$/\1 \2/p' err
}

# near A B: within 7 % and the constant; below A B: A is not above B by more

near() {
    awk -v a="$1" -v b="$2" -v c=$allowed 'BEGIN {d = a > b ? a - b : b - a; exit !(a > 0 && b > 0 && d <= 0.07 * b + c)}' ||
        fail "$3: $1 MB planned, $2 MB measured"
}
below() {
    awk -v a="$1" -v b="$2" -v c=$allowed 'BEGIN {exit !(a > 0 && b > 0 && a <= 1.07 * b + c)}' || fail "$3: $1 and $2 MB"
}

small_cohort large.h5 cases=12 size=512
small_cohort small.h5 cases=96 size=48
conv='conv: {channels: 32, kernel: 5, padding: 2}'
network large.yaml large.h5 "$conv, prelu, max_pool: {size: 4}, conv: {channels: 64, kernel: 3, padding: 1},
  prelu, max_pool: {size: 4}, flatten, dense: {units: 16}, prelu, dense: {units: 1}"
network small.yaml small.h5 "conv: {channels: 8, kernel: 3, padding: 1}, prelu, max_pool: {size: 2},
  flatten, dense: {units: 1}"

for size in small large; do
    for changed in align.lambda=0.5 align.lambda=0 train.microbatch=2 "train.augment.flip_row=true"; do
        mark=$(planned $size.yaml "$changed")
        read -r before measured <<<"$(run $size.yaml "$changed")"
        near "$before" "$measured" "$size, $changed"
        near "$mark" "$measured" "fgf plan, $size, $changed"
    done
    # With flows the plan is a bound: every lane is given the largest tumour.
    read -r before measured <<<"$(run $size.yaml score.cases=all)"
    below "$measured" "$before" "$size, more measured than planned with flows"
    below "$before" "$(awk -v m="$measured" 'BEGIN {print 1.4 * m}')" "$size, planned far more than measured with flows"
done

# Room for features goes by the largest tumour: over the whole volume, co-occurrence takes 34 MB.
small_cohort volume.h5 cases=6 size=64 depth=32
network volume.yaml volume.h5 "conv: {channels: 1, kernel: 3, padding: 1}, prelu, max_pool: {size: 8},
  flatten, dense: {units: 1}"
plain=$(planned volume.yaml score.cases=all)
sed -i 's/centroid_row/cooccurrence_contrast/' volume.yaml
textured=$(planned volume.yaml score.cases=all)
awk -v a="$plain" -v b="$textured" 'BEGIN {exit !(b - a < 10)}' ||
    fail "co-occurrence in a volume plans $textured MB, without it $plain MB"
read -r before measured <<<"$(run volume.yaml score.cases=all)"
below "$measured" "$before" "volume, more measured than planned"

# Training at 512 pixels is most of it, and the plan sees what makes it larger.
awk -v a="$(planned large.yaml)" -v b="$(planned large.yaml train.microbatch=1 train.batch=8)" \
    'BEGIN {exit !(a > 1.4 * b)}' || fail "a smaller microbatch plans as much memory"

# The trial with the most is named; the table has every part.
printf 'sweep: {grid: {train.microbatch: [1, 8, 4]}}\n' >>large.yaml
expect_status 0 "$fgf" plan -s 0 large.yaml
expect_text out '^memory of a rank, MB; the most has trial 1$'
for part in 'program, libraries, open dataset' 'cases of the cohort' 'noise maps' \
    'network and results of the trial' 'training: gradients, optimizer' 'training: tape' \
    'training: images and features' 'evaluation' 'scoring, flows of whole length' 'high-water mark'; do
    expect_text out "^  $part +[0-9.]+( |$)"
done
exit 0
