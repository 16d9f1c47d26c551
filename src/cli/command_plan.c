#include "session.h"

#include "fgf/log.h"
#include "fgf/memory.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { DATA, OUTPUT, RANKS };

static const option options[] = {
    {"--data", 'd', "FILE", "dataset, in place of the sweep's data.path"},
    {"--output", 'o', "FILE", "results file whose finished trials are counted"},
    {"--ranks", 'n', "N", "for how many ranks (default: those it runs on)"},
    {0}};

/* Which trials a results file holds already, by identity. */
static fgf_status count_done(const session *s, const char *path, bool *done, size_t *count)
{
    fgf_status status = FGF_OK;
    fgf_store_reader *reader = NULL;
    FGF_TRY(fgf_store_reader_open(path, &reader));
    for (size_t k = 0; k < fgf_store_reader_trial_count(reader); k++) {
        if (fgf_store_reader_status(reader, k) != FGF_TRIAL_DONE)
            continue;
        for (size_t i = 0; i < s->trial_count; i++) {
            if (strcmp(fgf_store_reader_trial_id(reader, k), s->identity[i].text) == 0) {
                done[i] = true;
                (*count)++;
            }
        }
    }
done:
    fgf_store_reader_close(&reader);
    return status;
}

/* A lower bound of the time on `ranks` ranks, in units of the mean trial left. */
static double least_time(const session *s, const bool *done, size_t ranks)
{
    double total = 0, longest = 0;
    size_t left = 0;
    for (size_t i = 0; i < s->trial_count; i++) {
        if (done[i])
            continue;
        total += s->cost[i];
        longest = fmax(longest, s->cost[i]);
        left++;
    }
    return left > 0 ? fmax(total / (double)ranks, longest) * (double)left / total : 0;
}

/* The memory of a rank at its greatest, part by part. */
static fgf_status print_memory(const session *s)
{
    fgf_status status = FGF_OK;
    fgf_trial_memory m;
    const size_t before = resident_peak();
    size_t trial;
    FGF_TRY(most_memory(s, NULL, 0, &trial, &m));
    const struct {
        const char *name;
        size_t bytes;
    } parts[] = {{"program, libraries, open dataset", before},
                 {"cases of the cohort", m.cases},
                 {"noise maps", m.noise},
                 {"network and results of the trial", m.row},
                 {"training: gradients, optimizer", m.vectors},
                 {"training: tape", m.tape},
                 {"training: images and features", m.step},
                 {"evaluation", m.evaluation},
                 {"scoring, flows of whole length", m.scoring}};
    printf("memory of a rank, MB; the most has trial %zu\n", trial);
    for (size_t k = 0; k < sizeof parts / sizeof *parts; k++)
        printf("  %-34s %10.1f\n", parts[k].name, (double)parts[k].bytes / 1e6);
    printf("  %-34s %10.1f  (of training and scoring the greater)\n", "high-water mark",
           (double)(before + m.peak) / 1e6);
done:
    return status;
}

static fgf_status run_plan(fgf_par *par, const arguments *given)
{
    fgf_status status = FGF_OK;
    session s = {0};
    results_layout *layout = NULL;
    bool *done = NULL;
    size_t finished = 0;
    long ranks = fgf_par_size(par);
    if (given->operand_count != 1)
        FGF_FAIL(FGF_USAGE, "fgf plan needs one sweep file; see `fgf help plan`");
    if (given->value[RANKS])
        FGF_TRY(parse_integer("--ranks", given->value[RANKS], 1, 1000000, &ranks));
    FGF_TRY(session_open(par, given->operand[0], given->value[DATA], given->override,
                         given->override_count, &s));
    if (fgf_par_rank(par) != 0)
        goto done;
    FGF_TRY(FGF_ALLOCATE(s.trial_count, &done));
    /* A results file that is still to be made holds nothing yet. */
    if (given->value[OUTPUT] && access(given->value[OUTPUT], F_OK) == 0)
        FGF_TRY(count_done(&s, given->value[OUTPUT], done, &finished));
    FGF_TRY(results_layout_create(&s, &layout));
    for (size_t i = 0; i < s.trial_count; i++) {
        const fgf_config *config = session_trial(&s, i);
        printf("%5zu  %s  %s ", i, s.identity[i].text, done[i] ? "done" : "to do");
        for (size_t a = 0; a < fgf_sweep_axis_count(s.sweep); a++) {
            const char *value = fgf_config_value(config, fgf_sweep_axis(s.sweep, a));
            printf(" %s=%s", fgf_sweep_axis(s.sweep, a), value ? value : "-");
        }
        printf("\n");
    }
    printf("%zu trials, %zu done, %zu to do; on %ld rank%s at least %.1f times the mean trial's "
           "time; results file %.1f MB\n",
           s.trial_count, finished, s.trial_count - finished, ranks, ranks == 1 ? "" : "s",
           least_time(&s, done, (size_t)ranks), results_layout_bytes(layout) / 1e6);
    FGF_TRY(print_memory(&s));
done:
    results_layout_destroy(&layout);
    fgf_free(done);
    session_close(&s);
    return status;
}

const subcommand command_plan = {.name = "plan",
                                 .usage = "SWEEP.yaml [-o RESULTS.h5] [KEY=VALUE ...]",
                                 .help = "lists the trials of a sweep and what is done of them",
                                 .options = options,
                                 .takes_overrides = true,
                                 .run = run_plan};
