/* An image with a mask and one feature of it at a time. */
#ifndef FGF_FEATURE_SCENE_H
#define FGF_FEATURE_SCENE_H

#include "unit/feature/feature_test.h"

enum { SCENE_PIXELS = 12000 };

typedef struct scene {
    fgf_shape shape;
    double spacing[3];
    uint8_t mask[SCENE_PIXELS];
    double image[SCENE_PIXELS]; /* stored units; x is the same */
    double gradient[SCENE_PIXELS];
} scene;

typedef struct setting_text {
    const char *key, *text;
} setting_text;

/* h, and the gradient into s->gradient (0 outside the mask). `settings` ends with a NULL key. */
static inline fgf_undefined scene_evaluate(scene *s, const char *name, const setting_text *settings,
                                           double *h)
{
    const int channel = 0;
    const fgf_units identity = {1, 0};
    test_item item;
    fgf_feature *feature = NULL;
    fgf_region_owner owner;
    set_defaults(&item, name, NULL);
    for (; settings && settings->key; settings++)
        set_key(item.item.kind, item.settings, settings->key, settings->text);
    assert_int_equal(fgf_feature_create(&item.item, s->shape, &identity, &feature), FGF_OK);
    assert_int_equal(
        fgf_region_create(s->shape, s->spacing, s->mask, 0, false, &channel, 1, &owner), FGF_OK);
    const fgf_region *region = &owner.region;
    fgf_real *x = calloc(2 * region->pixel_count + 1, sizeof *x), *v = x + region->pixel_count;
    const size_t work_size = fgf_feature_work_size(feature, region);
    double *work = malloc((work_size + 1) * sizeof *work);
    for (size_t i = 0; i < work_size; i++)
        work[i] = NAN; /* what an earlier evaluation left behind */
    for (size_t i = 0; i < region->pixel_count; i++)
        x[i] = (fgf_real)s->image[region->pixel[i]];
    const fgf_undefined reason = fgf_feature_evaluate(feature, region, x, work, h, v);
    memset(s->gradient, 0, sizeof s->gradient);
    for (size_t i = 0; i < region->pixel_count; i++)
        s->gradient[region->pixel[i]] = (double)v[i];
    free(x);
    free(work);
    fgf_region_clear(&owner);
    fgf_feature_destroy(&feature);
    return reason;
}

/* The same of a feature that is defined. */
static inline double scene_value(scene *s, const char *name, const setting_text *settings)
{
    double h = NAN;
    const fgf_undefined reason = scene_evaluate(s, name, settings, &h);
    if (reason != FGF_UNDEFINED_DEFINED)
        fail_msg("%s: %s", name, fgf_undefined_text(reason));
    return h;
}

static inline size_t scene_pixels(const scene *s)
{
    return (size_t)fgf_shape_pixels(s->shape);
}

#endif
