/* Normal and beta distributions against identities, and the Kolmogorov-Smirnov distance. */
#include "stats_test.h"

#include "fgf/memory.h"
#include "fgf/random.h"

static void normal_values_and_inverse(void **state)
{
    (void)state;
    assert_near(fgf_normal_cdf(1), 0.8413447460685429, 1e-15);
    assert_near(fgf_normal_cdf(-1.96), 0.024997895148220435, 1e-16);
    assert_near(fgf_normal_quantile(0.975), 1.959963984540054, 1e-14);
    assert_near(fgf_normal_quantile(1e-10), -6.361340902404056, 1e-13);
    assert_true(fgf_normal_quantile(0.5) == 0);
    assert_true(isinf(fgf_normal_quantile(0)) && isinf(fgf_normal_quantile(1)));
    assert_true(fgf_normal_quantile(0) < 0 && fgf_normal_quantile(1) > 0);
    assert_true(isnan(fgf_normal_quantile(-0.1)) && isnan(fgf_normal_quantile(1.1)) &&
                isnan(fgf_normal_quantile(NAN)));
    for (double p = 1e-300; p < 0.9999; p = p < 1e-3 ? p * 10 : p + 0.0007)
        assert_near(fgf_normal_cdf(fgf_normal_quantile(p)) / p, 1, 2e-12);
}

/* P(at least k of n) of a binomial, term by term. */
static double binomial_tail(int k, int n, double x)
{
    double sum = 0;
    for (int j = k; j <= n; j++)
        sum += exp(lgamma(n + 1) - lgamma(j + 1) - lgamma(n - j + 1) + j * log(x) +
                   (n - j) * log1p(-x));
    return sum;
}

static void beta_identities(void **state)
{
    (void)state;
    const double shapes[] = {0.5, 1, 2.5, 7, 40.5, 1999.5, 20000};
    for (double x = 0.001; x < 1; x += 0.0173)
        for (int k = 0; k < 7; k++) {
            double b = shapes[k];
            assert_near(fgf_beta_cdf(x, 1, b), -expm1(b * log1p(-x)), 1e-10);
            assert_near(fgf_beta_cdf(x, b, 1), exp(b * log(x)), 1e-10);
            for (int m = 0; m < 7; m++) {
                double a = shapes[m];
                assert_near(fgf_beta_cdf(x, a, b) + fgf_beta_cdf(1 - x, b, a), 1, 1e-10);
                /* DLMF 8.17.20: I_x(a, b) - I_x(a + 1, b) = x^a (1-x)^b / (a B(a, b)). */
                double step =
                    exp(a * log(x) + b * log1p(-x) + lgamma(a + b) - lgamma(a + 1) - lgamma(b));
                assert_near(fgf_beta_cdf(x, a, b) - fgf_beta_cdf(x, a + 1, b), step, 1e-9);
            }
            assert_near(fgf_beta_cdf(x, 0.5, 0.5), 2 * asin(sqrt(x)) / acos(-1), 1e-13);
        }
    assert_near(fgf_beta_cdf(0.3, 5, 11), binomial_tail(5, 15, 0.3), 1e-13);
    assert_near(fgf_beta_cdf(0.003, 5, 1996), binomial_tail(5, 2000, 0.003), 1e-10);
    assert_near(fgf_beta_cdf(0.25, 0.5, 1), 0.5, 1e-15);
}

/* The law of a squared cosine with white noise over |Omega| = 2b + 1 pixels, by Simpson's rule in
 * the cosine itself. */
static void beta_law_of_a_squared_cosine(void **state)
{
    (void)state;
    const double b = 749.5;
    const double quantiles[] = {1e-6, 1e-4, 6e-4, 2e-3, 6e-3, 0.02};
    for (int k = 0; k < 6; k++) {
        int panels = 2000;
        double h = sqrt(quantiles[k]) / panels, sum = 0;
        for (int i = 0; i <= panels; i++) {
            double weight = i == 0 || i == panels ? 1 : i % 2 ? 4 : 2;
            sum += weight * exp((b - 1) * log1p(-h * i * h * i));
        }
        sum *= 2 * h / 3 * exp(lgamma(0.5 + b) - lgamma(0.5) - lgamma(b));
        assert_near(fgf_beta_cdf(quantiles[k], 0.5, b), sum, 1e-10);
    }
}

static void beta_outside_and_undefined(void **state)
{
    (void)state;
    assert_true(fgf_beta_cdf(-1, 2, 3) == 0 && fgf_beta_cdf(0, 2, 3) == 0);
    assert_true(fgf_beta_cdf(1, 2, 3) == 1 && fgf_beta_cdf(2, 2, 3) == 1);
    assert_true(isnan(fgf_beta_cdf(0.5, 0, 3)) && isnan(fgf_beta_cdf(0.5, 2, -1)));
    assert_true(isnan(fgf_beta_cdf(NAN, 2, 3)) && isnan(fgf_incomplete_beta(1.5, 2, 3)));
}

static double uniform_cdf(double x, const void *parameters)
{
    (void)parameters;
    return fmin(fmax(x, 0), 1);
}

static double beta_distribution(double x, const void *parameters)
{
    const double *ab = parameters;
    return fgf_beta_cdf(x, ab[0], ab[1]);
}

static void ks_distance_of_known_samples(void **state)
{
    (void)state;
    double even[11] = {NAN}, zero[3] = {0, 0, 0}, one[3] = {1, 1, 1};
    double distance;
    for (int i = 1; i < 11; i++)
        even[i] = (10.5 - i) / 10;
    assert_int_equal(fgf_ks_distance(even, 11, uniform_cdf, NULL, &distance), FGF_OK);
    assert_near(distance, 0.05, 1e-15);
    assert_int_equal(fgf_ks_distance(zero, 3, uniform_cdf, NULL, &distance), FGF_OK);
    assert_near(distance, 1, 1e-15);
    assert_int_equal(fgf_ks_distance(one, 3, uniform_cdf, NULL, &distance), FGF_OK);
    assert_near(distance, 1, 1e-15);
    assert_int_equal(fgf_ks_distance(even, 1, uniform_cdf, NULL, &distance), FGF_OK);
    assert_true(isnan(distance));
    fgf_allocation_fail_at(1);
    assert_int_equal(fgf_ks_distance(even, 11, uniform_cdf, NULL, &distance), FGF_MEMORY);
    fgf_allocation_fail_at(0);
    assert_near(fgf_ks_p(1.358098639 / 1000.12011, 1000000), 0.05, 1e-6);
    assert_near(fgf_ks_p(1.627623612 / 1000.12011, 1000000), 0.01, 1e-6);
    assert_true(fgf_ks_p(0, 100) == 1 && fgf_ks_p(1, 100) < 1e-80 && isnan(fgf_ks_p(NAN, 100)));
}

/* Squared cosines of Gaussian directions follow their Beta law, and not a neighbouring one. */
static void ks_tells_laws_apart(void **state)
{
    (void)state;
    enum { SAMPLE = 3000, PIXELS = 11 };
    static double s[SAMPLE];
    const double right[] = {0.5, (PIXELS - 1) / 2.0}, wrong[] = {0.5, PIXELS / 2.0};
    double distance;
    for (int k = 0; k < SAMPLE; k++) {
        fgf_stream stream = fgf_stream_open(4, FGF_PURPOSE_TEST, (uint64_t)k, 0);
        double square = 0, first = 0;
        for (int i = 0; i < PIXELS; i++) {
            double z = fgf_stream_normal(&stream);
            square += z * z;
            first = i == 0 ? z : first;
        }
        s[k] = first * first / square;
    }
    assert_int_equal(fgf_ks_distance(s, SAMPLE, beta_distribution, right, &distance), FGF_OK);
    assert_true(fgf_ks_p(distance, SAMPLE) > 0.01);
    assert_int_equal(fgf_ks_distance(s, SAMPLE, beta_distribution, wrong, &distance), FGF_OK);
    assert_true(fgf_ks_p(distance, SAMPLE) < 0.01);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(normal_values_and_inverse),
        cmocka_unit_test(beta_identities),
        cmocka_unit_test(beta_law_of_a_squared_cosine),
        cmocka_unit_test(beta_outside_and_undefined),
        cmocka_unit_test(ks_distance_of_known_samples),
        cmocka_unit_test(ks_tells_laws_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
