/* Jobs of simulated schedules: drawn from measured trials (trials.txt) or by a law. */
#ifndef FGF_TESTS_SCALE_TRIALS_H
#define FGF_TESTS_SCALE_TRIALS_H

#include <stddef.h>

/* Fills seconds [count], of one rank, and cost [count], what the scheduler believes. `name`:
 *   uniform      evenly over 60 .. 120 s
 *   measured     drawn from the trials of the file `path`, scaled to a mean of 90 s
 *   heavy        60 s, times a log-normal factor of spread 1: few trials are 50 times as long
 *   cost, after a colon: "exact" (uniform:exact), "none" (all alike), "believed" (measured only:
 *   what fgf_trial_cost said of the drawn trial), "off" (exact, times a log-normal of spread 0.2).
 * Ends the program where a name or the file is wrong. */
void trials_draw(const char *path, const char *name, size_t count, double *cost, double *seconds);

#endif
