#include "fgf/augment.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>
#include <math.h>
#include <string.h>

enum { MOST = 4096 };

typedef struct picture {
    fgf_shape shape;
    fgf_real x[MOST];
    uint8_t mask[MOST];
} picture;

static picture before, after;

static fgf_stream stream_of(uint64_t epoch, uint64_t key)
{
    return fgf_stream_open(3, FGF_PURPOSE_AUGMENTATION, epoch, key);
}

/* Every element another number; the mask leaves out every fifth pixel. */
static void fill(int channels, int depth, int height, int width)
{
    before.shape = after.shape = (fgf_shape){channels, depth, height, width};
    for (long i = 0; i < fgf_shape_size(before.shape); i++)
        before.x[i] = (fgf_real)(i + 1);
    for (long p = 0; p < fgf_shape_pixels(before.shape); p++)
        before.mask[p] = p % 5 != 0;
}

static void augment(fgf_augment_settings settings, fgf_stream stream, bool masked)
{
    memset(after.x, 0x7f, sizeof after.x);
    memset(after.mask, 0x7f, sizeof after.mask);
    fgf_augment(&settings, stream, before.shape, before.x, before.mask, masked, after.x,
                after.mask);
}

static long at(int z, int row, int column)
{
    return ((long)z * before.shape.height + row) * before.shape.width + column;
}

/* True if every output pixel is the source pixel that (row, column) is mapped to. */
static bool is_moved(const int m[6])
{
    for (int z = 0; z < before.shape.depth; z++)
        for (int r = 0; r < before.shape.height; r++)
            for (int k = 0; k < before.shape.width; k++) {
                int row = m[0] * r + m[1] * k + m[2], column = m[3] * r + m[4] * k + m[5];
                bool inside = row >= 0 && row < before.shape.height && column >= 0 &&
                              column < before.shape.width;
                long to = at(z, r, k), from = inside ? at(z, row, column) : 0;
                if (after.mask[to] != (inside ? before.mask[from] : 0))
                    return false;
                for (int c = 0; c < before.shape.channels; c++) {
                    int n = before.shape.channels;
                    if (after.x[to * n + c] != (inside ? before.x[from * n + c] : 0))
                        return false;
                }
            }
    return true;
}

static void test_off_is_identity(void **state)
{
    (void)state;
    const fgf_augment_settings off = {.noise = 0};
    assert_false(fgf_augment_any(&off));
    fill(2, 3, 5, 7);
    augment(off, stream_of(0, 1), false);
    assert_true(is_moved((int[]){1, 0, 0, 0, 1, 0}));
}

static void test_flips(void **state)
{
    (void)state;
    fill(2, 2, 5, 8);
    const int flipped_row[] = {-1, 0, 4, 0, 1, 0}, flipped_column[] = {1, 0, 0, 0, -1, 7};
    const int same[] = {1, 0, 0, 0, 1, 0};
    int flips = 0;
    for (uint64_t key = 0; key < 64; key++) {
        augment((fgf_augment_settings){.flip_row = true}, stream_of(0, key), false);
        bool flipped = is_moved(flipped_row);
        assert_true(flipped || is_moved(same));
        flips += flipped;
        augment((fgf_augment_settings){.flip_column = true}, stream_of(0, key), false);
        assert_true(is_moved(flipped_column) || is_moved(same));
    }
    assert_in_range(flips, 16, 48);
}

/* True if output slice z is the source's slice sign z + first, 0 where there is none. */
static bool slices_are(int sign, int first)
{
    const long plane = (long)before.shape.height * before.shape.width, n = before.shape.channels;
    for (int z = 0; z < before.shape.depth; z++) {
        const int from = sign * z + first;
        const bool inside = from >= 0 && from < before.shape.depth;
        for (long p = 0; p < plane; p++) {
            const long to = z * plane + p, source = inside ? from * plane + p : 0;
            if (after.mask[to] != (inside ? before.mask[source] : 0))
                return false;
            for (long c = 0; c < n; c++)
                if (after.x[to * n + c] != (inside ? before.x[source * n + c] : 0))
                    return false;
        }
    }
    return true;
}

static void test_slices(void **state)
{
    (void)state;
    enum { DEPTH = 4, MOST_SHIFT = 2 };
    int seen[2][2 * MOST_SHIFT + 1] = {{0}};
    fill(2, DEPTH, 3, 5);
    for (uint64_t key = 0; key < 200; key++) {
        augment((fgf_augment_settings){.flip_slice = true, .shift_slices = MOST_SHIFT},
                stream_of(4, key), false);
        int found = 0;
        for (int flip = 0; flip < 2; flip++)
            for (int shift = -MOST_SHIFT; shift <= MOST_SHIFT; shift++)
                if (slices_are(flip ? -1 : 1, flip ? DEPTH - 1 + shift : -shift)) {
                    seen[flip][shift + MOST_SHIFT]++;
                    found++;
                }
        assert_int_equal(found, 1);
    }
    for (int k = 0; k < 2 * (2 * MOST_SHIFT + 1); k++)
        assert_in_range((&seen[0][0])[k], 6, 40);
    assert_true(fgf_augment_any(&(fgf_augment_settings){.flip_slice = true}));
    assert_true(fgf_augment_any(&(fgf_augment_settings){.shift_slices = 1}));
    /* A slice has nothing to turn. */
    fill(1, 1, 4, 4);
    augment((fgf_augment_settings){.flip_slice = true}, stream_of(4, 1), false);
    assert_true(slices_are(1, 0));
}

static void test_right_angles(void **state)
{
    (void)state;
    const fgf_augment_settings settings = {.rotate90 = true};
    for (int side = 6; side <= 7; side++) {
        const int last = side - 1;
        const int turned[4][6] = {{1, 0, 0, 0, 1, 0},
                                  {0, 1, 0, -1, 0, last},
                                  {-1, 0, last, 0, -1, last},
                                  {0, -1, last, 1, 0, 0}};
        int seen[4] = {0};
        fill(2, 1, side, side);
        for (uint64_t key = 0; key < 64; key++) {
            augment(settings, stream_of(1, key), false);
            int found = 0;
            while (found < 4 && !is_moved(turned[found]))
                found++;
            assert_in_range(found, 0, 3);
            seen[found]++;
        }
        for (int turn = 0; turn < 4; turn++)
            assert_true(seen[turn] > 4);
    }
    fill(1, 2, 4, 6);
    bool half = false;
    for (uint64_t key = 0; key < 32; key++) {
        augment(settings, stream_of(1, key), false);
        bool turned = is_moved((int[]){-1, 0, 3, 0, -1, 5});
        assert_true(turned || is_moved((int[]){1, 0, 0, 0, 1, 0}));
        half = half || turned;
    }
    assert_true(half);
}

static void test_shifts(void **state)
{
    (void)state;
    const fgf_augment_settings settings = {.shift_pixels = 2};
    bool seen[5][5] = {{false}};
    fill(1, 1, 6, 9);
    for (uint64_t key = 0; key < 400; key++) {
        augment(settings, stream_of(2, key), false);
        bool found = false;
        for (int down = -2; down <= 2; down++)
            for (int right = -2; right <= 2; right++)
                if (is_moved((int[]){1, 0, -down, 0, 1, -right}))
                    found = seen[down + 2][right + 2] = true;
        assert_true(found);
    }
    for (int i = 0; i < 25; i++)
        assert_true(seen[i / 5][i % 5]);
}

/* A bilinear reading of a plane that is linear in row and column is exact, whatever the angle. */
static void test_rotation(void **state)
{
    (void)state;
    const int side = 33, middle = 16;
    fill(1, 1, side, side);
    for (int r = 0; r < side; r++)
        for (int k = 0; k < side; k++)
            before.x[at(0, r, k)] = (fgf_real)(100 + 2 * (r - middle) + 3 * (k - middle));
    memset(before.mask, 1, sizeof before.mask);
    double widest = 0;
    for (uint64_t key = 0; key < 50; key++) {
        augment((fgf_augment_settings){.rotation_degrees = 30}, stream_of(3, key), true);
        /* The slopes of the turned plane are the turned slopes. */
        double down = ((double)after.x[at(0, 21, 16)] - (double)after.x[at(0, 11, 16)]) / 10;
        double right = ((double)after.x[at(0, 16, 21)] - (double)after.x[at(0, 16, 11)]) / 10;
        double angle = atan2(down, right) - atan2(2, 3);
        assert_true(fabs(sqrt(down * down + right * right) - sqrt(13)) < 1e3 * FGF_REAL_EPSILON);
        assert_true(fabs((double)after.x[at(0, 16, 16)] - 100) < 1e3 * FGF_REAL_EPSILON);
        assert_true(fabs(angle) < 30.001 / 57.29577951);
        widest = fmax(widest, fabs(angle));
    }
    assert_true(widest > 20 / 57.29577951);
}

static void test_masked_stays_masked(void **state)
{
    (void)state;
    fill(3, 2, 11, 11);
    const fgf_augment_settings settings = {.flip_row = true,
                                           .flip_column = true,
                                           .rotate90 = true,
                                           .rotation_degrees = 20,
                                           .shift_pixels = 3,
                                           .noise = 0.5};
    for (uint64_t key = 0; key < 20; key++) {
        augment(settings, stream_of(4, key), true);
        for (long p = 0; p < fgf_shape_pixels(before.shape); p++)
            for (int c = 0; c < 3; c++)
                assert_true(after.mask[p] || after.x[3 * p + c] == 0);
    }
}

/* Where the image is masked, only what the mask's window can reach is looked at. The rest of the
 * plane being zero, the bits are those of the whole plane, masked afterwards. */
static void test_masked_window(void **state)
{
    (void)state;
    static picture whole;
    const fgf_augment_settings settings[] = {
        {.flip_row = true, .flip_column = true, .rotate90 = true},
        {.rotation_degrees = 180},
        {.rotation_degrees = 1e-6, .shift_pixels = 3},
        {.rotate90 = true, .rotation_degrees = 15, .shift_pixels = 9, .noise = 0.1}};
    int moved = 0;
    for (uint64_t key = 0; key < 400; key++) {
        const int height = 17 + (int)(key % 5), width = key % 3 ? height : 29;
        const int top = (int)(key % 13), left = (int)(key * 7 % 15), tall = 1 + (int)(key % 4);
        fill(1 + (int)(key % 2), 2, height, width);
        for (long p = 0; p < fgf_shape_pixels(before.shape); p++) {
            const int r = (int)(p / width % height), k = (int)(p % width);
            bool in = r >= top && r < top + tall && k >= left && k < left + 3;
            before.mask[p] = in && p != (p / 5) * 5;
            for (int c = 0; c < before.shape.channels && !before.mask[p]; c++)
                before.x[p * before.shape.channels + c] = 0;
        }
        augment(settings[key % 4], stream_of(8, key), false);
        whole = after;
        for (long p = 0; p < fgf_shape_pixels(before.shape); p++)
            for (int c = 0; c < before.shape.channels && !whole.mask[p]; c++)
                whole.x[p * before.shape.channels + c] = 0;
        augment(settings[key % 4], stream_of(8, key), true);
        assert_memory_equal(whole.mask, after.mask, (size_t)fgf_shape_pixels(before.shape));
        assert_memory_equal(whole.x, after.x,
                            (size_t)fgf_shape_size(before.shape) * sizeof *after.x);
        for (long p = 0; p < fgf_shape_pixels(before.shape); p++)
            moved += after.mask[p] != 0;
    }
    assert_true(moved > 400);
}

static void test_noise(void **state)
{
    (void)state;
    fill(1, 1, 60, 60);
    for (int i = 0; i < 3600; i++)
        before.x[i] = 2;
    augment((fgf_augment_settings){.noise = 0.1}, stream_of(5, 1), false);
    double sum = 0, squares = 0, count = 0;
    for (int p = 0; p < 3600; p++) {
        double added = (double)after.x[p] - 2;
        if (!before.mask[p])
            assert_true(added == 0);
        if (!before.mask[p])
            continue;
        sum += added;
        squares += added * added;
        count++;
    }
    assert_true(fabs(sum / count) < 0.01);
    assert_true(fabs(sqrt(squares / count) - 0.1) < 0.005);
}

/* Each operation has draws of its own, the epoch and the case decide them, and nothing else. */
static void test_keyed(void **state)
{
    (void)state;
    static picture first;
    const fgf_augment_settings shift = {.shift_pixels = 3};
    const fgf_augment_settings both = {.shift_pixels = 3, .noise = 1e-3};
    fill(1, 1, 12, 12);
    int changed = 0;
    for (uint64_t key = 0; key < 20; key++) {
        augment(shift, stream_of(6, key), false);
        first = after;
        augment(shift, stream_of(6, key), false);
        assert_memory_equal(first.x, after.x, sizeof first.x);
        augment(both, stream_of(6, key), false);
        assert_memory_equal(first.mask, after.mask, sizeof first.mask);
        augment(shift, stream_of(7, key), false);
        changed += memcmp(first.x, after.x, sizeof first.x) != 0;
    }
    assert_true(changed > 15);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_off_is_identity),
        cmocka_unit_test(test_flips),
        cmocka_unit_test(test_slices),
        cmocka_unit_test(test_right_angles),
        cmocka_unit_test(test_shifts),
        cmocka_unit_test(test_rotation),
        cmocka_unit_test(test_masked_stays_masked),
        cmocka_unit_test(test_masked_window),
        cmocka_unit_test(test_noise),
        cmocka_unit_test(test_keyed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
