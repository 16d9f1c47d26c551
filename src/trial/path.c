#include "trial_internal.h"

#include "fgf/memory.h"

#include <string.h>

void path_begin(path_record *path, size_t features, size_t n)
{
    path->features = features;
    path->n = n;
    path->count = 0;
}

/* A larger array of `elements`, the first `used` ones kept. */
static fgf_status grow(void **array, size_t used, size_t elements, size_t size)
{
    fgf_status status = FGF_OK;
    void *larger = NULL;
    FGF_TRY(fgf_allocate_bytes(elements, size, &larger));
    if (used > 0)
        memcpy(larger, *array, used * size);
    fgf_free(*array);
    *array = larger;
done:
    return status;
}

fgf_status path_extend(path_record *path, double arc)
{
    fgf_status status = FGF_OK;
    size_t k = path->count;
    if (k + 1 > path->capacity) {
        size_t capacity = 2 * k + 64;
        FGF_TRY(grow((void **)&path->arc, k, capacity, sizeof *path->arc));
        FGF_TRY(grow((void **)&path->joint, k, capacity, sizeof *path->joint));
        path->capacity = capacity;
    }
    if ((k + 1) * path->features > path->cosine_capacity) {
        size_t capacity = (2 * k + 64) * path->features;
        FGF_TRY(grow((void **)&path->cosine, k * path->features, capacity, sizeof *path->cosine));
        path->cosine_capacity = capacity;
    }
    if ((k + 1) * path->n > path->gradient_capacity) {
        size_t capacity = (k + k / 2 + 32) * path->n;
        FGF_TRY(grow((void **)&path->gradient, k * path->n, capacity, sizeof *path->gradient));
        path->gradient_capacity = capacity;
    }
    path->arc[k] = arc;
    path->count = k + 1;
done:
    return status;
}

void path_clear(path_record *path)
{
    fgf_free(path->arc);
    fgf_free(path->cosine);
    fgf_free(path->joint);
    fgf_free(path->gradient);
    memset(path, 0, sizeof *path);
}

double path_mean(const double *arc, const double *value, size_t stride, size_t count,
                 double *coverage)
{
    double sum = 0, covered = 0;
    double length = count > 0 ? arc[count - 1] - arc[0] : 0;
    if (count == 0 || length <= 0) {
        bool there = count > 0 && !isnan(value[0]);
        *coverage = there ? 1 : 0;
        return there ? value[0] : NAN;
    }
    for (size_t k = 1; k < count; k++) {
        double a = value[(k - 1) * stride], b = value[k * stride], ds = arc[k] - arc[k - 1];
        if (isnan(a) || isnan(b))
            continue;
        sum += 0.5 * (a + b) * ds;
        covered += ds;
    }
    *coverage = covered / length;
    return covered > 0 ? sum / covered : NAN;
}

void path_weights(const double *arc, const bool *missing, size_t count, double *weight)
{
    double total = 0;
    memset(weight, 0, count * sizeof *weight);
    for (size_t k = 1; k < count; k++) {
        double ds = arc[k] - arc[k - 1];
        if (missing[k - 1] || missing[k])
            continue;
        weight[k - 1] += 0.5 * ds;
        weight[k] += 0.5 * ds;
        total += ds;
    }
    if (total > 0) {
        for (size_t k = 0; k < count; k++)
            weight[k] /= total;
    } else if (count > 0 && !missing[0] && arc[count - 1] - arc[0] <= 0) {
        weight[0] = 1;
    }
}
