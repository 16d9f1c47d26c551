#!/usr/bin/env bash
# Runs a program of a rank on that rank's core: `mpirun -n 2 bash pinned.sh PROGRAM ...`, with the
# cores in FGF_BENCH_CORES.
read -ra cores <<<"$FGF_BENCH_CORES"
exec taskset -c "${cores[$OMPI_COMM_WORLD_LOCAL_RANK]}" "$@"
