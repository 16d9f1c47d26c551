#include "geometry.h"

#include "fgf/memory.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Text in DICOM files is rounded: to a tenth of a millimetre in places at worst, to six digits in
 * directions and spacings. */
static const double rounding = 0.05, direction_rounding = 1e-4, spacing_rounding = 1e-4;

static const dicom_frame *frame_of(const dicom_slice *slice)
{
    return &slice->head->frame[slice->frame];
}

void dicom_slice_name(const dicom_slice *slice, char out[DICOM_SLICE_NAME])
{
    const char *name = dicom_base_name(slice->path);
    if (slice->head->frame_count > 1)
        snprintf(out, DICOM_SLICE_NAME, "%.255s, frame %zu", name, slice->frame + 1);
    else
        snprintf(out, DICOM_SLICE_NAME, "%.255s", name);
}

static double dot(const double a[3], const double b[3])
{
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

static void normal_of(const dicom_frame *frame, double out[3])
{
    const double *r = frame->row_direction, *c = frame->column_direction;
    out[0] = r[1] * c[2] - r[2] * c[1];
    out[1] = r[2] * c[0] - r[0] * c[2];
    out[2] = r[0] * c[1] - r[1] * c[0];
    const double length = sqrt(dot(out, out));
    for (int i = 0; i < 3; i++)
        out[i] /= length;
}

/* ---- one geometry for all slices ---- */

static fgf_status compare_slices(const dicom_slice *first, const dicom_slice *slice)
{
    fgf_status status = FGF_OK;
    char name[DICOM_SLICE_NAME], other[DICOM_SLICE_NAME];
    const dicom_layout *a = &first->head->layout, *b = &slice->head->layout;
    const dicom_frame *f = frame_of(first), *g = frame_of(slice);
    double turn = 0;
    dicom_slice_name(slice, name);
    dicom_slice_name(first, other);
    if (a->rows != b->rows || a->columns != b->columns)
        FGF_FAIL(
            FGF_DATA,
            "%s has %d x %d voxels, but %s of the same series %d x %d; leave the odd files out",
            name, b->columns, b->rows, other, a->columns, a->rows);
    if (strcmp(first->head->frame_of_reference, slice->head->frame_of_reference) != 0)
        FGF_FAIL(FGF_DATA,
                 "%s and %s of the same series have different frames of reference, so that their "
                 "places cannot be compared; import one of them",
                 name, other);
    for (int k = 0; k < 2; k++)
        if (fabs(f->spacing[k] - g->spacing[k]) > spacing_rounding * f->spacing[k])
            FGF_FAIL(FGF_DATA,
                     "%s has voxels of %.6g x %.6g mm, but %s of the same series %.6g x %.6g mm; "
                     "leave the odd files out",
                     name, g->spacing[1], g->spacing[0], other, f->spacing[1], f->spacing[0]);
    for (int i = 0; i < 3; i++) {
        turn = fmax(turn, fabs(f->row_direction[i] - g->row_direction[i]));
        turn = fmax(turn, fabs(f->column_direction[i] - g->column_direction[i]));
    }
    if (turn > direction_rounding)
        FGF_FAIL(FGF_DATA,
                 "%s lies along (%.4g, %.4g, %.4g) and (%.4g, %.4g, %.4g), but %s of the same "
                 "series along (%.4g, %.4g, %.4g) and (%.4g, %.4g, %.4g); leave the odd files out",
                 name, g->row_direction[0], g->row_direction[1], g->row_direction[2],
                 g->column_direction[0], g->column_direction[1], g->column_direction[2], other,
                 f->row_direction[0], f->row_direction[1], f->row_direction[2],
                 f->column_direction[0], f->column_direction[1], f->column_direction[2]);
done:
    return status;
}

/* ---- upright stacks ---- */

/* How far a slice is shifted within its plane against the first, mm along rows and columns. */
static void shift_of(const dicom_slice *first, const dicom_slice *slice, double out[2])
{
    const dicom_frame *f = frame_of(first), *g = frame_of(slice);
    const double from_first[3] = {g->position[0] - f->position[0], g->position[1] - f->position[1],
                                  g->position[2] - f->position[2]};
    out[0] = dot(from_first, f->row_direction);
    out[1] = dot(from_first, f->column_direction);
}

/* Slices in a slanted stack are shifted in proportion to their distance: gantry tilt. */
static fgf_status check_upright(const dicom_slice *slices, size_t count)
{
    fgf_status status = FGF_OK;
    const dicom_slice *first = &slices[0], *last = &slices[count - 1];
    const dicom_frame *f = frame_of(first);
    const double allowed = fmax(rounding, 0.1 * fmin(f->spacing[0], f->spacing[1]));
    const double height = last->place - first->place;
    double whole[2], shift[2], worst = 0, slanted = 0;
    size_t odd = 0;
    shift_of(first, last, whole);
    for (size_t k = 1; k < count; k++) {
        shift_of(first, &slices[k], shift);
        const double part = height > 0 ? (slices[k].place - first->place) / height : 0;
        const double beside = hypot(shift[0], shift[1]);
        slanted = fmax(slanted, hypot(shift[0] - part * whole[0], shift[1] - part * whole[1]));
        if (beside > worst) {
            worst = beside;
            odd = k;
        }
    }
    if (worst <= allowed)
        goto done;
    char name[DICOM_SLICE_NAME], other[DICOM_SLICE_NAME];
    dicom_slice_name(first, other);
    if (count > 2 && slanted <= allowed && height > 0) {
        const double tilt = atan2(hypot(whole[0], whole[1]), height) * 180 / acos(-1.0);
        FGF_FAIL(FGF_DATA,
                 "the slices are slanted by %.1f degrees (gantry tilt): from %s on they shift by "
                 "%.3g mm in %.4g mm of height, expected none; resample the series to an upright "
                 "grid first",
                 tilt, other, hypot(whole[0], whole[1]), height);
    }
    dicom_slice_name(&slices[odd], name);
    FGF_FAIL(FGF_DATA,
             "%s is shifted by %.3g mm within its plane against %s of the same series, expected "
             "none (to %.2g mm); leave the odd files out",
             name, worst, other, allowed);
done:
    return status;
}

static int by_place(const void *left, const void *right)
{
    const dicom_slice *a = left, *b = right;
    if (a->place != b->place)
        return a->place < b->place ? -1 : 1;
    const int name = strcmp(a->path, b->path);
    return name != 0 ? name : (a->frame > b->frame) - (a->frame < b->frame);
}

fgf_status dicom_slices_stack(dicom_slice *slices, size_t count)
{
    fgf_status status = FGF_OK;
    double normal[3];
    for (size_t k = 0; k < count; k++) {
        if (frame_of(&slices[k])->placed)
            continue;
        char name[DICOM_SLICE_NAME];
        dicom_slice_name(&slices[k], name);
        FGF_FAIL(FGF_DATA,
                 "%s does not say where it lies: ImagePositionPatient, ImageOrientationPatient and "
                 "PixelSpacing must be there and make sense; get the file again or leave the "
                 "series out",
                 name);
    }
    for (size_t k = 1; k < count; k++)
        FGF_TRY(compare_slices(&slices[0], &slices[k]));
    normal_of(frame_of(&slices[0]), normal);
    for (size_t k = 0; k < count; k++)
        slices[k].place = dot(frame_of(&slices[k])->position, normal);
    qsort(slices, count, sizeof *slices, by_place);
    FGF_TRY(check_upright(slices, count));
done:
    return status;
}

bool dicom_slices_coincide(const dicom_slice *a, const dicom_slice *b)
{
    return fabs(a->place - b->place) < 0.01;
}

/* ---- distances ---- */

static int by_size(const void *left, const void *right)
{
    const double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

/* The usual distance of neighbours: the median, which a few gaps do not move. */
static fgf_status usual_step(const dicom_slice *slices, size_t count, double *out)
{
    fgf_status status = FGF_OK;
    double *step = NULL;
    FGF_TRY(FGF_ALLOCATE(count - 1, &step));
    for (size_t k = 0; k + 1 < count; k++)
        step[k] = slices[k + 1].place - slices[k].place;
    qsort(step, count - 1, sizeof *step, by_size);
    *out = step[(count - 2) / 2];
done:
    fgf_free(step);
    return status;
}

static fgf_status check_gaps(const dicom_slice *slices, size_t count, double usual)
{
    fgf_status status = FGF_OK;
    size_t gaps = 0, at = 0;
    for (size_t k = 0; k + 1 < count; k++)
        if (slices[k + 1].place - slices[k].place > 1.5 * usual && gaps++ == 0)
            at = k;
    if (gaps > 0) {
        char below[DICOM_SLICE_NAME], above[DICOM_SLICE_NAME], more[64] = "";
        const double step = slices[at + 1].place - slices[at].place;
        dicom_slice_name(&slices[at], below);
        dicom_slice_name(&slices[at + 1], above);
        if (gaps > 1)
            snprintf(more, sizeof more, " (the first of %zu gaps)", gaps);
        FGF_FAIL(FGF_DATA,
                 "a gap%s: %s at %.4f mm and %s at %.4f mm are %.4g mm apart, the other slices "
                 "%.4g mm: %.0f missing; get the files again or leave the series out",
                 more, below, slices[at].place, above, slices[at + 1].place, step, usual,
                 fmax(1, round(step / usual) - 1));
    }
done:
    return status;
}

/* Every slice where even distances put it. */
static fgf_status check_even(const dicom_slice *slices, size_t count, double step)
{
    fgf_status status = FGF_OK;
    const double allowed = fmax(rounding, 0.05 * step);
    for (size_t k = 1; k + 1 < count; k++) {
        const double expected = slices[0].place + (double)k * step;
        if (fabs(slices[k].place - expected) <= allowed * (1 + 1e-9))
            continue;
        char name[DICOM_SLICE_NAME];
        dicom_slice_name(&slices[k], name);
        FGF_FAIL(FGF_DATA,
                 "uneven distances: %s, slice %zu of %zu, lies at %.4f mm, expected at %.4f mm (to "
                 "%.2g mm) as the slices are %.4g mm apart on average; resample the series first "
                 "or leave it out",
                 name, k + 1, count, slices[k].place, expected, allowed, step);
    }
done:
    return status;
}

fgf_status dicom_slices_grid(const dicom_slice *slices, size_t count, fgf_grid *grid,
                             bool *thickness_missing)
{
    fgf_status status = FGF_OK;
    const dicom_head *head = slices[0].head;
    const dicom_frame *first = frame_of(&slices[0]);
    double step = head->thickness, normal[3];
    *thickness_missing = count == 1 && !(step > 0 && step < 1e4);
    if (*thickness_missing)
        step = 1;
    if (count > 1) {
        FGF_TRY(usual_step(slices, count, &step));
        FGF_TRY(check_gaps(slices, count, step));
        step = (slices[count - 1].place - slices[0].place) / (double)(count - 1);
        FGF_TRY(check_even(slices, count, step));
    }
    normal_of(first, normal);
    *grid = (fgf_grid){.extent = {head->layout.columns, head->layout.rows, (int)count},
                       .spacing = {first->spacing[1], first->spacing[0], step},
                       .placed = true};
    for (int i = 0; i < 3; i++) {
        grid->affine[i][0] = first->row_direction[i] * first->spacing[1];
        grid->affine[i][1] = first->column_direction[i] * first->spacing[0];
        grid->affine[i][2] = normal[i] * step;
        grid->affine[i][3] = first->position[i];
    }
done:
    return status;
}
