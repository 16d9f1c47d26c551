/* Writing to a prepared file: raw writes at known offsets, by whoever owns the row. */
#include "convert.h"
#include "disk.h"
#include "element.h"
#include "handles.h"

#include "fgf/memory.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

fgf_status fgf_store_open(const char *path, fgf_store **out)
{
    fgf_status status = FGF_OK;
    fgf_store *store = NULL;
    *out = NULL;
    FGF_TRY(FGF_ALLOCATE(1, &store));
    store->image.descriptor = -1;
    FGF_TRY(image_open(path, true, &store->image));
    FGF_TRY(FGF_ALLOCATE(store->image.block_bytes, &store->block));
    *out = store;
    store = NULL;
done:
    fgf_store_close(&store);
    return status;
}

void fgf_store_close(fgf_store **store)
{
    if (!*store)
        return;
    image_close(&(*store)->image);
    fgf_free((*store)->block);
    fgf_free(*store);
    *store = NULL;
}

fgf_status fgf_store_begin_run(fgf_store *store, const fgf_run_record *run, int *run_row)
{
    fgf_status status = FGF_OK;
    const char *const texts[RUN_RANKS] = {run->command_line, run->started,         run->hosts,
                                          run->blas_core,    run->instruction_set, run->version};
    char block[RUN_BYTES];
    size_t row = 0;
    image_run_block(texts, run->ranks, block);
    FGF_TRY(image_add_run(&store->image, block, &row));
    *run_row = (int)row;
done:
    return status;
}

static fgf_status put_byte(const fgf_store *store, uint64_t offset, size_t trial, int value)
{
    fgf_status status = FGF_OK;
    const int8_t byte = (int8_t)value;
    assert(trial < store->image.trial_count);
    FGF_TRY(
        disk_write(store->image.descriptor, store->image.path, &byte, sizeof byte, offset + trial));
    FGF_TRY(disk_sync(store->image.descriptor, store->image.path));
done:
    return status;
}

fgf_status fgf_store_mark_running(fgf_store *store, size_t trial)
{
    return put_byte(store, store->image.status_offset, trial, FGF_TRIAL_RUNNING);
}

fgf_status fgf_store_mark_stopped(fgf_store *store, size_t trial)
{
    return put_byte(store, store->image.status_offset, trial, FGF_TRIAL_EMPTY);
}

fgf_status fgf_store_set_crashes(fgf_store *store, size_t trial, int crashes)
{
    assert(crashes >= 0 && crashes <= INT8_MAX);
    return put_byte(store, store->image.crashes_offset, trial, crashes);
}

void fgf_store_note_crash(const fgf_store *store, size_t trial)
{
    const store_image *image = &store->image;
    const off_t at = (off_t)(image->crashes_offset + trial);
    int8_t crashes = 0;
    if (trial >= image->trial_count || pread(image->descriptor, &crashes, 1, at) != 1)
        return;
    crashes = crashes < 0 ? 1 : crashes == INT8_MAX ? crashes : (int8_t)(crashes + 1);
    ssize_t put = pwrite(image->descriptor, &crashes, 1, at);
    (void)put;
}

/* Puts a column's row, of the extents asked for, in its place in the block. */
static void place_values(const image_column *column, const void *values, char *to)
{
    element_fill(column->about.type, column->element_bytes,
                 column->row_bytes / column->element_bytes, to);
    if (!values)
        return;
    if (memcmp(column->asked, column->extent, sizeof column->asked) == 0)
        memcpy(to, values, column->row_bytes);
    else
        image_spread(column->about.axis_count, column->element_bytes, column->asked, values,
                     column->extent, to, NULL);
}

static double unix_seconds(void)
{
    struct timespec now = {0};
    clock_gettime(CLOCK_REALTIME, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

fgf_status fgf_store_commit(fgf_store *store, size_t trial, const void *const *values,
                            const float *weights, int run_row, bool failed, const char *error)
{
    fgf_status status = FGF_OK;
    const store_image *image = &store->image;
    assert(trial < image->trial_count);
    const image_weights *place = &image->weights[trial];
    image_head head = {.committed = unix_seconds(), .run = run_row, .weights_row = -1};
    if (failed)
        snprintf(head.error, sizeof head.error, "%s",
                 error && error[0] ? error : "no reason was given");
    for (size_t c = 0; c < image->column_count; c++)
        place_values(&image->columns[c], values ? values[c] : NULL,
                     store->block + image->columns[c].row_offset);
    if (weights && place->bytes) {
        head.weights_row = place->row;
        memcpy(store->block + image->fixed_bytes, weights, place->bytes);
    }
    memcpy(store->block, &head, sizeof head);
    FGF_TRY(
        image_store_row(image, trial, store->block, failed ? FGF_TRIAL_FAILED : FGF_TRIAL_DONE));
done:
    return status;
}
