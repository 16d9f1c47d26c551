#define FGF_VECTOR_BYTES 64
#include "sparse_template.h"

const sparse_set sparse_set_avx512 = {LANES, weights, tangent, backward, add};
