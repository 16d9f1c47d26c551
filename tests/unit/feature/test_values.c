/* Values of features on small cases whose answer is known, and the reasons for having none. */
#include "unit/feature/feature_test.h"

static const double spacing[3] = {3, 2, 0.5};
static const fgf_units identity = {1, 0}, hounsfield = {350, -50};

typedef struct outcome {
    double h;
    fgf_undefined reason;
} outcome;

/* A feature with one setting changed (or NULL) of an image [d][h][w] over its mask. */
static outcome evaluate(const char *name, const char *key, const char *text, fgf_shape shape,
                        const uint8_t *mask, const fgf_units *units, const double *image)
{
    test_item item;
    fgf_feature *feature = NULL;
    fgf_region_owner owner;
    const int channel = 0;
    outcome result;
    set_defaults(&item, name, NULL);
    if (key)
        set_key(item.item.kind, item.settings, key, text);
    assert_int_equal(fgf_feature_create(&item.item, shape, units, &feature), FGF_OK);
    assert_int_equal(fgf_region_create(shape, spacing, mask, 0, !mask, &channel, 1, &owner),
                     FGF_OK);
    fgf_real *x = calloc((size_t)fgf_shape_pixels(shape), sizeof *x);
    double *work = calloc(fgf_feature_work_size(feature, &owner.region) + 1, sizeof *work);
    for (size_t i = 0; i < owner.region.pixel_count; i++)
        x[i] = (fgf_real)image[owner.region.pixel[i]];
    result.reason = fgf_feature_evaluate(feature, &owner.region, x, work, &result.h, NULL);
    free(x);
    free(work);
    fgf_region_clear(&owner);
    fgf_feature_destroy(&feature);
    return result;
}

#define CHECK(result, expected)                                                                    \
    do {                                                                                           \
        outcome checked = (result);                                                                \
        double wanted = (expected);                                                                \
        assert_int_equal(checked.reason, FGF_UNDEFINED_DEFINED);                                   \
        if (!(fabs(checked.h - wanted) <= 10 * FGF_REAL_EPSILON * fmax(1, fabs(wanted))))          \
            fail_msg("%s: %.12g, expected %.12g", #result, checked.h, wanted);                     \
    } while (0)

static const fgf_shape row4 = {1, 1, 1, 4};

static void moments_of_four_numbers(void **state)
{
    (void)state;
    const double x[4] = {1, 2, 3, 6}; /* mean 3, deviations -2 -1 0 3 */
    CHECK(evaluate("mean", NULL, NULL, row4, NULL, &identity, x), 3);
    CHECK(evaluate("variance", NULL, NULL, row4, NULL, &identity, x), 14 / 4.0);
    CHECK(evaluate("skewness", NULL, NULL, row4, NULL, &identity, x), 4.5 / pow(3.5, 1.5));
    CHECK(evaluate("kurtosis", NULL, NULL, row4, NULL, &identity, x), 24.5 / (3.5 * 3.5) - 3);
    CHECK(evaluate("mean", NULL, NULL, row4, NULL, &hounsfield, x), 1000);
    CHECK(evaluate("variance", NULL, NULL, row4, NULL, &hounsfield, x), 3.5 * 350 * 350);
    CHECK(evaluate("skewness", NULL, NULL, row4, NULL, &hounsfield, x), 4.5 / pow(3.5, 1.5));
}

static void size_counts_area_and_volume(void **state)
{
    (void)state;
    const double x[4] = {-1e6, 1e6, 1e6, 0};
    const fgf_shape volume = {1, 2, 1, 2};
    /* Pixels of 2 x 0.5 mm2: two wholly inside, one at the threshold. */
    CHECK(evaluate("size", NULL, NULL, row4, NULL, &identity, x), 2.5);
    CHECK(evaluate("size", NULL, NULL, volume, NULL, &identity, x), 7.5);
    CHECK(evaluate("size", "threshold", "-5", row4, NULL, &identity, x), 2 + 1 / (1 + exp(-0.5)));
    CHECK(evaluate("size", "width", "2", row4, NULL, &(fgf_units){1e-6, 0}, x),
          1.5 + 1 / (1 + exp(-0.5)));
}

static void centroid_and_aspect_of_a_cross(void **state)
{
    (void)state;
    /* Mass 2 at rows 0 and 2 of column 1, mass 1 at columns 0 and 2 of row 1. */
    const double cross[9] = {0, 2, 0, 1, 0, 1, 0, 2, 0};
    const double corner[9] = {0, 0, 0, 0, 1, 0, 0, 0, 3};
    const fgf_shape square = {1, 1, 3, 3};
    CHECK(evaluate("centroid_row", NULL, NULL, square, NULL, &hounsfield, corner), 2 * 1.75);
    CHECK(evaluate("centroid_column", NULL, NULL, square, NULL, &hounsfield, corner), .5 * 1.75);
    /* The last row as a second slice, 3 mm behind the first. */
    CHECK(
        evaluate("centroid_slice", NULL, NULL, (fgf_shape){1, 3, 1, 3}, NULL, &hounsfield, corner),
        3 * 1.75);
    /* a = 4 * 2^2 / 6 mm2, c = 2 * 0.5^2 / 6 mm2. */
    CHECK(evaluate("log_aspect_ratio", NULL, NULL, square, NULL, &hounsfield, cross),
          0.5 * log(16 / 0.5));
}

static void edges_are_means_over_pairs(void **state)
{
    (void)state;
    const double x[6] = {0, 3, 0, 0, 0, 4};
    const fgf_shape shape = {1, 1, 2, 3}, volume = {1, 2, 1, 3};
    const uint8_t mask[6] = {1, 1, 0, 0, 1, 1};
    const double s3 = sqrt(10) - 1, s4 = sqrt(17) - 1;
    /* Whole: along x 0-3, 3-0, 0-0, 0-4; along y 0-0, 3-0, 0-4. */
    CHECK(evaluate("edge_strength", NULL, NULL, shape, NULL, &identity, x), (3 * s3 + 2 * s4) / 7);
    CHECK(evaluate("edge_strength", NULL, NULL, volume, NULL, &identity, x), (3 * s3 + 2 * s4) / 7);
    /* The row's end is no neighbour of the next row's beginning. */
    CHECK(evaluate("edge_strength", NULL, NULL, shape, mask, &identity, x), (2 * s3 + s4) / 3);
    CHECK(evaluate("edge_strength", "smoothing", "4", row4, NULL, &identity, x),
          (1.0 + 1.0 + 0) / 3);
}

static void entropy_of_known_histograms(void **state)
{
    (void)state;
    const fgf_units to_centre = {350, -50 + 350 / 64.0}; /* x = k / 32: the middle of bin k */
    const double apart[4] = {0, 8 / 32., 16 / 32., 24 / 32.}, same[4] = {.5, .5, .5, .5};
    const double far[4] = {-100, -100, 100, 100};
    CHECK(evaluate("entropy", "width", "0.5", row4, NULL, &to_centre, apart), log(4));
    CHECK(evaluate("entropy", "width", "0.5", row4, NULL, &to_centre, same), 0);
    CHECK(evaluate("entropy", "width", "0.5", row4, NULL, &to_centre, far), log(2));
    CHECK(evaluate("entropy", "width", "1e8", row4, NULL, &to_centre, apart), log(32));
    /* A pixel half way between two bins of two is shared out evenly. */
    CHECK(evaluate("entropy", "bins", "2", row4, NULL, &(fgf_units){350, -50}, same), log(2));
}

/* 25 widths and more above the threshold, where the mask is 1 but for rounding. */
static void gradient_of_a_full_mask(void **state)
{
    (void)state;
    const int channel = 0;
    test_item item;
    fgf_feature *feature = NULL;
    fgf_region_owner owner;
    const fgf_real x[4] = {250, 300, 350, 400};
    fgf_real v[4];
    double work[8], h;
    set_defaults(&item, "size", NULL);
    assert_int_equal(fgf_feature_create(&item.item, row4, &identity, &feature), FGF_OK);
    assert_int_equal(fgf_region_create(row4, spacing, NULL, 0, true, &channel, 1, &owner), FGF_OK);
    assert_int_equal(fgf_feature_evaluate(feature, &owner.region, x, work, &h, v),
                     FGF_UNDEFINED_DEFINED);
    for (int i = 0; i < 4; i++) {
        const double wanted = 1.0 / 10 * exp(-(double)x[i] / 10); /* a pixel is 1 mm2 */
        assert_true(fabs((double)v[i] / wanted - 1) < 10 * FGF_REAL_EPSILON + 1e-10);
    }
    fgf_region_clear(&owner);
    fgf_feature_destroy(&feature);
}

static void undefined_says_why(void **state)
{
    (void)state;
    const uint8_t none[9] = {0}, one[9] = {0, 0, 0, 0, 1},
                  diagonal[9] = {1, 0, 0, 0, 1, 0, 0, 0, 1};
    const double flat[9] = {.1, .1, .1, .1, .1, .1, .1, .1, .1}, zero[9] = {0};
    const double bad[9] = {NAN, 1, 2, 3, 4, 5, 6, 7, 8};
    const fgf_shape square = {1, 1, 3, 3}, tall = {1, 1, 1, 9};
    const char *const needs_pixels[] = {"mean",    "variance",      "skewness",        "kurtosis",
                                        "entropy", "edge_strength", "log_aspect_ratio"};
    for (size_t i = 0; i < 7; i++)
        assert_int_equal(
            evaluate(needs_pixels[i], NULL, NULL, square, none, &hounsfield, flat).reason,
            FGF_UNDEFINED_EMPTY);
    CHECK(evaluate("size", NULL, NULL, square, none, &hounsfield, flat), 0);
#define REASON(name, mask, image)                                                                  \
    evaluate(name, NULL, NULL, square, mask, &hounsfield, image).reason
    CHECK(evaluate("variance", NULL, NULL, square, NULL, &hounsfield, flat), 0);
    assert_int_equal(REASON("skewness", NULL, flat), FGF_UNDEFINED_ZERO_VARIANCE);
    assert_int_equal(REASON("kurtosis", one, flat), FGF_UNDEFINED_ZERO_VARIANCE);
    assert_int_equal(REASON("centroid_row", NULL, zero), FGF_UNDEFINED_NO_MASS);
    assert_int_equal(REASON("log_aspect_ratio", NULL, zero), FGF_UNDEFINED_NO_MASS);
    assert_int_equal(REASON("log_aspect_ratio", one, flat), FGF_UNDEFINED_CIRCULAR);
    assert_int_equal(REASON("log_aspect_ratio", diagonal, flat), FGF_UNDEFINED_NOT_FINITE);
    assert_int_equal(REASON("edge_strength", diagonal, flat), FGF_UNDEFINED_NO_PAIR);
    assert_int_equal(REASON("mean", NULL, bad), FGF_UNDEFINED_NOT_FINITE);
    assert_int_equal(REASON("entropy", NULL, bad), FGF_UNDEFINED_NOT_FINITE);
    /* Equal second moments of a 3 x 3 square with pixels of 1 x 1 mm would be a circle; here a
     * 9 x 1 line is none and has no width. */
    assert_int_equal(evaluate("log_aspect_ratio", NULL, NULL, tall, NULL, &hounsfield, flat).reason,
                     FGF_UNDEFINED_NOT_FINITE);
    for (int i = 0; i <= FGF_UNDEFINED_NOT_FINITE; i++)
        assert_true(strlen(fgf_undefined_text((fgf_undefined)i)) > 3);
}

static void a_circle_has_no_direction(void **state)
{
    (void)state;
    /* Rows are 2 mm and columns 0.5 mm apart: 4 columns make a row's step. */
    double x[27] = {0};
    const fgf_shape shape = {1, 1, 3, 9};
    const double excess[3] = {0, 0x1p-21,
                              0x1p-14}; /* of one corner; (l1 - l2) / (l1 + l2) follows */
    const fgf_undefined reason[3] = {FGF_UNDEFINED_CIRCULAR, FGF_UNDEFINED_CIRCULAR,
                                     FGF_UNDEFINED_DEFINED};
    x[0 * 9 + 4] = x[2 * 9 + 4] = x[1 * 9 + 0] = x[1 * 9 + 8] = 1;
    for (int i = 0; i < 3; i++) {
        x[4] = 1 + excess[i];
        assert_int_equal(
            evaluate("log_aspect_ratio", NULL, NULL, shape, NULL, &hounsfield, x).reason,
            reason[i]);
    }
}

static void region_without_the_channel_is_empty(void **state)
{
    (void)state;
    const fgf_shape shape = {2, 1, 2, 2};
    const fgf_units units[2] = {{1, 0}, {1, 0}};
    const int channel = 1;
    const fgf_real x[4] = {1, 2, 3, 4};
    fgf_real v[4] = {9, 9, 9, 9};
    double work[8], h;
    test_item item;
    fgf_feature *feature = NULL;
    fgf_region_owner owner;
    set_defaults(&item, "mean", NULL);
    assert_int_equal(fgf_feature_create(&item.item, shape, units, &feature), FGF_OK);
    assert_int_equal(fgf_region_create(shape, spacing, NULL, 0, true, &channel, 1, &owner), FGF_OK);
    assert_int_equal(fgf_feature_evaluate(feature, &owner.region, x, work, &h, v),
                     FGF_UNDEFINED_EMPTY);
    assert_true(isnan(h) && v[0] == 0 && v[3] == 0);
    fgf_feature_destroy(&feature);
    fgf_region_clear(&owner);
}

static void refuses_settings_that_do_not_fit(void **state)
{
    (void)state;
    test_item item;
    fgf_feature *feature = NULL;
    set_defaults(&item, "mean", NULL);
    set_key(item.item.kind, item.settings, "channel", "1");
    assert_int_equal(fgf_feature_create(&item.item, row4, &identity, &feature), FGF_USAGE);
    assert_null(feature);
    assert_non_null(strstr(fgf_last_error()->message, "sweep.yaml:7:3"));
    assert_non_null(strstr(fgf_last_error()->message, "channel 1"));
    set_defaults(&item, "entropy", NULL);
    set_key(item.item.kind, item.settings, "low", "300");
    assert_int_equal(fgf_feature_create(&item.item, row4, &identity, &feature), FGF_USAGE);
    assert_non_null(strstr(fgf_last_error()->message, "low must be below high"));
}

static void units_are_named(void **state)
{
    (void)state;
    const fgf_shape volume = {1, 2, 2, 2};
    test_item item;
    fgf_feature *flat = NULL, *deep = NULL;
    set_defaults(&item, "size", NULL);
    assert_int_equal(fgf_feature_create(&item.item, row4, &identity, &flat), FGF_OK);
    assert_int_equal(fgf_feature_create(&item.item, volume, &identity, &deep), FGF_OK);
    assert_string_equal(fgf_feature_unit(flat), "mm2");
    assert_string_equal(fgf_feature_unit(deep), "mm3");
    fgf_feature_destroy(&flat);
    fgf_feature_destroy(&deep);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(moments_of_four_numbers),
        cmocka_unit_test(size_counts_area_and_volume),
        cmocka_unit_test(centroid_and_aspect_of_a_cross),
        cmocka_unit_test(edges_are_means_over_pairs),
        cmocka_unit_test(entropy_of_known_histograms),
        cmocka_unit_test(gradient_of_a_full_mask),
        cmocka_unit_test(undefined_says_why),
        cmocka_unit_test(a_circle_has_no_direction),
        cmocka_unit_test(region_without_the_channel_is_empty),
        cmocka_unit_test(refuses_settings_that_do_not_fit),
        cmocka_unit_test(units_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
