#!/usr/bin/env bash
# From an archive's folders and spreadsheets to a dataset, by the manifest for Head-Neck-PET-CT: the
# right structures of every patient, nobody's name or date anywhere, and pseudonyms on request.
. "$(dirname "$0")/../import.sh"
/usr/bin/python3 -c 'import numpy, pydicom' 2>/dev/null || skip "python3-pydicom is not installed"
cd "$work" || exit 1
fgf=$FGF_PROGRAM

/usr/bin/python3 "$FGF_SOURCE/tests/make_archive.py" "$work" 2>python || { cat python; fail "no archive"; }
manifest=head_neck_pet_ct.import.yaml
cp "$FGF_SOURCE/experiments/$manifest" .
status=0
"$fgf" import --list $manifest >list 2>err || status=$?
if grep -q 'without .*DICOM' err list; then skip "fgf was built without DICOM"; fi
[ $status = 0 ] || { cat err; fail "--list: exit status $status"; }

# The list: series, structures, the choice; the misspelt name is found by the manifest's patterns.
expect_text list '^HN-CHUM-005: in, label 1, CHUM$'
expect_text list "^    takes structures: GTVp G \+ GTVp D\$"
expect_text list "took \"GTV 70\" of 2 structures"
[ "$(grep -c '^    CT series .*: 5 slices of 48 x 40$' list)" = 6 ] || fail "not six CT series"
if grep -q fault list; then cat list; fail "a fault in a good archive"; fi
expect_status 0 mpi 2 "$fgf" import --list $manifest
cmp list out || fail "another list on two ranks"
[ -z "$(ls -d ./*.h5* 2>/dev/null)" ] || fail "--list writes"

# A slice that is missing is told before any import, and of that patient alone.
lost=$(find Head-Neck-PET-CT/HN-CHUM-005 -path '*StandardFull*' -name '1-03.dcm')
mv "$lost" lost.dcm || fail "no slice to lose"
expect_status 0 "$fgf" import --list $manifest
expect_text out '^    fault: a gap: .* 1 missing'
[ "$(grep -c fault out)" = 1 ] || fail "more than one fault"
mv lost.dcm "$lost"

# The cohort as it is on disk: expected structures, expected voxels of the largest slice.
as_is=(preprocess.spacing='[0,0]' preprocess.size='[0,0]' preprocess.smooth_sigma=0
    preprocess.slice=largest preprocess.transpose=false preprocess.above=clamp)
expect_status 0 "$fgf" import $manifest -o raw.h5 "${as_is[@]}"
cp err told
while IFS=$'\t' read -r id voxels names; do
    dataset raw.h5 | grep "^case $id " >row || fail "$id is not in the cohort"
    [[ $(<row) = *" mask_pixels $voxels structures "*" regions [$names] "* ]] ||
        { cat row; fail "$id: not $voxels voxels of $names"; }
    expect_text told "^fgf: case $id: .* took "
done <expected
expect_text told '^fgf: 6 cases of 6 patients, 2 events; 0 excluded, 0 bad; 1 x 40 x 48 pixels: raw.h5'
dataset raw.h5 | grep -q 'slice 2 of 5 spacing 3 2 2 ' || fail "no slices or spacing"

# As the experiment asks for, the same bytes for all numbers of ranks.
expect_status 0 "$fgf" import $manifest -o one.h5
for ranks in 2 3; do
    expect_status 0 mpi $ranks "$fgf" import $manifest -o many.h5
    cmp one.h5 many.h5 || fail "$ranks ranks: other bytes"
done
# A volume keeps its depth and its spacing along z.
expect_status 0 "$fgf" import $manifest -o volume.h5 "${as_is[@]}" preprocess.take=volume \
    'preprocess.spacing=[0,0,0]' 'preprocess.size=[5,32,32]'
expect_text <(dataset volume.h5) '^cohort .* shape 1 5 32 32 spacing 3 2 2 '

# Faults of the tables: a column that one of them lacks, a case in two of them.
sed 's/Distant/Remote/' INFOclinical_HMR.csv >bad.csv
expect_status 3 "$fgf" import $manifest -o x.h5 'table.file=[INFOclinical_HGJ.csv, bad.csv]'
expect_text err '^fgf: error: bad\.csv:1: no column "Distant" among Patient #, Sex, Remote'
expect_status 3 "$fgf" import $manifest -o x.h5 'table.file=[INFOclinical_HGJ.csv, INFOclinical_HGJ.csv]'
expect_text err 'INFOclinical_HGJ\.csv:2:1: case "HN-HGJ-001" is in line 2 of INFOclinical_HGJ\.csv already'
expect_status 3 "$fgf" import $manifest -o x.h5 'source.regions=[/larynx/]' \
    'source.regions_table=[INFO_GTVcontours_HGJ.csv]'
expect_text err "^fgf: error: case HN-CHUM-005: .*no structure fits '/larynx/'.*GTV et GG"
expect_status 2 "$fgf" import $manifest -o x.h5 'source.regions=["/gtv(/"]'
expect_text err 'source\.regions: .*no regular expression'
rm -rf x.h5.cases

# Nobody's name or date is anywhere.
for file in list told raw.h5 one.h5 volume.h5; do
    if grep -aiFf secrets "$file"; then fail "$file tells a name or a date"; fi
done

# Pseudonyms: a key of the owner's own, and nothing that leads back without it.
mkdir private
expect_status 0 mpi 2 "$fgf" import $manifest -o private/p.h5 --pseudonymize key "${as_is[@]}"
cp err private/err
[ "$(stat -c %a key)" = 600 ] || fail "the key's mode is $(stat -c %a key)"
[ "$(grep -c '^[0-9a-f]*$' key)" = 1 ] && [ "$(tail -n 1 key | tr -d '\n' | wc -c)" = 64 ] || fail "no key"
expect_status 0 "$fgf" import --list $manifest --pseudonymize key
cp out private/list
# Long enough that no pseudonym and no packed pixels are one of them by chance.
telling='HN-(HGJ|CHUS|HMR|CHUM)|NA-PET|StandardFull|RTstruct|Head-Neck|NECK-94646|INFO(_GTV|clin)|\.dcm|\.csv|1\.2\.826'
for file in private/*; do
    if grep -aiE "$telling" "$file" || grep -aiFf secrets "$file"; then
        fail "$file tells more than a pseudonym"
    fi
done
dataset private/p.h5 >private/rows
if grep -E "$telling" private/rows; then fail "the dataset tells more than a pseudonym"; fi
[ "$(grep -oE '^case P[0-9a-f]{20} patient P[0-9a-f]{20} ' private/rows | sort -u | wc -l)" = 6 ] ||
    fail "not six pseudonyms"
# Images, masks and outcomes are what they were.
values() { sed -n 's/^case [^ ]* patient [^ ]* \(.*\) structures .* regions/\1/p' "$1" | sort; }
dataset raw.h5 >rows
[ "$(values rows)" = "$(values private/rows)" ] || fail "pseudonyms change the cohort"

# The same key, the same names, in another cohort too; another key, other names.
ids() { dataset "$1" | sed -n 's/^case \(P[^ ]*\) .*/\1/p' | sort; }
expect_status 0 "$fgf" import $manifest -o half.h5 --pseudonymize key --mapping map.csv \
    'table.file=[INFOclinical_HGJ.csv, INFOclinical_CHUM.csv]'
[ "$(comm -12 <(ids private/p.h5) <(ids half.h5) | wc -l)" = 4 ] || fail "cohorts cannot be joined"
expect_status 0 "$fgf" import $manifest -o other.h5 --pseudonymize key2
[ -z "$(comm -12 <(ids private/p.h5) <(ids other.h5))" ] || fail "two keys, one pseudonym"
[ "$(stat -c %a map.csv)" = 600 ] || fail "the mapping's mode is $(stat -c %a map.csv)"
expect_text map.csv "^\"HN-HGJ-001\",\"P[0-9a-f]{20}\",\"P[0-9a-f]{20}\",\"'GTV_67"
expect_status 2 "$fgf" import $manifest -o x.h5 --mapping map.csv
chmod 644 key2
expect_status 2 "$fgf" import $manifest -o x.h5 --pseudonymize key2
expect_text err '^fgf: error: key2: others may read or write the key \(mode 644\)'
echo nonsense >key3 && chmod 600 key3
expect_status 2 "$fgf" import $manifest -o x.h5 --pseudonymize key3
expect_text err '^fgf: error: key3: not a key file of fgf'

# What is wrong with a case is told without its name, and in full in the mapping.
file=$(find Head-Neck-PET-CT/HN-HMR-004 -path '*Standard*' | sort | tail -n 1)
head -c 700 "$file" >"$(dirname "$file")/Jeannot C. 3.dcm" && rm "$file"
expect_status 3 "$fgf" import $manifest -o x.h5 --pseudonymize key --mapping map.csv
cp err private/bad
expect_text err '^fgf: error: case P[0-9a-f]{20}: .*\(hidden\)'
expect_text map.csv '^"HN-HMR-004",.*Jeannot C\. 3\.dcm: '
# Finished cases keep their remarks, and a folder that cannot be read to its end is not told.
deep="Head-Neck-PET-CT/HN-HMR-004/Jeannot Tremblay"
mkdir -p "$deep$(printf '/Jeannot Tremblay%.0s' {1..40})"
expect_status 3 "$fgf" import $manifest -o x.h5 --pseudonymize key --mapping map.csv
cat err >>private/bad
expect_text err '^fgf: error: case P[0-9a-f]{20}: a folder of the case cannot be read$'
if grep -E 'Jeannot|Tremblay' err; then fail "a folder's name is told"; fi
expect_text map.csv '^"HN-HGJ-001",.*took'
rm -r "$deep"
expect_status 3 "$fgf" import $manifest -o x.h5 --pseudonymize key 'table.event=Missing'
cat err >>private/bad
sed -i 's/,0,/,zero,/' INFOclinical_CHUM.csv
expect_status 3 "$fgf" import $manifest -o x.h5 --pseudonymize key
cat err >>private/bad
expect_status 0 "$fgf" import $manifest -o private/x.h5 --pseudonymize key --on-bad-case exclude \
    'table.file=[INFOclinical_HGJ.csv, INFOclinical_HMR.csv]'
for file in private/bad private/x.h5; do
    if grep -aiE "$telling" "$file" || grep -aiFf secrets "$file"; then
        fail "$file tells more than a pseudonym"
    fi
done

# The names that the contours of the 300 patients of the original study really have.
need_shared
names=$shared/data/hn_outcomes_vallieres/hn_outcomes_300.csv
[ -e "$names" ] || skip "the names of 300 patients' contours need the shared data (FGF_SHARED)"
mkdir study && cd study || exit 1
/usr/bin/python3 "$FGF_SOURCE/tests/make_archive.py" "$work/study" "$names" 2>python ||
    { cat python; fail "no archive of 300"; }
cp "$FGF_SOURCE/experiments/$manifest" .
keep=(table.outside_rule=unlabelled)
expect_status 0 mpi 2 "$fgf" import --list $manifest "${keep[@]}"
cp "$work/out" list
if grep fault list; then fail "not everybody's contours are found"; fi
while IFS=$'\t' read -r id voxels names; do
    sed -n "/^$id: /,/took/p" list | grep -qxF "    takes structures: $names" ||
        { grep -A9 "^$id: " list; fail "$id: not $names"; }
done <expected
# What the patterns alone would have made of them, without the table's word.
expect_status 0 mpi 2 "$fgf" import --list $manifest "${keep[@]}" source.regions_table='[]' \
    source.regions_columns='[]'
agree=$(diff <(grep '^    takes' list) <(grep '^    takes' "$work/out") | grep -c '^>')
[ $((300 - agree)) -ge 290 ] || fail "the patterns alone are right for $((300 - agree)) of 300"
echo "the patterns alone take the same as the table for $((300 - agree)) of 300"
expect_status 0 mpi 2 "$fgf" import $manifest -o study.h5 "${keep[@]}" "${as_is[@]}"
expect_text "$work/err" '^fgf: 300 cases of 300 patients, [0-9]+ events; 0 excluded, 0 bad'
exit 0
