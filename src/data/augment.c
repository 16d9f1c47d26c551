#include "fgf/augment.h"

#include <math.h>
#include <string.h>

#define MEMBER(name) offsetof(fgf_augment_settings, name)

const fgf_key fgf_augment_keys[] = {
    {"flip_row", FGF_KEY_BOOL, MEMBER(flip_row), "false", 0, 0, NULL, "",
     "turn every second image upside down"},
    {"flip_column", FGF_KEY_BOOL, MEMBER(flip_column), "false", 0, 0, NULL, "",
     "mirror every second image left to right"},
    {"rotate90", FGF_KEY_BOOL, MEMBER(rotate90), "false", 0, 0, NULL, "",
     "turn by 0, 90, 180 or 270 degrees (0 or 180 where the image is not square)"},
    {"rotation_degrees", FGF_KEY_REAL, MEMBER(rotation_degrees), "0", 0, 180, NULL, "degrees",
     "turn by up to this angle either way; image bilinear, mask nearest"},
    {"shift_pixels", FGF_KEY_INTEGER, MEMBER(shift_pixels), "0", 0, 65536, NULL, "px",
     "shift by up to so many whole pixels along rows and columns"},
    {"noise", FGF_KEY_REAL, MEMBER(noise), "0", 0, 1e6, NULL, "1",
     "standard deviation of white noise added inside the mask, in x (window = 0 to 1)"},
    {.name = NULL}};

/* Output pixel (row, column) reads the source at turn * (row, column, 1); `whole`: always at whole
 * pixels. Coordinates count from the first pixel's centre. */
typedef struct map {
    double row[3], column[3];
    bool whole;
} map;

/* Draws of the movements come first in the stream; noise is drawn by position behind them. */
enum { NOISE_FROM = 64 };

bool fgf_augment_any(const fgf_augment_settings *s)
{
    return s->flip_row || s->flip_column || s->rotate90 || s->rotation_degrees > 0 ||
           s->shift_pixels > 0 || s->noise > 0;
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
             angle == 0};
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

static void move_plane(const map *m, fgf_shape shape, const fgf_real *x, const uint8_t *mask,
                       bool masked, fgf_real *x_out, uint8_t *mask_out)
{
    const size_t pixel_bytes = (size_t)shape.channels * sizeof *x;
    for (int r = 0; r < shape.height; r++) {
        for (int k = 0; k < shape.width; k++) {
            double row = m->row[0] * r + m->row[1] * k + m->row[2];
            double column = m->column[0] * r + m->column[1] * k + m->column[2];
            long to = (long)r * shape.width + k;
            /* Whole steps are whole but for half-pixel centres, whose sums are exact too. */
            long from = pixel_at(shape, floor(row + 0.5), floor(column + 0.5));
            fgf_real *out = x_out + to * shape.channels;
            mask_out[to] = from < 0 ? 0 : mask[from];
            if (masked && !mask_out[to])
                memset(out, 0, pixel_bytes);
            else if (!m->whole)
                read_between(shape, x, row, column, out);
            else if (from >= 0)
                memcpy(out, x + from * shape.channels, pixel_bytes);
            else
                memset(out, 0, pixel_bytes);
        }
    }
}

void fgf_augment(const fgf_augment_settings *settings, fgf_stream stream, fgf_shape shape,
                 const fgf_real *x, const uint8_t *mask, bool masked, fgf_real *x_out,
                 uint8_t *mask_out)
{
    const map m = draw_map(settings, &stream, shape);
    const long plane = (long)shape.height * shape.width;
    for (int z = 0; z < shape.depth; z++)
        move_plane(&m, shape, x + z * plane * shape.channels, mask + z * plane, masked,
                   x_out + z * plane * shape.channels, mask_out + z * plane);
    const long pixels = settings->noise > 0 ? fgf_shape_pixels(shape) : 0;
    for (long p = 0; p < pixels; p++) {
        if (!mask_out[p])
            continue;
        for (long k = p * shape.channels; k < (p + 1) * shape.channels; k++)
            x_out[k] += (fgf_real)(settings->noise *
                                   fgf_stream_normal_at(&stream, NOISE_FROM + (uint64_t)k));
    }
}
