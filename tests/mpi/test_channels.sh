#!/usr/bin/env bash
# Cases of two images: import, training on both, Omega and features that name theirs.
. "$(dirname "$0")/../import.sh"
cd "$work" || exit 1
make_cohort cohort 24 nifti two
expect_status 0 mpi 2 "$FGF_PROGRAM" import cohort/import.yaml -o cohort.h5
dataset cohort.h5 >cohort.txt
expect_text cohort.txt ' shape 2 1 12 16 .* channel ct \[-50, 205\] HU channel pet \[0, 100\] SUV$'

cat >sweep.yaml <<'YAML'
data: {path: cohort.h5}
split: {kind: kfold, folds: 3, validation: 0.25}
model:
  layers:
    - conv: {channels: 4, kernel: 3, padding: 1}
    - prelu
    - max_pool: {size: 2}
    - flatten
    - dense: {units: 1}
train: {epochs: 3, batch: 7, microbatch: 3, optimizer: {learning_rate: 0.05}}
features:
  - mean
  - mean: {name: uptake, channel: 1}
  - size: {name: hot_size, channel: 1, threshold: 50, width: 10}
align: {features: [mean, uptake]}
flow: {greatest_length: 0.3, step: 0.05}
noise: {draws: 9, smooth: [1]}
score: {cases: all, resamples: 9}
sweep:
  grid: {align.lambda: [0, 0.5]}
YAML
# Omega in the second channel alone, and the features that read it.
sed -e '/^  - mean$/d' -e 's/\[mean, uptake\]/[uptake]/' sweep.yaml >second.yaml
echo 'omega: {channels: [1]}' >>second.yaml

# values RESULTS COLUMN FEATURES: trial,case,feature,value of all elements, all of them finite
values() {
    "$FGF_PROGRAM" export "$1" --column "/alignment/$2" | tail -n +2 >values || fail "no $2 in $1"
    [ "$(wc -l <values)" = $((2 * cases * $3)) ] || fail "$1: $(wc -l <values) values of $2"
    if grep -nvE ',-?[0-9][0-9.e+-]*$' values; then fail "$1: $2: a value that is not finite"; fi
    cat values
}
cases=$(grep -c '^case' cohort.txt)
for name in sweep second; do
    expect_status 0 "$FGF_PROGRAM" run $name.yaml -q -o $name.h5
    expect_status 0 mpi 3 "$FGF_PROGRAM" run $name.yaml -q -o $name.ranks.h5
    expect_status 0 mpi 2 "$FGF_PROGRAM" verify $name.ranks.h5
    [ $name = sweep ] && features=3 || features=2
    for column in cosine_input cosine_flow square_flow; do
        values $name.h5 $column $features >$name.$column || exit 1
        values $name.ranks.h5 $column $features | cmp -s $name.$column - ||
            fail "$name, $column: other values on 3 ranks"
    done
done

of_feature() { # of_feature FILE FEATURE: its values in trial 0, a line a case
    awk -F, -v f="$2" '$1 == 0 && $3 == f { print $4 }' "$1"
}
nonzero() { grep -cv '^-\?0$'; }
for feature in 0 1 2; do
    count=$(of_feature sweep.cosine_input $feature | nonzero)
    [ "$count" -gt $((cases / 2)) ] || fail "feature $feature agrees with nothing in $count cases"
done
# Means of two images are two features, and Omega of one image is another than Omega of both.
of_feature sweep.cosine_input 0 >mean
of_feature sweep.cosine_input 1 >uptake
of_feature second.cosine_input 0 >alone
cmp -s mean uptake && fail "the second image's mean is the first one's"
cmp -s uptake alone && fail "Omega of the second image is Omega of both"

# The same network cannot be applied to a cohort of one image, or of other windows.
make_cohort single 12 nifti
expect_status 0 "$FGF_PROGRAM" import single/import.yaml -o single.h5
expect_status 3 "$FGF_PROGRAM" score sweep.h5 --trial 0 -d single.h5 -o scored.h5
sed 's/window: \[0, 100\]/window: [0, 90]/' cohort/import.yaml >cohort/other.yaml
expect_status 0 "$FGF_PROGRAM" import cohort/other.yaml -o other.h5
expect_status 3 "$FGF_PROGRAM" score sweep.h5 --trial 0 -d other.h5 -o scored.h5
expect_text err 'prepared differently.*pet \[0, 90\] SUV.*pet \[0, 100\] SUV'
[ ! -e scored.h5 ] || fail "a refused cohort was scored"
expect_status 2 "$FGF_PROGRAM" check sweep.yaml 'omega.channels=[2]'
expect_text err 'omega\.channels'
expect_status 2 "$FGF_PROGRAM" check sweep.yaml 'omega.channels=[0]'
expect_text err "omega\.channels=\[0\]: feature 'uptake' reads channel 1, which Omega does not have"
expect_status 2 "$FGF_PROGRAM" check sweep.yaml -d single.h5
exit 0
