/* Columns and rows of fgf features. Soft features see x, as they do in training; hard ones see the
 * stored units q of the same voxels. */
#include "feature_table.h"

#include "fgf/memory.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const char *channel_unit(const feature_table *t, int channel)
{
    return fgf_dataset_cohort(t->dataset)->channel[channel].unit;
}

/* "name [unit]" with the channel's unit for q; the name alone where there is no dimension. */
static void add_name(const feature_table *t, const char *name, const char *suffix, const char *unit,
                     int channel, fgf_buffer *out)
{
    fgf_buffer_add(out, "%s%s", name, suffix);
    if (strcmp(unit, "1") == 0 || unit[0] == '\0')
        return;
    if (unit[0] == 'q')
        fgf_buffer_add(out, " [%s%s]", channel_unit(t, channel), unit + 1);
    else
        fgf_buffer_add(out, " [%s]", unit);
}

static fgf_status add_column(feature_table *t, fgf_buffer *name, const feature_column *column)
{
    fgf_status status = FGF_OK;
    feature_column *c = &t->column[t->column_count];
    if (t->column_count == t->room)
        FGF_FAIL(FGF_INTERNAL, "more columns than were counted");
    *c = *column;
    FGF_TRY(name->status);
    FGF_TRY(fgf_copy_text(name->text, &c->name));
    t->column_count++;
done:
    fgf_buffer_clear(name);
    return status;
}

/* The view with these settings, made if it is new; its family is noted. */
static size_t find_view(feature_table *t, const hard_view *wanted, size_t feature)
{
    size_t k = 0;
    while (k < t->view_count &&
           !(t->view[k].view == wanted->view && t->view[k].channel == wanted->channel &&
             t->view[k].low == wanted->low && t->view[k].high == wanted->high &&
             t->view[k].bins == wanted->bins && t->view[k].all == wanted->all))
        k++;
    if (k == t->view_count) {
        t->view[t->view_count++] = *wanted;
        t->view[k].families = 0;
    }
    t->view[k].families |= 1u << fgf_radiomics_feature_at(feature).family;
    return k;
}

/* The hard counterpart's column, behind its soft feature's. */
static fgf_status add_beside(feature_table *t, const fgf_item *item, const fgf_feature *soft)
{
    fgf_status status = FGF_OK;
    const counterpart *which;
    const fgf_cohort *cohort = fgf_dataset_cohort(t->dataset);
    fgf_buffer name = {0};
    size_t feature = counterpart_feature(item, cohort->shape.depth, &which);
    if (feature == SIZE_MAX)
        return FGF_OK;
    hard_view view = {.view = which->view, .channel = fgf_feature_channel(soft)};
    if (which->view == VIEW_MASK)
        view.low = item_number(item, "threshold", 0);
    if (which->view == VIEW_BINS) {
        view.low = item_number(item, "low", 0);
        view.high = item_number(item, "high", 1);
        view.bins = (int)item_number(item, "bins", 32);
    }
    feature_column column = {.soft = SIZE_MAX, .feature = feature, .factor = 1};
    column.view = find_view(t, &view, feature);
    if (which->in_nats)
        column.factor = log(2);
    /* The size of a slice is an area. */
    if (strcmp(item->kind->name, "size") == 0 && cohort->shape.depth == 1)
        column.factor = 1 / cohort->spacing[0];
    add_name(t, item->name, ".hard", fgf_feature_unit(soft), view.channel, &name);
    FGF_TRY(add_column(t, &name, &column));
done:
    fgf_buffer_clear(&name);
    return status;
}

/* A column for every hard feature that the images have: of slices, those by slices; nothing that
 * looks around the region where there is nothing around it. */
static fgf_status add_all_hard(feature_table *t, int channel)
{
    fgf_status status = FGF_OK;
    fgf_buffer name = {0};
    const fgf_cohort *cohort = fgf_dataset_cohort(t->dataset);
    const hard_view view = {.view = VIEW_REGION, .channel = channel, .all = true};
    for (size_t k = 0; k < FGF_RADIOMICS_COUNT; k++) {
        fgf_radiomics_feature f = fgf_radiomics_feature_at(k);
        bool by_slices =
            f.aggregation == FGF_AGGREGATION_NONE || f.aggregation == FGF_AGGREGATION_2D_AVERAGED ||
            f.aggregation == FGF_AGGREGATION_2D_SLICE_MERGED || f.aggregation == FGF_AGGREGATION_2D;
        if ((cohort->shape.depth == 1 && !by_slices) ||
            (cohort->masked && f.family == FGF_RADIOMICS_LOCAL_INTENSITY))
            continue;
        char key[FGF_RADIOMICS_KEY_BYTES];
        fgf_radiomics_key(k, key);
        add_name(t, key, "", f.unit, channel, &name);
        FGF_TRY(add_column(
            t, &name,
            &(feature_column){
                .soft = SIZE_MAX, .view = find_view(t, &view, k), .feature = k, .factor = 1}));
    }
done:
    fgf_buffer_clear(&name);
    return status;
}

static bool is_wanted(const char *name, const char *const *wanted, size_t count)
{
    for (size_t k = 0; k < count; k++)
        if (strcmp(name, wanted[k]) == 0)
            return true;
    return count == 0;
}

static fgf_status add_soft(feature_table *t, const fgf_item *item, enum hard_choice hard)
{
    fgf_status status = FGF_OK;
    fgf_units units[FGF_CHANNELS_MAX];
    fgf_buffer name = {0};
    const fgf_cohort *cohort = fgf_dataset_cohort(t->dataset);
    for (int c = 0; c < cohort->shape.channels; c++)
        units[c] = cohort->channel[c].units;
    FGF_TRY(fgf_feature_create(item, cohort->shape, units, &t->soft[t->soft_count]));
    const fgf_feature *soft = t->soft[t->soft_count++];
    add_name(t, item->name, "", fgf_feature_unit(soft), fgf_feature_channel(soft), &name);
    FGF_TRY(add_column(t, &name, &(feature_column){.soft = t->soft_count - 1, .factor = 1}));
    if (hard != HARD_NONE)
        FGF_TRY(add_beside(t, item, soft));
done:
    fgf_buffer_clear(&name);
    return status;
}

fgf_status feature_table_plan(feature_table *t, const fgf_item *items, size_t item_count,
                              const char *const *wanted, size_t wanted_count, enum hard_choice hard,
                              int channel, bool lenient, fgf_buffer *left_out)
{
    fgf_status status = FGF_OK;
    t->room = 2 * item_count + FGF_RADIOMICS_COUNT;
    FGF_TRY(FGF_ALLOCATE(item_count, &t->soft));
    FGF_TRY(FGF_ALLOCATE(item_count + 1, &t->view));
    FGF_TRY(FGF_ALLOCATE(t->room, &t->column));
    for (size_t k = 0; k < item_count; k++) {
        if (!is_wanted(items[k].name, wanted, wanted_count))
            continue;
        fgf_status added = add_soft(t, &items[k], hard);
        if (added == FGF_USAGE && lenient)
            fgf_buffer_add(left_out, "%s%s", left_out->length ? ", " : "", items[k].name);
        else
            FGF_TRY(added);
    }
    if (hard == HARD_ALL)
        FGF_TRY(add_all_hard(t, channel));
    FGF_TRY(left_out->status);
done:
    return status;
}

void feature_table_clear(feature_table *t)
{
    for (size_t k = 0; t->soft && k < t->soft_count; k++)
        fgf_feature_destroy(&t->soft[k]);
    for (size_t k = 0; t->column && k < t->column_count; k++)
        fgf_free(t->column[k].name);
    fgf_free(t->soft);
    fgf_free(t->view);
    fgf_free(t->column);
    memset(t, 0, sizeof *t);
}

const char *feature_table_reason(uint8_t reason)
{
    return reason >= HARD_REASON
               ? fgf_radiomics_missing_text((fgf_radiomics_missing)(reason - HARD_REASON))
               : fgf_undefined_text((fgf_undefined)reason);
}

/* ---- one case ---- */

typedef struct case_data {
    fgf_real *x; /* [d][h][w][c] */
    uint8_t *mask, *omega, *above;
    double *value; /* [d][h][w] q of one channel */
    fgf_region_owner region;
} case_data;

static void case_data_clear(case_data *c)
{
    fgf_free(c->x);
    fgf_free(c->mask);
    fgf_free(c->omega);
    fgf_free(c->above);
    fgf_free(c->value);
    fgf_region_clear(&c->region);
}

static fgf_status read_case(const feature_table *t, size_t index, case_data *c)
{
    fgf_status status = FGF_OK;
    const fgf_cohort *cohort = fgf_dataset_cohort(t->dataset);
    size_t voxels = (size_t)fgf_shape_pixels(cohort->shape);
    int channels[FGF_CHANNELS_MAX];
    FGF_TRY(FGF_ALLOCATE(voxels * (size_t)cohort->shape.channels, &c->x));
    FGF_TRY(FGF_ALLOCATE(voxels, &c->mask));
    FGF_TRY(FGF_ALLOCATE(voxels, &c->omega));
    FGF_TRY(FGF_ALLOCATE(voxels, &c->above));
    FGF_TRY(FGF_ALLOCATE(voxels, &c->value));
    FGF_TRY(fgf_dataset_read(t->dataset, index, c->x, c->mask));
    for (int k = 0; k < cohort->shape.channels; k++)
        channels[k] = k;
    FGF_TRY(fgf_region_create(cohort->shape, cohort->spacing, c->mask, t->dilate_mm, t->whole,
                              channels, (size_t)cohort->shape.channels, &c->region));
    for (size_t p = 0; p < c->region.region.pixel_count; p++)
        c->omega[c->region.region.pixel[p]] = 1;
done:
    return status;
}

static fgf_status soft_values(const feature_table *t, const case_data *c, double *value,
                              uint8_t *reason)
{
    fgf_status status = FGF_OK;
    const fgf_region *region = &c->region.region;
    fgf_real *compact = NULL;
    double *work = NULL, *h = NULL;
    fgf_undefined *why = NULL;
    size_t most = 0;
    for (size_t k = 0; k < t->soft_count; k++) {
        size_t size = fgf_feature_work_size(t->soft[k], region);
        most = size > most ? size : most;
    }
    FGF_TRY(FGF_ALLOCATE(fgf_region_size(region), &compact));
    FGF_TRY(FGF_ALLOCATE(most, &work));
    FGF_TRY(FGF_ALLOCATE(t->soft_count, &h));
    FGF_TRY(FGF_ALLOCATE(t->soft_count, &why));
    fgf_region_gather(region, c->x, compact);
    fgf_features_evaluate(t->soft, t->soft_count, region, compact, work, h, why, NULL);
    for (size_t k = 0; k < t->column_count; k++) {
        const feature_column *column = &t->column[k];
        if (column->soft == SIZE_MAX)
            continue;
        reason[k] = (uint8_t)why[column->soft];
        value[k] = reason[k] == FGF_UNDEFINED_DEFINED ? h[column->soft] : 0;
    }
done:
    fgf_free(compact);
    fgf_free(work);
    fgf_free(h);
    fgf_free(why);
    return status;
}

/* Stored units of a channel. They mostly were whole numbers, which x, in single precision, keeps to
 * about 1e-7 of the window: enough for a voxel on the border of two bins to change sides. What is
 * so near to a whole number is taken for it. */
static void fill_stored_units(const feature_table *t, const case_data *c, int channel,
                              double *value)
{
    const fgf_cohort *cohort = fgf_dataset_cohort(t->dataset);
    const fgf_units units = cohort->channel[channel].units;
    size_t voxels = (size_t)fgf_shape_pixels(cohort->shape);
    double rounding = 2.5e-7 * (fabs(units.slope) + fabs(units.intercept));
    for (size_t k = 0; k < voxels; k++) {
        double q =
            units.slope * (double)c->x[k * (size_t)cohort->shape.channels + (size_t)channel] +
            units.intercept;
        value[k] = fabs(q - round(q)) <= rounding ? round(q) : q;
    }
}

static fgf_status view_values(const feature_table *t, const hard_view *view, case_data *c,
                              fgf_radiomics_value *out)
{
    fgf_status status = FGF_OK;
    const fgf_cohort *cohort = fgf_dataset_cohort(t->dataset);
    size_t voxels = (size_t)fgf_shape_pixels(cohort->shape);
    fill_stored_units(t, c, view->channel, c->value);
    for (size_t k = 0; k < voxels; k++)
        c->above[k] = c->omega[k] && (view->view != VIEW_MASK || c->value[k] > view->low);
    fgf_radiomics_settings settings = view->all ? t->all : fgf_radiomics_defaults();
    if (view->view == VIEW_BINS) {
        settings.discretisation = FGF_DISCRETISATION_RANGE;
        settings.bins = view->bins;
        settings.lowest = view->low;
        settings.highest = view->high;
    }
    settings.families = view->families;
    const fgf_radiomics_volume volume = {
        .depth = cohort->shape.depth,
        .height = cohort->shape.height,
        .width = cohort->shape.width,
        .spacing = {cohort->spacing[0], cohort->spacing[1], cohort->spacing[2]},
        .value = c->value,
        .shape_mask = c->above};
    FGF_TRY(fgf_radiomics_compute(&volume, &settings, out));
done:
    return status;
}

fgf_status feature_table_row(const feature_table *t, size_t index, double *value, uint8_t *reason)
{
    fgf_status status = FGF_OK;
    case_data c = {0};
    fgf_radiomics_value *hard = NULL;
    FGF_TRY(read_case(t, index, &c));
    FGF_TRY(soft_values(t, &c, value, reason));
    FGF_TRY(FGF_ALLOCATE(FGF_RADIOMICS_COUNT, &hard));
    for (size_t v = 0; v < t->view_count; v++) {
        FGF_TRY(view_values(t, &t->view[v], &c, hard));
        for (size_t k = 0; k < t->column_count; k++) {
            const feature_column *column = &t->column[k];
            if (column->soft != SIZE_MAX || column->view != v)
                continue;
            const fgf_radiomics_value *h = &hard[column->feature];
            bool defined = h->missing == FGF_RADIOMICS_MISSING_NOT;
            reason[k] = defined ? 0 : (uint8_t)(HARD_REASON + h->missing);
            value[k] = defined ? h->value * column->factor : 0;
        }
    }
done:
    if (status == FGF_DATA || status == FGF_USAGE)
        status = fgf_prefix_error("case %s", fgf_dataset_case(t->dataset, index)->id);
    case_data_clear(&c);
    fgf_free(hard);
    return status;
}
