/* The clock behind an estimate: which trials are timed, for how long, on all ranks at once. */
#include "estimate.h"

#include "fgf/log.h"
#include "fgf/memory.h"

#include <math.h>
#include <string.h>

/* One piece of timing, as rank 0 wants it done. */
typedef struct errand {
    size_t trial;   /* SIZE_MAX = no more */
    double seconds; /* that it may take */
} errand;

/* How much of the work left hangs on a shape, by the rough guess. */
static double weight_of(const estimate *e, const estimate_shape *shape)
{
    return (double)shape->left * e->cost[shape->trial];
}

/* The n-th trial of a shape of those that are left. */
static size_t trial_left(const estimate *e, size_t shape, size_t n)
{
    for (size_t i = 0; i < e->trial_count; i++)
        if (e->shape_of[i] == shape && !e->done[i] && n-- == 0)
            return i;
    return SIZE_MAX;
}

/* A second and a third trial of each shape, where there is time: trials of one shape differ in
 * their seeds, and flows with them. */
enum { ROUNDS = 3 };

/* Whether a shape that was tried `tries` times is to be timed in this round. */
static bool is_wanted(const estimate_shape *shape, size_t tries, size_t round)
{
    return tries == round && round < shape->left && shape->source != ESTIMATE_RESULTS &&
           (round == 0 || shape->source == ESTIMATE_TIMED);
}

/* The weightiest shape that is wanted in a round, and how many are; SIZE_MAX = none. */
static size_t next_shape(const estimate *e, const size_t *tries, size_t round, size_t *wanted)
{
    size_t best = SIZE_MAX;
    *wanted = 0;
    for (size_t k = 0; k < e->shape_count; k++) {
        if (!is_wanted(&e->shapes[k], tries[k], round))
            continue;
        (*wanted)++;
        if (best == SIZE_MAX || weight_of(e, &e->shapes[k]) > weight_of(e, &e->shapes[best]))
            best = k;
    }
    return best;
}

/* What rank 0 wants next of the time that is left; *shape is whose it is. A shape's first time gets
 * its share of what is left; a further one starts only where it will be over in time. */
static errand next_errand(const estimate *e, size_t *tries, double left, size_t *shape)
{
    for (size_t round = 0; round < ROUNDS && left > 0; round++) {
        size_t wanted;
        *shape = next_shape(e, tries, round, &wanted);
        if (*shape == SIZE_MAX)
            continue;
        const estimate_shape *chosen = &e->shapes[*shape];
        if (round > 0 && chosen->spent > left)
            break;
        const size_t last = (chosen->left < ROUNDS ? chosen->left : ROUNDS) - 1;
        const size_t n = last > 0 ? round * (chosen->left - 1) / last : 0;
        tries[*shape]++;
        return (errand){trial_left(e, *shape, n), left / (round == 0 ? (double)wanted : 1)};
    }
    return (errand){SIZE_MAX, 0};
}

/* Times one trial on all ranks side by side; *out is the mean. Collective. */
static fgf_status time_on_all(session *s, errand what, fgf_trial_timing *out)
{
    fgf_status status = FGF_OK;
    static const size_t parts[] = {
        offsetof(fgf_trial_timing, load),       offsetof(fgf_trial_timing, noise),
        offsetof(fgf_trial_timing, begin),      offsetof(fgf_trial_timing, epoch),
        offsetof(fgf_trial_timing, evaluation), offsetof(fgf_trial_timing, scoring),
        offsetof(fgf_trial_timing, seconds)};
    fgf_group *world = fgf_par_world(s->par);
    fgf_trial_timing *all = NULL;
    FGF_TRY(fgf_par_agree(s->par, FGF_ALLOCATE(world->size, &all)));
    status = fgf_trial_time(s->context, session_trial(s, what.trial), s->axes, fgf_group_serial(),
                            what.seconds, &all[world->rank]);
    FGF_TRY(fgf_par_agree(s->par, status));
    FGF_TRY(fgf_group_merge(world, all, (size_t)world->size * sizeof *all));
    *out = all[0];
    for (size_t n = 0; n < sizeof parts / sizeof *parts; n++) {
        double sum = 0;
        for (int rank = 0; rank < world->size; rank++)
            sum += *(const double *)((const char *)&all[rank] + parts[n]);
        *(double *)((char *)out + parts[n]) = sum / world->size;
    }
done:
    fgf_free(all);
    return status;
}

static void add_timed(estimate *e, size_t k, const fgf_trial_timing *timing, double spent)
{
    estimate_shape *shape = &e->shapes[k];
    const double seconds = timing->seconds + (e->noise_changes ? timing->noise : 0);
    shape->measured++;
    shape->seconds += (seconds - shape->seconds) / (double)shape->measured;
    shape->spent = fmax(shape->spent, spent);
    if (shape->measured == 1)
        shape->timing = *timing;
    shape->source = ESTIMATE_TIMED;
    const double once = timing->load + (e->noise_changes ? 0 : timing->noise);
    e->load_seconds = fmax(e->load_seconds, once);
}

/* Has the ranks time one shape after the other until the time is over. Collective. */
fgf_status estimate_time_shapes(session *s, double seconds, estimate *e)
{
    fgf_status status = FGF_OK;
    const bool first = fgf_par_rank(s->par) == 0;
    const double start = fgf_seconds();
    size_t *tries = NULL, shape = 0;
    FGF_TRY(fgf_par_agree(s->par, FGF_ALLOCATE(s->trial_count, &tries)));
    for (;;) {
        errand next = {SIZE_MAX, 0};
        fgf_trial_timing timing;
        const double begun = fgf_seconds();
        if (first && e->left_count > 0)
            next = next_errand(e, tries, seconds - (begun - start), &shape);
        fgf_par_broadcast(s->par, &next, sizeof next, 0);
        if (next.trial == SIZE_MAX)
            break;
        fgf_progress("timing trial %zu", next.trial);
        status = time_on_all(s, next, &timing);
        if (is_trial_failure(status))
            fgf_warn("trial %zu cannot be timed: %s", next.trial, fgf_last_error()->message);
        else
            FGF_TRY(status);
        if (first && status == FGF_OK)
            add_timed(e, shape, &timing, fgf_seconds() - begun);
        status = FGF_OK;
        e->timed_ranks = fgf_par_size(s->par);
    }
    fgf_progress("%s", "");
    e->timing_seconds = fgf_seconds() - start;
done:
    fgf_free(tries);
    return status;
}
