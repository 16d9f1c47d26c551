/* A plug-in that is wrong in the way that its setting fault=... says; without one it is the mean,
 * with fault=kinks the mean absolute difference of consecutive pixels, which is right. */
#include "fgf/feature_plugin.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int32_t open_faulty(const fgf_plugin_setting *settings, size_t count, const int32_t shape[3],
                           void **state, char *message, size_t message_bytes)
{
    (void)shape;
    const char *fault = "none";
    for (size_t i = 0; i < count; i++) {
        if (strcmp(settings[i].key, "fault") != 0) {
            snprintf(message, message_bytes, "unknown setting '%s'\nand a second line",
                     settings[i].key);
            return 1;
        }
        fault = settings[i].value;
    }
    char *kept = malloc(strlen(fault) + 1);
    if (!kept)
        return 1;
    strcpy(kept, fault);
    *state = kept;
    return 0;
}

static void find_kinks(const double *intensity, size_t count, double *value, double *gradient)
{
    *value = 0;
    for (size_t i = 0; gradient && i < count; i++)
        gradient[i] = 0;
    for (size_t i = 0; i + 1 < count; i++) {
        const double difference = intensity[i + 1] - intensity[i];
        *value += fabs(difference) / (double)count;
        if (gradient) {
            gradient[i + 1] += copysign(1, difference) / (double)count;
            gradient[i] -= copysign(1, difference) / (double)count;
        }
    }
}

static int32_t evaluate_faulty(void *state, const fgf_plugin_region *region,
                               const double *intensity, double *value, double *gradient)
{
    const char *fault = state;
    const size_t count = region->count;
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += intensity[i];
    *value = sum / (double)count;
    for (size_t i = 0; gradient && i < count; i++)
        gradient[i] = 1 / (double)count;
    if (strcmp(fault, "gradient") == 0 && gradient && count > 3)
        gradient[3] *= 1.01;
    if (strcmp(fault, "kinks") == 0)
        find_kinks(intensity, count, value, gradient);
    if (strcmp(fault, "left out") == 0 && gradient)
        gradient[0] = NAN;
    if (strcmp(fault, "value") == 0 && count > 20)
        *value = INFINITY;
    if (strcmp(fault, "two values") == 0 && gradient)
        *value += 1;
    if (strcmp(fault, "undefined") == 0)
        return 1;
    if (strcmp(fault, "behind") == 0 && gradient)
        gradient[count] = 0;
    if (strcmp(fault, "input") == 0) {
        double other = 7;
        memcpy((void *)(uintptr_t)&intensity[0], &other, sizeof other);
    }
    return 0;
}

extern const fgf_plugin fgf_plugin_feature;
FGF_PLUGIN_EXPORT const fgf_plugin fgf_plugin_feature = {
#ifdef OTHER_VERSION
    .version = 99,
#else
    .version = FGF_PLUGIN_VERSION,
#endif
    .unit = "HU",
    .unit_volume = "HU in volumes",
    .open = open_faulty,
    .close = free,
    .evaluate = evaluate_faulty};
