#include "layer.h"

/* The layer kinds, a line each: fgf_layer_<name> is defined in a file of this folder. */
#define LAYER_KINDS(X)                                                                             \
    X(conv)                                                                                        \
    X(max_pool)                                                                                    \
    X(average_pool)                                                                                \
    X(global_average_pool)                                                                         \
    X(dense)                                                                                       \
    X(flatten)                                                                                     \
    X(dropout)                                                                                     \
    X(identity)                                                                                    \
    X(relu)                                                                                        \
    X(leaky_relu)                                                                                  \
    X(prelu)                                                                                       \
    X(softplus)                                                                                    \
    X(silu)                                                                                        \
    X(gelu)                                                                                        \
    X(tanh)

#define DECLARE(name) extern const fgf_layer_kind fgf_layer_##name;
LAYER_KINDS(DECLARE)
#define ADDRESS(name) &fgf_layer_##name,
static const fgf_layer_kind *const kinds[] = {LAYER_KINDS(ADDRESS)};
enum { KIND_COUNT = sizeof kinds / sizeof kinds[0] };

const fgf_layer_kind *const *fgf_layer_kind_table(size_t *count)
{
    *count = KIND_COUNT;
    return kinds;
}

const fgf_item_kind *const *fgf_layer_kinds(size_t *count)
{
    static const fgf_item_kind *items[KIND_COUNT];
    for (size_t i = 0; i < KIND_COUNT; i++)
        items[i] = &kinds[i]->item;
    *count = KIND_COUNT;
    return items;
}

fgf_status fgf_layer_kind_check(const fgf_layer_kind *kind)
{
    fgf_status status = FGF_OK;
    const char *missing =
        !kind->plan                                                       ? "plan"
        : !kind->forward                                                  ? "forward"
        : !kind->backward                                                 ? "backward"
        : !kind->tangent                                                  ? "tangent"
        : (kind->flags & FGF_LAYER_CURVED) && !kind->second_backward      ? "second_backward"
        : (kind->flags & FGF_LAYER_WEIGHTED) && !kind->parameter_gradient ? "parameter_gradient"
                                                                          : NULL;
    if (missing)
        FGF_FAIL(FGF_INTERNAL, "layer kind %s lacks the required operation %s",
                 kind->item.name ? kind->item.name : "(nameless)", missing);
done:
    return status;
}
