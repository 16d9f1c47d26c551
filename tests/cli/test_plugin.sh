#!/usr/bin/env bash
# A feature of one's own: the example is built, used in training and scoring, and part of a trial's
# identity; one with a wrong gradient is refused before anything is computed.
. "$(dirname "$0")/../sweep.sh"
cd "$work" || exit 1
command -v "${CC:=cc}" >/dev/null || skip "needs a C compiler"
cp "$FGF_SOURCE"/experiments/plugin/rim_contrast.* .

# build SOURCE FILE [option ...]: as the example's first lines say
build() {
    "$CC" -std=c11 -O2 -fPIC -shared "-I$FGF_SOURCE/include" "${@:3}" "$1" -o "$2" -lm ||
        fail "$1 does not compile"
}
build rim_contrast.c rim_contrast.so -Wall -Wextra -Werror -pedantic
small_cohort phantom.h5 cases=40
small=(train.epochs=2 noise.draws=9 score.resamples=9)

# Used: aligned with in training, scored along the flow.
expect_status 0 "$FGF_PROGRAM" check rim_contrast.yaml "${small[@]}"
expect_status 0 "$FGF_PROGRAM" run rim_contrast.yaml -q -o r.h5 "${small[@]}"
[ "$(status_count r.h5 done)" = 2 ] || fail "not both trials are done"
# Feature 2 is the third of the list.
cosines=$("$FGF_PROGRAM" export r.h5 --column /alignment/cosine_flow)
[ "$(grep -cE '^[01],[0-9]+,2,-?0\.[0-9]+' <<<"$cosines")" -gt 10 ] || fail "no cosines: $cosines"
expect_status 0 "$FGF_PROGRAM" verify r.h5

# The same bits on three ranks, each of which loads the file for itself.
expect_status 0 mpi 3 "$FGF_PROGRAM" run rim_contrast.yaml -q -o ranks.h5 "${small[@]}"
same_rows r.h5 ranks.h5 "3 ranks"

# Built anew with the same bytes it is the same trial, with others another one.
cp rim_contrast.so other.so && mv other.so rim_contrast.so
expect_status 0 "$FGF_PROGRAM" run rim_contrast.yaml -q -o r.h5 "${small[@]}"
expect_text err '2 of 2 trials are done'
build rim_contrast.c rim_contrast.so -O0 -g
expect_status 0 "$FGF_PROGRAM" run rim_contrast.yaml -q -o r.h5 "${small[@]}"
expect_text err '2 trials to run'

# refused WHAT PATTERN: rim_contrast.so is refused by check and by run, in one line
refused() {
    expect_status 2 "$FGF_PROGRAM" check rim_contrast.yaml "${small[@]}"
    expect_text err "^(fgf: error: )?rim_contrast\.yaml:31:[0-9]+: feature 'rim_contrast': .*$2"
    expect_status 2 "$FGF_PROGRAM" run rim_contrast.yaml -q -o refused.h5 "${small[@]}"
    expect_text err "$2"
    [ ! -e refused.h5 ] || fail "$1: a results file is left"
}
sed 's/gradient\[i\] = (1 - t \* t)/gradient[i] = 1/' rim_contrast.c >wrong.c
cmp -s rim_contrast.c wrong.c && fail "the example's gradient is not where it was"
build wrong.c rim_contrast.so
refused "wrong gradient" \
    'has a wrong gradient: element [0-9]+ of [0-9]+ \(slice 0, row [0-9]+, column [0-9]+\): found [-0-9.e]+, expected [-0-9.e]+ by central differences'
sed 's/\*value = c->scale/*value = c->scale \/ 0.0/' rim_contrast.c >infinite.c
build infinite.c rim_contrast.so
refused "not finite" 'found h = -?(inf|nan) on a region of [0-9]+ pixels'
sed 's/\.version = FGF_PLUGIN_VERSION/.version = 2/' rim_contrast.c >later.c
build later.c rim_contrast.so
refused "another version" 'found a plug-in of version 2 .*expected version 1'
rm rim_contrast.so
refused "no file" 'cannot open the plug-in .*rim_contrast\.so'
exit 0
