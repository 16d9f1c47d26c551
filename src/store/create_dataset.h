/* Single datasets of a file that is being created, each whole: allocated, filled, described. */
#ifndef FGF_STORE_CREATE_DATASET_H
#define FGF_STORE_CREATE_DATASET_H

#include "catalog.h"
#include "element.h"

/* A file being created. The first failure of an HDF5 call ends it. */
typedef struct creation {
    hid_t file, links; /* links: missing groups are made on the way */
    const char *path;
} creation;

/* One dataset to create. */
typedef struct plan {
    const char *path;
    fgf_element type;
    size_t text_bytes;
    int rank;
    size_t extent[CATALOG_RANK];
    const void *data; /* NULL = fill values */
    const char *unit, *long_name;
    const char *scale[CATALOG_RANK]; /* NULL = none */
    const char *scale_name;          /* not NULL: it is a dimension scale of this name */
    bool is_unsigned, fill_zero;
} plan;

#define TRY_HDF5(call)                                                                             \
    do {                                                                                           \
        if ((call) < 0)                                                                            \
            FGF_FAIL(FGF_ENVIRONMENT, "cannot write %s: %s", c->path, hdf5_reason());              \
    } while (0)

fgf_status create_text_attribute(const creation *c, hid_t object, const char *name,
                                 const char *text) FGF_CHECKED;

fgf_status create_dataset(const creation *c, const plan *p) FGF_CHECKED;

/* Numbers 0, 1, .. as a dimension scale. */
fgf_status create_index_scale(const creation *c, const char *path, const char *name,
                              size_t count) FGF_CHECKED;

/* Texts as a dataset of fixed length, the longest's. */
fgf_status create_texts(const creation *c, plan p, const char *const *texts,
                        size_t count) FGF_CHECKED;

#endif
