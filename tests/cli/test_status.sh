#!/usr/bin/env bash
# fgf status: at once by the seals, with --check by the rows; and files of another version.
. "$(dirname "$0")/../sweep.sh"
cd "$work" || exit 1
small_cohort cohort.h5
small_sweep sweep.yaml
expect_status 0 "$FGF_PROGRAM" run sweep.yaml -q -o r.h5
expect_status 0 "$FGF_PROGRAM" status r.h5
expect_text out '^4 trials: 4 done, 0 failed, 0 left \(0 of them marked as running\), 0 rows not whole'
[ "$(wc -l <out)" = 1 ] || fail "more is said than there is: $(cat out)"
cp r.h5 whole.h5
command -v /usr/bin/python3 >/dev/null && /usr/bin/python3 -c 'import h5py' 2>/dev/null ||
    skip "h5py is not there to damage files with"

# damage FILE DATASET INDEX: turns over a bit of one value, by the file's own offsets.
damage() {
    /usr/bin/python3 - "$@" <<'PY'
import h5py, sys
name, path, index = sys.argv[1], sys.argv[2], int(sys.argv[3])
with h5py.File(name, "r") as f:
    d = f[path]
    at = d.id.get_offset() + index * (d.id.get_storage_size() // d.shape[0])
with open(name, "r+b") as f:
    f.seek(at)
    byte = f.read(1)[0] ^ 1
    f.seek(at)
    f.write(bytes([byte]))
PY
}

# A number of the row, not read by a look; found by --check, and run again by --check-rows.
damage r.h5 /prediction/logit 2
[ "$(status_count r.h5 done)" = 4 ] || fail "a look reads rows"
expect_status 0 "$FGF_PROGRAM" status --check r.h5
expect_text out '^4 trials: 3 done, 0 failed, 1 left .* 1 rows not whole'
expect_text out 'fgf run --check-rows'
expect_status 3 "$FGF_PROGRAM" export r.h5 --column /prediction/logit
expect_text err 'the row of trial 2 does not agree with its checksum; `fgf run --check-rows`'
expect_status 0 "$FGF_PROGRAM" run sweep.yaml -q -o r.h5 --check-rows
expect_text err '^fgf: 1 trial to run'
same_rows r.h5 whole.h5 "a damaged row, run again"

# A small value: seen at once.
damage r.h5 /trial/auc_test 1
[ "$(status_count r.h5 done) $(status_count r.h5 not_whole) $(status_count r.h5 left)" = "3 1 1" ] ||
    fail "a wrong bit under a seal: $("$FGF_PROGRAM" status r.h5)"
expect_status 0 "$FGF_PROGRAM" run sweep.yaml -q -o r.h5
expect_text err '^fgf: 1 trial to run'
same_rows r.h5 whole.h5 "a broken seal, run again"

# What ended with a process is counted, and checkpoints are.
damage r.h5 /trial/crashes 3
mkdir -p r.h5.checkpoints
: >r.h5.checkpoints/0123456789abcdef0123456789abcdef.checkpoint
: >r.h5.checkpoints/half.checkpoint.part
expect_status 0 "$FGF_PROGRAM" status r.h5
expect_text out '^1 trial ended with a process at least once; 0 quarantined$'
expect_text out '^1 training goes on from a checkpoint$'
[ "$(status_count r.h5 crashed) $(status_count r.h5 checkpoints)" = "1 1" ] || fail "counts as JSON"

# The first arrangement of results files had no version: refused by name, and left alone.
/usr/bin/python3 -c 'import h5py
with h5py.File("whole.h5", "r+") as f: del f.attrs["store_version"]' || fail "h5py"
cksum <whole.h5 >before
for command in "status whole.h5" "run sweep.yaml -q -o whole.h5" "merge new.h5 whole.h5" \
    "export whole.h5"; do
    expect_status 3 "$FGF_PROGRAM" $command
    expect_text err '^fgf: error: whole\.h5 is a results file of version 1, written by fgf .* use the fgf it was made with, or another file$'
done
cksum <whole.h5 | cmp -s - before || fail "a file of another version was changed"
exit 0
