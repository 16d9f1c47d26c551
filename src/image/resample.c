#include "fgf/image.h"
#include "fgf/memory.h"

#include <math.h>

/* A line of an image: along x, y or z. */
typedef struct line {
    double *first;
    size_t stride, count;
} line;

/* Pole of the cubic B-spline's filter, and the distance at which its powers are below the rounding
 * of 1. */
enum { HORIZON = 40 };
static double spline_pole(void)
{
    return sqrt(3.0) - 2.0;
}

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

/* ---- lines of an image ---- */

/* The image [extent] as lines along `axis`: line number `index` of the others' product. */
static line line_of(double *values, const size_t extent[3], int axis, size_t index)
{
    const size_t plane = extent[1] * extent[2];
    switch (axis) {
    case 0:
        return (line){values + index, plane, extent[0]};
    case 1:
        return (line){values + index / extent[2] * plane + index % extent[2], extent[2], extent[1]};
    default:
        return (line){values + index * extent[2], 1, extent[2]};
    }
}

static size_t line_count(const size_t extent[3], int axis)
{
    return extent[(axis + 1) % 3] * extent[(axis + 2) % 3];
}

static size_t longest(const size_t extent[3])
{
    size_t most = extent[0];
    for (int k = 1; k < 3; k++)
        most = extent[k] > most ? extent[k] : most;
    return most;
}

/* ---- smoothing ---- */

static void smooth_line(line l, const double *weights, long radius, double *scratch)
{
    const long count = (long)l.count;
    for (size_t i = 0; i < l.count; i++)
        scratch[i] = l.first[i * l.stride];
    for (long i = 0; i < count; i++) {
        const bool inner = i >= radius && i + radius < count;
        double sum = 0;
        for (long r = -radius; r <= radius; r++)
            sum += weights[r + radius] *
                   scratch[inner ? (size_t)(i + r) : mirror_edge(i + r, l.count)];
        l.first[(size_t)i * l.stride] = sum;
    }
}

long fgf_smooth_radius(double sigma, double truncate)
{
    return (long)(truncate * sigma + 0.5);
}

fgf_status fgf_smooth(double *values, const int extent[3], double sigma, double truncate)
{
    fgf_status status = FGF_OK;
    const size_t size[3] = {(size_t)extent[0], (size_t)extent[1], (size_t)extent[2]};
    const long radius = fgf_smooth_radius(sigma, truncate);
    double *weights = NULL, *scratch = NULL, sum = 0;
    FGF_TRY(FGF_ALLOCATE(2 * radius + 1, &weights));
    FGF_TRY(FGF_ALLOCATE(longest(size), &scratch));
    for (long r = -radius; r <= radius; r++)
        sum += weights[r + radius] = exp(-0.5 * (double)(r * r) / (sigma * sigma));
    for (long r = 0; r <= 2 * radius; r++)
        weights[r] /= sum;
    for (int axis = extent[0] > 1 ? 0 : 1; axis < 3; axis++)
        for (size_t k = 0; k < line_count(size, axis); k++)
            smooth_line(line_of(values, size, axis, k), weights, radius, scratch);
done:
    fgf_free(weights);
    fgf_free(scratch);
    return status;
}

/* ---- interpolation along a line ---- */

/* Coefficients of the cubic B-spline through the samples: one pole, forth and back. */
static void spline_coefficients(double *c, size_t count)
{
    const double pole = spline_pole();
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

/* Where target voxel o lies in the source. */
static double source_position(const fgf_axis *axis, fgf_grid_rule rule, int o)
{
    const double last = (double)axis->extent - 1;
    const double t = rule == FGF_GRID_CENTRES ? ((double)o + 0.5) * axis->step - 0.5
                     : axis->new_extent > 1   ? (double)o * last / ((double)axis->new_extent - 1)
                                              : 0;
    return t < 0 ? 0 : t > last ? last : t;
}

/* `scratch` has room for the source line. */
static void resample_line(line from, line to, const fgf_axis *axis, fgf_grid_rule rule,
                          fgf_interpolation interpolation, double *scratch)
{
    for (size_t i = 0; i < from.count; i++)
        scratch[i] = from.first[i * from.stride];
    if (interpolation == FGF_INTERPOLATION_CUBIC)
        spline_coefficients(scratch, from.count);
    for (size_t o = 0; o < to.count; o++) {
        const double t = source_position(axis, rule, axis->new_first + (int)o) - axis->first;
        to.first[o * to.stride] =
            interpolation == FGF_INTERPOLATION_CUBIC    ? cubic_at(scratch, from.count, t)
            : interpolation == FGF_INTERPOLATION_LINEAR ? linear_at(scratch, from.count, t)
                                                        : scratch[(size_t)floor(t + 0.5)];
    }
}

static void copy_line(line from, line to, const fgf_axis *axis)
{
    const size_t skip = (size_t)(axis->new_first - axis->first);
    for (size_t o = 0; o < to.count; o++)
        to.first[o * to.stride] = from.first[(o + skip) * from.stride];
}

/* ---- an image ---- */

fgf_axis fgf_axis_whole(int extent, int new_extent, double step)
{
    return (fgf_axis){.extent = extent,
                      .new_extent = new_extent,
                      .step = step,
                      .count = extent,
                      .wanted = new_extent};
}

void fgf_axis_reach(fgf_axis *axis, fgf_grid_rule rule, fgf_interpolation interpolation)
{
    int low = axis->new_first, high = axis->new_first + axis->wanted - 1;
    if (!axis->kept) {
        const int beyond = interpolation == FGF_INTERPOLATION_CUBIC ? HORIZON : 1;
        low = (int)floor(source_position(axis, rule, low)) - beyond;
        high = (int)ceil(source_position(axis, rule, high)) + beyond;
    }
    low = low < 0 ? 0 : low;
    high = high >= axis->extent ? axis->extent - 1 : high;
    axis->first = low;
    axis->count = high - low + 1;
}

fgf_status fgf_resample(const double *values, const fgf_axis axis[3], fgf_grid_rule rule,
                        fgf_interpolation interpolation, double **out)
{
    fgf_status status = FGF_OK;
    size_t size[3] = {(size_t)axis[0].count, (size_t)axis[1].count, (size_t)axis[2].count};
    double *from = NULL, *to = NULL, *scratch = NULL;
    *out = NULL;
    FGF_TRY(FGF_ALLOCATE(longest(size), &scratch));
    for (int k = 0; k < 3; k++) {
        const size_t count = line_count(size, k);
        size_t new_size[3] = {size[0], size[1], size[2]};
        new_size[k] = (size_t)axis[k].wanted;
        FGF_TRY(FGF_ALLOCATE(count * new_size[k], &to));
        for (size_t i = 0; i < count; i++) {
            /* Lines are read through one type; the source's are only read. */
            line source = line_of(from ? from : (double *)values, size, k, i);
            line target = line_of(to, new_size, k, i);
            if (axis[k].kept)
                copy_line(source, target, &axis[k]);
            else
                resample_line(source, target, &axis[k], rule, interpolation, scratch);
        }
        fgf_free(from);
        from = to;
        to = NULL;
        size[k] = new_size[k];
    }
    *out = from;
    from = NULL;
done:
    fgf_free(from);
    fgf_free(to);
    fgf_free(scratch);
    return status;
}
