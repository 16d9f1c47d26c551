/* results_rows RESULTS.h5 [--columns | --runs]: the bits of a results file as text, for comparing
 * files.
 *
 * A line for each trial that is done or failed, in order of its identity, so that files compare
 * whatever the order of their rows: identity, status, number of weights, and a checksum of all that
 * must not differ from run to run (every column but times and hosts, the weights, the error).
 * --columns: a line for each column of each trial instead, to see what differs. --runs: behind it
 * the row of /run, which tells a trial that was run again. A trial whose own checksum does not
 * agree is an error. */
#include "fgf/hash.h"
#include "fgf/memory.h"
#include "fgf/store.h"
#include "fgf/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const status_name[] = {"empty", "running", "done", "failed", "unasked"};

typedef enum detail { TRIALS, COLUMNS, RUNS } detail;

static fgf_status add_column(fgf_store_reader *reader, size_t column, size_t trial,
                             uint64_t *checksum, fgf_buffer *lines)
{
    fgf_status status = FGF_OK;
    unsigned char *row = NULL;
    fgf_column_view view = fgf_store_reader_column(reader, column);
    if (view.column.volatile_value)
        return FGF_OK;
    FGF_TRY(FGF_ALLOCATE(view.row_bytes + 1, &row));
    FGF_TRY(fgf_store_reader_row(reader, column, trial, row));
    *checksum = fgf_checksum(row, view.row_bytes, *checksum);
    if (lines)
        fgf_buffer_add(lines, "%s %s %016llx\n", fgf_store_reader_trial_id(reader, trial),
                       view.column.path, (unsigned long long)fgf_checksum(row, view.row_bytes, 0));
done:
    fgf_free(row);
    return status;
}

static fgf_status add_trial(fgf_store_reader *reader, size_t trial, detail shown, fgf_buffer *lines)
{
    fgf_status status = FGF_OK;
    uint64_t checksum = 0;
    int run_row;
    char error[FGF_ERROR_TEXT] = "";
    float *weights = NULL;
    size_t weight_count = 0;
    fgf_hash architecture;
    for (size_t c = 0; c < fgf_store_reader_column_count(reader); c++)
        FGF_TRY(add_column(reader, c, trial, &checksum, shown == COLUMNS ? lines : NULL));
    FGF_TRY(fgf_store_reader_origin(reader, trial, &run_row, error));
    checksum = fgf_checksum(error, strlen(error), checksum);
    FGF_TRY(fgf_store_reader_weights(reader, trial, &architecture, &weights, &weight_count));
    if (weights)
        checksum = fgf_checksum(weights, weight_count * sizeof *weights, checksum);
    if (shown != COLUMNS)
        fgf_buffer_add(lines, "%s %s %zu %016llx", fgf_store_reader_trial_id(reader, trial),
                       status_name[fgf_store_reader_status(reader, trial)],
                       weights ? weight_count : 0, (unsigned long long)checksum);
    if (shown == RUNS)
        fgf_buffer_add(lines, " %d", run_row);
    if (shown != COLUMNS)
        fgf_buffer_add(lines, "\n");
    FGF_TRY(lines->status);
done:
    fgf_free(weights);
    return status;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static fgf_status print_rows(const char *path, detail shown)
{
    fgf_status status = FGF_OK;
    fgf_store_reader *reader = NULL;
    char **line = NULL;
    size_t count = 0, trials = 0;
    FGF_TRY(fgf_store_reader_open(path, &reader));
    trials = fgf_store_reader_trial_count(reader);
    FGF_TRY(FGF_ALLOCATE(trials, &line));
    for (size_t i = 0; i < trials; i++) {
        fgf_buffer text = {0};
        fgf_trial_status state = fgf_store_reader_status(reader, i);
        if (state == FGF_TRIAL_EMPTY || state == FGF_TRIAL_RUNNING)
            continue;
        status = add_trial(reader, i, shown, &text);
        line[count++] = text.text;
        FGF_TRY(status);
    }
    qsort(line, count, sizeof *line, by_text);
    for (size_t i = 0; i < count; i++)
        fputs(line[i], stdout);
done:
    for (size_t i = 0; line && i < trials; i++)
        fgf_free(line[i]);
    fgf_free(line);
    fgf_store_reader_close(&reader);
    return status;
}

int main(int argc, char **argv)
{
    detail shown = TRIALS;
    if (argc == 3 && strcmp(argv[2], "--columns") == 0)
        shown = COLUMNS;
    else if (argc == 3 && strcmp(argv[2], "--runs") == 0)
        shown = RUNS;
    else if (argc != 2) {
        fprintf(stderr, "usage: results_rows RESULTS.h5 [--columns | --runs]\n");
        return 2;
    }
    fgf_status status = print_rows(argv[1], shown);
    if (status != FGF_OK)
        fprintf(stderr, "results_rows: %s\n", fgf_last_error()->message);
    return fgf_status_exit(status);
}
