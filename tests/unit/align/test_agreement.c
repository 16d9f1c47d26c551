/* Cosines and the joint score on projections that are known, and where they are missing. */
#include "unit/align/align_test.h"

enum { N = 211, K = 7 };

#ifdef FGF_REAL_DOUBLE
static const double tolerance = 1e-13;
#else
static const double tolerance = 1e-6; /* g and v are rounded to float before they are handed over */
#endif

static fgf_real g[N], v[K * N];
static fgf_align_work *work;

static fgf_joint agree(size_t features, size_t n, double *cosine)
{
    return fgf_agreement(work, &align_defaults, g, v, features, n, cosine);
}

static void close_to(double value, double expected)
{
    if (!(fabs(value - expected) <= tolerance))
        fail_msg("%.15g, expected %.15g", value, expected);
}

/* v_j along pixels of their own, two each: A is the share of g's energy on them. */
static void orthogonal_features_add_up(void **state)
{
    (void)state;
    double cosine[K], energy = 0, square = 0;
    memset(v, 0, sizeof v);
    draw_normals(1, 0, g, N);
    for (size_t i = 0; i < N; i++)
        energy += (double)g[i] * (double)g[i];
    for (size_t j = 0; j < K; j++) {
        double along = ((double)g[2 * j] * 3 - (double)g[2 * j + 1] * 4) / 5;
        v[j * N + 2 * j] = 3;
        v[j * N + 2 * j + 1] = -4;
        square += along * along / energy;
    }
    fgf_joint joint = agree(K, N, cosine);
    close_to(joint.score, square);
    close_to(joint.norm / sqrt(energy), 1);
    assert_int_equal(joint.rank, K);
    assert_int_equal(joint.dropped, 0);
    for (size_t j = 0; j < K; j++)
        close_to(cosine[j], ((double)g[2 * j] * 3 - (double)g[2 * j + 1] * 4) / 5 / sqrt(energy));
}

/* g in the span has A = 1; a part of equal length orthogonal to all v_j makes it 1/2. */
static void known_mixture_of_oblique_features(void **state)
{
    (void)state;
    double inside = 0;
    draw_normals(2, 0, v, K * N);
    for (size_t j = 0; j < K; j++)
        v[j * N + N - 1] = 0;
    for (size_t i = 0; i < N; i++) {
        double sum = 0;
        for (size_t j = 0; j < K; j++)
            sum += ((double)j - 2.5) * (double)v[j * N + i];
        g[i] = (fgf_real)sum;
        inside += (double)g[i] * (double)g[i];
    }
    close_to(agree(K, N, NULL).score, 1);
    g[N - 1] = (fgf_real)sqrt(inside);
    close_to(agree(K, N, NULL).score, 0.5);
}

static void scaling_columns_changes_nothing(void **state)
{
    (void)state;
    double before[K], after[K];
    draw_normals(3, 0, v, K * N);
    draw_normals(3, 1, g, N);
    double score = agree(K, N, before).score;
    for (size_t j = 0; j < K; j++)
        for (size_t i = 0; i < N; i++)
            v[j * N + i] *= (fgf_real)(j % 2 ? -ldexp(1, 30) : ldexp(1, -30));
    fgf_joint joint = agree(K, N, after);
    assert_int_equal(joint.rank, K);
    assert_true(joint.score == score); /* powers of two: the same bits */
    for (size_t j = 0; j < K; j++)
        assert_true(after[j] == (j % 2 ? -before[j] : before[j]));
    for (size_t i = 0; i < N; i++)
        g[i] *= 1024;
    assert_true(agree(K, N, NULL).score == score);
}

static void dependent_columns_are_dropped_and_counted(void **state)
{
    (void)state;
    double cosine[K];
    draw_normals(4, 0, v, K * N);
    draw_normals(4, 1, g, N);
    double score = agree(3, N, NULL).score;
    memcpy(v + 6 * N, v + 2 * N, N * sizeof *v);
    memcpy(v + 4 * N, v + 1 * N, N * sizeof *v);
    /* Independent columns stand behind dependent ones: the factorization has to look for them. */
    for (size_t i = 0; i < N; i++) {
        v[1 * N + i] = 2 * v[0 * N + i];                    /* the same direction */
        v[2 * N + i] = 0;                                   /* none */
        v[3 * N + i] = v[0 * N + i] * (1 + (fgf_real)1e-9); /* the same up to rounding */
        v[5 * N + i] = -v[4 * N + i];
    }
    fgf_joint joint = agree(K, N, cosine);
    assert_int_equal(joint.rank, 3);
    assert_int_equal(joint.dropped, 4);
    close_to(joint.score, score);
    assert_true(isnan(cosine[2]));
    close_to(cosine[1], cosine[0]);
    close_to(cosine[5], -cosine[4]);
}

/* One column along an axis, one at a small angle to it: dropped just when the angle is small. */
static void tolerance_is_relative_to_unit_columns(void **state)
{
    (void)state;
    const double angle[] = {1e-3, 1e-5, 2e-6, 0.5e-6, 1e-8};
    const int rank[] = {2, 2, 2, 1, 1};
    draw_normals(5, 0, g, N);
    for (size_t a = 0; a < 5; a++) {
        memset(v, 0, sizeof v);
        v[0] = (fgf_real)1e5;
        v[N] = (fgf_real)1e-4;
        v[N + 1] = (fgf_real)(1e-4 * angle[a]);
        assert_int_equal(agree(2, N, NULL).rank, rank[a]);
    }
}

static void missing_scores_are_nan(void **state)
{
    (void)state;
    double cosine[K];
    draw_normals(6, 0, v, K * N);
    draw_normals(6, 1, g, N);
    for (size_t n = 1; n <= K + 2; n++) {
        fgf_joint joint = agree(K, n, cosine);
        assert_int_equal(joint.rank, n < K ? n : K);
        assert_true(isnan(joint.score) == (n <= K));
        assert_true(isfinite(cosine[0]));
    }
    assert_true(isnan(agree(0, N, cosine).score));
    assert_int_equal(agree(K, 0, cosine).rank, 0);
    memset(v, 0, sizeof v);
    fgf_joint joint = agree(K, N, cosine);
    assert_true(isnan(joint.score) && joint.rank == 0 && joint.dropped == K);
    v[0] = 1;
    for (size_t i = 0; i < N; i++)
        g[i] = (fgf_real)0.9e-12;
    joint = agree(1, N, cosine);
    assert_true(isnan(joint.score) && isnan(cosine[0]) && joint.rank == 1);
    for (size_t i = 0; i < N; i++)
        g[i] = (fgf_real)1.1e-12;
    assert_true(isfinite(agree(1, N, cosine).score));
}

/* Columns with condition number 1e5 against the answer of a construction in exact coordinates. */
static void ill_conditioned_features_keep_their_digits(void **state)
{
    (void)state;
    memset(v, 0, sizeof v);
    memset(g, 0, sizeof g);
    for (size_t j = 0; j < K; j++) {
        v[j * N] = 1;
        v[j * N + j + 1] = j ? (fgf_real)0x1p-16 : 0;
    }
    for (size_t i = 0; i < K + 1; i++)
        g[i] = 1; /* the span is that of axes 0, 2 .. K: all of g but its element 1 */
    fgf_joint joint = agree(K, N, NULL);
    assert_int_equal(joint.rank, K);
    if (!(fabs(joint.score - K / (K + 1.0)) < 1e-9))
        fail_msg("%.15g, expected %.15g", joint.score, K / (K + 1.0));
}

static void work_survives_failed_allocations(void **state)
{
    (void)state;
    fgf_align_work *other = NULL;
    for (long n = 1; n <= 9; n++) {
        fgf_allocation_fail_at(n);
        assert_int_equal(fgf_align_work_create(N, K, &other), FGF_MEMORY);
        assert_null(other);
    }
    fgf_allocation_fail_at(0);
}

static int set_up(void **state)
{
    (void)state;
    return fgf_align_work_create(N, K, &work) != FGF_OK;
}

static int tear_down(void **state)
{
    (void)state;
    fgf_align_work_destroy(&work);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(orthogonal_features_add_up),
        cmocka_unit_test(known_mixture_of_oblique_features),
        cmocka_unit_test(scaling_columns_changes_nothing),
        cmocka_unit_test(dependent_columns_are_dropped_and_counted),
        cmocka_unit_test(tolerance_is_relative_to_unit_columns),
        cmocka_unit_test(missing_scores_are_nan),
        cmocka_unit_test(ill_conditioned_features_keep_their_digits),
        cmocka_unit_test(work_survives_failed_allocations),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
