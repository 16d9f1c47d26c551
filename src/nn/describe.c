/* A layer as a JSON object, settings by its kind's keys. */
#include "model.h"

#include <string.h>

/* The choice number `index` of "a|b|c". */
static void add_choice(fgf_buffer *out, const char *choices, int index)
{
    for (; index > 0 && strchr(choices, '|'); index--)
        choices = strchr(choices, '|') + 1;
    fgf_buffer_add(out, "\"%.*s\"", (int)strcspn(choices, "|"), choices);
}

static void add_value(fgf_buffer *out, const fgf_key *key, const void *member)
{
    switch (key->type) {
    case FGF_KEY_BOOL:
        fgf_buffer_add(out, *(const bool *)member ? "true" : "false");
        break;
    case FGF_KEY_INTEGER:
        fgf_buffer_add(out, "%lld", (long long)*(const int64_t *)member);
        break;
    case FGF_KEY_REAL:
        fgf_buffer_add(out, "%.17g", *(const double *)member);
        break;
    case FGF_KEY_CHOICE:
        add_choice(out, key->choices, *(const int *)member);
        break;
    case FGF_KEY_TEXT:
    case FGF_KEY_FILE:
        fgf_buffer_add_json(out, *(const char *const *)member);
        break;
    case FGF_KEY_REALS: {
        const fgf_reals *list = member;
        fgf_buffer_add(out, "[");
        for (size_t i = 0; i < list->count; i++)
            fgf_buffer_add(out, "%s%.17g", i ? ", " : "", list->values[i]);
        fgf_buffer_add(out, "]");
        break;
    }
    case FGF_KEY_INTEGERS: {
        const fgf_integers *list = member;
        fgf_buffer_add(out, "[");
        for (size_t i = 0; i < list->count; i++)
            fgf_buffer_add(out, "%s%lld", i ? ", " : "", (long long)list->values[i]);
        fgf_buffer_add(out, "]");
        break;
    }
    case FGF_KEY_TEXTS: {
        const fgf_texts *list = member;
        fgf_buffer_add(out, "[");
        for (size_t i = 0; i < list->count; i++) {
            fgf_buffer_add(out, i ? ", " : "");
            fgf_buffer_add_json(out, list->values[i]);
        }
        fgf_buffer_add(out, "]");
        break;
    }
    }
}

static void add_shape(fgf_buffer *out, const char *name, fgf_shape s)
{
    fgf_buffer_add(out, ", \"%s\": [%d, %d, %d, %d]", name, s.channels, s.depth, s.height, s.width);
}

static void add_longs(fgf_buffer *out, const char *name, const long *values, int count)
{
    fgf_buffer_add(out, ", \"%s\": [", name);
    for (int i = 0; i < count; i++)
        fgf_buffer_add(out, "%s%ld", i ? ", " : "", values[i]);
    fgf_buffer_add(out, "]");
}

static void add_array(fgf_buffer *out, const fgf_layer *layer, const fgf_layer_array *array)
{
    long permute[FGF_ARRAY_AXES];
    for (int i = 0; i < array->axes; i++)
        permute[i] = array->permute[i];
    fgf_buffer_add(out, "{\"name\": ");
    fgf_buffer_add_json(out, array->suffix);
    fgf_buffer_add(out, ", \"offset\": %zu, \"count\": %zu",
                   layer->parameter_offset + array->offset, array->count);
    add_longs(out, "stored", array->stored, array->axes);
    add_longs(out, "permute", permute, array->axes);
    add_longs(out, "shape", array->dims, array->rank);
    fgf_buffer_add(out, "}");
}

void fgf_describe_layer(fgf_buffer *out, const fgf_layer *layer, const void *settings)
{
    const fgf_item_kind *item = &layer->kind->item;
    fgf_buffer_add(out, "{\"kind\": ");
    fgf_buffer_add_json(out, item->name);
    fgf_buffer_add(out, ", \"name\": ");
    fgf_buffer_add_json(out, layer->name);
    fgf_buffer_add(out, ", \"settings\": {");
    for (const fgf_key *key = item->keys; key && key->name; key++) {
        fgf_buffer_add(out, key == item->keys ? "" : ", ");
        fgf_buffer_add_json(out, key->name);
        fgf_buffer_add(out, ": ");
        add_value(out, key, (const char *)settings + key->offset);
    }
    fgf_buffer_add(out, "}");
    add_shape(out, "input", layer->input);
    add_shape(out, "output", layer->output);
    fgf_buffer_add(out, ", \"arrays\": [");
    for (int k = 0; k < layer->array_count; k++) {
        fgf_buffer_add(out, k ? ", " : "");
        add_array(out, layer, &layer->array[k]);
    }
    fgf_buffer_add(out, "]}");
}
