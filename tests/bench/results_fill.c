/* results_fill RESULTS.h5 [COUNT]: commits rows of numbers, that mean nothing, for the first COUNT
 * trials (all of them) of a file that `fgf run` has laid out, so that large files can be measured
 * without computing them. Prints the seconds that a commit takes. */
#include "fgf/log.h"
#include "fgf/memory.h"
#include "fgf/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The bytes of a row as a small generator gives them; doubles among them are numbers in [1, 2). */
static void fill(const fgf_column_view *view, size_t trial, unsigned char *to)
{
    uint64_t state = 0x9e3779b97f4a7c15u * (trial + 1);
    for (size_t i = 0; i < view->row_bytes; i++) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        to[i] = (unsigned char)(state >> 56);
    }
    if (view->column.type == FGF_F64)
        for (size_t i = 0; i < view->row_items; i++) {
            to[8 * i + 7] = 0x3f;
            to[8 * i + 6] |= 0xf0;
        }
    if (view->column.type == FGF_TEXT) {
        memset(to, 0, view->row_bytes);
        snprintf((char *)to, view->row_bytes, "%zu", trial);
    }
}

/* Each column's row, and the greatest number of weights of a trial. */
static fgf_status make_buffers(const fgf_store_reader *reader, void ***out)
{
    fgf_status status = FGF_OK;
    const size_t columns = fgf_store_reader_column_count(reader);
    FGF_TRY(FGF_ALLOCATE(columns, out));
    for (size_t c = 0; c < columns; c++)
        FGF_TRY(
            fgf_allocate_bytes(fgf_store_reader_column(reader, c).row_bytes + 1, 1, &(*out)[c]));
done:
    return status;
}

static size_t weight_count(const fgf_store_reader *reader)
{
    size_t most = 0;
    for (size_t i = 0; i < fgf_store_reader_dataset_count(reader); i++) {
        fgf_dataset_view view = fgf_store_reader_dataset(reader, i);
        if (strncmp(view.path, "/model/", 7) == 0 && view.rank == 2 && view.extent[1] > most)
            most = view.extent[1];
    }
    return most;
}

static fgf_status run(const char *path, size_t most)
{
    fgf_status status = FGF_OK;
    fgf_store_reader *reader = NULL;
    fgf_store *store = NULL;
    void **values = NULL;
    float *weights = NULL;
    size_t columns = 0, done_count = 0;
    int run_row = -1;
    double seconds = 0;
    const fgf_run_record record = {.command_line = "results_fill", .ranks = 1};
    FGF_TRY(fgf_store_reader_open(path, &reader));
    columns = fgf_store_reader_column_count(reader);
    FGF_TRY(make_buffers(reader, &values));
    FGF_TRY(FGF_ALLOCATE(weight_count(reader), &weights));
    FGF_TRY(fgf_store_open(path, &store));
    FGF_TRY(fgf_store_begin_run(store, &record, &run_row));
    for (size_t t = 0; t < fgf_store_reader_trial_count(reader) && t < most; t++) {
        if (fgf_store_reader_status(reader, t) == FGF_TRIAL_DONE)
            continue;
        for (size_t c = 0; c < columns; c++) {
            const fgf_column_view view = fgf_store_reader_column(reader, c);
            fill(&view, t, values[c]);
        }
        const double start = fgf_seconds();
        FGF_TRY(fgf_store_mark_running(store, t));
        FGF_TRY(
            fgf_store_commit(store, t, (const void *const *)values, weights, run_row, false, NULL));
        seconds += fgf_seconds() - start;
        done_count++;
    }
    printf("%zu commits, %.2f ms each\n", done_count, 1e3 * seconds / (double)(done_count + 1));
done:
    for (size_t c = 0; values && c < columns; c++)
        fgf_free(values[c]);
    fgf_free(values);
    fgf_free(weights);
    fgf_store_close(&store);
    fgf_store_reader_close(&reader);
    return status;
}

int main(int count, char **arguments)
{
    if (count < 2 || count > 3) {
        fprintf(stderr, "usage: results_fill RESULTS.h5 [COUNT]\n");
        return 2;
    }
    fgf_status status = run(arguments[1], count > 2 ? strtoul(arguments[2], NULL, 10) : SIZE_MAX);
    if (status != FGF_OK)
        fgf_log_error(true);
    return fgf_status_exit(status);
}
