/* A feature of one's own: how much brighter the rim of the tumour is than its core, bounded so that
 * a few extreme pixels do not decide:
 *
 *     c = mean over the rim - mean over the core,   h = scale tanh(c / scale)
 *     dh/dq_i = (1 - tanh(c / scale)^2) * (1 / N_rim on the rim, -1 / N_core in the core)
 *
 * The rim is what has a neighbour outside of the region in its slice, above, below, left or right.
 *
 *     cc -std=c11 -O2 -fPIC -shared -I<fgf>/include rim_contrast.c -o rim_contrast.so -lm
 *
 * rim_contrast.yaml uses it. */
#include "fgf/feature_plugin.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct contrast {
    double scale;
    unsigned char *inside; /* the whole image; zero between calls */
} contrast;

static int32_t open_contrast(const fgf_plugin_setting *settings, size_t count,
                             const int32_t shape[3], void **state, char *message,
                             size_t message_bytes)
{
    contrast *c = calloc(1, sizeof *c);
    *state = c;
    if (c)
        c->inside = calloc((size_t)shape[0] * (size_t)shape[1] * (size_t)shape[2], 1);
    if (!c || !c->inside) {
        snprintf(message, message_bytes, "out of memory");
        return 1;
    }
    c->scale = 100;
    for (size_t i = 0; i < count; i++) {
        char *end = NULL;
        if (strcmp(settings[i].key, "scale") != 0) {
            snprintf(message, message_bytes, "unknown setting '%s', expected scale",
                     settings[i].key);
            return 1;
        }
        c->scale = strtod(settings[i].value, &end);
        if (end == settings[i].value || *end || !(c->scale > 0)) {
            snprintf(message, message_bytes, "scale=%s, expected a number above 0",
                     settings[i].value);
            return 1;
        }
    }
    return 0;
}

static void close_contrast(void *state)
{
    contrast *c = state;
    if (c)
        free(c->inside);
    free(c);
}

static size_t index_of(const fgf_plugin_region *region, const int32_t *place)
{
    const size_t row = (size_t)place[0] * (size_t)region->shape[1] + (size_t)place[1];
    return row * (size_t)region->shape[2] + (size_t)place[2];
}

static int is_rim(const contrast *c, const fgf_plugin_region *region, const int32_t *place)
{
    const size_t at = index_of(region, place), width = (size_t)region->shape[2];
    const int32_t row = place[1], column = place[2];
    return row == 0 || !c->inside[at - width] || row == region->shape[1] - 1 ||
           !c->inside[at + width] || column == 0 || !c->inside[at - 1] ||
           column == region->shape[2] - 1 || !c->inside[at + 1];
}

static int32_t evaluate_contrast(void *state, const fgf_plugin_region *region,
                                 const double *intensity, double *value, double *gradient)
{
    contrast *c = state;
    double sum[2] = {0, 0}, number[2] = {0, 0};
    for (size_t i = 0; i < region->count; i++)
        c->inside[index_of(region, region->place + 3 * i)] = 1;
    for (size_t i = 0; i < region->count; i++) {
        const int rim = is_rim(c, region, region->place + 3 * i);
        sum[rim] += intensity[i];
        number[rim]++;
    }
    const int defined = number[0] > 0 && number[1] > 0;
    const double t = defined ? tanh((sum[1] / number[1] - sum[0] / number[0]) / c->scale) : 0;
    *value = c->scale * t;
    for (size_t i = 0; gradient && i < region->count; i++) {
        const int rim = is_rim(c, region, region->place + 3 * i);
        gradient[i] = (1 - t * t) * (rim ? 1 : -1) / number[rim];
    }
    for (size_t i = 0; i < region->count; i++)
        c->inside[index_of(region, region->place + 3 * i)] = 0;
    return defined ? 0 : 1;
}

FGF_PLUGIN_EXPORT const fgf_plugin fgf_plugin_feature = {.version = FGF_PLUGIN_VERSION,
                                                         .unit = "q",
                                                         .open = open_contrast,
                                                         .close = close_contrast,
                                                         .evaluate = evaluate_contrast};
