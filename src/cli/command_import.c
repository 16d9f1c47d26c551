#include "session.h"

#include "fgf/import.h"
#include "fgf/log.h"

#include <string.h>

enum { OUTPUT, ON_BAD_CASE, WATCHDOG };

static const option options[] = {{"--output", 'o', "FILE", "dataset file to write"},
                                 {"--on-bad-case", 0, "WHAT",
                                  "stop: list all bad cases and write nothing (default); exclude: "
                                  "leave them out, ids and reasons stored"},
                                 {"--watchdog", 0, "SECONDS", WATCHDOG_HELP},
                                 {0}};

static void show_progress(void *state, const char *phase, size_t done, size_t total)
{
    (void)state;
    fgf_watch_phase(phase, done, total);
    if (strcmp(phase, "case") == 0)
        fgf_progress("fgf: import: %zu of %zu cases", done, total);
    else
        fgf_progress("%s", "");
}

static fgf_status import_on_ranks(fgf_par *par, const arguments *given, bool exclude,
                                  fgf_import_summary *summary)
{
    fgf_status status = FGF_OK;
    int64_t access_list = 0;
    fgf_watchdog *watchdog = NULL;
    double limit = 0;
    const fgf_import_options how = {.overrides = given->override,
                                    .override_count = given->override_count,
                                    .exclude_bad_cases = exclude,
                                    .progress = show_progress};
    FGF_TRY(parse_watchdog(given->value[WATCHDOG], &limit));
    /* One rank needs no MPI-IO: the serial driver writes the same file, faster. */
    if (fgf_par_size(par) > 1)
        FGF_TRY(fgf_par_agree(par, fgf_store_parallel_access(&access_list)));
    FGF_TRY(fgf_watchdog_start(par, limit, &watchdog));
    fgf_watch_task("the import of %s", given->operand[0]);
    FGF_TRY(fgf_import(given->operand[0], given->value[OUTPUT], &how, access_list,
                       fgf_par_world(par), summary));
done:
    /* With such an error the process ends at once, and must not wait for the others. */
    if (status != FGF_ENVIRONMENT)
        fgf_watchdog_stop(&watchdog);
    if (access_list > 0)
        fgf_store_parallel_access_release(&access_list);
    return status;
}

static fgf_status run_import(fgf_par *par, const arguments *given)
{
    fgf_status status = FGF_OK;
    fgf_import_summary summary;
    const char *bad = given->value[ON_BAD_CASE] ? given->value[ON_BAD_CASE] : "stop";
    if (given->operand_count != 1 || !given->value[OUTPUT])
        FGF_FAIL(FGF_USAGE, "fgf import needs one manifest and --output; see `fgf help import`");
    if (strcmp(bad, "stop") != 0 && strcmp(bad, "exclude") != 0)
        FGF_FAIL(FGF_USAGE, "--on-bad-case: found '%s', expected stop or exclude", bad);
    FGF_TRY(import_on_ranks(par, given, strcmp(bad, "exclude") == 0, &summary));
    fgf_log("%zu cases of %zu patients, %zu events; %zu excluded, %zu bad; %d x %d x %d pixels: %s",
            summary.cases, summary.patients, summary.events, summary.excluded, summary.bad,
            summary.shape.depth, summary.shape.height, summary.shape.width, given->value[OUTPUT]);
done:
    return status;
}

const subcommand command_import = {
    .name = "import",
    .usage = "MANIFEST.yaml -o COHORT.h5 [KEY=VALUE ...]",
    .help = "reads images and an outcome table into one dataset file",
    .options = options,
    .takes_overrides = true,
    .run = run_import,
    .more = "Under mpirun the ranks share the cases. `fgf help import-spec` lists the manifest's "
            "keys.\n"};
