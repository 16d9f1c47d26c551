#!/usr/bin/env bash
# A job array of two tasks and the job that merges what they leave; then the same with a task that
# was cancelled, which is submitted again alone, and merged.
. "$(dirname "$0")/cluster.sh"
cluster_up
cd "$work" || exit 1
small_cohort cohort.h5
small_sweep sweep.yaml 'align.lambda: [0, 0.5]' 'train.seed: [1, 2, 3]'

merge=$(submit_go sweep.yaml -r r.h5 --array 2 -n 2 -t 5) || exit 1
expect_status 0 "$FGF_PROGRAM" run sweep.yaml -q -o alone.h5
job_ends "$merge" 0
expect_text sweep-merge-"$merge".log '^6 trials: 6 done'
[ "$(status_count r.task-1-of-2.h5 done)" -gt 0 ] || fail "task 1 has done nothing"
[ $(($(status_count r.task-1-of-2.h5 done) + $(status_count r.task-2-of-2.h5 done))) = 6 ] ||
    fail "the tasks have not shared the trials"
same_rows alone.h5 r.h5 "a job array, merged"

# Task 2 is cancelled before it begins; the merge runs all the same and says what is missing.
rm r.h5 r.task-*
array=$(sbatch --parsable --hold sweep.sbatch)
merge=$(sbatch --parsable --dependency=afterany:"$array" sweep.merge.sbatch)
scancel "${array}_2"
scontrol release "$array"
job_ends "$merge" 75
log=sweep-merge-$merge.log
expect_text "$log" 'task 2/2: [1-5] of [1-5] trials are missing, no part of it is here'
expect_text "$log" '^sweep-merge: status 75: '
array=$(sbatch --parsable --array=2 sweep.sbatch)
merge=$(sbatch --parsable --dependency=afterany:"$array" sweep.merge.sbatch)
job_ends "$merge" 0
same_rows alone.h5 r.h5 "a task run again, merged again"
exit 0
