#include "unit/data/files.h"

#include "fgf/image.h"
#include "fgf/memory.h"

static fgf_grid make_grid(int x, int y, int z, double sx, double sy, double sz)
{
    return (fgf_grid){.extent = {x, y, z},
                      .spacing = {sx, sy, sz},
                      .placed = true,
                      .affine = {{sx, 0, 0, -250}, {0, sy, 0, -240}, {0, 0, sz, -410}}};
}

static void expect_difference(const fgf_grid *a, const fgf_grid *b, const char *part)
{
    fgf_buffer text = {0};
    fgf_grid_differences(a, "the mask", b, "the image", &text);
    assert_int_equal(text.status, FGF_OK);
    assert_int_equal(fgf_grid_equal(a, b), part == NULL);
    if (!part)
        assert_null(text.text);
    else if (!text.text || !strstr(text.text, part) || !strstr(text.text, "the image has"))
        fail_msg("\"%s\" is not in \"%s\"", part, text.text);
    fgf_buffer_clear(&text);
}

static void differences(void **state)
{
    (void)state;
    const fgf_grid image = make_grid(512, 512, 90, 0.977, 0.977, 3);
    fgf_grid other = image;
    expect_difference(&other, &image, NULL);
    other.affine[0][3] += 0.009; /* a hundredth of a voxel is rounding */
    expect_difference(&other, &image, NULL);
    other.affine[0][3] += 0.009;
    expect_difference(&other, &image, "first voxels lie (0.018, 0, 0) mm apart");
    other = make_grid(512, 512, 88, 0.977, 0.977, 3);
    other.affine[2][3] += 6;
    expect_difference(&other, &image, "88 and 90 voxels along z, the first voxels lie (0, 0, 6)");
    expect_difference(&other, &image, "512 x 512 x 88 voxels of 0.977 x 0.977 x 3 mm from");
    other = make_grid(512, 512, 90, 0.977, 0.977, 3.27);
    expect_difference(&other, &image, "3.27 and 3 mm along z");
    other = image;
    other.spacing[2] = 3.0001;
    other.affine[2][2] = 3.0001; /* too little along one voxel, and along 90 of them */
    expect_difference(&other, &image, NULL);
    other.placed = false;
    other.affine[0][3] = 0;
    expect_difference(&other, &image, NULL); /* all that both say agrees */
    other.extent[0] = 511;
    expect_difference(&other, &image, "511 and 512 voxels along x");
}

/* Axes that run the other way or are exchanged are the same voxels in another order: not the same
 * grid, for voxel (i, j, k) lies elsewhere. */
static void directions(void **state)
{
    (void)state;
    const fgf_grid image = make_grid(64, 64, 64, 2, 2, 2);
    fgf_grid other = image;
    other.affine[1][1] = -2;
    other.affine[1][3] += 63 * 2;
    expect_difference(&other, &image, "y runs the other way");
    other = image;
    other.affine[0][0] = other.affine[1][1] = 0;
    other.affine[1][0] = other.affine[0][1] = 2;
    expect_difference(&other, &image, "its x is the other's y, its y is the other's x");
    other = image;
    other.affine[0][0] = other.affine[1][1] = 2 * cos(0.02);
    other.affine[1][0] = 2 * sin(0.02);
    other.affine[0][1] = -2 * sin(0.02);
    expect_difference(&other, &image, "x is turned by 1.15 degrees");
}

/* ---- masks on another grid ---- */

typedef struct memory_volume {
    const double *value;
    size_t slice, next;
} memory_volume;

static fgf_status next_slice(void *state, double *slice)
{
    memory_volume *volume = state;
    memcpy(slice, volume->value + volume->slice * volume->next++, volume->slice * sizeof *slice);
    return FGF_OK;
}

static void close_volume(void *state)
{
    fgf_free(state);
}

static fgf_volume *open_memory(const fgf_grid *grid, const double *value)
{
    static const fgf_volume_format format = {"memory", next_slice, close_volume};
    fgf_volume *out = NULL;
    memory_volume *volume = NULL;
    assert_int_equal(FGF_ALLOCATE(1, &volume), FGF_OK);
    volume->value = value;
    volume->slice = (size_t)(grid->extent[0] * grid->extent[1]);
    assert_int_equal(fgf_volume_create(&format, volume, grid, &out), FGF_OK);
    return out;
}

/* Against the place of every voxel: the mask of a place in the patient, sampled on one grid, on
 * another one, flipped, of other spacing, partly beyond it. */
static void resampled(void **state)
{
    (void)state;
    enum { X = 12, Y = 10, Z = 8 };
    static double value[X * Y * Z], slice[20 * 20];
    const fgf_grid mask = make_grid(X, Y, Z, 1.5, 1, 2);
    for (int p = 0; p < X * Y * Z; p++)
        value[p] = p % X >= 3 && p % X <= 8 && p / X % Y >= 3 && p / X % Y <= 6 && p / X / Y >= 2 &&
                           p / X / Y <= 5 && p * 7919 % 13 < 9
                       ? 255
                       : 0;
    fgf_grid grids[4] = {mask, mask, make_grid(20, 14, 9, 0.8, 0.9, 1.7), mask};
    grids[1].affine[0][0] = -1.5; /* flipped: the same voxels in another order */
    grids[1].affine[0][3] += 1.5 * (X - 1);
    grids[2].affine[0][3] += 2.3;
    grids[2].affine[1][3] -= 3.1;
    grids[3].affine[2][3] += 4; /* two slices on */
    for (int g = 0; g < 4; g++) {
        fgf_volume *source = open_memory(&mask, value), *out = NULL;
        assert_int_equal(fgf_mask_resample(&source, &grids[g], &out), FGF_OK);
        assert_null(source);
        assert_true(fgf_grid_equal(fgf_volume_grid(out), &grids[g]));
        size_t inside = 0;
        for (int z = 0; z < grids[g].extent[2]; z++) {
            assert_int_equal(fgf_volume_next(out, slice), FGF_OK);
            for (int y = 0; y < grids[g].extent[1]; y++)
                for (int x = 0; x < grids[g].extent[0]; x++) {
                    const double voxel[3] = {x, y, z};
                    int at[3];
                    bool beyond = false;
                    for (int k = 0; k < 3; k++) {
                        const double mm = grids[g].affine[k][k] * voxel[k] + grids[g].affine[k][3];
                        at[k] = (int)floor((mm - mask.affine[k][3]) / mask.spacing[k] + 0.5);
                        beyond |= at[k] < 0 || at[k] >= mask.extent[k];
                    }
                    const double expected = !beyond && value[(at[2] * Y + at[1]) * X + at[0]] != 0;
                    inside += expected != 0;
                    assert_true(slice[y * grids[g].extent[0] + x] == expected);
                }
        }
        assert_true(inside > 30);
        fgf_volume_close(&out);
    }
    fgf_volume *out = NULL, *source = open_memory(&mask, value);
    grids[3].affine[2][3] += 8; /* the mask begins more than a slice before the image */
    assert_int_equal(fgf_mask_resample(&source, &grids[3], &out), FGF_DATA);
    assert_message("voxels lie beyond the image");
    grids[0].placed = false;
    source = open_memory(&mask, value);
    assert_int_equal(fgf_mask_resample(&source, &grids[0], &out), FGF_DATA);
    assert_message("image does not say where");
    assert_null(source);
    value[77] = NAN;
    source = open_memory(&mask, value);
    assert_int_equal(fgf_mask_resample(&source, &grids[2], &out), FGF_DATA);
    assert_message("a voxel of the mask is nan");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(differences),
        cmocka_unit_test(directions),
        cmocka_unit_test(resampled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
