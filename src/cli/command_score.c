/* fgf score: the analysis alone, of a network trained elsewhere or of a trial on another cohort. */
#include "session.h"

#include "fgf/memory.h"

#include <string.h>

enum { OUTPUT, DATA, SPEC, TRIAL, GROUP_SIZE, QUIET };

static const option options[] = {
    {"--output", 'o', "FILE", "results file (default: score.results.h5)"},
    {"--data", 'd', "FILE", "cohort to score"},
    {"--spec", 's', "FILE", "sweep with the layer list and features, for a file of weights"},
    {"--trial", 't', "N", "the trial to apply, for a results file"},
    {"--group-size", 'g', "N", "ranks that share one trial; 0 = as needed (default)"},
    {"--quiet", 'q', NULL, "no table of results at the end"},
    {0}};

/* A file's name as a YAML value, whatever characters it has. */
static fgf_status override_path(const char *key, const char *path, fgf_buffer *out)
{
    fgf_buffer_add(out, "%s='", key);
    for (const char *c = path; *c; c++)
        fgf_buffer_add(out, *c == '\'' ? "''" : "%c", *c);
    fgf_buffer_add(out, "'");
    return out->status;
}

static fgf_status score_weights(fgf_par *par, const arguments *given, run_options *how)
{
    fgf_status status = FGF_OK;
    session s = {0};
    fgf_buffer weights = {0};
    const char *overrides[OPERANDS_MOST + 2];
    size_t count = given->override_count;
    if (!given->value[SPEC])
        FGF_FAIL(FGF_USAGE, "fgf score WEIGHTS.h5 needs --spec, a sweep with the network's layer "
                            "list (or --trial, if it is a results file); see `fgf help score`");
    FGF_TRY(override_path("model.weights", given->operand[0], &weights));
    memcpy(overrides, given->override, count * sizeof *overrides);
    overrides[count++] = weights.text;
    overrides[count++] = "train.epochs=0";
    FGF_TRY(session_open(par, given->value[SPEC], given->value[DATA], overrides, count, &s));
    FGF_TRY(run_session(&s, given, how));
done:
    fgf_buffer_clear(&weights);
    session_close(&s);
    return status;
}

/* A trial's network and the boundary that its training cases gave. */
static fgf_status read_network(fgf_store_reader *reader, size_t trial, fgf_real **parameters,
                               size_t *count, double *boundary)
{
    fgf_status status = FGF_OK;
    fgf_hash architecture;
    float *weights = NULL;
    if (trial >= fgf_store_reader_trial_count(reader))
        FGF_FAIL(FGF_USAGE, "there is no trial %zu; the file has trials 0 to %zu", trial,
                 fgf_store_reader_trial_count(reader) - 1);
    FGF_TRY(fgf_store_reader_weights(reader, trial, &architecture, &weights, count));
    if (!weights)
        FGF_FAIL(FGF_DATA, "trial %zu keeps no weights; run it with output.weights=all", trial);
    FGF_TRY(FGF_ALLOCATE(*count, parameters));
    for (size_t k = 0; k < *count; k++)
        (*parameters)[k] = (fgf_real)weights[k];
    FGF_TRY(fgf_store_reader_row(reader, FGF_COLUMN_BOUNDARY, trial, boundary));
done:
    fgf_free(weights);
    return status;
}

/* The network is part of what such a row is: no run may take it for one that it trained. */
static fgf_status name_after_network(session *s, const fgf_real *parameters, size_t count)
{
    fgf_status status = FGF_OK;
    fgf_buffer text = {0};
    fgf_buffer_add(&text, "trial %s\nnetwork %s\n", s->identity[0].text,
                   fgf_hash_bytes(parameters, count * sizeof *parameters).text);
    FGF_TRY(text.status);
    s->identity[0] = fgf_hash_bytes(text.text, text.length);
done:
    fgf_buffer_clear(&text);
    return status;
}

static fgf_status score_trial(fgf_par *par, const arguments *given, run_options *how)
{
    fgf_status status = FGF_OK;
    session s = {0};
    fgf_store_reader *reader = NULL;
    fgf_real *parameters = NULL;
    long trial = 0;
    FGF_TRY(parse_integer("--trial", given->value[TRIAL], 0, 100000000, &trial));
    if (!given->value[DATA])
        FGF_FAIL(FGF_USAGE, "fgf score --trial needs --data, the cohort to score");
    if (given->override_count > 0)
        FGF_FAIL(FGF_USAGE, "fgf score --trial applies a trial as it was trained: %s cannot be set",
                 given->override[0]);
    FGF_TRY(fgf_par_agree(par, fgf_store_reader_open(given->operand[0], &reader)));
    FGF_TRY(fgf_par_agree(par, read_network(reader, (size_t)trial, &parameters,
                                            &how->parameter_count, &how->boundary)));
    how->parameters = parameters;
    FGF_TRY(session_transfer(par, reader, (size_t)trial, given->value[DATA], &s));
    FGF_TRY(fgf_par_agree(par, name_after_network(&s, parameters, how->parameter_count)));
    FGF_TRY(run_session(&s, given, how));
done:
    session_close(&s);
    fgf_store_reader_close(&reader);
    fgf_free(parameters);
    return status;
}

static fgf_status run_score(fgf_par *par, const arguments *given)
{
    fgf_status status = FGF_OK;
    long group_size = 0;
    const char *named = given->value[OUTPUT] ? given->value[OUTPUT] : "score.results.h5";
    char *output = NULL;
    run_options how = {.watchdog = FGF_WATCHDOG_SECONDS, .quiet = given->value[QUIET] != NULL};
    if (given->operand_count != 1)
        FGF_FAIL(FGF_USAGE, "fgf score needs one file, of weights or of results; see `fgf help "
                            "score`");
    if (given->value[GROUP_SIZE])
        FGF_TRY(parse_integer("--group-size", given->value[GROUP_SIZE], 0, 1000000, &group_size));
    how.group_size = (int)group_size;
    FGF_TRY(find_output(par, named, &output));
    how.output = output;
    FGF_TRY(same_numerics(par));
    if (given->value[TRIAL])
        FGF_TRY(score_trial(par, given, &how));
    else
        FGF_TRY(score_weights(par, given, &how));
done:
    fgf_free(output);
    return status;
}

const subcommand command_score = {
    .name = "score",
    .usage = "WEIGHTS.h5 --spec SWEEP.yaml | RESULTS.h5 --trial N  --data COHORT.h5",
    .help = "scores a network trained elsewhere, or a trial on another cohort",
    .options = options,
    .takes_overrides = true,
    .run = run_score,
    .more = "A trial is applied as it was trained, its preparation of images included: a cohort of "
            "another\nspacing or window is refused. Cases without a label are scored too.\n"};
