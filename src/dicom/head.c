#include "head.h"

#include "fgf/memory.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum {
    IMAGE_TYPE = 0x00080008,
    SOP_CLASS = 0x00080016,
    SOP_INSTANCE = 0x00080018,
    MODALITY = 0x00080060,
    REFERENCED_SERIES = 0x00081115,
    SLICE_THICKNESS = 0x00180050,
    SLICE_DISTANCE = 0x00180088,
    SERIES = 0x0020000E,
    POSITION = 0x00200032,
    ORIENTATION = 0x00200037,
    FRAME_OF_REFERENCE = 0x00200052,
    PLANE_POSITION = 0x00209113,
    PLANE_ORIENTATION = 0x00209116,
    SAMPLES = 0x00280002,
    PHOTOMETRIC = 0x00280004,
    FRAMES = 0x00280008,
    ROWS = 0x00280010,
    COLUMNS = 0x00280011,
    SPACING = 0x00280030,
    BITS_ALLOCATED = 0x00280100,
    BITS_STORED = 0x00280101,
    HIGH_BIT = 0x00280102,
    REPRESENTATION = 0x00280103,
    PADDING = 0x00280120,
    PADDING_LIMIT = 0x00280121,
    INTERCEPT = 0x00281052,
    SLOPE = 0x00281053,
    PIXEL_MEASURES = 0x00289110,
    VALUE_TRANSFORMATION = 0x00289145,
    GRID_OFFSETS = 0x3004000C,
    REFERENCED_FRAMES_OF_REFERENCE = 0x30060010,
    REFERENCED_STUDY = 0x30060012,
    REFERENCED_STUDY_SERIES = 0x30060014,
    SHARED_GROUPS = 0x52009229,
    FRAME_GROUPS = 0x52009230
};

const char *dicom_base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* Exactly `count` numbers, or false. */
static bool numbers(const dicom_item *item, dicom_tag tag, double *out, size_t count)
{
    size_t there;
    return item && dicom_numbers(item, tag, out, count, &there) && there == count;
}

static int integer(const dicom_item *item, dicom_tag tag, int otherwise)
{
    double value;
    return numbers(item, tag, &value, 1) && fabs(value) <= INT32_MAX ? (int)value : otherwise;
}

/* ---- what it is ---- */

static bool is(const char *text, const char *expected)
{
    return strcmp(text, expected) == 0;
}

static dicom_what what_is(const dicom_item *root, const char *modality)
{
    char class[FGF_UID], type[128];
    dicom_text(root, SOP_CLASS, class, sizeof class);
    dicom_text(root, IMAGE_TYPE, type, sizeof type);
    if (is(class, "1.2.840.10008.5.1.4.1.1.481.3") || is(modality, "RTSTRUCT"))
        return DICOM_WHAT_STRUCTURE_SET;
    if (is(class, "1.2.840.10008.5.1.4.1.1.66.4") || is(class, "1.2.840.10008.5.1.4.1.1.66.7") ||
        is(modality, "SEG"))
        return DICOM_WHAT_SEGMENTATION;
    if (!dicom_has(root, ROWS) || is(modality, "RTDOSE") || strstr(type, "LOCALIZER"))
        return DICOM_WHAT_OTHER;
    return DICOM_WHAT_IMAGE;
}

static void read_references(const dicom_item *root, dicom_head *out)
{
    dicom_text(root, FRAME_OF_REFERENCE, out->frame_of_reference, FGF_UID);
    const dicom_item *item = dicom_next(root, REFERENCED_SERIES, NULL);
    if (out->what == DICOM_WHAT_STRUCTURE_SET) {
        item = dicom_next(root, REFERENCED_FRAMES_OF_REFERENCE, NULL);
        if (item && dicom_has(item, FRAME_OF_REFERENCE))
            dicom_text(item, FRAME_OF_REFERENCE, out->frame_of_reference, FGF_UID);
        item = item ? dicom_next(item, REFERENCED_STUDY, NULL) : NULL;
        item = item ? dicom_next(item, REFERENCED_STUDY_SERIES, NULL) : NULL;
    }
    if (item)
        dicom_text(item, SERIES, out->referenced_series, FGF_UID);
}

/* ---- how voxels are stored ---- */

void dicom_layout_read(const dicom_file *file, dicom_layout *out)
{
    const dicom_item *root = dicom_file_root(file);
    char photometric[32], frames_text[32];
    dicom_text(root, PHOTOMETRIC, photometric, sizeof photometric);
    dicom_text(root, FRAMES, frames_text, sizeof frames_text);
    const int frames = *frames_text ? integer(root, FRAMES, 0) : 1;
    *out = (dicom_layout){.coding = dicom_file_coding(file),
                          .rows = integer(root, ROWS, 0),
                          .columns = integer(root, COLUMNS, 0),
                          .samples = integer(root, SAMPLES, 1),
                          .bits_allocated = integer(root, BITS_ALLOCATED, 0),
                          .is_signed = integer(root, REPRESENTATION, 0) == 1,
                          .grey = strncmp(photometric, "MONOCHROME", 10) == 0 || !*photometric,
                          .frames = frames > 0 ? (size_t)frames : 0,
                          .pixel_bytes = dicom_pixel_bytes(file),
                          .fragments = dicom_fragment_count(file)};
    out->bits_stored = integer(root, BITS_STORED, out->bits_allocated);
    out->high_bit = integer(root, HIGH_BIT, out->bits_stored - 1);
    snprintf(out->syntax, sizeof out->syntax, "%s", dicom_file_syntax(file));
}

/* Frames of which voxels can be there at all, so that a claim of millions takes no memory. */
static size_t frames_at_hand(const dicom_layout *layout)
{
    const uint64_t bits =
        (uint64_t)layout->rows * (uint64_t)layout->columns * (uint64_t)layout->bits_allocated;
    uint64_t most = layout->fragments;
    if (layout->coding == DICOM_NATIVE)
        most = bits ? layout->pixel_bytes * 8 / bits : 0;
    return most < layout->frames ? (size_t)most : layout->frames;
}

/* The padding value has the voxels' sign, whatever the element's own type says. */
static void read_padding(const dicom_item *root, dicom_head *out)
{
    out->padded = numbers(root, PADDING, &out->padding[0], 1);
    if (!out->padded)
        return;
    if (!numbers(root, PADDING_LIMIT, &out->padding[1], 1))
        out->padding[1] = out->padding[0];
    for (int k = 0; k < 2; k++) {
        if (out->layout.is_signed && out->padding[k] > INT16_MAX)
            out->padding[k] -= 65536;
        else if (!out->layout.is_signed && out->padding[k] < 0)
            out->padding[k] += 65536;
    }
    if (out->padding[0] > out->padding[1]) {
        const double swap = out->padding[0];
        out->padding[0] = out->padding[1];
        out->padding[1] = swap;
    }
}

/* ---- where frames lie ---- */

const dicom_item *dicom_group(dicom_groups groups, dicom_tag sequence)
{
    const dicom_item *item = groups.frame ? dicom_next(groups.frame, sequence, NULL) : NULL;
    return item || !groups.shared ? item : dicom_next(groups.shared, sequence, NULL);
}

/* Two directions of length 1 at a right angle, to what text with six digits gives. */
static bool directions_fit(dicom_frame *frame)
{
    double dot = 0, square[2] = {0, 0};
    for (int i = 0; i < 3; i++) {
        dot += frame->row_direction[i] * frame->column_direction[i];
        square[0] += frame->row_direction[i] * frame->row_direction[i];
        square[1] += frame->column_direction[i] * frame->column_direction[i];
    }
    return fabs(dot) < 1e-3 && fabs(square[0] - 1) < 1e-3 && fabs(square[1] - 1) < 1e-3;
}

void dicom_frame_place(dicom_groups groups, const dicom_item *root, dicom_frame *out)
{
    const bool grouped = groups.frame || groups.shared;
    const dicom_item *position = grouped ? dicom_group(groups, PLANE_POSITION) : root;
    const dicom_item *direction = grouped ? dicom_group(groups, PLANE_ORIENTATION) : root;
    const dicom_item *measures = grouped ? dicom_group(groups, PIXEL_MEASURES) : root;
    double both[6];
    out->placed = numbers(position, POSITION, out->position, 3) &&
                  numbers(direction, ORIENTATION, both, 6) &&
                  numbers(measures, SPACING, out->spacing, 2);
    if (!out->placed)
        return;
    memcpy(out->row_direction, both, sizeof out->row_direction);
    memcpy(out->column_direction, both + 3, sizeof out->column_direction);
    out->placed = directions_fit(out) && out->spacing[0] > 0 && out->spacing[1] > 0 &&
                  out->spacing[0] < 1e4 && out->spacing[1] < 1e4;
}

static void read_rescale(const dicom_item *item, dicom_head *head, dicom_frame *out)
{
    out->slope = 1;
    out->intercept = 0;
    if (!item)
        return;
    const bool slope = numbers(item, SLOPE, &out->slope, 1);
    head->rescaled |= numbers(item, INTERCEPT, &out->intercept, 1) && slope;
}

/* Frames without a place of their own, one above the other by given offsets (PS3.3 C.8.8.3.2). */
static fgf_status place_by_offsets(const dicom_item *root, dicom_head *head)
{
    fgf_status status = FGF_OK;
    double *offset = NULL;
    const dicom_frame first = head->frame[0];
    const double *r = first.row_direction, *c = first.column_direction;
    const double normal[3] = {r[1] * c[2] - r[2] * c[1], r[2] * c[0] - r[0] * c[2],
                              r[0] * c[1] - r[1] * c[0]};
    FGF_TRY(FGF_ALLOCATE(head->frame_count, &offset));
    const bool given = numbers(root, GRID_OFFSETS, offset, head->frame_count);
    for (size_t k = 0; k < head->frame_count; k++) {
        head->frame[k].placed &= given;
        for (int i = 0; i < 3; i++)
            head->frame[k].position[i] += offset[k] * normal[i];
    }
done:
    fgf_free(offset);
    return status;
}

static fgf_status read_frames(const dicom_item *root, dicom_head *head)
{
    fgf_status status = FGF_OK;
    dicom_groups groups = {NULL, dicom_next(root, SHARED_GROUPS, NULL)};
    head->frame_count = frames_at_hand(&head->layout);
    FGF_TRY(FGF_ALLOCATE(head->frame_count, &head->frame));
    for (size_t k = 0; k < head->frame_count; k++) {
        dicom_frame *frame = &head->frame[k];
        const bool more = k == 0 || groups.frame;
        groups.frame = more ? dicom_next(root, FRAME_GROUPS, groups.frame) : NULL;
        dicom_frame_place(groups, root, frame);
        const bool grouped = groups.frame || groups.shared;
        read_rescale(grouped ? dicom_group(groups, VALUE_TRANSFORMATION) : root, head, frame);
        if (k == 0) {
            const dicom_item *measures = grouped ? dicom_group(groups, PIXEL_MEASURES) : root;
            if (!numbers(measures, SLICE_DISTANCE, &head->thickness, 1) &&
                !numbers(measures, SLICE_THICKNESS, &head->thickness, 1))
                head->thickness = 0;
        }
    }
    if (head->frame_count > 1 && !groups.shared && !dicom_has(root, FRAME_GROUPS))
        FGF_TRY(place_by_offsets(root, head));
done:
    return status;
}

fgf_status dicom_head_read(const dicom_file *file, dicom_head *out)
{
    fgf_status status = FGF_OK;
    const dicom_item *root = dicom_file_root(file);
    *out = (dicom_head){0};
    dicom_text(root, MODALITY, out->modality, sizeof out->modality);
    dicom_text(root, SERIES, out->series, FGF_UID);
    dicom_text(root, SOP_INSTANCE, out->instance, FGF_UID);
    out->what = what_is(root, out->modality);
    read_references(root, out);
    if (out->what != DICOM_WHAT_OTHER)
        dicom_layout_read(file, &out->layout);
    if (out->what == DICOM_WHAT_IMAGE) {
        read_padding(root, out);
        FGF_TRY(read_frames(root, out));
    }
done:
    return status;
}

void dicom_head_clear(dicom_head *head)
{
    fgf_free(head->frame);
    *head = (dicom_head){0};
}
