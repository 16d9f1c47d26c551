/* Columns, the axes of a sweep's results, and rows. */
#include "trial_internal.h"

#include "fgf/memory.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const fgf_column table[FGF_TRIAL_COLUMNS] = {
#define FGF_COLUMN(name, path_, type_, count_, axes_, unit_, volatile_, long_name_)                \
    {.path = path_,                                                                                \
     .type = type_,                                                                                \
     .axis_count = count_,                                                                         \
     .axes = axes_,                                                                                \
     .unit = unit_,                                                                                \
     .long_name = long_name_,                                                                      \
     .volatile_value = volatile_},
#include "fgf/columns.def"
#undef FGF_COLUMN
};

enum { NAME_BYTES = 64 };

size_t fgf_column_element_bytes(const fgf_column *column)
{
    return fgf_element_bytes(column->type, column->text_bytes);
}

size_t fgf_axes_elements(const fgf_axes *axes, size_t column)
{
    const fgf_column *c = &axes->columns[column];
    size_t elements = 1;
    for (int a = 0; a < c->axis_count; a++)
        elements *= axes->length[c->axes[a]];
    return elements;
}

/* Adds a name (and, for features, its unit) to an axis unless it is there. */
static fgf_status add_label(char ***labels, size_t *count, const char *label, size_t *position)
{
    fgf_status status = FGF_OK;
    char **larger = NULL;
    for (*position = 0; *position < *count; (*position)++)
        if (strcmp((*labels)[*position], label) == 0)
            return FGF_OK;
    FGF_TRY(FGF_ALLOCATE(*count + 1, &larger));
    if (*count > 0)
        memcpy(larger, *labels, *count * sizeof *larger);
    fgf_free(*labels);
    *labels = larger;
    FGF_TRY(fgf_copy_text(label, &larger[*count]));
    (*count)++;
done:
    return status;
}

/* A feature gives its unit in "q", the stored unit of its channel, which the cohort knows by name.
 */
static fgf_status copy_unit(const fgf_feature *feature, const fgf_cohort *cohort, char **out)
{
    fgf_status status = FGF_OK;
    char unit[48];
    const char *given = fgf_feature_unit(feature);
    if (given[0] == 'q')
        snprintf(unit, sizeof unit, "%.16s%.16s",
                 cohort->channel[fgf_feature_channel(feature)].unit, given + 1);
    else
        snprintf(unit, sizeof unit, "%.40s", given);
    FGF_TRY(fgf_copy_text(unit, out));
done:
    return status;
}

static fgf_status add_trial(fgf_axes *axes, const fgf_config *config, const fgf_cohort *cohort,
                            size_t *unit_count)
{
    fgf_status status = FGF_OK;
    fgf_trial_settings settings;
    const fgf_item *items = NULL;
    fgf_feature *feature = NULL;
    fgf_units units[FGF_CHANNELS_MAX];
    size_t count = 0, position = 0;
    double sigma[NOISE_KINDS];
    for (int c = 0; c < cohort->shape.channels; c++)
        units[c] = cohort->channel[c].units;
    FGF_TRY(fgf_trial_settings_read(config, &settings));
    FGF_TRY(fgf_config_items(config, "features", &items, &count));
    for (size_t j = 0; j < count; j++) {
        FGF_TRY(
            add_label(&axes->feature, &axes->length[FGF_AXIS_FEATURE], items[j].name, &position));
        if (position < *unit_count)
            continue;
        FGF_TRY(fgf_feature_create(&items[j], cohort->shape, units, &feature));
        /* Units are a list beside the names, not a set: room for one more, then the copy. */
        char **larger = NULL;
        FGF_TRY(FGF_ALLOCATE(*unit_count + 1, &larger));
        if (*unit_count > 0)
            memcpy(larger, axes->feature_unit, *unit_count * sizeof *larger);
        fgf_free(axes->feature_unit);
        axes->feature_unit = larger;
        FGF_TRY(copy_unit(feature, cohort, &larger[*unit_count]));
        (*unit_count)++;
        fgf_feature_destroy(&feature);
    }
    size_t kinds = noise_kinds(&settings.noise, sigma);
    for (size_t k = 0; k < kinds; k++) {
        char name[NAME_BYTES];
        noise_name(sigma[k], name, sizeof name);
        FGF_TRY(add_label(&axes->noise, &axes->length[FGF_AXIS_NOISE], name, &position));
    }
    if ((size_t)settings.noise.draws > axes->length[FGF_AXIS_DRAW])
        axes->length[FGF_AXIS_DRAW] = (size_t)settings.noise.draws;
    if ((size_t)settings.train.epochs > axes->length[FGF_AXIS_EPOCH])
        axes->length[FGF_AXIS_EPOCH] = (size_t)settings.train.epochs;
done:
    fgf_feature_destroy(&feature);
    return status;
}

static bool is_number(const char *text)
{
    char *end = NULL;
    if (!text)
        return true; /* absent in this trial: NaN */
    errno = 0;
    (void)strtod(text, &end);
    return *text != '\0' && *end == '\0' && errno == 0;
}

/* A column for a swept key: a number where every trial's value is one, else a text. */
static fgf_status add_swept(fgf_axes *axes, const fgf_sweep *sweep, size_t axis)
{
    fgf_status status = FGF_OK;
    size_t k = FGF_TRIAL_COLUMNS + axis, longest = 1;
    const char *path = fgf_sweep_axis(sweep, axis);
    bool numeric = true;
    fgf_buffer name = {0};
    for (size_t i = 0; i < fgf_sweep_trial_count(sweep); i++) {
        const char *value = fgf_config_value(fgf_sweep_trial(sweep, i), path);
        numeric = numeric && is_number(value);
        if (value && strlen(value) > longest)
            longest = strlen(value);
    }
    fgf_buffer_add(&name, "/trial/%s", path);
    FGF_TRY(name.status);
    axes->columns[k] = (fgf_column){.path = name.text, /* kept: freed with the axes */
                                    .type = numeric ? FGF_F64 : FGF_TEXT,
                                    .text_bytes = numeric ? 0 : longest + 1,
                                    .unit = numeric ? "as in the sweep" : "",
                                    .long_name = "swept key"};
    FGF_TRY(fgf_copy_text(path, &axes->swept[axis]));
done:
    return status;
}

fgf_status fgf_axes_create(const fgf_sweep *sweep, const fgf_dataset *dataset, fgf_axes **out)
{
    fgf_status status = FGF_OK;
    fgf_axes *axes = NULL;
    size_t swept = fgf_sweep_axis_count(sweep), units = 0;
    *out = NULL;
    FGF_TRY(FGF_ALLOCATE(1, &axes));
    FGF_TRY(FGF_ALLOCATE(FGF_TRIAL_COLUMNS + swept, &axes->columns));
    FGF_TRY(FGF_ALLOCATE(swept, &axes->swept));
    memcpy(axes->columns, table, sizeof table);
    axes->column_count = FGF_TRIAL_COLUMNS;
    for (size_t a = 0; a < swept; a++) {
        axes->column_count++;
        FGF_TRY(add_swept(axes, sweep, a));
    }
    axes->length[FGF_AXIS_CASE] = fgf_dataset_case_count(dataset);
    for (size_t i = 0; i < fgf_sweep_trial_count(sweep); i++)
        FGF_TRY(add_trial(axes, fgf_sweep_trial(sweep, i), fgf_dataset_cohort(dataset), &units));
    /* An axis of length 0 has no place in the file: one absent entry stands for it. */
    if (axes->length[FGF_AXIS_EPOCH] == 0)
        axes->length[FGF_AXIS_EPOCH] = 1;
    *out = axes;
    axes = NULL;
done:
    fgf_axes_destroy(&axes);
    return status;
}

void fgf_axes_destroy(fgf_axes **axes)
{
    fgf_axes *a = *axes;
    if (a) {
        for (size_t j = 0; a->feature && j < a->length[FGF_AXIS_FEATURE]; j++) {
            fgf_free(a->feature[j]);
            if (a->feature_unit)
                fgf_free(a->feature_unit[j]);
        }
        for (size_t k = 0; a->noise && k < a->length[FGF_AXIS_NOISE]; k++)
            fgf_free(a->noise[k]);
        for (size_t s = FGF_TRIAL_COLUMNS; s < a->column_count; s++) {
            fgf_free((void *)(uintptr_t)a->columns[s].path);
            fgf_free(a->swept[s - FGF_TRIAL_COLUMNS]);
        }
        fgf_free(a->feature);
        fgf_free(a->feature_unit);
        fgf_free(a->noise);
        fgf_free(a->columns);
        fgf_free(a->swept);
        fgf_free(a);
    }
    *axes = NULL;
}

static void fill(const fgf_column *column, void *value, size_t elements)
{
    if (column->type == FGF_F64) {
        for (size_t k = 0; k < elements; k++)
            ((double *)value)[k] = NAN;
    } else if (column->type == FGF_I32) {
        for (size_t k = 0; k < elements; k++)
            ((int32_t *)value)[k] = -1;
    } else if (column->type == FGF_I8) {
        memset(value, -1, elements);
    }
}

fgf_status fgf_row_create(const fgf_axes *axes, fgf_row **out)
{
    fgf_status status = FGF_OK;
    fgf_row *row = NULL;
    *out = NULL;
    FGF_TRY(FGF_ALLOCATE(1, &row));
    row->axes = axes;
    FGF_TRY(FGF_ALLOCATE(axes->column_count, &row->value));
    for (size_t c = 0; c < axes->column_count; c++) {
        size_t elements = fgf_axes_elements(axes, c);
        FGF_TRY(fgf_allocate_bytes(elements, fgf_column_element_bytes(&axes->columns[c]),
                                   &row->value[c]));
        fill(&axes->columns[c], row->value[c], elements);
    }
    *out = row;
    row = NULL;
done:
    fgf_row_destroy(&row);
    return status;
}

void fgf_row_destroy(fgf_row **row)
{
    fgf_row *r = *row;
    if (r) {
        for (size_t c = 0; r->value && c < r->axes->column_count; c++)
            fgf_free(r->value[c]);
        fgf_free(r->value);
        fgf_free(r->parameters);
        fgf_free(r);
    }
    *row = NULL;
}

void fgf_row_set_swept(const fgf_row *row, const fgf_config *config)
{
    const fgf_axes *axes = row->axes;
    for (size_t c = FGF_TRIAL_COLUMNS; c < axes->column_count; c++) {
        const char *value = fgf_config_value(config, axes->swept[c - FGF_TRIAL_COLUMNS]);
        if (!value)
            continue;
        if (axes->columns[c].type == FGF_F64)
            *(double *)row->value[c] = strtod(value, NULL);
        else
            strncpy(row->value[c], value, axes->columns[c].text_bytes - 1);
    }
}

double *fgf_row_f64(const fgf_row *row, fgf_trial_column column)
{
    return row->value[column];
}
int32_t *fgf_row_i32(const fgf_row *row, fgf_trial_column column)
{
    return row->value[column];
}
int8_t *fgf_row_i8(const fgf_row *row, fgf_trial_column column)
{
    return row->value[column];
}

/* The elements of one case in a column whose first axis is the case. */
static size_t per_case(const trial *t, fgf_trial_column column)
{
    return fgf_axes_elements(t->row->axes, column) / t->case_count;
}

double *case_f64(const trial *t, fgf_trial_column column, size_t i)
{
    return fgf_row_f64(t->row, column) + i * per_case(t, column);
}
int32_t *case_i32(const trial *t, fgf_trial_column column, size_t i)
{
    return fgf_row_i32(t->row, column) + i * per_case(t, column);
}
int8_t *case_i8(const trial *t, fgf_trial_column column, size_t i)
{
    return fgf_row_i8(t->row, column) + i * per_case(t, column);
}
