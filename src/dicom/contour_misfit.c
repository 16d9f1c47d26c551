#include "contour_survey.h"
#include "fgf/memory.h"
#include "name_fold.h"

#include <math.h>

/* ---- one contour ---- */

bool contour_is_area(const fgf_contour *contour)
{
    return contour->closed_planar && contour->point_count >= 3;
}

contour_box contour_box_empty(void)
{
    return (contour_box){{INFINITY, INFINITY, INFINITY}, {-INFINITY, -INFINITY, -INFINITY}};
}

static void box_add(contour_box *b, const double point[3])
{
    for (int k = 0; k < 3; k++) {
        b->low[k] = point[k] < b->low[k] ? point[k] : b->low[k];
        b->high[k] = point[k] > b->high[k] ? point[k] : b->high[k];
    }
}

bool contour_box_voxels(const fgf_contour *contour, const mask_lattice *lattice, contour_box *out,
                        contour_box *mm)
{
    bool finite = true;
    *out = contour_box_empty();
    for (size_t p = 0; p < contour->point_count; p++) {
        const double *point = contour->point + 3 * p;
        double voxel[3];
        mask_lattice_voxel(lattice, point, voxel);
        finite &= isfinite(voxel[0]) && isfinite(voxel[1]) && isfinite(voxel[2]);
        box_add(out, voxel);
        box_add(mm, point);
    }
    return finite;
}

double contour_off_plane(const contour_box *b, double slice)
{
    return fmax(fabs(b->low[2] - slice), fabs(b->high[2] - slice));
}

contour_misfit contour_judge(const contour_box *b, const fgf_grid *grid)
{
    const double slice = round((b->low[2] + b->high[2]) / 2), off = contour_off_plane(b, slice);
    for (int k = 0; k < 2; k++)
        if (b->low[k] >= grid->extent[k] - 0.5 || b->high[k] <= -0.5 || b->high[k] > RASTER_MOST ||
            b->low[k] < -RASTER_MOST)
            return CONTOUR_BESIDE;
    if (off > FGF_CONTOUR_OFF_PLANE && b->high[2] - b->low[2] > FGF_CONTOUR_OFF_PLANE)
        return CONTOUR_TILTED;
    if (slice < 0 || slice >= grid->extent[2])
        return CONTOUR_BEYOND;
    return off > FGF_CONTOUR_OFF_PLANE ? CONTOUR_BETWEEN : CONTOUR_FITS;
}

/* ---- what is said of those that do not fit ---- */

/* Appends how far the contours span, in mm, and the distance of their planes. */
static fgf_status describe_contours(const contour_misfits *m, const fgf_structure_set *set,
                                    const bool *chosen, const mask_lattice *lattice,
                                    fgf_buffer *out)
{
    fgf_status status = FGF_OK;
    double *height = NULL, spread = 0;
    size_t count = 0;
    const contour_box *b = &m->whole;
    fgf_buffer_add(out, "%zu contour%s from (%.5g, %.5g, %.5g) to (%.5g, %.5g, %.5g) mm", m->closed,
                   m->closed == 1 ? "" : "s", b->low[0], b->low[1], b->low[2], b->high[0],
                   b->high[1], b->high[2]);
    if (m->kind != CONTOUR_NO_NUMBER && m->kind != CONTOUR_TILTED) {
        FGF_TRY(contour_heights(set, chosen, lattice, &height, &count, &spread));
        count = mask_planes_merge(height, count, CONTOUR_SAME_PLANE);
        const double spacing = mask_planes_spacing(height, count, FGF_CONTOUR_OFF_PLANE);
        fgf_buffer_add(out, " in %zu plane%s", count, count == 1 ? "" : "s");
        if (spacing > 0)
            fgf_buffer_add(out, ", %.4g mm apart", spacing);
    }
done:
    fgf_free(height);
    return status;
}

/* Appends what is wrong with the first contour that does not fit. */
static void describe_misfit(const contour_misfits *m, const mask_lattice *l, fgf_buffer *out)
{
    const contour_box *b = &m->where;
    const int slices = l->grid.extent[2];
    const double middle = (b->low[2] + b->high[2]) / 2, slice = round(middle);
    const double distance = l->slice_distance;
    switch (m->kind) {
    case CONTOUR_TILTED:
        fgf_buffer_add(out,
                       "is not parallel to the image's slices, across which it extends %.4g mm",
                       (b->high[2] - b->low[2]) * distance);
        break;
    case CONTOUR_BEYOND:
        fgf_buffer_add(out, "lies %.4g mm beyond the image's %s slice",
                       (middle < 0 ? -middle : middle - (slices - 1)) * distance,
                       slices == 1  ? "only"
                       : middle < 0 ? "first"
                                    : "last");
        break;
    case CONTOUR_BETWEEN:
        fgf_buffer_add(
            out, "lies %.3g mm off slice %.0f, more than %.3g of the %.4g mm between slices",
            contour_off_plane(b, slice) * distance, slice + 1, FGF_CONTOUR_OFF_PLANE, distance);
        break;
    case CONTOUR_BESIDE:
        fgf_buffer_add(out,
                       "lies beside the image: columns %.5g to %.5g of %d, rows %.5g to %.5g of %d",
                       b->low[0] + 1, b->high[0] + 1, l->grid.extent[0], b->low[1] + 1,
                       b->high[1] + 1, l->grid.extent[1]);
        break;
    default:
        fgf_buffer_add(out, "has a coordinate that is no number");
    }
}

static const char *advice(contour_misfit kind)
{
    switch (kind) {
    case CONTOUR_TILTED:
        return "export the contours on the slices of this series";
    case CONTOUR_BEYOND:
        return "is the series complete, and is it the one that the contours were drawn on?";
    case CONTOUR_BETWEEN:
        return "import the series that the contours were drawn on, or ask for the mask to be "
               "resampled";
    case CONTOUR_BESIDE:
        return "import the series that the contours were drawn on";
    default:
        return "export the contours again";
    }
}

fgf_status contour_misfits_fail(const contour_misfits *m, const fgf_structure_set *set,
                                const bool *chosen, const mask_lattice *lattice)
{
    fgf_status status = FGF_OK;
    fgf_buffer text = {0};
    const fgf_structure *structure = &set->structure[m->structure];
    name_show(&text, structure->name, '"');
    fgf_buffer_add(&text, ", contour %zu of %zu ", m->number + 1, structure->contour_count);
    describe_misfit(m, lattice, &text);
    if (m->count > 1)
        fgf_buffer_add(&text, " (%zu of %zu contours do not fit)", m->count, m->closed);
    fgf_buffer_add(&text, "; structures: ");
    FGF_TRY(describe_contours(m, set, chosen, lattice, &text));
    fgf_buffer_add(&text, "; image: ");
    fgf_grid_describe(&lattice->grid, &text);
    fgf_buffer_add(&text, "; %s", advice(m->kind));
    FGF_TRY(text.status);
    FGF_FAIL(FGF_DATA, "%s", text.text);
done:
    fgf_buffer_clear(&text);
    return status;
}

fgf_status contour_fail_empty(const fgf_structure_set *set, const bool *chosen, const char *what)
{
    enum { LIST_BYTES = 512 };
    fgf_status status = FGF_OK;
    fgf_buffer names = {0};
    size_t count = 0;
    for (size_t i = 0; i < set->count; i++)
        if (chosen[i] && names.length < LIST_BYTES) {
            fgf_buffer_add(&names, count++ ? ", " : " ");
            name_show(&names, set->structure[i].name, '"');
        }
    FGF_TRY(names.status);
    FGF_FAIL(FGF_DATA, "%s%s", what, count ? names.text : " no structure: none is chosen");
done:
    fgf_buffer_clear(&names);
    return status;
}
