/* Moran's I (N365) and Geary's C (NPT7), IBSI reference manual 3.1, weights w = 1 / distance in mm.
 *
 * Voxels lie on a grid, so the sums over pairs are convolutions with w: with d = x - mean inside
 * the mask and m = 1 there, C = w * d and W = w * m, sum w_kl d_k d_l = sum_k d_k C_k,   sum w_kl =
 * sum_k m_k W_k, sum w_kl (x_k - x_l)^2 = 2 sum_k d_k^2 W_k - 2 sum_k d_k C_k. They are exact, by
 * Fourier's transform on a grid of powers of 2 padded with zeros, in place of the N^2 pairs. d + i
 * m goes through one transform, w being real and symmetric. */
#include "radiomics_private.h"

#include <string.h>

typedef struct number {
    double re, im;
} number;

/* The transform of `count` (a power of 2) numbers `stride` apart; line and root [count] are room,
 * root[k] = exp(sign 2 pi i k / count). */
static void transform_line(number *data, size_t count, size_t stride, const number *root,
                           number *line)
{
    for (size_t k = 0, reversed = 0; k < count; k++) {
        line[reversed] = data[k * stride];
        size_t bit = count >> 1;
        for (; reversed & bit; bit >>= 1)
            reversed ^= bit;
        reversed |= bit;
    }
    for (size_t half = 1; half < count; half *= 2)
        for (size_t block = 0; block < count; block += 2 * half)
            for (size_t k = 0; k < half; k++) {
                number *a = &line[block + k], *b = &line[block + k + half];
                number w = root[k * (count / (2 * half))];
                number t = {w.re * b->re - w.im * b->im, w.re * b->im + w.im * b->re};
                *b = (number){a->re - t.re, a->im - t.im};
                *a = (number){a->re + t.re, a->im + t.im};
            }
    for (size_t k = 0; k < count; k++)
        data[k * stride] = line[k];
}

/* Along all three axes, in place. */
static fgf_status transform(number *data, const size_t n[3], int sign)
{
    fgf_status status = FGF_OK;
    number *root = NULL, *line = NULL;
    size_t longest = n[0] > n[1] ? n[0] : n[1];
    longest = n[2] > longest ? n[2] : longest;
    FGF_TRY(FGF_ALLOCATE(longest, &root));
    FGF_TRY(FGF_ALLOCATE(longest, &line));
    const size_t stride[3] = {n[1] * n[2], n[2], 1};
    for (int a = 0; a < 3; a++) {
        int b = (a + 1) % 3, c = (a + 2) % 3;
        for (size_t k = 0; k < n[a]; k++) {
            double angle = sign * 2 * acos(-1.0) * (double)k / (double)n[a];
            root[k] = (number){cos(angle), sin(angle)};
        }
        for (size_t i = 0; i < n[b]; i++)
            for (size_t j = 0; j < n[c]; j++)
                transform_line(data + i * stride[b] + j * stride[c], n[a], stride[a], root, line);
    }
done:
    fgf_free(root);
    fgf_free(line);
    return status;
}

/* 1 / distance at every step of the grid, steps over half its extent being negative ones. */
static void fill_weights(const radiomics_region *r, const size_t n[3], number *w)
{
    size_t at = 0;
    for (size_t z = 0; z < n[0]; z++)
        for (size_t y = 0; y < n[1]; y++)
            for (size_t x = 0; x < n[2]; x++, at++) {
                double dz = (double)(z > n[0] / 2 ? n[0] - z : z) * r->spacing[0];
                double dy = (double)(y > n[1] / 2 ? n[1] - y : y) * r->spacing[1];
                double dx = (double)(x > n[2] / 2 ? n[2] - x : x) * r->spacing[2];
                w[at].re = at == 0 ? 0 : 1 / sqrt(dz * dz + dy * dy + dx * dx);
            }
}

/* The place of a voxel in the padded grid. */
static size_t padded(const size_t n[3], int z, int y, int x)
{
    return ((size_t)z * n[1] + (size_t)y) * n[2] + (size_t)x;
}

static double mean_intensity(const radiomics_region *r)
{
    double sum = 0;
    for (size_t k = 0; k < r->count; k++)
        sum += r->sorted[k];
    return sum / (double)r->count;
}

static void put_signal(const radiomics_region *r, const size_t n[3], double mean, number *f)
{
    for (int z = 0; z < r->extent[0]; z++)
        for (int y = 0; y < r->extent[1]; y++)
            for (int x = 0; x < r->extent[2]; x++) {
                size_t k = radiomics_at(r, z, y, x);
                if (r->inside[k])
                    f[padded(n, z, y, x)] = (number){r->intensity[k] - mean, 1};
            }
}

static void sum_up(const radiomics_region *r, const size_t n[3], double mean, const number *f,
                   double scale, double *moran, double *geary)
{
    double weights = 0, products = 0, own = 0, squares = 0, count = (double)r->count;
    for (int z = 0; z < r->extent[0]; z++)
        for (int y = 0; y < r->extent[1]; y++)
            for (int x = 0; x < r->extent[2]; x++) {
                size_t k = radiomics_at(r, z, y, x);
                if (!r->inside[k])
                    continue;
                double d = r->intensity[k] - mean;
                number c = f[padded(n, z, y, x)];
                products += d * c.re * scale;
                weights += c.im * scale;
                own += d * d * c.im * scale;
                squares += d * d;
            }
    *moran = count / weights * products / squares;
    *geary = (count - 1) / (2 * weights) * (2 * own - 2 * products) / squares;
}

fgf_status radiomics_autocorrelation(const radiomics_region *region, double *moran, double *geary)
{
    fgf_status status = FGF_OK;
    size_t n[3], total = 1;
    number *f = NULL, *w = NULL;
    double mean = mean_intensity(region);
    *moran = *geary = NAN;
    if (region->count < 2 || region->sorted[0] == region->sorted[region->count - 1])
        return FGF_OK;
    for (int a = 0; a < 3; a++) {
        for (n[a] = 1; n[a] < 2 * (size_t)region->extent[a] - 1;)
            n[a] *= 2;
        total *= n[a];
    }
    FGF_TRY(FGF_ALLOCATE(total, &f));
    FGF_TRY(FGF_ALLOCATE(total, &w));
    fill_weights(region, n, w);
    put_signal(region, n, mean, f);
    FGF_TRY(transform(w, n, -1));
    FGF_TRY(transform(f, n, -1));
    for (size_t k = 0; k < total; k++)
        f[k] = (number){f[k].re * w[k].re, f[k].im * w[k].re};
    FGF_TRY(transform(f, n, 1));
    sum_up(region, n, mean, f, 1 / (double)total, moran, geary);
done:
    fgf_free(f);
    fgf_free(w);
    return status;
}
