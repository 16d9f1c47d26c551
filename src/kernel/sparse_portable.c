#define FGF_VECTOR_BYTES 16
#include "sparse_template.h"
#include "sparse_window_template.h"

const sparse_set sparse_set_portable = {LANES,
                                        {weights_by_field, tangent_by_field, backward_by_field},
                                        {weights_by_window, tangent_by_window, backward_by_window},
                                        add};
