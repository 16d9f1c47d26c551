#include "nrrd_header.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { EXTENT_MOST = 65535 };

/* ---- pieces of a line ---- */

static const char *skip_blanks(const char *text)
{
    return text + strspn(text, " \t");
}

static fgf_status take_number(const nrrd_header *h, const char **text, double *out)
{
    fgf_status status = FGF_OK;
    char *end = NULL;
    *out = strtod(*text, &end);
    if (end == *text)
        NRRD_FAIL("\"%.40s\", expected a number", *text);
    *text = end;
done:
    return status;
}

static fgf_status take_integer(const nrrd_header *h, const char **text, long least, long most,
                               long *out)
{
    fgf_status status = FGF_OK;
    double number = 0;
    FGF_TRY(take_number(h, text, &number));
    if (!(number >= (double)least && number <= (double)most && number == floor(number)))
        NRRD_FAIL("%g, expected a whole number from %ld to %ld", number, least, most);
    *out = (long)number;
done:
    return status;
}

static fgf_status expect_end(const nrrd_header *h, const char *text)
{
    fgf_status status = FGF_OK;
    if (*skip_blanks(text))
        NRRD_FAIL("\"%.40s\" is too much", skip_blanks(text));
done:
    return status;
}

/* "(a, b, c)" */
static fgf_status take_vector(const nrrd_header *h, const char **text, double out[3])
{
    fgf_status status = FGF_OK;
    for (int k = 0; k < 3; k++) {
        *text = skip_blanks(*text);
        if (**text != (k == 0 ? '(' : ','))
            NRRD_FAIL("\"%.40s\", expected a vector (x,y,z)", *text);
        ++*text;
        FGF_TRY(take_number(h, text, &out[k]));
        if (!isfinite(out[k]))
            NRRD_FAIL("a vector holds %g", out[k]);
    }
    *text = skip_blanks(*text);
    if (**text != ')')
        NRRD_FAIL("\"%.40s\", expected a vector of three numbers", *text);
    ++*text;
done:
    return status;
}

/* Which of the names, "|" between them and one after the last, `value` is; -1 = none. */
static int which_of(const char *value, const char *names)
{
    const size_t length = strlen(value);
    for (int index = 0; *names; index++) {
        const char *end = strchr(names, '|');
        if ((size_t)(end - names) == length && strncasecmp(names, value, length) == 0)
            return index;
        names = end + 1;
    }
    return -1;
}

/* ---- fields ---- */

static fgf_status read_dimension(nrrd_header *h, const char *value)
{
    fgf_status status = FGF_OK;
    long dimension = 0;
    FGF_TRY(take_integer(h, &value, 1, NRRD_AXES, &dimension));
    FGF_TRY(expect_end(h, value));
    h->dimension = (int)dimension;
done:
    return status;
}

static fgf_status read_type(nrrd_header *h, const char *value)
{
    fgf_status status = FGF_OK;
    static const char *const names[] = {
        "uchar|unsigned char|uint8|uint8_t|",
        "signed char|int8|int8_t|",
        "ushort|unsigned short|unsigned short int|uint16|uint16_t|",
        "short|short int|signed short|signed short int|int16|int16_t|",
        "uint|unsigned int|uint32|uint32_t|",
        "int|signed int|int32|int32_t|",
        "ulonglong|unsigned long long|unsigned long long int|uint64|uint64_t|",
        "longlong|long long|long long int|signed long long|signed long long int|int64|int64_t|",
        "float|",
        "double|"};
    h->type = VOXEL_UNKNOWN;
    for (int type = 0; type < VOXEL_UNKNOWN; type++)
        if (which_of(value, names[type]) >= 0)
            h->type = (voxel_type)type;
    if (h->type == VOXEL_UNKNOWN)
        NRRD_FAIL("type \"%.40s\", expected integers of 8 to 64 bits, float or double", value);
done:
    return status;
}

static fgf_status read_encoding(nrrd_header *h, const char *value)
{
    fgf_status status = FGF_OK;
    static const nrrd_encoding known[] = {NRRD_RAW,   NRRD_GZIP,  NRRD_GZIP,
                                          NRRD_ASCII, NRRD_ASCII, NRRD_ASCII};
    const int index = which_of(value, "raw|gzip|gz|ascii|text|txt|");
    if (index < 0)
        NRRD_FAIL("encoding \"%.40s\", expected raw, gzip or ascii", value);
    h->encoding = known[index];
done:
    return status;
}

static fgf_status read_endian(nrrd_header *h, const char *value)
{
    fgf_status status = FGF_OK;
    const int index = which_of(value, "little|big|");
    if (index < 0)
        NRRD_FAIL("endian \"%.40s\", expected little or big", value);
    h->endian = index ? NRRD_BIG : NRRD_LITTLE;
done:
    return status;
}

static fgf_status read_sizes(nrrd_header *h, const char *value)
{
    fgf_status status = FGF_OK;
    for (int k = 0; k < h->dimension; k++)
        FGF_TRY(take_integer(h, &value, 1, EXTENT_MOST, &h->axis[k].size));
    FGF_TRY(expect_end(h, value));
done:
    return status;
}

static fgf_status read_spacings(nrrd_header *h, const char *value)
{
    fgf_status status = FGF_OK;
    for (int k = 0; k < h->dimension; k++)
        FGF_TRY(take_number(h, &value, &h->axis[k].spacing));
    FGF_TRY(expect_end(h, value));
done:
    return status;
}

/* DICOM's axes run to the left, the back and the head. */
static fgf_status read_space(nrrd_header *h, const char *value)
{
    fgf_status status = FGF_OK;
    static const double signs[3][2] = {{1, 1}, {-1, -1}, {1, -1}};
    const int index = which_of(value, "left-posterior-superior|LPS|right-anterior-superior|RAS|"
                                      "left-anterior-superior|LAS|");
    if (strlen(value) > 5 && strcasecmp(value + strlen(value) - 5, "-time") == 0)
        NRRD_FAIL("space \"%.40s\" runs through time, expected one volume", value);
    if (index >= 0) {
        h->sign[0] = signs[index / 2][0];
        h->sign[1] = signs[index / 2][1];
        h->sign[2] = 1;
    }
    h->space_dimension = 3;
done:
    return status;
}

static fgf_status read_space_dimension(nrrd_header *h, const char *value)
{
    fgf_status status = FGF_OK;
    long dimension = 0;
    FGF_TRY(take_integer(h, &value, 3, 3, &dimension));
    FGF_TRY(expect_end(h, value));
    h->space_dimension = (int)dimension;
done:
    return status;
}

static fgf_status read_directions(nrrd_header *h, const char *value)
{
    fgf_status status = FGF_OK;
    for (int k = 0; k < h->dimension; k++) {
        value = skip_blanks(value);
        if (strncasecmp(value, "none", 4) == 0) {
            h->axis[k].in_space = false;
            value += 4;
            continue;
        }
        FGF_TRY(take_vector(h, &value, h->axis[k].direction));
        h->axis[k].has_direction = true;
    }
    FGF_TRY(expect_end(h, value));
done:
    return status;
}

static fgf_status read_origin(nrrd_header *h, const char *value)
{
    fgf_status status = FGF_OK;
    FGF_TRY(take_vector(h, &value, h->origin));
    FGF_TRY(expect_end(h, value));
    h->has_origin = true;
done:
    return status;
}

static fgf_status read_kinds(nrrd_header *h, const char *value)
{
    fgf_status status = FGF_OK;
    for (int k = 0; k < h->dimension; k++) {
        char kind[64];
        value = skip_blanks(value);
        const size_t length = strcspn(value, " \t");
        if (length == 0)
            NRRD_FAIL("kinds of %d axes, expected %d", k, h->dimension);
        snprintf(kind, sizeof kind, "%.*s", length < 63 ? (int)length : 63, value);
        if (which_of(kind, "domain|space|none|?"
                           "?"
                           "?|") < 0)
            h->axis[k].in_space = false;
        value += length;
    }
    FGF_TRY(expect_end(h, value));
done:
    return status;
}

/* `"mm" "mm" "mm"`: the places are in mm or the file is refused. */
static fgf_status read_units(nrrd_header *h, const char *value)
{
    fgf_status status = FGF_OK;
    for (value = skip_blanks(value); *value; value = skip_blanks(value)) {
        const char *end = *value == '"' ? strchr(value + 1, '"') : NULL;
        if (!end)
            NRRD_FAIL("\"%.40s\", expected units between quotes", value);
        const size_t length = (size_t)(end - value) - 1;
        if (length > 0 && !(length == 2 && strncmp(value + 1, "mm", 2) == 0) &&
            !(length == 10 && strncasecmp(value + 1, "millimeter", 10) == 0) &&
            !(length == 3 && strncmp(value + 1,
                                     "?"
                                     "?"
                                     "?",
                                     3) == 0))
            NRRD_FAIL("unit %.*s, expected mm", (int)length + 2, value);
        value = end + 1;
    }
done:
    return status;
}

static fgf_status read_line_skip(nrrd_header *h, const char *value)
{
    fgf_status status = FGF_OK;
    FGF_TRY(take_integer(h, &value, 0, 1 << 20, &h->line_skip));
    FGF_TRY(expect_end(h, value));
done:
    return status;
}

static fgf_status read_byte_skip(nrrd_header *h, const char *value)
{
    fgf_status status = FGF_OK;
    FGF_TRY(take_integer(h, &value, -1, 1L << 40, &h->byte_skip));
    FGF_TRY(expect_end(h, value));
done:
    return status;
}

/* What follows the header's folder must lie in it. */
static fgf_status read_data_file(nrrd_header *h, const char *value)
{
    fgf_status status = FGF_OK;
    if (strncmp(value, "LIST", 4) == 0 || strchr(value, '%'))
        NRRD_FAIL("the voxels are in several files (%.40s), expected one", value);
    if (*value == '/' || *value == '\\' || *value == '\0')
        NRRD_FAIL("data file \"%.80s\", expected a file in the header's folder", value);
    for (const char *part = value; *part;) {
        const size_t length = strcspn(part, "/\\");
        if (length == 2 && strncmp(part, "..", 2) == 0)
            NRRD_FAIL("data file \"%.80s\" leads out of the header's folder", value);
        part += length + (part[length] != '\0');
    }
    snprintf(h->data_file, sizeof h->data_file, "%s", value);
done:
    return status;
}

static fgf_status refuse_blocks(nrrd_header *h, const char *value)
{
    fgf_status status = FGF_OK;
    NRRD_FAIL("block size %.20s: blocks are not numbers", value);
done:
    return status;
}

static const struct field {
    const char *names;
    fgf_status (*read)(nrrd_header *h, const char *value); /* NULL: does not matter here */
    bool by_axis;                                          /* comes after `dimension` */
} fields[] = {
    {"dimension|", read_dimension, false},
    {"type|", read_type, false},
    {"encoding|", read_encoding, false},
    {"endian|", read_endian, false},
    {"sizes|", read_sizes, true},
    {"spacings|", read_spacings, true},
    {"space|", read_space, false},
    {"space dimension|", read_space_dimension, false},
    {"space directions|", read_directions, true},
    {"space origin|", read_origin, false},
    {"space units|", read_units, false},
    {"units|", read_units, false},
    {"kinds|", read_kinds, true},
    {"line skip|lineskip|", read_line_skip, false},
    {"byte skip|byteskip|", read_byte_skip, false},
    {"data file|datafile|", read_data_file, false},
    {"block size|blocksize|", refuse_blocks, false},
    {"content|number|min|max|old min|oldmin|old max|oldmax|sample units|sampleunits|measurement "
     "frame|thicknesses|axis mins|axismins|axis maxs|axismaxs|centers|centerings|labels|",
     NULL, false},
};
enum { FIELDS = sizeof fields / sizeof fields[0] };

fgf_status nrrd_field_read(nrrd_header *h, const char *name, const char *value)
{
    fgf_status status = FGF_OK;
    for (unsigned k = 0; k < FIELDS; k++) {
        if (which_of(name, fields[k].names) < 0)
            continue;
        if (!fields[k].read)
            goto done;
        if (h->seen >> k & 1)
            NRRD_FAIL("\"%.40s\" a second time", name);
        if (fields[k].by_axis && h->dimension == 0)
            NRRD_FAIL("\"%.40s\" before \"dimension\"", name);
        h->seen |= 1u << k;
        FGF_TRY(fields[k].read(h, value));
        goto done;
    }
    NRRD_FAIL("unknown field \"%.40s\"", name);
done:
    return status;
}
