/* Arc-length means over a path with missing points. */
#include "trial_internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void trapezoid(void **state)
{
    (void)state;
    const double arc[] = {0, 1, 3}, value[] = {2, 4, 0};
    double coverage;
    double mean = path_mean(arc, value, 1, 3, &coverage);
    assert_true(fabs(mean - (3 * 1 + 2 * 2) / 3.0) < 1e-15);
    assert_true(coverage == 1);
}

static void missing_points_are_left_out(void **state)
{
    (void)state;
    const double arc[] = {0, 1, 2, 4}, value[] = {2, 2, NAN, 7};
    double coverage;
    assert_true(path_mean(arc, value, 1, 4, &coverage) == 2);
    assert_true(fabs(coverage - 0.25) < 1e-15);
    const double none[] = {NAN, 1, NAN, 1};
    assert_true(isnan(path_mean(arc, none, 1, 4, &coverage)));
    assert_true(coverage == 0);
}

static void a_path_of_one_point(void **state)
{
    (void)state;
    const double arc[] = {0}, value[] = {0.25}, none[] = {NAN};
    double coverage, weight[1];
    const bool there[] = {false}, missing[] = {true};
    assert_true(path_mean(arc, value, 1, 1, &coverage) == 0.25 && coverage == 1);
    assert_true(isnan(path_mean(arc, none, 1, 1, &coverage)) && coverage == 0);
    path_weights(arc, there, 1, weight);
    assert_true(weight[0] == 1);
    path_weights(arc, missing, 1, weight);
    assert_true(weight[0] == 0);
}

/* Weights give the same mean as the trapezoid rule, with points missing or not. */
static void weights_agree_with_the_mean(void **state)
{
    (void)state;
    const double arc[] = {0, 0.5, 0.7, 2, 2.5}, value[] = {1, 3, 5, 2, 8};
    for (int gap = -1; gap < 5; gap++) {
        double weight[5], held[5], sum = 0, coverage;
        bool missing[5];
        for (int k = 0; k < 5; k++) {
            missing[k] = k == gap;
            held[k] = missing[k] ? NAN : value[k];
        }
        path_weights(arc, missing, 5, weight);
        for (int k = 0; k < 5; k++)
            sum += weight[k] > 0 ? weight[k] * value[k] : 0;
        assert_true(fabs(sum - path_mean(arc, held, 1, 5, &coverage)) < 1e-14);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(trapezoid), cmocka_unit_test(missing_points_are_left_out),
        cmocka_unit_test(a_path_of_one_point), cmocka_unit_test(weights_agree_with_the_mean)};
    return cmocka_run_group_tests_name("path", tests, NULL, NULL);
}
