/* Soft features with narrow widths on IBSI's digital phantom, against its consensus values: those
 * that have a defined hard form are that form there. Needs the shared data and gzip. */
#include "unit/feature/feature_test.h"

#include <unistd.h>

enum { PIXELS_MOST = 1000, EXIT_SKIPPED = 77 };

static char folder[1024];

/* Where FGF_SHARED says, else in a folder "shared" on the way up from here. */
static bool find_shared(void)
{
    const char *given = getenv("FGF_SHARED");
    char up[256] = "";
    if (given) {
        snprintf(folder, sizeof folder, "%.900s/data/ibsi1", given);
        return access(folder, R_OK) == 0;
    }
    for (int level = 0; level < 16; level++) {
        snprintf(folder, sizeof folder, "%sshared/data/ibsi1", up);
        if (access(folder, R_OK) == 0)
            return true;
        strcat(up, "../");
    }
    return false;
}

/* A NIfTI-1 image of bytes, integers or floats, x first: its values and sizes. */
static void read_image(const char *name, int size[3], double *values)
{
    char command[1200];
    unsigned char header[352];
    int16_t dimension[8], type;
    snprintf(command, sizeof command, "gzip -dc '%s/digital_phantom/%s'", folder, name);
    FILE *stream = popen(command, "r");
    assert_non_null(stream);
    assert_int_equal(fread(header, 1, sizeof header, stream), sizeof header);
    memcpy(dimension, header + 40, sizeof dimension);
    memcpy(&type, header + 70, sizeof type);
    size_t count = 1;
    for (int axis = 0; axis < 3; axis++) {
        size[2 - axis] = dimension[1 + axis];
        count *= (size_t)dimension[1 + axis];
    }
    assert_true(count <= PIXELS_MOST);
    for (size_t i = 0; i < count; i++) {
        unsigned char raw[8] = {0};
        const size_t bytes = type == 2 ? 1 : type == 4 || type == 512 ? 2 : type == 64 ? 8 : 4;
        assert_int_equal(fread(raw, 1, bytes, stream), bytes);
        int16_t two;
        int32_t four;
        float real;
        memcpy(&two, raw, sizeof two);
        memcpy(&four, raw, sizeof four);
        memcpy(&real, raw, sizeof real);
        memcpy(&values[i], raw, sizeof raw);
        if (type != 64)
            values[i] = type == 16 ? (double)real : type == 8 ? four : bytes == 2 ? two : raw[0];
    }
    assert_int_equal(pclose(stream), 0);
}

/* The consensus value and its tolerance. */
static void look_up(const char *tag, double *value, double *tolerance)
{
    char path[1200], line[256], found[128];
    snprintf(path, sizeof path, "%s/reference/ibsi_1_dig_phantom.csv", folder);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    while (fgets(line, sizeof line, file))
        if (sscanf(line, "%lf;%lf;%127s", value, tolerance, found) == 3 && strcmp(found, tag) == 0)
            break;
    if (ferror(file) || feof(file))
        fail_msg("no consensus value for %s", tag);
    fclose(file);
}

typedef struct row {
    const char *tag, *name, *percent;
    double factor; /* ours times this is IBSI's */
} row;

#define BITS 1.44269504088896340736 /* in a nat */
static const row rows[] = {
    {"stat_mean", "mean", NULL, 1},
    {"stat_var", "variance", NULL, 1},
    {"stat_skew", "skewness", NULL, 1},
    {"stat_kurt", "kurtosis", NULL, 1},
    {"stat_median", "percentile", "50", 1},
    {"stat_p10", "percentile", "10", 1},
    {"stat_p90", "percentile", "90", 1},
    {"stat_min", "minimum", NULL, 1},
    {"stat_max", "maximum", NULL, 1},
    {"stat_range", "range", NULL, 1},
    {"stat_iqr", "interquartile_range", NULL, 1},
    {"stat_mad", "mean_absolute_deviation", NULL, 1},
    {"stat_medad", "median_absolute_deviation", NULL, 1},
    {"stat_cov", "coefficient_of_variation", NULL, 1},
    {"stat_qcod", "quartile_dispersion", NULL, 1},
    {"stat_energy", "energy", NULL, 1},
    {"stat_rms", "root_mean_square", NULL, 1},
    {"ih_mean", "histogram_mean", NULL, 1},
    {"ih_var", "histogram_variance", NULL, 1},
    {"ih_skew", "histogram_skewness", NULL, 1},
    {"ih_kurt", "histogram_kurtosis", NULL, 1},
    {"ih_entropy", "entropy", NULL, BITS},
    {"ih_uniformity", "uniformity", NULL, 1},
    {"morph_vol_approx", "size", NULL, 1},
    {"morph_com", "centre_of_mass_shift", NULL, 1},
    {"morph_pca_maj_axis", "major_axis", NULL, 1},
    {"morph_pca_min_axis", "minor_axis", NULL, 1},
    {"morph_pca_least_axis", "least_axis", NULL, 1},
    {"morph_pca_elongation", "elongation", NULL, 1},
    {"morph_pca_flatness", "flatness", NULL, 1},
    {"cm_auto_corr_3D_comb", "cooccurrence_autocorrelation", NULL, 1},
    {"cm_clust_prom_3D_comb", "cooccurrence_cluster_prominence", NULL, 1},
    {"cm_clust_shade_3D_comb", "cooccurrence_cluster_shade", NULL, 1},
    {"cm_clust_tend_3D_comb", "cooccurrence_cluster_tendency", NULL, 1},
    {"cm_sum_var_3D_comb", "cooccurrence_cluster_tendency", NULL, 1},
    {"cm_contrast_3D_comb", "cooccurrence_contrast", NULL, 1},
    {"cm_corr_3D_comb", "cooccurrence_correlation", NULL, 1},
    {"cm_dissimilarity_3D_comb", "cooccurrence_dissimilarity", NULL, 1},
    {"cm_diff_avg_3D_comb", "cooccurrence_dissimilarity", NULL, 1},
    {"cm_diff_entr_3D_comb", "cooccurrence_difference_entropy", NULL, BITS},
    {"cm_diff_var_3D_comb", "cooccurrence_difference_variance", NULL, 1},
    {"cm_energy_3D_comb", "cooccurrence_angular_second_moment", NULL, 1},
    {"cm_info_corr1_3D_comb", "cooccurrence_information_correlation_1", NULL, 1},
    {"cm_info_corr2_3D_comb", "cooccurrence_information_correlation_2", NULL, 1},
    {"cm_inv_diff_3D_comb", "cooccurrence_inverse_difference", NULL, 1},
    {"cm_inv_diff_norm_3D_comb", "cooccurrence_inverse_difference_normalised", NULL, 1},
    {"cm_inv_diff_mom_3D_comb", "cooccurrence_inverse_difference_moment", NULL, 1},
    {"cm_inv_diff_mom_norm_3D_comb", "cooccurrence_inverse_difference_moment_normalised", NULL, 1},
    {"cm_inv_var_3D_comb", "cooccurrence_inverse_variance", NULL, 1},
    {"cm_joint_avg_3D_comb", "cooccurrence_joint_average", NULL, 1},
    {"cm_sum_avg_3D_comb", "cooccurrence_joint_average", NULL, 2},
    {"cm_joint_var_3D_comb", "cooccurrence_joint_variance", NULL, 1},
    {"cm_joint_entr_3D_comb", "cooccurrence_joint_entropy", NULL, BITS},
    {"cm_sum_entr_3D_comb", "cooccurrence_sum_entropy", NULL, BITS},
    {"rlm_sre_3D_comb", "run_short_emphasis", NULL, 1},
    {"rlm_lre_3D_comb", "run_long_emphasis", NULL, 1},
    {"rlm_lgre_3D_comb", "run_low_grey_emphasis", NULL, 1},
    {"rlm_hgre_3D_comb", "run_high_grey_emphasis", NULL, 1},
    {"rlm_srlge_3D_comb", "run_short_low_grey_emphasis", NULL, 1},
    {"rlm_srhge_3D_comb", "run_short_high_grey_emphasis", NULL, 1},
    {"rlm_lrlge_3D_comb", "run_long_low_grey_emphasis", NULL, 1},
    {"rlm_lrhge_3D_comb", "run_long_high_grey_emphasis", NULL, 1},
    {"rlm_glnu_3D_comb", "run_grey_nonuniformity", NULL, 1},
    {"rlm_glnu_norm_3D_comb", "run_grey_nonuniformity_normalised", NULL, 1},
    {"rlm_rlnu_3D_comb", "run_length_nonuniformity", NULL, 1},
    {"rlm_rlnu_norm_3D_comb", "run_length_nonuniformity_normalised", NULL, 1},
    {"rlm_r_perc_3D_comb", "run_percentage", NULL, 1},
    {"rlm_gl_var_3D_comb", "run_grey_variance", NULL, 1},
    {"rlm_rl_var_3D_comb", "run_length_variance", NULL, 1},
    {"rlm_rl_entr_3D_comb", "run_entropy", NULL, BITS},
};

/* Grey levels 1 to 6 as bins, a mask of all that is above 0, widths that leave nothing soft. */
static void narrow(test_item *item, const row *of)
{
    static const char *const settings[][2] = {{"width", "0.001"}, {"smoothing", "1e-6"},
                                              {"low", "0.5"},     {"high", "6.5"},
                                              {"bins", "6"},      {"threshold", "0.5"}};
    for (const fgf_key *key = item->item.kind->keys; key->name; key++)
        for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++)
            if (strcmp(key->name, settings[i][0]) == 0)
                set_key(item->item.kind, item->settings, key->name, settings[i][1]);
    if (of->percent)
        set_key(item->item.kind, item->settings, "percent", of->percent);
}

static void the_digital_phantom(void **state)
{
    (void)state;
    static double image[PIXELS_MOST], inside[PIXELS_MOST];
    static fgf_real x[PIXELS_MOST];
    uint8_t mask[PIXELS_MOST] = {0};
    const fgf_units identity = {1, 0};
    const double spacing[3] = {2, 2, 2};
    const int channel = 0;
    int size[3], again[3];
    fgf_region_owner owner;
    read_image("phantom.nii.gz", size, image);
    read_image("mask.nii.gz", again, inside);
    assert_memory_equal(size, again, sizeof size);
    const fgf_shape shape = {1, size[0], size[1], size[2]};
    for (int64_t i = 0; i < fgf_shape_pixels(shape); i++)
        mask[i] = inside[i] > 0;
    assert_int_equal(fgf_region_create(shape, spacing, mask, 0, false, &channel, 1, &owner),
                     FGF_OK);
    assert_int_equal(owner.region.pixel_count, 74);
    for (size_t i = 0; i < owner.region.pixel_count; i++)
        x[i] = (fgf_real)image[owner.region.pixel[i]];
    for (size_t k = 0; k < sizeof rows / sizeof rows[0]; k++) {
        test_item item;
        fgf_feature *feature = NULL;
        double expected, tolerance;
        set_defaults(&item, rows[k].name, NULL);
        narrow(&item, &rows[k]);
        look_up(rows[k].tag, &expected, &tolerance);
        assert_int_equal(fgf_feature_create(&item.item, shape, &identity, &feature), FGF_OK);
        const double found = rows[k].factor * value_of(feature, &owner.region, x);
        /* Where no tolerance is given, the value is, to three digits. */
        const double room = fmax(tolerance, 0.006 * fabs(expected));
        if (!(fabs(found - expected) <= room))
            fail_msg("%s (%s): found %.6g, the consensus is %g", rows[k].tag, rows[k].name, found,
                     expected);
        fgf_feature_destroy(&feature);
    }
    fgf_region_clear(&owner);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_digital_phantom)};
    if (!find_shared()) {
        printf("skipped: needs the shared data (FGF_SHARED): ibsi1\n");
        return EXIT_SKIPPED;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
