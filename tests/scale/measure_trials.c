/* What the scheduler believes of trials, and what they took: measure_trials SWEEP DATASET RESULTS
 *
 * Prints a line for each finished trial of the sweep: fgf_trial_cost and its measured seconds, each
 * in units of its mean. */
#include "fgf/dataset.h"
#include "fgf/memory.h"
#include "fgf/spec.h"
#include "fgf/store.h"
#include "fgf/trial.h"

#include <stdio.h>
#include <string.h>

struct trials {
    double *cost, *seconds; /* [count] */
    size_t count;
};

static fgf_status find_trial(const fgf_sweep *sweep, const fgf_dataset *dataset, const char *id,
                             double *cost)
{
    fgf_status status = FGF_OK;
    *cost = 0;
    for (size_t i = 0; i < fgf_sweep_trial_count(sweep); i++) {
        fgf_hash identity;
        const fgf_config *config = fgf_sweep_trial(sweep, i);
        FGF_TRY(fgf_trial_identity(config, fgf_dataset_hash(dataset), &identity));
        if (strcmp(identity.text, id) == 0)
            *cost = fgf_trial_cost(config, dataset);
    }
done:
    return status;
}

static fgf_status collect(const fgf_sweep *sweep, const fgf_dataset *dataset,
                          fgf_store_reader *reader, struct trials *out)
{
    fgf_status status = FGF_OK;
    size_t column = fgf_store_reader_find_column(reader, "/trial/seconds");
    for (size_t i = 0; i < fgf_store_reader_trial_count(reader); i++) {
        double cost;
        if (fgf_store_reader_status(reader, i) != FGF_TRIAL_DONE)
            continue;
        FGF_TRY(find_trial(sweep, dataset, fgf_store_reader_trial_id(reader, i), &cost));
        if (cost <= 0)
            FGF_FAIL(FGF_USAGE, "trial %zu is not of this sweep", i);
        FGF_TRY(fgf_store_reader_row(reader, column, i, &out->seconds[out->count]));
        out->cost[out->count++] = cost;
    }
done:
    return status;
}

static void print(const struct trials *trials)
{
    double costs = 0, seconds = 0;
    for (size_t k = 0; k < trials->count; k++) {
        costs += trials->cost[k] / (double)trials->count;
        seconds += trials->seconds[k] / (double)trials->count;
    }
    printf("# cost and seconds of %zu trials, in units of their means (%.4g and %.4g s)\n",
           trials->count, costs, seconds);
    for (size_t k = 0; k < trials->count; k++)
        printf("%.4f %.4f\n", trials->cost[k] / costs, trials->seconds[k] / seconds);
}

int main(int argc, char **argv)
{
    fgf_status status = FGF_OK;
    fgf_sweep *sweep = NULL;
    fgf_dataset *dataset = NULL;
    fgf_store_reader *reader = NULL;
    struct trials trials = {0};
    if (argc != 4)
        FGF_FAIL(FGF_USAGE, "usage: measure_trials SWEEP DATASET RESULTS");
    FGF_TRY(fgf_sweep_load(argv[1], fgf_trial_schema(), NULL, 0, &sweep));
    FGF_TRY(fgf_dataset_open(argv[2], &dataset));
    FGF_TRY(fgf_store_reader_open(argv[3], &reader));
    FGF_TRY(FGF_ALLOCATE(fgf_store_reader_trial_count(reader), &trials.cost));
    FGF_TRY(FGF_ALLOCATE(fgf_store_reader_trial_count(reader), &trials.seconds));
    FGF_TRY(collect(sweep, dataset, reader, &trials));
    print(&trials);
done:
    if (status != FGF_OK)
        fprintf(stderr, "%s\n", fgf_last_error()->message);
    fgf_free(trials.cost);
    fgf_free(trials.seconds);
    fgf_store_reader_close(&reader);
    fgf_dataset_close(&dataset);
    fgf_sweep_destroy(&sweep);
    return status == FGF_OK ? 0 : 1;
}
