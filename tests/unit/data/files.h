/* Small files that the tests of src/data write themselves, and the folder of shared data. */
#ifndef FGF_TEST_DATA_FILES_H
#define FGF_TEST_DATA_FILES_H

#include "fgf/status.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include <cmocka.h>

static char folder[64];

static inline int make_folder(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/fgf_data_XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static inline int remove_folder(void **state)
{
    char command[128];
    (void)state;
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command);
}

/* The path of a file in the test's folder; one of four buffers in turn. */
static inline const char *in_folder(const char *name)
{
    static char paths[4][256];
    static int next;
    next = (next + 1) % 4;
    snprintf(paths[next], sizeof paths[next], "%s/%s", folder, name);
    return paths[next];
}

static inline const char *write_file(const char *name, const void *bytes, size_t count)
{
    const char *path = in_folder(name);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, count, file), count);
    assert_int_equal(fclose(file), 0);
    return path;
}

static inline const char *write_text(const char *name, const char *text)
{
    return write_file(name, text, strlen(text));
}

/* ---- PNG ---- */

static inline void put_u32(unsigned char *at, uint32_t value)
{
    for (int k = 0; k < 4; k++)
        at[k] = (unsigned char)(value >> (24 - 8 * k));
}

static inline size_t put_chunk(unsigned char *at, const char *kind, const void *bytes, size_t count)
{
    put_u32(at, (uint32_t)count);
    memcpy(at + 4, kind, 4);
    if (count)
        memcpy(at + 8, bytes, count);
    put_u32(at + 8 + count, (uint32_t)crc32(0, at + 4, (uInt)(count + 4)));
    return count + 12;
}

/* Encodes rows of `row_bytes` bytes under an IHDR of any truth; returns the file's size. */
static inline size_t make_png(unsigned char *out, size_t room, uint32_t width, uint32_t height,
                              int bits, int colour, const unsigned char *rows, size_t row_bytes,
                              size_t row_count)
{
    unsigned char ihdr[13] = {0}, *plain = calloc(row_count + 1, row_bytes + 1);
    unsigned char packed[8192];
    uLongf packed_bytes = sizeof packed;
    size_t used = 8;
    assert_non_null(plain);
    put_u32(ihdr, width);
    put_u32(ihdr + 4, height);
    ihdr[8] = (unsigned char)bits;
    ihdr[9] = (unsigned char)colour;
    for (size_t y = 0; y < row_count; y++)
        memcpy(plain + y * (row_bytes + 1) + 1, rows + y * row_bytes, row_bytes);
    assert_int_equal(compress(packed, &packed_bytes, plain, row_count * (row_bytes + 1)), Z_OK);
    free(plain);
    assert_true(packed_bytes + 100 < room);
    memcpy(out, "\x89PNG\r\n\x1a\n", 8);
    used += put_chunk(out + used, "IHDR", ihdr, sizeof ihdr);
    used += put_chunk(out + used, "IDAT", packed, packed_bytes);
    used += put_chunk(out + used, "IEND", NULL, 0);
    return used;
}

static inline const char *write_grey(const char *name, int width, int height,
                                     const unsigned char *pixels)
{
    unsigned char bytes[16384];
    size_t count = make_png(bytes, sizeof bytes, (uint32_t)width, (uint32_t)height, 8, 0, pixels,
                            (size_t)width, (size_t)height);
    return write_file(name, bytes, count);
}

/* ---- NIfTI-1, little endian ---- */

typedef struct nifti_sample {
    int16_t dim[8];
    float pixdim[8], offset, slope, intercept;
    int16_t datatype;
} nifti_sample;

static inline nifti_sample make_nifti(int x, int y, int z, int datatype)
{
    nifti_sample s = {{3, (int16_t)x, (int16_t)y, (int16_t)z, 1, 1, 1, 1},
                      {1, 1, 1, 1, 1, 1, 1, 1},
                      352,
                      1,
                      0,
                      (int16_t)datatype};
    return s;
}

/* Header bytes [352]. */
static inline void nifti_header(const nifti_sample *s, unsigned char *raw)
{
    const int32_t size = 348;
    const int16_t code = 1;
    memset(raw, 0, 352);
    memcpy(raw, &size, 4);
    memcpy(raw + 40, s->dim, 16);
    memcpy(raw + 70, &s->datatype, 2);
    int16_t bits = (int16_t)(s->datatype == 2 ? 8 : s->datatype == 4 ? 16 : 32);
    memcpy(raw + 72, &bits, 2);
    memcpy(raw + 76, s->pixdim, 32);
    memcpy(raw + 108, &s->offset, 4);
    memcpy(raw + 112, &s->slope, 4);
    memcpy(raw + 116, &s->intercept, 4);
    raw[123] = 2;
    memcpy(raw + 254, &code, 2); /* sform: spacing on the diagonal, no offset */
    for (int k = 0; k < 3; k++)
        memcpy(raw + 280 + 16 * k + 4 * k, &s->pixdim[k + 1], 4);
    memcpy(raw + 344, "n+1", 4);
}

static inline const char *write_nifti(const char *name, const nifti_sample *s, const void *data,
                                      size_t bytes)
{
    unsigned char raw[352 + 65536];
    assert_true(bytes <= 65536);
    nifti_header(s, raw);
    memcpy(raw + 352, data, bytes);
    const size_t length = strlen(name);
    if (length < 3 || strcmp(name + length - 3, ".gz") != 0)
        return write_file(name, raw, 352 + bytes);
    const char *path = in_folder(name);
    gzFile file = gzopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(gzwrite(file, raw, (unsigned)(352 + bytes)), 352 + bytes);
    assert_int_equal(gzclose(file), Z_OK);
    return path;
}

/* ---- shared data ---- */

/* "<shared>/data/<rest>", or NULL (and a line saying so) where there is no such folder:
 * $FGF_SHARED, else a folder `shared` on the way up from here. */
static inline const char *shared_data(const char *rest)
{
    static char path[512];
    const char *given = getenv("FGF_SHARED");
    char up[256] = ".";
    for (int k = 0; k < 8; k++) {
        snprintf(path, sizeof path, "%s/data/%s", given ? given : up, rest);
        if (access(path, R_OK) == 0)
            return path;
        if (given)
            break;
        snprintf(path, sizeof path, "%s/shared/data/%s", up, rest);
        if (access(path, R_OK) == 0)
            return path;
        strcat(up, "/..");
    }
    printf("skipped: needs the shared data %s (FGF_SHARED)\n", rest);
    return NULL;
}

/* One line, and this in it. */
static inline void assert_message(const char *part)
{
    const char *message = fgf_last_error()->message;
    assert_null(strchr(message, '\n'));
    if (!strstr(message, part))
        fail_msg("\"%s\" is not in \"%s\"", part, message);
}

#endif
