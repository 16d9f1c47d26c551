#include "contour_survey.h"
#include "fgf/memory.h"

#include <math.h>

fgf_status contour_heights(const fgf_structure_set *set, const bool *chosen,
                           const mask_lattice *lattice, double **height, size_t *count,
                           double *spread)
{
    fgf_status status = FGF_OK;
    size_t most = 0;
    *count = 0;
    *spread = 0;
    for (size_t i = 0; i < set->count; i++)
        most += chosen[i] ? set->structure[i].contour_count : 0;
    FGF_TRY(FGF_ALLOCATE(most, height));
    for (size_t i = 0; i < set->count; i++)
        for (size_t c = 0; chosen[i] && c < set->structure[i].contour_count; c++) {
            contour_box b, mm = contour_box_empty();
            const fgf_contour *contour = &set->structure[i].contour[c];
            if (!contour_is_area(contour))
                continue;
            if (!contour_box_voxels(contour, lattice, &b, &mm))
                FGF_FAIL(FGF_DATA, "a contour has a coordinate that is no number");
            (*height)[(*count)++] = (b.low[2] + b.high[2]) / 2 * lattice->slice_distance;
            *spread = fmax(*spread, (b.high[2] - b.low[2]) * lattice->slice_distance);
        }
    if (*count == 0)
        FGF_TRY(contour_fail_empty(set, chosen, "nothing closed is drawn for"));
done:
    return status;
}

/* The image may be cut through, but not end before the contours do. heights: sorted. */
static fgf_status check_reach(const double *height, size_t count, const mask_lattice *lattice)
{
    fgf_status status = FGF_OK;
    fgf_buffer text = {0};
    const double distance = lattice->slice_distance, slices = lattice->grid.extent[2];
    const double beyond = fmax(-height[0], height[count - 1] - (slices - 1) * distance);
    if (beyond > distance / 2) {
        fgf_grid_describe(&lattice->grid, &text);
        FGF_TRY(text.status);
        FGF_FAIL(FGF_DATA,
                 "contours lie up to %.4g mm beyond the image's slices, on %zu planes from %.4g to "
                 "%.4g mm above its first; image: %s; is the series complete, and is it the one "
                 "that the contours were drawn on?",
                 beyond, count, height[0], height[count - 1], text.text);
    }
done:
    fgf_buffer_clear(&text);
    return status;
}

fgf_status fgf_contour_grid(const fgf_structure_set *set, const bool *chosen, const fgf_grid *image,
                            fgf_grid *out)
{
    fgf_status status = FGF_OK;
    mask_lattice lattice;
    double *height = NULL, spread = 0;
    size_t count = 0;
    *out = *image;
    FGF_TRY(mask_lattice_init(&lattice, image));
    FGF_TRY(contour_heights(set, chosen, &lattice, &height, &count, &spread));
    count = mask_planes_merge(height, count, CONTOUR_SAME_PLANE);
    /* One plane alone is as thick as the image's slices. */
    const double spacing = count > 1 ? mask_planes_spacing(height, count, FGF_CONTOUR_OFF_PLANE)
                                     : lattice.slice_distance;
    if (spread > FGF_CONTOUR_OFF_PLANE * lattice.slice_distance)
        FGF_FAIL(FGF_DATA,
                 "contours extend up to %.3g mm across the image's slices: they were "
                 "drawn on planes of another direction, on which no mask is made",
                 spread);
    FGF_TRY(check_reach(height, count, &lattice));
    if (spacing <= 0)
        FGF_FAIL(FGF_DATA, "the contours' %zu planes have no spacing in common", count);
    const double planes = round((height[count - 1] - height[0]) / spacing) + 1;
    if (planes > RASTER_MOST)
        FGF_FAIL(FGF_DATA, "the contours' planes, %.3g mm apart, would make %.0f slices", spacing,
                 planes);
    out->extent[2] = (int)planes;
    out->spacing[2] = spacing;
    /* Slices move along the image's own z axis, which need not be the normal. */
    for (int i = 0; i < 3; i++) {
        const double step = image->affine[i][2] / lattice.slice_distance;
        out->affine[i][3] += step * height[0];
        out->affine[i][2] = step * spacing;
    }
done:
    fgf_free(height);
    return status;
}
