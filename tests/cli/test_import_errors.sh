#!/usr/bin/env bash
# What `fgf import` refuses: files, tables and manifests with faults, and places that cannot be
# written to. One clear line a fault, the exit status that stands for its kind, and no file.
. "$(dirname "$0")/../import.sh"
cd "$work" || exit 1
fgf=$FGF_PROGRAM

# refused STATUS FAULTS REGEX command...: it fails so, says so in as many lines as there are faults
# (and one that counts them where they are of the user's making), and leaves no x.h5 behind.
refused() {
    local status=$1 faults=$2 regex=$3 lines
    shift 3
    expect_status "$status" timeout 60 "$@"
    expect_text err "$regex"
    lines=$(grep -c '^fgf: error: ' err)
    if grep -q ': [0-9]* faults*$' err; then
        expect_text err ": $faults faults?\$"
        lines=$((lines - 1))
    fi
    [ "$lines" = "$faults" ] || { cat err; fail "$lines lines for $faults faults: $*"; }
    if grep -v '^fgf: ' err; then fail "a line that is not fgf's: $*"; fi
    [ ! -s out ] || fail "something on stdout: $*"
    # Finished cases are kept for the next start, nothing else is.
    rm -rf ./x.h5.cases ./full/x.h5.cases
    [ -z "$(find . -name 'x.h5*')" ] || fail "$(find . -name 'x.h5*') is left behind: $*"
}

make_cohort good 6 png
good=good/import.yaml

# The manifest: file:line:column, the key, the nearest name.
sed 's/folder:/foldr:/' "$good" >good/bad.yaml
refused 2 1 "^fgf: error: good/bad\.yaml:1:21: source: .*'foldr'; did you mean 'folder'\?$" \
    "$fgf" import good/bad.yaml -o x.h5
sed 's/kind: png/kind: pgn/; s/centre: /center: /' "$good" >good/bad.yaml
refused 2 2 "good/bad\.yaml:1:16: source\.kind: found 'pgn'.*png" "$fgf" import good/bad.yaml -o x.h5
expect_text err "good/bad\.yaml:2:73: table: .*'center'; did you mean 'centre'"
sed 's/window: \[/window: [900, /; s/time: days, //' "$good" >good/bad.yaml
refused 2 2 'good/bad\.yaml:3:[0-9]+: preprocess\.window: expected two numbers, the lower first' \
    "$fgf" import good/bad.yaml -o x.h5
expect_text err 'good/bad\.yaml:2:[0-9]+: table\.event is given, but no table\.time'
refused 2 1 "command line: .*did you mean 'table\.id'" "$fgf" import "$good" -o x.h5 table.idd=id
refused 2 1 "--on-bad-case: found 'ignore', expected stop or exclude" \
    "$fgf" import "$good" -o x.h5 --on-bad-case ignore
refused 2 1 'needs one manifest and --output' "$fgf" import "$good"
refused 2 1 'absent\.yaml: cannot be opened: No such file' "$fgf" import absent.yaml -o x.h5

# The table: file:line:column of each fault, all of them at once.
cat >good/bad.csv <<'CSV'
id;event;days;followed;hospital
A-002;0;;900;A
../A-002;0;;900;A
B-003;2;100,5;800;B
A-002;0;;900;A
B-005;0;;soon;B
;0;;900;A
CSV
refused 3 5 '^fgf: error: good/bad\.csv:3:1: an id must not begin with a dot: "\.\./A-002"$' \
    "$fgf" import "$good" -o x.h5 table.file=good/bad.csv
expect_text err '^fgf: error: good/bad\.csv:4:7: event "2" of case B-003, expected 0 or 1$'
expect_text err '^fgf: error: good/bad\.csv:5:1: case "A-002" is in line 2 already$'
expect_text err '^fgf: error: good/bad\.csv:6:10: "soon" is not a number'
expect_text err '^fgf: error: good/bad\.csv:7:1: the id is empty'
printf 'id;event\n"A-002;0\n' >good/bad.csv
refused 3 1 'good/bad\.csv:2:1: a quote is opened here and never closed' \
    "$fgf" import "$good" -o x.h5 table.file=good/bad.csv
: >good/bad.csv
refused 3 1 'good/bad\.csv' "$fgf" import "$good" -o x.h5 table.file=good/bad.csv
refused 3 1 'absent\.csv: cannot be opened: No such file' \
    "$fgf" import "$good" -o x.h5 table.file=absent.csv

# The machine: no such folder, no right to it, a file that may not grow, at several sizes.
refused 4 1 'nowhere/x\.h5' "$fgf" import "$good" -o nowhere/x.h5
mkdir full
for blocks in 1 2 8; do # of 1024 bytes
    refused 4 1 'full/x\.h5\.(part|cases/[^ ]*\.part): .*(File too large|No space)' \
        bash -c 'ulimit -f $0; exec "$@"' $blocks "$fgf" import "$good" -o full/x.h5
done
if mount -t tmpfs -o size=16k none full 2>/dev/null; then
    trap 'umount "$work/full"; rm -rf "$work"' EXIT
    refused 4 1 'full/x\.h5\..*\.?part: .*No space' "$fgf" import "$good" -o full/x.h5
    FGF_TEST_SECONDS=30 expect_status 4 mpi 2 "$fgf" import "$good" -o full/x.h5
    expect_text err '^fgf: error: full/x\.h5.*: .*No space'
    rm -rf full/x.h5.cases
    [ -z "$(ls full)" ] || fail "$(ls full) is left behind on two ranks"
else
    echo "no tmpfs can be mounted here: a full disk is left to the file size limit"
fi
expect_status 0 "$fgf" import "$good" -o good.h5 # nothing of this was the cohort's fault

shared=${FGF_SHARED:-$(dirname "$FGF_SOURCE")/shared}
if [ ! -d "$shared/data" ]; then
    echo "skipped: the malformed files need the shared data (FGF_SHARED)"
    exit 0
fi

# Malformed volumes and their variants that are legal, each as a cohort of one.
mkdir one
printf 'id\na\n' >one/table.csv
volume() { # volume IMAGE MASK: the two files become case a
    local folder=$shared/data/nifti_malformed ending=${1#*.}
    rm -f one/a_*
    cp "$folder/$1" "one/a_image.$ending" && cp "$folder/$2" one/a_mask.nii || fail "no $1"
    cat >one/import.yaml <<YAML
source: {kind: nifti, image: "{id}_image.$ending", mask: "{id}_mask.nii"}
table: {file: table.csv}
preprocess: {window: [0, 10]}
YAML
}
image() { # the hash of the one image in x.h5
    dataset x.h5 | sed -n 's/^case .* image \([0-9a-f]*\) .*/\1/p'
}
rejected=0 accepted=0 reference=
volume ok_reference.nii mask_ok.nii
expect_status 0 "$fgf" import one/import.yaml -o x.h5
reference=$(image)
while IFS= read -r line; do
    file=${line%%,*} mask=mask_ok.nii expected=${line##*,} where=image
    if [ "$file" = mask_all_zero.nii ]; then mask=$file file=ok_reference.nii where=mask; fi
    volume "$file" "$mask"
    rm -f x.h5
    case $expected in
    *reject*)
        rejected=$((rejected + 1))
        refused 3 1 "^fgf: error: case a: [^ ]*a_$where\.nii(\.gz)?: [^ ].{10,}" \
            "$fgf" import one/import.yaml -o x.h5
        ;;
    *accept* | *'same v'*)
        accepted=$((accepted + 1))
        expect_status 0 timeout 60 "$fgf" import one/import.yaml -o x.h5
        [ -n "$(image)" ] || fail "$line: no image"
        if [ "$file" != mask_ok.nii ] && [ "$(image)" != "$reference" ]; then
            fail "$line: other values"
        fi
        ;;
    *) fail "what is to become of $line?" ;;
    esac
done < <(tail -n +2 "$shared/data/nifti_malformed/MANIFEST.csv" | tr -d '\r"')
rm -f x.h5
[ "$rejected $accepted" = "10 4" ] || fail "$rejected rejected, $accepted accepted, of 10 and 4"

# Malformed slices: 8 and 16 bits are both read, the others told of, all at once.
mkdir slices
cp "$shared"/data/png_csv_malformed/*.png slices
{ echo id; for file in slices/*; do basename "$file" .png; done; } >table.csv
printf 'source: {kind: png, folder: slices}\ntable: {file: table.csv}\n' >slices.yaml
refused 3 3 '^fgf: error: case crc_bad: slices/crc_bad\.png: damaged PNG: .*CRC error' \
    "$fgf" import slices.yaml -o x.h5
expect_text err '^fgf: error: case truncated: slices/truncated\.png: damaged PNG: the file is cut'
expect_text err '^fgf: error: case size_179x180: size_179x180\.png: 180 x 179 pixels, .* 180 x 180;'
expect_status 0 "$fgf" import slices.yaml -o some.h5 --on-bad-case exclude
dataset some.h5 >some
[ "$(cut -d' ' -f1,2 some | tail -n +2 | tr '\n' ' ')" = \
    "case grey16_valid excluded crc_bad: excluded size_179x180: excluded truncated: " ] ||
    { cat some; fail "another case than the legal one is in"; }

# Malformed tables of the published cohort.
table() { # table FILE: the arguments of its import
    printf '%s\n' "$FGF_SOURCE/experiments/hn_ct_png.import.yaml" -o x.h5 \
        source.folder="$shared/data/hn_ct_png/canada" table.file="$shared/data/png_csv_malformed/$1"
}
mapfile -t arguments < <(table dm_not_binary.csv)
refused 3 1 '/dm_not_binary\.csv:3:[0-9]+: event "2" of case HN-CHUM-002, expected 0 or 1$' \
    "$fgf" import "${arguments[@]}"
mapfile -t arguments < <(table duplicate_id.csv)
refused 3 1 '/duplicate_id\.csv:6:1: case "HN-CHUM-003" is in line 4 already$' \
    "$fgf" import "${arguments[@]}"
mapfile -t arguments < <(table missing_column.csv)
refused 3 1 '/missing_column\.csv:1: no column "Time - diagnosis to DM \(days\)" among id, sex,' \
    "$fgf" import "${arguments[@]}"
mapfile -t arguments < <(table crlf_bom.csv)
expect_status 0 "$fgf" import "${arguments[@]}"
expect_text err '^fgf: 7 cases of 7 patients'
rm x.h5

# No document of the YAML suite is a sweep or a manifest: each is refused with its own name.
for file in "$shared"/data/yaml_suite/{valid,invalid}/*.yaml; do
    "$fgf" check "$file" >out 2>err
    status=$?
    [ $status = 2 ] || { cat err; fail "exit status $status where 2 was expected: check $file"; }
    grep -qF "fgf: error: $file" err || { cat err; fail "a refusal that does not name $file"; }
    if grep -qv '^fgf: ' err; then cat err; fail "a line that is not fgf's: check $file"; fi
done
exit 0
