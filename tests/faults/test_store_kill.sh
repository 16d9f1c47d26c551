#!/usr/bin/env bash
# A process is killed inside every write, sync and rename of a results file in turn, or its disk
# fills up there. Whatever is left must be readable, hold every trial that was reported committed
# bit for bit, and a second run must end with the bytes of an undisturbed one.
set -u
driver=$FGF_BUILD/tests/faults/store_driver
shim=$FGF_BUILD/tests/faults/write_faults.so
[ -x "$driver" ] && [ -e "$shim" ] || { echo "skipped: built without tests"; exit 77; }
# In a build with the address sanitizer its library does not come first then.
export ASAN_OPTIONS="verify_asan_link_order=0:${ASAN_OPTIONS:-}"
# In memory where that is possible: the order of writes is tested, not a disk.
work=$(mktemp -d -p /dev/shm 2>/dev/null || mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
failures=0
fail() { echo "FAIL: $*"; failures=$((failures + 1)); }

# The whole of every line of $1 stands in $2.
contained() { [ -z "$(LC_ALL=C comm -23 <(LC_ALL=C sort "$1") <(LC_ALL=C sort "$2"))" ]; }

# attempt <name> <mode> <event> <driver arguments after the file ...>: one faulty run on r.h5,
# held against expected.txt, and the run after it.
attempt() {
    local name=$1 mode=$2 event=$3
    shift 3
    local answer
    {
        LD_PRELOAD=$shim FGF_FAULT=$mode:$event \
            "$driver" run r.h5 "$@" >said.txt 2>error.txt
        answer=$?
    } 2>/dev/null # where the shell would tell of each kill
    case $mode in
        # The file is created by a child; its parent lives to tell that it was killed.
        before | half | after | lost)
            [ $answer = 137 ] || { [ $answer = 4 ] && grep -q "was killed" error.txt; } ||
                fail "$name $mode $event: not killed ($answer)"
            ;;
        short) [ $answer = 0 ] || fail "$name short $event: $(cat error.txt)" ;;
        *)
            [ $answer = 4 ] || fail "$name $mode $event: status $answer"
            [ "$(wc -l <error.txt)" = 1 ] || fail "$name $mode $event: $(cat error.txt)"
            ;;
    esac
    : >left.txt
    if [ -e r.h5 ]; then
        "$driver" dump r.h5 >left.txt 2>error.txt ||
            fail "$name $mode $event: unreadable afterwards: $(cat error.txt)"
    fi
    contained left.txt allowed.txt || fail "$name $mode $event: a row has other bytes"
    # What was committed before the fault, in this run or an earlier one, is there.
    { cut -d' ' -f2 said.txt; cut -d' ' -f1 before.txt; } >promised.txt
    cut -d' ' -f1 left.txt >there.txt
    contained promised.txt there.txt || fail "$name $mode $event: a committed trial is lost"
    "$driver" run r.h5 "$@" >said.txt 2>error.txt ||
        fail "$name $mode $event: the second run fails: $(cat error.txt)"
    "$driver" dump r.h5 >again.txt 2>error.txt || fail "$name $mode $event: $(cat error.txt)"
    cmp -s again.txt expected.txt || fail "$name $mode $event: the second run ends otherwise"
    [ -e r.h5.part ] && fail "$name $mode $event: r.h5.part is left behind"
}

# scenario <name> <file to begin with, or none> <driver arguments after the file ...>
scenario() {
    local name=$1 start=$2 events mode event
    shift 2
    begin() {
        rm -f r.h5 r.h5.part r.h5.lock
        [ "$start" = none ] || cp "$start" r.h5
    }
    begin
    : >before.txt
    [ "$start" = none ] || "$driver" dump r.h5 >before.txt
    LD_PRELOAD=$shim FGF_FAULT_COUNT=$work/count \
        "$driver" run r.h5 "$@" >/dev/null || fail "$name: the undisturbed run fails"
    "$driver" dump r.h5 >expected.txt || fail "$name: the undisturbed file is unreadable"
    # Until the rename the file is the old one, whose rows have other extents.
    cat expected.txt before.txt >allowed.txt
    events=$(head -n 1 count)
    [ "$events" -gt 50 ] || fail "$name: only $events events were seen"
    for ((event = 1; event <= events; event++)); do
        begin
        attempt "$name" half "$event" "$@"
    done
    # The other faults at every eleventh event: a different eleventh for each.
    local first=0
    for mode in before after lost enospc eio short; do
        first=$((first + 1))
        for ((event = first; event <= events; event += 11)); do
            begin
            attempt "$name" "$mode" "$event" "$@"
        done
    done
    echo "$name: $events events"
}

scenario create none 0 10
"$driver" run base.h5 0 6 >/dev/null || fail "cannot make base.h5"
scenario rewrite base.h5 3 6 4

[ $failures = 0 ] || { echo "$failures failures"; exit 1; }
