/* Writing to a prepared file: raw writes at known offsets, by whoever owns the row. */
#include "disk.h"
#include "element.h"
#include "image.h"

#include "fgf/memory.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

struct fgf_store {
    store_image image;
    char *block; /* one row */
};

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
    const store_image *image = &store->image;
    const char *const texts[RUN_COLUMNS] = {run->command_line, run->started,         run->hosts,
                                            run->blas_core,    run->instruction_set, run->version};
    const int32_t ranks = run->ranks;
    char *cell = NULL;
    size_t row = 0;
    FGF_TRY(image_runs_used(image, &row));
    if (row == image->run_capacity)
        FGF_FAIL(FGF_INTERNAL, "%s has no row of /run left: it was not prepared", image->path);
    for (int c = 0; c < RUN_RANKS; c++) {
        const size_t bytes = image_run_columns[c].text_bytes;
        FGF_TRY(FGF_ALLOCATE(bytes, &cell));
        snprintf(cell, bytes, "%s", texts[c] ? texts[c] : "");
        FGF_TRY(disk_write(image->descriptor, image->path, cell, bytes,
                           image->run_offsets[c] + row * bytes));
        fgf_free(cell);
        cell = NULL;
    }
    FGF_TRY(disk_sync(image->descriptor, image->path));
    FGF_TRY(disk_write(image->descriptor, image->path, &ranks, sizeof ranks,
                       image->run_offsets[RUN_RANKS] + row * sizeof ranks));
    FGF_TRY(disk_sync(image->descriptor, image->path));
    *run_row = (int)row;
done:
    fgf_free(cell);
    return status;
}

fgf_status fgf_store_mark_running(fgf_store *store, size_t trial)
{
    const int8_t running = FGF_TRIAL_RUNNING;
    assert(trial < store->image.trial_count);
    return disk_write(store->image.descriptor, store->image.path, &running, sizeof running,
                      store->image.status_offset + trial);
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

fgf_status fgf_store_commit(fgf_store *store, size_t trial, const void *const *values,
                            const float *weights, int run_row, bool failed, const char *error)
{
    fgf_status status = FGF_OK;
    const store_image *image = &store->image;
    assert(trial < image->trial_count);
    const image_weights *place = &image->weights[trial];
    image_head head = {.run = run_row, .weights_row = -1};
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
