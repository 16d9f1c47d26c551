/* The network: layers planned once into a model, a tape that holds one microbatch's passes, and
 * what changes the parameters (initialization, optimizer).
 *
 * f(x) is ONE logit. With p_l the adjoint df/d(output of l), t_l the tangent of that output along
 * u, r_l the second adjoint d<u, grad_x f>/d(output of l) (zero in piecewise linear networks), the
 * parameter gradient of  L = sum_i loss_i + <u_i, grad_x f(x_i)>  (u held fixed) is
 *
 *     sum_i  (c_i p + r) (x) a  +  p (x) t,        c_i = d loss_i / d f_i
 *
 * per layer, a its input: one forward, one backward, one tangent forward, and one weight-gradient
 * product where r = 0. Lambda and 1/batch are folded into c and u by the caller.
 * (Forward-over-reverse differentiation, Pearlmutter 1994; here for one logit and the input.) */
#ifndef FGF_NN_H
#define FGF_NN_H

#include "fgf/box.h"
#include "fgf/key.h"
#include "fgf/random.h"
#include "fgf/real.h"
#include "fgf/status.h"
#include "fgf/text.h"

#include <stdint.h>

/* The layer kinds that a model may be built from, for the specification and its help. The array is
 * static; *count gets its length. */
const fgf_item_kind *const *fgf_layer_kinds(size_t *count);

typedef struct fgf_model fgf_model;

/* Plans a model: items are layers in order (conv, max_pool, average_pool, global_average_pool,
 * dense, flatten, dropout, identity, relu, leaky_relu, prelu, softplus, silu, gelu, tanh), `input`
 * the shape of a case. Every layer's output shape is computed and checked; a misfit is refused with
 * FGF_USAGE, the item's `where`, and the sizes before and after. The last layer must be dense with
 * one unit. `items` may be released afterwards. *out is owned by the caller. Not collective. */
fgf_status fgf_model_create(const fgf_item *items, size_t count, fgf_shape input,
                            fgf_model **out) FGF_CHECKED;
void fgf_model_destroy(fgf_model **model);

fgf_shape fgf_model_input(const fgf_model *model);
size_t fgf_model_parameter_count(const fgf_model *model);
/* Numbers that go into the layers of one case's pass, a measure of its work that is the same on
 * every machine (what a tape takes is not). */
size_t fgf_model_activation_count(const fgf_model *model);
/* True if every layer's second derivative vanishes almost everywhere: the merged path applies. */
bool fgf_model_piecewise_linear(const fgf_model *model);

/* The layer table as JSON, a list of {kind, name, settings, input, output, arrays}; input and
 * output are [channels, depth, height, width]. Each array has name, offset and count in the
 * parameter vector, and how to read it: reshape to `stored`, permute the axes by `permute`, reshape
 * to `shape`, which is PyTorch's (numpy: v.reshape(stored).transpose(permute).reshape(shape)).
 * Appends to `out`. */
void fgf_model_describe(const fgf_model *model, fgf_buffer *out);

/* The parameter arrays, in the order of the vector: for reading weights of networks trained
 * elsewhere, whose arrays are [out][in][(kd)][kh][kw] and [out][in]. */
typedef struct fgf_parameter_array {
    char name[64]; /* "<layer name>.weight", ".bias", ".slope" */
    size_t offset, count;
    int rank;
    long dims[5]; /* in PyTorch's order: conv [out][in][kd][kh][kw], without kd where the
                     model's input has depth 1; dense [out][in] */
} fgf_parameter_array;
size_t fgf_model_array_count(const fgf_model *model);
const fgf_parameter_array *fgf_model_array(const fgf_model *model, size_t k);
/* Converts between PyTorch's order (conv [out][in][kd][kh][kw]; dense [out][in], where the input of
 * a dense layer that reads an image, flattened or not, is ordered [c][d][h][w]) and the model's own
 * order inside the vector: conv [kd][kh][kw][in][out], dense [d][h][w][c][out].
 * `external` has array->count elements. */
void fgf_model_import_array(const fgf_model *model, size_t k, const double *external,
                            fgf_real *parameters);
void fgf_model_export_array(const fgf_model *model, size_t k, const fgf_real *parameters,
                            double *external);

/* ---- passes ---- */

/* What a tape is to be able to do; decides its memory. */
typedef enum fgf_passes {
    FGF_PASSES_LOGIT,      /* forward only */
    FGF_PASSES_INPUT,      /* forward, input gradient */
    FGF_PASSES_PLAIN,      /* forward, parameter gradient */
    FGF_PASSES_REGULARIZED /* forward, input gradient, parameter gradient with u */
} fgf_passes;

/* The working memory of up to `capacity` cases in one pass. Allocated once; no pass allocates. */
typedef struct fgf_tape fgf_tape;
fgf_status fgf_tape_create(const fgf_model *model, int capacity, fgf_passes passes,
                           fgf_tape **out) FGF_CHECKED;
void fgf_tape_destroy(fgf_tape **tape);
/* Bytes that fgf_tape_create will take. */
size_t fgf_tape_bytes(const fgf_model *model, int capacity, fgf_passes passes);

/* Takes over the parameters: what passes need of them alone is computed here, so it is to be called
 * again whenever they change. They are borrowed until the next load. */
void fgf_tape_load(fgf_tape *tape, const fgf_real *parameters);

/* logit[i] = f(x_i) for i < count <= capacity. x: [count][d][h][w][c], borrowed until the last pass
 * over these cases. `dropout`: a stream a case (opened by seed, FGF_PURPOSE_DROPOUT, epoch, case
 * key), or NULL: dropout off. A case's logit has the same bits whatever other cases are in the pass
 * and wherever it stands among them.
 *
 * `support` [count], or NULL: x_i is zero outside the box support[i], and its gradient will be
 * wanted inside alone. There every activation is that of an all-zero image; where it saves work,
 * passes compute a window of each layer that grows with the box and not with the image, and take
 * the rest from that one image, in the forward pass with the same bits. Whether it saves work is
 * decided from the box, so a case's bits still do not depend on its company. */
void fgf_tape_forward(fgf_tape *tape, const fgf_real *x, int count, const fgf_box *support,
                      const fgf_stream *dropout, fgf_real *logit);

/* g[i] = grad_x f(x_i), [count][d][h][w][c], of the cases of the last forward. With `support`, g[i]
 * outside the box is left as it is. */
void fgf_tape_input_gradient(fgf_tape *tape, fgf_real *g);

/* gradient += parameter gradient of sum_i loss_i + <u_i, grad_x f(x_i)>, c[i] = d loss_i / d f_i,
 * u [count][d][h][w][c], zero outside `support`, or NULL (plain). With u, fgf_tape_input_gradient
 * must have been called since the last forward (it is the backward pass that is reused). Without u
 * it is the plain backward pass, with the same bits on a PLAIN and a REGULARIZED tape and at the
 * same cost; a call with u after it needs a new fgf_tape_input_gradient. Cases are added in order.
 */
void fgf_tape_parameter_gradient(fgf_tape *tape, const fgf_real *c, const fgf_real *u,
                                 fgf_real *gradient);

/* ---- initialization and optimizer ---- */

typedef struct fgf_initialize_settings {
    int scheme; /* he_normal | he_uniform | xavier_normal | xavier_uniform | uniform_fan_in */
} fgf_initialize_settings;
extern const fgf_key fgf_initialize_keys[];

/* Draws all parameters by key (seed, FGF_PURPOSE_INITIAL_WEIGHTS, array number, 0); biases 0 (or
 * uniform with uniform_fan_in, PyTorch's default), PReLU slopes as their layer says. */
void fgf_model_initialize(const fgf_model *model, const fgf_initialize_settings *settings,
                          uint64_t seed, fgf_real *parameters);

typedef struct fgf_optimizer_settings {
    int method; /* sgd | adam | adamw */
    double learning_rate, momentum, beta1, beta2, epsilon, weight_decay;
    int schedule;          /* constant | step | cosine */
    int64_t step_epochs;   /* step: every so many epochs ... */
    double step_factor;    /* ... times this */
    int64_t warmup_epochs; /* linear from 0 */
    double clip_norm;      /* 0 = off */
} fgf_optimizer_settings;
extern const fgf_key fgf_optimizer_keys[];

typedef struct fgf_optimizer fgf_optimizer;
fgf_status fgf_optimizer_create(const fgf_optimizer_settings *settings, size_t parameter_count,
                                fgf_optimizer **out) FGF_CHECKED;
void fgf_optimizer_destroy(fgf_optimizer **optimizer);
/* One update; `progress` = epochs done so far (fractional) and `epochs` the total, for the
 * schedule. `gradient` is clipped in place to clip_norm (2-norm summed in double). Returns the norm
 * before. */
double fgf_optimizer_step(fgf_optimizer *optimizer, double progress, double epochs,
                          fgf_real *gradient, fgf_real *parameters);
/* What an optimizer remembers from step to step, to be kept and put back: `vectors` vectors of its
 * parameter count and two numbers. Borrowed; written to by who puts a state back. */
typedef struct fgf_optimizer_state {
    size_t vectors;
    fgf_real *vector[2];
    double *number; /* [2] */
} fgf_optimizer_state;
fgf_optimizer_state fgf_optimizer_state_view(fgf_optimizer *optimizer);
/* The number of those vectors. */
size_t fgf_optimizer_vectors(const fgf_optimizer_settings *settings);
/* The learning rate that the schedule gives at `progress`. */
double fgf_optimizer_rate(const fgf_optimizer *optimizer, double progress, double epochs);

/* ---- loss ---- */

/* weight * BCE(f, y), stable for any f (log1p form), in double; *derivative = d/df if not NULL. */
double fgf_binary_cross_entropy(double logit, int label, double weight, double *derivative);

#endif
