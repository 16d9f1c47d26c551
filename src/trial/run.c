/* One trial from its configuration to its row. */
#include "trial_internal.h"

#include "fgf/log.h"
#include "fgf/memory.h"
#include "fgf/model_file.h"
#include "fgf/stats.h"

#include <stdlib.h>
#include <string.h>

void trial_clear(trial *t)
{
    fgf_model_destroy(&t->model);
    feature_set_clear(&t->features);
    fgf_free(t->role);
    fgf_free(t->label);
    fgf_free(t->key);
}

static fgf_status weigh_classes(trial *t)
{
    fgf_status status = FGF_OK;
    const fgf_train_settings *train = &t->settings.train;
    double count[2] = {0, 0};
    if (train->class_weights.count != 2)
        FGF_FAIL(FGF_USAGE, "%s: train.class_weights has %zu numbers, expected 2",
                 fgf_config_where(t->config, "train.class_weights"), train->class_weights.count);
    for (size_t i = 0; i < t->case_count; i++)
        if (t->role[i] == FGF_ROLE_TRAIN)
            count[t->label[i]]++;
    for (int y = 0; y < 2; y++) {
        t->class_weight[y] = train->class_weights.values[y];
        if (train->balanced && count[y] > 0)
            t->class_weight[y] *= (count[0] + count[1]) / (2 * count[y]);
    }
done:
    return status;
}

/* Scoring someone else's network needs no training cases: without a split every case is a test
 * case. */
static fgf_status assign_roles(trial *t, bool foreign)
{
    fgf_status status = FGF_OK;
    const fgf_dataset *dataset = fgf_context_dataset(t->context);
    if (foreign)
        memset(t->role, FGF_ROLE_TEST, t->case_count);
    else
        FGF_TRY(fgf_split_assign(&t->settings.split, dataset, t->role));
    for (size_t i = 0; i < t->case_count; i++) {
        const fgf_case *c = fgf_dataset_case(dataset, i);
        t->label[i] = c->label;
        t->key[i] = fgf_text_key(c->id);
        fgf_row_i8(t->row, FGF_COLUMN_ROLE)[i] = t->role[i];
    }
done:
    return status;
}

static fgf_status set_parameters(trial *t)
{
    fgf_status status = FGF_OK;
    size_t count = fgf_model_parameter_count(t->model);
    const fgf_texts *names = t->settings.model.names.count > 0 ? &t->settings.model.names : NULL;
    FGF_TRY(FGF_ALLOCATE(count, &t->row->parameters));
    t->row->parameter_count = count;
    t->parameters = t->row->parameters;
    if (t->hooks && t->hooks->parameters) {
        if (t->hooks->parameter_count != count)
            FGF_FAIL(FGF_DATA, "the stored network has %zu parameters, this one %zu",
                     t->hooks->parameter_count, count);
        memcpy(t->parameters, t->hooks->parameters, count * sizeof *t->parameters);
        goto done;
    }
    fgf_model_initialize(t->model, &t->settings.initialize, (uint64_t)t->settings.train.seed,
                         t->parameters);
    if (t->settings.model.weights[0])
        FGF_TRY(fgf_model_file_read(t->settings.model.weights, t->model, names, t->parameters));
done:
    return status;
}

fgf_status trial_init(trial *t)
{
    fgf_status status = FGF_OK;
    const fgf_dataset *dataset = fgf_context_dataset(t->context);
    const fgf_cohort *cohort = fgf_dataset_cohort(dataset);
    bool foreign = t->hooks && t->hooks->parameters;
    t->case_count = fgf_dataset_case_count(dataset);
    FGF_TRY(fgf_trial_settings_read(t->config, &t->settings));
    FGF_TRY(fgf_trial_model(t->config, cohort->shape, &t->model));
    FGF_TRY(feature_set_create(t->config, &t->settings.align, cohort, t->row->axes, &t->features));
    FGF_TRY(FGF_ALLOCATE(t->case_count, &t->role));
    FGF_TRY(FGF_ALLOCATE(t->case_count, &t->label));
    FGF_TRY(FGF_ALLOCATE(t->case_count, &t->key));
    FGF_TRY(assign_roles(t, foreign));
    FGF_TRY(weigh_classes(t));
    FGF_TRY(set_parameters(t));
    *fgf_row_i32(t->row, FGF_COLUMN_PARAMETERS) = (int32_t)t->row->parameter_count;
    *fgf_row_i32(t->row, FGF_COLUMN_RANKS) = t->group->size;
done:
    return status;
}

static void store_metrics(const trial *t, const role_metrics *m, fgf_trial_column auc,
                          fgf_trial_column low, fgf_trial_column high)
{
    *fgf_row_f64(t->row, auc) = m->auc;
    *fgf_row_f64(t->row, low) = m->auc_low;
    *fgf_row_f64(t->row, high) = m->auc_high;
}

/* AUC and loss of every part of the cohort. */
static fgf_status measure(trial *t)
{
    fgf_status status = FGF_OK;
    role_metrics m;
    const double *logit = fgf_row_f64(t->row, FGF_COLUMN_LOGIT);
    FGF_TRY(measure_role(t, logit, FGF_ROLE_TRAIN, &m));
    store_metrics(t, &m, FGF_COLUMN_AUC_TRAIN, FGF_COLUMN_AUC_TRAIN_LOW, FGF_COLUMN_AUC_TRAIN_HIGH);
    *fgf_row_f64(t->row, FGF_COLUMN_LOSS_TRAIN) = m.loss;
    FGF_TRY(measure_role(t, logit, FGF_ROLE_VALIDATION, &m));
    store_metrics(t, &m, FGF_COLUMN_AUC_VALIDATION, FGF_COLUMN_AUC_VALIDATION_LOW,
                  FGF_COLUMN_AUC_VALIDATION_HIGH);
    FGF_TRY(measure_role(t, logit, FGF_ROLE_TEST, &m));
    store_metrics(t, &m, FGF_COLUMN_AUC_TEST, FGF_COLUMN_AUC_TEST_LOW, FGF_COLUMN_AUC_TEST_HIGH);
    *fgf_row_f64(t->row, FGF_COLUMN_LOSS_TEST) = m.loss;
done:
    return status;
}

/* f0, from the training cases where the specification says so; a network that was trained before
 * brings its own. */
fgf_status find_boundary(trial *t)
{
    fgf_status status = FGF_OK;
    int8_t *train_label = NULL;
    const double *logit = fgf_row_f64(t->row, FGF_COLUMN_LOGIT);
    double events = 0, others = 0, youden = NAN, index;
    if (t->hooks && t->hooks->parameters) {
        t->settings.flow.boundary = FGF_FLOW_AT_LOGIT;
        t->settings.flow.boundary_value = t->hooks->boundary;
    }
    FGF_TRY(FGF_ALLOCATE(t->case_count, &train_label));
    for (size_t i = 0; i < t->case_count; i++) {
        train_label[i] = t->role[i] == FGF_ROLE_TRAIN ? t->label[i] : -1;
        events += train_label[i] == 1;
        others += train_label[i] == 0;
    }
    if (t->settings.flow.boundary == FGF_FLOW_AT_YOUDEN)
        FGF_TRY(fgf_youden(logit, train_label, t->case_count, &youden, &index));
    FGF_TRY(fgf_flow_resolve(&t->settings.flow, fgf_model_piecewise_linear(t->model),
                             events / (events + others), youden));
    *fgf_row_f64(t->row, FGF_COLUMN_BOUNDARY) = t->settings.flow.f0;
done:
    fgf_free(train_label);
    return status;
}

static fgf_status evaluate(trial *t)
{
    fgf_status status = FGF_OK;
    int8_t *all = NULL;
    FGF_TRY(fgf_group_agree(t->group, FGF_ALLOCATE(t->case_count, &all)));
    memset(all, 1, t->case_count);
    FGF_TRY(evaluate_logits(t, all, fgf_row_f64(t->row, FGF_COLUMN_LOGIT)));
    FGF_TRY(fgf_group_agree(t->group, measure(t)));
    FGF_TRY(fgf_group_agree(t->group, find_boundary(t)));
done:
    fgf_free(all);
    return status;
}

fgf_status fgf_trial_run(fgf_context *context, const fgf_config *config, fgf_group *group,
                         const fgf_trial_hooks *hooks, fgf_row *row)
{
    fgf_status status = FGF_OK;
    trial t = {.context = context,
               .config = config,
               .group = group,
               .hooks = hooks,
               .row = row,
               .started = fgf_seconds()};
    bool trains = !(hooks && hooks->parameters);
    FGF_TRY(fgf_group_agree(group, trial_init(&t)));
    fgf_row_set_swept(row, config);
    t.training.seconds = fgf_seconds() - t.started;
    if (trains && t.settings.train.epochs > 0)
        FGF_TRY(train_network(&t));
    *fgf_row_f64(row, FGF_COLUMN_SECONDS_TRAINING) = t.training.seconds;
    FGF_TRY(evaluate(&t));
    status = score_cases(&t);
    if (status == FGF_STOPPED)
        checkpoint_save(&t);
    FGF_TRY(status);
    *fgf_row_f64(row, FGF_COLUMN_SECONDS) = fgf_seconds() - t.started;
done:
    trial_clear(&t);
    return status;
}
