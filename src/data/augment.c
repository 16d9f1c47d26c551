#include "fgf/augment.h"

#include <math.h>
#include <string.h>

#define MEMBER(name) offsetof(fgf_augment_settings, name)

const fgf_key fgf_augment_keys[] = {
    {"flip_slice", FGF_KEY_BOOL, MEMBER(flip_slice), "false", 0, 0, NULL, "",
     "turn the slices of every second volume about"},
    {"flip_row", FGF_KEY_BOOL, MEMBER(flip_row), "false", 0, 0, NULL, "",
     "turn every second image upside down"},
    {"flip_column", FGF_KEY_BOOL, MEMBER(flip_column), "false", 0, 0, NULL, "",
     "mirror every second image left to right"},
    {"rotate90", FGF_KEY_BOOL, MEMBER(rotate90), "false", 0, 0, NULL, "",
     "turn by 0, 90, 180 or 270 degrees (0 or 180 where the image is not square)"},
    {"rotation_degrees", FGF_KEY_REAL, MEMBER(rotation_degrees), "0", 0, 180, NULL, "degrees",
     "turn by up to this angle either way; image bilinear, mask nearest"},
    {"shift_slices", FGF_KEY_INTEGER, MEMBER(shift_slices), "0", 0, 65536, NULL, "slices",
     "shift by up to so many whole slices"},
    {"shift_pixels", FGF_KEY_INTEGER, MEMBER(shift_pixels), "0", 0, 65536, NULL, "px",
     "shift by up to so many whole pixels along rows and columns"},
    {"noise", FGF_KEY_REAL, MEMBER(noise), "0", 0, 1e6, NULL, "1",
     "standard deviation of white noise added inside the mask, in x (window = 0 to 1)"},
    {.name = NULL}};

/* Output pixel (row, column) reads the source at turn * (row, column, 1); `whole`: always at whole
 * pixels. Coordinates count from the first pixel's centre. Output slice z is the source's slice
 * slice_sign * z + first_slice. */
typedef struct map {
    double row[3], column[3];
    bool whole;
    int slice_sign;
    double first_slice;
} map;

/* Draws of the movements come first in the stream; noise is drawn by position behind them. */
enum { NOISE_FROM = 64 };

bool fgf_augment_any(const fgf_augment_settings *s)
{
    return s->flip_slice || s->flip_row || s->flip_column || s->rotate90 ||
           s->rotation_degrees > 0 || s->shift_slices > 0 || s->shift_pixels > 0 || s->noise > 0;
}

static double draw_shift(fgf_stream *stream, int64_t greatest)
{
    double steps = (double)(2 * greatest + 1);
    return floor(fgf_stream_uniform(stream) * steps) - (double)greatest;
}

/* The inverse of flip, right angle, rotation, shift: from where an output pixel comes. */
static map draw_map(const fgf_augment_settings *s, fgf_stream *stream, fgf_shape shape)
{
    /* Every draw is taken, wanted or not: so none depends on which others are switched on. */
    bool flip_row = fgf_stream_uniform(stream) < 0.5 && s->flip_row;
    bool flip_column = fgf_stream_uniform(stream) < 0.5 && s->flip_column;
    int turns = (int)(fgf_stream_uniform(stream) * 4) * s->rotate90;
    double angle = (2 * fgf_stream_uniform(stream) - 1) * s->rotation_degrees;
    double down = draw_shift(stream, s->shift_pixels);
    double right = draw_shift(stream, s->shift_pixels);
    bool flip_slice = fgf_stream_uniform(stream) < 0.5 && s->flip_slice;
    double up = draw_shift(stream, s->shift_slices);

    if (shape.height != shape.width)
        turns -= turns % 2;
    static const double quarter_cos[4] = {1, 0, -1, 0}, quarter_sin[4] = {0, 1, 0, -1};
    const double radian = 3.14159265358979323846 / 180;
    double c = cos(angle * radian), n = sin(angle * radian);
    double cosine = c * quarter_cos[turns] - n * quarter_sin[turns];
    double sine = n * quarter_cos[turns] + c * quarter_sin[turns];
    double up_down = flip_row ? -1 : 1, left_right = flip_column ? -1 : 1;
    double middle_row = 0.5 * (shape.height - 1), middle_column = 0.5 * (shape.width - 1);
    map m = {{up_down * cosine, up_down * sine, 0},
             {-left_right * sine, left_right * cosine, 0},
             angle == 0,
             flip_slice ? -1 : 1,
             flip_slice ? shape.depth - 1 + up : -up};
    m.row[2] = middle_row - m.row[0] * (middle_row + down) - m.row[1] * (middle_column + right);
    m.column[2] =
        middle_column - m.column[0] * (middle_row + down) - m.column[1] * (middle_column + right);
    return m;
}

/* The offset of pixel (row, column) of a plane, -1 beyond its border. */
static long pixel_at(fgf_shape shape, double row, double column)
{
    if (!(row >= 0 && row < shape.height && column >= 0 && column < shape.width))
        return -1;
    return (long)row * shape.width + (long)column;
}

/* out[0 .. channels) = the plane at (row, column), bilinear, 0 beyond the border. */
static void read_between(fgf_shape shape, const fgf_real *plane, double row, double column,
                         fgf_real *out)
{
    double top = floor(row), left = floor(column);
    double below = row - top, beside = column - left;
    const double weight[4] = {(1 - below) * (1 - beside), (1 - below) * beside,
                              below * (1 - beside), below * beside};
    for (int c = 0; c < shape.channels; c++)
        out[c] = 0;
    for (int corner = 0; corner < 4; corner++) {
        long pixel = pixel_at(shape, top + corner / 2, left + corner % 2);
        if (pixel < 0)
            continue;
        for (int c = 0; c < shape.channels; c++)
            out[c] += (fgf_real)(weight[corner] * (double)plane[pixel * shape.channels + c]);
    }
}

/* The same where all four corners are in the plane: no test a corner, no call of floor. */
static void read_inside(fgf_shape shape, const fgf_real *plane, double row, double column,
                        fgf_real *out)
{
    const long top = (long)row, left = (long)column;
    const double below = row - (double)top, beside = column - (double)left;
    const double weight[4] = {(1 - below) * (1 - beside), (1 - below) * beside,
                              below * (1 - beside), below * beside};
    const long channels = shape.channels, next_row = shape.width * channels;
    const fgf_real *at = plane + (top * shape.width + left) * channels;
    for (long c = 0; c < channels; c++) {
        fgf_real sum = 0;
        sum += (fgf_real)(weight[0] * (double)at[c]);
        sum += (fgf_real)(weight[1] * (double)at[c + channels]);
        sum += (fgf_real)(weight[2] * (double)at[c + next_row]);
        sum += (fgf_real)(weight[3] * (double)at[c + next_row + channels]);
        out[c] = sum;
    }
}

/* Rows [top, bottom) and columns [left, right) of a plane. */
typedef struct window {
    int top, bottom, left, right;
} window;

/* The least window with all pixels of the mask; empty where there are none. */
static window window_of(fgf_shape shape, const uint8_t *mask)
{
    window found = {shape.height, 0, shape.width, 0};
    for (int r = 0; r < shape.height; r++) {
        const uint8_t *row = mask + (long)r * shape.width;
        uint8_t any = 0;
        for (int k = 0; k < shape.width; k++)
            any |= row[k];
        if (!any)
            continue;
        int first = 0, last = shape.width;
        while (!row[first])
            first++;
        while (!row[last - 1])
            last--;
        found.top = r < found.top ? r : found.top;
        found.bottom = r + 1;
        found.left = first < found.left ? first : found.left;
        found.right = last > found.right ? last : found.right;
    }
    return found;
}

/* Narrows [*first, *last) to the k where slope k + offset lies in [from, to), or a pixel beyond:
 * rounding cannot lose one. */
static void narrow(double slope, double offset, int from, int to, int *first, int *last)
{
    if (fabs(slope) < 1e-9) { /* over any plane the value moves by less than the margin */
        if (!(offset > from - 2 && offset < to + 1))
            *last = *first;
        return;
    }
    const double least = (from - 1 - offset) / slope, greatest = (to + 1 - offset) / slope;
    const double low = fmin(least, greatest) - 1, high = fmax(least, greatest) + 1;
    if (low > *first)
        *first = low < *last ? (int)low : *last;
    if (high < *last)
        *last = high > *first ? (int)high : *first;
}

/* Output row r, columns [first, last); beyond them it is zero already. */
static void move_row(const map *m, fgf_shape shape, const fgf_real *x, const uint8_t *mask,
                     bool masked, int r, int first, int last, fgf_real *x_out, uint8_t *mask_out)
{
    const size_t pixel_bytes = (size_t)shape.channels * sizeof *x;
    for (int k = first; k < last; k++) {
        const double row = m->row[0] * r + m->row[1] * k + m->row[2];
        const double column = m->column[0] * r + m->column[1] * k + m->column[2];
        const bool inside =
            row >= 0 && row < shape.height - 1 && column >= 0 && column < shape.width - 1;
        const long to = (long)r * shape.width + k;
        /* Whole steps are whole but for half-pixel centres, whose sums are exact too. */
        const long from = inside ? (long)(row + 0.5) * shape.width + (long)(column + 0.5)
                                 : pixel_at(shape, floor(row + 0.5), floor(column + 0.5));
        fgf_real *out = x_out + to * shape.channels;
        mask_out[to] = from < 0 ? 0 : mask[from];
        if (masked && !mask_out[to])
            continue;
        if (m->whole && from >= 0)
            memcpy(out, x + from * shape.channels, pixel_bytes);
        else if (!m->whole && inside)
            read_inside(shape, x, row, column, out);
        else if (!m->whole)
            read_between(shape, x, row, column, out);
    }
}

/* Pixels that come from beyond `seen` are zero: outside the plane, or, where the image is masked,
 * outside the window of its mask. */
static void move_plane(const map *m, fgf_shape shape, const fgf_real *x, const uint8_t *mask,
                       bool masked, fgf_real *x_out, uint8_t *mask_out)
{
    const size_t pixels = (size_t)shape.height * (size_t)shape.width;
    const window seen = masked ? window_of(shape, mask) : (window){0, shape.height, 0, shape.width};
    memset(x_out, 0, pixels * (size_t)shape.channels * sizeof *x_out);
    memset(mask_out, 0, pixels);
    for (int r = 0; r < shape.height && seen.bottom > 0; r++) {
        int first = 0, last = shape.width;
        narrow(m->row[1], m->row[0] * r + m->row[2], seen.top, seen.bottom, &first, &last);
        narrow(m->column[1], m->column[0] * r + m->column[2], seen.left, seen.right, &first, &last);
        move_row(m, shape, x, mask, masked, r, first, last, x_out, mask_out);
    }
}

/* Noise is numbered by element, whatever the mask: a moved mask moves no draw. */
static void add_noise(double deviation, const fgf_stream *stream, fgf_shape shape,
                      const uint8_t *mask, fgf_real *x)
{
    const long planes = shape.depth, pixels = (long)shape.height * shape.width;
    for (long z = 0; z < planes; z++) {
        const window seen = window_of(shape, mask + z * pixels);
        for (int r = seen.top; r < seen.bottom; r++)
            for (int k = seen.left; k < seen.right; k++) {
                const long p = z * pixels + (long)r * shape.width + k;
                for (long e = p * shape.channels; mask[p] && e < (p + 1) * shape.channels; e++)
                    x[e] += (fgf_real)(deviation *
                                       fgf_stream_normal_at(stream, NOISE_FROM + (uint64_t)e));
            }
    }
}

void fgf_augment(const fgf_augment_settings *settings, fgf_stream stream, fgf_shape shape,
                 const fgf_real *x, const uint8_t *mask, bool masked, fgf_real *x_out,
                 uint8_t *mask_out)
{
    const map m = draw_map(settings, &stream, shape);
    const long plane = (long)shape.height * shape.width;
    for (int z = 0; z < shape.depth; z++) {
        fgf_real *plane_out = x_out + z * plane * shape.channels;
        const double from = m.slice_sign * z + m.first_slice;
        if (from < 0 || from >= shape.depth) {
            memset(plane_out, 0, (size_t)(plane * shape.channels) * sizeof *plane_out);
            memset(mask_out + z * plane, 0, (size_t)plane);
            continue;
        }
        move_plane(&m, shape, x + (long)from * plane * shape.channels, mask + (long)from * plane,
                   masked, plane_out, mask_out + z * plane);
    }
    if (settings->noise > 0)
        add_noise(settings->noise, &stream, shape, mask_out, x_out);
}
