/* Local intensity, IBSI reference manual 3.2 (9ST6): the mean over all voxels, inside the region or
 * not, whose centres lie within a sphere of 1 cm3 around a voxel of the intensity mask. Local peak:
 * around the most intense voxel, the greatest where several are; global peak: the greatest of
 * all. */
#include "radiomics_private.h"

/* Index steps inside the sphere. */
typedef struct ball {
    int (*step)[3];
    size_t count;
} ball;

static fgf_status make_ball(const double spacing[3], ball *out)
{
    fgf_status status = FGF_OK;
    double radius = 10 * cbrt(3 / (4 * acos(-1.0)));
    int reach[3];
    size_t room = 1;
    for (int a = 0; a < 3; a++) {
        reach[a] = (int)floor(radius / spacing[a]);
        room *= (size_t)(2 * reach[a] + 1);
    }
    FGF_TRY(FGF_ALLOCATE(room, &out->step));
    for (int z = -reach[0]; z <= reach[0]; z++)
        for (int y = -reach[1]; y <= reach[1]; y++)
            for (int x = -reach[2]; x <= reach[2]; x++) {
                double dz = z * spacing[0], dy = y * spacing[1], dx = x * spacing[2];
                if (dz * dz + dy * dy + dx * dx > radius * radius)
                    continue;
                int *step = out->step[out->count++];
                step[0] = z;
                step[1] = y;
                step[2] = x;
            }
done:
    return status;
}

static double mean_around(const fgf_radiomics_volume *v, const ball *b, int z, int y, int x)
{
    double sum = 0;
    size_t count = 0;
    for (size_t k = 0; k < b->count; k++) {
        int at[3] = {z + b->step[k][0], y + b->step[k][1], x + b->step[k][2]};
        if (at[0] < 0 || at[1] < 0 || at[2] < 0 || at[0] >= v->depth || at[1] >= v->height ||
            at[2] >= v->width)
            continue;
        double value =
            v->value[((size_t)at[0] * (size_t)v->height + (size_t)at[1]) * (size_t)v->width +
                     (size_t)at[2]];
        if (!isfinite(value))
            continue;
        sum += value;
        count++;
    }
    return count ? sum / (double)count : NAN;
}

fgf_status radiomics_local_intensity(const fgf_radiomics_volume *volume, fgf_radiomics_value *out)
{
    fgf_status status = FGF_OK;
    const uint8_t *mask = volume->intensity_mask ? volume->intensity_mask : volume->shape_mask;
    double greatest = -INFINITY, local = -INFINITY, global = -INFINITY;
    ball sphere = {0};
    size_t k = 0;
    FGF_TRY(make_ball(volume->spacing, &sphere));
    for (int z = 0; z < volume->depth; z++)
        for (int y = 0; y < volume->height; y++)
            for (int x = 0; x < volume->width; x++, k++) {
                if (!mask[k])
                    continue;
                double peak = mean_around(volume, &sphere, z, y, x);
                global = fmax(global, peak);
                if (volume->value[k] > greatest) {
                    greatest = volume->value[k];
                    local = peak;
                } else if (volume->value[k] == greatest) {
                    local = fmax(local, peak);
                }
            }
    out[0] = radiomics_value(local, FGF_RADIOMICS_MISSING_EMPTY);
    out[1] = radiomics_value(global, FGF_RADIOMICS_MISSING_EMPTY);
done:
    fgf_free(sphere.step);
    return status;
}
