#!/usr/bin/env bash
# How often MPI fails to start under srun on two nodes, for each way in which Slurm's PMIx has ranks
# wait for each other: the private Slurm of the tests, 16 ranks, a program that starts MPI and ends.
#
#   tests/bench/slurm_starts.sh [STARTS]          default 200 of each, about a second a start
#
# Wants what tests/slurm wants: root, Slurm, munge. The program is FGF_PROGRAM, or
# build/release/fgf. Other work on the machine makes failures likelier.
source=$(cd "$(dirname "$0")/../.." && pwd)
export FGF_SOURCE=$source FGF_BUILD=${FGF_BUILD:-$source/build/release}
export FGF_PROGRAM=${FGF_PROGRAM:-$FGF_BUILD/fgf}
cluster_cpus=16
. "$source/tests/slurm/cluster.sh"
cluster_up
cd "$work" || exit 1
export starts=${1:-200}

echo "| SLURM_PMIX_FENCE | starts | failed |"
echo "|---|---|---|"
for fence in mixed tree ring; do
    SLURM_PMIX_FENCE=$fence salloc -Q -N 2 -n 16 --mem-per-cpu=100M bash -c '
        failed=0
        for ((k = 0; k < starts; k++)); do
            srun --mpi=pmix --wait=60 "$FGF" --version >start.log 2>&1 || failed=$((failed + 1))
        done
        echo "| $SLURM_PMIX_FENCE | $starts | $failed |"'
done
