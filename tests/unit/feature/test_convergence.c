/* Soft features against what they are the soft form of: hard definitions, as the width goes to 0,
 * and the geometry of discs, balls, ellipses and boxes. */
#include "unit/feature/feature_test.h"

static const fgf_units identity = {1, 0};
static const double pi = 3.14159265358979323846;

typedef struct setting {
    const char *key, *text;
} setting;

/* h of image [d][h][w] (all of it) with some settings changed. */
static double soft(const char *name, fgf_shape shape, const double spacing[3], const fgf_real *x,
                   const setting *settings, size_t count)
{
    test_item item;
    fgf_feature *feature = NULL;
    fgf_region_owner owner;
    const int channel = 0;
    set_defaults(&item, name, NULL);
    for (size_t i = 0; i < count; i++)
        set_key(item.item.kind, item.settings, settings[i].key, settings[i].text);
    assert_int_equal(fgf_feature_create(&item.item, shape, &identity, &feature), FGF_OK);
    assert_int_equal(fgf_region_create(shape, spacing, NULL, 0, true, &channel, 1, &owner), FGF_OK);
    const double h = value_of(feature, &owner.region, x);
    fgf_feature_destroy(&feature);
    fgf_region_clear(&owner);
    assert_true(isfinite(h));
    return h;
}

static const double unit_spacing[3] = {1, 1, 1};

/* ---- first order and histogram ---- */

enum { VALUES = 203, MORE = 204, BINS = 8 };

/* `count` values in (0, 80), none within 1 of the border of a bin of 10, no two within 0.01. */
static void draw(fgf_real *x, int count)
{
    fgf_stream stream = fgf_stream_open(3, FGF_PURPOSE_TEST, 1, (uint64_t)count);
    for (int i = 0; i < count; i++) {
        const double u = fgf_stream_uniform(&stream);
        const int bin = (int)(u * u * BINS);
        x[i] = (fgf_real)(10 * bin + 1 + 8 * (i + 0.5 * fgf_stream_uniform(&stream)) / count);
    }
}

static int ascending(const void *a, const void *b)
{
    const fgf_real left = *(const fgf_real *)a, right = *(const fgf_real *)b;
    return (left > right) - (left < right);
}

/* The soft value at each of four widths, narrower and narrower, gets nearer to the hard one, and
 * ends within `room` of it. */
static void converges(const char *name, const fgf_real *x, int count, const setting *fixed,
                      const char *const widths[4], double hard, double room)
{
    const fgf_shape shape = {1, 1, 1, count};
    double last = INFINITY;
    for (int w = 0; w < 4; w++) {
        const setting all[5] = {fixed[0], fixed[1], fixed[2], fixed[3], {"width", widths[w]}};
        size_t first = 0;
        while (first < 4 && !all[first].key)
            first++;
        const double error =
            fabs(soft(name, shape, unit_spacing, x, all + first, 5 - first) - hard);
        if (!(error <= last + room))
            fail_msg("%s: width %s is %g off, the one before %g", name, widths[w], error, last);
        last = error;
    }
    if (!(last <= room))
        fail_msg("%s: %g off at the end", name, last);
}

static void histograms_become_hard(void **state)
{
    (void)state;
    static const char *const widths[4] = {"8", "2", "1", "0.4"};
    static const setting bins[4] = {{NULL, NULL}, {"bins", "8"}, {"low", "0"}, {"high", "80"}};
    fgf_real x[VALUES];
    double p[BINS + 1] = {0}, mean = 0, m[5] = {0}, entropy = 0, uniformity = 0;
    draw(x, VALUES);
    for (int i = 0; i < VALUES; i++)
        p[1 + (int)floor((double)x[i] / 10)] += 1.0 / VALUES;
    for (int b = 1; b <= BINS; b++) {
        assert_true(p[b] > 0);
        mean += b * p[b];
        entropy -= p[b] * log(p[b]);
        uniformity += p[b] * p[b];
    }
    for (int b = 1; b <= BINS; b++)
        for (int k = 2; k <= 4; k++)
            m[k] += p[b] * pow(b - mean, k);
    converges("entropy", x, VALUES, bins, widths, entropy, 1e-12);
    converges("uniformity", x, VALUES, bins, widths, uniformity, 1e-12);
    converges("histogram_mean", x, VALUES, bins, widths, mean, 1e-12);
    converges("histogram_variance", x, VALUES, bins, widths, m[2], 1e-12);
    converges("histogram_skewness", x, VALUES, bins, widths, m[3] / pow(m[2], 1.5), 1e-12);
    converges("histogram_kurtosis", x, VALUES, bins, widths, m[4] / (m[2] * m[2]) - 3, 1e-11);
}

/* The p N-th in order, rounded up, or the middle between it and the next. */
static double quantile(const fgf_real *sorted, int count, double percent)
{
    const double rank = percent * count / 100;
    const int above = (int)ceil(rank);
    if (rank < above)
        return (double)sorted[above - 1];
    return ((double)sorted[above - 1] + (double)sorted[above]) / 2;
}

static void quantiles_become_hard(void **state)
{
    (void)state;
    static const char *const widths[4] = {"2", "0.1", "0.001", "0.00001"};
    static const char *const percents[] = {"10", "25", "50", "75", "90", "0.1", "99.9"};
    for (int count = VALUES; count <= MORE; count++) {
        fgf_real x[MORE], sorted[MORE];
        draw(x, count);
        memcpy(sorted, x, sizeof sorted);
        qsort(sorted, (size_t)count, sizeof *sorted, ascending);
        for (size_t k = 0; k < sizeof percents / sizeof percents[0]; k++) {
            const setting of[4] = {
                {NULL, NULL}, {NULL, NULL}, {NULL, NULL}, {"percent", percents[k]}};
            converges("percentile", x, count, of, widths,
                      quantile(sorted, count, strtod(percents[k], NULL)), 2e-4);
        }
        static const setting none[4];
        const double first = quantile(sorted, count, 25), third = quantile(sorted, count, 75);
        converges("interquartile_range", x, count, none, widths, third - first, 2e-4);
        converges("quartile_dispersion", x, count, none, widths, (third - first) / (third + first),
                  2e-5);
    }
}

static void a_quantile_between_distant_values(void **state)
{
    (void)state;
    /* 600 widths from each other: the sigmoids themselves are 0 and 1 in the middle. */
    const fgf_real x[4] = {0, 100, 700, 800};
    const setting narrow[2] = {{"width", "1"}, {"percent", "50"}};
    const fgf_shape shape = {1, 1, 1, 4};
    assert_true(fabs(soft("percentile", shape, unit_spacing, x, narrow, 2) - 400) < 1e-9);
    const setting narrower[2] = {{"width", "1e-9"}, {"percent", "50"}};
    assert_true(fabs(soft("percentile", shape, unit_spacing, x, narrower, 2) - 400) < 1e-9);
}

static void extremes_and_deviations_become_hard(void **state)
{
    (void)state;
    static const setting none[4];
    static const setting narrow[4] = {
        {NULL, NULL}, {NULL, NULL}, {NULL, NULL}, {"smoothing", "1e-7"}};
    static const char *const widths[4] = {"1", "0.1", "0.01", "0.0001"};
    fgf_real x[VALUES], sorted[VALUES];
    double mean = 0, from_mean = 0, from_median = 0;
    const fgf_shape shape = {1, 1, 1, VALUES};
    draw(x, VALUES);
    memcpy(sorted, x, sizeof sorted);
    qsort(sorted, VALUES, sizeof *sorted, ascending);
    const double least = (double)sorted[0], most = (double)sorted[VALUES - 1];
    for (int i = 0; i < VALUES; i++)
        mean += (double)x[i] / VALUES;
    for (int i = 0; i < VALUES; i++) {
        from_mean += fabs((double)x[i] - mean) / VALUES;
        from_median += fabs((double)x[i] - (double)sorted[VALUES / 2]) / VALUES;
    }
    converges("maximum", x, VALUES, none, widths, most, 1e-3);
    converges("minimum", x, VALUES, none, widths, least, 1e-3);
    converges("range", x, VALUES, none, widths, most - least, 1e-3);
    /* On the side that the file says, and no further. */
    const double above = soft("maximum", shape, unit_spacing, x, NULL, 0) - most;
    assert_true(above > 0 && above < log(VALUES));
    converges("median_absolute_deviation", x, VALUES, narrow, widths, from_median, 1e-5);
    const double deviation = soft("mean_absolute_deviation", shape, unit_spacing, x, &narrow[3], 1);
    assert_true(fabs(deviation - from_mean) < 1e-6);
    const double blunt = soft("mean_absolute_deviation", shape, unit_spacing, x, NULL, 0);
    assert_true(blunt < from_mean && blunt > from_mean - 1);
}

/* ---- shape ---- */

typedef bool (*solid)(const double place[3], const double extent[3]);

static bool in_ellipsoid(const double place[3], const double extent[3])
{
    double sum = 0;
    for (int axis = 0; axis < 3; axis++)
        sum += place[axis] * place[axis] / (extent[axis] * extent[axis]);
    return sum < 1;
}

static bool in_box(const double place[3], const double extent[3])
{
    for (int axis = 0; axis < 3; axis++)
        if (fabs(place[axis]) >= extent[axis])
            return false;
    return true;
}

/* A solid of these half extents (mm) near the middle, 100 inside, 40 less at the right of its
 * centre if `shaded`, -100 outside. */
static fgf_real *paint(solid inside, const double extent[3], fgf_shape shape,
                       const double spacing[3], const double offset[3], bool shaded)
{
    const size_t pixels = (size_t)fgf_shape_pixels(shape);
    const int size[3] = {shape.depth, shape.height, shape.width};
    fgf_real *x = calloc(pixels, sizeof *x);
    assert_non_null(x);
    for (size_t i = 0; i < pixels; i++) {
        const int at[3] = {(int)i / size[2] / size[1], (int)i / size[2] % size[1],
                           (int)i % size[2]};
        double place[3];
        for (int axis = 0; axis < 3; axis++)
            place[axis] = (at[axis] - 0.5 * (size[axis] - 1)) * spacing[axis] - offset[axis];
        x[i] = inside(place, extent) ? (shaded && place[2] > 0 ? 60 : 100) : -100;
    }
    return x;
}

static const setting sharp[1] = {{"width", "0.5"}};

static double of_solid(const char *name, solid inside, const double extent[3], fgf_shape shape,
                       const double spacing[3])
{
    const double offset[3] = {0, 0.13 * spacing[1], -0.21 * spacing[2]};
    fgf_real *x = paint(inside, extent, shape, spacing, offset, false);
    const double h = soft(name, shape, spacing, x, sharp, 1);
    free(x);
    return h;
}

#define NEAR(found, expected, share)                                                               \
    do {                                                                                           \
        const double is = (found), wanted = (expected);                                            \
        if (!(fabs(is - wanted) <= (share)*fabs(wanted)))                                          \
            fail_msg("%s: %.6g, expected %.6g within %g %%", #found, is, wanted, 100.0 * (share)); \
    } while (0)

static void discs(void **state)
{
    (void)state;
    const double spacings[2][3] = {{9, 1, 1}, {9, 0.8, 1.25}};
    const struct {
        double radius, perimeter, area;
    } at[] = {{3, 0.06, 0.1}, {6, 0.02, 0.05}, {12, 0.02, 0.02}, {30, 0.016, 0.005}};
    for (int s = 0; s < 2; s++)
        for (int k = 0; k < 4; k++) {
            const double r = at[k].radius, extent[3] = {r, r, r};
            const fgf_shape shape = {1, 1, (int)(2.6 * r) + 5, (int)(2.2 * r) + 5};
            NEAR(of_solid("perimeter", in_ellipsoid, extent, shape, spacings[s]), 2 * pi * r,
                 at[k].perimeter);
            NEAR(of_solid("size", in_ellipsoid, extent, shape, spacings[s]), pi * r * r,
                 at[k].area);
            NEAR(of_solid("surface_to_volume", in_ellipsoid, extent, shape, spacings[s]), 2 / r,
                 at[k].perimeter + at[k].area);
            NEAR(of_solid("sphericity", in_ellipsoid, extent, shape, spacings[s]), 1,
                 at[k].perimeter);
            NEAR(of_solid("compactness", in_ellipsoid, extent, shape, spacings[s]), 1,
                 2.1 * at[k].perimeter);
        }
}

static void balls(void **state)
{
    (void)state;
    const double spacings[2][3] = {{1, 1, 1}, {1.25, 0.8, 1}};
    const struct {
        double radius, surface, volume;
    } at[] = {{4, 0.06, 0.1}, {8, 0.02, 0.02}, {16, 0.012, 0.005}};
    for (int s = 0; s < 2; s++)
        for (int k = 0; k < 3; k++) {
            const double r = at[k].radius, extent[3] = {r, r, r};
            const int n = (int)(2.6 * r) + 5;
            const fgf_shape shape = {1, n, n, n};
            NEAR(of_solid("perimeter", in_ellipsoid, extent, shape, spacings[s]), 4 * pi * r * r,
                 at[k].surface);
            NEAR(of_solid("size", in_ellipsoid, extent, shape, spacings[s]), 4 * pi / 3 * r * r * r,
                 at[k].volume);
            NEAR(of_solid("surface_to_volume", in_ellipsoid, extent, shape, spacings[s]), 3 / r,
                 at[k].surface + at[k].volume);
            NEAR(of_solid("sphericity", in_ellipsoid, extent, shape, spacings[s]), 1,
                 at[k].surface);
            NEAR(of_solid("compactness", in_ellipsoid, extent, shape, spacings[s]), 1,
                 3.2 * at[k].surface);
        }
}

/* The blur takes 0.65 pixels of each corner, 0.65 pixels squared of each pixel of an edge. */
static void boxes(void **state)
{
    (void)state;
    for (int a = 8; a <= 32; a *= 2) {
        const double half[3] = {0.5 * a, 0.5 * a, 0.5 * a};
        const fgf_shape slice = {1, 1, a + 4, a + 4}, volume = {1, a + 4, a + 4, a + 4};
        NEAR(of_solid("size", in_box, half, slice, unit_spacing), a * a, 1e-9);
        NEAR(of_solid("size", in_box, half, volume, unit_spacing), a * a * a, 1e-9);
        const double perimeter = of_solid("perimeter", in_box, half, slice, unit_spacing);
        const double surface = of_solid("perimeter", in_box, half, volume, unit_spacing);
        NEAR(perimeter, 4 * a - 4 * 0.65, 0.01);
        NEAR(surface, 6 * a * a - 12 * 0.65 * a, 0.03);
    }
}

/* A region that is all inside ends where the region ends. */
static void the_region_has_a_border(void **state)
{
    (void)state;
    const fgf_shape shape = {1, 1, 20, 30};
    const double spacing[3] = {1, 2, 0.5};
    fgf_real x[600];
    for (int i = 0; i < 600; i++)
        x[i] = 100;
    NEAR(soft("perimeter", shape, spacing, x, sharp, 1), 2 * (20 * 2 + 30 * 0.5), 0.06);
}

static void axes(void **state)
{
    (void)state;
    const double spacing[3] = {1.25, 0.8, 1};
    const double extent[3] = {8, 14, 20};
    const fgf_shape slice = {1, 1, 41, 45}, volume = {1, 17, 41, 45};
    const double ellipse = 2, ellipsoid = 4 / sqrt(5); /* axis over half extent */
    NEAR(of_solid("major_axis", in_ellipsoid, extent, slice, spacing), ellipse * 20, 0.005);
    NEAR(of_solid("minor_axis", in_ellipsoid, extent, slice, spacing), ellipse * 14, 0.005);
    NEAR(of_solid("elongation", in_ellipsoid, extent, slice, spacing), 14.0 / 20, 0.005);
    NEAR(of_solid("major_axis", in_ellipsoid, extent, volume, spacing), ellipsoid * 20, 0.005);
    NEAR(of_solid("minor_axis", in_ellipsoid, extent, volume, spacing), ellipsoid * 14, 0.005);
    NEAR(of_solid("least_axis", in_ellipsoid, extent, volume, spacing), ellipsoid * 8, 0.01);
    NEAR(of_solid("elongation", in_ellipsoid, extent, volume, spacing), 14.0 / 20, 0.005);
    NEAR(of_solid("flatness", in_ellipsoid, extent, volume, spacing), 8.0 / 20, 0.01);
    /* n pixels in a row: variance (n^2 - 1) / 12, times N / (N - 1) for all N, exactly. */
    const double box[3] = {100, 100, 100};
    const fgf_shape row = {1, 1, 3, 7};
    const fgf_shape brick = {1, 2, 3, 7};
    NEAR(of_solid("major_axis", in_box, box, row, spacing), 4 * sqrt(48 / 12.0 * 21 / 20), 1e-12);
    NEAR(of_solid("minor_axis", in_box, box, row, spacing), 4 * sqrt(8 / 12.0 * 21 / 20) * 0.8,
         1e-12);
    NEAR(of_solid("least_axis", in_box, box, brick, spacing), 4 * sqrt(3 / 12.0 * 42 / 41) * 1.25,
         1e-12);
}

/* Half of a box at 100, half at 60: the centre of intensity moves by a quarter of the width times
 * the difference over the sum. */
static void mass_shifts(void **state)
{
    (void)state;
    const double spacing[3] = {2, 1, 0.5}, half[3] = {100, 100, 100}, offset[3] = {0, 0, 0};
    const fgf_shape shapes[2] = {{1, 1, 4, 20}, {1, 3, 4, 20}};
    const setting settings[2] = {{"width", "0.5"}, {"smoothing", "1e-6"}};
    for (int s = 0; s < 2; s++) {
        fgf_real *x = paint(in_box, half, shapes[s], spacing, offset, true);
        NEAR(soft("centre_of_mass_shift", shapes[s], spacing, x, settings, 2),
             2.5 * (100 - 60) / (100 + 60), 1e-9);
        const double content = spacing[1] * spacing[2] * (s ? spacing[0] : 1);
        const double total = 80 * (double)fgf_shape_pixels(shapes[s]) * content;
        NEAR(soft("integrated_intensity", shapes[s], spacing, x, settings, 1), total, 1e-12);
        free(x);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(histograms_become_hard),
        cmocka_unit_test(quantiles_become_hard),
        cmocka_unit_test(a_quantile_between_distant_values),
        cmocka_unit_test(extremes_and_deviations_become_hard),
        cmocka_unit_test(discs),
        cmocka_unit_test(balls),
        cmocka_unit_test(boxes),
        cmocka_unit_test(the_region_has_a_border),
        cmocka_unit_test(axes),
        cmocka_unit_test(mass_shifts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
