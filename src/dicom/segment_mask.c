#include "fgf/contour.h"
#include "fgf/memory.h"
#include "mask_lattice.h"
#include "name_fold.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A frame on the grid: pixel (column, row) is voxel at + column * along[0] + row * along[1]. */
typedef struct placed_frame {
    int slice;
    size_t frame;
    int at[2];
} placed_frame;

typedef struct segment_mask {
    const fgf_segmentation *segmentation;
    mask_lattice lattice;
    int along[2][2]; /* voxels (x, y) from a pixel to the next column's, the next row's */
    size_t count, next;
    placed_frame *placed; /* sorted by slice */
    uint8_t *inside;      /* one frame's */
    int slice;            /* the next */
} segment_mask;

/* ---- geometry ---- */

/* The place of a pixel of a frame, in mm. */
static void pixel_place(const fgf_segmentation *s, size_t frame, int column, int row, double mm[3])
{
    for (int i = 0; i < 3; i++)
        mm[i] = s->frame[frame].position[i] + column * s->spacing[1] * s->row_direction[i] +
                row * s->spacing[0] * s->column_direction[i];
}

static double dot(const double a[3], const double b[3])
{
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

/* Fills the grid but for its slices; heights of the frames above the first one, along the normal.
 */
static fgf_status frame_heights(const fgf_segmentation *s, fgf_grid *out, double *height)
{
    fgf_status status = FGF_OK;
    const double *u = s->row_direction, *v = s->column_direction;
    for (int i = 0; i < 3; i++) {
        const int j = (i + 1) % 3, k = (i + 2) % 3;
        out->affine[i][0] = u[i] * s->spacing[1];
        out->affine[i][1] = v[i] * s->spacing[0];
        out->affine[i][2] = u[j] * v[k] - u[k] * v[j];
        out->affine[i][3] = s->frame[0].position[i];
    }
    for (size_t f = 0; f < s->frame_count; f++) {
        double off[3], normal[3];
        for (int i = 0; i < 3; i++) {
            off[i] = s->frame[f].position[i] - s->frame[0].position[i];
            normal[i] = out->affine[i][2];
        }
        height[f] = dot(off, normal);
        if (fabs(dot(off, u)) > FGF_SEGMENT_OFF_VOXEL * s->spacing[1] ||
            fabs(dot(off, v)) > FGF_SEGMENT_OFF_VOXEL * s->spacing[0])
            FGF_FAIL(FGF_DATA, "the segmentation's frames 1 and %zu are not above each other",
                     f + 1);
    }
done:
    return status;
}

fgf_status fgf_segment_grid(const fgf_segmentation *segmentation, fgf_grid *out)
{
    fgf_status status = FGF_OK;
    const fgf_segmentation *s = segmentation;
    double *height = NULL;
    *out = (fgf_grid){.extent = {s->columns, s->rows, 0},
                      .spacing = {s->spacing[1], s->spacing[0], s->spacing[0]},
                      .placed = true};
    if (s->frame_count == 0)
        FGF_FAIL(FGF_DATA, "the segmentation has no frames");
    FGF_TRY(FGF_ALLOCATE(s->frame_count, &height));
    FGF_TRY(frame_heights(s, out, height));
    const size_t count = mask_planes_merge(height, s->frame_count, 1e-3 * s->spacing[0]);
    if (count > 1)
        out->spacing[2] = mask_planes_spacing(height, count, FGF_CONTOUR_OFF_PLANE);
    if (!(out->spacing[2] > 0))
        FGF_FAIL(FGF_DATA, "the segmentation's %zu planes have no spacing in common", count);
    const double planes = round((height[count - 1] - height[0]) / out->spacing[2]) + 1;
    if (planes > 1 << 20)
        FGF_FAIL(FGF_DATA, "the segmentation's frames would make %.0f slices", planes);
    out->extent[2] = (int)planes;
    for (int i = 0; i < 3; i++) {
        out->affine[i][3] += out->affine[i][2] * height[0];
        out->affine[i][2] *= out->spacing[2];
    }
done:
    fgf_free(height);
    return status;
}

/* Fails with what is wrong, both geometries in mm, and what to do. */
static fgf_status fail_geometry(const segment_mask *m, const char *fault)
{
    fgf_status status = FGF_OK;
    const fgf_segmentation *s = m->segmentation;
    fgf_buffer text = {0};
    fgf_grid own;
    fgf_buffer_add(&text, "the segmentation %s: ", fault);
    if (fgf_segment_grid(s, &own) == FGF_OK)
        fgf_grid_describe(&own, &text);
    else
        fgf_buffer_add(
            &text, "%d x %d pixels of %.4g x %.4g mm, the first frame from (%.5g, %.5g, %.5g) mm",
            s->columns, s->rows, s->spacing[1], s->spacing[0], s->frame[0].position[0],
            s->frame[0].position[1], s->frame[0].position[2]);
    fgf_buffer_add(&text, "; image: ");
    fgf_grid_describe(&m->lattice.grid, &text);
    fgf_buffer_add(&text, "; import the series that was segmented, or ask for the mask to be "
                          "resampled");
    FGF_TRY(text.status);
    FGF_FAIL(FGF_DATA, "%s", text.text);
done:
    fgf_buffer_clear(&text);
    return status;
}

/* How rows and columns of frames lie along the grid's axes. */
static fgf_status align_axes(segment_mask *m)
{
    fgf_status status = FGF_OK;
    const fgf_segmentation *s = m->segmentation;
    double first[3], next[2][3], mm[3];
    pixel_place(s, 0, 0, 0, mm);
    mask_lattice_voxel(&m->lattice, mm, first);
    for (int k = 0; k < 2; k++) {
        pixel_place(s, 0, k == 0, k == 1, mm);
        mask_lattice_voxel(&m->lattice, mm, next[k]);
        double length = 0;
        for (int i = 0; i < 3; i++) {
            next[k][i] -= first[i];
            length += next[k][i] * next[k][i];
        }
        /* 10 degrees apart is another direction, less than that is found by the corners. */
        const int axis = fabs(next[k][0]) > fabs(next[k][1]) ? 0 : 1;
        if (fabs(next[k][axis]) < 0.985 * sqrt(length))
            FGF_TRY(fail_geometry(m, "lies along other directions than the image"));
        if (fabs(fabs(next[k][axis]) - 1) > FGF_SEGMENT_OFF_VOXEL)
            FGF_TRY(fail_geometry(m, "has pixels of another size than the image"));
        m->along[k][axis] = next[k][axis] > 0 ? 1 : -1;
    }
    if (m->along[0][0] * m->along[1][1] == m->along[0][1] * m->along[1][0])
        FGF_TRY(fail_geometry(m, "has rows and columns in one direction"));
done:
    return status;
}

/* Puts a frame on the grid by its corners. */
static fgf_status place_frame(segment_mask *m, size_t frame, placed_frame *out)
{
    fgf_status status = FGF_OK;
    const fgf_segmentation *s = m->segmentation;
    double off_voxel = 0, off_plane = 0;
    *out = (placed_frame){.frame = frame};
    for (int corner = 0; corner < 4; corner++) {
        const int column = corner & 1 ? s->columns - 1 : 0, row = corner & 2 ? s->rows - 1 : 0;
        double mm[3], voxel[3];
        pixel_place(s, frame, column, row, mm);
        mask_lattice_voxel(&m->lattice, mm, voxel);
        if (corner == 0) {
            for (int k = 0; k < 3; k++)
                if (!(fabs(voxel[k]) < 1e6))
                    FGF_TRY(fail_geometry(m, "lies beside the image"));
            out->at[0] = (int)lround(voxel[0]);
            out->at[1] = (int)lround(voxel[1]);
            out->slice = (int)lround(voxel[2]);
        }
        for (int k = 0; k < 2; k++) {
            const int at = out->at[k] + column * m->along[0][k] + row * m->along[1][k];
            off_voxel = fmax(off_voxel, fabs(voxel[k] - at));
        }
        off_plane = fmax(off_plane, fabs(voxel[2] - out->slice));
    }
    if (off_voxel > FGF_SEGMENT_OFF_VOXEL)
        FGF_TRY(fail_geometry(m, "has pixels between the image's voxels"));
    if (off_plane > FGF_CONTOUR_OFF_PLANE)
        FGF_TRY(fail_geometry(m, "has frames between the image's slices"));
done:
    return status;
}

/* ---- frames ---- */

/* Sets a frame's voxels in `slice`, where one is given; counts those inside and outside the grid.
 */
static fgf_status draw_frame(segment_mask *m, const placed_frame *placed, double *slice,
                             size_t count[2])
{
    fgf_status status = FGF_OK;
    const fgf_segmentation *s = m->segmentation;
    const int *extent = m->lattice.grid.extent;
    const bool in_range = placed->slice >= 0 && placed->slice < extent[2];
    count[0] = count[1] = 0;
    FGF_TRY(s->read(s->source, placed->frame, m->inside));
    for (int row = 0; row < s->rows; row++)
        for (int column = 0; column < s->columns; column++) {
            if (!m->inside[(size_t)row * (size_t)s->columns + (size_t)column])
                continue;
            const int x = placed->at[0] + column * m->along[0][0] + row * m->along[1][0];
            const int y = placed->at[1] + column * m->along[0][1] + row * m->along[1][1];
            const bool outside = !in_range || x < 0 || x >= extent[0] || y < 0 || y >= extent[1];
            count[outside]++;
            if (slice && !outside)
                slice[(size_t)y * (size_t)extent[0] + (size_t)x] = 1;
        }
done:
    return status;
}

static bool reaches_over(const segment_mask *m, const placed_frame *placed)
{
    const fgf_segmentation *s = m->segmentation;
    bool over = placed->slice < 0 || placed->slice >= m->lattice.grid.extent[2];
    for (int k = 0; k < 2; k++) {
        const int other =
            placed->at[k] + (s->columns - 1) * m->along[0][k] + (s->rows - 1) * m->along[1][k];
        over |= placed->at[k] < 0 || placed->at[k] >= m->lattice.grid.extent[k];
        over |= other < 0 || other >= m->lattice.grid.extent[k];
    }
    return over;
}

static int by_slice(const void *a, const void *b)
{
    const placed_frame *p = a, *q = b;
    if (p->slice != q->slice)
        return p->slice < q->slice ? -1 : 1;
    return p->frame < q->frame ? -1 : p->frame > q->frame;
}

/* The index of a frame's segment. */
static fgf_status segment_of(const fgf_segmentation *s, size_t frame, size_t *index)
{
    fgf_status status = FGF_OK;
    for (*index = 0; *index < s->segment_count; ++*index)
        if (s->segment[*index].number == s->frame[frame].segment)
            return FGF_OK;
    FGF_FAIL(FGF_DATA, "the segmentation's frame %zu belongs to segment %d, which it does not have",
             frame + 1, s->frame[frame].segment);
done:
    return status;
}

static fgf_status fail_empty(const fgf_segmentation *s, const bool *chosen)
{
    enum { LIST_BYTES = 512 };
    fgf_status status = FGF_OK;
    fgf_buffer names = {0};
    size_t count = 0;
    for (size_t i = 0; i < s->segment_count; i++)
        if (chosen[i] && names.length < LIST_BYTES) {
            fgf_buffer_add(&names, count++ ? ", " : "");
            name_show(&names, s->segment[i].name, '"');
        }
    FGF_TRY(names.status);
    FGF_FAIL(FGF_DATA, "no voxel lies inside %s",
             count ? names.text : "any segment: none is chosen");
done:
    fgf_buffer_clear(&names);
    return status;
}

/* Places the chosen segments' frames; those that reach over the grid may hold nothing there, and
 * are dropped where they lie wholly outside. */
static fgf_status place_frames(segment_mask *m, const bool *chosen)
{
    fgf_status status = FGF_OK;
    const fgf_segmentation *s = m->segmentation;
    bool any = false;
    for (size_t f = 0; f < s->frame_count; f++) {
        size_t index = 0, count[2];
        FGF_TRY(segment_of(s, f, &index));
        if (!chosen[index])
            continue;
        placed_frame *placed = &m->placed[m->count];
        FGF_TRY(place_frame(m, f, placed));
        const bool over = reaches_over(m, placed);
        if (over || !any) {
            FGF_TRY(draw_frame(m, placed, NULL, count));
            if (count[1] > 0)
                FGF_TRY(fail_geometry(m, "reaches out of the image"));
            any |= count[0] > 0;
        }
        m->count += placed->slice >= 0 && placed->slice < m->lattice.grid.extent[2];
    }
    if (!any)
        FGF_TRY(fail_empty(s, chosen));
    qsort(m->placed, m->count, sizeof *m->placed, by_slice);
done:
    return status;
}

static fgf_status remark_gaps(const segment_mask *m, const bool *chosen, fgf_buffer *remarks)
{
    fgf_status status = FGF_OK;
    const fgf_segmentation *s = m->segmentation;
    const int slices = m->lattice.grid.extent[2];
    bool *used = NULL;
    fgf_buffer gaps = {0};
    FGF_TRY(FGF_ALLOCATE(slices, &used));
    for (size_t i = 0; i < s->segment_count; i++) {
        if (!chosen[i])
            continue;
        memset(used, 0, (size_t)slices * sizeof *used);
        for (size_t f = 0; f < m->count; f++)
            used[m->placed[f].slice] |=
                s->frame[m->placed[f].frame].segment == s->segment[i].number;
        fgf_buffer_clear(&gaps);
        if (mask_gaps_add(&gaps, used, slices) > 0) {
            FGF_TRY(gaps.status);
            name_show(remarks, s->segment[i].name, '"');
            fgf_buffer_add(remarks, ": no frame in slice %s between its frames\n", gaps.text);
        }
    }
done:
    fgf_buffer_clear(&gaps);
    fgf_free(used);
    return status;
}

/* ---- the volume ---- */

static void close_mask(void *state)
{
    segment_mask *m = state;
    fgf_free(m->placed);
    fgf_free(m->inside);
    fgf_free(m);
}

static fgf_status next_slice(void *state, double *slice)
{
    fgf_status status = FGF_OK;
    segment_mask *m = state;
    const int *extent = m->lattice.grid.extent;
    size_t count[2];
    memset(slice, 0, (size_t)extent[0] * (size_t)extent[1] * sizeof *slice);
    for (; m->next < m->count && m->placed[m->next].slice == m->slice; m->next++)
        FGF_TRY(draw_frame(m, &m->placed[m->next], slice, count));
    m->slice++;
done:
    return status;
}

static const fgf_volume_format segment_format = {"segmentation", next_slice, close_mask};

static fgf_status prepare(segment_mask *m, const bool *chosen, const fgf_grid *grid,
                          fgf_buffer *remarks)
{
    fgf_status status = FGF_OK;
    const fgf_segmentation *s = m->segmentation;
    FGF_TRY(mask_lattice_init(&m->lattice, grid));
    if (s->frame_count == 0)
        FGF_FAIL(FGF_DATA, "the segmentation has no frames");
    FGF_TRY(align_axes(m));
    FGF_TRY(FGF_ALLOCATE(s->frame_count, &m->placed));
    FGF_TRY(FGF_ALLOCATE((size_t)s->rows * (size_t)s->columns, &m->inside));
    FGF_TRY(place_frames(m, chosen));
    if (remarks) {
        FGF_TRY(remark_gaps(m, chosen, remarks));
        FGF_TRY(remarks->status);
    }
done:
    return status;
}

fgf_status fgf_segment_mask_open(const fgf_segmentation *segmentation, const bool *chosen,
                                 const fgf_grid *grid, fgf_volume **out, fgf_buffer *remarks)
{
    fgf_status status = FGF_OK;
    segment_mask *m = NULL;
    *out = NULL;
    FGF_TRY(FGF_ALLOCATE(1, &m));
    m->segmentation = segmentation;
    FGF_TRY(prepare(m, chosen, grid, remarks));
    segment_mask *const given = m;
    m = NULL; /* taken over, in failure too */
    FGF_TRY(fgf_volume_create(&segment_format, given, grid, out));
done:
    if (m)
        close_mask(m);
    return status;
}
