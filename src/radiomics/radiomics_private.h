/* What the families of features share: the region cut out of its volume, its grey levels, and where
 * results go. */
#ifndef FGF_RADIOMICS_PRIVATE_H
#define FGF_RADIOMICS_PRIVATE_H

#include "fgf/memory.h"
#include "fgf/radiomics.h"

#include <math.h>

/* The bounding box of both masks. Arrays are [extent[0]][extent[1]][extent[2]]: z, y, x. */
typedef struct radiomics_region {
    int extent[3];
    double spacing[3];  /* mm: z, y, x */
    size_t voxels;      /* of the box */
    size_t shape_count; /* voxels inside the shape mask */
    uint8_t *shape;
    uint8_t *inside;   /* the intensity mask */
    double *intensity; /* 0 outside the intensity mask */
    int32_t *level;    /* grey level, 0 outside the intensity mask */
    int levels;        /* N_g: the greatest grey level */
    size_t count;      /* N_v: voxels inside the intensity mask */
    double *sorted;    /* [count] their intensities, increasing */
} radiomics_region;

static inline size_t radiomics_at(const radiomics_region *r, int z, int y, int x)
{
    return ((size_t)z * (size_t)r->extent[1] + (size_t)y) * (size_t)r->extent[2] + (size_t)x;
}
static inline bool radiomics_in_box(const radiomics_region *r, int z, int y, int x)
{
    return z >= 0 && y >= 0 && x >= 0 && z < r->extent[0] && y < r->extent[1] && x < r->extent[2];
}
/* The grey level there, 0 outside box or mask. */
static inline int radiomics_level(const radiomics_region *r, int z, int y, int x)
{
    return radiomics_in_box(r, z, y, x) ? r->level[radiomics_at(r, z, y, x)] : 0;
}

/* Cuts the region out, checks it, makes its grey levels. */
fgf_status radiomics_region_create(const fgf_radiomics_volume *volume,
                                   const fgf_radiomics_settings *settings,
                                   radiomics_region *out) FGF_CHECKED;
void radiomics_region_clear(radiomics_region *region);

/* Unit steps to one of each two opposite neighbours (z, y, x): the four inside a slice come first.
 */
enum { RADIOMICS_DIRECTIONS = 13, RADIOMICS_SLICE_DIRECTIONS = 4 };
extern const int radiomics_direction[RADIOMICS_DIRECTIONS][3];

/* ---- results ---- */

/* The first value of a family, the number of its features, and its aggregations. */
size_t radiomics_first(fgf_radiomics_family family);
size_t radiomics_features(fgf_radiomics_family family);

/* A value, or the reason where it is not finite. */
static inline fgf_radiomics_value radiomics_value(double value, fgf_radiomics_missing reason)
{
    bool defined = isfinite(value);
    return (fgf_radiomics_value){.value = defined ? value : NAN,
                                 .missing = defined ? FGF_RADIOMICS_MISSING_NOT : reason};
}

/* Means of features over matrices; a feature undefined in one of them is left out there. */
enum { RADIOMICS_MOST_FEATURES = 32 };
typedef struct radiomics_mean {
    double sum[RADIOMICS_MOST_FEATURES];
    size_t count[RADIOMICS_MOST_FEATURES];
} radiomics_mean;
void radiomics_mean_add(radiomics_mean *mean, const double *features, size_t count);
/* Writes them at `out`; missing ones get `reason`. */
void radiomics_mean_store(const radiomics_mean *mean, size_t count, fgf_radiomics_missing reason,
                          fgf_radiomics_value *out);

/* ---- the families, each writing all its values ---- */

/* Mean, variance, skewness, excess kurtosis, median, least, 10th and 90th percentile, greatest,
 * interquartile range, range, mean absolute deviation, the robust one, the one about the median,
 * coefficient of variation, quartile coefficient of dispersion, energy, root mean square: of sorted
 * values, count > 0. */
enum { RADIOMICS_STATISTICS = 18 };
void radiomics_describe(const double *sorted, size_t count, double out[RADIOMICS_STATISTICS]);

fgf_status radiomics_statistics(const radiomics_region *region,
                                fgf_radiomics_value *out) FGF_CHECKED;
fgf_status radiomics_histogram(const radiomics_region *region,
                               fgf_radiomics_value *out) FGF_CHECKED;
fgf_status radiomics_volume_histogram(const radiomics_region *region,
                                      const fgf_radiomics_settings *settings,
                                      fgf_radiomics_value *out) FGF_CHECKED;
/* Looks beyond the region, so it takes the whole volume. */
fgf_status radiomics_local_intensity(const fgf_radiomics_volume *volume,
                                     fgf_radiomics_value *out) FGF_CHECKED;
fgf_status radiomics_cooccurrence(const radiomics_region *region,
                                  fgf_radiomics_value *out) FGF_CHECKED;
fgf_status radiomics_run_length(const radiomics_region *region,
                                fgf_radiomics_value *out) FGF_CHECKED;
fgf_status radiomics_size_zone(const radiomics_region *region,
                               fgf_radiomics_value *out) FGF_CHECKED;
fgf_status radiomics_distance_zone(const radiomics_region *region,
                                   fgf_radiomics_value *out) FGF_CHECKED;
fgf_status radiomics_tone_difference(const radiomics_region *region,
                                     fgf_radiomics_value *out) FGF_CHECKED;
fgf_status radiomics_level_dependence(const radiomics_region *region,
                                      fgf_radiomics_value *out) FGF_CHECKED;
fgf_status radiomics_morphology(const radiomics_region *region,
                                fgf_radiomics_value *out) FGF_CHECKED;

/* ---- matrices of grey level against size: runs, zones, distances, dependences ---- */

/* Counts of pairs (level i, size j), both from 1 on. */
typedef struct radiomics_joint {
    int levels, sizes; /* levels 1 .. levels; number of different sizes */
    const int *size;   /* [sizes] what they are, borrowed; NULL: 1 .. sizes */
    double *count;     /* [levels][sizes] */
    double total;
    double voxels; /* that the counted things were made of: N_v, times directions where merged */
} radiomics_joint;
fgf_status radiomics_joint_create(int levels, int sizes, radiomics_joint *out) FGF_CHECKED;
void radiomics_joint_clear(radiomics_joint *joint);
void radiomics_joint_reset(radiomics_joint *joint);
/* column: from 1 on, the size where sizes are 1 .. sizes. */
static inline void radiomics_joint_add(radiomics_joint *joint, int level, int column)
{
    joint->count[(size_t)(level - 1) * (size_t)joint->sizes + (size_t)(column - 1)]++;
    joint->total++;
}
/* to += from, of equal extents. */
void radiomics_joint_merge(radiomics_joint *to, const radiomics_joint *from);
/* Emphases short, long, low level, high level, short low, short high, long low, long high; level
 * non-uniformity, normalised; size non-uniformity, normalised; percentage; level variance, size
 * variance, entropy, energy. NaN where nothing was counted. */
enum { RADIOMICS_JOINT_FEATURES = 17 };
fgf_status radiomics_joint_features(const radiomics_joint *joint,
                                    double out[RADIOMICS_JOINT_FEATURES]) FGF_CHECKED;

/* ---- form ---- */

/* The surface of the shape mask by marching cubes at 1/2. */
typedef struct radiomics_mesh {
    double volume, area; /* mm3, mm2 */
    int (*corner)[3];    /* [corners] vertices in half voxels, z, y, x, from the box's first
                            voxel; those that can lie on the hull */
    size_t corners;
    double low[3], high[3]; /* mm: the vertices' bounding box */
} radiomics_mesh;
fgf_status radiomics_mesh_create(const radiomics_region *region, radiomics_mesh *out) FGF_CHECKED;
void radiomics_mesh_clear(radiomics_mesh *mesh);

/* A convex hull, exact on whole coordinates. */
typedef struct radiomics_hull {
    size_t points, faces;
    double (*point)[3]; /* mm, the corners of the hull */
    int (*face)[3];     /* triangles, outward */
} radiomics_hull;
/* Of `count` points, whose extent along an axis is below 2^19; spacing: mm a unit. FGF_DATA where
 * they lie in a plane. */
fgf_status radiomics_hull_create(int (*point)[3], size_t count, const double unit[3],
                                 radiomics_hull *out) FGF_CHECKED;
void radiomics_hull_clear(radiomics_hull *hull);
/* mm3, mm2, mm. */
void radiomics_hull_measure(const radiomics_hull *hull, double *volume, double *area,
                            double *diameter);

/* The box of least volume among those with a face on a face of the hull: its edges, mm. */
fgf_status radiomics_minimum_box(const radiomics_hull *hull, double edge[3]) FGF_CHECKED;
/* The ellipsoid of least volume around the hull (Khachiyan, tolerance 1e-3): semi-axes, mm,
 * decreasing. */
fgf_status radiomics_minimum_ellipsoid(const radiomics_hull *hull, double axis[3]) FGF_CHECKED;
/* The surface of an ellipsoid of semi-axes a >= b >= c > 0, by IBSI's series up to degree 20 (3.1,
 * RDD2). The manual takes both eccentricities over a, where the series of the true surface has
 * 1 - c^2 / a^2 and 1 - c^2 / b^2; the consensus values follow the manual, and so does this. */
double radiomics_ellipsoid_area(const double axis[3]);
/* Eigenvalues of a symmetric matrix, decreasing. */
void radiomics_eigenvalues(double matrix[3][3], double value[3]);

/* Moran's I and Geary's C of the intensities, weights 1 / distance. */
fgf_status radiomics_autocorrelation(const radiomics_region *region, double *moran,
                                     double *geary) FGF_CHECKED;

#endif
