/* The noise maps restricted to one region, and the factored Gram matrices of the joint null.
 *
 * Joint null: group m is the maps m, m + stride, ..., m + (K - 1) stride (mod M). With the stride
 * the greatest number up to M / K that is coprime to M, all M groups differ, each map is in K of
 * them, and any `stride` groups in a row share no map. The Gram matrices of all groups hold the
 * products of maps 1, ..., K - 1 strides apart and nothing else: M (K - 1) products in all. */
#include "align_private.h"
#include "noise_private.h"

#include "fgf/memory.h"

#include <assert.h>
#include <math.h>
#include <string.h>

/* Least squared length left of a unit map for it to count in its group's rank. The Cholesky pivots
 * of a Gram matrix are these squares, good to about 1e-15, so that this keeps five digits. */
static const double least_pivot = 1e-10;

/* A factor divides by the pivots' roots and would blow up the rounding of a product in float by as
 * much: the maps of a group with a pivot below this one get theirs in double. */
static const double delicate_pivot = 1e-3;

fgf_status fgf_noise_case_create(const fgf_noise_bank *bank, size_t greatest_n, size_t group,
                                 fgf_noise_case **out)
{
    fgf_status status = FGF_OK;
    fgf_noise_case *noise = NULL;
    size_t draws = bank->draws;
    *out = NULL;
    FGF_TRY(FGF_ALLOCATE(1, &noise));
    noise->bank = bank;
    noise->greatest_n = greatest_n;
    noise->greatest_group = group;
    FGF_TRY(fgf_allocate_bytes(draws, greatest_n * sizeof *noise->maps, (void **)&noise->maps));
    FGF_TRY(FGF_ALLOCATE(draws, &noise->norm));
    FGF_TRY(FGF_ALLOCATE(draws * group, &noise->product));
    FGF_TRY(FGF_ALLOCATE(draws * group * group, &noise->factor));
    FGF_TRY(FGF_ALLOCATE(draws * group, &noise->order));
    FGF_TRY(FGF_ALLOCATE(draws, &noise->rank));
    FGF_TRY(FGF_ALLOCATE(draws, &noise->delicate));
    FGF_TRY(FGF_ALLOCATE(group, &noise->left));
    FGF_TRY(fgf_allocate_bytes(FGF_NOISE_POINTS, greatest_n * sizeof *noise->unit,
                               (void **)&noise->unit));
    FGF_TRY(FGF_ALLOCATE(draws * FGF_NOISE_POINTS, &noise->panel));
    FGF_TRY(FGF_ALLOCATE(draws * FGF_NOISE_POINTS, &noise->cosine));
    FGF_TRY(FGF_ALLOCATE(group * FGF_NOISE_POINTS, &noise->solution));
    FGF_TRY(FGF_ALLOCATE(greatest_n, &noise->run));
    *out = noise;
    noise = NULL;
done:
    fgf_noise_case_destroy(&noise);
    return status;
}

void fgf_noise_case_destroy(fgf_noise_case **noise)
{
    fgf_noise_case *c = *noise;
    if (c) {
        fgf_free(c->maps);
        fgf_free(c->norm);
        fgf_free(c->product);
        fgf_free(c->factor);
        fgf_free(c->order);
        fgf_free(c->rank);
        fgf_free(c->delicate);
        fgf_free(c->left);
        fgf_free(c->unit);
        fgf_free(c->panel);
        fgf_free(c->cosine);
        fgf_free(c->solution);
        fgf_free(c->run);
    }
    fgf_free(c);
    *noise = NULL;
}

static size_t common_divisor(size_t a, size_t b)
{
    while (b) {
        size_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

static size_t stride_of(size_t draws, size_t group)
{
    size_t stride = group > 0 ? draws / group : 1;
    while (stride > 1 && common_divisor(draws, stride) != 1)
        stride--;
    return stride > 0 ? stride : 1;
}

/* Where the region's pixels are in the bank: as runs of neighbours, mostly its rows. */
static fgf_status find_runs(fgf_noise_case *noise, const fgf_region *region)
{
    fgf_status status = FGF_OK;
    noise->run_count = 0;
    for (size_t i = 0; i < region->pixel_count; i++) {
        int32_t slot = noise->bank->slot[region->pixel[i]];
        fgf_noise_run *last = noise->run_count > 0 ? &noise->run[noise->run_count - 1] : NULL;
        if (slot < 0)
            FGF_FAIL(FGF_INTERNAL, "pixel %d of a region is not among those with noise",
                     (int)region->pixel[i]);
        if (last && slot == last->slot + last->length)
            last->length++;
        else
            noise->run[noise->run_count++] = (fgf_noise_run){.slot = slot, .length = 1};
    }
done:
    return status;
}

/* Maps lie far apart and a region's rows are short: `ahead`, the map that comes next, is asked for
 * while this one is copied. */
static void gather_map(const fgf_noise_case *noise, const float *from, const float *ahead,
                       fgf_real *to)
{
    enum { LINE = 64 / sizeof(float) };
    for (size_t r = 0; r < noise->run_count; r++) {
        const float *slot = from + noise->run[r].slot, *next = ahead + noise->run[r].slot;
        const int32_t length = noise->run[r].length;
        for (int32_t i = 0; i < length + LINE - 1; i += LINE)
            __builtin_prefetch(next + (i < length ? i : length - 1));
        for (int32_t i = 0; i < length; i++)
            to[i] = slot[i];
        to += length;
    }
}

static fgf_status gather(fgf_noise_case *noise, size_t kind, const fgf_region *region)
{
    fgf_status status = FGF_OK;
    const fgf_noise_bank *bank = noise->bank;
    FGF_TRY(find_runs(noise, region));
    for (size_t c = 0; c < region->channel_count; c++) {
        size_t at = 0;
        while (at < bank->channel_count && bank->channel[at] != region->channel[c])
            at++;
        if (at == bank->channel_count)
            FGF_FAIL(FGF_INTERNAL, "channel %d of a region has no noise", region->channel[c]);
        for (size_t m = 0; m < bank->draws; m++)
            gather_map(noise, fgf_noise_map(bank, kind, at, m),
                       fgf_noise_map(bank, kind, at, m + 1 < bank->draws ? m + 1 : m),
                       noise->maps + m * noise->n + c * region->pixel_count);
    }
done:
    return status;
}

/* Norms, and the cosines between maps that stand in one group. */
static void make_products(fgf_noise_case *noise)
{
    size_t draws = noise->bank->draws, n = noise->n, group = noise->group;
    for (size_t m = 0; m < draws; m++) {
        const fgf_real *map = noise->maps + m * n;
        noise->norm[m] = sqrt(fgf_align_dot_real(map, map, n));
    }
    for (size_t m = 0; m < draws; m++) {
        const fgf_real *map = noise->maps + m * n;
        for (size_t d = 1; d < group; d++) {
            size_t other = fgf_noise_member(noise, m, d);
            double scale = noise->norm[m] * noise->norm[other];
            double product = fgf_align_dot_real(map, noise->maps + other * n, n);
            noise->product[m * group + d] = scale > 0 ? product / scale : 0;
        }
    }
}

/* Cosine of the maps a and b of group m. */
static double gram(const fgf_noise_case *noise, size_t m, int a, int b)
{
    int first = a < b ? a : b, apart = a < b ? b - a : a - b;
    size_t map = fgf_noise_member(noise, m, (size_t)first);
    if (apart == 0)
        return noise->norm[map] > 0 ? 1 : 0;
    return noise->product[map * noise->group + (size_t)apart];
}

/* Cholesky with pivoting of group m's Gram matrix: rows of L for the maps order[0], order[1], ...
 * as far as the rank goes. */
static void factor_group(fgf_noise_case *noise, size_t m)
{
    size_t group = noise->group, k = 0;
    double least = 1;
    double *factor = noise->factor + m * group * group, *left = noise->left;
    int *order = noise->order + m * group;
    for (size_t j = 0; j < group; j++) {
        order[j] = (int)j;
        left[j] = gram(noise, m, (int)j, (int)j);
    }
    for (; k < group; k++) {
        size_t best = k;
        for (size_t j = k + 1; j < group; j++)
            if (left[order[j]] > left[order[best]])
                best = j;
        if (!(left[order[best]] > least_pivot))
            break;
        int pivot = order[best];
        order[best] = order[k];
        order[k] = pivot;
        least = fmin(least, left[pivot]);
        /* Rows are kept by map while columns grow, and read by order in the end. */
        double *row = factor + (size_t)pivot * group;
        row[k] = sqrt(left[pivot]);
        for (size_t j = k + 1; j < group; j++) {
            double *other = factor + (size_t)order[j] * group;
            double sum = gram(noise, m, pivot, order[j]);
            for (size_t i = 0; i < k; i++)
                sum -= row[i] * other[i];
            other[k] = sum / row[k];
            left[order[j]] -= other[k] * other[k];
        }
    }
    noise->rank[m] = (int)k;
    for (size_t j = 0; j < group && least < delicate_pivot; j++)
        noise->delicate[fgf_noise_member(noise, m, j)] = true;
}

fgf_status fgf_noise_case_select(fgf_noise_case *noise, size_t kind, const fgf_region *region,
                                 size_t group)
{
    fgf_status status = FGF_OK;
    size_t n = fgf_region_size(region);
    if (kind >= noise->bank->kinds || n > noise->greatest_n || group > noise->greatest_group)
        FGF_FAIL(FGF_INTERNAL,
                 "noise kind %zu, %zu values, groups of %zu: room for %zu kinds, %zu, %zu", kind, n,
                 group, noise->bank->kinds, noise->greatest_n, noise->greatest_group);
    noise->n = n;
    /* More maps a group than there are maps: there is no joint null. */
    noise->group = group <= noise->bank->draws ? group : 0;
    noise->stride = stride_of(noise->bank->draws, noise->group);
    FGF_TRY(gather(noise, kind, region));
    make_products(noise);
    memset(noise->delicate, 0, noise->bank->draws * sizeof *noise->delicate);
    for (size_t m = 0; m < noise->bank->draws; m++)
        factor_group(noise, m);
done:
    return status;
}
