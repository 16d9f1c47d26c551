/* Centre of mass shift: how far the centre of the soft mask is from the centre of the intensity in
 * it. With the mask m of soft_mask.h, the mass u_i = m_i (q_i - zero) and r_i the place in mm,
 *
 *     D = sum m_i r_i / S - sum u_i r_i / U,   S = sum m_i,  U = sum u_i
 *     h = |D|^2 / sqrt(|D|^2 + e^2),   e = smoothing: |D| but for its kink at 0
 *
 *     dD/dq_i = m'_i (r_i - A) / S - (m'_i (q_i - zero) + m_i) (r_i - B) / U
 *
 * with m' = dm/dq, A and B the two centres. As the mask's width and e go to 0, with zero: 0: IBSI's
 * KLMA (Zwanenburg et al., Radiology 295:328 (2020) and its reference manual, "Morphological
 * features"). Undefined where U <= 0: air has no mass; `zero` says where mass begins. */
#include "soft_mask.h"

typedef struct shift_settings {
    soft_mask_settings mask;
    double zero, smoothing;
} shift_settings;

#define MEMBER(name) offsetof(shift_settings, name)
static const fgf_key keys[] = {SOFT_MASK_KEYS,
                               {"zero", FGF_KEY_REAL, MEMBER(zero), "0", 0, 0, NULL, "q",
                                "intensity, in stored units (HU), that has no mass"},
                               {"smoothing", FGF_KEY_REAL, MEMBER(smoothing), "0.01", 1e-9, 1e9,
                                NULL, "mm", "shift below which it counts quadratically"},
                               {.name = NULL}};

typedef struct centre {
    double mass, at[3];
} centre;

static void add_mass(centre *of, double mass, const double place[3])
{
    of->mass += mass;
    for (int axis = 0; axis < 3; axis++)
        of->at[axis] += mass * place[axis];
}

static fgf_undefined evaluate(const fgf_feature *feature, const fgf_region *region,
                              const double *value, double *work, double *h, double *gradient)
{
    const shift_settings *settings = feature->settings;
    centre shape = {0}, intensity = {0};
    double place[3], shift[3], square = 0, by_square;
    (void)work;
    for (size_t i = 0; i < region->pixel_count; i++) {
        const double m = soft_mask(&settings->mask, value[i]);
        region_place(region, i, place);
        add_mass(&shape, m, place);
        add_mass(&intensity, m * (value[i] - settings->zero), place);
    }
    if (!(shape.mass > 0))
        return FGF_UNDEFINED_EMPTY;
    if (!(intensity.mass > 0))
        return FGF_UNDEFINED_NO_MASS;
    for (int axis = 0; axis < 3; axis++) {
        shape.at[axis] /= shape.mass;
        intensity.at[axis] /= intensity.mass;
        shift[axis] = shape.at[axis] - intensity.at[axis];
        square += shift[axis] * shift[axis];
    }
    *h = smooth_length(square, settings->smoothing, &by_square);
    for (size_t i = 0; gradient && i < region->pixel_count; i++) {
        const double m = soft_mask(&settings->mask, value[i]);
        const double slope = soft_mask_slope(&settings->mask, value[i]);
        const double by_shape = slope / shape.mass;
        const double by_mass = (slope * (value[i] - settings->zero) + m) / intensity.mass;
        gradient[i] = 0;
        region_place(region, i, place);
        for (int axis = 0; axis < 3; axis++)
            gradient[i] += 2 * by_square * shift[axis] *
                           (by_shape * (place[axis] - shape.at[axis]) -
                            by_mass * (place[axis] - intensity.at[axis]));
    }
    return FGF_UNDEFINED_DEFINED;
}

const feature_ops fgf_feature_centre_of_mass_shift = {
    .kind = {"centre_of_mass_shift",
             "distance of the soft mask's centre from the centre of the intensity in it", keys,
             sizeof(shift_settings)},
    .unit = "mm",
    .stored_units = true,
    .evaluate = evaluate};
