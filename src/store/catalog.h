/* The catalog: where in a results file each dataset lies, read once through HDF5, so that
 * everything after goes by offset. */
#ifndef FGF_STORE_CATALOG_H
#define FGF_STORE_CATALOG_H

#include "fgf/column.h"
#include "fgf/status.h"

#include <stdint.h>

enum { CATALOG_RANK = 4, CATALOG_UNIT = 32, CATALOG_LONG_NAME = 256 };

typedef struct catalog_entry {
    char *path; /* "/trial/id" */
    fgf_element type;
    size_t element_bytes;
    int rank;
    size_t extent[CATALOG_RANK];
    size_t bytes;
    uint64_t offset; /* in the file; 0 for an empty dataset */
    char unit[CATALOG_UNIT], long_name[CATALOG_LONG_NAME];
} catalog_entry;

typedef struct catalog_attribute {
    char *name, *text;
} catalog_attribute;

typedef struct store_catalog {
    catalog_entry *entries;
    size_t count, capacity;
    catalog_attribute *attributes;
    size_t attribute_count, attribute_capacity;
} store_catalog;

/* Lists the contiguous datasets of our element types and the root attributes that are texts. What
 * else the file holds (a user's own additions) is passed over. FGF_DATA where the file is not
 * HDF5, cut off, or damaged. Released with catalog_clear, also after a failure. */
fgf_status catalog_read(const char *path, store_catalog *out) FGF_CHECKED;

void catalog_clear(store_catalog *catalog);

/* NULL if there is none. */
const catalog_entry *catalog_find(const store_catalog *catalog, const char *path);
const char *catalog_attribute_text(const store_catalog *catalog, const char *name);

#endif
