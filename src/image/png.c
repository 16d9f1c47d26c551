#include "fgf/image.h"
#include "fgf/memory.h"

#include <png.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { EDGE_MOST = 16384 };

/* What libpng's callbacks share with the decoder. libpng leaves by longjmp: everything that lives
 * across it is in here. */
typedef struct decoder {
    const char *path, *bytes;
    size_t count, next;
    png_structp png;
    png_infop info;
    png_bytep pixels;
    png_bytepp rows;
    char reason[128];
} decoder;

static void on_error(png_structp png, png_const_charp message)
{
    decoder *d = png_get_error_ptr(png);
    snprintf(d->reason, sizeof d->reason, "%s", message);
    png_longjmp(png, 1);
}

static void on_warning(png_structp png, png_const_charp message)
{
    (void)png;
    (void)message;
}

static void take_bytes(png_structp png, png_bytep out, png_size_t count)
{
    decoder *d = png_get_io_ptr(png);
    if (count > d->count - d->next)
        png_error(png, "the file is cut short");
    memcpy(out, d->bytes + d->next, count);
    d->next += count;
}

/* Runs `step` with libpng's errors caught: false = it failed and d->reason says why. */
static bool guarded(decoder *d, void (*step)(decoder *))
{
    if (setjmp(png_jmpbuf(d->png)))
        return false;
    step(d);
    return true;
}

static void read_info(decoder *d)
{
    png_set_crc_action(d->png, PNG_CRC_ERROR_QUIT, PNG_CRC_ERROR_QUIT);
    png_set_user_limits(d->png, EDGE_MOST, EDGE_MOST);
    png_set_chunk_malloc_max(d->png, 8u << 20);
    png_set_read_fn(d->png, d, take_bytes);
    png_read_info(d->png, d->info);
}

static void read_pixels(decoder *d)
{
    (void)png_set_interlace_handling(d->png);
    png_read_update_info(d->png, d->info);
    png_read_image(d->png, d->rows);
    png_read_end(d->png, NULL);
}

static fgf_status check_kind(const decoder *d, int *bits)
{
    fgf_status status = FGF_OK;
    *bits = png_get_bit_depth(d->png, d->info);
    int colour = png_get_color_type(d->png, d->info);
    if (colour != PNG_COLOR_TYPE_GRAY)
        FGF_FAIL(FGF_DATA, "%s: %s, expected 8 or 16 bits of grey; convert it", d->path,
                 colour == PNG_COLOR_TYPE_GRAY_ALPHA ? "grey with alpha"
                 : colour == PNG_COLOR_TYPE_PALETTE  ? "a palette image"
                                                     : "a colour image");
    if (*bits != 8 && *bits != 16)
        FGF_FAIL(FGF_DATA, "%s: %d bits of grey, expected 8 or 16", d->path, *bits);
done:
    return status;
}

static fgf_status decode(decoder *d, fgf_grey_image *out)
{
    fgf_status status = FGF_OK;
    int bits = 0;
    if (!guarded(d, read_info))
        FGF_FAIL(FGF_DATA, "%s: damaged PNG: %s", d->path, d->reason);
    FGF_TRY(check_kind(d, &bits));
    const size_t height = png_get_image_height(d->png, d->info);
    const size_t width = png_get_image_width(d->png, d->info), bytes = (size_t)bits / 8;
    /* Deflate makes at most 1032 bytes of one: a small file that claims more lies. */
    if (height * width * bytes > 1100 * d->count)
        FGF_FAIL(FGF_DATA, "%s: damaged PNG: %zu x %zu pixels in %zu bytes", d->path, height, width,
                 d->count);
    FGF_TRY(FGF_ALLOCATE(height * width * bytes, &d->pixels));
    FGF_TRY(FGF_ALLOCATE(height, &d->rows));
    for (size_t y = 0; y < height; y++)
        d->rows[y] = d->pixels + y * width * bytes;
    if (!guarded(d, read_pixels))
        FGF_FAIL(FGF_DATA, "%s: damaged PNG: %s", d->path, d->reason);
    FGF_TRY(FGF_ALLOCATE(height * width, &out->value));
    for (size_t i = 0; i < height * width; i++)
        out->value[i] = bits == 8 ? d->pixels[i] : d->pixels[2 * i] * 256 + d->pixels[2 * i + 1];
    out->height = (int)height;
    out->width = (int)width;
    out->greatest = bits == 8 ? 255 : 65535;
done:
    return status;
}

fgf_status fgf_png_decode(const char *path, const char *bytes, size_t count, fgf_grey_image *out)
{
    fgf_status status = FGF_OK;
    decoder d = {.path = path, .bytes = bytes, .count = count};
    memset(out, 0, sizeof *out);
    if (count < 8 || png_sig_cmp((png_const_bytep)bytes, 0, 8) != 0)
        FGF_FAIL(FGF_DATA, "%s: not a PNG file", path);
    d.png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &d, on_error, on_warning);
    if (d.png)
        d.info = png_create_info_struct(d.png);
    if (!d.png || !d.info)
        FGF_FAIL(FGF_MEMORY, "%s: no memory for libpng", path);
    FGF_TRY(decode(&d, out));
done:
    png_destroy_read_struct(&d.png, &d.info, NULL);
    fgf_free(d.pixels);
    fgf_free(d.rows);
    return status;
}

void fgf_grey_image_clear(fgf_grey_image *image)
{
    fgf_free(image->value);
    memset(image, 0, sizeof *image);
}
