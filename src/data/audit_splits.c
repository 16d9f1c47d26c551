/* Checks of splits: what lies on two sides of one, and parts that are too small. */
#include "audit_private.h"
#include "fgf/memory.h"
#include "split_private.h"

#include <stdio.h>
#include <string.h>

/* ---- the splits ---- */

static fgf_status grow(fgf_audit_splits *splits)
{
    fgf_status status = FGF_OK;
    fgf_audit_split *more = NULL;
    FGF_TRY(FGF_ALLOCATE(splits->count + 1, &more));
    if (splits->count)
        memcpy(more, splits->split, splits->count * sizeof *more);
    fgf_free(splits->split);
    splits->split = more;
done:
    return status;
}

/* What each case gets by itself, before patients are kept together: as far as that can be told. */
static fgf_status first_roles(const fgf_split_settings *settings, const fgf_dataset *dataset,
                              int8_t *role)
{
    fgf_status status = FGF_OK;
    const size_t count = fgf_dataset_case_count(dataset);
    const fgf_case **cases = NULL;
    FGF_TRY(FGF_ALLOCATE(count, &cases));
    for (size_t i = 0; i < count; i++)
        cases[i] = fgf_dataset_case(dataset, i);
    status = fgf_split_first_roles(settings, cases, count, role);
    if (status == FGF_USAGE || status == FGF_DATA) {
        memset(role, FGF_ROLE_OUT, count);
        status = FGF_OK;
    }
    FGF_TRY(status);
done:
    fgf_free(cases);
    return status;
}

static fgf_status add_one(fgf_audit_splits *splits, const fgf_split_settings *settings,
                          const fgf_dataset *dataset)
{
    fgf_status status = FGF_OK;
    fgf_buffer name = {0};
    FGF_TRY(grow(splits));
    fgf_audit_split *split = &splits->split[splits->count++];
    fgf_split_describe(settings, &name);
    FGF_TRY(name.status);
    FGF_TRY(fgf_copy_text(name.text, &split->name));
    FGF_TRY(FGF_ALLOCATE(fgf_dataset_case_count(dataset), &split->role));
    status = fgf_split_assign(settings, dataset, split->role);
    if (status == FGF_USAGE || status == FGF_DATA) {
        FGF_TRY(fgf_copy_text(fgf_last_error()->message, &split->fault));
        FGF_TRY(first_roles(settings, dataset, split->role));
        status = FGF_OK;
    }
    FGF_TRY(status);
done:
    fgf_buffer_clear(&name);
    return status;
}

fgf_status fgf_audit_splits_add(fgf_audit_splits *splits, const fgf_split_settings *settings,
                                const fgf_dataset *dataset, bool every_part)
{
    fgf_status status = FGF_OK;
    fgf_split_settings s = *settings;
    size_t parts = 1;
    if (!every_part)
        return add_one(splits, settings, dataset);
    FGF_TRY(fgf_split_part_count(settings, dataset, &parts));
    const bool named = s.kind == FGF_SPLIT_LEAVE_CENTRE_OUT && s.centre && *s.centre;
    for (size_t part = 0; part < (named || parts == 0 ? 1 : parts); part++) {
        s.fold = parts > 1 ? (int64_t)part : settings->fold;
        for (int64_t inner = 0; inner < (s.inner_folds > 0 ? s.inner_folds : 1); inner++) {
            s.inner_fold = s.inner_folds > 0 ? inner : settings->inner_fold;
            FGF_TRY(add_one(splits, &s, dataset));
            if (splits->split[splits->count - 1].fault)
                goto done; /* the others have the same one */
        }
    }
done:
    return status;
}

void fgf_audit_splits_clear(fgf_audit_splits *splits)
{
    for (size_t k = 0; k < splits->count; k++) {
        fgf_free(splits->split[k].name);
        fgf_free(splits->split[k].fault);
        fgf_free(splits->split[k].role);
    }
    fgf_free(splits->split);
    *splits = (fgf_audit_splits){NULL, 0};
}

static fgf_status no_split(fgf_finding *out)
{
    return fgf_finding_skip(out, "no split is given");
}

fgf_status fgf_check_split_faults(const audit_input *in, fgf_finding *out)
{
    fgf_status status = FGF_OK;
    if (in->splits->count == 0)
        return no_split(out);
    for (size_t k = 0; k < in->splits->count; k++)
        if (in->splits->split[k].fault)
            FGF_TRY(fgf_finding_add(out, FGF_VERDICT_FAULT, in->splits->split[k].name, "%s",
                                    in->splits->split[k].fault));
done:
    return status;
}

/* ---- two sides ---- */

/* Tells of cases that belong together, as their keys say, and that a split parts: each that has
 * another role than the first with one. */
static fgf_status find_parted(const audit_input *in, const keyed_case *cases,
                              const fgf_audit_split *split, bool by_patient, fgf_finding *out)
{
    fgf_status status = FGF_OK;
    for (size_t first = 0, end; first < in->count; first = end) {
        const keyed_case *seen = NULL;
        end = fgf_audit_run_end(cases, in->count, first);
        for (size_t k = first; k < end && end - first > 1; k++) {
            const fgf_case *item = audit_case(in, cases[k].index);
            const int8_t role = split->role[cases[k].index];
            if (role == FGF_ROLE_OUT || item->label < 0)
                continue;
            if (!seen)
                seen = &cases[k];
            const fgf_case *one = audit_case(in, seen->index);
            if (role != split->role[seen->index])
                FGF_TRY(fgf_finding_add(out, FGF_VERDICT_FAULT,
                                        by_patient ? cases[k].key : item->id,
                                        "%s: %s in %s, %s in %s", split->name, one->id,
                                        fgf_role_name((fgf_role)split->role[seen->index]), item->id,
                                        fgf_role_name((fgf_role)role)));
        }
    }
done:
    return status;
}

fgf_status fgf_check_torn_patients(const audit_input *in, fgf_finding *out)
{
    fgf_status status = FGF_OK;
    keyed_case *cases = NULL;
    if (in->splits->count == 0)
        return no_split(out);
    FGF_TRY(FGF_ALLOCATE(in->count, &cases));
    for (size_t i = 0; i < in->count; i++)
        cases[i] = (keyed_case){fgf_split_patient(audit_case(in, i)), i};
    fgf_audit_sort(cases, in->count);
    for (size_t k = 0; k < in->splits->count; k++)
        FGF_TRY(find_parted(in, cases, &in->splits->split[k], true, out));
done:
    fgf_free(cases);
    return status;
}

/* The case that stands for i's group. */
static size_t root_of(size_t *parent, size_t i)
{
    while (parent[i] != i)
        i = parent[i] = parent[parent[i]];
    return i;
}

/* Joins the groups of cases with one key. */
static void join(keyed_case *cases, size_t count, size_t *parent)
{
    fgf_audit_sort(cases, count);
    for (size_t k = 1; k < count; k++)
        if (cases[k].key[0] && strcmp(cases[k].key, cases[k - 1].key) == 0) {
            const size_t a = root_of(parent, cases[k - 1].index);
            const size_t b = root_of(parent, cases[k].index);
            parent[a > b ? a : b] = a > b ? b : a;
        }
}

/* An empty key where an image says too little to be known again. */
static const char *sameness(const audit_input *in, size_t i, int how)
{
    const int channels = fgf_dataset_cohort(in->dataset)->shape.channels;
    const case_facts *facts = &in->facts[i];
    const bool plain =
        facts->damaged || facts->pixels == 0 || facts->constant == ((uint32_t)1 << channels) - 1;
    if (how == 0)
        return audit_case(in, i)->source_hash;
    if (plain)
        return "";
    if (how == 1)
        return facts->image;
    return facts->pixels >= in->settings->tiny_pixels ? facts->region : "";
}

fgf_status fgf_check_split_duplicates(const audit_input *in, fgf_finding *out)
{
    fgf_status status = FGF_OK;
    keyed_case *cases = NULL;
    size_t *parent = NULL;
    char(*group)[24] = NULL;
    if (in->splits->count == 0)
        return no_split(out);
    FGF_TRY(FGF_ALLOCATE(in->count, &cases));
    FGF_TRY(FGF_ALLOCATE(in->count, &parent));
    FGF_TRY(FGF_ALLOCATE(in->count, &group));
    for (size_t i = 0; i < in->count; i++)
        parent[i] = i;
    for (int how = 0; how < 3; how++) {
        for (size_t i = 0; i < in->count; i++)
            cases[i] = (keyed_case){sameness(in, i, how), i};
        join(cases, in->count, parent);
    }
    for (size_t i = 0; i < in->count; i++) {
        snprintf(group[i], sizeof group[i], "%zu", root_of(parent, i));
        cases[i] = (keyed_case){group[i], i};
    }
    fgf_audit_sort(cases, in->count);
    for (size_t k = 0; k < in->splits->count; k++)
        FGF_TRY(find_parted(in, cases, &in->splits->split[k], false, out));
done:
    fgf_free(cases);
    fgf_free(parent);
    fgf_free(group);
    return status;
}

/* ---- small parts ---- */

static fgf_status look_at_part(const audit_input *in, const fgf_audit_split *split, fgf_role role,
                               fgf_finding *out)
{
    fgf_status status = FGF_OK;
    size_t of[2] = {0, 0};
    for (size_t i = 0; i < in->count; i++)
        if (split->role[i] == (int8_t)role && audit_case(in, i)->label >= 0)
            of[audit_case(in, i)->label]++;
    const size_t least = of[0] < of[1] ? of[0] : of[1];
    if ((role != FGF_ROLE_TRAIN && of[0] + of[1] == 0) ||
        least >= (size_t)in->settings->least_events)
        return FGF_OK;
    FGF_TRY(fgf_finding_add(
        out, role == FGF_ROLE_TRAIN && least == 0 ? FGF_VERDICT_FAULT : FGF_VERDICT_WARNING,
        split->name, "%s: %zu with label 1, %zu with label 0", fgf_role_name(role), of[1], of[0]));
done:
    return status;
}

fgf_status fgf_check_split_events(const audit_input *in, fgf_finding *out)
{
    fgf_status status = FGF_OK;
    if (in->splits->count == 0)
        return no_split(out);
    for (size_t k = 0; k < in->splits->count; k++)
        for (int role = FGF_ROLE_TRAIN; role < FGF_ROLE_COUNT && !in->splits->split[k].fault;
             role++)
            FGF_TRY(look_at_part(in, &in->splits->split[k], (fgf_role)role, out));
done:
    return status;
}
