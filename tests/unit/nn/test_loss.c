#include "fgf/nn.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>
#include <math.h>

static void near(double found, double expected, double relative)
{
    if (!(fabs(found - expected) <= relative * fmax(1e-300, fabs(expected))))
        fail_msg("found %.17g, expected %.17g", found, expected);
}

static void test_values(void **state)
{
    (void)state;
    double derivative = 0;
    near(fgf_binary_cross_entropy(0, 1, 1, &derivative), 0.69314718055994530942, 1e-15);
    near(derivative, -0.5, 1e-15);
    near(fgf_binary_cross_entropy(1.5, 0, 2.5, &derivative), 2.5 * 1.7014132779827524, 1e-14);
    near(derivative, 2.5 * 0.81757447619364365, 1e-14);
    near(fgf_binary_cross_entropy(1.5, 1, 2.5, &derivative), 2.5 * 0.20141327798275241, 1e-14);
    near(derivative, -2.5 * 0.18242552380635635, 1e-14);
}

static void test_far_out(void **state)
{
    (void)state;
    double derivative = 0;
    near(fgf_binary_cross_entropy(1000, 0, 1, &derivative), 1000, 1e-15);
    near(derivative, 1, 1e-15);
    near(fgf_binary_cross_entropy(-1000, 1, 3, &derivative), 3000, 1e-15);
    near(derivative, -3, 1e-15);
    near(fgf_binary_cross_entropy(40, 1, 1, &derivative), exp(-40), 1e-13);
    near(derivative, -exp(-40), 1e-13);
    assert_true(fgf_binary_cross_entropy(1000, 1, 1, &derivative) == 0);
    assert_true(derivative == 0);
    assert_true(isnan(fgf_binary_cross_entropy(NAN, 1, 1, NULL)));
}

static void test_derivative_is_the_slope(void **state)
{
    (void)state;
    const double h = 1e-5;
    for (int label = 0; label <= 1; label++)
        for (double f = -6; f <= 6; f += 0.37) {
            double derivative = 0;
            fgf_binary_cross_entropy(f, label, 1.7, &derivative);
            double slope = (fgf_binary_cross_entropy(f + h, label, 1.7, NULL) -
                            fgf_binary_cross_entropy(f - h, label, 1.7, NULL)) /
                           (2 * h);
            assert_true(fabs(slope - derivative) < 1e-8);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_far_out),
        cmocka_unit_test(test_derivative_is_the_slope),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
