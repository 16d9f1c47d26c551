#include "fgf/choose.h"

#include "fgf/memory.h"

#include <math.h>
#include <stdlib.h>

/* Means of the same scores differ in their last bits by the order of summation. */
static const double equal = 1e-12;

/* Marks each inner fold [outer][fold] in which some trial has a score, or in which none is done, so
 * that nothing is known of it yet. The others are left out. */
static fgf_status find_defined(const fgf_choose_design *design, const fgf_choose_trial *trials,
                               size_t count, bool **out)
{
    fgf_status status = FGF_OK;
    bool *defined = NULL, *seen = NULL;
    const size_t folds = design->outer_count * design->fold_count;
    FGF_TRY(FGF_ALLOCATE(folds, &defined));
    FGF_TRY(FGF_ALLOCATE(folds, &seen));
    for (size_t i = 0; i < count; i++) {
        const fgf_choose_trial *t = &trials[i];
        if (t->fold == FGF_CHOOSE_NONE || t->state != FGF_CHOOSE_DONE)
            continue;
        const size_t k = t->outer * design->fold_count + t->fold;
        seen[k] = true;
        defined[k] = defined[k] || isfinite(t->score);
    }
    for (size_t k = 0; k < folds; k++)
        defined[k] = defined[k] || !seen[k];
    *out = defined;
    defined = NULL;
done:
    fgf_free(defined);
    fgf_free(seen);
    return status;
}

static int by_place(const void *a, const void *b)
{
    const fgf_choose_trial *x = *(const fgf_choose_trial *const *)a,
                           *y = *(const fgf_choose_trial *const *)b;
    if (x->outer != y->outer)
        return x->outer < y->outer ? -1 : 1;
    if (x->setting != y->setting)
        return x->setting < y->setting ? -1 : 1;
    if (x->fold != y->fold)
        return x->fold < y->fold ? -1 : 1;
    return x < y ? -1 : x > y;
}

/* The trials that choose, setting by setting and fold by fold. */
static fgf_status sort_trials(const fgf_choose_trial *trials, size_t count,
                              const fgf_choose_trial ***out, size_t *sorted_count)
{
    fgf_status status = FGF_OK;
    *sorted_count = 0;
    FGF_TRY(FGF_ALLOCATE(count, out));
    for (size_t i = 0; i < count; i++)
        if (trials[i].fold != FGF_CHOOSE_NONE)
            (*out)[(*sorted_count)++] = &trials[i];
    qsort(*out, *sorted_count, sizeof **out, by_place);
done:
    return status;
}

/* One setting in one outer split, from its trials. defined [fold] */
static fgf_choose_candidate judge(const fgf_choose_trial *const *trials, size_t count,
                                  size_t fold_count, const bool *defined)
{
    fgf_choose_candidate c = {.trials = count, .score = NAN};
    double sum = 0;
    size_t scores = 0;
    for (size_t i = 0; i < count; i++) {
        const fgf_choose_trial *t = trials[i];
        c.folds += i == 0 || t->fold != trials[i - 1]->fold;
        c.done += t->state == FGF_CHOOSE_DONE;
        c.failed += t->state == FGF_CHOOSE_FAILED;
        if (t->state != FGF_CHOOSE_DONE || !defined[t->fold])
            continue;
        c.undefined += !isfinite(t->score);
        sum += t->score;
        scores++;
    }
    if (c.done < count || c.folds < fold_count) {
        c.verdict = FGF_CHOOSE_INCOMPLETE;
    } else if (c.undefined > 0 || scores == 0) {
        c.verdict = FGF_CHOOSE_UNDEFINED;
    } else {
        c.verdict = FGF_CHOOSE_SCORED;
        c.score = sum / (double)scores;
    }
    return c;
}

/* How much worse b is than a. */
static double worse_by(double a, double b, bool highest)
{
    return highest ? a - b : b - a;
}

static fgf_choose_outer choose_one(const fgf_choose_candidate *candidates, size_t count,
                                   bool highest)
{
    fgf_choose_outer o = {.chosen = FGF_CHOOSE_NONE, .score = NAN, .margin = NAN};
    double best = NAN;
    for (size_t s = 0; s < count; s++) {
        o.settings += candidates[s].verdict != FGF_CHOOSE_ABSENT;
        o.so_far = o.so_far || candidates[s].done + candidates[s].failed < candidates[s].trials;
        if (candidates[s].verdict != FGF_CHOOSE_SCORED)
            continue;
        o.scored++;
        if (isnan(best) || worse_by(best, candidates[s].score, highest) < 0)
            best = candidates[s].score;
    }
    for (size_t s = 0; s < count; s++) {
        if (candidates[s].verdict != FGF_CHOOSE_SCORED)
            continue;
        const double worse = worse_by(best, candidates[s].score, highest);
        const bool ties = worse <= equal * fmax(1, fabs(best));
        if (ties && o.chosen == FGF_CHOOSE_NONE) {
            o.chosen = s;
            o.score = candidates[s].score;
            continue;
        }
        o.tied += ties;
        o.margin = fmin(o.margin, ties ? 0 : worse);
    }
    return o;
}

fgf_status fgf_choose_settings(const fgf_choose_design *design, const fgf_choose_trial *trials,
                               size_t count, fgf_choose_candidate *candidates,
                               fgf_choose_outer *outers)
{
    fgf_status status = FGF_OK;
    const fgf_choose_trial **sorted = NULL;
    bool *defined = NULL;
    size_t sorted_count = 0;
    FGF_TRY(find_defined(design, trials, count, &defined));
    FGF_TRY(sort_trials(trials, count, &sorted, &sorted_count));
    for (size_t k = 0; k < design->outer_count * design->setting_count; k++)
        candidates[k] = (fgf_choose_candidate){.verdict = FGF_CHOOSE_ABSENT, .score = NAN};
    for (size_t first = 0, next; first < sorted_count; first = next) {
        const fgf_choose_trial *t = sorted[first];
        for (next = first + 1; next < sorted_count; next++)
            if (sorted[next]->outer != t->outer || sorted[next]->setting != t->setting)
                break;
        candidates[t->outer * design->setting_count + t->setting] =
            judge(sorted + first, next - first, design->fold_count,
                  defined + t->outer * design->fold_count);
    }
    for (size_t o = 0; o < design->outer_count; o++) {
        outers[o] = choose_one(candidates + o * design->setting_count, design->setting_count,
                               design->highest);
        for (size_t k = 0; k < design->fold_count; k++)
            outers[o].undefined_folds += !defined[o * design->fold_count + k];
    }
done:
    fgf_free(sorted);
    fgf_free(defined);
    return status;
}

/* Mean and deviation of the finite ones among the values; returns how many those are. */
static size_t describe(const double *value, size_t count, double *mean, double *deviation)
{
    double sum = 0, squares = 0;
    size_t n = 0;
    for (size_t i = 0; i < count; i++) {
        sum += isfinite(value[i]) ? value[i] : 0;
        n += isfinite(value[i]);
    }
    *mean = n > 0 ? sum / (double)n : NAN;
    for (size_t i = 0; i < count; i++)
        squares += isfinite(value[i]) ? (value[i] - *mean) * (value[i] - *mean) : 0;
    *deviation = n > 1 ? sqrt(squares / (double)(n - 1)) : NAN;
    return n;
}

fgf_status fgf_choose_summarize(const double *value, const size_t *repetition, size_t count,
                                size_t repetition_count, fgf_choose_summary *out)
{
    fgf_status status = FGF_OK;
    double *means = NULL;
    size_t *values = NULL;
    *out = (fgf_choose_summary){0};
    FGF_TRY(FGF_ALLOCATE(repetition_count, &means));
    FGF_TRY(FGF_ALLOCATE(repetition_count, &values));
    for (size_t i = 0; i < count; i++) {
        if (!isfinite(value[i]))
            continue;
        means[repetition[i]] += value[i];
        values[repetition[i]]++;
        out->values++;
    }
    for (size_t r = 0; r < repetition_count; r++)
        means[r] = values[r] > 0 ? means[r] / (double)values[r] : NAN;
    if (repetition_count > 1) {
        out->repetitions = describe(means, repetition_count, &out->mean, &out->deviation);
    } else {
        describe(value, count, &out->mean, &out->deviation);
        out->repetitions = out->values > 0;
    }
done:
    fgf_free(means);
    fgf_free(values);
    return status;
}
