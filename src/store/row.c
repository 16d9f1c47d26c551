/* A trial's row: its bytes, its checksum, and the order in which they reach the disk. */
#include "disk.h"
#include "image.h"

#include <string.h>

static bool is_commitment(int8_t said)
{
    return said == FGF_TRIAL_DONE || said == FGF_TRIAL_FAILED || said == FGF_TRIAL_UNASKED;
}

/* Bytes of the block that count: the weights only where the row says that it has them. */
static size_t block_length(const store_image *image, size_t trial, const image_head *head)
{
    return image->fixed_bytes + (head->weights_row >= 0 ? image->weights[trial].bytes : 0);
}

static uint64_t row_checksum(const store_image *image, size_t trial, const char *block)
{
    image_head head;
    memcpy(&head, block, sizeof head);
    unsigned long long id = fgf_checksum(image->ids[trial].text, FGF_HASH_TEXT, 0);
    return fgf_checksum(block, block_length(image, trial, &head), id);
}

fgf_status image_load_row(const store_image *image, size_t trial, char *block,
                          fgf_trial_status *committed, bool *broken)
{
    fgf_status status = FGF_OK;
    const int file = image->descriptor;
    int8_t said = FGF_TRIAL_EMPTY;
    uint64_t checksum = 0;
    image_head head;
    *committed = FGF_TRIAL_EMPTY;
    *broken = false;
    FGF_TRY(disk_read(file, image->path, &said, sizeof said, image->status_offset + trial));
    if (!is_commitment(said))
        return FGF_OK;
    FGF_TRY(disk_read(file, image->path, &checksum, sizeof checksum,
                      image->checksum_offset + trial * sizeof checksum));
    FGF_TRY(disk_read(file, image->path, &head.run, sizeof head.run,
                      image->run_offset + trial * sizeof head.run));
    FGF_TRY(disk_read(file, image->path, &head.weights_row, sizeof head.weights_row,
                      image->weights_row_offset + trial * sizeof head.weights_row));
    FGF_TRY(disk_read(file, image->path, head.error, sizeof head.error,
                      image->error_offset + trial * sizeof head.error));
    memcpy(block, &head, sizeof head);
    for (size_t c = 0; c < image->column_count; c++) {
        const image_column *column = &image->columns[c];
        FGF_TRY(disk_read(file, image->path, block + column->row_offset, column->row_bytes,
                          column->offset + trial * column->row_bytes));
    }
    const image_weights *weights = &image->weights[trial];
    *broken = true;
    if (head.weights_row >= 0) {
        if (head.weights_row != weights->row)
            return FGF_OK;
        FGF_TRY(disk_read(file, image->path, block + image->fixed_bytes, weights->bytes,
                          weights->offset));
    }
    bool failed = head.error[0] != 0;
    bool fits = said == FGF_TRIAL_UNASKED || failed == (said == FGF_TRIAL_FAILED);
    if (fits && row_checksum(image, trial, block) == checksum) {
        *broken = false;
        *committed = (fgf_trial_status)said;
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
    FGF_TRY(disk_write(file, image->path, &head.run, sizeof head.run,
                       image->run_offset + trial * sizeof head.run));
    FGF_TRY(disk_write(file, image->path, &head.weights_row, sizeof head.weights_row,
                       image->weights_row_offset + trial * sizeof head.weights_row));
    FGF_TRY(disk_write(file, image->path, head.error, sizeof head.error,
                       image->error_offset + trial * sizeof head.error));
done:
    return status;
}

static fgf_status put_commitment(const store_image *image, size_t trial, const char *block,
                                 fgf_trial_status committed)
{
    fgf_status status = FGF_OK;
    uint64_t checksum = row_checksum(image, trial, block);
    int8_t said = (int8_t)committed;
    FGF_TRY(disk_write(image->descriptor, image->path, &checksum, sizeof checksum,
                       image->checksum_offset + trial * sizeof checksum));
    FGF_TRY(disk_write(image->descriptor, image->path, &said, sizeof said,
                       image->status_offset + trial));
done:
    return status;
}

fgf_status image_put_row(const store_image *image, size_t trial, const char *block,
                         fgf_trial_status committed)
{
    fgf_status status = FGF_OK;
    FGF_TRY(put_block(image, trial, block));
    FGF_TRY(put_commitment(image, trial, block, committed));
done:
    return status;
}

fgf_status image_store_row(const store_image *image, size_t trial, const char *block,
                           fgf_trial_status committed)
{
    fgf_status status = FGF_OK;
    FGF_TRY(put_block(image, trial, block));
    FGF_TRY(disk_sync(image->descriptor, image->path));
    FGF_TRY(put_commitment(image, trial, block, committed));
    FGF_TRY(disk_sync(image->descriptor, image->path));
done:
    return status;
}

static size_t mapped(const size_t *map, size_t index)
{
    return map ? map[index] : index;
}

void image_spread(int axis_count, size_t element, const size_t *from_extent, const void *from,
                  const size_t *to_extent, void *to, const size_t *const *map)
{
    size_t n[FGF_COLUMN_AXES] = {1, 1, 1}, m[FGF_COLUMN_AXES] = {1, 1, 1};
    const size_t *way[FGF_COLUMN_AXES] = {NULL, NULL, NULL};
    for (int a = 0; a < axis_count; a++) {
        n[a] = from_extent[a];
        m[a] = to_extent[a];
        way[a] = map ? map[a] : NULL;
    }
    for (size_t i = 0; i < n[0]; i++)
        for (size_t j = 0; j < n[1]; j++)
            for (size_t k = 0; k < n[2]; k++) {
                size_t p = mapped(way[0], i), q = mapped(way[1], j), r = mapped(way[2], k);
                if (p >= m[0] || q >= m[1] || r >= m[2])
                    continue;
                memcpy((char *)to + ((p * m[1] + q) * m[2] + r) * element,
                       (const char *)from + ((i * n[1] + j) * n[2] + k) * element, element);
            }
}
