/* A path's gradients against the noise maps of a region.
 *
 * The points of a path are taken FGF_NOISE_POINTS at a time, the last ones filled up with zeros, so
 * that every matrix product has the same shape and a path's bits do not depend on anything but
 * itself. Gradients have unit length before they are rounded to fgf_real. */
#include "align_private.h"
#include "noise_private.h"

#include "fgf/clones.h"
#include "fgf/kernel.h"

#include <math.h>
#include <string.h>

enum {
    POINTS = FGF_NOISE_POINTS,
    PANEL = 1024 /* pixels whose products are added in fgf_real; panels are added in double */
};

bool fgf_vanishes(const fgf_align_settings *settings, const fgf_real *g, size_t n)
{
    return !(sqrt(fgf_align_dot_real(g, g, n)) > settings->vanish * sqrt((double)n));
}

/* The next points of the path, from *next on, that have a weight; the others are left out. Fills
 * noise->unit and point_weight [POINTS]. Returns their number; *vanished where one has no
 * direction.
 */
static size_t take_points(fgf_noise_case *noise, const fgf_align_settings *settings,
                          const fgf_real *g, const double *weight, size_t points, size_t *next,
                          double *point_weight, bool *vanished)
{
    size_t n = noise->n, count = 0;
    memset(noise->unit, 0, POINTS * n * sizeof *noise->unit);
    memset(point_weight, 0, POINTS * sizeof *point_weight);
    for (; *next < points && count < POINTS; ++*next) {
        const fgf_real *from = g + *next * n;
        fgf_real *to = noise->unit + count * n;
        if (!(weight[*next] > 0))
            continue;
        if (fgf_vanishes(settings, from, n)) {
            *vanished = true;
            continue;
        }
        double norm = sqrt(fgf_align_dot_real(from, from, n));
        for (size_t i = 0; i < n; i++)
            to[i] = (fgf_real)((double)from[i] / norm);
        point_weight[count++] = weight[*next];
    }
    return count;
}

/* noise->cosine of all maps with the points in noise->unit; NaN for a map that is 0. */
FGF_INLINE void make_cosines(fgf_noise_case *noise)
{
    size_t draws = noise->bank->draws, n = noise->n;
    memset(noise->cosine, 0, draws * POINTS * sizeof *noise->cosine);
    for (size_t first = 0; first < n; first += PANEL) {
        size_t pixels = n - first < PANEL ? n - first : PANEL;
        fgf_gemm(false, true, (int)draws, POINTS, (int)pixels, 1, noise->maps + first, (int)n,
                 noise->unit + first, (int)n, 0, noise->panel, POINTS);
        for (size_t i = 0; i < draws * POINTS; i++)
            noise->cosine[i] += (double)noise->panel[i];
    }
    for (size_t m = 0; m < draws; m++) {
        double *cosine = noise->cosine + m * POINTS;
        const fgf_real *map = noise->maps + m * n;
        for (size_t p = 0; noise->delicate[m] && p < POINTS; p++)
            cosine[p] = fgf_align_dot_real(map, noise->unit + p * n, n);
        double scale = noise->norm[m] > 0 ? 1 / noise->norm[m] : NAN;
        for (size_t p = 0; p < POINTS; p++)
            cosine[p] *= scale;
    }
}

FGF_INLINE double mean_of(const double *score, const double *weight)
{
    double bounded[POINTS];
    for (size_t p = 0; p < POINTS; p++)
        bounded[p] = score[p] > 1 ? 1 : score[p];
    return fgf_align_dot(bounded, weight, POINTS);
}

FGF_INLINE double square_mean(const double *cosine, const double *weight)
{
    double score[POINTS];
    for (size_t p = 0; p < POINTS; p++)
        score[p] = cosine[p] * cosine[p];
    return mean_of(score, weight);
}

/* A = b^T Gram^-1 b = |L^-1 b|^2 with b the cosines of group m, at all points side by side. */
FGF_INLINE double joint_mean(const fgf_noise_case *noise, size_t m, const double *weight)
{
    size_t group = noise->group, rank = (size_t)noise->rank[m];
    double score[POINTS] = {0};
    if (rank == 0 || noise->n <= rank)
        return NAN;
    for (size_t k = 0; k < rank; k++) {
        size_t map = (size_t)noise->order[m * group + k];
        const double *row = noise->factor + (m * group + map) * group;
        const double *b = noise->cosine + fgf_noise_member(noise, m, map) * POINTS;
        double *y = noise->solution + k * POINTS, inverse = 1 / row[k];
        memcpy(y, b, POINTS * sizeof *y);
        for (size_t i = 0; i < k; i++) {
            const double *known = noise->solution + i * POINTS;
            for (size_t p = 0; p < POINTS; p++)
                y[p] -= row[i] * known[p];
        }
        for (size_t p = 0; p < POINTS; p++) {
            y[p] *= inverse;
            score[p] += y[p] * y[p];
        }
    }
    return mean_of(score, weight);
}

FGF_CLONES
void fgf_noise_case_score(fgf_noise_case *noise, const fgf_align_settings *settings,
                          const fgf_real *g, const double *weight, size_t points, double *square,
                          double *joint)
{
    size_t draws = noise->bank->draws, scored = 0, next = 0;
    double point_weight[POINTS];
    bool vanished = false;
    memset(square, 0, draws * sizeof *square);
    if (joint)
        memset(joint, 0, draws * sizeof *joint);
    while (next < points && !vanished) {
        size_t count =
            take_points(noise, settings, g, weight, points, &next, point_weight, &vanished);
        if (count == 0)
            break;
        scored += count;
        make_cosines(noise);
        for (size_t m = 0; m < draws; m++) {
            square[m] += square_mean(noise->cosine + m * POINTS, point_weight);
            if (joint)
                joint[m] += joint_mean(noise, m, point_weight);
        }
    }
    for (size_t m = 0; (scored == 0 || vanished) && m < draws; m++) {
        square[m] = NAN;
        if (joint)
            joint[m] = NAN;
    }
}
