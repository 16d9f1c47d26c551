#!/usr/bin/env bash
# fgf features: the table, the same for any number of ranks; soft features that become the hard ones
# beside them as their widths go to 0; what is undefined; what is refused.
. "$(dirname "$0")/../sweep.sh"
cd "$work" || exit 1
fgf=$FGF_PROGRAM
small_cohort slices.h5
expect_status 0 "$fgf" phantom -o volumes.h5 cases=5 size=16 depth=8

# names FILE: the columns of a table, one a line, units taken off
names() {
    head -n 1 "$1" | tr ',' '\n' | sed 's/ \[.*//'
}

# Standard output, a file, and several ranks.
expect_status 0 "$fgf" features slices.h5 -o table.csv
expect_status 0 "$fgf" features slices.h5
cmp -s "$work/out" table.csv || fail "the table on standard output is another one"
[ ! -e table.csv.part ] || fail "table.csv.part is left"
for ranks in 1 2 3 4; do
    expect_status 0 mpi "$ranks" "$fgf" features slices.h5 -o "ranks.csv"
    cmp -s ranks.csv table.csv || fail "another table on $ranks ranks"
done
head -n 1 table.csv | grep -q '^id,patient,centre,label,size \[mm2\],size.hard \[mm2\],mean \[HU\]' ||
    fail "the header is $(head -c 200 table.csv)"
[ "$(awk -F, '{print NF}' table.csv | sort -u | wc -l)" = 1 ] || fail "lines of different length"
[ "$(wc -l <table.csv)" = "$(($("$fgf" check slices.h5 | sed -n 's/.*: \([0-9]*\) cases .*/\1/p') + 1))" ] ||
    fail "not a line a case"

# Every feature with a width: the difference from the hard one, relative to it, as widths shrink.
narrow() { # narrow WIDTH COHORT: writes narrow.csv
    local settings=()
    while IFS='|' read -r _ name _ _ keys _; do
        name=${name// /}
        [[ $keys == *width:* ]] && settings+=("features.$name.width=$1")
        [[ $keys == *smoothing:* ]] && settings+=("features.$name.smoothing=1e-6")
    done < <("$fgf" features --list --markdown | grep -v '| plugin\|| linear')
    [ ${#settings[@]} -gt 40 ] || fail "few features with a width"
    expect_status 0 "$fgf" features "$2" -o narrow.csv "${settings[@]}"
}
# The features whose hard value the manual defines otherwise: their limit is not it.
other='^(percentile|interquartile_range|quartile_dispersion|integrated_intensity|perimeter|surface_to_volume|sphericity|compactness)$'
# furthest: the greatest relative difference of any other feature, and the number of features
furthest() {
    awk -F, -v other="$other" '
        NR == 1 { for (k = 1; k <= NF; k++) { sub(/ \[.*/, "", $k); name[k] = $k } next }
        { for (k = 5; k < NF; k++) if (name[k + 1] == name[k] ".hard" && name[k] !~ other) {
              d = $k - $(k + 1); d = d < 0 ? -d : d; s = $(k + 1) < 0 ? -$(k + 1) : $(k + 1)
              if (s > 1e-6) d /= s
              if (($k == "") != ($(k + 1) == "")) d = 1
              if (d > most) { most = d; which = name[k] }
              seen[name[k]] } }
        END { for (n in seen) c++; print (most < 1e-6), c, most, which }' narrow.csv
}
for cohort in slices volumes; do
    narrow 10 $cohort.h5
    read -r close count most which < <(furthest)
    [ "$close" = 0 ] || fail "$cohort: wide soft features are the hard ones?"
    narrow 1e-4 $cohort.h5
    read -r close count most which < <(furthest)
    [ "$close" = 1 ] || fail "$cohort: $which is $most from its hard value with narrow widths"
    [ "$count" -ge 50 ] || fail "$cohort: only $count features have a hard one beside them"
done

# All hard features: of slices what slices have, of volumes all; alone where asked for so.
expect_status 0 "$fgf" features slices.h5 --hard all -o all.csv
names all.csv >all.names
grep -qx cm_contrast_2D_comb all.names && ! grep -q 3D_comb all.names || fail "a slice's matrices"
[ "$(awk -F, 'NR == 1 { for (k = 1; k <= NF; k++) { n = $k; sub(/ \[.*/, "", n); at[n] = k } }
    NR > 1 && $at["mean.hard"] != $at["stat_mean"]' all.csv | wc -l)" = 0 ] || fail "two means"
expect_status 0 "$fgf" features volumes.h5 --hard all --bin-width 25 -o all.csv
[ "$(names all.csv | grep -cE '^(morph|stat|ih|ivh|cm|rlm|szm|dzm|ngt|ngl)_')" = 485 ] ||
    fail "not all hard features of a masked volume"
expect_status 0 "$fgf" features slices.h5 --hard none --features mean,entropy
[ "$(head -n 1 "$work/out")" = 'id,patient,centre,label,mean [HU],entropy [nats]' ] ||
    fail "--features: $(head -n 1 "$work/out")"

# A sweep's features by their names; labels that are not known are empty.
small_sweep sweep.yaml
expect_status 0 "$fgf" features slices.h5 --sweep sweep.yaml
expect_text "$work/out" '^id,patient,centre,label,size '
small_cohort unlabelled.h5 unlabelled=1
expect_status 0 "$fgf" features unlabelled.h5 --features mean
tail -n +2 "$work/out" | cut -d, -f4 | grep -q . && fail "labels where there are none"

# Undefined: an empty field, and at the end how many and why.
expect_status 0 "$fgf" features slices.h5 --features major_axis features.major_axis.threshold=1e6
tail -n +2 "$work/out" | cut -d, -f5- | grep -qv '^,$' && fail "an axis of nothing"
expect_text "$work/err" '[0-9]+ of [0-9]+ values are undefined: '

# The page of features has the program's own list.
"$fgf" features --list --markdown >list
sed -n '/^| feature | unit | what /,/^$/p' "$FGF_SOURCE/docs/features.md" | sed '$d' | diff - list >&2 ||
    fail "docs/features.md has not the list of \`fgf features --list --markdown\`; run docs/generate"

# Refusals, one line each.
refused() { # refused TEXT args...
    local text=$1
    shift
    expect_status 2 "$fgf" features "$@"
    expect_text "$work/err" "$text"
}
refused 'needs one dataset'
refused "no feature 'meen'; did you mean 'mean'" slices.h5 --features meen
refused 'did you mean' slices.h5 features.entropy.widht=3
refused -- '--bins or --bin-width, not both' slices.h5 --bins 3 --bin-width 4
refused -- "--bins: found '0'" slices.h5 --bins 0
refused -- "--hard: found 'soft'" slices.h5 --hard soft
expect_status 3 "$fgf" features sweep.yaml
expect_status 4 "$fgf" features slices.h5 -o nowhere/table.csv
expect_text "$work/err" 'nowhere/table.csv: cannot be written'
# A pipe or a device is written to, and stays what it is.
mkfifo pipe
cat pipe >piped.csv &
expect_status 0 "$fgf" features slices.h5 -o pipe
wait $!
[ -p pipe ] || fail "the pipe was replaced"
cmp piped.csv table.csv || fail "another table came through the pipe"
exit 0
