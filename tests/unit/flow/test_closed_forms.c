/* The flow against flows that are known in closed form. */
#include "field.h"

static const fgf_flow_integrator integrators[] = {FGF_FLOW_EULER, FGF_FLOW_ADAPTIVE};
#define FOR_BOTH(i) for (int i = 0; i < 2; i++)

/* What |f - f0| may be at the end. */
static double residual_bound(double f_start, double f0)
{
    double bound = 1e-6 * fabs(f_start - f0);
#ifndef FGF_REAL_DOUBLE
    bound = fmax(bound, 2e-5 * fmax(1, fabs(f_start)));
#endif
    return bound;
}

/* A linear f: the path is straight and |f0 - f(x)| / |w| long. */
static void linear_path_is_straight(void **state)
{
    (void)state;
    const double w[8] = {0.5, -1, 2, 0.25, -0.125, 1.5, 3, -0.7};
    const double x[7] = {0.1, 0.7, 0.3, 0.9, 0.5, 0.2, 0.4};
    const double f0s[] = {0, 4.5, -3, 30};
    double norm = 0, f_x = w[7];
    for (int i = 0; i < 7; i++) {
        norm += w[i] * w[i];
        f_x += w[i] * (double)(fgf_real)x[i];
    }
    norm = sqrt(norm);
    for (int k = 0; k < 4; k++)
        FOR_BOTH(m)
        {
            fgf_flow_settings settings = settings_of(integrators[m]);
            settings.f0 = f0s[k];
            path p = run(&settings, x, 7, linear, w);
            double sign = f_x < f0s[k] ? 1 : -1, bound = residual_bound(f_x, f0s[k]);
            assert_int_equal(p.result.end, FGF_FLOW_BOUNDARY);
            assert_true(p.result.residual <= bound);
            assert_true(p.result.residual == fabs(p.result.f_end - f0s[k]));
            assert_true(fabs(p.result.length - fabs(f0s[k] - f_x) / norm) <=
                        bound / norm + 20 * FGF_REAL_EPSILON);
            assert_true(p.arc[0] == 0 && p.arc[p.count - 1] == p.result.length);
            assert_int_equal((int)p.count, p.result.steps + 1);
            assert_int_equal(p.result.turns, 0);
            assert_false(p.result.sliding);
            for (size_t j = 0; j < p.count; j++)
                for (int i = 0; i < 7; i++)
                    assert_true(
                        fabs(p.z[j][i] - (double)(fgf_real)x[i] - sign * p.arc[j] * w[i] / norm) <=
                        4 * FGF_REAL_EPSILON * (1 + p.arc[j]) + 1e-13);
            /* Linear f: the first secant of the search is exact. */
            if (m == 0)
                assert_true(p.result.evaluations <= p.result.steps + 2);
            path_clear(&p);
        }
}

/* f = (|z|^2 - 1) / 2: the flow is radial, and its length the distance to the unit sphere. */
static void quadratic_path_is_radial(void **state)
{
    (void)state;
    const double a[6] = {1, 1, 1, 1, 1, -0.5};
    const double directions[2][5] = {{0.9, -1.2, 0.6, 1.2, -0.3}, {0.1, 0.2, -0.2, 0.05, 0.15}};
    for (int k = 0; k < 2; k++)
        FOR_BOTH(m)
        {
            fgf_flow_settings settings = settings_of(integrators[m]);
            path p = run(&settings, directions[k], 5, quadratic, a);
            double radius = 0;
            for (int i = 0; i < 5; i++)
                radius += directions[k][i] * directions[k][i];
            radius = sqrt(radius);
            assert_int_equal(p.result.end, FGF_FLOW_BOUNDARY);
            /* f changes by |z| = 1 a unit of length there. */
            assert_true(fabs(p.result.length - fabs(radius - 1)) <=
                        1.1 * residual_bound(p.result.f_start, 0) + 20 * FGF_REAL_EPSILON);
            for (int i = 0; i < 5; i++)
                assert_true(fabs(p.z[p.count - 1][i] - directions[k][i] / radius) <= 3e-5);
            path_clear(&p);
        }
}

/* The ridge: z_0 moves at a_0 / |a| whatever side the point is on, so the limit of the path has
 * length |z_0| |a| / a_0, goes straight to the ridge and then along it. */
static void ridge_is_slid_along(void **state)
{
    (void)state;
    const double x[2] = {-1, -0.3};
    for (int flip = 0; flip < 2; flip++)
        FOR_BOTH(m)
        {
            const double a[3] = {1, 2, flip ? -1 : 1};
            fgf_flow_settings settings = settings_of(integrators[m]);
            path p = run(&settings, x, 2, ridge, a);
            double to_ridge = 0.3 * sqrt(5) / 2, h = settings.step;
            assert_int_equal(p.result.end, FGF_FLOW_BOUNDARY);
            assert_true(p.result.sliding);
            assert_true(p.result.turns >= 30);
            assert_true(fabs(p.result.length - sqrt(5)) <= 4 * h);
            for (size_t j = 0; j < p.count; j++) {
                double z0 = -1 + p.arc[j] / sqrt(5);
                double z1 = fmin(0, -0.3 + p.arc[j] * 2 / sqrt(5));
                assert_true(fabs(p.z[j][0] - z0) <= 1e-5 + (m ? 1e-3 : 0));
                assert_true(fabs(p.z[j][1] - z1) <= 2 * h);
            }
            /* Euler takes the same number of steps as without a ridge, and turns at each on it. */
            if (m == 0) {
                assert_true(fabs(p.result.steps - p.result.length / h) <= 1);
                assert_true(p.result.turns >= (int)((sqrt(5) - to_ridge) / h) - 2);
            }
            path_clear(&p);
        }
}

/* A shallow kink is no turn, and one sharp kink is one turn and no sliding. */
static void a_crossed_kink_is_not_sliding(void **state)
{
    (void)state;
    const double x[2] = {-1, 0.05};
    FOR_BOTH(m)
    {
        /* Down the ridge's outside: away from z_1 = 0. */
        const double away[3] = {1, -2, 1}, shallow[3] = {1, 0.2, 1};
        fgf_flow_settings settings = settings_of(integrators[m]);
        path p = run(&settings, x, 2, ridge, away);
        assert_int_equal(p.result.turns, 0);
        path_clear(&p);
        p = run(&settings, x, 2, ridge, shallow); /* slides, in turns of 0.39 rad */
        assert_int_equal(p.result.turns, 0);
        assert_false(p.result.sliding);
        path_clear(&p);
        settings.turn_angle = 2 * atan(0.2) + 1e-3;
        p = run(&settings, x, 2, ridge, shallow);
        assert_int_equal(p.result.turns, 0);
        path_clear(&p);
        settings.turn_angle = 2 * atan(0.2) - 1e-3;
        p = run(&settings, x, 2, ridge, shallow);
        assert_true(p.result.sliding);
        settings.sliding_turns = p.result.turns + 1;
        path_clear(&p);
        p = run(&settings, x, 2, ridge, shallow);
        assert_false(p.result.sliding);
        path_clear(&p);
    }
}

static void ascends_and_descends_by_length(void **state)
{
    (void)state;
    const double w[4] = {3, 0, 4, 1}, x[3] = {0.2, 0.4, -0.6};
    for (int down = 0; down < 2; down++)
        FOR_BOTH(m)
        {
            fgf_flow_settings settings = settings_of(integrators[m]);
            settings.target = down ? FGF_FLOW_DESCEND : FGF_FLOW_ASCEND;
            settings.length = 0.703; /* no whole number of steps, and it crosses f = 0 */
            path p = run(&settings, x, 3, linear, w);
            assert_int_equal(p.result.end, FGF_FLOW_LENGTH);
            assert_true(p.result.length == 0.703);
            assert_true(p.result.residual == 0);
            assert_true(fabs(p.result.f_end - p.result.f_start - (down ? -5 : 5) * 0.703) <=
                        50 * FGF_REAL_EPSILON);
            if (m == 0)
                assert_int_equal(p.result.steps, 57);
            path_clear(&p);
        }
}

/* Euler's points are one step apart, and the trapezoid rule over a path's own points has the
 * path's length as its weight. */
static void euler_points_are_a_step_apart(void **state)
{
    (void)state;
    const double a[3] = {1, 2, 1}, x[2] = {-1, -0.3};
    fgf_flow_settings settings = settings_of(FGF_FLOW_EULER);
    path p = run(&settings, x, 2, ridge, a);
    for (size_t j = 1; j < p.count; j++) {
        double apart = hypot(p.z[j][0] - p.z[j - 1][0], p.z[j][1] - p.z[j - 1][1]);
        assert_true(fabs(apart - (p.arc[j] - p.arc[j - 1])) <= 4 * FGF_REAL_EPSILON);
        if (j + 1 < p.count)
            assert_true(fabs(apart - settings.step) <= 4 * FGF_REAL_EPSILON);
    }
    path_clear(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(linear_path_is_straight),
        cmocka_unit_test(quadratic_path_is_radial),
        cmocka_unit_test(ridge_is_slid_along),
        cmocka_unit_test(a_crossed_kink_is_not_sliding),
        cmocka_unit_test(ascends_and_descends_by_length),
        cmocka_unit_test(euler_points_are_a_step_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
