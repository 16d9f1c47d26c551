#define FGF_VECTOR_BYTES 64
#include "tile_pool_template.h"
#include "tile_template.h"

const tile_set tile_set_avx512 = {LANES,    VECTORS_MAX, tile_pixels, convolve,
                                  greatest, pick,        spread};
