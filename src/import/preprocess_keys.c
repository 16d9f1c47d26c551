#include "preprocess.h"

#define KEY(member) offsetof(fgf_preprocess, member)
const fgf_key fgf_preprocess_keys[] = {
    {"take", FGF_KEY_CHOICE, KEY(take), "slice", 0, 0, "slice|stack|volume", "",
     "what becomes of a volume: one slice, one slice and its neighbours as channels, or all of it"},
    {"slices", FGF_KEY_INTEGER, KEY(slices), "3", 1, FGF_CHANNELS_MAX, NULL, "",
     "stack: an odd number, the chosen slice in the middle; beyond the volume's end its last slice "
     "is repeated; the mask is the chosen slice's"},
    {"resample_mask", FGF_KEY_CHOICE, KEY(resample_mask), "no", 0, 0, "no|nearest", "",
     "a mask on another grid than its image is refused, or put on the image's by its nearest "
     "voxels, which is recorded in mask_source"},
    {"window", FGF_KEY_REALS, KEY(window), "[-50, 300]", 0, 0, NULL, "stored unit",
     "stored values that become x = 0 and x = 1; a channel may have its own"},
    {"unit", FGF_KEY_TEXT, KEY(unit), "HU", 0, 0, NULL, "", "name of the stored unit"},
    {"stored_range", FGF_KEY_REALS, KEY(stored_range), "[]", 0, 0, NULL, "1",
     "png: pixel values that stand for the window's ends; [] = 0 and the greatest (255, 65535)"},
    {"pixel_spacing", FGF_KEY_REALS, KEY(pixel_spacing), "[1, 1]", 0, 0, NULL, "mm",
     "png: spacing of rows and columns (files of volumes bring their own)"},
    {"slice", FGF_KEY_CHOICE, KEY(slice), "largest", 0, 0, "largest|largest_in_window|middle", "",
     "slice, stack: the slice with most mask voxels, with most non-zero voxels inside the window "
     "of "
     "the first channel, or the middle one; the first of equals"},
    {"transpose", FGF_KEY_BOOL, KEY(transpose), "false", 0, 0, NULL, "",
     "rows run along the volume's x (a PNG's columns) instead of its y"},
    {"masked", FGF_KEY_BOOL, KEY(masked), "true", 0, 0, NULL, "", "x is 0 outside the mask"},
    {"smooth_sigma", FGF_KEY_REAL, KEY(smooth_sigma), "0", 0, 100, NULL, "px",
     "Gaussian filter before resampling, in voxels of the input along each axis; 0 = none"},
    {"smooth_truncate", FGF_KEY_REAL, KEY(smooth_truncate), "4", 1, 10, NULL, "sigma",
     "where that filter is cut"},
    {"spacing", FGF_KEY_REALS, KEY(spacing), "[]", 0, 0, NULL, "mm",
     "resample to this spacing of rows and columns (volume: slices, rows and columns); 0 or [] = "
     "keep"},
    {"interpolation", FGF_KEY_CHOICE, KEY(interpolation), "linear", 0, 0, "nearest|linear|cubic",
     "", "of values and mask in resampling; cubic is the interpolating B-spline"},
    {"grid", FGF_KEY_CHOICE, KEY(grid), "centres", 0, 0, "centres|corners", "",
     "how grids lie on each other in resampling: same edges (exact spacing), or same centres of "
     "the outermost voxels (as scipy.ndimage.zoom has it)"},
    {"mask_threshold", FGF_KEY_REAL, KEY(mask_threshold), "0.5", 0, 1, NULL, "1",
     "a resampled voxel belongs to the mask above this share"},
    {"size", FGF_KEY_INTEGERS, KEY(size), "[]", 0, 0, NULL, "px",
     "rows and columns (volume: slices, rows and columns) after crop or pad; 0 or [] = keep"},
    {"crop", FGF_KEY_CHOICE, KEY(crop), "mask", 0, 0, "mask|image", "",
     "the crop is centred on the mask's bounding box, or on the image"},
    {"above", FGF_KEY_CHOICE, KEY(above), "clamp", 0, 0, "clamp|zero", "",
     "values above the window become 1, or 0 (as in some published data)"},
    {"quantise", FGF_KEY_CHOICE, KEY(quantise), "none", 0, 0, "none|8bit", "",
     "8bit: x is rounded to multiples of 1/255"},
    {0}};

enum { EDGE_MOST = 16384 };

static const char *where(const fgf_config *config, const char *path)
{
    const char *place = fgf_config_where(config, path);
    return place ? place : path;
}

static void check_window(const fgf_config *config, const char *path, fgf_reals window,
                         fgf_faults *faults)
{
    if (window.count != 2 || !(window.values[0] < window.values[1]))
        fgf_faults_add(faults, "%s: %s: expected two numbers, the lower first", where(config, path),
                       path);
}

static void check_spacing(const fgf_config *config, const char *path, fgf_reals spacing,
                          double least, size_t count, fgf_faults *faults)
{
    bool good = spacing.count == count;
    for (size_t a = 0; good && a < count; a++)
        good = spacing.values[a] >= least && spacing.values[a] < 1e6;
    if (!good)
        fgf_faults_add(faults, "%s: %s: expected %s", where(config, path), path,
                       count == 3 ? "three spacings in mm: slices, rows, columns (take: volume)"
                                  : "two spacings in mm, rows and columns");
}

static void check_size(const fgf_config *config, fgf_integers size, size_t count,
                       fgf_faults *faults)
{
    bool good = size.count == count;
    for (size_t a = 0; good && a < count; a++)
        good = size.values[a] >= 0 && size.values[a] <= EDGE_MOST;
    if (!good)
        fgf_faults_add(faults, "%s: preprocess.size: expected %s of 0 to %d pixels, %s",
                       where(config, "preprocess.size"), count == 3 ? "three sizes" : "two sizes",
                       EDGE_MOST,
                       count == 3 ? "slices, rows, columns (take: volume)" : "rows and columns");
}

void fgf_preprocess_check(const fgf_config *config, const fgf_preprocess *settings, bool flat,
                          fgf_faults *faults)
{
    const size_t axes = settings->take == FGF_TAKE_VOLUME ? 3 : 2;
    check_window(config, "preprocess.window", settings->window, faults);
    if (settings->stored_range.count != 0)
        check_window(config, "preprocess.stored_range", settings->stored_range, faults);
    check_spacing(config, "preprocess.pixel_spacing", settings->pixel_spacing, 1e-6, 2, faults);
    if (settings->spacing.count != 0)
        check_spacing(config, "preprocess.spacing", settings->spacing, 0, axes, faults);
    if (settings->size.count != 0)
        check_size(config, settings->size, axes, faults);
    if (flat && settings->take != FGF_TAKE_SLICE)
        fgf_faults_add(faults, "%s: preprocess.take: PNG files are slices, expected slice",
                       where(config, "preprocess.take"));
    if (settings->take == FGF_TAKE_STACK && settings->slices % 2 == 0)
        fgf_faults_add(faults,
                       "%s: preprocess.slices: %lld, expected an odd number: a slice and as many "
                       "on both sides",
                       where(config, "preprocess.slices"), (long long)settings->slices);
}

int fgf_preprocess_slices(const fgf_preprocess *settings)
{
    return settings->take == FGF_TAKE_STACK ? (int)settings->slices : 1;
}
