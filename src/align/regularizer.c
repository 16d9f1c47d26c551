/* The regularizer of training and its derivative in g (METHOD.md, "Training with alignment"):
 *
 *     joint         R = 1 - A                   u = -2 (P_V g - A g) / |g|^2
 *     per feature   R = sum_j w_j (1 - s_j)     u = -sum_j w_j (2 c_j / (|g| |v_j|) v_j - 2 s_j /
 * |g|^2 g)
 *
 * R does not change with |g|, so <u, g> = 0. */
#include "align_private.h"

#include <assert.h>
#include <math.h>
#include <string.h>

/* Stores work->g as u. What is lost of <u, g> = 0 is rounding of the sums; `scale` bounds |R|. */
static void store(const fgf_align_work *work, double scale, size_t n, fgf_real *u)
{
    assert(fabs(fgf_align_dot(work->g, work->original, n)) <= 1e-9 * scale);
    (void)scale;
    for (size_t i = 0; i < n; i++)
        u[i] = (fgf_real)work->g[i];
}

static fgf_regularizer joint(fgf_align_work *work, const fgf_align_settings *settings, double norm,
                             size_t features, size_t n, fgf_real *u)
{
    double projected = 0, square = norm * norm;
    int rank = fgf_align_factor(work, settings->rank_tolerance, features, n, &projected);
    /* With n <= rank every direction is in the span, whatever g is: A says nothing. */
    if (rank == 0 || n <= (size_t)rank)
        return (fgf_regularizer){.value = 1, .degenerate = true};
    double score = projected / square;
    fgf_align_project(work, rank, n);
    for (size_t i = 0; i < n; i++)
        work->g[i] = -2 * (work->g[i] - score * work->original[i]) / square;
    store(work, 1, n, u);
    return (fgf_regularizer){.value = fmax(0, 1 - score)};
}

static fgf_regularizer per_feature(fgf_align_work *work, const double *weights, double norm,
                                   size_t features, size_t n, fgf_real *u)
{
    fgf_regularizer result = {.degenerate = true};
    double along_g = 0, scale = 1;
    memset(work->g, 0, n * sizeof *work->g);
    for (size_t j = 0; j < features; j++) {
        result.value += weights[j];
        if (isnan(work->cosine[j]))
            continue;
        double cosine = work->cosine[j];
        result.degenerate = false;
        result.value -= weights[j] * cosine * cosine;
        along_g += weights[j] * cosine * cosine;
        scale += fabs(weights[j]);
        fgf_align_reduce(work->g, work->columns + j * n,
                         2 * weights[j] * cosine / (norm * work->norm[j]), n);
    }
    if (result.degenerate)
        return result;
    for (size_t i = 0; i < n; i++)
        work->g[i] += 2 * along_g / norm * (work->original[i] / norm);
    store(work, scale, n, u);
    return result;
}

fgf_regularizer fgf_regularize(fgf_align_work *work, const fgf_align_settings *settings,
                               fgf_regularizer_form form, const double *weights, const fgf_real *g,
                               const fgf_real *v, size_t features, size_t n, fgf_real *u)
{
    bool vanished = false;
    double norm = fgf_align_cosines(work, settings, g, v, features, n, &vanished);
    memset(u, 0, n * sizeof *u);
    if (!isfinite(norm * norm))
        return (fgf_regularizer){.value = NAN, .degenerate = true};
    if (vanished && form == FGF_REGULARIZER_JOINT)
        return (fgf_regularizer){.value = 1, .degenerate = true};
    return form == FGF_REGULARIZER_JOINT ? joint(work, settings, norm, features, n, u)
                                         : per_feature(work, weights, norm, features, n, u);
}
