#include "fgf/memory.h"
#include "split_private.h"

#include <stdlib.h>
#include <string.h>

#define MEMBER(name) offsetof(fgf_split_settings, name)

const fgf_key fgf_split_keys[] = {
    {"kind", FGF_KEY_CHOICE, MEMBER(kind), "none", 0, 0, "fixed|centre|kfold|none|leave_centre_out",
     "",
     "how cases are parted: by a file, by centre, in stratified folds, all train, one centre "
     "tests"},
    {"file", FGF_KEY_FILE, MEMBER(file), "\"\"", 0, 0, NULL, "",
     "fixed: lines \"id,role\", roles train, validation, test, out"},
    {"train_centres", FGF_KEY_TEXTS, MEMBER(train_centres), "[]", 0, 0, NULL, "",
     "centre: these train"},
    {"validation_centres", FGF_KEY_TEXTS, MEMBER(validation_centres), "[]", 0, 0, NULL, "",
     "centre: these are for the validation curve"},
    {"test_centres", FGF_KEY_TEXTS, MEMBER(test_centres), "[]", 0, 0, NULL, "",
     "centre: these are tested; none named = all that are left"},
    {"folds", FGF_KEY_INTEGER, MEMBER(folds), "5", 2, 1e6, NULL, "1",
     "kfold: parts, stratified by label, a patient in one part"},
    {"fold", FGF_KEY_INTEGER, MEMBER(fold), "0", 0, 1e6, NULL, "1",
     "kfold: which part is tested, counted from 0; leave_centre_out: which centre, sorted"},
    {"centre", FGF_KEY_TEXT, MEMBER(centre), "\"\"", 0, 0, NULL, "",
     "leave_centre_out: the centre that is tested, by its name in place of `fold`"},
    {"stratify", FGF_KEY_TEXTS, MEMBER(stratify), "[label]", 0, 0, NULL, "",
     "what folds and validation shares have alike: label always; [label, centre]: centres too"},
    {"repeat", FGF_KEY_INTEGER, MEMBER(repeat), "0", 0, 1e6, NULL, "1",
     "which repetition of the draws, counted from 0; each deals the patients anew"},
    {"inner_folds", FGF_KEY_INTEGER, MEMBER(inner_folds), "0", 0, 1e6, NULL, "1",
     "nested: parts of the training patients, to choose settings by; 0 = none"},
    {"inner_fold", FGF_KEY_INTEGER, MEMBER(inner_fold), "-1", -1, 1e6, NULL, "1",
     "nested: which of them is for validation, counted from 0; -1 = none, all of them train"},
    {"validation", FGF_KEY_REAL, MEMBER(validation), "0", 0, 0.9, NULL, "1",
     "share of the training patients set aside for the validation curve, of each class alike"},
    {"seed", FGF_KEY_INTEGER, MEMBER(seed), "1", 0, 9e15, NULL, "",
     "of the draws of folds, inner folds and validation"},
    {.name = NULL}};

const char *fgf_role_name(fgf_role role)
{
    static const char *const names[] = {
#define ROLE_TEXT(name, text) text,
        FGF_ROLE_TABLE(ROLE_TEXT)
#undef ROLE_TEXT
    };
    return role >= 0 && role < FGF_ROLE_COUNT ? names[role] : "unknown";
}

/* ---- patients ---- */

static int by_name(const void *a, const void *b)
{
    return strcmp(((const patient *)a)->name, ((const patient *)b)->name);
}

/* The patients of the cases, sorted by name, with class and role. */
static fgf_status gather_patients(const fgf_case *const *cases, size_t count, const int8_t *role,
                                  patient *patients, size_t *patient_count)
{
    fgf_status status = FGF_OK;
    for (size_t i = 0; i < count; i++)
        patients[i] = (patient){.name = fgf_split_patient(cases[i]), .centre = "", .class = -1};
    if (count)
        qsort(patients, count, sizeof *patients, by_name);
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        if (kept == 0 || strcmp(patients[kept - 1].name, patients[i].name) != 0)
            patients[kept++] = patients[i];
    *patient_count = kept;
    for (size_t i = 0; i < count; i++) {
        patient wanted = {.name = fgf_split_patient(cases[i])};
        patient *found = bsearch(&wanted, patients, kept, sizeof *patients, by_name);
        if (role[i] == FGF_ROLE_OUT || cases[i]->label < 0)
            continue;
        if (found->role != FGF_ROLE_OUT && found->role != role[i])
            FGF_FAIL(FGF_USAGE,
                     "split: patient \"%s\" has cases in %s and in %s; all cases of a patient must "
                     "have one role",
                     found->name, fgf_role_name((fgf_role)found->role),
                     fgf_role_name((fgf_role)role[i]));
        if (found->role == FGF_ROLE_OUT || strcmp(cases[i]->centre, found->centre) < 0)
            found->centre = cases[i]->centre;
        found->role = role[i];
        if (cases[i]->label > found->class)
            found->class = cases[i]->label;
    }
done:
    return status;
}

/* ---- all together ---- */

fgf_status fgf_split_first_roles(const fgf_split_settings *settings, const fgf_case *const *cases,
                                 size_t count, int8_t *role)
{
    fgf_status status = FGF_OK;
    switch ((fgf_split_kind)settings->kind) {
    case FGF_SPLIT_FIXED:
        FGF_TRY(fgf_split_by_file(settings, cases, count, role));
        break;
    case FGF_SPLIT_CENTRE:
        FGF_TRY(fgf_split_by_centre(settings, cases, count, role));
        break;
    case FGF_SPLIT_LEAVE_CENTRE_OUT:
        FGF_TRY(fgf_split_leave_centre_out(settings, cases, count, role));
        break;
    case FGF_SPLIT_KFOLD:
    case FGF_SPLIT_NONE:
        memset(role, FGF_ROLE_TRAIN, count);
    }
done:
    return status;
}

static fgf_status check_settings(const fgf_split_settings *s)
{
    fgf_status status = FGF_OK;
    for (size_t i = 0; i < s->stratify.count; i++)
        if (strcmp(s->stratify.values[i], "label") != 0 &&
            strcmp(s->stratify.values[i], "centre") != 0)
            FGF_FAIL(FGF_USAGE, "split.stratify: found \"%s\", expected label or centre",
                     s->stratify.values[i]);
    if (s->inner_folds == 0 && s->inner_fold > 0)
        FGF_FAIL(FGF_USAGE, "split.inner_fold: %lld, but split.inner_folds is 0",
                 (long long)s->inner_fold);
done:
    return status;
}

fgf_status fgf_split_cases(const fgf_split_settings *settings, const fgf_case *const *cases,
                           size_t count, int8_t *role)
{
    fgf_status status = FGF_OK;
    patient *patients = NULL;
    size_t patient_count = 0;
    FGF_TRY(check_settings(settings));
    FGF_TRY(FGF_ALLOCATE(count, &patients));
    FGF_TRY(fgf_split_first_roles(settings, cases, count, role));
    FGF_TRY(gather_patients(cases, count, role, patients, &patient_count));
    if (settings->kind == FGF_SPLIT_KFOLD)
        FGF_TRY(fgf_split_assign_fold(settings, patients, patient_count));
    if (settings->inner_folds > 0)
        FGF_TRY(fgf_split_assign_inner(settings, patients, patient_count));
    if (settings->validation > 0)
        FGF_TRY(fgf_split_set_aside(settings, patients, patient_count));
    if (patient_count)
        qsort(patients, patient_count, sizeof *patients, by_name);
    for (size_t i = 0; i < count; i++) {
        patient wanted = {.name = fgf_split_patient(cases[i])};
        const patient *found = bsearch(&wanted, patients, patient_count, sizeof *patients, by_name);
        if (role[i] != FGF_ROLE_OUT)
            role[i] = cases[i]->label < 0 ? FGF_ROLE_OUT : found->role;
    }
done:
    fgf_free(patients);
    return status;
}

/* The cases of a dataset as a list; released with fgf_free. */
static fgf_status list_cases(const fgf_dataset *dataset, const fgf_case ***out)
{
    fgf_status status = FGF_OK;
    const size_t count = fgf_dataset_case_count(dataset);
    FGF_TRY(FGF_ALLOCATE(count, out));
    for (size_t i = 0; i < count; i++)
        (*out)[i] = fgf_dataset_case(dataset, i);
done:
    return status;
}

fgf_status fgf_split_assign(const fgf_split_settings *settings, const fgf_dataset *dataset,
                            int8_t *role)
{
    fgf_status status = FGF_OK;
    const fgf_case **cases = NULL;
    FGF_TRY(list_cases(dataset, &cases));
    FGF_TRY(fgf_split_cases(settings, cases, fgf_dataset_case_count(dataset), role));
done:
    fgf_free(cases);
    return status;
}

fgf_status fgf_split_part_count(const fgf_split_settings *settings, const fgf_dataset *dataset,
                                size_t *count)
{
    fgf_status status = FGF_OK;
    const size_t case_count = fgf_dataset_case_count(dataset);
    const fgf_case **cases = NULL;
    const char **centres = NULL;
    *count = settings->kind == FGF_SPLIT_KFOLD ? (size_t)settings->folds : 1;
    if (settings->kind == FGF_SPLIT_LEAVE_CENTRE_OUT) {
        FGF_TRY(list_cases(dataset, &cases));
        FGF_TRY(FGF_ALLOCATE(case_count, &centres));
        *count = fgf_split_list_centres(cases, case_count, true, centres);
    }
done:
    fgf_free(cases);
    fgf_free(centres);
    return status;
}

/* ---- in words ---- */

static void add_texts(const char *name, const fgf_texts *texts, fgf_buffer *out)
{
    for (size_t i = 0; i < texts->count; i++)
        fgf_buffer_add(out, i ? "+%s" : ", %s %s", i ? texts->values[i] : name, texts->values[i]);
}

void fgf_split_describe(const fgf_split_settings *s, fgf_buffer *out)
{
    static const char *const kinds[] = {"fixed", "centre", "kfold", "none", "leave_centre_out"};
    const bool drawn = s->kind == FGF_SPLIT_KFOLD || s->inner_folds > 0 || s->validation > 0;
    fgf_buffer_add(out, "%s", kinds[s->kind]);
    if (s->kind == FGF_SPLIT_FIXED)
        fgf_buffer_add(out, " %s", s->file ? s->file : "");
    if (s->kind == FGF_SPLIT_CENTRE) {
        add_texts("train", &s->train_centres, out);
        add_texts("validation", &s->validation_centres, out);
        add_texts("test", &s->test_centres, out);
    }
    if (s->kind == FGF_SPLIT_KFOLD)
        fgf_buffer_add(out, ", folds %lld, fold %lld", (long long)s->folds, (long long)s->fold);
    if (s->kind == FGF_SPLIT_LEAVE_CENTRE_OUT && s->centre && *s->centre)
        fgf_buffer_add(out, ", centre %s", s->centre);
    else if (s->kind == FGF_SPLIT_LEAVE_CENTRE_OUT)
        fgf_buffer_add(out, ", fold %lld", (long long)s->fold);
    if (s->inner_folds > 0)
        fgf_buffer_add(out, ", inner folds %lld, inner fold %lld", (long long)s->inner_folds,
                       (long long)s->inner_fold);
    if (s->validation > 0)
        fgf_buffer_add(out, ", validation %g", s->validation);
    if (drawn && s->repeat > 0)
        fgf_buffer_add(out, ", repeat %lld", (long long)s->repeat);
    if (drawn)
        fgf_buffer_add(out, ", seed %lld", (long long)s->seed);
    if (drawn && fgf_split_by_centres(s))
        fgf_buffer_add(out, ", alike in centres");
}
