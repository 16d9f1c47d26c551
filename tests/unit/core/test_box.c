/* Boxes: what is copied, filled and added, pixel by pixel, against the definition; what lies
 * outside stays as it was. */
#include "fgf/box.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

enum { CHANNELS = 3, ROOM = 7 * 8 * 9 * CHANNELS };

static const fgf_box boxes[] = {
    {{0, 0, 0}, {5, 6, 7}}, {{1, 2, 3}, {4, 5, 6}}, {{0, 4, 0}, {2, 6, 7}}, {{3, 0, 5}, {5, 3, 7}},
    {{2, 3, 4}, {3, 4, 5}}, {{1, 0, 0}, {2, 6, 7}}, {{4, 4, 4}, {4, 4, 4}}, {{3, 3, 3}, {2, 5, 5}}};
enum { BOXES = sizeof boxes / sizeof *boxes };

static bool within(const fgf_box *box, int z, int y, int x)
{
    return z >= box->from[0] && z < box->to[0] && y >= box->from[1] && y < box->to[1] &&
           x >= box->from[2] && x < box->to[2];
}

/* The pixel that a value of the box belongs to. */
static void pixel_of(const fgf_box *box, long number, int at[3])
{
    const int width = fgf_box_extent(box, 2), height = fgf_box_extent(box, 1);
    at[2] = box->from[2] + (int)(number % width);
    at[1] = box->from[1] + (int)(number / width % height);
    at[0] = box->from[0] + (int)(number / width / height);
}

/* A number of its own for each value of the image. */
static fgf_real value_of(const int at[3], int channel)
{
    return (fgf_real)(((at[0] * 10 + at[1]) * 10 + at[2]) * 10 + channel + 1);
}

static void fill_own(const fgf_box *box, fgf_real *values)
{
    int at[3];
    for (long p = 0; p < fgf_box_pixels(box); p++)
        for (int c = 0; c < CHANNELS; c++) {
            pixel_of(box, p, at);
            values[p * CHANNELS + c] = value_of(at, c);
        }
}

static void set_all(fgf_real *values, fgf_real to)
{
    for (int i = 0; i < ROOM; i++)
        values[i] = to;
}

/* out [to] holds `before` + scale * (its own number) in `of` but not in `except`, else `before`. */
static void expect(const fgf_box *of, const fgf_box *except, const fgf_box *to, fgf_real before,
                   fgf_real scale, const fgf_real *out)
{
    const long pixels = fgf_box_pixels(to);
    int at[3];
    for (long p = 0; p < pixels; p++)
        for (int c = 0; c < CHANNELS; c++) {
            pixel_of(to, p, at);
            const bool taken =
                within(of, at[0], at[1], at[2]) && !(except && within(except, at[0], at[1], at[2]));
            assert_true(out[p * CHANNELS + c] ==
                        (taken ? before + scale * value_of(at, c) : before));
        }
    for (long i = pixels * CHANNELS; i < ROOM; i++)
        assert_true(out[i] == before);
}

static void copies_what_both_hold(void **state)
{
    fgf_real values[ROOM], out[ROOM];
    (void)state;
    for (int a = 0; a < BOXES; a++)
        for (int b = 0; b < BOXES; b++) {
            set_all(values, -1);
            fill_own(&boxes[a], values);
            set_all(out, 0);
            fgf_box_copy(CHANNELS, &boxes[a], values, &boxes[b], out);
            expect(&boxes[a], NULL, &boxes[b], 0, 1, out);
        }
}

static void adds_what_both_hold_but_for_the_gap(void **state)
{
    fgf_real values[ROOM], out[ROOM];
    (void)state;
    for (int a = 0; a < BOXES; a++)
        for (int b = 0; b < BOXES; b++)
            for (int e = 0; e < BOXES; e++) {
                set_all(values, -1);
                fill_own(&boxes[a], values);
                set_all(out, 7);
                fgf_box_add(CHANNELS, 2, &boxes[a], values, &boxes[e], &boxes[b], out);
                expect(&boxes[a], &boxes[e], &boxes[b], 7, 2, out);
            }
}

static void fills_the_part_alone(void **state)
{
    const unsigned char pixel[5] = {1, 2, 3, 4, 5};
    unsigned char out[ROOM * sizeof pixel];
    int at[3];
    (void)state;
    for (int a = 0; a < BOXES; a++)
        for (int b = 0; b < BOXES; b++) {
            if (!fgf_box_holds(&boxes[b], &boxes[a]))
                continue;
            for (size_t i = 0; i < sizeof out; i++)
                out[i] = 9;
            fgf_box_fill_bytes(sizeof pixel, pixel, &boxes[a], &boxes[b], out);
            for (long p = 0; p < fgf_box_pixels(&boxes[b]); p++)
                for (size_t k = 0; k < sizeof pixel; k++) {
                    pixel_of(&boxes[b], p, at);
                    const bool inside = within(&boxes[a], at[0], at[1], at[2]);
                    assert_int_equal(out[(size_t)p * sizeof pixel + k], inside ? pixel[k] : 9);
                }
            for (size_t i = (size_t)fgf_box_pixels(&boxes[b]) * sizeof pixel; i < sizeof out; i++)
                assert_int_equal(out[i], 9);
        }
}

static void knows_what_it_holds(void **state)
{
    (void)state;
    for (int a = 0; a < BOXES; a++)
        for (int b = 0; b < BOXES; b++) {
            bool all = true;
            for (int z = 0; z < 5; z++)
                for (int y = 0; y < 6; y++)
                    for (int x = 0; x < 7; x++)
                        all = all && (!within(&boxes[b], z, y, x) || within(&boxes[a], z, y, x));
            assert_int_equal(fgf_box_holds(&boxes[a], &boxes[b]), all);
        }
    assert_int_equal(fgf_box_pixels(&boxes[1]), 27);
    assert_int_equal(fgf_box_pixels(&boxes[6]), 0);
    assert_int_equal(fgf_box_pixels(&boxes[7]), 0);
    assert_int_equal(fgf_box_extent(&boxes[7], 0), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(copies_what_both_hold),
        cmocka_unit_test(adds_what_both_hold_but_for_the_gap),
        cmocka_unit_test(fills_the_part_alone),
        cmocka_unit_test(knows_what_it_holds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
