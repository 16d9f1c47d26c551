/* Whether `fgf status --choose` will have what it needs, told before hours are spent: the choice is
 * made as if every trial were done, with one score for all. */
#include "choice.h"

#include "fgf/log.h"
#include "fgf/memory.h"

static fgf_status has_inner_folds(const fgf_sweep *sweep, bool *out)
{
    fgf_status status = FGF_OK;
    fgf_split_settings split = {0};
    *out = false;
    for (size_t i = 0; i < fgf_sweep_trial_count(sweep) && !*out; i++) {
        FGF_TRY(fgf_config_section(fgf_sweep_trial(sweep, i), "split", &split));
        *out = split.inner_folds > 0;
    }
done:
    return status;
}

/* Some of the settings, each of every outer split. */
typedef struct group {
    size_t count, first; /* the first in [outer][setting] */
} group;

static void add_to_group(size_t k, group *to)
{
    to->first = to->count++ ? to->first : k;
}

/* "2 of 8 settings (align.lambda=0.3 of split.fold=1)" */
static void describe(const choice *c, const group *some, size_t settings, fgf_buffer *out)
{
    fgf_buffer_add(out, "%zu of %zu settings (", some->count, settings);
    choice_add_setting(c, some->first % c->design.setting_count, out);
    fgf_buffer_add(out, " of ");
    choice_add_outer(c, some->first / c->design.setting_count, out);
    fgf_buffer_add(out, ")");
}

/* tested [outer][setting]: those that have a trial to be tested by. */
static fgf_status warn_of_settings(const choice *c, const bool *tested, const char *name)
{
    fgf_status status = FGF_OK;
    group incomplete = {0}, untested = {0};
    fgf_buffer text = {0};
    size_t settings = 0;
    for (size_t k = 0; k < c->design.outer_count * c->design.setting_count; k++) {
        const fgf_choose_verdict verdict = c->candidates[k].verdict;
        settings += verdict != FGF_CHOOSE_ABSENT;
        if (verdict == FGF_CHOOSE_INCOMPLETE)
            add_to_group(k, &incomplete);
        else if (verdict == FGF_CHOOSE_SCORED && !tested[k])
            add_to_group(k, &untested);
    }
    describe(c, incomplete.count > 0 ? &incomplete : &untested, settings, &text);
    FGF_TRY(text.status);
    if (!c->tests)
        fgf_warn("%s: no trial has split.inner_fold -1, so what `fgf status --choose` chooses "
                 "cannot be tested: add -1 to its values",
                 name);
    else if (incomplete.count > 0)
        fgf_warn("%s: `fgf status --choose` can never choose %s: the sweep lacks inner folds", name,
                 text.text);
    else if (untested.count > 0)
        fgf_warn("%s: `fgf status --choose` cannot test %s: the sweep lacks split.inner_fold -1",
                 name, text.text);
done:
    fgf_buffer_clear(&text);
    return status;
}

static fgf_status choose_as_if_done(choice *c, const char *name)
{
    fgf_status status = FGF_OK;
    const size_t all = c->design.outer_count * c->design.setting_count;
    bool *tested = NULL;
    FGF_TRY(FGF_ALLOCATE(c->design.outer_count, &c->outers));
    FGF_TRY(FGF_ALLOCATE(all, &c->candidates));
    FGF_TRY(FGF_ALLOCATE(all, &tested));
    for (size_t i = 0; i < c->trial_count; i++) {
        fgf_choose_trial *t = &c->trials[i];
        t->state = FGF_CHOOSE_DONE;
        if (!c->nested || t->fold == FGF_CHOOSE_NONE)
            tested[t->outer * c->design.setting_count + t->setting] = true;
    }
    FGF_TRY(fgf_choose_settings(&c->design, c->trials, c->trial_count, c->candidates, c->outers));
    FGF_TRY(warn_of_settings(c, tested, name));
done:
    fgf_free(tested);
    return status;
}

fgf_status choice_foresee(fgf_sweep *sweep, const char *name)
{
    fgf_status status = FGF_OK;
    choice c = {.source.sweep = sweep, .trial_count = fgf_sweep_trial_count(sweep)};
    bool inner_folds = false;
    FGF_TRY(has_inner_folds(sweep, &inner_folds));
    if (!inner_folds)
        goto done;
    status = choice_group(&c);
    if (status == FGF_USAGE) {
        fgf_warn("%s: `fgf status --choose` will refuse the results: %s", name,
                 fgf_last_error()->message);
        status = FGF_OK;
        goto done;
    }
    FGF_TRY(status);
    FGF_TRY(choose_as_if_done(&c, name));
done:
    c.source.sweep = NULL; /* borrowed */
    choice_clear(&c);
    return status;
}
