#include "region_box.h"

static void place_of(const fgf_region *region, size_t i, int place[3])
{
    place[2] = region->pixel[i] % region->shape.width;
    place[1] = region->pixel[i] / region->shape.width % region->shape.height;
    place[0] = region->pixel[i] / region->shape.width / region->shape.height;
}

region_box region_box_of(const fgf_region *region, int margin)
{
    int last[3] = {0}, place[3];
    region_box box = {.first = {INT32_MAX, INT32_MAX, INT32_MAX}};
    for (size_t i = 0; i < region->pixel_count; i++) {
        place_of(region, i, place);
        for (int axis = 0; axis < 3; axis++) {
            box.first[axis] = place[axis] < box.first[axis] ? place[axis] : box.first[axis];
            last[axis] = place[axis] > last[axis] ? place[axis] : last[axis];
        }
    }
    for (int axis = region->shape.depth > 1 ? 0 : 1; axis < 3; axis++) {
        box.first[axis] -= margin;
        last[axis] += margin;
    }
    for (int axis = 0; axis < 3; axis++)
        box.size[axis] = last[axis] - box.first[axis] + 1;
    box.stride[2] = 1;
    box.stride[1] = (size_t)box.size[2];
    box.stride[0] = box.stride[1] * (size_t)box.size[1];
    box.pixels = box.stride[0] * (size_t)box.size[0];
    return box;
}

size_t region_box_index(const region_box *box, const fgf_region *region, size_t i)
{
    int place[3];
    size_t index = 0;
    place_of(region, i, place);
    for (int axis = 0; axis < 3; axis++)
        index += (size_t)(place[axis] - box->first[axis]) * box->stride[axis];
    return index;
}

size_t region_box_most(fgf_shape shape, int margin)
{
    const size_t around = 2 * (size_t)margin;
    const size_t depth = shape.depth > 1 ? (size_t)shape.depth + around : 1;
    return depth * ((size_t)shape.height + around) * ((size_t)shape.width + around);
}
