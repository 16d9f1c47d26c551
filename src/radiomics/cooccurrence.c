/* Grey level co-occurrence, IBSI reference manual 3.6 (LFYI): p_ij is the share of pairs of
 * neighbours along a direction, at Chebyshev distance 1, with levels i and j; both orders count, so
 * p is symmetric. Logarithms to base 2. Haralick et al. 1973; cluster features after Unser 1986. */
#include "radiomics_private.h"

#include <stdlib.h>
#include <string.h>

enum { FEATURES = 25 };

typedef struct matrix {
    int levels;
    double *count; /* [levels][levels], level 1 first */
    double total;
} matrix;

/* Room for the marginals of one matrix. */
typedef struct marginals {
    double *level, *difference, *sum; /* [levels], [levels], [2 levels + 1] */
} marginals;

static void matrix_reset(matrix *m)
{
    memset(m->count, 0, (size_t)m->levels * (size_t)m->levels * sizeof *m->count);
    m->total = 0;
}

static void matrix_merge(matrix *to, const matrix *from)
{
    for (size_t k = 0; k < (size_t)to->levels * (size_t)to->levels; k++)
        to->count[k] += from->count[k];
    to->total += from->total;
}

/* Counts the pairs of slices z0 .. z1 - 1 along a direction. */
static void count_pairs(const radiomics_region *r, int z0, int z1, const int d[3], matrix *m)
{
    for (int z = z0; z < z1; z++)
        for (int y = 0; y < r->extent[1]; y++)
            for (int x = 0; x < r->extent[2]; x++) {
                int i = radiomics_level(r, z, y, x);
                int j = i > 0 ? radiomics_level(r, z + d[0], y + d[1], x + d[2]) : 0;
                if (j == 0)
                    continue;
                m->count[(size_t)(i - 1) * (size_t)m->levels + (size_t)(j - 1)]++;
                m->count[(size_t)(j - 1) * (size_t)m->levels + (size_t)(i - 1)]++;
                m->total += 2;
            }
}

static double entropy_term(double p)
{
    return p > 0 ? -p * log2(p) : 0;
}

/* Mean, variance and entropy of p over the numbers 0 .. count - 1. */
static void describe_line(const double *p, int count, double out[3])
{
    out[0] = out[1] = out[2] = 0;
    for (int k = 0; k < count; k++) {
        out[0] += k * p[k];
        out[2] += entropy_term(p[k]);
    }
    for (int k = 0; k < count; k++)
        out[1] += (k - out[0]) * (k - out[0]) * p[k];
}

static void fill_marginals(const matrix *m, marginals *w)
{
    int n = m->levels;
    memset(w->level, 0, (size_t)n * sizeof(double));
    memset(w->difference, 0, (size_t)n * sizeof(double));
    memset(w->sum, 0, (size_t)(2 * n + 1) * sizeof(double));
    for (int i = 1; i <= n; i++)
        for (int j = 1; j <= n; j++) {
            double p = m->count[(size_t)(i - 1) * (size_t)n + (size_t)(j - 1)] / m->total;
            w->level[i - 1] += p;
            w->difference[i > j ? i - j : j - i] += p;
            w->sum[i + j] += p;
        }
}

/* The two measures of information correlation (R8DG, JN9H). */
static void information(const matrix *m, const marginals *w, double joint_entropy, double out[2])
{
    int n = m->levels;
    double hx = 0, hxy1 = 0, hxy2 = 0;
    for (int i = 0; i < n; i++) {
        hx += entropy_term(w->level[i]);
        for (int j = 0; j < n; j++) {
            double product = w->level[i] * w->level[j];
            if (product <= 0)
                continue;
            double logarithm = log2(product);
            hxy1 -= m->count[(size_t)i * (size_t)n + (size_t)j] / m->total * logarithm;
            hxy2 -= product * logarithm;
        }
    }
    out[0] = (joint_entropy - hxy1) / hx;
    /* hxy2 is never less than the joint entropy, but for roundings. */
    out[1] = sqrt(1 - exp(-2 * fmax(0, hxy2 - joint_entropy)));
}

/* The 25 features, in the order of the table. */
static void describe(const matrix *m, marginals *w, double out[FEATURES])
{
    int n = m->levels;
    double line[3], diff[3], sum[3], info[2];
    double greatest = 0, joint_entropy = 0, energy = 0, autocorrelation = 0, contrast = 0;
    double inverse = 0, inverse_n = 0, moment = 0, moment_n = 0, inverse_variance = 0;
    double mean = 0, variance = 0, tendency = 0, shade = 0, prominence = 0;
    fill_marginals(m, w);
    for (int i = 0; i < n; i++)
        mean += (i + 1) * w->level[i];
    for (int i = 1; i <= n; i++)
        for (int j = 1; j <= n; j++) {
            double p = m->count[(size_t)(i - 1) * (size_t)n + (size_t)(j - 1)] / m->total;
            double d = abs(i - j), c = i + j - 2 * mean;
            if (p <= 0)
                continue;
            greatest = fmax(greatest, p);
            joint_entropy += entropy_term(p);
            energy += p * p;
            autocorrelation += i * j * p;
            variance += (i - mean) * (i - mean) * p;
            contrast += d * d * p;
            inverse += p / (1 + d);
            inverse_n += p / (1 + d / n);
            moment += p / (1 + d * d);
            moment_n += p / (1 + d * d / ((double)n * n));
            inverse_variance += d > 0 ? p / (d * d) : 0;
            tendency += c * c * p;
            shade += c * c * c * p;
            prominence += c * c * c * c * p;
        }
    describe_line(w->level, n, line);
    describe_line(w->difference, n, diff);
    describe_line(w->sum, 2 * n + 1, sum);
    information(m, w, joint_entropy, info);
    const double features[FEATURES] = {greatest,
                                       mean,
                                       variance,
                                       joint_entropy,
                                       diff[0],
                                       diff[1],
                                       diff[2],
                                       sum[0],
                                       sum[1],
                                       sum[2],
                                       energy,
                                       contrast,
                                       diff[0],
                                       inverse,
                                       inverse_n,
                                       moment,
                                       moment_n,
                                       inverse_variance,
                                       (autocorrelation - mean * mean) / variance,
                                       autocorrelation,
                                       tendency,
                                       shade,
                                       prominence,
                                       info[0],
                                       info[1]};
    memcpy(out, features, sizeof features);
}

static void add_features(const matrix *m, marginals *w, radiomics_mean *mean)
{
    double features[FEATURES];
    if (m->total == 0)
        return;
    describe(m, w, features);
    radiomics_mean_add(mean, features, FEATURES);
}

/* What the six aggregations need to hold at once. */
typedef struct work {
    matrix one, slice, all, direction[RADIOMICS_SLICE_DIRECTIONS];
    marginals margins;
    radiomics_mean mean[6]; /* by aggregation */
} work;

static fgf_status work_create(int levels, work *w)
{
    fgf_status status = FGF_OK;
    matrix *all[] = {&w->one,          &w->slice,        &w->all,         &w->direction[0],
                     &w->direction[1], &w->direction[2], &w->direction[3]};
    for (size_t k = 0; k < sizeof all / sizeof *all; k++) {
        all[k]->levels = levels;
        FGF_TRY(FGF_ALLOCATE((size_t)levels * (size_t)levels, &all[k]->count));
    }
    FGF_TRY(FGF_ALLOCATE(levels, &w->margins.level));
    FGF_TRY(FGF_ALLOCATE(levels, &w->margins.difference));
    FGF_TRY(FGF_ALLOCATE(2 * levels + 1, &w->margins.sum));
done:
    return status;
}

static void work_clear(work *w)
{
    fgf_free(w->one.count);
    fgf_free(w->slice.count);
    fgf_free(w->all.count);
    for (int d = 0; d < RADIOMICS_SLICE_DIRECTIONS; d++)
        fgf_free(w->direction[d].count);
    fgf_free(w->margins.level);
    fgf_free(w->margins.difference);
    fgf_free(w->margins.sum);
}

static void by_slices(const radiomics_region *r, work *w)
{
    for (int z = 0; z < r->extent[0]; z++) {
        matrix_reset(&w->slice);
        for (int d = 0; d < RADIOMICS_SLICE_DIRECTIONS; d++) {
            matrix_reset(&w->one);
            count_pairs(r, z, z + 1, radiomics_direction[d], &w->one);
            add_features(&w->one, &w->margins, &w->mean[0]);
            matrix_merge(&w->slice, &w->one);
            matrix_merge(&w->direction[d], &w->one);
            matrix_merge(&w->all, &w->one);
        }
        add_features(&w->slice, &w->margins, &w->mean[1]);
    }
    for (int d = 0; d < RADIOMICS_SLICE_DIRECTIONS; d++)
        add_features(&w->direction[d], &w->margins, &w->mean[2]);
    add_features(&w->all, &w->margins, &w->mean[3]);
}

static void by_volume(const radiomics_region *r, work *w)
{
    matrix_reset(&w->all);
    for (int d = 0; d < RADIOMICS_DIRECTIONS; d++) {
        matrix_reset(&w->one);
        count_pairs(r, 0, r->extent[0], radiomics_direction[d], &w->one);
        add_features(&w->one, &w->margins, &w->mean[4]);
        matrix_merge(&w->all, &w->one);
    }
    add_features(&w->all, &w->margins, &w->mean[5]);
}

fgf_status radiomics_cooccurrence(const radiomics_region *region, fgf_radiomics_value *out)
{
    fgf_status status = FGF_OK;
    work w = {0};
    FGF_TRY(work_create(region->levels, &w));
    by_slices(region, &w);
    by_volume(region, &w);
    for (int a = 0; a < 6; a++)
        radiomics_mean_store(&w.mean[a], FEATURES,
                             w.all.total == 0 ? FGF_RADIOMICS_MISSING_NEIGHBOURS
                                              : FGF_RADIOMICS_MISSING_FLAT,
                             out + a * FEATURES);
done:
    work_clear(&w);
    return status;
}
