/* Planning, refusals, parameter arrays and their orders, initialization, the layer table. */
#include "build_model.h"

#include "fgf/kernel.h"
#include "fgf/memory.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#ifdef FGF_REAL_DOUBLE
#define TOLERANCE 1e-12
#else
#define TOLERANCE 2e-5
#endif

static const char *const reference_like =
    "conv channels=3 kernel=3 padding=1; prelu; max_pool size=2; conv channels=4 kernel=2; "
    "leaky_relu; flatten; prelu; dense units=5; prelu; dense units=1";
static const fgf_shape reference_input = {2, 1, 9, 8};

static void refused(const char *text, fgf_shape input, const char *const *parts)
{
    fgf_model *model = NULL;
    assert_int_equal(test_model(text, input, &model), FGF_USAGE);
    assert_null(model);
    const char *message = fgf_last_error()->message;
    assert_null(strchr(message, '\n'));
    for (; *parts; parts++)
        if (!strstr(message, *parts))
            fail_msg("'%s' does not say '%s'", message, *parts);
}

static void test_refusals(void **unused)
{
    (void)unused;
    const fgf_shape small = {1, 1, 9, 9}, deep = {2, 3, 9, 9};
    refused("conv channels=16 kernel=3; max_pool size=2; max_pool size=4; dense units=1", small,
            (const char *const[]){"test.yaml:12:5", "layer 3 (max_pool)", "window 4 x 4",
                                  "input 3 x 3 x 16", "before: 3 x 3 x 16", "after: 0 x 0 x 16",
                                  NULL});
    refused("conv channels=2 kernel=10; dense units=1", small,
            (const char *const[]){"layer 1 (conv)", "before: 9 x 9 x 1", NULL});
    refused("conv channels=2 kernel=4,3,3; dense units=1", deep,
            (const char *const[]){"kernel [4, 3, 3]", "depth x height x width x channels",
                                  "before: 3 x 9 x 9 x 2", "after: 0 x 7 x 7 x 2", NULL});
    refused("flatten; conv channels=2 kernel=1; dense units=1", small,
            (const char *const[]){"layer 2 (conv)", "flattened", NULL});
    refused("conv channels=2 kernel=0; dense units=1", small,
            (const char *const[]){"kernel is 0", NULL});
    refused("max_pool size=1,2,3,4; dense units=1", small,
            (const char *const[]){"size has 4 values", NULL});
    refused("dense units=2", small, (const char *const[]){"layer 1 (dense)", "units: 1", NULL});
    refused("dense units=1; relu", small,
            (const char *const[]){"layer 2 (relu)", "units: 1", NULL});
    refused("", small, (const char *const[]){"no layers", NULL});
}

static void test_extents(void **unused)
{
    (void)unused;
    fgf_model *model = NULL;
    fgf_buffer text = {0};
    /* One integer means height and width of an image, and all three axes of a volume. */
    assert_int_equal(
        test_model("conv channels=2 kernel=3 padding=1; max_pool size=2; dense units=1",
                   (fgf_shape){1, 1, 7, 5}, &model),
        FGF_OK);
    fgf_model_describe(model, &text);
    assert_non_null(strstr(text.text, "\"output\": [2, 1, 7, 5]"));
    assert_non_null(strstr(text.text, "\"output\": [2, 1, 3, 2]"));
    fgf_model_destroy(&model);
    fgf_buffer_clear(&text);
    assert_int_equal(test_model("conv channels=2 kernel=3; max_pool size=2 stride=1; dense units=1",
                                (fgf_shape){1, 5, 7, 6}, &model),
                     FGF_OK);
    fgf_model_describe(model, &text);
    assert_non_null(strstr(text.text, "\"output\": [2, 3, 5, 4]"));
    assert_non_null(strstr(text.text, "\"output\": [2, 2, 4, 3]"));
    fgf_buffer_clear(&text);
    fgf_model_destroy(&model);
}

static void test_arrays(void **unused)
{
    (void)unused;
    static const struct {
        const char *name;
        size_t count;
        int rank;
        long dims[4];
    } expected[] = {{"conv_0.weight", 54, 4, {3, 2, 3, 3}},
                    {"conv_0.bias", 3, 1, {3}},
                    {"prelu_1.slope", 3, 1, {3}},
                    {"conv_3.weight", 48, 4, {4, 3, 2, 2}},
                    {"conv_3.bias", 4, 1, {4}},
                    {"prelu_6.slope", 36, 1, {36}},
                    {"dense_7.weight", 180, 2, {5, 36}},
                    {"dense_7.bias", 5, 1, {5}},
                    {"prelu_8.slope", 5, 1, {5}},
                    {"dense_9.weight", 5, 2, {1, 5}},
                    {"dense_9.bias", 1, 1, {1}}};
    fgf_model *model = NULL;
    size_t offset = 0;
    assert_int_equal(test_model(reference_like, reference_input, &model), FGF_OK);
    assert_int_equal(fgf_model_array_count(model), sizeof expected / sizeof *expected);
    for (size_t k = 0; k < fgf_model_array_count(model); k++) {
        const fgf_parameter_array *array = fgf_model_array(model, k);
        assert_string_equal(array->name, expected[k].name);
        assert_int_equal(array->offset, offset);
        assert_int_equal(array->count, expected[k].count);
        assert_int_equal(array->rank, expected[k].rank);
        for (int axis = 0; axis < array->rank; axis++)
            assert_int_equal(array->dims[axis], expected[k].dims[axis]);
        offset += array->count;
    }
    assert_int_equal(offset, fgf_model_parameter_count(model));
    fgf_model_destroy(&model);
}

/* ---- a network in PyTorch's orders, written out with no library ---- */

/* y [out][oh][ow] of x [in][h][w], weight [out][in][kh][kw]. */
static void plain_conv(int in, int h, int w, const double *x, int out, int kernel, int padding,
                       const double *weight, const double *bias, double *y)
{
    const int oh = h + 2 * padding - kernel + 1, ow = w + 2 * padding - kernel + 1;
    for (int o = 0; o < out; o++)
        for (int i = 0; i < oh * ow; i++) {
            double sum = bias[o];
            for (int c = 0; c < in; c++)
                for (int k = 0; k < kernel * kernel; k++) {
                    const int yy = i / ow - padding + k / kernel,
                              xx = i % ow - padding + k % kernel;
                    if (yy >= 0 && yy < h && xx >= 0 && xx < w)
                        sum +=
                            x[(c * h + yy) * w + xx] * weight[(o * in + c) * kernel * kernel + k];
                }
            y[o * oh * ow + i] = sum;
        }
}

static void plain_prelu(int channels, int pixels, const double *slope, double *z)
{
    for (int c = 0; c < channels; c++)
        for (int i = 0; i < pixels; i++)
            z[c * pixels + i] *= z[c * pixels + i] > 0 ? 1 : slope[c];
}

static void plain_dense(int in, int out, const double *x, const double *weight, const double *bias,
                        double *y)
{
    for (int o = 0; o < out; o++) {
        y[o] = bias[o];
        for (int k = 0; k < in; k++)
            y[o] += weight[o * in + k] * x[k];
    }
}

static void plain_pool(int channels, int h, int w, const double *x, double *y)
{
    for (int c = 0; c < channels; c++)
        for (int i = 0; i < (h / 2) * (w / 2); i++) {
            const double *at = x + (c * h + i / (w / 2) * 2) * w + i % (w / 2) * 2;
            y[c * (h / 2) * (w / 2) + i] = fmax(fmax(at[0], at[1]), fmax(at[w], at[w + 1]));
        }
}

static double plain_network(double *const w[], const double *x)
{
    double a[3 * 72], pooled[3 * 16], c[36], d[5], f;
    const double hundredth[] = {0.01, 0.01, 0.01, 0.01};
    plain_conv(2, 9, 8, x, 3, 3, 1, w[0], w[1], a);
    plain_prelu(3, 72, w[2], a);
    plain_pool(3, 9, 8, a, pooled);
    plain_conv(3, 4, 4, pooled, 4, 2, 0, w[3], w[4], c);
    plain_prelu(4, 9, hundredth, c);
    plain_prelu(36, 1, w[5], c);
    plain_dense(36, 5, c, w[6], w[7], d);
    plain_prelu(5, 1, w[8], d);
    plain_dense(5, 1, d, w[9], w[10], &f);
    return f;
}

static void test_import_means_the_same_network(void **unused)
{
    (void)unused;
    enum { ARRAYS = 11, PIXELS = 72 };
    fgf_model *model = NULL;
    fgf_tape *tape = NULL;
    double *w[ARRAYS], x[2 * PIXELS];
    fgf_real own[2 * PIXELS], logit = 0;
    assert_int_equal(test_model(reference_like, reference_input, &model), FGF_OK);
    fgf_real *parameters = test_reals(fgf_model_parameter_count(model));
    for (size_t k = 0; k < ARRAYS; k++) {
        const size_t count = fgf_model_array(model, k)->count;
        fgf_stream stream = fgf_stream_open(5, FGF_PURPOSE_TEST, k, 0);
        double *back = calloc(count, sizeof *back);
        w[k] = calloc(count, sizeof *w[k]);
        assert_non_null(back);
        assert_non_null(w[k]);
        for (size_t i = 0; i < count; i++)
            w[k][i] = (double)(fgf_real)(0.5 * fgf_stream_normal(&stream));
        fgf_model_import_array(model, k, w[k], parameters);
        fgf_model_export_array(model, k, parameters, back);
        assert_memory_equal(back, w[k], count * sizeof *back);
        free(back);
    }
    test_normal(6, 1, 2 * PIXELS, own);
    for (int c = 0; c < 2; c++)
        for (int i = 0; i < PIXELS; i++)
            x[c * PIXELS + i] = (double)own[i * 2 + c];
    assert_int_equal(fgf_tape_create(model, 1, FGF_PASSES_LOGIT, &tape), FGF_OK);
    fgf_tape_load(tape, parameters);
    fgf_tape_forward(tape, own, 1, NULL, NULL, &logit);
    const double expected = plain_network(w, x);
    assert_true(fabs((double)logit - expected) <= TOLERANCE * (1 + fabs(expected)));
    for (size_t k = 0; k < ARRAYS; k++)
        free(w[k]);
    free(parameters);
    fgf_tape_destroy(&tape);
    fgf_model_destroy(&model);
}

/* ---- initialization ---- */

static void moments(const fgf_parameter_array *array, const fgf_real *parameters, double *mean,
                    double *deviation, double *greatest)
{
    double sum = 0, squares = 0;
    *greatest = 0;
    for (size_t i = 0; i < array->count; i++) {
        const double value = (double)parameters[array->offset + i];
        sum += value;
        squares += value * value;
        *greatest = fmax(*greatest, fabs(value));
    }
    *mean = sum / (double)array->count;
    *deviation = sqrt(squares / (double)array->count - *mean * *mean);
}

static void test_initialization(void **unused)
{
    (void)unused;
    /* The dense layer: fan in 400, fan out 50. */
    static const struct {
        int scheme;
        double deviation, greatest; /* 0 = unbounded */
    } laws[] = {{0, 0.0707106781, 0},
                {1, 0.0707106781, 0.122474487},
                {2, 0.0666666667, 0},
                {3, 0.0666666667, 0.115470054},
                {4, 0.0288675135, 0.05}};
    fgf_model *model = NULL;
    assert_int_equal(test_model("prelu slope=0.3; dense units=50; dense units=1",
                                (fgf_shape){4, 1, 10, 10}, &model),
                     FGF_OK);
    fgf_real *p = test_reals(fgf_model_parameter_count(model));
    for (size_t i = 0; i < sizeof laws / sizeof *laws; i++) {
        const fgf_initialize_settings settings = {laws[i].scheme};
        double mean, deviation, greatest;
        fgf_model_initialize(model, &settings, 11, p);
        for (int c = 0; c < 4; c++)
            assert_true(p[c] == (fgf_real)0.3);
        moments(fgf_model_array(model, 1), p, &mean, &deviation, &greatest);
        /* 20,000 draws: standard errors of 0.7 % of the deviation, five of them allowed. */
        assert_true(fabs(mean) < 0.035 * laws[i].deviation);
        assert_true(fabs(deviation / laws[i].deviation - 1) < 0.035);
        if (laws[i].greatest > 0)
            assert_true(greatest <= laws[i].greatest * (1 + 1e-6) &&
                        greatest > 0.999 * laws[i].greatest);
        moments(fgf_model_array(model, 2), p, &mean, &deviation, &greatest);
        if (laws[i].scheme == 4)
            assert_true(greatest > 0.04 && greatest <= 0.05 * (1 + 1e-6));
        else
            assert_true(greatest == 0);
    }
    free(p);
    fgf_model_destroy(&model);
}

static void test_initialization_is_keyed(void **unused)
{
    (void)unused;
    const fgf_initialize_settings he = {0};
    fgf_model *one = NULL, *other = NULL;
    /* Another size of the second layer leaves the first layer's draws alone. */
    assert_int_equal(test_model("conv channels=3 kernel=3; dense units=4; dense units=1",
                                (fgf_shape){2, 1, 5, 5}, &one),
                     FGF_OK);
    assert_int_equal(test_model("conv channels=3 kernel=3; dense units=9; dense units=1",
                                (fgf_shape){2, 1, 5, 5}, &other),
                     FGF_OK);
    fgf_real *p = test_reals(fgf_model_parameter_count(one));
    fgf_real *q = test_reals(fgf_model_parameter_count(other));
    fgf_real *again = test_reals(fgf_model_parameter_count(one));
    fgf_model_initialize(one, &he, 3, p);
    fgf_model_initialize(one, &he, 3, again);
    fgf_model_initialize(other, &he, 3, q);
    assert_memory_equal(p, again, fgf_model_parameter_count(one) * sizeof *p);
    assert_memory_equal(p, q, 54 * sizeof *p);
    fgf_model_initialize(one, &he, 4, again);
    assert_memory_not_equal(p, again, 54 * sizeof *p);
    free(p);
    free(q);
    free(again);
    fgf_model_destroy(&one);
    fgf_model_destroy(&other);
}

static void test_arrays_differ(void **unused)
{
    (void)unused;
    const fgf_initialize_settings he = {0};
    fgf_model *model = NULL;
    assert_int_equal(test_model("dense units=6 bias=false; dense units=6 bias=false; dense units=1",
                                (fgf_shape){6, 1, 1, 1}, &model),
                     FGF_OK);
    fgf_real *p = test_reals(fgf_model_parameter_count(model));
    fgf_model_initialize(model, &he, 3, p);
    /* Two arrays of one size and one law: only the key tells them apart. */
    assert_memory_not_equal(p, p + 36, 36 * sizeof *p);
    free(p);
    fgf_model_destroy(&model);
}

static void test_every_allocation_may_fail(void **unused)
{
    (void)unused;
    fgf_model *model = NULL;
    fgf_status status = FGF_MEMORY;
    for (long n = 1; status == FGF_MEMORY; n++) {
        fgf_allocation_fail_at(n);
        status = test_model(reference_like, reference_input, &model);
        assert_true(status == FGF_OK || (status == FGF_MEMORY && !model));
    }
    fgf_tape *tape = NULL;
    status = FGF_MEMORY;
    for (long n = 1; status == FGF_MEMORY; n++) {
        fgf_allocation_fail_at(n);
        status = fgf_tape_create(model, 2, FGF_PASSES_REGULARIZED, &tape);
        assert_true(status == FGF_OK || (status == FGF_MEMORY && !tape));
    }
    fgf_allocation_fail_at(0);
    fgf_tape_destroy(&tape);
    fgf_model_destroy(&model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refusals),       cmocka_unit_test(test_extents),
        cmocka_unit_test(test_arrays),         cmocka_unit_test(test_import_means_the_same_network),
        cmocka_unit_test(test_initialization), cmocka_unit_test(test_initialization_is_keyed),
        cmocka_unit_test(test_arrays_differ),  cmocka_unit_test(test_every_allocation_may_fail),
    };
    if (fgf_kernel_start() != FGF_OK)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
