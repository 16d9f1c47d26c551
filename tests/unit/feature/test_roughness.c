/* Distance to the border against every voxel outside, rim and core by hand, and the roughness of
 * surfaces whose Hurst exponent is known. */
#include "unit/feature/scene.h"

#include "border_distance.h"

/* The distance by its definition: to every voxel outside, one layer beyond the crop included. */
static double distance_of(const scene *s, const int at[3])
{
    const int size[3] = {s->shape.depth, s->shape.height, s->shape.width};
    double least = INFINITY;
    int to[3];
    for (to[0] = size[0] > 1 ? -1 : 0; to[0] <= (size[0] > 1 ? size[0] : 0); to[0]++)
        for (to[1] = -1; to[1] <= size[1]; to[1]++)
            for (to[2] = -1; to[2] <= size[2]; to[2]++) {
                double square = 0;
                bool inside = true;
                for (int a = 0; a < 3; a++) {
                    inside = inside && to[a] >= 0 && to[a] < size[a];
                    if (to[a] != at[a])
                        square += pow((abs(to[a] - at[a]) - 0.5) * s->spacing[a], 2);
                }
                if (!inside || !s->mask[(to[0] * size[1] + to[1]) * size[2] + to[2]])
                    least = fmin(least, square);
            }
    return sqrt(least);
}

static void distances_are_exact(void **state)
{
    (void)state;
    static scene s;
    const fgf_shape shapes[] = {{1, 1, 17, 23}, {1, 9, 10, 11}, {1, 1, 1, 9}, {1, 7, 1, 1}};
    const int channel = 0;
    fgf_stream stream = fgf_stream_open(9, FGF_PURPOSE_TEST, 1, 1);
    for (int k = 0; k < 8; k++) {
        fgf_region_owner owner;
        s = (scene){.shape = shapes[k % 4], .spacing = {2.5, 0.7, 1.1}};
        for (size_t i = 0; i < scene_pixels(&s); i++)
            s.mask[i] = fgf_stream_below(&stream, 100) < (k < 4 ? 97 : 80);
        assert_int_equal(
            fgf_region_create(s.shape, s.spacing, s.mask, 0, false, &channel, 1, &owner), FGF_OK);
        const fgf_region *region = &owner.region;
        double *work = calloc(border_distance_work(region), sizeof *work);
        double *distance = calloc(region->pixel_count + 1, sizeof *distance);
        border_distance(region, work, distance);
        for (size_t i = 0; i < region->pixel_count; i++) {
            const int pixel = region->pixel[i], row = pixel / s.shape.width;
            const int at[3] = {row / s.shape.height, row % s.shape.height, pixel % s.shape.width};
            assert_true(fabs(distance[i] - distance_of(&s, at)) < 1e-12);
        }
        free(work);
        free(distance);
        fgf_region_clear(&owner);
    }
}

static void rim_and_core_by_hand(void **state)
{
    (void)state;
    static scene s;
    const setting_text two[] = {{"thickness", "2"}, {NULL, NULL}};
    const setting_text thin[] = {{"thickness", "0.01"}, {NULL, NULL}};
    s = (scene){.shape = {1, 1, 3, 3}, .spacing = {1, 4, 4}};
    for (int i = 0; i < 9; i++) {
        s.mask[i] = 1;
        s.image[i] = i == 4 ? 10 : 1;
    }
    /* Eight pixels are 2 mm from the border, the middle one 6 mm. */
    const double rim = 8 * exp(-1) + exp(-3), core = 9 - rim;
    const double rim_mean = (8 * exp(-1) + 10 * exp(-3)) / rim;
    const double core_mean = (8 * (1 - exp(-1)) + 10 * (1 - exp(-3))) / core;
    assert_true(fabs(scene_value(&s, "rim_mean", two) - rim_mean) < 1e-12);
    assert_true(fabs(s.gradient[4] - exp(-3) / rim) < FGF_REAL_EPSILON);
    assert_true(fabs(scene_value(&s, "core_mean", two) - core_mean) < 1e-12);
    assert_true(fabs(s.gradient[4] - (1 - exp(-3)) / core) < FGF_REAL_EPSILON);
    assert_true(fabs(scene_value(&s, "rim_core_difference", two) - (rim_mean - core_mean)) < 1e-12);
    double sum = 0;
    for (int i = 0; i < 9; i++)
        sum += s.gradient[i];
    assert_true(fabs(sum) < 10 * FGF_REAL_EPSILON);
    /* A thin rim is the outermost pixels alone, though all weights underflow. */
    assert_true(fabs(scene_value(&s, "rim_mean", thin) - 1) < 1e-12);
    assert_true(fabs(scene_value(&s, "core_mean", thin) - 2) < 1e-12);
}

static void ramps_are_smooth_and_noise_is_rough(void **state)
{
    (void)state;
    static scene s;
    fgf_stream stream = fgf_stream_open(4, FGF_PURPOSE_TEST, 1, 1);
    for (int three = 0; three < 2; three++) {
        s = (scene){.shape = {1, three ? 20 : 1, three ? 20 : 90, three ? 20 : 90},
                    .spacing = {3, 1, 1}};
        for (size_t i = 0; i < scene_pixels(&s); i++) {
            s.mask[i] = 1;
            s.image[i] = (double)(i % (size_t)s.shape.width);
        }
        /* At each distance, the same part of all pairs is along the ramp. */
        assert_true(fabs(scene_value(&s, "hurst_exponent", NULL) - 1) < 1e-6);
        assert_true(fabs(scene_value(&s, "fractal_dimension", NULL) - (three ? 3 : 2)) < 1e-6);
        for (size_t i = 0; i < scene_pixels(&s); i++)
            s.image[i] = fgf_stream_uniform(&stream);
        assert_true(fabs(scene_value(&s, "hurst_exponent", NULL)) < 0.03);
        assert_true(fabs(scene_value(&s, "fractal_dimension", NULL) - (three ? 4 : 3)) < 0.03);
    }
}

/* Fractional Brownian motion as a sum of plane waves with random directions and phases: their
 * frequencies f are uniform in log f, far beyond the crop's at both ends, and their amplitude is
 * f^-H, which makes the mean squared difference grow with distance^2H. */
static void make_brownian(scene *s, double hurst, uint64_t seed)
{
    enum { WAVES = 400 };
    fgf_stream stream = fgf_stream_open(seed, FGF_PURPOSE_TEST, 3, 3);
    memset(s->image, 0, sizeof s->image);
    for (int w = 0; w < WAVES; w++) {
        const double f = exp(log(1e-6) + (w + fgf_stream_uniform(&stream)) / WAVES * log(1e10));
        double direction[3], length = 0;
        for (int a = 0; a < 3; a++) {
            direction[a] = a == 0 && s->shape.depth == 1 ? 0 : fgf_stream_normal(&stream);
            length += direction[a] * direction[a];
        }
        const double scale = 2 * 3.14159265358979 * f / sqrt(length);
        const double phase = 2 * 3.14159265358979 * fgf_stream_uniform(&stream);
        const int width = s->shape.width, height = s->shape.height;
        for (int i = 0; i < (int)scene_pixels(s); i++)
            s->image[i] += pow(f, -hurst) * cos(scale * (direction[0] * (i / width / height) +
                                                         direction[1] * (i / width % height) +
                                                         direction[2] * (i % width)) +
                                                phase);
    }
}

/* The mean over surfaces is within 0.05 of the exponent they were made with. */
static void brownian_surfaces_have_their_exponent(void **state)
{
    (void)state;
    enum { SURFACES = 6 };
    static scene s;
    const double exponents[] = {0.2, 0.5, 0.8};
    for (int three = 0; three < 2; three++)
        for (int e = 0; e < 3; e++) {
            double mean = 0, dimension = 0;
            s = (scene){.shape = {1, three ? 18 : 1, three ? 20 : 80, three ? 22 : 80},
                        .spacing = {1, 1, 1}};
            memset(s.mask, 1, scene_pixels(&s));
            for (int n = 0; n < SURFACES; n++) {
                make_brownian(&s, exponents[e], (uint64_t)n);
                mean += scene_value(&s, "hurst_exponent", NULL) / SURFACES;
                dimension += scene_value(&s, "fractal_dimension", NULL) / SURFACES;
            }
            if (!(fabs(mean - exponents[e]) < 0.05))
                fail_msg("exponent %g: found %g", exponents[e], mean);
            assert_true(fabs(dimension - ((three ? 4 : 3) - mean)) < 1e-9);
        }
}

static void distances_the_region_has_no_room_for_are_left_out(void **state)
{
    (void)state;
    static scene s;
    const setting_text three[] = {{"scales", "3"}, {NULL, NULL}},
                       ten[] = {{"scales", "10"}, {NULL, NULL}};
    fgf_stream stream = fgf_stream_open(2, FGF_PURPOSE_TEST, 1, 1);
    s = (scene){.shape = {1, 1, 12, 30}, .spacing = {1, 1, 1}};
    for (int i = 0; i < 12 * 30; i++) {
        s.mask[i] = i / 30 >= 3 && i / 30 < 8 && i % 30 >= 10 && i % 30 < 15; /* 5 x 5 */
        s.image[i] = fgf_stream_uniform(&stream);
    }
    assert_true(scene_value(&s, "hurst_exponent", three) == scene_value(&s, "hurst_exponent", ten));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(distances_are_exact),
        cmocka_unit_test(rim_and_core_by_hand),
        cmocka_unit_test(ramps_are_smooth_and_noise_is_rough),
        cmocka_unit_test(brownian_surfaces_have_their_exponent),
        cmocka_unit_test(distances_the_region_has_no_room_for_are_left_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
