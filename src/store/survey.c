#include "survey.h"

#include "disk.h"

#include "fgf/log.h"
#include "fgf/memory.h"

#include <stdlib.h>
#include <string.h>

static void drop(survey *s, size_t trial)
{
    s->committed[trial] = FGF_TRIAL_EMPTY;
    s->broken[trial] = true;
    s->broken_count++;
}

static void note(survey *s, size_t trial, const char *block, const image_commitment *said)
{
    image_head head;
    memcpy(&head, block, sizeof head);
    s->left_running[trial] = said->said == FGF_TRIAL_RUNNING;
    if (s->crashes[trial] > INT8_MAX) /* only in a damaged file */
        s->crashes[trial] = INT8_MAX;
    if (s->left_running[trial] && s->crashes[trial] < INT8_MAX)
        s->crashes[trial]++;
    if (!image_is_commitment(said->said))
        return;
    if (!image_is_sealed(s->image, trial, block, said)) {
        drop(s, trial);
        return;
    }
    s->committed[trial] = head.error[0] ? FGF_TRIAL_FAILED : FGF_TRIAL_DONE;
    s->time[trial] = head.committed;
}

static fgf_status read_seals(survey *s)
{
    fgf_status status = FGF_OK;
    const store_image *image = s->image;
    image_commitment *said = NULL;
    char *blocks = NULL;
    const size_t batch =
        image->trial_count < IMAGE_SMALL_ROWS ? image->trial_count : IMAGE_SMALL_ROWS;
    FGF_TRY(disk_read(image->descriptor, image->path, s->crashes, image->trial_count,
                      image->crashes_offset));
    FGF_TRY(FGF_ALLOCATE(batch, &said));
    FGF_TRY(fgf_allocate_bytes(batch, image->small_bytes, (void **)&blocks));
    for (size_t first = 0; first < image->trial_count; first += batch) {
        const size_t rest = image->trial_count - first, count = rest < batch ? rest : batch;
        FGF_TRY(image_load_small(image, first, count, blocks, said));
        for (size_t t = 0; t < count; t++)
            note(s, first + t, blocks + t * image->small_bytes, &said[t]);
    }
done:
    fgf_free(said);
    fgf_free(blocks);
    return status;
}

fgf_status survey_read_row(survey *s, size_t trial, char *block)
{
    fgf_status status = FGF_OK;
    fgf_trial_status said;
    bool broken = false;
    FGF_TRY(image_load_row(s->image, trial, block, &said, &broken));
    if (said == FGF_TRIAL_EMPTY && s->committed[trial] != FGF_TRIAL_EMPTY)
        drop(s, trial);
done:
    return status;
}

typedef struct dated_row {
    double time;
    size_t trial;
} dated_row;

static int newest_first(const void *a, const void *b)
{
    const dated_row *x = a, *y = b;
    return x->time != y->time ? (x->time < y->time ? 1 : -1) : (x->trial < y->trial ? -1 : 1);
}

static fgf_status read_back(survey *s, fgf_prepare_options options)
{
    fgf_status status = FGF_OK;
    const store_image *image = s->image;
    const size_t most = options.read_back_bytes ? options.read_back_bytes : FGF_READ_BACK_BYTES;
    const double start = fgf_seconds();
    dated_row *rows = NULL;
    char *block = NULL;
    size_t count = 0, bytes = 0;
    FGF_TRY(FGF_ALLOCATE(image->trial_count, &rows));
    FGF_TRY(FGF_ALLOCATE(image->block_bytes, &block));
    for (size_t t = 0; t < image->trial_count; t++)
        if (s->committed[t])
            rows[count++] = (dated_row){s->time[t], t};
    /* All of them are read in the order of the file. */
    if (!options.check_rows)
        qsort(rows, count, sizeof *rows, newest_first);
    for (size_t i = 0; i < count; i++) {
        bytes += image->fixed_bytes + image->weights[rows[i].trial].bytes;
        if (!options.check_rows &&
            (bytes > most || (i > 0 && fgf_seconds() - start > FGF_READ_BACK_SECONDS)))
            break;
        if (options.check_rows)
            fgf_progress("%s: row %zu of %zu", image->path, i + 1, count);
        FGF_TRY(survey_read_row(s, rows[i].trial, block));
    }
    if (options.check_rows)
        fgf_progress("%s", "");
done:
    fgf_free(rows);
    fgf_free(block);
    return status;
}

fgf_status survey_create(const store_image *image, fgf_prepare_options options, survey *out)
{
    fgf_status status = FGF_OK;
    *out = (survey){.image = image};
    FGF_TRY(FGF_ALLOCATE(image->trial_count, &out->committed));
    FGF_TRY(FGF_ALLOCATE(image->trial_count, &out->crashes));
    FGF_TRY(FGF_ALLOCATE(image->trial_count, &out->left_running));
    FGF_TRY(FGF_ALLOCATE(image->trial_count, &out->broken));
    FGF_TRY(FGF_ALLOCATE(image->trial_count, &out->time));
    FGF_TRY(read_seals(out));
    FGF_TRY(read_back(out, options));
done:
    return status;
}

void survey_clear(survey *s)
{
    fgf_free(s->committed);
    fgf_free(s->crashes);
    fgf_free(s->left_running);
    fgf_free(s->broken);
    fgf_free(s->time);
    memset(s, 0, sizeof *s);
}

fgf_status survey_settle(const survey *s)
{
    fgf_status status = FGF_OK;
    const store_image *image = s->image;
    const int8_t empty = FGF_TRIAL_EMPTY;
    bool any = false;
    for (size_t t = 0; t < image->trial_count; t++) {
        if (!s->left_running[t] && !s->broken[t])
            continue;
        any = true;
        /* The status first: what is killed in between must not count the same crash again. */
        FGF_TRY(disk_write(image->descriptor, image->path, &empty, 1, image->status_offset + t));
        if (s->left_running[t])
            FGF_TRY(disk_write(image->descriptor, image->path, &s->crashes[t], 1,
                               image->crashes_offset + t));
    }
    if (any)
        FGF_TRY(disk_sync(image->descriptor, image->path));
done:
    return status;
}
