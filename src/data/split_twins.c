/* Cases that are the same and count as two: where one trains and the other tests, the test is none.
 */
#include "fgf/memory.h"
#include "split_private.h"

#include <stdlib.h>
#include <string.h>

typedef struct named_case {
    const char *hash, *patient;
    size_t index;
} named_case;

static int by_hash(const void *a, const void *b)
{
    const named_case *x = a, *y = b;
    const int order = strcmp(x->hash, y->hash);
    return order != 0 ? order : (x->index > y->index) - (x->index < y->index);
}

static int by_group(const void *a, const void *b)
{
    const fgf_twin *x = a, *y = b;
    if (x->first != y->first)
        return x->first < y->first ? -1 : 1;
    return (x->second > y->second) - (x->second < y->second);
}

/* Ties the cases of one hash to the first of them, unless all are of one patient. */
static size_t tie(const named_case *names, size_t count, fgf_twin *out)
{
    bool patients = false;
    for (size_t i = 1; i < count; i++)
        patients |= strcmp(names[i].patient, names[0].patient) != 0;
    for (size_t i = 1; patients && i < count; i++)
        out[i - 1] = (fgf_twin){names[0].index, names[i].index};
    return patients ? count - 1 : 0;
}

static size_t tie_all(named_case *names, size_t count, fgf_twin *out)
{
    size_t added = 0, first = 0;
    if (count)
        qsort(names, count, sizeof *names, by_hash);
    for (size_t i = 1; i <= count; i++) {
        if (i < count && names[first].hash[0] && strcmp(names[i].hash, names[first].hash) == 0)
            continue;
        added += tie(names + first, i - first, out + added);
        first = i;
    }
    return added;
}

fgf_status fgf_split_twins(const fgf_dataset *dataset, fgf_twin **out, size_t *count)
{
    fgf_status status = FGF_OK;
    const size_t cases = fgf_dataset_case_count(dataset);
    named_case *names = NULL;
    *count = 0;
    FGF_TRY(FGF_ALLOCATE(2 * cases, out));
    FGF_TRY(FGF_ALLOCATE(cases, &names));
    for (int by_source = 0; by_source <= 1; by_source++) {
        for (size_t i = 0; i < cases; i++) {
            const fgf_case *item = fgf_dataset_case(dataset, i);
            names[i] =
                (named_case){by_source ? item->source_hash : fgf_dataset_case_hash(dataset, i),
                             fgf_split_patient(item), i};
        }
        *count += tie_all(names, cases, *out + *count);
    }
    if (*count)
        qsort(*out, *count, sizeof **out, by_group);
    size_t kept = 0;
    for (size_t k = 0; k < *count; k++)
        if (kept == 0 || by_group(&(*out)[kept - 1], &(*out)[k]) != 0)
            (*out)[kept++] = (*out)[k];
    *count = kept;
done:
    fgf_free(names);
    return status;
}

bool fgf_split_leak(const fgf_twin *twins, size_t count, const int8_t *role, fgf_twin *out)
{
    size_t seen = 0; /* a case of the group that has a part in the split */
    for (size_t k = 0; k < count; k++) {
        if (k == 0 || twins[k].first != twins[k - 1].first)
            seen = twins[k].first;
        const size_t other = twins[k].second;
        *out = (fgf_twin){seen, other};
        if (role[seen] == FGF_ROLE_OUT)
            seen = other;
        else if (role[other] != FGF_ROLE_OUT && role[other] != role[seen])
            return true;
    }
    return false;
}
