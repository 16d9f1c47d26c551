#!/usr/bin/env bash
# Jobs one after another: a link goes on where the one before it was stopped, the ones after the
# last trial end at once, and what waits for the last link begins.
. "$(dirname "$0")/cluster.sh"
cluster_up
cd "$work" || exit 1
small_cohort cohort.h5
small_sweep sweep.yaml 'train.epochs: [2, 3, 60000]'

last=$(submit_go sweep.yaml -r r.h5 --chain 3 -n 2 -g 1 -t 5) || exit 1
mapfile -t link < <(grep -oE 'job [0-9]+$' submitted | grep -oE '[0-9]+')
[ ${#link[@]} = 3 ] && [ "${link[2]}" = "$last" ] || fail "3 links expected: $(cat submitted)"
after=$(sbatch --parsable --dependency=afterok:"$last" --output=after.log --wrap 'echo after')
job_at_work "${link[0]}" r.h5 2
[ "$(job_field "${link[1]}" JobState)" = PENDING ] || fail "two links run at the same time"
scancel --signal=USR1 "${link[0]}"
expect_status 0 "$FGF_PROGRAM" run sweep.yaml -q -o alone.h5
job_ends "${link[0]}" 75
job_ends "${link[1]}" 0
job_ends "${link[2]}" 0
job_ends "$after" 0
expect_text sweep-"${link[1]}".log 'goes on'
expect_text sweep-"${link[2]}".log '3 of 3 trials are done'
same_rows alone.h5 r.h5 "a chain of jobs"
exit 0
