/* A check in a program that runs on several ranks: the first failure ends the whole job. */
#ifndef FGF_TEST_CHECK_H
#define FGF_TEST_CHECK_H

#include "fgf/par.h"

#include <stdio.h>
#include <stdlib.h>

#define CHECK(condition, ...)                                                                      \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: check failed: %s: ", __FILE__, __LINE__, #condition);          \
            fprintf(stderr, __VA_ARGS__);                                                          \
            fprintf(stderr, " (last error: %s)\n", fgf_last_error()->message);                     \
            fgf_par_abort(NULL, 1);                                                                \
        }                                                                                          \
    } while (0)

#endif
