/* Intensity-volume histogram, IBSI reference manual 3.5 (P88C).
 *
 * Over the discrete intensities i of the range G = [g0, g1], in steps w:
 *   volume fraction     nu_i = share of voxels of at least intensity i
 *   intensity fraction  gamma_i = (i - g0) / (g1 - g0)
 * V_x is the largest nu with gamma >= x; I_x the least i with nu_i <= x; the area is taken by the
 * trapezoidal rule over gamma, 0 where there is one intensity only. */
#include "radiomics_private.h"

typedef struct scale {
    double first, step; /* intensities first + k step, k = 0 .. count - 1 */
    size_t count;
    double lowest, width; /* of the bins; width 0: none */
} scale;

enum { MOST_INTENSITIES = 10000000 };

static fgf_status make_scale(const radiomics_region *r, const fgf_radiomics_settings *s, scale *out)
{
    fgf_status status = FGF_OK;
    double low = isnan(s->volume_range[0]) ? r->sorted[0] : s->volume_range[0];
    double high = isnan(s->volume_range[1]) ? r->sorted[r->count - 1] : s->volume_range[1];
    double width = s->volume_width;
    double bins = width > 0 ? ceil((high - low) / width) : floor(high - low) + 1;
    if (bins < 1)
        bins = 1;
    if (bins > MOST_INTENSITIES)
        FGF_FAIL(FGF_USAGE, "intensity-volume histogram: %g bins of [%g, %g], the most are %d",
                 bins, low, high, MOST_INTENSITIES);
    *out = (scale){.first = width > 0 ? low + width / 2 : low,
                   .step = width > 0 ? width : 1,
                   .count = (size_t)bins,
                   .lowest = low,
                   .width = width};
done:
    return status;
}

/* The share of voxels whose discrete intensity is at least number k of the scale. The intensities
 * are sorted: *at goes on from one k to the next. */
static double volume_from(const radiomics_region *r, const scale *s, size_t k, size_t *at)
{
    while (*at < r->count) {
        double value = r->sorted[*at];
        bool below = s->width > 0 ? floor((value - s->lowest) / s->width) < (double)k
                                  : value < s->first + (double)k * s->step;
        /* The upper end of the range belongs to the last bin. */
        if (!below ||
            (s->width > 0 && k + 1 == s->count && value >= s->lowest + (double)k * s->width))
            break;
        ++*at;
    }
    return 1 - (double)*at / (double)r->count;
}

fgf_status radiomics_volume_histogram(const radiomics_region *region,
                                      const fgf_radiomics_settings *settings,
                                      fgf_radiomics_value *out)
{
    fgf_status status = FGF_OK;
    scale s = {0};
    size_t at = 0;
    double v10 = NAN, v90 = NAN, i10 = NAN, i90 = NAN, area = 0, previous = 0;
    FGF_TRY(make_scale(region, settings, &s));
    double span = s.count > 1 ? (double)(s.count - 1) : 1;
    for (size_t k = 0; k < s.count; k++) {
        double gamma = (double)k / span, nu = volume_from(region, &s, k, &at);
        /* Fractions of whole counts: a tenth of the range must not be missed by a rounding. */
        if (isnan(v10) && gamma >= 0.1 - 1e-12)
            v10 = nu;
        if (isnan(v90) && gamma >= 0.9 - 1e-12)
            v90 = nu;
        if (isnan(i90) && nu <= 0.9)
            i90 = s.first + (double)k * s.step;
        if (isnan(i10) && nu <= 0.1)
            i10 = s.first + (double)k * s.step;
        if (k > 0)
            area += (previous + nu) / 2 / span;
        previous = nu;
    }
    const double features[] = {v10, v90, i10, i90, v10 - v90, i10 - i90, area};
    for (size_t k = 0; k < sizeof features / sizeof *features; k++)
        out[k] = radiomics_value(features[k], s.count > 1 ? FGF_RADIOMICS_MISSING_LEVEL
                                                          : FGF_RADIOMICS_MISSING_FLAT);
done:
    return status;
}
