/* The adaptive pair: its order, its error against its tolerance, and ridges that would stall it. */
#include "field.h"

/* f = (z_0^2 + 3 z_1^2) / 2: along the flow z_1 / z_0^3 is constant. The error of the end point of
 * a flow from (1, 1) down to arc length 0.9, as the distance in z_1 from that curve. */
static double error_off_the_curve(const fgf_flow_settings *settings, int *evaluations)
{
    const double a[3] = {1, 3, 0}, x[2] = {1, 1};
    path p = run(settings, x, 2, quadratic, a);
    double error = fabs(p.z[p.count - 1][1] - pow(p.z[p.count - 1][0], 3));
    assert_int_equal(p.result.end, FGF_FLOW_LENGTH);
    assert_int_equal(p.result.turns, 0);
    *evaluations = p.result.evaluations;
    path_clear(&p);
    return error;
}

static fgf_flow_settings descent(void)
{
    fgf_flow_settings settings = settings_of(FGF_FLOW_ADAPTIVE);
    settings.target = FGF_FLOW_DESCEND;
    settings.length = 0.9;
    settings.least_step = 1e-9;
    return settings;
}

/* Held to one step length, the pair is of third order: half the step, an eighth of the error. */
static void pair_is_of_third_order(void **state)
{
    (void)state;
    fgf_flow_settings settings = descent();
    double errors[2];
    int evaluations;
    settings.tolerance = 1e-12;
    for (int k = 0; k < 2; k++) {
        settings.step = settings.least_step = 0.15 / (k + 1);
        errors[k] = error_off_the_curve(&settings, &evaluations);
        assert_int_equal(evaluations, 1 + 3 * 6 * (k + 1));
    }
    assert_true(errors[0] > 6.5 * errors[1] && errors[0] < 11 * errors[1]);
}

static void error_falls_with_the_tolerance(void **state)
{
    (void)state;
    fgf_flow_settings settings = descent();
    double last = INFINITY;
    int last_evaluations = 0, decades = sizeof(fgf_real) == 8 ? 8 : 4;
    for (int k = 0; k < decades; k++) {
        int evaluations;
        settings.tolerance = 1e-2 * pow(10, -k);
        double error = error_off_the_curve(&settings, &evaluations);
        assert_true(error < last / 2);
        assert_true(error < 3 * settings.tolerance);
        assert_true(evaluations >= last_evaluations);
        last = error;
        last_evaluations = evaluations;
    }
}

/* Euler's error is of first order on the same curve. */
static void euler_is_of_first_order(void **state)
{
    (void)state;
    fgf_flow_settings settings = descent();
    double errors[2];
    int evaluations;
    settings.integrator = FGF_FLOW_EULER;
    for (int k = 0; k < 2; k++) {
        settings.step = 0.0125 / (k + 1);
        errors[k] = error_off_the_curve(&settings, &evaluations);
    }
    assert_true(errors[0] > 1.8 * errors[1] && errors[0] < 2.2 * errors[1]);
}

/* The crossing is on the step's curve, not its chord: a flow that ends in a long step still ends
 * on the path. */
static void crossing_is_on_the_curve(void **state)
{
    (void)state;
    const double a[3] = {1, 3, -0.5}, x[2] = {1, 1};
    fgf_flow_settings settings = settings_of(FGF_FLOW_ADAPTIVE);
    settings.step = settings.least_step = 0.2;
    settings.tolerance = 1e-12;
    path p = run(&settings, x, 2, quadratic, a);
    double error = fabs(p.z[p.count - 1][1] - pow(p.z[p.count - 1][0], 3));
    assert_int_equal(p.result.end, FGF_FLOW_BOUNDARY);
    assert_true(error < 2e-3);
    path_clear(&p);
}

/* On a ridge a small tolerance costs no more than steps of the least length. */
static void ridge_does_not_stall(void **state)
{
    (void)state;
    const double a[3] = {1, 2, 1}, x[2] = {-0.2, -0.05};
    fgf_flow_settings settings = settings_of(FGF_FLOW_ADAPTIVE);
    settings.tolerance = 1e-7;
    settings.least_step = 1e-3;
    path p = run(&settings, x, 2, ridge, a);
    assert_int_equal(p.result.end, FGF_FLOW_BOUNDARY);
    assert_true(p.result.sliding);
    assert_true(fabs(p.result.length - 0.2 * sqrt(5)) < 4 * settings.least_step);
    assert_true(p.result.evaluations < 3 * 3 * (int)(p.result.length / settings.least_step));
    path_clear(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pair_is_of_third_order),  cmocka_unit_test(error_falls_with_the_tolerance),
        cmocka_unit_test(euler_is_of_first_order), cmocka_unit_test(crossing_is_on_the_curve),
        cmocka_unit_test(ridge_does_not_stall),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
