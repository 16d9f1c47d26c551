#include "fgf/image.h"

#include <math.h>

/* The place of a voxel, in mm. */
static void place(const fgf_grid *grid, const double voxel[3], double out[3])
{
    for (int i = 0; i < 3; i++)
        out[i] = grid->affine[i][0] * voxel[0] + grid->affine[i][1] * voxel[1] +
                 grid->affine[i][2] * voxel[2] + grid->affine[i][3];
}

bool fgf_grid_equal(const fgf_grid *a, const fgf_grid *b)
{
    bool equal = true;
    for (int k = 0; k < 3; k++) {
        equal &= a->extent[k] == b->extent[k];
        equal &= fabs(a->spacing[k] - b->spacing[k]) <= 1e-3 * a->spacing[k];
    }
    for (int corner = 0; corner < 8 && a->placed && b->placed; corner++) {
        double voxel[3], at[3], other[3], square = 0;
        double finest = fmin(a->spacing[0], fmin(a->spacing[1], a->spacing[2]));
        for (int k = 0; k < 3; k++)
            voxel[k] = corner >> k & 1 ? a->extent[k] - 1 : 0;
        place(a, voxel, at);
        place(b, voxel, other);
        for (int k = 0; k < 3; k++)
            square += (at[k] - other[k]) * (at[k] - other[k]);
        equal &= square <= 1e-4 * finest * finest;
    }
    return equal;
}

void fgf_grid_describe(const fgf_grid *grid, fgf_buffer *out)
{
    fgf_buffer_add(out, "%d x %d x %d voxels of %.4g x %.4g x %.4g mm", grid->extent[0],
                   grid->extent[1], grid->extent[2], grid->spacing[0], grid->spacing[1],
                   grid->spacing[2]);
    if (!grid->placed)
        return;
    fgf_buffer_add(out, " from (%.5g, %.5g, %.5g) mm", grid->affine[0][3], grid->affine[1][3],
                   grid->affine[2][3]);
    for (int k = 0; k < 3; k++)
        if (fabs(grid->affine[k][k]) < (1 - 1e-4) * grid->spacing[k])
            fgf_buffer_add(out, ", %c along (%.3g, %.3g, %.3g)", "xyz"[k],
                           grid -> affine[0][k] / grid -> spacing[k],
                           grid -> affine[1][k] / grid -> spacing[k],
                           grid -> affine[2][k] / grid -> spacing[k]);
}
