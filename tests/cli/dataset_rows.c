/* A dataset file as text: dataset_rows FILE
 *
 * First a line for the whole (cases, shape, spacing, channels, hash), then a line a case with all
 * that is known of it and the hashes of its image and mask, then a line each excluded case. */
#include "fgf/dataset.h"
#include "fgf/log.h"
#include "fgf/memory.h"

#include <stdio.h>

static size_t pixels_of(fgf_shape shape)
{
    return (size_t)shape.depth * (size_t)shape.height * (size_t)shape.width;
}

static void print_cohort(const fgf_dataset *dataset)
{
    const fgf_cohort *c = fgf_dataset_cohort(dataset);
    printf("cohort %s cases %zu shape %d %d %d %d spacing %g %g %g masked %d hash %s", c->name,
           fgf_dataset_case_count(dataset), c->shape.channels, c->shape.depth, c->shape.height,
           c->shape.width, c->spacing[0], c->spacing[1], c->spacing[2], c->masked,
           fgf_dataset_hash(dataset));
    for (int k = 0; k < c->shape.channels; k++)
        printf(" channel %s [%g, %g] %s", c->channel[k].name, c->channel[k].window[0],
               c->channel[k].window[1], c->channel[k].unit);
    printf("\n");
}

static fgf_status print_case(const fgf_dataset *dataset, size_t index, fgf_real *x, uint8_t *mask)
{
    fgf_status status = FGF_OK;
    const fgf_case *c = fgf_dataset_case(dataset, index);
    const fgf_shape shape = fgf_dataset_cohort(dataset)->shape;
    const size_t pixels = pixels_of(shape);
    FGF_TRY(fgf_dataset_read(dataset, index, x, mask));
    printf("case %s patient %s centre %s label %d event %g time %g follow_up %g mask_pixels %lld "
           "%s source %s %s slice %d of %d spacing %g %g %g regions [%s] image %s mask %s\n",
           c->id, c->patient, c->centre, c->label, c->event, c->time, c->follow_up,
           (long long)c->mask_pixels, c->mask_source, c->source, c->source_hash, (int)c->slice,
           (int)c->slices, c->source_spacing[0], c->source_spacing[1], c->source_spacing[2],
           c->regions, fgf_hash_bytes(x, pixels * (size_t)shape.channels * sizeof *x).text,
           fgf_hash_bytes(mask, pixels).text);
done:
    return status;
}

int main(int argc, char **argv)
{
    fgf_status status = FGF_OK;
    fgf_dataset *dataset = NULL;
    fgf_real *x = NULL;
    uint8_t *mask = NULL;
    fgf_log_setup(true, false);
    if (argc != 2)
        FGF_FAIL(FGF_USAGE, "usage: dataset_rows FILE");
    FGF_TRY(fgf_dataset_open(argv[1], &dataset));
    FGF_TRY(fgf_dataset_verify(dataset));
    const fgf_shape shape = fgf_dataset_cohort(dataset)->shape;
    FGF_TRY(FGF_ALLOCATE(pixels_of(shape) * (size_t)shape.channels, &x));
    FGF_TRY(FGF_ALLOCATE(pixels_of(shape), &mask));
    print_cohort(dataset);
    for (size_t i = 0; i < fgf_dataset_case_count(dataset); i++)
        FGF_TRY(print_case(dataset, i, x, mask));
    for (size_t i = 0; i < fgf_dataset_excluded_count(dataset); i++) {
        const char *id, *reason;
        fgf_dataset_excluded(dataset, i, &id, &reason);
        printf("excluded %s: %s\n", id, reason);
    }
done:
    if (status != FGF_OK)
        fgf_log_error(false);
    fgf_dataset_close(&dataset);
    fgf_free(x);
    fgf_free(mask);
    return fgf_status_exit(status);
}
