/* How a flow ends, the order of its questions and answers, and what is decided before it. */
#include "field.h"

#include "fgf/memory.h"

static const fgf_flow_integrator integrators[] = {FGF_FLOW_EULER, FGF_FLOW_ADAPTIVE};
#define FOR_BOTH(i) for (int i = 0; i < 2; i++)

/* f = min(z_0, 1/2) */
static double plateau(const fgf_real *z, size_t n, fgf_real *g, const double *parameters)
{
    (void)parameters;
    memset(g, 0, n * sizeof *g);
    g[0] = z[0] < (fgf_real)0.5;
    return fmin((double)z[0], 0.5);
}

/* f jumps over 0 at z_0 = 0.3. */
static double jump(const fgf_real *z, size_t n, fgf_real *g, const double *parameters)
{
    (void)parameters;
    memset(g, 0, n * sizeof *g);
    g[0] = 1;
    return (double)z[0] + (z[0] < (fgf_real)0.3 ? -1 : 1);
}

/* f is NaN, or g is, from z_0 = 0.3 on. */
static double broken(const fgf_real *z, size_t n, fgf_real *g, const double *which)
{
    memset(g, 0, n * sizeof *g);
    g[0] = 1;
    g[1] = z[0] < (fgf_real)0.3 || which[0] == 0 ? 0 : (fgf_real)INFINITY;
    return z[0] < (fgf_real)0.3 || which[0] == 1 ? (double)z[0] : (double)NAN;
}

static void ends_where_the_gradient_vanishes(void **state)
{
    (void)state;
    const double x[2] = {0, 0.5}, on_plateau[2] = {0.7, 0.5};
    FOR_BOTH(m)
    {
        fgf_flow_settings settings = settings_of(integrators[m]);
        settings.f0 = 1;
        path p = run(&settings, x, 2, plateau, NULL);
        assert_int_equal(p.result.end, FGF_FLOW_VANISHED);
        assert_true(fabs(p.result.length - 0.5 - settings.step / 2) <= settings.step / 2 + 1e-9);
        assert_true(p.result.residual == 0.5);
        path_clear(&p);
        p = run(&settings, on_plateau, 2, plateau, NULL);
        assert_int_equal(p.result.end, FGF_FLOW_VANISHED);
        assert_int_equal((int)p.count, 1);
        assert_true(p.result.length == 0);
        path_clear(&p);
    }
}

static void vanishing_counts_the_varying_components(void **state)
{
    (void)state;
    fgf_flow_settings settings = settings_of(FGF_FLOW_EULER);
    const fgf_real x[16] = {0}, g[16] = {1};
    const fgf_real *point;
    fgf_flow *flow = NULL;
    fgf_flow_result result;
    settings.vanish = 0.3; /* 0.3 sqrt(16) > 1 > 0.3 sqrt(4) */
    assert_int_equal(fgf_flow_create(16, &flow), FGF_OK);
    fgf_flow_start(flow, &settings, x, 16);
    fgf_flow_give(flow, -1, g);
    assert_false(fgf_flow_wants(flow, &point));
    assert_null(point);
    fgf_flow_start(flow, &settings, x, 16);
    fgf_flow_set_varying(flow, 4);
    fgf_flow_give(flow, -1, g);
    assert_true(fgf_flow_wants(flow, &point));
    fgf_flow_result_of(flow, &result);
    assert_int_equal(result.end, FGF_FLOW_RUNNING);
    fgf_flow_destroy(&flow);
}

static void starts_on_the_boundary(void **state)
{
    (void)state;
    const double w[3] = {1, 1, -1}, x[2] = {0.25, 0.75};
    FOR_BOTH(m)
    {
        fgf_flow_settings settings = settings_of(integrators[m]);
        path p = run(&settings, x, 2, linear, w);
        assert_int_equal(p.result.end, FGF_FLOW_BOUNDARY);
        assert_int_equal((int)p.count, 1);
        assert_int_equal(p.result.evaluations, 1);
        assert_int_equal(p.result.steps, 0);
        assert_true(p.result.length == 0 && p.result.residual == 0);
        path_clear(&p);
        settings.target = FGF_FLOW_ASCEND; /* knows no boundary */
        p = run(&settings, x, 2, linear, w);
        assert_int_equal(p.result.end, FGF_FLOW_LENGTH);
        assert_true(p.result.length == settings.length);
        path_clear(&p);
    }
}

static void ends_at_the_greatest_length(void **state)
{
    (void)state;
    const double w[3] = {1, 0, -100}, x[2] = {0, 0};
    FOR_BOTH(m)
    {
        fgf_flow_settings settings = settings_of(integrators[m]);
        path p = run(&settings, x, 2, linear, w);
        assert_int_equal(p.result.end, FGF_FLOW_LENGTH);
        assert_true(p.result.length == 10 && p.arc[p.count - 1] == 10);
        assert_true(fabs(p.result.residual - 90) < 1e-4);
        if (m == 0) {
            assert_int_equal(p.result.steps, 800);
            assert_int_equal(p.result.evaluations, 801);
        }
        path_clear(&p);
    }
}

static void ends_after_the_greatest_number_of_steps(void **state)
{
    (void)state;
    const double a[3] = {1, 2, 1}, x[2] = {-1, -0.3};
    FOR_BOTH(m)
    {
        fgf_flow_settings settings = settings_of(integrators[m]);
        settings.greatest_steps = 10;
        path p = run(&settings, x, 2, ridge, a);
        assert_int_equal(p.result.end, FGF_FLOW_STEPS);
        assert_true(p.result.steps <= 10 && p.count == (size_t)p.result.steps + 1);
        path_clear(&p);
    }
}

static void says_where_a_number_is_not_finite(void **state)
{
    (void)state;
    const double x[2] = {0, 0}, beyond[2] = {0.4, 0};
    for (int which = 0; which < 2; which++)
        FOR_BOTH(m)
        {
            const double parameters[1] = {which};
            fgf_flow_settings settings = settings_of(integrators[m]);
            settings.f0 = 1;
            path p = run(&settings, x, 2, broken, parameters);
            assert_int_equal(p.result.end, FGF_FLOW_NOT_FINITE);
            assert_true(p.count >= 1 && p.arc[p.count - 1] == p.result.length);
            assert_true(p.result.length <= 0.3 && isfinite(p.result.f_end));
            path_clear(&p);
            p = run(&settings, beyond, 2, broken, parameters);
            assert_int_equal(p.result.end, FGF_FLOW_NOT_FINITE);
            assert_int_equal((int)p.count, 0);
            assert_int_equal(p.result.evaluations, 1);
            assert_true(isnan(p.result.f_start));
            path_clear(&p);
        }
}

/* Where f jumps over f0 the tolerance cannot be met: the search ends all the same, at the jump,
 * and says by how much it missed. */
static void search_ends_at_a_jump(void **state)
{
    (void)state;
    const double x[2] = {0, 0};
    FOR_BOTH(m)
    {
        fgf_flow_settings settings = settings_of(integrators[m]);
        path p = run(&settings, x, 2, jump, NULL);
        assert_int_equal(p.result.end, FGF_FLOW_BOUNDARY);
        assert_true(fabs(p.result.residual - 0.7) < 1e-4);
        assert_true(fabs(p.result.length - 0.3) < 10 * FGF_REAL_EPSILON);
        assert_true(p.result.evaluations < p.result.steps * (m ? 6 : 1) + 200);
        path_clear(&p);
    }
}

/* f = z^p - 1/2 or 1/2 - (1 - z)^p in one long step: the secant alone would creep. */
static double steep(const fgf_real *z, size_t n, fgf_real *g, const double *parameters)
{
    (void)n;
    g[0] = 1; /* only its direction matters here */
    return parameters[1] > 0 ? 0.5 - pow(1 - (double)z[0], parameters[0])
                             : pow((double)z[0], parameters[0]) - 0.5;
}

static void search_is_quick(void **state)
{
    (void)state;
    const double x[1] = {0}, powers[][2] = {{3, 0}, {9, 0}, {31, 0}, {3, 1}, {9, 1}, {31, 1}};
    for (int k = 0; k < 6; k++)
        FOR_BOTH(m)
        {
            fgf_flow_settings settings = settings_of(integrators[m]);
            settings.step = 1.5;
            path p = run(&settings, x, 1, steep, powers[k]);
            assert_int_equal(p.result.end, FGF_FLOW_BOUNDARY);
            double root = pow(0.5, 1 / powers[k][0]);
            assert_true(fabs(p.result.length - (powers[k][1] > 0 ? 1 - root : root)) < 3e-5);
            assert_true(p.result.evaluations < 30);
            path_clear(&p);
        }
}

static void hurry(fgf_flow *flow, const double *a)
{
    const fgf_real *point;
    fgf_real g[2];
    if (fgf_flow_wants(flow, &point)) {
        double f = ridge(point, 2, g, a);
        fgf_flow_give(flow, f, g);
    }
}

/* Flows run side by side, or in a flow object left off anywhere in another flow, give the bits of a
 * flow run alone. */
static void a_flow_depends_on_itself_alone(void **state)
{
    (void)state;
    const double a[3] = {1, 2, 1}, x[2] = {-0.7, -0.21};
    const fgf_real start[2] = {(fgf_real)x[0], (fgf_real)x[1]}, other[2] = {-3, (fgf_real)0.04};
    FOR_BOTH(m)
    {
        fgf_flow_settings settings = settings_of(integrators[m]);
        fgf_flow *flows[2] = {NULL, NULL};
        fgf_flow_result mine;
        fgf_flow_point at;
        path alone = run(&settings, x, 2, ridge, a);
        settings.greatest_steps = alone.result.evaluations;
        for (int k = 0; k < 2; k++)
            assert_int_equal(fgf_flow_create(2, &flows[k]), FGF_OK);
        for (int before = 0; before < 40; before++) {
            fgf_flow_start(flows[0], &settings, other, 2);
            for (int k = 0; k < before; k++)
                hurry(flows[0], a);
            fgf_flow_start(flows[0], &settings, start, 2);
            fgf_flow_start(flows[1], &settings, other, 2);
            do {
                hurry(flows[1], a);
                hurry(flows[0], a);
                hurry(flows[1], a);
                fgf_flow_result_of(flows[0], &mine);
            } while (mine.end == FGF_FLOW_RUNNING);
            assert_true(fgf_flow_accepted(flows[0], &at));
            assert_int_equal(mine.end, alone.result.end);
            assert_true(mine.length == alone.result.length && mine.f_end == alone.result.f_end);
            assert_true(mine.residual == alone.result.residual);
            assert_int_equal(mine.evaluations, alone.result.evaluations);
            assert_int_equal(mine.turns, alone.result.turns);
            for (int i = 0; i < 2; i++)
                assert_true((double)at.z[i] == alone.z[alone.count - 1][i]);
        }
        for (int k = 0; k < 2; k++)
            fgf_flow_destroy(&flows[k]);
        path_clear(&alone);
    }
}

static void boundary_and_integrator_are_resolved(void **state)
{
    (void)state;
    fgf_flow_settings s = default_settings();
    assert_int_equal(s.integrator, FGF_FLOW_AUTO);
    assert_int_equal(fgf_flow_resolve(&s, true, NAN, NAN), FGF_OK);
    assert_int_equal(s.integrator, FGF_FLOW_EULER);
    assert_true(s.f0 == 0);
    s.integrator = FGF_FLOW_AUTO;
    s.boundary_value = -1.5;
    assert_int_equal(fgf_flow_resolve(&s, false, NAN, NAN), FGF_OK);
    assert_int_equal(s.integrator, FGF_FLOW_ADAPTIVE);
    assert_true(s.f0 == -1.5);
    s.boundary = FGF_FLOW_AT_PROBABILITY;
    s.boundary_value = 0.2;
    assert_int_equal(fgf_flow_resolve(&s, false, NAN, NAN), FGF_OK);
    assert_true(fabs(1 / (1 + exp(-s.f0)) - 0.2) < 1e-15);
    s.boundary = FGF_FLOW_AT_PREVALENCE;
    assert_int_equal(fgf_flow_resolve(&s, false, 0.1, NAN), FGF_OK);
    assert_true(fabs(1 / (1 + exp(-s.f0)) - 0.1) < 1e-15);
    assert_int_equal(fgf_flow_resolve(&s, false, 0, 0), FGF_USAGE);
    assert_int_equal(fgf_flow_resolve(&s, false, NAN, 0), FGF_USAGE);
    s.boundary = FGF_FLOW_AT_YOUDEN;
    assert_int_equal(fgf_flow_resolve(&s, false, NAN, -2), FGF_OK);
    assert_true(s.f0 == -2);
    assert_int_equal(fgf_flow_resolve(&s, false, 0.5, NAN), FGF_USAGE);
    s.boundary = FGF_FLOW_AT_PROBABILITY;
    s.boundary_value = 1;
    assert_int_equal(fgf_flow_resolve(&s, false, 0.5, 0), FGF_USAGE);
    for (int end = FGF_FLOW_RUNNING; end <= FGF_FLOW_NOT_FINITE; end++)
        assert_string_not_equal(fgf_flow_end_name((fgf_flow_end)end), "unknown");
}

/* Each allocation fails in turn; nothing is leaked. */
static void memory_runs_out_cleanly(void **state)
{
    (void)state;
    fgf_flow *flow = NULL;
    fgf_status status = FGF_MEMORY;
    for (long n = 1; status != FGF_OK; n++) {
        fgf_allocation_fail_at(n);
        status = fgf_flow_create(5, &flow);
        assert_true(status == FGF_OK ? n == 9 : status == FGF_MEMORY && !flow);
    }
    fgf_allocation_fail_at(0);
    fgf_flow_destroy(&flow);
    fgf_flow_destroy(&flow); /* twice is fine */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ends_where_the_gradient_vanishes),
        cmocka_unit_test(vanishing_counts_the_varying_components),
        cmocka_unit_test(starts_on_the_boundary),
        cmocka_unit_test(ends_at_the_greatest_length),
        cmocka_unit_test(ends_after_the_greatest_number_of_steps),
        cmocka_unit_test(says_where_a_number_is_not_finite),
        cmocka_unit_test(search_ends_at_a_jump),
        cmocka_unit_test(search_is_quick),
        cmocka_unit_test(a_flow_depends_on_itself_alone),
        cmocka_unit_test(boundary_and_integrator_are_resolved),
        cmocka_unit_test(memory_runs_out_cleanly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
