#include "fgf/image.h"
#include "fgf/memory.h"

#include <math.h>
#include <string.h>

/* A line of a plane: a row or a column. */
typedef struct line {
    double *first;
    size_t stride, count;
} line;

/* Mirror at the outermost pixels' centres (2 1 | 0 1 2) and at their edges (1 0 | 0 1 2). */
static size_t mirror_centre(long k, size_t count)
{
    const long period = 2 * (long)count - 2;
    if (period == 0)
        return 0;
    k = k < 0 ? -k : k;
    k %= period;
    return (size_t)(k < (long)count ? k : period - k);
}

static size_t mirror_edge(long k, size_t count)
{
    const long period = 2 * (long)count;
    k %= period;
    if (k < 0)
        k += period;
    return (size_t)(k < (long)count ? k : period - 1 - k);
}

static void smooth_line(line l, const double *weights, long radius, double *scratch)
{
    for (size_t i = 0; i < l.count; i++)
        scratch[i] = l.first[i * l.stride];
    for (size_t i = 0; i < l.count; i++) {
        double sum = 0;
        for (long r = -radius; r <= radius; r++)
            sum += weights[r + radius] * scratch[mirror_edge((long)i + r, l.count)];
        l.first[i * l.stride] = sum;
    }
}

fgf_status fgf_smooth(double *plane, int height, int width, double sigma, double truncate)
{
    fgf_status status = FGF_OK;
    const size_t rows = (size_t)height, columns = (size_t)width;
    const long radius = (long)(truncate * sigma + 0.5);
    double *weights = NULL, *scratch = NULL, sum = 0;
    FGF_TRY(FGF_ALLOCATE(2 * radius + 1, &weights));
    FGF_TRY(FGF_ALLOCATE(rows + columns, &scratch));
    for (long r = -radius; r <= radius; r++)
        sum += weights[r + radius] = exp(-0.5 * (double)(r * r) / (sigma * sigma));
    for (long r = 0; r <= 2 * radius; r++)
        weights[r] /= sum;
    for (size_t x = 0; x < columns; x++)
        smooth_line((line){plane + x, columns, rows}, weights, radius, scratch);
    for (size_t y = 0; y < rows; y++)
        smooth_line((line){plane + y * columns, 1, columns}, weights, radius, scratch);
done:
    fgf_free(weights);
    fgf_free(scratch);
    return status;
}

/* Coefficients of the cubic B-spline through the samples: one pole, forth and back. */
static void spline_coefficients(double *c, size_t count)
{
    const double pole = sqrt(3.0) - 2.0;
    enum { HORIZON = 40 }; /* pole^40 is below the rounding of 1 */
    if (count < 2)
        return;
    double first = 0, power = 1;
    for (long k = 0; k < HORIZON; k++, power *= pole)
        first += power * 6.0 * c[mirror_centre(k, count)];
    c[0] = first;
    for (size_t i = 1; i < count; i++)
        c[i] = 6.0 * c[i] + pole * c[i - 1];
    c[count - 1] = pole / (pole * pole - 1.0) * (pole * c[count - 2] + c[count - 1]);
    for (size_t i = count - 1; i-- > 0;)
        c[i] = pole * (c[i + 1] - c[i]);
}

static double cubic_at(const double *c, size_t count, double t)
{
    const long base = (long)floor(t);
    const double f = t - (double)base, g = 1 - f;
    const double weights[4] = {g * g * g / 6, (4 - 6 * f * f + 3 * f * f * f) / 6,
                               (4 - 6 * g * g + 3 * g * g * g) / 6, f * f * f / 6};
    double sum = 0;
    for (long k = 0; k < 4; k++)
        sum += weights[k] * c[mirror_centre(base - 1 + k, count)];
    return sum;
}

static double linear_at(const double *values, size_t count, double t)
{
    const size_t base = (size_t)t, next = base + 1 < count ? base + 1 : base;
    const double f = t - (double)base;
    return (1 - f) * values[base] + f * values[next];
}

/* `scratch` has room for the source line. */
static void resample_line(line from, line to, double step, fgf_grid_rule grid,
                          fgf_interpolation interpolation, double *scratch)
{
    const double last = (double)from.count - 1;
    for (size_t i = 0; i < from.count; i++)
        scratch[i] = from.first[i * from.stride];
    if (interpolation == FGF_INTERPOLATION_CUBIC)
        spline_coefficients(scratch, from.count);
    for (size_t o = 0; o < to.count; o++) {
        double t = grid == FGF_GRID_CENTRES ? ((double)o + 0.5) * step - 0.5
                   : to.count > 1           ? (double)o * last / ((double)to.count - 1)
                                            : 0;
        t = t < 0 ? 0 : t > last ? last : t;
        to.first[o * to.stride] =
            interpolation == FGF_INTERPOLATION_CUBIC    ? cubic_at(scratch, from.count, t)
            : interpolation == FGF_INTERPOLATION_LINEAR ? linear_at(scratch, from.count, t)
                                                        : scratch[(size_t)floor(t + 0.5)];
    }
}

fgf_status fgf_resample(const double *plane, int height, int width, int new_height, int new_width,
                        const double step[2], fgf_grid_rule grid, fgf_interpolation interpolation,
                        double **out)
{
    fgf_status status = FGF_OK;
    const size_t rows = (size_t)height, columns = (size_t)width;
    const size_t new_rows = (size_t)new_height, new_columns = (size_t)new_width;
    double *between = NULL, *scratch = NULL, *source = NULL;
    *out = NULL;
    FGF_TRY(FGF_ALLOCATE(rows * columns, &source));
    FGF_TRY(FGF_ALLOCATE(new_rows * columns, &between));
    FGF_TRY(FGF_ALLOCATE(rows + columns, &scratch));
    FGF_TRY(FGF_ALLOCATE(new_rows * new_columns, out));
    memcpy(source, plane, rows * columns * sizeof *source);
    for (size_t x = 0; x < columns; x++)
        resample_line((line){source + x, columns, rows}, (line){between + x, columns, new_rows},
                      step[0], grid, interpolation, scratch);
    for (size_t y = 0; y < new_rows; y++)
        resample_line((line){between + y * columns, 1, columns},
                      (line){*out + y * new_columns, 1, new_columns}, step[1], grid, interpolation,
                      scratch);
done:
    fgf_free(source);
    fgf_free(between);
    fgf_free(scratch);
    return status;
}
