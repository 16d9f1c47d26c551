# The scheduler on 1 to 4 ranks: each job exactly once, failing and fatal jobs, stops, late owners.
. "$(dirname "$0")/../lib.sh"
program=$FGF_BUILD/src/par/test_par_schedule
[ -x "$program" ] || skip "$program is not built"
FGF_TEST_SECONDS=60

# group size (0 = auto), seconds of the modes that wait, then modes, each with the jobs of one schedule
# after the other; the program checks itself, and what one schedule leaves is what the next begins with
expect_status 0 "$program" 0 0 run 20,20 failing 20
for ranks in 1 2 3 4; do
    for group in 0 2 3; do
        expect_status 0 mpi $ranks "$program" $group 0 run 0,1,3,40,40 failing 20 fatal 60 run 60 stop 60
    done
done

# Rank 0 computes for ten seconds and enters no MPI call: nobody waits for it.
expect_status 0 mpi 3 "$program" 0 10 delay 2000
cat "$work/out"

# A rank that comes three seconds later than its job's cost says is not waited for.
expect_status 0 mpi 2 "$program" 0 3 late 3

# Ranks without work sleep.
expect_status 0 mpi 4 "$program" 0 4 cpu 4
cat "$work/out"

# A signal to one rank, whichever it is, ends the handing out.
signal_one() {
    local line=$1 ranks=$2 waited=0
    : >"$work/ready" # not to be taken for the new job's
    mpi "$ranks" "$program" 0 0 signal 400 >"$work/ready" 2>"$work/err" &
    local job=$!
    until [ "$(grep -c '^ready' "$work/ready")" -eq "$ranks" ]; do
        sleep 0.1
        waited=$((waited + 1))
        [ $waited -lt 200 ] || fail "the ranks did not start"
    done
    sleep 0.5
    kill -USR1 "$(sed -n "${line}s/ready //p" "$work/ready")"
    wait $job || { cat "$work/err" >&2; fail "a signal to one of $ranks ranks"; }
}
signal_one 1 1
signal_one 1 3
signal_one 3 3
exit 0
