/* Small regions and their features. */
#ifndef FGF_TEST_SMALL_H
#define FGF_TEST_SMALL_H

#include "radiomics_private.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PI 3.14159265358979323846

/* Of the region computed last. */
static fgf_radiomics_value values[FGF_RADIOMICS_COUNT];

static inline double value_of(const char *key)
{
    size_t index = fgf_radiomics_find(key);
    if (index == SIZE_MAX)
        fail_msg("there is no feature %s", key);
    return values[index].value;
}

static inline void expect(const char *key, double expected)
{
    double value = value_of(key);
    if (!(fabs(value - expected) <= 1e-12 * fmax(1, fabs(expected))))
        fail_msg("%s is %.17g where %.17g was expected", key, value, expected);
}

static inline void expect_missing(const char *key, fgf_radiomics_missing reason)
{
    size_t index = fgf_radiomics_find(key);
    assert_int_not_equal(index, SIZE_MAX);
    assert_true(isnan(values[index].value));
    assert_int_equal(values[index].missing, reason);
}

static inline fgf_radiomics_volume volume_of(int depth, int height, int width, const double *value,
                                             const uint8_t *mask)
{
    return (fgf_radiomics_volume){.depth = depth,
                                  .height = height,
                                  .width = width,
                                  .spacing = {1, 1, 1},
                                  .value = value,
                                  .shape_mask = mask};
}

static const uint8_t inside[64] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
                                   1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
                                   1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};

static inline fgf_radiomics_settings levels_as_they_are(void)
{
    fgf_radiomics_settings settings = fgf_radiomics_defaults();
    settings.discretisation = FGF_DISCRETISATION_NONE;
    return settings;
}

/* 1 1 2
 * 1 3 2
 * 3 3 3 */
static const double square[9] = {1, 1, 2, 1, 3, 2, 3, 3, 3};

#endif
