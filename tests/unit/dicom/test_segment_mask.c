#include "unit/dicom/masks.h"

enum { ROWS = 6, COLUMNS = 8, MOST_FRAMES = 12 };

/* A segmentation in memory: frames with one row of 1s, and a count of how often they were read. */
typedef struct painting {
    fgf_segmentation segmentation;
    fgf_segment segment[2];
    fgf_segment_frame frame[MOST_FRAMES];
    uint8_t inside[MOST_FRAMES][ROWS * COLUMNS];
    size_t reads;
    size_t fail_at; /* the number of the read that fails, from 1; 0 = none */
} painting;

static fgf_status read_frame(void *source, size_t frame, uint8_t *inside)
{
    fgf_status status = FGF_OK;
    painting *p = source;
    if (++p->reads == p->fail_at)
        FGF_FAIL(FGF_DATA, "frame %zu is cut short", frame + 1);
    memcpy(inside, p->inside[frame], sizeof p->inside[frame]);
done:
    return status;
}

/* Pixels as the grid's voxels from (x, y) on, and no frames yet. */
static void painting_init(painting *p, const fgf_grid *grid)
{
    memset(p, 0, sizeof *p);
    fgf_segmentation *s = &p->segmentation;
    s->rows = ROWS;
    s->columns = COLUMNS;
    for (int i = 0; i < 3; i++) {
        s->row_direction[i] = grid->affine[i][0] / grid->spacing[0];
        s->column_direction[i] = grid->affine[i][1] / grid->spacing[1];
    }
    s->spacing[0] = grid->spacing[1];
    s->spacing[1] = grid->spacing[0];
    s->segment_count = 2;
    s->segment = p->segment;
    p->segment[0] = (fgf_segment){"tumour", 1};
    p->segment[1] = (fgf_segment){"node", 5};
    s->frame = p->frame;
    s->read = read_frame;
    s->source = p;
}

/* A frame with its first pixel at a voxel of the grid. */
static uint8_t *add_frame(painting *p, const fgf_grid *grid, int segment, double x, double y,
                          double z)
{
    const size_t f = p->segmentation.frame_count++;
    p->frame[f].segment = segment;
    grid_place(grid, (const double[3]){x, y, z}, p->frame[f].position);
    return p->inside[f];
}

static const bool tumour[2] = {true, false}, joined[2] = {true, true};

static unsigned char *mask_of(const painting *p, const bool *chosen, const fgf_grid *grid,
                              fgf_buffer *remarks)
{
    fgf_volume *volume = NULL;
    const fgf_status status =
        fgf_segment_mask_open(&p->segmentation, chosen, grid, &volume, remarks);
    if (status != FGF_OK)
        print_message("%s\n", fgf_last_error()->message);
    assert_int_equal(status, FGF_OK);
    return whole_mask(&volume);
}

static void is_refused(const painting *p, const bool *chosen, const fgf_grid *grid)
{
    fgf_volume *volume = NULL;
    assert_int_equal(fgf_segment_mask_open(&p->segmentation, chosen, grid, &volume, NULL),
                     FGF_DATA);
    assert_null(volume);
}

static void frames_in_any_order(void **state)
{
    (void)state;
    for (int oblique = 0; oblique < 2; oblique++) {
        const fgf_grid grid =
            oblique ? oblique_grid(COLUMNS, ROWS, 5) : plain_grid(COLUMNS, ROWS, 5);
        painting p;
        fgf_buffer remarks = {0};
        painting_init(&p, &grid);
        add_frame(&p, &grid, 1, 0, 0, 3)[0] = 1;
        add_frame(&p, &grid, 5, 0, 0, 3)[COLUMNS + 2] = 1;
        add_frame(&p, &grid, 1, 0, 0, 2)[ROWS * COLUMNS - 1] = 1;
        add_frame(&p, &grid, 1, 0, 0, 3)[1] = 1; /* of a slice two frames */
        unsigned char *mask = mask_of(&p, tumour, &grid, &remarks);
        assert_int_equal(count_inside(mask, ROWS * COLUMNS * 5), 3);
        assert_int_equal(mask[3 * ROWS * COLUMNS], 1);
        assert_int_equal(mask[3 * ROWS * COLUMNS + 1], 1);
        assert_int_equal(mask[3 * ROWS * COLUMNS - 1], 1);
        free(mask);
        mask = mask_of(&p, joined, &grid, &remarks);
        assert_int_equal(count_inside(mask, ROWS * COLUMNS * 5), 4);
        assert_int_equal(mask[3 * ROWS * COLUMNS + COLUMNS + 2], 1);
        assert_int_equal(remarks.length, 0);
        free(mask);
    }
}

/* All eight ways in which rows and columns can lie along the grid's, shifted by whole voxels. */
static void flipped_swapped_shifted(void **state)
{
    (void)state;
    const fgf_grid grid = oblique_grid(20, 20, 2);
    for (int way = 0; way < 8; way++) {
        painting p;
        painting_init(&p, &grid);
        fgf_grid square = grid; /* swapping needs square voxels */
        square.spacing[1] = square.spacing[0];
        for (int i = 0; i < 3; i++)
            square.affine[i][1] *= square.spacing[0] / grid.spacing[1];
        fgf_segmentation *s = &p.segmentation;
        s->spacing[0] = s->spacing[1] = square.spacing[0];
        const int signs[2] = {way & 1 ? -1 : 1, way & 2 ? -1 : 1}, swap = way >> 2;
        for (int i = 0; i < 3; i++) {
            s->row_direction[i] = signs[0] * square.affine[i][swap] / square.spacing[0];
            s->column_direction[i] = signs[1] * square.affine[i][1 - swap] / square.spacing[0];
        }
        uint8_t *inside = add_frame(&p, &square, 1, 9, 10, 1);
        inside[2 * COLUMNS + 5] = 1; /* row 2, column 5 */
        unsigned char *mask = mask_of(&p, tumour, &square, NULL);
        const int along_x = swap ? signs[1] * 2 : signs[0] * 5;
        const int along_y = swap ? signs[0] * 5 : signs[1] * 2;
        assert_int_equal(count_inside(mask, 800), 1);
        assert_int_equal(mask[400 + (10 + along_y) * 20 + 9 + along_x], 1);
        free(mask);
    }
}

/* A frame may reach over the image where it holds nothing there. */
static void larger_than_the_image(void **state)
{
    (void)state;
    const fgf_grid grid = plain_grid(COLUMNS - 2, ROWS - 2, 3);
    painting p;
    painting_init(&p, &grid);
    uint8_t *inside = add_frame(&p, &grid, 1, -1, -1, 1);
    inside[1 * COLUMNS + 1] = 1;
    add_frame(&p, &grid, 1, -1, -1, 7); /* empty, beyond the last slice */
    unsigned char *mask = mask_of(&p, tumour, &grid, NULL);
    assert_int_equal(count_inside(mask, (COLUMNS - 2) * (ROWS - 2) * 3), 1);
    assert_int_equal(mask[(COLUMNS - 2) * (ROWS - 2)], 1);
    free(mask);
    inside[0] = 1;
    is_refused(&p, tumour, &grid);
    MESSAGE_HAS("reaches out of the image");
    inside[0] = 0;
    p.inside[1][COLUMNS + 1] = 1;
    is_refused(&p, tumour, &grid);
}

static void other_geometries(void **state)
{
    (void)state;
    const fgf_grid grid = plain_grid(COLUMNS, ROWS, 5);
    painting p;
    painting_init(&p, &grid);
    add_frame(&p, &grid, 1, 0, 0, 1)[0] = 1;
    add_frame(&p, &grid, 1, 0, 0, 1.5)[0] = 1;
    is_refused(&p, tumour, &grid);
    MESSAGE_HAS("the segmentation has frames between the image's slices: "
                "8 x 6 x 2 voxels of 1 x 1 x 1.5 mm from (-10, 20, -27) mm; image: "
                "8 x 6 x 5 voxels of 1 x 1 x 3 mm from (-10, 20, -30) mm; import the series");
    painting_init(&p, &grid);
    add_frame(&p, &grid, 1, 0.5, 0, 1)[0] = 1;
    is_refused(&p, tumour, &grid);
    MESSAGE_HAS("pixels between the image's voxels");
    painting_init(&p, &grid);
    add_frame(&p, &grid, 1, 0, 0, 1)[0] = 1;
    p.segmentation.spacing[1] = 2;
    is_refused(&p, tumour, &grid);
    MESSAGE_HAS("pixels of another size");
    p.segmentation.spacing[1] = 1.02; /* adds up to more than a voxel may be off */
    is_refused(&p, tumour, &grid);
    MESSAGE_HAS("pixels between the image's voxels");
    p.segmentation.spacing[1] = 1;
    p.segmentation.row_direction[0] = 0; /* sagittal */
    p.segmentation.row_direction[2] = 1;
    is_refused(&p, tumour, &grid);
    MESSAGE_HAS("other directions");
    p.segmentation.row_direction[1] = 1;
    p.segmentation.row_direction[2] = 0;
    is_refused(&p, tumour, &grid);
    MESSAGE_HAS("rows and columns in one direction");
    painting_init(&p, &grid);
    add_frame(&p, &grid, 1, 0, 0, 1)[0] = 1;
    p.frame[0].position[0] = 1e300;
    is_refused(&p, tumour, &grid);
    p.frame[0].position[0] = NAN;
    is_refused(&p, tumour, &grid);
}

static void nothing_inside(void **state)
{
    (void)state;
    const fgf_grid grid = plain_grid(COLUMNS, ROWS, 5);
    const bool none[2] = {false};
    painting p;
    painting_init(&p, &grid);
    is_refused(&p, tumour, &grid);
    MESSAGE_HAS("no frames");
    add_frame(&p, &grid, 1, 0, 0, 1);
    add_frame(&p, &grid, 5, 0, 0, 1)[0] = 1;
    is_refused(&p, tumour, &grid);
    MESSAGE_HAS("no voxel lies inside \"tumour\"");
    is_refused(&p, none, &grid);
    MESSAGE_HAS("none is chosen");
    add_frame(&p, &grid, 3, 0, 0, 1);
    is_refused(&p, tumour, &grid);
    MESSAGE_HAS("frame 3 belongs to segment 3");
}

static void gaps_between_frames(void **state)
{
    (void)state;
    const fgf_grid grid = plain_grid(COLUMNS, ROWS, 30);
    painting p;
    fgf_buffer remarks = {0};
    painting_init(&p, &grid);
    for (int k = 0; k < 9; k++)
        add_frame(&p, &grid, 1, 0, 0, 3 * k)[0] = 1;
    free(mask_of(&p, tumour, &grid, &remarks));
    assert_string_equal(remarks.text, "\"tumour\": no frame in slice 2-3, 5-6, 8-9, 11-12, 14-15, "
                                      "17-18, ... (16 slices) between its frames\n");
    fgf_buffer_clear(&remarks);
}

static void own_grid(void **state)
{
    (void)state;
    const fgf_grid grid = oblique_grid(COLUMNS, ROWS, 9);
    fgf_grid own;
    painting p;
    painting_init(&p, &grid);
    assert_int_equal(fgf_segment_grid(&p.segmentation, &own), FGF_DATA);
    const double z[] = {8, 0, 2, 6};
    for (int k = 0; k < 4; k++)
        add_frame(&p, &grid, 1, 0, 0, z[k])[k] = 1;
    assert_int_equal(fgf_segment_grid(&p.segmentation, &own), FGF_OK);
    assert_int_equal(own.extent[0], COLUMNS);
    assert_int_equal(own.extent[1], ROWS);
    assert_int_equal(own.extent[2], 5); /* with one left out */
    assert_true(fabs(own.spacing[2] - 5) < 1e-9);
    unsigned char *mask = mask_of(&p, tumour, &own, NULL);
    assert_int_equal(count_inside(mask, ROWS * COLUMNS * 5), 4);
    free(mask);
    p.frame[1].position[0] += 1;
    assert_int_equal(fgf_segment_grid(&p.segmentation, &own), FGF_DATA);
    MESSAGE_HAS("not above each other");
    painting_init(&p, &grid);
    add_frame(&p, &grid, 1, 0, 0, 4);
    assert_int_equal(fgf_segment_grid(&p.segmentation, &own), FGF_OK);
    assert_int_equal(own.extent[2], 1);
}

/* Errors of the file come through, whenever they do; memory that fails too. */
static void faults(void **state)
{
    (void)state;
    const fgf_grid grid = plain_grid(COLUMNS, ROWS, 2);
    double slice[ROWS * COLUMNS];
    painting p;
    painting_init(&p, &grid);
    add_frame(&p, &grid, 1, 0, 0, 0)[0] = 1;
    add_frame(&p, &grid, 1, 0, 0, 1)[0] = 1;
    for (size_t n = 1; n <= 3; n++) {
        fgf_volume *volume = NULL;
        p.reads = 0;
        p.fail_at = n;
        fgf_status status = fgf_segment_mask_open(&p.segmentation, tumour, &grid, &volume, NULL);
        for (int z = 0; z < 2 && status == FGF_OK; z++)
            status = fgf_volume_next(volume, slice);
        assert_int_equal(status, FGF_DATA);
        MESSAGE_HAS("cut short");
        fgf_volume_close(&volume);
    }
    p.fail_at = 0;
    for (int refused = 0; refused < 2; refused++) {
        fgf_status status = FGF_MEMORY;
        if (refused)
            p.frame[1].position[0] += 0.5;
        for (long n = 1; status == FGF_MEMORY; n++) {
            fgf_volume *volume = NULL;
            fgf_buffer remarks = {0};
            fgf_allocation_fail_at(n);
            status = fgf_segment_mask_open(&p.segmentation, tumour, &grid, &volume, &remarks);
            fgf_allocation_fail_at(0);
            fgf_volume_close(&volume);
            fgf_buffer_clear(&remarks);
            assert_true(n < 100);
        }
        assert_int_equal(status, refused ? FGF_DATA : FGF_OK);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_in_any_order),
        cmocka_unit_test(flipped_swapped_shifted),
        cmocka_unit_test(larger_than_the_image),
        cmocka_unit_test(other_geometries),
        cmocka_unit_test(nothing_inside),
        cmocka_unit_test(gaps_between_frames),
        cmocka_unit_test(own_grid),
        cmocka_unit_test(faults),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
