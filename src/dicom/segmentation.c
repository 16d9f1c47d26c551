/* Segmentations: binary, fractional, and label maps (PS3.3 C.8.20). */
#include "fgf/memory.h"
#include "pixels.h"

#include <math.h>
#include <string.h>

enum {
    SEGMENTATION_TYPE = 0x00620001,
    SEGMENTS = 0x00620002,
    SEGMENT_NUMBER = 0x00620004,
    SEGMENT_LABEL = 0x00620005,
    SEGMENT_OF_FRAME = 0x0062000A,
    REFERENCED_SEGMENT = 0x0062000B,
    GREATEST_FRACTION = 0x0062000E,
    SHARED_GROUPS = 0x52009229,
    FRAME_GROUPS = 0x52009230,
    LABELS_MOST = 65536,
    EXTENT_MOST = 16384
};

typedef enum kind { BINARY, FRACTIONAL, LABELS } kind;

/* Where the voxels of one segment's frame are. */
typedef struct origin {
    size_t frame;
    int label; /* of a label map */
} origin;

typedef struct reader {
    fgf_segmentation seen; /* first: what the caller holds */
    kind kind;
    double greatest;      /* fraction */
    dicom_file *file;     /* binary: bits are read from it */
    dicom_pixels *pixels; /* else: decoded frames */
    const char *name;
    char *path;
    size_t voxels;
    origin *origin;  /* [frame_count] */
    uint8_t *packed; /* the bits of a binary frame */
    int32_t *stored; /* the values of another */
} reader;

static int integer(const dicom_item *item, dicom_tag tag, int otherwise)
{
    double value = 0;
    size_t count;
    return item && dicom_numbers(item, tag, &value, 1, &count) && count == 1 && fabs(value) < 1e9
               ? (int)value
               : otherwise;
}

/* ---- voxels ---- */

/* Frames follow each other bit by bit, the lowest bit of a byte first: a frame may begin within a
 * byte. */
static fgf_status read_bits(reader *r, size_t frame, uint8_t *inside)
{
    fgf_status status = FGF_OK;
    const uint64_t first = (uint64_t)frame * r->voxels, last = first + r->voxels - 1;
    FGF_TRY(dicom_pixels_read(r->file, first / 8, r->packed, (size_t)(last / 8 - first / 8 + 1)));
    for (size_t p = 0; p < r->voxels; p++) {
        const size_t bit = (size_t)(first % 8) + p;
        inside[p] = r->packed[bit / 8] >> bit % 8 & 1;
    }
done:
    return status;
}

static fgf_status read_frame(void *source, size_t frame, uint8_t *inside)
{
    fgf_status status = FGF_OK;
    reader *r = source;
    const origin from = r->origin[frame];
    if (r->kind == BINARY) {
        FGF_TRY(read_bits(r, from.frame, inside));
        goto done;
    }
    FGF_TRY(dicom_pixels_frame(r->pixels, from.frame, r->stored));
    for (size_t p = 0; p < r->voxels; p++)
        inside[p] =
            r->kind == LABELS ? r->stored[p] == from.label : 2.0 * r->stored[p] >= r->greatest;
done:
    return status;
}

/* ---- segments ---- */

static fgf_status read_segments(reader *r, const dicom_item *root)
{
    fgf_status status = FGF_OK;
    const dicom_item *item = NULL;
    size_t count = 0;
    for (const dicom_item *i = NULL; (i = dicom_next(root, SEGMENTS, i));)
        count++;
    FGF_TRY(FGF_ALLOCATE(count, &r->seen.segment));
    for (size_t k = 0; k < count; k++) {
        fgf_segment *segment = &r->seen.segment[k];
        item = dicom_next(root, SEGMENTS, item);
        dicom_name(r->file, item, SEGMENT_LABEL, segment->name, sizeof segment->name);
        segment->number = integer(item, SEGMENT_NUMBER, -1);
        if (segment->number < 0)
            FGF_FAIL(FGF_DATA, "%s: the segment \"%s\" has no number", r->name, segment->name);
        r->seen.segment_count = k + 1;
    }
done:
    return status;
}

static bool has_segment(const reader *r, int number)
{
    for (size_t k = 0; k < r->seen.segment_count; k++)
        if (r->seen.segment[k].number == number)
            return true;
    return false;
}

/* ---- frames ---- */

/* All frames have the place of the first but for their positions. */
static fgf_status take_place(reader *r, size_t number, const dicom_frame *frame)
{
    fgf_status status = FGF_OK;
    fgf_segmentation *s = &r->seen;
    double differ = 0;
    if (!frame->placed)
        FGF_FAIL(FGF_DATA,
                 "%s: frame %zu does not say where it lies (position, direction, spacing)", r->name,
                 number);
    if (number == 1) {
        memcpy(s->spacing, frame->spacing, sizeof s->spacing);
        memcpy(s->row_direction, frame->row_direction, sizeof s->row_direction);
        memcpy(s->column_direction, frame->column_direction, sizeof s->column_direction);
    }
    for (int i = 0; i < 3; i++) {
        differ = fmax(differ, fabs(s->row_direction[i] - frame->row_direction[i]));
        differ = fmax(differ, fabs(s->column_direction[i] - frame->column_direction[i]));
    }
    for (int k = 0; k < 2; k++)
        differ = fmax(differ, fabs(s->spacing[k] - frame->spacing[k]) / s->spacing[k]);
    if (differ > 1e-4)
        FGF_FAIL(FGF_DATA, "%s: frame %zu has another direction or spacing than frame 1", r->name,
                 number);
done:
    return status;
}

/* The segments that a frame of a label map holds, each as a frame of its own. */
static fgf_status split_labels(reader *r, size_t frame, const dicom_frame *at, size_t *room)
{
    fgf_status status = FGF_OK;
    fgf_segmentation *s = &r->seen;
    bool *there = NULL;
    FGF_TRY(FGF_ALLOCATE(LABELS_MOST, &there));
    FGF_TRY(dicom_pixels_frame(r->pixels, frame, r->stored));
    for (size_t p = 0; p < r->voxels; p++)
        there[r->stored[p] & (LABELS_MOST - 1)] = true;
    for (size_t k = 0; k < s->segment_count; k++) {
        const int label = s->segment[k].number;
        if (label >= LABELS_MOST || !there[label])
            continue;
        if (s->frame_count == *room) {
            fgf_segment_frame *frames = NULL;
            origin *origins = NULL;
            FGF_TRY(FGF_ALLOCATE(2 * *room, &frames));
            memcpy(frames, s->frame, *room * sizeof *frames);
            fgf_free(s->frame);
            s->frame = frames;
            FGF_TRY(FGF_ALLOCATE(2 * *room, &origins));
            memcpy(origins, r->origin, *room * sizeof *origins);
            fgf_free(r->origin);
            r->origin = origins;
            *room *= 2;
        }
        s->frame[s->frame_count] = (fgf_segment_frame){
            .segment = label, .position = {at->position[0], at->position[1], at->position[2]}};
        r->origin[s->frame_count++] = (origin){frame, label};
    }
done:
    fgf_free(there);
    return status;
}

static fgf_status read_frames(reader *r, const dicom_item *root, size_t count)
{
    fgf_status status = FGF_OK;
    fgf_segmentation *s = &r->seen;
    dicom_groups groups = {NULL, dicom_next(root, SHARED_GROUPS, NULL)};
    size_t room = count;
    FGF_TRY(FGF_ALLOCATE(room, &s->frame));
    FGF_TRY(FGF_ALLOCATE(room, &r->origin));
    for (size_t k = 0; k < count; k++) {
        dicom_frame at = {0};
        groups.frame = k == 0 || groups.frame ? dicom_next(root, FRAME_GROUPS, groups.frame) : NULL;
        dicom_frame_place(groups, root, &at);
        FGF_TRY(take_place(r, k + 1, &at));
        if (r->kind == LABELS) {
            FGF_TRY(split_labels(r, k, &at, &room));
            continue;
        }
        const dicom_item *of = dicom_group(groups, SEGMENT_OF_FRAME);
        const int segment = integer(of, REFERENCED_SEGMENT, -1);
        if (!has_segment(r, segment))
            FGF_FAIL(FGF_DATA, "%s: frame %zu does not say which of the %zu segments it is of",
                     r->name, k + 1, s->segment_count);
        s->frame[k] = (fgf_segment_frame){
            .segment = segment, .position = {at.position[0], at.position[1], at.position[2]}};
        r->origin[k] = (origin){k, segment};
        s->frame_count = k + 1;
    }
done:
    return status;
}

/* ---- opening ---- */

static fgf_status check_bits(const reader *r, const dicom_layout *l)
{
    fgf_status status = FGF_OK;
    if (l->rows < 1 || l->columns < 1 || l->rows > EXTENT_MOST || l->columns > EXTENT_MOST ||
        l->frames < 1)
        FGF_FAIL(FGF_DATA, "%s: %d x %d voxels in %zu frames, expected 1 to %d along an edge",
                 r->name, l->rows, l->columns, l->frames, EXTENT_MOST);
    if (l->coding != DICOM_NATIVE || l->bits_allocated != 1 || l->samples != 1)
        FGF_FAIL(FGF_DATA,
                 "%s: a binary segmentation of %d bits a voxel in transfer syntax %s, expected 1 "
                 "bit without compression",
                 r->name, l->bits_allocated, l->syntax);
    const double needed = ceil((double)l->rows * l->columns * (double)l->frames / 8);
    if (needed > (double)l->pixel_bytes)
        FGF_FAIL(FGF_DATA,
                 "%s: pixel data cut short: %zu frames of %d x %d bits need %.0f bytes, the file "
                 "has %llu; get the file again",
                 r->name, l->frames, l->rows, l->columns, needed,
                 (unsigned long long)l->pixel_bytes);
done:
    return status;
}

static fgf_status read_kind(reader *r, const dicom_item *root)
{
    fgf_status status = FGF_OK;
    char type[32];
    double greatest = 0;
    size_t count;
    dicom_text(root, SEGMENTATION_TYPE, type, sizeof type);
    r->kind = strcmp(type, "FRACTIONAL") == 0 ? FRACTIONAL
              : strcmp(type, "LABELMAP") == 0 ? LABELS
                                              : BINARY;
    if (r->kind == BINARY && strcmp(type, "BINARY") != 0)
        FGF_FAIL(FGF_DATA, "%s: SegmentationType \"%s\", expected BINARY, FRACTIONAL or LABELMAP",
                 r->name, type);
    if (!dicom_numbers(root, GREATEST_FRACTION, &greatest, 1, &count) || count != 1 ||
        !(greatest > 0))
        greatest = 255;
    r->greatest = greatest;
done:
    return status;
}

static fgf_status open_segmentation(reader *r)
{
    fgf_status status = FGF_OK;
    dicom_head head = {0};
    dicom_file *second = NULL; /* pixels own their file */
    fgf_segmentation *s = &r->seen;
    FGF_TRY(dicom_file_open(r->path, &r->file));
    FGF_TRY(dicom_head_read(r->file, &head));
    if (head.what != DICOM_WHAT_SEGMENTATION)
        FGF_FAIL(FGF_DATA, "%s: is not a segmentation (SEG)", r->name);
    const dicom_item *root = dicom_file_root(r->file);
    const dicom_layout *l = &head.layout;
    FGF_TRY(read_kind(r, root));
    if (r->kind == BINARY)
        FGF_TRY(check_bits(r, l));
    else
        FGF_TRY(dicom_layout_check(r->path, l));
    memcpy(s->frame_of_reference, head.frame_of_reference, FGF_UID);
    memcpy(s->referenced_series, head.referenced_series, FGF_UID);
    s->rows = l->rows;
    s->columns = l->columns;
    s->read = read_frame;
    s->source = r;
    r->voxels = (size_t)l->rows * (size_t)l->columns;
    if (r->kind == BINARY) {
        FGF_TRY(FGF_ALLOCATE(r->voxels / 8 + 2, &r->packed));
    } else {
        FGF_TRY(FGF_ALLOCATE(r->voxels, &r->stored));
        FGF_TRY(dicom_file_open(r->path, &second));
        FGF_TRY(dicom_pixels_open(second, &r->pixels));
    }
    FGF_TRY(read_segments(r, root));
    FGF_TRY(read_frames(r, root, l->frames));
done:
    dicom_head_clear(&head);
    return status;
}

fgf_status fgf_dicom_segmentation_read(const char *path, fgf_segmentation **out)
{
    fgf_status status = FGF_OK;
    reader *r = NULL;
    *out = NULL;
    FGF_TRY(FGF_ALLOCATE(1, &r));
    *out = &r->seen;
    FGF_TRY(fgf_copy_text(path, &r->path));
    r->name = dicom_base_name(r->path);
    FGF_TRY(open_segmentation(r));
done:
    if (status != FGF_OK)
        fgf_segmentation_destroy(out);
    return status;
}

void fgf_segmentation_destroy(fgf_segmentation **segmentation)
{
    reader *r = (reader *)*segmentation;
    *segmentation = NULL;
    if (!r)
        return;
    dicom_pixels_close(&r->pixels);
    dicom_file_close(&r->file);
    fgf_free(r->seen.segment);
    fgf_free(r->seen.frame);
    fgf_free(r->path);
    fgf_free(r->origin);
    fgf_free(r->packed);
    fgf_free(r->stored);
    fgf_free(r);
}
