/* Soft quantiles: y with
 *
 *     sum_i sigmoid((y - q_i) / w) = p N
 *
 * the p-quantile of the intensities, each of them blurred by a logistic of width w. The left side
 * grows with y, so there is one y, and by the implicit function theorem
 *
 *     dy/dq_i = k_i / sum_j k_j,   k_i = sigmoid'((y - q_i) / w)
 *
 * As w goes to 0: the hard quantile, the value that stands p N-th (rounded up) in order, or the
 * middle between the p N-th and the next where p N is a whole number. (Libraries that interpolate
 * between all neighbours in order differ from it by less than one gap.) */
#ifndef FGF_SOFT_QUANTILE_H
#define FGF_SOFT_QUANTILE_H

#include "feature_private.h"

/* y for p = percent / 100, 0 < percent < 100; count > 0. */
double soft_quantile(const double *value, size_t count, double percent, double width);

/* gradient += factor * dy/dq at such a y. */
void soft_quantile_add_gradient(const double *value, size_t count, double width, double y,
                                double factor, double *gradient);

#endif
