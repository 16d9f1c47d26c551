# Sums, agreement and merging on 1 to 4 ranks: the same bits on any number of them.
. "$(dirname "$0")/../lib.sh"

for suffix in "" _f64; do
    program=$FGF_BUILD/src/par/test_par_group$suffix
    [ -x "$program" ] || skip "$program is not built"
    expect_status 0 "$program"
    expect_text "$work/out" '^checksum [0-9a-f]{16}$'
    mv "$work/out" "$work/alone"
    for ranks in 1 2 3 4; do
        expect_status 0 mpi $ranks "$program"
        cmp -s "$work/out" "$work/alone" || fail "$ranks ranks: other bits than alone"
    done
done
exit 0
