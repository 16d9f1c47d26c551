/* The parts that features are made of, held against slower ways to the same numbers. */
#include "unit/radiomics/small.h"

static void names(void **state)
{
    (void)state;
    char key[FGF_RADIOMICS_KEY_BYTES];
    for (size_t k = 0; k < FGF_RADIOMICS_COUNT; k++) {
        fgf_radiomics_feature f = fgf_radiomics_feature_at(k);
        fgf_radiomics_key(k, key);
        assert_int_equal(fgf_radiomics_find(key), k); /* no key twice */
        assert_int_equal(strlen(f.tag), 4);
        assert_true(f.unit[0] && f.name[0]);
    }
    assert_int_equal(fgf_radiomics_find("cm_contrast"), SIZE_MAX);
    assert_string_equal(fgf_radiomics_aggregation_text(FGF_AGGREGATION_25D_MERGED),
                        "2.5D, all merged");
}

static unsigned long draw(void)
{
    static unsigned long seed = 1;
    seed = seed * 6364136223846793005ul + 1442695040888963407ul;
    return seed >> 33;
}

static void autocorrelation_by_pairs(void **state)
{
    (void)state;
    enum { DEPTH = 3, HEIGHT = 4, WIDTH = 5, VOXELS = DEPTH * HEIGHT * WIDTH };
    double value[VOXELS], mean = 0, count = 0, squares = 0, weights = 0, products = 0, apart = 0;
    uint8_t mask[VOXELS];
    for (int k = 0; k < VOXELS; k++) {
        value[k] = (double)(draw() % 100);
        mask[k] = draw() % 4 > 0;
        mean += mask[k] ? value[k] : 0;
        count += mask[k];
    }
    mean /= count;
    const double spacing[3] = {2.5, 1, 0.75};
    for (int a = 0; a < VOXELS; a++) {
        squares += mask[a] ? (value[a] - mean) * (value[a] - mean) : 0;
        for (int b = 0; b < VOXELS; b++) {
            if (a == b || !mask[a] || !mask[b])
                continue;
            double z = (a / 20 - b / 20) * spacing[0], y = (a / 5 % 4 - b / 5 % 4) * spacing[1];
            double x = (a % 5 - b % 5) * spacing[2], w = 1 / sqrt(z * z + y * y + x * x);
            weights += w;
            products += w * (value[a] - mean) * (value[b] - mean);
            apart += w * (value[a] - value[b]) * (value[a] - value[b]);
        }
    }
    fgf_radiomics_volume v = volume_of(DEPTH, HEIGHT, WIDTH, value, mask);
    memcpy(v.spacing, spacing, sizeof spacing);
    fgf_radiomics_settings settings = fgf_radiomics_defaults();
    assert_int_equal(fgf_radiomics_compute(&v, &settings, values), FGF_OK);
    expect("morph_moran_i", count / weights * products / squares);
    expect("morph_geary_c", (count - 1) / (2 * weights) * apart / squares);
}

/* The corners of a cube among points inside it, on its faces and on its edges. */
static void hull_of_cube(void **state)
{
    (void)state;
    enum { INNER = 400 };
    int point[INNER + 8][3];
    for (int k = 0; k < INNER; k++)
        for (int a = 0; a < 3; a++)
            point[k][a] = (int)(draw() % 11); /* 0 .. 10: many in the faces */
    for (int k = 0; k < 8; k++)
        for (int a = 0; a < 3; a++)
            point[INNER + k][a] = k >> a & 1 ? 10 : 0;
    radiomics_hull hull;
    double volume, area, diameter, edge[3], axis[3];
    assert_int_equal(radiomics_hull_create(point, INNER + 8, (double[3]){1, 1, 1}, &hull), FGF_OK);
    radiomics_hull_measure(&hull, &volume, &area, &diameter);
    assert_true(fabs(volume - 1000) < 1e-9 && fabs(area - 600) < 1e-9);
    assert_true(fabs(diameter - sqrt(300)) < 1e-12);
    assert_int_equal(radiomics_minimum_box(&hull, edge), FGF_OK);
    assert_true(fabs(edge[0] * edge[1] * edge[2] - 1000) < 1e-6);
    assert_int_equal(radiomics_minimum_ellipsoid(&hull, axis), FGF_OK);
    assert_true(fabs(axis[0] * axis[1] * axis[2] / pow(75, 1.5) - 1) < 0.01);
    radiomics_hull_clear(&hull);
    for (int k = 0; k < INNER + 8; k++)
        point[k][1] = 3 * point[k][0];
    assert_int_equal(radiomics_hull_create(point, INNER + 8, (double[3]){1, 1, 1}, &hull),
                     FGF_DATA);
}

/* The same box turned by 45 degrees in whole steps. */
static void turned_box(void **state)
{
    (void)state;
    int point[8][3] = {{0, 0, 0}, {0, 3, 3}, {0, -2, 2}, {0, 1, 5},
                       {4, 0, 0}, {4, 3, 3}, {4, -2, 2}, {4, 1, 5}};
    radiomics_hull hull;
    double edge[3];
    assert_int_equal(radiomics_hull_create(point, 8, (double[3]){1, 1, 1}, &hull), FGF_OK);
    assert_int_equal(radiomics_minimum_box(&hull, edge), FGF_OK);
    assert_true(fabs(edge[0] * edge[1] * edge[2] - 4 * sqrt(18) * sqrt(8)) < 1e-9);
    radiomics_hull_clear(&hull);
}

static void ellipsoids(void **state)
{
    (void)state;
    assert_true(fabs(radiomics_ellipsoid_area((double[3]){2, 2, 2}) - 16 * PI) < 1e-9);
    /* For b = c the manual's series has a closed form; it is not the area of that ellipsoid. */
    double e = sqrt(1 - 1 / 2.25), sum = 0.5 + (1 - e * e) / (4 * e) * log((1 + e) / (1 - e));
    assert_true(fabs(radiomics_ellipsoid_area((double[3]){1.5, 1, 1}) - 4 * PI * 1.5 * sum) < 1e-6);
    double matrix[3][3] = {{2, 1, 0}, {1, 2, 0}, {0, 0, 5}}, value[3];
    radiomics_eigenvalues(matrix, value);
    assert_true(fabs(value[0] - 5) < 1e-14 && fabs(value[1] - 3) < 1e-14 &&
                fabs(value[2] - 1) < 1e-14);
}

/* A ramp stays a ramp; the grids' centres lie together. */
static void resampling(void **state)
{
    (void)state;
    double value[12], *out_value;
    uint8_t *out_mask;
    for (int k = 0; k < 12; k++)
        value[k] = 10 * (k % 6);
    fgf_radiomics_volume v = volume_of(1, 2, 6, value, inside), out;
    assert_int_equal(
        fgf_radiomics_resample(&v, (double[3]){1, 1, 0.8}, false, &out, &out_value, &out_mask),
        FGF_OK);
    assert_true(out.depth == 1 && out.height == 2 && out.width == 8);
    for (int x = 0; x < 8; x++) {
        double position = fmin(fmax(2.5 + (x - 3.5) * 0.8, 0), 5); /* held inside */
        assert_true(fabs(out_value[x] - 10 * position) < 1e-12);
        assert_int_equal(out_mask[x], 1);
    }
    fgf_free(out_value);
    fgf_free(out_mask);
    assert_int_equal(
        fgf_radiomics_resample(&v, (double[3]){1, 0, 1}, false, &out, &out_value, &out_mask),
        FGF_USAGE);
    uint8_t mask[12];
    fgf_radiomics_resegment(&v, 10, 30, mask);
    assert_true(!mask[0] && mask[1] && mask[3] && !mask[4]);
}

/* Every allocation fails once: an error and no leak. */
static void out_of_memory(void **state)
{
    (void)state;
    fgf_radiomics_volume v = volume_of(1, 3, 3, square, inside);
    fgf_radiomics_settings settings = levels_as_they_are();
    long n = 1;
    for (fgf_status status = FGF_MEMORY; status != FGF_OK; n++) {
        fgf_allocation_fail_at(n);
        status = fgf_radiomics_compute(&v, &settings, values);
        assert_true(status == FGF_OK || status == FGF_MEMORY);
    }
    fgf_allocation_fail_at(0);
    assert_true(n > 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names),        cmocka_unit_test(autocorrelation_by_pairs),
        cmocka_unit_test(hull_of_cube), cmocka_unit_test(turned_box),
        cmocka_unit_test(ellipsoids),   cmocka_unit_test(resampling),
        cmocka_unit_test(out_of_memory)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
