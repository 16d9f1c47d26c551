/* A layout extended by the rows of an older file that it no longer asks for, so that nothing a
 * sweep has computed is lost when the sweep changes, and is there when it changes back. */
#include "convert.h"
#include "element.h"
#include "layout.h"

#include "fgf/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The old file's rows, by id. */
typedef struct known_row {
    const char *id;
    size_t row;
} known_row;

static int compare_rows(const void *a, const void *b)
{
    return strcmp(((const known_row *)a)->id, ((const known_row *)b)->id);
}

static fgf_status sorted_rows(const store_image *old, known_row **out)
{
    fgf_status status = FGF_OK;
    FGF_TRY(FGF_ALLOCATE(old->trial_count, out));
    for (size_t t = 0; t < old->trial_count; t++)
        (*out)[t] = (known_row){old->ids[t].text, t};
    qsort(*out, old->trial_count, sizeof **out, compare_rows);
done:
    return status;
}

/* Trials: the layout's, then the committed ones of the old file that it does not ask for. */
static fgf_status extend_trials(extension *e, const store_image *old, const uint8_t *committed,
                                bool drop_unasked)
{
    fgf_status status = FGF_OK;
    const size_t asked = e->asked_count, most = asked + old->trial_count;
    known_row *known = NULL;
    uint8_t *taken = NULL;
    FGF_TRY(sorted_rows(old, &known));
    FGF_TRY(FGF_ALLOCATE(old->trial_count, &taken));
    FGF_TRY(FGF_ALLOCATE(most, &e->ids));
    FGF_TRY(FGF_ALLOCATE(most, &e->old_row));
    FGF_TRY(FGF_ALLOCATE(most, &e->same_id));
    FGF_TRY(FGF_ALLOCATE(most, &e->trial_block));
    FGF_TRY(FGF_ALLOCATE(most, &e->trial_weights_row));
    for (size_t t = 0; t < asked; t++) {
        const known_row wanted = {e->layout.trial_ids[t].text, 0};
        const known_row *found =
            bsearch(&wanted, known, old->trial_count, sizeof *known, compare_rows);
        e->ids[t] = e->layout.trial_ids[t];
        e->same_id[t] = found ? found->row : SIZE_MAX;
        e->old_row[t] = found && committed[found->row] ? found->row : SIZE_MAX;
        e->trial_block[t] = e->layout.trial_block ? e->layout.trial_block[t] : SIZE_MAX;
        e->trial_weights_row[t] =
            e->layout.trial_weights_row ? e->layout.trial_weights_row[t] : SIZE_MAX;
        if (found)
            taken[found->row] = 1;
    }
    size_t count = asked;
    for (size_t row = 0; !drop_unasked && row < old->trial_count; row++)
        if (committed[row] && !taken[row]) {
            e->ids[count] = old->ids[row];
            e->trial_block[count] = e->trial_weights_row[count] = SIZE_MAX;
            e->same_id[count] = row;
            e->old_row[count++] = row;
        }
    e->layout.trial_ids = e->ids;
    e->layout.trial_count = count;
    e->layout.trial_block = e->trial_block;
    e->layout.trial_weights_row = e->trial_weights_row;
done:
    fgf_free(known);
    fgf_free(taken);
    return status;
}

/* An axis: the layout's labels, then those of the old file that it lacks; without labels the
 * longer of the two. */
static fgf_status extend_axis(extension *e, const store_image *old, fgf_axis axis)
{
    fgf_status status = FGF_OK;
    size_t *length = &e->layout.axis_length[axis];
    const size_t asked = *length, old_length = old->axis_length[axis];
    size_t bytes = 0;
    const char *const *given = e->layout.axis_labels[axis];
    FGF_TRY(image_labels(old, axis, &e->old_labels[axis], &bytes));
    if (!given || !e->old_labels[axis]) {
        if (!given && old_length > *length)
            *length = old_length;
        return FGF_OK;
    }
    FGF_TRY(FGF_ALLOCATE(asked + old_length, &e->labels[axis]));
    for (size_t i = 0; i < asked; i++)
        e->labels[axis][i] = given[i];
    for (size_t i = 0; i < old_length; i++) {
        const char *label = e->old_labels[axis] + i * bytes;
        bool known = false;
        for (size_t k = 0; k < asked && !known; k++)
            known = strcmp(label, given[k]) == 0;
        if (!known)
            e->labels[axis][(*length)++] = label;
    }
    e->layout.axis_labels[axis] = e->labels[axis];
done:
    return status;
}

/* Tables along an axis that grew get fill values behind. */
static fgf_status extend_tables(extension *e)
{
    fgf_status status = FGF_OK;
    const size_t count = e->layout.table_count;
    FGF_TRY(FGF_ALLOCATE(count, &e->tables));
    FGF_TRY(FGF_ALLOCATE(count, &e->table_data));
    for (size_t i = 0; i < count; i++) {
        fgf_table *table = &e->tables[i];
        *table = e->layout.tables[i];
        const fgf_table before = *table;
        size_t items = 1, bytes = fgf_element_bytes(table->type, table->text_bytes);
        for (int k = 0; k < table->rank; k++) {
            for (int a = 0; a < FGF_AXIS_COUNT; a++)
                if (table->scale[k] && strcmp(table->scale[k], image_axis_scale[a]) == 0)
                    table->extent[k] = e->layout.axis_length[a];
            items *= table->extent[k];
        }
        if (!table->data || memcmp(before.extent, table->extent, sizeof before.extent) == 0)
            continue;
        FGF_TRY(fgf_allocate_bytes(items, bytes, &e->table_data[i]));
        element_fill(table->type, bytes, items, e->table_data[i]);
        image_spread(table->rank, bytes, before.extent, before.data, table->extent,
                     e->table_data[i], NULL);
        table->data = e->table_data[i];
    }
    e->layout.tables = e->tables;
done:
    return status;
}

/* The block of an architecture of the old file, added where the layout has none. */
static fgf_status take_block(extension *e, const store_image *old, const char *architecture,
                             size_t parameter_count, size_t *block)
{
    fgf_status status = FGF_OK;
    char path[96];
    for (*block = 0; *block < e->layout.block_count; ++*block)
        if (strcmp(e->blocks[*block].architecture.text, architecture) == 0)
            return FGF_OK;
    snprintf(path, sizeof path, "/model/%s/layers", architecture);
    const catalog_entry *entry = catalog_find(&old->catalog, path);
    fgf_model_block *added = &e->blocks[*block];
    memcpy(added->architecture.text, architecture, sizeof added->architecture.text);
    added->parameter_count = parameter_count;
    added->trial_count = 0;
    if (entry && entry->type == FGF_TEXT && entry->rank == 0) {
        FGF_TRY(image_read_all(old, entry, (void **)&e->layer_tables[*block]));
        e->layer_tables[*block][entry->bytes - 1] = 0;
        added->layer_table = e->layer_tables[*block];
    }
    e->layout.block_count++;
done:
    return status;
}

/* Weights of rows that are no longer asked for: a further row each. */
static fgf_status extend_blocks(extension *e, const store_image *old)
{
    fgf_status status = FGF_OK;
    const size_t most = e->layout.block_count + e->layout.trial_count - e->asked_count;
    FGF_TRY(FGF_ALLOCATE(most, &e->blocks));
    FGF_TRY(FGF_ALLOCATE(most, &e->layer_tables));
    if (e->layout.block_count)
        memcpy(e->blocks, e->layout.blocks, e->layout.block_count * sizeof *e->blocks);
    e->layout.blocks = e->blocks;
    for (size_t t = e->asked_count; t < e->layout.trial_count; t++) {
        const size_t row = e->old_row[t];
        const char *architecture = old->architectures[row].text;
        const size_t parameters = old->weights[row].bytes / sizeof(float);
        if (!architecture[0])
            continue;
        FGF_TRY(take_block(e, old, architecture, parameters, &e->trial_block[t]));
        fgf_model_block *block = &e->blocks[e->trial_block[t]];
        if (parameters && block->trial_count == 0 && !block->parameter_count)
            block->parameter_count = parameters;
        if (parameters && block->parameter_count == parameters)
            e->trial_weights_row[t] = block->trial_count++;
    }
done:
    return status;
}

fgf_status extension_create(const fgf_layout *layout, const store_image *old,
                            const uint8_t *committed, bool drop_unasked, extension *out)
{
    fgf_status status = FGF_OK;
    *out = (extension){.layout = *layout, .asked_count = layout->trial_count};
    FGF_TRY(extend_trials(out, old, committed, drop_unasked));
    if (out->layout.trial_count > out->asked_count)
        for (int a = 0; a < FGF_AXIS_COUNT; a++)
            FGF_TRY(extend_axis(out, old, (fgf_axis)a));
    FGF_TRY(extend_tables(out));
    FGF_TRY(extend_blocks(out, old));
done:
    if (status != FGF_OK)
        extension_clear(out);
    return status;
}

void extension_clear(extension *e)
{
    for (int a = 0; a < FGF_AXIS_COUNT; a++) {
        fgf_free(e->labels[a]);
        fgf_free(e->old_labels[a]);
    }
    for (size_t i = 0; e->table_data && i < e->layout.table_count; i++)
        fgf_free(e->table_data[i]);
    for (size_t b = 0; e->layer_tables && b < e->layout.block_count; b++)
        fgf_free(e->layer_tables[b]);
    fgf_free(e->tables);
    fgf_free(e->table_data);
    fgf_free(e->blocks);
    fgf_free(e->layer_tables);
    fgf_free(e->ids);
    fgf_free(e->old_row);
    fgf_free(e->same_id);
    fgf_free(e->trial_block);
    fgf_free(e->trial_weights_row);
    memset(e, 0, sizeof *e);
}
