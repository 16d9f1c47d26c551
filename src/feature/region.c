#include "region_box.h"

#include "fgf/memory.h"

#include <math.h>
#include <string.h>

void fgf_region_gather(const fgf_region *region, const fgf_real *image, fgf_real *compact)
{
    size_t channels = (size_t)region->shape.channels;
    for (size_t c = 0; c < region->channel_count; c++) {
        const fgf_real *plane = image + region->channel[c];
        for (size_t i = 0; i < region->pixel_count; i++)
            *compact++ = plane[(size_t)region->pixel[i] * channels];
    }
}

void fgf_region_place(const fgf_region *region, const fgf_real *compact, fgf_real *image)
{
    size_t channels = (size_t)region->shape.channels;
    for (size_t c = 0; c < region->channel_count; c++) {
        fgf_real *plane = image + region->channel[c];
        for (size_t i = 0; i < region->pixel_count; i++)
            plane[(size_t)region->pixel[i] * channels] = *compact++;
    }
}

fgf_shape fgf_region_extent(const fgf_region *region)
{
    fgf_shape extent = {.channels = region->shape.channels};
    if (region->pixel_count > 0) {
        const region_box box = region_box_of(region, 0);
        extent.depth = box.size[0];
        extent.height = box.size[1];
        extent.width = box.size[2];
    }
    return extent;
}

void fgf_region_scatter(const fgf_region *region, const fgf_real *compact, fgf_real *image)
{
    memset(image, 0, (size_t)fgf_shape_size(region->shape) * sizeof *image);
    fgf_region_place(region, compact, image);
}

/* least[i] = min over |k| <= reach of from[i + k] + (k spacing)^2 along one axis of an array seen
 * as [outer][length][inner]. One such pass an axis gives the exact squared Euclidean distance, as
 * far as `reach` goes. */
static void nearest_along(const double *from, size_t outer, int length, size_t inner,
                          double spacing, double greatest, double *least)
{
    double most = fmin(floor(greatest / spacing * (1 + 1e-12)), length - 1);
    int reach = (int)most;
    for (size_t o = 0; o < outer; o++) {
        const double *block = from + o * (size_t)length * inner;
        double *result = least + o * (size_t)length * inner;
        for (int i = 0; i < length; i++) {
            int first = i - reach < 0 ? 0 : i - reach;
            int last = i + reach >= length ? length - 1 : i + reach;
            for (size_t j = 0; j < inner; j++) {
                double best = INFINITY;
                for (int k = first; k <= last; k++) {
                    double step = (k - i) * spacing;
                    best = fmin(best, block[(size_t)k * inner + j] + step * step);
                }
                result[(size_t)i * inner + j] = best;
            }
        }
    }
}

/* inside[i] = within radius (mm, centre to centre) of a pixel of the mask. */
static fgf_status dilate(fgf_shape shape, const double spacing[3], const uint8_t *mask,
                         double radius, uint8_t *inside)
{
    fgf_status status = FGF_OK;
    double *a = NULL, *b = NULL;
    size_t pixels = (size_t)fgf_shape_pixels(shape);
    size_t plane = (size_t)shape.height * (size_t)shape.width;
    FGF_TRY(FGF_ALLOCATE(pixels, &a));
    FGF_TRY(FGF_ALLOCATE(pixels, &b));
    for (size_t i = 0; i < pixels; i++)
        a[i] = mask[i] ? 0 : INFINITY;
    nearest_along(a, pixels / (size_t)shape.width, shape.width, 1, spacing[2], radius, b);
    nearest_along(b, (size_t)shape.depth, shape.height, (size_t)shape.width, spacing[1], radius, a);
    nearest_along(a, 1, shape.depth, plane, spacing[0], radius, b);
    for (size_t i = 0; i < pixels; i++)
        inside[i] = b[i] <= radius * radius * (1 + 1e-12);
done:
    fgf_free(a);
    fgf_free(b);
    return status;
}

static fgf_status check_request(fgf_shape shape, const double spacing[3], double dilate_mm,
                                const int *channels, size_t channel_count)
{
    fgf_status status = FGF_OK;
    double pixels = (double)shape.depth * shape.height * shape.width;
    if (shape.channels < 1 || shape.depth < 1 || shape.height < 1 || shape.width < 1 ||
        pixels > INT32_MAX)
        FGF_FAIL(FGF_USAGE, "an image of %d x %d x %d pixels in %d channels cannot have a region",
                 shape.depth, shape.height, shape.width, shape.channels);
    for (int axis = 0; axis < 3; axis++)
        if (!(spacing[axis] > 0) || !isfinite(spacing[axis]))
            FGF_FAIL(FGF_USAGE, "pixel spacing %g mm is not above 0", spacing[axis]);
    if (!(dilate_mm >= 0) || !isfinite(dilate_mm))
        FGF_FAIL(FGF_USAGE, "a region cannot be dilated by %g mm", dilate_mm);
    for (size_t c = 0; c < channel_count; c++)
        if (channels[c] < (c ? channels[c - 1] + 1 : 0) || channels[c] >= shape.channels)
            FGF_FAIL(FGF_USAGE, "channel %d of a region: expected increasing numbers from 0 to %d",
                     channels[c], shape.channels - 1);
done:
    return status;
}

fgf_status fgf_region_create(fgf_shape shape, const double spacing[3], const uint8_t *mask,
                             double dilate_mm, bool whole, const int *channels,
                             size_t channel_count, fgf_region_owner *out)
{
    fgf_status status = FGF_OK;
    uint8_t *inside = NULL;
    size_t pixels, count = 0;
    memset(out, 0, sizeof *out);
    FGF_TRY(check_request(shape, spacing, dilate_mm, channels, channel_count));
    pixels = (size_t)fgf_shape_pixels(shape);
    FGF_TRY(FGF_ALLOCATE(pixels, &inside));
    if (whole)
        memset(inside, 1, pixels);
    else if (dilate_mm > 0)
        FGF_TRY(dilate(shape, spacing, mask, dilate_mm, inside));
    else
        memcpy(inside, mask, pixels);
    for (size_t i = 0; i < pixels; i++)
        count += inside[i] != 0;
    FGF_TRY(FGF_ALLOCATE(count, &out->pixel));
    FGF_TRY(FGF_ALLOCATE(channel_count, &out->channel));
    count = 0;
    for (size_t i = 0; i < pixels; i++)
        if (inside[i])
            out->pixel[count++] = (int32_t)i;
    memcpy(out->channel, channels, channel_count * sizeof *channels);
    out->region = (fgf_region){.shape = shape,
                               .pixel_count = count,
                               .pixel = out->pixel,
                               .channel_count = channel_count,
                               .channel = out->channel,
                               .spacing = {spacing[0], spacing[1], spacing[2]}};
done:
    fgf_free(inside);
    if (status != FGF_OK)
        fgf_region_clear(out);
    return status;
}

void fgf_region_clear(fgf_region_owner *owner)
{
    fgf_free(owner->pixel);
    fgf_free(owner->channel);
    memset(owner, 0, sizeof *owner);
}
