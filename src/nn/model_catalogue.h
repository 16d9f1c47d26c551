/* What datasets a model file has, and which of them is which parameter array. */
#ifndef NN_MODEL_CATALOGUE_H
#define NN_MODEL_CATALOGUE_H

#include "fgf/nn.h"
#include "fgf/status.h"

#include <stdint.h>

enum { SHAPE_RANK = 5, SHAPE_TEXT = 160 };

/* A floating-point dataset of the file. */
typedef struct candidate {
    char *path;  /* owned */
    size_t stem; /* characters before the last '/' or '.', 0 = none */
    int rank;    /* -1: more than SHAPE_RANK */
    uint64_t dims[SHAPE_RANK];
} candidate;

/* `{0}` is empty. */
typedef struct catalogue {
    candidate *items;
    size_t count, capacity;
} catalogue;

/* Adds a dataset; the path is copied. */
fgf_status catalogue_add(catalogue *list, const char *path, int rank,
                         const uint64_t *dims) FGF_CHECKED;
void catalogue_clear(catalogue *list);

/* of_array[k] = the dataset of each of the model's arrays, by the rule of fgf_model_file_read; they
 * are borrowed from the list, which is sorted here. FGF_DATA, beginning with `path`, where the list
 * has too few or does not tell. */
fgf_status catalogue_map(catalogue *list, const char *path, const fgf_model *model,
                         const candidate **of_array) FGF_CHECKED;

/* True if an array can be read from a dataset of this shape. */
bool catalogue_fits(const fgf_parameter_array *array, int rank, const uint64_t *dims);

/* The shape of an array in a file: PyTorch's, a kernel depth of 1 left out. Returns its rank. */
int catalogue_shape(const fgf_parameter_array *array, uint64_t out[SHAPE_RANK]);

/* "[8, 1, 3, 3]", in `text`, which is returned. */
const char *catalogue_shape_text(int rank, const uint64_t *dims, char text[SHAPE_TEXT]);

#endif
