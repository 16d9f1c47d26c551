#!/usr/bin/env bash
# Installs what is missing, builds fgf, makes the phantom cohort, runs a small sweep with mpirun on
# all cores, and prints the table of results and where they are.
set -euo pipefail
cd "$(dirname "$0")/.."
. cmake/prepare.sh
prepare build
allow_mpi

[ -f build/release/CMakeCache.txt ] || cmake --preset release -DBUILD_TESTING=OFF >/dev/null
cmake --build --preset release --target fgf
fgf=build/release/fgf
out=results
mkdir -p "$out"

"$fgf" phantom -o "$out/phantom.h5" cases=320 size=40
mpirun -n "$(nproc)" --oversubscribe --bind-to none "$fgf" run experiments/quickstart.yaml \
  --data "$out/phantom.h5" -o "$out/quickstart.results.h5"
echo
echo "The results are in $out/quickstart.results.h5; look again with:"
echo "  $fgf status --table $out/quickstart.results.h5"
