/* Perimeter of the soft mask, where depth > 1 the surface, and what is made of it. The perimeter is
 * the total variation of the mask m of soft_mask.h, which is 0 outside of the region, after a blur
 * by a few pixels: by the coarea formula the mean length of its level lines.
 *
 *     u = B m,  B = along each axis `blur` times the weights 1/4 1/2 1/4: the standard deviation is
 *                   sqrt(blur / 2) pixels
 *     P = c sum over cells  |g|^2 / sqrt(|g|^2 + e^2)
 *
 * A cell has a pixel at each of its 4 (8) corners, c mm2 (mm3); g is the slope of u in it, along
 * each axis the mean over the 2 (4) edges; e = smoothing / c^(1/2) (c^(1/3)): slopes below it count
 * quadratically. B is its own transpose, so dP/dm is a blur of dP/du.
 *
 * Without the blur the staircase of a hard mask is counted instead of its outline: 5 to 7 % too
 * much on average, however fine the pixels (a mesh on the hard mask, IBSI's C0JK, has that too).
 * With one blur 1 to 1.5 % of it are left, with two 0.3 to 0.6 %. In return it rounds: an outline
 * of radius r loses the share s^2 / 2 r^2 of its length (a surface s^2 / r^2), with s near 0.9
 * pixels for one blur and 1.1 for two, a right angle 0.65 (0.9) pixels. In all, with one blur, hard
 * masks of discs and balls come out within 2 % of the truth from a radius of 6 pixels on, -3 %
 * (disc) and -8 % (ball) at 3 pixels. Where the mask's own edge is wider than two pixels, blur: 0
 * is exact; it is also the nearest to a mesh on a hard mask.
 *
 * With the size S = sum of m in mm2 (mm3):
 *
 *     surface_to_volume    P / S
 *     sphericity           (4 pi S)^(1/2) / P, in 3-D (36 pi S^2)^(1/3) / P: 1 for a disc or ball
 *     compactness          its square (4 pi S / P^2, circularity), in 3-D its cube (36 pi S^2/P^3)
 *
 * which are IBSI's 2PR5, QCFX and BQWJ (compactness 2) with this surface and this volume
 * (Zwanenburg et al., Radiology 295:328 (2020) and its reference manual, "Morphological features").
 * Undefined where the mask holds less than half a pixel. The gradients of sphericity and
 * compactness are parallel everywhere, as would be those of compactness 1, spherical disproportion
 * and asphericity (SKGS, KRCK, 25C7), which are functions of sphericity alone. */
#include "region_box.h"
#include "soft_mask.h"

#include <string.h>

typedef struct perimeter_settings {
    soft_mask_settings mask;
    int64_t blur;
    double smoothing;
} perimeter_settings;

enum { BLUR_MAX = 8 };

#define MEMBER(name) offsetof(perimeter_settings, name)
static const fgf_key keys[] = {
    SOFT_MASK_KEYS,
    {"blur", FGF_KEY_INTEGER, MEMBER(blur), "1", 0, BLUR_MAX, NULL, "1",
     "blurs of the mask along each axis by 1/4 1/2 1/4; n of them have a standard deviation of "
     "sqrt(n/2) pixels"},
    {"smoothing", FGF_KEY_REAL, MEMBER(smoothing), "0.002", 1e-6, 1, NULL, "1",
     "change of the mask from pixel to pixel below which it counts quadratically"},
    {.name = NULL}};

/* Pixels around the region that the blur does not fill. */
static int margin_of(const fgf_feature *feature)
{
    return (int)((const perimeter_settings *)feature->settings)->blur + 1;
}

/* What is shared: P, S, and dP/dm [N]; behind it, boxes of u and of dP/du. */
enum { PERIMETER, SIZE, BY_MASK };

static size_t work_size(const fgf_feature *feature, const fgf_region *region)
{
    const bool volume = feature->shape.depth > 1;
    return BY_MASK + region->pixel_count +
           2 * region_box_most(region->shape, volume, margin_of(feature));
}

/* Weights 1/2 1/2 of each element and the next one, then of each and the one before: 1/4 1/2 1/4
 * in place. The second is the transpose of the first. */
static void blur_along(const region_box *b, int axis, double *u)
{
    const size_t stride = b->stride[axis], length = (size_t)b->size[axis];
    const size_t block = stride * length, inside = block - stride;
    for (size_t o = 0; o < b->pixels; o += block) {
        double *of = u + o;
        for (size_t i = 0; i < inside; i++)
            of[i] = 0.5 * (of[i] + of[i + stride]);
        for (size_t i = inside; i < block; i++)
            of[i] *= 0.5;
        for (size_t i = block; i-- > stride;)
            of[i] = 0.5 * (of[i] + of[i - stride]);
        for (size_t i = 0; i < stride; i++)
            of[i] *= 0.5;
    }
}

static void blur(const region_box *b, int64_t times, double *u)
{
    for (int axis = 0; axis < 3; axis++)
        for (int64_t t = 0; t < times && b->size[axis] > 1; t++)
            blur_along(b, axis, u);
}

/* The cells between four rows of u: slices z and z + 1, in each rows y and y + 1. */
typedef struct cells {
    const double *row[4];
    double *slope[4];  /* rows of dP/du, added to; [0] is NULL where it is not wanted */
    double inverse[3]; /* 1 / spacing, over 4 */
    double e, content;
} cells;

static double add_cells(const cells *of, int width)
{
    const double *a = of->row[0], *b = of->row[1], *c = of->row[2], *d = of->row[3];
    double sum = 0, by_square;
    for (int x = 0; x + 1 < width; x++) {
        const double near = a[x] + b[x], far = c[x] + d[x];
        const double near_next = a[x + 1] + b[x + 1], far_next = c[x + 1] + d[x + 1];
        const double gx = of->inverse[2] * (near_next - near + far_next - far);
        const double gy = of->inverse[1] *
                          (b[x] - a[x] + b[x + 1] - a[x + 1] + d[x] - c[x] + d[x + 1] - c[x + 1]);
        const double gz = of->inverse[0] * (far - near + far_next - near_next);
        const double square = gx * gx + gy * gy + gz * gz;
        if (square == 0)
            continue;
        sum += smooth_length(square, of->e, &by_square);
        if (!of->slope[0])
            continue;
        const double factor = 2 * of->content * by_square;
        const double sx = factor * gx * of->inverse[2], sy = factor * gy * of->inverse[1];
        const double sz = factor * gz * of->inverse[0];
        of->slope[0][x] += -sx - sy - sz;
        of->slope[0][x + 1] += sx - sy - sz;
        of->slope[1][x] += -sx + sy - sz;
        of->slope[1][x + 1] += sx + sy - sz;
        of->slope[2][x] += -sx - sy + sz;
        of->slope[2][x + 1] += sx - sy + sz;
        of->slope[3][x] += -sx + sy + sz;
        of->slope[3][x + 1] += sx + sy + sz;
    }
    return of->content * sum;
}

/* P of u; dP/du to `slope` (zeros) unless it is NULL. */
static double variation(const region_box *b, const fgf_region *region, double smoothing,
                        const double *u, double *slope)
{
    const bool volume = b->size[0] > 1;
    cells of = {.content = pixel_content(region)};
    double sum = 0;
    for (int axis = 0; axis < 3; axis++)
        of.inverse[axis] = 0.25 / region->spacing[axis];
    of.e = smoothing / pow(of.content, volume ? 1.0 / 3 : 0.5);
    for (int z = 0; z < (volume ? b->size[0] - 1 : 1); z++)
        for (int y = 0; y + 1 < b->size[1]; y++) {
            for (int k = 0; k < 4; k++) {
                const size_t slice = (size_t)(z + (volume && k > 1 ? 1 : 0));
                const size_t at = slice * b->stride[0] + (size_t)(y + k % 2) * b->stride[1];
                of.row[k] = u + at;
                of.slope[k] = slope ? slope + at : NULL;
            }
            sum += add_cells(&of, b->size[2]);
        }
    return sum;
}

static void share(const fgf_feature *feature, const fgf_region *region, const double *value,
                  double *work, bool with_gradient)
{
    const perimeter_settings *settings = feature->settings;
    const region_box b = region_box_of(region, margin_of(feature));
    double size = 0, *by_mask = work + BY_MASK, *u = by_mask + region->pixel_count;
    double *slope = with_gradient ? u + b.pixels : NULL;
    memset(u, 0, (with_gradient ? 2 : 1) * b.pixels * sizeof *u);
    for (size_t i = 0; i < region->pixel_count; i++) {
        const double m = soft_mask(&settings->mask, value[i]);
        u[region_box_index(&b, region, i)] = m;
        size += m;
    }
    blur(&b, settings->blur, u);
    work[PERIMETER] = variation(&b, region, settings->smoothing, u, slope);
    work[SIZE] = size * pixel_content(region);
    if (with_gradient) {
        blur(&b, settings->blur, slope);
        for (size_t i = 0; i < region->pixel_count; i++)
            by_mask[i] = slope[region_box_index(&b, region, i)];
    }
}

/* gradient = dh/dq of h, a function of P and S. */
static void chain(const fgf_feature *feature, const fgf_region *region, const double *value,
                  const double *work, double by_perimeter, double by_size, double *gradient)
{
    const soft_mask_settings *settings = feature->settings;
    const double content = pixel_content(region), *by_mask = work + BY_MASK;
    for (size_t i = 0; gradient && i < region->pixel_count; i++)
        gradient[i] =
            (by_perimeter * by_mask[i] + by_size * content) * soft_mask_slope(settings, value[i]);
}

static fgf_undefined perimeter(const fgf_feature *feature, const fgf_region *region,
                               const double *value, double *work, double *h, double *gradient)
{
    *h = region->pixel_count > 0 ? work[PERIMETER] : 0;
    chain(feature, region, value, work, 1, 0, gradient);
    return FGF_UNDEFINED_DEFINED;
}

/* In pixels: a mask of less is a trace below the threshold, whose ratios have no bound. */
static const double least_mask = 0.5;

/* h = factor * S^size_power / P^perimeter_power. */
static fgf_undefined ratio(const fgf_feature *feature, const fgf_region *region,
                           const double *value, double factor, double size_power,
                           double perimeter_power, double *work, double *h, double *gradient)
{
    const double perimeter_of = work[PERIMETER], size = work[SIZE];
    if (!(size > least_mask * pixel_content(region)) || !(perimeter_of > 0))
        return FGF_UNDEFINED_EMPTY;
    *h = factor * pow(size, size_power) / pow(perimeter_of, perimeter_power);
    chain(feature, region, value, work, -*h * perimeter_power / perimeter_of,
          *h * size_power / size, gradient);
    return FGF_UNDEFINED_DEFINED;
}

static const double pi = 3.14159265358979323846;

static fgf_undefined surface_to_volume(const fgf_feature *feature, const fgf_region *region,
                                       const double *value, double *work, double *h,
                                       double *gradient)
{
    return ratio(feature, region, value, 1, -1, -1, work, h, gradient);
}

static fgf_undefined sphericity(const fgf_feature *feature, const fgf_region *region,
                                const double *value, double *work, double *h, double *gradient)
{
    if (region->shape.depth > 1)
        return ratio(feature, region, value, cbrt(36 * pi), 2.0 / 3, 1, work, h, gradient);
    return ratio(feature, region, value, sqrt(4 * pi), 0.5, 1, work, h, gradient);
}

static fgf_undefined compactness(const fgf_feature *feature, const fgf_region *region,
                                 const double *value, double *work, double *h, double *gradient)
{
    if (region->shape.depth > 1)
        return ratio(feature, region, value, 36 * pi, 2, 3, work, h, gradient);
    return ratio(feature, region, value, 4 * pi, 1, 2, work, h, gradient);
}

const feature_ops fgf_feature_perimeter = {.kind = {"perimeter",
                                                    "perimeter (surface in 3-D) of the soft mask",
                                                    keys, sizeof(perimeter_settings)},
                                           .unit = "mm",
                                           .unit_volume = "mm2",
                                           .stored_units = true,
                                           .defined_when_empty = true,
                                           .work = work_size,
                                           .share = share,
                                           .evaluate = perimeter};

const feature_ops fgf_feature_surface_to_volume = {
    .kind = {"surface_to_volume",
             "perimeter over area (surface over volume in 3-D) of the soft "
             "mask",
             keys, sizeof(perimeter_settings)},
    .unit = "1/mm",
    .stored_units = true,
    .work = work_size,
    .share = share,
    .evaluate = surface_to_volume};

const feature_ops fgf_feature_sphericity = {
    .kind = {"sphericity",
             "perimeter of the disc of the same area (surface of the ball of the same volume in "
             "3-D) over that of the soft mask",
             keys, sizeof(perimeter_settings)},
    .unit = "1",
    .stored_units = true,
    .work = work_size,
    .share = share,
    .evaluate = sphericity};

const feature_ops fgf_feature_compactness = {
    .kind = {"compactness", "sphericity squared (cubed in 3-D): circularity, compactness 2", keys,
             sizeof(perimeter_settings)},
    .unit = "1",
    .stored_units = true,
    .work = work_size,
    .share = share,
    .evaluate = compactness};
