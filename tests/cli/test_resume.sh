#!/usr/bin/env bash
# Run again: what is done is not run again and keeps its bits, whatever becomes of the sweep around
# it; what changed is run; what failed is run on request.
. "$(dirname "$0")/../sweep.sh"
cd "$work" || exit 1
small_cohort cohort.h5

# lambdas_and_seeds LIST LIST: writes the sweep.
lambdas_and_seeds() {
    small_sweep sweep.yaml "align.lambda: $1" "train.seed: $2"
}

# run_prints STATUS TO_RUN [arguments]: fgf run on r.h5 ends with STATUS after TO_RUN trials.
run_prints() {
    local status=$1 left=$2
    shift 2
    expect_status "$status" "$FGF_PROGRAM" run sweep.yaml -q -o r.h5 "$@"
    if [ "$left" = 0 ]; then
        grep -q 'to run on' err && { cat err; fail "trials are run where none should be: $*"; }
    else
        expect_text err "^fgf: $left trials to run on 1 rank$"
    fi
}

# Every line of $1 stands in $2, bits and all.
kept() {
    [ -z "$(comm -23 "$1" "$2")" ] || { diff "$1" "$2" >&2; fail "$3: rows are lost or changed"; }
}

lambdas_and_seeds '[0, 0.5]' '[1, 2]'
run_prints 0 4
rows r.h5 >four
inode=$(stat -c %i r.h5)
run_prints 0 0
expect_text err '4 of 4 trials are done$'
rows r.h5 | cmp -s - four || fail "running again changes rows"
[ "$(stat -c %i r.h5)" = "$inode" ] || fail "the file was laid out anew for nothing"

# Extended by a seed: two more trials, one for each lambda; then by a lambda.
lambdas_and_seeds '[0, 0.5]' '[1, 2, 3]'
run_prints 0 2
expect_text err 'laid out anew$'
rows r.h5 >six
kept four six "a longer list of seeds"
lambdas_and_seeds '[0, 0.25, 0.5]' '[1, 2, 3]'
run_prints 0 3
rows r.h5 >nine
kept six nine "a lambda more"
[ "$(wc -l <nine)" = 9 ] || fail "$(wc -l <nine) trials where 9 were asked for"

# A longer list in one go ends with the same bits.
expect_status 0 "$FGF_PROGRAM" run sweep.yaml -q -o once.h5
same_rows r.h5 once.h5 "step by step and in one go"

# Reordered: nothing to do, and the rows follow the sweep.
lambdas_and_seeds '[0.5, 0, 0.25]' '[3, 1, 2]'
run_prints 0 0
rows r.h5 | cmp -s - nine || fail "another order changes rows"
[ "$("$FGF_PROGRAM" export r.h5 --column /trial/train.seed | sed -n '2,4s/.*,//p' | tr '\n' ' ')" = \
    "3 1 2 " ] || fail "rows do not follow the sweep's order"

# Shortened: the others stay in the file, out of the way, and count again when they are asked for.
lambdas_and_seeds '[0.5, 0]' '[1]'
run_prints 0 0
[ "$(status_count r.h5 done)" = 2 ] || fail "2 trials of the shortened sweep are not done"
[ "$(status_count r.h5 no_longer_asked_for)" = 7 ] || fail "rows of the longer sweep are not kept"
rows r.h5 | sed 's/ unasked / done /' | cmp -s - nine || fail "a shorter sweep changes rows"
lambdas_and_seeds '[0, 0.25, 0.5]' '[1, 2, 3]'
run_prints 0 0
rows r.h5 | cmp -s - nine || fail "rows do not come back with the longer sweep"
expect_status 0 "$FGF_PROGRAM" verify r.h5
expect_text out '^9 trials run again on 1 rank: 0 differ$'

# A longer epoch axis: other trials, whose rows have other extents.
lambdas_and_seeds '[0, 0.5]' '[1, 2]'
run_prints 0 4 train.epochs=3
run_prints 0 0
"$FGF_PROGRAM" export r.h5 --column /prediction/logit >before
run_prints 0 0
expect_status 0 "$FGF_PROGRAM" run sweep.yaml -q -o fresh.h5
"$FGF_PROGRAM" export fresh.h5 --column /prediction/logit | cmp -s - before ||
    fail "rows that were copied between layouts are not those of a fresh run"

# A key that is part of what a trial is: all of them again. One that is not: none.
rm r.h5
run_prints 0 4
run_prints 0 4 train.optimizer.learning_rate=0.01
run_prints 0 0
run_prints 0 0 score.lanes=2
run_prints 0 0 --data ./cohort.h5
cp cohort.h5 elsewhere.h5
run_prints 0 0 data.path=elsewhere.h5

# Files that a sweep names count by what they hold.
for ((i = 1; i <= 30; i++)); do
    printf 'phantom-%06d,%s\n' $i "$([ $((i % 3)) = 0 ] && echo test || echo train)"
done >roles.csv
for ((i = 0; i < 16; i++)); do echo 1 0 0 0 0 0 0 0 0 0 0 0 0 0 0 "$i"; done >map.txt
files=(split.kind=fixed split.file=roles.csv split.validation=0
    'features=[size, linear: {map: map.txt}]')
run_prints 0 4 "${files[@]}"
run_prints 0 0 "${files[@]}"
sed -i '2s/train/out/' roles.csv
run_prints 0 4 "${files[@]}"
sed -i '1s/1/2/' map.txt
run_prints 0 4 "${files[@]}"
run_prints 0 0 "${files[@]}"
run_prints 0 0

# fgf plan knows what is done.
lambdas_and_seeds '[0, 0.5]' '[1, 2, 3]'
expect_status 0 "$FGF_PROGRAM" plan sweep.yaml -o r.h5
[ "$(grep -c ' done ' out)" = 4 ] || fail "plan: $(cat out)"
expect_text out '^6 trials, 4 done, 0 failed, 2 to do'

# Trials that diverge fail with epoch and case; the others are done; failed ones stay failed until
# they are asked for.
rm r.h5
small_sweep sweep.yaml 'train.optimizer.learning_rate: [0.02, 1e6]' 'train.seed: [1, 2]'
set -- train.optimizer.clip_norm=0
run_prints 1 4 "$@"
expect_text err '^fgf: 2 done, 2 failed, 0 left'
expect_text err 'trial [0-9]+ failed: training diverged: .* in epoch [0-9]+'
[ "$(status_count r.h5 failed)" = 2 ] && [ "$(status_count r.h5 done)" = 2 ] ||
    fail "2 trials should have failed, 2 be done: $("$FGF_PROGRAM" status r.h5)"
expect_status 0 "$FGF_PROGRAM" status --table r.h5
expect_text out 'failed .*training diverged: .* in epoch [0-9]+( at case phantom-|, step )'
rows r.h5 >failed
run_prints 1 0 "$@"
expect_text err '2 trials failed before; --retry-failed runs them again'
run_prints 1 2 --retry-failed "$@"
rows r.h5 | cmp -s - failed || fail "the second try ends otherwise"

# Under MPI the same failures have the same words.
expect_status 1 mpi 3 "$FGF_PROGRAM" run sweep.yaml -q -o ranks.h5 "$@" -g 3
same_rows r.h5 ranks.h5 "failed trials on 3 ranks"

# Another dataset: the results file is of the first one.
small_cohort cohort.h5 seed=2
expect_status 2 "$FGF_PROGRAM" run sweep.yaml -q -o r.h5 "$@"
expect_text err 'r\.h5.*dataset'
rows r.h5 | cmp -s - failed || fail "a refused run changes the file"
expect_status 3 "$FGF_PROGRAM" verify r.h5
exit 0
