#include "fgf/hash.h"
#include "fgf/random.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { DRAWS = 200000 };

/* Counter and key zero, from the test vectors of the generator's authors. */
static void philox_known_answer(void **state)
{
    static const uint32_t expected[] = {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8};
    fgf_stream zeros = {0};
    (void)state;
    for (int k = 0; k < 4; k++)
        assert_int_equal(fgf_stream_bits(&zeros), expected[k]);
}

/* Results are kept for years: these numbers may never change. */
static void draws_are_frozen(void **state)
{
    static const uint32_t expected[] = {0x4eed65e6, 0x1c02a7fe, 0xe9583687,
                                        0xe4876a89, 0xd5d31605, 0xd9a35ee1};
    fgf_stream stream = fgf_stream_open(1, FGF_PURPOSE_TEST, 2, 3);
    (void)state;
    for (size_t k = 0; k < sizeof expected / sizeof expected[0]; k++)
        assert_int_equal(fgf_stream_bits(&stream), expected[k]);
    assert_true(fgf_text_key("") == UINT64_C(0x2d06800538d394c2));
    assert_string_equal(fgf_hash_bytes("", 0).text, "99aa06d3014798d86001c324468d497f");
    assert_true(fgf_checksum("abc", 3, 0) != fgf_checksum("abc", 3, 1));
    assert_true(fgf_checksum("abc", 3, 0) != fgf_checksum("abd", 3, 0));
}

static void a_stream_is_its_key(void **state)
{
    fgf_stream first = fgf_stream_open(5, FGF_PURPOSE_TEST, 6, 7);
    fgf_stream again = fgf_stream_open(5, FGF_PURPOSE_TEST, 6, 7);
    fgf_stream others[] = {
        fgf_stream_open(4, FGF_PURPOSE_TEST, 6, 7), fgf_stream_open(5, FGF_PURPOSE_SPLIT, 6, 7),
        fgf_stream_open(5, FGF_PURPOSE_TEST, 7, 7), fgf_stream_open(5, FGF_PURPOSE_TEST, 6, 6),
        fgf_stream_open(5, FGF_PURPOSE_TEST, 7, 6), fgf_stream_open(6, FGF_PURPOSE_TEST, 5, 7),
    };
    (void)state;
    for (int k = 0; k < 1000; k++) {
        uint32_t bits = fgf_stream_bits(&first);
        assert_int_equal(bits, fgf_stream_bits(&again));
    }
    fgf_stream copy = first;
    assert_int_equal(fgf_stream_bits(&first), fgf_stream_bits(&copy));
    for (size_t other = 0; other < sizeof others / sizeof others[0]; other++) {
        fgf_stream reference = fgf_stream_open(5, FGF_PURPOSE_TEST, 6, 7);
        int equal = 0;
        for (int k = 0; k < 1000; k++)
            equal += fgf_stream_bits(&reference) == fgf_stream_bits(&others[other]);
        assert_true(equal <= 1);
    }
}

static void uniform_moments(void **state)
{
    fgf_stream stream = fgf_stream_open(1, FGF_PURPOSE_TEST, 0, 0);
    double sum = 0, squares = 0, product = 0, last = 0.5;
    (void)state;
    for (int k = 0; k < DRAWS; k++) {
        double u = fgf_stream_uniform(&stream);
        assert_true(u > 0 && u < 1);
        sum += u;
        squares += u * u;
        product += (u - 0.5) * (last - 0.5);
        last = u;
    }
    assert_true(fabs(sum / DRAWS - 0.5) < 4 * sqrt(1.0 / 12 / DRAWS));
    assert_true(fabs(squares / DRAWS - 1.0 / 3) < 4 * sqrt(4.0 / 45 / DRAWS));
    assert_true(fabs(product / DRAWS) < 4 * (1.0 / 12) / sqrt(DRAWS));
}

static void check_normal(double (*draw)(fgf_stream *, int), fgf_stream *stream)
{
    double sum = 0, squares = 0, fourth = 0, product = 0, last = 0;
    for (int k = 0; k < DRAWS; k++) {
        double z = draw(stream, k);
        assert_true(isfinite(z));
        sum += z;
        squares += z * z;
        fourth += z * z * z * z;
        product += z * last;
        last = z;
    }
    assert_true(fabs(sum / DRAWS) < 4 / sqrt(DRAWS));
    assert_true(fabs(squares / DRAWS - 1) < 4 * sqrt(2.0 / DRAWS));
    assert_true(fabs(fourth / DRAWS - 3) < 4 * sqrt(96.0 / DRAWS));
    assert_true(fabs(product / DRAWS) < 4 / sqrt(DRAWS));
}

static double next_normal(fgf_stream *stream, int k)
{
    (void)k;
    return fgf_stream_normal(stream);
}

static double indexed_normal(fgf_stream *stream, int k)
{
    return fgf_stream_normal_at(stream, (uint64_t)k);
}

static void normal_moments(void **state)
{
    fgf_stream stream = fgf_stream_open(2, FGF_PURPOSE_TEST, 0, 0);
    (void)state;
    check_normal(next_normal, &stream);
    check_normal(indexed_normal, &stream);
}

static void indexed_normals_do_not_depend_on_the_position(void **state)
{
    fgf_stream stream = fgf_stream_open(3, FGF_PURPOSE_TEST, 0, 0);
    fgf_stream moved = stream;
    (void)state;
    (void)fgf_stream_bits(&moved);
    for (uint64_t k = 0; k < 100; k++) {
        uint64_t index = k * k * k * UINT64_C(1000003);
        assert_true(fgf_stream_normal_at(&stream, index) == fgf_stream_normal_at(&moved, index));
        assert_true(fgf_stream_normal_at(&stream, index) !=
                    fgf_stream_normal_at(&stream, index + 1));
    }
}

static void below_is_unbiased(void **state)
{
    static const uint32_t bounds[] = {1, 2, 7, 10, 0x80000000u, 0xC0000000u, 0xFFFFFFFFu};
    (void)state;
    for (size_t b = 0; b < sizeof bounds / sizeof bounds[0]; b++) {
        fgf_stream stream = fgf_stream_open(4, FGF_PURPOSE_TEST, b, 0);
        int counts[7] = {0}, parts = bounds[b] < 7 ? (int)bounds[b] : 7;
        double chi_square = 0, expected_sum = 0;
        for (int k = 0; k < DRAWS; k++) {
            uint32_t draw = fgf_stream_below(&stream, bounds[b]);
            assert_true(draw < bounds[b]);
            counts[(uint64_t)draw * (uint64_t)parts / bounds[b]]++;
        }
        for (int part = 0; part < parts; part++) {
            /* part = the draws with draw * parts / bound == part */
            uint64_t first = ((uint64_t)part * bounds[b] + (uint64_t)parts - 1) / (uint64_t)parts;
            uint64_t end =
                ((uint64_t)(part + 1) * bounds[b] + (uint64_t)parts - 1) / (uint64_t)parts;
            double expected = DRAWS * (double)(end - first) / bounds[b];
            chi_square += (counts[part] - expected) * (counts[part] - expected) / expected;
            expected_sum += expected;
        }
        assert_true(fabs(expected_sum - DRAWS) < 1e-6);
        assert_true(chi_square < 30); /* 6 degrees of freedom: 1 in 25,000 */
    }
}

static void shuffles_are_uniform_permutations(void **state)
{
    fgf_stream stream = fgf_stream_open(5, FGF_PURPOSE_TEST, 0, 0);
    int counts[3][3] = {{0}};
    uint32_t items[100];
    (void)state;
    for (int k = 0; k < 30000; k++) {
        uint32_t three[3] = {0, 1, 2};
        fgf_stream_shuffle(&stream, three, 3);
        for (int place = 0; place < 3; place++)
            counts[place][three[place]]++;
    }
    for (int place = 0; place < 3; place++) {
        for (int item = 0; item < 3; item++)
            assert_true(abs(counts[place][item] - 10000) < 4 * 82);
    }
    for (uint32_t k = 0; k < 100; k++)
        items[k] = k;
    fgf_stream_shuffle(&stream, items, 100);
    bool seen[100] = {false};
    int moved = 0;
    for (uint32_t k = 0; k < 100; k++) {
        assert_true(items[k] < 100 && !seen[items[k]]);
        seen[items[k]] = true;
        moved += items[k] != k;
    }
    assert_true(moved > 80);
    fgf_stream_shuffle(&stream, items, 1);
    fgf_stream_shuffle(&stream, NULL, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(philox_known_answer),
        cmocka_unit_test(draws_are_frozen),
        cmocka_unit_test(a_stream_is_its_key),
        cmocka_unit_test(uniform_moments),
        cmocka_unit_test(normal_moments),
        cmocka_unit_test(indexed_normals_do_not_depend_on_the_position),
        cmocka_unit_test(below_is_unbiased),
        cmocka_unit_test(shuffles_are_uniform_permutations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
