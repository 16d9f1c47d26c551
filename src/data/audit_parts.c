/* The shape of a mask: parts, holes, border. */
#include "audit_private.h"

#include <string.h>

/* A fill of connected pixels. */
typedef struct fill {
    fgf_shape shape;
    const uint8_t *mask;
    uint8_t *seen;
    int32_t *queue;
    bool inside; /* which pixels: those of the mask, or the others */
    int reach;   /* neighbours differ in at most so many axes */
} fill;

size_t fgf_audit_work_size(fgf_shape shape)
{
    return (size_t)fgf_shape_pixels(shape) * (sizeof(int32_t) + 1);
}

static bool at_border(fgf_shape s, const int at[3])
{
    const int extent[3] = {s.depth, s.height, s.width};
    for (int a = 0; a < 3; a++)
        if (extent[a] > 1 && (at[a] == 0 || at[a] == extent[a] - 1))
            return true;
    return false;
}

static void visit_neighbours(const fill *f, const int at[3], size_t *tail)
{
    const fgf_shape s = f->shape;
    for (int dz = -1; dz <= 1; dz++)
        for (int dy = -1; dy <= 1; dy++)
            for (int dx = -1; dx <= 1; dx++) {
                const int z = at[0] + dz, y = at[1] + dy, x = at[2] + dx;
                if ((dz != 0) + (dy != 0) + (dx != 0) > f->reach || z < 0 || z >= s.depth ||
                    y < 0 || y >= s.height || x < 0 || x >= s.width)
                    continue;
                const int32_t p = (z * s.height + y) * s.width + x;
                if (f->seen[p] || (f->mask[p] != 0) != f->inside)
                    continue;
                f->seen[p] = 1;
                f->queue[(*tail)++] = p;
            }
}

/* Fills what is connected with pixel `start`: how many pixels, and whether they reach the border.
 */
static size_t flood(const fill *f, int32_t start, bool *border)
{
    const fgf_shape s = f->shape;
    size_t head = 0, tail = 0;
    *border = false;
    f->seen[start] = 1;
    f->queue[tail++] = start;
    while (head < tail) {
        const int32_t p = f->queue[head++];
        const int at[3] = {p / (s.height * s.width), p / s.width % s.height, p % s.width};
        *border |= at_border(s, at);
        visit_neighbours(f, at, &tail);
    }
    return tail;
}

static void count_parts(const fill *f, int64_t *all, int64_t *enclosed, int64_t *largest)
{
    const int32_t pixels = (int32_t)fgf_shape_pixels(f->shape);
    memset(f->seen, 0, (size_t)pixels);
    *all = *enclosed = *largest = 0;
    for (int32_t p = 0; p < pixels; p++) {
        if (f->seen[p] || (f->mask[p] != 0) != f->inside)
            continue;
        bool border;
        const int64_t size = (int64_t)flood(f, p, &border);
        ++*all;
        *enclosed += !border;
        if (size > *largest)
            *largest = size;
    }
}

static void find_border(fgf_shape s, const uint8_t *mask, case_facts *out)
{
    const int extent[3] = {s.depth, s.height, s.width};
    for (int z = 0; z < s.depth; z++)
        for (int y = 0; y < s.height; y++)
            for (int x = 0; x < s.width; x++) {
                const int at[3] = {z, y, x};
                if (mask[((size_t)z * (size_t)s.height + (size_t)y) * (size_t)s.width + (size_t)x])
                    for (int a = 0; a < 3; a++)
                        out->border[a] |= extent[a] > 1 && (at[a] == 0 || at[a] == extent[a] - 1);
            }
}

void fgf_audit_look_at_mask(fgf_shape shape, const uint8_t *mask, void *work, case_facts *out)
{
    int64_t enclosed, others, widest;
    fill f = {.shape = shape, .mask = mask, .queue = work};
    f.seen = (uint8_t *)(f.queue + fgf_shape_pixels(shape));
    f.inside = true;
    f.reach = 3;
    count_parts(&f, &out->components, &enclosed, &out->largest);
    f.inside = false;
    f.reach = 1;
    count_parts(&f, &others, &out->holes, &widest);
    find_border(shape, mask, out);
}
