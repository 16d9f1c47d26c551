#define FGF_VECTOR_BYTES 64
#include "weights_template.h"

const weights_set weights_set_avx512 = {LANES, accumulate, spread};
