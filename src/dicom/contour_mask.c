#include "contour_survey.h"
#include "fgf/contour.h"
#include "fgf/memory.h"

#include <string.h>

typedef struct contour_mask {
    mask_lattice lattice;
    contour_survey survey;
    raster raster;
    raster_point *point; /* one contour's */
    size_t next;         /* among the placed contours */
    int slice;           /* the next */
} contour_mask;

static void close_mask(void *state)
{
    contour_mask *m = state;
    contour_survey_clear(&m->survey);
    raster_clear(&m->raster);
    fgf_free(m->point);
    fgf_free(m);
}

/* The contours of one structure in one slice, from number m->next on; gives the voxels inside. */
static size_t draw_structure(contour_mask *m, double *slice)
{
    const placed_contour *first = &m->survey.placed[m->next], *placed = first;
    for (; m->next < m->survey.count; placed++, m->next++) {
        if (placed->slice != first->slice || placed->structure != first->structure)
            break;
        contour_points(placed->contour, &m->lattice, m->point);
        raster_add(&m->raster, m->point, placed->contour->point_count);
    }
    return raster_drain(&m->raster, slice);
}

static fgf_status next_slice(void *state, double *slice)
{
    contour_mask *m = state;
    const int *extent = m->lattice.grid.extent;
    memset(slice, 0, (size_t)extent[0] * (size_t)extent[1] * sizeof *slice);
    while (m->next < m->survey.count && m->survey.placed[m->next].slice == m->slice)
        (void)draw_structure(m, slice);
    m->slice++;
    return FGF_OK;
}

static const fgf_volume_format contour_format = {"contour", next_slice, close_mask};

/* Whether any voxel is inside; leaves the mask at its first slice. */
static bool holds_voxels(contour_mask *m)
{
    size_t inside = 0;
    for (m->next = 0; m->next < m->survey.count && inside == 0;)
        inside = draw_structure(m, NULL);
    m->next = 0;
    return inside > 0;
}

static fgf_status prepare(contour_mask *m, const fgf_structure_set *set, const bool *chosen,
                          const fgf_grid *grid, fgf_buffer *remarks)
{
    fgf_status status = FGF_OK;
    FGF_TRY(mask_lattice_init(&m->lattice, grid));
    FGF_TRY(contour_survey_init(&m->survey, set, chosen, &m->lattice, remarks));
    FGF_TRY(raster_init(&m->raster, grid->extent[0], grid->extent[1]));
    FGF_TRY(FGF_ALLOCATE(m->survey.most_points, &m->point));
    FGF_TRY(contour_survey_overlaps(&m->survey, set, &m->lattice, &m->raster, m->point, remarks));
    if (!holds_voxels(m))
        FGF_TRY(contour_fail_empty(set, chosen, "no voxel's centre lies inside"));
    if (remarks)
        FGF_TRY(remarks->status);
done:
    return status;
}

fgf_status fgf_contour_mask_open(const fgf_structure_set *set, const bool *chosen,
                                 const fgf_grid *grid, fgf_volume **out, fgf_buffer *remarks)
{
    fgf_status status = FGF_OK;
    contour_mask *m = NULL;
    const size_t before = remarks ? remarks->length : 0;
    *out = NULL;
    FGF_TRY(FGF_ALLOCATE(1, &m));
    FGF_TRY(prepare(m, set, chosen, grid, remarks));
    contour_mask *const given = m;
    m = NULL; /* taken over, in failure too */
    FGF_TRY(fgf_volume_create(&contour_format, given, grid, out));
done:
    if (m)
        close_mask(m);
    if (status != FGF_OK && remarks && remarks->text) {
        remarks->length = before; /* the error says what matters */
        remarks->text[before] = '\0';
    }
    return status;
}
