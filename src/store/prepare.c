/* From a layout and whatever lies at its path to a file that is ready to be written to. */
#include "child.h"
#include "convert.h"
#include "disk.h"
#include "layout.h"
#include "survey.h"

#include "fgf/file_bytes.h"
#include "fgf/log.h"
#include "fgf/memory.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* One preparation, with all that it holds. */
typedef struct preparation {
    const char *path;
    char *part;
    const fgf_layout *layout;
    fgf_hash hash;
    store_image old;
    survey found; /* in the old file */
    fgf_prepare_result *result;
} preparation;

/* What the child that creates a file is told. */
typedef struct part_order {
    const preparation *preparation;
    const fgf_layout *layout;
} part_order;

static fgf_status create_as_told(void *state)
{
    const part_order *order = state;
    const preparation *p = order->preparation;
    return layout_create(p->part, order->layout, p->layout->axis_length, &p->hash);
}

static fgf_status create_part(const preparation *p, const fgf_layout *layout)
{
    fgf_status status = FGF_OK;
    part_order order = {p, layout};
    child_end end;
    unlink(p->part); /* what a killed start left takes room */
    FGF_TRY(layout_check_room(p->path, layout));
    FGF_TRY(run_in_child(create_as_told, &order, 0, &end));
    if (end != CHILD_ANSWERED)
        FGF_FAIL(FGF_ENVIRONMENT, "cannot write %s: the process that creates it was killed",
                 p->part);
done:
    /* A part that could not be finished is of no use, and the disk may be full. */
    if (status != FGF_OK)
        unlink(p->part);
    return status;
}

static fgf_status create_new(const preparation *p)
{
    fgf_status status = FGF_OK;
    p->result->how = FGF_STORE_CREATED;
    FGF_TRY(create_part(p, p->layout));
    FGF_TRY(disk_replace(p->part, p->path));
done:
    return status;
}

static const char *attribute(const store_image *image, const char *name)
{
    const char *text = catalog_attribute_text(&image->catalog, name);
    return text ? text : "";
}

static fgf_status check_same_study(const preparation *p)
{
    fgf_status status = FGF_OK;
    const char *dataset = attribute(&p->old, "dataset_hash");
    const char *schema = attribute(&p->old, "schema_version");
    if (strcmp(dataset, p->layout->dataset.text) != 0)
        FGF_FAIL(FGF_USAGE,
                 "%s holds results of another dataset (hash %.8s, the sweep's has %.8s): choose "
                 "another results file or the dataset it was made with",
                 p->path, dataset, p->layout->dataset.text);
    if (atoi(schema) != p->layout->schema_version)
        FGF_FAIL(FGF_USAGE,
                 "%s was written with version %s of the results schema, this fgf writes version "
                 "%d: choose another results file or the fgf it was made with",
                 p->path, schema, p->layout->schema_version);
done:
    return status;
}

/* What counts of a trial of the new file, by the old one. */
static fgf_trial_status kept_status(const preparation *p, const extension *e, size_t t)
{
    const size_t row = e->old_row[t];
    return row == SIZE_MAX ? FGF_TRIAL_EMPTY : (fgf_trial_status)p->found.committed[row];
}

/* A row that turns out to be broken is left out: its trial is run again. */
static fgf_status copy_rows(preparation *p, const extension *e, const store_image *new)
{
    fgf_status status = FGF_OK;
    char *from = NULL, *to = NULL;
    conversion converting = {0};
    FGF_TRY(FGF_ALLOCATE(p->old.block_bytes, &from));
    FGF_TRY(FGF_ALLOCATE(new->block_bytes, &to));
    FGF_TRY(conversion_create(&p->old, new, &converting));
    for (size_t t = 0; t < e->layout.trial_count; t++) {
        const size_t row = e->old_row[t];
        if (kept_status(p, e, t) == FGF_TRIAL_EMPTY)
            continue;
        FGF_TRY(survey_read_row(&p->found, row, from));
        const fgf_trial_status said = kept_status(p, e, t);
        if (said == FGF_TRIAL_EMPTY && t >= e->asked_count)
            FGF_FAIL(FGF_ENVIRONMENT, "%s changes while it is being rewritten", p->path);
        if (said == FGF_TRIAL_EMPTY)
            continue;
        FGF_TRY(conversion_row(&converting, row, from, t, to));
        FGF_TRY(image_put_row(new, t, to, t < e->asked_count ? said : FGF_TRIAL_UNASKED));
    }
done:
    fgf_free(from);
    fgf_free(to);
    conversion_clear(&converting);
    return status;
}

static fgf_status copy_crashes(const preparation *p, const extension *e, const store_image *new)
{
    fgf_status status = FGF_OK;
    const size_t count = e->layout.trial_count;
    uint8_t *crashes = NULL;
    FGF_TRY(FGF_ALLOCATE(count, &crashes));
    for (size_t t = 0; t < count; t++)
        if (e->same_id[t] != SIZE_MAX)
            crashes[t] = p->found.crashes[e->same_id[t]];
    FGF_TRY(disk_write(new->descriptor, new->path, crashes, count, new->crashes_offset));
    memcpy(p->result->crashes, crashes, e->asked_count);
done:
    fgf_free(crashes);
    return status;
}

/* The layout with the rows that it does not ask for. Those must be whole before it is laid out. */
static fgf_status extend(preparation *p, bool drop_unasked, extension *e)
{
    fgf_status status = FGF_OK;
    char *block = NULL;
    size_t broken = SIZE_MAX;
    FGF_TRY(FGF_ALLOCATE(p->old.block_bytes, &block));
    while (broken != p->found.broken_count) {
        broken = p->found.broken_count;
        extension_clear(e);
        FGF_TRY(extension_create(p->layout, &p->old, p->found.committed, drop_unasked, e));
        for (size_t t = e->asked_count; t < e->layout.trial_count; t++)
            FGF_TRY(survey_read_row(&p->found, e->old_row[t], block));
    }
done:
    fgf_free(block);
    return status;
}

static fgf_status copy_runs(const store_image *old, const store_image *new, size_t used)
{
    fgf_status status = FGF_OK;
    char *block = NULL;
    for (int c = 0; c < RUN_COLUMNS; c++) {
        const run_column *column = &image_run_columns[c];
        size_t bytes = used * fgf_element_bytes(column->type, column->text_bytes);
        FGF_TRY(FGF_ALLOCATE(bytes, &block));
        FGF_TRY(disk_read(old->descriptor, old->path, block, bytes, old->run_offsets[c]));
        FGF_TRY(disk_write(new->descriptor, new->path, block, bytes, new->run_offsets[c]));
        fgf_free(block);
        block = NULL;
    }
done:
    fgf_free(block);
    return status;
}

static fgf_status rewrite(preparation *p, fgf_prepare_options options, size_t runs_used)
{
    fgf_status status = FGF_OK;
    extension e = {0};
    store_image new = {.descriptor = -1};
    p->result->how = FGF_STORE_REWRITTEN;
    FGF_TRY(extend(p, options.drop_unasked, &e));
    size_t capacity = e.layout.run_capacity ? e.layout.run_capacity : RUN_CAPACITY;
    while (capacity < runs_used + options.run_rows)
        capacity *= 2;
    e.layout.run_capacity = capacity;
    FGF_TRY(create_part(p, &e.layout));
    FGF_TRY(image_open(p->part, true, &new));
    FGF_TRY(copy_rows(p, &e, &new));
    FGF_TRY(copy_crashes(p, &e, &new));
    FGF_TRY(copy_runs(&p->old, &new, runs_used));
    image_close(&new);
    FGF_TRY(disk_replace(p->part, p->path));
    for (size_t t = 0; t < e.asked_count; t++)
        p->result->status[t] = (uint8_t)kept_status(p, &e, t);
    p->result->unasked_count = e.layout.trial_count - e.asked_count;
done:
    image_close(&new);
    if (status != FGF_OK)
        unlink(p->part);
    extension_clear(&e);
    return status;
}

/* Whether the file is laid out as it shall be: by its own word, and by the names of its trials,
 * since a row under a name that a disk has spoilt would never be found again. */
static bool is_same_layout(const preparation *p)
{
    const size_t asked = p->layout->trial_count;
    if (strcmp(attribute(&p->old, "layout_hash"), p->hash.text) != 0 || p->old.trial_count < asked)
        return false;
    for (size_t t = 0; t < asked; t++)
        if (strcmp(p->old.ids[t].text, p->layout->trial_ids[t].text) != 0)
            return false;
    return true;
}

static fgf_status continue_old(preparation *p, fgf_prepare_options options)
{
    fgf_status status = FGF_OK;
    size_t runs_used = 0;
    FGF_TRY(image_probe(p->path));
    FGF_TRY(image_open(p->path, true, &p->old));
    FGF_TRY(check_same_study(p));
    FGF_TRY(survey_create(&p->old, options, &p->found));
    FGF_TRY(image_runs_used(&p->old, &runs_used));
    const size_t asked = p->layout->trial_count, there = p->old.trial_count;
    if (!is_same_layout(p) || runs_used + options.run_rows > p->old.run_capacity ||
        (options.drop_unasked && there > asked)) {
        FGF_TRY(rewrite(p, options, runs_used));
    } else {
        p->result->how = FGF_STORE_RESUMED;
        p->result->unasked_count = there - asked;
        memcpy(p->result->status, p->found.committed, asked);
        memcpy(p->result->crashes, p->found.crashes, asked);
        FGF_TRY(survey_settle(&p->found));
    }
    p->result->broken_count = p->found.broken_count;
    if (p->result->broken_count)
        fgf_warn("%s: %zu rows do not agree with their checksums; they count as not run", p->path,
                 p->result->broken_count);
done:
    return status;
}

fgf_status fgf_store_prepare(const char *path, const fgf_layout *layout,
                             fgf_prepare_options options, fgf_prepare_result *out)
{
    fgf_status status = FGF_OK;
    char *target = NULL;
    preparation p = {.layout = layout, .result = out, .old = {.descriptor = -1}};
    *out = (fgf_prepare_result){.trial_count = layout->trial_count};
    FGF_TRY(layout_check(layout));
    FGF_TRY(layout_hash(layout, &p.hash));
    FGF_TRY(fgf_output_file(path, &target));
    p.path = target;
    const size_t part_bytes = strlen(target) + sizeof ".part";
    options.run_rows = options.run_rows ? options.run_rows : 1;
    FGF_TRY(FGF_ALLOCATE(layout->trial_count, &out->status));
    FGF_TRY(FGF_ALLOCATE(layout->trial_count, &out->crashes));
    FGF_TRY(FGF_ALLOCATE(part_bytes, &p.part));
    snprintf(p.part, part_bytes, "%s.part", target);
    if (access(target, F_OK) == 0)
        FGF_TRY(continue_old(&p, options));
    else if (errno == ENOENT)
        FGF_TRY(create_new(&p));
    else
        FGF_FAIL(FGF_ENVIRONMENT, "cannot open %s: %s", path, strerror(errno));
    for (size_t t = 0; t < out->trial_count; t++) {
        out->done_count += out->status[t] == FGF_TRIAL_DONE;
        out->failed_count += out->status[t] == FGF_TRIAL_FAILED;
    }
done:
    survey_clear(&p.found);
    image_close(&p.old);
    fgf_free(p.part);
    fgf_free(target);
    if (status != FGF_OK)
        fgf_prepare_result_clear(out);
    return status;
}

void fgf_prepare_result_clear(fgf_prepare_result *result)
{
    fgf_free(result->status);
    fgf_free(result->crashes);
    memset(result, 0, sizeof *result);
}
