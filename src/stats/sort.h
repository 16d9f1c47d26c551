/* Sorting by a double, shared by this folder. */
#ifndef FGF_STATS_SORT_H
#define FGF_STATS_SORT_H

#include <stddef.h>

/* A number and where it came from (an index or a label). */
typedef struct keyed {
    double value;
    size_t tag;
} keyed;

/* Sorts by value, then by tag: one order, whatever the sort. No NaN. */
void fgf_stats_sort_keyed(keyed *items, size_t n);

/* Sorts ascending. No NaN. */
void fgf_stats_sort(double *values, size_t n);

#endif
