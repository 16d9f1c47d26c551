#include "convert.h"

#include "element.h"

#include "fgf/memory.h"

#include <string.h>

static size_t mapped(const size_t *map, size_t index)
{
    return map ? map[index] : index;
}

void image_spread(int axis_count, size_t element, const size_t *from_extent, const void *from,
                  const size_t *to_extent, void *to, const size_t *const *map)
{
    size_t n[FGF_COLUMN_AXES] = {1, 1, 1}, m[FGF_COLUMN_AXES] = {1, 1, 1};
    const size_t *way[FGF_COLUMN_AXES] = {NULL, NULL, NULL};
    for (int a = 0; a < axis_count; a++) {
        n[a] = from_extent[a];
        m[a] = to_extent[a];
        way[a] = map ? map[a] : NULL;
    }
    for (size_t i = 0; i < n[0]; i++)
        for (size_t j = 0; j < n[1]; j++)
            for (size_t k = 0; k < n[2]; k++) {
                size_t p = mapped(way[0], i), q = mapped(way[1], j), r = mapped(way[2], k);
                if (p >= m[0] || q >= m[1] || r >= m[2])
                    continue;
                memcpy((char *)to + ((p * m[1] + q) * m[2] + r) * element,
                       (const char *)from + ((i * n[1] + j) * n[2] + k) * element, element);
            }
}

fgf_status image_labels(const store_image *image, fgf_axis axis, char **out, size_t *text_bytes)
{
    fgf_status status = FGF_OK;
    const catalog_entry *entry = catalog_find(&image->catalog, image_axis_scale[axis]);
    *out = NULL;
    *text_bytes = 0;
    if (!entry || entry->type != FGF_TEXT || entry->rank != 1 ||
        entry->extent[0] != image->axis_length[axis])
        return FGF_OK;
    FGF_TRY(image_read_all(image, entry, (void **)out));
    *text_bytes = entry->element_bytes;
    for (size_t i = 0; i < entry->extent[0]; i++)
        (*out)[i * *text_bytes + *text_bytes - 1] = 0;
done:
    return status;
}

/* Where each label of one file stands in another; NULL where that is where it stood. */
static fgf_status map_axis(const store_image *from, const store_image *to, fgf_axis axis,
                           size_t **map)
{
    fgf_status status = FGF_OK;
    char *before = NULL, *after = NULL;
    size_t before_bytes = 0, after_bytes = 0;
    const size_t count = from->axis_length[axis], there = to->axis_length[axis];
    bool same = true;
    FGF_TRY(image_labels(from, axis, &before, &before_bytes));
    FGF_TRY(image_labels(to, axis, &after, &after_bytes));
    if (!before || !after)
        goto done;
    FGF_TRY(FGF_ALLOCATE(count, map));
    for (size_t i = 0; i < count; i++) {
        const char *label = before + i * before_bytes;
        size_t k = i;
        if (k >= there || strcmp(label, after + k * after_bytes) != 0)
            for (k = 0; k < there && strcmp(label, after + k * after_bytes) != 0;)
                k++;
        (*map)[i] = k < there ? k : SIZE_MAX;
        same = same && k == i;
    }
    if (same) {
        fgf_free(*map);
        *map = NULL;
    }
done:
    fgf_free(before);
    fgf_free(after);
    return status;
}

/* The column of another file that holds the same quantity, or NULL. */
static const image_column *same_column(const store_image *from, const image_column *column)
{
    for (size_t c = 0; c < from->column_count; c++) {
        const image_column *other = &from->columns[c];
        if (strcmp(other->about.path, column->about.path) != 0)
            continue;
        bool same = other->about.type == column->about.type &&
                    other->element_bytes == column->element_bytes &&
                    other->about.axis_count == column->about.axis_count;
        for (int a = 0; same && a < column->about.axis_count; a++)
            same = other->about.axes[a] == column->about.axes[a];
        return same ? other : NULL;
    }
    return NULL;
}

fgf_status conversion_create(const store_image *from, const store_image *to, conversion *out)
{
    fgf_status status = FGF_OK;
    *out = (conversion){.from = from, .to = to};
    FGF_TRY(FGF_ALLOCATE(to->column_count, &out->source));
    for (size_t c = 0; c < to->column_count; c++)
        out->source[c] = same_column(from, &to->columns[c]);
    for (int a = 0; a < FGF_AXIS_COUNT; a++)
        FGF_TRY(map_axis(from, to, (fgf_axis)a, &out->map[a]));
done:
    return status;
}

void conversion_clear(conversion *c)
{
    fgf_free(c->source);
    for (int a = 0; a < FGF_AXIS_COUNT; a++)
        fgf_free(c->map[a]);
    memset(c, 0, sizeof *c);
}

static void convert_column(const conversion *c, const image_column *source, const char *from,
                           const image_column *column, char *to)
{
    const size_t *map[FGF_COLUMN_AXES] = {NULL, NULL, NULL};
    bool same = source && source->row_bytes == column->row_bytes;
    for (int a = 0; a < column->about.axis_count; a++) {
        map[a] = c->map[column->about.axes[a]];
        same = same && !map[a] && source->extent[a] == column->extent[a];
    }
    if (same) {
        memcpy(to, from, column->row_bytes);
        return;
    }
    element_fill(column->about.type, column->element_bytes,
                 column->row_bytes / column->element_bytes, to);
    if (source)
        image_spread(column->about.axis_count, column->element_bytes, source->extent, from,
                     column->extent, to, map);
}

fgf_status conversion_row(const conversion *c, size_t row, const char *from, size_t trial, char *to)
{
    fgf_status status = FGF_OK;
    const image_weights *before = &c->from->weights[row], *after = &c->to->weights[trial];
    image_head head;
    if (before->bytes && after->bytes && before->bytes != after->bytes)
        FGF_FAIL(FGF_DATA, "%s: architecture %s has %zu parameters there and %zu now",
                 c->from->path, c->to->architectures[trial].text, before->bytes / sizeof(float),
                 after->bytes / sizeof(float));
    for (size_t k = 0; k < c->to->column_count; k++) {
        const image_column *column = &c->to->columns[k], *source = c->source[k];
        convert_column(c, source, source ? from + source->row_offset : NULL, column,
                       to + column->row_offset);
    }
    memcpy(&head, from, sizeof head);
    bool has_weights = head.weights_row >= 0;
    head.weights_row = -1;
    if (has_weights && after->bytes) {
        head.weights_row = after->row;
        memcpy(to + c->to->fixed_bytes, from + c->from->fixed_bytes, after->bytes);
    }
    memcpy(to, &head, sizeof head);
done:
    return status;
}
