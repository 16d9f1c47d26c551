/* Agreement of feature gradients with the network's: cosines, the joint projection, the training
 * regularizer, and noise maps as the bar to beat.
 *
 * Vectors are compact over a region, length n = |Omega| (times its channels). All sums in double,
 * but for those against noise maps.
 */
#ifndef FGF_ALIGN_H
#define FGF_ALIGN_H

#include "fgf/feature.h"
#include "fgf/key.h"
#include "fgf/real.h"
#include "fgf/status.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct fgf_align_settings {
    double rank_tolerance; /* relative tolerance of the pivoted QR, 1e-6 */
    double vanish;         /* |g| <= vanish * sqrt(n): no direction, 1e-12 */
} fgf_align_settings;
extern const fgf_key fgf_align_keys[];

/* Whether a gradient has no direction: no cosine with it is defined. */
bool fgf_vanishes(const fgf_align_settings *settings, const fgf_real *g, size_t n);

/* Room for scoring up to `features` gradients of up to `n` pixels; no call below allocates. */
typedef struct fgf_align_work fgf_align_work;
fgf_status fgf_align_work_create(size_t n, size_t features, fgf_align_work **out) FGF_CHECKED;
void fgf_align_work_destroy(fgf_align_work **work);

typedef struct fgf_joint {
    double score; /* A in [0, 1], NaN = missing */
    int rank;     /* of the scaled V */
    int dropped;  /* columns: zero, undefined or dependent */
    double norm;  /* |g| */
} fgf_joint;

/* At one point: cosine[j] = <g, v_j> / (|g| |v_j|), NaN where |v_j| = 0 or g vanishes; and the
 * joint score A = |P_V g|^2 / |g|^2 by a Householder QR with column pivoting on unit columns, in
 * double; missing (NaN) where g vanishes, the rank is 0, or n <= rank, and where |g|^2 is too large
 * for a double, as are the cosines. v: [features][n]. cosine may be NULL. */
fgf_joint fgf_agreement(fgf_align_work *work, const fgf_align_settings *settings, const fgf_real *g,
                        const fgf_real *v, size_t features, size_t n, double *cosine);

/* ---- the regularizer of training ---- */

typedef enum fgf_regularizer_form {
    FGF_REGULARIZER_JOINT,
    FGF_REGULARIZER_PER_FEATURE
} fgf_regularizer_form;

typedef struct fgf_regularizer {
    double value;    /* R = 1 - A, or sum_j w_j (1 - s_j) */
    bool degenerate; /* g vanished, rank 0 or n <= rank: R is its maximum, u = 0 */
} fgf_regularizer;

/* R and u = dR/dg (compact, [n]) at one case. weights: [features], per-feature form only. <u, g> =
 * 0 holds to rounding and is asserted. A missing v_j (zero) contributes w_j and nothing to u. Where
 * every direction is in the span (joint, n <= rank) A is missing as in scoring, and the case is
 * degenerate too. Where |g|^2 is too large for a double, R is NaN and u = 0. */
fgf_regularizer fgf_regularize(fgf_align_work *work, const fgf_align_settings *settings,
                               fgf_regularizer_form form, const double *weights, const fgf_real *g,
                               const fgf_real *v, size_t features, size_t n, fgf_real *u);

/* ---- noise ---- */

/* M maps of each kind in crop coordinates, drawn over the window that holds every region of the
 * cohort and kept at the pixels that some region uses (so that memory follows the tumours, not the
 * crop), as float. Kind k of sigma[k]: white noise blurred by a Gaussian of sigma pixels along y
 * and x, where depth > 1 along z as well (0 = white), truncated at 4 sigma, drawn beyond the crop's
 * border too so that its law is the same everywhere; of unit variance. Draw m's value at a pixel
 * and channel depends on (seed, m, channel, the pixel's place relative to the crop's middle) alone.
 * FGF_USAGE: a sigma below 0 or above 1000, a channel that the images do not have. */
typedef struct fgf_noise_bank fgf_noise_bank;
fgf_status fgf_noise_bank_create(uint64_t seed, size_t draws, const double *sigma, size_t kinds,
                                 fgf_shape shape,
                                 const uint8_t *used /* [pixels], union of regions */,
                                 const int *channels, size_t channel_count,
                                 fgf_noise_bank **out) FGF_CHECKED;
void fgf_noise_bank_destroy(fgf_noise_bank **bank);
size_t fgf_noise_bank_bytes(const fgf_noise_bank *bank);

/* The maps of one kind over a region: [draws][n] compact, and their norms; and, for the joint null,
 * the factored Gram matrices of `group` maps each. Memory (draws * greatest_n floats) is reused
 * from region to region. The bank is borrowed and must outlive the case. */
typedef struct fgf_noise_case fgf_noise_case;
fgf_status fgf_noise_case_create(const fgf_noise_bank *bank, size_t greatest_n, size_t group,
                                 fgf_noise_case **out) FGF_CHECKED;
void fgf_noise_case_destroy(fgf_noise_case **noise);
/* Selects kind and region; joint null group m is made of maps (m + j * stride) mod M, j < group,
 * with the stride the greatest number up to M / group that is coprime to M: all M groups differ,
 * and any `stride` of them in a row share no map. group 0, or more than M: no joint null.
 * FGF_INTERNAL: the region has a pixel or channel that the bank does not hold, or is larger than
 * there is room for. */
fgf_status fgf_noise_case_select(fgf_noise_case *noise, size_t kind, const fgf_region *region,
                                 size_t group) FGF_CHECKED;
/* Means over the points of a path: square[m] = sum over k of weight[k] cos^2(g_k, map m), m < M;
 * joint[m] = the same of A of group m (NULL: not wanted; NaN where missing). g: [points][n]. The
 * weights add to 1; a point of weight 0 is left out whatever its g, and one of another weight whose
 * g vanishes makes all means NaN, as does a path that has no point of another weight. Cosines are
 * good to 1e-6, A to 1e-5. The bits depend on this path alone (and on fgf_kernel_signature). */
void fgf_noise_case_score(fgf_noise_case *noise, const fgf_align_settings *settings,
                          const fgf_real *g, const double *weight, size_t points, double *square,
                          double *joint);

#endif
