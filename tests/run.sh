#!/usr/bin/env bash
# Installs what is missing, builds fgf and its tests, runs them, and counts.
#
#   tests/run.sh           the release build with gcc, a build with clang, and under sanitizers the unit
#                          tests and the whole program
#   tests/run.sh --quick   the release build alone
#   tests/run.sh -R NAME   only the release tests whose name matches
set -uo pipefail
cd "$(dirname "$0")/.."
. cmake/prepare.sh
prepare test || exit $?
allow_mpi

quick=0 filter=()
while [ $# -gt 0 ]; do
  case "$1" in
  --quick) quick=1 ;;
  -R) quick=1 filter=(-R "$2"); shift ;;
  *) echo "usage: tests/run.sh [--quick] [-R NAME]" >&2; exit 2 ;;
  esac
  shift
done

# Tests on real data run where it lies beside the project, and are skipped and counted elsewhere.
[ -d ../shared/data ] && export FGF_SHARED=${FGF_SHARED:-$(cd ../shared && pwd)}

passed=0 failed=0 skipped=0

# Runs ctest on a preset and adds up its lines.
run_tests() {
  local preset=$1 log=build/$1/tests.log
  shift
  # One more than there are processors: some tests mostly wait.
  ctest --preset "$preset" -j $(($(nproc) + 1)) "$@" | tee "$log" | grep -vE '^ +Start |Passed +[0-9.]+ sec$'
  if ! grep -qE '^ *[0-9]+/[0-9]+ Test ' "$log"; then
    echo "no test was run: FAILED"
    failed=$((failed + 1))
  fi
  passed=$((passed + $(grep -cE '^ *[0-9]+/[0-9]+ Test .* Passed ' "$log")))
  skipped=$((skipped + $(grep -cE '^ *[0-9]+/[0-9]+ Test .*\*\*\*Skipped' "$log")))
  failed=$((failed + $(grep -E '^ *[0-9]+/[0-9]+ Test ' "$log" |
    grep -cvE ' Passed |\*\*\*Skipped')))
}

# build PRESET [OPTION...]; a build counts as one test: warnings are errors.
build() {
  if cmake --preset "$@" -DBUILD_TESTING=ON >"build/$1.configure.log" 2>&1 &&
    cmake --build --preset "$1" >"build/$1.build.log" 2>&1; then
    echo "build $1: passed"
    passed=$((passed + 1))
  else
    echo "build $1: FAILED"
    tail -n 40 "build/$1.configure.log" "build/$1.build.log"
    failed=$((failed + 1))
    return 1
  fi
}

mkdir -p build
# Release tests run the whole program of the build with sanitizers too (mpi/test_sanitized).
if [ $quick = 0 ] && build asan; then
  export FGF_BUILD_ASAN=$PWD/build/asan
fi
build release && run_tests release ${filter[@]+"${filter[@]}"}
if [ $quick = 0 ]; then
  # clang is asked for its warnings alone, which need neither optimization nor what a debugger reads.
  if command -v clang >/dev/null; then
    build clang -DCMAKE_BUILD_TYPE=Debug -DCMAKE_C_FLAGS_DEBUG= -DCMAKE_CXX_FLAGS_DEBUG=
  else
    skipped=$((skipped + 1))
  fi
  [ -z "${FGF_BUILD_ASAN:-}" ] || run_tests asan -R '^unit/'
fi
echo
if [ "$skipped" -gt 0 ]; then
  echo "$passed passed, $failed failed, $skipped skipped"
else
  echo "$passed passed, $failed failed"
fi
[ "$failed" = 0 ]
