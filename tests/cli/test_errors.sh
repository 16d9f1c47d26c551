#!/usr/bin/env bash
# What a user does wrong, and what the machine does: one clear line a fault, the exit status that
# stands for its kind, and nothing left under the final name.
. "$(dirname "$0")/../sweep.sh"
cd "$work" || exit 1
small_cohort cohort.h5
small_sweep sweep.yaml

# refused STATUS REGEX command...: it fails so, says so, in as many lines as there are faults (and
# one that counts them), and leaves no results behind.
refused() {
    local status=$1 regex=$2
    shift 2
    expect_status "$status" timeout 60 "$@"
    expect_text err "$regex"
    if grep -qv '^fgf: ' err; then cat err >&2; fail "a line that is not fgf's: $*"; fi
    [ ! -s out ] || fail "something on stdout: $*"
    left=$(find . -name 'r.h5*' ! -name '*.lock')
    [ -z "$left" ] || fail "$left is left behind: $*"
}

# with SED_SCRIPT: the sweep, changed, as bad.yaml
with() {
    sed "$1" sweep.yaml >bad.yaml
    ! cmp -s sweep.yaml bad.yaml || fail "the sweep has nothing like $1"
}

fgf=$FGF_PROGRAM

# An instruction set that is none: said before anything else.
FGF_INSTRUCTION_SET=sse9 refused 2 \
    '^fgf: error: FGF_INSTRUCTION_SET is "sse9"; give portable, avx2 or avx512, or leave it unset$' \
    "$fgf" run sweep.yaml -q -o r.h5

# The specification: file:line:column, the key, what was found and expected, the nearest name.
with 's/epochs:/epoch:/'
refused 2 "^fgf: error: bad\.yaml:10:9: train: unknown key 'epoch'; did you mean 'epochs'\?$" \
    "$fgf" run bad.yaml -q -o r.h5
with 's/batch: 7/batch: seven/'
refused 2 "^fgf: error: bad\.yaml:10:27: train\.batch: found 'seven', expected an integer" \
    "$fgf" run bad.yaml -q -o r.h5
with 's/max_pool/maxpool/'
refused 2 "^fgf: error: bad\.yaml:7:7: .*maxpool.*max_pool" "$fgf" check bad.yaml
with 's/batch: 7/batch: seven/; s/epochs:/epoch:/; s/kfold/kfolds/; s/align.lambda/align.lamda/'
refused 2 "bad\.yaml:2:15: split\.kind: found 'kfolds'" "$fgf" check bad.yaml
expect_text err 'bad\.yaml:10:9: .*epoch'
expect_text err 'bad\.yaml:10:26: .*seven'
expect_text err "bad\.yaml:17:5: .*align\.lamda.*did you mean 'align\.lambda'"
expect_text err ': 4 faults$'
printf 'train: {epochs: 2\nsplit: [' >bad.yaml
refused 2 '^fgf: error: bad\.yaml:[0-9]+:[0-9]+: ' "$fgf" check bad.yaml
: >bad.yaml
refused 2 '^fgf: error: bad\.yaml' "$fgf" check bad.yaml
refused 2 'command line: train\.epochs=-1: .*expected an integer in' \
    "$fgf" run sweep.yaml -q -o r.h5 train.epochs=-1
refused 2 "command line: .*did you mean 'train\.epochs'" \
    "$fgf" run sweep.yaml -q -o r.h5 train.epoch=1
refused 2 'absent\.yaml: cannot be opened: No such file' "$fgf" run absent.yaml -q -o r.h5

# What only the cohort can show.
with 's/kernel: 3, padding: 1/kernel: 99/'
refused 2 'bad\.yaml:5:7: layer 1 \(conv\): .*before: 16 x 16 x 1' "$fgf" run bad.yaml -q -o r.h5
with 's/units: 1/units: 2/'
refused 2 'bad\.yaml:9:7: ' "$fgf" check bad.yaml
printf 'align: {features: [size, meen]}\n' | cat sweep.yaml - >bad.yaml
refused 2 "^fgf: error: bad\.yaml:[0-9]+:[0-9]+: align\.features names 'meen'.*did you mean 'mean'" \
    "$fgf" check bad.yaml
refused 2 "align\.features names 'size' twice" "$fgf" check sweep.yaml 'align.features=[size, size]'
with 's/split: .*/split:\n  kind: centre\n  train_centres: [A]\n  test_centres: [BB]/'
refused 2 '^fgf: error: bad\.yaml:5:[0-9]+: split\.test_centres: no case has the centre "BB"; .*"B"' \
    "$fgf" run bad.yaml -q -o r.h5
refused 2 'split\.fold' "$fgf" check sweep.yaml split.fold=7
expect_status 2 mpi 2 "$fgf" check bad.yaml # rank 0 alone speaks
[ "$(grep -c 'no case has the centre' err)" = 1 ] || fail "the fault is told more than once"

# The data.
refused 4 'absent\.h5: cannot be opened: No such file' "$fgf" run sweep.yaml -q -o r.h5 -d absent.h5
refused 3 'sweep\.yaml: not a (whole )?dataset file' "$fgf" run sweep.yaml -q -o r.h5 -d sweep.yaml
head -c $(($(stat -c %s cohort.h5) / 2)) cohort.h5 >cut.h5
refused 3 'cut\.h5: not a (whole )?dataset file' "$fgf" run sweep.yaml -q -o r.h5 -d cut.h5
refused 3 'cut\.h5: not a (whole )?dataset file' "$fgf" check cut.h5
: >empty.h5
refused 3 'empty\.h5: ' "$fgf" check empty.h5

# Results files that are something else are neither read nor written.
sum=$(md5sum sweep.yaml cohort.h5)
refused 3 'sweep\.yaml is no results file: it is not HDF5' "$fgf" run sweep.yaml -q -o sweep.yaml
refused 2 'cohort\.h5 is the dataset' "$fgf" run sweep.yaml -q -o cohort.h5
refused 3 'cohort\.h5 is no results file' "$fgf" status cohort.h5
refused 3 'sweep\.yaml is no results file' "$fgf" status sweep.yaml
refused 3 'sweep\.yaml is no results file' "$fgf" verify sweep.yaml
refused 4 'absent\.h5: No such file' "$fgf" export absent.h5
cp cohort.h5 other.h5
refused 3 'other\.h5 is no results file' "$fgf" run sweep.yaml -q -o other.h5
cmp -s cohort.h5 other.h5 || fail "another program's file was written to"
[ "$(md5sum sweep.yaml cohort.h5)" = "$sum" ] || fail "a refused output was written to"

# The command line.
refused 2 'unknown option --outptu; did you mean --output\?' "$fgf" run sweep.yaml --outptu r.h5
refused 2 "unknown command 'rnu'; did you mean .fgf run" "$fgf" rnu
refused 2 'needs one sweep file' "$fgf" run
refused 2 "--group-size: found 'x'" "$fgf" run sweep.yaml -o r.h5 -g x
refused 2 'option -o needs a value' "$fgf" run sweep.yaml -o
refused 2 'is given twice' "$fgf" run sweep.yaml -o r.h5 -o r.h5
refused 2 "no key at or below 'train\.epoch'" "$fgf" help spec train.epoch
refused 2 "no help on 'rnu'" "$fgf" help rnu

# The machine: no such folder; a file that may not grow, at several sizes.
refused 4 'nowhere/r\.h5' "$fgf" run sweep.yaml -q -o nowhere/r.h5
refused 4 'nowhere/p\.h5' "$fgf" phantom -o nowhere/p.h5
if [ -w /dev/full ]; then
    "$fgf" help spec >/dev/full 2>err && fail "a full standard output is not noticed"
    expect_text err 'cannot be written to standard output'
fi
for blocks in 1 8 40; do # of 1024 bytes
    refused 4 'r\.h5\.part: .*(File too large|No space)' \
        bash -c 'ulimit -f $0; exec "$@"' $blocks "$fgf" run sweep.yaml -q -o r.h5
done

# A disk that fills up, or breaks, at this and all later writes of a dataset.
shim=$FGF_BUILD/tests/faults/write_faults.so
if [ -e "$shim" ]; then
    export ASAN_OPTIONS="verify_asan_link_order=0:${ASAN_OPTIONS:-}"
    for event in 1 2 5 10 20; do
        for mode in enospc eio; do
            refused 4 '^fgf: error: r\.h5\.part: .*: (No space left on device|Input/output error)$' \
                env LD_PRELOAD="$shim" FGF_FAULT=$mode:$event \
                "$fgf" phantom -o r.h5 cases=30
        done
    done
fi

# A second job on the same file is told who has it; the first one goes on.
"$fgf" run sweep.yaml -q -o r.h5 train.epochs=1000000 2>first.err &
first=$!
trap 'kill -KILL $first 2>/dev/null; rm -rf "$work"' EXIT
for ((tries = 0; tries < 100; tries++)); do
    [ -e r.h5 ] && break
    sleep 0.1
done
expect_status 4 timeout 60 "$fgf" run sweep.yaml -q -o r.h5 train.epochs=1000000
expect_text err "r\.h5 is being written by another job: fgf run sweep\.yaml .*process $first,"
for ((tries = 0; tries < 100; tries++)); do
    expect_status 0 "$fgf" status r.h5
    grep -q '(1 of them marked as running)' out && break
    sleep 0.1
done
expect_text out '4 left \(1 of them marked as running\)'
kill -TERM $first
wait $first
[ $? = 75 ] || fail "a job that was asked to stop: $(cat first.err)"
exit 0
