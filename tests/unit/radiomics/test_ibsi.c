/* The consensus values of the Image Biomarker Standardisation Initiative: its digital phantom, and
 * its CT phantom in configurations A (in slices, as it is) and C (resampled to 2 mm).
 *
 * A value agrees where, rounded to three significant digits as the published ones are, it differs
 * by no more than the published tolerance. With --markdown the table for docs/features.md. */
#include "agreement.h"

typedef struct configuration {
    const char *name, *title, *reference, *folder;
    bool in_slices, resampled;
    double range[2]; /* re-segmentation; equal: none */
    fgf_radiomics_settings settings;
} configuration;

static const configuration configurations[] = {
    {.name = "digital",
     .title = "digital phantom",
     .reference = "ibsi_1_dig_phantom.csv",
     .folder = "digital_phantom",
     .settings = {.families = FGF_RADIOMICS_ALL,
                  .discretisation = FGF_DISCRETISATION_NONE,
                  .volume_range = {1, 6}}},
    {.name = "A",
     .title = "CT phantom, A",
     .reference = "ibsi_1_chest_config_a.csv",
     .folder = "ct_phantom",
     .range = {-500, 400},
     .settings = {.families = FGF_RADIOMICS_ALL,
                  .discretisation = FGF_DISCRETISATION_WIDTH,
                  .bin_width = 25,
                  .lowest = -500,
                  .volume_range = {-500, 400}}},
    {.name = "C",
     .title = "CT phantom, C",
     .reference = "ibsi_1_chest_config_c.csv",
     .folder = "ct_phantom",
     .resampled = true,
     .range = {-1000, 400},
     .settings = {.families = FGF_RADIOMICS_ALL,
                  .discretisation = FGF_DISCRETISATION_WIDTH,
                  .bin_width = 25,
                  .lowest = -1000,
                  .volume_width = 2.5,
                  .volume_range = {-1000, 400}}}};
enum { CONFIGURATIONS = sizeof configurations / sizeof *configurations };

static fgf_status load(const configuration *c, example *out)
{
    fgf_status status = FGF_OK;
    char rest[256], image[AGREEMENT_PATH], mask[AGREEMENT_PATH];
    snprintf(rest, sizeof rest, "data/ibsi1/%s/phantom.nii.gz", c->folder);
    if (!find_shared(rest, image))
        FGF_FAIL(FGF_DATA, "%s is not there", rest);
    snprintf(rest, sizeof rest, "data/ibsi1/%s/mask.nii.gz", c->folder);
    if (!find_shared(rest, mask))
        FGF_FAIL(FGF_DATA, "%s is not there", rest);
    FGF_TRY(example_read(fgf_nifti_open, image, mask, out));
    size_t voxels =
        (size_t)out->volume.depth * (size_t)out->volume.height * (size_t)out->volume.width;
    /* The manual: volumes stored as floats are rounded to whole intensities first. */
    for (size_t k = 0; k < voxels; k++)
        out->value[k] = round(out->value[k]);
done:
    return status;
}

/* ---- the image processing before the features ---- */

/* What the consensus tables say of an image and its masks at one stage. */
enum { STAGE_IMAGE = 9, STAGE_REGION = 14, STAGES = 3 };
typedef struct stage {
    double image[STAGE_IMAGE];   /* extents x y z, spacings x y z, mean, least, greatest */
    double region[STAGE_REGION]; /* mask's extents, boxes of intensity and shape mask, their voxels,
                                    mean, least, greatest */
} stage;
static const char *const image_keys[STAGE_IMAGE] = {"img_dim_x", "img_dim_y", "img_dim_z",
                                                    "vox_dim_x", "vox_dim_y", "vox_dim_z",
                                                    "mean_int",  "min_int",   "max_int"};
static const char *const region_keys[STAGE_REGION] = {
    "int_mask_dim_x",      "int_mask_dim_y",     "int_mask_dim_z",       "int_mask_bb_dim_x",
    "int_mask_bb_dim_y",   "int_mask_bb_dim_z",  "morph_mask_bb_dim_x",  "morph_mask_bb_dim_y",
    "morph_mask_bb_dim_z", "int_mask_vox_count", "morph_mask_vox_count", "int_mask_mean_int",
    "int_mask_min_int",    "int_mask_max_int"};
static const char *const stage_names[STAGES] = {"init", "interp", "reseg"};

/* Extents x y z of a mask's box, and its voxels. */
static size_t measure_mask(const fgf_radiomics_volume *v, const uint8_t *mask, double box[3])
{
    int low[3] = {v->width, v->height, v->depth}, high[3] = {-1, -1, -1};
    size_t count = 0, k = 0;
    for (int z = 0; z < v->depth; z++)
        for (int y = 0; y < v->height; y++)
            for (int x = 0; x < v->width; x++, k++) {
                const int at[3] = {x, y, z};
                for (int a = 0; a < 3 && mask[k]; a++) {
                    low[a] = at[a] < low[a] ? at[a] : low[a];
                    high[a] = at[a] > high[a] ? at[a] : high[a];
                }
                count += mask[k] != 0;
            }
    for (int a = 0; a < 3; a++)
        box[a] = high[a] - low[a] + 1;
    return count;
}

/* Mean, least and greatest intensity; mask NULL: of the image. */
static void measure_intensities(const fgf_radiomics_volume *v, const uint8_t *mask, double out[3])
{
    double sum = 0, count = 0;
    out[1] = INFINITY;
    out[2] = -INFINITY;
    for (size_t k = 0; k < (size_t)v->depth * (size_t)v->height * (size_t)v->width; k++) {
        if (mask && !mask[k])
            continue;
        sum += v->value[k];
        count++;
        out[1] = fmin(out[1], v->value[k]);
        out[2] = fmax(out[2], v->value[k]);
    }
    out[0] = sum / count;
}

static void measure_stage(const fgf_radiomics_volume *v, stage *out)
{
    const uint8_t *mask = v->intensity_mask ? v->intensity_mask : v->shape_mask;
    const double extents[3] = {v->width, v->height, v->depth};
    memcpy(out->image, extents, sizeof extents);
    memcpy(out->region, extents, sizeof extents);
    for (int a = 0; a < 3; a++)
        out->image[3 + a] = v->spacing[2 - a];
    measure_intensities(v, NULL, &out->image[6]);
    out->region[9] = (double)measure_mask(v, mask, &out->region[3]);
    out->region[10] = (double)measure_mask(v, v->shape_mask, &out->region[6]);
    measure_intensities(v, mask, &out->region[11]);
}

/* The value of "min_int_interp_img" or "int_mask_bb_dim_x_reseg_roi"; NaN for another key. */
static double stage_value(const stage stages[STAGES], const char *key)
{
    char candidate[64];
    for (int s = 0; s < STAGES; s++) {
        for (int k = 0; k < STAGE_IMAGE; k++) {
            snprintf(candidate, sizeof candidate, "%s_%s_img", image_keys[k], stage_names[s]);
            if (strcmp(candidate, key) == 0)
                return stages[s].image[k];
        }
        for (int k = 0; k < STAGE_REGION; k++) {
            snprintf(candidate, sizeof candidate, "%s_%s_roi", region_keys[k], stage_names[s]);
            if (strcmp(candidate, key) == 0)
                return stages[s].region[k];
        }
    }
    return NAN;
}

/* ---- the features ---- */

static fgf_status compute(const configuration *c, fgf_radiomics_value *values, stage stages[STAGES])
{
    fgf_status status = FGF_OK;
    example e = {0}, resampled = {0};
    uint8_t *intensity_mask = NULL;
    FGF_TRY(load(c, &e));
    fgf_radiomics_volume volume = e.volume;
    measure_stage(&volume, &stages[0]);
    if (c->resampled)
        FGF_TRY(fgf_radiomics_resample(&e.volume, (double[3]){2, 2, 2}, true, &volume,
                                       &resampled.value, &resampled.mask));
    measure_stage(&volume, &stages[1]);
    if (c->range[0] < c->range[1]) {
        FGF_TRY(FGF_ALLOCATE((size_t)volume.depth * (size_t)volume.height * (size_t)volume.width,
                             &intensity_mask));
        fgf_radiomics_resegment(&volume, c->range[0], c->range[1], intensity_mask);
        volume.intensity_mask = intensity_mask;
    }
    measure_stage(&volume, &stages[2]);
    FGF_TRY(fgf_radiomics_compute(&volume, &c->settings, values));
done:
    fgf_free(intensity_mask);
    example_clear(&resampled);
    example_clear(&e);
    return status;
}

/* Counts of voxels are published in full, everything else to three digits. */
static bool agrees(double value, double reference, double tolerance)
{
    double allowed = tolerance + 1e-9 * fabs(reference);
    return fabs(value - reference) <= allowed || fabs(three_digits(value) - reference) <= allowed;
}

static fgf_status compare(const configuration *c, agreement *out)
{
    fgf_status status = FGF_OK;
    char rest[256], path[AGREEMENT_PATH], line[512];
    fgf_radiomics_value *values = NULL;
    stage stages[STAGES];
    FILE *file = NULL;
    memset(out, 0, sizeof *out);
    FGF_TRY(FGF_ALLOCATE(FGF_RADIOMICS_COUNT, &values));
    FGF_TRY(compute(c, values, stages));
    snprintf(rest, sizeof rest, "data/ibsi1/reference/%s", c->reference);
    if (!find_shared(rest, path) || !(file = fopen(path, "r")))
        FGF_FAIL(FGF_DATA, "%s is not there", rest);
    while (fgets(line, sizeof line, file)) {
        char *first = strchr(line, ';'), *second = first ? strchr(first + 1, ';') : NULL;
        if (!second)
            continue;
        second[1 + strcspn(second + 1, "\r\n")] = '\0';
        size_t feature = fgf_radiomics_find(second + 1);
        double processed = stage_value(stages, second + 1);
        double reference = strtod(line, NULL), tolerance = strtod(first + 1, NULL);
        if (feature == SIZE_MAX && !isnan(processed))
            agreement_add_processing(out, second + 1, agrees(processed, reference, tolerance),
                                     processed, reference, tolerance);
        if (feature == SIZE_MAX)
            continue; /* of the image processing, or the header */
        if (first == line)
            continue; /* no consensus */
        double value = values[feature].value;
        agreement_add(out, feature, agrees(value, reference, tolerance), value, reference,
                      tolerance);
    }
done:
    if (file)
        fclose(file);
    fgf_free(values);
    return status;
}

static void print_markdown(agreement results[CONFIGURATIONS])
{
    printf("| family |");
    for (int c = 0; c < CONFIGURATIONS; c++)
        printf(" %s |", configurations[c].title);
    printf("\n|---|");
    for (int c = 0; c < CONFIGURATIONS; c++)
        printf("---:|");
    printf("\n");
    for (int f = 0; f < FGF_RADIOMICS_FAMILY_COUNT; f++) {
        printf("| %s |", fgf_radiomics_family_text((fgf_radiomics_family)f));
        for (int c = 0; c < CONFIGURATIONS; c++)
            if (results[c].held[f])
                printf(" %zu of %zu |", results[c].agreed[f], results[c].held[f]);
            else
                printf(" - |");
        printf("\n");
    }
    printf("| **all features** |");
    for (int c = 0; c < CONFIGURATIONS; c++)
        printf(" **%zu of %zu** |", agreement_total(results[c].agreed),
               agreement_total(results[c].held));
    printf("\n");
    printf("| image processing: extents, spacing, masks, intensities |");
    for (int c = 0; c < CONFIGURATIONS; c++)
        if (results[c].processing_held)
            printf(" %zu of %zu |", results[c].processing_agreed, results[c].processing_held);
        else
            printf(" - |");
    printf("\n");
    for (int c = 0; c < CONFIGURATIONS; c++) {
        if (results[c].outside.length == 0)
            continue;
        printf("\nOutside the tolerance, %s:\n\n| feature | value | consensus | tolerance |\n"
               "|---|---:|---:|---:|\n%s",
               configurations[c].title, results[c].outside.text);
    }
}

/* What agrees now has to go on agreeing. */
static void counts_of_agreement(void **state)
{
    (void)state;
    static const size_t held[CONFIGURATIONS] = {482, 346, 210},
                        processing[CONFIGURATIONS] = {0, 60, 60};
    for (int c = 0; c < CONFIGURATIONS; c++) {
        agreement result;
        assert_int_equal(compare(&configurations[c], &result), FGF_OK);
        if (result.outside.length > 0)
            print_message("%s:\n%s", configurations[c].title, result.outside.text);
        assert_int_equal(agreement_total(result.held), held[c]);
        assert_int_equal(agreement_total(result.agreed), held[c]);
        assert_int_equal(result.processing_held, processing[c]);
        assert_int_equal(result.processing_agreed, processing[c]);
        fgf_buffer_clear(&result.outside);
    }
}

int main(int argc, char **argv)
{
    char path[AGREEMENT_PATH];
    const struct CMUnitTest tests[] = {cmocka_unit_test(counts_of_agreement)};
    if (!find_shared("data/ibsi1/reference", path)) {
        puts("skipped: needs the shared data ibsi1 (FGF_SHARED)");
        return 77;
    }
    if (argc > 1 && strcmp(argv[1], "--markdown") == 0) {
        agreement results[CONFIGURATIONS];
        for (int c = 0; c < CONFIGURATIONS; c++)
            if (compare(&configurations[c], &results[c]) != FGF_OK) {
                fprintf(stderr, "%s\n", fgf_last_error()->message);
                return 1;
            }
        print_markdown(results);
        for (int c = 0; c < CONFIGURATIONS; c++)
            fgf_buffer_clear(&results[c].outside);
        return 0;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
