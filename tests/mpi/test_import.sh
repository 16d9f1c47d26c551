#!/usr/bin/env bash
# `fgf import` makes the same dataset of the same files on any number of ranks, tells of every bad
# case, and gives the published cohort its published counts.
. "$(dirname "$0")/../import.sh"
cd "$work" || exit 1

# import RANKS STATUS FILE arguments...: on RANKS ranks, 0 = without mpirun
import() {
    local ranks=$1 status=$2 output=$3
    shift 3
    if [ "$ranks" = 0 ]; then
        expect_status "$status" timeout 60 "$FGF_PROGRAM" import -o "$output" "$@"
    else
        expect_status "$status" mpi "$ranks" "$FGF_PROGRAM" import -o "$output" "$@"
    fi
}

hash_of() {
    expect_status 0 "$FGF_PROGRAM" check "$1"
    sed -nE '1s/.*; hash ([0-9a-f]*)$/\1/p' out
}

# 29 cases are in, 2 are out by the label rule: no number of ranks but 1 divides them.
for kind in png nifti; do
    make_cohort $kind 31 $kind two
    import 0 0 $kind.h5 $kind/import.yaml
    expect_text err '^fgf: 29 cases of 29 patients, 10 events; 2 excluded, 0 bad; '
    hash=$(hash_of $kind.h5)
    [ ${#hash} = 32 ] || fail "no hash: $(cat out)"
    for ranks in 1 2 3 4; do
        import $ranks 0 $kind$ranks.h5 $kind/import.yaml
        [ "$(hash_of $kind$ranks.h5)" = "$hash" ] || fail "$kind, $ranks ranks: another hash"
        same_dataset $kind.h5 $kind$ranks.h5 "$kind, $ranks ranks"
        cmp $kind.h5 $kind$ranks.h5 || fail "$kind, $ranks ranks: other bytes"
    done
    [ -z "$(ls -d ./*.cases ./*.part ./*.lock 2>/dev/null)" ] || fail "$kind: something is left"
done

# Damage of all kinds, the first case among it, which is not to decide the cohort's shape.
cp -r png bad
head -c 60 png/images/A-002.png >bad/images/A-002.png
rm bad/images/A-010_pet.png
: >bad/images/A-018.png
printf 'no picture' >bad/images/B-007_pet.png
head -c 60 png/images/B-031.png >bad/images/B-031.png
printf x >>bad/images/B-031.png # one byte of its pixels is another: the checksum says so
tail -c +62 png/images/B-031.png >>bad/images/B-031.png
make_cohort wide 31 png two wide
cp wide/images/B-029*.png bad/images
wrong="A-002 A-010 A-018 B-007 B-029 B-031"
for ranks in 0 1 2 3 4; do
    import $ranks 3 stopped.h5 bad/import.yaml
    for id in $wrong; do
        [ "$(grep -c "^fgf: error: case $id: .*$id[_a-z]*\.png: " err)" = 1 ] ||
            { cat err; fail "$ranks ranks: not one line about $id"; }
    done
    expect_text err '6 faults'
    [ ! -e stopped.h5 ] && [ ! -e stopped.h5.part ] || fail "$ranks ranks: a dataset of bad cases"
    [ "$(ls stopped.h5.cases | wc -l)" = 24 ] || fail "$ranks ranks: the good cases are not kept"
    [ $ranks = 2 ] || rm -r stopped.h5.cases # at 3 ranks they are there already
    grep '^fgf: ' err >told$ranks
    cmp -s told0 told$ranks || { diff told0 told$ranks; fail "$ranks ranks: told otherwise"; }

    import $ranks 0 excluded$ranks.h5 bad/import.yaml --on-bad-case exclude
    expect_text err '^fgf: 23 cases of 23 patients, [0-9]+ events; 2 excluded, 6 bad; '
    same_dataset excluded0.h5 excluded$ranks.h5 "$ranks ranks, bad cases excluded"
done
dataset excluded0.h5 >kept
for id in $wrong; do
    expect_text kept "^excluded $id: .*$id[_a-z]*\.png: "
done
# What is mended is read, and nothing else.
import 2 3 mended.h5 bad/import.yaml
cp png/images/B-029*.png png/images/B-031.png bad/images
import 0 3 mended.h5 bad/import.yaml
expect_text err '4 faults'
import 2 0 mended.h5 bad/import.yaml --on-bad-case exclude
expect_text err '^fgf: 25 cases were finished by an earlier start$'
expect_text err '^fgf: 25 cases of 25 patients, [0-9]+ events; 2 excluded, 4 bad; '

# The good cases are what they would have been among good ones.
dataset png.h5 | grep '^case' | grep -vE "^case (${wrong// /|}) " >expected
grep '^case' kept | cmp -s expected - || fail "bad cases change good ones"

# An output that stood there before survives a failed import, and is replaced by a good one.
cp png.h5 stands.h5
import 2 3 stands.h5 bad/import.yaml
cmp -s png.h5 stands.h5 || fail "a failed import changed the file that was there"
import 2 0 stands.h5 nifti/import.yaml
same_dataset nifti.h5 stands.h5 "over an older file"

# A dataset of a program before the columns that were added since: opened, the same cohort.
if /usr/bin/python3 -c 'import h5py' 2>/dev/null; then
    cp nifti.h5 old.h5
    /usr/bin/python3 - <<'PYTHON' || fail "no older dataset"
import h5py, os
with h5py.File("old.h5", "r+") as file:
    for name in "slices", "source_spacing_x", "source_spacing_y", "source_spacing_z", "regions":
        del file["case"][name]
size = os.path.getsize("old.h5")
with open("old.h5", "r+b") as file:
    text = file.read(512).split(b"\n")
    text[1] = b"bytes %d" % size
    file.seek(0)
    file.write(b"\n".join(text)[:512].ljust(512, b"\0"))
PYTHON
    expect_status 0 "$FGF_PROGRAM" check old.h5
    dataset old.h5 >old
    grep -q 'slice [0-9]* of 0 spacing nan nan nan regions \[\]' old || { cat old; fail "columns of an older file"; }
    [ "$(sed 's/ of 0 spacing nan nan nan/ of 3 spacing 3 2 1/' old)" = "$(dataset nifti.h5)" ] ||
        fail "an older dataset is another cohort"
fi

# What ranks compressed is what HDF5 would have: any of its tools reads it, filters and checksums too.
if /usr/bin/python3 -c 'import h5py' 2>/dev/null; then
    /usr/bin/python3 - <<'PYTHON' || fail "another program reads other values"
import h5py, numpy as np
with h5py.File("nifti3.h5", "r") as file, h5py.File("again.h5", "w") as again:
    for name in "image", "mask":
        stored = file[name]
        assert stored.compression == "gzip" and stored.compression_opts == 4, stored.compression
        assert stored.shuffle and stored.fletcher32 and stored.chunks == (1,) + stored.shape[1:]
        values = stored[...]
        assert np.isfinite(values).all() and values.any(), name
        # Written by HDF5 itself, the chunks are the same bytes.
        copy = again.create_dataset(name, data=values, chunks=stored.chunks, shuffle=True,
                                    compression="gzip", compression_opts=4, fletcher32=True)
        for case in range(len(values)):
            at = (case,) + (0,) * (values.ndim - 1)
            assert stored.id.read_direct_chunk(at) == copy.id.read_direct_chunk(at), (name, case)
    assert (file["mask"][...] != 0).sum(axis=(1, 2, 3)).tolist() == file["case/mask_pixels"][...].tolist()
PYTHON
fi

# The rest is about published data.
shared=${FGF_SHARED:-$(dirname "$FGF_SOURCE")/shared}
if [ ! -d "$shared/data/hn_ct_png" ]; then
    echo "skipped: the published cohort needs the shared data (FGF_SHARED)"
    exit 0
fi
data=$shared/data
experiments=$FGF_SOURCE/experiments
published=(source.folder="$data/hn_ct_png/canada" table.file="$data/hn_ct_png/canada.csv")
for ranks in 0 3; do
    import $ranks 0 hn$ranks.h5 "$experiments/hn_ct_png.import.yaml" "${published[@]}"
done
same_dataset hn0.h5 hn3.h5 "the published cohort, 3 ranks"
dataset hn0.h5 >hn
counts() { # cases and events of the hospitals $1
    awk -v centres="$1" '/^case/ && $6 ~ "^(" centres ")$" { n++; e += $8 == 1 }
                         END { print n " " e }' hn
}
[ "$(counts 'HGJ|CHUS')" = "183 17" ] || fail "HGJ and CHUS: $(counts 'HGJ|CHUS')"
[ "$(counts 'HMR|CHUM')" = "95 10" ] || fail "HMR and CHUM: $(counts 'HMR|CHUM')"
[ "$(grep -c '^excluded' hn)" = 20 ] || fail "not 20 of 298 are excluded"

# Three of its volumes, whose slices must be the published ones bit for bit.
import 2 0 volumes.h5 "$experiments/hn_ct_nifti.import.yaml" \
    source.folder="$data/hn_ct_nifti" table.file="$data/hn_ct_png/canada.csv"
dataset volumes.h5 >volumes
[ "$(grep -c '^case' volumes)" = 3 ] || { cat volumes err; fail "not 3 volumes"; }
import 0 0 slices.h5 "$experiments/hn_ct_png.import.yaml" source.folder="$data/hn_ct_nifti" \
    table.file="$data/hn_ct_png/canada.csv" 'source.image="{id}_expected.png"' source.missing=exclude
dataset slices.h5 >slices
images() { sed -n 's/^case \([^ ]*\) .* image \([^ ]*\) .*/\1 \2/p' "$1"; }
[ "$(images volumes)" = "$(images slices)" ] ||
    { images volumes; images slices; fail "volumes do not give the published slices"; }
images slices | while read -r id image; do
    grep -q "^case $id .* image $image " hn || fail "$id is not as in hn_ct_png"
done || exit 1
exit 0
