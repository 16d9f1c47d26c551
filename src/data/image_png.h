/* Grey PNG images. Not collective. */
#ifndef FGF_DATA_IMAGE_PNG_H
#define FGF_DATA_IMAGE_PNG_H

#include "fgf/status.h"

typedef struct fgf_grey_image {
    int height, width;
    int greatest;  /* 255 or 65535 */
    double *value; /* [height][width], as stored */
} fgf_grey_image;

/* Decodes a PNG of `count` bytes; `path` stands in messages. 8 and 16 bits of grey, interlaced or
 * not. FGF_DATA: no PNG, cut short, a checksum that does not fit, colour, palette, alpha, other
 * bit depths, more than 16384 pixels along an edge (refused before memory is taken). */
fgf_status fgf_png_decode(const char *path, const char *bytes, size_t count,
                          fgf_grey_image *out) FGF_CHECKED;
void fgf_grey_image_clear(fgf_grey_image *image);

#endif
