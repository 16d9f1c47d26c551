#include "codestream.h"

#include <stdbool.h>

enum { START = 0xD8, END = 0xD9, SCAN = 0xDA, FRAME_LS = 0xF7, PRESET_LS = 0xF8 };

static int big_endian_16(const uint8_t *at)
{
    return at[0] << 8 | at[1];
}

/* Frame headers of JPEG (C0 to CF but tables C4, C8, CC) and of JPEG-LS. */
static bool is_frame(int marker)
{
    return marker == FRAME_LS ||
           (marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC);
}

static fgf_status check_frame(const codestream_expected *expected, const uint8_t *segment,
                              int length, int *precision)
{
    fgf_status status = FGF_OK;
    if (length < 8)
        FGF_FAIL(FGF_DATA, "%s: damaged JPEG data: a frame header of %d bytes", expected->path,
                 length);
    const int bits = segment[2], rows = big_endian_16(segment + 3),
              columns = big_endian_16(segment + 5), samples = segment[7];
    if (*precision != 0)
        FGF_FAIL(FGF_DATA, "%s: damaged JPEG data: two frame headers", expected->path);
    if (rows != expected->rows || columns != expected->columns || samples != 1 || bits < 2 ||
        bits > expected->bits)
        FGF_FAIL(FGF_DATA,
                 "%s: the JPEG data hold %d x %d voxels of %d bits in %d colours, the file says %d "
                 "x %d of at most %d bits in one",
                 expected->path, rows, columns, bits, samples, expected->rows, expected->columns,
                 expected->bits);
    *precision = bits;
done:
    return status;
}

/* Thresholds of JPEG-LS in the order that ITU-T T.87 C.2.4.1.1 demands (0 = the standard's own). */
static bool preset_fits(const uint8_t *segment, int length, int precision)
{
    if (length != 13 || segment[2] != 1)
        return false;
    const int most = big_endian_16(segment + 3), reset = big_endian_16(segment + 11);
    const int greatest = (1 << (precision ? precision : 16)) - 1; /* may come before the frame */
    int threshold[3], last = 1;
    if (most > greatest || (reset != 0 && reset < 3))
        return false;
    for (int k = 0; k < 3; k++) {
        threshold[k] = big_endian_16(segment + 5 + 2 * k);
        if (threshold[k] != 0 && (threshold[k] < last || threshold[k] > greatest))
            return false;
        last = threshold[k] != 0 ? threshold[k] : last;
    }
    return true;
}

fgf_status jpeg_check(const codestream_expected *expected, const uint8_t *bytes, size_t count,
                      int *precision)
{
    fgf_status status = FGF_OK;
    size_t at = 2;
    *precision = 0;
    if (count < 4 || bytes[0] != 0xFF || bytes[1] != START)
        FGF_FAIL(FGF_DATA, "%s: the compressed voxels are no JPEG data", expected->path);
    for (;;) {
        while (at + 1 < count && bytes[at] == 0xFF && bytes[at + 1] == 0xFF)
            at++; /* fill bytes */
        if (count - at < 4 || bytes[at] != 0xFF)
            FGF_FAIL(FGF_DATA, "%s: the JPEG data are cut short or damaged before the voxels",
                     expected->path);
        const int marker = bytes[at + 1], length = big_endian_16(bytes + at + 2);
        const uint8_t *segment = bytes + at + 2;
        if (length < 2 || (size_t)length > count - at - 2)
            FGF_FAIL(FGF_DATA, "%s: the JPEG data are cut short or damaged before the voxels",
                     expected->path);
        if (is_frame(marker))
            FGF_TRY(check_frame(expected, segment, length, precision));
        if (marker == PRESET_LS && !preset_fits(segment, length, *precision))
            FGF_FAIL(FGF_DATA, "%s: damaged JPEG-LS data: presets that cannot be", expected->path);
        if (marker == SCAN)
            break;
        at += 2 + (size_t)length;
    }
    if (*precision == 0)
        FGF_FAIL(FGF_DATA, "%s: damaged JPEG data: no frame header", expected->path);
done:
    return status;
}
