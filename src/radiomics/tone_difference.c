/* Neighbourhood grey tone differences, IBSI reference manual 3.10 (IPET), Amadasun and King 1989:
 * n_i counts the voxels of level i that have a neighbour in the mask, s_i sums the differences of
 * i and the mean level of the neighbours, p_i = n_i / N. */
#include "radiomics_private.h"

#include <string.h>

enum { FEATURES = 5 };

typedef struct tones {
    int levels;
    double *n, *s; /* [levels] */
} tones;

/* Adds the voxels of slices z0 .. z1 - 1, with the neighbours among these slices. */
static void add_voxels(const radiomics_region *r, int z0, int z1, tones *t)
{
    for (int z = z0; z < z1; z++)
        for (int y = 0; y < r->extent[1]; y++)
            for (int x = 0; x < r->extent[2]; x++) {
                int level = radiomics_level(r, z, y, x), neighbours = 0, sum = 0;
                if (level == 0)
                    continue;
                for (int c = 0; c < 27; c++) {
                    int nz = z + c / 9 - 1;
                    if (c == 13 || nz < z0 || nz >= z1)
                        continue;
                    int other = radiomics_level(r, nz, y + c / 3 % 3 - 1, x + c % 3 - 1);
                    neighbours += other > 0;
                    sum += other;
                }
                if (neighbours == 0)
                    continue;
                t->n[level - 1]++;
                t->s[level - 1] += fabs(level - (double)sum / neighbours);
            }
}

static void describe(const tones *t, double out[FEATURES])
{
    double total = 0, differences = 0, weighted = 0, present = 0;
    double spread = 0, busy = 0, complexity = 0, strength = 0;
    for (int i = 0; i < t->levels; i++) {
        total += t->n[i];
        differences += t->s[i];
        weighted += t->n[i] * t->s[i];
        present += t->n[i] > 0;
    }
    weighted /= total;
    for (int i = 0; i < t->levels; i++)
        for (int j = 0; t->n[i] > 0 && j < t->levels; j++) {
            double p = t->n[i] / total, q = t->n[j] / total, d = i - j;
            if (q == 0)
                continue;
            spread += p * q * d * d;
            busy += fabs((i + 1) * p - (j + 1) * q);
            complexity += fabs(d) * (p * t->s[i] + q * t->s[j]) / (p + q);
            strength += (p + q) * d * d;
        }
    bool flat = present < 2;
    /* What the manual sets where there is one level only, or no difference at all. */
    out[0] = weighted > 0 ? 1 / weighted : 1e6;
    out[1] = flat ? 0 : spread / (present * (present - 1)) * differences / total;
    out[2] = flat ? 0 : weighted / busy;
    out[3] = complexity / total;
    out[4] = differences > 0 ? strength / differences : 0;
}

static void add_features(const tones *t, radiomics_mean *mean)
{
    double features[FEATURES], total = 0;
    for (int i = 0; i < t->levels; i++)
        total += t->n[i];
    if (total == 0)
        return;
    describe(t, features);
    radiomics_mean_add(mean, features, FEATURES);
}

static void tones_reset(tones *t)
{
    memset(t->n, 0, (size_t)t->levels * sizeof *t->n);
    memset(t->s, 0, (size_t)t->levels * sizeof *t->s);
}

fgf_status radiomics_tone_difference(const radiomics_region *region, fgf_radiomics_value *out)
{
    fgf_status status = FGF_OK;
    tones one = {.levels = region->levels}, all = {.levels = region->levels};
    radiomics_mean mean[3] = {0};
    FGF_TRY(FGF_ALLOCATE(region->levels, &one.n));
    FGF_TRY(FGF_ALLOCATE(region->levels, &one.s));
    FGF_TRY(FGF_ALLOCATE(region->levels, &all.n));
    FGF_TRY(FGF_ALLOCATE(region->levels, &all.s));
    for (int z = 0; z < region->extent[0]; z++) {
        tones_reset(&one);
        add_voxels(region, z, z + 1, &one);
        add_features(&one, &mean[0]);
        for (int i = 0; i < all.levels; i++) {
            all.n[i] += one.n[i];
            all.s[i] += one.s[i];
        }
    }
    add_features(&all, &mean[1]);
    tones_reset(&all);
    add_voxels(region, 0, region->extent[0], &all);
    add_features(&all, &mean[2]);
    for (int a = 0; a < 3; a++)
        radiomics_mean_store(&mean[a], FEATURES, FGF_RADIOMICS_MISSING_NEIGHBOURS,
                             out + a * FEATURES);
done:
    fgf_free(one.n);
    fgf_free(one.s);
    fgf_free(all.n);
    fgf_free(all.s);
    return status;
}
