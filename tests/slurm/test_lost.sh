#!/usr/bin/env bash
# A rank is killed, and the others do not wait for it for ever; a whole node is lost, and Slurm starts
# the job again on the other one. What was done stays done, and the end has the undisturbed bits.
. "$(dirname "$0")/cluster.sh"
cluster_up
cd "$work" || exit 1
small_cohort cohort.h5
small_sweep sweep.yaml 'train.epochs: [2, 3, 60000]'
expect_status 0 "$FGF_PROGRAM" run sweep.yaml -q -o alone.h5

# The rank alone on the second node, of which the other node's PMIx hears nothing.
"$FGF_PROGRAM" submit sweep.yaml -r r.h5 -n 3 -N 2 -g 1 -t 5 >out || fail "no script"
sed -i 's/--wait=60/--wait=5/' sweep.sbatch
job=$(sbatch --parsable sweep.sbatch)
job_at_work "$job" r.h5 2
rows r.h5 >seen
mapfile -t victims < <(node_ranks n2)
[ ${#victims[@]} = 1 ] || fail "${#victims[@]} ranks on n2, where 1 was expected"
kill -KILL "${victims[@]}"
job_ends "$job" 137 60
expect_text sweep-"$job".log '^sweep: status 137: a rank or its node was lost'
[ -z "$(comm -23 seen <(rows r.h5))" ] || fail "a committed row is lost"
job=$(sbatch --parsable sweep.sbatch)
job_ends "$job" 0
same_rows alone.h5 r.h5 "after a rank was killed"

# A node.
rm r.h5
"$FGF_PROGRAM" submit sweep.yaml -r r.h5 -n 2 -N 1 -g 1 -t 5 --force >out || fail "no script"
job=$(sbatch --parsable sweep.sbatch)
job_at_work "$job" r.h5 2
rows r.h5 >seen
node_lost "$(job_field "$job" NodeList)"
job_ends "$job" 0
[ "$(job_field "$job" Restarts)" = 1 ] || fail "the job was not started again"
expect_text sweep-"$job".log 'took over r\.h5\.lock|2 of 3 trials are done'
[ -z "$(comm -23 seen <(rows r.h5))" ] || fail "a committed row is lost"
same_rows alone.h5 r.h5 "after a node was lost"
exit 0
