/* Cosines, and the joint score by a Householder QR with column pivoting.
 *
 * The reflectors are applied to g along with the columns: after r of them the first r elements of
 * Q^T g are g's coordinates in span(V), so that A needs no explicit Q, and P_V g is the reflectors
 * in reverse order on those coordinates alone. */
#include "align_private.h"
#include "fgf/memory.h"

#include <assert.h>
#include <math.h>
#include <string.h>

fgf_status fgf_align_work_create(size_t n, size_t features, fgf_align_work **out)
{
    fgf_status status = FGF_OK;
    fgf_align_work *work = NULL;
    *out = NULL;
    FGF_TRY(FGF_ALLOCATE(1, &work));
    work->n = n;
    work->features = features;
    FGF_TRY(FGF_ALLOCATE(n, &work->g));
    FGF_TRY(FGF_ALLOCATE(n, &work->original));
    FGF_TRY(fgf_allocate_bytes(features, n * sizeof(double), (void **)&work->columns));
    FGF_TRY(FGF_ALLOCATE(features, &work->column));
    FGF_TRY(FGF_ALLOCATE(features, &work->beta));
    FGF_TRY(FGF_ALLOCATE(features, &work->rest));
    FGF_TRY(FGF_ALLOCATE(features, &work->norm));
    FGF_TRY(FGF_ALLOCATE(features, &work->cosine));
    *out = work;
    work = NULL;
done:
    fgf_align_work_destroy(&work);
    return status;
}

void fgf_align_work_destroy(fgf_align_work **work)
{
    if (*work) {
        fgf_free((*work)->g);
        fgf_free((*work)->original);
        fgf_free((*work)->columns);
        fgf_free((*work)->column);
        fgf_free((*work)->beta);
        fgf_free((*work)->rest);
        fgf_free((*work)->norm);
        fgf_free((*work)->cosine);
    }
    fgf_free(*work);
    *work = NULL;
}

static void copy(const fgf_real *from, size_t n, double *to)
{
    for (size_t i = 0; i < n; i++)
        to[i] = (double)from[i];
}

double fgf_align_cosines(fgf_align_work *work, const fgf_align_settings *settings,
                         const fgf_real *g, const fgf_real *v, size_t features, size_t n,
                         bool *vanished)
{
    double norm;
    assert(n <= work->n && features <= work->features);
    copy(g, n, work->original);
    memcpy(work->g, work->original, n * sizeof *work->g);
    norm = sqrt(fgf_align_dot(work->g, work->g, n));
    /* Squares of doubles may have no end: then nothing is known of the direction either. */
    *vanished = !(norm > settings->vanish * sqrt((double)n)) || !isfinite(norm * norm);
    for (size_t j = 0; j < features; j++) {
        double *column = work->columns + j * n;
        copy(v + j * n, n, column);
        work->norm[j] = sqrt(fgf_align_dot(column, column, n));
        work->cosine[j] = NAN;
        if (*vanished || !(work->norm[j] > 0) || !isfinite(work->norm[j]))
            continue;
        double cosine = fgf_align_dot(work->g, column, n) / norm / work->norm[j];
        work->cosine[j] = fmax(-1, fmin(1, cosine));
    }
    return norm;
}

/* Turns a column into the vector w of the reflector that takes it to a multiple of the first unit
 * vector; `square` is its squared length. Returns beta = 2 / |w|^2. */
static double make_reflector(double *column, double square)
{
    double length = sqrt(square), first = column[0];
    column[0] = first + copysign(length, first);
    return 1 / (square + fabs(first) * length);
}

/* The remaining column with the most left; the first one at a tie. */
static size_t pivot_of(const double *rest, size_t first, size_t count)
{
    size_t best = first;
    for (size_t j = first + 1; j < count; j++)
        if (rest[j] > rest[best])
            best = j;
    return best;
}

static void swap_columns(fgf_align_work *work, size_t a, size_t b)
{
    double *column = work->column[a], rest = work->rest[a];
    work->column[a] = work->column[b];
    work->column[b] = column;
    work->rest[a] = work->rest[b];
    work->rest[b] = rest;
}

int fgf_align_factor(fgf_align_work *work, double tolerance, size_t features, size_t n,
                     double *square)
{
    size_t count = 0, k = 0;
    for (size_t j = 0; j < features; j++) {
        if (!(work->norm[j] > 0))
            continue;
        double *column = work->columns + j * n;
        for (size_t i = 0; i < n; i++)
            column[i] /= work->norm[j];
        work->column[count] = column;
        work->rest[count++] = fgf_align_dot(column, column, n);
    }
    *square = 0;
    for (; k < count && k < n; k++) {
        size_t left = n - k;
        swap_columns(work, k, pivot_of(work->rest, k, count));
        /* Columns have unit length: what is left of one is relative as it is. */
        if (!(work->rest[k] > tolerance * tolerance))
            break;
        double *w = work->column[k] + k;
        double beta = work->beta[k] = make_reflector(w, work->rest[k]);
        for (size_t j = k + 1; j < count; j++) {
            double *a = work->column[j] + k;
            work->rest[j] = fgf_align_reduce(a, w, beta * fgf_align_dot(w, a, left), left);
        }
        double *g = work->g + k;
        fgf_align_reduce(g, w, beta * fgf_align_dot(w, g, left), left);
        *square += g[0] * g[0];
    }
    return (int)k;
}

void fgf_align_project(fgf_align_work *work, int rank, size_t n)
{
    memset(work->g + rank, 0, (n - (size_t)rank) * sizeof *work->g);
    for (int k = rank - 1; k >= 0; k--) {
        const double *w = work->column[k] + k;
        double *g = work->g + k;
        size_t left = n - (size_t)k;
        fgf_align_reduce(g, w, work->beta[k] * fgf_align_dot(w, g, left), left);
    }
}

fgf_joint fgf_agreement(fgf_align_work *work, const fgf_align_settings *settings, const fgf_real *g,
                        const fgf_real *v, size_t features, size_t n, double *cosine)
{
    fgf_joint joint = {.score = NAN};
    bool vanished = false;
    double square = 0;
    joint.norm = fgf_align_cosines(work, settings, g, v, features, n, &vanished);
    joint.rank = fgf_align_factor(work, settings->rank_tolerance, features, n, &square);
    joint.dropped = (int)features - joint.rank;
    if (cosine)
        memcpy(cosine, work->cosine, features * sizeof *cosine);
    if (!vanished && joint.rank > 0 && n > (size_t)joint.rank)
        joint.score = fmin(1, square / (joint.norm * joint.norm));
    return joint;
}
