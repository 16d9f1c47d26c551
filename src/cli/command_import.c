#include "session.h"

#include "fgf/import.h"
#include "fgf/log.h"
#include "fgf/memory.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { OUTPUT, LIST, ON_BAD_CASE, PSEUDONYMIZE, MAPPING, WATCHDOG };

static const option options[] = {
    {"--output", 'o', "FILE", "dataset file to write"},
    {"--list", 0, NULL,
     "show who is in, the files, series and structures found, and which would be taken; read no "
     "voxels, write nothing"},
    {"--on-bad-case", 0, "WHAT",
     "stop: list all bad cases and write nothing (default); exclude: leave them out, ids and "
     "reasons stored"},
    {"--pseudonymize", 0, "KEYFILE",
     "ids and patients become HMAC-SHA-256 pseudonyms under this key (made where there is none); "
     "no "
     "name of a file and no original id reaches dataset or messages"},
    {"--mapping", 0, "FILE",
     "with --pseudonymize: write original ids, pseudonyms and remarks in full to this table, for "
     "its owner alone (mode 600)"},
    {"--watchdog", 0, "SECONDS", WATCHDOG_HELP},
    {0}};

/* Between lines where no terminal shows a bar. */
static const double line_seconds = 30;

/* When cases began to be read, and when of it was last told. */
typedef struct clock_of_import {
    double began, told;
} clock_of_import;

static void add_duration(double seconds, fgf_buffer *out)
{
    const long whole = (long)(seconds + 0.5);
    if (whole >= 3600)
        fgf_buffer_add(out, "%ld h %02ld min", whole / 3600, whole / 60 % 60);
    else if (whole >= 60)
        fgf_buffer_add(out, "%ld min %02ld s", whole / 60, whole % 60);
    else
        fgf_buffer_add(out, "%ld s", whole);
}

/* "12 of 298 cases, 35.1 MB/s, 4 min 10 s left": by the bytes of files, as far as read since the
 * start. */
static void describe_progress(const clock_of_import *clock, const fgf_import_progress *p,
                              fgf_buffer *out)
{
    const double seconds = fgf_seconds() - clock->began, read = p->bytes - p->old_bytes;
    fgf_buffer_add(out, "%zu of %zu cases", p->done, p->total);
    if (seconds < 1 || read <= 0)
        return;
    fgf_buffer_add(out, ", %.1f MB/s, ", read / 1e6 / seconds);
    add_duration((p->of_bytes - p->bytes) * seconds / read, out);
    fgf_buffer_add(out, " left");
}

static void show_progress(void *state, const fgf_import_progress *progress)
{
    clock_of_import *clock = state;
    const double now = fgf_seconds();
    fgf_buffer text = {0};
    fgf_watch_phase(progress->phase, progress->done, progress->total);
    const bool reads = strcmp(progress->phase, "case") == 0;
    if (clock->began == 0 && reads)
        clock->began = clock->told = now;
    if (reads)
        describe_progress(clock, progress, &text);
    else if (strcmp(progress->phase, "write") == 0)
        fgf_buffer_add(&text, "writing case %zu of %zu", progress->done, progress->total);
    const bool done = progress->done == progress->total;
    if (text.status == FGF_OK && isatty(STDERR_FILENO)) {
        fgf_progress("%s%s", text.length && !done ? "fgf: import: " : "",
                     text.length && !done ? text.text : "");
    } else if (text.status == FGF_OK && reads && !done && now - clock->told > line_seconds) {
        clock->told = now;
        fgf_log("import: %s", text.text);
    }
    fgf_buffer_clear(&text);
}

static bool stop_requested(void *state)
{
    (void)state;
    return fgf_par_stop_requested();
}

/* One import at a time to one output; the kernel takes the lock away with the process. */
static fgf_status take_lock(fgf_par *par, const arguments *given, const char *output,
                            fgf_lock **lock)
{
    fgf_status status = FGF_OK;
    fgf_buffer command = {0};
    if (fgf_par_rank(par) == 0 && !given->value[LIST]) {
        add_command_line(given, &command);
        /* A lock's text stays behind where a process is killed: it must not tell a key's place. */
        status = command.status
                     ? command.status
                     : fgf_store_lock(
                           output, given->value[PSEUDONYMIZE] ? "fgf import" : command.text, lock);
    }
    fgf_buffer_clear(&command);
    return fgf_par_agree(par, status);
}

static fgf_status import_on_ranks(fgf_par *par, const arguments *given,
                                  const fgf_import_options *how, fgf_buffer *list,
                                  fgf_import_summary *summary)
{
    fgf_status status = FGF_OK;
    fgf_watchdog *watchdog = NULL;
    fgf_lock *lock = NULL;
    char *output = NULL;
    double limit = 0;
    FGF_TRY(parse_watchdog(given->value[WATCHDOG], &limit));
    if (!given->value[LIST])
        FGF_TRY(find_output(par, given->value[OUTPUT], &output));
    FGF_TRY(take_lock(par, given, output, &lock));
    fgf_par_install_stop_signals();
    FGF_TRY(fgf_watchdog_start(par, limit, &watchdog));
    fgf_watch_task("the import");
    if (given->value[LIST])
        FGF_TRY(fgf_import_list(given->operand[0], how, fgf_par_world(par), list));
    else
        FGF_TRY(fgf_import(given->operand[0], output, how, fgf_par_world(par), summary));
done:
    fgf_progress("%s", "");
    fgf_store_unlock(&lock);
    fgf_free(output);
    /* With such an error the process ends at once, and must not wait for the others. */
    if (status != FGF_ENVIRONMENT)
        fgf_watchdog_stop(&watchdog);
    return status;
}

static fgf_status check_arguments(const arguments *given, bool *exclude)
{
    fgf_status status = FGF_OK;
    const char *bad = given->value[ON_BAD_CASE] ? given->value[ON_BAD_CASE] : "stop";
    if (given->operand_count != 1 || (!given->value[OUTPUT] && !given->value[LIST]))
        FGF_FAIL(FGF_USAGE, "fgf import needs one manifest and --output; see `fgf help import`");
    if (strcmp(bad, "stop") != 0 && strcmp(bad, "exclude") != 0)
        FGF_FAIL(FGF_USAGE, "--on-bad-case: found '%s', expected stop or exclude", bad);
    if (given->value[MAPPING] && !given->value[PSEUDONYMIZE])
        FGF_FAIL(FGF_USAGE, "--mapping is about pseudonyms: it needs --pseudonymize");
    *exclude = strcmp(bad, "exclude") == 0;
done:
    return status;
}

static fgf_status run_import(fgf_par *par, const arguments *given)
{
    fgf_status status = FGF_OK;
    fgf_import_summary summary = {0};
    fgf_buffer list = {0};
    bool exclude = false;
    clock_of_import clock = {0};
    FGF_TRY(check_arguments(given, &exclude));
    const fgf_import_options how = {.overrides = given->override,
                                    .override_count = given->override_count,
                                    .exclude_bad_cases = exclude,
                                    .pseudonym_key = given->value[PSEUDONYMIZE],
                                    .mapping = given->value[MAPPING],
                                    .progress = show_progress,
                                    .stop = stop_requested,
                                    .state = &clock};
    FGF_TRY(import_on_ranks(par, given, &how, &list, &summary));
    if (given->value[LIST]) {
        if (fgf_par_rank(par) == 0 && list.length)
            fputs(list.text, stdout);
        goto done;
    }
    if (summary.kept > 0)
        fgf_log("%zu cases were finished by an earlier start", summary.kept);
    fgf_log("%zu cases of %zu patients, %zu events; %zu excluded, %zu bad; %d x %d x %d pixels: %s",
            summary.cases, summary.patients, summary.events, summary.excluded, summary.bad,
            summary.shape.depth, summary.shape.height, summary.shape.width, given->value[OUTPUT]);
done:
    fgf_buffer_clear(&list);
    return status;
}

const subcommand command_import = {
    .name = "import",
    .usage = "MANIFEST.yaml -o COHORT.h5 [KEY=VALUE ...]",
    .help = "reads images and outcome tables into one dataset file",
    .options = options,
    .takes_overrides = true,
    .run = run_import,
    .more =
        "Under mpirun the ranks share the cases. An import that was interrupted goes on where it "
        "was when\nit is run again. `fgf help import-spec` lists the manifest's keys.\n"};
