/* Writes a layout as a new HDF5 file: every group, dataset, scale and attribute it will ever have,
 * allocated at once and filled. */
#include "create_dataset.h"
#include "layout.h"

#include "fgf/memory.h"

#include <stdio.h>
#include <string.h>

static fgf_status create_scales(const creation *c, const fgf_layout *layout, size_t run_capacity)
{
    fgf_status status = FGF_OK;
    FGF_TRY(create_dataset(c, &(plan){.path = FGF_SCALE_TRIAL,
                                      .type = FGF_TEXT,
                                      .text_bytes = FGF_HASH_TEXT,
                                      .rank = 1,
                                      .extent = {layout->trial_count},
                                      .data = layout->trial_ids,
                                      .long_name = "hash of the trial's full configuration",
                                      .scale_name = "trial"}));
    FGF_TRY(create_index_scale(c, PATH_RUN_NUMBER, "run", run_capacity));
    for (int a = 0; a < FGF_AXIS_COUNT; a++) {
        plan p = {.path = image_axis_scale[a],
                  .long_name = image_axis_name[a],
                  .scale_name = image_axis_name[a]};
        if (layout->axis_labels[a])
            FGF_TRY(create_texts(c, p, layout->axis_labels[a], layout->axis_length[a]));
        else
            FGF_TRY(create_index_scale(c, p.path, image_axis_name[a], layout->axis_length[a]));
    }
done:
    return status;
}

/* Tables: those that are scales first, since others attach to them. */
static fgf_status create_tables(const creation *c, const fgf_layout *layout, bool scales)
{
    fgf_status status = FGF_OK;
    for (size_t i = 0; i < layout->table_count; i++) {
        const fgf_table *table = &layout->tables[i];
        if (table->is_scale != scales)
            continue;
        plan p = {.path = table->path,
                  .type = table->type,
                  .text_bytes = table->text_bytes,
                  .rank = table->rank,
                  .data = table->data,
                  .unit = table->unit,
                  .long_name = table->long_name,
                  .scale_name = table->is_scale ? strrchr(table->path, '/') + 1 : NULL};
        for (int k = 0; k < table->rank; k++) {
            p.extent[k] = table->extent[k];
            p.scale[k] = table->scale[k];
        }
        FGF_TRY(create_dataset(c, &p));
    }
done:
    return status;
}

static fgf_status create_columns(const creation *c, const fgf_layout *layout)
{
    fgf_status status = FGF_OK;
    for (size_t i = 0; i < layout->column_count; i++) {
        const fgf_column *column = &layout->columns[i];
        plan p = {.path = column->path,
                  .type = column->type,
                  .text_bytes = column->text_bytes,
                  .rank = 1 + column->axis_count,
                  .extent = {layout->trial_count},
                  .unit = column->unit,
                  .long_name = column->long_name,
                  .scale = {FGF_SCALE_TRIAL}};
        for (int a = 0; a < column->axis_count; a++) {
            p.extent[1 + a] = layout->axis_length[column->axes[a]];
            p.scale[1 + a] = image_axis_scale[column->axes[a]];
        }
        FGF_TRY(create_dataset(c, &p));
    }
done:
    return status;
}

static fgf_hash architecture_of(const fgf_layout *layout, size_t trial)
{
    size_t block = layout->trial_block ? layout->trial_block[trial] : SIZE_MAX;
    return block == SIZE_MAX ? (fgf_hash){{0}} : layout->blocks[block].architecture;
}

/* /trial/<what the store itself knows of a trial>. */
static fgf_status create_trials(const creation *c, const fgf_layout *layout)
{
    fgf_status status = FGF_OK;
    const size_t count = layout->trial_count;
    fgf_hash *architectures = NULL;
    FGF_TRY(FGF_ALLOCATE(count, &architectures));
    for (size_t t = 0; t < count; t++)
        architectures[t] = architecture_of(layout, t);
    const plan own[] = {
        {.path = PATH_STATUS,
         .type = FGF_I8,
         .long_name = "0 not run, 1 running, 2 done, 3 failed, 4 no longer asked for",
         .fill_zero = true},
        {.path = PATH_CHECKSUM,
         .type = FGF_I64,
         .long_name = "XXH3 of the trial's row; without it the row does not count",
         .is_unsigned = true,
         .fill_zero = true},
        {.path = PATH_SEAL,
         .type = FGF_I64,
         .long_name = "XXH3 of what is small of the row, of its status and of its checksum",
         .is_unsigned = true,
         .fill_zero = true},
        {.path = PATH_CRASHES,
         .type = FGF_I8,
         .long_name = "how often a process ended at the trial",
         .fill_zero = true},
        {.path = PATH_COMMITTED,
         .type = FGF_F64,
         .unit = "s",
         .long_name = "when the row was written, seconds since 1970-01-01 UTC"},
        {.path = PATH_RUN, .type = FGF_I32, .long_name = "row of /run that computed it"},
        {.path = PATH_ERROR,
         .type = FGF_TEXT,
         .text_bytes = FGF_ERROR_TEXT,
         .long_name = "why the trial failed; empty where it did not"},
        {.path = PATH_ARCHITECTURE,
         .type = FGF_TEXT,
         .text_bytes = FGF_HASH_TEXT,
         .long_name = "hash of the architecture: /model/<architecture>",
         .data = architectures},
        {.path = PATH_WEIGHTS_ROW,
         .type = FGF_I32,
         .long_name = "row of /model/<architecture>/weights; -1 where none are kept"}};
    for (size_t i = 0; i < sizeof own / sizeof *own; i++) {
        plan p = own[i];
        p.rank = 1;
        p.extent[0] = count;
        p.scale[0] = FGF_SCALE_TRIAL;
        FGF_TRY(create_dataset(c, &p));
    }
done:
    fgf_free(architectures);
    return status;
}

static fgf_status create_runs(const creation *c, size_t capacity)
{
    fgf_status status = FGF_OK;
    for (int i = 0; i < RUN_COLUMNS; i++)
        FGF_TRY(create_dataset(c, &(plan){.path = image_run_columns[i].path,
                                          .type = image_run_columns[i].type,
                                          .text_bytes = image_run_columns[i].text_bytes,
                                          .rank = 1,
                                          .extent = {capacity},
                                          .long_name = image_run_columns[i].long_name,
                                          .scale = {PATH_RUN_NUMBER}}));
done:
    return status;
}

/* /model/<architecture>: which trial owns which row, the parameters' numbers, weights, layers. */
static fgf_status create_block(const creation *c, const fgf_layout *layout, size_t b)
{
    fgf_status status = FGF_OK;
    const fgf_model_block *block = &layout->blocks[b];
    const char *layers = block->layer_table ? block->layer_table : "";
    char trial[96], parameter[96], weights[96], table[96];
    fgf_hash *owners = NULL;
    snprintf(trial, sizeof trial, "/model/%s/trial", block->architecture.text);
    snprintf(parameter, sizeof parameter, "/model/%s/parameter", block->architecture.text);
    snprintf(weights, sizeof weights, "/model/%s/weights", block->architecture.text);
    snprintf(table, sizeof table, "/model/%s/layers", block->architecture.text);
    FGF_TRY(FGF_ALLOCATE(block->trial_count, &owners));
    for (size_t t = 0; layout->trial_weights_row && t < layout->trial_count; t++)
        if (layout->trial_weights_row[t] != SIZE_MAX && layout->trial_block[t] == b)
            owners[layout->trial_weights_row[t]] = layout->trial_ids[t];
    FGF_TRY(create_dataset(c, &(plan){.path = trial,
                                      .type = FGF_TEXT,
                                      .text_bytes = FGF_HASH_TEXT,
                                      .rank = 1,
                                      .extent = {block->trial_count},
                                      .data = owners,
                                      .long_name = "id of the trial whose weights the row holds",
                                      .scale_name = "trial"}));
    FGF_TRY(create_index_scale(c, parameter, "parameter", block->parameter_count));
    FGF_TRY(create_dataset(c, &(plan){.path = weights,
                                      .type = FGF_F32,
                                      .rank = 2,
                                      .extent = {block->trial_count, block->parameter_count},
                                      .long_name = "trained parameters, in the order of the layers",
                                      .scale = {trial, parameter}}));
    FGF_TRY(create_dataset(c, &(plan){.path = table,
                                      .type = FGF_TEXT,
                                      .text_bytes = strlen(layers) + 1,
                                      .data = layers,
                                      .long_name = "the layers"}));
done:
    fgf_free(owners);
    return status;
}

/* /layout: what a writer needs to know and cannot see from the datasets themselves. */
static fgf_status create_bookkeeping(const creation *c, const fgf_layout *layout,
                                     const size_t *asked)
{
    fgf_status status = FGF_OK;
    const size_t columns = layout->column_count, trials = layout->trial_count;
    int64_t lengths[2 * FGF_AXIS_COUNT];
    const char **paths = NULL;
    int8_t *axes = NULL, *is_volatile = NULL;
    int32_t *rows = NULL;
    FGF_TRY(FGF_ALLOCATE(columns, &paths));
    FGF_TRY(FGF_ALLOCATE(columns, &is_volatile));
    FGF_TRY(FGF_ALLOCATE(columns * FGF_COLUMN_AXES, &axes));
    FGF_TRY(FGF_ALLOCATE(trials, &rows));
    for (size_t i = 0; i < columns; i++) {
        const fgf_column *column = &layout->columns[i];
        paths[i] = column->path;
        is_volatile[i] = column->volatile_value != 0;
        for (int a = 0; a < FGF_COLUMN_AXES; a++)
            axes[i * FGF_COLUMN_AXES + (size_t)a] =
                a < column->axis_count ? (int8_t)column->axes[a] : -1;
    }
    for (int a = 0; a < FGF_AXIS_COUNT; a++) {
        lengths[a] = (int64_t)asked[a];
        lengths[FGF_AXIS_COUNT + a] = (int64_t)layout->axis_length[a];
    }
    for (size_t t = 0; t < trials; t++) {
        size_t row = layout->trial_weights_row ? layout->trial_weights_row[t] : SIZE_MAX;
        rows[t] = row == SIZE_MAX ? -1 : (int32_t)row;
    }
    FGF_TRY(create_texts(c,
                         (plan){.path = PATH_LAYOUT_COLUMN,
                                .long_name = "columns in the order of a row's checksum",
                                .scale_name = "column"},
                         paths, columns));
    const plan tables[] = {
        {.path = PATH_LAYOUT_AXES,
         .type = FGF_I8,
         .rank = 2,
         .extent = {columns, FGF_COLUMN_AXES},
         .data = axes,
         .long_name = "axes after the trial: 0 case, 1 feature, 2 noise, 3 draw, 4 epoch, -1 none",
         .scale = {PATH_LAYOUT_COLUMN}},
        {.path = PATH_LAYOUT_VOLATILE,
         .type = FGF_I8,
         .rank = 1,
         .extent = {columns},
         .data = is_volatile,
         .long_name = "1 where values differ from run to run: times, hosts",
         .scale = {PATH_LAYOUT_COLUMN}},
        {.path = PATH_LAYOUT_LENGTH,
         .type = FGF_I64,
         .rank = 2,
         .extent = {2, FGF_AXIS_COUNT},
         .data = lengths,
         .long_name = "length of each axis: as the sweep asks, as in the file"},
        {.path = PATH_LAYOUT_WEIGHTS_ROW,
         .type = FGF_I32,
         .rank = 1,
         .extent = {trials},
         .data = rows,
         .long_name = "row of weights set aside for the trial; -1 none",
         .scale = {FGF_SCALE_TRIAL}}};
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
        FGF_TRY(create_dataset(c, &tables[i]));
done:
    fgf_free(paths);
    fgf_free(axes);
    fgf_free(is_volatile);
    fgf_free(rows);
    return status;
}

static fgf_status create_attributes(const creation *c, const fgf_layout *layout,
                                    const fgf_hash *hash)
{
    fgf_status status = FGF_OK;
    char version[16];
    snprintf(version, sizeof version, "%d", layout->schema_version);
    FGF_TRY(create_text_attribute(c, c->file, STORE_VERSION_NAME, STORE_VERSION));
    FGF_TRY(create_text_attribute(c, c->file, "schema_version", version));
    FGF_TRY(create_text_attribute(c, c->file, "dataset_hash", layout->dataset.text));
    FGF_TRY(create_text_attribute(c, c->file, "layout_hash", hash->text));
    for (size_t i = 0; i < layout->attribute_count; i++)
        FGF_TRY(create_text_attribute(c, c->file, layout->attributes[i].name,
                                      layout->attributes[i].text));
done:
    return status;
}

static fgf_status create_all(const creation *c, const fgf_layout *layout, const size_t *asked,
                             const fgf_hash *hash)
{
    fgf_status status = FGF_OK;
    size_t run_capacity = layout->run_capacity ? layout->run_capacity : RUN_CAPACITY;
    FGF_TRY(create_attributes(c, layout, hash));
    FGF_TRY(create_scales(c, layout, run_capacity));
    FGF_TRY(create_tables(c, layout, true));
    FGF_TRY(create_tables(c, layout, false));
    FGF_TRY(create_trials(c, layout));
    FGF_TRY(create_columns(c, layout));
    FGF_TRY(create_runs(c, run_capacity));
    for (size_t b = 0; b < layout->block_count; b++)
        FGF_TRY(create_block(c, layout, b));
    FGF_TRY(create_bookkeeping(c, layout, asked));
done:
    return status;
}

fgf_status layout_create(const char *path, const fgf_layout *layout, const size_t *asked,
                         const fgf_hash *hash)
{
    fgf_status status = FGF_OK;
    creation creating = {.file = -1, .links = -1, .path = path};
    const creation *c = &creating;
    hid_t access = -1;
    hdf5_quiet();
    TRY_HDF5(access = hdf5_access_list());
    TRY_HDF5(creating.links = H5Pcreate(H5P_LINK_CREATE));
    TRY_HDF5(H5Pset_create_intermediate_group(creating.links, 1));
    TRY_HDF5(creating.file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, access));
    FGF_TRY(create_all(c, layout, asked, hash));
    herr_t closed = H5Fclose(creating.file);
    creating.file = -1;
    TRY_HDF5(closed);
done:
    if (creating.file >= 0)
        H5Fclose(creating.file);
    if (creating.links >= 0)
        H5Pclose(creating.links);
    if (access >= 0)
        H5Pclose(access);
    return status;
}
