#include "raster.h"
#include "fgf/memory.h"

#include <math.h>
#include <string.h>

enum { VOXEL = 1 << RASTER_BITS };

fgf_status raster_init(raster *r, int width, int height)
{
    *r = (raster){.width = width, .height = height, .bottom = height, .first_row = height};
    return FGF_ALLOCATE((size_t)height * ((size_t)width + 1), &r->change);
}

void raster_clear(raster *r)
{
    fgf_free(r->change);
    *r = (raster){0};
}

int64_t raster_coordinate(double voxel)
{
    return llround(voxel * VOXEL);
}

/* The smallest whole number that is at least a / b, for b > 0. */
static int64_t divide_up(int64_t a, int64_t b)
{
    return a / b + (a % b > 0);
}

static int64_t between(int64_t value, int64_t low, int64_t high)
{
    return value < low ? low : value > high ? high : value;
}

void raster_set_rows(raster *r, int64_t low, int64_t high)
{
    r->top = (int)between(divide_up(low, VOXEL), 0, r->height);
    r->bottom = (int)between(divide_up(high, VOXEL), r->top, r->height);
}

/* An edge crosses the rows of centres from its upper end, if that lies on one, to before its lower
 * end. Ends are put in one order, so that two polygons agree on an edge they share. */
static void add_edge(raster *r, raster_point upper, raster_point lower)
{
    if (upper.y > lower.y) {
        const raster_point swap = upper;
        upper = lower;
        lower = swap;
    }
    const int64_t dx = lower.x - upper.x, dy = lower.y - upper.y;
    const int64_t first = between(divide_up(upper.y, VOXEL), r->top, r->bottom);
    const int64_t last = between(divide_up(lower.y, VOXEL), first, r->bottom);
    for (int64_t row = first; row < last; row++) {
        /* Centres at or beyond the crossing change sides: those with column * VOXEL >= x + t / dy,
         * which for whole numbers is >= x + (t / dy rounded up). */
        const int64_t t = (row * VOXEL - upper.y) * dx;
        const int64_t column = divide_up(upper.x + divide_up(t, dy), VOXEL);
        r->change[row * (r->width + 1) + between(column, 0, r->width)] ^= 1;
    }
    if (first < last) {
        r->first_row = first < r->first_row ? (int)first : r->first_row;
        r->last_row = last > r->last_row ? (int)last : r->last_row;
    }
}

void raster_add(raster *r, const raster_point *point, size_t count)
{
    for (size_t k = 0; k < count; k++)
        add_edge(r, point[k], point[k + 1 < count ? k + 1 : 0]);
}

size_t raster_drain(raster *r, double *slice)
{
    size_t inside = 0;
    for (int y = r->first_row; y < r->last_row; y++) {
        unsigned char *change = r->change + (size_t)y * ((size_t)r->width + 1), side = 0;
        for (int x = 0; x < r->width; x++) {
            side ^= change[x];
            inside += side;
            if (slice && side)
                slice[(size_t)y * (size_t)r->width + (size_t)x] = 1;
        }
        memset(change, 0, (size_t)r->width + 1);
    }
    r->first_row = r->height;
    r->last_row = 0;
    return inside;
}
