/* Training: epochs of keyed batches, cut into microbatches that the group's ranks share. */
#include "loader.h"

#include "fgf/log.h"
#include "fgf/memory.h"

#include <stdlib.h>
#include <string.h>

/* A case's place in the order of an epoch. */
struct draw {
    double value;
    uint32_t index;
};

/* Working memory of a training; where it stands is in the trial. */
typedef struct training {
    step_work *work;
    fgf_tree *tree;
    fgf_optimizer *optimizer;
    fgf_real *gradient;         /* [parameters] of a microbatch */
    fgf_real *total;            /* [parameters] of a step */
    fgf_real *best;             /* [parameters] kept by early stopping */
    case_loss *losses;          /* [cases] of the epoch */
    case_loss *step_loss;       /* [microbatch] */
    struct draw *draws;         /* [train_count] */
    uint32_t *order;            /* [train_count] cases */
    case_list *plan;            /* [plan_count] of this rank in an epoch, in order; room for all */
    size_t plan_count, planned; /* and how many of them were taken up */
    size_t train_count;
    int8_t *is_validation; /* [cases] */
    double *logit;         /* [cases] */
} training;

static void training_clear(training *s)
{
    step_work_destroy(&s->work);
    fgf_tree_destroy(&s->tree);
    fgf_optimizer_destroy(&s->optimizer);
    fgf_free(s->gradient);
    fgf_free(s->total);
    fgf_free(s->best);
    fgf_free(s->losses);
    fgf_free(s->step_loss);
    fgf_free(s->draws);
    fgf_free(s->order);
    fgf_free(s->plan);
    fgf_free(s->is_validation);
    fgf_free(s->logit);
}

static fgf_status training_init(trial *t, training *s)
{
    fgf_status status = FGF_OK;
    size_t parameters = fgf_model_parameter_count(t->model);
    FGF_TRY(step_work_create(t, &s->work));
    FGF_TRY(fgf_tree_create(parameters, &s->tree));
    FGF_TRY(fgf_optimizer_create(&t->settings.optimizer, parameters, &s->optimizer));
    FGF_TRY(FGF_ALLOCATE(parameters, &s->gradient));
    FGF_TRY(FGF_ALLOCATE(parameters, &s->total));
    FGF_TRY(FGF_ALLOCATE(parameters, &s->best));
    FGF_TRY(FGF_ALLOCATE(t->case_count, &s->losses));
    FGF_TRY(FGF_ALLOCATE(t->settings.train.microbatch, &s->step_loss));
    FGF_TRY(FGF_ALLOCATE(t->case_count, &s->draws));
    FGF_TRY(FGF_ALLOCATE(t->case_count, &s->order));
    FGF_TRY(FGF_ALLOCATE(t->case_count, &s->plan));
    FGF_TRY(FGF_ALLOCATE(t->case_count, &s->is_validation));
    FGF_TRY(FGF_ALLOCATE(t->case_count, &s->logit));
    for (size_t i = 0; i < t->case_count; i++) {
        s->is_validation[i] = t->role[i] == FGF_ROLE_VALIDATION;
        if (t->role[i] == FGF_ROLE_TRAIN)
            s->train_count++;
    }
    t->training =
        (training_state){.best_monitor = INFINITY, .best = s->best, .optimizer = s->optimizer};
done:
    return status;
}

static int compare_draws(const void *left, const void *right)
{
    const struct draw *a = left, *b = right;
    if (a->value != b->value)
        return a->value < b->value ? -1 : 1;
    return a->index < b->index ? -1 : a->index > b->index;
}

/* The cases of an epoch in the order of their own keyed draws: adding a case to the cohort moves no
 * other two. */
static void draw_order(const trial *t, training *s, int64_t epoch)
{
    size_t count = 0;
    for (size_t i = 0; i < t->case_count; i++) {
        if (t->role[i] != FGF_ROLE_TRAIN)
            continue;
        fgf_stream stream = fgf_stream_open((uint64_t)t->settings.train.seed,
                                            FGF_PURPOSE_BATCH_ORDER, (uint64_t)epoch, t->key[i]);
        s->draws[count++] = (struct draw){fgf_stream_uniform(&stream), (uint32_t)i};
    }
    qsort(s->draws, count, sizeof *s->draws, compare_draws);
    for (size_t k = 0; k < count; k++)
        s->order[k] = s->draws[k].index;
}

static double warm_lambda(const fgf_regularizer_settings *align, double progress)
{
    if (align->warmup_epochs > 0 && progress < (double)align->warmup_epochs)
        return align->lambda * progress / (double)align->warmup_epochs;
    return align->lambda;
}

/* The microbatches of one batch are the leaves of its summation tree. A rank has neighbouring
 * leaves, [*from, *to), so that it adds whole subtrees before sending any. */
static uint32_t leaves_of(const trial *t, size_t batch, size_t *from, size_t *to)
{
    size_t micro = (size_t)t->settings.train.microbatch, leaves = (batch + micro - 1) / micro;
    size_t size = (size_t)t->group->size, rank = (size_t)t->group->rank;
    *from = leaves * rank / size;
    *to = leaves * (rank + 1) / size;
    return (uint32_t)leaves;
}

/* This rank's microbatches of an epoch. */
static fgf_status plan_epoch(const trial *t, training *s, int64_t epoch)
{
    size_t batch = (size_t)t->settings.train.batch, micro = (size_t)t->settings.train.microbatch;
    s->plan_count = s->planned = 0;
    for (size_t first = 0; first < s->train_count; first += batch) {
        size_t count = s->train_count - first < batch ? s->train_count - first : batch, from, to;
        (void)leaves_of(t, count, &from, &to);
        for (size_t m = from; m < to; m++)
            s->plan[s->plan_count++] =
                (case_list){s->order + first + m * micro,
                            count - m * micro < micro ? count - m * micro : micro};
    }
    return step_work_plan(s->work, s->plan, s->plan_count, epoch);
}

/* This rank's microbatches of one batch. */
static fgf_status add_leaves(trial *t, training *s, size_t batch, double lambda, int64_t epoch)
{
    fgf_status status = FGF_OK;
    size_t from, to;
    fgf_tree_reset(s->tree, leaves_of(t, batch, &from, &to));
    step_work_load(s->work, t->parameters);
    /* What is late is given up: the end of the job would not wait for the epoch's. */
    if (trial_seconds_left(t) <= 0)
        FGF_FAIL(FGF_STOPPED, "out of time in epoch %lld", (long long)epoch);
    for (size_t m = from; m < to; m++) {
        const case_list *of = &s->plan[s->planned++];
        FGF_TRY(
            microbatch_gradient(t, s->work, of, batch, lambda, epoch, s->gradient, s->step_loss));
        FGF_TRY(fgf_tree_add(s->tree, (uint32_t)m, s->gradient));
        for (size_t k = 0; k < of->count; k++)
            s->losses[of->cases[k]] = s->step_loss[k];
    }
done:
    return status;
}

static fgf_status run_epoch(trial *t, training *s, int64_t epoch, double *norm_mean)
{
    fgf_status status = FGF_OK;
    const fgf_train_settings *train = &t->settings.train;
    size_t batch = (size_t)train->batch, steps = (s->train_count + batch - 1) / batch;
    double norm_sum = 0;
    draw_order(t, s, epoch);
    FGF_TRY(fgf_group_agree(t->group, plan_epoch(t, s, epoch)));
    memset(s->losses, 0, t->case_count * sizeof *s->losses);
    for (size_t step = 0; step < steps; step++) {
        size_t first = step * batch;
        size_t count = s->train_count - first < batch ? s->train_count - first : batch;
        double progress = (double)epoch + (double)step / (double)steps;
        double lambda = warm_lambda(&t->settings.align, progress);
        status = add_leaves(t, s, count, lambda, epoch);
        FGF_TRY(fgf_group_agree(t->group, status));
        FGF_TRY(fgf_group_tree_sum(t->group, s->tree, s->total));
        double norm = fgf_optimizer_step(s->optimizer, progress, (double)train->epochs, s->total,
                                         t->parameters);
        if (!isfinite(norm))
            FGF_FAIL(FGF_NUMERIC, "training diverged: gradient norm %g in epoch %lld, step %zu",
                     norm, (long long)epoch, step + 1);
        norm_sum += norm;
        trial_progress(t, "train", (size_t)epoch * steps + step + 1, (size_t)train->epochs * steps);
    }
    *norm_mean = norm_sum / (double)steps;
    FGF_TRY(fgf_group_merge(t->group, s->losses, t->case_count * sizeof *s->losses));
done:
    return status;
}

static void record_epoch(const trial *t, const training *s, int64_t epoch, double norm_mean)
{
    double loss = 0, regularizer = 0, degenerate = 0, seen = 0;
    for (size_t i = 0; i < t->case_count; i++) {
        loss += s->losses[i].loss;
        regularizer += s->losses[i].regularizer;
        degenerate += s->losses[i].degenerate;
        seen += s->losses[i].seen;
    }
    fgf_row_f64(t->row, FGF_COLUMN_CURVE_LOSS)[epoch] = loss / seen;
    fgf_row_f64(t->row, FGF_COLUMN_CURVE_GRADIENT)[epoch] = norm_mean;
    fgf_row_f64(t->row, FGF_COLUMN_CURVE_RATE)[epoch] =
        fgf_optimizer_rate(s->optimizer, (double)epoch + 1, (double)t->settings.train.epochs);
    if (t->settings.align.lambda > 0) {
        fgf_row_f64(t->row, FGF_COLUMN_CURVE_REGULARIZER)[epoch] = regularizer / seen;
        fgf_row_f64(t->row, FGF_COLUMN_CURVE_DEGENERATE)[epoch] = degenerate;
    }
}

/* The validation curve; with patience, remembers the best network and says when to stop. */
static fgf_status watch(trial *t, training *s, int64_t epoch, bool *enough)
{
    fgf_status status = FGF_OK;
    const fgf_train_settings *train = &t->settings.train;
    role_metrics metrics;
    FGF_TRY(evaluate_logits(t, s->is_validation, s->logit));
    FGF_TRY(fgf_group_agree(t->group, measure_role(t, s->logit, FGF_ROLE_VALIDATION, &metrics)));
    fgf_row_f64(t->row, FGF_COLUMN_CURVE_LOSS_VALIDATION)[epoch] = metrics.loss;
    fgf_row_f64(t->row, FGF_COLUMN_CURVE_AUC_VALIDATION)[epoch] = metrics.auc;
    if (train->patience == 0)
        goto done;
    double monitor = train->monitor == FGF_MONITOR_LOSS ? metrics.loss : -metrics.auc;
    if (!isfinite(monitor))
        FGF_FAIL(FGF_NUMERIC, "training diverged: the validation cases' %s is %g in epoch %lld",
                 train->monitor == FGF_MONITOR_LOSS ? "loss" : "AUC", monitor, (long long)epoch);
    if (monitor < t->training.best_monitor || t->training.best_epoch == 0) {
        t->training.best_monitor = monitor;
        t->training.best_epoch = epoch + 1;
        memcpy(s->best, t->parameters, fgf_model_parameter_count(t->model) * sizeof *s->best);
    }
    *enough = epoch + 1 - t->training.best_epoch >= train->patience;
done:
    return status;
}

enum { WISH_STOP = 1, WISH_NO_TIME = 2, WISH_SAVE = 4 };

/* An epoch may take this much longer than the longest one so far. */
static const double epoch_margin = 1.2;

/* Between two epochs: saves where that is due, and ends the trial where it is to stop or the time
 * left is not enough for an epoch and for saving. What one rank wishes all do. Collective. */
static fgf_status pause_training(trial *t)
{
    fgf_status status = FGF_OK;
    const double need = epoch_margin * t->training.longest_epoch + t->saved.seconds;
    const double left = trial_seconds_left(t);
    unsigned char wishes = 0;
    if (trial_stops(t))
        wishes |= WISH_STOP;
    if (left < need)
        wishes |= WISH_NO_TIME;
    /* The last epoch before the deadline may be late after all, and would take the others along. */
    if (trial_saves(t) || left < 2 * need)
        wishes |= WISH_SAVE;
    FGF_TRY(fgf_group_merge(t->group, &wishes, sizeof wishes));
    if (wishes && t->training.epoch > 0)
        checkpoint_save(t);
    if (wishes & (WISH_STOP | WISH_NO_TIME))
        FGF_FAIL(FGF_STOPPED, "%s after %lld epochs",
                 wishes & WISH_STOP ? "stopped on request" : "no time for another epoch",
                 (long long)t->training.epoch);
done:
    return status;
}

/* One epoch, and what is to be remembered of it. */
static fgf_status advance(trial *t, training *s, bool watched, bool *enough)
{
    fgf_status status = FGF_OK;
    const int64_t epoch = t->training.epoch;
    const double start = fgf_seconds();
    double norm_mean = NAN;
    FGF_TRY(run_epoch(t, s, epoch, &norm_mean));
    record_epoch(t, s, epoch, norm_mean);
    if (watched)
        FGF_TRY(watch(t, s, epoch, enough));
    t->training.epoch++;
    t->training.longest_epoch = fmax(t->training.longest_epoch, fgf_seconds() - start);
done:
    return status;
}

/* Takes over the network that counts; what only further epochs would need is let go. */
static void finish_training(trial *t)
{
    training_state *s = &t->training;
    if (s->best_epoch > 0)
        memcpy(t->parameters, s->best, fgf_model_parameter_count(t->model) * sizeof *s->best);
    s->finished = true;
    s->seconds = fgf_seconds() - t->started;
}

fgf_status train_network(trial *t)
{
    fgf_status status = FGF_OK;
    training s = {0};
    training_state *at = &t->training;
    bool watched = false, enough = false;
    FGF_TRY(fgf_group_agree(t->group, training_init(t, &s)));
    FGF_TRY(checkpoint_load(t));
    for (size_t i = 0; i < t->case_count; i++)
        watched = watched || s.is_validation[i];
    while (!at->finished && !enough && at->epoch < t->settings.train.epochs) {
        FGF_TRY(pause_training(t));
        FGF_TRY(advance(t, &s, watched, &enough));
    }
    if (!at->finished)
        finish_training(t);
    at->best = NULL;
    at->optimizer = NULL;
    checkpoint_save_due(t);
    fgf_row_i32(t->row, FGF_COLUMN_EPOCHS)[0] = (int32_t)at->epoch;
    fgf_row_i32(t->row, FGF_COLUMN_BEST_EPOCH)[0] =
        (int32_t)(at->best_epoch > 0 ? at->best_epoch : at->epoch);
done:
    training_clear(&s);
    return status;
}
