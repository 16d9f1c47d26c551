/* Noise maps: what a value depends on, the blur's correlation, memory, and the scores. */
#include "unit/align/align_test.h"

enum { M = 37 };

static const double spacing[3] = {1, 1, 1};

typedef struct fixture {
    fgf_region_owner owner;
    fgf_noise_bank *bank;
    fgf_noise_case *noise;
} fixture;

static void open_fixture(fixture *f, fgf_shape shape, const uint8_t *used, const uint8_t *mask,
                         uint64_t seed, const double *sigma, size_t kinds, size_t group)
{
    int channels[2] = {0, 1};
    f->bank = NULL;
    f->noise = NULL;
    assert_int_equal(fgf_region_create(shape, spacing, mask, 0, false, channels,
                                       (size_t)shape.channels, &f->owner),
                     FGF_OK);
    assert_int_equal(fgf_noise_bank_create(seed, M, sigma, kinds, shape, used, channels,
                                           (size_t)shape.channels, &f->bank),
                     FGF_OK);
    assert_int_equal(
        fgf_noise_case_create(f->bank, fgf_region_size(&f->owner.region), group, &f->noise),
        FGF_OK);
}

static void close_fixture(fixture *f)
{
    fgf_noise_case_destroy(&f->noise);
    fgf_noise_bank_destroy(&f->bank);
    fgf_region_clear(&f->owner);
    assert_null(f->noise);
    assert_null(f->bank);
}

/* Scores of all kinds against one fixed g over the mask: a fingerprint of the maps there. */
static void fingerprint(fgf_shape shape, const uint8_t *used, const uint8_t *mask, uint64_t seed,
                        const double *sigma, size_t kinds, double *square)
{
    fixture f;
    open_fixture(&f, shape, used, mask, seed, sigma, kinds, 0);
    size_t n = fgf_region_size(&f.owner.region);
    fgf_real *g = calloc(n + 1, sizeof *g);
    draw_normals(77, 0, g, n);
    for (size_t k = 0; k < kinds; k++) {
        assert_int_equal(fgf_noise_case_select(f.noise, k, &f.owner.region, 0), FGF_OK);
        score_one(f.noise, g, square + k * M, NULL);
    }
    free(g);
    close_fixture(&f);
}

/* A mask with a block of ones. */
static uint8_t *block(fgf_shape s, int y0, int y1, int x0, int x1)
{
    uint8_t *mask = calloc((size_t)fgf_shape_pixels(s), 1);
    for (int z = 0; z < s.depth; z++)
        for (int y = y0; y < y1; y++)
            for (int x = x0; x < x1; x++)
                mask[(z * s.height + y) * s.width + x] = 1;
    return mask;
}

static void a_map_is_the_same_in_any_window(void **state)
{
    (void)state;
    const double sigma[3] = {0, 1, 2.5};
    const fgf_shape shapes[2] = {{2, 1, 21, 23}, {1, 3, 13, 11}};
    for (int s = 0; s < 2; s++) {
        double small[3 * M], large[3 * M], moved[3 * M];
        uint8_t *mask = block(shapes[s], 4, 9, 3, 8);
        uint8_t *whole = block(shapes[s], 0, shapes[s].height, 0, shapes[s].width);
        uint8_t *odd = block(shapes[s], 3, 9, 0, 9);
        fingerprint(shapes[s], mask, mask, 5, sigma, 3, small);
        fingerprint(shapes[s], whole, mask, 5, sigma, 3, large);
        fingerprint(shapes[s], odd, mask, 5, sigma, 3, moved);
        assert_memory_equal(small, large, sizeof small);
        assert_memory_equal(small, moved, sizeof small);
        free(mask);
        free(whole);
        free(odd);
    }
}

static void a_crop_of_another_size_shares_its_middle(void **state)
{
    (void)state;
    const double sigma[2] = {0, 1.5};
    const fgf_shape small = {1, 1, 20, 22}, large = {1, 1, 30, 40};
    double a[2 * M], b[2 * M];
    uint8_t *in_small = block(small, 8, 13, 9, 14), *in_large = block(large, 13, 18, 18, 23);
    fingerprint(small, in_small, in_small, 5, sigma, 2, a);
    fingerprint(large, in_large, in_large, 5, sigma, 2, b);
    assert_memory_equal(a, b, sizeof a);
    free(in_small);
    free(in_large);
}

static void seed_kind_and_other_kinds(void **state)
{
    (void)state;
    const fgf_shape shape = {1, 1, 12, 12};
    const double many[3] = {4, 1, 0}, one[1] = {1};
    double a[3 * M], b[M], c[M];
    uint8_t *mask = block(shape, 2, 9, 3, 9);
    fingerprint(shape, mask, mask, 5, many, 3, a);
    fingerprint(shape, mask, mask, 5, one, 1, b);
    fingerprint(shape, mask, mask, 6, one, 1, c);
    assert_memory_equal(a + M, b, sizeof b); /* a kind does not depend on the others */
    for (int m = 0; m < M; m++) {
        assert_true(a[m] != a[M + m] && a[M + m] != a[2 * M + m]);
        assert_true(b[m] != c[m]);
        for (int other = 0; other < m; other++)
            assert_true(b[m] != b[other]);
    }
    free(mask);
}

static float white_value(uint64_t seed, uint64_t draw, uint64_t channel, int dy, int dx)
{
    const uint64_t zero = 1 << 20;
    fgf_stream stream = fgf_stream_open(seed, FGF_PURPOSE_NOISE_MAP, draw, channel);
    uint64_t y = zero + (uint64_t)dy, x = zero + (uint64_t)dx;
    return (float)fgf_stream_normal_at(&stream, (zero << 42) | (y << 21) | x);
}

/* With g along one of two elements, s = n_0^2 / (n_0^2 + n_1^2): white maps are the numbers of the
 * stream that noise_bank.c names, from pixel to pixel and from channel to channel. */
static void white_values_are_the_keyed_stream(void **state)
{
    (void)state;
    const double white[1] = {0};
    const fgf_real g[2] = {1, 0};
    for (int channels = 1; channels <= 2; channels++) {
        const fgf_shape shape = {channels, 1, 9, 8};
        double square[M];
        uint8_t *mask = block(shape, 6, 7, 2, channels == 1 ? 4 : 3);
        fixture f;
        open_fixture(&f, shape, mask, mask, 31, white, 1, 0);
        assert_int_equal(fgf_noise_case_select(f.noise, 0, &f.owner.region, 0), FGF_OK);
        score_one(f.noise, g, square, NULL);
        for (uint64_t m = 0; m < M; m++) {
            float a = white_value(31, m, 0, 6 - 4, 2 - 4);
            float b = channels == 1 ? white_value(31, m, 0, 6 - 4, 3 - 4)
                                    : white_value(31, m, 1, 6 - 4, 2 - 4);
            assert_true(fabs(square[m] - a * a / (a * a + b * b)) < 1e-6);
        }
        close_fixture(&f);
        free(mask);
    }
}

static void filling_equals_random_access(void **state)
{
    (void)state;
    enum { COUNT = 20001 };
    static float filled[COUNT];
    const uint64_t starts[3] = {0, 12345, (1ull << 62) + 1};
    fgf_stream stream = fgf_stream_open(3, FGF_PURPOSE_TEST, 1, 2);
    for (int s = 0; s < 3; s++) {
        fgf_stream_normal_fill(&stream, starts[s], COUNT, filled);
        for (uint64_t i = 0; i < COUNT; i++)
            assert_true(filled[i] == (float)fgf_stream_normal_at(&stream, starts[s] + i));
    }
    fgf_stream_normal_fill(&stream, 7, 0, filled);
}

/* The correlation of pixels d apart along an axis is exp(-d^2 / 4 sigma^2). */
static void smooth_maps_have_the_law_asked_for(void **state)
{
    (void)state;
    enum { DRAWS = 400, SIDE = 24, SIGMA = 2 };
    const fgf_shape shapes[2] = {{1, 1, SIDE, SIDE}, {1, 6, 12, 12}};
    const double sigma[1] = {SIGMA};
    const int channel = 0;
    for (int s = 0; s < 2; s++) {
        size_t pixels = (size_t)fgf_shape_pixels(shapes[s]);
        uint8_t *used = malloc(pixels);
        fgf_noise_bank *bank = NULL;
        fgf_noise_case *noise = NULL;
        fgf_real g[2] = {1, 1};
        memset(used, 1, pixels);
        assert_int_equal(
            fgf_noise_bank_create(8, DRAWS, sigma, 1, shapes[s], used, &channel, 1, &bank), FGF_OK);
        assert_int_equal(fgf_noise_case_create(bank, 2, 0, &noise), FGF_OK);
        /* Over two pixels with correlation r, the angle of (a, b) gives E[2ab / (a^2 + b^2)] =
         * (1 - sqrt(1 - r^2)) / r, and s with g = (1, 1) is 1/2 + ab / (a^2 + b^2). */
        for (int axis = shapes[s].depth > 1 ? 0 : 1; axis < 3; axis++) {
            static const int apart = 3;
            double mean = 0, r = exp(-apart * apart / (4.0 * SIGMA * SIGMA)), square[DRAWS];
            int stride = axis == 2   ? 1
                         : axis == 1 ? shapes[s].width
                                     : shapes[s].width * shapes[s].height;
            int count = 0;
            for (int place = 0; place < 40; place++) {
                int z = axis == 0 ? place % 3 : place % shapes[s].depth;
                int y = place * 5 % (shapes[s].height - apart);
                int x = place * 7 % (shapes[s].width - apart);
                int32_t first = (z * shapes[s].height + y) * shapes[s].width + x;
                const int32_t pixel[2] = {first, first + apart * stride};
                const fgf_region region = {shapes[s], 2, pixel, 1, &channel, {1, 1, 1}};
                assert_int_equal(fgf_noise_case_select(noise, 0, &region, 0), FGF_OK);
                score_one(noise, g, square, NULL);
                for (int m = 0; m < DRAWS; m++, count++)
                    mean += 2 * square[m] - 1;
            }
            mean /= count;
            double expected = (1 - sqrt(1 - r * r)) / r;
            if (!(fabs(mean - expected) < 0.03))
                fail_msg("axis %d: mean %.4f, expected %.4f", axis, mean, expected);
        }
        fgf_noise_case_destroy(&noise);
        fgf_noise_bank_destroy(&bank);
        free(used);
    }
}

/* Joint scores against fgf_agreement on the same maps: which are read off with one-pixel g's. */
static void scores_match_the_agreement(void **state)
{
    (void)state;
    enum { GROUP = 4, STRIDE = 9 }; /* the greatest number up to 37 / 4 coprime to 37 */
    const fgf_shape shape = {2, 1, 11, 9};
    const double sigma[2] = {0, 1};
    double square[M], joint[M], cosine[GROUP];
    uint8_t *mask = block(shape, 2, 7, 1, 6);
    fixture f;
    fgf_align_work *work = NULL;
    open_fixture(&f, shape, mask, mask, 12, sigma, 2, GROUP);
    size_t n = fgf_region_size(&f.owner.region);
    fgf_real *maps = calloc(M * n, sizeof *maps), *g = calloc(n, sizeof *g);
    fgf_real *v = calloc(GROUP * n, sizeof *v);
    assert_int_equal(fgf_align_work_create(n, GROUP, &work), FGF_OK);
    for (size_t k = 0; k < 2; k++) {
        assert_int_equal(fgf_noise_case_select(f.noise, k, &f.owner.region, GROUP), FGF_OK);
        /* g = e_0 + t e_i: two scores give the sign that one square does not. */
        for (size_t i = 0; i < n; i++) {
            double plus[M], minus[M], alone[M], first[M];
            memset(g, 0, n * sizeof *g);
            g[0] = 1;
            score_one(f.noise, g, first, NULL);
            if (i > 0) {
                g[i] = 1;
                score_one(f.noise, g, plus, NULL);
                g[i] = -1;
                score_one(f.noise, g, minus, NULL);
                g[0] = 0;
                score_one(f.noise, g, alone, NULL);
            }
            for (size_t m = 0; m < M; m++)
                maps[m * n + i] = (fgf_real)(i == 0 ? sqrt(first[m])
                                                    : copysign(sqrt(alone[m]), plus[m] - minus[m]));
        }
        draw_normals(90, k, g, n);
        score_one(f.noise, g, square, joint);
        for (size_t m = 0; m < M; m++) {
            for (size_t j = 0; j < GROUP; j++)
                memcpy(v + j * n, maps + (m + j * STRIDE) % M * n, n * sizeof *v);
            fgf_joint expected = fgf_agreement(work, &align_defaults, g, v, GROUP, n, cosine);
            assert_true(fabs(square[m] - cosine[0] * cosine[0]) < 2e-6);
            if (!(fabs(joint[m] - expected.score) < 1e-5))
                fail_msg("kind %zu, group %zu: %.9g, expected %.9g", k, m, joint[m],
                         expected.score);
        }
    }
    fgf_align_work_destroy(&work);
    free(maps);
    free(g);
    free(v);
    close_fixture(&f);
    free(mask);
}

static void missing_scores_are_nan(void **state)
{
    (void)state;
    const fgf_shape shape = {1, 1, 8, 8};
    const double sigma[2] = {0, 3};
    const fgf_real zero[4] = {0}, g[4] = {1, -2, 3, 4};
    double square[M], joint[M];
    uint8_t *mask = block(shape, 2, 4, 3, 5), *none = block(shape, 0, 0, 0, 0);
    fixture f;
    open_fixture(&f, shape, mask, mask, 1, sigma, 2, 8);
    for (size_t group = 0; group <= 8; group++) {
        assert_int_equal(fgf_noise_case_select(f.noise, 0, &f.owner.region, group), FGF_OK);
        score_one(f.noise, g, square, joint);
        for (int m = 0; m < M; m++) {
            assert_true(square[m] >= 0 && square[m] <= 1);
            assert_true(isnan(joint[m]) == (group == 0 || group >= 4));
        }
        score_one(f.noise, zero, square, joint);
        for (int m = 0; m < M; m++)
            assert_true(isnan(square[m]) && isnan(joint[m]));
    }
    close_fixture(&f);
    open_fixture(&f, shape, none, none, 1, sigma, 2, 2); /* no pixel at all */
    assert_int_equal(fgf_noise_case_select(f.noise, 1, &f.owner.region, 2), FGF_OK);
    score_one(f.noise, zero, square, joint);
    assert_true(isnan(square[0]) && isnan(joint[M - 1]));
    close_fixture(&f);
    free(mask);
    free(none);
}

static void memory_follows_the_pixels_used(void **state)
{
    (void)state;
    const fgf_shape shape = {1, 1, 50, 50};
    const double sigma[2] = {0, 2};
    uint8_t *mask = block(shape, 2, 7, 3, 9), *all = block(shape, 0, 50, 0, 50);
    fixture f;
    open_fixture(&f, shape, mask, mask, 1, sigma, 2, 0);
    size_t small = fgf_noise_bank_bytes(f.bank);
    assert_true(small >= 2 * M * 30 * sizeof(float));
    assert_true(small <= 2 * M * 30 * sizeof(float) + 2500 * sizeof(int32_t) + 256);
    close_fixture(&f);
    open_fixture(&f, shape, all, mask, 1, sigma, 2, 0);
    assert_int_equal(fgf_noise_bank_bytes(f.bank) - small, 2 * M * 2470 * sizeof(float));
    close_fixture(&f);
    free(mask);
    free(all);
}

static void refuses_what_it_does_not_hold(void **state)
{
    (void)state;
    const fgf_shape shape = {1, 1, 8, 8};
    const double sigma[1] = {0}, negative[1] = {-1};
    const int good = 0, beyond = 1;
    uint8_t *mask = block(shape, 2, 4, 3, 5), *other = block(shape, 2, 4, 4, 6);
    fgf_noise_bank *bank = NULL;
    fixture f;
    open_fixture(&f, shape, mask, other, 1, sigma, 1, 2);
    assert_int_equal(fgf_noise_case_select(f.noise, 0, &f.owner.region, 1), FGF_INTERNAL);
    assert_int_equal(fgf_noise_case_select(f.noise, 1, &f.owner.region, 1), FGF_INTERNAL);
    assert_int_equal(fgf_noise_case_select(f.noise, 0, &f.owner.region, 3), FGF_INTERNAL);
    close_fixture(&f);
    assert_int_equal(fgf_noise_bank_create(1, M, negative, 1, shape, mask, &good, 1, &bank),
                     FGF_USAGE);
    assert_int_equal(fgf_noise_bank_create(1, M, sigma, 1, shape, mask, &beyond, 1, &bank),
                     FGF_USAGE);
    for (long n = 1; n <= 10; n++) {
        fgf_allocation_fail_at(n);
        assert_int_equal(fgf_noise_bank_create(1, M, sigma, 1, shape, mask, &good, 1, &bank),
                         n <= 10 ? FGF_MEMORY : FGF_OK);
        assert_null(bank);
    }
    fgf_allocation_fail_at(0);
    free(mask);
    free(other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_map_is_the_same_in_any_window),
        cmocka_unit_test(a_crop_of_another_size_shares_its_middle),
        cmocka_unit_test(seed_kind_and_other_kinds),
        cmocka_unit_test(white_values_are_the_keyed_stream),
        cmocka_unit_test(filling_equals_random_access),
        cmocka_unit_test(smooth_maps_have_the_law_asked_for),
        cmocka_unit_test(scores_match_the_agreement),
        cmocka_unit_test(missing_scores_are_nan),
        cmocka_unit_test(memory_follows_the_pixels_used),
        cmocka_unit_test(refuses_what_it_does_not_hold),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
