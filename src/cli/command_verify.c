/* fgf verify: runs committed trials again and demands the same bits. */
#include "session.h"

#include "fgf/log.h"
#include "fgf/memory.h"

#include <stdio.h>
#include <string.h>

enum { DATA, TRIAL };

static const option options[] = {{"--data", 'd', "FILE", "the dataset, where it has moved since"},
                                 {"--trial", 't', "N", "one trial (default: all that are done)"},
                                 {0}};

/* Compares one column of a fresh row with the file's; adds a line for a difference. */
static fgf_status compare_column(fgf_store_reader *reader, size_t column, size_t trial,
                                 const fgf_row *row, fgf_buffer *out)
{
    fgf_status status = FGF_OK;
    unsigned char *stored = NULL;
    fgf_column_view view = fgf_store_reader_column(reader, column);
    size_t bytes = fgf_axes_elements(row->axes, column) *
                   fgf_column_element_bytes(&row->axes->columns[column]);
    if (view.column.volatile_value)
        return FGF_OK;
    if (view.row_bytes != bytes)
        FGF_FAIL(FGF_DATA, "%s has %zu bytes a row, the sweep asks for %zu", view.column.path,
                 view.row_bytes, bytes);
    FGF_TRY(FGF_ALLOCATE(bytes, &stored));
    FGF_TRY(fgf_store_reader_row(reader, column, trial, stored));
    const unsigned char *fresh = row->value[column];
    size_t element = fgf_column_element_bytes(&row->axes->columns[column]), differ = 0;
    for (size_t k = 0; k < bytes; k += element)
        differ += memcmp(stored + k, fresh + k, element) != 0;
    if (differ > 0)
        fgf_buffer_add(out, "  %s: %zu of %zu differ\n", view.column.path, differ, bytes / element);
done:
    fgf_free(stored);
    return status;
}

static fgf_status compare_weights(fgf_store_reader *reader, size_t trial, const fgf_row *row,
                                  fgf_buffer *out)
{
    fgf_status status = FGF_OK;
    fgf_hash architecture;
    float *weights = NULL;
    size_t count = 0, differ = 0;
    FGF_TRY(fgf_store_reader_weights(reader, trial, &architecture, &weights, &count));
    if (!weights)
        goto done;
    if (count != row->parameter_count)
        FGF_FAIL(FGF_DATA, "trial %zu keeps %zu weights, its network has %zu", trial, count,
                 row->parameter_count);
    for (size_t k = 0; k < count; k++) {
        float fresh = (float)row->parameters[k];
        differ += memcmp(&weights[k], &fresh, sizeof fresh) != 0;
    }
    if (differ > 0)
        fgf_buffer_add(out, "  weights: %zu of %zu differ\n", differ, count);
done:
    fgf_free(weights);
    return status;
}

/* Runs trial `index` of the sweep, row `stored` of the file, on all ranks together. */
static fgf_status verify_trial(session *s, fgf_store_reader *reader, size_t index, size_t stored,
                               bool *same)
{
    fgf_status status = FGF_OK;
    fgf_row *row = NULL;
    fgf_buffer differences = {0};
    fgf_group *world = fgf_par_world(s->par);
    FGF_TRY(fgf_par_agree(s->par, fgf_row_create(s->axes, &row)));
    FGF_TRY(fgf_trial_run(s->context, session_trial(s, index), world, NULL, row));
    for (size_t c = 0; c < s->axes->column_count; c++)
        FGF_TRY(compare_column(reader, c, stored, row, &differences));
    FGF_TRY(compare_weights(reader, stored, row, &differences));
    FGF_TRY(differences.status);
    *same = differences.length == 0;
    if (fgf_par_rank(s->par) == 0)
        printf("trial %zu: %s\n%s", stored, *same ? "the same bits" : "DIFFERS",
               differences.text ? differences.text : "");
done:
    fgf_row_destroy(&row);
    fgf_buffer_clear(&differences);
    return status;
}

static size_t find_trial(const session *s, const char *identity)
{
    for (size_t i = 0; i < s->trial_count; i++)
        if (strcmp(s->identity[i].text, identity) == 0)
            return i;
    return SIZE_MAX;
}

static fgf_status run_verify(fgf_par *par, const arguments *given)
{
    fgf_status status = FGF_OK;
    session s = {0};
    fgf_store_reader *reader = NULL;
    long only = -1;
    size_t verified = 0, differing = 0;
    if (given->operand_count != 1)
        FGF_FAIL(FGF_USAGE, "fgf verify needs one results file; see `fgf help verify`");
    if (given->value[TRIAL])
        FGF_TRY(parse_integer("--trial", given->value[TRIAL], 0, 100000000, &only));
    FGF_TRY(fgf_par_agree(par, fgf_store_reader_open(given->operand[0], &reader)));
    FGF_TRY(session_reopen(par, reader, given->value[DATA], &s));
    size_t count = fgf_store_reader_trial_count(reader);
    if (only >= (long)count)
        FGF_FAIL(FGF_USAGE, "there is no trial %ld; the file has trials 0 to %zu", only, count - 1);
    for (size_t i = only >= 0 ? (size_t)only : 0; i < (only >= 0 ? (size_t)only + 1 : count); i++) {
        bool same = false;
        size_t index = find_trial(&s, fgf_store_reader_trial_id(reader, i));
        if (fgf_store_reader_status(reader, i) != FGF_TRIAL_DONE) {
            if (only >= 0)
                FGF_FAIL(FGF_USAGE, "trial %ld is not done: there is nothing to verify", only);
            continue;
        }
        if (index == SIZE_MAX)
            FGF_FAIL(FGF_DATA,
                     "trial %zu is not in the sweep that the file holds, over this dataset; is %s "
                     "the dataset that the results were made of? (What `fgf score --trial` wrote "
                     "cannot be verified: its network was trained elsewhere.)",
                     i, s.data_path);
        FGF_TRY(verify_trial(&s, reader, index, i, &same));
        verified++;
        differing += !same;
    }
    if (fgf_par_rank(par) == 0)
        printf("%zu trials run again on %d rank%s: %zu differ\n", verified, fgf_par_size(par),
               fgf_par_size(par) == 1 ? "" : "s", differing);
    if (differing > 0)
        FGF_FAIL(FGF_TRIAL, "%zu trials differ", differing);
done:
    session_close(&s);
    fgf_store_reader_close(&reader);
    return status;
}

const subcommand command_verify = {
    .name = "verify",
    .usage = "RESULTS.h5 [--trial N] [--data COHORT.h5]",
    .help = "runs finished trials again and demands the same bits",
    .options = options,
    .run = run_verify,
    .more = "All ranks share each trial: with mpirun this shows that results do not depend on the "
            "number\nof ranks. Times and hosts are not compared.\n"};
