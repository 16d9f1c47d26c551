/* The number type of images, activations, parameters and gradients.
 *
 * float in the program that ships. The same sources are compiled a second time with
 * FGF_REAL_DOUBLE, so that tests can hold the very same code against references at 1e-9. Sums
 * that matter (losses, scores, statistics) are double in both. */
#ifndef FGF_REAL_H
#define FGF_REAL_H

#ifdef FGF_REAL_DOUBLE
typedef double fgf_real;
#define FGF_REAL_EPSILON 2.220446049250313e-16
#else
typedef float fgf_real;
#define FGF_REAL_EPSILON 1.1920928955078125e-07
#endif

/* The extent of one case's image. A 2-D image has depth 1. In memory: channels last, that is
 * element (z, y, x, c) at ((z * height + y) * width + x) * channels + c. */
typedef struct fgf_shape {
    int channels, depth, height, width;
} fgf_shape;

static inline long fgf_shape_pixels(fgf_shape s)
{
    return (long)s.depth * s.height * s.width;
}
static inline long fgf_shape_size(fgf_shape s)
{
    return fgf_shape_pixels(s) * s.channels;
}

/* The affine map of a channel to its stored units: q = slope * x + intercept (HU where known). */
typedef struct fgf_units {
    double slope, intercept;
} fgf_units;

#endif
