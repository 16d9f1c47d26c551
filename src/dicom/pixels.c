#include "pixels.h"

#include "codestream.h"
#include "fgf/memory.h"

#include <string.h>

enum { EXTENT_MOST = 16384 };

struct dicom_pixels {
    dicom_file *file;
    dicom_layout layout;
    size_t *first;   /* [frames + 1]: first fragment of each frame */
    size_t capacity; /* bytes in `coded` */
    uint8_t *coded;  /* the fragments of a frame, one after the other */
    uint8_t *raw;    /* a frame in its stored bytes */
};

static size_t voxels_of(const dicom_layout *layout)
{
    return (size_t)layout->rows * (size_t)layout->columns;
}

fgf_status dicom_layout_check(const char *path, const dicom_layout *l)
{
    fgf_status status = FGF_OK;
    const char *name = dicom_base_name(path);
    if (l->rows < 1 || l->columns < 1 || l->rows > EXTENT_MOST || l->columns > EXTENT_MOST)
        FGF_FAIL(FGF_DATA, "%s: Rows x Columns is %d x %d, expected 1 to %d each", name, l->rows,
                 l->columns, EXTENT_MOST);
    if (l->samples != 1 || !l->grey)
        FGF_FAIL(FGF_DATA, "%s: a colour image, expected grey voxels such as CT has", name);
    if (l->frames < 1)
        FGF_FAIL(FGF_DATA, "%s: NumberOfFrames is no number above 0", name);
    if (l->coding == DICOM_CODING_OTHER)
        FGF_FAIL(
            FGF_DATA,
            "%s: its transfer syntax %s is not read; convert the file, with dcmconv or gdcmconv",
            name, l->syntax);
    if ((l->bits_allocated != 8 && l->bits_allocated != 16) || l->bits_stored < 1 ||
        l->bits_stored > l->bits_allocated || l->high_bit < l->bits_stored - 1 ||
        l->high_bit >= l->bits_allocated)
        FGF_FAIL(FGF_DATA,
                 "%s: voxels of %d bits, %d of them stored up to bit %d; expected 8 or 16 bits",
                 name, l->bits_allocated, l->bits_stored, l->high_bit);
    if (l->pixel_bytes == 0)
        FGF_FAIL(FGF_DATA, "%s: has no pixel data", name);
    const double needed = (double)voxels_of(l) * (double)l->frames * (l->bits_allocated / 8);
    if (l->coding == DICOM_NATIVE && needed > (double)l->pixel_bytes)
        FGF_FAIL(FGF_DATA,
                 "%s: pixel data cut short: %d x %d voxels of %d bits in %zu frames need %.0f "
                 "bytes, the file has %llu; get the file again",
                 name, l->rows, l->columns, l->bits_allocated, l->frames, needed,
                 (unsigned long long)l->pixel_bytes);
    if (l->coding != DICOM_NATIVE && l->fragments < l->frames)
        FGF_FAIL(FGF_DATA, "%s: pixel data cut short: %zu compressed pieces for %zu frames", name,
                 l->fragments, l->frames);
done:
    return status;
}

/* Whether a compressed image begins here. */
static bool is_start(dicom_coding coding, const uint8_t *bytes, size_t count)
{
    if (coding == DICOM_JPEG_2000)
        return count >= 12 &&
               (memcmp(bytes, "\xFF\x4F\xFF\x51", 4) == 0 || memcmp(bytes + 4, "jP  ", 4) == 0);
    return count >= 3 && memcmp(bytes, "\xFF\xD8\xFF", 3) == 0;
}

static fgf_status make_room(dicom_pixels *pixels, size_t bytes)
{
    fgf_status status = FGF_OK;
    if (bytes > pixels->capacity) {
        fgf_free(pixels->coded);
        pixels->capacity = 0;
        FGF_TRY(FGF_ALLOCATE(bytes, &pixels->coded));
        pixels->capacity = bytes;
    }
done:
    return status;
}

/* Which fragments are of which frame. Offset tables are often empty or wrong; what the fragments
 * begin with is not. */
static fgf_status index_fragments(dicom_pixels *pixels)
{
    fgf_status status = FGF_OK;
    const dicom_layout *l = &pixels->layout;
    size_t found = 0;
    FGF_TRY(FGF_ALLOCATE(l->frames + 1, &pixels->first));
    pixels->first[l->frames] = l->fragments;
    for (size_t k = 0; k < l->fragments; k++) {
        bool start = l->fragments == l->frames || k == 0;
        if (!start && l->frames > 1 && l->coding != DICOM_RLE) {
            const size_t bytes = dicom_fragment_bytes(pixels->file, k);
            FGF_TRY(make_room(pixels, bytes));
            FGF_TRY(dicom_fragment_read(pixels->file, k, pixels->coded));
            start = is_start(l->coding, pixels->coded, bytes);
        }
        if (start && found < l->frames)
            pixels->first[found] = k;
        found += start;
    }
    if (found != l->frames)
        FGF_FAIL(FGF_DATA, "%s: %zu compressed images where NumberOfFrames says %zu",
                 dicom_base_name(dicom_file_path(pixels->file)), found, l->frames);
done:
    return status;
}

fgf_status dicom_pixels_open(dicom_file *file, dicom_pixels **out)
{
    fgf_status status = FGF_OK;
    dicom_pixels *pixels = NULL;
    *out = NULL;
    FGF_TRY(FGF_ALLOCATE(1, &pixels));
    pixels->file = file;
    file = NULL;
    dicom_layout_read(pixels->file, &pixels->layout);
    FGF_TRY(dicom_layout_check(dicom_file_path(pixels->file), &pixels->layout));
    if (pixels->layout.coding != DICOM_NATIVE)
        FGF_TRY(index_fragments(pixels));
    /* One byte more, for decoders want an even count. */
    FGF_TRY(FGF_ALLOCATE(2 * voxels_of(&pixels->layout) + 2, &pixels->raw));
    *out = pixels;
    pixels = NULL;
done:
    dicom_file_close(&file);
    dicom_pixels_close(&pixels);
    return status;
}

void dicom_pixels_close(dicom_pixels **pixels)
{
    dicom_pixels *p = *pixels;
    *pixels = NULL;
    if (!p)
        return;
    dicom_file_close(&p->file);
    fgf_free(p->first);
    fgf_free(p->coded);
    fgf_free(p->raw);
    fgf_free(p);
}

const dicom_layout *dicom_pixels_layout(const dicom_pixels *pixels)
{
    return &pixels->layout;
}

/* Which bits of a word are stored. */
typedef struct stored_bits {
    int shift;
    uint32_t mask, sign; /* sign: 0 where there is none */
} stored_bits;

static stored_bits bits_of(const dicom_layout *l)
{
    return (stored_bits){.shift = l->high_bit + 1 - l->bits_stored,
                         .mask = (1u << l->bits_stored) - 1,
                         .sign = l->is_signed ? 1u << (l->bits_stored - 1) : 0};
}

/* Without a branch, so that loops over it run on several voxels at once. */
static inline int32_t stored_value(stored_bits bits, uint32_t word)
{
    return (int32_t)(((word >> bits.shift) & bits.mask) ^ bits.sign) - (int32_t)bits.sign;
}

static void unpack(const dicom_layout *layout, const uint8_t *raw, size_t bytes, int32_t *stored)
{
    const size_t voxels = voxels_of(layout);
    const stored_bits bits = bits_of(layout);
    if (bytes == 1) {
        for (size_t p = 0; p < voxels; p++)
            stored[p] = stored_value(bits, raw[p]);
    } else {
        for (size_t p = 0; p < voxels; p++) {
            uint16_t word;
            memcpy(&word, raw + 2 * p, 2);
            stored[p] = stored_value(bits, word);
        }
    }
}

static fgf_status read_native(dicom_pixels *pixels, size_t frame, int32_t *stored)
{
    fgf_status status = FGF_OK;
    const size_t bytes = (size_t)pixels->layout.bits_allocated / 8;
    const size_t count = voxels_of(&pixels->layout) * bytes;
    FGF_TRY(dicom_pixels_read(pixels->file, (uint64_t)frame * count, pixels->raw, count));
    unpack(&pixels->layout, pixels->raw, bytes, stored);
done:
    return status;
}

static fgf_status collect_frame(dicom_pixels *pixels, size_t frame, size_t *count)
{
    fgf_status status = FGF_OK;
    size_t bytes = 0;
    for (size_t k = pixels->first[frame]; k < pixels->first[frame + 1]; k++)
        bytes += dicom_fragment_bytes(pixels->file, k);
    FGF_TRY(make_room(pixels, bytes));
    *count = bytes;
    bytes = 0;
    for (size_t k = pixels->first[frame]; k < pixels->first[frame + 1]; k++) {
        FGF_TRY(dicom_fragment_read(pixels->file, k, pixels->coded + bytes));
        bytes += dicom_fragment_bytes(pixels->file, k);
    }
done:
    return status;
}

static fgf_status read_compressed(dicom_pixels *pixels, size_t frame, int32_t *stored)
{
    fgf_status status = FGF_OK;
    const dicom_layout *l = &pixels->layout;
    const codestream_expected expected = {dicom_base_name(dicom_file_path(pixels->file)), l->rows,
                                          l->columns, l->bits_allocated};
    const size_t voxels = voxels_of(l);
    int precision = l->bits_allocated;
    size_t coded = 0;
    FGF_TRY(collect_frame(pixels, frame, &coded));
    if (l->coding == DICOM_JPEG_2000) {
        FGF_TRY(jpeg_2000_decode(&expected, pixels->coded, coded, stored));
        const stored_bits bits = bits_of(l);
        for (size_t p = 0; p < voxels; p++)
            stored[p] = stored_value(bits, (uint32_t)stored[p]);
        goto done;
    }
    if (l->coding != DICOM_RLE)
        FGF_TRY(jpeg_check(&expected, pixels->coded, coded, &precision));
    const size_t bytes = precision > 8 ? 2 : 1;
    FGF_TRY(dicom_frame_decode(pixels->file, frame, pixels->first[frame], pixels->raw,
                               (voxels * bytes + 1) / 2 * 2));
    unpack(l, pixels->raw, bytes, stored);
done:
    return status;
}

fgf_status dicom_pixels_frame(dicom_pixels *pixels, size_t frame, int32_t *stored)
{
    fgf_status status = FGF_OK;
    if (pixels->layout.coding == DICOM_NATIVE)
        FGF_TRY(read_native(pixels, frame, stored));
    else
        FGF_TRY(read_compressed(pixels, frame, stored));
done:
    return status;
}
