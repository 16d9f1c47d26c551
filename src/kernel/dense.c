/* Dense layers in an order of summation of their own: BLAS sums a row differently when the number
 * of rows changes, and a case's numbers may not depend on its company. Weights are [in][out].
 *
 * The matrix is read once and in the order in which it lies in memory, whatever the number of
 * cases: some of its rows at a time, which stay in the first cache while the cases pass. */
#include "fgf/kernel.h"

#include "clones.h"
#include "lanes.h"

#include <string.h>

enum {
    ROWS = 8,       /* vectors added at a time */
    COLUMNS = 1024, /* of them at a time: what the first cache holds */
    CASES = 4,      /* that share a row while it is in registers */
    SIDE = FGF_LANES,
    WIDE = 2 * FGF_LANES
};

/* y[o] = (((y[o] + x[0] row_0[o]) + x[1] row_1[o]) + ...), o < width. */
FGF_INLINE void add_some(int rows, int width, size_t pitch, const fgf_real *row, const fgf_real *x,
                         fgf_real *restrict y)
{
    for (int o = 0; o < width; o++) {
        fgf_real sum = y[o];
        for (int k = 0; k < rows; k++)
            sum += x[k] * row[(size_t)k * pitch + (size_t)o];
        y[o] = sum;
    }
}

/* The same for up to ROWS rows. */
FGF_INLINE void add_rows(int rows, int width, size_t pitch, const fgf_real *row, const fgf_real *x,
                         fgf_real *y)
{
    if (rows == ROWS) {
        add_some(ROWS, width, pitch, row, x, y);
        return;
    }
    for (; rows >= 3; rows -= 3, row += 3 * pitch, x += 3)
        add_some(3, width, pitch, row, x, y);
    for (; rows > 0; rows--, row += pitch, x++)
        add_some(1, width, pitch, row, x, y);
}

/* Each output is summed from the bias on over k = 0, 1, ... */
FGF_CLONES
void fgf_dense_forward(int in, int out, int count, const fgf_real *weight, const fgf_real *bias,
                       const fgf_real *x, fgf_real *y)
{
    const size_t cases = (size_t)count, from = (size_t)in, pitch = (size_t)out;
    for (size_t i = 0; i < cases; i++)
        for (size_t o = 0; o < pitch; o++)
            y[i * pitch + o] = bias ? bias[o] : 0;
    for (int first = 0; first < out; first += COLUMNS) {
        const int width = out - first < COLUMNS ? out - first : COLUMNS;
        for (int k = 0; k < in; k += ROWS)
            for (size_t i = 0; i < cases; i++)
                add_rows(in - k < ROWS ? in - k : ROWS, width, pitch,
                         weight + (size_t)k * pitch + first, x + i * from + k,
                         y + i * pitch + first);
    }
}

/* ---- backward ---- */

/* Lanes of a, then of b, by number. */
#ifdef __clang__
#define SHUFFLE(a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)
#else
#define SHUFFLE(a, b, ...) __builtin_shuffle(a, b, (fgf_lane_integers){__VA_ARGS__})
#endif

/* *sums = of each of SIDE vectors the sum of its lanes, added pairwise: j and j + half first. */
FGF_INLINE void sum_lanes(const fgf_lanes *part, fgf_lanes *sums)
{
    fgf_lanes pair[2];
#ifdef FGF_REAL_DOUBLE
    for (int r = 0; r < 2; r++)
        pair[r] =
            SHUFFLE(part[r], part[r + 2], 0, 1, 4, 5) + SHUFFLE(part[r], part[r + 2], 2, 3, 6, 7);
    *sums = SHUFFLE(pair[0], pair[1], 0, 4, 2, 6) + SHUFFLE(pair[0], pair[1], 1, 5, 3, 7);
#else
    fgf_lanes four[4];
    for (int r = 0; r < 4; r++)
        four[r] = SHUFFLE(part[r], part[r + 4], 0, 1, 2, 3, 8, 9, 10, 11) +
                  SHUFFLE(part[r], part[r + 4], 4, 5, 6, 7, 12, 13, 14, 15);
    for (int r = 0; r < 2; r++)
        pair[r] = SHUFFLE(four[2 * r], four[2 * r + 1], 0, 1, 8, 9, 4, 5, 12, 13) +
                  SHUFFLE(four[2 * r], four[2 * r + 1], 2, 3, 10, 11, 6, 7, 14, 15);
    *sums = SHUFFLE(pair[0], pair[1], 0, 2, 8, 10, 4, 6, 12, 14) +
            SHUFFLE(pair[0], pair[1], 1, 3, 9, 11, 5, 7, 13, 15);
#endif
}

/* `count` < WIDE values and zeros behind them, of an array that goes on for `left` values. */
FGF_INLINE void load_last(const fgf_real *from, int count, size_t left, fgf_lanes *to)
{
    const fgf_lane_integers numbers = FGF_LANE_NUMBERS;
    const fgf_lanes zero = {0};
    fgf_real padded[WIDE] = {0};
    const bool inside = left >= WIDE; /* what is read beyond `count` is thrown away */
    if (!inside)
        memcpy(padded, from, (size_t)count * sizeof *from);
    for (int half = 0; half < 2; half++) {
        const fgf_lanes all = FGF_LOAD((inside ? from : padded) + half * SIDE);
        to[half] = FGF_SELECT(numbers < count - half * SIDE, all, zero);
    }
}

/* dx of `rows` <= SIDE rows of the matrix, `left` values from its end, for `cases` cases: lane j
 * sums the outputs j, j + WIDE, ..., then the lanes are added. */
FGF_INLINE void backward_rows(int in, int out, int rows, int cases, const fgf_real *row,
                              size_t left, const fgf_real *dy, fgf_real *dx)
{
    const size_t pitch = (size_t)out;
    const int whole = out - out % WIDE;
    fgf_lanes part[CASES][SIDE] = {0};
    fgf_lanes last[CASES][2], end[2];
    for (int i = 0; i < cases && whole < out; i++)
        load_last(dy + (size_t)i * pitch + whole, out - whole, 0, last[i]);
    for (int r = 0; r < rows; r++, row += pitch) {
        fgf_lanes sum[CASES][2] = {0};
        for (int o = 0; o < whole; o += WIDE)
            for (int i = 0; i < cases; i++)
                for (int half = 0; half < 2; half++)
                    sum[i][half] += FGF_LOAD(row + o + half * SIDE) *
                                    FGF_LOAD(dy + (size_t)i * pitch + o + half * SIDE);
        if (whole < out) {
            load_last(row + whole, out - whole, left - (size_t)r * pitch - (size_t)whole, end);
            for (int i = 0; i < cases; i++)
                for (int half = 0; half < 2; half++)
                    sum[i][half] += end[half] * last[i][half];
        }
        for (int i = 0; i < cases; i++)
            part[i][r] = sum[i][0] + sum[i][1];
    }
    for (int i = 0; i < cases; i++) {
        fgf_lanes sums;
        sum_lanes(part[i], &sums);
        fgf_real *to = dx + (size_t)i * (size_t)in;
        if (rows == SIDE)
            FGF_STORE(to, sums);
        else
            memcpy(to, &sums, (size_t)rows * sizeof *to);
    }
}

FGF_CLONES
void fgf_dense_backward(int in, int out, int count, const fgf_real *weight, const fgf_real *dy,
                        fgf_real *dx)
{
    if (out == 1) { /* most networks' last layer */
        for (int i = 0; i < count; i++, dx += in)
            for (int k = 0; k < in; k++)
                dx[k] = weight[k] * dy[i];
        return;
    }
    for (int k = 0; k < in; k += SIDE) {
        const int rows = in - k < SIDE ? in - k : SIDE;
        const fgf_real *row = weight + (size_t)k * (size_t)out;
        const size_t left = (size_t)(in - k) * (size_t)out;
        int i = 0;
        for (; i + CASES <= count; i += CASES)
            backward_rows(in, out, rows, CASES, row, left, dy + (size_t)i * (size_t)out,
                          dx + (size_t)i * (size_t)in + k);
        for (; i + 2 <= count; i += 2)
            backward_rows(in, out, rows, 2, row, left, dy + (size_t)i * (size_t)out,
                          dx + (size_t)i * (size_t)in + k);
        for (; i < count; i++)
            backward_rows(in, out, rows, 1, row, left, dy + (size_t)i * (size_t)out,
                          dx + (size_t)i * (size_t)in + k);
    }
}

/* ---- weights ---- */

/* Of `cases` <= ROWS cases, a number known when this is compiled. */
FGF_INLINE void add_cases(int in, int out, int cases, const fgf_real *x, const fgf_real *dy,
                          fgf_real *restrict dweight)
{
    if (out == 1) {
        add_some(cases, in, (size_t)in, x, dy, dweight);
        return;
    }
    for (int k = 0; k < in; k++, dweight += out) {
        fgf_real value[ROWS];
        for (int i = 0; i < cases; i++)
            value[i] = x[(size_t)i * (size_t)in + (size_t)k];
        add_some(cases, out, (size_t)out, dy, value, dweight);
    }
}

FGF_CLONES
void fgf_dense_weights(int in, int out, int count, const fgf_real *x, const fgf_real *dy,
                       fgf_real *dweight)
{
    while (count > 0) {
        const int cases = count >= ROWS ? ROWS : count >= 3 ? 3 : 1;
        if (cases == ROWS)
            add_cases(in, out, ROWS, x, dy, dweight);
        else if (cases == 3)
            add_cases(in, out, 3, x, dy, dweight);
        else
            add_cases(in, out, 1, x, dy, dweight);
        x += (size_t)cases * (size_t)in;
        dy += (size_t)cases * (size_t)out;
        count -= cases;
    }
}
