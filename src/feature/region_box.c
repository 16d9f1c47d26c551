#include "region_box.h"

static void place_of(const fgf_region *region, size_t i, int place[3])
{
    place[2] = region->pixel[i] % region->shape.width;
    place[1] = region->pixel[i] / region->shape.width % region->shape.height;
    place[0] = region->pixel[i] / region->shape.width / region->shape.height;
}

region_box region_box_of(const fgf_region *region, int margin)
{
    const int32_t width = region->shape.width, height = region->shape.height;
    const int32_t *pixel = region->pixel;
    const size_t count = region->pixel_count;
    int last[3] = {pixel[count - 1] / width / height, 0, 0};
    region_box box = {.first = {pixel[0] / width / height, INT32_MAX, INT32_MAX}};
    /* Row by row, since a division for each pixel would take longer than all the rest. */
    for (size_t i = 0; i < count;) {
        const int32_t row = pixel[i] / width, begin = row * width;
        const int x = pixel[i] - begin, y = row % height;
        size_t end = i + 1;
        while (end < count && pixel[end] - begin < width)
            end++;
        const int last_x = pixel[end - 1] - begin;
        box.first[1] = y < box.first[1] ? y : box.first[1];
        last[1] = y > last[1] ? y : last[1];
        box.first[2] = x < box.first[2] ? x : box.first[2];
        last[2] = last_x > last[2] ? last_x : last[2];
        i = end;
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

size_t region_box_most(fgf_shape extent, bool volume, int margin)
{
    const size_t around = 2 * (size_t)margin;
    const size_t depth = volume ? (size_t)extent.depth + around : 1;
    return depth * ((size_t)extent.height + around) * ((size_t)extent.width + around);
}
