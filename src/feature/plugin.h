/* A plug-in as loaded, and the check of its gradient. */
#ifndef FGF_PLUGIN_H
#define FGF_PLUGIN_H

#include "feature_private.h"
#include "fgf/feature_plugin.h"

#include <sys/stat.h>

typedef struct plugin_state {
    void *library;            /* dlopen's */
    const fgf_plugin *plugin; /* in the library */
    void *own;                /* the plug-in's state */
    struct stat file;         /* of the library */
} plugin_state;

/* The plug-in's own call; `place` [3 N] is room for the pixels' places. */
int32_t plugin_call(const plugin_state *state, const fgf_region *region, const double *value,
                    int32_t *place, double *h, double *gradient);

/* Holds the plug-in against differences on seeded regions in images of the feature's shape, with
 * intensities over its units' range. FGF_USAGE with one line that names the worst element, or what
 * else it does not keep to. */
fgf_status plugin_check(const fgf_feature *feature, const plugin_state *state, const fgf_item *item,
                        const char *path) FGF_CHECKED;

#endif
