#!/usr/bin/env bash
# Masks made of contours and segments, voxel by voxel against plastimatch's, pydicom's and those
# that came with the data. Prints the table of docs/import.md.
#
# plastimatch joins the contours of a slice by or; with --xor-contours by the even-odd rule, as we
# do, so that a contour within another one is a hole.
. "$(dirname "$0")/../lib.sh"
need_shared
data=$shared/data program=$FGF_BUILD/tests/oracle/oracle_masks
here=$FGF_SOURCE/tests/oracle
[ -x "$program" ] || fail "$program is not built"
for set in sts_ct dicom_rt dicom_series_malformed; do
    [ -d "$data/$set" ] || skip "needs $data/$set"
done
cd "$work" || exit 1
differing=0

# compare WHAT TITLE FILE IMAGE MASKS
compare() {
    echo "$2"
    "$program" "$1" "$3" "$4" "$5" 2>err
    case $? in
    0) ;;
    1) differing=1 ;;
    *)
        cat err >&2
        grep -q 'built without' err && skip "this build reads no DICOM"
        fail "$2"
        ;;
    esac
}

# with_plastimatch TITLE STRUCTURES IMAGE: on the grid of an image
with_plastimatch() {
    command -v plastimatch >/dev/null || return 0
    mapfile -t grid < <("$program" grid "$2" "$3" 2>err)
    [ ${#grid[@]} -eq 8 ] || { cat err >&2 && fail "$1: no grid"; }
    rm -rf masks
    plastimatch convert --xor-contours --input "$2" "${grid[@]}" --output-prefix masks \
        --prefix-format nii.gz >log 2>&1 || { cat log >&2 && fail "plastimatch: $1"; }
    compare contours "$1" "$2" "$3" masks
}

command -v plastimatch >/dev/null || echo "plastimatch is not installed: without it" >&2
echo '| structure | contours or frames | theirs | fgf | differing voxels | Dice |'
echo '|---|---|---|---|---|---|'
sts=$data/sts_ct
mkdir given
ln -s "$sts/volumes/STS_019/CT_mask.nii.gz" given/GTV_Mass_CT.nii.gz
compare contours "sts_ct, its own NIfTI mask" "$sts/dicom/STS_019/rtstruct/RS.dcm" \
    "$sts/dicom/STS_019/image" given
with_plastimatch "sts_ct" "$sts/dicom/STS_019/rtstruct/RS.dcm" "$sts/dicom/STS_019/image"
for name in ok reverse_names; do
    folder=$data/dicom_series_malformed/$name
    with_plastimatch "dicom_series_malformed/$name" "$folder/RS.dcm" "$folder"
done
rt=$data/dicom_rt
with_plastimatch "dicompyler-core" "$rt/dicompyler-core/rtss.dcm" "planes:$rt/dicompyler-core"
for name in rt invalid_reference_rt; do
    with_plastimatch "rt-utils/$name" "$rt/rt-utils/mock_data/$name.dcm" \
        "planes:$rt/rt-utils/mock_data"
done

if /usr/bin/python3 "$here/segmentations.py" check 2>/dev/null; then
    for file in "$rt"/highdicom/seg_image_ct_binary*.dcm; do
        rm -rf masks && mkdir masks
        /usr/bin/python3 "$here/segmentations.py" masks "$file" masks || fail "pydicom: $file"
        compare segments "$(basename "$file" .dcm), pydicom" "$file" own masks
    done
    mkdir ct && ln -s "$rt"/dcmqi/0[123].dcm ct
    for file in "$rt"/dcmqi/*.nrrd; do
        for way in plain flipped; do
            name=$(basename "$file" .nrrd)
            /usr/bin/python3 "$here/segmentations.py" make "$file" ct "$name.dcm" $way ||
                fail "pydicom: $file"
            compare segments "dcmqi/$name, $way, the label map" "$name.dcm" ct "$file"
        done
    done
else
    echo "no pydicom and nibabel for /usr/bin/python3: contours alone" >&2
fi
[ $differing -eq 0 ] || fail "voxels differ"
