/* Models for tests, written as text: "conv channels=3 kernel=3,5; prelu; dense units=1". Settings
 * that are not named get their default; lists are separated by commas. Whatever the registry knows
 * can be written, so that a new layer kind needs nothing here. */
#ifndef FGF_TEST_BUILD_MODEL_H
#define FGF_TEST_BUILD_MODEL_H

#include "fgf/nn.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEST_LAYERS = 24, TEST_VALUES = 4, TEST_TEXT = 1024, TEST_WORD = 64 };

typedef struct test_item {
    long long alignment;
    char settings[256];
    int64_t integers[8][TEST_VALUES];
    double reals[8][TEST_VALUES];
    char name[32], where[32];
} test_item;

typedef struct test_items {
    fgf_item item[TEST_LAYERS];
    test_item own[TEST_LAYERS];
    size_t count;
} test_items;

static inline int test_choice(const char *choices, const char *name)
{
    int index = 0;
    for (const char *at = choices; at; index++) {
        if (strncmp(at, name, strlen(name)) == 0 && strchr("|", at[strlen(name)]))
            return index;
        at = strchr(at, '|');
        at = at ? at + 1 : NULL;
    }
    return -1;
}

static inline void test_set(test_item *own, int slot, const fgf_key *key, const char *text)
{
    void *member = own->settings + key->offset;
    char copy[TEST_WORD] = "", *rest = copy;
    assert(strlen(text) < sizeof copy);
    memcpy(copy, text, strlen(text));
    switch (key->type) {
    case FGF_KEY_BOOL:
        *(bool *)member = strcmp(text, "true") == 0;
        break;
    case FGF_KEY_INTEGER:
        *(int64_t *)member = atoll(text);
        break;
    case FGF_KEY_REAL:
        *(double *)member = atof(text);
        break;
    case FGF_KEY_CHOICE:
        *(int *)member = test_choice(key->choices, text);
        break;
    case FGF_KEY_INTEGERS: {
        fgf_integers list = {own->integers[slot], 0};
        for (char *word; (word = strtok_r(rest, ",", &rest));)
            own->integers[slot][list.count++] = atoll(word);
        *(fgf_integers *)member = list;
        break;
    }
    case FGF_KEY_REALS: {
        fgf_reals list = {own->reals[slot], 0};
        for (char *word; (word = strtok_r(rest, ",", &rest));)
            own->reals[slot][list.count++] = atof(word);
        *(fgf_reals *)member = list;
        break;
    }
    default:
        assert(false && "a key type that no layer has had so far");
    }
}

/* NULL, or the name of a required key that `words` does not give. */
static inline const char *test_fill(test_item *own, const fgf_item_kind *kind, char *words)
{
    char value[8][TEST_WORD] = {{0}};
    assert(kind->settings_bytes <= sizeof own->settings);
    for (char *word; (word = strtok_r(words, " ", &words));) {
        char *equals = strchr(word, '=');
        int slot = 0;
        assert(equals);
        *equals = 0;
        while (kind->keys[slot].name && strcmp(kind->keys[slot].name, word) != 0)
            slot++;
        assert(kind->keys[slot].name && slot < 8);
        snprintf(value[slot], sizeof value[slot], "%s", equals + 1);
    }
    for (int slot = 0; kind->keys && kind->keys[slot].name; slot++) {
        const char *text = value[slot][0] ? value[slot] : kind->keys[slot].fallback;
        if (!text)
            return kind->keys[slot].name;
        test_set(own, slot, &kind->keys[slot], text);
    }
    return NULL;
}

/* Fills `items` from `text`; returns NULL or the required key that is missing. */
static inline const char *test_parse(const char *text, test_items *items)
{
    char copy[TEST_TEXT], *rest = copy;
    size_t kinds = 0;
    const fgf_item_kind *const *table = fgf_layer_kinds(&kinds);
    memset(items, 0, sizeof *items);
    snprintf(copy, sizeof copy, "%s", text);
    for (char *line; (line = strtok_r(rest, ";", &rest));) {
        test_item *own = &items->own[items->count];
        fgf_item *item = &items->item[items->count];
        char *words = line;
        char *name = strtok_r(words, " ", &words);
        assert(items->count < TEST_LAYERS);
        for (size_t k = 0; k < kinds; k++)
            if (strcmp(table[k]->name, name) == 0)
                item->kind = table[k];
        assert(item->kind);
        snprintf(own->name, sizeof own->name, "%s_%zu", name, items->count);
        snprintf(own->where, sizeof own->where, "test.yaml:%zu:5", items->count + 10);
        item->name = own->name;
        item->where = own->where;
        item->settings = own->settings;
        const char *missing = test_fill(own, item->kind, words);
        if (missing)
            return missing;
        items->count++;
    }
    return NULL;
}

static inline fgf_status test_model(const char *text, fgf_shape input, fgf_model **model)
{
    test_items *items = malloc(sizeof *items);
    assert(items);
    const char *missing = test_parse(text, items);
    assert(!missing);
    (void)missing;
    fgf_status status = fgf_model_create(items->item, items->count, input, model);
    free(items);
    return status;
}

/* n draws of N(0, scale^2), keyed. */
static inline void test_normal(uint64_t key, double scale, size_t n, fgf_real *out)
{
    fgf_stream stream = fgf_stream_open(7, FGF_PURPOSE_TEST, key, 0);
    for (size_t i = 0; i < n; i++)
        out[i] = (fgf_real)(scale * fgf_stream_normal(&stream));
}

static inline fgf_real *test_reals(size_t n)
{
    /* Aligned as the library's own memory is. */
    const size_t bytes = (n * sizeof(fgf_real) / 64 + 1) * 64;
    fgf_real *block = aligned_alloc(64, bytes);
    assert(block);
    memset(block, 0, bytes);
    return block;
}

#endif
