/* Running a session's trials into a results file: where the trial, the ranks and the file meet. */
#include "runner.h"

#include "fgf/kernel.h"
#include "fgf/log.h"
#include "fgf/memory.h"
#include "version.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

/* Says so where an earlier start computed with other bits than this one will: the signature of each
 * start stands in /run. */
static fgf_status compare_numerics(const char *output, const char *blas_core,
                                   const char *instruction_set)
{
    fgf_status status = FGF_OK;
    fgf_store_reader *reader = NULL;
    char *core = NULL, *set = NULL;
    FGF_TRY(fgf_store_reader_open(output, &reader));
    size_t index = fgf_store_reader_find_dataset(reader, "/run/blas_core");
    if (index == SIZE_MAX)
        goto done;
    fgf_dataset_view view = fgf_store_reader_dataset(reader, index);
    FGF_TRY(read_text_table(reader, "/run/blas_core", &core));
    FGF_TRY(read_text_table(reader, "/run/instruction_set", &set));
    for (size_t k = 0; k < view.extent[0]; k++) {
        const char *then_core = core + k * view.text_bytes, *then_set = set + k * view.text_bytes;
        if (!then_core[0] ||
            (strcmp(then_core, blas_core) == 0 && strcmp(then_set, instruction_set) == 0))
            continue;
        fgf_warn("%s was begun with %s/%s, this start computes with %s/%s: its trials differ in "
                 "their last bits; OPENBLAS_CORETYPE=%s may avoid that",
                 output, then_core, then_set, blas_core, instruction_set, then_core);
        break;
    }
done:
    fgf_store_reader_close(&reader);
    fgf_free(core);
    fgf_free(set);
    return status;
}

static fgf_status begin_run(const session *s, const arguments *given, running *r)
{
    fgf_status status = FGF_OK;
    fgf_buffer line = {0};
    char started[32], signature[128];
    time_t now = time(NULL);
    struct tm utc;
    snprintf(signature, sizeof signature, "%s", fgf_kernel_signature());
    char *slash = strchr(signature, '/');
    if (slash)
        *slash = '\0';
    strftime(started, sizeof started, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &utc));
    add_command_line(given, &line);
    FGF_TRY(line.status);
    FGF_TRY(compare_numerics(r->options->output, signature, slash ? slash + 1 : ""));
    FGF_TRY(fgf_store_begin_run(r->store,
                                &(fgf_run_record){.command_line = line.text,
                                                  .started = started,
                                                  .hosts = fgf_par_hosts(s->par),
                                                  .ranks = fgf_par_size(s->par),
                                                  .blas_core = signature,
                                                  .instruction_set = slash ? slash + 1 : "",
                                                  .version = FGF_VERSION " " FGF_COMMIT},
                                &r->run_row));
done:
    fgf_buffer_clear(&line);
    return status;
}

static void log_schedule(const fgf_schedule_report *report)
{
    double busy = 0, idle = 0;
    for (int rank = 0; rank < report->ranks; rank++) {
        busy += report->busy_seconds[rank];
        idle += report->idle_seconds[rank];
    }
    fgf_log("%zu done, %zu failed, %zu left in %.1f s on %d rank%s (%.0f %% busy)", report->done,
            report->failed, report->left, report->seconds, report->ranks,
            report->ranks == 1 ? "" : "s", busy + idle > 0 ? 100 * busy / (busy + idle) : 100);
}

/* What rank 0 expects of any rank, bytes; 0 where it cannot tell. A case that cannot be read is the
 * affair of the trial that needs it. */
static size_t plan_memory(const session *s, const size_t *pending, size_t pending_count)
{
    const size_t before = resident_peak();
    const fgf_error error = *fgf_last_error();
    fgf_trial_memory memory;
    size_t trial;
    if (fgf_par_rank(s->par) != 0)
        return 0;
    if (most_memory(s, pending, pending_count, &trial, &memory) == FGF_OK)
        return before + memory.peak;
    (void)fgf_adopt_error(&error);
    return 0;
}

/* Says what was planned for a rank beside what the rank with the most took. Collective. */
static fgf_status log_memory(const session *s, size_t planned)
{
    fgf_status status = FGF_OK;
    fgf_group *world = fgf_par_world(s->par);
    uint64_t *peak = NULL, greatest = 0;
    FGF_TRY(fgf_par_agree(s->par, FGF_ALLOCATE(world->size, &peak)));
    peak[world->rank] = resident_peak();
    FGF_TRY(fgf_group_merge(world, peak, (size_t)world->size * sizeof *peak));
    for (int rank = 0; rank < world->size; rank++)
        greatest = peak[rank] > greatest ? peak[rank] : greatest;
    if (planned > 0)
        fgf_log("memory of a rank: at most %.1f MB planned, %.1f MB measured",
                (double)planned / 1e6, (double)greatest / 1e6);
    else
        fgf_log("memory of a rank: %.1f MB measured", (double)greatest / 1e6);
done:
    fgf_free(peak);
    return status;
}

/* A trial that ends its processes is a failed one: nothing of it but the keys that it was to be run
 * with. */
static fgf_status quarantine(const running *r, size_t trial)
{
    fgf_status status = FGF_OK;
    session *s = r->session;
    fgf_row *row = NULL;
    FGF_TRY(fgf_row_create(s->axes, &row));
    fgf_row_set_swept(row, session_trial(s, trial));
    FGF_TRY(commit_row(r->store, trial, row, r->run_row, true,
                       "quarantined: its process crashed or was killed at it time and again; "
                       "--retry-failed runs it again once the cause is mended"));
done:
    fgf_row_destroy(&row);
    return status;
}

/* What rank 0 writes before the first trial. */
static fgf_status begin_work(const session *s, const arguments *given, const work_list *list,
                             running *r)
{
    fgf_status status = FGF_OK;
    FGF_TRY(begin_run(s, given, r));
    for (size_t k = 0; k < list->retried_count; k++)
        FGF_TRY(fgf_store_set_crashes(r->store, list->retried[k], 0));
    for (size_t k = 0; k < list->quarantined_count; k++)
        FGF_TRY(quarantine(r, list->quarantined[k]));
done:
    return status;
}

static void add_report(fgf_schedule_report *sum, const fgf_schedule_report *report)
{
    for (int rank = 0; rank < report->ranks; rank++) {
        sum->busy_seconds[rank] += report->busy_seconds[rank];
        sum->idle_seconds[rank] += report->idle_seconds[rank];
    }
    sum->done += report->done;
    sum->failed += report->failed;
    sum->left -= report->done + report->failed;
    sum->seconds += report->seconds;
}

/* The end of the pending trials from `first` on that are scheduled together: those with as many
 * crashes. A trial has its last chance alone, so that none is given up for what was under way
 * beside it. */
static size_t schedule_end(const work_list *list, size_t first)
{
    size_t end = first + 1;
    if (list->crashes[first] < QUARANTINE_CRASHES - 1)
        while (end < list->pending_count && list->crashes[end] == list->crashes[first])
            end++;
    return end;
}

/* The pending trials, one schedule after the other, so that a trial which ends its process does so
 * when nothing else is left to be lost. Collective. */
static fgf_status run_schedules(running *r, const work_list *list, fgf_schedule_report *sum)
{
    fgf_status status = FGF_OK, worst = FGF_OK;
    session *s = r->session;
    double *cost = NULL;
    fgf_schedule_report report = {0};
    FGF_TRY(fgf_par_agree(s->par, FGF_ALLOCATE(list->pending_count, &cost)));
    for (size_t first = 0, end; first < list->pending_count; first = end) {
        end = schedule_end(list, first);
        r->pending = list->pending + first;
        r->crashes = list->crashes + first;
        for (size_t k = first; k < end; k++)
            cost[k - first] = s->cost[list->pending[k]];
        status = fgf_schedule_run(s->par, cost, end - first, r->options->group_size, run_trial, r,
                                  &report);
        if (status != FGF_MEMORY)
            add_report(sum, &report);
        fgf_schedule_report_clear(&report);
        if (status == FGF_TRIAL)
            worst = FGF_TRIAL;
        else
            FGF_TRY(status);
    }
    status = worst;
done:
    fgf_free(cost);
    return status;
}

/* Says why the run ends here, and how it goes on. Rank 0. */
static fgf_status describe_stop(const running *r, const work_list *list, size_t left)
{
    fgf_status status = FGF_OK;
    size_t checkpoints = 0;
    const double seconds_left = fgf_par_seconds_left();
    const bool late = isfinite(seconds_left) && (seconds_left <= 0 || !fgf_par_stop_requested());
    FGF_TRY(tidy_checkpoints(r->session, r->options->output, list->pending, list->pending_count,
                             &checkpoints));
    FGF_FAIL(FGF_STOPPED,
             "stopped %s with %zu of %zu trials left, %zu of them with a checkpoint: run the same "
             "command again to go on",
             late ? "at the deadline" : "on request", left, list->pending_count, checkpoints);
done:
    return status;
}

/* The trials that are left, on all ranks. */
static fgf_status run_pending(session *s, const arguments *given, const run_options *options,
                              const work_list *list)
{
    fgf_status status = FGF_OK;
    running r = {.session = s, .options = options, .pending_count = list->pending_count};
    fgf_schedule_report sum = {.ranks = fgf_par_size(s->par), .left = list->pending_count};
    const bool first = fgf_par_rank(s->par) == 0;
    const size_t planned = plan_memory(s, list->pending, list->pending_count);
    FGF_TRY(fgf_par_agree(s->par, FGF_ALLOCATE(sum.ranks, &sum.busy_seconds)));
    FGF_TRY(fgf_par_agree(s->par, FGF_ALLOCATE(sum.ranks, &sum.idle_seconds)));
    FGF_TRY(fgf_par_agree(s->par, fgf_store_open(options->output, &r.store)));
    if (first)
        status = begin_work(s, given, list, &r);
    FGF_TRY(fgf_par_agree(s->par, status));
    fgf_par_broadcast(s->par, &r.run_row, sizeof r.run_row, 0);
    crash_install();
    status = run_schedules(&r, list, &sum);
    fgf_progress("%s", "");
    log_schedule(&sum);
    if (status == FGF_STOPPED && first)
        status = describe_stop(&r, list, sum.left);
    if (status == FGF_OK || status == FGF_TRIAL) {
        const fgf_status logged = log_memory(s, planned);
        status = logged == FGF_OK ? status : logged;
    }
done:
    fgf_store_close(&r.store);
    fgf_schedule_report_clear(&sum);
    return status;
}

enum { TABLE_TRIALS_MOST = 1000 }; /* a longer table is for those who ask for it */

/* Exit 1 whenever the file holds a failed trial, of this start or of an earlier one. */
static fgf_status show_results(const char *output, bool quiet)
{
    fgf_status status = FGF_OK;
    fgf_store_reader *reader = NULL;
    size_t failed = 0;
    FGF_TRY(fgf_store_reader_open(output, &reader));
    const size_t trials = fgf_store_reader_trial_count(reader);
    if (!quiet && trials <= TABLE_TRIALS_MOST)
        FGF_TRY(print_results(reader));
    else if (!quiet)
        fgf_log("`fgf status --table %s` prints the table of the %zu trials", output, trials);
    for (size_t i = 0; i < fgf_store_reader_trial_count(reader); i++) {
        char error[FGF_ERROR_TEXT];
        int run_row;
        if (fgf_store_reader_status(reader, i) != FGF_TRIAL_FAILED)
            continue;
        FGF_TRY(fgf_store_reader_origin(reader, i, &run_row, error));
        fgf_warn("trial %zu failed: %s", i, error);
        failed++;
    }
    fgf_log("results: %s", output);
    if (failed > 0)
        FGF_FAIL(FGF_TRIAL, "%zu trial%s failed", failed, failed == 1 ? "" : "s");
done:
    fgf_store_reader_close(&reader);
    return status;
}

fgf_status same_numerics(fgf_par *par)
{
    return fgf_par_same_text(
        par, "the numerics (BLAS core type / instruction set)", fgf_kernel_signature(),
        "results would differ in their last bits: set OPENBLAS_CORETYPE and "
        "FGF_INSTRUCTION_SET to the older of the two on every node, for instance "
        "OPENBLAS_CORETYPE=Haswell FGF_INSTRUCTION_SET=avx2");
}

/* Takes the lock under this command line's name. */
static fgf_status lock_results(const char *output, const arguments *given, fgf_lock **lock)
{
    fgf_status status = FGF_OK;
    fgf_buffer holder = {0};
    add_command_line(given, &holder);
    FGF_TRY(holder.status);
    FGF_TRY(fgf_store_lock(output, holder.text, lock));
done:
    fgf_buffer_clear(&holder);
    return status;
}

static fgf_status refuse_dataset(const char *output, const char *data)
{
    fgf_status status = FGF_OK;
    struct stat a, b;
    if (stat(output, &a) == 0 && stat(data, &b) == 0 && a.st_dev == b.st_dev &&
        a.st_ino == b.st_ino)
        FGF_FAIL(FGF_USAGE, "%s is the dataset; give the results a file of their own with --output",
                 output);
done:
    return status;
}

/* The results, and no checkpoints left of trials that are done. */
static fgf_status conclude(const session *s, const run_options *options)
{
    fgf_status status = FGF_OK;
    size_t kept = 0;
    FGF_TRY(tidy_checkpoints(s, options->output, NULL, 0, &kept));
    FGF_TRY(show_results(options->output, options->quiet));
done:
    return status;
}

fgf_status run_session(session *s, const arguments *given, const run_options *options)
{
    fgf_status status = FGF_OK;
    fgf_par *par = s->par;
    fgf_lock *lock = NULL;
    work_list list = {.pending_count = 0};
    fgf_watchdog *watchdog = NULL;
    bool first = fgf_par_rank(par) == 0;
    fgf_par_install_stop_signals();
    FGF_TRY(fgf_watchdog_start(par, options->watchdog, &watchdog));
    FGF_TRY(fgf_par_agree(par, first ? refuse_dataset(options->output, s->data_path) : FGF_OK));
    FGF_TRY(fgf_par_agree(par, first ? lock_results(options->output, given, &lock) : FGF_OK));
    FGF_TRY(fgf_par_agree(par, work_list_init(&list, s->trial_count)));
    FGF_TRY(fgf_par_agree(par, first ? work_list_prepare(s, options, &list) : FGF_OK));
    work_list_share(par, &list);
    if (list.pending_count + list.quarantined_count > 0) {
        fgf_log("%zu trial%s to run on %d rank%s", list.pending_count,
                list.pending_count == 1 ? "" : "s", fgf_par_size(par),
                fgf_par_size(par) == 1 ? "" : "s");
        status = run_pending(s, given, options, &list);
        if (status != FGF_TRIAL)
            FGF_TRY(status);
        status = FGF_OK;
    }
    FGF_TRY(fgf_par_agree(par, first ? conclude(s, options) : FGF_OK));
done:
    /* With such an error the process ends at once, and must not wait for the others. */
    if (status != FGF_ENVIRONMENT)
        fgf_watchdog_stop(&watchdog);
    fgf_store_unlock(&lock);
    work_list_clear(&list);
    return status;
}
