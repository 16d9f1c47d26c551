/* The tables of results that run and status print: one line a trial, then one a feature and point.
 *
 * A point is what the sweep varies apart from seeds and folds. Its trials are averaged, per feature
 * and per noise draw, before a feature is ranked among the draws: trials that differ in their seed
 * alone are no sample. */
#include "session.h"

#include "fgf/memory.h"
#include "fgf/stats.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const averaged[] = {
    "/trial/train.seed",        "/trial/split.seed",          "/trial/split.repeat",
    "/trial/split.fold",        "/trial/split.inner_fold",    "/trial/split.centre",
    "/trial/split.file",        "/trial/split.train_centres", "/trial/split.validation_centres",
    "/trial/split.test_centres"};

static bool is_averaged(const char *path)
{
    for (size_t k = 0; k < sizeof averaged / sizeof *averaged; k++)
        if (strcmp(path, averaged[k]) == 0)
            return true;
    return false;
}

/* One trial's row of a column; the caller frees it. */
static fgf_status read_row(fgf_store_reader *reader, size_t column, size_t trial, void **out)
{
    fgf_status status = FGF_OK;
    *out = NULL;
    FGF_TRY(fgf_allocate_bytes(fgf_store_reader_column(reader, column).row_bytes + 1, 1, out));
    FGF_TRY(fgf_store_reader_row(reader, column, trial, *out));
done:
    return status;
}

static fgf_status read_number(fgf_store_reader *reader, fgf_trial_column column, size_t trial,
                              double *out)
{
    fgf_status status = FGF_OK;
    FGF_TRY(fgf_store_reader_row(reader, (size_t)column, trial, out));
done:
    return status;
}

/* Appends "path=value" of every swept key (those of the point alone, or all). */
static fgf_status add_swept_values(fgf_store_reader *reader, size_t trial, bool point_only,
                                   fgf_buffer *out)
{
    fgf_status status = FGF_OK;
    void *row = NULL;
    for (size_t c = FGF_TRIAL_COLUMNS; c < fgf_store_reader_column_count(reader); c++) {
        fgf_column_view view = fgf_store_reader_column(reader, c);
        const char *key = view.column.path + strlen("/trial/");
        if (point_only && is_averaged(view.column.path))
            continue;
        FGF_TRY(read_row(reader, c, trial, &row));
        if (view.column.type == FGF_F64)
            fgf_buffer_add(out, "%s%s=%g", out->length ? " " : "", key, *(double *)row);
        else
            fgf_buffer_add(out, "%s%s=%s", out->length ? " " : "", key, (char *)row);
        fgf_free(row);
        row = NULL;
    }
    if (out->length == 0)
        fgf_buffer_add(out, "-");
    FGF_TRY(out->status);
done:
    fgf_free(row);
    return status;
}

static fgf_status print_trial(fgf_store_reader *reader, size_t trial)
{
    fgf_status status = FGF_OK;
    static const char *const names[] = {"empty", "running", "done", "failed", "unasked"};
    fgf_trial_status state = fgf_store_reader_status(reader, trial);
    fgf_buffer swept = {0};
    char error[FGF_ERROR_TEXT] = "";
    double train, test, low, high, joint, seconds;
    int run_row;
    if (state != FGF_TRIAL_DONE && state != FGF_TRIAL_FAILED) {
        printf("%5zu  %-8s\n", trial, names[state]);
        return FGF_OK;
    }
    FGF_TRY(add_swept_values(reader, trial, false, &swept));
    if (state == FGF_TRIAL_FAILED) {
        FGF_TRY(fgf_store_reader_origin(reader, trial, &run_row, error));
        printf("%5zu  %-8s %-40.60s %s\n", trial, names[state], swept.text, error);
        goto done;
    }
    FGF_TRY(read_number(reader, FGF_COLUMN_AUC_TRAIN, trial, &train));
    FGF_TRY(read_number(reader, FGF_COLUMN_AUC_TEST, trial, &test));
    FGF_TRY(read_number(reader, FGF_COLUMN_AUC_TEST_LOW, trial, &low));
    FGF_TRY(read_number(reader, FGF_COLUMN_AUC_TEST_HIGH, trial, &high));
    FGF_TRY(read_number(reader, FGF_COLUMN_JOINT_MEAN, trial, &joint));
    FGF_TRY(read_number(reader, FGF_COLUMN_SECONDS, trial, &seconds));
    printf("%5zu  %-8s %-40.60s %9.3f  %8.3f [%5.3f, %5.3f]  %6.3f  %7.1f\n", trial, names[state],
           swept.text, train, test, low, high, joint, seconds);
done:
    fgf_buffer_clear(&swept);
    return status;
}

/* A mean over trials that leaves out the missing. */
typedef struct mean {
    double sum;
    size_t count;
} mean;

static double mean_of(const mean *m)
{
    return m->count > 0 ? m->sum / (double)m->count : NAN;
}

/* Means over the trials of one point. */
typedef struct point {
    char *name;
    size_t trials;
    mean joint;
    mean *score;      /* [features] */
    mean *draws;      /* [kinds][draws] */
    mean *joint_null; /* [kinds] */
} point;

typedef struct extent {
    size_t features, kinds, draws;
} extent;

static fgf_status add_to(fgf_store_reader *reader, fgf_trial_column column, size_t trial,
                         mean *means)
{
    fgf_status status = FGF_OK;
    void *row = NULL;
    size_t items = fgf_store_reader_column(reader, (size_t)column).row_items;
    FGF_TRY(read_row(reader, (size_t)column, trial, &row));
    for (size_t k = 0; k < items; k++) {
        double value = ((double *)row)[k];
        if (isnan(value))
            continue;
        means[k].sum += value;
        means[k].count++;
    }
done:
    fgf_free(row);
    return status;
}

/* The point of this name, made if it is new. */
static fgf_status find_point(point *points, size_t *count, const char *name, const extent *e,
                             point **out)
{
    fgf_status status = FGF_OK;
    for (size_t p = 0; p < *count; p++) {
        *out = &points[p];
        if (strcmp(points[p].name, name) == 0)
            return FGF_OK;
    }
    *out = &points[(*count)++];
    FGF_TRY(fgf_copy_text(name, &(*out)->name));
    FGF_TRY(FGF_ALLOCATE(e->features, &(*out)->score));
    FGF_TRY(FGF_ALLOCATE(e->kinds * e->draws, &(*out)->draws));
    FGF_TRY(FGF_ALLOCATE(e->kinds, &(*out)->joint_null));
done:
    return status;
}

/* Marks the finished trials that a point is made of. Trials with an inner fold are there to choose
 * a setting: where others train on the whole training part, those are the ones that count. */
static fgf_status find_counted(fgf_store_reader *reader, bool *counted, size_t *inner_count)
{
    fgf_status status = FGF_OK;
    const size_t trials = fgf_store_reader_trial_count(reader);
    const size_t column = fgf_store_reader_find_column(reader, "/trial/split.inner_fold");
    size_t outer_count = 0;
    *inner_count = 0;
    for (size_t i = 0; i < trials; i++) {
        double inner_fold = -1;
        counted[i] = fgf_store_reader_status(reader, i) == FGF_TRIAL_DONE;
        if (!counted[i] || column == SIZE_MAX)
            continue;
        FGF_TRY(fgf_store_reader_row(reader, column, i, &inner_fold));
        *inner_count += inner_fold >= 0;
        outer_count += inner_fold < 0;
        counted[i] = inner_fold < 0;
    }
    if (outer_count > 0 || *inner_count == 0)
        return FGF_OK;
    *inner_count = 0;
    for (size_t i = 0; i < trials; i++)
        counted[i] = fgf_store_reader_status(reader, i) == FGF_TRIAL_DONE;
done:
    return status;
}

static fgf_status gather_points(fgf_store_reader *reader, const extent *e, const bool *counted,
                                point *points, size_t *count)
{
    fgf_status status = FGF_OK;
    fgf_buffer name = {0};
    for (size_t i = 0; i < fgf_store_reader_trial_count(reader); i++) {
        point *p = NULL;
        if (!counted[i])
            continue;
        fgf_buffer_clear(&name);
        FGF_TRY(add_swept_values(reader, i, true, &name));
        FGF_TRY(find_point(points, count, name.text, e, &p));
        p->trials++;
        FGF_TRY(add_to(reader, FGF_COLUMN_COHORT_SCORE, i, p->score));
        FGF_TRY(add_to(reader, FGF_COLUMN_JOINT_MEAN, i, &p->joint));
        if (e->kinds > 0) {
            FGF_TRY(add_to(reader, FGF_COLUMN_COHORT_NOISE, i, p->draws));
            FGF_TRY(add_to(reader, FGF_COLUMN_COHORT_JOINT_NULL, i, p->joint_null));
        }
    }
done:
    fgf_buffer_clear(&name);
    return status;
}

/* What a point's table shows: the features' scores, the draws, and the test of one against the
 * other. */
typedef struct tested {
    double *score; /* [features] */
    double *draws; /* [kinds][draws] */
    double *p, *q; /* [kinds][features] */
} tested;

static void tested_clear(tested *t)
{
    fgf_free(t->score);
    fgf_free(t->draws);
    fgf_free(t->p);
    fgf_free(t->q);
}

static fgf_status test_point(const point *p, const extent *e, tested *out)
{
    fgf_status status = FGF_OK;
    FGF_TRY(FGF_ALLOCATE(e->features, &out->score));
    FGF_TRY(FGF_ALLOCATE(e->kinds * e->draws, &out->draws));
    FGF_TRY(FGF_ALLOCATE(e->kinds * e->features, &out->p));
    FGF_TRY(FGF_ALLOCATE(e->kinds * e->features, &out->q));
    for (size_t j = 0; j < e->features; j++)
        out->score[j] = mean_of(&p->score[j]);
    for (size_t m = 0; m < e->kinds * e->draws; m++)
        out->draws[m] = mean_of(&p->draws[m]);
    for (size_t k = 0; k < e->kinds; k++)
        FGF_TRY(fgf_cohort_test(out->score, e->features, out->draws + k * e->draws, e->draws,
                                out->p + k * e->features, out->q + k * e->features));
done:
    return status;
}

static fgf_status print_point(const point *p, const extent *e, const char *features,
                              size_t feature_bytes, const char *kinds, size_t kind_bytes)
{
    fgf_status status = FGF_OK;
    tested t = {0};
    FGF_TRY(test_point(p, e, &t));
    printf("\n%s  (%zu trial%s averaged)\n  joint agreement A along the flow %.3f", p->name,
           p->trials, p->trials == 1 ? "" : "s", mean_of(&p->joint));
    for (size_t k = 0; k < e->kinds; k++)
        printf("%s %s noise %.3f", k ? "," : "; as many maps of", kinds + k * kind_bytes,
               mean_of(&p->joint_null[k]));
    printf("\n  %-20s %10s", "feature", "score");
    for (size_t k = 0; k < e->kinds; k++)
        printf("   %12s %8s %8s", kinds + k * kind_bytes, "p", "q");
    printf("\n");
    for (size_t j = 0; j < e->features; j++) {
        printf("  %-20s %10.4f", features + j * feature_bytes, t.score[j]);
        for (size_t k = 0; k < e->kinds; k++)
            printf("   %12.4f %8.4f %8.4f", fgf_mean(t.draws + k * e->draws, e->draws),
                   t.p[k * e->features + j], t.q[k * e->features + j]);
        printf("\n");
    }
done:
    tested_clear(&t);
    return status;
}

/* A static text column; *count and *bytes are 0 where the file lacks it. */
static fgf_status read_names(fgf_store_reader *reader, const char *path, char **out, size_t *count,
                             size_t *bytes)
{
    fgf_status status = FGF_OK;
    size_t index = fgf_store_reader_find_dataset(reader, path);
    *count = *bytes = 0;
    if (index == SIZE_MAX)
        return FGF_OK;
    fgf_dataset_view view = fgf_store_reader_dataset(reader, index);
    FGF_TRY(read_text_table(reader, path, out));
    *count = view.extent[0];
    *bytes = view.text_bytes;
done:
    return status;
}

static fgf_status print_points(fgf_store_reader *reader)
{
    fgf_status status = FGF_OK;
    extent e = {0};
    char *features = NULL, *kinds = NULL;
    size_t feature_bytes, kind_bytes, count = 0, inner_count;
    bool *counted = NULL;
    size_t trials = fgf_store_reader_trial_count(reader);
    point *points = NULL;
    FGF_TRY(read_names(reader, FGF_SCALE_FEATURE, &features, &e.features, &feature_bytes));
    FGF_TRY(read_names(reader, FGF_SCALE_NOISE, &kinds, &e.kinds, &kind_bytes));
    if (e.kinds > 0)
        e.draws = fgf_store_reader_column(reader, FGF_COLUMN_COHORT_NOISE).extent[1];
    FGF_TRY(FGF_ALLOCATE(trials, &points));
    FGF_TRY(FGF_ALLOCATE(trials, &counted));
    FGF_TRY(find_counted(reader, counted, &inner_count));
    FGF_TRY(gather_points(reader, &e, counted, points, &count));
    if (count > 0)
        printf(
            "\nagreement of each feature with the network along the gradient flow, mean over the "
            "cohort\n(the test cases, or all where none are),\nagainst the mean of the noise maps "
            "(p: cohort test; q: "
            "Benjamini-Hochberg over features)\n");
    if (inner_count > 0)
        printf("(%zu trials with an inner fold, which choose, are left out)\n", inner_count);
    for (size_t p = 0; p < count; p++)
        FGF_TRY(print_point(&points[p], &e, features, feature_bytes, kinds, kind_bytes));
done:
    for (size_t p = 0; points && p < count; p++) {
        fgf_free(points[p].name);
        fgf_free(points[p].score);
        fgf_free(points[p].draws);
        fgf_free(points[p].joint_null);
    }
    fgf_free(points);
    fgf_free(counted);
    fgf_free(features);
    fgf_free(kinds);
    return status;
}

fgf_status print_results(fgf_store_reader *reader)
{
    fgf_status status = FGF_OK;
    if (fgf_store_reader_column_count(reader) < FGF_TRIAL_COLUMNS)
        FGF_FAIL(FGF_DATA, "the results file has %zu columns, this version of fgf writes %d",
                 fgf_store_reader_column_count(reader), (int)FGF_TRIAL_COLUMNS);
    printf("%5s  %-8s %-40s %9s  %8s %-16s  %6s  %7s\n", "trial", "status", "point", "AUC train",
           "AUC test", "95 % (DeLong)", "A flow", "seconds");
    for (size_t i = 0; i < fgf_store_reader_trial_count(reader); i++)
        FGF_TRY(print_trial(reader, i));
    FGF_TRY(print_points(reader));
done:
    return status;
}
