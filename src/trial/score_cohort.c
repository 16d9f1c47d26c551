/* The cohort test: means over cases, the same for features and draws. */
#include "scoring.h"

#include "fgf/memory.h"
#include "fgf/stats.h"

/* The cases of the cohort test: the test cases, or every scored one where none are. */
static size_t cohort_turns(const scoring *s, size_t *turn)
{
    size_t count = 0;
    for (size_t k = 0; k < s->scored; k++)
        if (s->t->role[s->scored_case[k]] == FGF_ROLE_TEST)
            turn[count++] = k;
    for (size_t k = 0; count == 0 && k < s->scored; k++)
        turn[k] = k;
    return count > 0 ? count : s->scored;
}

/* Mean over the cohort's cases of a per-case column, element `offset` of each case. */
static double cohort_mean(const scoring *s, const size_t *turn, size_t count,
                          fgf_trial_column column, size_t offset, double *values)
{
    for (size_t k = 0; k < count; k++)
        values[k] = case_f64(s->t, column, s->scored_case[turn[k]])[offset];
    return fgf_mean(values, count);
}

/* The mean of every draw over `count` cases. */
static void cohort_noise(const scoring *s, const size_t *turn, size_t count, size_t kind,
                         double *draws, double *values)
{
    for (size_t m = 0; m < s->draws; m++) {
        for (size_t k = 0; k < count; k++)
            values[k] = s->case_noise[(kind * s->scored + turn[k]) * s->draws + m];
        draws[m] = fgf_mean(values, count);
    }
}

/* The cases of `turn` on which feature j has a score. */
static size_t turns_of_feature(const scoring *s, const size_t *turn, size_t count, size_t j,
                               size_t *out)
{
    size_t kept = 0, a = s->t->features.column[j];
    for (size_t k = 0; k < count; k++)
        if (!isnan(case_f64(s->t, FGF_COLUMN_SQUARE_FLOW, s->scored_case[turn[k]])[a]))
            out[kept++] = turn[k];
    return kept;
}

static fgf_status effect_of(const scoring *s, const size_t *turn, size_t count, size_t kind,
                            size_t j, double *values)
{
    fgf_status status = FGF_OK;
    const trial *t = s->t;
    size_t cell =
        t->features.column[j] * t->row->axes->length[FGF_AXIS_NOISE] + s->kind_column[kind];
    for (size_t k = 0; k < count; k++)
        values[k] = s->case_rank[(kind * s->features + j) * s->scored + turn[k]];
    FGF_TRY(fgf_signed_rank_effect(values, count, 0.95, (size_t)t->settings.score.resamples,
                                   (uint64_t)t->settings.noise.seed, j * NOISE_KINDS + kind,
                                   &fgf_row_f64(t->row, FGF_COLUMN_EFFECT)[cell],
                                   &fgf_row_f64(t->row, FGF_COLUMN_EFFECT_LOW)[cell],
                                   &fgf_row_f64(t->row, FGF_COLUMN_EFFECT_HIGH)[cell]));
done:
    return status;
}

/* Room to work in: [scored] cases, [features], [draws]. */
typedef struct cohort_work {
    size_t *turn, *own_turn;
    double *values, *score, *p, *q, *own_draws;
} cohort_work;

/* The feature's p value where some cases have no score of it: the draws are averaged over the same
 * cases that the feature is. */
static double own_p(const scoring *s, const cohort_work *work, size_t count, size_t kind, size_t j)
{
    size_t kept = turns_of_feature(s, work->turn, count, j, work->own_turn);
    cohort_noise(s, work->own_turn, kept, kind, work->own_draws, work->values);
    return fgf_rank_p(work->score[j], work->own_draws, s->draws);
}

/* Tests the features of one noise kind. */
static fgf_status test_kind(const scoring *s, const cohort_work *work, size_t count, size_t kind)
{
    fgf_status status = FGF_OK;
    const trial *t = s->t;
    size_t axis = t->row->axes->length[FGF_AXIS_NOISE], column = s->kind_column[kind];
    double *draws =
        fgf_row_f64(t->row, FGF_COLUMN_COHORT_NOISE) + column * t->row->axes->length[FGF_AXIS_DRAW];
    cohort_noise(s, work->turn, count, kind, draws, work->values);
    for (size_t j = 0; j < s->features; j++) {
        bool whole = turns_of_feature(s, work->turn, count, j, work->own_turn) == count;
        work->p[j] =
            whole ? fgf_rank_p(work->score[j], draws, s->draws) : own_p(s, work, count, kind, j);
    }
    FGF_TRY(fgf_benjamini_hochberg(work->p, s->features, work->q));
    for (size_t j = 0; j < s->features; j++) {
        size_t cell = t->features.column[j] * axis + column;
        fgf_row_f64(t->row, FGF_COLUMN_P_VALUE)[cell] = work->p[j];
        fgf_row_f64(t->row, FGF_COLUMN_Q_VALUE)[cell] = work->q[j];
        FGF_TRY(effect_of(s, work->turn, count, kind, j, work->values));
    }
    fgf_row_f64(t->row, FGF_COLUMN_COHORT_JOINT_NULL)[column] =
        cohort_mean(s, work->turn, count, FGF_COLUMN_JOINT_NULL_MEAN, column, work->values);
done:
    return status;
}

fgf_status test_cohort(scoring *s)
{
    fgf_status status = FGF_OK;
    const trial *t = s->t;
    cohort_work work = {0};
    int32_t sliding = 0;
    FGF_TRY(FGF_ALLOCATE(s->scored, &work.turn));
    FGF_TRY(FGF_ALLOCATE(s->scored, &work.own_turn));
    FGF_TRY(FGF_ALLOCATE(s->scored, &work.values));
    FGF_TRY(FGF_ALLOCATE(s->features, &work.score));
    FGF_TRY(FGF_ALLOCATE(s->features, &work.p));
    FGF_TRY(FGF_ALLOCATE(s->features, &work.q));
    FGF_TRY(FGF_ALLOCATE(s->draws, &work.own_draws));
    size_t count = cohort_turns(s, work.turn);
    for (size_t j = 0; j < s->features; j++) {
        size_t a = t->features.column[j];
        work.score[j] = cohort_mean(s, work.turn, count, FGF_COLUMN_SQUARE_FLOW, a, work.values);
        fgf_row_f64(t->row, FGF_COLUMN_COHORT_SCORE)[a] = work.score[j];
        fgf_row_i32(t->row, FGF_COLUMN_COHORT_FEATURE_CASES)[a] =
            (int32_t)turns_of_feature(s, work.turn, count, j, work.own_turn);
    }
    for (size_t kind = 0; kind < s->kinds; kind++)
        FGF_TRY(test_kind(s, &work, count, kind));
    *fgf_row_f64(t->row, FGF_COLUMN_JOINT_MEAN) =
        cohort_mean(s, work.turn, count, FGF_COLUMN_JOINT_FLOW, 0, work.values);
    *fgf_row_f64(t->row, FGF_COLUMN_JOINT_INPUT_MEAN) =
        cohort_mean(s, work.turn, count, FGF_COLUMN_JOINT_INPUT, 0, work.values);
    for (size_t k = 0; k < s->scored; k++)
        sliding += *case_i8(t, FGF_COLUMN_FLOW_SLIDING, s->scored_case[k]) == 1;
    *fgf_row_i32(t->row, FGF_COLUMN_SLIDING_CASES) = sliding;
    *fgf_row_i32(t->row, FGF_COLUMN_COHORT_CASES) = (int32_t)count;
done:
    fgf_free(work.turn);
    fgf_free(work.own_turn);
    fgf_free(work.values);
    fgf_free(work.score);
    fgf_free(work.p);
    fgf_free(work.q);
    fgf_free(work.own_draws);
    return status;
}
