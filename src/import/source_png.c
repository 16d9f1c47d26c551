/* A PNG file as a volume of one slice. */
#include "case_source.h"
#include "fgf/file_bytes.h"
#include "fgf/memory.h"

#include <string.h>

enum { PNG_BYTES_MOST = 1 << 30 };

static fgf_status next_slice(void *state, double *slice)
{
    const fgf_grey_image *image = state;
    memcpy(slice, image->value, (size_t)image->height * (size_t)image->width * sizeof *slice);
    return FGF_OK;
}

static void close_image(void *state)
{
    fgf_grey_image_clear(state);
    fgf_free(state);
}

static const fgf_volume_format format = {.name = "PNG", .next = next_slice, .close = close_image};

static fgf_status open_png(const fgf_manifest *m, const char *path, fgf_grey_image **out,
                           fgf_grid *grid)
{
    fgf_status status = FGF_OK;
    char *bytes = NULL;
    size_t count = 0;
    const double *spacing = m->preprocess.pixel_spacing.values;
    *out = NULL;
    FGF_TRY(FGF_ALLOCATE(1, out));
    FGF_TRY(fgf_read_file(path, PNG_BYTES_MOST, &bytes, &count));
    FGF_TRY(fgf_png_decode(path, bytes, count, *out));
    *grid = (fgf_grid){.extent = {(*out)->width, (*out)->height, 1},
                       .spacing = {spacing[1], spacing[0], 1}};
done:
    fgf_free(bytes);
    if (status != FGF_OK) {
        fgf_free(*out);
        *out = NULL;
    }
    return status;
}

/* Pixel values become x: their range stands for the window, whatever the window is. */
fgf_status png_open_image(case_source *source, int channel, fgf_volume **out)
{
    fgf_status status = FGF_OK;
    fgf_grey_image *image = NULL;
    fgf_grid grid;
    const fgf_manifest *m = source->manifest;
    const fgf_reals range = m->preprocess.stored_range;
    FGF_TRY(open_png(m, source->path[channel], &image, &grid));
    const double low = range.count ? range.values[0] : 0;
    const double high = range.count ? range.values[1] : image->greatest;
    for (size_t p = 0; p < (size_t)image->height * (size_t)image->width; p++)
        image->value[p] = (image->value[p] - low) / (high - low);
    FGF_TRY(fgf_volume_create(&format, image, &grid, out));
done:
    return status;
}

fgf_status png_open_mask(case_source *source, const fgf_grid *first, fgf_volume **out)
{
    fgf_status status = FGF_OK;
    fgf_grey_image *image = NULL;
    fgf_grid grid;
    (void)first;
    FGF_TRY(open_png(source->manifest, source->mask_path, &image, &grid));
    FGF_TRY(fgf_volume_create(&format, image, &grid, out));
done:
    return status;
}
