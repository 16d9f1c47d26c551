#include "fgf/memory.h"
#include "fgf/random.h"
#include "split_private.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MEMBER(name) offsetof(fgf_split_settings, name)

const fgf_key fgf_split_keys[] = {
    {"kind", FGF_KEY_CHOICE, MEMBER(kind), "none", 0, 0, "fixed|centre|kfold|none", "",
     "how cases are parted: by a file, by centre, in stratified folds, or all train"},
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
     "kfold: which part is tested, counted from 0"},
    {"validation", FGF_KEY_REAL, MEMBER(validation), "0", 0, 0.9, NULL, "1",
     "share of the training patients set aside for the validation curve, of each class alike"},
    {"seed", FGF_KEY_INTEGER, MEMBER(seed), "1", 0, 9e15, NULL, "",
     "of the draws of kfold and validation"},
    {.name = NULL}};

/* One patient: all of whose cases have one role. */
typedef struct patient {
    const char *name;
    uint64_t draw;
    int8_t class; /* 1 with an event in any case, -1 without any label */
    int8_t role;
} patient;

const char *fgf_role_name(fgf_role role)
{
    static const char *const names[] = {
#define ROLE_TEXT(name, text) text,
        FGF_ROLE_TABLE(ROLE_TEXT)
#undef ROLE_TEXT
    };
    return role >= 0 && role < FGF_ROLE_COUNT ? names[role] : "unknown";
}

/* ---- by centre ---- */

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The distinct centres of the cases, sorted, into `names` (room for count). Returns how many. */
static size_t list_centres(const fgf_case *const *cases, size_t count, const char **names)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        names[i] = cases[i]->centre;
    if (count)
        qsort(names, count, sizeof *names, by_text);
    for (size_t i = 0; i < count; i++)
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

static void check_centres(const char *key, const fgf_texts *wanted, const char *const *centres,
                          size_t count, fgf_faults *faults)
{
    for (size_t i = 0; i < wanted->count; i++) {
        bool known = false;
        for (size_t j = 0; j < count; j++)
            known = known || strcmp(wanted->values[i], centres[j]) == 0;
        if (known)
            continue;
        const char *near = fgf_nearest_name(wanted->values[i], centres, count);
        fgf_buffer there = {0};
        for (size_t j = 0; j < count; j++)
            fgf_buffer_add(&there, "%s\"%s\"", j ? ", " : "", centres[j]);
        fgf_faults_add(faults, "split.%s: no case has the centre \"%s\"; there are %s%s%s%s", key,
                       wanted->values[i], there.text ? there.text : "none",
                       near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
        fgf_buffer_clear(&there);
    }
}

static fgf_status roles_by_centre(const fgf_split_settings *s, const fgf_case *const *cases,
                                  size_t count, int8_t *role)
{
    fgf_status status = FGF_OK;
    fgf_faults faults = {0};
    const char **centres = NULL;
    FGF_TRY(FGF_ALLOCATE(count, &centres));
    size_t centre_count = list_centres(cases, count, centres);
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

/* ---- patients ---- */

static const char *patient_name(const fgf_case *item)
{
    return item->patient[0] ? item->patient : item->id;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const patient *)a)->name, ((const patient *)b)->name);
}

/* Class 1 first, so that more cases without an event move none with one. */
static int by_draw(const void *a, const void *b)
{
    const patient *p = a, *q = b;
    if (p->class != q->class)
        return p->class > q->class ? -1 : 1;
    if (p->draw != q->draw)
        return p->draw < q->draw ? -1 : 1;
    return strcmp(p->name, q->name);
}

/* The patients of the cases, sorted by name, with class and role. */
static fgf_status gather_patients(const fgf_case *const *cases, size_t count, const int8_t *role,
                                  patient *patients, size_t *patient_count)
{
    fgf_status status = FGF_OK;
    for (size_t i = 0; i < count; i++)
        patients[i] = (patient){.name = patient_name(cases[i]), .class = -1};
    if (count)
        qsort(patients, count, sizeof *patients, by_name);
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        if (kept == 0 || strcmp(patients[kept - 1].name, patients[i].name) != 0)
            patients[kept++] = patients[i];
    *patient_count = kept;
    for (size_t i = 0; i < count; i++) {
        patient wanted = {.name = patient_name(cases[i])};
        patient *found = bsearch(&wanted, patients, kept, sizeof *patients, by_name);
        if (role[i] == FGF_ROLE_OUT || cases[i]->label < 0)
            continue;
        if (found->role != FGF_ROLE_OUT && found->role != role[i])
            FGF_FAIL(FGF_USAGE,
                     "split: patient \"%s\" has cases in %s and in %s; all cases of a patient must "
                     "have one role",
                     found->name, fgf_role_name((fgf_role)found->role),
                     fgf_role_name((fgf_role)role[i]));
        found->role = role[i];
        if (cases[i]->label > found->class)
            found->class = cases[i]->label;
    }
done:
    return status;
}

static void draw_patients(patient *patients, size_t count, int64_t seed, uint64_t which)
{
    for (size_t p = 0; p < count; p++) {
        fgf_stream stream = fgf_stream_open((uint64_t)seed, FGF_PURPOSE_SPLIT, which,
                                            fgf_text_key(patients[p].name));
        uint64_t high = fgf_stream_bits(&stream);
        patients[p].draw = high << 32 | fgf_stream_bits(&stream);
    }
    if (count)
        qsort(patients, count, sizeof *patients, by_draw);
}

static fgf_status assign_fold(const fgf_split_settings *s, patient *patients, size_t count)
{
    fgf_status status = FGF_OK;
    if (s->folds < 2)
        FGF_FAIL(FGF_USAGE, "split.folds: %lld; at least 2 are needed", (long long)s->folds);
    if (s->fold < 0 || s->fold >= s->folds)
        FGF_FAIL(FGF_USAGE, "split.fold: %lld; with %lld folds it must lie in 0 .. %lld",
                 (long long)s->fold, (long long)s->folds, (long long)s->folds - 1);
    draw_patients(patients, count, s->seed, 0);
    size_t labelled = 0;
    for (size_t p = 0; p < count; p++)
        if (patients[p].role != FGF_ROLE_OUT && labelled++ % (size_t)s->folds == (size_t)s->fold)
            patients[p].role = FGF_ROLE_TEST;
    if (labelled < (size_t)s->folds)
        FGF_FAIL(FGF_USAGE, "split.folds: %lld folds of %zu labelled patients", (long long)s->folds,
                 labelled);
done:
    return status;
}

static fgf_status set_validation_aside(const fgf_split_settings *s, patient *patients, size_t count)
{
    fgf_status status = FGF_OK;
    for (size_t p = 0; p < count; p++)
        if (patients[p].role == FGF_ROLE_VALIDATION)
            FGF_FAIL(FGF_USAGE, "split.validation: the split names validation cases itself; "
                                "set the share to 0");
    draw_patients(patients, count, s->seed, 1);
    for (int class = 0; class <= 1; class ++) {
        size_t training = 0;
        for (size_t p = 0; p < count; p++)
            training += patients[p].role == FGF_ROLE_TRAIN && patients[p].class == class;
        size_t wanted = (size_t)floor(s->validation * (double)training + 0.5);
        /* A curve of one class is no AUC; and neither part may lose a class. */
        if (wanted == 0 && training > 1)
            wanted = 1;
        if (wanted >= training)
            wanted = training > 1 ? training - 1 : 0;
        for (size_t p = 0; p < count && wanted; p++)
            if (patients[p].role == FGF_ROLE_TRAIN && patients[p].class == class) {
                patients[p].role = FGF_ROLE_VALIDATION;
                wanted--;
            }
    }
done:
    return status;
}

/* ---- all together ---- */

fgf_status fgf_split_cases(const fgf_split_settings *settings, const fgf_case *const *cases,
                           size_t count, int8_t *role)
{
    fgf_status status = FGF_OK;
    patient *patients = NULL;
    size_t patient_count = 0;
    FGF_TRY(FGF_ALLOCATE(count, &patients));
    if (settings->kind == FGF_SPLIT_CENTRE)
        FGF_TRY(roles_by_centre(settings, cases, count, role));
    else if (settings->kind == FGF_SPLIT_FIXED)
        FGF_TRY(fgf_split_by_file(settings, cases, count, role));
    else
        memset(role, FGF_ROLE_TRAIN, count);
    FGF_TRY(gather_patients(cases, count, role, patients, &patient_count));
    if (settings->kind == FGF_SPLIT_KFOLD)
        FGF_TRY(assign_fold(settings, patients, patient_count));
    if (settings->validation > 0)
        FGF_TRY(set_validation_aside(settings, patients, patient_count));
    if (patient_count)
        qsort(patients, patient_count, sizeof *patients, by_name);
    for (size_t i = 0; i < count; i++) {
        patient wanted = {.name = patient_name(cases[i])};
        const patient *found = bsearch(&wanted, patients, patient_count, sizeof *patients, by_name);
        if (role[i] != FGF_ROLE_OUT)
            role[i] = cases[i]->label < 0 ? FGF_ROLE_OUT : found->role;
    }
done:
    fgf_free(patients);
    return status;
}

fgf_status fgf_split_assign(const fgf_split_settings *settings, const fgf_dataset *dataset,
                            int8_t *role)
{
    fgf_status status = FGF_OK;
    const size_t count = fgf_dataset_case_count(dataset);
    const fgf_case **cases = NULL;
    FGF_TRY(FGF_ALLOCATE(count, &cases));
    for (size_t i = 0; i < count; i++)
        cases[i] = fgf_dataset_case(dataset, i);
    FGF_TRY(fgf_split_cases(settings, cases, count, role));
done:
    fgf_free(cases);
    return status;
}
