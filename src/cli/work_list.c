/* Which trials a run has to do with: what the results file lacks, and what became of it before. */
#include "runner.h"
#include "task.h"

#include "fgf/checkpoint.h"
#include "fgf/log.h"
#include "fgf/memory.h"

fgf_status work_list_init(work_list *list, size_t trial_count)
{
    fgf_status status = FGF_OK;
    FGF_TRY(FGF_ALLOCATE(trial_count, &list->pending));
    FGF_TRY(FGF_ALLOCATE(trial_count, &list->crashes));
    FGF_TRY(FGF_ALLOCATE(trial_count, &list->quarantined));
    FGF_TRY(FGF_ALLOCATE(trial_count, &list->retried));
done:
    return status;
}

void work_list_clear(work_list *list)
{
    fgf_free(list->pending);
    fgf_free(list->crashes);
    fgf_free(list->quarantined);
    fgf_free(list->retried);
}

/* Sorts the trials that are not done by what has become of them so far. */
static void list_work(const fgf_prepare_result *prepared, bool retry, work_list *list)
{
    for (int crashes = 0; crashes < QUARANTINE_CRASHES; crashes++) {
        for (size_t i = 0; i < prepared->trial_count; i++) {
            const bool again = retry && prepared->status[i] == FGF_TRIAL_FAILED;
            if (!again && prepared->status[i] != FGF_TRIAL_EMPTY)
                continue;
            if ((again ? 0 : prepared->crashes[i]) != crashes)
                continue;
            if (again && prepared->crashes[i] > 0)
                list->retried[list->retried_count++] = i;
            list->crashes[list->pending_count] = (uint8_t)crashes;
            list->pending[list->pending_count++] = i;
        }
    }
    for (size_t i = 0; i < prepared->trial_count; i++)
        if (prepared->status[i] == FGF_TRIAL_EMPTY && prepared->crashes[i] >= QUARANTINE_CRASHES)
            list->quarantined[list->quarantined_count++] = i;
}

fgf_status tidy_checkpoints(const session *s, const char *output, const size_t *pending,
                            size_t count, size_t *kept)
{
    fgf_status status = FGF_OK;
    fgf_hash *wanted = NULL;
    FGF_TRY(FGF_ALLOCATE(count, &wanted));
    for (size_t k = 0; k < count; k++)
        wanted[k] = s->identity[pending[k]];
    FGF_TRY(fgf_checkpoint_tidy(output, wanted, count, kept));
done:
    fgf_free(wanted);
    return status;
}

static void log_prepared(const char *output, const fgf_prepare_result *prepared,
                         const work_list *list, size_t checkpoints, bool retry)
{
    size_t suspects = 0;
    for (size_t k = 0; k < list->pending_count; k++)
        suspects += list->crashes[k] > 0;
    if (prepared->broken_count > 0)
        fgf_warn("%s: %zu rows were not whole and are run again", output, prepared->broken_count);
    if (prepared->how != FGF_STORE_CREATED)
        fgf_log("%s: %zu of %zu trials are done%s", output, prepared->done_count,
                prepared->trial_count,
                prepared->how == FGF_STORE_REWRITTEN ? "; the file was laid out anew" : "");
    if (prepared->failed_count > 0 && !retry)
        fgf_log("%zu trials failed before; --retry-failed runs them again", prepared->failed_count);
    if (checkpoints > 0)
        fgf_log("%zu trial%s a checkpoint to go on from", checkpoints,
                checkpoints == 1 ? " has" : "s have");
    if (suspects > 0)
        fgf_log("%zu trial%s under way when a process ended; run last", suspects,
                suspects == 1 ? " was" : "s were");
}

fgf_status work_list_prepare(const session *s, const run_options *options, work_list *list)
{
    fgf_status status = FGF_OK;
    results_layout *layout = NULL;
    fgf_prepare_result prepared = {0};
    size_t checkpoints = 0, elsewhere = 0;
    FGF_TRY(results_layout_create(s, &layout));
    FGF_TRY(fgf_store_prepare(options->output, results_layout_of(layout),
                              (fgf_prepare_options){.check_rows = options->check_rows}, &prepared));
    if (options->whole)
        FGF_TRY(mark_done_elsewhere(s, options->whole, prepared.status, &elsewhere));
    if (elsewhere > 0)
        fgf_log("%s has %zu of these trials", options->whole, elsewhere);
    list_work(&prepared, options->retry, list);
    FGF_TRY(tidy_checkpoints(s, options->output, list->pending, list->pending_count, &checkpoints));
    log_prepared(options->output, &prepared, list, checkpoints, options->retry);
done:
    results_layout_destroy(&layout);
    fgf_prepare_result_clear(&prepared);
    return status;
}

void work_list_share(fgf_par *par, work_list *list)
{
    fgf_par_broadcast(par, &list->pending_count, sizeof list->pending_count, 0);
    fgf_par_broadcast(par, &list->quarantined_count, sizeof list->quarantined_count, 0);
    fgf_par_broadcast(par, list->pending, list->pending_count * sizeof *list->pending, 0);
    fgf_par_broadcast(par, list->crashes, list->pending_count * sizeof *list->crashes, 0);
}
