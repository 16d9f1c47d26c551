/* fgf run: the main job. */
#include "deadline.h"
#include "task.h"

#include "fgf/memory.h"

#include <math.h>
#include <string.h>
#include <time.h>

enum {
    OUTPUT,
    DATA,
    GROUP_SIZE,
    DEADLINE,
    MARGIN,
    CHECKPOINT,
    WATCHDOG,
    RETRY,
    CHECK_ROWS,
    TASK,
    QUIET
};

static const option options[] = {
    {"--output", 'o', "FILE", "results file (default: the sweep's name with .results.h5)"},
    {"--data", 'd', "FILE", "dataset, in place of the sweep's data.path"},
    {"--group-size", 'g', "N", "ranks that share one trial; 0 = as the sweep needs (default)"},
    {"--deadline", 0, "WHEN", "stop by then: 3h50m from now, 2026-01-31T12:00:00Z, or none"},
    {"--margin", 0, "SECONDS", "and so long before it (default 60, at most a tenth)"},
    {"--checkpoint", 0, "SECONDS", "between checkpoints (default 300); 0 = at a stop only"},
    {"--watchdog", 0, "SECONDS", WATCHDOG_HELP},
    {"--retry-failed", 0, NULL, "run trials again that failed before"},
    {"--check-rows", 0, NULL, "hold every finished row against its checksum first"},
    {"--task", 0, "K/N", "only the K-th of N shares of the trials, into RESULTS.task-K-of-N.h5"},
    {"--quiet", 'q', NULL, "no table of results at the end"},
    {0}};

/* The results file's name where none is given: beside nothing, in the working folder. */
fgf_status default_output(const char *sweep_path, char **out)
{
    fgf_status status = FGF_OK;
    fgf_buffer name = {0};
    const char *base = strrchr(sweep_path, '/') ? strrchr(sweep_path, '/') + 1 : sweep_path;
    const char *dot = strrchr(base, '.');
    fgf_buffer_add(&name, "%.*s.results.h5", dot ? (int)(dot - base) : (int)strlen(base), base);
    FGF_TRY(name.status);
    *out = name.text;
done:
    return status;
}

enum { CHECKPOINT_SECONDS = 300 };

/* Rank 0's deadline holds for all; as time left, for clocks differ. Collective. */
static fgf_status set_deadline(fgf_par *par, const arguments *given)
{
    fgf_status status = FGF_OK;
    double left = HUGE_VAL;
    struct timespec now;
    if (fgf_par_rank(par) == 0)
        status = find_deadline(given->value[DEADLINE], given->value[MARGIN], &left);
    FGF_TRY(fgf_par_agree(par, status));
    fgf_par_broadcast(par, &left, sizeof left, 0);
    clock_gettime(CLOCK_REALTIME, &now);
    fgf_par_set_deadline((double)now.tv_sec + 1e-9 * (double)now.tv_nsec + left);
done:
    return status;
}

static fgf_status run_sweep(fgf_par *par, const arguments *given)
{
    fgf_status status = FGF_OK;
    session s = {0};
    long group_size = 0;
    double checkpoint = CHECKPOINT_SECONDS, watchdog = 0;
    char *chosen = NULL, *whole = NULL, *part = NULL;
    int task = 0, tasks = 0;
    /* First of all: a large sweep takes a while to open, and may be asked to stop meanwhile. */
    fgf_par_install_stop_signals();
    if (given->operand_count != 1)
        FGF_FAIL(FGF_USAGE, "fgf run needs one sweep file; see `fgf help run`");
    if (given->value[GROUP_SIZE])
        FGF_TRY(parse_integer("--group-size", given->value[GROUP_SIZE], 0, 1000000, &group_size));
    if (given->value[CHECKPOINT])
        FGF_TRY(parse_real("--checkpoint", given->value[CHECKPOINT], 0, 1e9, &checkpoint));
    FGF_TRY(parse_watchdog(given->value[WATCHDOG], &watchdog));
    if (given->value[TASK])
        FGF_TRY(parse_task("--task", given->value[TASK], &task, &tasks));
    FGF_TRY(set_deadline(par, given));
    if (!given->value[OUTPUT])
        FGF_TRY(default_output(given->operand[0], &chosen));
    FGF_TRY(find_output(par, chosen ? chosen : given->value[OUTPUT], &whole));
    FGF_TRY(same_numerics(par));
    FGF_TRY(session_open(par, given->operand[0], given->value[DATA], given->override,
                         given->override_count, &s));
    if (tasks > 0)
        FGF_TRY(fgf_par_agree(par, session_deal(&s, task, tasks)));
    if (tasks > 0)
        FGF_TRY(task_output(whole, task, tasks, &part));
    const run_options how = {.output = part ? part : whole,
                             .whole = part ? whole : NULL,
                             .group_size = (int)group_size,
                             .retry = given->value[RETRY] != NULL,
                             .check_rows = given->value[CHECK_ROWS] != NULL,
                             .checkpoint_seconds = checkpoint,
                             .watchdog = watchdog,
                             .quiet = given->value[QUIET] != NULL};
    FGF_TRY(run_session(&s, given, &how));
done:
    fgf_free(chosen);
    fgf_free(whole);
    fgf_free(part);
    session_close(&s);
    return status;
}

const subcommand command_run = {
    .name = "run",
    .usage = "SWEEP.yaml [-o RESULTS.h5] [KEY=VALUE ...]",
    .help = "trains and scores every trial of a sweep; run again to go on",
    .options = options,
    .takes_overrides = true,
    .run = run_sweep,
    .more = "Alone, under mpirun or under srun. Trials that the results file holds are not run "
            "again;\na sweep that was extended, shortened or reordered keeps what is done.\n"
            "A signal (INT, TERM, USR1) or the deadline, by default that of the Slurm job, stops\n"
            "it with exit status 75: trainings are saved and go on when it is run again.\n"
            "`fgf merge` brings the results of --task together.\n"};
