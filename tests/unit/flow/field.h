/* Vector fields with known flows, and a driver that records the path. */
#ifndef FGF_TEST_FLOW_FIELD_H
#define FGF_TEST_FLOW_FIELD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fgf/flow.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { GREATEST_N = 16, GREATEST_POINTS = 100000 };

/* f at z [n]; fills g [n]. */
typedef double (*field)(const fgf_real *z, size_t n, fgf_real *g, const double *parameters);

typedef struct path {
    size_t count, n;
    double (*z)[GREATEST_N]; /* [count] */
    double *arc, *f;         /* [count] */
    fgf_flow_result result;
} path;

/* The defaults of the key table, read as the specification would; also holds the table's form. */
static inline fgf_flow_settings default_settings(void)
{
    fgf_flow_settings settings = {0};
    for (const fgf_key *key = fgf_flow_keys; key->name; key++) {
        void *member = (char *)&settings + key->offset;
        double value = strtod(key->fallback, NULL);
        if (key->type == FGF_KEY_REAL) {
            *(double *)member = value;
        } else if (key->type == FGF_KEY_INTEGER) {
            *(int64_t *)member = (int64_t)value;
        } else {
            assert_int_equal(key->type, FGF_KEY_CHOICE);
            /* The first choice is the default of each. */
            size_t length = strlen(key->fallback);
            assert_memory_equal(key->choices, key->fallback, length);
            assert_true(key->choices[length] == '|');
            *(int *)member = 0;
        }
        if (key->least < key->greatest)
            assert_true(value >= key->least && value <= key->greatest);
        assert_true(key->help && strlen(key->help) > 10);
    }
    return settings;
}

static inline fgf_flow_settings settings_of(fgf_flow_integrator integrator)
{
    fgf_flow_settings settings = default_settings();
    settings.integrator = integrator;
    assert_int_equal(fgf_flow_resolve(&settings, true, NAN, NAN), FGF_OK);
    return settings;
}

static inline void path_clear(path *p)
{
    free(p->z);
    free(p->arc);
    free(p->f);
    *p = (path){0};
}

/* Runs a flow to its end; the caller clears the path. */
static inline path run(const fgf_flow_settings *settings, const double *x, size_t n, field field_of,
                       const double *parameters)
{
    path p = {.n = n,
              .z = malloc(GREATEST_POINTS * sizeof *p.z),
              .arc = malloc(GREATEST_POINTS * sizeof *p.arc),
              .f = malloc(GREATEST_POINTS * sizeof *p.f)};
    fgf_flow *flow = NULL;
    fgf_real start[GREATEST_N], g[GREATEST_N];
    const fgf_real *point;
    fgf_flow_point at;
    assert_true(p.z && p.arc && p.f);
    assert_int_equal(fgf_flow_create(GREATEST_N, &flow), FGF_OK);
    for (size_t i = 0; i < n; i++)
        start[i] = (fgf_real)x[i];
    fgf_flow_start(flow, settings, start, n);
    while (fgf_flow_wants(flow, &point)) {
        double f = field_of(point, n, g, parameters);
        fgf_flow_give(flow, f, g);
        memset(g, 0x7f, sizeof g); /* what was given is copied */
        if (fgf_flow_accepted(flow, &at)) {
            assert_true(p.count < GREATEST_POINTS);
            for (size_t i = 0; i < n; i++)
                p.z[p.count][i] = (double)at.z[i];
            p.arc[p.count] = at.arc;
            p.f[p.count] = at.f;
            assert_true(at.f == field_of(at.z, n, g, parameters));
            assert_memory_equal(g, at.g, n * sizeof *g);
            p.count++;
        }
    }
    fgf_flow_result_of(flow, &p.result);
    fgf_flow_destroy(&flow);
    assert_null(flow);
    return p;
}

/* f = w_0 z_0 + .. + w_(n-1) z_(n-1) + w_n */
static inline double linear(const fgf_real *z, size_t n, fgf_real *g, const double *w)
{
    double f = w[n];
    for (size_t i = 0; i < n; i++) {
        f += w[i] * (double)z[i];
        g[i] = (fgf_real)w[i];
    }
    return f;
}

/* f = (sum_i a_i z_i^2) / 2 + a_n */
static inline double quadratic(const fgf_real *z, size_t n, fgf_real *g, const double *a)
{
    double f = a[n];
    for (size_t i = 0; i < n; i++) {
        f += a[i] * (double)z[i] * (double)z[i] / 2;
        g[i] = (fgf_real)(a[i] * (double)z[i]);
    }
    return f;
}

/* f = p_2 (p_0 z_0 - p_1 |z_1|), the lesser (p_2 > 0) or greater of two linear functions, with a
 * ridge at z_1 = 0 that the flow towards f = 0 from p_2 z_0 < 0 slides along. */
static inline double ridge(const fgf_real *z, size_t n, fgf_real *g, const double *p)
{
    (void)n;
    g[0] = (fgf_real)(p[2] * p[0]);
    g[1] = (fgf_real)(p[2] * (z[1] > 0 ? -p[1] : p[1]));
    return p[2] * (p[0] * (double)z[0] - p[1] * fabs((double)z[1]));
}

#endif
