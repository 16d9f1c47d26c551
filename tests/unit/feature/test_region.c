/* Regions: masks, dilation in mm against a direct search, gather and scatter of channels. */
#include "unit/feature/feature_test.h"

#include "fgf/memory.h"

static const double spacing[3] = {3, 0.7, 1.1};

static void mask_becomes_increasing_pixels(void **state)
{
    (void)state;
    const fgf_shape shape = {2, 1, 3, 4};
    const uint8_t mask[12] = {0, 7, 0, 0, 0, 0, 1, 0, 255, 0, 0, 0};
    const int channels[2] = {0, 1};
    fgf_region_owner owner;
    assert_int_equal(fgf_region_create(shape, spacing, mask, 0, false, channels, 2, &owner),
                     FGF_OK);
    assert_int_equal(owner.region.pixel_count, 3);
    assert_int_equal(owner.region.pixel[0], 1);
    assert_int_equal(owner.region.pixel[1], 6);
    assert_int_equal(owner.region.pixel[2], 8);
    assert_int_equal(fgf_region_size(&owner.region), 6);
    fgf_region_clear(&owner);
    assert_int_equal(fgf_region_create(shape, spacing, NULL, 0, true, channels, 1, &owner), FGF_OK);
    assert_int_equal(owner.region.pixel_count, 12);
    fgf_region_clear(&owner);
}

static bool near_mask(fgf_shape s, const uint8_t *mask, int i, double radius)
{
    int plane = s.height * s.width;
    for (int j = 0; j < s.depth * plane; j++) {
        double z = (i / plane - j / plane) * spacing[0];
        double y = (i % plane / s.width - j % plane / s.width) * spacing[1];
        double x = (i % s.width - j % s.width) * spacing[2];
        if (mask[j] && z * z + y * y + x * x <= radius * radius * (1 + 1e-12))
            return true;
    }
    return false;
}

static void dilation_is_euclidean(void **state)
{
    (void)state;
    const fgf_shape shapes[] = {{1, 1, 17, 13}, {1, 5, 7, 11}, {1, 1, 1, 9}};
    const double radii[] = {0.5, 0.7, 1.1, 2.2, 3, 3.3, 4.7, 100};
    for (size_t s = 0; s < 3; s++)
        for (size_t r = 0; r < 8; r++) {
            int pixels = (int)fgf_shape_pixels(shapes[s]), channel = 0;
            uint8_t *mask = calloc((size_t)pixels, 1);
            fgf_region_owner owner;
            size_t at = 0;
            mask[pixels / 2] = mask[pixels / 5] = mask[pixels - 1] = 1;
            assert_int_equal(
                fgf_region_create(shapes[s], spacing, mask, radii[r], false, &channel, 1, &owner),
                FGF_OK);
            for (int i = 0; i < pixels; i++) {
                bool inside = at < owner.region.pixel_count && owner.region.pixel[at] == i;
                assert_int_equal(inside, near_mask(shapes[s], mask, i, radii[r]));
                at += inside;
            }
            assert_int_equal(at, owner.region.pixel_count);
            fgf_region_clear(&owner);
            free(mask);
        }
}

static void empty_mask_stays_empty_when_dilated(void **state)
{
    (void)state;
    const fgf_shape shape = {1, 1, 4, 4};
    const uint8_t mask[16] = {0};
    const int channel = 0;
    fgf_region_owner owner;
    assert_int_equal(fgf_region_create(shape, spacing, mask, 5, false, &channel, 1, &owner),
                     FGF_OK);
    assert_int_equal(owner.region.pixel_count, 0);
    fgf_region_clear(&owner);
}

static void gather_and_scatter_are_inverse(void **state)
{
    (void)state;
    const fgf_shape shape = {3, 1, 2, 3};
    const uint8_t mask[6] = {1, 0, 1, 0, 0, 1};
    const int channels[2] = {0, 2};
    const double expected[6] = {0, 6, 15, 2, 8, 17};
    fgf_real image[18], compact[6], other[18];
    fgf_region_owner owner;
    for (int i = 0; i < 18; i++) {
        image[i] = (fgf_real)i;
        other[i] = -1;
    }
    assert_int_equal(fgf_region_create(shape, spacing, mask, 0, false, channels, 2, &owner),
                     FGF_OK);
    fgf_region_gather(&owner.region, image, compact);
    for (int i = 0; i < 6; i++)
        assert_true((double)compact[i] == expected[i]);
    fgf_region_place(&owner.region, compact, other);
    for (int i = 0; i < 18; i++)
        assert_true(other[i] == (mask[i / 3] && i % 3 != 1 ? image[i] : -1));
    fgf_region_scatter(&owner.region, compact, other);
    for (int i = 0; i < 18; i++)
        assert_true(other[i] == (mask[i / 3] && i % 3 != 1 ? image[i] : 0));
    fgf_region_clear(&owner);
}

static void refuses_what_cannot_be(void **state)
{
    (void)state;
    const fgf_shape shape = {2, 1, 2, 2}, huge = {1, 4096, 4096, 4096};
    const uint8_t mask[4] = {1, 1, 1, 1};
    const int good[1] = {1}, beyond[1] = {2}, twice[2] = {1, 1};
    const double flat[3] = {1, 0, 1};
    fgf_region_owner owner;
    assert_int_equal(fgf_region_create(shape, spacing, mask, -1, false, good, 1, &owner),
                     FGF_USAGE);
    assert_int_equal(fgf_region_create(shape, spacing, mask, 0, false, beyond, 1, &owner),
                     FGF_USAGE);
    assert_int_equal(fgf_region_create(shape, spacing, mask, 0, false, twice, 2, &owner),
                     FGF_USAGE);
    assert_int_equal(fgf_region_create(shape, flat, mask, 0, false, good, 1, &owner), FGF_USAGE);
    assert_int_equal(fgf_region_create(huge, spacing, NULL, 0, true, good, 1, &owner), FGF_USAGE);
    for (long n = 1; n <= 5; n++) {
        fgf_allocation_fail_at(n);
        assert_int_equal(fgf_region_create(shape, spacing, mask, 1, false, good, 1, &owner),
                         FGF_MEMORY);
        assert_null(owner.pixel);
    }
    fgf_allocation_fail_at(0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mask_becomes_increasing_pixels),
        cmocka_unit_test(dilation_is_euclidean),
        cmocka_unit_test(empty_mask_stays_empty_when_dilated),
        cmocka_unit_test(gather_and_scatter_are_inverse),
        cmocka_unit_test(refuses_what_cannot_be),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
