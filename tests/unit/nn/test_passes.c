/* What the passes of a tape owe: a case's numbers do not know its company, the merged path is the
 * smooth one, u = NULL is the plain step, dropout draws by key, and memory is planned once. */
#include "build_model.h"

#include "fgf/kernel.h"
#include "fgf/memory.h"
#include "model.h"
#include "tape.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const char *const piecewise =
    "conv channels=6 kernel=3 padding=1; prelu; max_pool size=2; conv channels=17 kernel=3; "
    "leaky_relu; max_pool size=3 stride=1; flatten; dense units=37; prelu; dense units=19; relu; "
    "dense units=1";
static const char *const smooth =
    "conv channels=5 kernel=3; silu; average_pool size=2; conv channels=7 kernel=2; softplus; "
    "global_average_pool; dense units=9; tanh; dense units=6; gelu; dense units=1";
static const fgf_shape input = {2, 1, 13, 11};

/* Fronts with padding, pools of all sorts, and no flatten before the dense tail. */
static const char *const fronts[] = {
    "conv channels=6 kernel=5 padding=2; prelu; max_pool size=4; conv channels=5 kernel=3 "
    "padding=1; prelu; max_pool size=2; flatten; dense units=7; prelu; dense units=1",
    "conv channels=4 kernel=3; max_pool size=3 stride=1; leaky_relu; conv channels=5 kernel=3 "
    "stride=2; max_pool size=3 stride=2; leaky_relu; dense units=6; leaky_relu; dense units=1",
    "conv channels=3 kernel=3 padding=1; prelu slope=-0.3; max_pool size=3; conv channels=4 "
    "kernel=4 stride=3 padding=1; relu; average_pool size=2; dense units=5; prelu; dense units=1",
    "conv channels=3 kernel=3 padding=2; silu; max_pool size=2; conv channels=4 kernel=3; "
    "softplus; "
    "conv channels=3 kernel=2 stride=2; gelu; max_pool size=2 stride=1; flatten; dense units=4; "
    "tanh; dense units=1",
    "conv channels=3 kernel=3; tanh; conv channels=2 kernel=3 padding=1 bias=false; softplus; "
    "dense units=1",
};
static const fgf_shape large = {2, 1, 47, 41};

/* The same of volumes: kernels and pools of other extents along the slices, kernels of one slice.
 */
static const char *const deep_fronts[] = {
    "conv channels=5 kernel=3 padding=1; prelu; max_pool size=2; conv channels=4 kernel=3 "
    "padding=1; prelu; max_pool size=2; flatten; dense units=7; prelu; dense units=1",
    "conv channels=4 kernel=2,3,3 padding=1,0,0; max_pool size=2,3,3 stride=1; leaky_relu; "
    "conv channels=5 kernel=3 stride=1,2,2 padding=1; max_pool size=1,3,3 stride=2; leaky_relu; "
    "dense units=6; leaky_relu; dense units=1",
    "conv channels=3 kernel=1,3,3; silu; max_pool size=3,2,2; conv channels=4 kernel=3,1,1; "
    "softplus; flatten; dense units=4; tanh; dense units=1",
};
static const fgf_shape deep = {2, 13, 21, 19};

enum { CASES = 11 };

typedef struct setting {
    fgf_model *model;
    size_t n, parameters; /* of a case; of the model */
    fgf_real *theta, *x, *u, *g, *gradient;
    fgf_real c[CASES], logit[CASES];
    fgf_stream dropout[CASES];
} setting;

static void open_setting_of(setting *s, const char *text, fgf_shape shape)
{
    const fgf_initialize_settings he = {0};
    memset(s, 0, sizeof *s);
    assert_int_equal(test_model(text, shape, &s->model), FGF_OK);
    s->n = (size_t)fgf_shape_size(shape);
    s->parameters = fgf_model_parameter_count(s->model);
    s->theta = test_reals(s->parameters);
    s->gradient = test_reals(s->parameters);
    test_normal(1, 1, s->n * CASES, s->x = test_reals(s->n * CASES));
    test_normal(2, 1, s->n * CASES, s->u = test_reals(s->n * CASES));
    s->g = test_reals(s->n * CASES);
    test_normal(3, 1, CASES, s->c);
    fgf_model_initialize(s->model, &he, 5, s->theta);
    for (int i = 0; i < CASES; i++)
        s->dropout[i] = fgf_stream_open(9, FGF_PURPOSE_DROPOUT, 1, (uint64_t)i);
}

static void open_setting(setting *s, const char *text)
{
    open_setting_of(s, text, input);
}

static void close_setting(setting *s)
{
    free(s->theta);
    free(s->gradient);
    free(s->x);
    free(s->u);
    free(s->g);
    fgf_model_destroy(&s->model);
}

static fgf_tape *tape_of(const setting *s, int capacity, fgf_passes passes)
{
    fgf_tape *tape = NULL;
    assert_int_equal(fgf_tape_create(s->model, capacity, passes, &tape), FGF_OK);
    return tape;
}

/* The cases `which` in one pass must have the very bits that they have in s->logit and s->g. */
static void expect_same_bits(const setting *s, fgf_tape *tape, const int *which, int count)
{
    fgf_real *x = test_reals(s->n * (size_t)count), *g = test_reals(s->n * (size_t)count);
    fgf_real logit[CASES];
    for (int i = 0; i < count; i++)
        memcpy(x + s->n * (size_t)i, s->x + s->n * (size_t)which[i], s->n * sizeof *x);
    fgf_tape_load(tape, s->theta);
    fgf_tape_forward(tape, x, count, NULL, NULL, logit);
    fgf_tape_input_gradient(tape, g);
    for (int i = 0; i < count; i++) {
        assert_memory_equal(&logit[i], &s->logit[which[i]], sizeof *logit);
        assert_memory_equal(g + s->n * (size_t)i, s->g + s->n * (size_t)which[i], s->n * sizeof *g);
    }
    free(x);
    free(g);
}

static void check_company(const char *text)
{
    setting s;
    open_setting(&s, text);
    fgf_tape *tape = tape_of(&s, CASES, FGF_PASSES_INPUT),
             *small = tape_of(&s, 3, FGF_PASSES_INPUT);
    fgf_tape_load(tape, s.theta);
    fgf_tape_forward(tape, s.x, CASES, NULL, NULL, s.logit);
    fgf_tape_input_gradient(tape, s.g);
    const int reversed[CASES] = {10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0};
    const int some[] = {7, 2, 9, 4, 0}, twice[] = {3, 3, 3, 3, 3, 3};
    expect_same_bits(&s, tape, reversed, CASES);
    expect_same_bits(&s, tape, some, 5);
    expect_same_bits(&s, tape, twice, 6);
    for (int i = 0; i < CASES; i++)
        expect_same_bits(&s, small, &i, 1);
    expect_same_bits(&s, small, some, 3);
    expect_same_bits(&s, small, some + 1, 2);
    fgf_tape_destroy(&tape);
    fgf_tape_destroy(&small);
    close_setting(&s);
}

static void test_company_changes_no_bit(void **unused)
{
    (void)unused;
    check_company(piecewise);
    check_company(smooth);
    check_company("dense units=70; relu; dense units=1");
}

static double distance(size_t n, const fgf_real *x, const fgf_real *y)
{
    double difference = 0, scale = 0;
    for (size_t i = 0; i < n; i++) {
        difference += ((double)x[i] - (double)y[i]) * ((double)x[i] - (double)y[i]);
        scale += (double)y[i] * (double)y[i];
    }
    return sqrt(difference / (scale + 1e-300));
}

/* Adds the gradient with u to s->gradient. */
static void with_u(setting *s, const fgf_real *u, const fgf_stream *dropout)
{
    fgf_tape *tape = tape_of(s, CASES, FGF_PASSES_REGULARIZED);
    fgf_tape_load(tape, s->theta);
    fgf_tape_forward(tape, s->x, CASES, NULL, dropout, s->logit);
    fgf_tape_input_gradient(tape, s->g);
    fgf_tape_parameter_gradient(tape, s->c, u, s->gradient);
    fgf_tape_destroy(&tape);
}

static void test_merged_path_is_the_smooth_one(void **unused)
{
    (void)unused;
    setting s;
    open_setting(&s, piecewise);
    assert_true(fgf_model_piecewise_linear(s.model));
    with_u(&s, s.u, NULL);
    fgf_real *merged = s.gradient;
    s.gradient = test_reals(s.parameters);
    s.model->piecewise_linear = false;
    with_u(&s, s.u, NULL);
    assert_true(distance(s.parameters, merged, s.gradient) < 20 * FGF_REAL_EPSILON);
    free(merged);
    close_setting(&s);
    open_setting(&s, smooth);
    assert_false(fgf_model_piecewise_linear(s.model));
    close_setting(&s);
}

static void check_without_u(const char *text)
{
    setting s;
    open_setting(&s, text);
    fgf_real *plain = test_reals(s.parameters), *zeros = test_reals(s.n * CASES);
    fgf_tape *tape = tape_of(&s, CASES, FGF_PASSES_PLAIN);
    fgf_tape_load(tape, s.theta);
    fgf_tape_forward(tape, s.x, CASES, NULL, NULL, s.logit);
    fgf_tape_parameter_gradient(tape, s.c, NULL, plain);
    fgf_tape_destroy(&tape);
    with_u(&s, NULL, NULL);
    assert_memory_equal(plain, s.gradient, s.parameters * sizeof *plain);
    memset(s.gradient, 0, s.parameters * sizeof *plain);
    with_u(&s, zeros, NULL);
    assert_true(distance(s.parameters, plain, s.gradient) < 20 * FGF_REAL_EPSILON);
    /* It adds to what is there. */
    with_u(&s, NULL, NULL);
    for (size_t i = 0; i < s.parameters; i++)
        plain[i] *= 2;
    assert_true(distance(s.parameters, plain, s.gradient) < 40 * FGF_REAL_EPSILON);
    free(plain);
    free(zeros);
    close_setting(&s);
}

static void test_without_u_it_is_the_plain_step(void **unused)
{
    (void)unused;
    check_without_u(piecewise);
    check_without_u(smooth);
}

static void test_dropout_is_keyed(void **unused)
{
    (void)unused;
    setting s;
    fgf_real again[CASES], off[CASES];
    open_setting(&s, "dropout p=0.5; dropout p=0.25; dense units=1");
    /* All weights 1 and x = 1: a logit counts the values that both layers keep. */
    for (size_t i = 0; i < s.parameters; i++)
        s.theta[i] = i + 1 < s.parameters ? 1 : 0;
    for (size_t i = 0; i < s.n * CASES; i++)
        s.x[i] = 1;
    fgf_tape *tape = tape_of(&s, CASES, FGF_PASSES_PLAIN),
             *logits = tape_of(&s, 1, FGF_PASSES_LOGIT);
    fgf_tape_load(tape, s.theta);
    fgf_tape_forward(tape, s.x, CASES, NULL, s.dropout, s.logit);
    double kept = 0;
    for (int i = 0; i < CASES; i++) {
        fgf_tape_load(logits, s.theta);
        fgf_tape_forward(logits, s.x, 1, NULL, &s.dropout[i], &again[i]);
        kept += (double)s.logit[i] * 0.5 * 0.75 / ((double)s.n * CASES);
    }
    assert_memory_equal(again, s.logit, sizeof again);
    assert_true(s.logit[0] != s.logit[1] || s.logit[1] != s.logit[2]);
    /* Independent masks keep 0.375; one and the same for both layers would keep 0.5. */
    assert_true(fabs(kept - 0.375) < 0.04);
    fgf_tape_load(tape, s.theta);
    fgf_tape_forward(tape, s.x, CASES, NULL, NULL, off);
    assert_true(fabs((double)off[3] - (double)s.n) < 1e-3);
    fgf_tape_destroy(&tape);
    fgf_tape_destroy(&logits);
    close_setting(&s);
}

static void check_memory(const char *text)
{
    setting s;
    open_setting(&s, text);
    for (fgf_passes passes = FGF_PASSES_LOGIT; passes <= FGF_PASSES_REGULARIZED; passes++) {
        fgf_tape *tape = tape_of(&s, CASES, passes);
        assert_int_equal(fgf_arena_high_water(tape->arena), fgf_tape_bytes(s.model, CASES, passes));
        fgf_allocation_fail_at(1);
        fgf_tape_load(tape, s.theta);
        fgf_tape_forward(tape, s.x, CASES, NULL, NULL, s.logit);
        if (passes == FGF_PASSES_INPUT || passes == FGF_PASSES_REGULARIZED)
            fgf_tape_input_gradient(tape, s.g);
        if (passes == FGF_PASSES_REGULARIZED)
            fgf_tape_parameter_gradient(tape, s.c, s.u, s.gradient);
        if (passes == FGF_PASSES_PLAIN)
            fgf_tape_parameter_gradient(tape, s.c, NULL, s.gradient);
        /* The failure is still waiting: no pass has asked for memory. */
        void *block = NULL;
        assert_int_equal(fgf_allocate_bytes(1, 1, &block), FGF_MEMORY);
        fgf_tape_destroy(&tape);
    }
    assert_true(fgf_tape_bytes(s.model, CASES, FGF_PASSES_LOGIT) <
                fgf_tape_bytes(s.model, CASES, FGF_PASSES_INPUT));
    assert_true(fgf_tape_bytes(s.model, CASES, FGF_PASSES_INPUT) <
                fgf_tape_bytes(s.model, CASES, FGF_PASSES_REGULARIZED));
    close_setting(&s);
}

static void test_memory_is_planned_once(void **unused)
{
    (void)unused;
    check_memory(piecewise);
    check_memory(smooth);
}

static void check_kinds_of_passes_agree(const char *text)
{
    setting s;
    fgf_real logit[CASES];
    open_setting(&s, text);
    for (fgf_passes passes = FGF_PASSES_LOGIT; passes <= FGF_PASSES_REGULARIZED; passes++) {
        fgf_tape *tape = tape_of(&s, CASES, passes);
        fgf_tape_load(tape, s.theta);
        fgf_tape_forward(tape, s.x, CASES, NULL, NULL, logit);
        if (passes == FGF_PASSES_LOGIT)
            memcpy(s.logit, logit, sizeof logit);
        assert_memory_equal(logit, s.logit, sizeof logit);
        fgf_tape_destroy(&tape);
    }
    close_setting(&s);
}

static void test_kinds_of_passes_agree(void **unused)
{
    (void)unused;
    check_kinds_of_passes_agree(piecewise);
    check_kinds_of_passes_agree(smooth);
}

/* ---- windows ---- */

/* Boxes in the middle, at borders and corners, of one pixel, of none, and the whole image. */
static const fgf_box plane_supports[CASES] = {
    {{0, 20, 17}, {1, 27, 23}}, {{0, 0, 0}, {1, 6, 5}},     {{0, 40, 36}, {1, 47, 41}},
    {{0, 0, 18}, {1, 47, 20}},  {{0, 30, 0}, {1, 31, 41}},  {{0, 11, 13}, {1, 12, 14}},
    {{0, 5, 5}, {1, 5, 5}},     {{0, 0, 0}, {1, 47, 41}},   {{0, 3, 30}, {1, 14, 38}},
    {{0, 46, 0}, {1, 47, 1}},   {{-3, -2, 35}, {9, 8, 60}},
};

static const fgf_box volume_supports[CASES] = {
    {{5, 8, 7}, {8, 12, 11}},   {{0, 0, 0}, {3, 4, 5}},     {{10, 17, 15}, {13, 21, 19}},
    {{0, 0, 8}, {13, 21, 9}},   {{6, 13, 0}, {7, 14, 19}},  {{4, 5, 6}, {5, 6, 7}},
    {{5, 5, 5}, {5, 9, 9}},     {{0, 0, 0}, {13, 21, 19}},  {{2, 3, 12}, {7, 7, 17}},
    {{12, 20, 0}, {13, 21, 1}}, {{-3, -2, 15}, {4, 5, 40}},
};

static bool in_box(const fgf_box *box, int z, int y, int x)
{
    return z >= box->from[0] && z < box->to[0] && y >= box->from[1] && y < box->to[1] &&
           x >= box->from[2] && x < box->to[2];
}

/* Zeroes images outside the cases' boxes. */
static void keep_supports(fgf_shape shape, const fgf_box *supports, fgf_real *images)
{
    for (int i = 0; i < CASES; i++)
        for (int z = 0; z < shape.depth; z++)
            for (int y = 0; y < shape.height; y++)
                for (int x = 0; x < shape.width; x++, images += shape.channels)
                    if (!in_box(&supports[i], z, y, x))
                        memset(images, 0, (size_t)shape.channels * sizeof *images);
}

typedef struct outcome {
    fgf_real logit[CASES];
    fgf_real *g, *plain, *regularized;
    int windowed;
} outcome;

static void run_all(const setting *s, const fgf_box *support, fgf_passes passes, outcome *o)
{
    fgf_tape *tape = tape_of(s, CASES, passes);
    o->g = test_reals(s->n * CASES);
    o->plain = test_reals(s->parameters);
    o->regularized = test_reals(s->parameters);
    fgf_tape_load(tape, s->theta);
    fgf_tape_forward(tape, s->x, CASES, support, NULL, o->logit);
    o->windowed = tape->windowed_count;
    if (passes != FGF_PASSES_LOGIT)
        fgf_tape_input_gradient(tape, o->g);
    if (passes == FGF_PASSES_REGULARIZED) {
        fgf_tape_parameter_gradient(tape, s->c, s->u, o->regularized);
        fgf_tape_parameter_gradient(tape, s->c, NULL, o->plain);
    }
    fgf_tape_destroy(&tape);
}

static void outcome_clear(outcome *o)
{
    free(o->g);
    free(o->plain);
    free(o->regularized);
}

static void check_windows(const char *text, fgf_shape shape, const fgf_box *supports)
{
    setting s;
    outcome whole, boxed, forward_only;
    open_setting_of(&s, text, shape);
    for (size_t i = 0; i < s.parameters; i++) /* biases too: the background is not all zero */
        s.theta[i] += (fgf_real)0.03 * (fgf_real)(i % 7);
    keep_supports(shape, supports, s.x);
    keep_supports(shape, supports, s.u);
    run_all(&s, NULL, FGF_PASSES_REGULARIZED, &whole);
    run_all(&s, supports, FGF_PASSES_REGULARIZED, &boxed);
    run_all(&s, supports, FGF_PASSES_LOGIT, &forward_only);
    keep_supports(shape, supports, whole.g);
    keep_supports(shape, supports, boxed.g);
    assert_int_equal(whole.windowed, 0);
    assert_true(boxed.windowed >= 5 && boxed.windowed < CASES);
    assert_memory_equal(whole.logit, boxed.logit, sizeof whole.logit);
    assert_memory_equal(whole.logit, forward_only.logit, sizeof whole.logit);
    assert_true(distance(s.n * CASES, boxed.g, whole.g) < 20 * FGF_REAL_EPSILON);
    for (size_t k = 0; k < fgf_model_array_count(s.model); k++) {
        const fgf_parameter_array *array = fgf_model_array(s.model, k);
        const size_t at = array->offset, n = array->count;
        const double plain = distance(n, boxed.plain + at, whole.plain + at);
        const double with = distance(n, boxed.regularized + at, whole.regularized + at);
        if (!(plain < 60 * FGF_REAL_EPSILON && with < 60 * FGF_REAL_EPSILON))
            fail_msg("%s\n%s: off by %g plain, %g with u", text, array->name, plain, with);
    }
    outcome_clear(&whole);
    outcome_clear(&boxed);
    outcome_clear(&forward_only);
    close_setting(&s);
}

static void test_windows_change_nothing(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < sizeof fronts / sizeof *fronts; i++)
        check_windows(fronts[i], large, plane_supports);
}

static void test_windows_of_volumes_change_nothing(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < sizeof deep_fronts / sizeof *deep_fronts; i++)
        check_windows(deep_fronts[i], deep, volume_supports);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_company_changes_no_bit),
        cmocka_unit_test(test_merged_path_is_the_smooth_one),
        cmocka_unit_test(test_without_u_it_is_the_plain_step),
        cmocka_unit_test(test_dropout_is_keyed),
        cmocka_unit_test(test_memory_is_planned_once),
        cmocka_unit_test(test_kinds_of_passes_agree),
        cmocka_unit_test(test_windows_change_nothing),
        cmocka_unit_test(test_windows_of_volumes_change_nothing),
    };
    if (fgf_kernel_start() != FGF_OK)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
