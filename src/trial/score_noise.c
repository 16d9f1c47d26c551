/* The noise baseline along one flow: every draw's squared cosine, and the joint null. */
#include "scoring.h"

#include "fgf/memory.h"
#include "fgf/stats.h"

#include <string.h>

fgf_status scoring_init_noise(scoring *s)
{
    fgf_status status = FGF_OK;
    trial *t = s->t;
    double sigma[NOISE_KINDS];
    s->kinds = noise_kinds(&t->settings.noise, sigma);
    s->draws = (size_t)t->settings.noise.draws;
    if (s->kinds == 0)
        goto done;
    for (size_t k = 0; k < s->kinds; k++) {
        char name[64];
        noise_name(sigma[k], name, sizeof name);
        for (size_t a = 0; a < t->row->axes->length[FGF_AXIS_NOISE]; a++)
            if (strcmp(name, t->row->axes->noise[a]) == 0)
                s->kind_column[k] = a;
    }
    FGF_TRY(context_noise(t->context, &t->settings, &s->bank));
    FGF_TRY(fgf_noise_case_create(s->bank, s->greatest_n, t->features.chosen, &s->noise));
    FGF_TRY(FGF_ALLOCATE(s->draws, &s->square_path));
    FGF_TRY(FGF_ALLOCATE(s->draws, &s->joint_path));
    FGF_TRY(FGF_ALLOCATE(s->kinds * s->scored * s->draws, &s->case_noise));
    FGF_TRY(FGF_ALLOCATE(s->kinds * s->features * s->scored, &s->case_rank));
done:
    return status;
}

/* Weights of the path's points in an arc-length mean, points without a direction left out. */
static fgf_status weigh_path(scoring *s, const lane *w)
{
    fgf_status status = FGF_OK;
    const path_record *path = &w->path;
    if (path->count > s->weight_capacity) {
        size_t capacity = 2 * path->count;
        fgf_free(s->weight);
        fgf_free(s->missing);
        s->weight = NULL;
        s->missing = NULL;
        s->weight_capacity = 0;
        FGF_TRY(FGF_ALLOCATE(capacity, &s->weight));
        FGF_TRY(FGF_ALLOCATE(capacity, &s->missing));
        s->weight_capacity = capacity;
    }
    for (size_t k = 0; k < path->count; k++)
        s->missing[k] =
            fgf_vanishes(&s->t->settings.agreement, path->gradient + k * path->n, path->n);
    path_weights(path->arc, s->missing, path->count, s->weight);
done:
    return status;
}

/* The noise's means along the same flow: s->square_path, s->joint_path. */
static void noise_along_path(scoring *s, const lane *w, bool with_joint)
{
    fgf_noise_case_score(s->noise, &s->t->settings.agreement, w->path.gradient, s->weight,
                         w->path.count, s->square_path, with_joint ? s->joint_path : NULL);
    for (size_t m = 0; !with_joint && m < s->draws; m++)
        s->joint_path[m] = NAN;
}

fgf_status score_noise(scoring *s, lane *w)
{
    fgf_status status = FGF_OK;
    const trial *t = s->t;
    size_t kinds_axis = t->row->axes->length[FGF_AXIS_NOISE];
    int rank = *case_i32(t, FGF_COLUMN_JOINT_RANK, w->index);
    bool with_joint = rank > 0 && w->path.n > (size_t)rank;
    if (s->kinds == 0 || w->path.count == 0 || w->path.n == 0)
        return FGF_OK;
    FGF_TRY(weigh_path(s, w));
    for (size_t k = 0; k < s->kinds; k++) {
        size_t column = s->kind_column[k];
        FGF_TRY(
            fgf_noise_case_select(s->noise, k, &w->region.region, with_joint ? (size_t)rank : 0));
        noise_along_path(s, w, with_joint);
        memcpy(s->case_noise + (k * s->scored + w->turn) * s->draws, s->square_path,
               s->draws * sizeof *s->square_path);
        fgf_summary noise = fgf_summarize(s->square_path, s->draws);
        case_f64(t, FGF_COLUMN_NOISE_MEAN, w->index)[column] = noise.mean;
        case_f64(t, FGF_COLUMN_NOISE_SD, w->index)[column] = noise.sd;
        fgf_summary joint = fgf_summarize(s->joint_path, s->draws);
        case_f64(t, FGF_COLUMN_JOINT_NULL_MEAN, w->index)[column] = joint.mean;
        case_f64(t, FGF_COLUMN_JOINT_NULL_SD, w->index)[column] = joint.sd;
        case_f64(t, FGF_COLUMN_JOINT_NULL_P, w->index)[column] =
            joint.count == 0 ? NAN
                             : fgf_rank_p(*case_f64(t, FGF_COLUMN_JOINT_FLOW, w->index),
                                          s->joint_path, s->draws);
        for (size_t j = 0; j < s->features; j++) {
            size_t a = t->features.column[j];
            double square = case_f64(t, FGF_COLUMN_SQUARE_FLOW, w->index)[a];
            fgf_stream tie =
                fgf_stream_open((uint64_t)t->settings.noise.seed, FGF_PURPOSE_TIE_BREAK,
                                j * NOISE_KINDS + k, t->key[w->index]);
            case_f64(t, FGF_COLUMN_NOISE_RATIO, w->index)[a * kinds_axis + column] =
                square / noise.mean;
            case_f64(t, FGF_COLUMN_NOISE_P, w->index)[a * kinds_axis + column] =
                noise.count == 0 ? NAN : fgf_rank_p(square, s->square_path, s->draws);
            s->case_rank[(k * s->features + j) * s->scored + w->turn] =
                fgf_noise_rank(square, s->square_path, s->draws, fgf_stream_uniform(&tie));
        }
    }
done:
    return status;
}
