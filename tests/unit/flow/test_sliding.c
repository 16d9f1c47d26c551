/* The rule that follows ridges: the limit path and its true length, and Euler's bits elsewhere. */
#include "field.h"

/* To the ridge in a straight line, then along it at unit speed. */
static void straight_ridge_has_its_own_length(void **state)
{
    (void)state;
    const double x[2] = {-1, -0.3};
    double to_ridge = 0.15 * sqrt(5), length = to_ridge + 0.85;
    for (int flip = 0; flip < 2; flip++)
        for (double step = 0.05; step > 0.001; step /= 4) {
            const double a[3] = {1, 2, flip ? -1 : 1};
            fgf_flow_settings settings = settings_of(FGF_FLOW_SLIDING);
            settings.step = step;
            path p = run(&settings, x, 2, ridge, a);
            assert_int_equal(p.result.end, FGF_FLOW_BOUNDARY);
            assert_true(p.result.sliding);
            assert_true(fabs(p.result.length - length) <= 2 * step);
            assert_true(fabs(p.result.turns * step - 0.85) <= 3 * step);
            for (size_t j = 0; j < p.count; j++) {
                double on = p.arc[j] - to_ridge;
                double z0 = on < 0 ? -0.85 + on / sqrt(5) : -0.85 + on;
                assert_true(fabs(p.z[j][0] - z0) <= 2 * step);
                assert_true(fabs(p.z[j][1] - fmin(0, on * 2 / sqrt(5))) <= 2 * step);
            }
            settings.integrator = FGF_FLOW_EULER;
            path euler = run(&settings, x, 2, ridge, a);
            assert_true(euler.result.length > 1.8 * length);
            assert_true(p.result.evaluations < euler.result.evaluations + 4);
            path_clear(&euler);
            path_clear(&p);
        }
}

/* f = z_0 / 2 - | |z| - 1 |: the ridge is the unit circle, followed towards (1, 0). */
static double circle(const fgf_real *z, size_t n, fgf_real *g, const double *parameters)
{
    (void)n;
    double r = hypot((double)z[0], (double)z[1]), side = r > 1 ? -1 : 1;
    g[0] = (fgf_real)(0.5 + side * (double)z[0] / r);
    g[1] = (fgf_real)(side * (double)z[1] / r);
    return 0.5 * (double)z[0] - fabs(r - 1) + parameters[0];
}

static void curved_ridge_is_followed(void **state)
{
    (void)state;
    const double parameters[1] = {-0.3}, x[2] = {-0.6, -0.8}; /* on it; f = 0 at (0.6, -0.8) */
    double length = 2 * asin(0.6);
    for (double step = 0.02; step > 0.001; step /= 2) {
        fgf_flow_settings settings = settings_of(FGF_FLOW_SLIDING);
        settings.step = step;
        path p = run(&settings, x, 2, circle, parameters);
        assert_int_equal(p.result.end, FGF_FLOW_BOUNDARY);
        assert_true(p.result.sliding);
        assert_true(fabs(p.result.length - length) <= 3 * step);
        assert_true(hypot(p.z[p.count - 1][0] - 0.6, p.z[p.count - 1][1] + 0.8) <= 3 * step);
        for (size_t j = 0; j < p.count; j++)
            assert_true(fabs(hypot(p.z[j][0], p.z[j][1]) - 1) <= step);
        path_clear(&p);
    }
}

/* Two ridges that meet in a peak below f0: there is no way up, and the flow stays there. */
static void a_peak_is_not_left(void **state)
{
    (void)state;
    const double x[2] = {-0.5, -0.3};
    fgf_flow_settings settings = settings_of(FGF_FLOW_SLIDING);
    const double parameters[1] = {-1}; /* the greatest value of f is -1/2, at (1, 0) */
    settings.greatest_length = 4;
    path p = run(&settings, x, 2, circle, parameters);
    assert_int_equal(p.result.end, FGF_FLOW_LENGTH);
    assert_true(hypot(p.z[p.count - 1][0] - 1, p.z[p.count - 1][1]) <= 3 * settings.step);
    path_clear(&p);
}

/* f = -|z_1|: the two gradients cancel, and no direction is made of what rounding leaves. */
static void opposite_gradients_make_no_direction(void **state)
{
    (void)state;
    const double a[3] = {0, 1, 1}, x[2] = {0.5, -0.3};
    fgf_flow_settings settings = settings_of(FGF_FLOW_SLIDING);
    settings.f0 = 1;
    settings.greatest_length = 2;
    path p = run(&settings, x, 2, ridge, a);
    assert_int_equal(p.result.end, FGF_FLOW_LENGTH);
    assert_true(p.z[p.count - 1][0] == 0.5 && fabs(p.z[p.count - 1][1]) <= settings.step);
    path_clear(&p);
}

/* A step over both the ridge and the boundary ends on the boundary, before the ridge. */
static void boundary_comes_before_the_ridge(void **state)
{
    (void)state;
    const double a[3] = {1, 0.5, 1}, x[2] = {-0.004, 0.0025};
    fgf_flow_settings settings = settings_of(FGF_FLOW_SLIDING);
    path p = run(&settings, x, 2, ridge, a);
    assert_int_equal(p.result.end, FGF_FLOW_BOUNDARY);
    assert_int_equal(p.result.steps, 1);
    assert_int_equal(p.result.turns, 0);
    assert_true(fabs(p.result.length - 0.00525 / sqrt(1.25)) <= 2e-5);
    path_clear(&p);
}

static void elsewhere_it_is_eulers_rule(void **state)
{
    (void)state;
    const double a[4] = {1, 3, 2, -0.5}, x[3] = {1, 0.7, -0.4};
    const double away[3] = {1, -2, 1}, from[2] = {-1, 0.05};
    fgf_flow_settings euler = settings_of(FGF_FLOW_EULER), sliding = settings_of(FGF_FLOW_SLIDING);
    for (int k = 0; k < 2; k++) {
        path p = k ? run(&euler, from, 2, ridge, away) : run(&euler, x, 3, quadratic, a);
        path q = k ? run(&sliding, from, 2, ridge, away) : run(&sliding, x, 3, quadratic, a);
        assert_int_equal((int)p.count, (int)q.count);
        assert_int_equal(p.result.evaluations, q.result.evaluations);
        assert_int_equal(q.result.turns, 0);
        assert_memory_equal(p.arc, q.arc, p.count * sizeof *p.arc);
        for (size_t j = 0; j < p.count; j++)
            assert_memory_equal(p.z[j], q.z[j], p.n * sizeof **p.z);
        path_clear(&p);
        path_clear(&q);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(straight_ridge_has_its_own_length),
        cmocka_unit_test(curved_ridge_is_followed),
        cmocka_unit_test(a_peak_is_not_left),
        cmocka_unit_test(opposite_gradients_make_no_direction),
        cmocka_unit_test(boundary_comes_before_the_ridge),
        cmocka_unit_test(elsewhere_it_is_eulers_rule),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
