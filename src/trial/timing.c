/* What a trial will take: the trial's own training, evaluation and scoring, each for a while, with
 * a clock in the place of the hooks.
 *
 * The flows of a network that has hardly been trained say little of those of a trained one: on a
 * cohort of tumours they were two to five times as long. So training goes first and gets the
 * greater part of the time; where it cannot be finished, the scoring is that of the network as far
 * as it came. */
#include "scoring.h"

#include "fgf/log.h"
#include "fgf/memory.h"

#include <stdlib.h>
#include <string.h>

/* Where the hooks of a trial write down when things happened. */
typedef struct stopwatch {
    double deadline;                              /* of the phase under way */
    bool training;                                /* which it is */
    double first_epoch, second_epoch, last_epoch; /* when epochs began */
    int64_t epochs;                               /* that began */
    double first_step, last_step;                 /* when training steps ended */
    size_t steps, epoch_steps;                    /* that did; of an epoch */
    size_t passes, finished;                      /* of the network over flows; flows */
} stopwatch;

/* Fewer steps say nothing of the next. */
enum { LEAST_STEPS = 3, LEAST_PASSES = 8 };

static void note_progress(void *state, const char *phase, size_t done, size_t total)
{
    stopwatch *watch = state;
    if (strcmp(phase, "train") == 0) {
        watch->last_step = fgf_seconds();
        if (watch->steps++ == 0)
            watch->first_step = watch->last_step;
        watch->epoch_steps = total;
    } else if (strcmp(phase, "score") == 0) {
        watch->passes++;
        watch->finished = done;
    }
}

/* Training asks this between epochs, scoring at every pass. */
static bool note_and_stop(void *state)
{
    stopwatch *watch = state;
    const double now = fgf_seconds();
    if (!watch->training)
        return watch->passes >= LEAST_PASSES && now > watch->deadline;
    if (watch->epochs == 0)
        watch->first_epoch = now;
    if (watch->epochs == 1)
        watch->second_epoch = now;
    watch->last_epoch = now;
    watch->epochs++;
    return false;
}

static double time_left(void *state)
{
    const stopwatch *watch = state;
    if (!watch->training || watch->steps < LEAST_STEPS)
        return HUGE_VAL;
    return watch->deadline - fgf_seconds();
}

/* That a piece of work was stopped is what was wanted. */
static fgf_status stopped_is_fine(fgf_status status)
{
    return status == FGF_STOPPED ? fgf_adopt_error(&(fgf_error){.status = FGF_OK}) : status;
}

/* ---- reading ---- */

/* Reads the cases and draws the noise maps that later trials find in memory. */
static fgf_status time_load(trial *t, fgf_trial_timing *out)
{
    fgf_status status = FGF_OK;
    const double start = fgf_seconds();
    fgf_noise_bank *bank;
    for (size_t i = 0; i < t->case_count; i++) {
        case_view view;
        if (t->role[i] != FGF_ROLE_OUT || is_scored(t, i))
            FGF_TRY(context_case(t->context, i, &view));
    }
    out->load = fgf_seconds() - start;
    if (t->settings.score.cases != FGF_SCORE_NONE)
        FGF_TRY(context_noise(t->context, &t->settings, &bank));
    out->noise = fgf_seconds() - start - out->load;
done:
    return status;
}

/* ---- training ---- */

static size_t count_role(const trial *t, int8_t role)
{
    size_t count = 0;
    for (size_t i = 0; i < t->case_count; i++)
        count += t->role[i] == role;
    return count;
}

/* Trains for a while. Where that is less than an epoch, out->epoch lacks the validation pass. */
static fgf_status time_training(trial *t, stopwatch *watch, double seconds, fgf_trial_timing *out)
{
    fgf_status status = FGF_OK;
    const double start = fgf_seconds(), epochs = (double)t->settings.train.epochs;
    watch->training = true;
    watch->deadline = start + seconds;
    FGF_TRY(stopped_is_fine(train_network(t)));
    out->epochs = t->training.epoch;
    out->begin += watch->first_epoch - start;
    if (t->training.finished)
        out->epoch = (fgf_seconds() - watch->first_epoch) / epochs;
    else if (watch->epochs >= 3) /* the first one warms up */
        out->epoch = (watch->last_epoch - watch->second_epoch) / (double)(watch->epochs - 2);
    else if (watch->epochs == 2)
        out->epoch = watch->last_epoch - watch->first_epoch;
    else
        out->epoch = (watch->last_step - watch->first_step) / (double)(watch->steps - 1) *
                     (double)watch->epoch_steps / epochs;
done:
    return status;
}

/* ---- evaluation ---- */

/* Logits of `count` cases, evenly spread. */
static fgf_status evaluate_some(trial *t, size_t count, double *seconds)
{
    fgf_status status = FGF_OK;
    const double start = fgf_seconds();
    int8_t *wanted = NULL;
    FGF_TRY(FGF_ALLOCATE(t->case_count, &wanted));
    for (size_t k = 0; k < count; k++)
        wanted[k * t->case_count / count] = 1;
    FGF_TRY(evaluate_logits(t, wanted, fgf_row_f64(t->row, FGF_COLUMN_LOGIT)));
    *seconds = fgf_seconds() - start;
done:
    fgf_free(wanted);
    return status;
}

/* A threshold that needs every case is replaced by one in the midst of those that there are. */
static void place_boundary(trial *t)
{
    const double *logit = fgf_row_f64(t->row, FGF_COLUMN_LOGIT);
    double sum = 0, count = 0;
    for (size_t i = 0; i < t->case_count; i++) {
        if (isnan(logit[i]))
            continue;
        sum += logit[i];
        count++;
    }
    t->settings.flow.boundary = FGF_FLOW_AT_LOGIT;
    t->settings.flow.boundary_value = sum / count;
}

static fgf_status time_evaluation(trial *t, double seconds, fgf_trial_timing *out)
{
    fgf_status status = FGF_OK;
    const size_t all = t->case_count;
    size_t count = all < 2 * EVALUATION_BATCH ? all : 2 * EVALUATION_BATCH;
    double spent;
    FGF_TRY(evaluate_some(t, count, &spent));
    if (count < all && spent * (double)all <= seconds * (double)count) {
        count = all;
        FGF_TRY(evaluate_some(t, count, &spent));
    }
    out->evaluation = spent * (double)all / (double)count;
    out->whole = out->whole && count == all;
    if (count < all && t->settings.flow.boundary == FGF_FLOW_AT_YOUDEN)
        place_boundary(t);
    FGF_TRY(find_boundary(t));
done:
    return status;
}

/* ---- scoring ---- */

/* A case that can be scored, and how far its logit is from the boundary. */
typedef struct candidate {
    double distance;
    size_t index;
} candidate;

static int compare_candidates(const void *left, const void *right)
{
    const candidate *a = left, *b = right;
    if (a->distance != b->distance)
        return a->distance < b->distance ? -1 : 1;
    return a->index < b->index ? -1 : a->index > b->index;
}

/* What scoring takes from the cohort, and what of it a sample leaves. */
typedef struct sample {
    candidate *list; /* [count] the nearest to the boundary first: flows grow with the distance */
    size_t count, scored;
    int8_t *role, *label; /* [cases] as they were */
} sample;

static void sample_clear(sample *s)
{
    fgf_free(s->list);
    fgf_free(s->role);
    fgf_free(s->label);
}

static fgf_status sample_init(const trial *t, sample *s)
{
    fgf_status status = FGF_OK;
    const double *logit = fgf_row_f64(t->row, FGF_COLUMN_LOGIT);
    FGF_TRY(FGF_ALLOCATE(t->case_count, &s->list));
    FGF_TRY(FGF_ALLOCATE(t->case_count, &s->role));
    FGF_TRY(FGF_ALLOCATE(t->case_count, &s->label));
    memcpy(s->role, t->role, t->case_count);
    memcpy(s->label, t->label, t->case_count);
    for (size_t i = 0; i < t->case_count; i++) {
        if (!is_scored(t, i))
            continue;
        s->scored++;
        if (!isnan(logit[i]))
            s->list[s->count++] = (candidate){fabs(logit[i] - t->settings.flow.f0), i};
    }
    qsort(s->list, s->count, sizeof *s->list, compare_candidates);
done:
    return status;
}

/* Leaves `count` cases to be scored, at even distances in the order of the list. */
static void take_sample(trial *t, const sample *s, size_t count)
{
    for (size_t i = 0; i < t->case_count; i++) {
        t->role[i] = FGF_ROLE_OUT;
        t->label[i] = 0; /* out, and not for want of a label */
    }
    for (size_t k = 0; k < count; k++) {
        const size_t i = s->list[(2 * k + 1) * s->count / (2 * count)].index;
        t->role[i] = FGF_ROLE_TEST;
        t->label[i] = s->label[i];
    }
}

/* Scores `count` cases; out->scoring is what all would take. Flows that are not at their end in
 * time are taken to be half way. */
static fgf_status score_some(trial *t, stopwatch *watch, const sample *s, size_t count,
                             fgf_trial_timing *out)
{
    fgf_status status = FGF_OK;
    const double start = fgf_seconds();
    double done = (double)count;
    out->cases = count;
    watch->training = false;
    watch->passes = watch->finished = 0;
    take_sample(t, s, count);
    status = score_cases(t);
    if (status == FGF_STOPPED) {
        size_t busy = count - watch->finished, lanes = (size_t)t->settings.score.lanes;
        out->cases = watch->finished;
        done = (double)watch->finished + 0.5 * (double)(busy < lanes ? busy : lanes);
        status = stopped_is_fine(status);
    }
    FGF_TRY(status);
    out->scoring = (fgf_seconds() - start) / done * (double)s->scored;
done:
    memcpy(t->role, s->role, t->case_count);
    memcpy(t->label, s->label, t->case_count);
    return status;
}

/* As many as fit into the time, up to what is enough for a good mean; at least a round of lanes. */
static fgf_status time_scoring(trial *t, stopwatch *watch, double deadline, fgf_trial_timing *out)
{
    enum { ENOUGH = 64 };
    const double enough_seconds = 2;
    fgf_status status = FGF_OK;
    sample s = {0};
    FGF_TRY(sample_init(t, &s));
    if (s.count == 0)
        goto done;
    const size_t lanes = (size_t)t->settings.score.lanes;
    size_t count = s.count < lanes ? s.count : lanes;
    const double start = fgf_seconds();
    watch->deadline = fmax(deadline, start + 0.5);
    FGF_TRY(score_some(t, watch, &s, count, out));
    const double each = out->scoring / (double)s.scored;
    double fit = fmax(ENOUGH, enough_seconds / each);
    fit = fmin(fit, (deadline - fgf_seconds()) / each);
    if (fit > (double)s.count)
        fit = (double)s.count;
    if (fit >= 2 * (double)count || (fit >= (double)s.count && count < s.count)) {
        count = (size_t)fit;
        watch->deadline = fgf_seconds() + 2 * fit * each;
        FGF_TRY(score_some(t, watch, &s, count, out));
    }
    out->whole = out->whole && out->cases == s.scored;
done:
    sample_clear(&s);
    return status;
}

/* ---- all of it ---- */

static fgf_status time_trial(trial *t, stopwatch *watch, double seconds, fgf_trial_timing *out)
{
    /* What training may take of the time; what it leaves is for the flows. */
    const double training_share = 0.6, evaluation_share = 0.1;
    fgf_status status = FGF_OK;
    const fgf_train_settings *train = &t->settings.train;
    FGF_TRY(time_load(t, out));
    const double start = fgf_seconds();
    out->whole = true;
    if (train->epochs > 0)
        FGF_TRY(time_training(t, watch, training_share * seconds, out));
    FGF_TRY(time_evaluation(t, evaluation_share * seconds, out));
    if (train->epochs > 0 && out->epochs == 0)
        out->epoch +=
            out->evaluation / (double)t->case_count * (double)count_role(t, FGF_ROLE_VALIDATION);
    FGF_TRY(time_scoring(t, watch, start + seconds, out));
    out->whole = out->whole && out->epochs == train->epochs;
    out->seconds = out->begin + (double)train->epochs * out->epoch + out->evaluation + out->scoring;
done:
    return status;
}

fgf_status fgf_trial_time(fgf_context *context, const fgf_config *config, const fgf_axes *axes,
                          fgf_group *group, double seconds, fgf_trial_timing *out)
{
    fgf_status status = FGF_OK;
    fgf_row *row = NULL;
    stopwatch watch = {0};
    const fgf_trial_hooks hooks = {.state = &watch,
                                   .progress = note_progress,
                                   .stop = note_and_stop,
                                   .seconds_left = time_left};
    const double start = fgf_seconds();
    trial t = {.context = context, .config = config, .group = group, .hooks = &hooks};
    memset(out, 0, sizeof *out);
    FGF_TRY(fgf_row_create(axes, &row));
    t.row = row;
    t.started = start;
    FGF_TRY(trial_init(&t));
    /* Early stopping would end the training when it likes. */
    t.settings.train.patience = 0;
    out->begin = fgf_seconds() - start;
    FGF_TRY(time_trial(&t, &watch, seconds, out));
done:
    trial_clear(&t);
    fgf_row_destroy(&row);
    return status;
}
