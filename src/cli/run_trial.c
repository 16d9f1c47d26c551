/* One trial of a run on its group: between the trial, its checkpoints and its row. */
#include "runner.h"

#include "fgf/checkpoint.h"
#include "fgf/kernel.h"
#include "fgf/log.h"

#include <stdio.h>

/* What the hooks of one trial know. */
typedef struct under_way {
    running *run;
    size_t trial;
    double saved; /* when it was, or was begun */
    double shown; /* progress, on the terminal */
    bool suspect; /* processes ended at it, and it is no further since */
} under_way;

static const char *identity_of(const under_way *u)
{
    return u->run->session->identity[u->trial].text;
}

/* Any rank may have something to say about its trial. */
static void tell(const under_way *u, bool warning, const char *line)
{
    fgf_progress("%s", "");
    fprintf(stderr, "fgf: %strial %zu %s\n", warning ? "warning: " : "", u->trial, line);
}

/* ---- hooks ---- */

static void show_progress(void *state, const char *phase, size_t done, size_t total)
{
    const double often = 0.2; /* seconds */
    under_way *u = state;
    const double now = fgf_seconds();
    fgf_watch_phase(phase, done, total);
    if (now - u->shown < often)
        return;
    u->shown = now;
    fgf_progress("%zu of %zu trials done; this rank: %s %.0f %%", u->run->finished,
                 u->run->pending_count, phase,
                 total > 0 ? 100 * (double)done / (double)total : 100);
}

static bool stops(void *state)
{
    (void)state;
    return fgf_par_stop_requested();
}

static double seconds_left(void *state)
{
    (void)state;
    return fgf_par_seconds_left();
}

static bool is_due(void *state)
{
    const under_way *u = state;
    const double every = u->run->options->checkpoint_seconds;
    return every > 0 && fgf_seconds() - u->saved >= every;
}

/* A checkpoint that cannot be written costs what it would have saved, not the run. */
static void save(void *state, const void *bytes, size_t size)
{
    under_way *u = state;
    running *r = u->run;
    u->saved = fgf_seconds();
    fgf_watch_phase("checkpoint", 0, 0);
    if (fgf_checkpoint_write(r->options->output, identity_of(u), bytes, size) == FGF_OK) {
        /* What gets on does not end its processes. */
        if (u->suspect && fgf_store_set_crashes(r->store, u->trial, 0) == FGF_OK)
            u->suspect = false;
        return;
    }
    if (!r->save_failed) {
        char line[FGF_MESSAGE_BYTES + 64];
        snprintf(line, sizeof line, "goes on without a checkpoint: %s", fgf_last_error()->message);
        tell(u, true, line);
    }
    r->save_failed = true;
}

static fgf_status load(void *state, void **bytes, size_t *size)
{
    const under_way *u = state;
    return fgf_checkpoint_read(u->run->options->output, identity_of(u), bytes, size);
}

static void say(void *state, bool warning, const char *line)
{
    tell(state, warning, line);
}

/* ---- the trial ---- */

/* The trial will be run another time, and did not crash. What ended it stays this thread's error.
 */
static void give_back(running *r, size_t trial)
{
    const fgf_error error = *fgf_last_error();
    (void)!fgf_store_mark_stopped(r->store, trial);
    (void)fgf_adopt_error(&error);
}

static fgf_status compute(under_way *u, fgf_group *group, fgf_row *row)
{
    const run_options *options = u->run->options;
    session *s = u->run->session;
    fgf_trial_hooks hooks = {.state = u,
                             .progress = show_progress,
                             .stop = stops,
                             .seconds_left = seconds_left,
                             .due = is_due,
                             .save = save,
                             .load = load,
                             .say = say,
                             .numerics = fgf_kernel_signature(),
                             .parameters = options->parameters,
                             .parameter_count = options->parameter_count,
                             .boundary = options->boundary};
    return fgf_trial_run(s->context, session_trial(s, u->trial), group, &hooks, row);
}

fgf_status run_trial(void *context, size_t job, fgf_group *group)
{
    fgf_status status = FGF_OK;
    running *r = context;
    const bool first = group->rank == 0;
    fgf_row *row = NULL;
    bool failed = false, begun = false;
    char error[FGF_ERROR_TEXT] = "";
    under_way u = {
        .run = r, .trial = r->pending[job], .saved = fgf_seconds(), .suspect = r->crashes[job] > 0};
    fgf_watch_task("trial %zu (%s)", u.trial, identity_of(&u));
    FGF_TRY(fgf_group_agree(group, fgf_row_create(r->session->axes, &row)));
    begun = true;
    if (first)
        status = fgf_store_mark_running(r->store, u.trial);
    FGF_TRY(fgf_group_agree(group, status));
    crash_begin(r->store, u.trial);
    status = compute(&u, group, row);
    failed = is_trial_failure(status);
    if (failed) {
        snprintf(error, sizeof error, "%.*s", FGF_ERROR_TEXT - 1, fgf_last_error()->message);
        status = FGF_OK;
    }
    FGF_TRY(status);
    fgf_watch_phase("commit", 0, 0);
    if (first)
        status = commit_row(r->store, u.trial, row, r->run_row, failed, error);
    FGF_TRY(fgf_group_agree(group, status));
    if (first)
        fgf_checkpoint_remove(r->options->output, identity_of(&u));
    r->finished++;
    if (failed)
        status = fgf_fail(FGF_TRIAL, __FILE__, __LINE__, "%s", error);
done:
    crash_end();
    if (status != FGF_OK && status != FGF_TRIAL && begun && first)
        give_back(r, u.trial);
    fgf_watch_task("%s", "");
    fgf_row_destroy(&row);
    return status;
}
