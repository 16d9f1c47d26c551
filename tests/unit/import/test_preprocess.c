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
    assert_int_equal(fgf_fill_holes(mask, (const int[]){1, 8, 10}), FGF_OK);
    for (size_t p = 0; p < 80; p++)
        if (mask[p] != (after[p / 10][p % 10] == '#'))
            fail_msg("row %zu column %zu", p / 10, p % 10);
    uint8_t one = 0;
    assert_int_equal(fgf_fill_holes(&one, (const int[]){1, 1, 1}), FGF_OK);
    assert_int_equal(one, 0);
}

/* A hollow ball fills; with a channel to the outside it does not, be it from either end of z or
 * round a corner. */
static void holes_in_a_volume(void **state)
{
    (void)state;
    enum { N = 9, CLOSED, FROM_BELOW, FROM_ABOVE, BENT, WAYS };
    const int extent[3] = {N, N, N};
    for (int way = CLOSED; way < WAYS; way++) {
        uint8_t mask[N * N * N];
        size_t hollow = 0;
        for (int p = 0; p < N * N * N; p++) {
            const int z = p / 81 - 4, y = p / 9 % 9 - 4, x = p % 9 - 4, r = z * z + y * y + x * x;
            const bool channel = y == 0 && x == 0 && (way == FROM_BELOW ? z < 0 : z > 0);
            mask[p] = r <= 12 && r > 3 && !(channel && (way == FROM_BELOW || way == FROM_ABOVE));
            hollow += r <= 3;
        }
        if (way == BENT)
            mask[(4 * N + 4) * N + 6] = mask[(3 * N + 4) * N + 6] = mask[(3 * N + 4) * N + 7] = 0;
        size_t before = 0, after = 0;
        for (int p = 0; p < N * N * N; p++)
            before += mask[p];
        assert_int_equal(fgf_fill_holes(mask, extent), FGF_OK);
        for (int p = 0; p < N * N * N; p++) {
            assert_true(mask[p] <= 1);
            after += mask[p];
        }
        assert_int_equal(after, way == CLOSED ? before + hollow : before);
    }
    /* A shaft that ends at one face of the volume. */
    for (int face = 0; face < 2; face++) {
        uint8_t block[27];
        memset(block, 1, sizeof block);
        block[13] = block[face ? 22 : 4] = 0;
        assert_int_equal(fgf_fill_holes(block, (const int[]){3, 3, 3}), FGF_OK);
        assert_true(block[13] == 0 && block[face ? 22 : 4] == 0 && block[face ? 4 : 22] == 1);
    }
}

static const double window_values[2] = {0, 10};

static fgf_preprocess plain_settings(const int64_t *size)
{
    fgf_preprocess settings;
    memset(&settings, 0, sizeof settings);
    settings.window = (fgf_reals){window_values, 2};
    settings.size = (fgf_integers){size, 2};
    settings.masked = true;
    settings.mask_threshold = 0.5;
    return settings;
}

/* A 4 x 5 slice whose value at (y, x) is 10 y + x - 5, mask = the 2 x 2 block at (1, 3). */
static fgf_part sample_slice(void)
{
    fgf_part part = {.channels = 1, .whole = {1, 4, 5}, .spacing = {1, 1, 1}};
    assert_int_equal(FGF_ALLOCATE(20, &part.value[0]), FGF_OK);
    assert_int_equal(FGF_ALLOCATE(20, &part.mask), FGF_OK);
    for (size_t y = 0; y < 4; y++)
        for (size_t x = 0; x < 5; x++) {
            part.value[0][y * 5 + x] = 10 * (double)y + (double)x - 5;
            part.mask[y * 5 + x] = (y == 1 || y == 2) && x >= 3;
        }
    part.inside = fgf_mask_bounds(part.mask, part.whole);
    return part;
}

static fgf_status preprocess(const fgf_preprocess *settings, fgf_part *part, fgf_shape *shape,
                             double spacing[3], float **image, uint8_t **mask)
{
    fgf_status status = FGF_OK;
    const double window[1][2] = {{0, 10}};
    *image = NULL;
    *mask = NULL;
    FGF_TRY(fgf_part_plan(settings, part));
    FGF_TRY(fgf_preprocess_part(settings, window, part, shape, spacing, image, mask));
done:
    return status;
}

static void crop_and_window(void **state)
{
    (void)state;
    const int64_t sizes[3][2] = {{2, 3}, {6, 8}, {0, 0}};
    float *image;
    uint8_t *mask;
    double spacing[3];
    fgf_shape shape;
    for (int k = 0; k < 3; k++) {
        fgf_preprocess settings = plain_settings(sizes[k]);
        fgf_part slice = sample_slice();
        assert_int_equal(preprocess(&settings, &slice, &shape, spacing, &image, &mask), FGF_OK);
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
        fgf_part_clear(&slice);
    }
}

static void above_quantise_unmasked(void **state)
{
    (void)state;
    const int64_t size[2] = {0, 0};
    float *image;
    uint8_t *mask;
    double spacing[3];
    fgf_shape shape;
    fgf_preprocess settings = plain_settings(size);
    settings.masked = false;
    settings.above = FGF_ABOVE_ZERO;
    settings.quantise = FGF_QUANTISE_8BIT;
    fgf_part slice = sample_slice();
    assert_int_equal(preprocess(&settings, &slice, &shape, spacing, &image, &mask), FGF_OK);
    for (int p = 0; p < 20; p++) {
        const double q = 10 * (p / 5) + p % 5 - 5;
        const double x = q < 0 || q > 10 ? 0 : rint(25.5 * q) / 255;
        assert_true(image[p] == (float)x);
    }
    fgf_free(image);
    fgf_free(mask);
    fgf_part_clear(&slice);
}

static void empty_and_not_finite(void **state)
{
    (void)state;
    const int64_t size[2] = {0, 0};
    float *image;
    uint8_t *mask;
    double spacing[3];
    fgf_shape shape;
    fgf_preprocess settings = plain_settings(size);
    fgf_part slice = sample_slice();
    memset(slice.mask, 0, 20);
    slice.inside = fgf_mask_bounds(slice.mask, slice.whole);
    assert_int_equal(preprocess(&settings, &slice, &shape, spacing, &image, &mask), FGF_DATA);
    assert_message("the mask is empty");
    assert_null(image);
    fgf_part_clear(&slice);

    slice = sample_slice();
    slice.value[0][0] = NAN; /* outside the mask: no matter */
    assert_int_equal(preprocess(&settings, &slice, &shape, spacing, &image, &mask), FGF_OK);
    fgf_free(image);
    fgf_free(mask);
    fgf_part_clear(&slice);

    slice = sample_slice();
    slice.value[0][8] = NAN;
    assert_int_equal(preprocess(&settings, &slice, &shape, spacing, &image, &mask), FGF_DATA);
    assert_message("row 1, column 3");
    fgf_part_clear(&slice);
}

/* ---- volumes ---- */

enum { DEPTH = 20, HEIGHT = 90, WIDTH = 100, VOXELS = DEPTH * HEIGHT * WIDTH };

/* A ball of radius 7 mm at (11, 40, 60) in a volume of 2 x 0.8 x 0.8 mm, values 0 to 10. */
static fgf_part sample_volume(fgf_box box)
{
    fgf_part part = {
        .channels = 1, .whole = {DEPTH, HEIGHT, WIDTH}, .spacing = {2, 0.8, 0.8}, .box = box};
    static uint8_t mask[VOXELS];
    static double value[VOXELS];
    const fgf_box all = {{0, 0, 0}, {DEPTH, HEIGHT, WIDTH}};
    for (int p = 0; p < VOXELS; p++) {
        const int z = p / (HEIGHT * WIDTH), y = p / WIDTH % HEIGHT, x = p % WIDTH;
        const double a = 2.0 * (z - 11), b = 0.8 * (y - 40), c = 0.8 * (x - 60);
        mask[p] = a * a + b * b + c * c <= 49;
        value[p] = 5 + 4 * sin(0.9 * z + 0.2 * y) * cos(0.3 * x);
    }
    part.inside = fgf_mask_bounds(mask, part.whole);
    const size_t count = (size_t)fgf_box_pixels(&box);
    assert_int_equal(FGF_ALLOCATE(count + 1, &part.value[0]), FGF_OK);
    assert_int_equal(FGF_ALLOCATE(count + 1, &part.mask), FGF_OK);
    fgf_box_copy_bytes(1, &all, mask, &box, part.mask);
    fgf_box_copy_bytes(sizeof *value, &all, value, &box, part.value[0]);
    return part;
}

/* The crop from the part that it needs equals the crop from the whole volume. */
static void crop_of_a_volume(void **state)
{
    (void)state;
    const int64_t size[3] = {16, 24, 20};
    const double wanted[3] = {1.5, 1, 1};
    const fgf_box all = {{0, 0, 0}, {DEPTH, HEIGHT, WIDTH}};
    float *image[2];
    uint8_t *mask[2];
    double spacing[3];
    fgf_shape shape;
    const double window[1][2] = {{0, 10}};
    for (int kind = FGF_INTERPOLATION_NEAREST; kind <= FGF_INTERPOLATION_CUBIC; kind++)
        for (int masked = 0; masked < 2; masked++) {
            fgf_preprocess settings = plain_settings(size);
            settings.size.count = 3;
            settings.spacing = (fgf_reals){wanted, 3};
            settings.take = FGF_TAKE_VOLUME;
            settings.smooth_sigma = 0.7;
            settings.smooth_truncate = 4;
            settings.interpolation = kind;
            settings.masked = masked;
            fgf_part whole = sample_volume(all), plan = whole;
            assert_int_equal(fgf_part_plan(&settings, &plan), FGF_OK);
            fgf_part part = sample_volume(plan.box);
            assert_true(fgf_box_pixels(&plan.box) < VOXELS);
            assert_int_equal(fgf_preprocess_part(&settings, window, &whole, &shape, spacing,
                                                 &image[0], &mask[0]),
                             FGF_OK);
            assert_int_equal(
                fgf_preprocess_part(&settings, window, &part, &shape, spacing, &image[1], &mask[1]),
                FGF_OK);
            assert_true(shape.depth == 16 && shape.height == 24 && shape.width == 20);
            assert_true(spacing[0] == 1.5 && spacing[1] == 1 && spacing[2] == 1);
            size_t inside = 0;
            for (size_t p = 0; p < 16 * 24 * 20; p++) {
                assert_int_equal(mask[0][p], mask[1][p]);
                assert_true(fabs(image[0][p] - image[1][p]) < 1e-6f);
                assert_true(!masked || mask[0][p] || image[0][p] == 0);
                inside += mask[0][p];
            }
            /* The ball: 4/3 pi 7^3 mm^3 in voxels of 1.5 mm^3, all of it within the crop. */
            assert_true(fabs((double)inside - 958) < 60);
            for (int k = 0; k < 2; k++) {
                fgf_free(image[k]);
                fgf_free(mask[k]);
            }
            fgf_part_clear(&whole);
            fgf_part_clear(&part);
        }
}

/* Nothing resampled: the crop is the voxels themselves; larger than the volume: padded. */
static void plain_crop_of_a_volume(void **state)
{
    (void)state;
    const int64_t size[3] = {30, 11, 0};
    const double window[1][2] = {{0, 10}};
    float *image;
    uint8_t *mask;
    double spacing[3];
    fgf_shape shape;
    fgf_preprocess settings = plain_settings(size);
    settings.size.count = 3;
    settings.take = FGF_TAKE_VOLUME;
    settings.masked = false;
    const fgf_box all = {{0, 0, 0}, {DEPTH, HEIGHT, WIDTH}};
    fgf_part plan = sample_volume(all);
    fgf_part_clear(&plan);
    plan = (fgf_part){.whole = {DEPTH, HEIGHT, WIDTH},
                      .spacing = {2, 0.8, 0.8},
                      .inside = {{8, 32, 52}, {15, 49, 69}}};
    assert_int_equal(fgf_part_plan(&settings, &plan), FGF_OK);
    assert_true(plan.box.from[1] == 35 && plan.box.to[1] == 46 && plan.box.to[0] == DEPTH);
    fgf_part part = sample_volume(plan.box);
    assert_memory_equal(&part.inside, &plan.inside, sizeof plan.inside);
    assert_int_equal(fgf_preprocess_part(&settings, window, &part, &shape, spacing, &image, &mask),
                     FGF_OK);
    assert_true(shape.depth == 30 && shape.height == 11 && shape.width == WIDTH);
    assert_true(spacing[0] == 2 && spacing[1] == 0.8);
    for (int z = 0; z < 30; z++)
        for (int y = 0; y < 11; y++)
            for (int x = 0; x < WIDTH; x++) {
                const double value = 5 + 4 * sin(0.9 * (z - 5) + 0.2 * (y + 35)) * cos(0.3 * x);
                const float expected = z < 5 || z >= 25 ? 0 : (float)(value / 10);
                assert_true(fabsf(image[(z * 11 + y) * WIDTH + x] - expected) < 1e-6f);
            }
    fgf_free(image);
    fgf_free(mask);
    fgf_part_clear(&part);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(holes),
        cmocka_unit_test(crop_and_window),
        cmocka_unit_test(above_quantise_unmasked),
        cmocka_unit_test(holes_in_a_volume),
        cmocka_unit_test(empty_and_not_finite),
        cmocka_unit_test(crop_of_a_volume),
        cmocka_unit_test(plain_crop_of_a_volume),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
