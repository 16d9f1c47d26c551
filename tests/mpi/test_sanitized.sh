#!/usr/bin/env bash
# The whole program under AddressSanitizer, LeakSanitizer and UndefinedBehaviorSanitizer, alone and
# on two ranks. $FGF_BUILD_ASAN is the folder of that build; tests/run.sh makes it.
. "$(dirname "$0")/../import.sh"
[ -n "${FGF_BUILD_ASAN:-}" ] || skip "no build with sanitizers (FGF_BUILD_ASAN)"
FGF_PROGRAM=$FGF_BUILD_ASAN/fgf
[ -x "$FGF_PROGRAM" ] || fail "$FGF_PROGRAM is not built"
grep -q __asan_init "$FGF_PROGRAM" || fail "$FGF_PROGRAM is built without AddressSanitizer"
cd "$work" || exit 1

# A report is an exit status of its own, and whole stacks are needed to tell whose a leak is.
export ASAN_OPTIONS=exitcode=99:detect_leaks=1:fast_unwind_on_malloc=0:strict_string_checks=1
export LSAN_OPTIONS=suppressions=$FGF_SOURCE/tests/sanitizers/lsan.supp:print_suppressions=0
export UBSAN_OPTIONS=print_stacktrace=1
export FGF_TEST_SECONDS=150

# within COMMAND...: started once more if it does not end, or if a child of it, which opens files for
# it, does not. A sanitizer's allocator is not safe where a process forks while another thread (of MPI)
# allocates: seldom, the child waits for ever. That fgf does not hang is for the tests of builds without
# sanitizers.
within() {
    local status=0
    "$@" || status=$?
    [ $status = 124 ] || grep -q 'HDF5 library does not come to an end' err || return $status
    "$@" 2>err
}

# clean STATUS arguments...: fgf alone and on two ranks; FILE in them becomes a name of its own
clean() {
    local status=$1 ranks
    shift
    for ranks in 1 2; do
        if [ $ranks = 1 ]; then
            expect_status "$status" within timeout -k 5 $FGF_TEST_SECONDS "$FGF_PROGRAM" "${@//FILE/alone}"
        else
            expect_status "$status" within mpi 2 "$FGF_PROGRAM" "${@//FILE/ranks}"
        fi
        if grep -E 'Sanitizer|runtime error' err; then fail "a report: fgf $*"; fi
    done
}

cat >sweep.yaml <<'YAML'
data: {path: alone.h5}
split: {kind: kfold, folds: 3, validation: 0.25}
model:
  layers:
    - conv: {channels: 4, kernel: 5, padding: 2}
    - prelu
    - max_pool: {size: 3, stride: 2}
    - dropout: {p: 0.2}
    - flatten
    - dense: {units: 8}
    - LAYER
    - dense: {units: 1}
train:
  epochs: 2
  batch: 7
  microbatch: 3
  patience: 1
  augment: {flip_row: true, rotation_degrees: 10, shift_pixels: 1, noise: 0.01}
omega: {dilate_mm: 1}
features: [size, mean, variance, skewness, kurtosis, centroid_row, log_aspect_ratio, edge_strength,
           entropy]
align: {features: [size, mean]}
noise: {draws: 19, smooth: [1]}
score: {cases: all, resamples: 19}
sweep:
  grid:
    align.lambda: [0, 1]
    train.optimizer.method: [sgd, adamw]
YAML
sed 's/LAYER/leaky_relu/' sweep.yaml >linear.yaml
sed 's/LAYER/tanh/; s/max_pool/average_pool/; s/- prelu/- gelu/' sweep.yaml >smooth.yaml

clean 0 phantom -o FILE.h5 cases=24 size=24
clean 0 check alone.h5
for sweep in linear smooth; do
    clean 0 check $sweep.yaml -d alone.h5
    clean 0 plan $sweep.yaml -d alone.h5
    clean 0 run $sweep.yaml -d alone.h5 -o $sweep.FILE.h5
    clean 0 run $sweep.yaml -d alone.h5 -o $sweep.FILE.h5 # again: nothing is left to do
    clean 0 status $sweep.FILE.h5
    clean 0 status --json $sweep.FILE.h5
    clean 0 status --table $sweep.FILE.h5
    clean 0 export $sweep.FILE.h5
    clean 0 export $sweep.FILE.h5 --json
    clean 0 export $sweep.FILE.h5 --column /alignment/cosine_flow
    clean 0 verify $sweep.FILE.h5 -d alone.h5 --trial 3
done
clean 0 run linear.yaml -d alone.h5 -o linear.FILE.h5 train.epochs=1 # laid out anew
clean 0 phantom -o other.h5 cases=13 size=24 seed=5
clean 0 score linear.alone.h5 --trial 2 -d other.h5 -o scored.FILE.h5
# Stopped in a training, gone on from its checkpoint, and stopped again.
for start in 1 2; do
    clean 75 run linear.yaml -d alone.h5 -o stopped.FILE.h5 --deadline 4s --margin 2 train.patience=0 \
        train.epochs=1000000
done
clean 0 help
clean 0 help spec

# Import, and a network on two channels.
make_cohort png 7 png two
make_cohort nifti 7 nifti two
clean 0 import png/import.yaml -o png.FILE.h5
clean 0 import nifti/import.yaml -o nifti.FILE.h5 preprocess.spacing='[1, 1]' \
    preprocess.interpolation=cubic preprocess.smooth_sigma=0.5 preprocess.size='[12, 12]'
head -c 60 png/images/B-003.png >cut.png && mv cut.png png/images/B-003.png
clean 3 import png/import.yaml -o bad.FILE.h5
clean 0 import png/import.yaml -o some.FILE.h5 --on-bad-case exclude

# Errors leave nothing unfreed either.
clean 2 run linear.yaml -d alone.h5 -o x.h5 train.epoch=1
clean 2 run linear.yaml -d alone.h5 -o x.h5 split.folds=1000
clean 2 check png/import.yaml
clean 2 rnu
clean 3 run linear.yaml -d sweep.yaml -o x.h5
clean 3 status alone.h5
clean 4 run linear.yaml -d alone.h5 -o nowhere/x.h5
clean 1 run linear.yaml -d alone.h5 -o failed.FILE.h5 train.optimizer.learning_rate=1000000
exit 0
