/* Smoothing and resampling of planes [height][width], in double. Not collective. */
#ifndef FGF_DATA_RESAMPLE_H
#define FGF_DATA_RESAMPLE_H

#include "preprocess.h"

/* Gaussian of sigma pixels cut at floor(truncate sigma + 1/2) pixels, weights summing to 1, the
 * plane mirrored at its edges (edge pixel repeated). In place. */
fgf_status fgf_smooth(double *plane, int height, int width, double sigma,
                      double truncate) FGF_CHECKED;

/* The plane at new_height x new_width. Target pixel o lies at source position
 *   centres: (o + 1/2) step - 1/2, step = the spacings' ratio target / source (row, column)
 *   corners: o (n - 1) / (m - 1): first and last pixels of both grids coincide
 * held inside the source. cubic: the interpolating cubic B-spline (Unser 1999), mirrored at the
 * edges. *out is owned by the caller. */
fgf_status fgf_resample(const double *plane, int height, int width, int new_height, int new_width,
                        const double step[2], int grid, int interpolation,
                        double **out) FGF_CHECKED;

#endif
