#include "codestream.h"
#include "fgf/memory.h"

#include <openjpeg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum {
    SIZE_FIELDS = 45, /* bytes of the markers SOC and SIZ with one component */
    TILES_MOST = 65535,
    WRAPPED_MOST = 4096 /* a JP2 file's boxes before the codestream */
};

/* The codestream in memory, and the first word of complaint about it. */
typedef struct source {
    const uint8_t *bytes;
    size_t count, at;
    char complaint[160];
} source;

static OPJ_SIZE_T read_bytes(void *out, OPJ_SIZE_T count, void *user)
{
    source *s = user;
    const size_t left = s->count - s->at, taken = count < left ? count : left;
    if (taken == 0)
        return (OPJ_SIZE_T)-1;
    memcpy(out, s->bytes + s->at, taken);
    s->at += taken;
    return taken;
}

static OPJ_OFF_T skip_bytes(OPJ_OFF_T count, void *user)
{
    source *s = user;
    if (count < 0)
        return -1;
    const size_t left = s->count - s->at;
    const size_t taken = (uint64_t)count < left ? (size_t)count : left;
    s->at += taken;
    return taken == 0 && count > 0 ? -1 : (OPJ_OFF_T)taken;
}

static OPJ_BOOL seek_byte(OPJ_OFF_T place, void *user)
{
    source *s = user;
    if (place < 0 || (uint64_t)place > s->count)
        return OPJ_FALSE;
    s->at = (size_t)place;
    return OPJ_TRUE;
}

static void complain(const char *text, void *user)
{
    source *s = user;
    if (s->complaint[0])
        return;
    snprintf(s->complaint, sizeof s->complaint, "%s", text);
    s->complaint[strcspn(s->complaint, "\r\n")] = '\0';
}

static void keep_quiet(const char *text, void *user)
{
    (void)text, (void)user;
}

static uint32_t big_endian_32(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/* The image's size in the codestream's own head (ITU-T T.800 A.5.1), before the library plans by
 * it. */
static fgf_status check_size(const codestream_expected *expected, const source *s)
{
    fgf_status status = FGF_OK;
    static const uint8_t start[4] = {0xFF, 0x4F, 0xFF, 0x51};
    if (s->count < SIZE_FIELDS || memcmp(s->bytes, start, 4) != 0)
        FGF_FAIL(FGF_DATA, "%s: the compressed voxels are no JPEG 2000 codestream, or cut short",
                 expected->path);
    uint32_t field[8]; /* Xsiz Ysiz XOsiz YOsiz XTsiz YTsiz XTOsiz YTOsiz */
    for (int k = 0; k < 8; k++)
        field[k] = big_endian_32(s->bytes + 8 + 4 * k);
    const int components = s->bytes[40] << 8 | s->bytes[41], bits = (s->bytes[42] & 127) + 1;
    const uint64_t width = (uint64_t)field[0] - field[2], height = (uint64_t)field[1] - field[3];
    if (field[0] < field[2] || field[1] < field[3] || width != (uint64_t)expected->columns ||
        height != (uint64_t)expected->rows || components != 1 || bits > expected->bits ||
        s->bytes[43] != 1 || s->bytes[44] != 1)
        FGF_FAIL(FGF_DATA,
                 "%s: the JPEG 2000 data hold %u x %u voxels of %d bits in %d colours, the file "
                 "says %d x %d of at most %d bits in one",
                 expected->path, (unsigned)height, (unsigned)width, bits, components,
                 expected->rows, expected->columns, expected->bits);
    if (field[4] == 0 || field[5] == 0 ||
        (width / field[4] + 2) * (height / field[5] + 2) > TILES_MOST)
        FGF_FAIL(FGF_DATA, "%s: damaged JPEG 2000 data: tiles of %u x %u voxels", expected->path,
                 field[5], field[4]);
done:
    return status;
}

static fgf_status copy_voxels(const codestream_expected *expected, const opj_image_t *image,
                              int32_t *out)
{
    fgf_status status = FGF_OK;
    const size_t voxels = (size_t)expected->rows * (size_t)expected->columns;
    if (image->numcomps != 1 || !image->comps[0].data ||
        image->comps[0].w != (OPJ_UINT32)expected->columns ||
        image->comps[0].h != (OPJ_UINT32)expected->rows)
        FGF_FAIL(FGF_DATA, "%s: the JPEG 2000 data do not decode to the expected size",
                 expected->path);
    for (size_t p = 0; p < voxels; p++)
        out[p] = image->comps[0].data[p];
done:
    return status;
}

static bool decode(opj_codec_t *codec, opj_stream_t *stream, opj_image_t **image)
{
    opj_dparameters_t parameters;
    opj_set_default_decoder_parameters(&parameters);
    return opj_setup_decoder(codec, &parameters) && opj_decoder_set_strict_mode(codec, OPJ_TRUE) &&
           opj_read_header(stream, codec, image) && opj_decode(codec, stream, *image) &&
           opj_end_decompress(codec, stream);
}

/* A whole JP2 file where the bare codestream belongs: begin at the codestream. */
static void unwrap(source *s)
{
    const size_t most = s->count < WRAPPED_MOST ? s->count : WRAPPED_MOST;
    for (size_t k = 12; k + 4 <= most && memcmp(s->bytes + 4, "jP  ", 4) == 0; k++)
        if (memcmp(s->bytes + k, "\xFF\x4F\xFF\x51", 4) == 0) {
            s->bytes += k;
            s->count -= k;
            return;
        }
}

fgf_status jpeg_2000_decode(const codestream_expected *expected, const uint8_t *bytes, size_t count,
                            int32_t *out)
{
    fgf_status status = FGF_OK;
    opj_codec_t *codec = NULL;
    opj_stream_t *stream = NULL;
    opj_image_t *image = NULL;
    source s = {.bytes = bytes, .count = count};
    if (count >= 16)
        unwrap(&s);
    FGF_TRY(check_size(expected, &s));
    codec = opj_create_decompress(OPJ_CODEC_J2K);
    stream = opj_stream_create(1 << 16, OPJ_TRUE);
    if (!codec || !stream)
        FGF_FAIL(FGF_MEMORY, "%s: no memory for the JPEG 2000 decoder", expected->path);
    opj_set_error_handler(codec, complain, &s);
    opj_set_warning_handler(codec, keep_quiet, NULL);
    opj_set_info_handler(codec, keep_quiet, NULL);
    opj_stream_set_read_function(stream, read_bytes);
    opj_stream_set_skip_function(stream, skip_bytes);
    opj_stream_set_seek_function(stream, seek_byte);
    opj_stream_set_user_data(stream, &s, NULL);
    opj_stream_set_user_data_length(stream, s.count);
    if (!decode(codec, stream, &image))
        FGF_FAIL(FGF_DATA, "%s: JPEG 2000 data cut short or damaged%s%s", expected->path,
                 s.complaint[0] ? ": " : "", s.complaint);
    FGF_TRY(copy_voxels(expected, image, out));
done:
    opj_image_destroy(image);
    opj_stream_destroy(stream);
    opj_destroy_codec(codec);
    return status;
}
