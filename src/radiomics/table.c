/* The table of features: what each is called, IBSI's tag for it, its unit. Keys are those of the
 * consensus tables that circulate as CSV, so that values can be held against them by name. Tags:
 * reference manual, one a feature; levels are grey levels (bins). */
#include "radiomics_private.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

typedef struct entry {
    const char *key, *name, *tag, *unit;
} entry;

static const entry morphology[] = {
    {"morph_volume", "volume (mesh)", "RNU0", "mm3"},
    {"morph_vol_approx", "volume (voxel counting)", "YEKZ", "mm3"},
    {"morph_area_mesh", "surface area (mesh)", "C0JK", "mm2"},
    {"morph_av", "surface to volume ratio", "2PR5", "1/mm"},
    {"morph_comp_1", "compactness 1", "SKGS", "1"},
    {"morph_comp_2", "compactness 2", "BQWJ", "1"},
    {"morph_sph_dispr", "spherical disproportion", "KRCK", "1"},
    {"morph_sphericity", "sphericity", "QCFX", "1"},
    {"morph_asphericity", "asphericity", "25C7", "1"},
    {"morph_com", "centre of mass shift", "KLMA", "mm"},
    {"morph_diam", "maximum 3D diameter", "L0JK", "mm"},
    {"morph_pca_maj_axis", "major axis length", "TDIC", "mm"},
    {"morph_pca_min_axis", "minor axis length", "P9VJ", "mm"},
    {"morph_pca_least_axis", "least axis length", "7J51", "mm"},
    {"morph_pca_elongation", "elongation", "Q3CK", "1"},
    {"morph_pca_flatness", "flatness", "N17B", "1"},
    {"morph_vol_dens_aabb", "volume density (axis-aligned bounding box)", "PBX1", "1"},
    {"morph_area_dens_aabb", "area density (axis-aligned bounding box)", "R59B", "1"},
    {"morph_vol_dens_ombb", "volume density (oriented minimum bounding box)", "ZH1A", "1"},
    {"morph_area_dens_ombb", "area density (oriented minimum bounding box)", "IQYR", "1"},
    {"morph_vol_dens_aee", "volume density (approximate enclosing ellipsoid)", "6BDE", "1"},
    {"morph_area_dens_aee", "area density (approximate enclosing ellipsoid)", "RDD2", "1"},
    {"morph_vol_dens_mvee", "volume density (minimum volume enclosing ellipsoid)", "SWZ1", "1"},
    {"morph_area_dens_mvee", "area density (minimum volume enclosing ellipsoid)", "BRI8", "1"},
    {"morph_vol_dens_conv_hull", "volume density (convex hull)", "R3ER", "1"},
    {"morph_area_dens_conv_hull", "area density (convex hull)", "7T7F", "1"},
    {"morph_integ_int", "integrated intensity", "99N0", "q mm3"},
    {"morph_moran_i", "Moran's I index", "N365", "1"},
    {"morph_geary_c", "Geary's C measure", "NPT7", "1"},
};
static const entry local[] = {
    {"loc_peak_loc", "local intensity peak", "VJGA", "q"},
    {"loc_peak_glob", "global intensity peak", "0F91", "q"},
};
static const entry statistics[] = {
    {"stat_mean", "mean", "Q4LE", "q"},
    {"stat_var", "variance", "ECT3", "q2"},
    {"stat_skew", "skewness", "KE2A", "1"},
    {"stat_kurt", "excess kurtosis", "IPH6", "1"},
    {"stat_median", "median", "Y12H", "q"},
    {"stat_min", "minimum", "1GSF", "q"},
    {"stat_p10", "10th percentile", "QG58", "q"},
    {"stat_p90", "90th percentile", "8DWT", "q"},
    {"stat_max", "maximum", "84IY", "q"},
    {"stat_iqr", "interquartile range", "SALO", "q"},
    {"stat_range", "range", "2OJQ", "q"},
    {"stat_mad", "mean absolute deviation", "4FUA", "q"},
    {"stat_rmad", "robust mean absolute deviation", "1128", "q"},
    {"stat_medad", "median absolute deviation", "N72L", "q"},
    {"stat_cov", "coefficient of variation", "7TET", "1"},
    {"stat_qcod", "quartile coefficient of dispersion", "9S40", "1"},
    {"stat_energy", "energy", "N8CA", "q2"},
    {"stat_rms", "root mean square", "5ZWQ", "q"},
};
static const entry histogram[] = {
    {"ih_mean", "mean discretised intensity", "X6K6", "level"},
    {"ih_var", "variance", "CH89", "level2"},
    {"ih_skew", "skewness", "88K1", "1"},
    {"ih_kurt", "excess kurtosis", "C3I7", "1"},
    {"ih_median", "median", "WIFQ", "level"},
    {"ih_min", "minimum", "1PR8", "level"},
    {"ih_p10", "10th percentile", "GPMT", "level"},
    {"ih_p90", "90th percentile", "OZ0C", "level"},
    {"ih_max", "maximum", "3NCY", "level"},
    {"ih_mode", "mode", "AMMC", "level"},
    {"ih_iqr", "interquartile range", "WR0O", "level"},
    {"ih_range", "range", "5Z3W", "level"},
    {"ih_mad", "mean absolute deviation", "D2ZX", "level"},
    {"ih_rmad", "robust mean absolute deviation", "WRZB", "level"},
    {"ih_medad", "median absolute deviation", "4RNL", "level"},
    {"ih_cov", "coefficient of variation", "CWYJ", "1"},
    {"ih_qcod", "quartile coefficient of dispersion", "SLWD", "1"},
    {"ih_entropy", "entropy", "TLU2", "bit"},
    {"ih_uniformity", "uniformity", "BJ5W", "1"},
    {"ih_max_grad", "maximum histogram gradient", "12CE", "1"},
    {"ih_max_grad_g", "maximum histogram gradient intensity", "8E6O", "level"},
    {"ih_min_grad", "minimum histogram gradient", "VQB3", "1"},
    {"ih_min_grad_g", "minimum histogram gradient intensity", "RHQZ", "level"},
};
static const entry volume_histogram[] = {
    {"ivh_v10", "volume at 10 % intensity", "BC2M", "1"},
    {"ivh_v90", "volume at 90 % intensity", "BC2M", "1"},
    {"ivh_i10", "intensity at 10 % volume", "GBPN", "q"},
    {"ivh_i90", "intensity at 90 % volume", "GBPN", "q"},
    {"ivh_diff_v10_v90", "volume fraction difference", "DDTU", "1"},
    {"ivh_diff_i10_i90", "intensity fraction difference", "CNV2", "q"},
    {"ivh_auc", "area under the curve", "9CMM", "1"},
};
static const entry cooccurrence[] = {
    {"cm_joint_max", "joint maximum", "GYBY", "1"},
    {"cm_joint_avg", "joint average", "60VM", "level"},
    {"cm_joint_var", "joint variance", "UR99", "level2"},
    {"cm_joint_entr", "joint entropy", "TU9B", "bit"},
    {"cm_diff_avg", "difference average", "TF7R", "level"},
    {"cm_diff_var", "difference variance", "D3YU", "level2"},
    {"cm_diff_entr", "difference entropy", "NTRS", "bit"},
    {"cm_sum_avg", "sum average", "ZGXS", "level"},
    {"cm_sum_var", "sum variance", "OEEB", "level2"},
    {"cm_sum_entr", "sum entropy", "P6QZ", "bit"},
    {"cm_energy", "angular second moment", "8ZQL", "1"},
    {"cm_contrast", "contrast", "ACUI", "level2"},
    {"cm_dissimilarity", "dissimilarity", "8S9J", "level"},
    {"cm_inv_diff", "inverse difference", "IB1Z", "1"},
    {"cm_inv_diff_norm", "normalised inverse difference", "NDRX", "1"},
    {"cm_inv_diff_mom", "inverse difference moment", "WF0Z", "1"},
    {"cm_inv_diff_mom_norm", "normalised inverse difference moment", "1QCO", "1"},
    {"cm_inv_var", "inverse variance", "E8JP", "1"},
    {"cm_corr", "correlation", "NI2N", "1"},
    {"cm_auto_corr", "autocorrelation", "QWB0", "level2"},
    {"cm_clust_tend", "cluster tendency", "DG8W", "level2"},
    {"cm_clust_shade", "cluster shade", "7NFM", "level3"},
    {"cm_clust_prom", "cluster prominence", "AE86", "level4"},
    {"cm_info_corr1", "information correlation 1", "R8DG", "1"},
    {"cm_info_corr2", "information correlation 2", "JN9H", "1"},
};
static const entry run_length[] = {
    {"rlm_sre", "short runs emphasis", "22OV", "1"},
    {"rlm_lre", "long runs emphasis", "W4KF", "1"},
    {"rlm_lgre", "low grey level run emphasis", "V3SW", "1"},
    {"rlm_hgre", "high grey level run emphasis", "G3QZ", "1"},
    {"rlm_srlge", "short run low grey level emphasis", "HTZT", "1"},
    {"rlm_srhge", "short run high grey level emphasis", "GD3A", "1"},
    {"rlm_lrlge", "long run low grey level emphasis", "IVPO", "1"},
    {"rlm_lrhge", "long run high grey level emphasis", "3KUM", "1"},
    {"rlm_glnu", "grey level non-uniformity", "R5YN", "1"},
    {"rlm_glnu_norm", "normalised grey level non-uniformity", "OVBL", "1"},
    {"rlm_rlnu", "run length non-uniformity", "W92Y", "1"},
    {"rlm_rlnu_norm", "normalised run length non-uniformity", "IC23", "1"},
    {"rlm_r_perc", "run percentage", "9ZK5", "1"},
    {"rlm_gl_var", "grey level variance", "8CE5", "level2"},
    {"rlm_rl_var", "run length variance", "SXLW", "1"},
    {"rlm_rl_entr", "run entropy", "HJ9O", "bit"},
};
static const entry size_zone[] = {
    {"szm_sze", "small zone emphasis", "5QRC", "1"},
    {"szm_lze", "large zone emphasis", "48P8", "1"},
    {"szm_lgze", "low grey level zone emphasis", "XMSY", "1"},
    {"szm_hgze", "high grey level zone emphasis", "5GN9", "1"},
    {"szm_szlge", "small zone low grey level emphasis", "5RAI", "1"},
    {"szm_szhge", "small zone high grey level emphasis", "HW1V", "1"},
    {"szm_lzlge", "large zone low grey level emphasis", "YH51", "1"},
    {"szm_lzhge", "large zone high grey level emphasis", "J17V", "1"},
    {"szm_glnu", "grey level non-uniformity", "JNSA", "1"},
    {"szm_glnu_norm", "normalised grey level non-uniformity", "Y1RO", "1"},
    {"szm_zsnu", "zone size non-uniformity", "4JP3", "1"},
    {"szm_zsnu_norm", "normalised zone size non-uniformity", "VB3A", "1"},
    {"szm_z_perc", "zone percentage", "P30P", "1"},
    {"szm_gl_var", "grey level variance", "BYLV", "level2"},
    {"szm_zs_var", "zone size variance", "3NSA", "1"},
    {"szm_zs_entr", "zone size entropy", "GU8N", "bit"},
};
static const entry distance_zone[] = {
    {"dzm_sde", "small distance emphasis", "0GBI", "1"},
    {"dzm_lde", "large distance emphasis", "MB4I", "1"},
    {"dzm_lgze", "low grey level zone emphasis", "S1RA", "1"},
    {"dzm_hgze", "high grey level zone emphasis", "K26C", "1"},
    {"dzm_sdlge", "small distance low grey level emphasis", "RUVG", "1"},
    {"dzm_sdhge", "small distance high grey level emphasis", "DKNJ", "1"},
    {"dzm_ldlge", "large distance low grey level emphasis", "A7WM", "1"},
    {"dzm_ldhge", "large distance high grey level emphasis", "KLTH", "1"},
    {"dzm_glnu", "grey level non-uniformity", "VFT7", "1"},
    {"dzm_glnu_norm", "normalised grey level non-uniformity", "7HP3", "1"},
    {"dzm_zdnu", "zone distance non-uniformity", "V294", "1"},
    {"dzm_zdnu_norm", "normalised zone distance non-uniformity", "IATH", "1"},
    {"dzm_z_perc", "zone percentage", "VIWW", "1"},
    {"dzm_gl_var", "grey level variance", "QK93", "level2"},
    {"dzm_zd_var", "zone distance variance", "7WT1", "1"},
    {"dzm_zd_entr", "zone distance entropy", "GBDU", "bit"},
};
static const entry tone_difference[] = {
    {"ngt_coarseness", "coarseness", "QCDE", "1"},
    {"ngt_contrast", "contrast", "65HE", "level3"},
    {"ngt_busyness", "busyness", "NQ30", "1"},
    {"ngt_complexity", "complexity", "HDEZ", "level2"},
    {"ngt_strength", "strength", "1X9X", "1"},
};
static const entry level_dependence[] = {
    {"ngl_lde", "low dependence emphasis", "SODN", "1"},
    {"ngl_hde", "high dependence emphasis", "IMOQ", "1"},
    {"ngl_lgce", "low grey level count emphasis", "TL9H", "1"},
    {"ngl_hgce", "high grey level count emphasis", "OAE7", "1"},
    {"ngl_ldlge", "low dependence low grey level emphasis", "EQ3F", "1"},
    {"ngl_ldhge", "low dependence high grey level emphasis", "JA6D", "1"},
    {"ngl_hdlge", "high dependence low grey level emphasis", "NBZI", "1"},
    {"ngl_hdhge", "high dependence high grey level emphasis", "9QMG", "1"},
    {"ngl_glnu", "grey level non-uniformity", "FP8K", "1"},
    {"ngl_glnu_norm", "normalised grey level non-uniformity", "5SPA", "1"},
    {"ngl_dcnu", "dependence count non-uniformity", "Z87G", "1"},
    {"ngl_dcnu_norm", "normalised dependence count non-uniformity", "OKJI", "1"},
    {"ngl_dc_perc", "dependence count percentage", "6XV8", "1"},
    {"ngl_gl_var", "grey level variance", "1PFV", "level2"},
    {"ngl_dc_var", "dependence count variance", "DNX2", "1"},
    {"ngl_dc_entr", "dependence count entropy", "FCBV", "bit"},
    {"ngl_dc_energy", "dependence count energy", "CAS9", "1"},
};

static const fgf_radiomics_aggregation none[] = {FGF_AGGREGATION_NONE};
static const fgf_radiomics_aggregation by_direction[] = {
    FGF_AGGREGATION_2D_AVERAGED,          FGF_AGGREGATION_2D_SLICE_MERGED,
    FGF_AGGREGATION_25D_DIRECTION_MERGED, FGF_AGGREGATION_25D_MERGED,
    FGF_AGGREGATION_3D_AVERAGED,          FGF_AGGREGATION_3D_MERGED};
static const fgf_radiomics_aggregation by_slice[] = {FGF_AGGREGATION_2D, FGF_AGGREGATION_25D,
                                                     FGF_AGGREGATION_3D};

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* In the order of fgf_radiomics_family. */
static const struct family {
    const entry *entries;
    size_t entry_count;
    const fgf_radiomics_aggregation *aggregations;
    size_t aggregation_count;
} families[FGF_RADIOMICS_FAMILY_COUNT] = {
#define FAMILY(entries, aggregations) entries, COUNT(entries), aggregations, COUNT(aggregations)
    {FAMILY(morphology, none)},           {FAMILY(local, none)},
    {FAMILY(statistics, none)},           {FAMILY(histogram, none)},
    {FAMILY(volume_histogram, none)},     {FAMILY(cooccurrence, by_direction)},
    {FAMILY(run_length, by_direction)},   {FAMILY(size_zone, by_slice)},
    {FAMILY(distance_zone, by_slice)},    {FAMILY(tone_difference, by_slice)},
    {FAMILY(level_dependence, by_slice)},
#undef FAMILY
};

const char *fgf_radiomics_family_text(fgf_radiomics_family family)
{
    static const char *const texts[] = {
#define TEXT(name, text) text,
        FGF_RADIOMICS_FAMILIES(TEXT)
#undef TEXT
    };
    return texts[family];
}

static const char *const aggregation_suffix[] = {
#define SUFFIX(name, suffix, text) suffix,
    FGF_RADIOMICS_AGGREGATIONS(SUFFIX)
#undef SUFFIX
};

const char *fgf_radiomics_aggregation_text(fgf_radiomics_aggregation aggregation)
{
    static const char *const texts[] = {
#define TEXT(name, suffix, text) text,
        FGF_RADIOMICS_AGGREGATIONS(TEXT)
#undef TEXT
    };
    return texts[aggregation];
}

const char *fgf_radiomics_missing_text(fgf_radiomics_missing reason)
{
    static const char *const texts[] = {
#define TEXT(name, text) text,
        FGF_RADIOMICS_MISSING_TABLE(TEXT)
#undef TEXT
    };
    return texts[reason];
}

size_t radiomics_features(fgf_radiomics_family family)
{
    return families[family].entry_count;
}

size_t radiomics_first(fgf_radiomics_family family)
{
    size_t first = 0;
    for (int f = 0; f < (int)family; f++)
        first += families[f].entry_count * families[f].aggregation_count;
    return first;
}

fgf_radiomics_feature fgf_radiomics_feature_at(size_t index)
{
    int f = 0;
    assert(index < FGF_RADIOMICS_COUNT);
    while (index >= families[f].entry_count * families[f].aggregation_count) {
        index -= families[f].entry_count * families[f].aggregation_count;
        f++;
    }
    const entry *e = &families[f].entries[index % families[f].entry_count];
    return (fgf_radiomics_feature){.family = (fgf_radiomics_family)f,
                                   .key = e->key,
                                   .name = e->name,
                                   .tag = e->tag,
                                   .unit = e->unit,
                                   .aggregation =
                                       families[f].aggregations[index / families[f].entry_count]};
}

void fgf_radiomics_key(size_t index, char key[FGF_RADIOMICS_KEY_BYTES])
{
    fgf_radiomics_feature feature = fgf_radiomics_feature_at(index);
    snprintf(key, FGF_RADIOMICS_KEY_BYTES, "%s%s", feature.key,
             aggregation_suffix[feature.aggregation]);
}

size_t fgf_radiomics_find(const char *key)
{
    char candidate[FGF_RADIOMICS_KEY_BYTES];
    for (size_t k = 0; k < FGF_RADIOMICS_COUNT; k++) {
        fgf_radiomics_key(k, candidate);
        if (strcmp(candidate, key) == 0)
            return k;
    }
    return SIZE_MAX;
}
