/* Texture features: their values by the definitions, straight from the sums, with soft and with
 * hard bins; what they do not depend on; and the reasons for having no value. */
#include "unit/feature/texture_definitions.h"

#include "run_length.h"

/* Levels 1 to 6 are intensities of 0.5 to 6.5. */
static const setting_text hard[] = {
    {"bins", "6"}, {"low", "0.5"}, {"high", "6.5"}, {"width", "0.02"}, {NULL, NULL}};
static const setting_text fairly_hard[] = {
    {"bins", "6"}, {"low", "0.5"}, {"high", "6.5"}, {"width", "0.1"}, {NULL, NULL}};
static const setting_text soft[] = {
    {"bins", "6"}, {"low", "0.5"}, {"high", "6.5"}, {"width", "0.5"}, {NULL, NULL}};
static const setting_text hard_far[] = {{"bins", "6"},     {"low", "0.5"},    {"high", "6.5"},
                                        {"width", "0.02"}, {"distance", "2"}, {NULL, NULL}};

static const fgf_shape plane = {1, 1, 13, 11}, volume = {1, 5, 7, 6};

/* Patches of levels with some noise, no voxel close to the border of two bins. */
static void fill(scene *s, fgf_shape shape, uint64_t seed)
{
    fgf_stream stream = fgf_stream_open(seed, FGF_PURPOSE_TEST, 1, 2);
    *s = (scene){.shape = shape, .spacing = {1, 1, 1}};
    for (int i = 0; i < (int)scene_pixels(s); i++) {
        const int z = i / shape.width / shape.height, y = i / shape.width % shape.height,
                  x = i % shape.width;
        int level = 1 + (x / 3 + y / 2 + z / 2) % LEVELS;
        if (fgf_stream_uniform(&stream) < 0.3)
            level = 1 + (int)fgf_stream_below(&stream, LEVELS);
        s->mask[i] = fgf_stream_uniform(&stream) < 0.85;
        s->image[i] = level + 0.96 * (fgf_stream_uniform(&stream) - 0.5);
    }
}

/* What the definitions give for a feature of the registry; NAN if it is no texture. */
static double expected_of(const scene *s, const char *name, int distance, double width)
{
    if (strncmp(name, "cooccurrence_", 13) == 0) {
        double P[LEVELS + 1][LEVELS + 1];
        find_joint(s, distance, width, P);
        return joint_feature(name + 13, P);
    }
    if (strncmp(name, "run_", 4) == 0) {
        double R[LEVELS + 1][LINE], voxels = 0;
        for (size_t i = 0; i < scene_pixels(s); i++)
            voxels += s->mask[i] * (s->shape.depth > 1 ? 13 : 4);
        find_runs(s, width, R);
        return run_feature(name + 4, R, voxels);
    }
    return NAN;
}

/* Sum over texture features of the relative difference from the definitions. */
static double error_of(scene *s, const setting_text *settings, int distance, double width,
                       double greatest_allowed)
{
    size_t count;
    const fgf_item_kind *const *kinds = fgf_feature_kinds(&count);
    double sum = 0;
    int seen = 0;
    for (size_t k = 0; k < count; k++) {
        const bool run = strncmp(kinds[k]->name, "run_", 4) == 0;
        const double expected = expected_of(s, kinds[k]->name, distance, width);
        if (isnan(expected) || (run && distance > 1))
            continue;
        const double h = scene_value(s, kinds[k]->name, settings);
        const double error = fabs(h - expected) / fmax(fabs(expected), 1e-3);
        if (!(error <= greatest_allowed))
            fail_msg("%s: %.12g, expected %.12g", kinds[k]->name, h, expected);
        sum += error;
        seen++;
    }
    assert_int_equal(seen, distance > 1 ? 21 : 37);
    return sum;
}

/* Intensities are rounded to fgf_real, and a share's slope is up to 1 / width^2. */
static const double tight = 1000 * FGF_REAL_EPSILON;

static void values_follow_the_definitions(void **state)
{
    (void)state;
    scene s;
    for (int three = 0; three < 2; three++) {
        fill(&s, three ? volume : plane, 3);
        (void)error_of(&s, soft, 1, 0.5, tight);
        (void)error_of(&s, hard_far, 2, 0, 1e-10);
    }
}

/* As the width goes to 0, the features of hard levels. */
static void narrow_kernels_give_hard_values(void **state)
{
    (void)state;
    scene s;
    for (int three = 0; three < 2; three++) {
        fill(&s, three ? volume : plane, 7);
        const double far = error_of(&s, soft, 1, 0, INFINITY);
        const double near = error_of(&s, fairly_hard, 1, 0, INFINITY);
        const double there = error_of(&s, hard, 1, 0, 1e-10);
        assert_true(far > 1 && near < 0.3 * far && there < 1e-9);
    }
}

/* Sum of l R and of R: each voxel is in one run of each direction. */
static fgf_undefined voxels_in_runs(const run_matrix *matrix, double *h, double *by_count)
{
    (void)by_count;
    *h = 0;
    for (size_t l = 0; l < matrix->lengths; l++)
        for (int b = 0; b < matrix->stride; b++)
            *h += (double)(l + 1) * matrix->count[l * (size_t)matrix->stride + (size_t)b];
    *h /= matrix->places;
    return FGF_UNDEFINED_DEFINED;
}

static void every_voxel_is_in_one_run(void **state)
{
    (void)state;
    scene s;
    fill(&s, volume, 5);
    test_item item;
    fgf_feature *feature = NULL;
    fgf_region_owner owner;
    const int channel = 0;
    double h;
    set_defaults(&item, "run_percentage", NULL);
    set_key(item.item.kind, item.settings, "low", "0.5");
    set_key(item.item.kind, item.settings, "high", "6.5");
    set_key(item.item.kind, item.settings, "width", "0.7");
    assert_int_equal(fgf_feature_create(&item.item, s.shape, &(fgf_units){1, 0}, &feature), FGF_OK);
    assert_int_equal(fgf_region_create(s.shape, s.spacing, s.mask, 0, false, &channel, 1, &owner),
                     FGF_OK);
    const fgf_region *region = &owner.region;
    double *value = calloc(region->pixel_count, sizeof *value);
    double *work = calloc(run_length_work(feature, region), sizeof *work);
    for (size_t i = 0; i < region->pixel_count; i++)
        value[i] = s.image[region->pixel[i]];
    run_length_share(feature, region, value, work, false);
    (void)run_length_evaluate(feature, region, value, work, &h, NULL, voxels_in_runs);
    assert_true(fabs(h - 1) < 1e-12);
    free(value);
    free(work);
    fgf_region_clear(&owner);
    fgf_feature_destroy(&feature);
}

static bool is_texture(const char *name)
{
    return strncmp(name, "cooccurrence_", 13) == 0 || strncmp(name, "run_", 4) == 0 ||
           strncmp(name, "rim_", 4) == 0 || strcmp(name, "core_mean") == 0 ||
           strcmp(name, "hurst_exponent") == 0 || strcmp(name, "fractal_dimension") == 0;
}

/* The scene with its axes in another order and some reversed: a rotation or a reflection. */
static void turn(const scene *from, const int order[3], const bool reverse[3], scene *to)
{
    const int size[3] = {from->shape.depth, from->shape.height, from->shape.width};
    *to = (scene){.shape = {1, size[order[0]], size[order[1]], size[order[2]]}};
    for (int a = 0; a < 3; a++)
        to->spacing[a] = from->spacing[order[a]];
    for (int i = 0; i < (int)scene_pixels(from); i++) {
        const int at[3] = {i / size[2] / size[1], i / size[2] % size[1], i % size[2]};
        int place[3];
        for (int a = 0; a < 3; a++)
            place[a] = reverse[a] ? size[order[a]] - 1 - at[order[a]] : at[order[a]];
        const int there = (place[0] * to->shape.height + place[1]) * to->shape.width + place[2];
        to->mask[there] = from->mask[i];
        to->image[there] = from->image[i];
    }
}

static void turning_changes_nothing(void **state)
{
    (void)state;
    static scene s, turned;
    const int orders[3][3] = {{0, 2, 1}, {0, 1, 2}, {2, 0, 1}};
    const bool reversals[3][3] = {{0, 0, 1}, {0, 1, 1}, {1, 0, 0}};
    const fgf_shape shapes[3] = {plane, plane, {1, 9, 10, 11}};
    size_t count;
    const fgf_item_kind *const *kinds = fgf_feature_kinds(&count);
    for (int t = 0; t < 3; t++) {
        fill(&s, shapes[t], 11);
        memcpy(s.spacing, (double[3]){2.5, 1.25, 0.75}, sizeof s.spacing);
        turn(&s, orders[t], reversals[t], &turned);
        for (size_t k = 0; k < count; k++) {
            if (!is_texture(kinds[k]->name))
                continue;
            const bool levels =
                strncmp(kinds[k]->name, "cooc", 4) == 0 || strncmp(kinds[k]->name, "run_", 4) == 0;
            const double h = scene_value(&s, kinds[k]->name, levels ? soft : NULL);
            const double other = scene_value(&turned, kinds[k]->name, levels ? soft : NULL);
            if (!(fabs(h - other) <= 1e-11 * fmax(1, fabs(h))))
                fail_msg("%s: %.15g, turned %.15g", kinds[k]->name, h, other);
        }
    }
}

/* A reason for every texture feature, or DEFINED, which asks for values that are finite. */
static void expect_reasons(scene *s, const char *what, const setting_text *settings,
                           fgf_undefined pairs, fgf_undefined runs, fgf_undefined slope,
                           fgf_undefined difference)
{
    size_t count;
    const fgf_item_kind *const *kinds = fgf_feature_kinds(&count);
    for (size_t k = 0; k < count; k++) {
        const char *name = kinds[k]->name;
        double h = 0;
        if (!is_texture(name))
            continue;
        const bool by_pairs = strncmp(name, "cooc", 4) == 0,
                   by_runs = strncmp(name, "run_", 4) == 0;
        const fgf_undefined wanted = by_pairs                                   ? pairs
                                     : by_runs                                  ? runs
                                     : strcmp(name, "rim_core_difference") == 0 ? difference
                                     : strncmp(name, "rim", 3) == 0             ? runs
                                     : strncmp(name, "core", 4) == 0            ? runs
                                                                                : slope;
        const fgf_undefined reason =
            scene_evaluate(s, name, by_pairs || by_runs ? settings : NULL, &h);
        if (reason != wanted)
            fail_msg("%s of %s: %s", name, what, fgf_undefined_text(reason));
        for (size_t i = 0; i < scene_pixels(s); i++)
            assert_true(isfinite(s->gradient[i]));
    }
}

static void undefined_says_why(void **state)
{
    (void)state;
    static scene s;
    const fgf_undefined fine = FGF_UNDEFINED_DEFINED, none = FGF_UNDEFINED_NO_PAIR;
    const fgf_undefined empty = FGF_UNDEFINED_EMPTY, few = FGF_UNDEFINED_FEW_SCALES;
    const fgf_undefined bad = FGF_UNDEFINED_NOT_FINITE, even = FGF_UNDEFINED_NO_CORE;
    fill(&s, plane, 1);
    memset(s.mask, 0, sizeof s.mask);
    expect_reasons(&s, "nothing", soft, empty, empty, empty, empty);
    s.mask[40] = 1;
    expect_reasons(&s, "one pixel", soft, none, fine, none, even);
    s.mask[42] = 1;
    expect_reasons(&s, "two pixels apart", soft, none, fine, none, even);
    s.mask[41] = s.mask[42] = 0;
    s.mask[41] = 1;
    s.image[40] = 2.2; /* two equal ones have no mutual information */
    s.image[41] = 3.1;
    expect_reasons(&s, "two pixels", soft, fine, fine, few, even);
    s.mask[42] = s.mask[43] = 1;
    expect_reasons(&s, "a line", soft, fine, fine, fine, even);
    s.image[41] = NAN;
    expect_reasons(&s, "not a number", soft, bad, bad, bad, bad);
    s.image[41] = INFINITY;
    expect_reasons(&s, "infinite", soft, bad, bad, bad, bad);
}

static void one_level_has_no_correlation(void **state)
{
    (void)state;
    static scene s;
    double h;
    fill(&s, plane, 1);
    for (size_t i = 0; i < scene_pixels(&s); i++)
        s.image[i] = 3;
    const char *const without[] = {
        "cooccurrence_correlation", "cooccurrence_information_correlation_1",
        "cooccurrence_information_correlation_2", "hurst_exponent", "fractal_dimension"};
    for (int k = 0; k < 5; k++)
        assert_int_equal(scene_evaluate(&s, without[k], k < 3 ? hard : NULL, &h),
                         FGF_UNDEFINED_ZERO_VARIANCE);
    /* Shares of 2e-22 in the bins beside it are no second level. */
    for (int k = 0; k < 3; k++)
        assert_int_equal(scene_evaluate(&s, without[k], fairly_hard, &h),
                         FGF_UNDEFINED_ZERO_VARIANCE);
    assert_true(scene_value(&s, "cooccurrence_contrast", hard) == 0);
    assert_true(fabs(scene_value(&s, "cooccurrence_angular_second_moment", hard) - 1) < 1e-12);
    assert_true(fabs(scene_value(&s, "run_grey_nonuniformity_normalised", hard) - 1) < 1e-12);
    assert_true(scene_value(&s, "run_entropy", hard) > 0);
}

/* Every run of a checkerboard's rows and columns is one long, and its diagonals are one run. */
static void checkerboard_by_hand(void **state)
{
    (void)state;
    static scene s;
    s = (scene){.shape = {1, 1, 3, 3}, .spacing = {1, 1, 1}};
    for (int i = 0; i < 9; i++) {
        s.mask[i] = 1;
        s.image[i] = i % 2 ? 2 : 5;
    }
    /* 18 runs along rows and columns, twice 1 2 3 2 1 along diagonals: 28 of 36. */
    assert_true(fabs(scene_value(&s, "run_percentage", hard) - 28 / 36.0) < 1e-12);
    assert_true(fabs(scene_value(&s, "run_long_emphasis", hard) - (18 + 2 * 19) / 28.0) < 1e-12);
    /* 12 pairs across with a difference of 3, 8 diagonal ones without. */
    assert_true(fabs(scene_value(&s, "cooccurrence_contrast", hard) - 9 * 12 / 20.0) < 1e-12);
    assert_true(fabs(scene_value(&s, "cooccurrence_inverse_variance", hard) - 12 / 20.0 / 9) <
                1e-12);
}

/* Intensities on the borders of bins, or one rounding beside them, under the narrowest kernel: the
 * voxel belongs to either of the two, and nothing overflows. */
static void borders_of_bins_are_finite(void **state)
{
    (void)state;
    static const setting_text narrowest[] = {
        {"bins", "30"}, {"low", "-50"}, {"high", "300"}, {"width", "1e-9"}, {NULL, NULL}};
    static scene s;
    s = (scene){.shape = {1, 1, 5, 6}, .spacing = {1, 1, 1}};
    for (int i = 0; i < 30; i++) {
        s.mask[i] = 1;
        s.image[i] = nextafter(-50 + i * (350.0 / 30), i % 2 ? 1e9 : -1e9);
    }
    const double nats = scene_value(&s, "entropy", narrowest);
    assert_true(nats > log(12) && nats <= log(30) + 1e-12);
    assert_true(scene_value(&s, "cooccurrence_joint_entropy", narrowest) > 0);
    assert_true(scene_value(&s, "run_entropy", narrowest) > 0);
}

static void refuses_settings_that_do_not_fit(void **state)
{
    (void)state;
    const char *const names[] = {"cooccurrence_contrast", "run_entropy"};
    for (int k = 0; k < 2; k++) {
        test_item item;
        fgf_feature *feature = NULL;
        set_defaults(&item, names[k], NULL);
        set_key(item.item.kind, item.settings, "low", "300");
        assert_int_equal(fgf_feature_create(&item.item, plane, &(fgf_units){1, 0}, &feature),
                         FGF_USAGE);
        assert_non_null(strstr(fgf_last_error()->message, "low must be below high"));
        assert_null(feature);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_follow_the_definitions),
        cmocka_unit_test(narrow_kernels_give_hard_values),
        cmocka_unit_test(every_voxel_is_in_one_run),
        cmocka_unit_test(turning_changes_nothing),
        cmocka_unit_test(undefined_says_why),
        cmocka_unit_test(one_level_has_no_correlation),
        cmocka_unit_test(checkerboard_by_hand),
        cmocka_unit_test(borders_of_bins_are_finite),
        cmocka_unit_test(refuses_settings_that_do_not_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
