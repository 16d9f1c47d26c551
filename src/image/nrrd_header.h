/* The header of a NRRD file: lines of text, checked, turned into a grid and a way to read voxels.
 */
#ifndef FGF_IMAGE_NRRD_HEADER_H
#define FGF_IMAGE_NRRD_HEADER_H

#include "fgf/image.h"
#include "voxels.h"

#include <stdio.h>

enum { NRRD_AXES = 16, NRRD_LINE = 4096 };

typedef enum nrrd_encoding { NRRD_RAW, NRRD_GZIP, NRRD_ASCII, NRRD_UNSAID } nrrd_encoding;
typedef enum nrrd_endian { NRRD_ENDIAN_UNSAID, NRRD_LITTLE, NRRD_BIG } nrrd_endian;

typedef struct nrrd_axis {
    long size;
    bool in_space; /* by its kind and direction: an axis of the volume, not one of its values */
    bool has_direction;
    double direction[3], spacing; /* spacing: NaN = not said */
} nrrd_axis;

typedef struct nrrd_header {
    const char *path;
    int line;      /* number of the line that is being read; 0 = all are */
    unsigned seen; /* bits of the fields that stood already */
    int dimension;
    nrrd_axis axis[NRRD_AXES];
    voxel_type type;
    nrrd_encoding encoding;
    nrrd_endian endian;
    int space_dimension;
    double sign[3]; /* of the space's axes against DICOM's; 0 = not a space of the patient */
    double origin[3];
    bool has_origin;
    long line_skip, byte_skip;
    char data_file[NRRD_LINE]; /* "" = voxels follow the header */
    fgf_grid grid;
    bool swapped; /* the voxels' byte order is not this machine's */
} nrrd_header;

/* Takes one field over. FGF_DATA: unknown, given twice, a value that cannot be. */
fgf_status nrrd_field_read(nrrd_header *h, const char *name, const char *value) FGF_CHECKED;

/* A fault of the line that is being read, within functions that have `h` and `done:`. */
#define NRRD_FAIL(...)                                                                             \
    do {                                                                                           \
        char reason[512];                                                                          \
        snprintf(reason, sizeof reason, __VA_ARGS__);                                              \
        FGF_FAIL(FGF_DATA, "%s:%d: %s", h->path, h->line, reason);                                 \
    } while (0)

/* Reads and checks the header; `file` is left at the first byte behind it. FGF_DATA, with the
 * line's number. */
fgf_status nrrd_header_read(const char *path, FILE *file, nrrd_header *out) FGF_CHECKED;

#endif
