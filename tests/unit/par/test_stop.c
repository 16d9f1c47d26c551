/* The deadline: none at first, seconds left, and a request to stop by itself. */
#include "fgf/par.h"

#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

static double now(void)
{
    struct timespec clock;
    clock_gettime(CLOCK_REALTIME, &clock);
    return (double)clock.tv_sec + 1e-9 * (double)clock.tv_nsec;
}

static void there_is_no_deadline_at_first(void **state)
{
    (void)state;
    assert_true(isinf(fgf_par_seconds_left()) && fgf_par_seconds_left() > 0);
    assert_false(fgf_par_stop_requested());
}

static void a_deadline_comes(void **state)
{
    (void)state;
    fgf_par_set_deadline(now() + 100);
    assert_true(fgf_par_seconds_left() < 100.001 && fgf_par_seconds_left() > 90);
    assert_false(fgf_par_stop_requested());
    fgf_par_set_deadline(now() - 1);
    assert_true(fgf_par_seconds_left() < -0.999);
    assert_true(fgf_par_stop_requested());
    fgf_par_set_deadline(HUGE_VAL);
    assert_true(isinf(fgf_par_seconds_left()));
    assert_false(fgf_par_stop_requested());
}

static void a_signal_is_a_request(void **state)
{
    (void)state;
    fgf_par_install_stop_signals();
    assert_int_equal(raise(SIGUSR1), 0);
    assert_true(fgf_par_stop_requested());
    assert_true(isinf(fgf_par_seconds_left()));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(there_is_no_deadline_at_first),
        cmocka_unit_test(a_deadline_comes),
        cmocka_unit_test(a_signal_is_a_request),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
