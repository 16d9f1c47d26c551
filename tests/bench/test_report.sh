#!/usr/bin/env bash
# The arithmetic of the table of measurements, and that every row of it can be opened and named.
. "$(dirname "$0")/../lib.sh"
python=/usr/bin/python3
command -v $python >/dev/null || python=python3
command -v $python >/dev/null || skip "needs python3"

cd "$FGF_SOURCE/tests/bench" || exit 1
export PYTHONDONTWRITEBYTECODE=1
$python test_report.py >"$work/out" 2>&1 || { cat "$work/out" >&2; fail "test_report.py"; }

expect_status 0 bash run.sh --list
expect_text "$work/out" '^step/512/prelu/8/regularized$'
expect_text "$work/out" '^scoring/reference$'
expect_status 0 bash run.sh --list --rows 'ranks/*/cases'
[ "$(wc -l <"$work/out")" = 2 ] || fail "--rows 'ranks/*/cases' named other rows"
expect_status 1 bash run.sh --list --rows nonsense
expect_text "$work/err" 'no such row'
