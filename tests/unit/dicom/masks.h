/* Structures and segmentations built in memory, and masks read whole. */
#ifndef FGF_TEST_IMAGE_MASKS_H
#define FGF_TEST_IMAGE_MASKS_H

#include "fgf/contour.h"
#include "fgf/memory.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { MOST_CONTOURS = 64, MOST_POINTS = 4096 };

/* A structure set that grows contour by contour. */
typedef struct drawing {
    fgf_structure_set set;
    fgf_structure structure[4];
    fgf_contour contour[4][MOST_CONTOURS];
    double point[MOST_POINTS][3];
    size_t points;
} drawing;

static inline void drawing_init(drawing *d)
{
    static const char *const names[] = {"GTV", "GTV1", "BODY", "POINTS"};
    memset(d, 0, sizeof *d);
    d->set.structure = d->structure;
    d->set.count = 4;
    for (int i = 0; i < 4; i++) {
        strcpy(d->structure[i].name, names[i]);
        d->structure[i].contour = d->contour[i];
    }
}

/* The place of a voxel of the grid. */
static inline void grid_place(const fgf_grid *grid, const double voxel[3], double mm[3])
{
    for (int i = 0; i < 3; i++)
        mm[i] = grid->affine[i][0] * voxel[0] + grid->affine[i][1] * voxel[1] +
                grid->affine[i][2] * voxel[2] + grid->affine[i][3];
}

/* Adds a closed contour whose points [count][2] are voxels of slice z of the grid. */
static inline fgf_contour *draw_contour(drawing *d, int structure, const fgf_grid *grid, double z,
                                        const double (*point)[2], size_t count)
{
    fgf_structure *s = &d->structure[structure];
    assert_true(s->contour_count < MOST_CONTOURS && d->points + count <= MOST_POINTS);
    fgf_contour *contour = &d->contour[structure][s->contour_count++];
    *contour = (fgf_contour){true, count, d->point[d->points]};
    for (size_t p = 0; p < count; p++)
        grid_place(grid, (const double[3]){point[p][0], point[p][1], z}, d->point[d->points++]);
    return contour;
}

static inline fgf_contour *draw_box(drawing *d, int structure, const fgf_grid *grid, double z,
                                    double x0, double y0, double x1, double y1)
{
    const double point[4][2] = {{x0, y0}, {x1, y0}, {x1, y1}, {x0, y1}};
    return draw_contour(d, structure, grid, z, point, 4);
}

/* A grid along the patient's axes: spacing 1, 1, 3 mm from (-10, 20, -30). */
static inline fgf_grid plain_grid(int width, int height, int depth)
{
    return (fgf_grid){.extent = {width, height, depth},
                      .spacing = {1, 1, 3},
                      .placed = true,
                      .affine = {{1, 0, 0, -10}, {0, 1, 0, 20}, {0, 0, 3, -30}}};
}

/* An oblique one: columns, rows and slices along a rotated frame, x flipped. */
static inline fgf_grid oblique_grid(int width, int height, int depth)
{
    fgf_grid grid = {.extent = {width, height, depth}, .spacing = {0.7, 0.9, 2.5}, .placed = true};
    const double a = 0.4, b = 1.1;
    const double axis[3][3] = {
        {-cos(a), -sin(a), 0},
        {-sin(a) * cos(b), cos(a) * cos(b), sin(b)},
        {-sin(a) * sin(b), cos(a) * sin(b), -cos(b)}}; /* rotation with flips: orthonormal */
    for (int k = 0; k < 3; k++)
        for (int i = 0; i < 3; i++)
            grid.affine[i][k] = axis[k][i] * grid.spacing[k];
    grid.affine[0][3] = 123.4;
    grid.affine[1][3] = -56.7;
    grid.affine[2][3] = 8.9;
    return grid;
}

/* All slices of a mask, 0 or 1 each; *volume is closed. Freed by the caller. */
static inline unsigned char *whole_mask(fgf_volume **volume)
{
    const int *extent = fgf_volume_grid(*volume)->extent;
    const size_t area = (size_t)extent[0] * (size_t)extent[1];
    unsigned char *mask = malloc(area * (size_t)extent[2]);
    double *slice = malloc(area * sizeof *slice);
    for (int z = 0; z < extent[2]; z++) {
        for (size_t p = 0; p < area; p++)
            slice[p] = NAN; /* every voxel is to be written */
        assert_int_equal(fgf_volume_next(*volume, slice), FGF_OK);
        for (size_t p = 0; p < area; p++) {
            assert_true(slice[p] == 0 || slice[p] == 1);
            mask[(size_t)z * area + p] = (unsigned char)slice[p];
        }
    }
    free(slice);
    fgf_volume_close(volume);
    return mask;
}

static inline size_t count_inside(const unsigned char *mask, size_t voxels)
{
    size_t count = 0;
    for (size_t p = 0; p < voxels; p++)
        count += mask[p];
    return count;
}

#define MESSAGE_HAS(text) assert_non_null(strstr(fgf_last_error()->message, text))

#endif
