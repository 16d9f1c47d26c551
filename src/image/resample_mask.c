#include "fgf/image.h"
#include "fgf/memory.h"

#include <math.h>
#include <string.h>

typedef struct resampled {
    fgf_grid source, grid;
    double to_source[3][4]; /* voxel of the grid to voxel of the source */
    double to_grid[3][4];   /* the other way */
    uint8_t *inside;        /* of the source, [z][y][x] */
    int next;
} resampled;

/* out = the source's inverse map after the grid's map. FGF_DATA: a map without an inverse. */
static fgf_status join_maps(const fgf_grid *source, const fgf_grid *grid, double out[3][4])
{
    fgf_status status = FGF_OK;
    const double(*m)[4] = source->affine;
    double inverse[3][3], determinant = 0;
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 3; j++) {
            const int a = (j + 1) % 3, b = (j + 2) % 3, c = (i + 1) % 3, d = (i + 2) % 3;
            inverse[i][j] = m[a][c] * m[b][d] - m[a][d] * m[b][c];
        }
    for (int j = 0; j < 3; j++)
        determinant += m[0][j] * inverse[j][0];
    const double volume = source->spacing[0] * source->spacing[1] * source->spacing[2];
    if (!(fabs(determinant) > 1e-6 * volume))
        FGF_FAIL(FGF_DATA, "a grid's axes lie in one plane");
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 4; j++) {
            out[i][j] = 0;
            for (int k = 0; k < 3; k++)
                out[i][j] += inverse[i][k] / determinant *
                             (grid->affine[k][j] - (j == 3 ? source->affine[k][3] : 0));
        }
done:
    return status;
}

/* Where a voxel lies on the other grid. */
static void map_voxel(const double map[3][4], int x, int y, int z, double out[3])
{
    for (int k = 0; k < 3; k++)
        out[k] = map[k][0] * x + map[k][1] * y + map[k][2] * z + map[k][3];
}

static fgf_status next_slice(void *state, double *slice)
{
    resampled *r = state;
    const int *from = r->source.extent, *to = r->grid.extent;
    for (int y = 0; y < to[1]; y++)
        for (int x = 0; x < to[0]; x++) {
            double t[3];
            long at[3];
            bool beyond = false;
            map_voxel(r->to_source, x, y, r->next, t);
            for (int k = 0; k < 3; k++) {
                at[k] = t[k] > -1 && t[k] < from[k] + 1 ? (long)floor(t[k] + 0.5) : -1;
                beyond |= at[k] < 0 || at[k] >= from[k];
            }
            slice[(size_t)y * (size_t)to[0] + (size_t)x] =
                !beyond &&
                r->inside[((size_t)at[2] * (size_t)from[1] + (size_t)at[1]) * (size_t)from[0] +
                          (size_t)at[0]];
        }
    r->next++;
    return FGF_OK;
}

static void close_resampled(void *state)
{
    resampled *r = state;
    fgf_free(r->inside);
    fgf_free(r);
}

static const fgf_volume_format format = {
    .name = "resampled mask", .next = next_slice, .close = close_resampled};

/* Whether a voxel inside lies more than a voxel's width off the new grid, where it would be lost.
 */
static bool is_lost(const resampled *r, int x, int y, int z)
{
    double t[3];
    bool lost = false;
    map_voxel(r->to_grid, x, y, z, t);
    for (int k = 0; k < 3; k++)
        lost |= !(t[k] >= -1 && t[k] <= r->grid.extent[k]);
    return lost;
}

static fgf_status read_mask(fgf_volume *mask, resampled *r)
{
    fgf_status status = FGF_OK;
    const size_t width = (size_t)r->source.extent[0];
    const size_t count = width * (size_t)r->source.extent[1];
    size_t inside = 0, lost = 0;
    double *slice = NULL;
    FGF_TRY(FGF_ALLOCATE(count, &slice));
    FGF_TRY(FGF_ALLOCATE(count * (size_t)r->source.extent[2], &r->inside));
    for (int z = 0; z < r->source.extent[2]; z++) {
        FGF_TRY(fgf_volume_next(mask, slice));
        for (size_t p = 0; p < count; p++) {
            if (!isfinite(slice[p]))
                FGF_FAIL(FGF_DATA, "a voxel of the mask is %g", slice[p]);
            if (slice[p] == 0)
                continue;
            r->inside[count * (size_t)z + p] = 1;
            inside++;
            lost += is_lost(r, (int)(p % width), (int)(p / width), z);
        }
    }
    if (lost > 0)
        FGF_FAIL(FGF_DATA,
                 "%zu of the mask's %zu voxels lie beyond the image, on which it is to be put: is "
                 "it the image that the mask was drawn on?",
                 lost, inside);
done:
    fgf_free(slice);
    return status;
}

fgf_status fgf_mask_resample(fgf_volume **mask, const fgf_grid *grid, fgf_volume **out)
{
    fgf_status status = FGF_OK;
    resampled *r = NULL;
    void *state = NULL;
    *out = NULL;
    FGF_TRY(FGF_ALLOCATE(1, &r));
    r->source = *fgf_volume_grid(*mask);
    r->grid = *grid;
    if (!r->source.placed || !grid->placed)
        FGF_FAIL(FGF_DATA,
                 "the %s does not say where in the patient it lies, so the mask cannot "
                 "be resampled onto it",
                 grid->placed ? "mask" : "image");
    FGF_TRY(join_maps(&r->source, grid, r->to_source));
    FGF_TRY(join_maps(grid, &r->source, r->to_grid));
    FGF_TRY(read_mask(*mask, r));
    state = r;
    r = NULL;
    FGF_TRY(fgf_volume_create(&format, state, grid, out));
done:
    if (r)
        close_resampled(r);
    fgf_volume_close(mask);
    return status;
}
