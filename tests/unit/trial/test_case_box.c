/* The boxes beyond which a case is zero, and those of an image and its Omega together. */
#include "trial_internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { DEPTH = 3, HEIGHT = 5, WIDTH = 6, CHANNELS = 2, PIXELS = DEPTH * HEIGHT * WIDTH };

static const fgf_shape shape = {CHANNELS, DEPTH, HEIGHT, WIDTH};

static int pixel_at(int z, int y, int x)
{
    return (z * HEIGHT + y) * WIDTH + x;
}

static void expect_box(fgf_box found, fgf_box expected)
{
    assert_memory_equal(&found, &expected, sizeof found);
}

static void a_case_is_boxed_by_image_and_mask(void **state)
{
    fgf_real x[PIXELS * CHANNELS] = {0};
    uint8_t mask[PIXELS] = {0};
    fgf_box box;
    (void)state;
    box = box_of_case(shape, x, mask);
    assert_int_equal(fgf_box_pixels(&box), 0);
    box = box_of_mask(shape, mask);
    assert_int_equal(fgf_box_pixels(&box), 0);
    x[pixel_at(1, 2, 3) * CHANNELS + 1] = 4; /* the last channel alone */
    expect_box(box_of_case(shape, x, mask), (fgf_box){{1, 2, 3}, {2, 3, 4}});
    mask[pixel_at(2, 0, 5)] = 1;
    expect_box(box_of_case(shape, x, mask), (fgf_box){{1, 0, 3}, {3, 3, 6}});
    expect_box(box_of_mask(shape, mask), (fgf_box){{2, 0, 5}, {3, 1, 6}});
    x[0] = (fgf_real)-0.0; /* zero, but not to the bit */
    expect_box(box_of_case(shape, x, mask), (fgf_box){{0, 0, 0}, {3, 3, 6}});
}

static void a_support_holds_the_box_and_omega(void **state)
{
    const fgf_box none = {{0, 0, 0}, {0, 0, 0}}, some = {{1, 1, 1}, {2, 3, 4}};
    const int32_t pixel[] = {pixel_at(0, 4, 2), pixel_at(1, 2, 2), pixel_at(1, 3, 5)};
    fgf_region region = {.shape = shape, .pixel = pixel, .pixel_count = 3};
    (void)state;
    expect_box(support_of(&none, &region), (fgf_box){{0, 2, 2}, {2, 5, 6}});
    expect_box(support_of(&some, &region), (fgf_box){{0, 1, 1}, {2, 5, 6}});
    region.pixel_count = 0;
    expect_box(support_of(&some, &region), some);
    expect_box(support_of(&none, &region), none);
    region.pixel_count = PIXELS; /* the whole crop is not looked through */
    expect_box(support_of(&none, &region), fgf_box_whole(shape));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_case_is_boxed_by_image_and_mask),
        cmocka_unit_test(a_support_holds_the_box_and_omega),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
