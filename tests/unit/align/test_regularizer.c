/* R and u = dR/dg of both forms: finite differences in g, <u, g> = 0, the degenerate cases. */
#include "unit/align/align_test.h"

enum { N = 97, K = 5 };

static const double weights[K] = {1, 0.5, 2, 0.25, 3};
static fgf_real g[N], v[K * N], u[N];
static fgf_align_work *work;

static fgf_regularizer regularize(fgf_regularizer_form form)
{
    return fgf_regularize(work, &align_defaults, form, weights, g, v, K, N, u);
}

/* Steps are powers of two and g is a multiple of a larger one: g + step is exact in float too. */
static double difference(fgf_regularizer_form form, size_t i)
{
    const double step = 0x1p-10;
    fgf_real scratch[N], kept = g[i];
    double value[4];
    const int offset[4] = {1, -1, 2, -2};
    for (int k = 0; k < 4; k++) {
        g[i] = (fgf_real)(kept + offset[k] * step);
        value[k] = fgf_regularize(work, &align_defaults, form, weights, g, v, K, N, scratch).value;
    }
    g[i] = kept;
    return (8 * (value[0] - value[1]) - (value[2] - value[3])) / (12 * step);
}

static void make_inputs(uint64_t seed)
{
    draw_normals(seed, 0, v, K * N);
    draw_normals(seed, 1, g, N);
    for (size_t i = 0; i < N; i++)
        /* A part of g along the features, so that A is neither tiny nor 1. */
        g[i] = (fgf_real)(floor(256 * ((double)g[i] + 2 * (double)v[i])) / 256);
}

static void u_is_the_gradient_of_R(void **state)
{
    (void)state;
    for (int form = FGF_REGULARIZER_JOINT; form <= FGF_REGULARIZER_PER_FEATURE; form++)
        for (uint64_t seed = 1; seed <= 4; seed++) {
            double greatest = 0, inner = 0, lengths = 0;
            make_inputs(seed);
            if (seed == 4)
                memset(v + 2 * N, 0, N * sizeof *v); /* one feature missing */
            fgf_regularizer r = regularize((fgf_regularizer_form)form);
            assert_false(r.degenerate);
            assert_true(r.value > 0.05 && isfinite(r.value));
            for (size_t i = 0; i < N; i++) {
                greatest = fmax(greatest, fabs((double)u[i]));
                inner += (double)u[i] * (double)g[i];
                lengths += fabs((double)u[i] * (double)g[i]);
            }
            assert_true(greatest > 1e-3);
            assert_true(fabs(inner) <= FGF_REAL_EPSILON * 20 * lengths);
            for (size_t i = 0; i < N; i++) {
                double expected = difference((fgf_regularizer_form)form, i);
                if (!(fabs(u[i] - expected) <= 1e-7 * greatest))
                    fail_msg("form %d, element %zu: u %.12g, difference %.12g", form, i,
                             (double)u[i], expected);
            }
        }
}

static void R_is_what_the_scores_say(void **state)
{
    (void)state;
    double cosine[K], sum = 0;
    make_inputs(9);
    fgf_joint joint = fgf_agreement(work, &align_defaults, g, v, K, N, cosine);
    for (size_t j = 0; j < K; j++)
        sum += weights[j] * (1 - cosine[j] * cosine[j]);
    assert_true(fabs(regularize(FGF_REGULARIZER_JOINT).value - (1 - joint.score)) < 1e-14);
    assert_true(fabs(regularize(FGF_REGULARIZER_PER_FEATURE).value - sum) < 1e-13);
}

static void u_is_zero(void)
{
    for (size_t i = 0; i < N; i++)
        assert_true(u[i] == 0);
}

static void degenerate_cases_are_the_maximum(void **state)
{
    (void)state;
    const double most[2] = {1, 6.75};
    for (int form = FGF_REGULARIZER_JOINT; form <= FGF_REGULARIZER_PER_FEATURE; form++) {
        make_inputs(1);
        memset(v, 0, sizeof v);
        memset(u, 1, sizeof u);
        fgf_regularizer r = regularize((fgf_regularizer_form)form);
        assert_true(r.degenerate && r.value == most[form]);
        u_is_zero();
        make_inputs(1);
        memset(g, 0, sizeof g);
        memset(u, 1, sizeof u);
        r = regularize((fgf_regularizer_form)form);
        assert_true(r.degenerate && r.value == most[form]);
        u_is_zero();
    }
    make_inputs(1); /* five features over five pixels span everything */
    fgf_regularizer r =
        fgf_regularize(work, &align_defaults, FGF_REGULARIZER_JOINT, NULL, g, v, K, K, u);
    assert_true(r.degenerate && r.value == 1);
    r = fgf_regularize(work, &align_defaults, FGF_REGULARIZER_JOINT, NULL, g, v, K, 0, u);
    assert_true(r.degenerate && r.value == 1);
}

/* Elements that are finite, of a length that is not: only where fgf_real is double. */
static void what_has_run_away_has_no_direction(void **state)
{
    (void)state;
    const double far = sizeof(fgf_real) == sizeof(double) ? 1e200 : 1e30;
    double cosine[K];
    for (int form = FGF_REGULARIZER_JOINT; form <= FGF_REGULARIZER_PER_FEATURE; form++) {
        make_inputs(1);
        const fgf_regularizer near_by = regularize((fgf_regularizer_form)form);
        for (size_t i = 0; i < N; i++)
            g[i] = (fgf_real)(far * (double)g[i]);
        memset(u, 1, sizeof u);
        const fgf_regularizer r = regularize((fgf_regularizer_form)form);
        const fgf_joint joint = fgf_agreement(work, &align_defaults, g, v, K, N, cosine);
        if (isfinite(far * far)) { /* of floats */
            assert_true(fabs(r.value - near_by.value) <= 1e-5 && isfinite(joint.score));
            continue;
        }
        assert_true(isnan(r.value) && isnan(joint.score) && isnan(cosine[0]));
        u_is_zero();
    }
}

static void missing_feature_contributes_its_weight(void **state)
{
    (void)state;
    fgf_real before[N];
    make_inputs(3);
    memset(v + N, 0, N * sizeof *v);
    fgf_regularizer with = regularize(FGF_REGULARIZER_PER_FEATURE);
    memcpy(before, u, sizeof u);
    memmove(v + N, v + 2 * N, 3 * N * sizeof *v);
    const double others[4] = {1, 2, 0.25, 3};
    fgf_regularizer without = fgf_regularize(work, &align_defaults, FGF_REGULARIZER_PER_FEATURE,
                                             others, g, v, K - 1, N, u);
    assert_true(fabs(with.value - without.value - 0.5) < 1e-14);
    assert_memory_equal(before, u, sizeof u);
}

/* g inside the span: R is 0 and has no direction to fall. */
static void perfect_agreement_is_stationary(void **state)
{
    (void)state;
    make_inputs(5);
    for (size_t i = 0; i < N; i++)
        g[i] = v[i];
    assert_true(fabs(regularize(FGF_REGULARIZER_JOINT).value) < 1e-12);
    for (size_t i = 0; i < N; i++)
        assert_true(fabs((double)u[i]) < 1e-12);
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
        cmocka_unit_test(u_is_the_gradient_of_R),
        cmocka_unit_test(R_is_what_the_scores_say),
        cmocka_unit_test(degenerate_cases_are_the_maximum),
        cmocka_unit_test(what_has_run_away_has_no_direction),
        cmocka_unit_test(missing_feature_contributes_its_weight),
        cmocka_unit_test(perfect_agreement_is_stationary),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
