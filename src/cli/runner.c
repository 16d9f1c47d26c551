/* Running a session's trials into a results file: where the trial, the ranks and the file meet. */
#include "session.h"

#include "fgf/kernel.h"
#include "fgf/log.h"
#include "fgf/memory.h"
#include "version.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

/* What the work of one trial needs on every rank. */
typedef struct running {
    session *session;
    const run_options *options;
    fgf_store *store;
    const size_t *pending; /* trial of each job */
    size_t pending_count;
    int run_row;
    size_t finished;
} running;

static bool stops(void *state)
{
    (void)state;
    return fgf_par_stop_requested();
}

static void show_progress(void *state, const char *phase, size_t done, size_t total)
{
    const running *r = state;
    fgf_progress("%zu of %zu trials done; this rank: %s %zu / %zu", r->finished, r->pending_count,
                 phase, done, total);
}

/* A failure of the trial, as opposed to one of the machine or of fgf: the sweep goes on. */
static bool is_trial_failure(fgf_status status)
{
    return status == FGF_NUMERIC || status == FGF_DATA || status == FGF_USAGE ||
           status == FGF_MEMORY;
}

static fgf_status run_job(void *context, size_t job, fgf_group *group)
{
    fgf_status status = FGF_OK;
    running *r = context;
    fgf_row *row = NULL;
    size_t trial = r->pending[job];
    bool failed = false;
    char error[FGF_ERROR_TEXT] = "";
    const fgf_trial_hooks hooks = {.state = r,
                                   .progress = show_progress,
                                   .stop = stops,
                                   .parameters = r->options->parameters,
                                   .parameter_count = r->options->parameter_count,
                                   .boundary = r->options->boundary};
    FGF_TRY(fgf_group_agree(group, fgf_row_create(r->session->axes, &row)));
    if (group->rank == 0)
        status = fgf_store_mark_running(r->store, trial);
    FGF_TRY(fgf_group_agree(group, status));
    status =
        fgf_trial_run(r->session->context, session_trial(r->session, trial), group, &hooks, row);
    failed = is_trial_failure(status);
    if (failed) {
        snprintf(error, sizeof error, "%.*s", FGF_ERROR_TEXT - 1, fgf_last_error()->message);
        status = FGF_OK;
    }
    FGF_TRY(status);
    if (group->rank == 0)
        status = commit_row(r->store, trial, row, r->run_row, failed, error);
    FGF_TRY(fgf_group_agree(group, status));
    r->finished++;
    if (failed)
        status = fgf_fail(FGF_TRIAL, __FILE__, __LINE__, "%s", error);
done:
    fgf_row_destroy(&row);
    return status;
}

/* Rank 0 prepares the file under its lock; every rank learns which trials are to be run. */
static fgf_status prepare(const session *s, const char *output, bool retry, size_t *pending,
                          size_t *pending_count)
{
    fgf_status status = FGF_OK;
    results_layout *layout = NULL;
    fgf_prepare_result prepared = {0};
    *pending_count = 0;
    FGF_TRY(results_layout_create(s, &layout));
    FGF_TRY(fgf_store_prepare(output, results_layout_of(layout), (fgf_prepare_options){false},
                              &prepared));
    for (size_t i = 0; i < s->trial_count; i++) {
        bool wanted = prepared.status[i] == FGF_TRIAL_EMPTY ||
                      (retry && prepared.status[i] == FGF_TRIAL_FAILED);
        if (wanted)
            pending[(*pending_count)++] = i;
    }
    if (prepared.broken_count > 0)
        fgf_warn("%s: %zu rows were not whole and are run again", output, prepared.broken_count);
    if (prepared.how != FGF_STORE_CREATED)
        fgf_log("%s: %zu of %zu trials are done%s", output, prepared.done_count,
                prepared.trial_count,
                prepared.how == FGF_STORE_REWRITTEN ? "; the file was laid out anew" : "");
    if (prepared.failed_count > 0 && !retry)
        fgf_log("%zu trials failed before; --retry-failed runs them again", prepared.failed_count);
done:
    results_layout_destroy(&layout);
    fgf_prepare_result_clear(&prepared);
    return status;
}

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
    fgf_trial_memory memory;
    size_t trial;
    if (fgf_par_rank(s->par) != 0 ||
        most_memory(s, pending, pending_count, &trial, &memory) != FGF_OK)
        return 0;
    return before + memory.peak;
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

/* The jobs that are left, on all ranks. */
static fgf_status run_pending(session *s, const arguments *given, const run_options *options,
                              size_t *pending, size_t pending_count)
{
    fgf_status status = FGF_OK;
    running r = {
        .session = s, .options = options, .pending = pending, .pending_count = pending_count};
    fgf_schedule_report report = {0};
    double *cost = NULL;
    const size_t planned = plan_memory(s, pending, pending_count);
    FGF_TRY(fgf_par_agree(s->par, FGF_ALLOCATE(pending_count, &cost)));
    for (size_t k = 0; k < pending_count; k++)
        cost[k] = s->cost[pending[k]];
    FGF_TRY(fgf_par_agree(s->par, fgf_store_open(options->output, &r.store)));
    if (fgf_par_rank(s->par) == 0)
        status = begin_run(s, given, &r);
    FGF_TRY(fgf_par_agree(s->par, status));
    fgf_par_broadcast(s->par, &r.run_row, sizeof r.run_row, 0);
    status =
        fgf_schedule_run(s->par, cost, pending_count, options->group_size, run_job, &r, &report);
    fgf_progress("%s", "");
    if (status != FGF_MEMORY)
        log_schedule(&report);
    if (status == FGF_OK || status == FGF_TRIAL) {
        const fgf_status logged = log_memory(s, planned);
        status = logged == FGF_OK ? status : logged;
    }
done:
    fgf_store_close(&r.store);
    fgf_schedule_report_clear(&report);
    fgf_free(cost);
    return status;
}

/* Exit 1 whenever the file holds a failed trial, of this start or of an earlier one. */
static fgf_status show_results(const char *output, bool quiet)
{
    fgf_status status = FGF_OK;
    fgf_store_reader *reader = NULL;
    size_t failed = 0;
    FGF_TRY(fgf_store_reader_open(output, &reader));
    if (!quiet)
        FGF_TRY(print_results(reader));
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

fgf_status run_session(session *s, const arguments *given, const run_options *options)
{
    fgf_status status = FGF_OK;
    fgf_par *par = s->par;
    fgf_lock *lock = NULL;
    size_t *pending = NULL;
    size_t pending_count = 0;
    bool first = fgf_par_rank(par) == 0;
    fgf_par_install_stop_signals();
    FGF_TRY(fgf_par_agree(par, first ? refuse_dataset(options->output, s->data_path) : FGF_OK));
    FGF_TRY(fgf_par_agree(par, first ? lock_results(options->output, given, &lock) : FGF_OK));
    FGF_TRY(fgf_par_agree(par, FGF_ALLOCATE(s->trial_count, &pending)));
    if (first)
        status = prepare(s, options->output, options->retry, pending, &pending_count);
    FGF_TRY(fgf_par_agree(par, status));
    fgf_par_broadcast(par, &pending_count, sizeof pending_count, 0);
    fgf_par_broadcast(par, pending, s->trial_count * sizeof *pending, 0);
    if (pending_count > 0) {
        fgf_log("%zu trial%s to run on %d rank%s", pending_count, pending_count == 1 ? "" : "s",
                fgf_par_size(par), fgf_par_size(par) == 1 ? "" : "s");
        status = run_pending(s, given, options, pending, pending_count);
        if (status != FGF_TRIAL)
            FGF_TRY(status);
        status = FGF_OK;
    }
    FGF_TRY(fgf_par_agree(par, first ? show_results(options->output, options->quiet) : FGF_OK));
done:
    fgf_store_unlock(&lock);
    fgf_free(pending);
    return status;
}
