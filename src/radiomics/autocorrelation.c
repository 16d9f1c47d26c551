/* Moran's I (N365) and Geary's C (NPT7), IBSI reference manual 3.1, weights w = 1 / distance in mm.
 *
 * Voxels lie on a grid, so the sums over pairs are convolutions with w: with d = x - mean inside
 * the mask and m = 1 there, C = w * d and W = w * m, sum w_kl d_k d_l = sum_k d_k C_k,   sum w_kl =
 * sum_k m_k W_k, sum w_kl (x_k - x_l)^2 = 2 sum_k d_k^2 W_k - 2 sum_k d_k C_k. They are exact, by
 * Fourier's transform on a grid of powers of 2 padded with zeros, in place of the N^2 pairs. d + i
 * m goes through one transform, w being real and symmetric. */
#include "radiomics_private.h"

#include "fgf/clones.h"

#include <string.h>

typedef struct number {
    double re, im;
} number;

/* Lines are taken LINES at a time, side by side in vectors. */
enum { LINES = 8 };
typedef double lanes __attribute__((vector_size(LINES * sizeof(double)), aligned(sizeof(double))));
typedef struct side_by_side {
    lanes re, im;
} side_by_side;

/* Which lines along an axis are transformed: those whose two other coordinates are below `lines`.
 * mirrored: a line is its own mirror image, and only its first half is there. */
typedef struct pass {
    size_t lines[3];
    bool mirrored;
} pass;

/* The transforms, in place, of lines of `count` (a power of 2) numbers that stand in the order of
 * their reversed bits; root[k] = exp(sign 2 pi i k / count). */
FGF_CLONES
static void transform_lines(side_by_side *line, size_t count, const number *root)
{
    for (size_t half = 1; half < count; half *= 2)
        for (size_t block = 0; block < count; block += 2 * half)
            for (size_t k = 0; k < half; k++) {
                side_by_side *a = &line[block + k], *b = &line[block + k + half];
                const number w = root[k * (count / (2 * half))];
                const lanes re = w.re * b->re - w.im * b->im, im = w.re * b->im + w.im * b->re;
                b->re = a->re - re;
                b->im = a->im - im;
                a->re += re;
                a->im += im;
            }
}

/* Takes up to LINES lines of numbers `stride` apart, the lines `apart` from each other. */
static void load_lines(const number *data, size_t count, size_t stride, size_t apart, int lines,
                       bool mirrored, side_by_side *line)
{
    for (size_t k = 0, reversed = 0; k < count; k++) {
        const number *from = data + (mirrored && k > count / 2 ? count - k : k) * stride;
        for (int l = 0; l < LINES; l++) {
            const number value = l < lines ? from[(size_t)l * apart] : (number){0};
            line[reversed].re[l] = value.re;
            line[reversed].im[l] = value.im;
        }
        size_t bit = count >> 1;
        for (; reversed & bit; bit >>= 1)
            reversed ^= bit;
        reversed |= bit;
    }
}

static void store_lines(const side_by_side *line, size_t count, size_t stride, size_t apart,
                        int lines, number *data)
{
    for (size_t k = 0; k < count; k++)
        for (int l = 0; l < lines; l++)
            data[k * stride + (size_t)l * apart] = (number){line[k].re[l], line[k].im[l]};
}

/* Along all three axes, in place: [n[0]][n[1]][n[2]]. */
static fgf_status transform(number *data, const size_t n[3], int sign, const pass passes[3])
{
    fgf_status status = FGF_OK;
    number *root = NULL;
    side_by_side *line = NULL;
    size_t longest = n[0] > n[1] ? n[0] : n[1];
    longest = n[2] > longest ? n[2] : longest;
    FGF_TRY(FGF_ALLOCATE(longest, &root));
    FGF_TRY(FGF_ALLOCATE(longest, &line));
    const size_t stride[3] = {n[1] * n[2], n[2], 1};
    for (int a = 0; a < 3; a++) {
        const int b = a == 0 ? 1 : 0, c = a == 2 ? 1 : 2;
        const pass *of = &passes[a];
        for (size_t k = 0; k < n[a]; k++) {
            double angle = sign * 2 * acos(-1.0) * (double)k / (double)n[a];
            root[k] = (number){cos(angle), sin(angle)};
        }
        for (size_t i = 0; i < of->lines[b]; i++)
            for (size_t j = 0; j < of->lines[c]; j += LINES) {
                const size_t left = of->lines[c] - j;
                const int lines = left < LINES ? (int)left : LINES;
                number *first = data + i * stride[b] + j * stride[c];
                load_lines(first, n[a], stride[a], stride[c], lines, of->mirrored, line);
                transform_lines(line, n[a], root);
                store_lines(line, n[a], stride[a], stride[c], lines, first);
            }
    }
done:
    fgf_free(root);
    fgf_free(line);
    return status;
}

/* The signal is 0 outside the box, the result is not asked for there, and the weights are their own
 * mirror images along each axis: lines that are known, or not needed, are left out. */
static fgf_status transform_signal(number *f, const size_t n[3], const int extent[3])
{
    const size_t e[3] = {(size_t)extent[0], (size_t)extent[1], (size_t)extent[2]};
    return transform(f, n, -1,
                     (const pass[3]){{{0, e[1], e[2]}, false},
                                     {{n[0], 0, e[2]}, false},
                                     {{n[0], n[1], 0}, false}});
}
static fgf_status transform_back(number *f, const size_t n[3], const int extent[3])
{
    const size_t e[3] = {(size_t)extent[0], (size_t)extent[1], (size_t)extent[2]};
    return transform(f, n, 1,
                     (const pass[3]){{{0, n[1], n[2]}, false},
                                     {{e[0], 0, n[2]}, false},
                                     {{e[0], e[1], 0}, false}});
}
static fgf_status transform_weights(number *w, const size_t n[3], const size_t half[3])
{
    return transform(w, n, -1,
                     (const pass[3]){{{0, half[1], half[2]}, true},
                                     {{n[0], 0, half[2]}, true},
                                     {{n[0], n[1], 0}, true}});
}

/* 1 / distance at the steps of the grid up to half its extent; the rest is their mirror image. */
static void fill_weights(const radiomics_region *r, const size_t n[3], const size_t half[3],
                         number *w)
{
    for (size_t z = 0; z < half[0]; z++)
        for (size_t y = 0; y < half[1]; y++)
            for (size_t x = 0; x < half[2]; x++) {
                double dz = (double)z * r->spacing[0], dy = (double)y * r->spacing[1];
                double dx = (double)x * r->spacing[2];
                w[(z * n[1] + y) * n[2] + x].re =
                    z + y + x == 0 ? 0 : 1 / sqrt(dz * dz + dy * dy + dx * dx);
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
    size_t n[3], half[3], total = 1;
    number *f = NULL, *w = NULL;
    double *spectrum = NULL; /* of the weights: real, as they are symmetric */
    double mean = mean_intensity(region);
    *moran = *geary = NAN;
    if (region->count < 2 || region->sorted[0] == region->sorted[region->count - 1])
        return FGF_OK;
    for (int a = 0; a < 3; a++) {
        for (n[a] = 1; n[a] < 2 * (size_t)region->extent[a] - 1;)
            n[a] *= 2;
        half[a] = n[a] / 2 + 1 < n[a] ? n[a] / 2 + 1 : n[a];
        total *= n[a];
    }
    FGF_TRY(FGF_ALLOCATE(total, &w));
    fill_weights(region, n, half, w);
    FGF_TRY(transform_weights(w, n, half));
    FGF_TRY(FGF_ALLOCATE(total, &spectrum));
    for (size_t k = 0; k < total; k++)
        spectrum[k] = w[k].re;
    fgf_free(w);
    w = NULL;
    FGF_TRY(FGF_ALLOCATE(total, &f));
    put_signal(region, n, mean, f);
    FGF_TRY(transform_signal(f, n, region->extent));
    for (size_t k = 0; k < total; k++)
        f[k] = (number){f[k].re * spectrum[k], f[k].im * spectrum[k]};
    FGF_TRY(transform_back(f, n, region->extent));
    sum_up(region, n, mean, f, 1 / (double)total, moran, geary);
done:
    fgf_free(f);
    fgf_free(w);
    fgf_free(spectrum);
    return status;
}
