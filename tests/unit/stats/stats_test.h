/* What the tests of stats/ share. */
#ifndef FGF_TEST_STATS_H
#define FGF_TEST_STATS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fgf/stats.h"

#include <math.h>

#define assert_near(value, expected, tolerance)                                                    \
    do {                                                                                           \
        if (!(fabs((value) - (expected)) <= (tolerance)))                                          \
            fail_msg("%s = %.17g, expected %.17g", #value, (double)(value), (double)(expected));   \
    } while (0)

#endif
