/* A dataset file that is open for reading, and what is taken out of it. Include after hdf5.h. */
#ifndef FGF_DATA_DATASET_READER_H
#define FGF_DATA_DATASET_READER_H

#include "dataset_file.h"

struct fgf_dataset {
    char *path;
    char *origin, *preprocessing;
    size_t file_bytes;
    fgf_cohort cohort;
    char hash[FGF_HASH_TEXT];
    size_t count, excluded_count;
    fgf_case *cases;
    char *content_hashes;                  /* [count][FGF_HASH_TEXT] */
    char *excluded_ids, *excluded_reasons; /* [excluded_count][FGF_CASE_ID, FGF_EXCLUDED_REASON] */
    float *planar;                         /* room for one case as it stands in the file */
    hid_t file, image, mask;
};

/* One line for whatever is wrong with the file itself; returns FGF_DATA. Through DAMAGED. */
fgf_status fgf_dataset_damaged(const fgf_dataset *dataset, int line, const char *format, ...)
    FGF_PRINTF(3, 4);

#define DAMAGED(dataset, ...)                                                                      \
    do {                                                                                           \
        status = fgf_dataset_damaged((dataset), __LINE__, __VA_ARGS__);                            \
        goto done;                                                                                 \
    } while (0)

/* An attribute of the file of `count` elements. */
fgf_status fgf_dataset_read_attribute(const fgf_dataset *dataset, const char *name, hid_t type,
                                      hssize_t count, void *values) FGF_CHECKED;
/* A fixed-length text of at most bytes - 1. */
fgf_status fgf_dataset_read_text_attribute(const fgf_dataset *dataset, const char *name, char *text,
                                           size_t bytes) FGF_CHECKED;

/* Opens a dataset after checking its kind of type and its extent (axes 0: a scalar). */
fgf_status fgf_dataset_open_values(const fgf_dataset *dataset, const char *path, H5T_class_t wanted,
                                   int axes, const hsize_t *extent, hid_t *out) FGF_CHECKED;
/* A small dataset into memory that is there already. */
fgf_status fgf_dataset_read_values(const fgf_dataset *dataset, const char *path, hid_t type,
                                   int axes, const hsize_t *extent, void *values) FGF_CHECKED;
/* A column of texts, `bytes` each in memory. */
fgf_status fgf_dataset_read_texts(const fgf_dataset *dataset, const char *path, size_t bytes,
                                  size_t count, char *texts) FGF_CHECKED;
/* A scalar text of unknown length; *out is released with fgf_free. */
fgf_status fgf_dataset_read_text(const fgf_dataset *dataset, const char *path,
                                 char **out) FGF_CHECKED;

#endif
