/* Logits of cases, and what they say of a part of the cohort. */
#include "trial_internal.h"

#include "fgf/memory.h"
#include "fgf/stats.h"

#include <string.h>

/* Fills the logits of this rank's cases: every size-th of the wanted ones. */
static fgf_status evaluate_mine(trial *t, const int8_t *wanted, double *logit)
{
    fgf_status status = FGF_OK;
    fgf_tape *tape = NULL;
    fgf_real *x = NULL;
    fgf_real f[EVALUATION_BATCH];
    size_t held[EVALUATION_BATCH];
    fgf_box box[EVALUATION_BATCH];
    size_t image = (size_t)fgf_shape_size(fgf_model_input(t->model));
    size_t turn = 0, count = 0, all = 0, done_cases = 0;
    for (size_t i = 0; i < t->case_count; i++)
        all += wanted[i] != 0;
    FGF_TRY(fgf_tape_create(t->model, EVALUATION_BATCH, FGF_PASSES_LOGIT, &tape));
    FGF_TRY(FGF_ALLOCATE(EVALUATION_BATCH * image, &x));
    fgf_tape_load(tape, t->parameters);
    for (size_t i = 0; i <= t->case_count; i++) {
        bool last = i == t->case_count;
        if (!last && (!wanted[i] || turn++ % (size_t)t->group->size != (size_t)t->group->rank))
            continue;
        if (!last) {
            case_view view;
            FGF_TRY(context_case(t->context, i, &view));
            memcpy(x + count * image, view.x, image * sizeof *x);
            box[count] = box_of_case(fgf_model_input(t->model), view.x, view.mask);
            held[count++] = i;
        }
        if (count == EVALUATION_BATCH || (last && count > 0)) {
            fgf_tape_forward(tape, x, (int)count, box, NULL, f);
            for (size_t k = 0; k < count; k++)
                logit[held[k]] = (double)f[k];
            done_cases += count * (size_t)t->group->size;
            trial_progress(t, "evaluate", done_cases, all);
            count = 0;
        }
    }
done:
    fgf_tape_destroy(&tape);
    fgf_free(x);
    return status;
}

fgf_status evaluate_logits(trial *t, const int8_t *wanted, double *logit)
{
    fgf_status status = FGF_OK;
    memset(logit, 0, t->case_count * sizeof *logit);
    FGF_TRY(fgf_group_agree(t->group, evaluate_mine(t, wanted, logit)));
    FGF_TRY(fgf_group_merge(t->group, logit, t->case_count * sizeof *logit));
    for (size_t i = 0; i < t->case_count; i++)
        if (!wanted[i])
            logit[i] = NAN;
done:
    return status;
}

fgf_status measure_role(const trial *t, const double *logit, int8_t role, role_metrics *out)
{
    fgf_status status = FGF_OK;
    double *score = NULL;
    double loss = 0, se;
    size_t count = 0;
    FGF_TRY(FGF_ALLOCATE(t->case_count, &score));
    for (size_t i = 0; i < t->case_count; i++) {
        bool in = t->role[i] == role && t->label[i] >= 0;
        score[i] = in ? logit[i] : NAN;
        if (in) {
            loss +=
                fgf_binary_cross_entropy(logit[i], t->label[i], t->class_weight[t->label[i]], NULL);
            count++;
        }
    }
    out->loss = count > 0 ? loss / (double)count : NAN;
    fgf_auc_delong(score, t->label, t->case_count, 0.95, &out->auc, &out->auc_low, &out->auc_high,
                   &se);
done:
    fgf_free(score);
    return status;
}
