/* From a layout and whatever lies at its path to a file that is ready to be written to. */
#include "child.h"
#include "disk.h"
#include "element.h"
#include "layout.h"

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
    uint8_t *committed; /* [old.trial_count] fgf_trial_status: EMPTY, DONE or FAILED */
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

/* Reads every row of the old file and holds it against its checksum. */
static fgf_status survey(preparation *p)
{
    fgf_status status = FGF_OK;
    char *block = NULL;
    FGF_TRY(FGF_ALLOCATE(p->old.trial_count, &p->committed));
    FGF_TRY(FGF_ALLOCATE(p->old.block_bytes, &block));
    for (size_t t = 0; t < p->old.trial_count; t++) {
        fgf_trial_status said;
        bool broken = false;
        image_head head;
        FGF_TRY(image_load_row(&p->old, t, block, &said, &broken));
        memcpy(&head, block, sizeof head);
        p->result->broken_count += broken;
        if (said != FGF_TRIAL_EMPTY)
            p->committed[t] = head.error[0] ? FGF_TRIAL_FAILED : FGF_TRIAL_DONE;
    }
done:
    fgf_free(block);
    return status;
}

/* Old position -> new position along one axis, or *map NULL for the identity. */
static fgf_status map_axis(const store_image *old, const store_image *new, fgf_axis axis,
                           size_t **map)
{
    fgf_status status = FGF_OK;
    char *before = NULL, *after = NULL;
    size_t before_bytes = 0, after_bytes = 0;
    FGF_TRY(image_labels(old, axis, &before, &before_bytes));
    FGF_TRY(image_labels(new, axis, &after, &after_bytes));
    if (before && after) {
        FGF_TRY(FGF_ALLOCATE(old->axis_length[axis], map));
        for (size_t i = 0; i < old->axis_length[axis]; i++) {
            (*map)[i] = SIZE_MAX;
            for (size_t k = 0; k < new->axis_length[axis]; k++)
                if (strcmp(before + i * before_bytes, after + k * after_bytes) == 0)
                    (*map)[i] = k;
        }
    }
done:
    fgf_free(before);
    fgf_free(after);
    return status;
}

/* The old file's column that holds the same quantity, or NULL. */
static const image_column *same_column(const store_image *old, const image_column *column)
{
    for (size_t c = 0; c < old->column_count; c++) {
        const image_column *other = &old->columns[c];
        if (strcmp(other->about.path, column->about.path) != 0)
            continue;
        bool same = other->about.type == column->about.type &&
                    other->element_bytes == column->element_bytes &&
                    other->about.axis_count == column->about.axis_count;
        for (int a = 0; same && a < column->about.axis_count; a++)
            same = other->about.axes[a] == column->about.axes[a];
        return same ? other : NULL;
    }
    return NULL;
}

/* A row of the old file as a row of the new one. */
static void convert_row(const store_image *old, const char *from, const store_image *new,
                        size_t trial, char *to, size_t *const *maps)
{
    image_head head;
    memcpy(&head, from, sizeof head);
    for (size_t c = 0; c < new->column_count; c++) {
        const image_column *column = &new->columns[c];
        const image_column *source = same_column(old, column);
        const size_t *map[FGF_COLUMN_AXES] = {NULL, NULL, NULL};
        element_fill(column->about.type, column->element_bytes,
                     column->row_bytes / column->element_bytes, to + column->row_offset);
        for (int a = 0; a < column->about.axis_count; a++)
            map[a] = maps[column->about.axes[a]];
        if (source)
            image_spread(column->about.axis_count, column->element_bytes, source->extent,
                         from + source->row_offset, column->extent, to + column->row_offset, map);
    }
    bool has_weights = head.weights_row >= 0;
    head.weights_row = -1;
    if (has_weights && new->weights[trial].bytes) {
        head.weights_row = new->weights[trial].row;
        memcpy(to + new->fixed_bytes, from + old->fixed_bytes, new->weights[trial].bytes);
    }
    memcpy(to, &head, sizeof head);
}

static fgf_status copy_rows(const preparation *p, const extension *e, const store_image *new)
{
    fgf_status status = FGF_OK;
    char *from = NULL, *to = NULL;
    size_t *maps[FGF_AXIS_COUNT] = {NULL};
    FGF_TRY(FGF_ALLOCATE(p->old.block_bytes, &from));
    FGF_TRY(FGF_ALLOCATE(new->block_bytes, &to));
    for (int a = 0; a < FGF_AXIS_COUNT; a++)
        FGF_TRY(map_axis(&p->old, new, (fgf_axis)a, &maps[a]));
    for (size_t t = 0; t < e->layout.trial_count; t++) {
        const size_t row = e->old_row[t];
        fgf_trial_status said;
        bool broken = false;
        if (row == SIZE_MAX)
            continue;
        FGF_TRY(image_load_row(&p->old, row, from, &said, &broken));
        if (said == FGF_TRIAL_EMPTY)
            FGF_FAIL(FGF_ENVIRONMENT, "%s changes while it is being rewritten", p->path);
        if (new->weights[t].bytes &&
            p->old.weights[row].bytes &&new->weights[t].bytes != p->old.weights[row].bytes)
            FGF_FAIL(FGF_DATA, "%s: architecture %s has %zu parameters there and %zu now", p->path,
                     new->architectures[t].text, p->old.weights[row].bytes / sizeof(float),
                     new->weights[t].bytes / sizeof(float));
        convert_row(&p->old, from, new, t, to, maps);
        FGF_TRY(image_put_row(new, t, to,
                              t < e->asked_count ? (fgf_trial_status)p->committed[row]
                                                 : FGF_TRIAL_UNASKED));
    }
done:
    fgf_free(from);
    fgf_free(to);
    for (int a = 0; a < FGF_AXIS_COUNT; a++)
        fgf_free(maps[a]);
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
    FGF_TRY(extension_create(p->layout, &p->old, p->committed, options.drop_unasked, &e));
    size_t capacity = e.layout.run_capacity ? e.layout.run_capacity : RUN_CAPACITY;
    while (capacity <= runs_used)
        capacity *= 2;
    e.layout.run_capacity = capacity;
    FGF_TRY(create_part(p, &e.layout));
    FGF_TRY(image_open(p->part, true, &new));
    FGF_TRY(copy_rows(p, &e, &new));
    FGF_TRY(copy_runs(&p->old, &new, runs_used));
    image_close(&new);
    FGF_TRY(disk_replace(p->part, p->path));
    for (size_t t = 0; t < e.asked_count; t++)
        p->result->status[t] = e.old_row[t] == SIZE_MAX ? 0 : p->committed[e.old_row[t]];
    p->result->unasked_count = e.layout.trial_count - e.asked_count;
done:
    image_close(&new);
    if (status != FGF_OK)
        unlink(p->part);
    extension_clear(&e);
    return status;
}

static fgf_status continue_old(preparation *p, fgf_prepare_options options)
{
    fgf_status status = FGF_OK;
    size_t runs_used = 0;
    FGF_TRY(image_probe(p->path));
    FGF_TRY(image_open(p->path, false, &p->old));
    FGF_TRY(check_same_study(p));
    FGF_TRY(survey(p));
    FGF_TRY(image_runs_used(&p->old, &runs_used));
    const size_t asked = p->layout->trial_count, there = p->old.trial_count;
    bool same = strcmp(attribute(&p->old, "layout_hash"), p->hash.text) == 0 && there >= asked;
    if (!same || runs_used == p->old.run_capacity || (options.drop_unasked && there > asked)) {
        FGF_TRY(rewrite(p, options, runs_used));
    } else {
        p->result->how = FGF_STORE_RESUMED;
        p->result->unasked_count = there - asked;
        memcpy(p->result->status, p->committed, asked);
    }
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
    preparation p = {.path = path, .layout = layout, .result = out, .old = {.descriptor = -1}};
    size_t part_bytes = strlen(path) + sizeof ".part";
    *out = (fgf_prepare_result){.trial_count = layout->trial_count};
    FGF_TRY(layout_check(layout));
    FGF_TRY(layout_hash(layout, &p.hash));
    FGF_TRY(FGF_ALLOCATE(layout->trial_count, &out->status));
    FGF_TRY(FGF_ALLOCATE(part_bytes, &p.part));
    snprintf(p.part, part_bytes, "%s.part", path);
    if (access(path, F_OK) == 0)
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
    image_close(&p.old);
    fgf_free(p.committed);
    fgf_free(p.part);
    if (status != FGF_OK)
        fgf_prepare_result_clear(out);
    return status;
}

void fgf_prepare_result_clear(fgf_prepare_result *result)
{
    fgf_free(result->status);
    memset(result, 0, sizeof *result);
}
