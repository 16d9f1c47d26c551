#define FGF_VECTOR_BYTES 16
#include "weights_template.h"

const weights_set weights_set_portable = {LANES, accumulate, spread};
