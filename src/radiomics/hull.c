/* The convex hull of points with whole coordinates, exactly.
 *
 * Points are added one by one. A point is outside where it lies strictly above a face; then every
 * face that it lies on or above is taken away and the rim of the hole is joined to it. Faces in the
 * plane of the new point go too, so that no triangle without area can arise; with whole coordinates
 * there is no doubt about any of these signs. */
#include "radiomics_private.h"

#include <stdlib.h>
#include <string.h>

/* The points d with n . d = offset; n points outwards. */
typedef struct plane {
    int64_t n[3], offset;
} plane;

typedef struct builder {
    int (*point)[3];
    int (*face)[3]; /* counterclockwise from outside */
    plane *plane;   /* of each face */
    size_t faces, room, plane_room;
    int (*rim)[2]; /* directed edges of the faces taken away */
    size_t rims, rim_room;
} builder;

static plane plane_of(const int *a, const int *b, const int *c)
{
    int64_t u[3], v[3];
    for (int k = 0; k < 3; k++) {
        u[k] = (int64_t)b[k] - a[k];
        v[k] = (int64_t)c[k] - a[k];
    }
    plane out = {
        .n = {u[1] * v[2] - u[2] * v[1], u[2] * v[0] - u[0] * v[2], u[0] * v[1] - u[1] * v[0]}};
    out.offset = out.n[0] * a[0] + out.n[1] * a[1] + out.n[2] * a[2];
    return out;
}

/* Above 0 where d is on the outer side: six times the volume of the tetrahedron. */
static int64_t above(const plane *of, const int *d)
{
    return of->n[0] * d[0] + of->n[1] * d[1] + of->n[2] * d[2] - of->offset;
}

static int64_t side(const int *a, const int *b, const int *c, const int *d)
{
    const plane of = plane_of(a, b, c);
    return above(&of, d);
}

static fgf_status grow(void **block, size_t item, size_t *room, size_t needed)
{
    fgf_status status = FGF_OK;
    void *larger = NULL;
    if (needed <= *room)
        return FGF_OK;
    size_t more = 2 * needed + 64;
    FGF_TRY(fgf_allocate_bytes(more, item, &larger));
    if (*room > 0)
        memcpy(larger, *block, *room * item);
    fgf_free(*block);
    *block = larger;
    *room = more;
done:
    return status;
}

static fgf_status add_face(builder *b, int p, int q, int r)
{
    fgf_status status = FGF_OK;
    FGF_TRY(grow((void **)&b->face, sizeof *b->face, &b->room, b->faces + 1));
    FGF_TRY(grow((void **)&b->plane, sizeof *b->plane, &b->plane_room, b->faces + 1));
    b->plane[b->faces] = plane_of(b->point[p], b->point[q], b->point[r]);
    b->face[b->faces][0] = p;
    b->face[b->faces][1] = q;
    b->face[b->faces][2] = r;
    b->faces++;
done:
    return status;
}

/* An edge of a face that goes: it cancels the same edge of a neighbour that goes as well. */
static fgf_status add_rim(builder *b, int from, int to)
{
    fgf_status status = FGF_OK;
    for (size_t k = 0; k < b->rims; k++)
        if (b->rim[k][0] == to && b->rim[k][1] == from) {
            memcpy(b->rim[k], b->rim[--b->rims], sizeof *b->rim);
            goto done;
        }
    FGF_TRY(grow((void **)&b->rim, sizeof *b->rim, &b->rim_room, b->rims + 1));
    b->rim[b->rims][0] = from;
    b->rim[b->rims][1] = to;
    b->rims++;
done:
    return status;
}

static fgf_status add_point(builder *b, int point)
{
    fgf_status status = FGF_OK;
    bool outside = false;
    for (size_t f = 0; f < b->faces && !outside; f++)
        outside = above(&b->plane[f], b->point[point]) > 0;
    if (!outside)
        goto done;
    b->rims = 0;
    for (size_t f = 0; f < b->faces;) {
        if (above(&b->plane[f], b->point[point]) < 0) {
            f++;
            continue;
        }
        int gone[3];
        memcpy(gone, b->face[f], sizeof gone);
        memcpy(b->face[f], b->face[--b->faces], sizeof gone);
        b->plane[f] = b->plane[b->faces];
        for (int k = 0; k < 3; k++)
            FGF_TRY(add_rim(b, gone[k], gone[(k + 1) % 3]));
    }
    for (size_t k = 0; k < b->rims; k++)
        FGF_TRY(add_face(b, b->rim[k][0], b->rim[k][1], point));
done:
    return status;
}

/* Four points that span a volume become the first hull. */
static fgf_status first_faces(builder *b, size_t count)
{
    fgf_status status = FGF_OK;
    size_t q = 0, r = 0, s = 0;
    for (size_t k = 1; k < count && q == 0; k++)
        if (memcmp(b->point[k], b->point[0], sizeof *b->point) != 0)
            q = k;
    for (size_t k = q + 1; q > 0 && k < count && r == 0; k++) {
        int64_t u[3], v[3];
        for (int a = 0; a < 3; a++) {
            u[a] = (int64_t)b->point[q][a] - b->point[0][a];
            v[a] = (int64_t)b->point[k][a] - b->point[0][a];
        }
        if (u[1] * v[2] != u[2] * v[1] || u[2] * v[0] != u[0] * v[2] || u[0] * v[1] != u[1] * v[0])
            r = k;
    }
    for (size_t k = q + 1; r > 0 && k < count && s == 0; k++)
        if (side(b->point[0], b->point[q], b->point[r], b->point[k]) != 0)
            s = k;
    if (s == 0)
        FGF_FAIL(FGF_DATA, "the points of a convex hull lie in a plane");
    int i = 0, j = (int)q, k = (int)r, l = (int)s;
    if (side(b->point[i], b->point[j], b->point[k], b->point[l]) > 0) {
        j = (int)r;
        k = (int)q;
    }
    FGF_TRY(add_face(b, i, j, k));
    FGF_TRY(add_face(b, i, l, j));
    FGF_TRY(add_face(b, j, l, k));
    FGF_TRY(add_face(b, k, l, i));
done:
    return status;
}

/* Keeps the points that faces use, in mm. */
static fgf_status take_over(builder *b, size_t count, const double unit[3], radiomics_hull *out)
{
    fgf_status status = FGF_OK;
    int *number = NULL;
    FGF_TRY(FGF_ALLOCATE(count, &number));
    FGF_TRY(FGF_ALLOCATE(count, &out->point));
    for (size_t f = 0; f < b->faces; f++)
        for (int k = 0; k < 3; k++) {
            int p = b->face[f][k];
            if (number[p] == 0) {
                for (int a = 0; a < 3; a++)
                    out->point[out->points][a] = b->point[p][a] * unit[a];
                number[p] = (int)++out->points;
            }
            b->face[f][k] = number[p] - 1;
        }
    out->face = b->face;
    out->faces = b->faces;
    b->face = NULL;
done:
    fgf_free(number);
    return status;
}

fgf_status radiomics_hull_create(int (*point)[3], size_t count, const double unit[3],
                                 radiomics_hull *out)
{
    fgf_status status = FGF_OK;
    builder b = {.point = point};
    memset(out, 0, sizeof *out);
    FGF_TRY(first_faces(&b, count));
    for (size_t k = 0; k < count; k++)
        FGF_TRY(add_point(&b, (int)k));
    FGF_TRY(take_over(&b, count, unit, out));
done:
    fgf_free(b.face);
    fgf_free(b.plane);
    fgf_free(b.rim);
    if (status != FGF_OK)
        radiomics_hull_clear(out);
    return status;
}

void radiomics_hull_clear(radiomics_hull *hull)
{
    fgf_free(hull->point);
    fgf_free(hull->face);
    memset(hull, 0, sizeof *hull);
}

void radiomics_hull_measure(const radiomics_hull *hull, double *volume, double *area,
                            double *diameter)
{
    *volume = *area = *diameter = 0;
    for (size_t f = 0; f < hull->faces; f++) {
        const double *a = hull->point[hull->face[f][0]], *b = hull->point[hull->face[f][1]];
        const double *c = hull->point[hull->face[f][2]];
        double u[3], v[3];
        for (int k = 0; k < 3; k++) {
            u[k] = b[k] - a[k];
            v[k] = c[k] - a[k];
        }
        double n[3] = {u[1] * v[2] - u[2] * v[1], u[2] * v[0] - u[0] * v[2],
                       u[0] * v[1] - u[1] * v[0]};
        *volume += (a[0] * n[0] + a[1] * n[1] + a[2] * n[2]) / 6;
        *area += sqrt(n[0] * n[0] + n[1] * n[1] + n[2] * n[2]) / 2;
    }
    *volume = fabs(*volume);
    for (size_t p = 0; p < hull->points; p++)
        for (size_t q = p + 1; q < hull->points; q++) {
            double d[3];
            for (int k = 0; k < 3; k++)
                d[k] = hull->point[p][k] - hull->point[q][k];
            *diameter = fmax(*diameter, sqrt(d[0] * d[0] + d[1] * d[1] + d[2] * d[2]));
        }
}
