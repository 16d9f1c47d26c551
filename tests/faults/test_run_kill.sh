#!/usr/bin/env bash
# A run on two ranks is killed: a rank or mpirun at a random moment, or a rank inside a write of the
# results file. What is left must be readable by any HDF5 tool and hold whole rows alone, those
# among them that were seen before, and running again must end with the bits of an undisturbed run.
#
#   FGF_FAULT_CASES=N   kills of each kind (4)       FGF_FAULT_SEED=N   of the moments (1)
. "$(dirname "$0")/../sweep.sh"
command -v mpirun >/dev/null || skip "mpirun is not installed"
shim=$FGF_BUILD/tests/faults/write_faults.so
[ -e "$shim" ] || skip "$shim is not built"
cases=${FGF_FAULT_CASES:-4}
RANDOM=${FGF_FAULT_SEED:-1}
# In a build with the address sanitizer its library does not come first then.
export ASAN_OPTIONS="verify_asan_link_order=0:${ASAN_OPTIONS:-}"
cd "$work" || exit 1

small_cohort cohort.h5
small_sweep sweep.yaml 'align.lambda: [0, 0.5]' 'train.seed: [1, 2, 3]'
# Long enough that there is a middle to be killed in.
sed -i 's/^train: {epochs: 2,/train: {epochs: 50,/; s/cases: test/cases: all/
    s/step: 0.05/step: 0.002/' sweep.yaml
job=(mpirun --oversubscribe --bind-to none -n 2)
program=("$FGF_PROGRAM" run sweep.yaml -q -o r.h5)

# Each rank counts its own writes.
faulty() { # faulty MODE EVENT RANK: the run, whose rank RANK suffers at that event
    FGF_FAULT=$1:$2 victim=$3 shim=$shim timeout -k 5 120 "${job[@]}" bash -c '
        [ "$OMPI_COMM_WORLD_RANK" = "$victim" ] || exec "$@"
        LD_PRELOAD=$shim FGF_FAULT_COUNT=count.$victim exec "$@"' _ "${program[@]}" \
        </dev/null >out 2>err
}

now() { echo $((${EPOCHREALTIME/[.,]/} / 1000)); } # milliseconds

# start: begins a run in the background; sets $launcher
start() {
    "${job[@]}" "${program[@]}" </dev/null >out 2>err &
    launcher=$!
    trap 'kill -KILL $launcher $(pgrep -P $launcher) 2>/dev/null; rm -rf "$work"' EXIT
}

begin=$(now)
start
until [ -e r.h5 ] || ! kill -0 $launcher 2>/dev/null; do sleep 0.01; done
created=$(($(now) - begin))
wait $launcher || fail "the undisturbed run fails: $(cat err)"
ended=$(($(now) - begin))
rows r.h5 >expected
[ "$(wc -l <expected)" = 6 ] || fail "6 trials should be done"

# What an interrupted run left, and the run after it.
examine() {
    local what=$1 done=0
    if [ -e r.h5 ]; then
        expect_status 0 "$FGF_PROGRAM" status --json r.h5
        expect_text out '"not_whole": 0'
        if command -v h5dump >/dev/null; then
            h5dump r.h5 >/dev/null 2>err || { cat err; fail "$what: h5dump cannot read the file"; }
        fi
        rows r.h5 >left
        [ -z "$(comm -23 left expected)" ] || fail "$what: a row has other bits"
        [ -z "$(comm -23 seen left)" ] || fail "$what: a committed row is lost"
        done=$(wc -l <left)
    fi
    expect_status 0 "${program[@]}"
    [ "$done" = 0 ] || expect_text err "r\.h5: $done of 6 trials are done"
    rows r.h5 | cmp -s - expected || fail "$what: the second run ends with other bits"
    [ ! -e r.h5.part ] || fail "$what: r.h5.part is left behind"
    echo "$what: $done trials were done"
}

wait_for_end() { # of all these processes
    local process tries
    for process; do
        for ((tries = 0; tries < 300; tries++)); do
            kill -0 "$process" 2>/dev/null || continue 2
            sleep 0.1
        done
        kill -KILL "$process"
        fail "process $process outlives its job by 30 s"
    done
}

# At a random moment, from shortly before the file is there to the end.
for ((case = 0; case < 2 * cases; case++)); do
    rm -f r.h5*
    : >seen
    start
    delay=$((created * 8 / 10 + RANDOM * (ended - created * 8 / 10) / 32768))
    sleep "$((delay / 1000)).$(printf %03d $((delay % 1000)))"
    mapfile -t ranks < <(pgrep -P $launcher)
    [ ! -e r.h5 ] || rows r.h5 >seen
    if [ $((case % 2)) = 0 ] && [ ${#ranks[@]} -gt 0 ]; then
        what="rank $((RANDOM % ${#ranks[@]})) killed after $delay ms"
        kill -KILL "${ranks[RANDOM % ${#ranks[@]}]}" 2>/dev/null
    else
        what="mpirun killed after $delay ms"
        kill -KILL $launcher 2>/dev/null
    fi
    wait $launcher 2>/dev/null
    wait_for_end "${ranks[@]}"
    examine "$what"
done

: >seen
for rank in 0 1; do
    rm -f r.h5*
    faulty count 0 $rank || fail "the counted run fails: $(cat err)"
    events=$(head -n 1 count.$rank)
    [ "$events" -gt 10 ] || fail "rank $rank has only $events writes"
    for ((case = 0; case < cases; case++)); do
        event=$((1 + RANDOM * events / 32768))
        # Rank 0's first events lay the file out: let half of the cases be later, in rows.
        [ $((case % 2)) = 0 ] || event=$((events - RANDOM * 60 / 32768))
        mode=$(printf '%s\n' half before after | sed -n "$((1 + case % 3))p")
        rm -f r.h5* count.$rank
        # Trials go to whichever rank is free: this time it may have had fewer writes.
        if faulty "$mode" "$event" $rank; then
            [ "$(head -n 1 count.$rank)" -lt "$event" ] || fail "rank $rank survives $mode event $event"
        fi
        examine "rank $rank killed $mode write $event of $events"
    done
done

# Asked to stop, by a signal to the whole job's ranks: 75, and a second run goes on.
stopped() { # stopped SIGNAL RANKS
    rm -f r.h5*
    : >seen
    if [ "$2" = 1 ]; then
        "${program[@]}" </dev/null >out 2>err &
        launcher=$!
        ranks=($launcher)
    else
        start
    fi
    trap 'kill -KILL $launcher $(pgrep -P $launcher) 2>/dev/null; rm -rf "$work"' EXIT
    for ((tries = 0; tries < 200; tries++)); do
        [ ! -e r.h5 ] || [ "$(rows r.h5 | wc -l)" = 0 ] || break
        sleep 0.02
    done
    [ "$2" = 1 ] || mapfile -t ranks < <(pgrep -P $launcher)
    kill -"$1" "${ranks[@]}"
    wait $launcher
    status=$?
    # The last trial may have been done just then.
    [ $status = 75 ] || [ "$(rows r.h5 | wc -l)" = 6 ] || { cat err; fail "$1: status $status"; }
    expect_text err 'stopped on request|results: '
    examine "$2 ranks stopped by $1"
}
stopped INT 1
stopped TERM 1
stopped TERM 2
stopped USR1 2
exit 0
