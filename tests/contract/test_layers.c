/* What every layer kind of the registry owes, whatever it is: its tangent is the derivative of its
 * forward, its backward the adjoint of its tangent, its second backward the derivative of its
 * backward, its parameter gradient that of its forward and of its tangent; and whole models of them
 * have the parameter gradient that nn.h states. A new kind is covered as soon as it is registered;
 * one whose required settings have no default needs a line in `cases`. */
#include "unit/nn/build_model.h"

#include "fgf/kernel.h"
#include "model.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#ifdef FGF_REAL_DOUBLE
#define STEP 1e-6
#define DIFFERENCE_TOLERANCE 2e-8
#define ADJOINT_TOLERANCE 1e-13
#else
/* A step large enough that rounding leaves 1e-5; `spread` keeps it from crossing a kink. */
#define STEP 1e-2
#define DIFFERENCE_TOLERANCE 1e-3
#define ADJOINT_TOLERANCE 1e-5
#endif

/* Settings to try, beside the defaults where a kind has defaults for all. */
static const char *const cases[] = {
    "conv channels=3 kernel=3",
    "conv channels=5 kernel=3 padding=1",
    "conv channels=2 kernel=2,3 stride=2,1 padding=1,0",
    "conv channels=4 kernel=1",
    "conv channels=17 kernel=5 stride=3 padding=2 bias=false",
    "conv channels=3 kernel=2,3,2 stride=1,2,1 padding=1,1,0",
    "max_pool size=2",
    "max_pool size=3 stride=1",
    "max_pool size=3 stride=2",
    "max_pool size=1,2",
    "max_pool size=2,2,3 stride=1,2,2",
    "max_pool size=1 stride=2",
    "average_pool size=2",
    "average_pool size=3 stride=2",
    "average_pool size=2,1,2 stride=1",
    "dense units=1",
    "dense units=7 bias=false",
    "dense units=33",
    "dropout p=0.3",
    "leaky_relu slope=0.2",
    "prelu slope=-0.5",
};

/* Channels, depth, height, width: odd, prime, 1, more than a vector of channels, deep. */
static const fgf_shape shapes[] = {{1, 1, 1, 1},  {1, 1, 7, 5},  {3, 1, 5, 5}, {2, 1, 11, 13},
                                   {17, 1, 4, 3}, {33, 1, 3, 6}, {2, 3, 5, 4}, {1, 5, 4, 7}};

enum { CASES_PER_PASS = 3 };

/* One layer with all that its passes need, over CASES_PER_PASS cases. */
typedef struct bench {
    fgf_model *model;
    const fgf_layer *layer;
    size_t in, out, parameters;
    fgf_real *a, *shifted, *b[2], *t_in, *t_out, *p_in[2], *p_out, *r_in, *r_out;
    fgf_real *theta, *direction, *gradient, *work, *packed;
    unsigned char *state;
    fgf_real ones[CASES_PER_PASS];
    fgf_stream dropout[CASES_PER_PASS];
} bench;

/* Values 0.1 apart in random order, none nearer to 0 than 0.05: no two change places and none its
 * sign when each moves by less than 0.05. */
static void spread(size_t n, fgf_real *a)
{
    fgf_stream stream = fgf_stream_open(7, FGF_PURPOSE_TEST, 99, 0);
    for (size_t i = 0; i < n; i++)
        a[i] = (fgf_real)(0.1 * ((double)i - (double)(n / 2) + 0.5));
    for (size_t left = n; left > 1; left--) {
        const size_t pick = fgf_stream_below(&stream, (uint32_t)left);
        const fgf_real swap = a[left - 1];
        a[left - 1] = a[pick];
        a[pick] = swap;
    }
}

/* False where the layer refuses the shape. */
static bool bench_open(bench *s, const char *text, fgf_shape shape)
{
    char whole[TEST_TEXT];
    memset(s, 0, sizeof *s);
    snprintf(whole, sizeof whole, "%s; dense units=1", text);
    fgf_status status = test_model(whole, shape, &s->model);
    if (status != FGF_OK) {
        assert_int_equal(status, FGF_USAGE);
        return false;
    }
    s->layer = &s->model->layer[0];
    s->in = CASES_PER_PASS * fgf_layer_in(s->layer);
    s->out = CASES_PER_PASS * fgf_layer_out(s->layer);
    s->parameters = s->layer->parameter_count;
    fgf_real **inputs[] = {&s->a, &s->shifted, &s->t_in, &s->p_in[0], &s->p_in[1], &s->r_in};
    fgf_real **outputs[] = {&s->b[0], &s->b[1], &s->t_out, &s->p_out, &s->r_out};
    fgf_real **parameters[] = {&s->theta, &s->direction, &s->gradient};
    for (size_t i = 0; i < sizeof inputs / sizeof *inputs; i++)
        test_normal(10 + i, 1, s->in, *inputs[i] = test_reals(s->in));
    for (size_t i = 0; i < sizeof outputs / sizeof *outputs; i++)
        test_normal(20 + i, 1, s->out, *outputs[i] = test_reals(s->out));
    for (size_t i = 0; i < sizeof parameters / sizeof *parameters; i++)
        test_normal(30 + i, 0.7, s->parameters, *parameters[i] = test_reals(s->parameters));
    if (!(s->layer->kind->flags & (FGF_LAYER_CURVED | FGF_LAYER_WEIGHTED)))
        spread(s->in, s->a);
    s->work = test_reals(s->layer->work);
    s->packed = test_reals(s->layer->packed);
    s->state = calloc(s->layer->state_bytes * CASES_PER_PASS + 1, 1);
    assert_non_null(s->state);
    for (int i = 0; i < CASES_PER_PASS; i++) {
        s->ones[i] = 1;
        s->dropout[i] = fgf_stream_open(1, FGF_PURPOSE_DROPOUT, 0, (uint64_t)i);
    }
    return true;
}

static void bench_close(bench *s)
{
    fgf_real *blocks[] = {s->a,         s->shifted,  s->b[0],  s->b[1],  s->t_in,  s->t_out,
                          s->p_in[0],   s->p_in[1],  s->p_out, s->r_in,  s->r_out, s->theta,
                          s->direction, s->gradient, s->work,  s->packed};
    for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++)
        free(blocks[i]);
    free(s->state);
    fgf_model_destroy(&s->model);
}

static fgf_pass bench_pass(bench *s)
{
    if (s->layer->packed)
        s->layer->kind->pack(s->layer, s->theta, s->packed);
    const fgf_pass pass = {.parameters = s->theta,
                           .packed = s->packed,
                           .count = CASES_PER_PASS,
                           .in = fgf_box_whole(s->layer->input),
                           .out = fgf_box_whole(s->layer->output),
                           .state = s->state,
                           .work = s->work,
                           .dropout = s->dropout,
                           .dropping = true};
    return pass;
}

static void forward_at(bench *s, const fgf_real *a, fgf_real *b)
{
    const fgf_pass pass = bench_pass(s);
    s->layer->kind->forward(s->layer, &pass, a, b);
}

/* shifted = base + step * direction. */
static void shift(size_t n, const fgf_real *base, double step, const fgf_real *direction,
                  fgf_real *shifted)
{
    for (size_t i = 0; i < n; i++)
        shifted[i] = (fgf_real)((double)base[i] + step * (double)direction[i]);
}

static double dot(size_t n, const fgf_real *x, const fgf_real *y)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += (double)x[i] * (double)y[i];
    return sum;
}

static double norm(size_t n, const fgf_real *x)
{
    return sqrt(dot(n, x, x));
}

/* |(high - low) / (2 STEP) + extra - x| <= tolerance * (|x| + 1). */
static void expect_difference(const char *what, size_t n, const fgf_real *high, const fgf_real *low,
                              const fgf_real *extra, const fgf_real *x)
{
    double error = 0;
    for (size_t i = 0; i < n; i++) {
        const double difference = ((double)high[i] - (double)low[i]) / (2 * STEP);
        const double e = difference + (extra ? (double)extra[i] : 0) - (double)x[i];
        error += e * e;
    }
    if (!(sqrt(error) <= DIFFERENCE_TOLERANCE * (norm(n, x) + 1)))
        fail_msg("%s: error %g against a norm of %g", what, sqrt(error), norm(n, x));
}

static void check_tangent(bench *s)
{
    shift(s->in, s->a, STEP, s->t_in, s->shifted);
    forward_at(s, s->shifted, s->b[1]);
    shift(s->in, s->a, -STEP, s->t_in, s->shifted);
    forward_at(s, s->shifted, s->b[0]);
    fgf_real *base = test_reals(s->out);
    forward_at(s, s->a, base);
    free(base);
    const fgf_pass pass = bench_pass(s);
    s->layer->kind->tangent(s->layer, &pass, s->a, s->t_in, s->t_out);
    expect_difference("tangent", s->out, s->b[1], s->b[0], NULL, s->t_out);
}

static void check_adjoint(bench *s)
{
    forward_at(s, s->a, s->b[0]);
    const fgf_pass pass = bench_pass(s);
    s->layer->kind->tangent(s->layer, &pass, s->a, s->t_in, s->t_out);
    s->layer->kind->backward(s->layer, &pass, s->a, s->p_out, s->p_in[0]);
    const double left = dot(s->out, s->p_out, s->t_out), right = dot(s->in, s->p_in[0], s->t_in);
    const double scale = norm(s->out, s->p_out) * norm(s->out, s->t_out) +
                         norm(s->in, s->p_in[0]) * norm(s->in, s->t_in);
    if (!(fabs(left - right) <= ADJOINT_TOLERANCE * scale))
        fail_msg("adjoint: <u, Jv> = %.17g, <J'u, v> = %.17g", left, right);
}

static void check_second(bench *s)
{
    const fgf_layer_kind *kind = s->layer->kind;
    const fgf_pass pass = bench_pass(s);
    for (int side = 0; side < 2; side++) {
        shift(s->in, s->a, side ? STEP : -STEP, s->t_in, s->shifted);
        forward_at(s, s->shifted, s->b[0]);
        kind->backward(s->layer, &pass, s->shifted, s->p_out, s->p_in[side]);
    }
    forward_at(s, s->a, s->b[0]);
    kind->backward(s->layer, &pass, s->a, s->r_out, s->shifted); /* J' r_out */
    if (kind->second_backward)
        kind->second_backward(s->layer, &pass, s->a, s->t_in, s->p_out, s->r_out, s->r_in);
    else
        kind->backward(s->layer, &pass, s->a, s->r_out, s->r_in);
    expect_difference("second backward", s->in, s->p_in[1], s->p_in[0], s->shifted, s->r_in);
}

/* <gradient, direction> against <q, d/dtheta of forward (or of the tangent)>. */
static void check_parameters(bench *s, bool of_tangent)
{
    const fgf_layer_kind *kind = s->layer->kind;
    const fgf_pass pass = bench_pass(s);
    fgf_real *base = test_reals(s->parameters);
    memcpy(base, s->theta, s->parameters * sizeof *base);
    memset(s->gradient, 0, s->parameters * sizeof *base);
    forward_at(s, s->a, s->b[0]);
    kind->parameter_gradient(s->layer, &pass, s->a, s->p_out, of_tangent ? s->t_in : s->a,
                             of_tangent ? NULL : s->ones, s->gradient);
    for (int side = 0; side < 2; side++) {
        shift(s->parameters, base, side ? STEP : -STEP, s->direction, s->theta);
        (void)bench_pass(s); /* packs them */
        if (of_tangent)
            kind->tangent(s->layer, &pass, s->a, s->t_in, s->b[side]);
        else
            kind->forward(s->layer, &pass, s->a, s->b[side]);
    }
    memcpy(s->theta, base, s->parameters * sizeof *base);
    free(base);
    const double difference =
        (dot(s->out, s->p_out, s->b[1]) - dot(s->out, s->p_out, s->b[0])) / (2 * STEP);
    const double exact = dot(s->parameters, s->gradient, s->direction);
    /* These are bilinear: only rounding is left, of terms as large as their norms. */
    const double scale = norm(s->out, s->p_out) * (norm(s->out, s->b[1]) + 1);
    if (!(fabs(difference - exact) <= 0.1 * DIFFERENCE_TOLERANCE * scale))
        fail_msg("parameter gradient%s: %.17g, by differences %.17g",
                 of_tangent ? " of the tangent" : "", exact, difference);
}

/* Returns whether the shape fitted. */
static bool check_layer(const char *text, fgf_shape shape)
{
    bench s;
    if (!bench_open(&s, text, shape)) {
        bench_close(&s);
        return false;
    }
    check_tangent(&s);
    check_adjoint(&s);
    check_second(&s);
    if (s.parameters) {
        check_parameters(&s, false);
        check_parameters(&s, true);
    }
    bench_close(&s);
    return true;
}

static int check_settings(const char *text)
{
    int fitted = 0;
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        fitted += check_layer(text, shapes[i]);
    if (!fitted)
        fail_msg("%s fits none of the shapes", text);
    return fitted;
}

static void test_every_kind(void **unused)
{
    (void)unused;
    size_t kinds = 0;
    const fgf_item_kind *const *kind = fgf_layer_kinds(&kinds);
    test_items *items = malloc(sizeof *items);
    assert_non_null(items);
    for (size_t k = 0; k < kinds; k++) {
        int settings = 0;
        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
            const size_t length = strlen(kind[k]->name);
            if (strncmp(cases[i], kind[k]->name, length) == 0 && cases[i][length] == ' ')
                settings += check_settings(cases[i]);
        }
        if (!test_parse(kind[k]->name, items))
            settings += check_settings(kind[k]->name);
        if (!settings)
            fail_msg("no settings to try layer kind %s with: add a line to `cases`", kind[k]->name);
    }
    free(items);
}

static void test_registry_rejects_missing_operations(void **unused)
{
    (void)unused;
    size_t count = 0;
    const fgf_layer_kind *const *table = fgf_layer_kind_table(&count);
    for (size_t i = 0; i < count; i++) {
        fgf_layer_kind kind = *table[i];
        assert_int_equal(fgf_layer_kind_check(&kind), FGF_OK);
        kind.tangent = NULL;
        assert_int_equal(fgf_layer_kind_check(&kind), FGF_INTERNAL);
        kind = *table[i];
        kind.flags |= FGF_LAYER_CURVED;
        kind.second_backward = NULL;
        assert_int_equal(fgf_layer_kind_check(&kind), FGF_INTERNAL);
    }
}

#ifdef FGF_REAL_DOUBLE
/* ---- whole models ---- */

typedef struct whole {
    const char *text;
    fgf_shape input;
    bool dropout;
} whole;

static const whole models[] = {
    {"dense units=1", {3, 1, 1, 1}, false},
    {"dense units=6; tanh; dense units=1", {2, 1, 3, 3}, false},
    {"conv channels=4 kernel=3 padding=1; prelu; max_pool size=2; conv channels=5 kernel=3; prelu; "
     "max_pool size=2; flatten; dense units=7; prelu; dense units=1",
     {1, 1, 13, 11},
     false},
    {"conv channels=3 kernel=3; max_pool size=3 stride=1; leaky_relu; conv channels=4 kernel=3 "
     "stride=2; max_pool size=3 stride=2; leaky_relu; flatten; dense units=6; leaky_relu; dense "
     "units=1",
     {1, 1, 17, 19},
     false},
    {"conv channels=3 kernel=3; softplus; average_pool size=2; conv channels=4 kernel=2; silu; "
     "global_average_pool; dense units=5; gelu; dense units=1",
     {2, 1, 9, 8},
     false},
    {"tanh; conv channels=3 kernel=3 padding=1; prelu; max_pool size=2; silu; flatten; prelu; "
     "dense "
     "units=4; identity; prelu; dense units=1",
     {2, 1, 6, 7},
     false},
    {"dropout p=0.2; conv channels=4 kernel=3; relu; dropout p=0.4; flatten; dense units=5; "
     "dropout "
     "p=0.3; prelu; dense units=1",
     {1, 1, 7, 7},
     true},
    {"conv channels=3 kernel=2 padding=1; gelu; max_pool size=2 stride=1; conv channels=2 "
     "kernel=2; "
     "prelu; dropout p=0.3; dense units=3; softplus; dense units=1",
     {2, 3, 5, 4},
     true},
    {"average_pool size=2; relu; global_average_pool; dense units=1 bias=false",
     {3, 1, 5, 5},
     false},
};

enum { WHOLE_CASES = 3 };

typedef struct network {
    fgf_model *model;
    fgf_tape *tape;
    size_t n, parameters;
    fgf_real *x, *u, *g, *theta, *shifted, *gradient, *direction;
    fgf_real c[WHOLE_CASES], logit[WHOLE_CASES];
    fgf_stream dropout[WHOLE_CASES];
    bool dropping;
} network;

static void network_open(network *w, const whole *what)
{
    memset(w, 0, sizeof *w);
    assert_int_equal(test_model(what->text, what->input, &w->model), FGF_OK);
    assert_int_equal(fgf_tape_create(w->model, WHOLE_CASES, FGF_PASSES_REGULARIZED, &w->tape),
                     FGF_OK);
    w->dropping = what->dropout;
    w->n = WHOLE_CASES * (size_t)fgf_shape_size(what->input);
    w->parameters = fgf_model_parameter_count(w->model);
    test_normal(1, 1, w->n, w->x = test_reals(w->n));
    test_normal(2, 1, w->n, w->u = test_reals(w->n));
    w->g = test_reals(w->n);
    test_normal(3, 0.4, w->parameters, w->theta = test_reals(w->parameters));
    w->shifted = test_reals(w->parameters);
    w->gradient = test_reals(w->parameters);
    w->direction = test_reals(w->parameters);
    test_normal(4, 1, WHOLE_CASES, w->c);
    for (int i = 0; i < WHOLE_CASES; i++)
        w->dropout[i] = fgf_stream_open(3, FGF_PURPOSE_DROPOUT, 0, (uint64_t)i);
}

static void network_close(network *w)
{
    fgf_real *blocks[] = {w->x, w->u, w->g, w->theta, w->shifted, w->gradient, w->direction};
    for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++)
        free(blocks[i]);
    fgf_tape_destroy(&w->tape);
    fgf_model_destroy(&w->model);
}

/* sum_i c_i f_i + <u_i, grad f_i>, the second term where with_u. */
static double value(network *w, const fgf_real *theta, bool with_u)
{
    fgf_tape_load(w->tape, theta);
    fgf_tape_forward(w->tape, w->x, WHOLE_CASES, NULL, w->dropping ? w->dropout : NULL, w->logit);
    double sum = dot(WHOLE_CASES, w->c, w->logit);
    if (with_u) {
        fgf_tape_input_gradient(w->tape, w->g);
        sum += dot(w->n, w->u, w->g);
    }
    return sum;
}

/* Every parameter array by itself, so that no large one hides a small one. */
static void check_gradient(network *w, const char *text, bool with_u)
{
    memset(w->gradient, 0, w->parameters * sizeof *w->gradient);
    value(w, w->theta, true);
    fgf_tape_parameter_gradient(w->tape, w->c, with_u ? w->u : NULL, w->gradient);
    for (size_t k = 0; k < fgf_model_array_count(w->model); k++) {
        const fgf_parameter_array *array = fgf_model_array(w->model, k);
        memset(w->direction, 0, w->parameters * sizeof *w->direction);
        test_normal(40 + k, 1, array->count, w->direction + array->offset);
        shift(w->parameters, w->theta, STEP, w->direction, w->shifted);
        const double high = value(w, w->shifted, with_u);
        shift(w->parameters, w->theta, -STEP, w->direction, w->shifted);
        const double low = value(w, w->shifted, with_u);
        const double difference = (high - low) / (2 * STEP);
        const double exact = dot(w->parameters, w->gradient, w->direction);
        if (!(fabs(difference - exact) <= 1e-7 * (fabs(exact) + 1)))
            fail_msg("%s\n%s, %s: %.12g, by differences %.12g", text, array->name,
                     with_u ? "with u" : "plain", exact, difference);
    }
}

static void check_input_gradient(network *w, const char *text)
{
    fgf_real *x = test_reals(w->n), *own = w->x;
    value(w, w->theta, true);
    const double exact = dot(w->n, w->g, w->u);
    double sides[2];
    for (int side = 0; side < 2; side++) {
        shift(w->n, own, side ? STEP : -STEP, w->u, x);
        w->x = x;
        value(w, w->theta, false);
        sides[side] = 0;
        for (int i = 0; i < WHOLE_CASES; i++)
            sides[side] += (double)w->logit[i];
    }
    w->x = own;
    free(x);
    const double difference = (sides[1] - sides[0]) / (2 * STEP);
    if (!(fabs(difference - exact) <= 1e-8 * (fabs(exact) + 1)))
        fail_msg("%s\ninput gradient: %.12g, by differences %.12g", text, exact, difference);
}

static void test_whole_models(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < sizeof models / sizeof *models; i++) {
        network w;
        network_open(&w, &models[i]);
        check_input_gradient(&w, models[i].text);
        check_gradient(&w, models[i].text, false);
        check_gradient(&w, models[i].text, true);
        network_close(&w);
    }
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_kind),
        cmocka_unit_test(test_registry_rejects_missing_operations),
#ifdef FGF_REAL_DOUBLE
        cmocka_unit_test(test_whole_models),
#endif
    };
    if (fgf_kernel_start() != FGF_OK)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
