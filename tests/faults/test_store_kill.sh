#!/usr/bin/env bash
# A process is killed inside every write, sync and rename of a results file in turn, or its disk
# fills up there. Whatever is left must be readable, hold every trial that was reported committed
# bit for bit, and a second run must end with the bytes of an undisturbed one.
driver=$FGF_BUILD/tests/faults/store_driver
shim=$FGF_BUILD/tests/faults/write_faults.so
[ -x "$driver" ] && [ -e "$shim" ] || { echo "skipped: built without tests"; exit 77; }
python=/usr/bin/python3
[ -x "$python" ] || python=$(command -v python3) || { echo "skipped: no python3"; exit 77; }
# In a build with the address sanitizer its library does not come first then.
export ASAN_OPTIONS="verify_asan_link_order=0:${ASAN_OPTIONS:-}"
# In memory where that is possible: the order of writes is tested, not a disk.
work=$(mktemp -d -p /dev/shm 2>/dev/null || mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cd "$work" && "$python" "$FGF_SOURCE/tests/faults/store_kill.py" "$driver" "$shim"
