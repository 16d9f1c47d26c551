#!/usr/bin/env bash
# mpirun in an allocation of two nodes: the signal reaches the script alone, which passes it on to
# all ranks; the next job goes on.
. "$(dirname "$0")/cluster.sh"
cluster_up
cd "$work" || exit 1
small_cohort cohort.h5
small_sweep sweep.yaml 'train.epochs: [2, 3, 60000]'

job=$(submit_go sweep.yaml -r r.h5 --launcher mpirun -n 4 -N 2 -g 1 -t 5) || exit 1
expect_text sweep.sbatch '^#SBATCH --signal=B:USR1@'
job_at_work "$job" r.h5 2
scancel --batch --signal=USR1 "$job"
expect_status 0 "$FGF_PROGRAM" run sweep.yaml -q -o alone.h5
job_ends "$job" 75
expect_text sweep-"$job".log '^fgf: 3 trials to run on 4 ranks'
expect_text sweep-"$job".log '^sweep: status 75: '
# Nothing was lost, and nothing is counted as a crash.
[ "$(status_count r.h5 running)" = 0 ] || fail "trials are left as running: $(cat out)"
job=$(sbatch --parsable sweep.sbatch)
job_ends "$job" 0
expect_text sweep-"$job".log 'goes on'
same_rows alone.h5 r.h5 "stopped under mpirun, and gone on"

# Cancelled, mpirun itself is ended by TERM and says 1, and the script knows better.
rm r.h5
job=$(sbatch --parsable sweep.sbatch)
job_at_work "$job" r.h5 2
scancel "$job"
job_wait "$job" 30
expect_text sweep-"$job".log '^sweep: status 75: '
[ "$(status_count r.h5 running)" = 0 ] || fail "trials are left as running after scancel"
exit 0
