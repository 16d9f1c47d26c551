/* Elementwise activations without parameters. */
#include "fgf/kernel.h"
#include "fgf/memory.h"
#include "layer.h"

typedef struct settings {
    double slope;
} settings;

static const fgf_key leaky_keys[] = {{"slope", FGF_KEY_REAL, offsetof(settings, slope), "0.01",
                                      -1e6, 1e6, NULL, "1", "factor of values not above 0"},
                                     {0}};

typedef struct detail {
    fgf_activation activation;
    fgf_real slope;
} detail;

static fgf_status plan_as(fgf_layer *layer, fgf_activation activation, double slope)
{
    fgf_status status = FGF_OK;
    detail *d = NULL;
    FGF_TRY(FGF_ALLOCATE(1, &d));
    layer->detail = d;
    d->activation = activation;
    d->slope = (fgf_real)slope;
    fgf_layer_keep_shape(layer);
done:
    return status;
}

static void forward(const fgf_layer *layer, const fgf_pass *pass, const fgf_real *a, fgf_real *b)
{
    const detail *d = layer->detail;
    fgf_activation_forward(d->activation, d->slope,
                           (size_t)pass->count * fgf_pass_values(layer, pass), a, b);
}

/* The derivative is diagonal: an adjoint goes back as a tangent goes forward. */
static void derivative(const fgf_layer *layer, const fgf_pass *pass, const fgf_real *a,
                       const fgf_real *in, fgf_real *out)
{
    const detail *d = layer->detail;
    fgf_activation_derivative(d->activation, d->slope,
                              (size_t)pass->count * fgf_pass_values(layer, pass), a, in, out);
}

static void second(const fgf_layer *layer, const fgf_pass *pass, const fgf_real *a,
                   const fgf_real *t_in, const fgf_real *p_out, const fgf_real *r_out,
                   fgf_real *r_in)
{
    const detail *d = layer->detail;
    fgf_activation_second(d->activation, d->slope,
                          (size_t)pass->count * fgf_pass_values(layer, pass), a, t_in, p_out, r_out,
                          r_in);
}

/* Increasing, if only weakly: leaky with a slope not below 0, softplus, tanh. */
static fgf_pool_order pool_order(const fgf_layer *layer, const fgf_real *parameters,
                                 fgf_pool_key *key)
{
    const detail *d = layer->detail;
    (void)parameters;
    if (d->activation == FGF_ACTIVATION_LEAKY && d->slope < 0)
        return FGF_POOL_BEHIND;
    if (d->activation != FGF_ACTIVATION_SILU && d->activation != FGF_ACTIVATION_GELU)
        return FGF_POOL_FIRST;
    if (key)
        *key = (fgf_pool_key){NULL, d->activation};
    return FGF_POOL_BY_KEY;
}

static fgf_status plan_relu(fgf_layer *layer, const void *given)
{
    (void)given;
    return plan_as(layer, FGF_ACTIVATION_LEAKY, 0);
}

static fgf_status plan_leaky_relu(fgf_layer *layer, const void *given)
{
    return plan_as(layer, FGF_ACTIVATION_LEAKY, ((const settings *)given)->slope);
}

static fgf_status plan_softplus(fgf_layer *layer, const void *given)
{
    (void)given;
    return plan_as(layer, FGF_ACTIVATION_SOFTPLUS, 0);
}

static fgf_status plan_silu(fgf_layer *layer, const void *given)
{
    (void)given;
    return plan_as(layer, FGF_ACTIVATION_SILU, 0);
}

static fgf_status plan_gelu(fgf_layer *layer, const void *given)
{
    (void)given;
    return plan_as(layer, FGF_ACTIVATION_GELU, 0);
}

static fgf_status plan_tanh(fgf_layer *layer, const void *given)
{
    (void)given;
    return plan_as(layer, FGF_ACTIVATION_TANH, 0);
}

#define PIECEWISE_LINEAR(item_, plan_)                                                             \
    {                                                                                              \
        .item = item_, .flags = FGF_LAYER_READS_INPUT | FGF_LAYER_LOCAL, .plan = plan_,            \
        .forward = forward, .backward = derivative, .tangent = derivative,                         \
        .pool_order = pool_order                                                                   \
    }
#define SMOOTH(item_, plan_)                                                                       \
    {                                                                                              \
        .item = item_, .flags = FGF_LAYER_READS_INPUT | FGF_LAYER_CURVED | FGF_LAYER_LOCAL,        \
        .plan = plan_, .forward = forward, .backward = derivative, .tangent = derivative,          \
        .second_backward = second, .pool_order = pool_order                                        \
    }
#define ITEM(name, help)                                                                           \
    {                                                                                              \
        name, help, NULL, 0                                                                        \
    }
#define LEAKY_ITEM                                                                                 \
    {                                                                                              \
        "leaky_relu", "z where z > 0, else slope z", leaky_keys, sizeof(settings)                  \
    }

const fgf_layer_kind fgf_layer_relu = PIECEWISE_LINEAR(ITEM("relu", "max(z, 0)"), plan_relu);
const fgf_layer_kind fgf_layer_leaky_relu = PIECEWISE_LINEAR(LEAKY_ITEM, plan_leaky_relu);
const fgf_layer_kind fgf_layer_softplus = SMOOTH(ITEM("softplus", "log(1 + exp z)"), plan_softplus);
const fgf_layer_kind fgf_layer_silu = SMOOTH(ITEM("silu", "z sigmoid(z)"), plan_silu);
const fgf_layer_kind fgf_layer_gelu =
    SMOOTH(ITEM("gelu", "z Phi(z), Phi the normal distribution function"), plan_gelu);
const fgf_layer_kind fgf_layer_tanh = SMOOTH(ITEM("tanh", "hyperbolic tangent"), plan_tanh);
