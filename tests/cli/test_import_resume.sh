#!/usr/bin/env bash
# An import that is killed, stopped or short of disk goes on where it was: the same bytes in the
# end, however often it ended before; and never two imports to one output.
. "$(dirname "$0")/../import.sh"
cd "$work" || exit 1
shim=$FGF_BUILD/tests/cli/import_shim.so
[ -e "$shim" ] || skip "$shim is not built"
fgf=$FGF_PROGRAM

make_cohort cohort 4 nifti two
manifest=cohort/import.yaml
expect_status 0 "$fgf" import $manifest -o whole.h5
kept=$(dataset whole.h5)

# spoiled WHAT=N FILE [RANKS]: an import whose writing the shim spoils; its exit status in `status`.
spoiled() {
    status=0
    local launch=(timeout 60)
    [ -z "${3:-}" ] || launch=(mpi "$3")
    { "${launch[@]}" env "$1" LD_PRELOAD="$shim" "$fgf" import $manifest -o "$2" \
        >out 2>err </dev/null || status=$?; } 2>/dev/null
}

# Killed in each of its writes, halfway through: nothing under the final name, then the same bytes.
n=1 killed=0
while :; do
    rm -rf x.h5*
    spoiled FGF_IMPORT_KILL=$n x.h5
    [ $status = 0 ] && break
    [ $status = 137 ] || { cat err; fail "exit status $status of a killed import"; }
    killed=$((killed + 1))
    if [ -e x.h5 ] && ! cmp -s whole.h5 x.h5; then fail "killed at $n: a dataset that is not whole"; fi
    whole=$(ls x.h5.cases 2>/dev/null | grep -c '\.case$')
    expect_status 0 timeout 60 "$fgf" import $manifest -o x.h5
    [ "$whole" = 0 ] || expect_text err "^fgf: $whole cases were finished by an earlier start\$"
    cmp whole.h5 x.h5 || fail "killed at $n: other bytes"
    [ -z "$(ls -d x.h5.* 2>/dev/null)" ] || fail "killed at $n: $(ls -d x.h5.*) is left"
    # All writes of the cases and the first ones of the dataset; then every ninth.
    n=$((n < 30 ? n + 1 : n + 9))
done
[ $killed -ge 28 ] || fail "killed $killed times only"

# Killed again and again with 3 ranks, without a start in between that nobody disturbs.
rm -rf x.h5*
for try in 1 2 3 4 5 6 7 8 9 10 11 12; do
    spoiled FGF_IMPORT_KILL=7 x.h5 3
    [ $status = 0 ] && break
done
[ $status = 0 ] || expect_status 0 mpi 3 "$fgf" import $manifest -o x.h5
cmp whole.h5 x.h5 || fail "killed repeatedly on 3 ranks: other bytes"

# A disk that is full from some write on: one line, exit status 4, what is finished is kept.
for n in 1 9 20 28 34; do
    rm -rf x.h5*
    spoiled FGF_IMPORT_FAIL=$n x.h5
    [ $status = 4 ] || { cat err; fail "full at $n: exit status $status"; }
    [ "$(grep -c '^fgf: error: x\.h5.*No space left' err)" = 1 ] || { cat err; fail "full at $n"; }
    [ ! -e x.h5 ] && [ ! -e x.h5.part ] || fail "full at $n: $(ls -d x.h5*)"
    expect_status 0 "$fgf" import $manifest -o x.h5
    cmp whole.h5 x.h5 || fail "full at $n: other bytes"
done

# Stopped by INT and TERM: 75 after the case under way, the rest is for the next start.
for signal in INT TERM; do
    rm -rf x.h5*
    # Started by bash in the background a program ignores INT.
    env FGF_IMPORT_SLOW=1 LD_PRELOAD="$shim" python3 -c '
import signal, subprocess, sys, time
process = subprocess.Popen(sys.argv[2:], stderr=open("err", "w"),
    preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
time.sleep(1.5)
process.send_signal(getattr(signal, "SIG" + sys.argv[1]))
sys.exit(process.wait(20))' $signal "$fgf" import $manifest -o x.h5 && fail "$signal did not stop it"
    status=$?
    [ $status != 1 ] || { cat err; fail "$signal: no end within 20 s"; }
    expect_text err '^fgf: error: the import was stopped on request, [1-3] of 4 cases are finished; run'
    [ ! -e x.h5.lock ] || fail "$signal: the lock is left"
    expect_status 0 "$fgf" import $manifest -o x.h5
    expect_text err '^fgf: [1-3] cases were finished by an earlier start$'
    cmp whole.h5 x.h5 || fail "$signal: other bytes"
done

# Two at once: the second is refused, and names the first.
rm -rf x.h5*
FGF_IMPORT_SLOW=1 LD_PRELOAD=$shim "$fgf" import $manifest -o x.h5 2>first &
first=$!
sleep 1
expect_status 4 "$fgf" import $manifest -o x.h5
expect_text err '^fgf: error: x\.h5 is being written by another job: fgf import .*, process [0-9]+'
kill -9 $first
wait $first 2>/dev/null
expect_status 0 "$fgf" import $manifest -o x.h5 # the kernel took the lock away with the process
cmp whole.h5 x.h5 || fail "after a killed holder: other bytes"

# What changed since is read again: a source file, a setting, a region; and damage is seen.
break_after_cases() { # leaves x.h5.cases with all four cases
    rm -rf x.h5*
    for n in 25 26 27 28; do
        spoiled FGF_IMPORT_KILL=$n x.h5
        [ "$(ls x.h5.cases | grep -c '\.case$')" = 4 ] && [ ! -e x.h5 ] && return
        rm -rf x.h5*
    done
    fail "the four cases are not in x.h5.cases"
}
break_after_cases
id=$(basename "$(ls x.h5.cases/*.case | head -n 1)" .case)
cp -r cohort changed
touch -d '2001-02-03' cohort/images/$id.nii.gz
expect_status 0 "$fgf" import $manifest -o x.h5
expect_text err '^fgf: 3 cases were finished by an earlier start$'
cmp whole.h5 x.h5 || fail "a touched file makes another dataset"
break_after_cases
expect_status 0 "$fgf" import $manifest -o x.h5 'preprocess.quantise=8bit'
if grep -q 'finished by an earlier start' err; then fail "cases of another preprocessing were taken"; fi
break_after_cases
printf x | dd of=x.h5.cases/$id.case bs=1 seek=4000 conv=notrunc 2>dd
: >x.h5.cases/zzz.case.part
expect_status 0 "$fgf" import $manifest -o x.h5
expect_text err '^fgf: 3 cases were finished by an earlier start$'
[ "$(dataset x.h5)" = "$kept" ] || fail "a damaged case was taken"
[ ! -e x.h5.cases ] || fail "x.h5.cases is left"
exit 0
