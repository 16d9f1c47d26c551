#include "unit/data/files.h"

#include "fgf/memory.h"
#include "preprocess.h"

static void holes(void **state)
{
    (void)state;
    /* An enclosed hole fills; one that a diagonal alone joins to the outside is enclosed too, since
     * paths run over edges; one open to the border stays. */
    const char *before[] = {"..........", ".###.###..", ".#.#.#.#..", ".###.##...",
                            "......#.#.", "###....#..", "..#.......", "###......."};
    const char *after[] = {"..........", ".###.###..", ".###.###..", ".###.##...",
                           "......#.#.", "###....#..", "..#.......", "###......."};
    uint8_t mask[80];
    for (size_t p = 0; p < 80; p++)
        mask[p] = before[p / 10][p % 10] == '#';
    assert_int_equal(fgf_fill_holes(mask, 8, 10), FGF_OK);
    for (size_t p = 0; p < 80; p++)
        if (mask[p] != (after[p / 10][p % 10] == '#'))
            fail_msg("row %zu column %zu", p / 10, p % 10);
    uint8_t one = 0;
    assert_int_equal(fgf_fill_holes(&one, 1, 1), FGF_OK);
    assert_int_equal(one, 0);
}

static const double window_values[2] = {0, 10};
static const double no_spacing[2] = {0, 0};

static fgf_preprocess plain_settings(const int64_t *size)
{
    fgf_preprocess settings;
    memset(&settings, 0, sizeof settings);
    settings.window = (fgf_reals){window_values, 2};
    settings.spacing = (fgf_reals){no_spacing, 2};
    settings.size = (fgf_integers){size, 2};
    settings.masked = true;
    settings.mask_threshold = 0.5;
    return settings;
}

/* A 4 x 5 slice whose value at (y, x) is 10 y + x - 5, mask = the 2 x 2 block at (1, 3). */
static fgf_slice sample_slice(bool with_mask)
{
    fgf_slice slice = {.height = 4, .width = 5, .channels = 1, .spacing = {1, 1}};
    assert_int_equal(FGF_ALLOCATE(20, &slice.value[0]), FGF_OK);
    if (with_mask)
        assert_int_equal(FGF_ALLOCATE(20, &slice.mask), FGF_OK);
    for (size_t y = 0; y < 4; y++)
        for (size_t x = 0; x < 5; x++) {
            slice.value[0][y * 5 + x] = 10 * (double)y + (double)x - 5;
            if (with_mask)
                slice.mask[y * 5 + x] = (y == 1 || y == 2) && x >= 3;
        }
    return slice;
}

static void crop_and_window(void **state)
{
    (void)state;
    const int64_t sizes[3][2] = {{2, 3}, {6, 8}, {0, 0}};
    const double window[1][2] = {{0, 10}};
    float *image;
    uint8_t *mask;
    double spacing[2];
    fgf_shape shape;
    for (int k = 0; k < 3; k++) {
        fgf_preprocess settings = plain_settings(sizes[k]);
        fgf_slice slice = sample_slice(true);
        assert_int_equal(
            fgf_preprocess_slice(&settings, window, &slice, &shape, spacing, &image, &mask),
            FGF_OK);
        assert_int_equal(shape.height, sizes[k][0] ? sizes[k][0] : 4);
        assert_int_equal(shape.width, sizes[k][1] ? sizes[k][1] : 5);
        /* Crop: centre (1, 3) - (1, 1) = (0, 2), inside. Pad: 1 above, 1 left. */
        const int top = k == 1 ? -1 : 0, left = k == 0 ? 2 : k == 1 ? -1 : 0;
        for (int y = 0; y < shape.height; y++)
            for (int x = 0; x < shape.width; x++) {
                const int row = y + top, column = x + left;
                const bool inside = (row == 1 || row == 2) && (column == 3 || column == 4);
                const double q = 10 * row + column - 5, clamped = q > 10 ? 10 : q;
                const size_t p = (size_t)(y * shape.width + x);
                assert_int_equal(mask[p], inside);
                assert_true(image[p] == (inside ? (float)(clamped / 10) : 0.0f));
            }
        fgf_free(image);
        fgf_free(mask);
        fgf_slice_clear(&slice);
    }
}

static void above_quantise_unmasked(void **state)
{
    (void)state;
    const int64_t size[2] = {0, 0};
    const double window[1][2] = {{0, 10}};
    float *image;
    uint8_t *mask;
    double spacing[2];
    fgf_shape shape;
    fgf_preprocess settings = plain_settings(size);
    settings.masked = false;
    settings.above = FGF_ABOVE_ZERO;
    settings.quantise = FGF_QUANTISE_8BIT;
    fgf_slice slice = sample_slice(true);
    assert_int_equal(
        fgf_preprocess_slice(&settings, window, &slice, &shape, spacing, &image, &mask), FGF_OK);
    for (int p = 0; p < 20; p++) {
        const double q = 10 * (p / 5) + p % 5 - 5;
        const double x = q < 0 || q > 10 ? 0 : rint(25.5 * q) / 255;
        assert_true(image[p] == (float)x);
    }
    fgf_free(image);
    fgf_free(mask);
    fgf_slice_clear(&slice);
}

static void derived_and_empty(void **state)
{
    (void)state;
    const int64_t size[2] = {0, 0};
    const double window[1][2] = {{0, 10}};
    float *image;
    uint8_t *mask;
    double spacing[2];
    fgf_shape shape;
    fgf_preprocess settings = plain_settings(size);
    fgf_slice slice = sample_slice(false);
    assert_int_equal(
        fgf_preprocess_slice(&settings, window, &slice, &shape, spacing, &image, &mask), FGF_OK);
    for (int p = 0; p < 20; p++)
        assert_int_equal(mask[p], p >= 5); /* row 0 is not above 0 */
    fgf_free(image);
    fgf_free(mask);
    fgf_slice_clear(&slice);

    slice = sample_slice(true);
    memset(slice.mask, 0, 20 * sizeof *slice.mask);
    assert_int_equal(
        fgf_preprocess_slice(&settings, window, &slice, &shape, spacing, &image, &mask), FGF_DATA);
    assert_message("the mask is empty");
    assert_null(image);
    fgf_slice_clear(&slice);

    slice = sample_slice(true);
    slice.value[0][0] = NAN; /* outside the mask: no matter */
    assert_int_equal(
        fgf_preprocess_slice(&settings, window, &slice, &shape, spacing, &image, &mask), FGF_OK);
    fgf_free(image);
    fgf_free(mask);
    fgf_slice_clear(&slice);

    slice = sample_slice(true);
    slice.value[0][8] = NAN;
    assert_int_equal(
        fgf_preprocess_slice(&settings, window, &slice, &shape, spacing, &image, &mask), FGF_DATA);
    assert_message("row 1, column 3");
    fgf_slice_clear(&slice);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(holes),
        cmocka_unit_test(crop_and_window),
        cmocka_unit_test(above_quantise_unmasked),
        cmocka_unit_test(derived_and_empty),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
