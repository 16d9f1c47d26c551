#include "audit_private.h"
#include "fgf/memory.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MEMBER(name) offsetof(fgf_audit_settings, name)

const fgf_key fgf_audit_keys[] = {
    {"tiny_pixels", FGF_KEY_INTEGER, MEMBER(tiny_pixels), "25", 1, 1e9, NULL, "px",
     "a mask of fewer pixels is tiny"},
    {"clipped_share", FGF_KEY_REAL, MEMBER(clipped_share), "0.25", 0, 1, NULL, "1",
     "share of the values inside the mask at one end of the window that is odd"},
    {"spacing_factor", FGF_KEY_REAL, MEMBER(spacing_factor), "2", 1, 1e6, NULL, "1",
     "times (or over) the cohort's median spacing of the source that is odd"},
    {"least_events", FGF_KEY_INTEGER, MEMBER(least_events), "5", 1, 1e9, NULL, "cases",
     "cases of either label that every part of a split should have"},
    {"horizon", FGF_KEY_REAL, MEMBER(horizon), "-1", -1, 1e9, NULL, "days",
     "of the label; -1 = table.horizon of the import"},
    {.name = NULL}};

/* The checks, in the order of the table that users see. */
static const struct {
    const char *name, *what;
    audit_check *run;
    const char *advice;
} checks[] = {
    {"contents", "contents differ from their hash", fgf_check_contents,
     "the file is damaged or was changed by hand: make it again"},
    {"duplicate_images", "the same image twice", fgf_check_duplicate_images,
     "leave one out, or give both one patient"},
    {"duplicate_regions", "the same values inside the mask, moved or turned",
     fgf_check_duplicate_regions, "leave one out, or give both one patient"},
    {"duplicate_sources", "the same source files twice", fgf_check_duplicate_sources,
     "look at the table's ids and at the file patterns of the manifest"},
    {"outside_mask", "values outside the mask of a masked cohort", fgf_check_outside,
     "import it again: background is not what the network is told it is"},
    {"constant_images", "one value in the whole mask", fgf_check_constant,
     "look at window and mask: such a case has no contrast"},
    {"clipped", "values at an end of the window", fgf_check_clipped,
     "widen preprocess.window, or see whether the unit is the expected one"},
    {"empty_masks", "no pixel in the mask", fgf_check_empty_masks,
     "exclude the case, or see why its structure was not found"},
    {"tiny_masks", "few pixels in the mask", fgf_check_tiny_masks,
     "look at them: scores over few pixels mean little"},
    {"mask_border", "the mask touches the image's border", fgf_check_border,
     "enlarge preprocess.size: the lesion may be cut off"},
    {"mask_parts", "the mask has several parts", fgf_check_components,
     "nothing, where lesions have several parts; else look for stray pixels"},
    {"mask_holes", "the mask has holes", fgf_check_holes,
     "nothing, where contours have inner ones"},
    {"spacing", "a source spacing far from the others", fgf_check_spacing,
     "see whether the series is of the same protocol"},
    {"one_label", "no two labels in the cohort", fgf_check_one_label,
     "nothing can be learnt: see table.event and table.horizon"},
    {"centre_one_label", "a centre that is all one label", fgf_check_centre_label,
     "do not let the centre tell the label: leave it out, or see that images do not show it"},
    {"missing_outcomes", "cases without a label", fgf_check_missing_outcomes,
     "they have no part in training and tests"},
    {"times", "times that cannot be", fgf_check_times, "mend the outcome table"},
    {"untimed_events", "events without a time", fgf_check_untimed_events,
     "see table.unknown_time of the manifest for what becomes of them"},
    {"label_follow_up", "labels against event and follow-up", fgf_check_label_follow_up,
     "mend the outcome table or the horizon"},
    {"excluded", "cases left out by the import", fgf_check_excluded,
     "see that what is left is still the cohort that is meant"},
    {"private_names", "ids that may tell a name or a date", fgf_check_private_names,
     "import with --pseudonymize"},
    {"similar_names", "names that are nearly the same", fgf_check_similar_names,
     "if they mean one patient or centre, write them alike before a split tears them"},
    {"several_cases", "patients with several cases", fgf_check_several_cases,
     "nothing: a split keeps them together"},
    {"patient_labels", "patients whose cases differ in label", fgf_check_patient_labels,
     "nothing, where labels belong to lesions; else mend the table"},
    {"patient_centres", "patients in several centres", fgf_check_patient_centres,
     "splits by centre will refuse them: give them one centre"},
    {"split_faults", "splits that cannot be made", fgf_check_split_faults, "mend the split"},
    {"torn_patients", "one patient on two sides of a split", fgf_check_torn_patients,
     "mend the split file, or the centres"},
    {"split_duplicates", "one image on two sides of a split", fgf_check_split_duplicates,
     "leave one out, or give both one patient: the test is none"},
    {"split_events", "too few cases of a label in a part", fgf_check_split_events,
     "fewer folds, or centres joined"},
};
enum { CHECKS = sizeof checks / sizeof checks[0] };

struct fgf_audit {
    fgf_finding finding[CHECKS];
};

const char *fgf_verdict_name(fgf_verdict verdict)
{
    static const char *const names[] = {
#define VERDICT_TEXT(name, text) text,
        FGF_VERDICT_TABLE(VERDICT_TEXT)
#undef VERDICT_TEXT
    };
    return verdict >= 0 && verdict < FGF_VERDICT_COUNT ? names[verdict] : "unknown";
}

/* ---- findings ---- */

static fgf_status grow(fgf_finding *f)
{
    fgf_status status = FGF_OK;
    fgf_audit_item *more = NULL;
    if (f->count < f->room)
        return FGF_OK;
    const size_t room = f->room ? 2 * f->room : 16;
    FGF_TRY(FGF_ALLOCATE(room, &more));
    if (f->count)
        memcpy(more, f->items, f->count * sizeof *more);
    fgf_free(f->items);
    f->items = more;
    f->room = room;
done:
    return status;
}

fgf_status fgf_finding_add(fgf_finding *f, fgf_verdict verdict, const char *subject,
                           const char *format, ...)
{
    fgf_status status = FGF_OK;
    char detail[FGF_MESSAGE_BYTES];
    fgf_audit_item item = {NULL, NULL};
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(detail, sizeof detail, format, arguments);
    va_end(arguments);
    FGF_TRY(grow(f));
    FGF_TRY(fgf_copy_text(subject, &item.subject));
    FGF_TRY(fgf_copy_text(detail, &item.detail));
    f->items[f->count++] = item;
    item = (fgf_audit_item){NULL, NULL};
    if (verdict > f->verdict)
        f->verdict = verdict;
done:
    fgf_free(item.subject);
    return status;
}

fgf_status fgf_finding_skip(fgf_finding *f, const char *reason)
{
    f->verdict = FGF_VERDICT_SKIPPED;
    return fgf_copy_text(reason, &f->reason);
}

static void clear_finding(fgf_finding *f)
{
    for (size_t k = 0; k < f->count; k++) {
        fgf_free(f->items[k].subject);
        fgf_free(f->items[k].detail);
    }
    fgf_free(f->items);
    fgf_free(f->reason);
}

/* ---- cases with one text ---- */

static int by_key(const void *a, const void *b)
{
    const keyed_case *x = a, *y = b;
    const int order = strcmp(x->key, y->key);
    return order != 0 ? order : (x->index > y->index) - (x->index < y->index);
}

void fgf_audit_sort(keyed_case *cases, size_t count)
{
    if (count)
        qsort(cases, count, sizeof *cases, by_key);
}

size_t fgf_audit_run_end(const keyed_case *cases, size_t count, size_t first)
{
    size_t end = first;
    while (end < count && strcmp(cases[end].key, cases[first].key) == 0)
        end++;
    return end;
}

/* ---- looking ---- */

/* A case that cannot be read is a fact of it; a disk that fails is none. */
static fgf_status look_at_case(const fgf_dataset *dataset, size_t i, fgf_real *x, uint8_t *mask,
                               void *work, case_facts *facts)
{
    fgf_status status = fgf_dataset_read(dataset, i, x, mask);
    if (status == FGF_DATA) {
        facts->damaged = true;
        return FGF_OK;
    }
    FGF_TRY(status);
    FGF_TRY(fgf_dataset_case_agrees(dataset, i, x, mask, &facts->agrees));
    fgf_audit_look(fgf_dataset_cohort(dataset)->shape, x, mask, work, facts);
done:
    return status;
}

static fgf_status look(const audit_input *in, fgf_group *group,
                       void (*progress)(size_t done, size_t total), case_facts *facts)
{
    fgf_status status = FGF_OK;
    const fgf_shape shape = fgf_dataset_cohort(in->dataset)->shape;
    const size_t rank = (size_t)group->rank, size = (size_t)group->size;
    fgf_real *x = NULL;
    uint8_t *mask = NULL;
    char *work = NULL;
    FGF_TRY(FGF_ALLOCATE(fgf_shape_size(shape), &x));
    FGF_TRY(FGF_ALLOCATE(fgf_shape_pixels(shape), &mask));
    FGF_TRY(FGF_ALLOCATE(fgf_audit_work_size(shape), &work));
    for (size_t i = rank; i < in->count; i += size) {
        FGF_TRY(look_at_case(in->dataset, i, x, mask, work, &facts[i]));
        if (progress)
            progress(i / size + 1, (in->count - rank + size - 1) / size);
    }
done:
    fgf_free(x);
    fgf_free(mask);
    fgf_free(work);
    return status;
}

static fgf_status make_findings(const audit_input *in, fgf_audit *audit)
{
    fgf_status status = FGF_OK;
    for (size_t k = 0; k < CHECKS; k++) {
        fgf_finding *f = &audit->finding[k];
        *f = (fgf_finding){.check = checks[k].name,
                           .what = checks[k].what,
                           .advice = checks[k].advice,
                           .verdict = FGF_VERDICT_OK};
        FGF_TRY(checks[k].run(in, f));
    }
done:
    return status;
}

fgf_status fgf_audit_create(const fgf_dataset *dataset, const fgf_audit_settings *settings,
                            const fgf_audit_splits *splits, fgf_group *group,
                            void (*progress)(size_t done, size_t total), fgf_audit **out)
{
    fgf_status status = FGF_OK;
    const fgf_audit_splits none = {0};
    fgf_audit *audit = NULL;
    case_facts *facts = NULL;
    audit_input in = {.dataset = dataset,
                      .settings = settings,
                      .splits = splits ? splits : &none,
                      .count = fgf_dataset_case_count(dataset)};
    *out = NULL;
    FGF_TRY(fgf_group_agree(group, FGF_ALLOCATE(in.count, &facts)));
    FGF_TRY(fgf_group_agree(group, look(&in, group, progress, facts)));
    FGF_TRY(fgf_group_merge(group, facts, in.count * sizeof *facts));
    in.facts = facts;
    FGF_TRY(fgf_dataset_table_agrees(dataset, &in.table_agrees));
    FGF_TRY(FGF_ALLOCATE(1, &audit));
    FGF_TRY(make_findings(&in, audit));
    *out = audit;
    audit = NULL;
done:
    fgf_free(facts);
    fgf_audit_destroy(&audit);
    status = fgf_group_agree(group, status);
    if (status != FGF_OK)
        fgf_audit_destroy(out);
    return status;
}

void fgf_audit_destroy(fgf_audit **audit)
{
    for (size_t k = 0; *audit && k < CHECKS; k++)
        clear_finding(&(*audit)->finding[k]);
    fgf_free(*audit);
    *audit = NULL;
}

size_t fgf_audit_count(const fgf_audit *audit)
{
    (void)audit;
    return CHECKS;
}

const fgf_finding *fgf_audit_finding(const fgf_audit *audit, size_t index)
{
    return &audit->finding[index];
}

fgf_verdict fgf_audit_verdict(const fgf_audit *audit)
{
    fgf_verdict worst = FGF_VERDICT_OK;
    for (size_t k = 0; k < CHECKS; k++)
        if (audit->finding[k].verdict > worst)
            worst = audit->finding[k].verdict;
    return worst;
}

size_t fgf_audit_tally(const fgf_audit *audit, fgf_verdict verdict)
{
    size_t count = 0;
    for (size_t k = 0; k < CHECKS; k++)
        count += audit->finding[k].verdict == verdict;
    return count;
}
