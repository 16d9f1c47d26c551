#include "preprocess.h"
#include "fgf/memory.h"

#include <math.h>
#include <string.h>

#define KEY(member) offsetof(fgf_preprocess, member)
const fgf_key fgf_preprocess_keys[] = {
    {"window", FGF_KEY_REALS, KEY(window), "[-50, 300]", 0, 0, NULL, "stored unit",
     "stored values that become x = 0 and x = 1; a channel may have its own"},
    {"unit", FGF_KEY_TEXT, KEY(unit), "HU", 0, 0, NULL, "", "name of the stored unit"},
    {"stored_range", FGF_KEY_REALS, KEY(stored_range), "[]", 0, 0, NULL, "1",
     "png: pixel values that stand for the window's ends; [] = 0 and the greatest (255, 65535)"},
    {"pixel_spacing", FGF_KEY_REALS, KEY(pixel_spacing), "[1, 1]", 0, 0, NULL, "mm",
     "png: spacing of rows and columns (NIfTI files bring their own)"},
    {"slice", FGF_KEY_CHOICE, KEY(slice), "largest", 0, 0, "largest|largest_in_window|middle", "",
     "nifti: the slice with most mask voxels, with most non-zero voxels inside the window of the "
     "first channel, or the middle one; the first of equals"},
    {"transpose", FGF_KEY_BOOL, KEY(transpose), "false", 0, 0, NULL, "",
     "rows run along the volume's x (a PNG's columns) instead of its y"},
    {"masked", FGF_KEY_BOOL, KEY(masked), "true", 0, 0, NULL, "", "x is 0 outside the mask"},
    {"smooth_sigma", FGF_KEY_REAL, KEY(smooth_sigma), "0", 0, 100, NULL, "px",
     "Gaussian filter before resampling, in pixels of the input; 0 = none"},
    {"smooth_truncate", FGF_KEY_REAL, KEY(smooth_truncate), "4", 1, 10, NULL, "sigma",
     "where that filter is cut"},
    {"spacing", FGF_KEY_REALS, KEY(spacing), "[0, 0]", 0, 0, NULL, "mm",
     "resample to this spacing of rows and columns; 0 = keep"},
    {"interpolation", FGF_KEY_CHOICE, KEY(interpolation), "linear", 0, 0, "nearest|linear|cubic",
     "", "of values and mask in resampling; cubic is the interpolating B-spline"},
    {"grid", FGF_KEY_CHOICE, KEY(grid), "centres", 0, 0, "centres|corners", "",
     "how grids lie on each other in resampling: same edges (exact spacing), or same centres of "
     "the outermost pixels (as scipy.ndimage.zoom has it)"},
    {"mask_threshold", FGF_KEY_REAL, KEY(mask_threshold), "0.5", 0, 1, NULL, "1",
     "a resampled pixel belongs to the mask above this share"},
    {"size", FGF_KEY_INTEGERS, KEY(size), "[0, 0]", 0, 0, NULL, "px",
     "rows and columns after crop or pad; 0 = keep"},
    {"crop", FGF_KEY_CHOICE, KEY(crop), "mask", 0, 0, "mask|image", "",
     "the crop is centred on the mask's bounding box, or on the image"},
    {"above", FGF_KEY_CHOICE, KEY(above), "clamp", 0, 0, "clamp|zero", "",
     "values above the window become 1, or 0 (as in some published data)"},
    {"quantise", FGF_KEY_CHOICE, KEY(quantise), "none", 0, 0, "none|8bit", "",
     "8bit: x is rounded to multiples of 1/255"},
    {0}};

void fgf_slice_clear(fgf_slice *slice)
{
    for (int c = 0; c < FGF_CHANNELS_MAX; c++)
        fgf_free(slice->value[c]);
    fgf_free(slice->mask);
    memset(slice, 0, sizeof *slice);
}

fgf_status fgf_fill_holes(uint8_t *mask, int height, int width)
{
    fgf_status status = FGF_OK;
    const size_t rows = (size_t)height, columns = (size_t)width, count = rows * columns;
    uint8_t *outside = NULL;
    size_t *stack = NULL, used = 0;
    FGF_TRY(FGF_ALLOCATE(count, &outside));
    FGF_TRY(FGF_ALLOCATE(count, &stack));
#define REACH(pixel)                                                                               \
    do {                                                                                           \
        const size_t reached = (pixel);                                                            \
        if (!mask[reached] && !outside[reached]) {                                                 \
            outside[reached] = 1;                                                                  \
            stack[used++] = reached;                                                               \
        }                                                                                          \
    } while (0)
    for (size_t x = 0; x < columns; x++) {
        REACH(x);
        REACH((rows - 1) * columns + x);
    }
    for (size_t y = 0; y < rows; y++) {
        REACH(y * columns);
        REACH(y * columns + columns - 1);
    }
    while (used > 0) {
        const size_t pixel = stack[--used], y = pixel / columns, x = pixel % columns;
        if (y > 0)
            REACH(pixel - columns);
        if (y + 1 < rows)
            REACH(pixel + columns);
        if (x > 0)
            REACH(pixel - 1);
        if (x + 1 < columns)
            REACH(pixel + 1);
    }
#undef REACH
    for (size_t p = 0; p < count; p++)
        mask[p] = mask[p] || !outside[p];
done:
    fgf_free(outside);
    fgf_free(stack);
    return status;
}

/* The window's [lo, hi] as [0, 1]. */
static double windowed(const fgf_preprocess *settings, const double window[2], double value)
{
    double x = (value - window[0]) / (window[1] - window[0]);
    if (x > 1)
        x = settings->above == FGF_ABOVE_ZERO ? 0 : 1;
    if (x <= 0)
        x = 0;
    return settings->quantise == FGF_QUANTISE_8BIT ? rint(x * 255.0) / 255.0 : x;
}

static fgf_status derive_mask(const fgf_preprocess *settings, const double (*window)[2],
                              fgf_slice *slice)
{
    fgf_status status = FGF_OK;
    const size_t count = (size_t)slice->height * (size_t)slice->width;
    uint8_t *inside = NULL;
    FGF_TRY(FGF_ALLOCATE(count, &inside));
    FGF_TRY(FGF_ALLOCATE(count, &slice->mask));
    for (int c = 0; c < slice->channels; c++)
        for (size_t p = 0; p < count; p++)
            inside[p] |= windowed(settings, window[c], slice->value[c][p]) > 0;
    FGF_TRY(fgf_fill_holes(inside, slice->height, slice->width));
    for (size_t p = 0; p < count; p++)
        slice->mask[p] = inside[p];
done:
    fgf_free(inside);
    return status;
}

static void apply_mask(const fgf_preprocess *settings, fgf_slice *slice)
{
    const size_t count = (size_t)slice->height * (size_t)slice->width;
    for (int c = 0; c < slice->channels && settings->masked; c++)
        for (size_t p = 0; p < count; p++)
            if (slice->mask[p] == 0)
                slice->value[c][p] = 0;
}

static fgf_status check_finite(const fgf_slice *slice)
{
    fgf_status status = FGF_OK;
    for (int c = 0; c < slice->channels; c++)
        for (int y = 0; y < slice->height; y++)
            for (int x = 0; x < slice->width; x++) {
                double value = slice->value[c][(size_t)y * (size_t)slice->width + (size_t)x];
                if (!isfinite(value))
                    FGF_FAIL(FGF_DATA, "the value at row %d, column %d of channel %d is %g", y, x,
                             c, value);
            }
done:
    return status;
}

/* Middle of the mask's bounding box (rounded down), or of the image. FGF_DATA: empty mask. */
static fgf_status find_centre(const fgf_preprocess *settings, const fgf_slice *slice, int centre[2])
{
    fgf_status status = FGF_OK;
    int low[2] = {slice->height, slice->width}, high[2] = {-1, -1};
    for (int y = 0; y < slice->height; y++)
        for (int x = 0; x < slice->width; x++)
            if (slice->mask[(size_t)y * (size_t)slice->width + (size_t)x] != 0) {
                low[0] = y < low[0] ? y : low[0];
                high[0] = y;
                low[1] = x < low[1] ? x : low[1];
                high[1] = x > high[1] ? x : high[1];
            }
    if (high[0] < 0)
        FGF_FAIL(FGF_DATA, "the mask is empty");
    centre[0] = settings->crop == FGF_CROP_MASK ? (low[0] + high[0]) / 2 : slice->height / 2;
    centre[1] = settings->crop == FGF_CROP_MASK ? (low[1] + high[1]) / 2 : slice->width / 2;
done:
    return status;
}

/* Resamples every plane; moves the centre along. */
static fgf_status change_spacing(const fgf_preprocess *settings, fgf_slice *slice, int centre[2])
{
    fgf_status status = FGF_OK;
    const int old[2] = {slice->height, slice->width};
    double step[2] = {1, 1}, *plane = NULL;
    int size[2];
    for (int a = 0; a < 2; a++) {
        const double wanted = settings->spacing.values[a];
        step[a] = wanted > 0 ? wanted / slice->spacing[a] : 1;
        const double extent = rint(old[a] / step[a]);
        if (!(extent >= 1 && extent <= 32768))
            FGF_FAIL(FGF_DATA, "%d pixels of %g mm resampled to %g mm would be %g pixels", old[a],
                     slice->spacing[a], wanted, extent);
        size[a] = (int)extent;
        if (wanted > 0)
            slice->spacing[a] = wanted;
        centre[a] = (int)(centre[a] * ((double)size[a] / old[a]));
    }
    if (step[0] == 1 && step[1] == 1)
        goto done;
    for (int c = 0; c <= slice->channels; c++) {
        double **target = c < slice->channels ? &slice->value[c] : &slice->mask;
        FGF_TRY(fgf_resample(*target, old[0], old[1], size[0], size[1], step,
                             (fgf_grid_rule)settings->grid,
                             (fgf_interpolation)settings->interpolation, &plane));
        fgf_free(*target);
        *target = plane;
        plane = NULL;
    }
    slice->height = size[0];
    slice->width = size[1];
    for (size_t p = 0; p < (size_t)size[0] * (size_t)size[1]; p++)
        slice->mask[p] = slice->mask[p] > settings->mask_threshold;
done:
    fgf_free(plane);
    return status;
}

/* Where the crop begins: inside the image where it fits, before it (padding) where it does not. */
static int crop_start(int extent, int size, int centre)
{
    if (size >= extent)
        return -((size - extent) / 2);
    int start = centre - size / 2;
    return start < 0 ? 0 : start > extent - size ? extent - size : start;
}

static fgf_status cut_out(const fgf_preprocess *settings, const double (*window)[2],
                          const fgf_slice *slice, const int centre[2], fgf_shape *shape,
                          float **image, uint8_t **mask)
{
    fgf_status status = FGF_OK;
    const int64_t *size = settings->size.values;
    const int height = size[0] ? (int)size[0] : slice->height;
    const int width = size[1] ? (int)size[1] : slice->width;
    const int top = crop_start(slice->height, height, centre[0]);
    const int left = crop_start(slice->width, width, centre[1]);
    const size_t pixels = (size_t)height * (size_t)width;
    size_t inside = 0;
    *shape = (fgf_shape){slice->channels, 1, height, width};
    FGF_TRY(FGF_ALLOCATE(pixels * (size_t)slice->channels, image));
    FGF_TRY(FGF_ALLOCATE(pixels, mask));
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++) {
            const int row = y + top, column = x + left;
            if (row < 0 || column < 0 || row >= slice->height || column >= slice->width)
                continue;
            const size_t to = (size_t)y * (size_t)width + (size_t)x;
            const size_t from = (size_t)row * (size_t)slice->width + (size_t)column;
            const bool in_mask = slice->mask[from] != 0;
            (*mask)[to] = in_mask;
            inside += in_mask;
            for (int c = 0; c < slice->channels && (in_mask || !settings->masked); c++)
                (*image)[(size_t)c * pixels + to] =
                    (float)windowed(settings, window[c], slice->value[c][from]);
        }
    if (inside == 0)
        FGF_FAIL(FGF_DATA, "the mask is empty after resampling and crop");
done:
    return status;
}

fgf_status fgf_preprocess_slice(const fgf_preprocess *settings, const double (*window)[2],
                                fgf_slice *slice, fgf_shape *shape, double spacing[2],
                                float **image, uint8_t **mask)
{
    fgf_status status = FGF_OK;
    int centre[2] = {0, 0};
    *image = NULL;
    *mask = NULL;
    if (!slice->mask)
        FGF_TRY(derive_mask(settings, window, slice));
    FGF_TRY(find_centre(settings, slice, centre));
    apply_mask(settings, slice);
    FGF_TRY(check_finite(slice));
    for (int c = 0; c < slice->channels && settings->smooth_sigma > 0; c++)
        FGF_TRY(fgf_smooth(slice->value[c], slice->height, slice->width, settings->smooth_sigma,
                           settings->smooth_truncate));
    apply_mask(settings, slice);
    FGF_TRY(change_spacing(settings, slice, centre));
    apply_mask(settings, slice);
    FGF_TRY(cut_out(settings, window, slice, centre, shape, image, mask));
    spacing[0] = slice->spacing[0];
    spacing[1] = slice->spacing[1];
done:
    if (status != FGF_OK) {
        fgf_free(*image);
        fgf_free(*mask);
        *image = NULL;
        *mask = NULL;
    }
    return status;
}
