/* fgf run: the main job. */
#include "session.h"

#include "fgf/memory.h"

#include <string.h>

enum { OUTPUT, DATA, GROUP_SIZE, RETRY, QUIET };

static const option options[] = {
    {"--output", 'o', "FILE", "results file (default: the sweep's name with .results.h5)"},
    {"--data", 'd', "FILE", "dataset, in place of the sweep's data.path"},
    {"--group-size", 'g', "N", "ranks that share one trial; 0 = as the sweep needs (default)"},
    {"--retry-failed", 0, NULL, "run trials again that failed before"},
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

static fgf_status run_sweep(fgf_par *par, const arguments *given)
{
    fgf_status status = FGF_OK;
    session s = {0};
    long group_size = 0;
    char *chosen = NULL;
    if (given->operand_count != 1)
        FGF_FAIL(FGF_USAGE, "fgf run needs one sweep file; see `fgf help run`");
    if (given->value[GROUP_SIZE])
        FGF_TRY(parse_integer("--group-size", given->value[GROUP_SIZE], 0, 1000000, &group_size));
    if (!given->value[OUTPUT])
        FGF_TRY(default_output(given->operand[0], &chosen));
    FGF_TRY(same_numerics(par));
    FGF_TRY(session_open(par, given->operand[0], given->value[DATA], given->override,
                         given->override_count, &s));
    const run_options how = {.output = chosen ? chosen : given->value[OUTPUT],
                             .group_size = (int)group_size,
                             .retry = given->value[RETRY] != NULL,
                             .quiet = given->value[QUIET] != NULL};
    FGF_TRY(run_session(&s, given, &how));
done:
    fgf_free(chosen);
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
            "again;\na sweep that was extended, shortened or reordered keeps what is done.\n"};
