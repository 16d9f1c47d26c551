/* What the trials of one process share: cases in memory, noise maps, and how they are selected. */
#include "trial_internal.h"

#include "fgf/memory.h"

#include <stdio.h>
#include <string.h>

struct fgf_context {
    const fgf_dataset *dataset;
    size_t memory_bytes, used_bytes;
    fgf_real **x;      /* [cases], NULL = not in memory */
    uint8_t **mask;    /* [cases] */
    fgf_real *spare_x; /* the last case that found no room */
    uint8_t *spare_mask;
    size_t spare_index;
    fgf_noise_bank *noise;
    fgf_buffer noise_key; /* what the bank was made for */
};

fgf_status fgf_context_create(const fgf_dataset *dataset, size_t memory_bytes, fgf_context **out)
{
    fgf_status status = FGF_OK;
    fgf_context *context = NULL;
    size_t cases = fgf_dataset_case_count(dataset);
    fgf_shape shape = fgf_dataset_cohort(dataset)->shape;
    *out = NULL;
    FGF_TRY(FGF_ALLOCATE(1, &context));
    context->dataset = dataset;
    context->memory_bytes = memory_bytes;
    context->spare_index = SIZE_MAX;
    FGF_TRY(FGF_ALLOCATE(cases, &context->x));
    FGF_TRY(FGF_ALLOCATE(cases, &context->mask));
    FGF_TRY(FGF_ALLOCATE(fgf_shape_size(shape), &context->spare_x));
    FGF_TRY(FGF_ALLOCATE(fgf_shape_pixels(shape), &context->spare_mask));
    *out = context;
    context = NULL;
done:
    fgf_context_destroy(&context);
    return status;
}

void fgf_context_destroy(fgf_context **context)
{
    fgf_context *c = *context;
    if (c) {
        size_t cases = fgf_dataset_case_count(c->dataset);
        for (size_t i = 0; i < cases; i++) {
            if (c->x)
                fgf_free(c->x[i]);
            if (c->mask)
                fgf_free(c->mask[i]);
        }
        fgf_free(c->x);
        fgf_free(c->mask);
        fgf_free(c->spare_x);
        fgf_free(c->spare_mask);
        fgf_noise_bank_destroy(&c->noise);
        fgf_buffer_clear(&c->noise_key);
        fgf_free(c);
    }
    *context = NULL;
}

const fgf_dataset *fgf_context_dataset(const fgf_context *context)
{
    return context->dataset;
}

fgf_status context_case(fgf_context *context, size_t index, case_view *out)
{
    fgf_status status = FGF_OK;
    fgf_shape shape = fgf_dataset_cohort(context->dataset)->shape;
    size_t size = (size_t)fgf_shape_size(shape), pixels = (size_t)fgf_shape_pixels(shape);
    size_t bytes = size * sizeof(fgf_real) + pixels;
    if (!context->x[index] && context->used_bytes + bytes <= context->memory_bytes) {
        FGF_TRY(FGF_ALLOCATE(pixels, &context->mask[index]));
        FGF_TRY(FGF_ALLOCATE(size, &context->x[index]));
        status = fgf_dataset_read(context->dataset, index, context->x[index], context->mask[index]);
        if (status != FGF_OK) {
            fgf_free(context->x[index]);
            context->x[index] = NULL;
            FGF_TRY(status);
        }
        context->used_bytes += bytes;
    }
    if (context->x[index]) {
        *out = (case_view){context->x[index], context->mask[index]};
        goto done;
    }
    if (context->spare_index != index) {
        context->spare_index = SIZE_MAX;
        FGF_TRY(fgf_dataset_read(context->dataset, index, context->spare_x, context->spare_mask));
        context->spare_index = index;
    }
    *out = (case_view){context->spare_x, context->spare_mask};
done:
    return status;
}

/* The channels of Omega: all, or those named. */
static size_t omega_channels(const fgf_cohort *cohort, const fgf_omega_settings *omega,
                             int channel[FGF_CHANNELS_MAX])
{
    size_t count = 0;
    for (int c = 0; c < cohort->shape.channels; c++) {
        bool wanted = omega->channels.count == 0;
        for (size_t k = 0; k < omega->channels.count; k++)
            wanted = wanted || omega->channels.values[k] == c;
        if (wanted)
            channel[count++] = c;
    }
    return count;
}

fgf_status make_region(const fgf_context *context, const fgf_omega_settings *omega,
                       const uint8_t *mask, fgf_region_owner *out)
{
    const fgf_cohort *cohort = fgf_dataset_cohort(context->dataset);
    int channel[FGF_CHANNELS_MAX];
    size_t channels = omega_channels(cohort, omega, channel);
    return fgf_region_create(cohort->shape, cohort->spacing, mask, omega->dilate_mm,
                             omega->region == FGF_OMEGA_CROP, channel, channels, out);
}

size_t noise_kinds(const fgf_noise_plan *plan, double sigma[NOISE_KINDS])
{
    size_t count = 0;
    if (plan->white)
        sigma[count++] = 0;
    for (size_t k = 0; k < plan->smooth.count && count < NOISE_KINDS; k++)
        sigma[count++] = plan->smooth.values[k];
    return count;
}

void noise_name(double sigma, char *name, size_t bytes)
{
    if (sigma > 0)
        snprintf(name, bytes, "smooth_%g", sigma);
    else
        snprintf(name, bytes, "white");
}

/* Everything that decides a bank: two trials with the same text share it. */
static fgf_status noise_text(const fgf_trial_settings *s, const double *sigma, size_t kinds,
                             fgf_buffer *text)
{
    fgf_buffer_add(text, "%lld %lld %d %.17g", (long long)s->noise.seed, (long long)s->noise.draws,
                   s->omega.region, s->omega.dilate_mm);
    for (size_t k = 0; k < s->omega.channels.count; k++)
        fgf_buffer_add(text, " c%lld", (long long)s->omega.channels.values[k]);
    for (size_t k = 0; k < kinds; k++)
        fgf_buffer_add(text, " s%.17g", sigma[k]);
    return text->status;
}

/* Marks the pixels that any case's Omega has. */
static fgf_status unite_regions(fgf_context *context, const fgf_omega_settings *omega,
                                uint8_t *used)
{
    fgf_status status = FGF_OK;
    fgf_region_owner owner = {0};
    for (size_t i = 0; i < fgf_dataset_case_count(context->dataset); i++) {
        case_view view;
        FGF_TRY(context_case(context, i, &view));
        FGF_TRY(make_region(context, omega, view.mask, &owner));
        for (size_t k = 0; k < owner.region.pixel_count; k++)
            used[owner.region.pixel[k]] = 1;
        fgf_region_clear(&owner);
    }
done:
    fgf_region_clear(&owner);
    return status;
}

fgf_status context_noise(fgf_context *context, const fgf_trial_settings *settings,
                         fgf_noise_bank **out)
{
    fgf_status status = FGF_OK;
    const fgf_cohort *cohort = fgf_dataset_cohort(context->dataset);
    double sigma[NOISE_KINDS];
    int channel[FGF_CHANNELS_MAX];
    size_t kinds = noise_kinds(&settings->noise, sigma);
    size_t channels = omega_channels(cohort, &settings->omega, channel);
    fgf_buffer text = {0};
    uint8_t *used = NULL;
    *out = NULL;
    if (kinds == 0)
        return FGF_OK;
    FGF_TRY(noise_text(settings, sigma, kinds, &text));
    if (!context->noise || strcmp(text.text, context->noise_key.text) != 0) {
        fgf_noise_bank_destroy(&context->noise);
        FGF_TRY(FGF_ALLOCATE(fgf_shape_pixels(cohort->shape), &used));
        FGF_TRY(unite_regions(context, &settings->omega, used));
        FGF_TRY(fgf_noise_bank_create((uint64_t)settings->noise.seed, (size_t)settings->noise.draws,
                                      sigma, kinds, cohort->shape, used, channel, channels,
                                      &context->noise));
        fgf_buffer_clear(&context->noise_key);
        context->noise_key = text;
        memset(&text, 0, sizeof text);
    }
    *out = context->noise;
done:
    fgf_buffer_clear(&text);
    fgf_free(used);
    return status;
}

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

void feature_set_clear(feature_set *set)
{
    for (size_t k = 0; k < set->count; k++)
        fgf_feature_destroy(&set->feature[k]);
    fgf_free(set->feature);
    fgf_free(set->column);
    memset(set, 0, sizeof *set);
}
