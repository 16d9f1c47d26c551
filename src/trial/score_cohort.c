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

/* The means of every draw over the same cases that the feature's own mean runs over. */
static void cohort_noise(const scoring *s, const size_t *turn, size_t count, size_t kind,
                         double *draws, double *values)
{
    for (size_t m = 0; m < s->draws; m++) {
        for (size_t k = 0; k < count; k++)
            values[k] = s->case_noise[(kind * s->scored + turn[k]) * s->draws + m];
        draws[m] = fgf_mean(values, count);
    }
}

static fgf_status effect_of(const scoring *s, const size_t *turn, size_t count, size_t kind,
                            size_t j, double *values)
{
    fgf_status status = FGF_OK;
    const trial *t = s->t;
    size_t cell = t->features.column[j] * t->row->axes->length[FGF_AXIS_NOISE] +
                  s->kind_column[kind];
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

/* Tests the features of one noise kind; p, q [features] and values [cases] are room to work in. */
static fgf_status test_kind(const scoring *s, const size_t *turn, size_t count, size_t kind,
                            double *values, double *score, double *p, double *q)
{
    fgf_status status = FGF_OK;
    const trial *t = s->t;
    size_t axis = t->row->axes->length[FGF_AXIS_NOISE], column = s->kind_column[kind];
    double *draws = fgf_row_f64(t->row, FGF_COLUMN_COHORT_NOISE) +
                    column * t->row->axes->length[FGF_AXIS_DRAW];
    cohort_noise(s, turn, count, kind, draws, values);
    FGF_TRY(fgf_cohort_test(score, s->features, draws, s->draws, p, q));
    for (size_t j = 0; j < s->features; j++) {
        size_t cell = t->features.column[j] * axis + column;
        fgf_row_f64(t->row, FGF_COLUMN_P_VALUE)[cell] = p[j];
        fgf_row_f64(t->row, FGF_COLUMN_Q_VALUE)[cell] = q[j];
        FGF_TRY(effect_of(s, turn, count, kind, j, values));
    }
    fgf_row_f64(t->row, FGF_COLUMN_COHORT_JOINT_NULL)[column] =
        cohort_mean(s, turn, count, FGF_COLUMN_JOINT_NULL_MEAN, column, values);
done:
    return status;
}

fgf_status test_cohort(scoring *s)
{
    fgf_status status = FGF_OK;
    const trial *t = s->t;
    size_t *turn = NULL;
    double *values = NULL, *score = NULL, *p = NULL, *q = NULL;
    int32_t sliding = 0;
    FGF_TRY(FGF_ALLOCATE(s->scored, &turn));
    FGF_TRY(FGF_ALLOCATE(s->scored, &values));
    FGF_TRY(FGF_ALLOCATE(s->features, &score));
    FGF_TRY(FGF_ALLOCATE(s->features, &p));
    FGF_TRY(FGF_ALLOCATE(s->features, &q));
    size_t count = cohort_turns(s, turn);
    for (size_t j = 0; j < s->features; j++) {
        size_t a = t->features.column[j];
        score[j] = cohort_mean(s, turn, count, FGF_COLUMN_SQUARE_FLOW, a, values);
        fgf_row_f64(t->row, FGF_COLUMN_COHORT_SCORE)[a] = score[j];
    }
    for (size_t kind = 0; kind < s->kinds; kind++)
        FGF_TRY(test_kind(s, turn, count, kind, values, score, p, q));
    *fgf_row_f64(t->row, FGF_COLUMN_JOINT_MEAN) =
        cohort_mean(s, turn, count, FGF_COLUMN_JOINT_FLOW, 0, values);
    *fgf_row_f64(t->row, FGF_COLUMN_JOINT_INPUT_MEAN) =
        cohort_mean(s, turn, count, FGF_COLUMN_JOINT_INPUT, 0, values);
    for (size_t k = 0; k < s->scored; k++)
        sliding += *case_i8(t, FGF_COLUMN_FLOW_SLIDING, s->scored_case[k]) == 1;
    *fgf_row_i32(t->row, FGF_COLUMN_SLIDING_CASES) = sliding;
    *fgf_row_i32(t->row, FGF_COLUMN_COHORT_CASES) = (int32_t)count;
done:
    fgf_free(turn);
    fgf_free(values);
    fgf_free(score);
    fgf_free(p);
    fgf_free(q);
    return status;
}
