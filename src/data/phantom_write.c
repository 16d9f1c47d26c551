#include "fgf/dataset.h"
#include "fgf/memory.h"
#include "fgf/phantom.h"
#include "fgf/text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const struct {
    const char *name, *features;
} traits[] = {
#define TRAIT_ROW(name, text, features) {text, features},
    FGF_TRAIT_TABLE(TRAIT_ROW)
#undef TRAIT_ROW
};

static void add_names(fgf_buffer *out, const char *key, const bool chosen[FGF_TRAIT_COUNT])
{
    const char *comma = "";
    fgf_buffer_add(out, "  %s: [", key);
    for (int t = 0; t < FGF_TRAIT_COUNT; t++)
        if (chosen[t]) {
            fgf_buffer_add(out, "%s%s", comma, traits[t].name);
            comma = ", ";
        }
    fgf_buffer_add(out, "]\n");
}

/* Settings and truth, as YAML. */
static void describe_truth(const fgf_phantom *phantom, fgf_buffer *out)
{
    const fgf_phantom_settings *s = &phantom->settings;
    bool distractor[FGF_TRAIT_COUNT];
    for (int t = 0; t < FGF_TRAIT_COUNT; t++)
        distractor[t] = !phantom->planted[t] && !phantom->correlated[t];
    fgf_buffer_add(out, "phantom:\n  cases: %lld\n  size: %lld\n  spacing: %.17g\n",
                   (long long)s->cases, (long long)s->size, s->spacing);
    if (s->depth > 1)
        fgf_buffer_add(out, "  depth: %lld\n  slice_spacing: %.17g\n", (long long)s->depth,
                       s->slice_spacing);
    fgf_buffer_add(out, "  centres: %lld\n", (long long)s->centres);
    fgf_buffer_add(out, "  channels: %lld\n  prevalence: %.17g\n  strength: %.17g\n",
                   (long long)s->channels, s->prevalence, s->strength);
    fgf_buffer_add(out, "  correlation: %.17g\n  noise: %.17g\n  unlabelled: %.17g\n  seed: %lld\n",
                   s->correlation, s->noise, s->unlabelled, (long long)s->seed);
    fgf_buffer_add(out,
                   "truth:\n  # logit = intercept + strength * (sum of planted traits)\n"
                   "  intercept: %.17g\n",
                   phantom->intercept);
    add_names(out, "planted", phantom->planted);
    add_names(out, "correlated", phantom->correlated);
    add_names(out, "distractors", distractor);
    fgf_buffer_add(out, "  measured_by:\n");
    for (int t = 0; t < FGF_TRAIT_COUNT; t++)
        fgf_buffer_add(out, "    %s: [%s]\n", traits[t].name, traits[t].features);
}

static fgf_cohort describe_cohort(const fgf_phantom_settings *s, const char *preprocessing)
{
    fgf_cohort cohort;
    memset(&cohort, 0, sizeof cohort);
    snprintf(cohort.name, sizeof cohort.name, "phantom");
    cohort.shape = (fgf_shape){(int)s->channels, (int)s->depth, (int)s->size, (int)s->size};
    cohort.spacing[0] = s->depth > 1 ? s->slice_spacing : s->spacing;
    cohort.spacing[1] = cohort.spacing[2] = s->spacing;
    cohort.masked = true;
    for (int c = 0; c < (int)s->channels; c++) {
        fgf_channel *channel = &cohort.channel[c];
        if (c == 0)
            snprintf(channel->name, sizeof channel->name, "ct");
        else
            snprintf(channel->name, sizeof channel->name, "ct%d", c + 1);
        snprintf(channel->unit, sizeof channel->unit, "HU");
        channel->window[0] = FGF_PHANTOM_WINDOW_LOW;
        channel->window[1] = FGF_PHANTOM_WINDOW_HIGH;
        channel->units =
            (fgf_units){FGF_PHANTOM_WINDOW_HIGH - FGF_PHANTOM_WINDOW_LOW, FGF_PHANTOM_WINDOW_LOW};
    }
    cohort.preprocessing = preprocessing;
    return cohort;
}

static void describe_case(const fgf_phantom_case *truth, int64_t mask_pixels, const float *image,
                          size_t image_size, fgf_case *out)
{
    memset(out, 0, sizeof *out);
    snprintf(out->id, sizeof out->id, "phantom-%06llu", (unsigned long long)truth->index + 1);
    memcpy(out->patient, out->id, sizeof out->patient);
    out->centre[0] = (char)('A' + truth->centre);
    out->label = truth->label;
    out->event = truth->label < 0 ? NAN : truth->label;
    out->time = out->follow_up = NAN;
    out->mask_pixels = mask_pixels;
    snprintf(out->mask_source, sizeof out->mask_source, "file");
    snprintf(out->source, sizeof out->source, "fgf phantom");
    memcpy(out->source_hash, fgf_hash_bytes(image, image_size * sizeof *image).text,
           sizeof out->source_hash);
    out->slice = -1;
}

fgf_status fgf_phantom_write(const fgf_phantom_settings *settings, const char *path)
{
    fgf_status status = FGF_OK;
    fgf_phantom phantom;
    fgf_buffer origin = {0}, preprocessing = {0};
    fgf_dataset_writer *writer = NULL;
    fgf_case *cases = NULL;
    float *image = NULL;
    uint8_t *mask = NULL;
    double *work = NULL;
    FGF_TRY(fgf_phantom_init(settings, &phantom));
    const size_t count = (size_t)settings->cases;
    const size_t pixels = (size_t)(settings->depth * settings->size * settings->size);
    const size_t image_size = pixels * (size_t)settings->channels;
    describe_truth(&phantom, &origin);
    FGF_TRY(origin.status);
    fgf_buffer_add(&preprocessing,
                   "phantom; spacing %.17g mm; size %lld px; window [%g, %g] HU; masked",
                   settings->spacing, (long long)settings->size, FGF_PHANTOM_WINDOW_LOW,
                   FGF_PHANTOM_WINDOW_HIGH);
    if (settings->depth > 1)
        fgf_buffer_add(&preprocessing, "; %lld slices of %.17g mm", (long long)settings->depth,
                       settings->slice_spacing);
    FGF_TRY(preprocessing.status);
    const fgf_cohort cohort = describe_cohort(settings, preprocessing.text);
    FGF_TRY(FGF_ALLOCATE(count, &cases));
    FGF_TRY(FGF_ALLOCATE(image_size, &image));
    FGF_TRY(FGF_ALLOCATE(pixels, &mask));
    FGF_TRY(FGF_ALLOCATE(fgf_phantom_work_size(&phantom), &work));
    FGF_TRY(fgf_dataset_writer_create(path, &cohort, count, origin.text, &writer));
    for (size_t i = 0; i < count; i++) {
        const fgf_phantom_case truth = fgf_phantom_draw(&phantom, i);
        int64_t inside = fgf_phantom_render(&phantom, &truth, image, mask, work);
        describe_case(&truth, inside, image, image_size, &cases[i]);
        FGF_TRY(fgf_dataset_writer_put(writer, i, image, mask));
    }
    FGF_TRY(fgf_dataset_writer_finish(writer, cases, 0, NULL, NULL));
done:
    fgf_dataset_writer_destroy(&writer);
    fgf_buffer_clear(&origin);
    fgf_buffer_clear(&preprocessing);
    fgf_free(cases);
    fgf_free(image);
    fgf_free(mask);
    fgf_free(work);
    return status;
}
