/* Run-length features of how runs are spread over levels b and lengths l; S = sum_bl R_bl.
 *
 *     grey-level non-uniformity       (R5YN)  sum_b (sum_l R_bl)^2 / S, normalised (OVBL) / S^2
 *     run-length non-uniformity       (W92Y)  sum_l (sum_b R_bl)^2 / S, normalised (IC23) / S^2
 *     run percentage                  (9ZK5)  S / number of voxels, counted for each direction
 *     grey-level variance             (8CE5)  of b over runs
 *     run-length variance             (SXLW)  of l over runs
 *     run entropy                     (HJ9O)  -sum_bl r log r, r = R_bl / S, nats (IBSI: bits) */
#include "run_length.h"

/* The sum of R over the other of the two: of one level, or of one length. */
static double line_sum(const run_matrix *matrix, bool of_level, size_t at)
{
    const size_t stride = (size_t)matrix->stride;
    double sum = 0;
    if (of_level)
        for (size_t l = 0; l < matrix->lengths; l++)
            sum += matrix->count[l * stride + at];
    else
        for (size_t b = 0; b < stride; b++)
            sum += matrix->count[at * stride + b];
    return sum;
}

/* Writes to all lengths of a level, or to all levels of a length. */
static void line_set(const run_matrix *matrix, bool of_level, size_t at, double slope,
                     double *by_count)
{
    const size_t stride = (size_t)matrix->stride;
    if (of_level)
        for (size_t l = 0; l < matrix->lengths; l++)
            by_count[l * stride + at] = slope;
    else
        for (size_t b = 0; b < (size_t)matrix->bins; b++)
            by_count[at * stride + b] = slope;
}

static size_t line_count(const run_matrix *matrix, bool of_level)
{
    return of_level ? (size_t)matrix->bins : matrix->lengths;
}

static fgf_undefined nonuniformity(const run_matrix *matrix, bool of_level, bool normalised,
                                   double *h, double *by_count)
{
    const double scale = normalised ? 1 / (matrix->runs * matrix->runs) : 1 / matrix->runs;
    double squares = 0;
    for (size_t k = 0; k < line_count(matrix, of_level); k++) {
        const double sum = line_sum(matrix, of_level, k);
        squares += sum * sum;
    }
    *h = squares * scale;
    for (size_t k = 0; by_count && k < line_count(matrix, of_level); k++)
        line_set(matrix, of_level, k,
                 2 * scale * line_sum(matrix, of_level, k) -
                     (normalised ? 2 : 1) * *h / matrix->runs,
                 by_count);
    return FGF_UNDEFINED_DEFINED;
}

#define NONUNIFORMITY(name, of_level, normalised, help)                                            \
    static fgf_undefined name(const run_matrix *matrix, double *h, double *by_count)               \
    {                                                                                              \
        return nonuniformity(matrix, of_level, normalised, h, by_count);                           \
    }                                                                                              \
    RUN_LENGTH_FEATURE(name, help, "1")

NONUNIFORMITY(grey_nonuniformity, true, false, "how unevenly runs are spread over grey levels");
NONUNIFORMITY(grey_nonuniformity_normalised, true, true,
              "the same over the number of runs squared: from 1 / levels to 1");
NONUNIFORMITY(length_nonuniformity, false, false, "how unevenly runs are spread over lengths");
NONUNIFORMITY(length_nonuniformity_normalised, false, true,
              "the same over the number of runs squared: from 1 / lengths to 1");

static fgf_undefined percentage(const run_matrix *matrix, double *h, double *by_count)
{
    *h = matrix->runs / matrix->places;
    for (size_t k = 0; by_count && k < matrix->lengths; k++)
        line_set(matrix, false, k, 1 / matrix->places, by_count);
    return FGF_UNDEFINED_DEFINED;
}
RUN_LENGTH_FEATURE(percentage, "runs over the most that there could be", "1");

/* The mean of (b - mean)^2 or (l - mean)^2, whose slope has no part from the mean. */
static fgf_undefined variance(const run_matrix *matrix, bool of_level, double *h, double *by_count)
{
    double mean = 0;
    for (size_t k = 0; k < line_count(matrix, of_level); k++)
        mean += (double)(k + 1) * line_sum(matrix, of_level, k) / matrix->runs;
    *h = 0;
    for (size_t k = 0; k < line_count(matrix, of_level); k++) {
        const double apart = (double)(k + 1) - mean;
        *h += apart * apart * line_sum(matrix, of_level, k) / matrix->runs;
    }
    for (size_t k = 0; by_count && k < line_count(matrix, of_level); k++) {
        const double apart = (double)(k + 1) - mean;
        line_set(matrix, of_level, k, (apart * apart - *h) / matrix->runs, by_count);
    }
    return FGF_UNDEFINED_DEFINED;
}

static fgf_undefined grey_variance(const run_matrix *matrix, double *h, double *by_count)
{
    return variance(matrix, true, h, by_count);
}
RUN_LENGTH_FEATURE(grey_variance, "variance of the grey level over runs", "1");

static fgf_undefined length_variance(const run_matrix *matrix, double *h, double *by_count)
{
    return variance(matrix, false, h, by_count);
}
RUN_LENGTH_FEATURE(length_variance, "variance of the length over runs", "1");

static fgf_undefined entropy(const run_matrix *matrix, double *h, double *by_count)
{
    const size_t elements = matrix->lengths * (size_t)matrix->stride;
    *h = 0;
    for (size_t k = 0; k < elements; k++) {
        const double part = matrix->count[k] / matrix->runs;
        *h -= part > 0 ? part * log(part) : 0;
    }
    for (size_t k = 0; by_count && k < elements; k++) {
        /* Where there is no run, the terms of the gradient in the intensities are 0 as well. */
        const double part = matrix->count[k] / matrix->runs;
        by_count[k] = part > 0 ? (-log(part) - *h) / matrix->runs : 0;
    }
    return FGF_UNDEFINED_DEFINED;
}
RUN_LENGTH_FEATURE(entropy, "entropy of the run-length matrix", "nats");
