/* Rows of one results file into another: parts of a sweep that were computed apart. */
#include "convert.h"
#include "disk.h"
#include "handles.h"

#include "fgf/memory.h"

#include <assert.h>
#include <string.h>

enum { WAITING_MOST = 64 }; /* rows that share the waits for the disk */

struct fgf_adoption {
    fgf_store *store;
    fgf_store_reader *from;
    conversion converting;
    int *run_row; /* [run_count] row of /run here of each start there */
    size_t run_count;
    struct {
        size_t trial;
        image_commitment said;
    } waiting[WAITING_MOST]; /* written, not yet committed */
    size_t waiting_count;
};

fgf_status fgf_store_reader_run_count(fgf_store_reader *reader, size_t *count)
{
    return image_runs_used(&reader->image, count);
}

/* The row of /run here that is the same start, or a new one. */
static fgf_status adopt_run(const store_image *image, const char *start, int *out)
{
    fgf_status status = FGF_OK;
    char known[RUN_BYTES];
    size_t used = 0, row = 0;
    FGF_TRY(image_runs_used(image, &used));
    for (row = 0; row < used; row++) {
        FGF_TRY(image_read_run(image, row, known));
        if (memcmp(known, start, RUN_BYTES) == 0)
            break;
    }
    if (row == used)
        FGF_TRY(image_add_run(image, start, &row));
    *out = (int)row;
done:
    return status;
}

static fgf_status adopt_runs(fgf_adoption *a)
{
    fgf_status status = FGF_OK;
    char start[RUN_BYTES];
    FGF_TRY(image_runs_used(&a->from->image, &a->run_count));
    FGF_TRY(FGF_ALLOCATE(a->run_count, &a->run_row));
    for (size_t row = 0; row < a->run_count; row++) {
        FGF_TRY(image_read_run(&a->from->image, row, start));
        FGF_TRY(adopt_run(&a->store->image, start, &a->run_row[row]));
    }
done:
    return status;
}

fgf_status fgf_store_adoption_create(fgf_store *store, fgf_store_reader *from, fgf_adoption **out)
{
    fgf_status status = FGF_OK;
    fgf_adoption *a = NULL;
    *out = NULL;
    FGF_TRY(FGF_ALLOCATE(1, &a));
    a->store = store;
    a->from = from;
    FGF_TRY(conversion_create(&from->image, &store->image, &a->converting));
    FGF_TRY(adopt_runs(a));
    *out = a;
    a = NULL;
done:
    fgf_store_adoption_destroy(&a);
    return status;
}

void fgf_store_adoption_destroy(fgf_adoption **adoption)
{
    if (!*adoption)
        return;
    conversion_clear(&(*adoption)->converting);
    fgf_free((*adoption)->run_row);
    fgf_free(*adoption);
    *adoption = NULL;
}

fgf_status fgf_store_adoption_finish(fgf_adoption *a)
{
    fgf_status status = FGF_OK;
    const store_image *image = &a->store->image;
    if (a->waiting_count == 0)
        return FGF_OK;
    FGF_TRY(disk_sync(image->descriptor, image->path));
    for (size_t i = 0; i < a->waiting_count; i++)
        FGF_TRY(image_put_commitment(image, a->waiting[i].trial, &a->waiting[i].said));
    FGF_TRY(disk_sync(image->descriptor, image->path));
    a->waiting_count = 0;
done:
    return status;
}

fgf_status fgf_store_adopt(fgf_adoption *a, size_t trial, size_t row)
{
    fgf_status status = FGF_OK;
    fgf_store *store = a->store;
    image_head head;
    assert(trial < store->image.trial_count && row < a->from->image.trial_count);
    if (strcmp(store->image.ids[trial].text, a->from->image.ids[row].text) != 0)
        FGF_FAIL(FGF_INTERNAL, "trial %zu is not the one of row %zu in %s", trial, row,
                 a->from->image.path);
    FGF_TRY(reader_hold(a->from, row));
    FGF_TRY(conversion_row(&a->converting, row, a->from->block, trial, store->block));
    memcpy(&head, store->block, sizeof head);
    const bool known = head.run >= 0 && (size_t)head.run < a->run_count;
    head.run = known ? a->run_row[head.run] : -1;
    memcpy(store->block, &head, sizeof head);
    a->waiting[a->waiting_count].trial = trial;
    FGF_TRY(image_begin_row(&store->image, trial, store->block,
                            head.error[0] ? FGF_TRIAL_FAILED : FGF_TRIAL_DONE,
                            &a->waiting[a->waiting_count].said));
    if (++a->waiting_count == WAITING_MOST)
        FGF_TRY(fgf_store_adoption_finish(a));
done:
    return status;
}
