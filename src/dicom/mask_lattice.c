#include "mask_lattice.h"
#include "raster.h"

#include <math.h>
#include <stdlib.h>

fgf_status mask_lattice_init(mask_lattice *lattice, const fgf_grid *grid)
{
    fgf_status status = FGF_OK;
    *lattice = (mask_lattice){.grid = *grid};
    if (!grid->placed)
        FGF_FAIL(FGF_DATA, "the image does not say where in the patient it lies, so contours and "
                           "segments cannot be put on it");
    if (grid->extent[0] > RASTER_MOST || grid->extent[1] > RASTER_MOST)
        FGF_FAIL(FGF_DATA, "an image of %d x %d voxels; masks are made of up to %d x %d",
                 grid->extent[0], grid->extent[1], RASTER_MOST, RASTER_MOST);
    double cross[3][3]; /* [k]: the cross product of the axes after k */
    for (int k = 0; k < 3; k++)
        for (int i = 0; i < 3; i++) {
            const int a = (k + 1) % 3, b = (k + 2) % 3, u = (i + 1) % 3, v = (i + 2) % 3;
            cross[k][i] =
                grid->affine[u][a] * grid->affine[v][b] - grid->affine[v][a] * grid->affine[u][b];
        }
    double volume = 0, area = 0;
    for (int i = 0; i < 3; i++) {
        volume += grid->affine[i][2] * cross[2][i];
        area += cross[2][i] * cross[2][i];
    }
    area = copysign(sqrt(area), volume);
    if (!isfinite(volume) || !(fabs(volume) > 1e-9))
        FGF_FAIL(FGF_DATA, "the image's axes lie in one plane: its voxels have no volume");
    for (int k = 0; k < 3; k++) {
        for (int i = 0; i < 3; i++) {
            lattice->inverse[k][i] = cross[k][i] / volume;
            lattice->inverse[k][3] -= lattice->inverse[k][i] * grid->affine[i][3];
        }
        lattice->normal[k] = cross[2][k] / area;
    }
    lattice->slice_distance = volume / area;
done:
    return status;
}

void mask_lattice_voxel(const mask_lattice *lattice, const double mm[3], double voxel[3])
{
    for (int k = 0; k < 3; k++)
        voxel[k] = lattice->inverse[k][0] * mm[0] + lattice->inverse[k][1] * mm[1] +
                   lattice->inverse[k][2] * mm[2] + lattice->inverse[k][3];
}

static int by_height(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

size_t mask_planes_merge(double *height, size_t count, double same)
{
    size_t kept = 0;
    qsort(height, count, sizeof *height, by_height);
    for (size_t i = 0; i < count; i++)
        if (kept == 0 || height[i] - height[kept - 1] >= same)
            height[kept++] = height[i];
    return kept;
}

double mask_planes_spacing(const double *height, size_t count, double off)
{
    double least = INFINITY, steps = 0;
    for (size_t i = 1; i < count; i++)
        least = fmin(least, height[i] - height[i - 1]);
    for (size_t i = 1; i < count; i++)
        steps += round((height[i] - height[i - 1]) / least);
    if (count < 2)
        return 0;
    /* The mean over the stack, as the least gap may be rounded. */
    const double spacing = (height[count - 1] - height[0]) / steps;
    for (size_t i = 1; i < count; i++) {
        const double at = (height[i] - height[0]) / spacing;
        if (fabs(at - round(at)) > off)
            return 0;
    }
    return spacing;
}

int mask_gaps_add(fgf_buffer *out, const bool *used, int count)
{
    enum { MOST_RUNS = 6 };
    int first = 0, last = count - 1, missing = 0, runs = 0;
    while (first < count && !used[first])
        first++;
    while (last > first && !used[last])
        last--;
    for (int z = first; z < last; z++) {
        if (used[z])
            continue;
        const int from = z;
        while (!used[z + 1])
            z++;
        missing += z - from + 1;
        if (++runs > MOST_RUNS)
            continue;
        fgf_buffer_add(out, runs > 1 ? ", %d" : "%d", from + 1);
        if (z > from)
            fgf_buffer_add(out, "-%d", z + 1);
    }
    if (runs > MOST_RUNS)
        fgf_buffer_add(out, ", ... (%d slices)", missing);
    return missing;
}
