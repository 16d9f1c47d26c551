/* pyradiomics' own baselines for two of its cases, brain1 and breast1, where its definitions are
 * IBSI's or differ by a known factor. With --markdown the table for docs/features.md.
 *
 * Not held against: normalised, resampled (B-splines) and re-segmented (by standard deviations)
 * images, which are other image processing than IBSI's; flat regions; features that IBSI has not
 * (total energy, 2D diameters, maximal correlation coefficient, 2D shape). */
#include "agreement.h"

/* How pyradiomics' number follows from IBSI's. */
typedef enum relation {
    SAME,
    PLUS_THREE, /* kurtosis without the 3 taken away */
    SHIFTED,    /* of intensities + 2000 (voxelArrayShift) */
    POPULATION, /* principal axes of the covariance that divides by N, not N - 1 */
    MESH        /* rests on the triangles of the surface: its table cuts some cubes otherwise */
} relation;

typedef struct pair {
    const char *theirs, *ours; /* without the aggregation's suffix */
    relation relation;
} pair;

static const pair pairs[] = {{"firstorder_Mean", "stat_mean", SAME},
                             {"firstorder_Variance", "stat_var", SAME},
                             {"firstorder_Skewness", "stat_skew", SAME},
                             {"firstorder_Kurtosis", "stat_kurt", PLUS_THREE},
                             {"firstorder_Median", "stat_median", SAME},
                             {"firstorder_Minimum", "stat_min", SAME},
                             {"firstorder_10Percentile", "stat_p10", SAME},
                             {"firstorder_90Percentile", "stat_p90", SAME},
                             {"firstorder_Maximum", "stat_max", SAME},
                             {"firstorder_InterquartileRange", "stat_iqr", SAME},
                             {"firstorder_Range", "stat_range", SAME},
                             {"firstorder_MeanAbsoluteDeviation", "stat_mad", SAME},
                             {"firstorder_RobustMeanAbsoluteDeviation", "stat_rmad", SAME},
                             {"firstorder_Energy", "stat_energy", SHIFTED},
                             {"firstorder_RootMeanSquared", "stat_rms", SHIFTED},
                             {"firstorder_Entropy", "ih_entropy", SAME},
                             {"firstorder_Uniformity", "ih_uniformity", SAME},
                             {"shape_VoxelVolume", "morph_vol_approx", SAME},
                             {"shape_MeshVolume", "morph_volume", MESH},
                             {"shape_SurfaceArea", "morph_area_mesh", MESH},
                             {"shape_SurfaceVolumeRatio", "morph_av", MESH},
                             {"shape_Sphericity", "morph_sphericity", MESH},
                             {"shape_Maximum3DDiameter", "morph_diam", SAME},
                             {"shape_MajorAxisLength", "morph_pca_maj_axis", POPULATION},
                             {"shape_MinorAxisLength", "morph_pca_min_axis", POPULATION},
                             {"shape_LeastAxisLength", "morph_pca_least_axis", POPULATION},
                             {"shape_Elongation", "morph_pca_elongation", SAME},
                             {"shape_Flatness", "morph_pca_flatness", SAME},
                             {"glcm_MaximumProbability", "cm_joint_max", SAME},
                             {"glcm_JointAverage", "cm_joint_avg", SAME},
                             {"glcm_SumSquares", "cm_joint_var", SAME},
                             {"glcm_JointEntropy", "cm_joint_entr", SAME},
                             {"glcm_DifferenceAverage", "cm_diff_avg", SAME},
                             {"glcm_DifferenceVariance", "cm_diff_var", SAME},
                             {"glcm_DifferenceEntropy", "cm_diff_entr", SAME},
                             {"glcm_SumAverage", "cm_sum_avg", SAME},
                             {"glcm_SumEntropy", "cm_sum_entr", SAME},
                             {"glcm_JointEnergy", "cm_energy", SAME},
                             {"glcm_Contrast", "cm_contrast", SAME},
                             {"glcm_Id", "cm_inv_diff", SAME},
                             {"glcm_Idn", "cm_inv_diff_norm", SAME},
                             {"glcm_Idm", "cm_inv_diff_mom", SAME},
                             {"glcm_Idmn", "cm_inv_diff_mom_norm", SAME},
                             {"glcm_InverseVariance", "cm_inv_var", SAME},
                             {"glcm_Correlation", "cm_corr", SAME},
                             {"glcm_Autocorrelation", "cm_auto_corr", SAME},
                             {"glcm_ClusterTendency", "cm_clust_tend", SAME},
                             {"glcm_ClusterShade", "cm_clust_shade", SAME},
                             {"glcm_ClusterProminence", "cm_clust_prom", SAME},
                             {"glcm_Imc1", "cm_info_corr1", SAME},
                             {"glcm_Imc2", "cm_info_corr2", SAME},
                             {"glrlm_ShortRunEmphasis", "rlm_sre", SAME},
                             {"glrlm_LongRunEmphasis", "rlm_lre", SAME},
                             {"glrlm_LowGrayLevelRunEmphasis", "rlm_lgre", SAME},
                             {"glrlm_HighGrayLevelRunEmphasis", "rlm_hgre", SAME},
                             {"glrlm_ShortRunLowGrayLevelEmphasis", "rlm_srlge", SAME},
                             {"glrlm_ShortRunHighGrayLevelEmphasis", "rlm_srhge", SAME},
                             {"glrlm_LongRunLowGrayLevelEmphasis", "rlm_lrlge", SAME},
                             {"glrlm_LongRunHighGrayLevelEmphasis", "rlm_lrhge", SAME},
                             {"glrlm_GrayLevelNonUniformity", "rlm_glnu", SAME},
                             {"glrlm_GrayLevelNonUniformityNormalized", "rlm_glnu_norm", SAME},
                             {"glrlm_RunLengthNonUniformity", "rlm_rlnu", SAME},
                             {"glrlm_RunLengthNonUniformityNormalized", "rlm_rlnu_norm", SAME},
                             {"glrlm_RunPercentage", "rlm_r_perc", SAME},
                             {"glrlm_GrayLevelVariance", "rlm_gl_var", SAME},
                             {"glrlm_RunVariance", "rlm_rl_var", SAME},
                             {"glrlm_RunEntropy", "rlm_rl_entr", SAME},
                             {"glszm_SmallAreaEmphasis", "szm_sze", SAME},
                             {"glszm_LargeAreaEmphasis", "szm_lze", SAME},
                             {"glszm_LowGrayLevelZoneEmphasis", "szm_lgze", SAME},
                             {"glszm_HighGrayLevelZoneEmphasis", "szm_hgze", SAME},
                             {"glszm_SmallAreaLowGrayLevelEmphasis", "szm_szlge", SAME},
                             {"glszm_SmallAreaHighGrayLevelEmphasis", "szm_szhge", SAME},
                             {"glszm_LargeAreaLowGrayLevelEmphasis", "szm_lzlge", SAME},
                             {"glszm_LargeAreaHighGrayLevelEmphasis", "szm_lzhge", SAME},
                             {"glszm_GrayLevelNonUniformity", "szm_glnu", SAME},
                             {"glszm_GrayLevelNonUniformityNormalized", "szm_glnu_norm", SAME},
                             {"glszm_SizeZoneNonUniformity", "szm_zsnu", SAME},
                             {"glszm_SizeZoneNonUniformityNormalized", "szm_zsnu_norm", SAME},
                             {"glszm_ZonePercentage", "szm_z_perc", SAME},
                             {"glszm_GrayLevelVariance", "szm_gl_var", SAME},
                             {"glszm_ZoneVariance", "szm_zs_var", SAME},
                             {"glszm_ZoneEntropy", "szm_zs_entr", SAME},
                             {"ngtdm_Coarseness", "ngt_coarseness", SAME},
                             {"ngtdm_Contrast", "ngt_contrast", SAME},
                             {"ngtdm_Busyness", "ngt_busyness", SAME},
                             {"ngtdm_Complexity", "ngt_complexity", SAME},
                             {"ngtdm_Strength", "ngt_strength", SAME},
                             {"gldm_SmallDependenceEmphasis", "ngl_lde", SAME},
                             {"gldm_LargeDependenceEmphasis", "ngl_hde", SAME},
                             {"gldm_LowGrayLevelEmphasis", "ngl_lgce", SAME},
                             {"gldm_HighGrayLevelEmphasis", "ngl_hgce", SAME},
                             {"gldm_SmallDependenceLowGrayLevelEmphasis", "ngl_ldlge", SAME},
                             {"gldm_SmallDependenceHighGrayLevelEmphasis", "ngl_ldhge", SAME},
                             {"gldm_LargeDependenceLowGrayLevelEmphasis", "ngl_hdlge", SAME},
                             {"gldm_LargeDependenceHighGrayLevelEmphasis", "ngl_hdhge", SAME},
                             {"gldm_GrayLevelNonUniformity", "ngl_glnu", SAME},
                             {"gldm_DependenceNonUniformity", "ngl_dcnu", SAME},
                             {"gldm_DependenceNonUniformityNormalized", "ngl_dcnu_norm", SAME},
                             {"gldm_GrayLevelVariance", "ngl_gl_var", SAME},
                             {"gldm_DependenceVariance", "ngl_dc_var", SAME},
                             {"gldm_DependenceEntropy", "ngl_dc_entr", SAME}};
enum { PAIRS = sizeof pairs / sizeof *pairs };

/* A column of the baselines: its name behind the case's, what it stands for. */
typedef struct variant {
    const char *column, *title;
    const char *directional, *plain; /* suffixes of the texture families */
    bool by_count;                   /* 64 bins in place of bins of 25 */
} variant;
static const variant variants[] = {
    {"", "bins of 25, volume", "_3D_avg", "_3D", false},
    {"_combined", "bins of 25, directions merged", "_3D_comb", NULL, false},
    {"_2d", "bins of 25, slices", "_2_5D_avg", "_2_5D", false},
    {"_FBN", "64 bins, volume", "_3D_avg", "_3D", true}};
enum { VARIANTS = sizeof variants / sizeof *variants };

static const char *const cases[] = {"brain1", "breast1"};
enum { CASES = 2 };

static const char *const files[] = {"firstorder", "shape", "glcm", "glrlm",
                                    "glszm",      "gldm",  "ngtdm"};

/* The next field of a line of CSV, quotes taken off; NULL after the last one. */
static char *next_field(char **rest)
{
    char *field = *rest, *to = field, *from = field;
    if (!field)
        return NULL;
    if (*from == '"') {
        for (from++; *from && *from != '"'; from++)
            *to++ = *from;
        from += *from == '"';
    } else {
        while (*from && *from != ',' && *from != '\r' && *from != '\n')
            *to++ = *from++;
    }
    *rest = *from == ',' ? from + 1 : NULL;
    *to = '\0';
    return field;
}

static size_t column_of(char *header, const char *name)
{
    size_t column = 0;
    for (char *field; (field = next_field(&header)); column++)
        if (strcmp(field, name) == 0)
            return column;
    return SIZE_MAX;
}

/* The value of a feature in a column of a baseline file; NaN where it has none. */
static double baseline(const char *file, const char *column, const char *feature)
{
    static char line[65536], header[65536];
    char rest[256], path[AGREEMENT_PATH], wanted[128];
    double value = NAN;
    snprintf(rest, sizeof rest, "data/pyradiomics/baseline/baseline_%s.csv", file);
    FILE *in = find_shared(rest, path) ? fopen(path, "r") : NULL;
    if (!in || !fgets(header, sizeof header, in))
        return NAN;
    size_t index = column_of(header, column);
    snprintf(wanted, sizeof wanted, "original_%s", feature);
    while (index != SIZE_MAX && fgets(line, sizeof line, in)) {
        char *at = line, *field = next_field(&at);
        if (strcmp(field, wanted) != 0)
            continue;
        for (size_t k = 0; k < index; k++)
            field = next_field(&at);
        if (field && *field)
            value = strtod(field, NULL);
    }
    fclose(in);
    return value;
}

/* The feature of a pair under a variant, or SIZE_MAX where the variant does not concern it. */
static size_t feature_of(const pair *p, const variant *v)
{
    char key[FGF_RADIOMICS_KEY_BYTES];
    bool directional = strncmp(p->ours, "cm_", 3) == 0 || strncmp(p->ours, "rlm_", 4) == 0;
    bool matrix = directional || strncmp(p->ours, "szm_", 4) == 0 ||
                  strncmp(p->ours, "ngt_", 4) == 0 || strncmp(p->ours, "ngl_", 4) == 0;
    const char *suffix = directional ? v->directional : matrix ? v->plain : "";
    if (!suffix || (!matrix && v->column[0]))
        return SIZE_MAX;
    snprintf(key, sizeof key, "%s%s", p->ours, suffix);
    return fgf_radiomics_find(key);
}

/* IBSI's value turned into pyradiomics'. */
static double translated(const pair *p, double value, const fgf_radiomics_value *shifted,
                         size_t feature, double voxels)
{
    switch (p->relation) {
    case PLUS_THREE:
        return value + 3;
    case SHIFTED:
        return shifted[feature].value;
    case POPULATION:
        return value * sqrt((voxels - 1) / voxels);
    case SAME:
    case MESH:
        break;
    }
    return value;
}

/* Features of the intensities as they are, and + 2000. */
static fgf_status compute(const char *name, const variant *v, fgf_radiomics_value *values,
                          fgf_radiomics_value *shifted, double *voxels)
{
    fgf_status status = FGF_OK;
    example e = {0};
    char rest[256], image[AGREEMENT_PATH], mask[AGREEMENT_PATH];
    snprintf(rest, sizeof rest, "data/pyradiomics/%s_image.nrrd", name);
    if (!find_shared(rest, image))
        FGF_FAIL(FGF_DATA, "%s is not there", rest);
    snprintf(rest, sizeof rest, "data/pyradiomics/%s_label.nrrd", name);
    if (!find_shared(rest, mask))
        FGF_FAIL(FGF_DATA, "%s is not there", rest);
    FGF_TRY(example_read(fgf_nrrd_open, image, mask, &e));
    fgf_radiomics_settings settings = fgf_radiomics_defaults();
    FGF_TRY(fgf_radiomics_compute(&e.volume, &settings, values));
    size_t minimum = fgf_radiomics_find("stat_min"), count = fgf_radiomics_find("morph_vol_approx");
    *voxels =
        values[count].value / (e.volume.spacing[0] * e.volume.spacing[1] * e.volume.spacing[2]);
    settings.discretisation = v->by_count ? FGF_DISCRETISATION_COUNT : FGF_DISCRETISATION_WIDTH;
    settings.bins = 64;
    settings.bin_width = 25;
    settings.lowest = 25 * floor(values[minimum].value / 25); /* bins at multiples of the width */
    FGF_TRY(fgf_radiomics_compute(&e.volume, &settings, values));
    size_t all = (size_t)e.volume.depth * (size_t)e.volume.height * (size_t)e.volume.width;
    for (size_t k = 0; k < all; k++)
        e.value[k] += 2000;
    settings.families = 1u << FGF_RADIOMICS_STATISTICS;
    settings.discretisation = FGF_DISCRETISATION_COUNT;
    FGF_TRY(fgf_radiomics_compute(&e.volume, &settings, shifted));
done:
    example_clear(&e);
    return status;
}

/* The greatest relative difference allowed: pyradiomics adds 2e-16 inside its logarithms; surfaces
 * differ by their triangles. */
static double tolerance_of(const pair *p)
{
    return p->relation == MESH ? 0.005 : 1e-9;
}

static fgf_status compare(const char *name, const variant *v, agreement *out)
{
    fgf_status status = FGF_OK;
    fgf_radiomics_value *values = NULL, *shifted = NULL;
    double voxels;
    char column[64];
    memset(out, 0, sizeof *out);
    FGF_TRY(FGF_ALLOCATE(FGF_RADIOMICS_COUNT, &values));
    FGF_TRY(FGF_ALLOCATE(FGF_RADIOMICS_COUNT, &shifted));
    FGF_TRY(compute(name, v, values, shifted, &voxels));
    snprintf(column, sizeof column, "%s%s", name, v->column);
    for (size_t k = 0; k < PAIRS; k++) {
        size_t feature = feature_of(&pairs[k], v);
        double theirs = NAN;
        for (size_t f = 0; f < sizeof files / sizeof *files && isnan(theirs); f++)
            if (strncmp(files[f], pairs[k].theirs, strlen(files[f])) == 0)
                theirs = baseline(files[f], column, pairs[k].theirs);
        if (feature == SIZE_MAX || isnan(theirs))
            continue;
        double ours = translated(&pairs[k], values[feature].value, shifted, feature, voxels);
        double tolerance = tolerance_of(&pairs[k]) * fabs(theirs);
        agreement_add(out, feature, fabs(ours - theirs) <= tolerance, ours, theirs, tolerance);
    }
done:
    fgf_free(values);
    fgf_free(shifted);
    return status;
}

static fgf_status compare_all(agreement results[VARIANTS][CASES])
{
    fgf_status status = FGF_OK;
    memset(results, 0, VARIANTS * sizeof *results);
    for (int v = 0; v < VARIANTS; v++)
        for (int c = 0; c < CASES; c++)
            FGF_TRY(compare(cases[c], &variants[v], &results[v][c]));
done:
    return status;
}

static void print_markdown(agreement results[VARIANTS][CASES])
{
    printf("| baselines |");
    for (int c = 0; c < CASES; c++)
        printf(" %s |", cases[c]);
    printf("\n|---|---:|---:|\n");
    for (int v = 0; v < VARIANTS; v++) {
        printf("| %s |", variants[v].title);
        for (int c = 0; c < CASES; c++)
            printf(" %zu of %zu |", agreement_total(results[v][c].agreed),
                   agreement_total(results[v][c].held));
        printf("\n");
    }
    for (int v = 0; v < VARIANTS; v++)
        for (int c = 0; c < CASES; c++)
            if (results[v][c].outside.length > 0)
                printf("\nDiffers, %s, %s:\n\n| feature | value | pyradiomics | tolerance |\n"
                       "|---|---:|---:|---:|\n%s",
                       cases[c], variants[v].title, results[v][c].outside.text);
}

static void clear(agreement results[VARIANTS][CASES])
{
    for (int v = 0; v < VARIANTS; v++)
        for (int c = 0; c < CASES; c++)
            fgf_buffer_clear(&results[v][c].outside);
}

static void counts_of_agreement(void **state)
{
    (void)state;
    static const size_t held[VARIANTS] = {102, 39, 74, 74};
    agreement results[VARIANTS][CASES];
    assert_int_equal(compare_all(results), FGF_OK);
    for (int v = 0; v < VARIANTS; v++)
        for (int c = 0; c < CASES; c++) {
            if (results[v][c].outside.length > 0)
                print_message("%s, %s:\n%s", cases[c], variants[v].title,
                              results[v][c].outside.text);
            assert_int_equal(agreement_total(results[v][c].held), held[v]);
            assert_int_equal(agreement_total(results[v][c].agreed), held[v]);
        }
    clear(results);
}

int main(int argc, char **argv)
{
    char path[AGREEMENT_PATH];
    const struct CMUnitTest tests[] = {cmocka_unit_test(counts_of_agreement)};
    if (!find_shared("data/pyradiomics/baseline", path)) {
        puts("skipped: needs the shared data pyradiomics (FGF_SHARED)");
        return 77;
    }
    if (argc > 1 && strcmp(argv[1], "--markdown") == 0) {
        agreement results[VARIANTS][CASES];
        if (compare_all(results) != FGF_OK) {
            fprintf(stderr, "%s\n", fgf_last_error()->message);
            return 1;
        }
        print_markdown(results);
        clear(results);
        return 0;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
