/* The elementary functions that smooth activations are made of. In float they are our own, because
 * a loop over the library's cannot be vectorised: products and sums, one rounding each, no branch,
 * so that every instruction set gives the same bits. Each is within 2 epsilon, relative
 * (normal_tail 3.5); what is below the least normal number becomes 0, and a NaN stays one.
 * Polynomials are minimax fits, their terms taken in pairs: a chain of products would keep
 * the processor waiting. In double they are the library's. */
#ifndef FGF_KERNEL_SMOOTH_H
#define FGF_KERNEL_SMOOTH_H

#include "clones.h"
#include "fgf/real.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

/* exp(x), and exp(x) - 1 without cancellation. */
typedef struct exponential {
    fgf_real value, less_one;
} exponential;

/* Phi(-a), the normal distribution's tail, and its density at a. */
typedef struct normal {
    fgf_real tail, density;
} normal;

#ifdef FGF_REAL_DOUBLE

/* Where all of exp(-z), exp(-z^2 / 2) and Phi(-z) have become 0. */
static const double far_out = 800;

FGF_INLINE double magnitude(double z)
{
    return fabs(z);
}
FGF_INLINE double with_sign(double value, double sign)
{
    return copysign(value, sign);
}

FGF_INLINE exponential exp_negative(double x)
{
    const exponential e = {exp(x), expm1(x)};
    return e;
}

FGF_INLINE double log_one_plus(double e)
{
    return log1p(e);
}

FGF_INLINE normal normal_tail(double a)
{
    const normal n = {0.5 * erfc(a * 0.70710678118654752440),
                      0.39894228040143267794 * exp(-0.5 * a * a)};
    return n;
}

#else

static const float far_out = 128;

FGF_INLINE float magnitude(float z)
{
    return fabsf(z);
}
FGF_INLINE float with_sign(float value, float sign)
{
    return copysignf(value, sign);
}

/* exp(x + low) for x <= 0, low small beside it. x = n log 2 + r, |r| <= log(2) / 2; adding
 * 1.5 * 2^23 rounds to a whole number and leaves it in the lowest bits. */
FGF_INLINE exponential exp_sum(float x, float low)
{
    const float rounder = 12582912.0f, whole = x + low;
    const float shifted = whole * 1.44269504f + rounder, n = shifted - rounder;
    const float r = ((x - n * 0.693359375f) - n * -2.12194440e-4f) + low, square = r * r;
    const float series =
        r + square * ((0.500000006f + r * 0.166665428f) +
                      square * ((0.0416662814f + r * 0.0083666106f) + square * 0.00139464969f));
    uint32_t bits;
    float power;
    memcpy(&bits, &shifted, sizeof bits);
    bits = (bits + 127u) << 23;
    memcpy(&power, &bits, sizeof power);
    const exponential e = {power + power * series, (power - 1) + power * series};
    /* Beyond, 2^n is no normal number, and what was computed is nonsense. */
    const exponential nothing = {0, -1};
    return whole < -87.0f ? nothing : e;
}

FGF_INLINE exponential exp_negative(float x)
{
    return exp_sum(x, -0.0f); /* adding it is nothing, to the compiler too */
}

/* log(1 + e), 0 <= e <= 1. */
FGF_INLINE float log_one_plus(float e)
{
    const float q = e * e, q2 = q * q;
    const float low = (0.99999997f + e * -0.499994931f) + q * (0.333190968f + e * -0.248429821f);
    const float high =
        (0.191060064f + e * -0.136632449f) + q * (0.0782259416f + e * -0.0295052325f);
    return e * (low + q2 * (high + q2 * 0.0052326927f));
}

/* 0 <= a <= far_out. The tail is the density times a function that falls like 1 / a: a polynomial
 * in u = (a - 3.5) / (a + 3.5), divided by a + 3.5. The square of a is taken exactly, in two parts:
 * its rounding error would be the error of the exponential. */
FGF_INLINE normal normal_tail(float a)
{
    uint32_t bits;
    float head;
    memcpy(&bits, &a, sizeof bits);
    bits &= 0xfffff000u;
    memcpy(&head, &bits, sizeof head);
    const float e = exp_sum(-0.5f * head * head, -0.5f * ((a - head) * (a + head))).value;
    const float inverse = 1 / (a + 3.5f), u = (a - 3.5f) * inverse, q = u * u, q2 = q * q;
    const float low = (0.744416075f + u * -0.56556176f) + q * (0.315424962f + u * -0.116052672f);
    const float high =
        (0.0174075983f + u * 0.00649125226f) + q * (-0.00318125164f + u * -0.000493875905f);
    const float top = 0.000431254854f + u * 0.000115685317f;
    const normal n = {e * (inverse * (low + q2 * (high + q2 * top))), 0.398942280f * e};
    return n;
}

#endif

#endif
