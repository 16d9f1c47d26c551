/* /run: a row for each start of the program. */
#include "disk.h"
#include "image.h"

#include <assert.h>
#include <string.h>

const run_column image_run_columns[RUN_COLUMNS] = {
    {"/run/command_line", "command line", FGF_TEXT, 1024},
    {"/run/started", "start, UTC", FGF_TEXT, 32},
    {"/run/hosts", "hosts", FGF_TEXT, 1024},
    {"/run/blas_core", "core type that BLAS chose", FGF_TEXT, 32},
    {"/run/instruction_set", "instruction set of the kernels", FGF_TEXT, 32},
    {"/run/version", "version of fgf", FGF_TEXT, 64},
    {"/run/ranks", "MPI ranks; -1 = row not in use", FGF_I32, 0}};

static size_t cell_bytes(int column)
{
    return fgf_element_bytes(image_run_columns[column].type, image_run_columns[column].text_bytes);
}

fgf_status image_runs_used(const store_image *image, size_t *used)
{
    fgf_status status = FGF_OK;
    int32_t ranks = 0;
    for (*used = 0; *used < image->run_capacity; ++*used) {
        FGF_TRY(disk_read(image->descriptor, image->path, &ranks, sizeof ranks,
                          image->run_offsets[RUN_RANKS] + *used * sizeof ranks));
        if (ranks < 0)
            break;
    }
done:
    return status;
}

fgf_status image_read_run(const store_image *image, size_t row, char *block)
{
    fgf_status status = FGF_OK;
    for (int c = 0; c < RUN_COLUMNS; block += cell_bytes(c), c++)
        FGF_TRY(disk_read(image->descriptor, image->path, block, cell_bytes(c),
                          image->run_offsets[c] + row * cell_bytes(c)));
done:
    return status;
}

fgf_status image_add_run(const store_image *image, const char *block, size_t *row)
{
    fgf_status status = FGF_OK;
    FGF_TRY(image_runs_used(image, row));
    if (*row == image->run_capacity)
        FGF_FAIL(FGF_INTERNAL, "%s has no row of /run left: it was not prepared", image->path);
    for (int c = 0; c < RUN_COLUMNS; block += cell_bytes(c), c++) {
        if (c == RUN_RANKS)
            FGF_TRY(disk_sync(image->descriptor, image->path));
        FGF_TRY(disk_write(image->descriptor, image->path, block, cell_bytes(c),
                           image->run_offsets[c] + *row * cell_bytes(c)));
    }
    FGF_TRY(disk_sync(image->descriptor, image->path));
done:
    return status;
}

void image_run_block(const char *const *texts, int32_t ranks, char *block)
{
    const char *start = block;
    for (int c = 0; c < RUN_RANKS; block += cell_bytes(c), c++) {
        const char *text = texts[c] ? texts[c] : "";
        size_t length = strnlen(text, cell_bytes(c) - 1);
        memset(block, 0, cell_bytes(c));
        memcpy(block, text, length);
    }
    memcpy(block, &ranks, sizeof ranks);
    assert(block + sizeof ranks == start + RUN_BYTES);
    (void)start;
}
