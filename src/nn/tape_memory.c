/* What a tape keeps, and its one block of memory. */
#include "tape.h"

#include <stddef.h>

/* Takes pieces of an arena, or only counts them where there is none yet. */
typedef struct planner {
    fgf_arena *arena;
    size_t bytes;
    fgf_status status;
} planner;

static void *take(planner *p, size_t count, size_t size)
{
    void *piece = NULL;
    p->bytes += fgf_arena_piece(count, size);
    if (p->arena && p->status == FGF_OK)
        p->status = fgf_arena_take(p->arena, count, size, &piece);
    return piece;
}

static fgf_real *take_reals(planner *p, size_t count)
{
    return take(p, count, sizeof(fgf_real));
}

static bool finds_parameters(fgf_passes passes)
{
    return passes == FGF_PASSES_PLAIN || passes == FGF_PASSES_REGULARIZED;
}

/* The input itself, boundary 0, is the caller's. */
static bool keeps_value(const fgf_model *model, fgf_passes passes, int b)
{
    const int flags = model->step[b].kind->flags;
    return b > 0 && (b == model->batched_from ||
                     (passes != FGF_PASSES_LOGIT && (flags & FGF_LAYER_READS_INPUT)) ||
                     (finds_parameters(passes) && (flags & FGF_LAYER_WEIGHTED)));
}

static bool keeps_adjoint(const fgf_model *model, fgf_passes passes, int b)
{
    if (b == 0 || passes == FGF_PASSES_LOGIT)
        return false;
    return b == model->batched_from ||
           (passes == FGF_PASSES_REGULARIZED && fgf_starts_segment(model, b));
}

/* Cases that a transient buffer at boundary b holds. */
static size_t cases_at(const fgf_model *model, size_t capacity, int b)
{
    return b < model->batched_from ? 1 : capacity;
}

/* Cases whose state a step keeps: in the front, the background's too. */
static size_t states_at(const fgf_model *model, size_t capacity, int b)
{
    return b < model->front ? capacity + 1 : capacity;
}

static size_t most(size_t a, size_t b)
{
    return a > b ? a : b;
}

static void plan_kept(planner *p, const fgf_model *model, size_t capacity, fgf_passes passes,
                      fgf_tape *tape)
{
    const bool regularized = passes == FGF_PASSES_REGULARIZED;
    for (int b = 0; b < model->step_count; b++) {
        const size_t size = fgf_boundary_size(model, b) * capacity;
        const fgf_layer *layer = &model->step[b];
        fgf_real *value = keeps_value(model, passes, b) ? take_reals(p, size) : NULL;
        fgf_real *adjoint = keeps_adjoint(model, passes, b) ? take_reals(p, size) : NULL;
        fgf_real *tangent = regularized && b > 0 && (layer->kind->flags & FGF_LAYER_CURVED)
                                ? take_reals(p, size)
                                : NULL;
        unsigned char *state = passes == FGF_PASSES_LOGIT
                                   ? NULL
                                   : take(p, layer->state_bytes * states_at(model, capacity, b), 1);
        fgf_real *packed = layer->packed ? take_reals(p, layer->packed) : NULL;
        if (tape) {
            tape->kept_value[b] = value;
            tape->kept_adjoint[b] = adjoint;
            tape->kept_tangent[b] = tangent;
            tape->state[b] = state;
            tape->packed[b] = packed;
        }
    }
}

static void plan_front(planner *p, const fgf_model *model, size_t capacity, fgf_passes passes,
                       fgf_tape *tape)
{
    for (int b = 1; b <= model->front; b++) {
        const size_t size = fgf_boundary_size(model, b);
        fgf_real *background = take_reals(p, size);
        fgf_real *shared =
            finds_parameters(passes) && fgf_starts_segment(model, b) ? take_reals(p, size) : NULL;
        if (tape) {
            tape->background[b] = background;
            tape->shared[b] = shared;
        }
    }
    fgf_box *window = take(p, capacity * ((size_t)model->front + 1), sizeof *window);
    bool *windowed = take(p, capacity + 1, sizeof *windowed);
    if (tape) {
        tape->window = window;
        tape->windowed = windowed;
    }
}

/* Inner boundaries of all segments share one area: only one segment is at work. */
static void plan_segments(planner *p, const fgf_model *model, size_t capacity, fgf_tape *tape)
{
    size_t size = 0, used = 0;
    for (int b = 0; b < model->step_count; b++) {
        used = fgf_starts_segment(model, b)
                   ? 0
                   : used + fgf_boundary_size(model, b) * cases_at(model, capacity, b);
        size = most(size, used);
    }
    fgf_real *area = take_reals(p, size);
    for (int b = 0; tape && area && b < model->step_count; b++) {
        used = fgf_starts_segment(model, b) ? 0 : used;
        tape->segment[b] = area + used;
        if (!fgf_starts_segment(model, b))
            used += fgf_boundary_size(model, b) * cases_at(model, capacity, b);
    }
}

static void plan_transient(planner *p, const fgf_model *model, size_t capacity, fgf_passes passes,
                           fgf_tape *tape)
{
    const bool regularized = passes == FGF_PASSES_REGULARIZED;
    const size_t joint = fgf_boundary_size(model, model->batched_from) * capacity;
    size_t flow = 0, blend = 0, work = 0, crop = 0;
    for (int b = 0; b < model->step_count; b++) {
        const fgf_layer *layer = &model->step[b];
        const size_t cases = cases_at(model, capacity, b);
        flow = most(flow, fgf_boundary_size(model, b) * cases);
        if (b > 0 && b <= model->front)
            crop = most(crop, fgf_boundary_size(model, b));
        work = most(work, layer->work);
        if (layer->parameter_count) {
            blend = most(blend, fgf_layer_in(layer) * cases);
            if (!model->piecewise_linear)
                blend = most(blend, fgf_layer_out(layer) * cases);
        }
    }
    fgf_real *pieces[10] = {take_reals(p, flow),
                            take_reals(p, flow),
                            take_reals(p, work),
                            take_reals(p, capacity),
                            take_reals(p, regularized ? capacity : 0),
                            take_reals(p, regularized ? blend : 0),
                            take_reals(p, regularized ? joint : 0),
                            take_reals(p, regularized && !model->piecewise_linear ? joint : 0),
                            take_reals(p, passes == FGF_PASSES_LOGIT ? 0 : crop),
                            take_reals(p, regularized && !model->piecewise_linear ? crop : 0)};
    if (!tape)
        return;
    tape->flow[0] = pieces[0];
    tape->flow[1] = pieces[1];
    tape->work = pieces[2];
    tape->ones = pieces[3];
    tape->zeros = pieces[4];
    tape->blend = pieces[5];
    tape->joint_tangent = pieces[6];
    tape->joint_second = pieces[7];
    tape->crop[0] = pieces[8];
    tape->crop[1] = pieces[9];
}

/* The whole plan; `out` NULL where it is only counted. */
static void plan_tape(planner *p, const fgf_model *model, int capacity, fgf_passes passes,
                      fgf_tape **out)
{
    const size_t boundaries = (size_t)model->step_count + 1;
    fgf_tape *tape = take(p, 1, sizeof *tape);
    void *tables[8];
    for (int i = 0; i < 8; i++)
        tables[i] = take(p, boundaries, sizeof(void *));
    if (tape && p->status == FGF_OK) {
        tape->kept_value = tables[0];
        tape->kept_adjoint = tables[1];
        tape->kept_tangent = tables[2];
        tape->segment = tables[3];
        tape->state = tables[4];
        tape->packed = tables[5];
        tape->background = tables[6];
        tape->shared = tables[7];
    } else {
        tape = NULL;
    }
    plan_kept(p, model, (size_t)capacity, passes, tape);
    plan_front(p, model, (size_t)capacity, passes, tape);
    if (passes == FGF_PASSES_REGULARIZED)
        plan_segments(p, model, (size_t)capacity, tape);
    plan_transient(p, model, (size_t)capacity, passes, tape);
    if (out)
        *out = tape;
}

size_t fgf_tape_bytes(const fgf_model *model, int capacity, fgf_passes passes)
{
    planner count = {NULL, 0, FGF_OK};
    plan_tape(&count, model, capacity, passes, NULL);
    return count.bytes;
}

fgf_status fgf_tape_create(const fgf_model *model, int capacity, fgf_passes passes, fgf_tape **out)
{
    fgf_status status = FGF_OK;
    planner plan = {NULL, 0, FGF_OK};
    fgf_tape *tape = NULL;
    *out = NULL;
    if (capacity < 1)
        FGF_FAIL(FGF_INTERNAL, "a tape of %d cases", capacity);
    FGF_TRY(fgf_arena_create(fgf_tape_bytes(model, capacity, passes), &plan.arena));
    plan_tape(&plan, model, capacity, passes, &tape);
    FGF_TRY(plan.status);
    tape->model = model;
    tape->arena = plan.arena;
    tape->capacity = capacity;
    tape->passes = passes;
    for (int i = 0; i < capacity; i++)
        tape->ones[i] = 1;
    plan.arena = NULL;
    *out = tape;
done:
    fgf_arena_destroy(&plan.arena);
    return status;
}

void fgf_tape_destroy(fgf_tape **tape)
{
    /* The tape lives in its own arena. */
    fgf_arena *arena = *tape ? (*tape)->arena : NULL;
    fgf_arena_destroy(&arena);
    *tape = NULL;
}
