/* The scores that choose, and the tests of what they chose, from a results file. */
#include "choice.h"

#include "fgf/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const char *const choice_test_name[CHOICE_TESTS] = {
#define CHOICE_TEST_TEXT(name) #name,
    CHOICE_TEST_TABLE(CHOICE_TEST_TEXT)
#undef CHOICE_TEST_TEXT
};

/* ---- the column ---- */

static bool begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

/* Columns are named by what is measured, then by whose cases: auc_validation, loss_train. */
static bool is_score(const char *name)
{
    return begins(name, "auc_") || begins(name, "loss_");
}

static bool is_of_test_cases(const char *name)
{
    return strstr(name, "_test") != NULL;
}

static size_t find_in(fgf_store_reader *reader, const char *group, const char *name)
{
    fgf_buffer path = {0};
    fgf_buffer_add(&path, "/%s/%s", group, name);
    const size_t found =
        path.status == FGF_OK ? fgf_store_reader_find_column(reader, path.text) : SIZE_MAX;
    fgf_buffer_clear(&path);
    return found;
}

/* SIZE_MAX, too, where the column is of another form. */
static size_t find_form(fgf_store_reader *reader, const char *group, const char *name,
                        fgf_element type, int axis_count)
{
    const size_t found = find_in(reader, group, name);
    if (found == SIZE_MAX)
        return SIZE_MAX;
    const fgf_column column = fgf_store_reader_column(reader, found).column;
    return column.type == type && column.axis_count == axis_count ? found : SIZE_MAX;
}

static fgf_status refuse_unknown(fgf_store_reader *reader, const char *name)
{
    fgf_status status = FGF_OK;
    const char **names = NULL;
    const size_t columns = fgf_store_reader_column_count(reader);
    size_t count = 0;
    FGF_TRY(FGF_ALLOCATE(columns, &names));
    for (size_t c = 0; c < columns; c++) {
        const char *last = strrchr(fgf_store_reader_column(reader, c).column.path, '/') + 1;
        if (is_score(last) && !is_of_test_cases(last))
            names[count++] = last;
    }
    const char *nearest = fgf_nearest_name(name, names, count);
    FGF_FAIL(FGF_USAGE, "--choose: the results file has no column %s; %s%s%s", name,
             nearest ? "did you mean "
                     : "auc_validation and loss_validation are there to choose by",
             nearest ? nearest : "", nearest ? "?" : "");
done:
    fgf_free(names);
    return status;
}

/* The column of a single number a trial, or a curve, of which the network that was kept has one. */
static fgf_status find_score(fgf_store_reader *reader, choice *c)
{
    fgf_status status = FGF_OK;
    const char *name = c->column;
    const bool there =
        find_in(reader, "trial", name) != SIZE_MAX || find_in(reader, "history", name) != SIZE_MAX;
    if (is_of_test_cases(name))
        FGF_FAIL(FGF_USAGE,
                 "--choose: %s is of the test cases, and what is chosen on them is tested by "
                 "nothing; choose by auc_validation",
                 name);
    if (there && !is_score(name))
        FGF_FAIL(FGF_USAGE,
                 "--choose: %s is no score to choose by; auc_... (the highest is best) and "
                 "loss_... (the lowest) of validation cases are",
                 name);
    c->epoch_column = SIZE_MAX;
    c->score_column = find_form(reader, "trial", name, FGF_F64, 0);
    if (c->score_column == SIZE_MAX) {
        c->score_column = find_form(reader, "history", name, FGF_F64, 1);
        c->epoch_column = find_form(reader, "trial", "best_epoch", FGF_I32, 0);
        if (c->score_column == SIZE_MAX || c->epoch_column == SIZE_MAX)
            return refuse_unknown(reader, name);
    }
    c->design.highest = begins(name, "auc_");
    c->training = strstr(name, "_train") != NULL;
done:
    return status;
}

/* ---- the sweep ---- */

/* The sweep as the file holds it. Its trial k is row k, unless the file holds a part of it. */
static fgf_status read_sweep(fgf_store_reader *reader, choice *c)
{
    fgf_status status = FGF_OK;
    if (fgf_store_reader_find_dataset(reader, "/sweep/task") != SIZE_MAX)
        FGF_FAIL(FGF_USAGE, "--choose: the file holds one task's part of a sweep; `fgf merge` the "
                            "parts, then choose");
    FGF_TRY(session_read_sweep(reader, &c->source));
    c->trial_count = fgf_sweep_trial_count(c->source.sweep);
    if (c->trial_count > fgf_store_reader_trial_count(reader))
        FGF_FAIL(FGF_USAGE, "--choose: the file holds %zu of the %zu trials of its sweep",
                 fgf_store_reader_trial_count(reader), c->trial_count);
done:
    return status;
}

/* ---- scores ---- */

/* The number that a curve has at the epoch whose network was kept. */
static fgf_status read_of_curve(fgf_store_reader *reader, const choice *c, size_t trial,
                                double *out)
{
    fgf_status status = FGF_OK;
    const fgf_column_view view = fgf_store_reader_column(reader, c->score_column);
    double *curve = NULL;
    int32_t epoch = 0;
    *out = NAN;
    FGF_TRY(FGF_ALLOCATE(view.row_items, &curve));
    FGF_TRY(fgf_store_reader_row(reader, c->score_column, trial, curve));
    FGF_TRY(fgf_store_reader_row(reader, c->epoch_column, trial, &epoch));
    if (epoch > 0 && (size_t)epoch <= view.row_items)
        *out = curve[epoch - 1];
done:
    fgf_free(curve);
    return status;
}

static fgf_status read_scores(fgf_store_reader *reader, bool check, choice *c)
{
    fgf_status status = FGF_OK;
    for (size_t i = 0; i < c->trial_count; i++) {
        const fgf_trial_status said = fgf_store_reader_status(reader, i);
        fgf_choose_trial *t = &c->trials[i];
        bool intact = true;
        if (check && (said == FGF_TRIAL_DONE || said == FGF_TRIAL_FAILED))
            FGF_TRY(fgf_store_reader_verify(reader, i, &intact));
        t->score = NAN;
        t->state = said == FGF_TRIAL_DONE && intact     ? FGF_CHOOSE_DONE
                   : said == FGF_TRIAL_FAILED && intact ? FGF_CHOOSE_FAILED
                                                        : FGF_CHOOSE_LEFT;
        c->done += t->state == FGF_CHOOSE_DONE;
        c->failed += t->state == FGF_CHOOSE_FAILED;
        if (t->state != FGF_CHOOSE_DONE || t->fold == FGF_CHOOSE_NONE)
            continue;
        if (c->epoch_column == SIZE_MAX)
            FGF_TRY(fgf_store_reader_row(reader, c->score_column, i, &t->score));
        else
            FGF_TRY(read_of_curve(reader, c, i, &t->score));
    }
    if (c->done == 0)
        FGF_FAIL(FGF_DATA, "--choose: none of the %zu trials is done yet (%zu failed)",
                 c->trial_count, c->failed);
done:
    return status;
}

static fgf_status has_validation(fgf_store_reader *reader, size_t trial, bool *out)
{
    fgf_status status = FGF_OK;
    int8_t *role = NULL;
    const size_t column = find_form(reader, "split", "role", FGF_I8, 1);
    if (column == SIZE_MAX)
        return FGF_OK;
    const fgf_column_view view = fgf_store_reader_column(reader, column);
    FGF_TRY(fgf_allocate_bytes(view.row_items, sizeof *role, (void **)&role));
    FGF_TRY(fgf_store_reader_row(reader, column, trial, role));
    for (size_t i = 0; i < view.row_items; i++)
        *out = *out || role[i] == FGF_ROLE_VALIDATION;
done:
    fgf_free(role);
    return status;
}

/* Without inner folds the splits themselves must have validation cases, by a share, by centres or
 * by a file. */
static fgf_status check_validation(fgf_store_reader *reader, const choice *c)
{
    fgf_status status = FGF_OK;
    bool found = c->nested, *looked_at = NULL;
    FGF_TRY(FGF_ALLOCATE(c->design.outer_count, &looked_at));
    for (size_t i = 0; !found && i < c->trial_count; i++) {
        if (c->trials[i].state != FGF_CHOOSE_DONE || looked_at[c->trials[i].outer])
            continue;
        looked_at[c->trials[i].outer] = true;
        FGF_TRY(has_validation(reader, i, &found));
    }
    if (!found)
        FGF_FAIL(FGF_USAGE,
                 "--choose: no trial has an inner fold and none has validation cases, so "
                 "there is nothing to choose by; set split.inner_folds and sweep "
                 "split.inner_fold, or set split.validation");
done:
    fgf_free(looked_at);
    return status;
}

/* ---- tests, of what has been chosen ---- */

static fgf_status read_tests(fgf_store_reader *reader, choice *c)
{
    fgf_status status = FGF_OK;
    double *values = NULL;
    size_t column[CHOICE_TESTS];
    for (size_t k = 0; k < CHOICE_TESTS; k++)
        column[k] = find_form(reader, "trial", choice_test_name[k], FGF_F64, 0);
    FGF_TRY(FGF_ALLOCATE(c->design.outer_count, &c->tested));
    FGF_TRY(FGF_ALLOCATE(c->design.outer_count, &values));
    FGF_TRY(FGF_ALLOCATE(c->design.setting_count, &c->times_chosen));
    for (size_t i = 0; i < c->trial_count; i++) {
        const fgf_choose_trial *t = &c->trials[i];
        choice_tested *tested = &c->tested[t->outer];
        if (t->setting != c->outers[t->outer].chosen || (c->nested && t->fold != FGF_CHOOSE_NONE))
            continue;
        tested->trials++;
        tested->done += t->state == FGF_CHOOSE_DONE;
        tested->failed += t->state == FGF_CHOOSE_FAILED;
        for (size_t k = 0; k < CHOICE_TESTS; k++) {
            double value = NAN;
            if (t->state == FGF_CHOOSE_DONE && column[k] != SIZE_MAX)
                FGF_TRY(fgf_store_reader_row(reader, column[k], i, &value));
            tested->value[k] += value;
        }
    }
    for (size_t k = 0; k < CHOICE_TESTS; k++) {
        for (size_t o = 0; o < c->design.outer_count; o++)
            values[o] = c->tested[o].value[k] =
                c->tested[o].trials > 0 ? c->tested[o].value[k] / (double)c->tested[o].trials : NAN;
        FGF_TRY(fgf_choose_summarize(values, c->repetition, c->design.outer_count,
                                     c->repetition_count, &c->summary[k]));
    }
    for (size_t o = 0; o < c->design.outer_count; o++)
        if (c->outers[o].chosen != FGF_CHOOSE_NONE)
            c->times_chosen[c->outers[o].chosen]++;
done:
    fgf_free(values);
    return status;
}

fgf_status choice_read(fgf_store_reader *reader, const char *column, bool check, choice *c)
{
    fgf_status status = FGF_OK;
    memset(c, 0, sizeof *c);
    c->column = column;
    if (fgf_store_reader_column_count(reader) < FGF_TRIAL_COLUMNS)
        FGF_FAIL(FGF_DATA, "the results file has %zu columns, this version of fgf writes %d",
                 fgf_store_reader_column_count(reader), (int)FGF_TRIAL_COLUMNS);
    FGF_TRY(find_score(reader, c));
    FGF_TRY(read_sweep(reader, c));
    if (choice_group(c) != FGF_OK)
        FGF_TRY(fgf_prefix_error("--choose"));
    FGF_TRY(read_scores(reader, check, c));
    FGF_TRY(check_validation(reader, c));
    FGF_TRY(FGF_ALLOCATE(c->design.outer_count, &c->outers));
    FGF_TRY(fgf_allocate_bytes(c->design.outer_count * c->design.setting_count,
                               sizeof *c->candidates, (void **)&c->candidates));
    FGF_TRY(fgf_choose_settings(&c->design, c->trials, c->trial_count, c->candidates, c->outers));
    FGF_TRY(read_tests(reader, c));
done:
    return status;
}

void choice_clear(choice *c)
{
    session_close(&c->source);
    fgf_free(c->outer_keys.path);
    fgf_free(c->setting_keys.path);
    fgf_free(c->seed_keys.path);
    fgf_free(c->repetition_keys.path);
    fgf_free(c->outer_first);
    fgf_free(c->setting_first);
    fgf_free(c->repetition);
    fgf_free(c->trials);
    fgf_free(c->candidates);
    fgf_free(c->outers);
    fgf_free(c->tested);
    fgf_free(c->times_chosen);
    memset(c, 0, sizeof *c);
}
