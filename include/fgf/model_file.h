/* Model files: the parameters of one network in an HDF5 file, one dataset an array, in PyTorch's
 * order, so that they come from and go to any other program. */
#ifndef FGF_MODEL_FILE_H
#define FGF_MODEL_FILE_H

#include "fgf/key.h"
#include "fgf/nn.h"
#include "fgf/status.h"

/* Reads a network trained elsewhere into `parameters` (the model's vector).
 *
 * names: the dataset of each parameter array, in the model's order ("cv1/weight", "cv1/bias", ...).
 * NULL: the file's own names decide.
 *   1. If every array's name is there ("conv1.weight", or "conv1/weight"), those datasets are read.
 *   2. Else datasets are grouped by the part of their path before the last '/' or '.', and each
 *      layer takes the group whose shapes are the layer's. Where several groups have these shapes,
 *      there must be as many of them as layers of this shape, and their names must differ in
 *      their numbers alone: then they are taken in increasing order (conv2 before conv10).
 *      Anything else is ambiguous, and names are demanded.
 * Datasets of other types than floating point are not looked at. A kernel depth of 1 may be left
 * out of the file's shape: [out][in][kh][kw] for [out][in][1][kh][kw].
 *
 * FGF_DATA: no such file, not HDF5, a dataset that is missing or of another shape (both are named),
 * a value that is not finite, an ambiguous file. `parameters` may then be partly filled. Not
 * collective. */
fgf_status fgf_model_file_read(const char *path, const fgf_model *model, const fgf_texts *names,
                               fgf_real *parameters) FGF_CHECKED;

/* Writes the parameters as datasets named as the arrays ("conv1.weight"), and the layer table of
 * fgf_model_describe as the text dataset "layers". Written to `path`.part, synced, renamed: `path`
 * is either as it was or complete, or, where it is a link, what that leads to. Errors of
 * fgf_output_file; FGF_ENVIRONMENT where the file system refuses. Not collective.
 */
fgf_status fgf_model_file_write(const char *path, const fgf_model *model,
                                const fgf_real *parameters) FGF_CHECKED;

#endif
