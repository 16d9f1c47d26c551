/* Checkpoints: the state of a training as bytes, and back.
 *
 * A head that says what the bytes belong to, the state, and a checksum of both at the end. Every
 * rank of a group has the same state, so the first one writes it, and any group can go on. */
#include "trial_internal.h"

#include "fgf/log.h"
#include "fgf/memory.h"

#include <stdio.h>
#include <string.h>

enum { VERSION = 1 };

/* Plain bytes, padding included: it is cleared before it is filled. */
typedef struct head {
    char magic[8];
    uint32_t version, real_bytes;
    uint64_t size; /* of all, head and checksum included */
    fgf_hash trial;
    char numerics[95];
    int64_t epoch, best_epoch, finished;
    double best_monitor;
    double seconds, seconds_training; /* spent so far */
} head;

static const char magic[8] = {'f', 'g', 'f', ' ', 's', 'a', 'v', 'e'};

/* One walk over the state, for its size (at NULL), for writing and for reading. */
typedef struct walk {
    unsigned char *at;
    size_t bytes;
    bool reads;
} walk;

static void pass(walk *w, void *data, size_t bytes)
{
    if (w->at && w->reads)
        memcpy(data, w->at + w->bytes, bytes);
    else if (w->at)
        memcpy(w->at + w->bytes, data, bytes);
    w->bytes += bytes;
}

static const fgf_trial_column curves[] = {
    FGF_COLUMN_CURVE_LOSS,          FGF_COLUMN_CURVE_REGULARIZER, FGF_COLUMN_CURVE_DEGENERATE,
    FGF_COLUMN_CURVE_GRADIENT,      FGF_COLUMN_CURVE_RATE,        FGF_COLUMN_CURVE_LOSS_VALIDATION,
    FGF_COLUMN_CURVE_AUC_VALIDATION};

/* Everything behind the head. Once the training is finished nothing but the network counts. */
static void pass_state(walk *w, trial *t, const head *h)
{
    const size_t vector = fgf_model_parameter_count(t->model) * sizeof(fgf_real);
    pass(w, t->parameters, vector);
    for (size_t c = 0; c < sizeof curves / sizeof *curves; c++)
        pass(w, fgf_row_f64(t->row, curves[c]), (size_t)h->epoch * sizeof(double));
    if (h->finished)
        return;
    fgf_optimizer_state state = fgf_optimizer_state_view(t->training.optimizer);
    for (size_t v = 0; v < state.vectors; v++)
        pass(w, state.vector[v], vector);
    pass(w, state.number, 2 * sizeof *state.number);
    if (h->best_epoch > 0)
        pass(w, t->training.best, vector);
}

static size_t state_bytes(trial *t, const head *h)
{
    walk counting = {.at = NULL};
    pass_state(&counting, t, h);
    return sizeof *h + counting.bytes + sizeof(unsigned long long);
}

/* What a checkpoint of this trial, made by this program, says of itself. */
static fgf_status identify(const trial *t, head *h)
{
    fgf_status status = FGF_OK;
    memset(h, 0, sizeof *h);
    memcpy(h->magic, magic, sizeof magic);
    h->version = VERSION;
    h->real_bytes = sizeof(fgf_real);
    FGF_TRY(fgf_trial_identity(t->config, fgf_dataset_hash(fgf_context_dataset(t->context)),
                               &h->trial));
    snprintf(h->numerics, sizeof h->numerics, "%s", t->hooks->numerics ? t->hooks->numerics : "");
done:
    return status;
}

/* ---- saving ---- */

static fgf_status save(trial *t)
{
    fgf_status status = FGF_OK;
    const training_state *s = &t->training;
    unsigned char *bytes = NULL;
    head h;
    FGF_TRY(identify(t, &h));
    h.epoch = s->epoch;
    h.best_epoch = s->best_epoch;
    h.best_monitor = s->best_monitor;
    h.finished = s->finished;
    h.seconds = fgf_seconds() - t->started;
    h.seconds_training = s->seconds;
    h.size = state_bytes(t, &h);
    FGF_TRY(FGF_ALLOCATE(h.size, &bytes));
    memcpy(bytes, &h, sizeof h);
    walk writing = {.at = bytes + sizeof h};
    pass_state(&writing, t, &h);
    const size_t sealed = sizeof h + writing.bytes;
    const unsigned long long checksum = fgf_checksum(bytes, sealed, 0);
    memcpy(bytes + sealed, &checksum, sizeof checksum);
    t->hooks->save(t->hooks->state, bytes, (size_t)h.size);
done:
    fgf_free(bytes);
    return status;
}

/* In the order in which a training gets there. */
static int64_t stage(const training_state *s)
{
    return s->epoch + (s->finished ? 1 : 0);
}

void checkpoint_save(trial *t)
{
    if (!t->hooks || !t->hooks->save || t->group->rank != 0 ||
        stage(&t->training) <= t->saved.stage)
        return;
    const double start = fgf_seconds();
    if (save(t) == FGF_OK)
        t->saved.stage = stage(&t->training);
    else if (t->hooks->say)
        t->hooks->say(t->hooks->state, true, "has no memory for a checkpoint and goes on without");
    t->saved.seconds = fgf_seconds() - start;
}

void checkpoint_save_due(trial *t)
{
    if (trial_saves(t))
        checkpoint_save(t);
}

/* ---- loading ---- */

/* Why bytes cannot be gone on from, or "". */
static void judge(trial *t, const head *own, const head *h, const unsigned char *bytes, size_t size,
                  fgf_buffer *reason)
{
    unsigned long long checksum = 0;
    if (size < sizeof *h + sizeof checksum || memcmp(h->magic, magic, sizeof magic) != 0) {
        fgf_buffer_add(reason, "is none, or is torn");
        return;
    }
    if (h->version != VERSION) {
        fgf_buffer_add(reason, "has version %u, this fgf writes version %d", h->version, VERSION);
        return;
    }
    memcpy(&checksum, bytes + size - sizeof checksum, sizeof checksum);
    if (h->size != size || checksum != fgf_checksum(bytes, size - sizeof checksum, 0))
        fgf_buffer_add(reason, "is torn");
    else if (strcmp(h->trial.text, own->trial.text) != 0)
        fgf_buffer_add(reason, "is of another trial (%.8s)", h->trial.text);
    else if (h->real_bytes != own->real_bytes || strcmp(h->numerics, own->numerics) != 0)
        fgf_buffer_add(reason,
                       "was computed with %s/%u bit numbers, this start computes with %s/%u",
                       h->numerics, 8 * h->real_bytes, own->numerics, 8 * own->real_bytes);
    else if (h->epoch < 0 || h->epoch > t->settings.train.epochs || state_bytes(t, h) != size)
        fgf_buffer_add(reason, "does not fit the trial");
}

static void restore(trial *t, const head *h, unsigned char *bytes)
{
    walk reading = {.at = bytes + sizeof *h, .reads = true};
    pass_state(&reading, t, h);
    t->training.epoch = h->epoch;
    t->training.best_epoch = h->best_epoch;
    t->training.best_monitor = h->best_monitor;
    t->training.finished = h->finished != 0;
    t->training.seconds = h->seconds_training;
    t->started -= h->seconds;
    t->saved.stage = stage(&t->training);
}

/* One line of what becomes of the checkpoint. */
static void say(const trial *t, bool warning, const char *reason)
{
    char line[FGF_MESSAGE_BYTES + 64];
    if (t->group->rank != 0 || !t->hooks->say)
        return;
    if (warning)
        snprintf(line, sizeof line, "is trained from the start: its checkpoint %s", reason);
    else if (t->training.finished)
        snprintf(line, sizeof line, "goes on with the scoring");
    else
        snprintf(line, sizeof line, "goes on at epoch %lld of %lld",
                 (long long)t->training.epoch + 1, (long long)t->settings.train.epochs);
    t->hooks->say(t->hooks->state, warning, line);
}

/* The first rank's bytes on every rank; *bytes NULL where it has none. Collective. */
static fgf_status share_bytes(const trial *t, void **bytes, size_t *size)
{
    fgf_status status = FGF_OK;
    uint64_t wide = 0;
    *bytes = NULL;
    *size = 0;
    if (t->group->rank == 0 && t->hooks->load(t->hooks->state, bytes, size) != FGF_OK)
        say(t, true, fgf_last_error()->message);
    wide = *bytes ? *size : 0;
    FGF_TRY(fgf_group_merge(t->group, &wide, sizeof wide));
    *size = (size_t)wide;
    if (wide == 0)
        goto done;
    if (t->group->rank != 0)
        status = fgf_allocate_bytes(*size, 1, bytes);
    FGF_TRY(fgf_group_agree(t->group, status));
    FGF_TRY(fgf_group_merge(t->group, *bytes, *size));
done:
    return status;
}

fgf_status checkpoint_load(trial *t)
{
    fgf_status status = FGF_OK;
    void *bytes = NULL;
    size_t size = 0;
    head own, h = {.version = 0};
    fgf_buffer reason = {0};
    if (!t->hooks || !t->hooks->load)
        return FGF_OK;
    FGF_TRY(share_bytes(t, &bytes, &size));
    if (size == 0)
        goto done;
    FGF_TRY(fgf_group_agree(t->group, identify(t, &own)));
    memcpy(&h, bytes, size < sizeof h ? size : sizeof h);
    judge(t, &own, &h, bytes, size, &reason);
    FGF_TRY(fgf_group_agree(t->group, reason.status));
    if (reason.length == 0)
        restore(t, &h, bytes);
    say(t, reason.length > 0, reason.text);
done:
    fgf_buffer_clear(&reason);
    fgf_free(bytes);
    return status;
}
