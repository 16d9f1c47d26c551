/* Which trials of a sweep are of one outer split and of one setting.
 *
 * An outer split is what the sweep varies of split.*, but for the inner fold. A setting is what it
 * varies of all other keys but seeds among the trials that choose: a key that a `when` rule sets
 * for the trials without an inner fold alone is no choice. */
#include "choice.h"

#include "fgf/memory.h"

#include <stdlib.h>
#include <string.h>

static const fgf_config *config_of(const choice *c, size_t trial)
{
    return fgf_sweep_trial(c->source.sweep, trial);
}

/* Whether two trials have the same value of a key. */
static bool agree(const choice *c, const char *path, size_t a, size_t b)
{
    const char *x = fgf_config_value(config_of(c, a), path);
    const char *y = fgf_config_value(config_of(c, b), path);
    return x && y ? strcmp(x, y) == 0 : x == y;
}

/* Finds out who chooses: the trials with an inner fold; all of them, where none has one. */
static fgf_status read_folds(choice *c)
{
    fgf_status status = FGF_OK;
    fgf_split_settings split = {0};
    c->design.fold_count = 1;
    for (size_t i = 0; i < c->trial_count; i++) {
        FGF_TRY(fgf_config_section(config_of(c, i), "split", &split));
        const bool inner = split.inner_folds > 0 && split.inner_fold >= 0;
        c->trials[i].fold = inner ? (size_t)split.inner_fold : FGF_CHOOSE_NONE;
        c->nested = c->nested || inner;
        c->tests = c->tests || !inner;
        /* The larger of two numbers, where a sweep mixes, which is refused later. */
        const size_t needed = (size_t)(split.inner_fold < split.inner_folds ? split.inner_folds
                                                                            : split.inner_fold + 1);
        if (inner && needed > c->design.fold_count)
            c->design.fold_count = needed;
    }
    for (size_t i = 0; i < c->trial_count && !c->nested; i++)
        c->trials[i].fold = 0;
done:
    return status;
}

/* Outer splits of two designs have no mean in common, and settings need the same cases to be held
 * against. */
static fgf_status check_design(const choice *c)
{
    fgf_status status = FGF_OK;
    static const char *const same[] = {"split.kind", "split.folds", "split.stratify",
                                       "split.inner_folds", "split.validation"};
    for (size_t k = 0; k < sizeof same / sizeof *same; k++) {
        const bool of_choosing = strcmp(same[k], "split.validation") == 0;
        size_t first = SIZE_MAX;
        for (size_t i = 0; i < c->trial_count; i++) {
            if (of_choosing && c->trials[i].fold == FGF_CHOOSE_NONE)
                continue;
            first = first == SIZE_MAX ? i : first;
            if (!agree(c, same[k], first, i))
                FGF_FAIL(FGF_USAGE,
                         "the sweep mixes: trials %zu and %zu have %s %s and %s; one "
                         "sweep for each, with a results file of its own",
                         first, i, same[k], fgf_config_value(config_of(c, first), same[k]),
                         fgf_config_value(config_of(c, i), same[k]));
        }
    }
done:
    return status;
}

/* Every inner fold is in the sweep. */
static fgf_status check_folds(const choice *c)
{
    fgf_status status = FGF_OK;
    fgf_split_settings split = {0};
    bool *there = NULL;
    size_t count = 0;
    FGF_TRY(FGF_ALLOCATE(c->design.fold_count, &there));
    FGF_TRY(fgf_config_section(config_of(c, 0), "split", &split));
    for (size_t i = 0; i < c->trial_count && c->nested; i++) {
        const size_t fold = c->trials[i].fold;
        if (fold == FGF_CHOOSE_NONE || there[fold])
            continue;
        there[fold] = true;
        count++;
    }
    const bool none = !c->nested && split.inner_folds > 0 && split.validation <= 0;
    if (none || (c->nested && count < c->design.fold_count))
        FGF_FAIL(FGF_USAGE,
                 "the sweep has %zu of its %lld inner folds; sweep split.inner_fold over "
                 "0 .. %lld, and -1 for the test",
                 count, (long long)split.inner_folds, (long long)split.inner_folds - 1);
done:
    fgf_free(there);
    return status;
}

typedef enum key_role { OUTER_KEY, SETTING_KEY, SEED_KEY, PASSED_OVER } key_role;

static key_role role_of(const char *path)
{
    const char *last = strrchr(path, '.');
    if (strcmp(path, "split.inner_fold") == 0 || strcmp(path, "split.validation") == 0)
        return PASSED_OVER;
    if (strncmp(path, "split.", strlen("split.")) == 0)
        return OUTER_KEY;
    return last && strcmp(last, ".seed") == 0 ? SEED_KEY : SETTING_KEY;
}

/* Whether a swept key varies; a setting must do so among the trials that choose. */
static bool varies(const choice *c, const char *path, bool choosing)
{
    size_t first = SIZE_MAX;
    for (size_t i = 0; i < c->trial_count; i++) {
        if (choosing && c->trials[i].fold == FGF_CHOOSE_NONE)
            continue;
        if (first == SIZE_MAX)
            first = i;
        else if (!agree(c, path, first, i))
            return true;
    }
    return false;
}

static fgf_status sort_keys(choice *c)
{
    fgf_status status = FGF_OK;
    const size_t axes = fgf_sweep_axis_count(c->source.sweep);
    choice_keys *const keys[] = {&c->outer_keys, &c->setting_keys, &c->seed_keys};
    for (size_t k = 0; k < sizeof keys / sizeof *keys; k++)
        FGF_TRY(FGF_ALLOCATE(axes, &keys[k]->path));
    FGF_TRY(FGF_ALLOCATE(axes, &c->repetition_keys.path));
    for (size_t a = 0; a < axes; a++) {
        const char *path = fgf_sweep_axis(c->source.sweep, a);
        const key_role role = role_of(path);
        if (role == PASSED_OVER || !varies(c, path, role == SETTING_KEY))
            continue;
        keys[role]->path[keys[role]->count++] = path;
        if (strcmp(path, "split.repeat") == 0 || strcmp(path, "split.seed") == 0)
            c->repetition_keys.path[c->repetition_keys.count++] = path;
    }
done:
    return status;
}

typedef struct named_trial {
    fgf_hash name;
    size_t trial;
} named_trial;

static int by_name(const void *a, const void *b)
{
    const named_trial *x = a, *y = b;
    const int order = strcmp(x->name.text, y->name.text);
    return order ? order : x->trial < y->trial ? -1 : x->trial > y->trial;
}

/* The values that a trial has of some keys, as one name. */
static fgf_status name_trial(const choice *c, const choice_keys *const *keys, size_t lists,
                             size_t trial, fgf_buffer *text, fgf_hash *out)
{
    fgf_status status = FGF_OK;
    text->length = 0;
    fgf_buffer_add(text, ".");
    for (size_t l = 0; l < lists; l++)
        for (size_t k = 0; k < keys[l]->count; k++) {
            const char *value = fgf_config_value(config_of(c, trial), keys[l]->path[k]);
            fgf_buffer_add(text, "%s\n", value ? value : "");
        }
    FGF_TRY(text->status);
    *out = fgf_hash_bytes(text->text, text->length);
done:
    return status;
}

/* Trials with the same values of all these keys are one group; groups are numbered by their first
 * trials. group [trial_count]; *first [*groups] is owned by the caller. */
static fgf_status group_trials(const choice *c, const choice_keys *const *keys, size_t lists,
                               size_t *group, size_t **first, size_t *groups)
{
    fgf_status status = FGF_OK;
    named_trial *sorted = NULL;
    fgf_buffer text = {0};
    *groups = 0;
    FGF_TRY(FGF_ALLOCATE(c->trial_count, first));
    FGF_TRY(FGF_ALLOCATE(c->trial_count, &sorted));
    for (size_t i = 0; i < c->trial_count; i++) {
        sorted[i].trial = i;
        FGF_TRY(name_trial(c, keys, lists, i, &text, &sorted[i].name));
    }
    qsort(sorted, c->trial_count, sizeof *sorted, by_name);
    for (size_t k = 0, leader = 0; k < c->trial_count; k++) {
        if (k == 0 || strcmp(sorted[k].name.text, sorted[k - 1].name.text) != 0)
            leader = sorted[k].trial;
        group[sorted[k].trial] = leader;
    }
    for (size_t i = 0; i < c->trial_count; i++) {
        const bool leads = group[i] == i;
        group[i] = leads ? *groups : group[group[i]];
        if (leads)
            (*first)[(*groups)++] = i;
    }
done:
    fgf_free(sorted);
    fgf_buffer_clear(&text);
    return status;
}

/* Of one outer split, setting and inner fold there is one trial a seed. */
static fgf_status check_unique(const choice *c)
{
    fgf_status status = FGF_OK;
    const char *fold = "split.inner_fold", *key = "other keys";
    const choice_keys inner = {&fold, 1};
    const choice_keys *const keys[] = {&c->outer_keys, &c->setting_keys, &c->seed_keys, &inner};
    size_t *group = NULL, *first = NULL, groups = 0;
    FGF_TRY(FGF_ALLOCATE(c->trial_count, &group));
    FGF_TRY(group_trials(c, keys, sizeof keys / sizeof *keys, group, &first, &groups));
    for (size_t i = 0; i < c->trial_count; i++) {
        const size_t other = first[group[i]];
        if (other == i)
            continue;
        for (size_t a = 0; a < fgf_sweep_axis_count(c->source.sweep); a++)
            if (!agree(c, fgf_sweep_axis(c->source.sweep, a), other, i))
                key = fgf_sweep_axis(c->source.sweep, a);
        FGF_FAIL(FGF_USAGE,
                 "the sweep mixes: trials %zu and %zu are of one outer split, setting "
                 "and seed, have no inner fold, and differ in %s",
                 other, i, key);
    }
done:
    fgf_free(group);
    fgf_free(first);
    return status;
}

static fgf_status group_all(choice *c)
{
    fgf_status status = FGF_OK;
    size_t *group = NULL, *first = NULL;
    const choice_keys *keys[] = {&c->outer_keys};
    FGF_TRY(FGF_ALLOCATE(c->trial_count, &group));
    FGF_TRY(group_trials(c, keys, 1, group, &c->outer_first, &c->design.outer_count));
    for (size_t i = 0; i < c->trial_count; i++)
        c->trials[i].outer = group[i];
    keys[0] = &c->setting_keys;
    FGF_TRY(group_trials(c, keys, 1, group, &c->setting_first, &c->design.setting_count));
    for (size_t i = 0; i < c->trial_count; i++)
        c->trials[i].setting = group[i];
    keys[0] = &c->repetition_keys;
    FGF_TRY(group_trials(c, keys, 1, group, &first, &c->repetition_count));
    FGF_TRY(FGF_ALLOCATE(c->design.outer_count, &c->repetition));
    for (size_t o = 0; o < c->design.outer_count; o++)
        c->repetition[o] = group[c->outer_first[o]];
done:
    fgf_free(group);
    fgf_free(first);
    return status;
}

fgf_status choice_group(choice *c)
{
    fgf_status status = FGF_OK;
    FGF_TRY(FGF_ALLOCATE(c->trial_count, &c->trials));
    FGF_TRY(read_folds(c));
    FGF_TRY(check_design(c));
    FGF_TRY(check_folds(c));
    FGF_TRY(sort_keys(c));
    FGF_TRY(check_unique(c));
    FGF_TRY(group_all(c));
done:
    return status;
}
