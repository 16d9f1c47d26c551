/* The surface of the morphological mask: marching cubes (Lorensen and Cline 1987) at level 1/2 of
 * the mask of 0 and 1, with zeros around it, so that vertices lie half-way between voxel centres.
 *
 * No table of 256 cases is written down: the polygons of a cube are traced along its six faces. On
 * a face whose inside corners face each other across the diagonal, each is cut off by itself; both
 * cubes of the face see it so, and the surface is closed. Polygons are cut into triangles from
 * their centre, which keeps the measures the same under reflections. */
#include "radiomics_private.h"

#include <string.h>

/* Corner c of a cube lies at bits (z, y, x) = (c >> 2, c >> 1, c) & 1. Edges join corners that
 * differ in one bit. The faces' corners run counterclockwise seen from outside. */
enum { EDGES = 12, MOST_POLYGONS = 4 };
static const int edge_corner[EDGES][2] = {{0, 1}, {2, 3}, {4, 5}, {6, 7}, {0, 2}, {1, 3},
                                          {4, 6}, {5, 7}, {0, 4}, {1, 5}, {2, 6}, {3, 7}};
static const int face_corner[6][4] = {{0, 2, 3, 1}, {4, 5, 7, 6}, {0, 1, 5, 4},
                                      {2, 6, 7, 3}, {0, 4, 6, 2}, {1, 3, 7, 5}};

/* The polygons of one case: edges of the cube in order. */
typedef struct polygons {
    int count, corners[MOST_POLYGONS], edge[MOST_POLYGONS][EDGES];
} polygons;

static void cross(const double a[3], const double b[3], double out[3])
{
    out[0] = a[1] * b[2] - a[2] * b[1];
    out[1] = a[2] * b[0] - a[0] * b[2];
    out[2] = a[0] * b[1] - a[1] * b[0];
}

/* Six times the signed volume over the origin, and twice the area, of a triangle. */
static void measure_triangle(const double a[3], const double b[3], const double c[3],
                             double *volume, double *area)
{
    double ab[3], ac[3], n[3];
    for (int k = 0; k < 3; k++) {
        ab[k] = b[k] - a[k];
        ac[k] = c[k] - a[k];
    }
    cross(ab, ac, n);
    *volume += a[0] * n[0] + a[1] * n[1] + a[2] * n[2];
    *area += sqrt(n[0] * n[0] + n[1] * n[1] + n[2] * n[2]);
}

/* A vertex of the cube's polygons, half-way along an edge, in half voxels. */
static int half_steps(int edge, int axis)
{
    const int *corner = edge_corner[edge];
    return (corner[0] >> (2 - axis) & 1) + (corner[1] >> (2 - axis) & 1);
}

static int edge_between(int a, int b)
{
    for (int e = 0; e < EDGES; e++)
        if ((edge_corner[e][0] == a && edge_corner[e][1] == b) ||
            (edge_corner[e][0] == b && edge_corner[e][1] == a))
            return e;
    return -1;
}

/* Along each face, a step goes from the edge where the walk around the face leaves the inside to
 * the edge where it last came in. */
static void trace_steps(int inside, int next[EDGES])
{
    for (int e = 0; e < EDGES; e++)
        next[e] = -1;
    for (int f = 0; f < 6; f++)
        for (int k = 0; k < 4; k++) {
            const int *c = face_corner[f];
            int last = k; /* of the inside corners that follow one another from k on */
            bool enters = (inside >> c[k] & 1) && !(inside >> c[(k + 3) % 4] & 1);
            if (!enters)
                continue;
            while (inside >> c[(last + 1) % 4] & 1)
                last++;
            next[edge_between(c[last % 4], c[(last + 1) % 4])] = edge_between(c[(k + 3) % 4], c[k]);
        }
}

/* Turns a polygon so that the fan from its first vertex is the greatest. */
static void choose_fan(int *edge, int corners)
{
    double greatest = 0;
    int best = 0, turned[EDGES];
    for (int start = 0; start < corners; start++) {
        double volume = 0, area = 0, vertex[EDGES][3];
        for (int k = 0; k < corners; k++)
            for (int a = 0; a < 3; a++)
                vertex[k][a] = half_steps(edge[(start + k) % corners], a);
        for (int k = 1; k + 1 < corners; k++)
            measure_triangle(vertex[0], vertex[k], vertex[k + 1], &volume, &area);
        if (area > greatest + 1e-6) { /* the first of equals */
            greatest = area;
            best = start;
        }
    }
    for (int k = 0; k < corners; k++)
        turned[k] = edge[(best + k) % corners];
    memcpy(edge, turned, (size_t)corners * sizeof *edge);
}

static void trace_polygons(int inside, polygons *out)
{
    int next[EDGES];
    bool done[EDGES] = {false};
    memset(out, 0, sizeof *out);
    trace_steps(inside, next);
    for (int start = 0; start < EDGES; start++) {
        if (next[start] < 0 || done[start])
            continue;
        int p = out->count++;
        for (int e = start; !done[e]; e = next[e]) {
            done[e] = true;
            out->edge[p][out->corners[p]++] = e;
        }
        choose_fan(out->edge[p], out->corners[p]);
    }
}

/* Adds the polygons of the cube whose corner 0 is voxel (z, y, x). */
static void add_cube(const polygons *cube, const int at[3], const double spacing[3],
                     radiomics_mesh *mesh, double *volume, double *area)
{
    for (int p = 0; p < cube->count; p++) {
        int n = cube->corners[p];
        double vertex[EDGES][3];
        for (int k = 0; k < n; k++)
            for (int a = 0; a < 3; a++) {
                vertex[k][a] = (at[a] + half_steps(cube->edge[p][k], a) / 2.0) * spacing[a];
                mesh->low[a] = fmin(mesh->low[a], vertex[k][a]);
                mesh->high[a] = fmax(mesh->high[a], vertex[k][a]);
            }
        for (int k = 1; k + 1 < n; k++)
            measure_triangle(vertex[0], vertex[k], vertex[k + 1], volume, area);
    }
}

static int corners_inside(const radiomics_region *r, int z, int y, int x)
{
    int inside = 0;
    for (int c = 0; c < 8; c++) {
        int at[3] = {z + (c >> 2 & 1), y + (c >> 1 & 1), x + (c & 1)};
        if (radiomics_in_box(r, at[0], at[1], at[2]) &&
            r->shape[radiomics_at(r, at[0], at[1], at[2])])
            inside |= 1 << c;
    }
    return inside;
}

/* The vertices that can lie on the hull: of each row of voxels along x the outermost ones of the
 * mask, a half voxel further along each axis. */
static void collect_corners(const radiomics_region *r, radiomics_mesh *mesh)
{
    for (int z = 0; z < r->extent[0]; z++)
        for (int y = 0; y < r->extent[1]; y++) {
            int ends[2] = {-1, -1};
            for (int x = 0; x < r->extent[2]; x++)
                if (r->shape[radiomics_at(r, z, y, x)]) {
                    ends[0] = ends[0] < 0 ? x : ends[0];
                    ends[1] = x;
                }
            for (int e = 0; ends[0] >= 0 && e < (ends[0] == ends[1] ? 1 : 2); e++)
                for (int s = 0; s < 6; s++) {
                    int *corner = mesh->corner[mesh->corners++];
                    corner[0] = 2 * z;
                    corner[1] = 2 * y;
                    corner[2] = 2 * ends[e];
                    corner[s / 2] += s % 2 ? 1 : -1;
                }
        }
}

fgf_status radiomics_mesh_create(const radiomics_region *region, radiomics_mesh *out)
{
    fgf_status status = FGF_OK;
    static const polygons none;
    polygons cases[256];
    *out = (radiomics_mesh){.low = {INFINITY, INFINITY, INFINITY},
                            .high = {-INFINITY, -INFINITY, -INFINITY}};
    cases[0] = cases[255] = none;
    for (int c = 1; c < 255; c++)
        trace_polygons(c, &cases[c]);
    for (int z = -1; z < region->extent[0]; z++)
        for (int y = -1; y < region->extent[1]; y++) {
            /* Row by row, so that small numbers are not lost in the sum of many. */
            double volume = 0, area = 0;
            for (int x = -1; x < region->extent[2]; x++)
                add_cube(&cases[corners_inside(region, z, y, x)], (int[3]){z, y, x},
                         region->spacing, out, &volume, &area);
            out->volume += volume / 6;
            out->area += area / 2;
        }
    out->volume = fabs(out->volume);
    FGF_TRY(FGF_ALLOCATE((size_t)region->extent[0] * (size_t)region->extent[1] * 12, &out->corner));
    collect_corners(region, out);
done:
    return status;
}

void radiomics_mesh_clear(radiomics_mesh *mesh)
{
    fgf_free(mesh->corner);
    memset(mesh, 0, sizeof *mesh);
}
