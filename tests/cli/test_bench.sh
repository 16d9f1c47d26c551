#!/usr/bin/env bash
# fgf bench: every line is there with numbers above zero, for every instruction set that the machine
# has; the JSON is what the table shows; wrong options are refused. How fast is not tested.
. "$(dirname "$0")/../lib.sh"
fgf=$FGF_PROGRAM
[ -x "$fgf" ] || skip "$fgf is not built"
cd "$work" || exit 1

# Lines of the table as "subject|operation|ms|rate|unit".
lines() {
    sed -nE 's/^(.{36}) (.{12}) +([0-9.]+) +([0-9.]+)  (G[A-Za-z\/]+) *([0-9.]+ %)?$/\1|\2|\3|\4|\5/p' "$1" |
        sed -E 's/ +\|/|/g'
}

checked=0
for set in portable avx2 avx512; do
    status=0
    "$fgf" bench -i $set -s 0 --json $set.json >table 2>err || status=$?
    if [ $status = 2 ] && grep -q 'which this processor lacks' err; then
        [ $set != portable ] || fail "no processor lacks the portable set"
        continue
    fi
    [ $status = 0 ] || { cat err >&2; fail "fgf bench -i $set ends with $status"; }
    expect_text table "^[A-Za-z]*/$set, float(32|64); "
    lines table >found
    expect_text found "^$set\|multiply-add\|"
    for size in 512 1024 2048; do
        expect_text found "^BLAS $size x $size\|product\|.*\|GFLOP/s$"
    done
    for block in '5x5/1 1->32 @512, pool 4/4' '3x3/1 32->64 @128, pool 4/4' \
        '3x3/1 64->128 @32, pool 4/4' '3x3/1 1->8 @180, pool 3/1' '3x3/2 8->16 @176, pool 3/2' \
        '4x4/3 16->32 @43, pool 4/3' '3x3/1 32->32 @64' '3x3x3/1 8->16 @16x32x32' \
        '3x3x3/1 16->32 @16x32x32, pool 2/2'; do
        for operation in forward tangent backward weights; do
            [ "$(grep -cF "$block|$operation|" found)" = 1 ] || fail "$set: $block $operation"
        done
    done
    for layer in 'max-pool 3/1, 32 @128|forward' 'max-pool 3/1, 32 @128|backward' \
        'PReLU 32 @128|forward' 'leaky ReLU 32 @128|derivative' 'softplus 32 @128|forward' \
        'SiLU 32 @128|derivative' 'GELU 32 @128|forward' 'tanh 32 @128|derivative' \
        'dense 8192->256, 8 cases|forward' 'dense 8192->256, 8 cases|backward' \
        'dense 8192->256, 8 cases|weights'; do
        [ "$(grep -cF "$layer|" found)" = 1 ] || fail "$set: $layer"
    done
    awk -F'|' '!($3 > 0 && $4 > 0) {print "not above zero: " $0; bad = 1} END {exit bad}' found >&2 ||
        fail "numbers of $set"
    checked=$((checked + 1))
    [ -x /usr/bin/python3 ] || continue
    /usr/bin/python3 - $set.json $set "$(wc -l <found)" <<'PYTHON' || fail "$set.json"
import json, sys
report = json.load(open(sys.argv[1]))
lines = report["lines"]
assert report["instruction_set"] == sys.argv[2] and report["peak_flops"] > 0
assert len(lines) == int(sys.argv[3]), (len(lines), sys.argv[3])
assert all(l["seconds"] > 0 and l["work"] > 0 and l["rate"] > 0 for l in lines)
assert all(abs(l["work"] / l["seconds"] / l["rate"] - 1) < 1e-3 for l in lines)
# What an operation is counted as: 2 x taps x channels x outputs, behind a pool those of the winners.
work = {(l["subject"], l["operation"]): l["work"] for l in lines}
assert work["5x5/1 1->32 @512, pool 4/4", "forward"] == 2 * 25 * 32 * 512 ** 2
assert work["5x5/1 1->32 @512, pool 4/4", "backward"] == 2 * 25 * 32 * 128 ** 2
assert work["3x3x3/1 8->16 @16x32x32", "weights"] == 2 * 27 * 8 * 16 * 16 * 32 ** 2
PYTHON
done
[ $checked -gt 0 ] || fail "no instruction set was measured"

# The environment says it as well; one rank of several speaks.
FGF_INSTRUCTION_SET=portable expect_status 0 "$fgf" bench -s 0
expect_text out '/portable, float'
expect_status 0 mpi 2 "$fgf" bench -i portable -s 0
[ "$(grep -c '^BLAS 512' out)" = 1 ] || fail "two ranks print two tables"

refused() {
    expect_status 2 "$fgf" bench "${@:2}"
    expect_text err "$1"
    [ ! -s out ] || fail "something on stdout: bench $*"
}
refused "--instruction-set: found 'sse9', expected portable, avx2 or avx512" -i sse9
refused "--seconds: found 'x', expected a number from 0 to 3600" --seconds x
refused "--seconds: found '-1'" --seconds -1
refused "takes options alone, found 'sweep.yaml'" sweep.yaml
refused 'unknown option --jsn; did you mean --json\?' --jsn a
expect_status 4 "$fgf" bench -i portable -s 0 --json nowhere/bench.json
expect_text err '^fgf: error: nowhere/bench\.json: cannot be written: the folder nowhere/: No such file'
exit 0
