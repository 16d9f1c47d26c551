/* What the tests of features share: an item with its defaults, a region from a mask. */
#ifndef FGF_FEATURE_TEST_H
#define FGF_FEATURE_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fgf/feature.h"
#include "fgf/random.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static inline const fgf_item_kind *find_kind(const char *name)
{
    size_t count;
    const fgf_item_kind *const *kinds = fgf_feature_kinds(&count);
    for (size_t i = 0; i < count; i++)
        if (strcmp(kinds[i]->name, name) == 0)
            return kinds[i];
    fail_msg("no feature '%s'", name);
    return NULL;
}

/* Sets one member by its key. */
static inline void set_key(const fgf_item_kind *kind, void *settings, const char *name,
                           const char *text)
{
    for (const fgf_key *key = kind->keys; key->name; key++) {
        char *member = (char *)settings + key->offset;
        if (strcmp(key->name, name) != 0)
            continue;
        if (key->type == FGF_KEY_INTEGER)
            *(int64_t *)(void *)member = strtoll(text, NULL, 10);
        else if (key->type == FGF_KEY_REAL)
            *(double *)(void *)member = strtod(text, NULL);
        else if (key->type == FGF_KEY_FILE)
            *(const char **)(void *)member = text;
        else if (key->type == FGF_KEY_TEXTS && strcmp(text, "[]") == 0)
            *(fgf_texts *)(void *)member = (fgf_texts){NULL, 0};
        else
            fail_msg("key '%s' has a type that features do not use", name);
        return;
    }
    fail_msg("feature '%s' has no key '%s'", kind->name, name);
}

/* Sets a list of texts, borrowed. */
static inline void set_texts(const fgf_item_kind *kind, void *settings, const char *name,
                             const char *const *texts, size_t count)
{
    for (const fgf_key *key = kind->keys; key->name; key++)
        if (strcmp(key->name, name) == 0 && key->type == FGF_KEY_TEXTS)
            *(fgf_texts *)(void *)((char *)settings + key->offset) = (fgf_texts){texts, count};
}

typedef struct test_item {
    fgf_item item;
    double settings[16]; /* any feature's settings struct, aligned */
} test_item;

/* An item with the defaults of its table; a key without one gets `required`. */
static inline void set_defaults(test_item *item, const char *name, const char *required)
{
    memset(item, 0, sizeof *item);
    item->item = (fgf_item){find_kind(name), name, item->settings, "sweep.yaml:7:3"};
    assert_true(item->item.kind->settings_bytes <= sizeof item->settings);
    for (const fgf_key *key = item->item.kind->keys; key->name; key++)
        set_key(item->item.kind, item->settings, key->name,
                key->fallback ? key->fallback : required);
}

/* A map file of the crop's size with weights that are all different; removed by the caller. */
static inline void write_map(const char *path, fgf_shape shape)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fprintf(file, "# a comment\n\n");
    for (int row = 0; row < shape.depth * shape.height; row++)
        for (int x = 0; x < shape.width; x++)
            fprintf(file, "%.17g%s", sin(1 + 0.7 * (row * shape.width + x)),
                    x + 1 < shape.width ? ", " : "\n");
    assert_int_equal(fclose(file), 0);
}

/* h of compact x over the region. */
static inline double value_of(const fgf_feature *feature, const fgf_region *region,
                              const fgf_real *compact)
{
    double h;
    double *work = calloc(fgf_feature_work_size(feature, region) + 1, sizeof *work);
    assert_non_null(work);
    fgf_undefined reason = fgf_feature_evaluate(feature, region, compact, work, &h, NULL);
    assert_true(isnan(h) == (reason != FGF_UNDEFINED_DEFINED));
    free(work);
    return h;
}

#endif
