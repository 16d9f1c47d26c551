/* Columns: the one description of a dataset of the results file, on which the file's layout, its
 * dimension scales, exports and comparisons are built. trial/ owns the table; store/ reads it. */
#ifndef FGF_COLUMN_H
#define FGF_COLUMN_H

#include <stddef.h>

typedef enum fgf_element { FGF_F64, FGF_F32, FGF_I64, FGF_I32, FGF_I8, FGF_TEXT } fgf_element;

/* Bytes of one element; text_bytes: of TEXT. */
static inline size_t fgf_element_bytes(fgf_element type, size_t text_bytes)
{
    switch (type) {
    case FGF_F64:
    case FGF_I64:
        return 8;
    case FGF_F32:
    case FGF_I32:
        return 4;
    case FGF_I8:
        return 1;
    case FGF_TEXT:
        return text_bytes;
    }
    return 0;
}

typedef enum fgf_axis {
    FGF_AXIS_CASE,
    FGF_AXIS_FEATURE,
    FGF_AXIS_NOISE, /* noise kind */
    FGF_AXIS_DRAW,
    FGF_AXIS_EPOCH,
    FGF_AXIS_COUNT
} fgf_axis;

enum { FGF_COLUMN_AXES = 3 };

/* Each column has the trial as its first axis, then `axis_count` further ones. */
typedef struct fgf_column {
    const char *path; /* in the file: "/trial/auc_test" */
    fgf_element type;
    size_t text_bytes; /* TEXT: fixed length, final 0 included */
    int axis_count;
    fgf_axis axes[FGF_COLUMN_AXES];
    const char *unit;      /* "1" where dimensionless */
    const char *long_name; /* a line a reader of the paper understands */
    int volatile_value;    /* 1: times, hosts: differs from run to run, left out of comparisons */
} fgf_column;

#endif
