#!/usr/bin/env bash
# Measures fgf against PyTorch, side by side on the same cores, and prints the table of
# docs/performance.md.
#
#   tests/bench/run.sh [--quick] [--rows PATTERN] [--cores LIST] [--output FILE] [--markdown]
#   tests/bench/run.sh --help
set -uo pipefail
cd "$(dirname "$0")/../.."
. cmake/prepare.sh

export PYTHONDONTWRITEBYTECODE=1
python=/usr/bin/python3
command -v $python >/dev/null || python=python3
for argument in "$@"; do
  case "$argument" in
  --help | -h | --list | --from | --from=* | --build | --build=*)
    exec $python tests/bench/bench.py "$@" ;;
  esac
done

prepare bench || exit $?
$python -c 'import h5py, numpy, torch' 2>/dev/null ||
  echo "PyTorch is not installed for $python (Debian: python3-torch python3-h5py): ours alone" >&2
mkdir -p build
if ! { cmake -S . -B build/bench -G Ninja -DCMAKE_BUILD_TYPE=Release -DFGF_BENCH=ON \
  -DBUILD_TESTING=OFF && cmake --build build/bench; } >build/bench.log 2>&1; then
  tail -n 40 build/bench.log >&2
  exit 1
fi
exec $python tests/bench/bench.py "$@"
