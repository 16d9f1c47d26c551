/* From the layers as specified to the steps that passes run. */
#include "fgf/memory.h"
#include "model.h"

/* The layer at `l`, NULL behind the last. */
static const fgf_layer *at(const fgf_model *model, int l)
{
    return l < model->layer_count ? &model->layer[l] : NULL;
}

/* The elementwise layer between a convolution and its max-pool, where the pool may come first. */
static const fgf_layer *movable(const fgf_layer *layer)
{
    const fgf_layer_kind *kind = layer ? layer->kind : NULL;
    return kind && kind->pool_order && kind->pool_order(layer, NULL, NULL) != FGF_POOL_BEHIND
               ? layer
               : NULL;
}

/* The max-pool that the convolution at `l` can do as well; *between: what stands between them. */
static const fgf_pool *pool_behind(const fgf_model *model, int l, const fgf_layer **between)
{
    const fgf_layer *next = at(model, l + 1);
    *between = NULL;
    if (!fgf_layer_is_conv(&model->layer[l]) || !next)
        return NULL;
    if (fgf_layer_max_pool_geometry(next))
        return fgf_layer_max_pool_geometry(next);
    *between = movable(next);
    const fgf_layer *after = *between ? at(model, l + 2) : NULL;
    return after ? fgf_layer_max_pool_geometry(after) : NULL;
}

static fgf_status add_steps(fgf_model *model)
{
    fgf_status status = FGF_OK;
    for (int l = 0; l < model->layer_count; l++) {
        const fgf_layer *between;
        const fgf_pool *pool = pool_behind(model, l, &between);
        fgf_layer *step = &model->step[model->step_count++];
        bool done = false;
        *step = model->layer[l];
        if (pool)
            FGF_TRY(fgf_layer_absorb_pool(step, between, pool, &done));
        if (!done)
            continue;
        l += between ? 2 : 1;
        if (between) {
            fgf_layer *activation = &model->step[model->step_count++];
            *activation = *between;
            activation->input = activation->output = step->output;
            activation->input_origin = activation->output_origin = step->output;
        }
    }
done:
    return status;
}

fgf_status fgf_model_plan_steps(fgf_model *model)
{
    fgf_status status = FGF_OK;
    FGF_TRY(FGF_ALLOCATE(model->layer_count, &model->step));
    FGF_TRY(add_steps(model));
    while (!(model->step[model->batched_from].kind->flags & FGF_LAYER_BATCHED))
        model->batched_from++;
    while (fgf_layer_is_conv(&model->step[0]) && model->front < model->batched_from &&
           model->step[model->front].kind->flags & FGF_LAYER_LOCAL)
        model->front++;
done:
    return status;
}

void fgf_model_clear_steps(fgf_model *model)
{
    for (int l = 0; model->step && l < model->step_count; l++) {
        fgf_layer *step = &model->step[l];
        if (step->detail != model->layer[step->number - 1].detail)
            fgf_free(step->detail);
    }
    fgf_free(model->step);
}
