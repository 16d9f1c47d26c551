#!/usr/bin/env bash
# One job on two nodes: the script as `fgf submit` writes it, the same bits as without Slurm, what
# follows on success, exit statuses that are passed on.
. "$(dirname "$0")/cluster.sh"
cluster_up
cd "$work" || exit 1
small_cohort cohort.h5
small_sweep sweep.yaml
expect_status 0 "$FGF_PROGRAM" run sweep.yaml -q -o alone.h5

job=$(submit_go sweep.yaml -r r.h5 -n 4 -N 2 -t 5) || exit 1
after=$(sbatch --parsable --dependency=afterok:"$job" --output=after.log \
    --wrap "$FGF_PROGRAM status r.h5")
job_ends "$job" 0
expect_text sweep-"$job".log "^sweep: all done: r\.h5$"
expect_text sweep-"$job".log '^fgf: 4 trials to run on 4 ranks'
expect_text sweep-"$job".log '^fgf: the deadline is in [0-9]+ s'
same_rows alone.h5 r.h5 "a job of 4 ranks on 2 nodes"
job_ends "$after" 0
expect_text after.log '^4 trials: 4 done'

# Submitted again nothing is run; the log goes on in a file of its own.
job=$(sbatch --parsable sweep.sbatch)
job_ends "$job" 0
expect_text sweep-"$job".log '4 of 4 trials are done'

# Further arguments reach fgf run; its exit status is the job's, with a line on what it means.
job=$(sbatch --parsable sweep.sbatch train.epoch=3)
after=$(sbatch --parsable --dependency=afterok:"$job" --wrap true)
job_ends "$job" 2
expect_text sweep-"$job".log "did you mean 'train\.epochs'"
expect_text sweep-"$job".log '^sweep: status 2: the sweep or the command line'
for ((tries = 0; tries < 50; tries++)); do
    [ "$(job_field "$after" Reason)" != DependencyNeverSatisfied ] || break
    sleep 0.2
done
[ $tries -lt 50 ] || fail "what waits for success: $(scontrol show job "$after")"
scancel "$after"

# The template, edited by hand as it says.
sed "s/^sweep=.*/sweep=sweep.yaml/; s/^results=.*/results=hand.h5/; s/2G/200M/" \
    "$FGF_SOURCE/slurm/fgf.sbatch" >hand.sbatch
job=$(sbatch --parsable hand.sbatch)
job_ends "$job" 0
same_rows alone.h5 hand.h5 "the template"
exit 0
