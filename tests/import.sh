# For tests of `fgf import`, on top of lib.sh.
#
#   make_cohort FOLDER CASES png|nifti [two] [wide]   images, table.csv and import.yaml (make_cohort.py)
#   dataset FILE                               a dataset file as text: the whole, its cases, the excluded
#   same_dataset FILE FILE WHAT                fails unless both hold the same, excluded cases too
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

dataset_rows=$FGF_BUILD/tests/cli/dataset_rows
[ -x "$FGF_PROGRAM" ] || skip "$FGF_PROGRAM is not built"
command -v python3 >/dev/null || skip "python3 is not installed"

make_cohort() {
    python3 "$FGF_SOURCE/tests/make_cohort.py" "$@" || fail "no cohort"
}

dataset() {
    "$dataset_rows" "$1" || fail "$1 cannot be read"
}

same_dataset() {
    local a b
    a=$(dataset "$1") && b=$(dataset "$2") || exit 1
    [ "$a" = "$b" ] && return 0
    diff <(echo "$a") <(echo "$b") >&2
    fail "$3: another dataset"
}
