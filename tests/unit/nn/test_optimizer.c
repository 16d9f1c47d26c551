#include "fgf/memory.h"
#include "fgf/nn.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>
#include <math.h>
#include <string.h>

enum { SGD, ADAM, ADAMW };
enum { CONSTANT, STEP, COSINE };

static fgf_optimizer_settings plain(int method)
{
    return (fgf_optimizer_settings){.method = method,
                                    .learning_rate = 0.1,
                                    .momentum = 0.9,
                                    .beta1 = 0.9,
                                    .beta2 = 0.999,
                                    .epsilon = 1e-8,
                                    .weight_decay = 0.01,
                                    .step_epochs = 10,
                                    .step_factor = 0.5};
}

static fgf_optimizer *create(fgf_optimizer_settings settings, size_t count)
{
    fgf_optimizer *optimizer = NULL;
    assert_int_equal(fgf_optimizer_create(&settings, count, &optimizer), FGF_OK);
    return optimizer;
}

static void near(double found, double expected, double relative)
{
    if (!(fabs(found - expected) <= relative * fmax(1e-3, fabs(expected))))
        fail_msg("found %.17g, expected %.17g", found, expected);
}

/* Three steps from (1, -2) with these gradients, against what PyTorch 2's formulas give on paper.
 */
static const double gradients[3][2] = {{0.5, -1}, {0.25, 2}, {-1, 0.125}};

static void three_steps(fgf_optimizer_settings settings, double found[2])
{
    fgf_optimizer *optimizer = create(settings, 2);
    fgf_real parameters[2] = {1, -2};
    for (int step = 0; step < 3; step++) {
        fgf_real gradient[2] = {(fgf_real)gradients[step][0], (fgf_real)gradients[step][1]};
        fgf_optimizer_step(optimizer, step, 100, gradient, parameters);
    }
    found[0] = parameters[0];
    found[1] = parameters[1];
    fgf_optimizer_destroy(&optimizer);
    assert_null(optimizer);
}

static void test_sgd(void **state)
{
    (void)state;
    double found[2];
    three_steps(plain(SGD), found);
    /* first parameter: v1 = .5 + .01 = .51, w = .949; v2 = .459 + .25 + .00949 = .71849,
     * w = .877151; v3 = .646641 - 1 + .00877151 = -.34458749, w = .911609749 */
    near(found[0], 0.911609749, 8 * FGF_REAL_EPSILON);
    /* second: v1 = -1.02, w = -1.898; v2 = -.918 + 2 - .01898 = 1.06302, w = -2.004302;
     * v3 = .956718 + .125 - .02004302 = 1.06167498, w = -2.110469498 */
    near(found[1], -2.110469498, 8 * FGF_REAL_EPSILON);
}

/* The same recursion as in the papers, in double, written apart from the code under test. */
static void adam_on_paper(bool decoupled, double expected[2])
{
    for (int i = 0; i < 2; i++) {
        double w = i ? -2 : 1, m = 0, v = 0;
        for (int t = 1; t <= 3; t++) {
            double g = gradients[t - 1][i];
            if (decoupled)
                w -= 0.1 * 0.01 * w;
            else
                g += 0.01 * w;
            m += (1 - 0.9) * (g - m);
            v += (1 - 0.999) * (g * g - v);
            w -= 0.1 * (m / (1 - pow(0.9, t))) / (sqrt(v / (1 - pow(0.999, t))) + 1e-8);
        }
        expected[i] = w;
    }
}

static void test_adam(void **state)
{
    (void)state;
    for (int method = ADAM; method <= ADAMW; method++) {
        double found[2], expected[2];
        three_steps(plain(method), found);
        adam_on_paper(method == ADAMW, expected);
        near(found[0], expected[0], 100 * FGF_REAL_EPSILON);
        near(found[1], expected[1], 100 * FGF_REAL_EPSILON);
    }
    /* The first step of Adam is the rate itself along the gradient's sign. */
    fgf_optimizer_settings settings = plain(ADAM);
    settings.weight_decay = 0;
    fgf_optimizer *optimizer = create(settings, 1);
    fgf_real gradient = 7, parameter = 0;
    fgf_optimizer_step(optimizer, 0, 1, &gradient, &parameter);
    near(parameter, -0.1 * 7 / (7 + 1e-8), 100 * FGF_REAL_EPSILON);
    fgf_optimizer_destroy(&optimizer);
}

static void test_clip(void **state)
{
    (void)state;
    fgf_optimizer_settings settings = plain(SGD);
    settings.clip_norm = 1;
    settings.weight_decay = 0;
    fgf_optimizer *optimizer = create(settings, 2);
    fgf_real gradient[2] = {3, 4}, parameters[2] = {0, 0};
    near(fgf_optimizer_step(optimizer, 0, 1, gradient, parameters), 5, 1e-15);
    near(gradient[0], 0.6, 4 * FGF_REAL_EPSILON);
    near(parameters[1], -0.08, 4 * FGF_REAL_EPSILON);
    fgf_real shorter[2] = {(fgf_real)0.25, (fgf_real)-0.5};
    fgf_optimizer_step(optimizer, 0, 1, shorter, parameters);
    assert_true(shorter[0] == (fgf_real)0.25 && shorter[1] == (fgf_real)-0.5);
    fgf_optimizer_destroy(&optimizer);
}

static void test_infinite_gradient_changes_nothing(void **state)
{
    (void)state;
    for (int method = SGD; method <= ADAMW; method++) {
        fgf_optimizer *optimizer = create(plain(method), 2);
        fgf_real gradient[2] = {INFINITY, 1}, parameters[2] = {1, 2};
        assert_false(isfinite(fgf_optimizer_step(optimizer, 0, 1, gradient, parameters)));
        assert_true(parameters[0] == 1 && parameters[1] == 2);
        fgf_optimizer_destroy(&optimizer);
    }
}

static void test_schedules(void **state)
{
    (void)state;
    fgf_optimizer_settings settings = plain(SGD);
    fgf_optimizer *optimizer = create(settings, 1);
    near(fgf_optimizer_rate(optimizer, 77.5, 100), 0.1, 1e-15);
    fgf_optimizer_destroy(&optimizer);

    settings.schedule = STEP;
    optimizer = create(settings, 1);
    near(fgf_optimizer_rate(optimizer, 9.99, 100), 0.1, 1e-15);
    near(fgf_optimizer_rate(optimizer, 10, 100), 0.05, 1e-15);
    near(fgf_optimizer_rate(optimizer, 35, 100), 0.0125, 1e-15);
    fgf_optimizer_destroy(&optimizer);

    settings.schedule = COSINE;
    settings.warmup_epochs = 20;
    optimizer = create(settings, 1);
    assert_true(fgf_optimizer_rate(optimizer, 0, 100) == 0);
    near(fgf_optimizer_rate(optimizer, 5, 100), 0.025, 1e-15);
    near(fgf_optimizer_rate(optimizer, 20, 100), 0.1, 1e-15);
    near(fgf_optimizer_rate(optimizer, 60, 100), 0.05, 1e-14);
    near(fgf_optimizer_rate(optimizer, 40, 100), 0.1 * 0.5 * (1 + sqrt(0.5)), 1e-14);
    assert_true(fabs(fgf_optimizer_rate(optimizer, 100, 100)) < 1e-17);
    assert_true(fabs(fgf_optimizer_rate(optimizer, 120, 100)) < 1e-17);
    fgf_optimizer_destroy(&optimizer);
}

static void test_failed_allocation(void **state)
{
    (void)state;
    const fgf_optimizer_settings settings = plain(ADAM);
    for (long n = 1; n <= 3; n++) {
        fgf_optimizer *optimizer = NULL;
        fgf_allocation_fail_at(n);
        assert_int_equal(fgf_optimizer_create(&settings, 5, &optimizer), FGF_MEMORY);
        assert_null(optimizer);
        fgf_allocation_fail_at(0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sgd),       cmocka_unit_test(test_adam),
        cmocka_unit_test(test_clip),      cmocka_unit_test(test_infinite_gradient_changes_nothing),
        cmocka_unit_test(test_schedules), cmocka_unit_test(test_failed_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
