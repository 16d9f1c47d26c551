#include "watch.h"

#include <stdio.h>

static bool is_idle(const fgf_sign *sign)
{
    return sign->awaited == FGF_AWAITS_WORK;
}

static bool is_silent(const fgf_sighting *rank, double now, double limit)
{
    return !rank->sign.last && now - rank->heard > limit;
}

/* The rank on which `rank` waits in the end; `rank` itself where it waits for nobody. Of ranks that
 * wait in a circle, the lowest. -1 where somebody on the way has made progress of late: whom that
 * one waits for now has not been awaited for long. */
static int end_of_chain(const fgf_sighting *ranks, int count, int rank, double now, double limit)
{
    int lowest = rank;
    for (int step = 0; step < 2 * count; step++) {
        const fgf_sign *sign = &ranks[rank].sign;
        if (is_silent(&ranks[rank], now, limit))
            return rank;
        if (sign->last || sign->quiet <= limit)
            return -1;
        if (sign->awaited < 0)
            return rank;
        if (sign->awaited >= count)
            return -1;
        rank = sign->awaited;
        /* After `count` steps the walk is inside the circle, and goes once round it. */
        lowest = step < count || rank < lowest ? rank : lowest;
    }
    return lowest;
}

static fgf_trouble trouble_of(const fgf_sighting *rank, double now, double limit, bool awaited)
{
    if (is_silent(rank, now, limit))
        return FGF_TROUBLE_SILENT;
    if (rank->sign.awaited != FGF_AWAITS_NOBODY)
        return awaited ? FGF_TROUBLE_ELSEWHERE : FGF_TROUBLE_NONE;
    return rank->sign.task[0] ? FGF_TROUBLE_STUCK : FGF_TROUBLE_NONE;
}

static double seconds_of(const fgf_sighting *rank, fgf_trouble trouble, double now)
{
    return trouble == FGF_TROUBLE_SILENT ? now - rank->heard : rank->sign.quiet;
}

static bool sleeps(const fgf_sighting *ranks, const fgf_verdict *verdict)
{
    int state = ranks[verdict->rank].sign.state;
    return verdict->trouble == FGF_TROUBLE_STUCK && (state == 'S' || state == 'D');
}

static bool is_worse(const fgf_sighting *ranks, const fgf_verdict *a, const fgf_verdict *b)
{
    if (a->trouble == FGF_TROUBLE_STUCK && b->trouble == FGF_TROUBLE_STUCK &&
        sleeps(ranks, a) != sleeps(ranks, b))
        return sleeps(ranks, a);
    return a->seconds > b->seconds;
}

/* Those that wait for `verdict->rank`; they cannot all have begun to when it got stuck. */
static void count_waiting(fgf_verdict *verdict, const fgf_sighting *ranks, int count, double now,
                          double limit)
{
    verdict->waiting = 0;
    verdict->waiter = -1;
    for (int rank = count - 1; rank >= 0; rank--) {
        if (rank != verdict->rank && !is_idle(&ranks[rank].sign) &&
            end_of_chain(ranks, count, rank, now, limit / 2) == verdict->rank) {
            verdict->waiting++;
            verdict->waiter = rank;
        }
    }
}

fgf_verdict fgf_judge(const fgf_sighting *ranks, int count, double now, double limit)
{
    fgf_verdict worst = {.trouble = FGF_TROUBLE_NONE, .rank = -1, .waiter = -1};
    int idle = 0;
    for (int rank = 0; rank < count; rank++) {
        int end = end_of_chain(ranks, count, rank, now, limit);
        idle += end == rank && is_idle(&ranks[rank].sign);
        if (end < 0)
            continue;
        bool awaited = end != rank || ranks[rank].sign.awaited >= 0;
        fgf_verdict found = {.trouble = trouble_of(&ranks[end], now, limit, awaited), .rank = end};
        found.seconds = seconds_of(&ranks[end], found.trouble, now);
        if (found.trouble != FGF_TROUBLE_NONE && is_worse(ranks, &found, &worst))
            worst = found;
    }
    /* Somebody has to be at work where ranks wait for it. */
    if (idle == count)
        worst = (fgf_verdict){FGF_TROUBLE_ELSEWHERE, 0, ranks[0].sign.quiet, 0, -1};
    if (worst.trouble != FGF_TROUBLE_NONE)
        count_waiting(&worst, ranks, count, now, limit);
    return worst;
}

/* " in trial 17 (...), phase train 12/80" */
static void describe(const fgf_sign *sign, char *text, size_t bytes)
{
    int n = snprintf(text, bytes, "%s%s", sign->task[0] ? " in " : "", sign->task);
    if (sign->phase[0])
        n += snprintf(text + n, bytes - (size_t)n, ", phase %s", sign->phase);
    if (sign->total > 0)
        snprintf(text + n, bytes - (size_t)n, " %llu/%llu", (unsigned long long)sign->done,
                 (unsigned long long)sign->total);
}

void fgf_verdict_text(const fgf_verdict *verdict, const fgf_sighting *ranks, char *text,
                      size_t bytes)
{
    const fgf_sign *sign = &ranks[verdict->rank].sign;
    const double seconds = verdict->seconds;
    char where[FGF_TASK_BYTES + FGF_PHASE_BYTES + 80], waiting[64] = "", itself[32] = "for work";
    char what[sizeof where + 160] = "";
    if (verdict->waiting > 0)
        snprintf(waiting, sizeof waiting, "; %d rank%s for it", verdict->waiting,
                 verdict->waiting == 1 ? " waits" : "s wait");
    /* Who waits for a silent rank is in the same task, and tells of it still. */
    bool told = verdict->trouble != FGF_TROUBLE_STUCK && verdict->waiting > 0 &&
                ranks[verdict->waiter].sign.task[0];
    describe(told ? &ranks[verdict->waiter].sign : sign, where, sizeof where);
    switch (verdict->trouble) {
    case FGF_TROUBLE_SILENT:
        snprintf(what, sizeof what, "has given no sign of life for %.0f s%s%s", seconds, where,
                 waiting);
        break;
    case FGF_TROUBLE_STUCK:
        snprintf(what, sizeof what, "has been stuck for %.0f s%s%s%s", seconds, where,
                 sign->state == 'D' ? ", where it waits for the system (a disk, a file server)"
                                    : "",
                 waiting);
        break;
    case FGF_TROUBLE_ELSEWHERE:
        if (sign->awaited >= 0)
            snprintf(itself, sizeof itself, "for rank %d", sign->awaited);
        if (verdict->waiting > 0)
            snprintf(what, sizeof what, "is awaited for %.0f s by rank %d%s, and waits %s itself",
                     seconds, verdict->waiter, where, itself);
        else
            snprintf(what, sizeof what,
                     "has handed out no work for %.0f s, and all ranks wait for it", seconds);
        break;
    case FGF_TROUBLE_NONE:
        break;
    }
    snprintf(text, bytes, "rank %d (%s) %s", verdict->rank, sign->host, what);
}
