/* Features of a matrix r_ij of grey levels i and sizes j, which run lengths, zones, distances and
 * dependences share (IBSI reference manual 3.7 to 3.9, 3.11). N_s counts the entries. */
#include "radiomics_private.h"

#include <string.h>

fgf_status radiomics_joint_create(int levels, int sizes, radiomics_joint *out)
{
    fgf_status status = FGF_OK;
    *out = (radiomics_joint){.levels = levels, .sizes = sizes};
    FGF_TRY(FGF_ALLOCATE((size_t)levels * (size_t)sizes, &out->count));
done:
    return status;
}

void radiomics_joint_clear(radiomics_joint *joint)
{
    fgf_free(joint->count);
    memset(joint, 0, sizeof *joint);
}

void radiomics_joint_reset(radiomics_joint *joint)
{
    memset(joint->count, 0, (size_t)joint->levels * (size_t)joint->sizes * sizeof *joint->count);
    joint->total = joint->voxels = 0;
}

void radiomics_joint_merge(radiomics_joint *to, const radiomics_joint *from)
{
    for (size_t k = 0; k < (size_t)to->levels * (size_t)to->sizes; k++)
        to->count[k] += from->count[k];
    to->total += from->total;
    to->voxels += from->voxels;
}

static double value_of(const int *values, int k)
{
    return values ? values[k] : k + 1;
}

/* Sum of the squares of a marginal, and its variance over `values` (NULL: 1, 2, ..). */
static void describe_marginal(const double *count, const int *values, int most, double total,
                              double *squares, double *variance)
{
    double mean = 0;
    *squares = *variance = 0;
    for (int k = 0; k < most; k++) {
        mean += value_of(values, k) * count[k] / total;
        *squares += count[k] * count[k];
    }
    for (int k = 0; k < most; k++) {
        double d = value_of(values, k) - mean;
        *variance += d * d * count[k] / total;
    }
}

fgf_status radiomics_joint_features(const radiomics_joint *joint,
                                    double out[RADIOMICS_JOINT_FEATURES])
{
    fgf_status status = FGF_OK;
    double *by_level = NULL, *by_size = NULL;
    double emphasis[8] = {0}, entropy = 0, energy = 0, n = joint->total;
    double level_squares, level_variance, size_squares, size_variance;
    FGF_TRY(FGF_ALLOCATE(joint->levels, &by_level));
    FGF_TRY(FGF_ALLOCATE(joint->sizes, &by_size));
    for (int i = 1; i <= joint->levels; i++)
        for (int c = 0; c < joint->sizes; c++) {
            double r = joint->count[(size_t)(i - 1) * (size_t)joint->sizes + (size_t)c];
            double j = value_of(joint->size, c), ii = (double)i * i, jj = j * j, p = r / n;
            if (r == 0)
                continue;
            const double term[8] = {p / jj,        p * jj,      p / ii,      p * ii,
                                    p / (ii * jj), p * ii / jj, p * jj / ii, p * ii * jj};
            for (int k = 0; k < 8; k++)
                emphasis[k] += term[k];
            by_level[i - 1] += r;
            by_size[c] += r;
            entropy -= p * log2(p);
            energy += p * p;
        }
    describe_marginal(by_level, NULL, joint->levels, n, &level_squares, &level_variance);
    describe_marginal(by_size, joint->size, joint->sizes, n, &size_squares, &size_variance);
    memcpy(out, emphasis, sizeof emphasis);
    out[8] = level_squares / n;
    out[9] = level_squares / (n * n);
    out[10] = size_squares / n;
    out[11] = size_squares / (n * n);
    out[12] = n / joint->voxels;
    out[13] = level_variance;
    out[14] = size_variance;
    out[15] = entropy;
    out[16] = energy;
done:
    fgf_free(by_level);
    fgf_free(by_size);
    return status;
}
