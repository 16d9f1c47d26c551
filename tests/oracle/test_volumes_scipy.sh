#!/bin/bash
# 3-D crops of real volumes (smoothed, resampled, cut out) against scipy, formula by formula; NRRD
# files against what plastimatch makes of them.
. "$(dirname "$0")/../lib.sh"
need_shared
python=/usr/bin/python3
$python -c 'import h5py, nibabel, scipy' 2>/dev/null ||
    skip "needs /usr/bin/python3 with h5py, nibabel and scipy"
here=$(cd "$(dirname "$0")" && pwd)
cd "$work" || exit 1

compare() { # grid interpolation order spacing size sigma
    "$FGF_PROGRAM" import cohort.yaml -o c.h5 "preprocess.grid=$1" "preprocess.interpolation=$2" \
        "preprocess.spacing=[$4]" "preprocess.size=[$5]" "preprocess.smooth_sigma=$6" \
        >log 2>&1 || { cat log >&2; fail "import $*"; }
    for id in $ids; do
        # shellcheck disable=SC2059
        $python "$here/volumes.py" c.h5 "$(printf "$image" "$id")" "$(printf "$mask" "$id")" "$id" \
            "$4" "$5" "$1" "$3" "$6" || fail "$id differs from scipy: $*"
    done
    rm -f c.h5
}

write_cohort() { # image pattern, mask pattern
    { echo id; printf '%s\n' $ids; } >ids.csv
    printf '%s\n' "source: {kind: nifti, folder: $folder, image: '$1', mask: '$2'}" \
        'table: {file: ids.csv}' 'preprocess: {take: volume}' >cohort.yaml
}

folder=$shared/data/hn_ct_nifti ids="HN-CHUM-001 HN-HGJ-001"
image=$folder/%s.nii.gz mask=$folder/%s_mask.nii.gz
write_cohort '{id}.nii.gz' '{id}_mask.nii.gz'
compare corners cubic 3 2,1,1 40,72,80 0
compare centres linear 1 1.5,1.2,1.1 24,64,64 0.8

folder=$shared/data/sts_ct/volumes ids="STS_019 STS_002"
image=$folder/%s/CT_image.nii.gz mask=$folder/%s/CT_mask.nii.gz
write_cohort '{id}/CT_image.nii.gz' '{id}/CT_mask.nii.gz'
compare corners cubic 3 2,2,2 32,50,60 0.5
compare centres cubic 3 4,1,1.3 30,200,64 0

# ---- NRRD ----

folder=$shared/data/pyradiomics
if [ -d "$folder" ] && command -v plastimatch >/dev/null; then
    { echo id; echo brain1; echo breast1; } >nrrd.csv
    for id in brain1 breast1; do
        for what in image label; do
            plastimatch convert --input "$folder/${id}_$what.nrrd" --output-img \
                "${id}_$what.nii.gz" >log 2>&1 || { cat log >&2; fail "plastimatch"; }
        done
    done
    common='preprocess: {take: volume, window: [0, 500], size: [25, 128, 128]}'
    printf '%s\n' "source: {kind: nrrd, folder: $folder, image: '{id}_image.nrrd', mask: '{id}_label.nrrd'}" \
        'table: {file: nrrd.csv}' "$common" >nrrd.yaml
    printf '%s\n' "source: {kind: nifti, image: '{id}_image.nii.gz', mask: '{id}_label.nii.gz'}" \
        'table: {file: nrrd.csv}' "$common" >nifti.yaml
    # The spacings of the two patients differ, so each goes by itself.
    for id in brain1 breast1; do
        { echo id; echo $id; } >nrrd.csv
        for kind in nrrd nifti; do
            "$FGF_PROGRAM" import $kind.yaml -o $kind.h5 >log 2>&1 || { cat log >&2; fail "$kind"; }
        done
        $python - $id <<'PYTHON' || fail "NRRD and NIfTI of $id differ"
import sys, h5py
a, b = h5py.File("nrrd.h5"), h5py.File("nifti.h5")
same = all((a[name][:] == b[name][:]).all() for name in ("image", "mask"))
near = abs(a.attrs["spacing_mm"] - b.attrs["spacing_mm"]).max() < 1e-5
print(f"{sys.argv[1]}: NRRD {a['image'].shape[2:]}, {a['mask'][:].sum()} voxels inside, as by plastimatch: {same}")
sys.exit(0 if same and near and a["mask"][:].sum() > 100 else 1)
PYTHON
        rm -f nrrd.h5 nifti.h5
    done
fi
