/* What a trial says to its surroundings, and is told by them. */
#include "trial_internal.h"

bool trial_stops(const trial *t)
{
    return t->hooks && t->hooks->stop && t->hooks->stop(t->hooks->state);
}

double trial_seconds_left(const trial *t)
{
    return t->hooks && t->hooks->seconds_left ? t->hooks->seconds_left(t->hooks->state) : HUGE_VAL;
}

bool trial_saves(const trial *t)
{
    return t->group->rank == 0 && t->hooks && t->hooks->due && t->hooks->due(t->hooks->state);
}

void trial_progress(const trial *t, const char *phase, size_t done, size_t total)
{
    if (t->hooks && t->hooks->progress)
        t->hooks->progress(t->hooks->state, phase, done < total ? done : total, total);
}
