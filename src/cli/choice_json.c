/* What was chosen, as one JSON object. */
#include "choice.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void add_json_number(double value, fgf_buffer *out)
{
    if (isfinite(value))
        fgf_buffer_add(out, "%.17g", value);
    else
        fgf_buffer_add(out, "null");
}

/* {"key": value}: numbers and truth values as they are, all else as texts. */
static void add_json_values(const choice *c, const choice_keys *keys, size_t first, fgf_buffer *out)
{
    fgf_buffer_add(out, "{");
    for (size_t k = 0; k < keys->count; k++) {
        const char *value =
            fgf_config_value(fgf_sweep_trial(c->source.sweep, first), keys->path[k]);
        char *end = NULL;
        fgf_buffer_add(out, k ? ", " : "");
        fgf_buffer_add_json(out, keys->path[k]);
        fgf_buffer_add(out, ": ");
        const double numeric = value && *value ? strtod(value, &end) : NAN;
        if (!value)
            fgf_buffer_add(out, "null");
        else if (end && !*end && isfinite(numeric) && strchr("-0123456789", value[0]))
            fgf_buffer_add(out, "%s", value);
        else if (strcmp(value, "true") == 0 || strcmp(value, "false") == 0 || value[0] == '"')
            fgf_buffer_add(out, "%s", value); /* a text is quoted there as in JSON */
        else
            fgf_buffer_add_json(out, value);
    }
    fgf_buffer_add(out, "}");
}

static void add_json_tests(const double *value, fgf_buffer *out)
{
    for (size_t k = 0; k < CHOICE_TESTS; k++) {
        fgf_buffer_add(out, "%s\"%s\": ", k ? ", " : "", choice_test_name[k]);
        add_json_number(value[k], out);
    }
}

static void add_json_candidates(const choice *c, size_t o, fgf_buffer *out)
{
    static const char *const verdicts[] = {"absent", "incomplete", "undefined", "scored"};
    bool comma = false;
    fgf_buffer_add(out, "\"settings\": [");
    for (size_t s = 0; s < c->design.setting_count; s++) {
        const fgf_choose_candidate *d = &c->candidates[o * c->design.setting_count + s];
        if (d->verdict == FGF_CHOOSE_ABSENT)
            continue;
        fgf_buffer_add(out, "%s{\"setting\": %zu, \"verdict\": \"%s\", \"score\": ",
                       comma ? ",\n      " : "\n      ", s, verdicts[d->verdict]);
        add_json_number(d->score, out);
        fgf_buffer_add(out,
                       ", \"trials\": %zu, \"done\": %zu, \"failed\": %zu, \"inner_folds\": %zu, "
                       "\"undefined\": %zu}",
                       d->trials, d->done, d->failed, d->folds, d->undefined);
        comma = true;
    }
    fgf_buffer_add(out, "]");
}

static void add_json_outer(const choice *c, size_t o, fgf_buffer *out)
{
    const fgf_choose_outer *outer = &c->outers[o];
    const choice_tested *tested = &c->tested[o];
    fgf_buffer_add(out, "{\"split\": ");
    add_json_values(c, &c->outer_keys, c->outer_first[o], out);
    fgf_buffer_add(out, ", \"repetition\": %zu, \"chosen\": ", c->repetition[o]);
    if (outer->chosen == FGF_CHOOSE_NONE)
        fgf_buffer_add(out, "null");
    else
        fgf_buffer_add(out, "%zu", outer->chosen);
    fgf_buffer_add(out, ", \"so_far\": %s, \"score\": ", outer->so_far ? "true" : "false");
    add_json_number(outer->score, out);
    fgf_buffer_add(out, ", \"margin\": ");
    add_json_number(outer->margin, out);
    fgf_buffer_add(
        out,
        ", \"tied\": %zu, \"undefined_inner_folds\": %zu,\n     \"test\": {\"trials\": %zu, "
        "\"done\": %zu, \"failed\": %zu, ",
        outer->tied, outer->undefined_folds, tested->trials, tested->done, tested->failed);
    add_json_tests(tested->value, out);
    fgf_buffer_add(out, "},\n     ");
    add_json_candidates(c, o, out);
    fgf_buffer_add(out, "}");
}

static void add_json_summary(const choice *c, fgf_buffer *out)
{
    const fgf_choose_summary *auc = &c->summary[CHOICE_TEST_auc_test];
    double mean[CHOICE_TESTS], deviation[CHOICE_TESTS];
    for (size_t k = 0; k < CHOICE_TESTS; k++) {
        mean[k] = c->summary[k].mean;
        deviation[k] = c->summary[k].deviation;
    }
    fgf_buffer_add(out, "\"mean\": {");
    add_json_tests(mean, out);
    fgf_buffer_add(out, "},\n \"standard_deviation\": {");
    add_json_tests(deviation, out);
    fgf_buffer_add(out, "},\n \"over\": \"%s\", \"repetitions\": %zu, \"outer_splits_tested\": %zu",
                   c->repetition_count > 1 ? "repetitions" : "outer splits", c->repetition_count,
                   auc->values);
}

fgf_status choice_print_json(const choice *c)
{
    fgf_status status = FGF_OK;
    fgf_buffer out = {0};
    fgf_buffer_add(&out, "{\"chosen_by\": ");
    fgf_buffer_add_json(&out, c->column);
    fgf_buffer_add(&out,
                   ", \"best\": \"%s\", \"nested\": %s, \"inner_folds\": %zu, \"trials\": %zu, "
                   "\"done\": %zu, \"failed\": %zu, \"left\": %zu,\n \"settings\": [",
                   c->design.highest ? "highest" : "lowest", c->nested ? "true" : "false",
                   c->nested ? c->design.fold_count : 0, c->trial_count, c->done, c->failed,
                   c->trial_count - c->done - c->failed);
    for (size_t s = 0; s < c->design.setting_count; s++) {
        fgf_buffer_add(&out, "%s{\"times_chosen\": %zu, \"keys\": ", s ? ",\n  " : "\n  ",
                       c->times_chosen[s]);
        add_json_values(c, &c->setting_keys, c->setting_first[s], &out);
        fgf_buffer_add(&out, "}");
    }
    fgf_buffer_add(&out, "],\n \"outer_splits\": [");
    for (size_t o = 0; o < c->design.outer_count; o++) {
        fgf_buffer_add(&out, o ? ",\n    " : "\n    ");
        add_json_outer(c, o, &out);
    }
    fgf_buffer_add(&out, "],\n ");
    add_json_summary(c, &out);
    fgf_buffer_add(&out, "}\n");
    FGF_TRY(out.status);
    fputs(out.text, stdout);
done:
    fgf_buffer_clear(&out);
    return status;
}
