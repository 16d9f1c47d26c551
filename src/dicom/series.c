/* A series as a volume: its slices in order, each read when its turn comes. */
#include "fgf/memory.h"
#include "geometry.h"
#include "pixels.h"

#include <stdio.h>
#include <string.h>

/* What one slice needs of its file's head, kept when the folder is gone. */
typedef struct source {
    const char *path; /* of the file; borrowed from the series */
    size_t file, frame;
    double slope, intercept;
    bool padded;
    double padding[2];
} source;

typedef struct series {
    size_t file_count, next;
    char **path;          /* [file_count] */
    source *slice;        /* in order of place */
    int extent[2];        /* columns, rows */
    double empty;         /* what padding becomes */
    int32_t *stored;      /* a slice */
    dicom_pixels *pixels; /* of the file that was read last, or NULL */
    size_t open;          /* which one */
} series;

static void close_series(void *state)
{
    series *s = state;
    dicom_pixels_close(&s->pixels);
    for (size_t k = 0; s->path && k < s->file_count; k++)
        fgf_free(s->path[k]);
    fgf_free(s->path);
    fgf_free(s->slice);
    fgf_free(s->stored);
    fgf_free(s);
}

/* Neighbours in the stack may be frames of one file, which then stays open. */
static fgf_status open_pixels(series *s, size_t file)
{
    fgf_status status = FGF_OK;
    dicom_file *opened = NULL;
    if (s->pixels && s->open == file)
        goto done;
    dicom_pixels_close(&s->pixels);
    FGF_TRY(dicom_file_open(s->path[file], &opened));
    FGF_TRY(dicom_pixels_open(opened, &s->pixels));
    s->open = file;
    const dicom_layout *layout = dicom_pixels_layout(s->pixels);
    if (layout->columns != s->extent[0] || layout->rows != s->extent[1])
        FGF_FAIL(FGF_DATA, "%s was changed while it was being read",
                 dicom_base_name(s->path[file]));
done:
    return status;
}

static fgf_status read_slice(series *s, const source *from, double *slice)
{
    fgf_status status = FGF_OK;
    const size_t voxels = (size_t)s->extent[0] * (size_t)s->extent[1];
    FGF_TRY(open_pixels(s, from->file));
    if (from->frame >= dicom_pixels_layout(s->pixels)->frames)
        FGF_FAIL(FGF_DATA, "%s was changed while it was being read", dicom_base_name(from->path));
    FGF_TRY(dicom_pixels_frame(s->pixels, from->frame, s->stored));
    for (size_t p = 0; p < voxels; p++)
        slice[p] = from->slope * s->stored[p] + from->intercept;
    for (size_t p = 0; from->padded && p < voxels; p++)
        if (s->stored[p] >= from->padding[0] && s->stored[p] <= from->padding[1])
            slice[p] = s->empty;
done:
    return status;
}

static fgf_status next_slice(void *state, double *slice)
{
    series *s = state;
    return read_slice(s, &s->slice[s->next++], slice);
}

static const fgf_volume_format format = {
    .name = "DICOM", .next = next_slice, .close = close_series};

static source source_of(const series *s, const dicom_slice *slice)
{
    const dicom_frame *frame = &slice->head->frame[slice->frame];
    return (source){.path = s->path[slice->file],
                    .file = slice->file,
                    .frame = slice->frame,
                    .slope = frame->slope,
                    .intercept = frame->intercept,
                    .padded = slice->head->padded,
                    .padding = {slice->head->padding[0], slice->head->padding[1]}};
}

/* ---- opening ---- */

static fgf_status check_files(const fgf_dicom_entry *entry)
{
    fgf_status status = FGF_OK;
    if (entry->kind != FGF_DICOM_IMAGE || entry->file_count == 0)
        FGF_FAIL(FGF_INTERNAL, "a series of images was expected");
    for (size_t k = 0; k < entry->file_count; k++) {
        const dicom_head *head = &entry->heads[k];
        FGF_TRY(dicom_layout_check(entry->file[k], &head->layout));
        for (size_t f = 0; f < head->frame_count; f++)
            if (head->frame[f].slope == 0)
                FGF_FAIL(FGF_DATA, "%s: RescaleSlope is 0, expected another number",
                         dicom_base_name(entry->file[k]));
    }
done:
    return status;
}

/* All frames of all files. */
static fgf_status collect_slices(const fgf_dicom_entry *entry, dicom_slice **out, size_t *count)
{
    fgf_status status = FGF_OK;
    size_t at = 0;
    *count = 0;
    for (size_t k = 0; k < entry->file_count; k++)
        *count += entry->heads[k].frame_count;
    FGF_TRY(FGF_ALLOCATE(*count, out));
    for (size_t k = 0; k < entry->file_count; k++)
        for (size_t f = 0; f < entry->heads[k].frame_count; f++)
            (*out)[at++] = (dicom_slice){
                .path = entry->file[k], .file = k, .frame = f, .head = &entry->heads[k]};
done:
    return status;
}

static fgf_status create_series(const fgf_dicom_entry *entry, const dicom_slice *slices,
                                size_t count, series **out)
{
    fgf_status status = FGF_OK;
    series *s = NULL;
    const dicom_layout *layout = &slices[0].head->layout;
    FGF_TRY(FGF_ALLOCATE(1, &s));
    *out = s;
    s->extent[0] = layout->columns;
    s->extent[1] = layout->rows;
    s->empty = strcmp(entry->modality, "CT") == 0 ? -1024 : 0;
    FGF_TRY(FGF_ALLOCATE(entry->file_count, &s->path));
    s->file_count = entry->file_count;
    for (size_t k = 0; k < entry->file_count; k++)
        FGF_TRY(fgf_copy_text(entry->file[k], &s->path[k]));
    FGF_TRY(FGF_ALLOCATE(count, &s->slice));
    FGF_TRY(FGF_ALLOCATE((size_t)s->extent[0] * (size_t)s->extent[1], &s->stored));
done:
    return status;
}

/* Two slices at one place: one goes if their voxels are the same. */
static fgf_status compare_voxels(series *s, const dicom_slice *a, const dicom_slice *b,
                                 fgf_buffer *remarks)
{
    fgf_status status = FGF_OK;
    char kept[DICOM_SLICE_NAME], dropped[DICOM_SLICE_NAME];
    const size_t voxels = (size_t)s->extent[0] * (size_t)s->extent[1];
    const source from[2] = {source_of(s, a), source_of(s, b)};
    double *slice[2] = {NULL, NULL};
    size_t differ = 0;
    for (int k = 0; k < 2; k++) {
        FGF_TRY(FGF_ALLOCATE(voxels, &slice[k]));
        FGF_TRY(read_slice(s, &from[k], slice[k]));
    }
    for (size_t p = 0; p < voxels; p++)
        differ += slice[0][p] != slice[1][p];
    dicom_slice_name(a, kept);
    dicom_slice_name(b, dropped);
    if (differ > 0)
        FGF_FAIL(FGF_DATA,
                 "%s and %s of the same series lie at the same place, %.4f mm, with %zu of %zu "
                 "voxels different; leave out the files of one acquisition",
                 kept, dropped, a->place, differ, voxels);
    if (remarks)
        fgf_buffer_add(remarks, "%s holds the same slice as %s, at %.4f mm: left out\n", dropped,
                       kept, a->place);
done:
    for (int k = 0; k < 2; k++)
        fgf_free(slice[k]);
    return status;
}

static fgf_status drop_doubles(series *s, dicom_slice *slices, size_t *count, fgf_buffer *remarks)
{
    fgf_status status = FGF_OK;
    size_t kept = 0;
    for (size_t k = 1; k < *count; k++) {
        if (dicom_slices_coincide(&slices[kept], &slices[k]))
            FGF_TRY(compare_voxels(s, &slices[kept], &slices[k], remarks));
        else
            slices[++kept] = slices[k];
    }
    *count = kept + 1;
done:
    return status;
}

static void remark(const fgf_dicom_entry *entry, bool thickness_missing, fgf_buffer *remarks)
{
    if (!remarks)
        return;
    if (thickness_missing)
        fgf_buffer_add(remarks, "one slice of a thickness that is not said: taken as 1 mm\n");
    bool rescaled = true;
    for (size_t k = 0; k < entry->file_count; k++)
        rescaled &= entry->heads[k].rescaled;
    if (!rescaled && strcmp(entry->modality, "CT") == 0)
        fgf_buffer_add(remarks, "no rescale to HU is given: stored values are taken as they are\n");
}

fgf_status fgf_dicom_series_open(const fgf_dicom_entry *entry, fgf_volume **out,
                                 fgf_buffer *remarks)
{
    fgf_status status = FGF_OK;
    dicom_slice *slices = NULL;
    series *s = NULL;
    size_t count;
    fgf_grid grid;
    bool thickness_missing;
    *out = NULL;
    FGF_TRY(check_files(entry));
    FGF_TRY(collect_slices(entry, &slices, &count));
    FGF_TRY(dicom_slices_stack(slices, count));
    FGF_TRY(create_series(entry, slices, count, &s));
    FGF_TRY(drop_doubles(s, slices, &count, remarks));
    FGF_TRY(dicom_slices_grid(slices, count, &grid, &thickness_missing));
    for (size_t k = 0; k < count; k++)
        s->slice[k] = source_of(s, &slices[k]);
    remark(entry, thickness_missing, remarks);
    if (remarks)
        FGF_TRY(remarks->status);
    void *state = s;
    s = NULL;
    FGF_TRY(fgf_volume_create(&format, state, &grid, out));
done:
    fgf_free(slices);
    if (s)
        close_series(s);
    return status;
}
