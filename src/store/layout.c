#include "layout.h"

#include "disk.h"
#include "element.h"

#include "fgf/log.h"
#include "fgf/memory.h"
#include "fgf/text.h"

#include <stdlib.h>
#include <string.h>

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* FGF_INTERNAL where two of the texts are equal. */
static fgf_status check_unique(const char *const *texts, size_t count, const char *what)
{
    fgf_status status = FGF_OK;
    const char **sorted = NULL;
    FGF_TRY(FGF_ALLOCATE(count, &sorted));
    if (count)
        memcpy(sorted, texts, count * sizeof *sorted);
    qsort(sorted, count, sizeof *sorted, compare_texts);
    for (size_t i = 1; i < count; i++)
        if (strcmp(sorted[i - 1], sorted[i]) == 0)
            FGF_FAIL(FGF_INTERNAL, "the results layout has the %s %s twice", what, sorted[i]);
done:
    fgf_free(sorted);
    return status;
}

static fgf_status check_trials(const fgf_layout *layout)
{
    fgf_status status = FGF_OK;
    const char **texts = NULL;
    FGF_TRY(FGF_ALLOCATE(layout->trial_count, &texts));
    for (size_t t = 0; t < layout->trial_count; t++)
        texts[t] = layout->trial_ids[t].text;
    FGF_TRY(check_unique(texts, layout->trial_count, "trial"));
    for (int a = 0; a < FGF_AXIS_COUNT; a++)
        if (layout->axis_labels[a])
            FGF_TRY(
                check_unique(layout->axis_labels[a], layout->axis_length[a], image_axis_name[a]));
done:
    fgf_free(texts);
    return status;
}

/* Each trial's weights need a row of their own: its checksum covers them. */
static fgf_status check_weights(const fgf_layout *layout)
{
    fgf_status status = FGF_OK;
    uint8_t **taken = NULL;
    if (layout->trial_weights_row && !layout->trial_block)
        FGF_FAIL(FGF_INTERNAL, "the results layout has weights rows of no architecture");
    FGF_TRY(FGF_ALLOCATE(layout->block_count, &taken));
    for (size_t b = 0; b < layout->block_count; b++)
        FGF_TRY(FGF_ALLOCATE(layout->blocks[b].trial_count, &taken[b]));
    for (size_t t = 0; layout->trial_block && t < layout->trial_count; t++) {
        size_t b = layout->trial_block[t];
        size_t row = layout->trial_weights_row ? layout->trial_weights_row[t] : SIZE_MAX;
        if (b == SIZE_MAX && row == SIZE_MAX)
            continue;
        if (b >= layout->block_count ||
            (row != SIZE_MAX && (row >= layout->blocks[b].trial_count || taken[b][row]++)))
            FGF_FAIL(FGF_INTERNAL, "the results layout gives trial %zu no weights row of its own",
                     t);
    }
done:
    for (size_t b = 0; taken && b < layout->block_count; b++)
        fgf_free(taken[b]);
    fgf_free(taken);
    return status;
}

static bool is_path(const char *path)
{
    return path && path[0] == '/' && strchr(path + 1, '/') && !strstr(path, "//") &&
           path[strlen(path) - 1] != '/';
}

fgf_status layout_check(const fgf_layout *layout)
{
    fgf_status status = FGF_OK;
    static const char *const own[] = {
        FGF_SCALE_TRIAL,   PATH_STATUS,       PATH_CHECKSUM,    PATH_SEAL,
        PATH_CRASHES,      PATH_COMMITTED,    PATH_RUN,         PATH_ERROR,
        PATH_ARCHITECTURE, PATH_RUN_NUMBER,   PATH_WEIGHTS_ROW, FGF_SCALE_CASE,
        FGF_SCALE_NOISE,   FGF_SCALE_FEATURE, FGF_SCALE_DRAW,   FGF_SCALE_EPOCH};
    const size_t own_count = sizeof own / sizeof *own;
    const char **paths = NULL;
    size_t count = 0;
    if (layout->trial_count == 0)
        FGF_FAIL(FGF_USAGE, "the sweep has no trials: there is nothing to run");
    FGF_TRY(FGF_ALLOCATE(own_count + layout->column_count + layout->table_count, &paths));
    for (size_t i = 0; i < own_count; i++)
        paths[count++] = own[i];
    for (size_t c = 0; c < layout->column_count; c++) {
        const fgf_column *column = &layout->columns[c];
        paths[count++] = column->path;
        if (!is_path(column->path) || column->axis_count < 0 ||
            column->axis_count > FGF_COLUMN_AXES ||
            fgf_element_bytes(column->type, column->text_bytes) == 0)
            FGF_FAIL(FGF_INTERNAL, "column %zu of the results layout (%s) is malformed", c,
                     column->path ? column->path : "no path");
    }
    for (size_t i = 0; i < layout->table_count; i++) {
        const fgf_table *table = &layout->tables[i];
        paths[count++] = table->path;
        if (!is_path(table->path) || table->rank < 0 || table->rank > 3 ||
            fgf_element_bytes(table->type, table->text_bytes) == 0)
            FGF_FAIL(FGF_INTERNAL, "table %zu of the results layout (%s) is malformed", i,
                     table->path ? table->path : "no path");
    }
    FGF_TRY(check_unique(paths, count, "dataset"));
    FGF_TRY(check_trials(layout));
    FGF_TRY(check_weights(layout));
done:
    fgf_free(paths);
    return status;
}

double fgf_layout_bytes(const fgf_layout *layout)
{
    double row = FGF_ERROR_TEXT + 2 * FGF_HASH_TEXT + 38, bytes = 0;
    for (size_t c = 0; c < layout->column_count; c++) {
        const fgf_column *column = &layout->columns[c];
        double cells = (double)fgf_element_bytes(column->type, column->text_bytes);
        for (int a = 0; a < column->axis_count; a++)
            cells *= (double)layout->axis_length[column->axes[a]];
        row += cells;
    }
    for (size_t b = 0; b < layout->block_count; b++)
        bytes += (double)sizeof(float) * (double)layout->blocks[b].trial_count *
                 (double)layout->blocks[b].parameter_count;
    for (size_t i = 0; i < layout->table_count; i++) {
        const fgf_table *table = &layout->tables[i];
        double cells = (double)fgf_element_bytes(table->type, table->text_bytes);
        for (int k = 0; k < table->rank; k++)
            cells *= (double)table->extent[k];
        bytes += cells;
    }
    return bytes + row * (double)layout->trial_count;
}

fgf_status layout_check_room(const char *path, const fgf_layout *layout)
{
    fgf_status status = FGF_OK;
    const double needed = fgf_layout_bytes(layout);
    double room = 0;
    FGF_TRY(disk_room(path, &room));
    if (room < needed)
        FGF_FAIL(FGF_ENVIRONMENT,
                 "%s takes %.4g GB for %zu trials, and there is room for %.4g GB: make room, write "
                 "to another file system (--output), or keep less (output.weights: none, fewer "
                 "noise.draws)",
                 path, needed / 1e9, layout->trial_count, room / 1e9);
    if (needed > 1e9)
        fgf_log("%s: laying out %.2f GB for %zu trials", path, needed / 1e9, layout->trial_count);
done:
    return status;
}

static void add_table(fgf_buffer *text, const fgf_table *table)
{
    size_t bytes = fgf_element_bytes(table->type, table->text_bytes);
    fgf_buffer_add(text, "table %s %d %zu %d %d %s %s", table->path, (int)table->type,
                   table->text_bytes, table->rank, table->is_scale, table->unit ? table->unit : "",
                   table->long_name ? table->long_name : "");
    for (int i = 0; i < table->rank; i++) {
        bytes *= table->extent[i];
        fgf_buffer_add(text, " %zu %s", table->extent[i], table->scale[i] ? table->scale[i] : "");
    }
    fgf_buffer_add(text, " %s\n", table->data ? fgf_hash_bytes(table->data, bytes).text : "fill");
}

fgf_status layout_hash(const fgf_layout *layout, fgf_hash *out)
{
    fgf_buffer text = {0};
    fgf_buffer_add(&text, "schema %d dataset %s\n", layout->schema_version, layout->dataset.text);
    for (size_t c = 0; c < layout->column_count; c++) {
        const fgf_column *column = &layout->columns[c];
        fgf_buffer_add(&text, "column %s %d %zu %d", column->path, (int)column->type,
                       column->text_bytes, column->volatile_value);
        for (int i = 0; i < column->axis_count; i++)
            fgf_buffer_add(&text, " %d", (int)column->axes[i]);
        fgf_buffer_add(&text, " %s %s\n", column->unit ? column->unit : "",
                       column->long_name ? column->long_name : "");
    }
    for (int a = 0; a < FGF_AXIS_COUNT; a++) {
        fgf_buffer_add(&text, "axis %zu\n", layout->axis_length[a]);
        for (size_t i = 0; layout->axis_labels[a] && i < layout->axis_length[a]; i++)
            fgf_buffer_add(&text, "label %s\n", layout->axis_labels[a][i]);
    }
    for (size_t i = 0; i < layout->table_count; i++)
        add_table(&text, &layout->tables[i]);
    for (size_t b = 0; b < layout->block_count; b++)
        fgf_buffer_add(&text, "block %s %zu %zu %s\n", layout->blocks[b].architecture.text,
                       layout->blocks[b].parameter_count, layout->blocks[b].trial_count,
                       layout->blocks[b].layer_table ? layout->blocks[b].layer_table : "");
    for (size_t t = 0; t < layout->trial_count; t++)
        fgf_buffer_add(&text, "trial %s %zu %zu\n", layout->trial_ids[t].text,
                       layout->trial_block ? layout->trial_block[t] : SIZE_MAX,
                       layout->trial_weights_row ? layout->trial_weights_row[t] : SIZE_MAX);
    fgf_status status = text.status;
    if (status == FGF_OK)
        *out = fgf_hash_bytes(text.text, text.length);
    fgf_buffer_clear(&text);
    return status;
}
