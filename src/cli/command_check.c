#include "session.h"

#include "fgf/log.h"

#include <stdio.h>
#include <string.h>

enum { DATA };

static const option options[] = {
    {"--data", 'd', "FILE", "dataset to hold a sweep against, in place of its data.path"}, {0}};

static bool is_dataset(const char *path)
{
    size_t length = strlen(path);
    return length > 3 && strcmp(path + length - 3, ".h5") == 0;
}

static fgf_status check_dataset(fgf_par *par, const char *path)
{
    fgf_status status = FGF_OK;
    fgf_dataset *dataset = NULL;
    size_t label[3] = {0};
    if (fgf_par_rank(par) != 0)
        return FGF_OK;
    FGF_TRY(fgf_dataset_open(path, &dataset));
    FGF_TRY(fgf_dataset_verify(dataset));
    const fgf_cohort *cohort = fgf_dataset_cohort(dataset);
    for (size_t i = 0; i < fgf_dataset_case_count(dataset); i++)
        label[fgf_dataset_case(dataset, i)->label + 1]++;
    printf("%s: %zu cases (%zu events, %zu without, %zu unlabelled), %d x %d x %d pixels, %d "
           "channel%s, %zu excluded; contents agree with their hash %s\n",
           path, fgf_dataset_case_count(dataset), label[2], label[1], label[0], cohort->shape.depth,
           cohort->shape.height, cohort->shape.width, cohort->shape.channels,
           cohort->shape.channels == 1 ? "" : "s", fgf_dataset_excluded_count(dataset),
           fgf_dataset_hash(dataset));
done:
    fgf_dataset_close(&dataset);
    return status;
}

static fgf_status run_check(fgf_par *par, const arguments *given)
{
    fgf_status status = FGF_OK;
    session s = {0};
    if (given->operand_count != 1)
        FGF_FAIL(FGF_USAGE, "fgf check needs one sweep or dataset; see `fgf help check`");
    if (is_dataset(given->operand[0])) {
        FGF_TRY(fgf_par_agree(par, check_dataset(par, given->operand[0])));
        goto done;
    }
    FGF_TRY(session_open(par, given->operand[0], given->value[DATA], given->override,
                         given->override_count, &s));
    if (fgf_par_rank(par) == 0)
        printf("%s: %zu trials, no fault\n", given->operand[0], s.trial_count);
done:
    session_close(&s);
    return status;
}

const subcommand command_check = {.name = "check",
                                  .usage = "SWEEP.yaml | COHORT.h5 [KEY=VALUE ...]",
                                  .help = "lists every fault of a sweep or dataset, runs nothing",
                                  .options = options,
                                  .takes_overrides = true,
                                  .run = run_check};
