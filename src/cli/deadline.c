/* When a run has to have ended: --deadline, or what Slurm says. */
#define _XOPEN_SOURCE 700 /* strptime */
#include "deadline.h"

#include "fgf/log.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* "3h50m", "90m", "45s": amounts with their units, greatest first, each once. False where it is
 * none. */
static bool parse_duration(const char *text, double *seconds)
{
    static const struct {
        char letter;
        double seconds;
    } units[] = {{'d', 86400}, {'h', 3600}, {'m', 60}, {'s', 1}};
    size_t next = 0;
    *seconds = 0;
    if (!*text)
        return false;
    while (*text) {
        char *end = NULL;
        if (!isdigit((unsigned char)*text))
            return false;
        const double amount = strtod(text, &end);
        while (next < sizeof units / sizeof *units && units[next].letter != *end)
            next++;
        if (next == sizeof units / sizeof *units || !isfinite(amount))
            return false;
        *seconds += amount * units[next++].seconds;
        text = end + 1;
    }
    return true;
}

/* "2026-01-31T12:00:00Z". */
static bool parse_moment(const char *text, double *unix_seconds)
{
    struct tm utc = {.tm_isdst = 0};
    const char *end = strptime(text, "%Y-%m-%dT%H:%M:%SZ", &utc);
    const int day = utc.tm_mday;
    if (!end || *end)
        return false;
    *unix_seconds = (double)timegm(&utc);
    return utc.tm_mday == day; /* a 31st of February becomes a day in March */
}

static fgf_status parse_deadline(const char *when, double now, double *out)
{
    fgf_status status = FGF_OK;
    double seconds;
    if (strcmp(when, "none") == 0)
        *out = HUGE_VAL;
    else if (parse_duration(when, &seconds))
        *out = now + seconds;
    else if (!parse_moment(when, out))
        FGF_FAIL(FGF_USAGE,
                 "--deadline: found '%s', expected a time from now like 3h50m, 90m or 45s, a "
                 "moment like 2026-01-31T12:00:00Z, or none",
                 when);
    if (*out <= now)
        FGF_FAIL(FGF_USAGE, "--deadline %s has passed", when);
done:
    return status;
}

/* What Slurm tells its jobs, seconds since 1970. A job that still runs behind its end is granted
 * more time than was said. */
static fgf_status slurm_deadline(double now, double *out)
{
    fgf_status status = FGF_OK;
    const char *text = getenv("SLURM_JOB_END_TIME");
    char *end = NULL;
    *out = HUGE_VAL;
    if (!text || !*text)
        goto done;
    errno = 0;
    const double given = strtod(text, &end);
    if (errno || end == text || *end || !isfinite(given) || given < 0)
        FGF_FAIL(FGF_USAGE,
                 "SLURM_JOB_END_TIME: found '%s', expected seconds since 1970; unset it, or give "
                 "--deadline",
                 text);
    if (given > now)
        *out = given;
    else
        fgf_warn("SLURM_JOB_END_TIME has passed: running without a deadline");
done:
    return status;
}

static double default_margin(double left)
{
    const double most = 60, share = 0.1;
    return left * share < most ? left * share : most;
}

fgf_status find_deadline(const char *when, const char *margin, double *seconds_left)
{
    fgf_status status = FGF_OK;
    struct timespec clock;
    double end, kept;
    *seconds_left = HUGE_VAL;
    clock_gettime(CLOCK_REALTIME, &clock);
    const double now = (double)clock.tv_sec + 1e-9 * (double)clock.tv_nsec;
    if (margin)
        FGF_TRY(parse_real("--margin", margin, 0, 1e9, &kept));
    if (when)
        FGF_TRY(parse_deadline(when, now, &end));
    else
        FGF_TRY(slurm_deadline(now, &end));
    if (isinf(end))
        goto done;
    if (!margin)
        kept = default_margin(end - now);
    if (kept >= end - now)
        FGF_FAIL(FGF_USAGE, "--margin %g leaves nothing of the %.0f s until the deadline", kept,
                 end - now);
    *seconds_left = end - kept - now;
    fgf_log("the deadline is in %.0f s: trials stop %.0f s before it", end - now, kept);
done:
    return status;
}
