/* Boxes and ellipsoids around a hull, and the algebra of 3 x 3 matrices that they need. */
#include "radiomics_private.h"

#include <stdlib.h>
#include <string.h>

static double dot(const double a[3], const double b[3])
{
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

/* As calls, fmin and fmax take longer than what they are called for. */
static void widen(double value, double *low, double *high)
{
    *low = value < *low ? value : *low;
    *high = value > *high ? value : *high;
}

static void cross(const double a[3], const double b[3], double out[3])
{
    out[0] = a[1] * b[2] - a[2] * b[1];
    out[1] = a[2] * b[0] - a[0] * b[2];
    out[2] = a[0] * b[1] - a[1] * b[0];
}

static bool make_unit(double a[3])
{
    double length = sqrt(dot(a, a));
    for (int k = 0; k < 3; k++)
        a[k] /= length;
    return length > 0;
}

/* Jacobi's rotations: each takes away the greatest element off the diagonal. */
void radiomics_eigenvalues(double matrix[3][3], double value[3])
{
    double a[3][3];
    memcpy(a, matrix, sizeof a);
    for (int turn = 0; turn < 64; turn++) {
        int p = 0, q = 1;
        if (fabs(a[0][2]) > fabs(a[p][q]))
            q = 2;
        if (fabs(a[1][2]) > fabs(a[p][q])) {
            p = 1;
            q = 2;
        }
        if (a[p][q] == 0)
            break;
        double theta = (a[q][q] - a[p][p]) / (2 * a[p][q]);
        double t = (theta >= 0 ? 1 : -1) / (fabs(theta) + sqrt(theta * theta + 1));
        double c = 1 / sqrt(t * t + 1), s = t * c, apq = a[p][q];
        int r = 3 - p - q;
        double arp = a[r][p], arq = a[r][q];
        a[p][p] -= t * apq;
        a[q][q] += t * apq;
        a[p][q] = a[q][p] = 0;
        a[r][p] = a[p][r] = c * arp - s * arq;
        a[r][q] = a[q][r] = s * arp + c * arq;
    }
    for (int k = 0; k < 3; k++)
        value[k] = a[k][k];
    for (int k = 0; k < 2; k++)
        for (int l = 0; l < 2; l++)
            if (value[l] < value[l + 1]) {
                double swap = value[l];
                value[l] = value[l + 1];
                value[l + 1] = swap;
            }
}

double radiomics_ellipsoid_area(const double axis[3])
{
    double a = axis[0], b = axis[1], c = axis[2];
    double alpha2 = 1 - b * b / (a * a), beta2 = 1 - c * c / (a * a);
    /* (alpha beta)^n P_n((alpha^2 + beta^2) / (2 alpha beta)) by the recurrence of Legendre's
     * polynomials times powers of alpha beta, which stays finite for alpha = 0. */
    double mean = (alpha2 + beta2) / 2, product = alpha2 * beta2;
    double before = 1, here = mean, sum = 1;
    for (int n = 1; n <= 20; n++) {
        sum += here / (1 - 4.0 * n * n);
        double after = ((2 * n + 1) * mean * here - n * product * before) / (n + 1);
        before = here;
        here = after;
    }
    return 4 * acos(-1.0) * a * b * sum;
}

/* ---- the box ---- */

static int compare_points(const void *a, const void *b)
{
    const double *p = a, *q = b;
    if (p[0] != q[0])
        return p[0] < q[0] ? -1 : 1;
    return (p[1] > q[1]) - (p[1] < q[1]);
}

static double turn(const double *a, const double *b, const double *c)
{
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]);
}

/* The hull of points in a plane, sorted in place, by Andrew's chains; returns its corners' number.
 * out [2 count]. */
static size_t flat_hull(double (*point)[2], size_t count, double (*out)[2])
{
    size_t n = 0, lower;
    qsort(point, count, sizeof *point, compare_points);
    for (size_t k = 0; k < count; k++) {
        while (n >= 2 && turn(out[n - 2], out[n - 1], point[k]) <= 0)
            n--;
        memcpy(out[n++], point[k], sizeof *out);
    }
    lower = n + 1;
    for (size_t k = count - 1; k-- > 0;) {
        while (n >= lower && turn(out[n - 2], out[n - 1], point[k]) <= 0)
            n--;
        memcpy(out[n++], point[k], sizeof *out);
    }
    return n - 1;
}

/* Takes away points well inside the octagon of the outermost points in eight directions, which
 * leaves few to sort; returns how many are left. */
static size_t drop_inner(double (*point)[2], size_t count)
{
    static const double direction[8][2] = {{1, 0},  {1, 1},   {0, 1},  {-1, 1},
                                           {-1, 0}, {-1, -1}, {0, -1}, {1, -1}};
    double corner[8][2], furthest[8];
    for (int d = 0; d < 8; d++)
        furthest[d] = -INFINITY;
    for (size_t k = 0; k < count; k++)
        for (int d = 0; d < 8; d++) {
            double along = point[k][0] * direction[d][0] + point[k][1] * direction[d][1];
            if (along > furthest[d]) {
                furthest[d] = along;
                memcpy(corner[d], point[k], sizeof corner[d]);
            }
        }
    /* By so much that no rounding decides it. */
    const double well = 1e-6 * (furthest[0] + furthest[4]) * (furthest[2] + furthest[6]);
    size_t kept = 0;
    for (size_t k = 0; k < count; k++) {
        bool inner = well > 0;
        for (int d = 0; d < 8 && inner; d++) {
            const double *a = corner[d], *b = corner[(d + 1) % 8];
            inner = (a[0] == b[0] && a[1] == b[1]) || turn(a, b, point[k]) > well;
        }
        if (!inner)
            memmove(point[kept++], point[k], sizeof *point);
    }
    return kept;
}

/* The rectangle of least area around a convex polygon: one of its sides lies on the polygon's. */
static void minimum_rectangle(double (*point)[2], size_t count, double edge[2])
{
    double least = INFINITY;
    for (size_t k = 0; k < count; k++) {
        const double *a = point[k], *b = point[(k + 1) % count];
        double u[2] = {b[0] - a[0], b[1] - a[1]}, length = hypot(u[0], u[1]);
        double low = INFINITY, high = -INFINITY, up = 0;
        if (!(length > 0))
            continue;
        for (size_t p = 0; p < count; p++) {
            double along = (point[p][0] * u[0] + point[p][1] * u[1]) / length;
            double height = turn(a, b, point[p]) / length;
            widen(along, &low, &high);
            up = height > up ? height : up;
        }
        if ((high - low) * up < least) {
            least = (high - low) * up;
            edge[0] = high - low;
            edge[1] = up;
        }
    }
}

fgf_status radiomics_minimum_box(const radiomics_hull *hull, double edge[3])
{
    fgf_status status = FGF_OK;
    double(*flat)[2] = NULL, (*polygon)[2] = NULL, least = INFINITY;
    FGF_TRY(FGF_ALLOCATE(hull->points, &flat));
    FGF_TRY(FGF_ALLOCATE(2 * hull->points, &polygon));
    for (size_t f = 0; f < hull->faces; f++) {
        const double *a = hull->point[hull->face[f][0]];
        double u[3], v[3], n[3], candidate[2] = {NAN, NAN}, low = INFINITY, high = -INFINITY;
        for (int k = 0; k < 3; k++) {
            u[k] = hull->point[hull->face[f][1]][k] - a[k];
            v[k] = hull->point[hull->face[f][2]][k] - a[k];
        }
        cross(u, v, n);
        if (!make_unit(n) || !make_unit(u))
            continue;
        cross(n, u, v);
        for (size_t p = 0; p < hull->points; p++) {
            double height = dot(hull->point[p], n);
            widen(height, &low, &high);
            flat[p][0] = dot(hull->point[p], u);
            flat[p][1] = dot(hull->point[p], v);
        }
        const size_t outer = drop_inner(flat, hull->points);
        minimum_rectangle(polygon, flat_hull(flat, outer, polygon), candidate);
        double volume = candidate[0] * candidate[1] * (high - low);
        if (volume < least) {
            least = volume;
            edge[0] = candidate[0];
            edge[1] = candidate[1];
            edge[2] = high - low;
        }
    }
done:
    fgf_free(flat);
    fgf_free(polygon);
    return status;
}

/* ---- the ellipsoid ---- */

/* Elimination in a symmetric positive matrix 4 x 4; below the diagonal are then the factors that
 * rows were taken off with. */
static void eliminate(double a[4][4])
{
    for (int k = 0; k < 4; k++)
        for (int r = k + 1; r < 4; r++) {
            double factor = a[r][k] / a[k][k];
            for (int c = k + 1; c < 4; c++)
                a[r][c] -= factor * a[k][c];
            a[r][k] = factor;
        }
}

/* Solves for the right side b with the matrix above; b becomes x. */
static void solve(double a[4][4], double b[4])
{
    for (int k = 0; k < 4; k++)
        for (int r = k + 1; r < 4; r++)
            b[r] -= a[r][k] * b[k];
    for (int k = 3; k >= 0; k--) {
        for (int c = k + 1; c < 4; c++)
            b[k] -= a[k][c] * b[c];
        b[k] /= a[k][k];
    }
}

/* Weighted second moments of the points with a 1 put before them. */
static void lifted_moments(const radiomics_hull *hull, const double *weight, double m[4][4])
{
    memset(m, 0, 16 * sizeof(double));
    for (size_t p = 0; p < hull->points; p++) {
        const double q[4] = {1, hull->point[p][0], hull->point[p][1], hull->point[p][2]};
        for (int i = 0; i < 4; i++)
            for (int j = 0; j < 4; j++)
                m[i][j] += weight[p] * q[i] * q[j];
    }
}

fgf_status radiomics_minimum_ellipsoid(const radiomics_hull *hull, double axis[3])
{
    fgf_status status = FGF_OK;
    enum { STEPS = 100000 };
    double *weight = NULL, m[4][4], covariance[3][3], value[3];
    FGF_TRY(FGF_ALLOCATE(hull->points, &weight));
    for (size_t p = 0; p < hull->points; p++)
        weight[p] = 1 / (double)hull->points;
    for (int step = 0; step < STEPS; step++) {
        size_t furthest = 0;
        double greatest = -INFINITY;
        lifted_moments(hull, weight, m);
        eliminate(m);
        for (size_t p = 0; p < hull->points; p++) {
            const double q[4] = {1, hull->point[p][0], hull->point[p][1], hull->point[p][2]};
            double x[4] = {q[0], q[1], q[2], q[3]};
            solve(m, x);
            double distance = q[0] * x[0] + q[1] * x[1] + q[2] * x[2] + q[3] * x[3];
            if (distance > greatest) {
                greatest = distance;
                furthest = p;
            }
        }
        double move = (greatest - 4) / (4 * (greatest - 1)), change = 0;
        for (size_t p = 0; p < hull->points; p++) {
            double to = (1 - move) * weight[p] + (p == furthest ? move : 0);
            change += (to - weight[p]) * (to - weight[p]);
            weight[p] = to;
        }
        if (sqrt(change) <= 1e-3)
            break;
    }
    /* The ellipsoid's matrix is the inverse of 3 times the weighted covariance. */
    lifted_moments(hull, weight, m);
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 3; j++)
            covariance[i][j] = m[i + 1][j + 1] - m[0][i + 1] * m[0][j + 1];
    radiomics_eigenvalues(covariance, value);
    for (int k = 0; k < 3; k++)
        axis[k] = sqrt(3 * value[k]);
done:
    fgf_free(weight);
    return status;
}
