#!/usr/bin/env bash
# The directions of the folders, as docs/design.md draws them, held against the sources.
. "$(dirname "$0")/../lib.sh"
cd "$FGF_SOURCE" || exit 1
faults=0
fault() {
    echo "FAILED: $*" >&2
    faults=$((faults + 1))
}

# Libraries from outside, and the only files that may include them.
declare -A where=(
    [mpi.h]='^src/(par/|store/|cli/main\.c)'
    [hdf5.h]='^src/(data/dataset|store/|nn/model_file\.c)'
    [hdf5_hl.h]='^src/store/'
    [cblas.h]='^src/kernel/'
    [yaml.h]='^src/spec/yaml\.c'
    [png.h]='^src/image/png\.c'
    [dcmtk/.*]='^src/dicom/dcmtk\.cpp'
    [openjpeg.h]='^src/dicom/jpeg2000\.c'
    [openssl/.*]='^src/import/pseudonym\.c'
    [nifti2_io.h]='^src/image/nifti\.c'
    [xxhash.h]='^src/core/(hash|random)\.c'
    [Random123/philox.h]='^src/core/random\.c'
)
for header in "${!where[@]}"; do
    found=$(grep -rlE "^ *# *include *[<\"]([a-z0-9_]*/)?$header[>\"]" src include |
        grep -vE "${where[$header]}")
    [ -z "$found" ] || fault "$header is included by" $found
done

# The arrows. Whatever is below may be linked and included, nothing else.
declare -A below=(
    [core]=""
    [kernel]="core"
    [feature]="core"
    [flow]="core"
    [stats]="core"
    [spec]="core"
    [par]="core"
    [nn]="kernel core"
    [align]="feature kernel core"
    [image]="core"
    [dicom]="image core"
    [radiomics]="image core"
    [data]="spec core"
    [import]="data dicom image spec core"
    [store]="spec core"
    [trial]="align flow feature nn stats data spec core"
    [cli]="core kernel feature flow stats spec par nn align image dicom radiomics data import store trial"
)
# The folder that each public header belongs to.
declare -A folder=(
    [status.h]=core [real.h]=core [memory.h]=core [random.h]=core [hash.h]=core [group.h]=core
    [key.h]=core [column.h]=core [log.h]=core [text.h]=core [clones.h]=core [box.h]=core
    [kernel.h]=kernel [block.h]=kernel [feature.h]=feature [feature_plugin.h]=feature [align.h]=align [flow.h]=flow [stats.h]=stats [choose.h]=stats
    [spec.h]=spec [par.h]=par [store.h]=store [nn.h]=nn [model_file.h]=nn
    [dataset.h]=data [split.h]=data [augment.h]=data [phantom.h]=data [import.h]=import [audit.h]=data
    [radiomics.h]=radiomics [image.h]=image [dicom.h]=dicom [contour.h]=dicom [file_bytes.h]=core
    [trial.h]=trial [columns.def]=trial [checkpoint.h]=store
)

# includes FOLDER FILE...: each fgf header that a file names is of its folder or of one below it.
includes() {
    local from=$1 file header to
    shift
    for file in "$@"; do
        for header in $(sed -nE 's/^ *# *include *"fgf\/([^"]*)".*/\1/p' "$file"); do
            to=${folder[$header]:-nowhere}
            [[ " $from ${below[$from]} " == *" $to "* ]] ||
                fault "$file (folder $from) includes fgf/$header of $to"
        done
        ! grep -nE '^ *# *include *"(\.\./|src/)' "$file" ||
            fault "$file reaches into another folder"
    done
}

for path in src/*/; do
    name=$(basename "$path")
    [ "${below[$name]+there}" ] || { fault "src/$name is not among the arrows of this test"; continue; }
    mapfile -t files < <(find "$path" -name '*.[ch]')
    includes "$name" "${files[@]}"
    for link in $(sed -nE 's/.*LINKS ([a-z ]*).*/\1/p' "$path/CMakeLists.txt"); do
        [[ " ${below[$name]} " == *" $link "* ]] || fault "src/$name links $link"
    done
done
for header in include/fgf/*; do
    name=$(basename "$header")
    [ "${folder[$name]:-}" ] || { fault "fgf/$name belongs to no folder of this test"; continue; }
    includes "${folder[$name]}" "$header"
done

# What has no place in any file: paths of somebody's machine, notes to oneself.
sources=(src include cmake tests experiments slurm docs CMakeLists.txt README.md .ci)
marks='TO''DO|FIX''ME|X''XX|HA''CK'
found=$(grep -rnwE "$marks" "${sources[@]}" 2>/dev/null) && fault "notes to oneself: $found"
found=$(grep -rnE '(^|[^[:alnum:]_.])/(work|home|Users|root)/[[:alnum:]_]' "${sources[@]}" 2>/dev/null) &&
    fault "paths of a machine: $found"

# Long files are a matter of taste: told, not refused.
find src include -name '*.[ch]' -exec wc -l {} + |
    awk '$2 != "total" && $1 > 450 {print "note: " $2 " has " $1 " lines"}'
[ $faults = 0 ]
