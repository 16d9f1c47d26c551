/* A table of text: CSV with any delimiter, quotes, BOM, CRLF, decimal comma. Not collective. */
#ifndef FGF_IMPORT_TABLE_H
#define FGF_IMPORT_TABLE_H

#include "fgf/status.h"

typedef struct fgf_cell {
    const char *text;
    int line, column; /* in the file, from 1; column in bytes */
} fgf_cell;

typedef struct fgf_table {
    char *path, *bytes; /* cells point into bytes */
    char delimiter;
    size_t row_count, column_count;
    fgf_cell *cells; /* [1 + row_count][column_count]; row 0 is the header */
} fgf_table;

/* The delimiter that a manifest names: one character, "tab", or 0 for "auto". */
char fgf_delimiter(const char *name);

/* Reads the file at `path`; delimiter 0 = that of , ; tab | which is most frequent in the header.
 * Every row has as many fields as the header; blank lines and rows of empty fields are skipped;
 * blanks around an unquoted field are dropped. FGF_DATA "file:line:column: ..." for an unclosed
 * quote, text behind a closing quote, a NUL byte, a wrong number of fields, no header. */
fgf_status fgf_table_read(const char *path, char delimiter, fgf_table **out) FGF_CHECKED;
void fgf_table_destroy(fgf_table **table);

/* The cell of a row (from 0, the header not counted). */
const fgf_cell *fgf_table_cell(const fgf_table *table, size_t row, size_t column);

/* The column with this name; where none is exactly so, the one that differs in nothing but blanks,
 * case and kinds of dash, as tables of several hands do. FGF_DATA: none (with the nearest name) or
 * several. */
fgf_status fgf_table_column(const fgf_table *table, const char *name, size_t *column) FGF_CHECKED;

/* The number in a cell; NaN where it is empty, NA, N/A or NaN. decimal: '.', ',', or 0 = '.' and,
 * where the delimiter is no comma, ',' too. FGF_DATA "file:line:column: ...": not a number. */
fgf_status fgf_table_number(const fgf_table *table, const fgf_cell *cell, char decimal,
                            double *value) FGF_CHECKED;

#endif
