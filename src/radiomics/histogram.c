/* Intensity histogram, IBSI reference manual 3.4 (ZVCW): statistics of the grey levels, and of the
 * counts n_i of the levels i = 1 .. N_g, empty ones included. */
#include "radiomics_private.h"

/* The fullest level; of equally full ones the nearest to the mean, the lower one of two as near. */
static int find_mode(const double *n, int levels, double mean)
{
    int mode = 1;
    for (int i = 2; i <= levels; i++) {
        bool nearer = fabs(i - mean) < fabs(mode - mean);
        if (n[i - 1] > n[mode - 1] || (n[i - 1] == n[mode - 1] && nearer))
            mode = i;
    }
    return mode;
}

/* The slope of the histogram at level i: central inside, one-sided at the ends. */
static double slope_at(const double *n, int levels, int i)
{
    if (levels == 1)
        return 0;
    if (i == 1)
        return n[1] - n[0];
    if (i == levels)
        return n[levels - 1] - n[levels - 2];
    return (n[i] - n[i - 2]) / 2;
}

static void describe_counts(const double *n, int levels, double total, double out[6])
{
    double entropy = 0, uniformity = 0;
    int steepest = 1, deepest = 1;
    for (int i = 1; i <= levels; i++) {
        double p = n[i - 1] / total;
        if (p > 0)
            entropy -= p * log2(p);
        uniformity += p * p;
        if (slope_at(n, levels, i) > slope_at(n, levels, steepest))
            steepest = i;
        if (slope_at(n, levels, i) < slope_at(n, levels, deepest))
            deepest = i;
    }
    out[0] = entropy;
    out[1] = uniformity;
    out[2] = slope_at(n, levels, steepest);
    out[3] = steepest;
    out[4] = slope_at(n, levels, deepest);
    out[5] = deepest;
}

fgf_status radiomics_histogram(const radiomics_region *region, fgf_radiomics_value *out)
{
    fgf_status status = FGF_OK;
    double *n = NULL, *sorted = NULL;
    double common[RADIOMICS_STATISTICS], counts[6];
    size_t at = 0, k = 0;
    FGF_TRY(FGF_ALLOCATE(region->levels, &n));
    FGF_TRY(FGF_ALLOCATE(region->count, &sorted));
    for (size_t v = 0; v < region->voxels; v++)
        if (region->level[v] > 0)
            n[region->level[v] - 1]++;
    for (int i = 1; i <= region->levels; i++)
        for (double c = 0; c < n[i - 1]; c++)
            sorted[at++] = i;
    radiomics_describe(sorted, region->count, common);
    describe_counts(n, region->levels, (double)region->count, counts);
    /* The mode comes after the maximum; energy and root mean square are not asked for. */
    for (int c = 0; c < RADIOMICS_STATISTICS - 2; c++) {
        out[k++] = radiomics_value(common[c], FGF_RADIOMICS_MISSING_ZERO);
        if (c == 8)
            out[k++] =
                radiomics_value(find_mode(n, region->levels, common[0]), FGF_RADIOMICS_MISSING_NOT);
    }
    for (int c = 0; c < 6; c++)
        out[k++] = radiomics_value(counts[c], FGF_RADIOMICS_MISSING_NOT);
done:
    fgf_free(n);
    fgf_free(sorted);
    return status;
}
