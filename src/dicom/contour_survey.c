#include "contour_survey.h"
#include "fgf/memory.h"
#include "name_fold.h"

#include <math.h>
#include <stdlib.h>

/* How far a contour may be off its slice without a word, in distances between slices. */
static const double off_plane_silent = 0.02;

/* What a survey goes with. */
typedef struct survey_state {
    const fgf_structure_set *set;
    const mask_lattice *lattice;
    fgf_buffer *remarks;
    contour_misfits misfits;
} survey_state;

void contour_points(const fgf_contour *contour, const mask_lattice *lattice, raster_point *point)
{
    for (size_t p = 0; p < contour->point_count; p++) {
        double voxel[3];
        mask_lattice_voxel(lattice, contour->point + 3 * p, voxel);
        point[p].x = raster_coordinate(voxel[0]);
        point[p].y = raster_coordinate(voxel[1]);
    }
}

static void remark_start(fgf_buffer *remarks, const fgf_structure *structure)
{
    name_show(remarks, structure->name, '"');
    fgf_buffer_add(remarks, ": ");
}

/* What is to be said of one structure. */
typedef struct structure_notes {
    size_t areas, over;
    double most_over, most_off; /* mm */
} structure_notes;

static void remark_on(const survey_state *s, const fgf_structure *structure,
                      const structure_notes *n)
{
    fgf_buffer *out = s->remarks;
    const size_t aside = structure->contour_count - n->areas;
    if (!out)
        return;
    if (structure->contour_count == 0) {
        remark_start(out, structure);
        fgf_buffer_add(out, "nothing is drawn\n");
    }
    if (aside > 0) {
        remark_start(out, structure);
        fgf_buffer_add(out, "%zu of %zu contours are open or points and were left aside\n", aside,
                       structure->contour_count);
    }
    if (n->over > 0) {
        remark_start(out, structure);
        fgf_buffer_add(out, "%zu contour%s over the image's edge by up to %.3g mm (cut there)\n",
                       n->over, n->over == 1 ? " reaches" : "s reach", n->most_over);
    }
    if (n->most_off > off_plane_silent * s->lattice->slice_distance) {
        remark_start(out, structure);
        fgf_buffer_add(out, "contours lie up to %.3g mm off their slices\n", n->most_off);
    }
}

static void note(structure_notes *n, const contour_box *b, int slice, const mask_lattice *lattice)
{
    double over = 0;
    for (int k = 0; k < 2; k++) {
        const double most = fmax(-0.5 - b->low[k], b->high[k] - (lattice->grid.extent[k] - 0.5));
        over = fmax(over, most * lattice->grid.spacing[k]);
    }
    n->over += over > 0;
    n->most_over = fmax(n->most_over, over);
    n->most_off = fmax(n->most_off, contour_off_plane(b, slice) * lattice->slice_distance);
}

static placed_contour place(const contour_box *b, size_t structure, size_t number,
                            const fgf_contour *contour)
{
    placed_contour placed = {structure, (int)lround((b->low[2] + b->high[2]) / 2), number, {0}, {0},
                             contour};
    for (int k = 0; k < 2; k++) {
        placed.low[k] = raster_coordinate(b->low[k]);
        placed.high[k] = raster_coordinate(b->high[k]);
    }
    return placed;
}

static void note_misfit(contour_misfits *m, contour_misfit kind, const contour_box *where,
                        size_t structure, size_t number)
{
    if (m->count++ > 0)
        return;
    m->kind = kind;
    m->where = *where;
    m->structure = structure;
    m->number = number;
}

static void survey_structure(survey_state *s, size_t index, contour_survey *out)
{
    const fgf_structure *structure = &s->set->structure[index];
    structure_notes notes = {0};
    for (size_t c = 0; c < structure->contour_count; c++) {
        const fgf_contour *contour = &structure->contour[c];
        contour_box b;
        if (!contour_is_area(contour))
            continue;
        notes.areas++;
        s->misfits.closed++;
        const bool finite = contour_box_voxels(contour, s->lattice, &b, &s->misfits.whole);
        const contour_misfit kind =
            finite ? contour_judge(&b, &s->lattice->grid) : CONTOUR_NO_NUMBER;
        if (kind != CONTOUR_FITS) {
            note_misfit(&s->misfits, kind, &b, index, c);
            continue;
        }
        out->placed[out->count] = place(&b, index, c, contour);
        note(&notes, &b, out->placed[out->count].slice, s->lattice);
        out->count++;
        if (contour->point_count > out->most_points)
            out->most_points = contour->point_count;
    }
    remark_on(s, structure, &notes);
}

static fgf_status remark_gaps(const contour_survey *survey, const fgf_structure_set *set,
                              const bool *chosen, const mask_lattice *lattice, fgf_buffer *remarks)
{
    fgf_status status = FGF_OK;
    const int slices = lattice->grid.extent[2];
    bool *used = NULL;
    fgf_buffer gaps = {0};
    FGF_TRY(FGF_ALLOCATE(slices, &used));
    for (size_t i = 0; i < set->count && remarks; i++) {
        if (!chosen[i])
            continue;
        for (int z = 0; z < slices; z++)
            used[z] = false;
        for (size_t c = 0; c < survey->count; c++)
            used[survey->placed[c].slice] |= survey->placed[c].structure == i;
        fgf_buffer_clear(&gaps);
        if (mask_gaps_add(&gaps, used, slices) > 0) {
            FGF_TRY(gaps.status);
            remark_start(remarks, &set->structure[i]);
            fgf_buffer_add(remarks, "no contour in slice %s between its contours\n", gaps.text);
        }
    }
done:
    fgf_buffer_clear(&gaps);
    fgf_free(used);
    return status;
}

static int by_slice(const void *a, const void *b)
{
    const placed_contour *p = a, *q = b;
    if (p->slice != q->slice)
        return p->slice < q->slice ? -1 : 1;
    if (p->structure != q->structure)
        return p->structure < q->structure ? -1 : 1;
    return p->number < q->number ? -1 : p->number > q->number;
}

fgf_status contour_survey_init(contour_survey *survey, const fgf_structure_set *set,
                               const bool *chosen, const mask_lattice *lattice, fgf_buffer *remarks)
{
    fgf_status status = FGF_OK;
    survey_state s = {.set = set, .lattice = lattice, .remarks = remarks};
    size_t most = 0;
    *survey = (contour_survey){0};
    s.misfits.whole = contour_box_empty();
    for (size_t i = 0; i < set->count; i++)
        most += chosen[i] ? set->structure[i].contour_count : 0;
    FGF_TRY(FGF_ALLOCATE(most, &survey->placed));
    for (size_t i = 0; i < set->count; i++)
        if (chosen[i])
            survey_structure(&s, i, survey);
    if (s.misfits.count > 0)
        FGF_TRY(contour_misfits_fail(&s.misfits, set, chosen, lattice));
    if (survey->count == 0)
        FGF_TRY(contour_fail_empty(set, chosen, "nothing closed is drawn for"));
    qsort(survey->placed, survey->count, sizeof *survey->placed, by_slice);
    FGF_TRY(remark_gaps(survey, set, chosen, lattice, remarks));
done:
    return status;
}

void contour_survey_clear(contour_survey *survey)
{
    fgf_free(survey->placed);
    *survey = (contour_survey){0};
}
