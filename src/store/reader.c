/* The reading half: everything by offset, rows held against their checksums. */
#include "disk.h"
#include "handles.h"

#include "fgf/memory.h"

#include <assert.h>
#include <string.h>

typedef enum verdict { NOT_READ, INTACT, NOT_COMMITTED, BROKEN } verdict;

/* Brings the small part of a trial's row into memory, with those of its neighbours. */
static fgf_status load_small(fgf_store_reader *reader, size_t trial)
{
    fgf_status status = FGF_OK;
    const size_t first = trial - trial % IMAGE_SMALL_ROWS, rest = reader->image.trial_count - first;
    const size_t count = rest < IMAGE_SMALL_ROWS ? rest : IMAGE_SMALL_ROWS;
    if (reader->small_count && reader->small_first == first)
        return FGF_OK;
    reader->small_count = 0;
    FGF_TRY(image_load_small(&reader->image, first, count, reader->small, reader->said));
    reader->small_first = first;
    reader->small_count = count;
done:
    return status;
}

static const char *small_of(const fgf_store_reader *reader, size_t trial)
{
    return reader->small + (trial - reader->small_first) * reader->image.small_bytes;
}

/* Whether the seal of a trial, whose small part is in memory, agrees. */
static bool is_sealed(const fgf_store_reader *reader, size_t trial)
{
    return image_is_sealed(&reader->image, trial, small_of(reader, trial),
                           &reader->said[trial - reader->small_first]);
}

static fgf_status read_statuses(fgf_store_reader *reader)
{
    fgf_status status = FGF_OK;
    const store_image *image = &reader->image;
    const size_t most =
        image->trial_count < IMAGE_SMALL_ROWS ? image->trial_count : IMAGE_SMALL_ROWS;
    FGF_TRY(FGF_ALLOCATE(image->trial_count, &reader->status));
    FGF_TRY(FGF_ALLOCATE(image->trial_count, &reader->crashes));
    FGF_TRY(FGF_ALLOCATE(most, &reader->said));
    FGF_TRY(fgf_allocate_bytes(most, image->small_bytes, (void **)&reader->small));
    FGF_TRY(disk_read(image->descriptor, image->path, reader->crashes, image->trial_count,
                      image->crashes_offset));
    for (size_t t = 0; t < image->trial_count; t++) {
        FGF_TRY(load_small(reader, t));
        const int said = reader->said[t - reader->small_first].said;
        if (said < FGF_TRIAL_EMPTY || said > FGF_TRIAL_UNASKED)
            FGF_FAIL(FGF_DATA, "%s is damaged: trial %zu has the status %d", image->path, t, said);
        const bool unsealed = image_is_commitment((int8_t)said) && !is_sealed(reader, t);
        reader->status[t] = unsealed ? FGF_TRIAL_EMPTY : (uint8_t)said;
        reader->unsealed_count += unsealed;
    }
done:
    return status;
}

fgf_status fgf_store_reader_open(const char *path, fgf_store_reader **out)
{
    fgf_status status = FGF_OK;
    fgf_store_reader *reader = NULL;
    *out = NULL;
    FGF_TRY(FGF_ALLOCATE(1, &reader));
    reader->image.descriptor = -1;
    reader->held = SIZE_MAX;
    FGF_TRY(image_probe(path));
    FGF_TRY(image_open(path, false, &reader->image));
    FGF_TRY(read_statuses(reader));
    FGF_TRY(FGF_ALLOCATE(reader->image.trial_count, &reader->verdicts));
    FGF_TRY(FGF_ALLOCATE(reader->image.block_bytes, &reader->block));
    *out = reader;
    reader = NULL;
done:
    fgf_store_reader_close(&reader);
    return status;
}

void fgf_store_reader_close(fgf_store_reader **reader)
{
    if (!*reader)
        return;
    image_close(&(*reader)->image);
    fgf_free((*reader)->status);
    fgf_free((*reader)->crashes);
    fgf_free((*reader)->small);
    fgf_free((*reader)->said);
    fgf_free((*reader)->verdicts);
    fgf_free((*reader)->block);
    fgf_free(*reader);
    *reader = NULL;
}

size_t fgf_store_reader_trial_count(const fgf_store_reader *reader)
{
    return reader->image.trial_count;
}

const char *fgf_store_reader_trial_id(const fgf_store_reader *reader, size_t trial)
{
    assert(trial < reader->image.trial_count);
    return reader->image.ids[trial].text;
}

fgf_trial_status fgf_store_reader_status(const fgf_store_reader *reader, size_t trial)
{
    assert(trial < reader->image.trial_count);
    return (fgf_trial_status)reader->status[trial];
}

size_t fgf_store_reader_unsealed(const fgf_store_reader *reader)
{
    return reader->unsealed_count;
}

int fgf_store_reader_crashes(const fgf_store_reader *reader, size_t trial)
{
    assert(trial < reader->image.trial_count);
    return reader->crashes[trial] > INT8_MAX ? INT8_MAX : reader->crashes[trial];
}

/* Brings a trial's row into the block and passes its verdict. */
static fgf_status hold(fgf_store_reader *reader, size_t trial)
{
    fgf_status status = FGF_OK;
    fgf_trial_status committed;
    bool broken = false;
    assert(trial < reader->image.trial_count);
    if (reader->held == trial)
        return FGF_OK;
    reader->held = SIZE_MAX;
    FGF_TRY(image_load_row(&reader->image, trial, reader->block, &committed, &broken));
    reader->verdicts[trial] = broken                         ? BROKEN
                              : committed == FGF_TRIAL_EMPTY ? NOT_COMMITTED
                                                             : INTACT;
    if (!broken && committed != FGF_TRIAL_EMPTY)
        reader->held = trial;
done:
    return status;
}

fgf_status reader_hold(fgf_store_reader *reader, size_t trial)
{
    fgf_status status = FGF_OK;
    FGF_TRY(hold(reader, trial));
    if (reader->verdicts[trial] == BROKEN)
        FGF_FAIL(
            FGF_DATA,
            "%s: the row of trial %zu does not agree with its checksum; `fgf run --check-rows` "
            "finds all such rows and runs them again",
            reader->image.path, trial);
    if (reader->verdicts[trial] == NOT_COMMITTED)
        FGF_FAIL(FGF_DATA, "%s: trial %zu has not been run", reader->image.path, trial);
done:
    return status;
}

fgf_status fgf_store_reader_verify(fgf_store_reader *reader, size_t trial, bool *intact)
{
    fgf_status status = FGF_OK;
    assert(trial < reader->image.trial_count);
    if (reader->verdicts[trial] == NOT_READ)
        FGF_TRY(hold(reader, trial));
    *intact = reader->verdicts[trial] == INTACT;
done:
    return status;
}

fgf_status fgf_store_reader_verify_all(fgf_store_reader *reader, size_t *committed, size_t *broken)
{
    fgf_status status = FGF_OK;
    *committed = *broken = 0;
    for (size_t t = 0; t < reader->image.trial_count; t++) {
        bool intact = false;
        FGF_TRY(fgf_store_reader_verify(reader, t, &intact));
        *committed += reader->verdicts[t] != NOT_COMMITTED;
        *broken += reader->verdicts[t] == BROKEN;
    }
done:
    return status;
}

size_t fgf_store_reader_column_count(const fgf_store_reader *reader)
{
    return reader->image.column_count;
}

fgf_column_view fgf_store_reader_column(const fgf_store_reader *reader, size_t column)
{
    assert(column < reader->image.column_count);
    const image_column *found = &reader->image.columns[column];
    fgf_column_view view = {.column = found->about,
                            .row_items = found->row_bytes / found->element_bytes,
                            .row_bytes = found->row_bytes};
    memcpy(view.extent, found->extent, sizeof view.extent);
    return view;
}

size_t fgf_store_reader_find_column(const fgf_store_reader *reader, const char *path)
{
    for (size_t c = 0; c < reader->image.column_count; c++)
        if (strcmp(reader->image.columns[c].about.path, path) == 0)
            return c;
    return SIZE_MAX;
}

fgf_status fgf_store_reader_row(fgf_store_reader *reader, size_t column, size_t trial, void *out)
{
    fgf_status status = FGF_OK;
    const store_image *image = &reader->image;
    assert(column < image->column_count && trial < image->trial_count);
    const image_column *found = &image->columns[column];
    if (found->about.axis_count == 0 && reader->verdicts[trial] != BROKEN) {
        FGF_TRY(load_small(reader, trial));
        if (is_sealed(reader, trial)) {
            memcpy(out, small_of(reader, trial) + found->row_offset, found->row_bytes);
            return FGF_OK;
        }
    }
    /* A row verified before needs no second reading of all its other columns. */
    if (reader->held != trial && reader->verdicts[trial] == INTACT) {
        FGF_TRY(disk_read(image->descriptor, image->path, out, found->row_bytes,
                          found->offset + trial * found->row_bytes));
        return FGF_OK;
    }
    FGF_TRY(reader_hold(reader, trial));
    memcpy(out, reader->block + found->row_offset, found->row_bytes);
done:
    return status;
}

fgf_status fgf_store_reader_origin(fgf_store_reader *reader, size_t trial, int *run_row,
                                   char *error)
{
    fgf_status status = FGF_OK;
    image_head head;
    assert(trial < reader->image.trial_count);
    FGF_TRY(load_small(reader, trial));
    const bool sealed = reader->verdicts[trial] != BROKEN && is_sealed(reader, trial);
    if (!sealed)
        FGF_TRY(reader_hold(reader, trial));
    memcpy(&head, sealed ? small_of(reader, trial) : reader->block, sizeof head);
    *run_row = head.run;
    memcpy(error, head.error, sizeof head.error);
    error[sizeof head.error - 1] = 0;
done:
    return status;
}

fgf_status fgf_store_reader_weights(fgf_store_reader *reader, size_t trial, fgf_hash *architecture,
                                    float **weights, size_t *count)
{
    fgf_status status = FGF_OK;
    const store_image *image = &reader->image;
    image_head head;
    *weights = NULL;
    *count = 0;
    FGF_TRY(reader_hold(reader, trial));
    memcpy(&head, reader->block, sizeof head);
    *architecture = image->architectures[trial];
    if (head.weights_row >= 0) {
        *count = image->weights[trial].bytes / sizeof(float);
        FGF_TRY(FGF_ALLOCATE(*count, weights));
        memcpy(*weights, reader->block + image->fixed_bytes, image->weights[trial].bytes);
    }
done:
    return status;
}

size_t fgf_store_reader_dataset_count(const fgf_store_reader *reader)
{
    return reader->image.catalog.count;
}

fgf_dataset_view fgf_store_reader_dataset(const fgf_store_reader *reader, size_t index)
{
    assert(index < reader->image.catalog.count);
    const catalog_entry *entry = &reader->image.catalog.entries[index];
    fgf_dataset_view view = {.path = entry->path,
                             .type = entry->type,
                             .text_bytes = entry->type == FGF_TEXT ? entry->element_bytes : 0,
                             .rank = entry->rank,
                             .bytes = entry->bytes,
                             .unit = entry->unit,
                             .long_name = entry->long_name};
    memcpy(view.extent, entry->extent, sizeof view.extent);
    return view;
}

size_t fgf_store_reader_find_dataset(const fgf_store_reader *reader, const char *path)
{
    const catalog_entry *entry = catalog_find(&reader->image.catalog, path);
    return entry ? (size_t)(entry - reader->image.catalog.entries) : SIZE_MAX;
}

fgf_status fgf_store_reader_read(fgf_store_reader *reader, size_t index, void *out)
{
    assert(index < reader->image.catalog.count);
    const catalog_entry *entry = &reader->image.catalog.entries[index];
    return disk_read(reader->image.descriptor, reader->image.path, out, entry->bytes,
                     entry->offset);
}

const char *fgf_store_reader_attribute(const fgf_store_reader *reader, const char *name)
{
    return catalog_attribute_text(&reader->image.catalog, name);
}
