/* Compressed images within DICOM files: what their own heads say, checked before a decoder sees
 * them; and JPEG 2000. */
#ifndef FGF_DICOM_CODESTREAM_H
#define FGF_DICOM_CODESTREAM_H

#include "fgf/status.h"

#include <stddef.h>
#include <stdint.h>

/* What the file around it says of a compressed grey image; `path` stands in messages. */
typedef struct codestream_expected {
    const char *path;
    int rows, columns, bits; /* at most so many bits a voxel */
} codestream_expected;

/* JPEG and JPEG-LS, from the start of image to the first scan: one grey image of the expected size.
 * *precision = its bits a voxel. FGF_DATA where it is not. */
fgf_status jpeg_check(const codestream_expected *expected, const uint8_t *bytes, size_t count,
                      int *precision) FGF_CHECKED;

/* Decodes a JPEG 2000 codestream (alone or within a JP2 file): out[rows][columns]. FGF_DATA: not
 * one, not grey, of another size, cut short. */
fgf_status jpeg_2000_decode(const codestream_expected *expected, const uint8_t *bytes, size_t count,
                            int32_t *out) FGF_CHECKED;

#endif
