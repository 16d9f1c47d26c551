#!/usr/bin/env bash
# A trial that ends its process: by a signal of its own it is given up after two times, killed from
# outside after four, and all others are finished before. Statuses and messages of the signals stay.
. "$(dirname "$0")/../sweep.sh"
shim=$FGF_BUILD/tests/cli/crash_shim.so
[ -e "$shim" ] || skip "$shim is not built"
if grep -q '__asan_init' "$FGF_PROGRAM"; then
    skip "the address sanitizer handles fatal signals itself"
fi
cd "$work" || exit 1
ulimit -c 0

small_cohort cohort.h5
small_sweep sweep.yaml 'align.lambda: [0, 0.5]' 'train.seed: [1, 2, 3]'
program=("$FGF_PROGRAM" run sweep.yaml -q -o r.h5)
expect_status 0 "${program[@]}"
rows r.h5 >expected
bad=$(sed -n '4s/ .*//p' expected)
rm -rf r.h5*

# crash HOW RANKS: a run in which the process that gets to the trial $bad ends there
crash() {
    local job=(bash -c '"$@"; exit $?' _)
    [ "$2" = 1 ] || job=(mpi "$2")
    status=0
    FGF_CRASH_AT=$bad FGF_CRASH_HOW=$1 shim=$shim "${job[@]}" \
        bash -c 'LD_PRELOAD=$shim exec "$@"' _ "${program[@]}" >out 2>err </dev/null || status=$?
}

# The others' rows are there and whole.
others_are_done() {
    rows r.h5 | grep -v "^$bad" >left
    grep -v "^$bad" expected | cmp -s - left || fail "$1: not all of the others are done"
}

quarantined() { # quarantined HOW: in the run that was just made
    [ "$status" = 1 ] || { cat err; fail "$1: status $status of the run that gives up"; }
    expect_text err '^fgf: 0 trials to run on '
    expect_text err '^fgf: warning: trial [0-9]+ failed: quarantined: .*--retry-failed'
    others_are_done "$1"
    rows r.h5 | grep -q "^$bad failed" || fail "$1: the trial is not given up"
    # It stays so, and keys of the sweep stand in its row.
    expect_status 1 "${program[@]}"
    expect_status 0 "$FGF_PROGRAM" export r.h5 --json
    [ "$(grep -c '"train.seed": [123]' out)" = 6 ] || { cat out; fail "$1: a row without its keys"; }
}

mended() { # and run again when its cause is gone
    expect_status 0 "${program[@]}" --retry-failed
    expect_text err '^fgf: 1 trial to run on '
    rows r.h5 | cmp -s - expected || fail "$1: the trial that was given up ends with other bits"
    [ ! -e r.h5.checkpoints ] || fail "$1: checkpoints are left behind"
    rm -rf r.h5*
}

declare -A ends=([fault]=139 [overflow]=139 [abort]=134)
for how in fault overflow abort; do
    crash $how 1
    [ "$status" = "${ends[$how]}" ] || { cat err; fail "$how: status $status"; }
    crash $how 1
    [ "$status" = "${ends[$how]}" ] || { cat err; fail "$how: status $status the second time"; }
    expect_text err '^fgf: 1 trial was under way when a process ended; run last$'
    others_are_done $how
    crash $how 1
    quarantined $how
    mended $how
done

# A count of two is forgotten by --retry-failed: two further crashes are needed.
crash fault 1
crash fault 1
crash fault 1
[ "$status" = 1 ] || fail "not given up: $status"
program+=(--retry-failed)
crash fault 1
unset 'program[-1]'
[ "$status" = 139 ] || { cat err; fail "the retried trial does not run: $status"; }
crash fault 1
[ "$status" = 139 ] || { cat err; fail "given up after a single crash: $status"; }
crash fault 1
quarantined "after a retry"
mended "after a retry"

# Killed without a word: once for every process that was lost.
for ((loss = 0; loss < 4; loss++)); do
    crash kill 1
    [ "$status" = 137 ] || { cat err; fail "loss $loss: status $status"; }
done
others_are_done kill
crash kill 1
quarantined kill
mended kill

# Under mpirun the neighbour's trial is lost too, and not held against it.
command -v mpirun >/dev/null || exit 0
for ((start = 0; start < 6; start++)); do
    crash fault 2
    [ "$status" != 1 ] || break
done
quarantined "two ranks"
expect_status 0 mpi 2 "${program[@]}" --retry-failed
rows r.h5 | cmp -s - expected || fail "two ranks: other bits"

# Nor where it is killed without a word, and the neighbour with it each time: then both are under
# suspicion to the end, and each has its last chance alone.
rm -rf r.h5*
program+=(--group-size 1)
export FGF_CRASH_BESIDE=3 # longer than mpirun waits for the others
for ((start = 0; start < 8; start++)); do
    crash kill 2
    [ "$status" != 1 ] || break
done
quarantined "two ranks, killed"
exit 0
