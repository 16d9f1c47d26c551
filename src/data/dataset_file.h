/* What writer and reader of a dataset file share. Include after hdf5.h. */
#ifndef FGF_DATA_DATASET_FILE_H
#define FGF_DATA_DATASET_FILE_H

#include "fgf/dataset.h"
#include "fgf/text.h"

#define FGF_DATASET_SCHEMA "fgf dataset"
enum {
    FGF_DATASET_VERSION = 1,
    FGF_DATASET_PREFIX = 512, /* HDF5's user block */
    FGF_EXCLUDED_REASON = 512,
    FGF_DATASET_EXTENT_MOST = 1 << 20,   /* of one axis */
    FGF_DATASET_ELEMENTS_MOST = 1 << 28, /* of one case: 1 GiB of float, below HDF5's chunk limit */
    FGF_DATASET_TEXT_MOST = 1 << 24
};

/* One column of /case: where it is in fgf_case, and how it stands in the file. */
typedef enum case_element { CASE_TEXT, CASE_I8, CASE_I32, CASE_I64, CASE_F64 } case_element;
typedef struct case_column {
    const char *name;
    case_element element;
    size_t offset, bytes;
    const char *unit, *long_name;
    bool added; /* files of earlier programs are without it */
} case_column;
extern const case_column fgf_case_columns[];
extern const size_t fgf_case_column_count;

/* Sets a row's member of an added column to what stands for none: NaN, 0 or "". */
void fgf_case_column_absent(const case_column *column, fgf_case *row);

/* HDF5's type of a column in memory (and, by sizes and byte order, in the file); close it. < 0:
 * failed. */
hid_t fgf_case_column_type(const case_column *column);
/* A fixed-length text type, final 0 included. */
hid_t fgf_text_type(size_t bytes);

/* What a case holds. */
typedef struct fgf_case_content {
    char hash[FGF_HASH_TEXT];
    int64_t mask_pixels;
} fgf_case_content;

/* What a case's image (planar float) and mask hold. */
fgf_status fgf_case_content_of(fgf_shape shape, const float *image, const uint8_t *mask,
                               fgf_case_content *out) FGF_CHECKED;

/* How /image and /mask are stored, with `axes` axes: one case a chunk, shuffled, deflated, with a
 * checksum. extent[0] is the number of cases. A creation list to be closed; < 0: failed. */
hid_t fgf_dataset_case_layout(int axes, const hsize_t *extent);

/* FGF_DATA: a case of this shape is more than a file can hold. */
fgf_status fgf_dataset_shape_check(fgf_shape shape) FGF_CHECKED;

/* The hash of the whole: cohort, and each case with its content, in file order. */
fgf_status fgf_dataset_content_hash(const fgf_cohort *cohort, const fgf_case *cases,
                                    const fgf_case_content *contents, size_t count,
                                    fgf_hash *out) FGF_CHECKED;

/* The first bytes of a dataset file, before HDF5's own, zero-padded. HDF5 1.10 crashes on some
 * damaged files; a file that does not begin so, or is not that long, never reaches it. */
void fgf_dataset_prefix(unsigned long long file_bytes, char prefix[FGF_DATASET_PREFIX]);

/* Keeps HDF5 from printing its own error stack; ours is one line. */
void fgf_hdf5_quiet(void);
/* The innermost line of HDF5's error stack, cut to `bytes`; "" where there is none. */
void fgf_hdf5_reason(char *text, size_t bytes);
/* Whether it failed because the system refused something: a disk, not the file, is at fault. */
bool fgf_hdf5_system_reason(char *text, size_t bytes);

#endif
