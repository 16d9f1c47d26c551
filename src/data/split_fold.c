/* Patients drawn into parts. */
#include "fgf/random.h"
#include "split_private.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* What a draw is for. With the repetition it keys the draws, so results hang on these numbers. */
enum { DRAW_FOLD, DRAW_VALIDATION, DRAW_INNER, DRAWS };

const char *fgf_split_patient(const fgf_case *item)
{
    return item->patient[0] ? item->patient : item->id;
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

static int by_centre_and_draw(const void *a, const void *b)
{
    const patient *p = a, *q = b;
    if (p->class != q->class)
        return p->class > q->class ? -1 : 1;
    const int order = strcmp(p->centre, q->centre);
    return order != 0 ? order : by_draw(a, b);
}

bool fgf_split_by_centres(const fgf_split_settings *s)
{
    for (size_t i = 0; i < s->stratify.count; i++)
        if (strcmp(s->stratify.values[i], "centre") == 0)
            return true;
    return false;
}

/* Draws the patients and puts them in order: strata one after the other, by draw within each. */
static void draw_patients(const fgf_split_settings *s, int what, patient *patients, size_t count)
{
    const uint64_t which = (uint64_t)(s->repeat * DRAWS + what);
    for (size_t p = 0; p < count; p++) {
        fgf_stream stream = fgf_stream_open((uint64_t)s->seed, FGF_PURPOSE_SPLIT, which,
                                            fgf_text_key(patients[p].name));
        uint64_t high = fgf_stream_bits(&stream);
        patients[p].draw = high << 32 | fgf_stream_bits(&stream);
    }
    if (count)
        qsort(patients, count, sizeof *patients,
              fgf_split_by_centres(s) ? by_centre_and_draw : by_draw);
}

/* Deals the training patients, in their order, to `folds` parts; part `fold` gets `role`. */
static size_t deal(patient *patients, size_t count, int64_t folds, int64_t fold, fgf_role role)
{
    size_t dealt = 0;
    for (size_t p = 0; p < count; p++)
        if (patients[p].role == FGF_ROLE_TRAIN && dealt++ % (size_t)folds == (size_t)fold)
            patients[p].role = (int8_t)role;
    return dealt;
}

fgf_status fgf_split_assign_fold(const fgf_split_settings *s, patient *patients, size_t count)
{
    fgf_status status = FGF_OK;
    if (s->folds < 2)
        FGF_FAIL(FGF_USAGE, "split.folds: %lld; at least 2 are needed", (long long)s->folds);
    if (s->fold < 0 || s->fold >= s->folds)
        FGF_FAIL(FGF_USAGE, "split.fold: %lld; with %lld folds it must lie in 0 .. %lld",
                 (long long)s->fold, (long long)s->folds, (long long)s->folds - 1);
    draw_patients(s, DRAW_FOLD, patients, count);
    const size_t dealt = deal(patients, count, s->folds, s->fold, FGF_ROLE_TEST);
    if (dealt < (size_t)s->folds)
        FGF_FAIL(FGF_USAGE, "split.folds: %lld folds of %zu labelled patients", (long long)s->folds,
                 dealt);
done:
    return status;
}

/* Whoever asks for a validation part must not have named one already. */
static fgf_status need_no_validation(const patient *patients, size_t count, const char *key,
                                     const char *advice)
{
    fgf_status status = FGF_OK;
    for (size_t p = 0; p < count; p++)
        if (patients[p].role == FGF_ROLE_VALIDATION)
            FGF_FAIL(FGF_USAGE, "%s: the split names validation cases itself; %s", key, advice);
done:
    return status;
}

fgf_status fgf_split_assign_inner(const fgf_split_settings *s, patient *patients, size_t count)
{
    fgf_status status = FGF_OK;
    if (s->inner_folds < 2)
        FGF_FAIL(FGF_USAGE, "split.inner_folds: %lld; 0 for none, or at least 2",
                 (long long)s->inner_folds);
    if (s->inner_fold < -1 || s->inner_fold >= s->inner_folds)
        FGF_FAIL(FGF_USAGE,
                 "split.inner_fold: %lld; with %lld inner folds it must lie in 0 .. %lld, or be -1 "
                 "to train on all of them",
                 (long long)s->inner_fold, (long long)s->inner_folds,
                 (long long)s->inner_folds - 1);
    if (s->inner_fold < 0)
        goto done;
    if (s->validation > 0)
        FGF_FAIL(FGF_USAGE, "split.validation: the inner fold is the validation part; set the "
                            "share to 0");
    FGF_TRY(need_no_validation(patients, count, "split.inner_folds", "set split.inner_fold to -1"));
    draw_patients(s, DRAW_INNER, patients, count);
    const size_t dealt = deal(patients, count, s->inner_folds, s->inner_fold, FGF_ROLE_VALIDATION);
    if (dealt < (size_t)s->inner_folds)
        FGF_FAIL(FGF_USAGE, "split.inner_folds: %lld folds of %zu training patients",
                 (long long)s->inner_folds, dealt);
done:
    return status;
}

/* Whether number i of n is among `wanted`: the first, or, where n are in strata, evenly spread. */
static bool is_taken(size_t i, size_t n, size_t wanted, bool spread)
{
    return spread ? (i + 1) * wanted / n > i * wanted / n : i < wanted;
}

fgf_status fgf_split_set_aside(const fgf_split_settings *s, patient *patients, size_t count)
{
    fgf_status status = FGF_OK;
    FGF_TRY(need_no_validation(patients, count, "split.validation", "set the share to 0"));
    draw_patients(s, DRAW_VALIDATION, patients, count);
    for (int class = 0; class <= 1; class ++) {
        size_t training = 0, next = 0;
        for (size_t p = 0; p < count; p++)
            training += patients[p].role == FGF_ROLE_TRAIN && patients[p].class == class;
        size_t wanted = (size_t)floor(s->validation * (double)training + 0.5);
        /* A curve of one class is no AUC; and neither part may lose a class. */
        if (wanted == 0 && training > 1)
            wanted = 1;
        if (wanted >= training)
            wanted = training > 1 ? training - 1 : 0;
        for (size_t p = 0; p < count; p++)
            if (patients[p].role == FGF_ROLE_TRAIN && patients[p].class == class &&
                is_taken(next++, training, wanted, fgf_split_by_centres(s)))
                patients[p].role = FGF_ROLE_VALIDATION;
    }
done:
    return status;
}
