#!/usr/bin/env bash
# Each instruction set gives the same bits on any number of ranks; one set's results agree with
# another's within rounding: logits, flows and scores of networks trained for two epochs.
. "$(dirname "$0")/../sweep.sh"

# 48 px, a tumour in zeros: cases run on windows. One pool overlaps, the other does not.
small_cohort "$work/cohort.h5" size=48
small_sweep "$work/sweep.yaml" "align.lambda: [0, 0.5]" "model.layers:
      - [conv: {channels: 9, kernel: 5, padding: 2}, prelu, max_pool: {size: 4}, conv: {channels: 20, kernel: 3}, prelu, max_pool: {size: 2}, flatten, dense: {units: 1}]
      - [conv: {channels: 8, kernel: 3}, max_pool: {size: 3, stride: 1}, leaky_relu, conv: {channels: 17, kernel: 3, stride: 2}, softplus, max_pool: {size: 3, stride: 2}, flatten, dense: {units: 1}]"

sets=
for set in portable avx2 avx512; do
    export FGF_INSTRUCTION_SET=$set
    status=0
    "$FGF_PROGRAM" run "$work/sweep.yaml" -q -o "$work/$set.h5" >/dev/null 2>"$work/err" || status=$?
    if [ $status = 2 ] && grep -q 'which this processor lacks' "$work/err"; then
        [ $set != portable ] || fail "no processor lacks the portable set"
        continue
    fi
    [ $status = 0 ] || { cat "$work/err" >&2; fail "$set: exit status $status"; }
    expect_status 0 mpi 3 "$FGF_PROGRAM" run "$work/sweep.yaml" -q -o "$work/$set.3.h5" --group-size 3
    same_rows "$work/$set.h5" "$work/$set.3.h5" "$set on 3 ranks"
    sets="$sets $set"
done
unset FGF_INSTRUCTION_SET

# Largest difference of two columns of numbers, against the largest number of either.
difference() {
    paste -d, "$1" "$2" | awk -F, '
        { n = NF / 2; x = $n; y = $NF }
        NR == 1 { next }
        (x == "" || x == "nan") != (y == "" || y == "nan") { print "one is missing in line " NR; exit }
        x == "" || x == "nan" { next }
        { d = x - y; d = d < 0 ? -d : d; if (d > worst) worst = d
          x = x < 0 ? -x : x; if (x > most) most = x; count++ }
        END { if (count < 1 || most == 0) print "no numbers"
              else printf "%.3g\n", worst / most }'
}

for column in /prediction/logit /flow/length /alignment/square_flow; do
    for set in $sets; do
        "$FGF_PROGRAM" export "$work/$set.h5" --column $column >"$work/$set.csv" 2>"$work/err" ||
            { cat "$work/err" >&2; fail "no column $column"; }
        found=$(difference "$work/portable.csv" "$work/$set.csv")
        awk -v found="$found" 'BEGIN { exit !(found ~ /^[0-9.e+-]+$/ && found + 0 <= 1e-3) }' ||
            fail "$column: $set is off the portable set by $found"
        echo "$column: $set is off the portable set by $found"
    done
done
# The sets are not one and the same under different names.
for set in $sets; do
    [ $set = portable ] || ! cmp -s <(rows "$work/portable.h5") <(rows "$work/$set.h5") ||
        fail "$set gives the bits of the portable set: FGF_INSTRUCTION_SET is not heeded"
done
exit 0
