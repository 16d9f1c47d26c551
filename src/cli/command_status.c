#include "session.h"

#include <stdio.h>

enum { JSON, TABLE };

static const option options[] = {{"--json", 0, NULL, "counts as JSON"},
                                 {"--table", 't', NULL, "the tables of trials and features too"},
                                 {0}};

static fgf_status show_status(fgf_par *par, const arguments *given)
{
    fgf_status status = FGF_OK;
    fgf_store_reader *reader = NULL;
    size_t count[5] = {0}, committed = 0, broken = 0;
    if (given->operand_count != 1)
        FGF_FAIL(FGF_USAGE, "fgf status needs one results file; see `fgf help status`");
    if (fgf_par_rank(par) != 0)
        return FGF_OK;
    FGF_TRY(fgf_store_reader_open(given->operand[0], &reader));
    for (size_t i = 0; i < fgf_store_reader_trial_count(reader); i++)
        count[fgf_store_reader_status(reader, i)]++;
    FGF_TRY(fgf_store_reader_verify_all(reader, &committed, &broken));
    size_t left = count[FGF_TRIAL_EMPTY] + count[FGF_TRIAL_RUNNING] + broken;
    if (given->value[JSON])
        printf("{\"trials\": %zu, \"done\": %zu, \"failed\": %zu, \"running\": %zu, \"left\": %zu, "
               "\"not_whole\": %zu, \"no_longer_asked_for\": %zu}\n",
               fgf_store_reader_trial_count(reader) - count[FGF_TRIAL_UNASKED],
               count[FGF_TRIAL_DONE], count[FGF_TRIAL_FAILED], count[FGF_TRIAL_RUNNING], left,
               broken, count[FGF_TRIAL_UNASKED]);
    else
        printf(
            "%zu trials: %zu done, %zu failed, %zu left (%zu of them marked as running), %zu rows "
            "not whole, %zu no longer asked for\n",
            fgf_store_reader_trial_count(reader) - count[FGF_TRIAL_UNASKED], count[FGF_TRIAL_DONE],
            count[FGF_TRIAL_FAILED], left, count[FGF_TRIAL_RUNNING], broken,
            count[FGF_TRIAL_UNASKED]);
    if (given->value[TABLE])
        FGF_TRY(print_results(reader));
done:
    fgf_store_reader_close(&reader);
    return status;
}

const subcommand command_status = {
    .name = "status",
    .usage = "RESULTS.h5 [--table] [--json]",
    .help = "tells what of a results file is done, failed and left",
    .options = options,
    .run = show_status,
    .more = "A file that a job is writing may be looked at. Every row's checksum is verified.\n"};
