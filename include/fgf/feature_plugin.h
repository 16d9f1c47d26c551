/* A feature of your own, as a shared object. This header is all that it needs; it includes nothing
 * of fgf. experiments/plugin/rim_contrast.c is a whole example. In the sweep:
 *
 *     features:
 *       - plugin: {name: rim, file: rim_contrast.so, settings: [scale=100]}
 *
 * `file` is a path, relative to the file that names it; nothing is searched for in the places where
 * the system keeps libraries. What the shared object holds becomes part of a trial's identity: a
 * trial is run again when it was built anew.
 *
 * Build:   cc -std=c11 -O2 -fPIC -shared -I<fgf>/include rim_contrast.c -o rim_contrast.so -lm
 *
 * The shared object exports one symbol, the constant fgf_plugin_feature:
 *
 *     FGF_PLUGIN_EXPORT const fgf_plugin fgf_plugin_feature = {
 *         .version = FGF_PLUGIN_VERSION, .unit = "q", .evaluate = evaluate};
 *
 * Before it is used, its gradient is held against central differences on small seeded regions with
 * intensities all over the stored range; where it is wrong, where a value is not finite, depends on
 * whether the gradient is asked for, or is undefined on all of them, the plug-in is refused. Kinks,
 * as of an absolute value or a median, are allowed: at one, the gradient of either side will do.
 *
 * What it may count on, and what it must keep to:
 * - Calls for one state come one after another, in any thread. Several states may live at once.
 *   The value must depend on nothing but the state as opened and the arguments, or a trial would
 *   not give the same bits again.
 * - Each rank of an MPI job is a process that loads the file for itself. No MPI calls, no output on
 *   stdout, no exit(), no signal handlers; the process may fork, so no threads that stay.
 * - Sums in double: rounding to float shows in the differences as a wrong gradient.
 * - The floating-point environment, the locale and the working directory are left as they are.
 * - It runs within the program: what it writes beyond the arrays that it is given, or a crash in
 *   it, ends the program. A trial that crashes time and again is given up as any other. */
#ifndef FGF_FEATURE_PLUGIN_H
#define FGF_FEATURE_PLUGIN_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Of everything below. A plug-in of another version is refused. */
#define FGF_PLUGIN_VERSION 1

#if defined(__GNUC__)
#define FGF_PLUGIN_EXPORT __attribute__((visibility("default")))
#else
#define FGF_PLUGIN_EXPORT
#endif

/* One "key=value" of the sweep; the value may be empty. */
typedef struct fgf_plugin_setting {
    const char *key, *value;
} fgf_plugin_setting;

/* Omega, the pixels that the feature is of. All of it is lent for the call. */
typedef struct fgf_plugin_region {
    int32_t shape[3];     /* of the whole image: depth, height, width; depth is 1 in 2-D */
    double spacing[3];    /* mm from pixel to pixel: z, y, x */
    size_t count;         /* N, at least 1 */
    const int32_t *place; /* [N][3] slice, row, column of each pixel, in raster order */
} fgf_plugin_region;

typedef struct fgf_plugin {
    int32_t version;         /* FGF_PLUGIN_VERSION; the first member in every version */
    const char *unit;        /* of the value: "mm", "1", "q"; q = the stored unit, HU of a CT */
    const char *unit_volume; /* where depth > 1; NULL = the same */

    /* OPTIONAL (NULL): takes the settings, count of them, for images of `shape` as above, and
     * leaves what it needs in *state (NULL before). 0 = taken; else one line in message
     * [message_bytes] says what is wrong. Without it no settings are taken. */
    int32_t (*open)(const fgf_plugin_setting *settings, size_t count, const int32_t shape[3],
                    void **state, char *message, size_t message_bytes);

    /* OPTIONAL: frees what open left in *state, also where it failed; not called for NULL. */
    void (*close)(void *state);

    /* REQUIRED: *value = h of the intensities `intensity` [N] in stored units (HU of a CT), and, if
     * gradient is not NULL, gradient [N] = dh / d intensity, every element written. 0 = defined;
     * anything else: h has no value or no gradient there, the case counts as missing. */
    int32_t (*evaluate)(void *state, const fgf_plugin_region *region, const double *intensity,
                        double *value, double *gradient);
} fgf_plugin;

#ifdef __cplusplus
}
#endif

#endif
