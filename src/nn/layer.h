/* What a layer is: a kind (a table of operations, one file a family) and a plan (one layer of one
 * model). A new kind is one file and one line in registry.c. */
#ifndef FGF_NN_LAYER_H
#define FGF_NN_LAYER_H

#include "fgf/block.h"
#include "fgf/nn.h"

enum { FGF_LAYER_ARRAYS = 2, FGF_ARRAY_AXES = 5 };

/* What initialization does with an array. */
typedef enum fgf_array_role {
    FGF_ARRAY_WEIGHT,  /* drawn by the scheme */
    FGF_ARRAY_BIAS,    /* 0, or drawn by a scheme that draws biases */
    FGF_ARRAY_CONSTANT /* array->constant */
} fgf_array_role;

/* One parameter array of a layer. In the vector its order is `stored`, last axis fastest; PyTorch's
 * order is that of the axes permute[0], permute[1], ... of the stored ones. */
typedef struct fgf_layer_array {
    const char *suffix;
    fgf_array_role role;
    double constant, fan_in, fan_out;
    int axes;
    long stored[FGF_ARRAY_AXES];
    int permute[FGF_ARRAY_AXES];
    int rank; /* of PyTorch's array, its axes possibly merged */
    long dims[FGF_ARRAY_AXES];
    size_t offset, count; /* within the layer's parameters; the model's work */
} fgf_layer_array;

typedef struct fgf_layer_kind fgf_layer_kind;

/* A planned layer. The model sets the first group before `plan`, which sets the second. */
typedef struct fgf_layer {
    const fgf_layer_kind *kind;
    const char *name, *where; /* `where` is borrowed and gone after planning */
    int number;               /* 1 = the first */
    bool planar;              /* the model's input has depth 1: sizes are height and width */
    fgf_shape input;
    fgf_shape input_origin; /* the image that a flat input was, else the input itself */

    fgf_shape output;
    fgf_shape output_origin; /* set to the output by default */
    int array_count;
    fgf_layer_array array[FGF_LAYER_ARRAYS];
    size_t state_bytes; /* a case: what forward leaves for the other passes */
    size_t work;        /* elements of scratch */
    size_t packed;      /* elements that `pack` makes of the parameters */
    double cost;        /* products a pixel of the output, where they decide the layer's time */
    void *detail;       /* of the kind: plain bytes of fgf_allocate_bytes, released with fgf_free */

    size_t parameter_offset, parameter_count; /* the model's work */
} fgf_layer;

/* What every operation of a pass is given. */
typedef struct fgf_pass {
    const fgf_real *parameters; /* the layer's */
    const fgf_real *packed;     /* what `pack` made of them */
    int count;                  /* cases; 1 where a box is not the whole image */
    fgf_box in, out;            /* what the arrays hold of the layer's input and output: the whole,
                                   but for layers that are LOCAL */
    const fgf_real *beyond;     /* the input outside `in`; NULL: zero */
    unsigned char *state;       /* [count][state_bytes]; NULL in forward: nothing follows */
    fgf_real *work;             /* [layer->work] */
    const fgf_stream *dropout;  /* forward only: a stream a case; NULL = dropout off */
    bool dropping;              /* dropout was on in the forward pass */
} fgf_pass;

/* What an operation needs to find. */
enum {
    /* The layer's input, in derivative passes (activations) ... */
    FGF_LAYER_READS_INPUT = 1,
    /* ... or in parameter gradients alone (weights). */
    FGF_LAYER_WEIGHTED = 2,
    /* sigma'' is not 0: the second backward needs the tangent of the input. */
    FGF_LAYER_CURVED = 4,
    /* Works on all cases of a pass at once; layers before the first such one go case by case. */
    FGF_LAYER_BATCHED = 8,
    /* Each output depends on inputs near it alone: works on boxes. */
    FGF_LAYER_LOCAL = 16
};

/* Whether a max-pool may come before an activation instead of behind it. */
typedef enum fgf_pool_order {
    FGF_POOL_FIRST,  /* it is non-decreasing: the greatest z has the greatest value */
    FGF_POOL_BY_KEY, /* where the pool compares not z but the key */
    FGF_POOL_BEHIND  /* no */
} fgf_pool_order;

/* Arrays are [count] cases of the layer's input or output, or of the pass's boxes of them. `a` is
 * the layer's input; it is NULL in derivative passes of a kind without READS_INPUT. Outputs never
 * overlap inputs. */
struct fgf_layer_kind {
    fgf_item_kind item;
    int flags;

    /* REQUIRED. Shapes, arrays, state, detail; FGF_USAGE by fgf_layer_misfit. */
    fgf_status (*plan)(fgf_layer *layer, const void *settings);
    /* REQUIRED. b = layer(a). */
    void (*forward)(const fgf_layer *layer, const fgf_pass *pass, const fgf_real *a, fgf_real *b);
    /* REQUIRED. p_in = J' p_out, J the derivative of the output in the input at a. */
    void (*backward)(const fgf_layer *layer, const fgf_pass *pass, const fgf_real *a,
                     const fgf_real *p_out, fgf_real *p_in);
    /* REQUIRED. t_out = J t_in. */
    void (*tangent)(const fgf_layer *layer, const fgf_pass *pass, const fgf_real *a,
                    const fgf_real *t_in, fgf_real *t_out);
    /* REQUIRED with CURVED. r_in = J' r_out + (dJ/da . t_in)' p_out. Absent: J' r_out. */
    void (*second_backward)(const fgf_layer *layer, const fgf_pass *pass, const fgf_real *a,
                            const fgf_real *t_in, const fgf_real *p_out, const fgf_real *r_out,
                            fgf_real *r_in);
    /* REQUIRED with WEIGHTED or arrays. The bilinear form that every parameter gradient is made of:
     * gradient += sum over cases of q (x) v for what multiplies the input (weights; for slopes
     * where a <= 0), and, with bias_scale not NULL, sum bias_scale[i] q_i for what is added. With
     * WEIGHTED, v may be NULL: zero. */
    void (*parameter_gradient)(const fgf_layer *layer, const fgf_pass *pass, const fgf_real *a,
                               const fgf_real *q, const fgf_real *v, const fgf_real *bias_scale,
                               fgf_real *gradient);

    /* REQUIRED where layer->packed is not 0: what passes need of the parameters alone. */
    void (*pack)(const fgf_layer *layer, const fgf_real *parameters, fgf_real *packed);
    /* OPTIONAL with LOCAL: the outputs that depend on inputs of `in`, and the inputs that outputs
     * of `out` read. Absent: the same box. */
    fgf_box (*touched)(const fgf_layer *layer, const fgf_box *in);
    fgf_box (*footprint)(const fgf_layer *layer, const fgf_box *out);
    /* OPTIONAL, elementwise kinds: whether a max-pool behind the layer may come first under these
     * parameters (NULL: under some); *key is set with BY_KEY. */
    fgf_pool_order (*pool_order)(const fgf_layer *layer, const fgf_real *parameters,
                                 fgf_pool_key *key);
};

/* The geometry of a max_pool layer; NULL of any other. Borrowed. */
const fgf_pool *fgf_layer_max_pool_geometry(const fgf_layer *layer);

/* Makes `conv`, a copy of a planned convolution, do the max-pool too: its output becomes the pool's
 * and its detail its own. `between` (NULL: none) is the elementwise layer whose key the pool may
 * have to compare by. False in *done where the pool's window is too large. */
fgf_status fgf_layer_absorb_pool(fgf_layer *conv, const fgf_layer *between, const fgf_pool *pool,
                                 bool *done) FGF_CHECKED;
bool fgf_layer_is_conv(const fgf_layer *layer);

/* The table of kinds, checked: FGF_INTERNAL for one that lacks a required operation. */
const fgf_layer_kind *const *fgf_layer_kind_table(size_t *count);
fgf_status fgf_layer_kind_check(const fgf_layer_kind *kind) FGF_CHECKED;

/* "<where>: layer 3 (max_pool): <message>; before: <input>, after: <output>", FGF_USAGE. */
fgf_status fgf_layer_misfit(const fgf_layer *layer, const char *format, ...) FGF_CHECKED
    FGF_PRINTF(2, 3);

/* "2 x 3 x 16" (height x width x channels; depth in front where there is one). */
enum { FGF_SHAPE_TEXT = 64 };
const char *fgf_shape_text(const fgf_layer *layer, fgf_shape shape, char text[FGF_SHAPE_TEXT]);

/* Three extents (depth, height, width) from a setting: one integer, [height, width] or
 * [depth, height, width]; `flat` is the depth's where the setting names none. */
fgf_status fgf_layer_extents(const fgf_layer *layer, const char *key, fgf_integers given,
                             int64_t least, int flat, int out[3]) FGF_CHECKED;

/* Refuses a flattened input: what follows needs to know which values are neighbours. */
fgf_status fgf_layer_need_image(const fgf_layer *layer) FGF_CHECKED;

/* Output like input, elementwise. */
void fgf_layer_keep_shape(fgf_layer *layer);

static inline size_t fgf_layer_in(const fgf_layer *layer)
{
    return (size_t)fgf_shape_size(layer->input);
}
/* Values a case that the pass's input box holds. */
static inline size_t fgf_pass_values(const fgf_layer *layer, const fgf_pass *pass)
{
    return (size_t)fgf_box_pixels(&pass->in) * (size_t)layer->input.channels;
}
static inline size_t fgf_layer_out(const fgf_layer *layer)
{
    return (size_t)fgf_shape_size(layer->output);
}

#endif
