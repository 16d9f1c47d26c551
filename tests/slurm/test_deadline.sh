#!/usr/bin/env bash
# A sweep that is longer than its job's time: fgf looks at the clock and ends by itself before Slurm
# ends it, with status 75, the trainings under way saved. Takes the minute that is the shortest time
# of a job.
. "$(dirname "$0")/cluster.sh"
cluster_up
cd "$work" || exit 1
small_cohort cohort.h5
small_sweep sweep.yaml 'train.epochs: [1000000]'

# The signal is left out: what is shown is the clock.
"$FGF_PROGRAM" submit sweep.yaml -r r.h5 -n 1 -t 1 >out || fail "no script"
sed -i '/--signal/d' sweep.sbatch
job=$(sbatch --parsable sweep.sbatch)
job_ends "$job" 75
[ "$(job_field "$job" JobState)" = FAILED ] || fail "the job ends as $(job_field "$job" JobState)"
expect_text sweep-"$job".log 'the deadline is in [0-9]+ s'
expect_text sweep-"$job".log '^sweep: status 75: stopped before the end of the sweep'
[ "$(find r.h5.checkpoints -name '*.checkpoint' | wc -l)" = 1 ] || fail "no checkpoint is left"
exit 0
