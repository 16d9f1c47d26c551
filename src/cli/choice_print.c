/* The table of what was chosen. */
#include "choice.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { NUMBER_BYTES = 32, WARNINGS_MOST = 8, SETTINGS_SHOWN = 12 };

/* Appends "key=value" of the keys as trial `first` has them; `none` where there are no keys. */
static void add_values(const choice *c, const choice_keys *keys, size_t first, const char *none,
                       fgf_buffer *out)
{
    for (size_t k = 0; k < keys->count; k++) {
        const char *value =
            fgf_config_value(fgf_sweep_trial(c->source.sweep, first), keys->path[k]);
        fgf_buffer_add(out, "%s%s=%s", k ? " " : "", keys->path[k], value ? value : "-");
    }
    if (keys->count == 0)
        fgf_buffer_add(out, "%s", none);
}

void choice_add_outer(const choice *c, size_t o, fgf_buffer *out)
{
    add_values(c, &c->outer_keys, c->outer_first[o], "the one split", out);
}

void choice_add_setting(const choice *c, size_t s, fgf_buffer *out)
{
    add_values(c, &c->setting_keys, c->setting_first[s], "the one setting", out);
}

static const char *plural(size_t count)
{
    return count == 1 ? "" : "s";
}

static const char *number(double value, char text[NUMBER_BYTES])
{
    if (isfinite(value))
        snprintf(text, NUMBER_BYTES, fabs(value) < 1e4 ? "%.4f" : "%.4g", value);
    else
        snprintf(text, NUMBER_BYTES, "-");
    return text;
}

/* Lines about what was not chosen from, or stands on less than it should. */
typedef struct warnings {
    fgf_buffer lines;
    size_t count;
} warnings;

/* Begins a warning about an outer split, or passes it over where there are enough. */
static bool warn_of(warnings *w, const choice *c, size_t o)
{
    if (w->count++ >= WARNINGS_MOST)
        return false;
    fgf_buffer_add(&w->lines, "  ");
    choice_add_outer(c, o, &w->lines);
    fgf_buffer_add(&w->lines, ": ");
    return true;
}

static void warn_of_candidate(warnings *w, const choice *c, size_t o, size_t s)
{
    const fgf_choose_candidate *d = &c->candidates[o * c->design.setting_count + s];
    const bool incomplete = d->verdict == FGF_CHOOSE_INCOMPLETE;
    if (!incomplete && (d->verdict != FGF_CHOOSE_UNDEFINED || d->undefined == 0))
        return;
    if (!warn_of(w, c, o))
        return;
    choice_add_setting(c, s, &w->lines);
    if (incomplete) {
        fgf_buffer_add(&w->lines, " is incomplete and not chosen: %zu of %zu trial%s done", d->done,
                       d->trials, plural(d->trials));
        if (d->failed > 0)
            fgf_buffer_add(&w->lines, ", %zu failed", d->failed);
        if (d->folds < c->design.fold_count)
            fgf_buffer_add(&w->lines, ", the sweep has %zu of its %zu inner folds", d->folds,
                           c->design.fold_count);
        fgf_buffer_add(&w->lines, "\n");
    } else {
        fgf_buffer_add(&w->lines,
                       " is not chosen: its %s is undefined in %zu trial%s, where other settings "
                       "have one\n",
                       c->column, d->undefined, plural(d->undefined));
    }
}

static void warn_of_scores(warnings *w, const choice *c, size_t o)
{
    const fgf_choose_outer *outer = &c->outers[o];
    if (outer->undefined_folds > 0 && warn_of(w, c, o)) {
        if (c->nested)
            fgf_buffer_add(&w->lines,
                           "%s is undefined in %zu of %zu inner folds (one label?), left out for "
                           "all settings alike\n",
                           c->column, outer->undefined_folds, c->design.fold_count);
        else
            fgf_buffer_add(&w->lines, "%s is undefined (validation cases of one label?)\n",
                           c->column);
    }
    if (outer->tied > 0 && warn_of(w, c, o))
        fgf_buffer_add(&w->lines,
                       "%zu other setting%s with the same %s; the first of the sweep is taken\n",
                       outer->tied, plural(outer->tied), c->column);
}

static void warn_of_tests(warnings *w, const choice *c, size_t o)
{
    const choice_tested *t = &c->tested[o];
    if (c->outers[o].chosen == FGF_CHOOSE_NONE || !c->tests)
        return;
    if (t->trials == 0) {
        if (warn_of(w, c, o))
            fgf_buffer_add(&w->lines, "the sweep has no trial with split.inner_fold -1 of what is "
                                      "chosen, to be tested\n");
    } else if (t->done < t->trials) {
        if (warn_of(w, c, o))
            fgf_buffer_add(&w->lines,
                           "not tested: %zu of %zu trial%s of the chosen setting%s done, %zu "
                           "failed\n",
                           t->done, t->trials, plural(t->trials),
                           c->nested ? " with inner fold -1" : "", t->failed);
    } else if (isnan(t->value[CHOICE_TEST_auc_test]) && warn_of(w, c, o)) {
        fgf_buffer_add(
            &w->lines,
            "auc_test is undefined (no test cases, or of one label?), not in the mean\n");
    }
}

static fgf_status print_warnings(const choice *c)
{
    fgf_status status = FGF_OK;
    warnings w = {0};
    for (size_t o = 0; o < c->design.outer_count; o++) {
        for (size_t s = 0; s < c->design.setting_count; s++)
            warn_of_candidate(&w, c, o, s);
        warn_of_scores(&w, c, o);
        warn_of_tests(&w, c, o);
    }
    FGF_TRY(w.lines.status);
    if (w.count > 0)
        printf("\nto be known\n%s", w.lines.text);
    if (w.count > WARNINGS_MOST)
        printf("  and %zu more; --json has them all\n", w.count - WARNINGS_MOST);
done:
    fgf_buffer_clear(&w.lines);
    return status;
}

static void print_heading(const choice *c, int width)
{
    printf("\neach outer split chooses by %s%s: the %s mean over %s\n", c->column,
           c->epoch_column == SIZE_MAX ? "" : " of the epoch that was kept",
           c->design.highest ? "highest" : "lowest", c->nested ? "inner folds and seeds" : "seeds");
    printf("tested: what is chosen, %s\n",
           c->nested ? "by its trials with split.inner_fold -1, mean over seeds"
                     : "mean over seeds");
    if (c->nested && !c->tests)
        printf("no trial has split.inner_fold -1, so nothing is tested: add -1 to its values\n");
    if (c->training)
        printf("%s is of the cases that were trained on, which favours whatever fits them most\n",
               c->column);
    if (c->done + c->failed < c->trial_count)
        printf("%zu of %zu trials are left: what is chosen may change\n",
               c->trial_count - c->done - c->failed, c->trial_count);
    printf("\n%-*s  %8s  %15s  %8s", width, "outer split", "settings", c->column, "ahead by");
    for (size_t k = 0; k < CHOICE_TESTS; k++)
        printf("  %10s", choice_test_name[k]);
    printf("  %5s  %s\n", "seeds", "chosen");
}

static fgf_status print_outer(const choice *c, size_t o, int width)
{
    fgf_status status = FGF_OK;
    const fgf_choose_outer *outer = &c->outers[o];
    const choice_tested *tested = &c->tested[o];
    fgf_buffer name = {0}, setting = {0};
    char text[NUMBER_BYTES], of[NUMBER_BYTES * 2];
    choice_add_outer(c, o, &name);
    if (outer->chosen != FGF_CHOOSE_NONE)
        choice_add_setting(c, outer->chosen, &setting);
    else
        fgf_buffer_add(&setting, "-");
    FGF_TRY(name.status);
    FGF_TRY(setting.status);
    snprintf(of, sizeof of, "%zu/%zu", outer->scored, outer->settings);
    printf("%-*s  %8s  %15s", width, name.text, of, number(outer->score, text));
    printf("  %8s", outer->tied > 0 ? "tie" : number(outer->margin, text));
    for (size_t k = 0; k < CHOICE_TESTS; k++)
        printf("  %10s", number(tested->value[k], text));
    if (tested->done < tested->trials)
        snprintf(of, sizeof of, "%zu/%zu", tested->done, tested->trials);
    else
        snprintf(of, sizeof of, "%zu", tested->done);
    printf("  %5s  %s%s\n", of, setting.text,
           outer->so_far && outer->chosen != FGF_CHOOSE_NONE ? " (so far)" : "");
done:
    fgf_buffer_clear(&name);
    fgf_buffer_clear(&setting);
    return status;
}

static void print_summary(const choice *c, int width)
{
    const fgf_choose_summary *auc = &c->summary[CHOICE_TEST_auc_test];
    char text[NUMBER_BYTES];
    printf("%-*s  %8s  %15s  %8s", width, "mean", "", "", "");
    for (size_t k = 0; k < CHOICE_TESTS; k++)
        printf("  %10s", number(c->summary[k].mean, text));
    printf("\n%-*s  %8s  %15s  %8s", width, "standard deviation", "", "", "");
    for (size_t k = 0; k < CHOICE_TESTS; k++)
        printf("  %10s", number(c->summary[k].deviation, text));
    printf("\n\nmean and standard deviation over ");
    if (c->repetition_count > 1)
        printf("%zu of %zu repetitions, each the mean of its outer splits (%zu of %zu have an "
               "auc_test)\n",
               auc->repetitions, c->repetition_count, auc->values, c->design.outer_count);
    else
        printf("the outer splits (%zu of %zu have an auc_test)\n", auc->values,
               c->design.outer_count);
}

/* How often each setting was chosen; of many, those that never were are counted only. */
static fgf_status print_times_chosen(const choice *c)
{
    fgf_status status = FGF_OK;
    const bool all = c->design.setting_count <= SETTINGS_SHOWN;
    fgf_buffer setting = {0};
    size_t never = 0;
    for (size_t s = 0; s < c->design.setting_count; s++) {
        never += c->times_chosen[s] == 0;
        if (c->times_chosen[s] == 0 && !all)
            continue;
        setting.length = 0;
        choice_add_setting(c, s, &setting);
        FGF_TRY(setting.status);
        printf("chosen in %zu of %zu outer splits: %s\n", c->times_chosen[s], c->design.outer_count,
               setting.text);
    }
    if (!all && never > 0)
        printf("chosen in none: %zu settings\n", never);
done:
    fgf_buffer_clear(&setting);
    return status;
}

fgf_status choice_print(const choice *c)
{
    fgf_status status = FGF_OK;
    fgf_buffer name = {0};
    size_t width = strlen("standard deviation");
    for (size_t o = 0; o < c->design.outer_count; o++) {
        name.length = 0;
        choice_add_outer(c, o, &name);
        FGF_TRY(name.status);
        width = name.length > width ? name.length : width;
    }
    print_heading(c, (int)width);
    for (size_t o = 0; o < c->design.outer_count; o++)
        FGF_TRY(print_outer(c, o, (int)width));
    print_summary(c, (int)width);
    FGF_TRY(print_times_chosen(c));
    FGF_TRY(print_warnings(c));
done:
    fgf_buffer_clear(&name);
    return status;
}
