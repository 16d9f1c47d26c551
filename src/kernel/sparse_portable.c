#define FGF_VECTOR_BYTES 16
#include "sparse_template.h"

const sparse_set sparse_set_portable = {LANES, weights, tangent, backward, add};
