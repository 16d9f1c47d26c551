/* fgf submit: batch scripts for a sweep, sized by its estimate. */
#include "job_script.h"
#include "job_size.h"
#include "version.h"

#include "fgf/file_bytes.h"
#include "fgf/log.h"
#include "fgf/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    OUTPUT,
    RESULTS,
    DATA,
    RANKS,
    NODES,
    GROUP_SIZE,
    SECONDS,
    TIME,
    MAX_TIME,
    MEMORY,
    SIGNAL,
    ARRAY,
    CHAIN,
    REQUEUE,
    LAUNCHER,
    PARTITION,
    ACCOUNT,
    QOS,
    CONSTRAINT,
    MAIL,
    GO,
    FORCE
};

static const option options[] = {
    {"--output", 'o', "FILE", "script to write (default: the sweep's name with .sbatch)"},
    {"--results", 'r', "FILE", "results file (default: the sweep's name with .results.h5)"},
    {"--data", 'd', "FILE", "dataset, in place of the sweep's data.path"},
    {"--ranks", 'n', "N", "ranks (default: the fewest that end within --max-time, or 4 hours)"},
    {"--nodes", 'N', "N", "nodes (default: Slurm's choice)"},
    {"--group-size", 'g', "N", "ranks that share one trial; 0 = as needed (default: the fastest)"},
    {"--seconds", 's', "S", "time that may be spent on timing (default 60; 0 = guess)"},
    {"--time", 't', "TIME", "time limit of a job (default: from the estimate)"},
    {"--max-time", 0, "TIME", "the longest that a job may run on your partition"},
    {"--memory", 0, "SIZE", "memory of a rank, as 900M or 4G (default: from the plan)"},
    {"--signal", 0, "SECONDS", "how long before its end a job is told (default: two epochs)"},
    {"--array", 0, "N", "a job array of N tasks, and a job that merges their results"},
    {"--chain", 0, "N", "N jobs one after another (default: as --max-time needs)"},
    {"--requeue", 0, NULL, "a job that is stopped requeues itself; no chain then"},
    {"--launcher", 0, "NAME", "srun (default) or mpirun"},
    {"--partition", 'p', "NAME", "partition of the cluster"},
    {"--account", 'A', "NAME", "account that pays"},
    {"--qos", 'q', "NAME", "quality of service"},
    {"--constraint", 'C', "LIST", "features that nodes must have"},
    {"--mail", 0, "ADDRESS", "who is told of ends, failures and restarts"},
    {"--go", 0, NULL, "submit it too"},
    {"--force", 0, NULL, "overwrite scripts that differ"},
    {0}};

enum { TIMING_SECONDS = 60 };

/* What the command line asks for. */
typedef struct request {
    job_size size;
    double timing_seconds;
    bool mpirun;
} request;

/* A name that Slurm gets: a blank would end the line's option, a line's end the line. */
static fgf_status check_names(const arguments *given)
{
    fgf_status status = FGF_OK;
    for (int k = PARTITION; k <= MAIL; k++) {
        const char *name = given->value[k];
        if (name && (!name[0] || strpbrk(name, " \t\r\n\"'#")))
            FGF_FAIL(FGF_USAGE, "%s: found '%s', expected a name without blanks and quotes",
                     options[k].name, name);
    }
    const char *memory = given->value[MEMORY];
    if (memory) {
        const size_t digits = strspn(memory, "0123456789");
        const char *unit = memory + digits;
        if (digits == 0 || digits > 9 || strtol(memory, NULL, 10) == 0 ||
            (unit[0] && (!strchr("KMGT", unit[0]) || unit[1])))
            FGF_FAIL(FGF_USAGE, "--memory: found '%s', expected a size as 900M or 4G", memory);
    }
done:
    return status;
}

static fgf_status read_request(const arguments *given, request *out)
{
    fgf_status status = FGF_OK;
    job_size *size = &out->size;
    *out =
        (request){.size = {.tasks = 1, .group_size = -1, .requeue = given->value[REQUEUE] != NULL}};
    const struct {
        int option;
        long least, most;
        long *number;
    } numbers[] = {{RANKS, 1, JOB_RANKS_MOST, &size->ranks},
                   {NODES, 1, 100000, &size->nodes},
                   {GROUP_SIZE, 0, 1000000, &size->group_size},
                   {SIGNAL, 1, 65535, &size->signal_seconds},
                   {ARRAY, 1, 1000, &size->tasks},
                   {CHAIN, 1, 1000, &size->links}};
    if (given->operand_count != 1)
        FGF_FAIL(FGF_USAGE, "fgf submit needs one sweep file; see `fgf help submit`");
    for (size_t k = 0; k < sizeof numbers / sizeof *numbers; k++) {
        const int o = numbers[k].option;
        if (given->value[o])
            FGF_TRY(parse_integer(options[o].name, given->value[o], numbers[k].least,
                                  numbers[k].most, numbers[k].number));
    }
    if (given->value[SECONDS])
        FGF_TRY(parse_real("--seconds", given->value[SECONDS], 0, 86400, &out->timing_seconds));
    if (given->value[TIME])
        FGF_TRY(parse_job_time("--time", given->value[TIME], &size->seconds));
    if (given->value[MAX_TIME])
        FGF_TRY(parse_job_time("--max-time", given->value[MAX_TIME], &size->most_seconds));
    /* Where time and ranks are given nothing needs to be timed. */
    if (!given->value[SECONDS])
        out->timing_seconds = size->ranks > 0 && size->seconds > 0 ? 0 : TIMING_SECONDS;
    const char *launcher = given->value[LAUNCHER] ? given->value[LAUNCHER] : "srun";
    out->mpirun = strcmp(launcher, "mpirun") == 0;
    if (!out->mpirun && strcmp(launcher, "srun") != 0)
        FGF_FAIL(FGF_USAGE, "--launcher: found '%s', expected srun or mpirun", launcher);
    if (size->ranks > 0 && size->nodes > size->ranks)
        FGF_FAIL(FGF_USAGE, "--nodes %ld is more than --ranks %ld", size->nodes, size->ranks);
    if (size->tasks > 1 && size->links > 0)
        FGF_FAIL(FGF_USAGE, "--array and --chain exclude each other; tasks that are stopped go on "
                            "with --requeue, or when they are submitted again");
    if (size->most_seconds > 0 && size->seconds > size->most_seconds)
        FGF_FAIL(FGF_USAGE, "--time %s is more than --max-time %s", given->value[TIME],
                 given->value[MAX_TIME]);
    FGF_TRY(check_names(given));
done:
    return status;
}

/* ---- scripts ---- */

/* The files that one call writes: the job, and what goes with it. */
typedef struct scripts {
    fgf_buffer job_path, job, beside_path, beside;
    fgf_buffer submit; /* the command that submits them */
} scripts;

static void scripts_clear(scripts *s)
{
    fgf_buffer *all[] = {&s->job_path, &s->job, &s->beside_path, &s->beside, &s->submit};
    for (size_t k = 0; k < sizeof all / sizeof *all; k++)
        fgf_buffer_clear(all[k]);
}

/* Names the files: hn.sbatch, and beside it hn.merge.sbatch or hn.chain.sh. */
static fgf_status name_scripts(const arguments *given, const job_size *size, scripts *s)
{
    fgf_status status = FGF_OK;
    const char *suffix = ".sbatch";
    if (given->value[OUTPUT])
        fgf_buffer_add(&s->job_path, "%s", given->value[OUTPUT]);
    else
        add_job_name(&s->job_path, given->operand[0]);
    FGF_TRY(s->job_path.status);
    size_t stem = s->job_path.length;
    if (stem > strlen(suffix) && strcmp(s->job_path.text + stem - strlen(suffix), suffix) == 0)
        stem -= strlen(suffix);
    if (size->tasks > 1 || size->links > 1)
        fgf_buffer_add(&s->beside_path, "%.*s%s", (int)stem, s->job_path.text,
                       size->tasks > 1 ? ".merge.sbatch" : ".chain.sh");
    if (!given->value[OUTPUT])
        fgf_buffer_add(&s->job_path, "%s", suffix);
    if (size->tasks > 1) {
        fgf_buffer_add(&s->submit, "sbatch --dependency=afterany:$(sbatch --parsable ");
        add_shell_word(&s->submit, s->job_path.text);
        fgf_buffer_add(&s->submit, ") ");
    } else {
        fgf_buffer_add(&s->submit, size->links > 1 ? "bash " : "sbatch ");
    }
    add_shell_word(&s->submit, s->beside_path.text ? s->beside_path.text : s->job_path.text);
    FGF_TRY(s->job_path.status);
    FGF_TRY(s->beside_path.status);
    FGF_TRY(s->submit.status);
done:
    return status;
}

static fgf_status write_scripts(const arguments *given, const job_settings *job, scripts *s)
{
    fgf_status status = FGF_OK;
    const bool force = given->value[FORCE] != NULL;
    add_job_script(&s->job, job);
    if (job->tasks > 1)
        add_merge_script(&s->beside, job);
    else if (job->links > 1)
        add_chain_script(&s->beside, job, s->job_path.text);
    FGF_TRY(s->job.status);
    FGF_TRY(s->beside.status);
    FGF_TRY(check_script(s->job_path.text, &s->job, force));
    if (s->beside.text)
        FGF_TRY(check_script(s->beside_path.text, &s->beside, force));
    FGF_TRY(write_script(s->job_path.text, &s->job));
    if (s->beside.text)
        FGF_TRY(write_script(s->beside_path.text, &s->beside));
done:
    return status;
}

/* On rank 0, with the numbers of the estimate. */
static fgf_status write_and_submit(const arguments *given, const char *results, const estimate *e,
                                   request *r)
{
    fgf_status status = FGF_OK;
    scripts s = {0};
    fgf_buffer name = {0}, title = {0}, plan = {0}, memory = {0};
    const job_size *size = &r->size;
    FGF_TRY(size_job(e, &r->size));
    FGF_TRY(name_scripts(given, size, &s));
    add_job_name(&name, given->operand[0]);
    fgf_buffer_add(&title, "Written by fgf %s, to be edited by hand:\n    ", FGF_VERSION);
    add_command_line(given, &title);
    describe_job_size(e, size, &plan);
    fgf_buffer_add(&memory, "%ldM", size->megabytes);
    FGF_TRY(name.status);
    FGF_TRY(title.status);
    FGF_TRY(plan.status);
    FGF_TRY(memory.status);
    const job_settings job = {.name = name.text,
                              .title = title.text,
                              .plan = plan.text,
                              .submit = s.submit.text,
                              .sweep = given->operand[0],
                              .results = results,
                              .data = given->value[DATA],
                              .override = given->override,
                              .override_count = given->override_count,
                              .ranks = size->ranks,
                              .nodes = size->nodes,
                              .group_size = size->group_size,
                              .tasks = size->tasks,
                              .links = size->links,
                              .seconds = size->seconds,
                              .signal_seconds = size->signal_seconds,
                              .merge_seconds = size->merge_seconds,
                              .memory = given->value[MEMORY] ? given->value[MEMORY] : memory.text,
                              .mpirun = r->mpirun,
                              .requeue = size->requeue,
                              .partition = given->value[PARTITION],
                              .account = given->value[ACCOUNT],
                              .qos = given->value[QOS],
                              .constraint = given->value[CONSTRAINT],
                              .mail = given->value[MAIL]};
    FGF_TRY(write_scripts(given, &job, &s));
    printf("%s", plan.text);
    printf("%s%s\n", given->value[GO] ? "" : "submit with: ", s.submit.text);
    if (given->value[GO])
        FGF_TRY(submit_scripts(s.submit.text));
done:
    scripts_clear(&s);
    fgf_buffer_clear(&name);
    fgf_buffer_clear(&title);
    fgf_buffer_clear(&plan);
    fgf_buffer_clear(&memory);
    return status;
}

/* --force is for another script, not for what the job reads and writes. */
static fgf_status keep_apart(const arguments *given, const char *results)
{
    fgf_status status = FGF_OK;
    const char *output = given->value[OUTPUT];
    FGF_TRY(fgf_output_apart(output, given->operand[0], "the sweep that is read"));
    FGF_TRY(fgf_output_apart(output, results, "the results file"));
    if (given->value[DATA])
        FGF_TRY(fgf_output_apart(output, given->value[DATA], "the dataset that is read"));
done:
    return status;
}

static fgf_status run_submit(fgf_par *par, const arguments *given)
{
    fgf_status status = FGF_OK;
    session s = {0};
    estimate e = {0};
    request r;
    char *chosen = NULL, *script = NULL;
    FGF_TRY(read_request(given, &r));
    if (given->value[OUTPUT])
        FGF_TRY(find_output(par, given->value[OUTPUT], &script));
    if (!given->value[RESULTS])
        FGF_TRY(default_output(given->operand[0], &chosen));
    const char *results = chosen ? chosen : given->value[RESULTS];
    if (given->value[OUTPUT])
        FGF_TRY(fgf_par_agree(par, keep_apart(given, results)));
    FGF_TRY(session_open(par, given->operand[0], given->value[DATA], given->override,
                         given->override_count, &s));
    const estimate_options how = {.results = results, .seconds = r.timing_seconds};
    FGF_TRY(estimate_create(&s, &how, &e));
    if (fgf_par_rank(par) == 0)
        status = write_and_submit(given, results, &e, &r);
    FGF_TRY(fgf_par_agree(par, status));
done:
    estimate_clear(&e);
    session_close(&s);
    fgf_free(chosen);
    fgf_free(script);
    return status;
}

const subcommand command_submit = {
    .name = "submit",
    .usage = "SWEEP.yaml [--go] [-n RANKS] [--max-time TIME] [--array N] [KEY=VALUE ...]",
    .help = "writes a batch script for Slurm, sized from the plan",
    .options = options,
    .takes_overrides = true,
    .run = run_submit,
    .more =
        "The script is meant to be read and edited. It depends on nothing of this machine: paths "
        "are\nthe ones given here, to be submitted from this folder; the program is `fgf`, or "
        "what FGF names.\n"};
