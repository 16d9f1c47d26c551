/* fgf plan: what a sweep will take, before any of it is run. */
#include "choice.h"
#include "estimate.h"

#include "fgf/log.h"
#include "fgf/memory.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { DATA, OUTPUT, RANKS, PER_NODE, SECONDS, LIST, JSON };

static const option options[] = {
    {"--data", 'd', "FILE", "dataset, in place of the sweep's data.path"},
    {"--output", 'o', "FILE", "results file: its finished trials are left out, their times used"},
    {"--ranks", 'n', "N", "a number of ranks for the table (default: those it runs on)"},
    {"--per-node", 0, "N", "ranks of a node, for its memory (default: the cores of this one)"},
    {"--seconds", 's', "S", "time that may be spent on timing (default 60; 0 = guess)"},
    {"--list", 'l', NULL, "list every trial, however many there are"},
    {"--json", 'j', NULL, "print all of it as one JSON object"},
    {0}};

static const char more[] =
    "Each shape of trial is timed: trials whose configurations differ in nothing that changes "
    "their\n"
    "time (seeds, folds, learning rates, the value of a lambda above 0) have one shape. A trial "
    "of\n"
    "it is trained, evaluated and scored as in a run, its training in whole if it fits, the flows "
    "of\n"
    "a part of the cases; and a second and third trial where there is time. With finished trials "
    "of\n"
    "a shape in --output, their seconds are taken instead. A shape for which there was no time is\n"
    "scaled from the others by the size of its work, and marked so.\n"
    "\n"
    "What to know of the numbers:\n"
    "  - With train.patience they are an upper bound: training may stop early.\n"
    "  - Where training was cut short, the flows are those of a network that has hardly learned,\n"
    "    which are often longer: more --seconds give a better number.\n"
    "  - Times are this machine's. Cores share memory and turbo: `mpirun -n N fgf plan` times on\n"
    "    all N ranks side by side and takes the mean, as a full node would run.\n"
    "  - A rank's start, the reading of the cases and the first drawing of the noise are counted\n"
    "    once; what mpirun or srun take to start is not.\n";

/* ---- text ---- */

/* "3.1 ms", "48.0 s", "12.5 min", "3.2 h", "4.1 d". */
static const char *duration(double seconds, char text[32])
{
    if (seconds < 0.1)
        snprintf(text, 32, "%.2f ms", 1000 * seconds);
    else if (seconds < 10)
        snprintf(text, 32, "%.2f s", seconds);
    else if (seconds < 100)
        snprintf(text, 32, "%.1f s", seconds);
    else if (seconds < 5400)
        snprintf(text, 32, "%.1f min", seconds / 60);
    else if (seconds < 129600)
        snprintf(text, 32, "%.1f h", seconds / 3600);
    else
        snprintf(text, 32, "%.1f d", seconds / 86400);
    return text;
}

/* The swept keys that the trials of a shape have in common, as " key=value"; numbers that vary
 * within it stand as "..". */
static void print_axes(const session *s, const estimate *e, size_t shape)
{
    const fgf_config *first = session_trial(s, e->shapes[shape].trial);
    for (size_t a = 0; a < fgf_sweep_axis_count(s->sweep); a++) {
        const char *path = fgf_sweep_axis(s->sweep, a), *value = fgf_config_value(first, path);
        bool same = true;
        for (size_t i = 0; same && i < s->trial_count; i++) {
            const char *other =
                e->shape_of[i] == shape ? fgf_config_value(session_trial(s, i), path) : value;
            same = value && other ? strcmp(value, other) == 0 : value == other;
        }
        printf(" %s=%s", path, !same ? ".." : value ? value : "-");
    }
}

static void print_trials(const session *s, const estimate *e)
{
    for (size_t i = 0; i < s->trial_count; i++) {
        const fgf_config *config = session_trial(s, i);
        printf("%5zu  %s  %s ", i, s->identity[i].text, e->done[i] ? "done" : "to do");
        for (size_t a = 0; a < fgf_sweep_axis_count(s->sweep); a++) {
            const char *value = fgf_config_value(config, fgf_sweep_axis(s->sweep, a));
            printf(" %s=%s", fgf_sweep_axis(s->sweep, a), value ? value : "-");
        }
        printf("\n");
    }
    printf("\n");
}

static void print_shapes(const session *s, const estimate *e)
{
    printf("a trial on one rank, by shape\n");
    printf("  %7s %7s %10s  %-12s %10s %10s\n", "trials", "to do", "time", "known by", "epoch",
           "scoring");
    for (size_t k = 0; k < e->shape_count; k++) {
        const estimate_shape *shape = &e->shapes[k];
        char time[32], epoch[32] = "", scoring[32] = "", how[48];
        snprintf(how, sizeof how, "%s", estimate_source_name(shape->source));
        if (shape->measured > 0)
            snprintf(how, sizeof how, "%s (%zu)", estimate_source_name(shape->source),
                     shape->measured);
        if (shape->source == ESTIMATE_TIMED) {
            duration(shape->timing.epoch, epoch);
            duration(shape->timing.scoring, scoring);
        }
        printf("  %7zu %7zu %10s  %-12s %10s %10s ", shape->trials, shape->left,
               duration(shape->seconds, time), how, epoch, scoring);
        print_axes(s, e, k);
        printf("\n");
    }
}

/* What the numbers do not say by themselves. */
static void print_cautions(const session *s, const estimate *e)
{
    char time[32];
    bool guessed = false;
    if (e->timed_ranks > 0)
        printf("  timed on %d rank%s side by side, %s\n", e->timed_ranks,
               e->timed_ranks == 1 ? "" : "s", duration(e->timing_seconds, time));
    if (e->patience)
        printf("  an upper bound: train.patience may stop trainings early\n");
    for (size_t k = 0; k < e->shape_count; k++) {
        const estimate_shape *shape = &e->shapes[k];
        fgf_trial_settings settings;
        guessed = guessed || shape->source == ESTIMATE_GUESSED;
        if (shape->source != ESTIMATE_TIMED ||
            fgf_trial_settings_read(session_trial(s, shape->trial), &settings) != FGF_OK)
            continue;
        if (shape->timing.epochs < settings.train.epochs && shape->timing.cases > 0)
            printf("  shape %zu: scored after %lld of %lld epochs, when flows are often longer; "
                   "more --seconds tell better\n",
                   k, (long long)shape->timing.epochs, (long long)settings.train.epochs);
    }
    if (guessed)
        printf("  nothing was timed: good to a factor of a few\n");
    printf("\n");
}

static void print_memory(const estimate *e)
{
    const fgf_trial_memory *m = &e->memory;
    const struct {
        const char *name;
        size_t bytes;
    } parts[] = {{"program, libraries, open dataset", e->memory_before},
                 {"cases of the cohort", m->cases},
                 {"noise maps", m->noise},
                 {"network and results of the trial", m->row},
                 {"training: gradients, optimizer", m->vectors},
                 {"training: tape", m->tape},
                 {"training: images and features", m->step},
                 {"evaluation", m->evaluation},
                 {"scoring, flows of whole length", m->scoring}};
    printf("memory of a rank, MB; the most has trial %zu\n", e->memory_trial);
    for (size_t k = 0; k < sizeof parts / sizeof *parts; k++)
        printf("  %-34s %10.1f\n", parts[k].name, (double)parts[k].bytes / 1e6);
    printf("  %-34s %10.1f  (of training and scoring the greater)\n\n", "high-water mark",
           (double)e->memory_bytes / 1e6);
}

/* ---- the table of ranks ---- */

/* Rank counts and what they would do. */
typedef struct runs {
    estimate_run *run; /* [count] */
    size_t count;
    estimate_run asked; /* for --ranks */
    int fitting;        /* most ranks of the table at an efficiency of `fits` */
} runs;

static const double fits = 0.9, hopeless = 0.1; /* efficiency, worth and not worth more ranks */
enum { RUNS_MOST = 24, RANKS_MOST = 1 << 20, MANY = 256 };

/* 1, 2, 4, ... up to the first that has a rank for every trial, and those asked for. */
static fgf_status make_runs(const estimate *e, int asked, runs *out)
{
    fgf_status status = FGF_OK;
    FGF_TRY(FGF_ALLOCATE(RUNS_MOST, &out->run));
    FGF_TRY(estimate_best_run(e, asked, &out->asked));
    bool listed = false;
    for (int ranks = 1; ranks <= RANKS_MOST; ranks *= 2) {
        if (!listed && asked <= ranks) {
            listed = true;
            out->run[out->count++] = out->asked;
        }
        if (ranks != asked)
            FGF_TRY(estimate_best_run(e, ranks, &out->run[out->count++]));
        const bool lost = ranks >= MANY && out->run[out->count - 1].efficiency < hopeless;
        if (listed && ((size_t)ranks >= e->left_count || lost))
            break;
    }
    out->fitting = 1;
    for (size_t k = 0; k < out->count; k++)
        if (out->run[k].efficiency >= fits)
            out->fitting = out->run[k].ranks;
done:
    return status;
}

static const char *group_name(int group_size, char text[32])
{
    snprintf(text, 32, "%d", group_size);
    return group_size == 0 ? "auto" : text;
}

static size_t node_bytes(const estimate_run *run, int per_node)
{
    return run->rank_bytes * (size_t)(run->ranks < per_node ? run->ranks : per_node);
}

static void print_runs(const estimate *e, const runs *r, int per_node)
{
    char time[32], group[32];
    printf("on so many ranks, with the best group size\n");
    printf("  %7s %7s %10s %12s %11s  %s\n", "ranks", "group", "makespan", "core-hours",
           "efficiency", "memory of a node");
    for (size_t k = 0; k < r->count; k++) {
        const estimate_run *run = &r->run[k];
        printf("  %7d %7s %10s %12.3g %9.0f %%  %.2f GB (%d ranks)\n", run->ranks,
               group_name(run->group_size, group), duration(run->makespan, time), run->core_hours,
               100 * run->efficiency, (double)node_bytes(run, per_node) / 1e9,
               run->ranks < per_node ? run->ranks : per_node);
    }
    printf("  %s of each makespan to start and to read the cases; %d rank%s at most at %.0f %% or "
           "better\n\n",
           duration(e->startup_seconds, time), r->fitting, r->fitting == 1 ? "" : "s", 100 * fits);
    printf("%zu trials, %zu done, %zu failed, %zu to do: %.3g core-hours; on %d rank%s %s with "
           "--group-size %s; results file %.1f MB\n",
           e->trial_count, e->done_count, e->failed_count, e->left_count, r->asked.core_hours,
           r->asked.ranks, r->asked.ranks == 1 ? "" : "s", duration(r->asked.makespan, time),
           group_name(r->asked.group_size, group), e->file_bytes / 1e6);
}

static void print_text(const session *s, const estimate *e, const runs *r, int per_node, bool list)
{
    enum { LIST_MOST = 32 };
    if (list || s->trial_count <= LIST_MOST)
        print_trials(s, e);
    print_shapes(s, e);
    print_cautions(s, e);
    print_memory(e);
    print_runs(e, r, per_node);
}

/* ---- JSON ---- */

static void add_shape(const estimate_shape *shape, fgf_buffer *out)
{
    fgf_buffer_add(out,
                   "    {\"trial\": %zu, \"trials\": %zu, \"left\": %zu, \"seconds\": %.6g, "
                   "\"source\": \"%s\", \"measured\": %zu",
                   shape->trial, shape->trials, shape->left, shape->seconds,
                   estimate_source_name(shape->source), shape->measured);
    const fgf_trial_timing *t = &shape->timing;
    if (shape->source == ESTIMATE_TIMED)
        fgf_buffer_add(out,
                       ", \"begin_seconds\": %.6g, \"epoch_seconds\": %.6g, "
                       "\"evaluation_seconds\": %.6g, \"scoring_seconds\": %.6g, "
                       "\"epochs_timed\": %lld, \"cases_timed\": %zu",
                       t->begin, t->epoch, t->evaluation, t->scoring, (long long)t->epochs,
                       t->cases);
    fgf_buffer_add(out, "}");
}

static void add_run(const estimate_run *run, int per_node, fgf_buffer *out)
{
    char group[32];
    fgf_buffer_add(out,
                   "{\"ranks\": %d, \"group_size\": \"%s\", \"makespan_seconds\": %.6g, "
                   "\"core_hours\": %.6g, \"efficiency\": %.4g, \"rank_bytes\": %zu, "
                   "\"node_bytes\": %zu}",
                   run->ranks, group_name(run->group_size, group), run->makespan, run->core_hours,
                   run->efficiency, run->rank_bytes, node_bytes(run, per_node));
}

static void add_trials(const session *s, const estimate *e, fgf_buffer *out)
{
    for (size_t i = 0; i < s->trial_count; i++)
        fgf_buffer_add(out,
                       "%s\n    {\"id\": \"%s\", \"finished\": %s, \"shape\": %zu, "
                       "\"seconds\": %.6g}",
                       i > 0 ? "," : "", s->identity[i].text, e->done[i] ? "true" : "false",
                       e->shape_of[i], e->seconds[i]);
}

static fgf_status print_json(const session *s, const estimate *e, const runs *r, int per_node,
                             bool list)
{
    fgf_status status = FGF_OK;
    fgf_buffer out = {0};
    fgf_buffer_add(&out,
                   "{\n  \"trials\": %zu, \"done\": %zu, \"failed\": %zu, \"left\": %zu,\n"
                   "  \"trial_seconds\": %.6g, \"longest_seconds\": %.6g, \"upper_bound\": %s,\n"
                   "  \"startup_seconds\": %.6g, \"load_seconds\": %.6g,\n"
                   "  \"timed_ranks\": %d, \"timing_seconds\": %.6g,\n"
                   "  \"rank_bytes\": %zu, \"memory_trial\": %zu, \"file_bytes\": %.0f,\n"
                   "  \"shapes\": [\n",
                   e->trial_count, e->done_count, e->failed_count, e->left_count, e->trial_seconds,
                   e->longest_seconds, e->patience ? "true" : "false", e->startup_seconds,
                   e->load_seconds, e->timed_ranks, e->timing_seconds, e->memory_bytes,
                   e->memory_trial, e->file_bytes);
    for (size_t k = 0; k < e->shape_count; k++) {
        add_shape(&e->shapes[k], &out);
        fgf_buffer_add(&out, k + 1 < e->shape_count ? ",\n" : "\n");
    }
    fgf_buffer_add(&out, "  ],\n  \"runs\": [\n");
    for (size_t k = 0; k < r->count; k++) {
        fgf_buffer_add(&out, "    ");
        add_run(&r->run[k], per_node, &out);
        fgf_buffer_add(&out, k + 1 < r->count ? ",\n" : "\n");
    }
    fgf_buffer_add(&out, "  ],\n  \"best\": ");
    add_run(&r->asked, per_node, &out);
    if (list) {
        fgf_buffer_add(&out, ",\n  \"list\": [");
        add_trials(s, e, &out);
        fgf_buffer_add(&out, "\n  ]");
    }
    fgf_buffer_add(&out, "\n}\n");
    FGF_TRY(out.status);
    fputs(out.text, stdout);
done:
    fgf_buffer_clear(&out);
    return status;
}

static fgf_status run_plan(fgf_par *par, const arguments *given)
{
    fgf_status status = FGF_OK;
    session s = {0};
    estimate e = {0};
    runs r = {0};
    long ranks = fgf_par_size(par), per_node = sysconf(_SC_NPROCESSORS_ONLN);
    double seconds = 60;
    if (given->operand_count != 1)
        FGF_FAIL(FGF_USAGE, "fgf plan needs one sweep file; see `fgf help plan`");
    if (given->value[RANKS])
        FGF_TRY(parse_integer("--ranks", given->value[RANKS], 1, RANKS_MOST, &ranks));
    if (given->value[PER_NODE])
        FGF_TRY(parse_integer("--per-node", given->value[PER_NODE], 1, RANKS_MOST, &per_node));
    if (given->value[SECONDS])
        FGF_TRY(parse_real("--seconds", given->value[SECONDS], 0, 1e6, &seconds));
    FGF_TRY(session_open(par, given->operand[0], given->value[DATA], given->override,
                         given->override_count, &s));
    FGF_TRY(fgf_par_agree(par, choice_foresee(s.sweep, given->operand[0])));
    const estimate_options how = {.results = given->value[OUTPUT], .seconds = seconds};
    FGF_TRY(estimate_create(&s, &how, &e));
    if (fgf_par_rank(par) != 0)
        goto done;
    FGF_TRY(make_runs(&e, (int)ranks, &r));
    if (given->value[JSON])
        FGF_TRY(print_json(&s, &e, &r, (int)per_node, given->value[LIST]));
    else
        print_text(&s, &e, &r, (int)per_node, given->value[LIST]);
done:
    fgf_free(r.run);
    estimate_clear(&e);
    session_close(&s);
    return status;
}

const subcommand command_plan = {.name = "plan",
                                 .usage = "SWEEP.yaml [-o RESULTS.h5] [KEY=VALUE ...]",
                                 .help = "times the trials of a sweep and tells what a run takes: "
                                         "time, core-hours, memory, file",
                                 .options = options,
                                 .takes_overrides = true,
                                 .run = run_plan,
                                 .more = more};
