/* Which hard feature each soft one becomes as its widths go to 0. The soft features' files say the
 * same in their formulas; a test computes both on small widths and compares. */
#include "feature_table.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define NEIGHBOURS "percentiles interpolate otherwise, by less than a gap in order"
#define VOXEL_VOLUME "soft counts voxels, hard takes the volume of the mesh"
#define LEVEL_LINES "soft measures level lines of the blurred mask, hard the mesh"

static const counterpart table[] = {
    {"size", "morph_vol_approx", VIEW_MASK, false, false, NULL},
    {"mean", "stat_mean", VIEW_REGION, false, false, NULL},
    {"variance", "stat_var", VIEW_REGION, false, false, NULL},
    {"skewness", "stat_skew", VIEW_REGION, false, false, NULL},
    {"kurtosis", "stat_kurt", VIEW_REGION, false, false, NULL},
    {"coefficient_of_variation", "stat_cov", VIEW_REGION, false, false, NULL},
    {"energy", "stat_energy", VIEW_REGION, false, false, NULL},
    {"root_mean_square", "stat_rms", VIEW_REGION, false, false, NULL},
    {"mean_absolute_deviation", "stat_mad", VIEW_REGION, false, false, NULL},
    {"median_absolute_deviation", "stat_medad", VIEW_REGION, false, false, NULL},
    {"percentile", "", VIEW_REGION, false, false, NEIGHBOURS}, /* by its percent */
    {"interquartile_range", "stat_iqr", VIEW_REGION, false, false, NEIGHBOURS},
    {"quartile_dispersion", "stat_qcod", VIEW_REGION, false, false, NEIGHBOURS},
    {"minimum", "stat_min", VIEW_REGION, false, false, NULL},
    {"maximum", "stat_max", VIEW_REGION, false, false, NULL},
    {"range", "stat_range", VIEW_REGION, false, false, NULL},
    {"entropy", "ih_entropy", VIEW_BINS, false, true, NULL},
    {"uniformity", "ih_uniformity", VIEW_BINS, false, false, NULL},
    {"histogram_mean", "ih_mean", VIEW_BINS, false, false, NULL},
    {"histogram_variance", "ih_var", VIEW_BINS, false, false, NULL},
    {"histogram_skewness", "ih_skew", VIEW_BINS, false, false, NULL},
    {"histogram_kurtosis", "ih_kurt", VIEW_BINS, false, false, NULL},
    {"integrated_intensity", "morph_integ_int", VIEW_MASK, true, false, VOXEL_VOLUME},
    {"perimeter", "morph_area_mesh", VIEW_MASK, true, false, LEVEL_LINES},
    {"surface_to_volume", "morph_av", VIEW_MASK, true, false, LEVEL_LINES},
    {"sphericity", "morph_sphericity", VIEW_MASK, true, false, LEVEL_LINES},
    {"compactness", "morph_comp_2", VIEW_MASK, true, false, LEVEL_LINES},
    {"major_axis", "morph_pca_maj_axis", VIEW_MASK, false, false, NULL},
    {"minor_axis", "morph_pca_min_axis", VIEW_MASK, false, false, NULL},
    {"least_axis", "morph_pca_least_axis", VIEW_MASK, true, false, NULL},
    {"elongation", "morph_pca_elongation", VIEW_MASK, false, false, NULL},
    {"flatness", "morph_pca_flatness", VIEW_MASK, true, false, NULL},
    {"centre_of_mass_shift", "morph_com", VIEW_MASK, false, false, NULL},
    {"cooccurrence_contrast", "cm_contrast", VIEW_BINS, false, false, NULL},
    {"cooccurrence_dissimilarity", "cm_dissimilarity", VIEW_BINS, false, false, NULL},
    {"cooccurrence_inverse_difference", "cm_inv_diff", VIEW_BINS, false, false, NULL},
    {"cooccurrence_inverse_difference_normalised", "cm_inv_diff_norm", VIEW_BINS, false, false,
     NULL},
    {"cooccurrence_inverse_difference_moment", "cm_inv_diff_mom", VIEW_BINS, false, false, NULL},
    {"cooccurrence_inverse_difference_moment_normalised", "cm_inv_diff_mom_norm", VIEW_BINS, false,
     false, NULL},
    {"cooccurrence_inverse_variance", "cm_inv_var", VIEW_BINS, false, false, NULL},
    {"cooccurrence_difference_variance", "cm_diff_var", VIEW_BINS, false, false, NULL},
    {"cooccurrence_joint_average", "cm_joint_avg", VIEW_BINS, false, false, NULL},
    {"cooccurrence_joint_variance", "cm_joint_var", VIEW_BINS, false, false, NULL},
    {"cooccurrence_autocorrelation", "cm_auto_corr", VIEW_BINS, false, false, NULL},
    {"cooccurrence_correlation", "cm_corr", VIEW_BINS, false, false, NULL},
    {"cooccurrence_cluster_tendency", "cm_clust_tend", VIEW_BINS, false, false, NULL},
    {"cooccurrence_cluster_shade", "cm_clust_shade", VIEW_BINS, false, false, NULL},
    {"cooccurrence_cluster_prominence", "cm_clust_prom", VIEW_BINS, false, false, NULL},
    {"cooccurrence_angular_second_moment", "cm_energy", VIEW_BINS, false, false, NULL},
    {"cooccurrence_joint_entropy", "cm_joint_entr", VIEW_BINS, false, true, NULL},
    {"cooccurrence_difference_entropy", "cm_diff_entr", VIEW_BINS, false, true, NULL},
    {"cooccurrence_sum_entropy", "cm_sum_entr", VIEW_BINS, false, true, NULL},
    {"cooccurrence_information_correlation_1", "cm_info_corr1", VIEW_BINS, false, false, NULL},
    {"cooccurrence_information_correlation_2", "cm_info_corr2", VIEW_BINS, false, false, NULL},
    {"run_short_emphasis", "rlm_sre", VIEW_BINS, false, false, NULL},
    {"run_long_emphasis", "rlm_lre", VIEW_BINS, false, false, NULL},
    {"run_low_grey_emphasis", "rlm_lgre", VIEW_BINS, false, false, NULL},
    {"run_high_grey_emphasis", "rlm_hgre", VIEW_BINS, false, false, NULL},
    {"run_short_low_grey_emphasis", "rlm_srlge", VIEW_BINS, false, false, NULL},
    {"run_short_high_grey_emphasis", "rlm_srhge", VIEW_BINS, false, false, NULL},
    {"run_long_low_grey_emphasis", "rlm_lrlge", VIEW_BINS, false, false, NULL},
    {"run_long_high_grey_emphasis", "rlm_lrhge", VIEW_BINS, false, false, NULL},
    {"run_grey_nonuniformity", "rlm_glnu", VIEW_BINS, false, false, NULL},
    {"run_grey_nonuniformity_normalised", "rlm_glnu_norm", VIEW_BINS, false, false, NULL},
    {"run_length_nonuniformity", "rlm_rlnu", VIEW_BINS, false, false, NULL},
    {"run_length_nonuniformity_normalised", "rlm_rlnu_norm", VIEW_BINS, false, false, NULL},
    {"run_percentage", "rlm_r_perc", VIEW_BINS, false, false, NULL},
    {"run_grey_variance", "rlm_gl_var", VIEW_BINS, false, false, NULL},
    {"run_length_variance", "rlm_rl_var", VIEW_BINS, false, false, NULL},
    {"run_entropy", "rlm_rl_entr", VIEW_BINS, false, true, NULL}};

const counterpart *counterpart_of(const char *kind)
{
    for (size_t k = 0; k < sizeof table / sizeof *table; k++)
        if (strcmp(table[k].kind, kind) == 0)
            return &table[k];
    return NULL;
}

double item_number(const fgf_item *item, const char *name, double fallback)
{
    for (const fgf_key *key = item->kind->keys; key && key->name; key++) {
        const char *member = (const char *)item->settings + key->offset;
        if (strcmp(key->name, name) != 0)
            continue;
        if (key->type == FGF_KEY_INTEGER)
            return (double)*(const int64_t *)(const void *)member;
        if (key->type == FGF_KEY_REAL)
            return *(const double *)(const void *)member;
    }
    return fallback;
}

static const char *percentile_key(double percent)
{
    return percent == 10 ? "stat_p10" : percent == 50 ? "stat_median" : "stat_p90";
}

size_t counterpart_feature(const fgf_item *item, int depth, const counterpart **which)
{
    char key[FGF_RADIOMICS_KEY_BYTES];
    const counterpart *c = counterpart_of(item->kind->name);
    double percent = item_number(item, "percent", 50);
    *which = c;
    if (!c || (c->volumes_only && depth == 1) || item_number(item, "distance", 1) != 1 ||
        item_number(item, "zero", 0) != 0)
        return SIZE_MAX;
    if (c->key[0] == '\0' && percent != 10 && percent != 50 && percent != 90)
        return SIZE_MAX;
    /* A slice as a volume has rows of single voxels across it, which a slice has not. */
    const char *suffix = depth > 1 ? "_3D_comb" : "_2_5D_comb";
    bool directed = strncmp(c->key, "cm_", 3) == 0 || strncmp(c->key, "rlm_", 4) == 0;
    snprintf(key, sizeof key, "%s%s", c->key[0] ? c->key : percentile_key(percent),
             directed ? suffix : "");
    return fgf_radiomics_find(key);
}
