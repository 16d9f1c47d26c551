/* Rows of one results file as rows of another: columns by path, cases, features and noise kinds by
 * label, epochs and draws by number. */
#ifndef FGF_STORE_CONVERT_H
#define FGF_STORE_CONVERT_H

#include "image.h"

typedef struct conversion {
    const store_image *from, *to;
    size_t *map[FGF_AXIS_COUNT]; /* position along an axis: there -> here; NULL = the same */
    const image_column **source; /* [to->column_count] the column of `from`, NULL = none */
} conversion;

/* Both images are borrowed. Released with conversion_clear, also after a failure. */
fgf_status conversion_create(const store_image *from, const store_image *to,
                             conversion *out) FGF_CHECKED;
void conversion_clear(conversion *c);

/* The block of row `row` of `from` as the block of row `trial` of `to`; what the old row lacks is
 * filled. FGF_DATA where one architecture has two numbers of parameters. */
fgf_status conversion_row(const conversion *c, size_t row, const char *from, size_t trial,
                          char *to) FGF_CHECKED;

/* Copies a row of a column between extents: element (i, j, k) of `from` goes to (map[0][i],
 * map[1][j], map[2][k]) of `to`; a NULL map is the identity; SIZE_MAX or beyond the end = dropped.
 * What nothing maps to stays as it is in `to`. */
void image_spread(int axis_count, size_t element, const size_t *from_extent, const void *from,
                  const size_t *to_extent, void *to, const size_t *const *map);

/* The labels of an axis in a file, `count` texts of *text_bytes; *out NULL where it has none. */
fgf_status image_labels(const store_image *image, fgf_axis axis, char **out,
                        size_t *text_bytes) FGF_CHECKED;

#endif
