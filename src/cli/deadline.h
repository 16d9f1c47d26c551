#ifndef FGF_CLI_DEADLINE_H
#define FGF_CLI_DEADLINE_H

#include "command.h"

/* Seconds until trials have to stop, HUGE_VAL = no end: `when` (--deadline; NULL = as
 * SLURM_JOB_END_TIME says) less `margin` (--margin; NULL = a minute, or a tenth of the time where
 * that is less). FGF_USAGE where one of them cannot be read or nothing is left. */
fgf_status find_deadline(const char *when, const char *margin, double *seconds_left) FGF_CHECKED;

#endif
