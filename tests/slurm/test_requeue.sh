#!/usr/bin/env bash
# A job that is told to stop puts itself back into the queue and ends with the bits of an undisturbed
# run; one that was cancelled does not, nor one that never gets anywhere.
. "$(dirname "$0")/cluster.sh"
cluster_up
cd "$work" || exit 1
small_cohort cohort.h5
# The first trials take a moment, the later ones long enough to be stopped in the middle.
small_sweep sweep.yaml 'train.epochs: [2, 3, 60000]'
submit=(sweep.yaml -n 2 -g 1 -t 5 --requeue -o)

# A program that always says that it was stopped, and an honest word about what it has done: nothing.
printf '#!/bin/sh\n[ "$1" != run ] || exit 75\n' >stopper
chmod +x stopper
"$FGF_PROGRAM" submit "${submit[@]}" stuck.sbatch -r stuck.h5 >/dev/null || fail "no script"
sed -i 's/^retries=.*/retries=1/; s/^fgf=.*/fgf=.\/stopper/; s/=sweep$/=stuck/' stuck.sbatch
stuck=$(sbatch --parsable stuck.sbatch)

job=$(submit_go "${submit[@]}" once.sbatch -r r.h5) || exit 1
job_at_work "$job" r.h5 2
scancel --signal=USR1 "$job"
expect_status 0 "$FGF_PROGRAM" run sweep.yaml -q -o alone.h5
job_ends "$job" 0
[ "$(job_field "$job" Restarts)" = 1 ] || fail "the job was started again $(job_field "$job" Restarts) times"
log=sweep-$job.log
expect_text "$log" '^sweep: stopped before the end of the sweep; requeued to go on \(start 2\)$'
expect_text "$log" 'goes on'
expect_text "$log" '^sweep: all done: r\.h5$'
same_rows alone.h5 r.h5 "stopped, requeued, finished"
[ ! -e r.h5.restarts ] && [ ! -e r.h5.checkpoints ] || fail "something is left behind: $(ls)"

# Cancelled: it ends, cleanly, and stays away.
rm r.h5
job=$(sbatch --parsable once.sbatch)
job_at_work "$job" r.h5 2
scancel "$job"
job_wait "$job" 30
[ "$(job_field "$job" JobState)" = CANCELLED ] || fail "cancelled: $(job_field "$job" JobState)"
[ "$(job_field "$job" Restarts)" = 0 ] || fail "a cancelled job is requeued"

# Once more after the start without progress, and no more.
job_ends "$stuck" 75
[ "$(job_field "$stuck" Restarts)" = 1 ] || fail "stuck: $(job_field "$stuck" Restarts) restarts"
expect_text stuck-"$stuck".log '^stuck: no progress in 1 starts, not requeued'
exit 0
