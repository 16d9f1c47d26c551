/* Log aspect ratio:  h = 1/2 log(l1 / l2),  l1 >= l2 the eigenvalues of the x-weighted second
 * moments (mm2) about the centroid
 *
 *     a = sum x (r - r0)^2 / S,  b = sum x (r - r0)(c - c0) / S,  c = sum x (c - c0)^2 / S
 *
 * With trace T = a + c and D = sqrt((a - c)^2 + 4 b^2) = l1 - l2, h = atanh(D / T) and
 *
 *     dh = (T dD - D dT) / (T^2 - D^2),   dD = ((a - c)(da - dc) + 4 b db) / D
 *     da/dx_i = ((r_i - r0)^2 - a) / S, and so on: the centroid's own change drops out.
 *
 * In 3-D: the same moments within the slice, over all slices. Undefined where S <= 0, where
 * D < 1e-6 T (a circle has no direction), and, as not finite, where the mass lies on a line or
 * negative intensities leave no positive l2. */
#include "feature_private.h"

#include <math.h>

static const double circular = 1e-6;   /* METHOD.md, "Features and their units" */
static const double on_a_line = 1e-12; /* l2 / l1 that is rounding and nothing else */

typedef struct second_moments {
    double mass, row, column; /* S and the centroid */
    double a, b, c;
} second_moments;

static second_moments second_moments_of(const fgf_region *region, const double *value)
{
    second_moments m = {0};
    for (size_t i = 0; i < region->pixel_count; i++) {
        m.mass += value[i];
        m.row += value[i] * region_row(region, i);
        m.column += value[i] * region_column(region, i);
    }
    if (!(m.mass > 0))
        return m;
    m.row /= m.mass;
    m.column /= m.mass;
    for (size_t i = 0; i < region->pixel_count; i++) {
        double row = region_row(region, i) - m.row, column = region_column(region, i) - m.column;
        m.a += value[i] * row * row;
        m.b += value[i] * row * column;
        m.c += value[i] * column * column;
    }
    m.a /= m.mass;
    m.b /= m.mass;
    m.c /= m.mass;
    return m;
}

static fgf_undefined evaluate(const fgf_feature *feature, const fgf_region *region,
                              const double *value, double *work, double *h, double *gradient)
{
    second_moments m = second_moments_of(region, value);
    double trace = m.a + m.c;
    double split = sqrt((m.a - m.c) * (m.a - m.c) + 4 * m.b * m.b);
    (void)feature;
    (void)work;
    if (!(m.mass > 0))
        return FGF_UNDEFINED_NO_MASS;
    if (split == 0 || fabs(split) < circular * trace)
        return FGF_UNDEFINED_CIRCULAR;
    /* l1 l2 = a c - b^2 loses fewer digits than T - D where l2 is small. */
    double larger = (trace + split) / 2, product = m.a * m.c - m.b * m.b;
    if (!(trace > 0) || !(product > on_a_line * larger * larger))
        return FGF_UNDEFINED_NOT_FINITE;
    *h = log(larger) - log(product) / 2;
    for (size_t i = 0; gradient && i < region->pixel_count; i++) {
        double row = region_row(region, i) - m.row, column = region_column(region, i) - m.column;
        double da = row * row - m.a, db = row * column - m.b, dc = column * column - m.c;
        double d_split = ((m.a - m.c) * (da - dc) + 4 * m.b * db) / split;
        gradient[i] = (trace * d_split - split * (da + dc)) / (4 * product * m.mass);
    }
    return FGF_UNDEFINED_DEFINED;
}

static const fgf_key keys[] = {FEATURE_CHANNEL_KEY, {.name = NULL}};

const feature_ops fgf_feature_log_aspect_ratio = {
    .kind = {"log_aspect_ratio", "half the log ratio of the intensity-weighted second moments",
             keys, sizeof(feature_settings)},
    .unit = "1",
    .evaluate = evaluate};
