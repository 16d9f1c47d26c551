/* Noise maps of the whole cohort: drawn once, kept at the pixels that some region uses.
 *
 * A pixel's white value is number index(pixel) of the stream (seed, noise map, draw, channel), the
 * index being made of the pixel's place relative to the crop's middle: it is the same whatever
 * window is drawn, and crops of other sizes share their middles. */
#include "noise_private.h"

#include "fgf/memory.h"
#include "fgf/random.h"

#include <assert.h>
#include <math.h>
#include <string.h>

/* Each coordinate has 21 bits of the index: crops and halos of up to a million pixels. */
enum { COORDINATE_BITS = 21, COORDINATE_ZERO = 1 << 20 };

/* Widths of the truncated Gaussian. */
static const double truncation = 4;

/* A box of pixels, in crop coordinates, which may reach beyond the crop; z, y, x. */
typedef struct box {
    int first[3];
    int extent[3];
} box;

static size_t box_size(const box *b)
{
    return (size_t)b->extent[0] * (size_t)b->extent[1] * (size_t)b->extent[2];
}

typedef struct blur {
    int radius;
    float *weight; /* [2 radius + 1], squares add to 1: white noise keeps unit variance */
} blur;

/* Everything that drawing a map needs and the bank does not keep. */
typedef struct drawing {
    box window;       /* of the used pixels */
    box drawn;        /* the window with the widest blur's halo */
    float *white;     /* [drawn] */
    float *from, *to; /* [drawn]: passes of the blur */
    blur *blur;       /* [kinds] */
    size_t *place;    /* [used]: position in the window */
} drawing;

static void drawing_clear(drawing *d, size_t kinds)
{
    for (size_t k = 0; d->blur && k < kinds; k++)
        fgf_free(d->blur[k].weight);
    fgf_free(d->white);
    fgf_free(d->from);
    fgf_free(d->to);
    fgf_free(d->blur);
    fgf_free(d->place);
}

static fgf_status make_blur(double sigma, blur *out)
{
    fgf_status status = FGF_OK;
    double sum = 0;
    int radius = (int)ceil(truncation * sigma);
    FGF_TRY(FGF_ALLOCATE(2 * radius + 1, &out->weight));
    out->radius = radius;
    for (int k = -radius; k <= radius; k++)
        sum += k ? exp(-k * k / (sigma * sigma)) : 1;
    for (int k = -radius; k <= radius; k++)
        out->weight[k + radius] = (float)((k ? exp(-k * k / (2 * sigma * sigma)) : 1) / sqrt(sum));
done:
    return status;
}

/* The window that covers all used pixels. */
static box window_of(fgf_shape shape, const uint8_t *used)
{
    int least[3] = {shape.depth, shape.height, shape.width}, greatest[3] = {-1, -1, -1};
    box window = {{0, 0, 0}, {0, 0, 0}};
    for (int z = 0; z < shape.depth; z++)
        for (int y = 0; y < shape.height; y++)
            for (int x = 0; x < shape.width; x++, used++) {
                const int at[3] = {z, y, x};
                for (int axis = 0; *used && axis < 3; axis++) {
                    least[axis] = at[axis] < least[axis] ? at[axis] : least[axis];
                    greatest[axis] = at[axis] > greatest[axis] ? at[axis] : greatest[axis];
                }
            }
    for (int axis = 0; axis < 3 && greatest[0] >= 0; axis++) {
        window.first[axis] = least[axis];
        window.extent[axis] = greatest[axis] - least[axis] + 1;
    }
    return window;
}

/* A single slice is blurred within its plane. */
static box widened(const box *window, fgf_shape shape, int radius)
{
    box wide = *window;
    for (int axis = shape.depth > 1 ? 0 : 1; axis < 3; axis++) {
        wide.first[axis] -= radius;
        wide.extent[axis] += 2 * radius;
    }
    return wide;
}

static void draw_white(uint64_t seed, size_t draw, int channel, fgf_shape shape, const box *drawn,
                       float *white)
{
    fgf_stream stream =
        fgf_stream_open(seed, FGF_PURPOSE_NOISE_MAP, (uint64_t)draw, (uint64_t)channel);
    const int middle[3] = {shape.depth / 2, shape.height / 2, shape.width / 2};
    uint64_t x = (uint64_t)(drawn->first[2] - middle[2] + COORDINATE_ZERO);
    for (int i = 0; i < drawn->extent[0]; i++)
        for (int j = 0; j < drawn->extent[1]; j++) {
            uint64_t z = (uint64_t)(drawn->first[0] + i - middle[0] + COORDINATE_ZERO);
            uint64_t y = (uint64_t)(drawn->first[1] + j - middle[1] + COORDINATE_ZERO);
            uint64_t index = (((z << COORDINATE_BITS) | y) << COORDINATE_BITS) | x;
            fgf_stream_normal_fill(&stream, index, (size_t)drawn->extent[2], white);
            white += drawn->extent[2];
        }
}

/* to = the part `inner` of `from`, which fills `outer`. */
static void crop(const float *from, const box *outer, const box *inner, float *to)
{
    for (int z = 0; z < inner->extent[0]; z++)
        for (int y = 0; y < inner->extent[1]; y++) {
            size_t row = (size_t)(inner->first[0] - outer->first[0] + z);
            row = row * (size_t)outer->extent[1] + (size_t)(inner->first[1] - outer->first[1] + y);
            size_t start =
                row * (size_t)outer->extent[2] + (size_t)(inner->first[2] - outer->first[2]);
            memcpy(to, from + start, (size_t)inner->extent[2] * sizeof *to);
            to += inner->extent[2];
        }
}

/* One pass of the separable blur along an axis of [outer][length][inner]; the result is 2 radius
 * shorter along it. Neighbours along the axis are `inner` apart, so that axis and inner can be run
 * through as one. Blocks keep the sums in the first cache. */
static void blur_along(const float *from, size_t outer, size_t length, size_t inner,
                       const blur *kernel, float *to)
{
    enum { BLOCK = 2048 };
    size_t count = (length - 2 * (size_t)kernel->radius) * inner;
    for (size_t o = 0; o < outer; o++, from += length * inner, to += count)
        for (size_t start = 0; start < count; start += BLOCK) {
            size_t block = count - start < BLOCK ? count - start : BLOCK;
            float *restrict sum = to + start;
            memset(sum, 0, block * sizeof *sum);
            for (size_t k = 0; k <= 2 * (size_t)kernel->radius; k++) {
                const float *restrict term = from + start + k * inner;
                float weight = kernel->weight[k];
                for (size_t i = 0; i < block; i++)
                    sum[i] += weight * term[i];
            }
        }
}

/* d->from = the map of one kind over the window, from d->white. */
static void make_map(drawing *d, fgf_shape shape, const blur *kernel)
{
    box rest = widened(&d->window, shape, kernel->radius);
    crop(d->white, &d->drawn, &rest, d->from);
    for (int axis = 2; kernel->radius > 0 && axis >= (shape.depth > 1 ? 0 : 1); axis--) {
        size_t outer = 1, inner = 1;
        for (int other = 0; other < 3; other++) {
            outer *= other < axis ? (size_t)rest.extent[other] : 1;
            inner *= other > axis ? (size_t)rest.extent[other] : 1;
        }
        blur_along(d->from, outer, (size_t)rest.extent[axis], inner, kernel, d->to);
        rest.extent[axis] -= 2 * kernel->radius;
        float *swap = d->from;
        d->from = d->to;
        d->to = swap;
    }
}

static fgf_status check_request(const double *sigma, size_t kinds, fgf_shape shape,
                                const int *channels, size_t channel_count)
{
    fgf_status status = FGF_OK;
    for (size_t k = 0; k < kinds; k++)
        if (!(sigma[k] >= 0 && sigma[k] <= FGF_NOISE_SIGMA_MAX))
            FGF_FAIL(FGF_USAGE, "noise smoothed by %g pixels: expected 0 to %d", sigma[k],
                     FGF_NOISE_SIGMA_MAX);
    for (size_t c = 0; c < channel_count; c++)
        if (channels[c] < 0 || channels[c] >= shape.channels)
            FGF_FAIL(FGF_USAGE, "noise for channel %d, the images have channels 0 to %d",
                     channels[c], shape.channels - 1);
done:
    return status;
}

/* Finds window and halo, numbers the used pixels, and allocates what drawing needs. */
static fgf_status prepare(fgf_noise_bank *bank, const double *sigma, const uint8_t *used,
                          drawing *d)
{
    fgf_status status = FGF_OK;
    size_t pixels = (size_t)fgf_shape_pixels(bank->shape), next = 0;
    int halo = 0;
    FGF_TRY(FGF_ALLOCATE(bank->kinds, &d->blur));
    for (size_t k = 0; k < bank->kinds; k++) {
        FGF_TRY(make_blur(sigma[k], &d->blur[k]));
        halo = d->blur[k].radius > halo ? d->blur[k].radius : halo;
    }
    d->window = window_of(bank->shape, used);
    d->drawn = widened(&d->window, bank->shape, halo);
    FGF_TRY(FGF_ALLOCATE(box_size(&d->drawn), &d->white));
    FGF_TRY(FGF_ALLOCATE(box_size(&d->drawn), &d->from));
    FGF_TRY(FGF_ALLOCATE(box_size(&d->drawn), &d->to));
    for (size_t i = 0; i < pixels; i++)
        bank->used += used[i] != 0;
    FGF_TRY(FGF_ALLOCATE(bank->used, &d->place));
    FGF_TRY(FGF_ALLOCATE(pixels, &bank->slot));
    for (size_t i = 0; i < pixels; i++) {
        size_t x = i % (size_t)bank->shape.width, row = i / (size_t)bank->shape.width;
        size_t y = row % (size_t)bank->shape.height, z = row / (size_t)bank->shape.height;
        bank->slot[i] = used[i] ? (int32_t)next : -1;
        if (used[i])
            d->place[next++] = ((z - (size_t)d->window.first[0]) * (size_t)d->window.extent[1] +
                                (y - (size_t)d->window.first[1])) *
                                   (size_t)d->window.extent[2] +
                               (x - (size_t)d->window.first[2]);
    }
done:
    return status;
}

float *fgf_noise_map(const fgf_noise_bank *bank, size_t kind, size_t channel, size_t draw)
{
    return bank->values +
           ((kind * bank->channel_count + channel) * bank->draws + draw) * bank->used;
}

static void draw_all(fgf_noise_bank *bank, uint64_t seed, drawing *d)
{
    for (size_t c = 0; c < bank->channel_count; c++)
        for (size_t m = 0; m < bank->draws; m++) {
            draw_white(seed, m, bank->channel[c], bank->shape, &d->drawn, d->white);
            for (size_t k = 0; k < bank->kinds; k++) {
                float *map = fgf_noise_map(bank, k, c, m);
                make_map(d, bank->shape, &d->blur[k]);
                for (size_t i = 0; i < bank->used; i++)
                    map[i] = d->from[d->place[i]];
            }
        }
}

fgf_status fgf_noise_bank_create(uint64_t seed, size_t draws, const double *sigma, size_t kinds,
                                 fgf_shape shape, const uint8_t *used, const int *channels,
                                 size_t channel_count, fgf_noise_bank **out)
{
    fgf_status status = FGF_OK;
    fgf_noise_bank *bank = NULL;
    drawing d = {.white = NULL};
    *out = NULL;
    FGF_TRY(check_request(sigma, kinds, shape, channels, channel_count));
    FGF_TRY(FGF_ALLOCATE(1, &bank));
    bank->shape = shape;
    bank->draws = draws;
    bank->kinds = kinds;
    bank->channel_count = channel_count;
    FGF_TRY(FGF_ALLOCATE(channel_count, &bank->channel));
    memcpy(bank->channel, channels, channel_count * sizeof *channels);
    FGF_TRY(prepare(bank, sigma, used, &d));
    FGF_TRY(fgf_allocate_bytes(kinds * channel_count * draws, bank->used * sizeof(float),
                               (void **)&bank->values));
    if (bank->used > 0)
        draw_all(bank, seed, &d);
    *out = bank;
    bank = NULL;
done:
    drawing_clear(&d, kinds);
    fgf_noise_bank_destroy(&bank);
    return status;
}

void fgf_noise_bank_destroy(fgf_noise_bank **bank)
{
    if (*bank) {
        fgf_free((*bank)->channel);
        fgf_free((*bank)->slot);
        fgf_free((*bank)->values);
    }
    fgf_free(*bank);
    *bank = NULL;
}

size_t fgf_noise_bank_bytes(const fgf_noise_bank *bank)
{
    return sizeof *bank + bank->channel_count * sizeof *bank->channel +
           (size_t)fgf_shape_pixels(bank->shape) * sizeof *bank->slot +
           bank->kinds * bank->channel_count * bank->draws * bank->used * sizeof *bank->values;
}
