#define FGF_VECTOR_BYTES 32
#include "weights_template.h"

const weights_set weights_set_avx2 = {LANES, accumulate, spread};
