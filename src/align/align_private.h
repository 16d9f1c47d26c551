/* What the files of this folder share. */
#ifndef FGF_ALIGN_PRIVATE_H
#define FGF_ALIGN_PRIVATE_H

#include "fgf/align.h"

/* Inner products in double. Terms are added in LANES interleaved partial sums, and these in a fixed
 * tree: an order that depends on n alone and that vector units of any width can follow. */
double fgf_align_dot(const double *a, const double *b, size_t n);
double fgf_align_dot_real(const fgf_real *a, const fgf_real *b, size_t n);

/* a -= factor * w; returns the sum of a's squares without its first element. */
double fgf_align_reduce(double *a, const double *w, double factor, size_t n);

struct fgf_align_work {
    size_t n, features; /* capacities */
    double *g;          /* [n]: g; then Q^T g; then, if asked for, P_V g */
    double *original;   /* [n]: g in double */
    double *columns;    /* [features][n]: unit columns, then the Householder vectors */
    double **column;    /* [features]: the columns in the order of pivoting */
    double *beta;       /* [features]: reflector k is I - beta_k w_k w_k^T */
    double *rest;       /* [features]: squared norms of what is left of each column */
    double *norm;       /* [features]: |v_j| */
    double *cosine;     /* [features]: NaN = missing */
};

/* |g|, |v_j| and the cosines, in work; returns |g|. `vanished`: whether g has no direction
 * that could be told. */
double fgf_align_cosines(fgf_align_work *work, const fgf_align_settings *settings,
                         const fgf_real *g, const fgf_real *v, size_t features, size_t n,
                         bool *vanished);

/* Factors the unit columns of the v_j with |v_j| > 0 and applies the reflectors to work->g, after
 * fgf_align_cosines. Returns the rank; *square = |P_V g|^2. */
int fgf_align_factor(fgf_align_work *work, double tolerance, size_t features, size_t n,
                     double *square);

/* work->g = P_V g, after fgf_align_factor. */
void fgf_align_project(fgf_align_work *work, int rank, size_t n);

#endif
