# Helpers for test scripts: `. "$(dirname "$0")/../lib.sh"`.
#
#   mpi N cmd...             runs cmd on N ranks, at most FGF_TEST_SECONDS (120) seconds
#   fail MESSAGE             ends the test as failed
#   skip MESSAGE             ends the test as skipped (exit 77), saying why
#   expect_status N cmd...   fails unless cmd exits with N; its output goes to $work/out, $work/err
#   expect_text FILE REGEX   fails unless a line of FILE matches (grep -E)
#   need_shared              sets $shared to the folder of shared data, or skips
#
# $work is a temporary folder that is removed at the end. FGF_PROGRAM, FGF_BUILD and FGF_SOURCE
# come from CTest.
set -u
exec 3>&1 # where `skip` speaks even from within expect_status

: "${FGF_SOURCE:=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)}"
: "${FGF_BUILD:=$FGF_SOURCE/build}"
: "${FGF_PROGRAM:=$FGF_BUILD/fgf}"

work=$(mktemp -d "${TMPDIR:-/tmp}/fgf-test.XXXXXX") || exit 1
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

# Containers run as root, and tests have more ranks than cores.
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1

fail() {
    echo "FAILED: $*" >&2
    exit 1
}

skip() {
    echo "skipped: $*" >&3
    exit 77
}

mpi() {
    local ranks=$1
    shift
    command -v mpirun >/dev/null || skip "mpirun is not installed"
    timeout -k 5 "${FGF_TEST_SECONDS:-120}" \
        mpirun --oversubscribe --bind-to none -n "$ranks" "$@" </dev/null
}

expect_status() {
    local expected=$1 status=0
    shift
    "$@" >"$work/out" 2>"$work/err" || status=$?
    [ "$status" -eq "$expected" ] && return 0
    cat "$work/out" "$work/err" >&2
    fail "exit status $status where $expected was expected: $*"
}

expect_text() {
    grep -Eq -- "$2" "$1" && return 0
    cat "$1" >&2
    fail "no line of $(basename "$1") matches: $2"
}

need_shared() {
    shared=${FGF_SHARED:-$(dirname "$FGF_SOURCE")/shared}
    [ -d "$shared/data" ] || skip "needs the shared data (FGF_SHARED)"
}
