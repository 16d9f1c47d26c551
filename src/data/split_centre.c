/* Splits by centre. */
#include "fgf/memory.h"
#include "split_private.h"

#include <stdlib.h>
#include <string.h>

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

size_t fgf_split_list_centres(const fgf_case *const *cases, size_t count, bool labelled,
                              const char **names)
{
    size_t kept = 0, listed = 0;
    for (size_t i = 0; i < count; i++)
        if (!labelled || cases[i]->label >= 0)
            names[listed++] = cases[i]->centre;
    if (listed)
        qsort(names, listed, sizeof *names, by_text);
    for (size_t i = 0; i < listed; i++)
        if (kept == 0 || strcmp(names[kept - 1], names[i]) != 0)
            names[kept++] = names[i];
    return kept;
}

static bool holds(const fgf_texts *texts, const char *text)
{
    for (size_t i = 0; i < texts->count; i++)
        if (strcmp(texts->values[i], text) == 0)
            return true;
    return false;
}

static void add_list(const fgf_texts *texts, fgf_buffer *out)
{
    for (size_t i = 0; i < texts->count; i++)
        fgf_buffer_add(out, "%s\"%s\"", i ? ", " : "", texts->values[i]);
}

static void check_centre(const char *key, const char *wanted, const char *const *centres,
                         size_t count, fgf_faults *faults)
{
    const fgf_texts there = {centres, count};
    if (holds(&there, wanted))
        return;
    const char *near = fgf_nearest_name(wanted, centres, count);
    fgf_buffer list = {0};
    add_list(&there, &list);
    fgf_faults_add(faults, "split.%s: no case has the centre \"%s\"; there are %s%s%s%s", key,
                   wanted, list.text ? list.text : "none", near ? "; did you mean \"" : "",
                   near ? near : "", near ? "\"?" : "");
    fgf_buffer_clear(&list);
}

static void check_centres(const char *key, const fgf_texts *wanted, const char *const *centres,
                          size_t count, fgf_faults *faults)
{
    for (size_t i = 0; i < wanted->count; i++)
        check_centre(key, wanted->values[i], centres, count, faults);
}

fgf_status fgf_split_by_centre(const fgf_split_settings *s, const fgf_case *const *cases,
                               size_t count, int8_t *role)
{
    fgf_status status = FGF_OK;
    fgf_faults faults = {0};
    const char **centres = NULL;
    FGF_TRY(FGF_ALLOCATE(count, &centres));
    size_t centre_count = fgf_split_list_centres(cases, count, false, centres);
    if (s->train_centres.count == 0)
        fgf_faults_add(&faults, "split.train_centres: name at least one centre");
    check_centres("train_centres", &s->train_centres, centres, centre_count, &faults);
    check_centres("validation_centres", &s->validation_centres, centres, centre_count, &faults);
    check_centres("test_centres", &s->test_centres, centres, centre_count, &faults);
    for (size_t j = 0; j < centre_count; j++)
        if (holds(&s->train_centres, centres[j]) + holds(&s->validation_centres, centres[j]) +
                holds(&s->test_centres, centres[j]) >
            1)
            fgf_faults_add(&faults, "split: the centre \"%s\" is named for more than one role",
                           centres[j]);
    FGF_TRY(fgf_split_refuse(&faults));
    for (size_t i = 0; i < count; i++) {
        const char *centre = cases[i]->centre;
        role[i] = holds(&s->train_centres, centre)        ? FGF_ROLE_TRAIN
                  : holds(&s->validation_centres, centre) ? FGF_ROLE_VALIDATION
                  : s->test_centres.count == 0 || holds(&s->test_centres, centre) ? FGF_ROLE_TEST
                                                                                  : FGF_ROLE_OUT;
    }
done:
    fgf_free(centres);
    fgf_faults_clear(&faults);
    return status;
}

/* A labelled case without a centre may be of the one that is left out. */
static fgf_status need_centres(const fgf_case *const *cases, size_t count)
{
    fgf_status status = FGF_OK;
    size_t without = 0;
    const char *first = "";
    for (size_t i = 0; i < count; i++)
        if (cases[i]->label >= 0 && !cases[i]->centre[0] && without++ == 0)
            first = cases[i]->id;
    if (without > 0)
        FGF_FAIL(FGF_USAGE,
                 "split.kind: leave_centre_out needs the centre of every case; %zu have none, the "
                 "first is %s",
                 without, first);
done:
    return status;
}

fgf_status fgf_split_leave_centre_out(const fgf_split_settings *s, const fgf_case *const *cases,
                                      size_t count, int8_t *role)
{
    fgf_status status = FGF_OK;
    fgf_faults faults = {0};
    fgf_buffer list = {0};
    const char **centres = NULL;
    const char *out = s->centre && *s->centre ? s->centre : NULL;
    FGF_TRY(need_centres(cases, count));
    FGF_TRY(FGF_ALLOCATE(count, &centres));
    const fgf_texts there = {centres, fgf_split_list_centres(cases, count, true, centres)};
    if (there.count < 2)
        FGF_FAIL(FGF_USAGE,
                 "split.kind: leave_centre_out needs cases of two centres or more; "
                 "there %s",
                 there.count ? "is one" : "is none");
    if (out) {
        check_centre("centre", out, centres, there.count, &faults);
        FGF_TRY(fgf_split_refuse(&faults));
    } else if (s->fold < 0 || (size_t)s->fold >= there.count) {
        add_list(&there, &list);
        FGF_FAIL(FGF_USAGE, "split.fold: %lld; with %zu centres it must lie in 0 .. %zu: %s",
                 (long long)s->fold, there.count, there.count - 1, list.text ? list.text : "");
    } else {
        out = centres[s->fold];
    }
    for (size_t i = 0; i < count; i++)
        role[i] = strcmp(cases[i]->centre, out) == 0 ? FGF_ROLE_TEST : FGF_ROLE_TRAIN;
done:
    fgf_free(centres);
    fgf_buffer_clear(&list);
    fgf_faults_clear(&faults);
    return status;
}
