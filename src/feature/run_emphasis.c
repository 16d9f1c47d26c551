/* Run-length features that weigh runs by level b and length l: h = sum_bl weight R_bl / sum R.
 *
 *     short run emphasis              (22OV)  1 / l^2
 *     long run emphasis               (W4KF)  l^2
 *     low grey emphasis               (V3SW)  1 / b^2
 *     high grey emphasis              (G3QZ)  b^2
 *     short run low grey emphasis     (HTZT)  1 / (b l)^2
 *     short run high grey emphasis    (GD3A)  b^2 / l^2
 *     long run low grey emphasis      (IVPO)  l^2 / b^2
 *     long run high grey emphasis     (3KUM)  (b l)^2
 *
 *     dh/dR_bl = (weight - h) / sum R */
#include "run_length.h"

static double power(size_t base, int exponent)
{
    const double square = (double)(base * base);
    return exponent == 0 ? 1 : exponent > 0 ? square : 1 / square;
}

/* weight = b^level_power l^length_power, the powers -2, 0 or 2. */
static fgf_undefined emphasis(const run_matrix *matrix, int level_power, int length_power,
                              double *h, double *by_count)
{
    const size_t stride = (size_t)matrix->stride, bins = (size_t)matrix->bins;
    *h = 0;
    for (size_t l = 0; l < matrix->lengths; l++)
        for (size_t b = 0; b < bins; b++)
            *h += power(b + 1, level_power) * power(l + 1, length_power) *
                  matrix->count[l * stride + b];
    *h /= matrix->runs;
    for (size_t l = 0; by_count && l < matrix->lengths; l++)
        for (size_t b = 0; b < bins; b++)
            by_count[l * stride + b] =
                (power(b + 1, level_power) * power(l + 1, length_power) - *h) / matrix->runs;
    return FGF_UNDEFINED_DEFINED;
}

#define EMPHASIS(name, level_power, length_power, help)                                            \
    static fgf_undefined name(const run_matrix *matrix, double *h, double *by_count)               \
    {                                                                                              \
        return emphasis(matrix, level_power, length_power, h, by_count);                           \
    }                                                                                              \
    RUN_LENGTH_FEATURE(name, help, "1")

EMPHASIS(short_emphasis, 0, -2, "mean of 1 / length^2 over runs");
EMPHASIS(long_emphasis, 0, 2, "mean of length^2 over runs");
EMPHASIS(low_grey_emphasis, -2, 0, "mean of 1 / level^2 over runs");
EMPHASIS(high_grey_emphasis, 2, 0, "mean of level^2 over runs");
EMPHASIS(short_low_grey_emphasis, -2, -2, "mean of 1 / (level length)^2 over runs");
EMPHASIS(short_high_grey_emphasis, 2, -2, "mean of (level / length)^2 over runs");
EMPHASIS(long_low_grey_emphasis, -2, 2, "mean of (length / level)^2 over runs");
EMPHASIS(long_high_grey_emphasis, 2, 2, "mean of (level length)^2 over runs");
