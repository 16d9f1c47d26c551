/* Small DICOM files that the tests write themselves: explicit little endian, element by element. */
#ifndef FGF_TEST_IMAGE_DICOM_FILES_H
#define FGF_TEST_IMAGE_DICOM_FILES_H

#include "unit/data/files.h"

#include "fgf/dicom.h"
#include "fgf/memory.h"

#include <sys/stat.h>

static const char explicit_little[] = "1.2.840.10008.1.2.1";

/* ---- elements ---- */

typedef struct dicom_out {
    unsigned char bytes[1 << 17];
    size_t count;
} dicom_out;

static inline void put_raw(dicom_out *out, const void *bytes, size_t count)
{
    assert_true(out->count + count <= sizeof out->bytes);
    if (count)
        memcpy(out->bytes + out->count, bytes, count);
    out->count += count;
}

static inline void put_little(dicom_out *out, uint32_t value, int bytes)
{
    for (int k = 0; k < bytes; k++)
        put_raw(out, &(unsigned char){(unsigned char)(value >> 8 * k)}, 1);
}

/* Tag, type and length of an element; 12 bytes where the type has a long length. */
static inline void put_head(dicom_out *out, uint32_t tag, const char *type, uint32_t length)
{
    put_little(out, tag >> 16, 2);
    put_little(out, tag & 0xffff, 2);
    put_raw(out, type, 2);
    if (strstr("OB OW SQ UN", type))
        put_little(out, 0, 2);
    put_little(out, length, strstr("OB OW SQ UN", type) ? 4 : 2);
}

static inline void put_bytes(dicom_out *out, uint32_t tag, const char *type, const void *bytes,
                             size_t count)
{
    put_head(out, tag, type, (uint32_t)(count + count % 2));
    put_raw(out, bytes, count);
    put_raw(out, strcmp(type, "UI") == 0 || type[0] == 'O' ? "" : " ", count % 2);
}

/* NULL is no element at all. */
static inline void put_text_element(dicom_out *out, uint32_t tag, const char *type,
                                    const char *text)
{
    if (text)
        put_bytes(out, tag, type, text, strlen(text));
}

static inline void put_number(dicom_out *out, uint32_t tag, int value)
{
    put_head(out, tag, "US", 2);
    put_little(out, (uint32_t)value, 2);
}

static inline void begin_sequence(dicom_out *out, uint32_t tag)
{
    put_head(out, tag, "SQ", 0xffffffff);
}

static inline void begin_item(dicom_out *out)
{
    put_little(out, 0xe000fffe, 4);
    put_little(out, 0xffffffff, 4);
}

static inline void end_item(dicom_out *out)
{
    put_little(out, 0xe00dfffe, 4);
    put_little(out, 0, 4);
}

static inline void end_sequence(dicom_out *out)
{
    put_little(out, 0xe0ddfffe, 4);
    put_little(out, 0, 4);
}

/* A sequence of one item is begun and ended by these. */
static inline void begin_single(dicom_out *out, uint32_t tag)
{
    begin_sequence(out, tag);
    begin_item(out);
}

static inline void end_single(dicom_out *out)
{
    end_item(out);
    end_sequence(out);
}

static inline void begin_file(dicom_out *out, const char *kind, const char *syntax)
{
    static const unsigned char preamble[128];
    out->count = 0;
    put_raw(out, preamble, sizeof preamble);
    put_raw(out, "DICM", 4);
    const size_t start = out->count;
    put_head(out, 0x00020000, "UL", 4);
    put_little(out, 0, 4);
    put_bytes(out, 0x00020001, "OB", "\0\1", 2);
    put_text_element(out, 0x00020002, "UI", kind);
    put_text_element(out, 0x00020003, "UI", "1.2.3");
    put_text_element(out, 0x00020010, "UI", syntax);
    const size_t length = out->count - start - 12;
    out->bytes[start + 8] = (unsigned char)length;
}

/* ---- one slice of a series ---- */

typedef struct slice_sample {
    const char *kind, *syntax, *type, *instance, *modality, *series, *frame_of_reference;
    const char *position, *direction, *spacing, *thickness, *slope, *intercept, *photometric;
    int rows, columns, samples, bits, stored, high, is_signed;
    int padding, padding_limit; /* 0 = none */
    const void *pixels;
    size_t pixel_bytes; /* of them in the file */
} slice_sample;

/* 3 rows of 4 voxels of 2 x 1 mm in 16 bits, signed. */
static inline slice_sample make_slice(const char *position, const int16_t *pixels)
{
    return (slice_sample){.kind = "1.2.840.10008.5.1.4.1.1.2",
                          .syntax = explicit_little,
                          .type = "ORIGINAL\\PRIMARY\\AXIAL",
                          .instance = "1.2.3",
                          .modality = "CT",
                          .series = "1.2.10",
                          .frame_of_reference = "1.2.20",
                          .position = position,
                          .direction = "1\\0\\0\\0\\1\\0",
                          .spacing = "2\\1",
                          .thickness = "3",
                          .slope = "1",
                          .intercept = "-1000",
                          .photometric = "MONOCHROME2",
                          .rows = 3,
                          .columns = 4,
                          .samples = 1,
                          .bits = 16,
                          .stored = 16,
                          .high = 15,
                          .is_signed = 1,
                          .pixels = pixels,
                          .pixel_bytes = 24};
}

static inline void put_layout(dicom_out *out, const slice_sample *s)
{
    put_number(out, 0x00280002, s->samples);
    put_text_element(out, 0x00280004, "CS", s->photometric);
    put_number(out, 0x00280010, s->rows);
    put_number(out, 0x00280011, s->columns);
    put_text_element(out, 0x00280030, "DS", s->spacing);
    put_number(out, 0x00280100, s->bits);
    put_number(out, 0x00280101, s->stored);
    put_number(out, 0x00280102, s->high);
    put_number(out, 0x00280103, s->is_signed);
}

static inline void make_file(dicom_out *out, const slice_sample *s)
{
    begin_file(out, s->kind, s->syntax);
    put_text_element(out, 0x00080008, "CS", s->type);
    put_text_element(out, 0x00080016, "UI", s->kind);
    put_text_element(out, 0x00080018, "UI", s->instance);
    put_text_element(out, 0x00080020, "DA", "19991231");
    put_text_element(out, 0x00080060, "CS", s->modality);
    put_text_element(out, 0x00100010, "PN", "Secret^Name");
    put_text_element(out, 0x00180050, "DS", s->thickness);
    put_text_element(out, 0x0020000e, "UI", s->series);
    put_text_element(out, 0x00200032, "DS", s->position);
    put_text_element(out, 0x00200037, "DS", s->direction);
    put_text_element(out, 0x00200052, "UI", s->frame_of_reference);
    put_layout(out, s);
    if (s->padding)
        put_number(out, 0x00280120, s->padding);
    if (s->padding_limit)
        put_number(out, 0x00280121, s->padding_limit);
    put_text_element(out, 0x00281052, "DS", s->intercept);
    put_text_element(out, 0x00281053, "DS", s->slope);
    if (s->pixels)
        put_bytes(out, 0x7fe00010, "OW", s->pixels, s->pixel_bytes);
}

static inline const char *write_slice(const char *name, const slice_sample *s)
{
    static dicom_out out;
    make_file(&out, s);
    return write_file(name, out.bytes, out.count);
}

/* ---- folders and volumes ---- */

/* A new folder below the test's own. */
static inline const char *new_folder(void)
{
    static char name[32];
    static int count;
    snprintf(name, sizeof name, "d%d", ++count);
    assert_int_equal(mkdir(in_folder(name), 0700), 0);
    return name;
}

static inline const char *within(const char *inner, const char *name)
{
    static char paths[4][96];
    static int next;
    next = (next + 1) % 4;
    snprintf(paths[next], sizeof paths[next], "%s/%s", inner, name);
    return paths[next];
}

/* All voxels of a series [z][y][x]; *voxels is released with fgf_free. */
static inline fgf_status read_volume(const fgf_dicom_entry *entry, fgf_grid *grid, double **voxels,
                                     fgf_buffer *remarks)
{
    fgf_status status = FGF_OK;
    fgf_volume *volume = NULL;
    *grid = (fgf_grid){0};
    *voxels = NULL;
    FGF_TRY(fgf_dicom_series_open(entry, &volume, remarks));
    *grid = *fgf_volume_grid(volume);
    const size_t slice = (size_t)grid->extent[0] * (size_t)grid->extent[1];
    FGF_TRY(FGF_ALLOCATE(slice * (size_t)grid->extent[2], voxels));
    for (int z = 0; z < grid->extent[2]; z++)
        FGF_TRY(fgf_volume_next(volume, *voxels + slice * (size_t)z));
done:
    fgf_volume_close(&volume);
    if (status != FGF_OK) {
        fgf_free(*voxels);
        *voxels = NULL;
    }
    return status;
}

/* The same of the first series of a folder. */
static inline fgf_status read_folder(const char *path, fgf_grid *grid, double **voxels,
                                     fgf_buffer *remarks)
{
    fgf_status status = FGF_OK;
    fgf_dicom_folder *seen = NULL;
    *grid = (fgf_grid){0};
    *voxels = NULL;
    FGF_TRY(fgf_dicom_folder_read(path, &seen));
    assert_true(seen->entry_count > 0);
    FGF_TRY(read_volume(&seen->entry[0], grid, voxels, remarks));
done:
    fgf_dicom_folder_destroy(&seen);
    return status;
}

/* Everything in a folder; *whole counts what was read to its end. */
static inline fgf_status read_everything(const char *path, size_t *whole)
{
    fgf_status status = FGF_OK;
    fgf_dicom_folder *seen = NULL;
    fgf_structure_set *structures = NULL;
    fgf_segmentation *segmentation = NULL;
    double *voxels = NULL;
    uint8_t *inside = NULL;
    fgf_grid grid;
    FGF_TRY(fgf_dicom_folder_read(path, &seen));
    for (size_t k = 0; k < seen->entry_count; k++) {
        const fgf_dicom_entry *entry = &seen->entry[k];
        if (entry->kind == FGF_DICOM_IMAGE) {
            FGF_TRY(read_volume(entry, &grid, &voxels, NULL));
            fgf_free(voxels);
            voxels = NULL;
        } else if (entry->kind == FGF_DICOM_STRUCTURE_SET) {
            FGF_TRY(fgf_dicom_structures_read(entry->file[0], &structures));
            fgf_structure_set_destroy(&structures);
        } else {
            FGF_TRY(fgf_dicom_segmentation_read(entry->file[0], &segmentation));
            FGF_TRY(
                FGF_ALLOCATE((size_t)segmentation->rows * (size_t)segmentation->columns, &inside));
            for (size_t f = 0; f < segmentation->frame_count; f++)
                FGF_TRY(segmentation->read(segmentation->source, f, inside));
            fgf_segmentation_destroy(&segmentation);
            fgf_free(inside);
            inside = NULL;
        }
        ++*whole;
    }
done:
    fgf_free(voxels);
    fgf_free(inside);
    fgf_structure_set_destroy(&structures);
    fgf_segmentation_destroy(&segmentation);
    fgf_dicom_folder_destroy(&seen);
    return status;
}

/* A number below 2^16, the next of a fixed sequence. */
static inline uint32_t draw(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 16;
}

/* Damages a file `rounds` times, by cuts and changed bytes from a fixed seed: each is read or
 * refused in one line that names it, and nothing else happens. */
static inline void survive(const unsigned char *bytes, size_t count, int rounds)
{
    const char *inner = new_folder();
    unsigned char *changed = malloc(count);
    uint32_t random = 1;
    size_t whole = 0;
    assert_non_null(changed);
    for (int round = 0; round < rounds; round++) {
        const size_t kept = round % 4 == 0 ? (draw(&random) * count) >> 16 : count;
        const size_t head = count < 2000 ? count : 2000; /* every second byte is in it */
        memcpy(changed, bytes, count);
        for (uint32_t k = draw(&random) % 8 + 1; k > 0; k--) {
            const size_t at = (draw(&random) * (k % 2 ? count : head)) >> 16;
            changed[at] = (unsigned char)draw(&random);
        }
        write_file(within(inner, "damaged"), changed, kept);
        const fgf_status status = read_everything(in_folder(inner), &whole);
        if (status == FGF_OK)
            continue;
        if (status != FGF_DATA && status != FGF_MEMORY)
            fail_msg("round %d: %s", round, fgf_last_error()->message);
        assert_message(status == FGF_DATA ? "damaged" : "");
    }
    free(changed);
}

/* Every allocation on the way through a folder fails once, and nothing but that happens. */
static inline void survive_failures(const char *path)
{
    fgf_status status = FGF_MEMORY;
    size_t whole = 0;
    for (long n = 1; status != FGF_OK; n++) {
        assert_true(n < 1000);
        fgf_allocation_fail_at(n);
        status = read_everything(path, &whole);
        fgf_allocation_fail_at(0);
        if (status != FGF_OK)
            assert_int_equal(status, FGF_MEMORY);
    }
}

#endif
