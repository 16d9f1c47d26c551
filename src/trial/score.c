/* Scoring: the flow of every case, the agreement of the features along it, and the noise baseline.
 *
 * Ranks take cases as they get to them, so that none idles on another's long flows. A rank advances
 * several flows at a time ("lanes"), so that one pass of the network serves them all; a case's
 * numbers depend neither on its companions nor on the rank. When a flow has ended, its recorded
 * gradients are held against the noise maps. */
#include "scoring.h"

#include "fgf/memory.h"

#include <string.h>

bool is_scored(const trial *t, size_t i)
{
    if (t->settings.score.cases == FGF_SCORE_NONE)
        return false;
    if (t->settings.score.unlabelled && t->label[i] < 0)
        return true;
    if (t->settings.score.cases == FGF_SCORE_TEST)
        return t->role[i] == FGF_ROLE_TEST;
    return t->role[i] != FGF_ROLE_OUT;
}

static void scoring_clear(scoring *s)
{
    for (size_t l = 0; s->lanes && l < s->lane_count; l++) {
        lane *w = &s->lanes[l];
        fgf_flow_destroy(&w->flow);
        fgf_region_clear(&w->region);
        fgf_free(w->image);
        fgf_free(w->start);
        fgf_free(w->h_start);
        fgf_free(w->h_end);
        path_clear(&w->path);
    }
    fgf_free(s->lanes);
    fgf_tape_destroy(&s->tape);
    fgf_free(s->x);
    fgf_free(s->g);
    fgf_free(s->f);
    fgf_free(s->support);
    fgf_free(s->compact);
    fgf_free(s->v);
    fgf_free(s->feature_work);
    fgf_free(s->reason);
    fgf_align_work_destroy(&s->align);
    fgf_noise_case_destroy(&s->noise);
    fgf_free(s->square_path);
    fgf_free(s->joint_path);
    fgf_free(s->weight);
    fgf_free(s->missing);
    fgf_free(s->scored_case);
    fgf_free(s->mine);
    fgf_free(s->case_noise);
    fgf_free(s->case_rank);
}

static fgf_status init_lanes(scoring *s)
{
    fgf_status status = FGF_OK;
    FGF_TRY(FGF_ALLOCATE(s->lane_count, &s->lanes));
    for (size_t l = 0; l < s->lane_count; l++) {
        lane *w = &s->lanes[l];
        w->index = SIZE_MAX;
        FGF_TRY(fgf_flow_create(s->greatest_n, &w->flow));
        FGF_TRY(FGF_ALLOCATE(s->image, &w->image));
        FGF_TRY(FGF_ALLOCATE(s->image, &w->start));
        FGF_TRY(FGF_ALLOCATE(s->features, &w->h_start));
        FGF_TRY(FGF_ALLOCATE(s->features, &w->h_end));
    }
done:
    return status;
}

/* The cases that are to be scored. */
static fgf_status list_cases(trial *t, scoring *s)
{
    fgf_status status = FGF_OK;
    s->t = t;
    FGF_TRY(FGF_ALLOCATE(t->case_count, &s->scored_case));
    FGF_TRY(FGF_ALLOCATE(t->case_count, &s->mine));
    for (size_t i = 0; i < t->case_count; i++)
        if (is_scored(t, i))
            s->scored_case[s->scored++] = i;
done:
    return status;
}

/* What the Omega of every size-th scored case takes. */
typedef struct region_need {
    uint64_t size, work; /* elements, of the features' work as well */
} region_need;

static fgf_status measure_regions(scoring *s, region_need *need)
{
    fgf_status status = FGF_OK;
    fgf_region_owner owner = {0};
    size_t step = (size_t)s->t->group->size;
    for (size_t k = (size_t)s->t->group->rank; k < s->scored; k += step) {
        case_view view;
        FGF_TRY(context_case(s->t->context, s->scored_case[k], &view));
        FGF_TRY(make_region(s->t->context, &s->t->settings.omega, view.mask, &owner));
        need[k].size = fgf_region_size(&owner.region);
        need[k].work = feature_set_work_size(&s->t->features, s->t->features.count, &owner.region);
        fgf_region_clear(&owner);
    }
done:
    fgf_region_clear(&owner);
    return status;
}

/* Noise maps are gathered over one Omega at a time: the largest decides the room that they take.
 * Any rank may get any case. Collective. */
static fgf_status find_greatest_n(scoring *s)
{
    fgf_status status = FGF_OK;
    fgf_group *group = s->t->group;
    region_need *need = NULL;
    FGF_TRY(fgf_group_agree(group, FGF_ALLOCATE(s->scored, &need)));
    FGF_TRY(fgf_group_agree(group, measure_regions(s, need)));
    FGF_TRY(fgf_group_merge(group, need, s->scored * sizeof *need));
    for (size_t k = 0; k < s->scored; k++) {
        if (need[k].size > s->greatest_n)
            s->greatest_n = (size_t)need[k].size;
        if (need[k].work > s->greatest_work)
            s->greatest_work = (size_t)need[k].work;
    }
done:
    fgf_free(need);
    return status;
}

size_t scoring_lanes(const fgf_flow_settings *flow, size_t wanted, size_t greatest_n)
{
    const double most_bytes = 512e6;
    double points = flow->greatest_length / flow->step + 1;
    double bytes = points * (double)greatest_n * sizeof(fgf_real);
    while (wanted > 1 && (double)wanted * bytes > most_bytes)
        wanted--;
    return wanted;
}

static fgf_status scoring_init(trial *t, scoring *s)
{
    fgf_status status = FGF_OK;
    fgf_shape shape = fgf_model_input(t->model);
    s->flow = t->settings.flow;
    s->image = (size_t)fgf_shape_size(shape);
    s->features = t->features.count;
    size_t mine = (s->scored + (size_t)t->group->size - 1) / (size_t)t->group->size;
    s->lane_count = (size_t)t->settings.score.lanes;
    if (s->lane_count > mine)
        s->lane_count = mine > 0 ? mine : 1;
    s->lane_count = scoring_lanes(&s->flow, s->lane_count, s->greatest_n);
    FGF_TRY(init_lanes(s));
    FGF_TRY(fgf_tape_create(t->model, (int)s->lane_count, FGF_PASSES_INPUT, &s->tape));
    fgf_tape_load(s->tape, t->parameters);
    FGF_TRY(FGF_ALLOCATE(s->lane_count * s->image, &s->x));
    FGF_TRY(FGF_ALLOCATE(s->lane_count * s->image, &s->g));
    FGF_TRY(FGF_ALLOCATE(s->lane_count, &s->f));
    FGF_TRY(FGF_ALLOCATE(s->lane_count, &s->support));
    FGF_TRY(FGF_ALLOCATE(s->image, &s->compact));
    FGF_TRY(FGF_ALLOCATE(s->features * s->greatest_n, &s->v));
    FGF_TRY(FGF_ALLOCATE(s->greatest_work, &s->feature_work));
    FGF_TRY(FGF_ALLOCATE(s->features, &s->reason));
    FGF_TRY(fgf_align_work_create(s->greatest_n, s->features, &s->align));
    FGF_TRY(scoring_init_noise(s));
done:
    return status;
}

/* ---- one case ---- */

static fgf_status begin_case(scoring *s, lane *w, size_t turn)
{
    fgf_status status = FGF_OK;
    case_view view;
    w->index = s->scored_case[turn];
    w->turn = turn;
    FGF_TRY(context_case(s->t->context, w->index, &view));
    fgf_region_clear(&w->region);
    FGF_TRY(make_region(s->t->context, &s->t->settings.omega, view.mask, &w->region));
    memcpy(w->image, view.x, s->image * sizeof *w->image);
    const fgf_box box = box_of_case(fgf_model_input(s->t->model), view.x, view.mask);
    w->support = support_of(&box, &w->region.region);
    fgf_region_gather(&w->region.region, w->image, w->start);
    size_t n = fgf_region_size(&w->region.region);
    fgf_flow_start(w->flow, &s->flow, w->start, n);
    path_begin(&w->path, s->features, n);
done:
    return status;
}

/* Features and their agreement with g at an accepted point of the path. */
static fgf_status score_point(scoring *s, lane *w, const fgf_flow_point *at)
{
    fgf_status status = FGF_OK;
    const trial *t = s->t;
    const fgf_region *region = &w->region.region;
    size_t n = fgf_region_size(region), chosen = t->features.chosen;
    FGF_TRY(path_extend(&w->path, at->arc));
    size_t k = w->path.count - 1;
    bool first = k == 0;
    double *h = first ? w->h_start : w->h_end;
    fgf_features_evaluate(t->features.feature, s->features, region, at->z, s->feature_work, h,
                          s->reason, s->v);
    for (size_t j = 0; first && j < s->features; j++)
        case_i8(t, FGF_COLUMN_UNDEFINED, w->index)[t->features.column[j]] = (int8_t)s->reason[j];
    if (first)
        memcpy(w->h_end, w->h_start, s->features * sizeof *h);
    double *cosine = w->path.cosine + k * s->features;
    fgf_joint joint =
        fgf_agreement(s->align, &t->settings.agreement, at->g, s->v, chosen, n, cosine);
    if (chosen < s->features)
        (void)fgf_agreement(s->align, &t->settings.agreement, at->g, s->v + chosen * n,
                            s->features - chosen, n, cosine + chosen);
    w->path.joint[k] = joint.score;
    if (first)
        *case_i32(t, FGF_COLUMN_JOINT_RANK, w->index) = joint.rank;
    memcpy(w->path.gradient + k * n, at->g, n * sizeof *at->g);
done:
    return status;
}

static void store_flow(scoring *s, const lane *w)
{
    const trial *t = s->t;
    fgf_flow_result result;
    fgf_flow_result_of(w->flow, &result);
    const fgf_region *region = &w->region.region;
    size_t n = fgf_region_size(region), outside = 0;
    fgf_flow_point at = {0};
    (void)fgf_flow_accepted(w->flow, &at);
    const fgf_real *end = w->path.count > 0 ? at.z : NULL;
    for (size_t p = 0; end && p < n; p++)
        outside += end[p] < 0 || end[p] > 1;
    *case_f64(t, FGF_COLUMN_FLOW_LENGTH, w->index) = result.length;
    *case_i32(t, FGF_COLUMN_FLOW_STEPS, w->index) = result.steps;
    *case_i32(t, FGF_COLUMN_FLOW_EVALUATIONS, w->index) = result.evaluations;
    *case_i32(t, FGF_COLUMN_FLOW_TURNS, w->index) = result.turns;
    *case_i8(t, FGF_COLUMN_FLOW_SLIDING, w->index) = result.sliding ? 1 : 0;
    *case_i8(t, FGF_COLUMN_FLOW_END, w->index) = (int8_t)result.end;
    *case_f64(t, FGF_COLUMN_FLOW_RESIDUAL, w->index) = result.residual;
    *case_f64(t, FGF_COLUMN_FLOW_OUTSIDE, w->index) =
        end && n > 0 ? (double)outside / (double)n : NAN;
}

static void store_agreement(scoring *s, lane *w)
{
    const trial *t = s->t;
    const path_record *path = &w->path;
    double coverage;
    for (size_t j = 0; j < s->features && path->count > 0; j++) {
        size_t a = t->features.column[j];
        double *cosine = path->cosine + j;
        case_f64(t, FGF_COLUMN_FEATURE_INPUT, w->index)[a] = w->h_start[j];
        case_f64(t, FGF_COLUMN_DISPLACEMENT, w->index)[a] = w->h_end[j] - w->h_start[j];
        case_f64(t, FGF_COLUMN_COSINE_INPUT, w->index)[a] = cosine[0];
        case_f64(t, FGF_COLUMN_SQUARE_INPUT, w->index)[a] = cosine[0] * cosine[0];
        case_f64(t, FGF_COLUMN_COSINE_FLOW, w->index)[a] =
            path_mean(path->arc, cosine, s->features, path->count, &coverage);
        for (size_t k = 0; k < path->count; k++)
            cosine[k * s->features] *= cosine[k * s->features];
        case_f64(t, FGF_COLUMN_SQUARE_FLOW, w->index)[a] =
            path_mean(path->arc, cosine, s->features, path->count, &coverage);
        case_f64(t, FGF_COLUMN_COVERAGE, w->index)[a] = coverage;
    }
    if (path->count == 0)
        return;
    *case_f64(t, FGF_COLUMN_JOINT_INPUT, w->index) = path->joint[0];
    *case_f64(t, FGF_COLUMN_JOINT_FLOW, w->index) =
        path_mean(path->arc, path->joint, 1, path->count, &coverage);
    *case_f64(t, FGF_COLUMN_JOINT_COVERAGE, w->index) = coverage;
}

/* ---- all cases of this rank ---- */

/* One pass of the network over the points that the busy lanes want. */
static void evaluate_lanes(scoring *s, size_t *asking, size_t count)
{
    for (size_t a = 0; a < count; a++) {
        lane *w = &s->lanes[asking[a]];
        const fgf_real *point = NULL;
        (void)fgf_flow_wants(w->flow, &point);
        fgf_region_place(&w->region.region, point, w->image);
        memcpy(s->x + a * s->image, w->image, s->image * sizeof *s->x);
        s->support[a] = w->support;
    }
    fgf_tape_forward(s->tape, s->x, (int)count, s->support, NULL, s->f);
    fgf_tape_input_gradient(s->tape, s->g);
}

static fgf_status finish_case(scoring *s, lane *w)
{
    fgf_status status = FGF_OK;
    store_flow(s, w);
    store_agreement(s, w);
    FGF_TRY(score_noise(s, w));
    w->index = SIZE_MAX;
done:
    return status;
}

/* The other ranks are taken to be as far as this one. */
static void report_progress(const scoring *s, size_t finished)
{
    size_t all = finished * (size_t)s->t->group->size;
    trial_progress(s->t, "score", all < s->scored ? all : s->scored, s->scored);
}

static fgf_status score_mine(scoring *s)
{
    fgf_status status = FGF_OK;
    trial *t = s->t;
    size_t busy = 0, finished = 0;
    size_t *asking = NULL;
    FGF_TRY(FGF_ALLOCATE(s->lane_count, &asking));
    for (;;) {
        size_t count = 0;
        for (size_t l = 0; l < s->lane_count; l++) {
            lane *w = &s->lanes[l];
            size_t turn;
            if (w->index == SIZE_MAX && fgf_share_take(&s->share, busy, &turn)) {
                FGF_TRY(begin_case(s, w, turn));
                s->mine[turn] = true;
                busy++;
            }
            if (w->index != SIZE_MAX)
                asking[count++] = l;
        }
        if (count == 0)
            break;
        if (trial_stops(t))
            FGF_FAIL(FGF_STOPPED, "stopped on request while scoring");
        checkpoint_save_due(t);
        evaluate_lanes(s, asking, count);
        report_progress(s, finished);
        for (size_t a = 0; a < count; a++) {
            lane *w = &s->lanes[asking[a]];
            const fgf_real *point;
            fgf_flow_point at;
            fgf_region_gather(&w->region.region, s->g + a * s->image, s->compact);
            fgf_flow_give(w->flow, (double)s->f[a], s->compact);
            if (fgf_flow_accepted(w->flow, &at))
                FGF_TRY(score_point(s, w, &at));
            if (!fgf_flow_wants(w->flow, &point)) {
                FGF_TRY(finish_case(s, w));
                busy--;
                finished++;
            }
        }
    }
done:
    fgf_free(asking);
    return status;
}

/* ---- over ranks, over cases ---- */

static const fgf_trial_column per_case_columns[] = {
    FGF_COLUMN_FEATURE_INPUT,    FGF_COLUMN_DISPLACEMENT,    FGF_COLUMN_UNDEFINED,
    FGF_COLUMN_COSINE_INPUT,     FGF_COLUMN_COSINE_FLOW,     FGF_COLUMN_SQUARE_INPUT,
    FGF_COLUMN_SQUARE_FLOW,      FGF_COLUMN_COVERAGE,        FGF_COLUMN_JOINT_INPUT,
    FGF_COLUMN_JOINT_FLOW,       FGF_COLUMN_JOINT_COVERAGE,  FGF_COLUMN_JOINT_RANK,
    FGF_COLUMN_NOISE_MEAN,       FGF_COLUMN_NOISE_SD,        FGF_COLUMN_NOISE_RATIO,
    FGF_COLUMN_NOISE_P,          FGF_COLUMN_JOINT_NULL_MEAN, FGF_COLUMN_JOINT_NULL_SD,
    FGF_COLUMN_JOINT_NULL_P,     FGF_COLUMN_FLOW_LENGTH,     FGF_COLUMN_FLOW_STEPS,
    FGF_COLUMN_FLOW_EVALUATIONS, FGF_COLUMN_FLOW_TURNS,      FGF_COLUMN_FLOW_SLIDING,
    FGF_COLUMN_FLOW_END,         FGF_COLUMN_FLOW_RESIDUAL,   FGF_COLUMN_FLOW_OUTSIDE};

/* Every rank keeps the cases it scored, rank 0 also those that nobody did (their fill values), and
 * zeroes the rest, so that the merge finds each case on one rank. */
static fgf_status merge_cases(scoring *s)
{
    fgf_status status = FGF_OK;
    trial *t = s->t;
    if (t->group->size == 1)
        return FGF_OK;
    for (size_t c = 0; c < sizeof per_case_columns / sizeof *per_case_columns; c++) {
        size_t column = (size_t)per_case_columns[c];
        size_t bytes = fgf_axes_elements(t->row->axes, column) *
                       fgf_column_element_bytes(&t->row->axes->columns[column]);
        size_t each = bytes / t->case_count, turn = 0;
        for (size_t i = 0; i < t->case_count; i++) {
            bool mine = t->group->rank == 0;
            if (turn < s->scored && s->scored_case[turn] == i)
                mine = s->mine[turn++];
            if (!mine)
                memset((char *)t->row->value[column] + i * each, 0, each);
        }
        FGF_TRY(fgf_group_merge(t->group, t->row->value[column], bytes));
    }
    if (s->kinds > 0) {
        FGF_TRY(fgf_group_merge(t->group, s->case_noise,
                                s->kinds * s->scored * s->draws * sizeof *s->case_noise));
        FGF_TRY(fgf_group_merge(t->group, s->case_rank,
                                s->kinds * s->features * s->scored * sizeof *s->case_rank));
    }
done:
    return status;
}

fgf_status score_cases(trial *t)
{
    fgf_status status = FGF_OK;
    scoring s = {0};
    FGF_TRY(fgf_group_agree(t->group, list_cases(t, &s)));
    if (s.scored == 0)
        goto done;
    FGF_TRY(find_greatest_n(&s));
    FGF_TRY(fgf_group_agree(t->group, scoring_init(t, &s)));
    FGF_TRY(fgf_share_open(t->group, s.scored, &s.share));
    status = score_mine(&s);
    fgf_share_close(&s.share);
    FGF_TRY(fgf_group_agree(t->group, status));
    FGF_TRY(merge_cases(&s));
    FGF_TRY(fgf_group_agree(t->group, test_cohort(&s)));
done:
    scoring_clear(&s);
    return status;
}
