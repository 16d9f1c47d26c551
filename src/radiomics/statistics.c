/* Intensity-based statistics, IBSI reference manual 3.3 (UHIW): of the intensities in the intensity
 * mask, as they are. Moments divide by N_v. Percentiles interpolate linearly between order
 * statistics, the p-th lying at position p (N_v - 1). */
#include "radiomics_private.h"

static double percentile(const double *sorted, size_t count, double p)
{
    double position = p * (double)(count - 1);
    size_t below = (size_t)position;
    double share = position - (double)below;
    if (share <= 0)
        return sorted[below];
    return sorted[below] + share * (sorted[below + 1] - sorted[below]);
}

/* Mean of |x - centre|. */
static double absolute_deviation(const double *values, size_t count, double centre)
{
    double sum = 0;
    for (size_t k = 0; k < count; k++)
        sum += fabs(values[k] - centre);
    return sum / (double)count;
}

static double mean_of(const double *values, size_t count)
{
    double sum = 0;
    for (size_t k = 0; k < count; k++)
        sum += values[k];
    return sum / (double)count;
}

/* Mean absolute deviation of what lies from the 10th to the 90th percentile. */
static double robust_deviation(const double *sorted, size_t count, double p10, double p90)
{
    size_t first = 0, end = count;
    while (sorted[first] < p10)
        first++;
    while (sorted[end - 1] > p90)
        end--;
    /* With two values neither lies between the percentiles. */
    if (end <= first)
        return NAN;
    return absolute_deviation(sorted + first, end - first, mean_of(sorted + first, end - first));
}

void radiomics_describe(const double *sorted, size_t count, double out[RADIOMICS_STATISTICS])
{
    double n = (double)count, mean = mean_of(sorted, count), m2 = 0, m3 = 0, m4 = 0, squares = 0;
    double p10 = percentile(sorted, count, 0.1), p90 = percentile(sorted, count, 0.9);
    double p25 = percentile(sorted, count, 0.25), p75 = percentile(sorted, count, 0.75);
    double median = percentile(sorted, count, 0.5);
    for (size_t k = 0; k < count; k++) {
        double d = sorted[k] - mean;
        m2 += d * d / n;
        m3 += d * d * d / n;
        m4 += d * d * d * d / n;
        squares += sorted[k] * sorted[k];
    }
    bool flat = sorted[0] == sorted[count - 1];
    const double features[RADIOMICS_STATISTICS] = {
        mean,
        flat ? 0 : m2,
        flat ? 0 : m3 / pow(m2, 1.5), /* by definition 0 where the variance is */
        flat ? 0 : m4 / (m2 * m2) - 3,
        median,
        sorted[0],
        p10,
        p90,
        sorted[count - 1],
        p75 - p25,
        sorted[count - 1] - sorted[0],
        absolute_deviation(sorted, count, mean),
        robust_deviation(sorted, count, p10, p90),
        absolute_deviation(sorted, count, median),
        sqrt(m2) / mean,
        (p75 - p25) / (p75 + p25),
        squares,
        sqrt(squares / n)};
    for (int k = 0; k < RADIOMICS_STATISTICS; k++)
        out[k] = features[k];
}

fgf_status radiomics_statistics(const radiomics_region *region, fgf_radiomics_value *out)
{
    double features[RADIOMICS_STATISTICS];
    radiomics_describe(region->sorted, region->count, features);
    for (int k = 0; k < RADIOMICS_STATISTICS; k++)
        out[k] = radiomics_value(features[k], FGF_RADIOMICS_MISSING_ZERO);
    return FGF_OK;
}
