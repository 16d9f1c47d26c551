/* The check of a plug-in before it is used: its gradient against differences. */
#include "plugin.h"

#include "fgf/memory.h"
#include "fgf/random.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* A region of the check: a box of at most this size in the middle of the image, of whose pixels
 * `share` are in it, at least one. */
typedef struct sample {
    int depth, height, width;
    double share;
    size_t elements; /* of the gradient that are looked at, spread evenly */
} sample;

static const sample samples[] = {{1, 1, 1, 1, 1},
                                 {3, 7, 6, 0.8, 1000},
                                 {4, 9, 8, 0.3, 1000},
                                 {3, 7, 6, 1, 1000},
                                 {6, 24, 24, 1, 24}};
enum { SAMPLES = sizeof samples / sizeof samples[0], GUARD = 8 };

/* The step of the differences, as a share of the intensities' range, and how far a right gradient
 * may be from them, as a share of its largest element: a wrong one is further off than that. */
static const double step_share = 1.0 / 4096, tolerance = 1e-4;

/* A right gradient may be off where the step goes across a kink (of an absolute value, a median):
 * it is then not off at a step that is so much shorter, but for a kink in thousands. */
static const double shorter = 1.0 / 256;

/* What lies behind the gradient and must still do so after a call. */
static const double guard = -0x1.5f3759dfp+100;

typedef struct check {
    const fgf_feature *feature;
    const plugin_state *state;
    const fgf_item *item;
    const char *path;
    const fgf_region *region;
    int32_t *place;
    double *value, *kept, *gradient; /* [N], [N], [N + GUARD] */
    size_t defined;                  /* samples with a value */
} check;

/* "file:line:column: feature 'rim': the plug-in rim.so " begins each refusal. */
#define REFUSE(of, format, ...)                                                                    \
    FGF_FAIL(FGF_USAGE, "%s: feature '%s': the plug-in %s " format, (of)->item->where,             \
             (of)->item->name, (of)->path, __VA_ARGS__)

static fgf_status call(const check *c, double *h, double *gradient, bool *defined)
{
    fgf_status status = FGF_OK;
    const size_t count = c->region->pixel_count, bytes = count * sizeof *c->value;
    memcpy(c->kept, c->value, bytes);
    for (size_t i = 0; i < GUARD; i++)
        c->gradient[count + i] = guard;
    *h = NAN;
    *defined = plugin_call(c->state, c->region, c->value, c->place, h, gradient) == 0;
    if (memcmp(c->kept, c->value, bytes) != 0)
        REFUSE(c, "writes to the intensities of a region of %zu pixels", count);
    for (size_t i = 0; i < GUARD; i++)
        if (c->gradient[count + i] != guard)
            REFUSE(c, "writes behind the gradient of a region of %zu pixels", count);
    if (*defined && !isfinite(*h))
        REFUSE(c, "found h = %g on a region of %zu pixels, expected a finite number",
               isnan(*h) ? NAN : *h, count);
done:
    return status;
}

static fgf_status value_at(const check *c, size_t i, double offset, double *h)
{
    fgf_status status = FGF_OK;
    const double kept = c->value[i];
    bool defined = false;
    c->value[i] = kept + offset;
    FGF_TRY(call(c, h, NULL, &defined));
    if (!defined)
        *h = NAN; /* the edge of where it is defined: nothing to compare with */
    c->value[i] = kept;
done:
    return status;
}

/* Five-point central difference: its error is of the step's fourth power. */
static fgf_status difference(const check *c, size_t i, double step, double *out)
{
    fgf_status status = FGF_OK;
    double h[4] = {NAN, NAN, NAN, NAN};
    for (int k = 0; k < 4; k++)
        FGF_TRY(value_at(c, i, (k < 2 ? k - 2 : k - 1) * step, &h[k]));
    *out = (h[0] - 8 * h[1] + 8 * h[2] - h[3]) / (12 * step);
done:
    return status;
}

/* How far from a difference a right gradient may be whose largest element is `greatest`: the second
 * part is rounding of h itself, for gradients that are zero. */
static double room_for(double greatest, double h, double step)
{
    return tolerance * greatest + 1e-13 * fmax(1, fabs(h)) / step;
}

/* The difference at element i, by the shorter step where only that agrees with the gradient. */
static fgf_status expect(const check *c, size_t i, double h, double greatest, double step,
                         double *out)
{
    fgf_status status = FGF_OK;
    double near = NAN;
    FGF_TRY(difference(c, i, step, out));
    if (!(fabs(*out - c->gradient[i]) > room_for(greatest, h, step)))
        goto done;
    FGF_TRY(difference(c, i, shorter * step, &near));
    if (fabs(near - c->gradient[i]) <= room_for(greatest, h, shorter * step))
        *out = c->gradient[i];
done:
    return status;
}

static fgf_status compare(const check *c, double h, size_t elements)
{
    fgf_status status = FGF_OK;
    const size_t count = c->region->pixel_count, every = (count + elements - 1) / elements;
    const double step = fabs(c->feature->units.slope) * step_share;
    double greatest = 0, worst = 0, expected = 0;
    size_t at = 0;
    for (size_t i = 0; i < count; i++) {
        if (!isfinite(c->gradient[i]))
            REFUSE(c, "found %g in element %zu of a gradient of %zu, expected a finite number",
                   c->gradient[i], i, count);
        greatest = fmax(greatest, fabs(c->gradient[i]));
    }
    for (size_t i = 0; i < count; i += every) {
        double found = NAN;
        FGF_TRY(expect(c, i, h, greatest, step, &found));
        greatest = fmax(greatest, isfinite(found) ? fabs(found) : 0);
        if (fabs(found - c->gradient[i]) > worst) {
            worst = fabs(found - c->gradient[i]);
            expected = found;
            at = i;
        }
    }
    if (worst > room_for(greatest, h, step))
        REFUSE(
            c,
            "has a wrong gradient: element %zu of %zu (slice %d, row %d, column %d): found %.6g, "
            "expected %.6g by central differences",
            at, count, (int)c->place[3 * at], (int)c->place[3 * at + 1], (int)c->place[3 * at + 2],
            c->gradient[at], expected);
done:
    return status;
}

static fgf_status check_region(check *c, size_t elements)
{
    fgf_status status = FGF_OK;
    double h = NAN, alone = NAN;
    bool defined = false, defined_alone = false;
    for (size_t i = 0; i < c->region->pixel_count; i++)
        c->gradient[i] = NAN; /* an element that is left out shows */
    FGF_TRY(call(c, &h, c->gradient, &defined));
    FGF_TRY(call(c, &alone, NULL, &defined_alone));
    if (defined != defined_alone || (defined && h != alone))
        REFUSE(c,
               "gives another value without the gradient: found %.17g, expected %.17g (nan: no "
               "value)",
               defined_alone ? alone : NAN, defined ? h : NAN);
    if (!defined)
        goto done;
    c->defined++;
    FGF_TRY(compare(c, h, elements));
done:
    return status;
}

/* The mask of a sample: its pixels in the middle of the image. */
static void draw_mask(const sample *of, fgf_shape shape, fgf_stream *stream, uint8_t *mask)
{
    const int depth = of->depth < shape.depth ? of->depth : shape.depth;
    const int height = of->height < shape.height ? of->height : shape.height;
    const int width = of->width < shape.width ? of->width : shape.width;
    const int z = (shape.depth - depth) / 2, y = (shape.height - height) / 2;
    const int x = (shape.width - width) / 2;
    for (int k = 0; k < depth; k++)
        for (int j = 0; j < height; j++)
            for (int i = 0; i < width; i++) {
                const size_t row = ((size_t)(z + k) * (size_t)shape.height + (size_t)(y + j));
                const bool first = k == 0 && j == 0 && i == 0;
                mask[row * (size_t)shape.width + (size_t)(x + i)] =
                    first || fgf_stream_uniform(stream) < of->share;
            }
}

static fgf_status check_sample(check *c, const sample *of, uint64_t seed)
{
    fgf_status status = FGF_OK;
    const fgf_shape shape = c->feature->shape;
    const double spacing[3] = {2.5, 0.8, 1.3};
    fgf_stream stream = fgf_stream_open(seed, FGF_PURPOSE_PLUGIN_CHECK, 0, 0);
    fgf_region_owner owner = {0};
    uint8_t *mask = NULL;
    size_t count;
    FGF_TRY(FGF_ALLOCATE(fgf_shape_pixels(shape), &mask));
    draw_mask(of, shape, &stream, mask);
    FGF_TRY(fgf_region_create(shape, spacing, mask, 0, false, &c->feature->channel, 1, &owner));
    c->region = &owner.region;
    count = owner.region.pixel_count;
    FGF_TRY(FGF_ALLOCATE(3 * count, &c->place));
    FGF_TRY(FGF_ALLOCATE(count, &c->value));
    FGF_TRY(FGF_ALLOCATE(count, &c->kept));
    FGF_TRY(FGF_ALLOCATE(count + GUARD, &c->gradient));
    for (size_t i = 0; i < count; i++)
        c->value[i] =
            c->feature->units.slope * fgf_stream_uniform(&stream) + c->feature->units.intercept;
    FGF_TRY(check_region(c, of->elements));
done:
    fgf_free(c->place);
    fgf_free(c->value);
    fgf_free(c->kept);
    fgf_free(c->gradient);
    fgf_free(mask);
    fgf_region_clear(&owner);
    return status;
}

fgf_status plugin_check(const fgf_feature *feature, const plugin_state *state, const fgf_item *item,
                        const char *path)
{
    fgf_status status = FGF_OK;
    check c = {.feature = feature, .state = state, .item = item, .path = path};
    for (size_t s = 0; s < SAMPLES; s++) {
        c.place = NULL;
        c.value = c.kept = c.gradient = NULL;
        FGF_TRY(check_sample(&c, &samples[s], s));
    }
    if (c.defined == 0)
        REFUSE(&c,
               "has no value on any of the %d regions that its gradient is checked on, the "
               "largest of 24 x 24 pixels",
               (int)SAMPLES);
done:
    return status;
}
