#include "nrrd_header.h"

#include <ctype.h>
#include <math.h>
#include <string.h>

enum { HEADER_MOST = 1 << 22, SLICE_MOST = 1 << 28 };

/* ---- lines ---- */

/* A line without its end; *length its whole length, of which `line` holds what fits. False at the
 * end of the file. */
static bool next_line(FILE *file, char line[NRRD_LINE], size_t *length)
{
    int c = fgetc(file);
    *length = 0;
    if (c == EOF)
        return false;
    for (; c != EOF && c != '\n'; c = fgetc(file)) {
        if (*length < NRRD_LINE - 1)
            line[*length] = (char)c;
        ++*length;
    }
    const size_t kept = *length < NRRD_LINE - 1 ? *length : NRRD_LINE - 1;
    line[kept] = '\0';
    if (kept == *length && kept > 0 && line[kept - 1] == '\r')
        line[--*length] = '\0';
    return true;
}

static fgf_status read_line(nrrd_header *h, char *line, size_t length)
{
    fgf_status status = FGF_OK;
    char *mark = strstr(line, ": "), *user = strstr(line, ":=");
    if (*line == '#' || (user && (!mark || user < mark)))
        goto done; /* a comment; a key of some program's own */
    if (length >= NRRD_LINE || strlen(line) != length)
        NRRD_FAIL("a line of %zu bytes, or with a 0 in it", length);
    if (!mark)
        NRRD_FAIL("\"%.40s\", expected \"field: value\"", line);
    *mark = '\0';
    char *value = mark + 2, *end = value + strlen(value);
    value += strspn(value, " \t");
    while (end > value && isspace((unsigned char)end[-1]))
        *--end = '\0';
    FGF_TRY(nrrd_field_read(h, line, value));
done:
    return status;
}

/* ---- what the fields say together ---- */

static fgf_status check_fields(nrrd_header *h)
{
    fgf_status status = FGF_OK;
    if (h->dimension == 0 || h->axis[0].size == 0)
        FGF_FAIL(FGF_DATA, "%s: the header says no dimension or no sizes", h->path);
    if (h->type == VOXEL_UNKNOWN || h->encoding == NRRD_UNSAID)
        FGF_FAIL(FGF_DATA, "%s: the header says no type or no encoding", h->path);
    const unsigned short one = 1;
    const bool little = *(const unsigned char *)&one == 1;
    if (h->endian == NRRD_ENDIAN_UNSAID && voxel_bytes(h->type) > 1 && h->encoding != NRRD_ASCII)
        FGF_FAIL(FGF_DATA, "%s: the header says no endian", h->path);
    h->swapped = h->endian != NRRD_ENDIAN_UNSAID && (h->endian == NRRD_LITTLE) != little;
    if (h->byte_skip < 0 && h->encoding != NRRD_RAW)
        FGF_FAIL(FGF_DATA, "%s: byte skip -1 is for encoding raw", h->path);
done:
    return status;
}

/* The length of an axis's voxel. NaN = not said. */
static double axis_spacing(const nrrd_header *h, const nrrd_axis *axis)
{
    const double *d = axis->direction;
    return axis->has_direction && h->space_dimension == 3
               ? sqrt(d[0] * d[0] + d[1] * d[1] + d[2] * d[2])
               : fabs(axis->spacing);
}

/* The volume's axes are those in space; others may be there with one entry. */
static fgf_status make_grid(nrrd_header *h)
{
    fgf_status status = FGF_OK;
    fgf_grid *grid = &h->grid;
    int used = 0;
    grid->placed = h->sign[0] != 0 && h->has_origin;
    for (int k = 0; k < h->dimension; k++) {
        const nrrd_axis *axis = &h->axis[k];
        if (axis->size == 1 && (!axis->in_space || used == 3))
            continue;
        if (!axis->in_space || used == 3)
            FGF_FAIL(FGF_DATA,
                     "%s: axis %d of size %ld holds %s, expected one volume of one value "
                     "a voxel",
                     h->path, k, axis->size, used == 3 ? "several volumes" : "components");
        const double spacing = axis_spacing(h, axis);
        if (!(spacing > 0 && spacing < 1e6))
            FGF_FAIL(FGF_DATA,
                     "%s: axis %d has no spacing above 0 mm (\"space directions\" or "
                     "\"spacings\")",
                     h->path, k);
        grid->extent[used] = (int)axis->size;
        grid->spacing[used] = spacing;
        grid->placed &= axis->has_direction;
        for (int i = 0; i < 3; i++)
            grid->affine[i][used] = h->sign[i] * axis->direction[i];
        used++;
    }
    if (used < 2)
        FGF_FAIL(FGF_DATA, "%s: %d axes in space, expected 3 (or 2: a slice)", h->path, used);
    for (int i = 0; i < 3; i++)
        grid->affine[i][3] = h->sign[i] * h->origin[i];
    if (used == 2) { /* a slice: its third axis has one voxel, and no length is said */
        grid->extent[2] = 1;
        grid->spacing[2] = 1;
        grid->placed = false;
    }
    if ((double)grid->extent[0] * grid->extent[1] > SLICE_MOST)
        FGF_FAIL(FGF_DATA, "%s: a slice of %d x %d voxels is too large", h->path, grid->extent[0],
                 grid->extent[1]);
done:
    return status;
}

fgf_status nrrd_header_read(const char *path, FILE *file, nrrd_header *h)
{
    fgf_status status = FGF_OK;
    char line[NRRD_LINE];
    size_t length = 0, total = 0;
    bool ended = false;
    *h = (nrrd_header){.path = path, .type = VOXEL_UNKNOWN, .encoding = NRRD_UNSAID};
    for (int k = 0; k < NRRD_AXES; k++) {
        h->axis[k].in_space = true;
        h->axis[k].spacing = (double)NAN;
    }
    if (!next_line(file, line, &length) || length != 8 || strncmp(line, "NRRD000", 7) != 0 ||
        line[7] < '1' || line[7] > '5')
        FGF_FAIL(FGF_DATA, "%s: not a NRRD file (no line NRRD0001 to NRRD0005 at its start)", path);
    for (h->line = 2; next_line(file, line, &length); h->line++) {
        ended = length == 0;
        total += length + 1;
        if (ended)
            break;
        if (total > HEADER_MOST)
            NRRD_FAIL("the header has no end (an empty line)");
        FGF_TRY(read_line(h, line, length));
    }
    if (!ended && !*h->data_file)
        FGF_FAIL(FGF_DATA, "%s: cut short: the header has no end (an empty line)", path);
    FGF_TRY(check_fields(h));
    FGF_TRY(make_grid(h));
done:
    return status;
}
