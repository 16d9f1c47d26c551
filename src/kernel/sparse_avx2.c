#define FGF_VECTOR_BYTES 32
#include "sparse_template.h"

const sparse_set sparse_set_avx2 = {LANES, weights, tangent, backward, add};
