/* The features of a trial, those of the regularizer first. */
#include "trial_internal.h"

#include "fgf/memory.h"

#include <string.h>

static fgf_status unknown_feature(const fgf_config *config, const fgf_item *items, size_t count,
                                  const char *given)
{
    fgf_status status = FGF_OK;
    const char **names = NULL;
    FGF_TRY(FGF_ALLOCATE(count, &names));
    for (size_t j = 0; j < count; j++)
        names[j] = items[j].name;
    const char *near = fgf_nearest_name(given, names, count);
    FGF_FAIL(FGF_USAGE, "%s: align.features names '%s', which is not in the list `features`%s%s%s",
             fgf_config_where(config, "align.features"), given, near ? "; did you mean '" : "",
             near ? near : "", near ? "'?" : "");
done:
    fgf_free(names);
    return status;
}

static size_t find_name(const fgf_item *items, size_t count, const char *name)
{
    for (size_t j = 0; j < count; j++)
        if (strcmp(items[j].name, name) == 0)
            return j;
    return SIZE_MAX;
}

fgf_status feature_set_create(const fgf_config *config, const fgf_regularizer_settings *align,
                              const fgf_cohort *cohort, const fgf_axes *axes, feature_set *out)
{
    fgf_status status = FGF_OK;
    const fgf_item *items = NULL;
    size_t count = 0;
    size_t *order = NULL;
    fgf_units units[FGF_CHANNELS_MAX];
    memset(out, 0, sizeof *out);
    for (int c = 0; c < cohort->shape.channels; c++)
        units[c] = cohort->channel[c].units;
    FGF_TRY(fgf_config_items(config, "features", &items, &count));
    FGF_TRY(FGF_ALLOCATE(count, &out->feature));
    FGF_TRY(FGF_ALLOCATE(count, &out->column));
    FGF_TRY(FGF_ALLOCATE(count, &order));
    size_t placed = 0;
    for (size_t k = 0; k < align->features.count; k++) {
        size_t j = find_name(items, count, align->features.values[k]);
        if (j == SIZE_MAX)
            FGF_TRY(unknown_feature(config, items, count, align->features.values[k]));
        for (size_t o = 0; o < placed; o++)
            if (order[o] == j)
                FGF_FAIL(FGF_USAGE, "%s: align.features names '%s' twice",
                         fgf_config_where(config, "align.features"), align->features.values[k]);
        order[placed++] = j;
    }
    out->chosen = placed > 0 ? placed : count;
    for (size_t j = 0; j < count; j++) {
        bool there = false;
        for (size_t o = 0; o < placed && !there; o++)
            there = order[o] == j;
        if (!there)
            order[placed++] = j;
    }
    for (size_t k = 0; k < count; k++) {
        const fgf_item *item = &items[order[k]];
        FGF_TRY(fgf_feature_create(item, cohort->shape, units, &out->feature[k]));
        out->count = k + 1;
        for (size_t a = 0; axes && a < axes->length[FGF_AXIS_FEATURE]; a++)
            if (strcmp(axes->feature[a], item->name) == 0)
                out->column[k] = a;
    }
done:
    fgf_free(order);
    if (status != FGF_OK)
        feature_set_clear(out);
    return status;
}

size_t feature_set_work_size(const feature_set *set, size_t count, const fgf_region *region)
{
    const fgf_region like = {.shape = fgf_region_extent(region),
                             .pixel_count = region->pixel_count};
    size_t most = 0;
    for (size_t k = 0; k < count; k++) {
        const size_t size = fgf_feature_work_size(set->feature[k], &like);
        most = size > most ? size : most;
    }
    return most;
}

void feature_set_clear(feature_set *set)
{
    for (size_t k = 0; k < set->count; k++)
        fgf_feature_destroy(&set->feature[k]);
    fgf_free(set->feature);
    fgf_free(set->column);
    memset(set, 0, sizeof *set);
}
