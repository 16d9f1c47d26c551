#include "choice.h"

#include "fgf/checkpoint.h"
#include "fgf/log.h"

#include <stdio.h>
#include <string.h>

enum { JSON, TABLE, CHECK, CHOOSE };

static const option options[] = {
    {"--json", 0, NULL, "counts, or the choice, as JSON"},
    {"--table", 't', NULL, "the tables of trials and features too"},
    {"--check", 0, NULL, "hold every row against its checksum (reads the whole file)"},
    {"--choose", 0, "COLUMN", "what inner folds choose, and its test (COLUMN: auc_validation)"},
    {0}};

/* What of a file's trials has become what. */
typedef struct counts {
    size_t of[5]; /* by fgf_trial_status, as the seals tell */
    size_t trials, left, quarantined;
    size_t not_whole;   /* committed, and seal or checksum do not agree */
    size_t crashed;     /* trials at which a process ended */
    size_t checkpoints; /* trainings that go on where they were */
} counts;

static fgf_status count_trial(fgf_store_reader *reader, size_t trial, bool check, counts *c)
{
    fgf_status status = FGF_OK;
    const fgf_trial_status state = fgf_store_reader_status(reader, trial);
    const bool committed = state != FGF_TRIAL_EMPTY && state != FGF_TRIAL_RUNNING;
    char error[FGF_ERROR_TEXT];
    bool intact = true;
    int run_row;
    c->crashed += fgf_store_reader_crashes(reader, trial) > 0;
    if (check && committed)
        FGF_TRY(fgf_store_reader_verify(reader, trial, &intact));
    c->not_whole += !intact;
    c->of[intact || state == FGF_TRIAL_UNASKED ? state : FGF_TRIAL_EMPTY]++;
    if (state == FGF_TRIAL_FAILED && intact) {
        FGF_TRY(fgf_store_reader_origin(reader, trial, &run_row, error));
        c->quarantined += strncmp(error, "quarantined", strlen("quarantined")) == 0;
    }
done:
    return status;
}

static fgf_status count_all(fgf_store_reader *reader, const char *path, bool check, counts *c)
{
    fgf_status status = FGF_OK;
    const size_t trials = fgf_store_reader_trial_count(reader);
    for (size_t i = 0; i < trials; i++) {
        if (check)
            fgf_progress("row %zu of %zu", i + 1, trials);
        FGF_TRY(count_trial(reader, i, check, c));
    }
    if (check)
        fgf_progress("%s", "");
    c->not_whole += fgf_store_reader_unsealed(reader);
    c->trials = trials - c->of[FGF_TRIAL_UNASKED];
    c->left = c->of[FGF_TRIAL_EMPTY] + c->of[FGF_TRIAL_RUNNING];
    FGF_TRY(fgf_checkpoint_count(path, &c->checkpoints));
done:
    return status;
}

static void print_counts(const counts *c, bool json)
{
    if (json) {
        printf("{\"trials\": %zu, \"done\": %zu, \"failed\": %zu, \"running\": %zu, \"left\": %zu, "
               "\"not_whole\": %zu, \"no_longer_asked_for\": %zu, \"crashed\": %zu, "
               "\"quarantined\": %zu, \"checkpoints\": %zu}\n",
               c->trials, c->of[FGF_TRIAL_DONE], c->of[FGF_TRIAL_FAILED], c->of[FGF_TRIAL_RUNNING],
               c->left, c->not_whole, c->of[FGF_TRIAL_UNASKED], c->crashed, c->quarantined,
               c->checkpoints);
        return;
    }
    printf("%zu trials: %zu done, %zu failed, %zu left (%zu of them marked as running), %zu rows "
           "not whole, %zu no longer asked for\n",
           c->trials, c->of[FGF_TRIAL_DONE], c->of[FGF_TRIAL_FAILED], c->left,
           c->of[FGF_TRIAL_RUNNING], c->not_whole, c->of[FGF_TRIAL_UNASKED]);
    if (c->crashed > 0)
        printf("%zu trial%s ended with a process at least once; %zu quarantined\n", c->crashed,
               c->crashed == 1 ? "" : "s", c->quarantined);
    if (c->checkpoints > 0)
        printf("%zu training%s go%s on from a checkpoint\n", c->checkpoints,
               c->checkpoints == 1 ? "" : "s", c->checkpoints == 1 ? "es" : "");
    if (c->not_whole > 0)
        printf("`fgf run --check-rows` runs what is not whole again\n");
}

static fgf_status check_arguments(const arguments *given)
{
    fgf_status status = FGF_OK;
    if (given->operand_count == 0 && given->value[CHOOSE])
        FGF_FAIL(FGF_USAGE, "fgf status needs one results file, and --choose a column: fgf status "
                            "RESULTS.h5 --choose auc_validation");
    if (given->operand_count != 1)
        FGF_FAIL(FGF_USAGE, "fgf status needs one results file; see `fgf help status`");
    if (given->value[JSON] && given->value[CHOOSE] && given->value[TABLE])
        FGF_FAIL(FGF_USAGE, "fgf status: --table has no form as JSON; --json with --choose alone");
done:
    return status;
}

static fgf_status show_status(fgf_par *par, const arguments *given)
{
    fgf_status status = FGF_OK;
    fgf_store_reader *reader = NULL;
    counts c = {0};
    choice chosen = {0};
    const bool json = given->value[JSON] != NULL, check = given->value[CHECK] != NULL;
    FGF_TRY(check_arguments(given));
    if (fgf_par_rank(par) != 0)
        return FGF_OK;
    FGF_TRY(fgf_store_reader_open(given->operand[0], &reader));
    FGF_TRY(count_all(reader, given->operand[0], check, &c));
    if (given->value[CHOOSE])
        FGF_TRY(choice_read(reader, given->value[CHOOSE], check, &chosen));
    if (json && given->value[CHOOSE]) {
        FGF_TRY(choice_print_json(&chosen));
        goto done;
    }
    print_counts(&c, json);
    if (given->value[TABLE])
        FGF_TRY(print_results(reader));
    if (given->value[CHOOSE])
        FGF_TRY(choice_print(&chosen));
done:
    choice_clear(&chosen);
    fgf_store_reader_close(&reader);
    return status;
}

const subcommand command_status = {
    .name = "status",
    .usage = "RESULTS.h5 [--table] [--choose COLUMN] [--json] [--check]",
    .help = "tells what of a results file is done, failed and left",
    .options = options,
    .run = show_status,
    .more =
        "A file that a job is writing may be looked at. What is done is told by the seals of "
        "its rows,\nat once; --check reads the rows themselves.\n"
        "\n"
        "--choose takes, in each outer split (what the sweep varies of split.* but for the inner\n"
        "fold), the setting with the best mean of COLUMN over inner folds and seeds, and then "
        "reads\n"
        "off the test scores of that setting's trials with split.inner_fold -1. Without inner "
        "folds\n"
        "the trials' own validation parts choose. auc_... is best where highest, loss_... where\n"
        "lowest: auc_validation as a rule, loss_validation where validation parts have few "
        "events.\n"
        "A setting with trials left or failed is not chosen.\n"};
