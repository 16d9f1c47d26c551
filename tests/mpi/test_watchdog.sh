#!/usr/bin/env bash
# The watchdog names the rank that is stuck, its trial and its phase, and ends the job: suspended in
# a group, alone, or as rank 0, or held in a write; and lets be what makes progress.
. "$(dirname "$0")/../sweep.sh"
hang=$FGF_BUILD/src/par/hang_in_write.so
[ -e "$hang" ] || skip "$hang is not built"
cd "$work" || exit 1
FGF_TEST_SECONDS=40

# Prints the processes of the job that there still are; others may have got their numbers since.
left_over() {
    local file process
    for file in "$work"/pid.*; do
        [ -e "$file" ] || continue
        process=$(cat "$file")
        [ "$(readlink "/proc/$process/cwd" 2>/dev/null)" = "$work" ] && echo "$process"
    done
    return 0
}

# What is suspended must not outlive the test.
clean_up() {
    local process
    for process in $(left_over); do kill -KILL "$process"; done
    rm -rf "$work"
}
trap clean_up EXIT

# launch RANKS arguments...: `fgf arguments`, in the background as $job; pid.RANK its processes
launch() {
    local ranks=$1
    shift
    rm -f pid.* log
    mpi "$ranks" bash -c 'echo $$ >pid.$OMPI_COMM_WORLD_RANK; exec "$0" "$@"' \
        "$FGF_PROGRAM" "$@" >log 2>&1 &
    job=$!
}

# suspend RANK|busiest: in its training; sets $rank
suspend() {
    local waited=0
    until grep -q 'to run on' log; do
        sleep 0.1
        waited=$((waited + 1))
        [ $waited -lt 200 ] || { cat log >&2; fail "the trials do not begin"; }
    done
    sleep 1
    rank=$1
    [ "$1" != busiest ] || rank=$(for file in pid.*; do
        echo "$(awk '{print $14}' "/proc/$(cat $file)/stat") ${file#pid.}"
    done | sort -n | awk '{rank = $2} END {print rank}')
    kill -STOP "$(cat "pid.$rank")" || fail "rank $rank cannot be suspended"
}

# expect_end REGEX: the job ends with status 4 and such an error, after the same as a warning
expect_end() {
    local status=0
    wait "$job" || status=$?
    [ $status -eq 4 ] || { cat log >&2; fail "exit status $status where 4 was expected: $1"; }
    expect_text log "^fgf: warning: $1"
    expect_text log "^fgf: error: $1.*The job ends here, what was committed is safe"
    [ -z "$(left_over)" ] || sleep 2
    [ -z "$(left_over)" ] || fail "processes are left over: $1"
}

# named_trial RESULTS DONE: so many trials are done, and the one that the error names is none of them
named_trial() {
    local trial id
    read -r trial id < <(sed -nE 's/^fgf: error: .* in trial ([0-9]+) \(([0-9a-f]{32})\).*/\1 \2/p' log)
    [ -n "${id:-}" ] || { cat log >&2; fail "no trial is named"; }
    [ "$(rows "$1" | grep -c ' done ')" = "$2" ] || fail "not $2 trials done: $(rows "$1")"
    ! rows "$1" | grep "$id" | grep -q ' done ' || fail "trial $trial is named, and it is done"
}

# The library alone: long jobs that progress, and ranks outside all tasks, are let be; a rank that
# never comes to the collective call that others wait in, or has left it for the queue, is named.
alone=$FGF_BUILD/src/par/test_par_watchdog
quiet() {
    expect_status 0 "$@"
    [ ! -s err ] || { cat err >&2; fail "a false alarm: $*"; }
}
ends() { # ends REGEX command...
    expect_status 4 "${@:2}"
    expect_text err "^fgf: warning: $1; the job ends if this lasts 1 s"
    expect_text err "^fgf: error: $1. The job ends here"
}
quiet mpi 3 "$alone" 1 fine
quiet mpi 2 "$alone" 1 leaves
ends "rank 0 \(.*\) has been stuck for [0-9]+ s in job 1, phase sleep 1/2" "$alone" 0.5 stuck
ends "rank 1 \(.*\) has been stuck for [0-9]+ s in job 1, phase sleep 1/2; 2 ranks wait for it" \
    mpi 3 "$alone" 0.5 stuck
ends "rank 1 \(.*\) is awaited for [0-9]+ s by rank 0 in job 1, and waits for work itself" \
    mpi 3 "$alone" 0.5 elsewhere

trial='trial [0-9]+ \([0-9a-f]{32}\)'
silent="has given no sign of life for [0-9]+ s in $trial, phase (train|evaluate) [0-9]+/[0-9]+" # in turn, in each epoch
small_cohort cohort.h5
# Undisturbed: a trial takes several times the limit, and a rank without work waits for its end.
small_sweep uneven.yaml "train.epochs: [11000, 1]"
launch 2 run uneven.yaml -q -o uneven.h5 --watchdog 1
wait $job || { cat log >&2; fail "an undisturbed run"; }
! grep 'warning' log || fail "a false alarm"

# Suspended in a group that trains.
small_sweep endless.yaml "train.epochs: [1000000, 999999]"
launch 3 run endless.yaml -q -o group.h5 --watchdog 1 --group-size 3
suspend 1
expect_end "rank 1 \(.*\) $silent; 2 ranks wait for it"
named_trial group.h5 0

# Suspended with a trial of its own, while the others have no more work.
small_sweep one.yaml "train.epochs: [1000000, 1]"
launch 3 run one.yaml -q -o alone.h5 --watchdog 1 --group-size 1
suspend busiest
expect_end "rank $rank \(.*\) $silent"
named_trial alone.h5 1

# Rank 0, which judges the others.
launch 2 run endless.yaml -q -o first.h5 --watchdog 1 --group-size 1
suspend 0
expect_end "rank 0 \(.*\) $silent"
named_trial first.h5 0

hold() { # hold RANK RANKS arguments...: launch, where writes of RANK do not come back
    export FGF_HANG_RANK=$1
    LD_PRELOAD=$hang launch "${@:2}"
}

# In the write of a row; the process itself goes on. A second run ends with the bits of an
# undisturbed one.
small_sweep sweep.yaml "train.epochs: [500, 501, 1, 2]"
expect_status 0 "$FGF_PROGRAM" run sweep.yaml -q -o whole.h5
hold 1 2 run sweep.yaml -q -o write.h5 --watchdog 1 --group-size 1
expect_end "rank 1 \(.*\) has been stuck for [0-9]+ s in $trial, phase commit"
named_trial write.h5 3
expect_status 0 mpi 2 "$FGF_PROGRAM" run sweep.yaml -q -o write.h5
same_rows whole.h5 write.h5 "after an end by the watchdog"

# An import, in the write of a finished case, while the other rank has no more of them.
if command -v python3 >/dev/null; then
    python3 "$FGF_SOURCE/tests/make_cohort.py" png 7 png || fail "no cohort"
    hold 1 2 import png/import.yaml -o imported.h5 --watchdog 1
    expect_end "rank 1 \(.*\) has been stuck for [0-9]+ s in the import, phase case [0-9]+/7"
fi
exit 0
