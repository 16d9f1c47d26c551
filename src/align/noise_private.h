/* What the bank of noise maps and its cases share. */
#ifndef FGF_NOISE_PRIVATE_H
#define FGF_NOISE_PRIVATE_H

#include "fgf/align.h"

#include <stdbool.h>

enum {
    FGF_NOISE_SIGMA_MAX = 1000,
    FGF_NOISE_POINTS = 32 /* of a path, held against all maps at a time */
};

struct fgf_noise_bank {
    fgf_shape shape;
    size_t draws, kinds, channel_count, used;
    int *channel;  /* [channel_count] */
    int32_t *slot; /* [pixels]: which of the used pixels this is, -1 = none */
    float *values; /* [kinds][channel_count][draws][used] */
};

/* One map: [used]. */
float *fgf_noise_map(const fgf_noise_bank *bank, size_t kind, size_t channel, size_t draw);

/* Pixels of a region that are neighbours in the bank too. */
typedef struct fgf_noise_run {
    int32_t slot, length;
} fgf_noise_run;

struct fgf_noise_case {
    const fgf_noise_bank *bank;
    size_t greatest_n, greatest_group; /* capacities */
    /* As selected. */
    size_t n, group, stride;
    fgf_noise_run *run; /* [run_count], room for [greatest_n] */
    size_t run_count;
    fgf_real *maps;  /* [draws][n] */
    double *norm;    /* [draws] */
    double *product; /* [draws][group]: cosine of maps m and m + d stride */
    double *factor;  /* [draws][group][group]: rows of L in order of pivoting */
    int *order;      /* [draws][group]: which map each row is */
    int *rank;       /* [draws] */
    bool *delicate;  /* [draws]: the map is in a group that is nearly dependent */
    double *left;    /* [group]: what pivoting left of each map */
    /* While scoring: POINTS = FGF_NOISE_POINTS points of a path side by side. */
    fgf_real *unit;   /* [POINTS][n]: g / |g|; 0 beyond the path's end */
    fgf_real *panel;  /* [draws][POINTS]: products over some of the pixels */
    double *cosine;   /* [draws][POINTS] */
    double *solution; /* [group][POINTS] */
};

/* Map j of group m, modulo the number of maps: j * stride is less than that. */
static inline size_t fgf_noise_member(const fgf_noise_case *noise, size_t m, size_t j)
{
    const size_t at = m + j * noise->stride;
    return at < noise->bank->draws ? at : at - noise->bank->draws;
}

#endif
