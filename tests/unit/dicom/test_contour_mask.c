#include "unit/dicom/masks.h"

#include "fgf/log.h"
#include "fgf/random.h"

static const bool first_only[4] = {true}, first_two[4] = {true, true};

/* The mask of the chosen structures; remarks may be NULL. Freed by the caller. */
static unsigned char *mask_of(const drawing *d, const bool *chosen, const fgf_grid *grid,
                              fgf_buffer *remarks)
{
    fgf_volume *volume = NULL;
    const fgf_status status = fgf_contour_mask_open(&d->set, chosen, grid, &volume, remarks);
    if (status != FGF_OK)
        print_message("%s\n", fgf_last_error()->message);
    assert_int_equal(status, FGF_OK);
    return whole_mask(&volume);
}

static void is_refused(const drawing *d, const bool *chosen, const fgf_grid *grid)
{
    fgf_volume *volume = NULL;
    assert_int_equal(fgf_contour_mask_open(&d->set, chosen, grid, &volume, NULL), FGF_DATA);
    assert_null(volume);
}

/* Whether the mask of depth 1 holds exactly the voxels drawn with '#'. */
static void looks_like(const unsigned char *mask, const char *picture)
{
    for (size_t p = 0; picture[p]; p++)
        assert_int_equal(mask[p], picture[p] == '#');
}

/* ---- what is inside ---- */

static void rectangles(void **state)
{
    (void)state;
    for (int oblique = 0; oblique < 2; oblique++) {
        drawing d;
        const fgf_grid grid = oblique ? oblique_grid(9, 7, 5) : plain_grid(9, 7, 5);
        drawing_init(&d);
        draw_box(&d, 0, &grid, 1, 1.5, 0.5, 4.5, 2.5); /* between centres */
        draw_box(&d, 0, &grid, 3, -0.5, -0.5, 8.5, 6.5);
        unsigned char *mask = mask_of(&d, first_only, &grid, NULL);
        for (int z = 0; z < 5; z++)
            for (int y = 0; y < 7; y++)
                for (int x = 0; x < 9; x++)
                    assert_int_equal(mask[(z * 7 + y) * 9 + x],
                                     z == 3 || (z == 1 && x >= 2 && x <= 4 && y >= 1 && y <= 2));
        free(mask);
    }
}

/* A centre on an edge belongs to the side of higher x, then of higher y. */
static void centres_on_edges(void **state)
{
    (void)state;
    for (int oblique = 0; oblique < 2; oblique++) {
        const fgf_grid grid = oblique ? oblique_grid(5, 4, 1) : plain_grid(5, 4, 1);
        const double square[4][2] = {{1, 1}, {3, 1}, {3, 3}, {1, 3}};
        const double diamond[4][2] = {{2, 0}, {4, 2}, {2, 4}, {0, 2}};
        const double backwards[4][2] = {{0, 2}, {2, 4}, {4, 2}, {2, 0}};
        drawing d;
        drawing_init(&d);
        draw_contour(&d, 0, &grid, 0, square, 4);
        unsigned char *mask = mask_of(&d, first_only, &grid, NULL);
        looks_like(mask, "....."
                         ".##.."
                         ".##.."
                         ".....");
        free(mask);
        drawing_init(&d);
        draw_contour(&d, 0, &grid, 0, diamond, 4);
        draw_contour(&d, 1, &grid, 0, backwards, 4);
        for (int structure = 0; structure < 2; structure++) {
            const bool one[4] = {structure == 0, structure == 1};
            mask = mask_of(&d, one, &grid, NULL);
            looks_like(mask, "....."
                             ".##.."
                             "####."
                             ".##..");
            free(mask);
        }
    }
}

/* Less than a lattice unit beside a centre is not on it: the edge from (3, 0) to (3 + 2^-16, 4). */
static void nearly_on_centres(void **state)
{
    (void)state;
    const fgf_grid grid = plain_grid(7, 5, 1);
    const double point[4][2] = {{3, 0}, {6, 0}, {6, 4}, {3 + 0x1p-16, 4}};
    drawing d;
    drawing_init(&d);
    draw_contour(&d, 0, &grid, 0, point, 4);
    unsigned char *mask = mask_of(&d, first_only, &grid, NULL);
    looks_like(mask, "...###."
                     "....##."
                     "....##."
                     "....##."
                     ".......");
    free(mask);
}

static void holes(void **state)
{
    (void)state;
    const fgf_grid grid = plain_grid(7, 5, 1);
    const char *const ring = ".#####."
                             ".#...#."
                             ".#...#."
                             ".#####."
                             ".......";
    const double keyhole[12][2] = {{0.5, -0.5}, {5.5, -0.5}, {5.5, 3.5}, {0.5, 3.5},
                                   {0.5, 1},    {1.5, 1},    {1.5, 2.5}, {4.5, 2.5},
                                   {4.5, 0.5},  {1.5, 0.5},  {1.5, 1},   {0.5, 1}};
    drawing d;
    drawing_init(&d);
    draw_contour(&d, 0, &grid, 0, keyhole, 12);
    draw_box(&d, 1, &grid, 0, 0.5, -0.5, 5.5, 3.5);
    draw_box(&d, 1, &grid, 0, 1.5, 0.5, 4.5, 2.5);
    fgf_buffer remarks = {0};
    for (int structure = 0; structure < 2; structure++) {
        const bool one[4] = {structure == 0, structure == 1};
        unsigned char *mask = mask_of(&d, one, &grid, &remarks);
        looks_like(mask, ring);
        free(mask);
    }
    assert_int_equal(remarks.length, 0);
    /* The hole may come first. */
    drawing_init(&d);
    draw_box(&d, 0, &grid, 0, 1.5, 0.5, 4.5, 2.5);
    draw_box(&d, 0, &grid, 0, 0.5, -0.5, 5.5, 3.5);
    unsigned char *mask = mask_of(&d, first_only, &grid, &remarks);
    looks_like(mask, ring);
    free(mask);
    /* Another structure in the hole fills it: structures are joined by or. */
    drawing_init(&d);
    draw_box(&d, 0, &grid, 0, 0.5, -0.5, 5.5, 3.5);
    draw_box(&d, 1, &grid, 0, 1.5, 0.5, 4.5, 2.5);
    mask = mask_of(&d, first_two, &grid, &remarks);
    assert_int_equal(count_inside(mask, 35), 20);
    assert_int_equal(remarks.length, 0);
    free(mask);
}

/* ---- properties ---- */

static double uniform(fgf_stream *stream, double low, double high)
{
    return low + (high - low) * fgf_stream_uniform(stream);
}

/* A star-shaped polygon about the middle of a 64 x 64 slice. With grain 8 its corners are on a
 * lattice of 1/8 voxel, so that centres lie on its edges. */
static size_t random_star(fgf_stream *stream, double grain, double (*point)[2])
{
    const size_t count = 3 + (size_t)uniform(stream, 0, 30);
    for (size_t k = 0; k < count; k++) {
        const double angle =
            6.283185307179586 * ((double)k + 0.9 * uniform(stream, 0, 1)) / (double)count;
        const double radius = uniform(stream, 5, 31);
        point[k][0] = round(grain * (31.5 + radius * cos(angle))) / grain;
        point[k][1] = round(grain * (31.5 + radius * sin(angle))) / grain;
    }
    return count;
}

/* Even-odd by counting crossings of the ray to lower x, as the header's rule says it. */
static bool inside(const double (*point)[2], size_t count, int x, int y)
{
    bool in = false;
    for (size_t k = 0; k < count; k++) {
        const double *a = point[k], *b = point[(k + 1) % count];
        if (a[1] > b[1]) {
            const double *swap = a;
            a = b;
            b = swap;
        }
        if (a[1] <= y && y < b[1])
            in ^= (x - a[0]) * (b[1] - a[1]) >= (y - a[1]) * (b[0] - a[0]);
    }
    return in;
}

static void random_polygons(void **state)
{
    (void)state;
    enum { N = 64, TRIALS = 300 };
    fgf_stream stream = fgf_stream_open(20230713, FGF_PURPOSE_TEST, 1, 0);
    double areas = 0, voxels = 0;
    for (int trial = 0; trial < TRIALS; trial++) {
        double point[40][2], twice_area = 0, perimeter = 0;
        drawing d;
        const fgf_grid grid = trial % 2 ? oblique_grid(N, N, 1) : plain_grid(N, N, 1);
        const size_t count = random_star(&stream, 8, point);
        drawing_init(&d);
        draw_contour(&d, 0, &grid, 0, (const double(*)[2])point, count);
        unsigned char *mask = mask_of(&d, first_only, &grid, NULL);
        for (int y = 0; y < N; y++)
            for (int x = 0; x < N; x++)
                assert_int_equal(mask[y * N + x], inside((const double(*)[2])point, count, x, y));
        for (size_t k = 0; k < count; k++) {
            const double *a = point[k], *b = point[(k + 1) % count];
            twice_area += a[0] * b[1] - b[0] * a[1];
            perimeter += hypot(b[0] - a[0], b[1] - a[1]);
        }
        const double inside_count = (double)count_inside(mask, N * N);
        /* The shoelace formula, to less than the voxels on the outline. */
        assert_true(fabs(fabs(twice_area) / 2 - inside_count) <= 1 + 0.5 * perimeter);
        areas += fabs(twice_area) / 2;
        voxels += inside_count;
        free(mask);
    }
    assert_true(fabs(voxels / areas - 1) < 2e-3);
}

/* The part of a polygon on the side of a line where sign (normal . point - offset) >= 0. Both sides
 * get the very same new corners. */
static size_t clip(const double (*point)[2], size_t count, const double normal[2], double offset,
                   double sign, double (*out)[2])
{
    size_t kept = 0;
    for (size_t k = 0; k < count; k++) {
        const double *a = point[k], *b = point[(k + 1) % count];
        const double side_a = normal[0] * a[0] + normal[1] * a[1] - offset;
        const double side_b = normal[0] * b[0] + normal[1] * b[1] - offset;
        if (sign * side_a >= 0) {
            out[kept][0] = a[0];
            out[kept++][1] = a[1];
        }
        if (side_a * side_b < 0) {
            const double t = side_a / (side_a - side_b);
            out[kept][0] = a[0] + t * (b[0] - a[0]);
            out[kept++][1] = a[1] + t * (b[1] - a[1]);
        }
    }
    return kept;
}

/* The parts of a polygon on the two sides of any line share no voxel and leave none out. */
static void halves(void **state)
{
    (void)state;
    enum { N = 64, TRIALS = 300 };
    fgf_stream stream = fgf_stream_open(20230713, FGF_PURPOSE_TEST, 2, 0);
    size_t differing = 0, both = 0;
    for (int trial = 0; trial < TRIALS; trial++) {
        double point[40][2], part[80][2];
        unsigned char *mask[3];
        const fgf_grid grid = trial % 2 ? oblique_grid(N, N, 1) : plain_grid(N, N, 1);
        const size_t count = random_star(&stream, 1e9, point);
        const double angle = uniform(&stream, 0, 3.14), normal[2] = {cos(angle), sin(angle)};
        const double offset = 31.5 * (normal[0] + normal[1]) + uniform(&stream, -1, 1);
        if (count < 5) /* the line may miss it */
            continue;
        for (int side = 0; side < 3; side++) {
            drawing d;
            drawing_init(&d);
            const size_t corners = side < 2 ? clip((const double(*)[2])point, count, normal, offset,
                                                   side ? 1 : -1, part)
                                            : 0;
            draw_contour(&d, 0, &grid, 0, (const double(*)[2])(side < 2 ? part : point),
                         side < 2 ? corners : count);
            mask[side] = mask_of(&d, first_only, &grid, NULL);
        }
        for (size_t p = 0; p < N * N; p++) {
            both += mask[0][p] & mask[1][p];
            differing += (mask[0][p] | mask[1][p]) != mask[2][p];
        }
        for (int side = 0; side < 3; side++)
            free(mask[side]);
    }
    assert_int_equal(both, 0);
    assert_int_equal(differing, 0);
}

/* Triangles about any corner, of lattice points: each voxel of the whole is in exactly one. */
static void triangles_partition(void **state)
{
    (void)state;
    enum { N = 64, TRIALS = 100 };
    fgf_stream stream = fgf_stream_open(20230713, FGF_PURPOSE_TEST, 3, 0);
    for (int trial = 0; trial < TRIALS; trial++) {
        double point[40][2];
        unsigned char times[N * N] = {0};
        const fgf_grid grid = trial % 2 ? oblique_grid(N, N, 1) : plain_grid(N, N, 1);
        const size_t count = random_star(&stream, 8, point);
        if (count < 5) /* the middle may lie outside */
            continue;
        bool whole[4] = {true};
        for (size_t k = 0; k < count; k++) {
            const size_t next = (k + 1) % count;
            const double triangle[3][2] = {
                {31.5, 31.5}, {point[k][0], point[k][1]}, {point[next][0], point[next][1]}};
            drawing d;
            fgf_volume *volume = NULL;
            drawing_init(&d);
            draw_contour(&d, 0, &grid, 0, triangle, 3);
            if (fgf_contour_mask_open(&d.set, whole, &grid, &volume, NULL) != FGF_OK)
                continue; /* too thin for a centre */
            unsigned char *mask = whole_mask(&volume);
            for (size_t p = 0; p < N * N; p++)
                times[p] = (unsigned char)(times[p] + mask[p]);
            free(mask);
        }
        drawing d;
        drawing_init(&d);
        draw_contour(&d, 0, &grid, 0, (const double(*)[2])point, count);
        unsigned char *mask = mask_of(&d, whole, &grid, NULL);
        assert_memory_equal(times, mask, N * N);
        free(mask);
    }
}

/* ---- refusals, with both geometries ---- */

static void between_slices(void **state)
{
    const fgf_grid grid = *(const fgf_grid *)*state;
    drawing d;
    fgf_grid own;
    drawing_init(&d);
    for (int k = 0; k < 6; k++) /* planes 2 mm apart on slices of 3 mm */
        draw_box(&d, 0, &grid, 2.0 / 3 * k, 1.5, 0.5, 4.5, 2.5);
    d.contour[0][0].closed_planar = false; /* a remark, which a refusal takes back */
    fgf_buffer nothing = {0};
    fgf_buffer_add(&nothing, "before");
    fgf_volume *volume = NULL;
    assert_int_equal(fgf_contour_mask_open(&d.set, first_only, &grid, &volume, &nothing), FGF_DATA);
    assert_string_equal(nothing.text, "before");
    fgf_buffer_clear(&nothing);
    d.contour[0][0].closed_planar = true;
    is_refused(&d, first_only, &grid);
    MESSAGE_HAS("\"GTV\", contour 2 of 6 lies 1 mm off slice 2");
    MESSAGE_HAS("4 of 6 contours do not fit");
    MESSAGE_HAS("in 6 planes, 2 mm apart");
    MESSAGE_HAS("9 x 7 x 5 voxels of 1 x 1 x 3 mm");
    MESSAGE_HAS("ask for the mask to be resampled");
    /* Its own grid takes it. */
    assert_int_equal(fgf_contour_grid(&d.set, first_only, &grid, &own), FGF_OK);
    assert_int_equal(own.extent[2], 6);
    assert_true(fabs(own.spacing[2] - 2) < 1e-12);
    assert_true(fabs(own.affine[2][2] - grid.affine[2][2] * 2 / 3) < 1e-12);
    unsigned char *mask = mask_of(&d, first_only, &own, NULL);
    assert_int_equal(count_inside(mask, 9 * 7 * 6), 6 * 6);
    free(mask);
    /* A quarter is the limit, and a remark. */
    fgf_buffer remarks = {0};
    drawing_init(&d);
    draw_box(&d, 0, &grid, 1.24, 1.5, 0.5, 4.5, 2.5);
    free(mask_of(&d, first_only, &grid, &remarks));
    assert_string_equal(remarks.text, "\"GTV\": contours lie up to 0.72 mm off their slices\n");
    fgf_buffer_clear(&remarks);
    drawing_init(&d);
    draw_box(&d, 0, &grid, 1.26, 1.5, 0.5, 4.5, 2.5);
    is_refused(&d, first_only, &grid);
}

static void between_slices_either_way(void **state)
{
    fgf_grid up = plain_grid(9, 7, 5), down = up;
    void *grid = &up;
    (void)state;
    between_slices(&grid);
    down.affine[2][2] = -3; /* slices from head to foot: a left-handed grid */
    grid = &down;
    between_slices(&grid);
}

static void not_parallel(void **state)
{
    (void)state;
    drawing d;
    const fgf_grid grid = plain_grid(9, 7, 5);
    fgf_grid own;
    drawing_init(&d);
    draw_box(&d, 0, &grid, 1, 1.5, 0.5, 4.5, 2.5);
    d.point[0][2] += 3.3; /* its first corner a slice higher */
    is_refused(&d, first_only, &grid);
    MESSAGE_HAS("not parallel to the image's slices, across which it extends 3.3 mm");
    MESSAGE_HAS("1 contour from (-8.5, 20.5, -27) to (-5.5, 22.5, -23.7) mm");
    MESSAGE_HAS("on the slices of this series");
    assert_int_equal(fgf_contour_grid(&d.set, first_only, &grid, &own), FGF_DATA);
    /* A little is within what a contour may be off its slice. */
    drawing_init(&d);
    draw_box(&d, 0, &grid, 1.2, 1.5, 0.5, 4.5, 2.5);
    d.point[0][2] -= 0.4 * 3;
    free(mask_of(&d, first_only, &grid, NULL));
    d.point[0][2] -= 0.1 * 3;
    is_refused(&d, first_only, &grid);
    MESSAGE_HAS("not parallel");
}

static void outside(void **state)
{
    (void)state;
    drawing d;
    const fgf_grid grid = plain_grid(9, 7, 5), one = plain_grid(9, 7, 1);
    fgf_grid own;
    fgf_buffer remarks = {0};
    drawing_init(&d);
    draw_box(&d, 0, &grid, 4, 1.5, 0.5, 4.5, 2.5);
    draw_box(&d, 0, &grid, 6, 1.5, 0.5, 4.5, 2.5);
    is_refused(&d, first_only, &grid);
    MESSAGE_HAS("contour 2 of 2 lies 6 mm beyond the image's last slice");
    MESSAGE_HAS("is the series complete");
    is_refused(&d, first_only, &one);
    MESSAGE_HAS("beyond the image's only slice");
    assert_int_equal(fgf_contour_grid(&d.set, first_only, &grid, &own), FGF_DATA);
    MESSAGE_HAS("contours lie up to 6 mm beyond the image's slices, on 2 planes from 12 to 18 mm");
    drawing_init(&d);
    draw_box(&d, 0, &grid, 2, 9.5, 0.5, 12.5, 2.5);
    is_refused(&d, first_only, &grid);
    MESSAGE_HAS("beside the image: columns 10.5 to 13.5 of 9, rows 1.5 to 3.5 of 7");
    drawing_init(&d);
    draw_box(&d, 0, &grid, 2, 1.5, 0.5, 1e9, 2.5);
    is_refused(&d, first_only, &grid);
    drawing_init(&d);
    draw_box(&d, 0, &grid, 2, 1.5, 0.5, NAN, 2.5);
    is_refused(&d, first_only, &grid);
    MESSAGE_HAS("no number");
    /* Over the edge: cut there, and said. */
    drawing_init(&d);
    draw_box(&d, 0, &grid, 2, 5.5, -3.5, 12.5, 2.5);
    unsigned char *mask = mask_of(&d, first_only, &grid, &remarks);
    assert_int_equal(count_inside(mask, 9 * 7 * 5), 9);
    assert_string_equal(
        remarks.text,
        "\"GTV\": 1 contour reaches over the image's edge by up to 4 mm (cut there)\n");
    fgf_buffer_clear(&remarks);
    free(mask);
}

static void nothing_inside(void **state)
{
    (void)state;
    const bool none[4] = {false};
    drawing d;
    fgf_grid grid = plain_grid(9, 7, 5);
    drawing_init(&d);
    draw_box(&d, 0, &grid, 2, 1.1, 1.1, 1.9, 1.9);
    is_refused(&d, first_only, &grid);
    MESSAGE_HAS("no voxel's centre lies inside \"GTV\"");
    is_refused(&d, none, &grid);
    drawing_init(&d);
    is_refused(&d, first_only, &grid);
    MESSAGE_HAS("nothing closed is drawn for \"GTV\"");
    draw_box(&d, 0, &grid, 2, 1.5, 0.5, 4.5, 2.5)->closed_planar = false;
    is_refused(&d, first_only, &grid);
    /* Images that no contour can be put on. */
    draw_box(&d, 0, &grid, 2, 1.5, 0.5, 4.5, 2.5);
    grid.placed = false;
    is_refused(&d, first_only, &grid);
    MESSAGE_HAS("where in the patient");
    grid = plain_grid(9, 7, 5);
    grid.affine[2][2] = 0;
    is_refused(&d, first_only, &grid);
    grid = plain_grid(20000, 7, 5);
    is_refused(&d, first_only, &grid);
}

/* ---- remarks ---- */

static void what_is_worth_saying(void **state)
{
    (void)state;
    drawing d;
    const bool chosen[4] = {true, true, false, true};
    const fgf_grid grid = plain_grid(9, 7, 12);
    const double one_point[1][2] = {{3, 3}};
    fgf_buffer remarks = {0};
    drawing_init(&d);
    const int slices[] = {1, 2, 4, 8, 10};
    for (int k = 0; k < 5; k++)
        draw_box(&d, 0, &grid, slices[k], 1.5, 0.5, 4.5, 2.5);
    draw_box(&d, 0, &grid, 2, 1.5, 0.5, 4.5, 2.5); /* once more */
    draw_box(&d, 0, &grid, 4, 3.5, 1.5, 6.5, 4.5); /* crosses in one voxel */
    draw_box(&d, 0, &grid, 8, 4.5, 0.5, 6.5, 2.5); /* abuts */
    draw_contour(&d, 0, &grid, 9, one_point, 1);
    draw_contour(&d, 3, &grid, 9, one_point, 1)->closed_planar = false;
    unsigned char *mask = mask_of(&d, chosen, &grid, &remarks);
    assert_string_equal(
        remarks.text,
        "\"GTV\": 1 of 9 contours are open or points and were left aside\n"
        "\"GTV1\": nothing is drawn\n"
        "\"POINTS\": 1 of 1 contours are open or points and were left aside\n"
        "\"GTV\": no contour in slice 4, 6-8, 10 between its contours\n"
        "\"GTV\": 1 contour is there twice in the slice and taken once\n"
        "\"GTV\": contours cross each other, first in slice 5; 1 voxels within two of them are "
        "outside\n");
    assert_int_equal(count_inside(mask + 2 * 63, 63), 6);
    assert_int_equal(count_inside(mask + 4 * 63, 63), 6 + 9 - 2);
    assert_int_equal(count_inside(mask + 8 * 63, 63), 10);
    assert_int_equal(count_inside(mask + 9 * 63, 63), 0);
    free(mask);
    fgf_buffer_clear(&remarks);
}

/* Two bars across each other; a hole that reaches its outline, and so do its corners, is none. */
static void crossing_or_not(void **state)
{
    (void)state;
    const fgf_grid grid = plain_grid(9, 7, 1);
    const double shapes[4][4] = {{3.5, 0.5, 4.5, 5.5}, /* a bar upright, one lying across */
                                 {0.5, 2.5, 7.5, 3.5},
                                 {0.5, 0.5, 7.5, 5.5}, /* a box, and its left part */
                                 {0.5, 0.5, 3.5, 5.5}};
    for (int k = 0; k < 4; k++) {
        const double *a = shapes[k], *b = shapes[k ^ 1];
        drawing d;
        fgf_buffer remarks = {0};
        drawing_init(&d);
        draw_box(&d, 0, &grid, 0, a[0], a[1], a[2], a[3]);
        draw_box(&d, 0, &grid, 0, b[0], b[1], b[2], b[3]);
        unsigned char *mask = mask_of(&d, first_only, &grid, &remarks);
        assert_int_equal(count_inside(mask, 63), k < 2 ? 10 : 20);
        if (k < 2)
            assert_string_equal(remarks.text,
                                "\"GTV\": contours cross each other, first in slice 1; "
                                "1 voxels within two of them are outside\n");
        else
            assert_int_equal(remarks.length, 0);
        fgf_buffer_clear(&remarks);
        free(mask);
    }
}

static void planes_of_contours(void **state)
{
    (void)state;
    drawing d;
    const fgf_grid grid = oblique_grid(9, 7, 12);
    fgf_grid own;
    drawing_init(&d);
    /* Planes 1.2 slices apart with one left out, and rounded places. */
    const double planes[] = {0.5, 1.7, 4.1, 5.301, 6.499};
    for (int k = 0; k < 5; k++)
        draw_box(&d, 0, &grid, planes[k], 1.5, 0.5, 4.5, 2.5);
    assert_int_equal(fgf_contour_grid(&d.set, first_only, &grid, &own), FGF_OK);
    assert_int_equal(own.extent[2], 6);
    assert_true(fabs(own.spacing[2] - 3) < 0.01);
    unsigned char *mask = mask_of(&d, first_only, &own, NULL);
    assert_int_equal(count_inside(mask, 9 * 7 * 6), 30);
    free(mask);
    draw_box(&d, 0, &grid, 0.95, 1.5, 0.5, 4.5, 2.5);
    draw_box(&d, 0, &grid, 1.12, 1.5, 0.5, 4.5, 2.5);
    assert_int_equal(fgf_contour_grid(&d.set, first_only, &grid, &own), FGF_DATA);
    MESSAGE_HAS("no spacing in common");
    drawing_init(&d);
    draw_box(&d, 0, &grid, 2.5, 1.5, 0.5, 4.5, 2.5);
    assert_int_equal(fgf_contour_grid(&d.set, first_only, &grid, &own), FGF_OK);
    assert_int_equal(own.extent[2], 1);
}

static void memory_that_fails(void **state)
{
    (void)state;
    drawing d;
    const fgf_grid grid = plain_grid(9, 7, 5);
    drawing_init(&d);
    draw_box(&d, 0, &grid, 1, 1.5, 0.5, 4.5, 2.5);
    draw_box(&d, 0, &grid, 3, 1.5, 0.5, 4.5, 2.5);
    draw_box(&d, 1, &grid, 30, 1.5, 0.5, 4.5, 2.5);
    for (int refused = 0; refused < 2; refused++) {
        fgf_status status = FGF_MEMORY;
        for (long n = 1; status == FGF_MEMORY; n++) {
            fgf_volume *volume = NULL;
            fgf_buffer remarks = {0};
            fgf_allocation_fail_at(n);
            status = fgf_contour_mask_open(&d.set, refused ? first_two : first_only, &grid, &volume,
                                           &remarks);
            fgf_allocation_fail_at(0);
            fgf_volume_close(&volume);
            fgf_buffer_clear(&remarks);
            assert_true(n < 100);
        }
        assert_int_equal(status, refused ? FGF_DATA : FGF_OK);
    }
}

/* 500 slices of 512 x 512 with contours of 500 points, well below a second. */
static void speed(void **state)
{
    (void)state;
    enum { SLICES = 500, POINTS = 500, N = 512 };
    const fgf_grid grid = oblique_grid(N, N, SLICES);
    double(*point)[3] = malloc(SLICES * POINTS * sizeof *point);
    fgf_contour *contour = malloc(SLICES * sizeof *contour);
    double *slice = malloc(N * N * sizeof *slice), inside_count = 0;
    for (int z = 0; z < SLICES; z++) {
        for (int k = 0; k < POINTS; k++) {
            const double angle = 6.283185307179586 * k / POINTS;
            const double voxel[3] = {255.5 + (200 + 20 * sin(9 * angle)) * cos(angle),
                                     255.5 + (200 + 20 * sin(9 * angle)) * sin(angle), z};
            grid_place(&grid, voxel, point[z * POINTS + k]);
        }
        contour[z] = (fgf_contour){true, POINTS, point[z * POINTS]};
    }
    fgf_structure structure = {.name = "GTV", .contour_count = SLICES, .contour = contour};
    const fgf_structure_set set = {.count = 1, .structure = &structure};
    fgf_volume *volume = NULL;
    const double start = fgf_seconds();
    assert_int_equal(fgf_contour_mask_open(&set, first_only, &grid, &volume, NULL), FGF_OK);
    for (int z = 0; z < SLICES; z++) {
        assert_int_equal(fgf_volume_next(volume, slice), FGF_OK);
        inside_count += slice[256 * N + 256];
    }
    const double seconds = fgf_seconds() - start;
    print_message("%d slices of %d x %d, %d points each: %.3f s\n", SLICES, N, N, POINTS, seconds);
    assert_true(inside_count == SLICES);
    assert_true(seconds < 10); /* far above what is needed: machines are busy at times */
    fgf_volume_close(&volume);
    free(point);
    free(contour);
    free(slice);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rectangles),          cmocka_unit_test(centres_on_edges),
        cmocka_unit_test(nearly_on_centres),   cmocka_unit_test(holes),
        cmocka_unit_test(random_polygons),     cmocka_unit_test(halves),
        cmocka_unit_test(triangles_partition), cmocka_unit_test(between_slices_either_way),
        cmocka_unit_test(not_parallel),        cmocka_unit_test(outside),
        cmocka_unit_test(nothing_inside),      cmocka_unit_test(what_is_worth_saying),
        cmocka_unit_test(crossing_or_not),     cmocka_unit_test(planes_of_contours),
        cmocka_unit_test(memory_that_fails),   cmocka_unit_test(speed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
