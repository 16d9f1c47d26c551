/* What the bank of noise maps and its cases share. */
#ifndef FGF_NOISE_PRIVATE_H
#define FGF_NOISE_PRIVATE_H

#include "fgf/align.h"

enum { FGF_NOISE_SIGMA_MAX = 1000 };

struct fgf_noise_bank {
    fgf_shape shape;
    size_t draws, kinds, channel_count, used;
    int *channel;  /* [channel_count] */
    int32_t *slot; /* [pixels]: which of the used pixels this is, -1 = none */
    float *values; /* [kinds][channel_count][draws][used] */
};

/* One map: [used]. */
float *fgf_noise_map(const fgf_noise_bank *bank, size_t kind, size_t channel, size_t draw);

#endif
