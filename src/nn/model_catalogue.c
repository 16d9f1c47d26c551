#include "model_catalogue.h"
#include "fgf/memory.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Consecutive items with one stem: the arrays of a layer, or the datasets of a group. */
typedef struct run {
    size_t first, count;
} run;

/* ---- shapes ---- */

const char *catalogue_shape_text(int rank, const uint64_t *dims, char text[SHAPE_TEXT])
{
    size_t used = (size_t)snprintf(text, SHAPE_TEXT, "[");
    for (int i = 0; i < rank && used < SHAPE_TEXT; i++)
        used += (size_t)snprintf(text + used, SHAPE_TEXT - used, "%s%llu", i ? ", " : "",
                                 (unsigned long long)dims[i]);
    if (used < SHAPE_TEXT)
        snprintf(text + used, SHAPE_TEXT - used, rank < 0 ? "more than 5 axes]" : "]");
    return text;
}

/* A shape in PyTorch's form for a plane: a kernel depth of 1 is left out. */
static int plane_shape(int rank, const uint64_t *dims, uint64_t out[SHAPE_RANK])
{
    int kept = 0;
    for (int i = 0; i < rank; i++)
        if (!(rank == 5 && i == 2 && dims[i] == 1))
            out[kept++] = dims[i];
    return kept;
}

int catalogue_shape(const fgf_parameter_array *array, uint64_t out[SHAPE_RANK])
{
    uint64_t dims[SHAPE_RANK];
    for (int i = 0; i < array->rank; i++)
        dims[i] = (uint64_t)array->dims[i];
    return plane_shape(array->rank, dims, out);
}

bool catalogue_fits(const fgf_parameter_array *array, int rank, const uint64_t *dims)
{
    uint64_t wanted[SHAPE_RANK], found[SHAPE_RANK];
    if (rank < 0)
        return false;
    int wanted_rank = catalogue_shape(array, wanted);
    int found_rank = plane_shape(rank, dims, found);
    return wanted_rank == found_rank &&
           memcmp(wanted, found, (size_t)wanted_rank * sizeof wanted[0]) == 0;
}

/* ---- the list ---- */

static size_t stem_of(const char *path)
{
    size_t stem = 0;
    for (size_t i = 0; path[i]; i++)
        if (path[i] == '/' || path[i] == '.')
            stem = i;
    return stem;
}

fgf_status catalogue_add(catalogue *list, const char *path, int rank, const uint64_t *dims)
{
    fgf_status status = FGF_OK;
    candidate *larger = NULL;
    candidate found = {.stem = stem_of(path), .rank = rank};
    for (int i = 0; i < rank; i++)
        found.dims[i] = dims[i];
    if (list->count == list->capacity) {
        FGF_TRY(FGF_ALLOCATE(2 * list->capacity + 16, &larger));
        if (list->count)
            memcpy(larger, list->items, list->count * sizeof *larger);
        fgf_free(list->items);
        list->items = larger;
        list->capacity = 2 * list->capacity + 16;
    }
    FGF_TRY(fgf_copy_text(path, &found.path));
    list->items[list->count++] = found;
done:
    return status;
}

/* Compares as a person would: runs of digits by their value. */
static int natural_order(const char *a, size_t length_a, const char *b, size_t length_b)
{
    size_t i = 0, j = 0;
    while (i < length_a && j < length_b) {
        if (isdigit((unsigned char)a[i]) && isdigit((unsigned char)b[j])) {
            while (i < length_a && a[i] == '0')
                i++;
            while (j < length_b && b[j] == '0')
                j++;
            size_t end_a = i, end_b = j;
            while (end_a < length_a && isdigit((unsigned char)a[end_a]))
                end_a++;
            while (end_b < length_b && isdigit((unsigned char)b[end_b]))
                end_b++;
            if (end_a - i != end_b - j)
                return end_a - i < end_b - j ? -1 : 1;
            int order = memcmp(a + i, b + j, end_a - i);
            if (order)
                return order;
            i = end_a;
            j = end_b;
        } else if (a[i] != b[j]) {
            return (unsigned char)a[i] < (unsigned char)b[j] ? -1 : 1;
        } else {
            i++;
            j++;
        }
    }
    return (i < length_a) - (j < length_b);
}

static int by_stem(const void *left, const void *right)
{
    const candidate *a = left, *b = right;
    int order = natural_order(a->path, a->stem, b->path, b->stem);
    return order ? order : strcmp(a->path, b->path);
}

void catalogue_clear(catalogue *list)
{
    for (size_t i = 0; i < list->count; i++)
        fgf_free(list->items[i].path);
    fgf_free(list->items);
    memset(list, 0, sizeof *list);
}

static void describe_catalogue(const catalogue *list, fgf_buffer *out)
{
    char text[SHAPE_TEXT];
    for (size_t i = 0; i < list->count; i++)
        fgf_buffer_add(out, "%s%s %s", i ? ", " : "", list->items[i].path,
                       catalogue_shape_text(list->items[i].rank, list->items[i].dims, text));
    if (list->count == 0)
        fgf_buffer_add(out, "no floating-point dataset");
}

/* ---- which dataset is which array ---- */

static const candidate *find_path(const catalogue *list, const char *name)
{
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->items[i].path, name) == 0)
            return &list->items[i];
    return NULL;
}

/* An array's own name, with its last '.' also as '/'. */
static const candidate *find_array(const catalogue *list, const fgf_parameter_array *array)
{
    char name[sizeof array->name];
    const candidate *found = find_path(list, array->name);
    if (found)
        return found;
    memcpy(name, array->name, sizeof name);
    char *dot = strrchr(name, '.');
    if (!dot)
        return NULL;
    *dot = '/';
    return find_path(list, name);
}

static bool map_by_name(const catalogue *list, const fgf_model *model, const candidate **of_array)
{
    for (size_t k = 0; k < fgf_model_array_count(model); k++) {
        of_array[k] = find_array(list, fgf_model_array(model, k));
        if (!of_array[k])
            return false;
    }
    return true;
}

/* The arrays of the layer that begins with array `first`. */
static run layer_run(const fgf_model *model, size_t first)
{
    const char *name = fgf_model_array(model, first)->name;
    size_t stem = stem_of(name);
    run layer = {first, 1};
    for (size_t k = first + 1; k < fgf_model_array_count(model); k++, layer.count++) {
        const char *next = fgf_model_array(model, k)->name;
        if (stem_of(next) != stem || strncmp(next, name, stem) != 0)
            break;
    }
    return layer;
}

static run group_run(const catalogue *list, size_t first)
{
    const candidate *head = &list->items[first];
    run group = {first, 1};
    for (size_t i = first + 1; i < list->count; i++, group.count++) {
        const candidate *next = &list->items[i];
        if (next->stem != head->stem || strncmp(next->path, head->path, head->stem) != 0)
            break;
    }
    return group;
}

/* True if each array of the layer has one dataset of its shape in the group; of_array gets them. */
static bool group_fits(const catalogue *list, run group, const fgf_model *model, run layer,
                       const candidate **of_array)
{
    if (group.count != layer.count)
        return false;
    for (size_t k = 0; k < layer.count; k++) {
        size_t matches = 0;
        for (size_t i = 0; i < group.count; i++) {
            const candidate *item = &list->items[group.first + i];
            if (catalogue_fits(fgf_model_array(model, layer.first + k), item->rank, item->dims)) {
                of_array[layer.first + k] = item;
                matches++;
            }
        }
        if (matches != 1)
            return false;
    }
    return true;
}

static bool same_layer_shape(const fgf_model *model, run a, run b)
{
    uint64_t dims_a[SHAPE_RANK], dims_b[SHAPE_RANK];
    if (a.count != b.count)
        return false;
    for (size_t k = 0; k < a.count; k++) {
        int rank_a = catalogue_shape(fgf_model_array(model, a.first + k), dims_a);
        int rank_b = catalogue_shape(fgf_model_array(model, b.first + k), dims_b);
        if (rank_a != rank_b || memcmp(dims_a, dims_b, (size_t)rank_a * sizeof dims_a[0]) != 0)
            return false;
    }
    return true;
}

/* True if two stems differ in their numbers alone: "conv2" and "conv10". */
static bool numbered_alike(const candidate *a, const candidate *b)
{
    size_t i = 0, j = 0;
    for (;;) {
        while (i < a->stem && isdigit((unsigned char)a->path[i]))
            i++;
        while (j < b->stem && isdigit((unsigned char)b->path[j]))
            j++;
        if (i == a->stem || j == b->stem)
            return i == a->stem && j == b->stem;
        if (a->path[i++] != b->path[j++])
            return false;
    }
}

static fgf_status map_layer(const char *path, const catalogue *list, const fgf_model *model,
                            run layer, const candidate **of_array)
{
    fgf_status status = FGF_OK;
    fgf_buffer text = {0};
    size_t position = 0, layers = 0, groups = 0;
    const candidate *head = NULL;
    bool numbered = true;
    const char *name = fgf_model_array(model, layer.first)->name;
    const int stem = (int)stem_of(name);
    for (size_t k = 0; k < fgf_model_array_count(model);) {
        run other = layer_run(model, k);
        if (same_layer_shape(model, layer, other)) {
            layers++;
            position += k < layer.first;
        }
        k += other.count;
    }
    run chosen = {0, 0};
    for (size_t i = 0; i < list->count;) {
        run group = group_run(list, i);
        if (group_fits(list, group, model, layer, of_array)) {
            if (groups++ == position)
                chosen = group;
            if (head)
                numbered = numbered && numbered_alike(head, &list->items[i]);
            head = &list->items[i];
        }
        i += group.count;
    }
    if (groups != layers || !numbered) {
        describe_catalogue(list, &text);
        FGF_TRY(text.status);
    }
    if (groups < layers)
        FGF_FAIL(FGF_DATA,
                 "%s: %zu layer%s of the shape of %.*s, but %zu group%s of datasets of that shape; "
                 "the file has %s",
                 path, layers, layers == 1 ? "" : "s", stem, name, groups, groups == 1 ? "" : "s",
                 text.text);
    if (groups > layers || !numbered)
        FGF_FAIL(FGF_DATA,
                 "%s: it is not clear which datasets are layer %.*s: %zu groups fit %zu layer%s "
                 "and their names do not tell; name the datasets in the model's order. The file "
                 "has %s",
                 path, stem, name, groups, layers, layers == 1 ? "" : "s", text.text);
    group_fits(list, chosen, model, layer, of_array);
done:
    fgf_buffer_clear(&text);
    return status;
}

fgf_status catalogue_map(catalogue *list, const char *path, const fgf_model *model,
                         const candidate **of_array)
{
    fgf_status status = FGF_OK;
    if (list->count)
        qsort(list->items, list->count, sizeof *list->items, by_stem);
    if (map_by_name(list, model, of_array))
        return FGF_OK;
    for (size_t k = 0; k < fgf_model_array_count(model);) {
        run layer = layer_run(model, k);
        FGF_TRY(map_layer(path, list, model, layer, of_array));
        k += layer.count;
    }
done:
    return status;
}
