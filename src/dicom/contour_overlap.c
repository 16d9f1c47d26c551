#include "contour_survey.h"
#include "fgf/memory.h"
#include "name_fold.h"

/* Of more contours than this in a slice only those with equal boxes are compared: the time goes
 * with the square of their number, and so many are made by a threshold, which draws none across
 * others. */
enum { MOST_COMPARED = 64 };

/* What contours of one structure do to each other in their slices. */
typedef struct overlaps {
    size_t twice, crossing, voxels;
    int first_slice;
} overlaps;

static bool boxes_meet(const placed_contour *a, const placed_contour *b)
{
    return a->low[0] < b->high[0] && b->low[0] < a->high[0] && a->low[1] < b->high[1] &&
           b->low[1] < a->high[1];
}

static bool boxes_equal(const placed_contour *a, const placed_contour *b)
{
    return a->low[0] == b->low[0] && a->low[1] == b->low[1] && a->high[0] == b->high[0] &&
           a->high[1] == b->high[1];
}

static void draw(const placed_contour *placed, const mask_lattice *lattice, raster *r,
                 raster_point *point)
{
    contour_points(placed->contour, lattice, point);
    raster_add(r, point, placed->contour->point_count);
}

static bool rows_within(const placed_contour *a, const placed_contour *b)
{
    return b->low[1] <= a->low[1] && a->high[1] <= b->high[1];
}

/* Whether b is the contour a once more; else the pair is noted where it crosses. Where the rows of
 * one are among the other's, these are all that is looked at: the other has voxels beyond them. */
static bool compare(const placed_contour *a, const placed_contour *b, const mask_lattice *lattice,
                    raster *r, raster_point *point, overlaps *o)
{
    const bool a_within = rows_within(a, b), b_within = rows_within(b, a);
    const bool part = a_within || b_within;
    if (part)
        raster_set_rows(r, a_within ? a->low[1] : b->low[1], a_within ? a->high[1] : b->high[1]);
    draw(a, lattice, r, point);
    const size_t voxels_a = raster_drain(r, NULL);
    draw(b, lattice, r, point);
    const size_t voxels_b = raster_drain(r, NULL);
    draw(a, lattice, r, point);
    draw(b, lattice, r, point);
    const size_t in_one = raster_drain(r, NULL), in_both = (voxels_a + voxels_b - in_one) / 2;
    raster_set_rows(r, INT64_MIN, INT64_MAX);
    if (in_one == 0 && boxes_equal(a, b))
        return true;
    const bool a_beyond = in_both < voxels_a || (part && !a_within);
    const bool b_beyond = in_both < voxels_b || (part && !b_within);
    if (in_both > 0 && a_beyond && b_beyond) {
        if (o->crossing++ == 0)
            o->first_slice = a->slice;
        o->voxels += in_both;
    }
    return false;
}

/* Compares the contours first .. last - 1, all of one structure and slice, and moves those that are
 * there once to `kept`; gives where the next goes. */
static size_t compare_slice(contour_survey *s, size_t first, size_t last, size_t kept,
                            const mask_lattice *lattice, raster *r, raster_point *point,
                            overlaps *o)
{
    const size_t start = kept;
    for (size_t i = first; i < last; i++) {
        const placed_contour placed = s->placed[i];
        bool twice = false;
        for (size_t k = start; k < kept && !twice; k++)
            if (boxes_equal(&s->placed[k], &placed) ||
                (last - first <= MOST_COMPARED && boxes_meet(&s->placed[k], &placed)))
                twice = compare(&s->placed[k], &placed, lattice, r, point, o);
        o->twice += twice;
        if (!twice)
            s->placed[kept++] = placed;
    }
    return kept;
}

static void remark(const overlaps *o, const char *name, fgf_buffer *remarks)
{
    if (o->twice > 0) {
        name_show(remarks, name, '"');
        fgf_buffer_add(remarks, ": %zu contour%s there twice in the slice and taken once\n",
                       o->twice, o->twice == 1 ? " is" : "s are");
    }
    if (o->crossing > 0) {
        name_show(remarks, name, '"');
        fgf_buffer_add(remarks,
                       ": contours cross each other, first in slice %d; %zu voxels within two of "
                       "them are outside\n",
                       o->first_slice + 1, o->voxels);
    }
}

fgf_status contour_survey_overlaps(contour_survey *survey, const fgf_structure_set *set,
                                   const mask_lattice *lattice, raster *r, raster_point *point,
                                   fgf_buffer *remarks)
{
    fgf_status status = FGF_OK;
    overlaps *of = NULL; /* of each structure */
    size_t kept = 0;
    FGF_TRY(FGF_ALLOCATE(set->count, &of));
    for (size_t first = 0, last; first < survey->count; first = last) {
        const placed_contour *placed = &survey->placed[first];
        for (last = first + 1; last < survey->count; last++)
            if (survey->placed[last].slice != placed->slice ||
                survey->placed[last].structure != placed->structure)
                break;
        kept = compare_slice(survey, first, last, kept, lattice, r, point, &of[placed->structure]);
    }
    survey->count = kept;
    for (size_t i = 0; i < set->count && remarks; i++)
        remark(&of[i], set->structure[i].name, remarks);
done:
    fgf_free(of);
    return status;
}
