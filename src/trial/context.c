/* What the trials of one process share: cases in memory, noise maps, and what the masks say. */
#include "trial_internal.h"

#include "fgf/box.h"
#include "fgf/memory.h"

#include <stdio.h>
#include <string.h>

/* A case in memory: the box beyond which image and mask are zero, and what they hold there. An
 * image that is masked takes the room of its tumour, not that of the crop. */
typedef struct kept_case {
    fgf_box box;
    fgf_real *x;   /* [d][h][w][c] of the box; NULL = not in memory */
    uint8_t *mask; /* [d][h][w] of the box */
} kept_case;

/* What the masks say of one Omega. */
typedef struct known_extent {
    struct known_extent *next;
    cohort_extent extent;
    fgf_buffer key;
} known_extent;

struct fgf_context {
    const fgf_dataset *dataset;
    size_t memory_bytes, used_bytes;
    bool spare_core;
    kept_case *kept;   /* [cases] */
    fgf_real *spare_x; /* a whole case */
    uint8_t *spare_mask;
    fgf_box spare_box;  /* beyond which it is zero */
    size_t spare_index; /* which; SIZE_MAX = none */
    fgf_noise_bank *noise;
    fgf_buffer noise_key;  /* what the bank was made for */
    known_extent *extents; /* one for each Omega that was asked for */
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
    FGF_TRY(FGF_ALLOCATE(cases, &context->kept));
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
        for (size_t i = 0; c->kept && i < cases; i++) {
            fgf_free(c->kept[i].x);
            fgf_free(c->kept[i].mask);
        }
        fgf_free(c->kept);
        fgf_free(c->spare_x);
        fgf_free(c->spare_mask);
        fgf_noise_bank_destroy(&c->noise);
        fgf_buffer_clear(&c->noise_key);
        while (c->extents) {
            known_extent *known = c->extents;
            c->extents = known->next;
            fgf_buffer_clear(&known->key);
            fgf_free(known);
        }
        fgf_free(c);
    }
    *context = NULL;
}

const fgf_dataset *fgf_context_dataset(const fgf_context *context)
{
    return context->dataset;
}

void fgf_context_set_spare_core(fgf_context *context, bool spare_core)
{
    context->spare_core = spare_core;
}

bool context_spare_core(const fgf_context *context)
{
    return context->spare_core;
}

bool context_holds(const fgf_context *context, size_t index)
{
    return context->kept[index].x != NULL;
}

/* Keeps the case just read, if there is room. */
static fgf_status keep_case(fgf_context *context, size_t index, const fgf_box *box, fgf_real *x,
                            uint8_t *mask)
{
    fgf_status status = FGF_OK;
    const fgf_shape shape = fgf_dataset_cohort(context->dataset)->shape;
    const fgf_box whole = fgf_box_whole(shape);
    const size_t pixels = (size_t)fgf_box_pixels(box);
    const size_t bytes = pixels * ((size_t)shape.channels * sizeof *x + 1);
    kept_case *kept = &context->kept[index];
    if (context->used_bytes + bytes > context->memory_bytes)
        goto done;
    kept->box = *box;
    FGF_TRY(FGF_ALLOCATE(pixels, &kept->mask));
    FGF_TRY(FGF_ALLOCATE(pixels * (size_t)shape.channels, &kept->x));
    fgf_box_copy(shape.channels, &whole, x, box, kept->x);
    fgf_box_copy_bytes(1, &whole, mask, box, kept->mask);
    context->used_bytes += bytes;
done:
    if (status != FGF_OK) {
        fgf_free(kept->mask);
        kept->mask = NULL;
    }
    return status;
}

fgf_status context_load(fgf_context *context, size_t index, fgf_real *x, uint8_t *mask,
                        fgf_box *box)
{
    fgf_status status = FGF_OK;
    const fgf_shape shape = fgf_dataset_cohort(context->dataset)->shape;
    const fgf_box whole = fgf_box_whole(shape);
    const fgf_real zero[FGF_CHANNELS_MAX] = {0}; /* a pixel */
    const kept_case *kept = &context->kept[index];
    if (!kept->x) {
        *box = whole;
        FGF_TRY(fgf_dataset_read(context->dataset, index, x, mask));
        *box = box_of_case(shape, x, mask);
        FGF_TRY(keep_case(context, index, box, x, mask));
        goto done;
    }
    if (!fgf_box_holds(&kept->box, box)) {
        fgf_box_fill_bytes((size_t)shape.channels * sizeof *x, zero, box, &whole, x);
        fgf_box_fill_bytes(1, zero, box, &whole, mask);
    }
    *box = kept->box;
    fgf_box_copy(shape.channels, box, kept->x, &whole, x);
    fgf_box_copy_bytes(1, box, kept->mask, &whole, mask);
done:
    return status;
}

fgf_status context_case(fgf_context *context, size_t index, case_view *out)
{
    fgf_status status = FGF_OK;
    const fgf_box whole = fgf_box_whole(fgf_dataset_cohort(context->dataset)->shape);
    const kept_case *kept = &context->kept[index];
    if (kept->x && fgf_box_holds(&kept->box, &whole)) {
        *out = (case_view){kept->x, kept->mask};
        goto done;
    }
    if (context->spare_index != index) {
        context->spare_index = SIZE_MAX;
        FGF_TRY(context_load(context, index, context->spare_x, context->spare_mask,
                             &context->spare_box));
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

size_t omega_pixels(const fgf_context *context, const fgf_omega_settings *omega, size_t n)
{
    int channel[FGF_CHANNELS_MAX];
    const size_t channels = omega_channels(fgf_dataset_cohort(context->dataset), omega, channel);
    return channels > 0 ? n / channels : 0;
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

/* Everything that decides which pixels Omega has. */
static void omega_text(const fgf_omega_settings *omega, fgf_buffer *text)
{
    fgf_buffer_add(text, "%d %.17g", omega->region, omega->dilate_mm);
    for (size_t k = 0; k < omega->channels.count; k++)
        fgf_buffer_add(text, " c%lld", (long long)omega->channels.values[k]);
}

/* Everything that decides a bank: two trials with the same text share it. */
static fgf_status noise_text(const fgf_trial_settings *s, const double *sigma, size_t kinds,
                             fgf_buffer *text)
{
    fgf_buffer_add(text, "%lld %lld ", (long long)s->noise.seed, (long long)s->noise.draws);
    omega_text(&s->omega, text);
    for (size_t k = 0; k < kinds; k++)
        fgf_buffer_add(text, " s%.17g", sigma[k]);
    return text->status;
}

/* Marks the pixels of one case's Omega; *n is how many elements it has, *extent that of its box. */
static fgf_status mark_region(const fgf_context *context, const fgf_omega_settings *omega,
                              const uint8_t *mask, uint8_t *used, size_t *n, fgf_shape *extent)
{
    fgf_status status = FGF_OK;
    fgf_region_owner owner = {0};
    FGF_TRY(make_region(context, omega, mask, &owner));
    for (size_t k = 0; k < owner.region.pixel_count; k++)
        used[owner.region.pixel[k]] = 1;
    *n = fgf_region_size(&owner.region);
    *extent = fgf_region_extent(&owner.region);
done:
    fgf_region_clear(&owner);
    return status;
}

/* Marks the pixels that any case's Omega has. */
static fgf_status unite_regions(fgf_context *context, const fgf_omega_settings *omega,
                                uint8_t *used)
{
    fgf_status status = FGF_OK;
    for (size_t i = 0; i < fgf_dataset_case_count(context->dataset); i++) {
        case_view view;
        size_t n = 0;
        fgf_shape extent;
        FGF_TRY(context_case(context, i, &view));
        FGF_TRY(mark_region(context, omega, view.mask, used, &n, &extent));
    }
done:
    return status;
}

static void grow_extent(fgf_shape *most, fgf_shape extent)
{
    most->channels = extent.channels;
    most->depth = extent.depth > most->depth ? extent.depth : most->depth;
    most->height = extent.height > most->height ? extent.height : most->height;
    most->width = extent.width > most->width ? extent.width : most->width;
}

/* Goes through the masks of the cohort once. */
static fgf_status measure_extent(const fgf_context *context, const fgf_omega_settings *omega,
                                 cohort_extent *out)
{
    fgf_status status = FGF_OK;
    const fgf_cohort *cohort = fgf_dataset_cohort(context->dataset);
    const fgf_box whole = fgf_box_whole(cohort->shape);
    const size_t pixels = (size_t)fgf_shape_pixels(cohort->shape);
    uint8_t *used = NULL, *mask = NULL;
    *out = (cohort_extent){0};
    FGF_TRY(FGF_ALLOCATE(pixels, &used));
    FGF_TRY(FGF_ALLOCATE(pixels, &mask));
    for (size_t i = 0; i < fgf_dataset_case_count(context->dataset); i++) {
        size_t n = 0;
        fgf_shape extent;
        FGF_TRY(fgf_dataset_read(context->dataset, i, NULL, mask));
        FGF_TRY(mark_region(context, omega, mask, used, &n, &extent));
        grow_extent(&out->omega, extent);
        const fgf_box box = cohort->masked ? box_of_mask(cohort->shape, mask) : whole;
        out->greatest_n = n > out->greatest_n ? n : out->greatest_n;
        out->case_bytes +=
            (size_t)fgf_box_pixels(&box) * ((size_t)cohort->shape.channels * sizeof(fgf_real) + 1);
    }
    const fgf_box window = box_of_mask(cohort->shape, used);
    out->window = (size_t)fgf_box_pixels(&window);
    for (size_t p = 0; p < pixels; p++)
        out->noise_pixels += used[p];
    if (out->case_bytes > context->memory_bytes)
        out->case_bytes = context->memory_bytes;
done:
    fgf_free(used);
    fgf_free(mask);
    return status;
}

fgf_status context_extent(fgf_context *context, const fgf_omega_settings *omega, cohort_extent *out)
{
    fgf_status status = FGF_OK;
    fgf_buffer text = {0};
    known_extent *known = context->extents;
    omega_text(omega, &text);
    FGF_TRY(text.status);
    while (known && strcmp(text.text, known->key.text) != 0)
        known = known->next;
    if (!known) {
        cohort_extent extent;
        FGF_TRY(measure_extent(context, omega, &extent));
        FGF_TRY(FGF_ALLOCATE(1, &known));
        *known = (known_extent){.next = context->extents, .extent = extent, .key = text};
        context->extents = known;
        memset(&text, 0, sizeof text);
    }
    *out = known->extent;
done:
    fgf_buffer_clear(&text);
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
