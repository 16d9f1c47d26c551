/* Morphology, IBSI reference manual 3.1 (HCUG): of the surface mesh, of its convex hull, and of the
 * set of voxel centres. Lengths in mm. A slice is a volume one voxel thick. */
#include "radiomics_private.h"

#include <string.h>

enum { FEATURES = 29 };

static double distance(const double a[3], const double b[3])
{
    double d[3] = {a[0] - b[0], a[1] - b[1], a[2] - b[2]};
    return sqrt(d[0] * d[0] + d[1] * d[1] + d[2] * d[2]);
}

/* Centre of the shape mask and eigenvalues of the covariance of its voxel centres. */
static void principal_axes(const radiomics_region *r, double centre[3], double value[3])
{
    double n = (double)r->shape_count, covariance[3][3] = {{0}};
    double degrees = r->shape_count > 1 ? n - 1 : 1; /* the sample's covariance, as in consensus */
    memset(centre, 0, 3 * sizeof *centre);
    for (int pass = 0; pass < 2; pass++)
        for (int z = 0; z < r->extent[0]; z++)
            for (int y = 0; y < r->extent[1]; y++)
                for (int x = 0; x < r->extent[2]; x++) {
                    if (!r->shape[radiomics_at(r, z, y, x)])
                        continue;
                    const double at[3] = {z * r->spacing[0], y * r->spacing[1], x * r->spacing[2]};
                    for (int i = 0; i < 3 && pass == 0; i++)
                        centre[i] += at[i] / n;
                    for (int i = 0; i < 9 && pass == 1; i++)
                        covariance[i / 3][i % 3] +=
                            (at[i / 3] - centre[i / 3]) * (at[i % 3] - centre[i % 3]) / degrees;
                }
    radiomics_eigenvalues(covariance, value);
    for (int k = 0; k < 3; k++)
        value[k] = fmax(0, value[k]);
}

/* The intensity-weighted centre and the mean intensity. */
static void weighted_centre(const radiomics_region *r, double centre[3], double *mean)
{
    double total = 0;
    memset(centre, 0, 3 * sizeof *centre);
    for (int z = 0; z < r->extent[0]; z++)
        for (int y = 0; y < r->extent[1]; y++)
            for (int x = 0; x < r->extent[2]; x++) {
                double value = r->intensity[radiomics_at(r, z, y, x)]; /* 0 outside */
                centre[0] += value * z * r->spacing[0];
                centre[1] += value * y * r->spacing[1];
                centre[2] += value * x * r->spacing[2];
                total += value;
            }
    for (int k = 0; k < 3; k++)
        centre[k] /= total;
    *mean = total / (double)r->count;
}

/* Volume density and area density against a box or an ellipsoid. */
static void against_box(double volume, double area, const double edge[3], double out[2])
{
    out[0] = volume / (edge[0] * edge[1] * edge[2]);
    out[1] = area / (2 * (edge[0] * edge[1] + edge[1] * edge[2] + edge[2] * edge[0]));
}
static void against_ellipsoid(double volume, double area, const double axis[3], double out[2])
{
    out[0] = volume / (4 * acos(-1.0) / 3 * axis[0] * axis[1] * axis[2]);
    /* Flat: the series does not end in anything. */
    out[1] = axis[2] > 0 ? area / radiomics_ellipsoid_area(axis) : NAN;
}

/* Features 0 .. 8: what follows from volume and surface. */
static void roundness(const radiomics_region *r, double volume, double area, double out[9])
{
    double pi = acos(-1.0);
    out[0] = volume;
    out[1] = (double)r->shape_count * r->spacing[0] * r->spacing[1] * r->spacing[2];
    out[2] = area;
    out[3] = area / volume;
    out[4] = volume / (sqrt(pi) * pow(area, 1.5));
    out[5] = 36 * pi * volume * volume / (area * area * area);
    out[6] = area / cbrt(36 * pi * volume * volume);
    out[7] = 1 / out[6];
    out[8] = out[6] - 1;
}

/* Features 16 .. 25 but for the approximate ellipsoid, and the diameter. */
static fgf_status densities(const radiomics_mesh *mesh, const double spacing[3], double *diameter,
                            double out[10])
{
    fgf_status status = FGF_OK;
    radiomics_hull hull = {0};
    double edge[3], axis[3], volume, area;
    const double unit[3] = {spacing[0] / 2, spacing[1] / 2, spacing[2] / 2};
    FGF_TRY(radiomics_hull_create(mesh->corner, mesh->corners, unit, &hull));
    for (int k = 0; k < 3; k++)
        edge[k] = mesh->high[k] - mesh->low[k];
    against_box(mesh->volume, mesh->area, edge, out);
    FGF_TRY(radiomics_minimum_box(&hull, edge));
    against_box(mesh->volume, mesh->area, edge, out + 2);
    FGF_TRY(radiomics_minimum_ellipsoid(&hull, axis));
    against_ellipsoid(mesh->volume, mesh->area, axis, out + 6);
    radiomics_hull_measure(&hull, &volume, &area, diameter);
    out[8] = mesh->volume / volume;
    out[9] = mesh->area / area;
done:
    radiomics_hull_clear(&hull);
    return status;
}

fgf_status radiomics_morphology(const radiomics_region *region, fgf_radiomics_value *out)
{
    fgf_status status = FGF_OK;
    radiomics_mesh mesh = {0};
    double f[FEATURES], centre[3], weighted[3], value[3], axis[3], mean = NAN;
    for (int k = 0; k < FEATURES; k++)
        f[k] = NAN;
    if (region->shape_count == 0)
        goto store;
    FGF_TRY(radiomics_mesh_create(region, &mesh));
    roundness(region, mesh.volume, mesh.area, f);
    principal_axes(region, centre, value);
    for (int k = 0; k < 3; k++) {
        axis[k] = 2 * sqrt(value[k]);
        f[11 + k] = 2 * axis[k];
    }
    f[14] = axis[1] / axis[0];
    f[15] = axis[2] / axis[0];
    FGF_TRY(densities(&mesh, region->spacing, &f[10], &f[16]));
    against_ellipsoid(mesh.volume, mesh.area, axis, &f[20]);
    if (region->count > 0) {
        weighted_centre(region, weighted, &mean);
        f[9] = distance(centre, weighted);
        f[26] = mesh.volume * mean;
        FGF_TRY(radiomics_autocorrelation(region, &f[27], &f[28]));
    }
store:
    for (int k = 0; k < FEATURES; k++)
        out[k] = radiomics_value(f[k], region->count == 0 || region->shape_count == 0
                                           ? FGF_RADIOMICS_MISSING_EMPTY
                                       : k >= 27 ? FGF_RADIOMICS_MISSING_FLAT
                                                 : FGF_RADIOMICS_MISSING_ZERO);
done:
    radiomics_mesh_clear(&mesh);
    return status;
}
