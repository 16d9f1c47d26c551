#!/usr/bin/env bash
# How fast DICOM becomes a dataset: series of 500 slices of 512 x 512 with a structure set each, made
# up in a temporary folder, imported on one rank and on two; beside it what dcm2niix and plastimatch
# take for the same files, where they are installed. Seconds are the least of three runs with the
# files in the page cache, one core a rank.
#
#   tests/bench/import_speed.sh [CASES] [SLICES] [FOLDER]     default 4 500, TMPDIR
#
# Wants python3-pydicom, 0.26 GB a case in FOLDER, and a machine that does nothing else. The program
# is FGF_PROGRAM, or build/release/fgf.
set -eu
source=$(cd "$(dirname "$0")/../.." && pwd)
fgf=${FGF_PROGRAM:-$source/build/release/fgf}
cases=${1:-4} slices=${2:-500}
python=/usr/bin/python3
command -v $python >/dev/null || python=python3
$python -c 'import numpy, pydicom' 2>/dev/null ||
    { echo "import_speed.sh: needs pydicom (Debian: python3-pydicom)" >&2; exit 4; }
work=$(mktemp -d "${3:-${TMPDIR:-/tmp}}/fgf-import.XXXXXX")
trap 'rm -rf "$work"' EXIT
cd "$work"
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMP_NUM_THREADS=1

$python "$source/tests/bench/dicom_series.py" archive "$cases" "$slices"
{ echo id,event; for k in $(seq "$cases"); do printf 'p%02d,%d\n' "$k" $((k % 2)); done; } >table.csv
manifest() {
    cat <<YAML
source: {kind: dicom, folder: archive, regions: [GTV]}
table: {file: table.csv}
preprocess: {$1}
YAML
}
manifest 'size: [128, 128]' >slice.yaml
manifest 'take: volume, size: [64, 128, 128]' >volume.yaml

# timed WHAT BYTES COMMAND ...: the least seconds of three runs, and MB/s.
timed() {
    local what=$1 bytes=$2 start least='' seconds
    shift 2
    for _ in 1 2 3; do
        rm -rf out
        mkdir out
        start=$(date +%s.%N)
        "$@" >log 2>&1 || { cat log >&2; exit 1; }
        seconds=$(echo "$(date +%s.%N) - $start" | bc)
        if [ -z "$least" ] || [ "$(echo "$seconds < $least" | bc)" = 1 ]; then least=$seconds; fi
    done
    printf '%-52s %7.2f s %8.0f MB/s\n' "$what" "$least" "$(echo "$bytes / $least / 1000000" | bc)"
}

one=$(du -sb archive/p01 | cut -f1) all=$(du -sb archive | cut -f1)
pin() { if command -v taskset >/dev/null; then taskset -c 0 "$@"; else "$@"; fi; }
each() { # COMMAND ... with the folder of each case at its end
    local folder
    for folder in archive/p*; do "$@" "$folder"; done
}
to_nifti() { pin dcm2niix -z n -b n -o out "$1"; }
to_masks() {
    pin plastimatch convert --input "$1" --output-img out/image.nii --output-prefix out/masks \
        --prefix-format nii
}

printf 'one series of %s slices: %.0f MB, on one core\n' "$slices" "$(echo "$one / 1000000" | bc)"
head -2 table.csv >one.csv
sed 's/table.csv/one.csv/' slice.yaml >one.yaml
timed 'fgf import, the largest slice' "$one" pin "$fgf" import one.yaml -o out/o.h5
sed 's/table.csv/one.csv/' volume.yaml >one.yaml
timed 'fgf import, 64 x 128 x 128 voxels' "$one" pin "$fgf" import one.yaml -o out/o.h5
if command -v dcm2niix >/dev/null; then
    timed 'dcm2niix to NIfTI (no contours)' "$one" to_nifti archive/p01
fi
if command -v plastimatch >/dev/null; then
    timed 'plastimatch convert to NIfTI and masks' "$one" to_masks archive/p01
fi
printf '%s series: %.0f MB\n' "$cases" "$(echo "$all / 1000000" | bc)"
timed 'fgf import, 64 x 128 x 128 voxels, one rank' "$all" pin "$fgf" import volume.yaml -o out/o.h5
if command -v mpirun >/dev/null; then
    timed 'fgf import, 64 x 128 x 128 voxels, two ranks' "$all" \
        mpirun --oversubscribe -n 2 "$fgf" import volume.yaml -o out/o.h5
fi
if command -v dcm2niix >/dev/null; then
    timed 'dcm2niix to NIfTI, one after the other' "$all" each to_nifti
fi
