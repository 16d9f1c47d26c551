#include "fgf/image.h"

#include <math.h>
#include <stdio.h>

#define SPACING_TOLERANCE 1e-3 /* of the spacing */
#define PLACE_TOLERANCE 1e-2   /* of the finest spacing */

static double finest(const fgf_grid *grid)
{
    return fmin(grid->spacing[0], fmin(grid->spacing[1], grid->spacing[2]));
}

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
        equal &= fabs(a->spacing[k] - b->spacing[k]) <= SPACING_TOLERANCE * a->spacing[k];
    }
    for (int corner = 0; corner < 8 && a->placed && b->placed; corner++) {
        double voxel[3], at[3], other[3], square = 0;
        for (int k = 0; k < 3; k++)
            voxel[k] = corner >> k & 1 ? a->extent[k] - 1 : 0;
        place(a, voxel, at);
        place(b, voxel, other);
        for (int k = 0; k < 3; k++)
            square += (at[k] - other[k]) * (at[k] - other[k]);
        equal &= sqrt(square) <= PLACE_TOLERANCE * finest(a);
    }
    return equal;
}

/* The cosine of the angle between axis k of a and axis j of b. */
static double cosine(const fgf_grid *a, int k, const fgf_grid *b, int j)
{
    double dot = 0, square_a = 0, square_b = 0;
    for (int i = 0; i < 3; i++) {
        dot += a->affine[i][k] * b->affine[i][j];
        square_a += a->affine[i][k] * a->affine[i][k];
        square_b += b->affine[i][j] * b->affine[i][j];
    }
    return dot / sqrt(square_a * square_b);
}

static void add_part(fgf_buffer *out, int *parts, const char *text)
{
    fgf_buffer_add(out, "%s%s", *parts ? ", " : "", text);
    ++*parts;
}

static void compare_axes(const fgf_grid *a, const fgf_grid *b, fgf_buffer *out, int *parts)
{
    char text[96];
    for (int k = 0; k < 3; k++) {
        const double along = cosine(a, k, b, k);
        int other = k;
        for (int j = 0; j < 3; j++)
            other = fabs(cosine(a, k, b, j)) > 0.9999 ? j : other;
        if (along > 1 - 1e-6)
            continue;
        if (along < -0.9999)
            snprintf(text, sizeof text, "%c runs the other way", "xyz"[k]);
        else if (other != k)
            snprintf(text, sizeof text, "its %c is the other's %c", "xyz"[k], "xyz"[other]);
        else
            snprintf(text, sizeof text, "%c is turned by %.3g degrees", "xyz"[k],
                     acos(fmin(along, 1)) * 180 / acos(-1.0));
        add_part(out, parts, text);
    }
}

void fgf_grid_differences(const fgf_grid *a, const char *name_a, const fgf_grid *b,
                          const char *name_b, fgf_buffer *out)
{
    char text[128];
    int parts = 0;
    if (fgf_grid_equal(a, b))
        return;
    fgf_buffer_add(out, "%s has ", name_a);
    fgf_grid_describe(a, out);
    fgf_buffer_add(out, ", %s has ", name_b);
    fgf_grid_describe(b, out);
    fgf_buffer_add(out, ": ");
    for (int k = 0; k < 3; k++) {
        if (a->extent[k] != b->extent[k]) {
            snprintf(text, sizeof text, "%d and %d voxels along %c", a->extent[k], b->extent[k],
                     "xyz"[k]);
            add_part(out, &parts, text);
        }
        if (fabs(a->spacing[k] - b->spacing[k]) > SPACING_TOLERANCE * a->spacing[k]) {
            snprintf(text, sizeof text, "%.6g and %.6g mm along %c", a->spacing[k], b->spacing[k],
                     "xyz"[k]);
            add_part(out, &parts, text);
        }
    }
    if (!a->placed || !b->placed)
        return;
    compare_axes(a, b, out, &parts);
    double shift[3], square = 0;
    for (int i = 0; i < 3; i++) {
        shift[i] = a->affine[i][3] - b->affine[i][3];
        square += shift[i] * shift[i];
    }
    if (sqrt(square) > PLACE_TOLERANCE * finest(a)) {
        snprintf(text, sizeof text, "the first voxels lie (%.4g, %.4g, %.4g) mm apart", shift[0],
                 shift[1], shift[2]);
        add_part(out, &parts, text);
    }
    if (parts == 0)
        fgf_buffer_add(out, "the far corners lie apart");
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
