#include "table.h"
#include "fgf/file_bytes.h"
#include "fgf/memory.h"
#include "fgf/text.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { TABLE_BYTES_MOST = 1 << 28, TABLE_COLUMNS_MOST = 1 << 16 };

/* Where the reader is in the file's bytes; fields are unquoted in place behind it. */
typedef struct scanner {
    const fgf_table *table;
    char *next, *end;
    char *line_start;
    int line;
} scanner;

static int column_of(const scanner *scan, const char *place)
{
    return (int)(place - scan->line_start) + 1;
}

static bool at_line_end(const scanner *scan)
{
    return scan->next == scan->end || *scan->next == '\n' ||
           (*scan->next == '\r' && (scan->next + 1 == scan->end || scan->next[1] == '\n'));
}

static void pass_line_end(scanner *scan)
{
    if (scan->next < scan->end && *scan->next == '\r')
        scan->next++;
    if (scan->next < scan->end)
        scan->next++;
    scan->line++;
    scan->line_start = scan->next;
}

/* A field that begins with a quote: doubled quotes stand for one, line ends belong to it. */
static fgf_status scan_quoted(scanner *scan, fgf_cell *cell)
{
    fgf_status status = FGF_OK;
    char *write = ++scan->next;
    cell->text = write;
    for (;;) {
        if (scan->next == scan->end)
            FGF_FAIL(FGF_DATA, "%s:%d:%d: a quote is opened here and never closed",
                     scan->table->path, cell->line, cell->column);
        if (*scan->next == '"' && (scan->next + 1 == scan->end || scan->next[1] != '"'))
            break;
        if (*scan->next == '"')
            scan->next++;
        char c = *scan->next++;
        if (c == '\n') {
            scan->line++;
            scan->line_start = scan->next;
        }
        *write++ = c;
    }
    scan->next++;
    if (!at_line_end(scan) && *scan->next != scan->table->delimiter)
        FGF_FAIL(FGF_DATA, "%s:%d:%d: text after a closing quote, expected '%c' or the line's end",
                 scan->table->path, scan->line, column_of(scan, scan->next),
                 scan->table->delimiter);
    *write = '\0';
done:
    return status;
}

/* One field; the byte behind it (delimiter or line end) is looked at before it becomes a final 0.
 */
static fgf_status scan_field(scanner *scan, fgf_cell *cell, bool *last)
{
    fgf_status status = FGF_OK;
    while (scan->next < scan->end && *scan->next == ' ')
        scan->next++;
    cell->line = scan->line;
    cell->column = column_of(scan, scan->next);
    char *text_end = NULL;
    if (scan->next < scan->end && *scan->next == '"') {
        FGF_TRY(scan_quoted(scan, cell));
    } else {
        cell->text = scan->next;
        while (!at_line_end(scan) && *scan->next != scan->table->delimiter)
            scan->next++;
        text_end = scan->next;
        while (text_end > cell->text && text_end[-1] == ' ')
            text_end--;
    }
    *last = at_line_end(scan);
    char *boundary = scan->next;
    if (*last)
        pass_line_end(scan);
    else
        scan->next++;
    if (text_end)
        *text_end = '\0';
    else if (boundary < scan->end)
        *boundary = '\0';
done:
    return status;
}

static char most_frequent_delimiter(const char *text, const char *end)
{
    static const char candidates[] = {',', ';', '\t', '|'};
    size_t counts[sizeof candidates] = {0}, best = 0;
    bool quoted = false;
    for (; text < end && (quoted || *text != '\n'); text++) {
        quoted ^= *text == '"';
        for (size_t k = 0; k < sizeof candidates && !quoted; k++)
            counts[k] += *text == candidates[k];
    }
    for (size_t k = 1; k < sizeof candidates; k++)
        if (counts[k] > counts[best])
            best = k;
    return candidates[best];
}

static fgf_status add_row(fgf_table *table, const fgf_cell *fields, size_t count, size_t *capacity)
{
    fgf_status status = FGF_OK;
    fgf_cell *larger = NULL;
    const size_t used = table->cells ? (1 + table->row_count) : 0;
    if (used == *capacity) {
        *capacity = 2 * used + 16;
        FGF_TRY(FGF_ALLOCATE(*capacity * count, &larger));
        if (used)
            memcpy(larger, table->cells, used * count * sizeof *larger);
        fgf_free(table->cells);
        table->cells = larger;
    }
    memcpy(table->cells + used * count, fields, count * sizeof *fields);
    table->row_count = used; /* the header is no row */
done:
    return status;
}

static bool all_empty(const fgf_cell *fields, size_t count)
{
    for (size_t k = 0; k < count; k++)
        if (*fields[k].text)
            return false;
    return true;
}

static fgf_status scan_rows(fgf_table *table, scanner *scan)
{
    fgf_status status = FGF_OK;
    size_t capacity = 0;
    fgf_cell *fields = NULL;
    FGF_TRY(FGF_ALLOCATE(TABLE_COLUMNS_MOST, &fields));
    while (scan->next < scan->end) {
        if (at_line_end(scan)) {
            pass_line_end(scan);
            continue;
        }
        size_t count = 0;
        const int line = scan->line;
        for (bool last = false; !last; count++) {
            if (count == TABLE_COLUMNS_MOST)
                FGF_FAIL(FGF_DATA, "%s:%d: more than %d fields", table->path, line,
                         TABLE_COLUMNS_MOST);
            FGF_TRY(scan_field(scan, &fields[count], &last));
        }
        if (table->cells && all_empty(fields, count))
            continue; /* spreadsheets leave them behind the last row */
        if (!table->cells)
            table->column_count = count;
        if (count != table->column_count) {
            const size_t place = count < table->column_count ? count - 1 : table->column_count;
            FGF_FAIL(FGF_DATA,
                     "%s:%d:%d: %zu field%s with '%c' between, expected %zu as in the header",
                     table->path, fields[place].line, fields[place].column, count,
                     count == 1 ? "" : "s", table->delimiter, table->column_count);
        }
        FGF_TRY(add_row(table, fields, count, &capacity));
    }
    if (!table->cells)
        FGF_FAIL(FGF_DATA, "%s:1:1: empty, expected a line of column names", table->path);
done:
    fgf_free(fields);
    return status;
}

char fgf_delimiter(const char *name)
{
    return strcmp(name, "auto") == 0 ? '\0' : strcmp(name, "tab") == 0 ? '\t' : name[0];
}

fgf_status fgf_table_read(const char *path, char delimiter, fgf_table **out)
{
    fgf_status status = FGF_OK;
    fgf_table *table = NULL;
    size_t count = 0;
    *out = NULL;
    FGF_TRY(FGF_ALLOCATE(1, &table));
    FGF_TRY(fgf_copy_text(path, &table->path));
    FGF_TRY(fgf_read_file(path, TABLE_BYTES_MOST, &table->bytes, &count));
    scanner scan = {table, table->bytes, table->bytes + count, table->bytes, 1};
    if (count >= 3 && memcmp(table->bytes, "\xEF\xBB\xBF", 3) == 0)
        scan.next = scan.line_start = table->bytes + 3;
    for (const char *c = scan.next, *start = c; c < scan.end; c++) {
        if (*c == '\0')
            FGF_FAIL(FGF_DATA, "%s:%d:%d: a NUL byte: not a text table", path, scan.line,
                     (int)(c - start) + 1);
        if (*c == '\n') {
            scan.line++;
            start = c + 1;
        }
    }
    scan.line = 1;
    table->delimiter = delimiter ? delimiter : most_frequent_delimiter(scan.next, scan.end);
    FGF_TRY(scan_rows(table, &scan));
    *out = table;
    table = NULL;
done:
    fgf_table_destroy(&table);
    return status;
}

void fgf_table_destroy(fgf_table **table)
{
    if (*table) {
        fgf_free((*table)->path);
        fgf_free((*table)->bytes);
        fgf_free((*table)->cells);
    }
    fgf_free(*table);
    *table = NULL;
}

const fgf_cell *fgf_table_cell(const fgf_table *table, size_t row, size_t column)
{
    return &table->cells[(row + 1) * table->column_count + column];
}

/* The next character of a column's name that counts: no blanks, no case, one kind of dash. */
static unsigned char next_letter(const char **name)
{
    static const char no_break_space[] = "\xC2\xA0", minus[] = "\xE2\x88\x92";
    const char *c = *name;
    for (;;)
        if (isspace((unsigned char)*c))
            c++;
        else if (strncmp(c, no_break_space, 2) == 0)
            c += 2;
        else
            break;
    /* U+2010 .. U+2015 are E2 80 90 .. E2 80 95. */
    const bool dash = (unsigned char)c[0] == 0xE2 && (unsigned char)c[1] == 0x80 &&
                      (unsigned char)c[2] >= 0x90 && (unsigned char)c[2] <= 0x95;
    const bool wide = dash || strncmp(c, minus, 3) == 0;
    *name = c + (wide ? 3 : *c != '\0');
    return wide ? '-' : (unsigned char)tolower((unsigned char)*c);
}

static bool same_letters(const char *a, const char *b)
{
    for (;;) {
        const unsigned char one = next_letter(&a), other = next_letter(&b);
        if (one != other)
            return false;
        if (one == '\0')
            return true;
    }
}

static fgf_status no_column(const fgf_table *table, const char *name, const char *const *names)
{
    fgf_status status = FGF_OK;
    fgf_buffer all = {0};
    const char *nearest = fgf_nearest_name(name, names, table->column_count);
    if (nearest)
        FGF_FAIL(FGF_DATA, "%s:1: no column \"%s\"; did you mean \"%s\"?", table->path, name,
                 nearest);
    for (size_t c = 0; c < table->column_count && all.length < 400; c++)
        fgf_buffer_add(&all, "%s%s", c ? ", " : "", names[c]);
    FGF_FAIL(FGF_DATA, "%s:1: no column \"%s\" among %s", table->path, name,
             all.text ? all.text : "none");
done:
    fgf_buffer_clear(&all);
    return status;
}

fgf_status fgf_table_column(const fgf_table *table, const char *name, size_t *column)
{
    fgf_status status = FGF_OK;
    const char **names = NULL;
    size_t exact = 0, alike = 0;
    FGF_TRY(FGF_ALLOCATE(table->column_count, &names));
    for (size_t c = 0; c < table->column_count; c++) {
        names[c] = table->cells[c].text;
        if (strcmp(names[c], name) == 0 && exact++ == 0)
            *column = c;
    }
    for (size_t c = 0; c < table->column_count && exact == 0; c++)
        if (same_letters(names[c], name) && alike++ == 0)
            *column = c;
    const size_t found = exact ? exact : alike;
    if (found > 1)
        FGF_FAIL(FGF_DATA, "%s:1: %zu columns are named \"%s\"%s", table->path, found, name,
                 exact ? "" : " but for blanks, case and dashes");
    if (found == 0)
        FGF_TRY(no_column(table, name, names));
done:
    fgf_free(names);
    return status;
}

static bool is_missing(const char *text)
{
    return !*text || strcasecmp(text, "na") == 0 || strcasecmp(text, "n/a") == 0 ||
           strcasecmp(text, "nan") == 0;
}

fgf_status fgf_table_number(const fgf_table *table, const fgf_cell *cell, char decimal,
                            double *value)
{
    fgf_status status = FGF_OK;
    char plain[64];
    *value = (double)NAN;
    if (is_missing(cell->text))
        goto done;
    const size_t length = strlen(cell->text);
    /* Only what a decimal number is made of: strtod takes "0x1p3", "inf" and blanks as well. */
    bool good = length < sizeof plain && strspn(cell->text, "+-0123456789.,eE") == length;
    if (good) {
        const bool comma = decimal == ',' || (decimal == 0 && table->delimiter != ',');
        memcpy(plain, cell->text, length + 1);
        char *mark = strchr(plain, ',');
        if (mark && comma && !strchr(plain, '.'))
            *mark = '.';
        else if (mark || (decimal == ',' && strchr(plain, '.')))
            good = false;
        char *end = plain;
        *value = strtod(plain, &end);
        good = good && end != plain && *end == '\0' && fabs(*value) <= 1e300;
    }
    if (!good)
        FGF_FAIL(FGF_DATA, "%s:%d:%d: \"%.40s\" is not a number", table->path, cell->line,
                 cell->column, cell->text);
done:
    return status;
}
