/* A trial's row: its bytes, its checksum, and the order in which they reach the disk. */
#include "disk.h"
#include "image.h"

#include "fgf/memory.h"

#include <stddef.h>
#include <string.h>

/* Where the parts of a head lie in it; their datasets are image.head_offset, in the same order. */
static const struct {
    size_t at, bytes;
} head_part[HEAD_PARTS] = {{offsetof(image_head, committed), sizeof(double)},
                           {offsetof(image_head, run), sizeof(int32_t)},
                           {offsetof(image_head, weights_row), sizeof(int32_t)},
                           {offsetof(image_head, error), FGF_ERROR_TEXT}};

bool image_is_commitment(int8_t said)
{
    return said == FGF_TRIAL_DONE || said == FGF_TRIAL_FAILED || said == FGF_TRIAL_UNASKED;
}

/* Bytes of the block that count: the weights only where the row says that it has them. */
static size_t block_length(const store_image *image, size_t trial, const image_head *head)
{
    return image->fixed_bytes + (head->weights_row >= 0 ? image->weights[trial].bytes : 0);
}

static uint64_t id_key(const store_image *image, size_t trial)
{
    return fgf_checksum(image->ids[trial].text, FGF_HASH_TEXT, 0);
}

static uint64_t row_checksum(const store_image *image, size_t trial, const char *block)
{
    image_head head;
    memcpy(&head, block, sizeof head);
    return fgf_checksum(block, block_length(image, trial, &head), id_key(image, trial));
}

/* Never 0, which stands for "not sealed". */
static uint64_t row_seal(const store_image *image, size_t trial, const char *block,
                         uint64_t checksum, int8_t said)
{
    const uint64_t about[2] = {checksum, (uint64_t)said};
    const uint64_t key = fgf_checksum(about, sizeof about, id_key(image, trial));
    const uint64_t seal = fgf_checksum(block, image->small_bytes, key);
    return seal ? seal : 1;
}

bool image_is_sealed(const store_image *image, size_t trial, const char *block,
                     const image_commitment *said)
{
    image_head head;
    memcpy(&head, block, sizeof head);
    const bool failed = head.error[0] != 0;
    const bool fits = said->said == FGF_TRIAL_UNASKED || failed == (said->said == FGF_TRIAL_FAILED);
    return image_is_commitment(said->said) && fits &&
           (head.weights_row < 0 || head.weights_row == image->weights[trial].row) &&
           row_seal(image, trial, block, said->checksum, said->said) == said->seal;
}

static fgf_status load_commitment(const store_image *image, size_t trial, image_commitment *out)
{
    fgf_status status = FGF_OK;
    const int file = image->descriptor;
    *out = (image_commitment){0};
    FGF_TRY(
        disk_read(file, image->path, &out->said, sizeof out->said, image->status_offset + trial));
    if (!image_is_commitment(out->said))
        return FGF_OK;
    FGF_TRY(disk_read(file, image->path, &out->checksum, sizeof out->checksum,
                      image->checksum_offset + trial * sizeof out->checksum));
    FGF_TRY(disk_read(file, image->path, &out->seal, sizeof out->seal,
                      image->seal_offset + trial * sizeof out->seal));
done:
    return status;
}

/* Head and columns of `count` rows from `first` on, one read a dataset, into blocks of `stride`
 * bytes. `small`: the columns of one value alone. */
static fgf_status load_blocks(const store_image *image, size_t first, size_t count, bool small,
                              char *blocks, size_t stride)
{
    fgf_status status = FGF_OK;
    char *run = NULL;
    size_t longest = FGF_ERROR_TEXT;
    for (size_t c = 0; c < image->column_count && count > 1; c++)
        if (!small || image->columns[c].about.axis_count == 0)
            longest = image->columns[c].row_bytes > longest ? image->columns[c].row_bytes : longest;
    if (count > 1)
        FGF_TRY(fgf_allocate_bytes(count, longest, (void **)&run));
    for (size_t i = 0; i < HEAD_PARTS + image->column_count; i++) {
        const image_column *column = i < HEAD_PARTS ? NULL : &image->columns[i - HEAD_PARTS];
        const size_t at = column ? column->row_offset : head_part[i].at;
        const size_t bytes = column ? column->row_bytes : head_part[i].bytes;
        const uint64_t offset = column ? column->offset : image->head_offset[i];
        if (small && column && column->about.axis_count > 0)
            continue;
        FGF_TRY(disk_read(image->descriptor, image->path, run ? run : blocks + at, count * bytes,
                          offset + first * bytes));
        for (size_t t = 0; run && t < count; t++)
            memcpy(blocks + t * stride + at, run + t * bytes, bytes);
    }
done:
    fgf_free(run);
    return status;
}

fgf_status image_load_small(const store_image *image, size_t first, size_t count, char *blocks,
                            image_commitment *said)
{
    fgf_status status = FGF_OK;
    const int file = image->descriptor;
    int8_t *status_of = NULL;
    uint64_t *numbers = NULL;
    FGF_TRY(FGF_ALLOCATE(count, &status_of));
    FGF_TRY(FGF_ALLOCATE(2 * count, &numbers));
    /* The status first: a job that commits meanwhile writes it last. */
    FGF_TRY(disk_read(file, image->path, status_of, count, image->status_offset + first));
    FGF_TRY(disk_read(file, image->path, numbers, count * sizeof *numbers,
                      image->checksum_offset + first * sizeof *numbers));
    FGF_TRY(disk_read(file, image->path, numbers + count, count * sizeof *numbers,
                      image->seal_offset + first * sizeof *numbers));
    FGF_TRY(load_blocks(image, first, count, true, blocks, image->small_bytes));
    for (size_t t = 0; t < count; t++)
        said[t] = (image_commitment){status_of[t], numbers[t], numbers[count + t]};
done:
    fgf_free(status_of);
    fgf_free(numbers);
    return status;
}

fgf_status image_load_row(const store_image *image, size_t trial, char *block,
                          fgf_trial_status *committed, bool *broken)
{
    fgf_status status = FGF_OK;
    image_commitment said;
    image_head head;
    *committed = FGF_TRIAL_EMPTY;
    *broken = false;
    FGF_TRY(load_commitment(image, trial, &said));
    if (!image_is_commitment(said.said))
        return FGF_OK;
    FGF_TRY(load_blocks(image, trial, 1, false, block, 0));
    *broken = true;
    if (!image_is_sealed(image, trial, block, &said))
        return FGF_OK;
    const image_weights *weights = &image->weights[trial];
    memcpy(&head, block, sizeof head);
    if (head.weights_row >= 0)
        FGF_TRY(disk_read(image->descriptor, image->path, block + image->fixed_bytes,
                          weights->bytes, weights->offset));
    if (row_checksum(image, trial, block) == said.checksum) {
        *broken = false;
        *committed = (fgf_trial_status)said.said;
    }
done:
    return status;
}

static fgf_status put_block(const store_image *image, size_t trial, const char *block)
{
    fgf_status status = FGF_OK;
    const int file = image->descriptor;
    image_head head;
    memcpy(&head, block, sizeof head);
    for (size_t c = 0; c < image->column_count; c++) {
        const image_column *column = &image->columns[c];
        FGF_TRY(disk_write(file, image->path, block + column->row_offset, column->row_bytes,
                           column->offset + trial * column->row_bytes));
    }
    if (head.weights_row >= 0)
        FGF_TRY(disk_write(file, image->path, block + image->fixed_bytes,
                           image->weights[trial].bytes, image->weights[trial].offset));
    for (int i = 0; i < HEAD_PARTS; i++)
        FGF_TRY(disk_write(file, image->path, block + head_part[i].at, head_part[i].bytes,
                           image->head_offset[i] + trial * head_part[i].bytes));
done:
    return status;
}

fgf_status image_put_commitment(const store_image *image, size_t trial,
                                const image_commitment *said)
{
    fgf_status status = FGF_OK;
    FGF_TRY(disk_write(image->descriptor, image->path, &said->checksum, sizeof said->checksum,
                       image->checksum_offset + trial * sizeof said->checksum));
    FGF_TRY(disk_write(image->descriptor, image->path, &said->seal, sizeof said->seal,
                       image->seal_offset + trial * sizeof said->seal));
    FGF_TRY(disk_write(image->descriptor, image->path, &said->said, sizeof said->said,
                       image->status_offset + trial));
done:
    return status;
}

static image_commitment commitment_of(const store_image *image, size_t trial, const char *block,
                                      fgf_trial_status committed)
{
    const uint64_t checksum = row_checksum(image, trial, block);
    return (image_commitment){.said = (int8_t)committed,
                              .checksum = checksum,
                              .seal = row_seal(image, trial, block, checksum, (int8_t)committed)};
}

fgf_status image_put_row(const store_image *image, size_t trial, const char *block,
                         fgf_trial_status committed)
{
    fgf_status status = FGF_OK;
    const image_commitment said = commitment_of(image, trial, block, committed);
    FGF_TRY(put_block(image, trial, block));
    FGF_TRY(image_put_commitment(image, trial, &said));
done:
    return status;
}

/* Before a row is written over, its seal is broken on the disk: the bytes of two rows must never
 * stand under one. */
static fgf_status take_back(const store_image *image, size_t trial)
{
    fgf_status status = FGF_OK;
    const image_commitment none = {.said = FGF_TRIAL_RUNNING};
    uint64_t seal = 0;
    FGF_TRY(disk_read(image->descriptor, image->path, &seal, sizeof seal,
                      image->seal_offset + trial * sizeof seal));
    if (!seal)
        return FGF_OK;
    FGF_TRY(image_put_commitment(image, trial, &none));
    FGF_TRY(disk_sync(image->descriptor, image->path));
done:
    return status;
}

fgf_status image_begin_row(const store_image *image, size_t trial, const char *block,
                           fgf_trial_status committed, image_commitment *said)
{
    fgf_status status = FGF_OK;
    *said = commitment_of(image, trial, block, committed);
    FGF_TRY(take_back(image, trial));
    FGF_TRY(put_block(image, trial, block));
done:
    return status;
}

fgf_status image_store_row(const store_image *image, size_t trial, const char *block,
                           fgf_trial_status committed)
{
    fgf_status status = FGF_OK;
    image_commitment said;
    FGF_TRY(image_begin_row(image, trial, block, committed, &said));
    FGF_TRY(disk_sync(image->descriptor, image->path));
    FGF_TRY(image_put_commitment(image, trial, &said));
    FGF_TRY(disk_sync(image->descriptor, image->path));
done:
    return status;
}
