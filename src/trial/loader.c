#include "loader.h"

#include "fgf/memory.h"

#include <pthread.h>
#include <signal.h>
#include <string.h>

/* One is computed while the other is loaded. */
enum { SLOTS = 2 };

struct loader {
    const trial *t;
    size_t greatest;
    loaded_cases slot[SLOTS]; /* the second only once a thread is there to fill it */
    const case_list *plan;
    int64_t epoch;
    size_t count;         /* of the plan */
    size_t given;         /* microbatches that were handed out; the last of them is in use */
    bool threaded, ahead; /* there is a thread; it loads this plan */
    pthread_t thread;
    pthread_mutex_t lock; /* of everything below, and of `given` and the plan where it is shared */
    pthread_cond_t changed;
    size_t filled; /* microbatches that the thread has loaded */
    bool busy, stop;
    fgf_status status; /* of the thread on this plan, and its error: those are kept by thread */
    fgf_error error;
};

static fgf_shape case_shape(const trial *t)
{
    return fgf_dataset_cohort(fgf_context_dataset(t->context))->shape;
}

static size_t image_size(const trial *t)
{
    return (size_t)fgf_shape_size(case_shape(t));
}

static size_t pixel_count(const trial *t)
{
    return (size_t)fgf_shape_pixels(case_shape(t));
}

/* x, mask and *box as of context_load. */
static fgf_status load_case(const trial *t, size_t index, int64_t epoch, fgf_real *x, uint8_t *mask,
                            fgf_box *box)
{
    fgf_status status = FGF_OK;
    const fgf_cohort *cohort = fgf_dataset_cohort(fgf_context_dataset(t->context));
    case_view view;
    if (!fgf_augment_any(&t->settings.augment)) {
        FGF_TRY(context_load(t->context, index, x, mask, box));
        goto done;
    }
    FGF_TRY(context_case(t->context, index, &view));
    fgf_augment(&t->settings.augment,
                fgf_stream_open((uint64_t)t->settings.train.seed, FGF_PURPOSE_AUGMENTATION,
                                (uint64_t)epoch, t->key[index]),
                cohort->shape, view.x, view.mask, cohort->masked, x, mask);
    *box = box_of_case(cohort->shape, x, mask);
done:
    return status;
}

static fgf_status load_microbatch(const loader *load, size_t number, const loaded_cases *into)
{
    fgf_status status = FGF_OK;
    const case_list *wanted = &load->plan[number];
    const size_t image = image_size(load->t), pixels = pixel_count(load->t);
    for (size_t k = 0; k < wanted->count; k++) {
        fgf_real *x = into->x + k * image;
        uint8_t *mask = into->mask + k * pixels;
        FGF_TRY(load_case(load->t, wanted->cases[k], load->epoch, x, mask, &into->box[k]));
    }
done:
    return status;
}

/* The slot of the microbatch in use stays as it is. */
static bool has_work(const loader *load)
{
    return load->ahead && load->status == FGF_OK && load->filled < load->count &&
           load->filled < load->given + SLOTS - 1;
}

static void *run_thread(void *state)
{
    loader *load = state;
    pthread_mutex_lock(&load->lock);
    while (!load->stop) {
        if (!has_work(load)) {
            pthread_cond_wait(&load->changed, &load->lock);
            continue;
        }
        load->busy = true;
        pthread_mutex_unlock(&load->lock);
        fgf_status status = load_microbatch(load, load->filled, &load->slot[load->filled % SLOTS]);
        pthread_mutex_lock(&load->lock);
        load->busy = false;
        load->filled++;
        if (status != FGF_OK) {
            load->status = status;
            load->error = *fgf_last_error();
        }
        pthread_cond_broadcast(&load->changed);
    }
    pthread_mutex_unlock(&load->lock);
    return NULL;
}

static fgf_status allocate_slot(const loader *load, loaded_cases *slot)
{
    fgf_status status = FGF_OK;
    FGF_TRY(FGF_ALLOCATE(load->greatest * image_size(load->t), &slot->x));
    FGF_TRY(FGF_ALLOCATE(load->greatest * pixel_count(load->t), &slot->mask));
    FGF_TRY(FGF_ALLOCATE(load->greatest, &slot->box));
done:
    return status;
}

fgf_status loader_create(const trial *t, size_t greatest, loader **out)
{
    fgf_status status = FGF_OK;
    loader *load = NULL;
    *out = NULL;
    FGF_TRY(FGF_ALLOCATE(1, &load));
    load->t = t;
    load->greatest = greatest;
    pthread_mutex_init(&load->lock, NULL);
    pthread_cond_init(&load->changed, NULL);
    FGF_TRY(allocate_slot(load, &load->slot[0]));
    *out = load;
    load = NULL;
done:
    loader_destroy(&load);
    return status;
}

void loader_destroy(loader **out)
{
    loader *load = *out;
    if (load) {
        if (load->threaded) {
            pthread_mutex_lock(&load->lock);
            load->stop = true;
            pthread_cond_broadcast(&load->changed);
            pthread_mutex_unlock(&load->lock);
            pthread_join(load->thread, NULL);
        }
        pthread_cond_destroy(&load->changed);
        pthread_mutex_destroy(&load->lock);
        for (size_t s = 0; s < SLOTS; s++) {
            fgf_free(load->slot[s].x);
            fgf_free(load->slot[s].mask);
            fgf_free(load->slot[s].box);
        }
        fgf_free(load);
    }
    *out = NULL;
}

/* A system that gives no thread is no error: the caller's thread loads. Signals are for the main
 * thread. */
static fgf_status start_thread(loader *load)
{
    fgf_status status = FGF_OK;
    sigset_t all, before;
    if (!load->slot[1].x)
        FGF_TRY(allocate_slot(load, &load->slot[1]));
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    load->threaded = pthread_create(&load->thread, NULL, run_thread, load) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
done:
    return status;
}

/* Whether a thread pays for this plan: it hides the wait for a file, or has a core of its own and
 * more to do than to copy. */
static bool pays(const loader *load, const case_list *plan, size_t count)
{
    const trial *t = load->t;
    bool all_there = true;
    for (size_t m = 0; m < count; m++)
        for (size_t k = 0; k < plan[m].count; k++)
            all_there = all_there && context_holds(t->context, plan[m].cases[k]);
    return !all_there || (context_spare_core(t->context) && fgf_augment_any(&t->settings.augment));
}

fgf_status loader_plan(loader *load, const case_list *plan, size_t count, int64_t epoch)
{
    fgf_status status = FGF_OK;
    pthread_mutex_lock(&load->lock);
    load->ahead = false;
    while (load->busy)
        pthread_cond_wait(&load->changed, &load->lock);
    pthread_mutex_unlock(&load->lock);
    const bool wanted = pays(load, plan, count);
    if (wanted && !load->threaded)
        FGF_TRY(start_thread(load));
    pthread_mutex_lock(&load->lock);
    load->plan = plan;
    load->count = count;
    load->epoch = epoch;
    load->given = load->filled = 0;
    load->status = FGF_OK;
    load->ahead = wanted && load->threaded;
    pthread_cond_broadcast(&load->changed);
    pthread_mutex_unlock(&load->lock);
done:
    return status;
}

fgf_status loader_next(loader *load, loaded_cases *out)
{
    fgf_status status = FGF_OK;
    const size_t number = load->given;
    if (number >= load->count)
        FGF_FAIL(FGF_INTERNAL, "microbatch %zu of a plan of %zu", number, load->count);
    if (!load->ahead) {
        load->given++;
        FGF_TRY(load_microbatch(load, number, &load->slot[0]));
        *out = load->slot[0];
        goto done;
    }
    pthread_mutex_lock(&load->lock);
    load->given++;
    pthread_cond_broadcast(&load->changed);
    while (load->filled <= number)
        pthread_cond_wait(&load->changed, &load->lock);
    /* Of the plan's later microbatches none was loaded after a failure, so it is this one's. */
    const bool failed = load->status != FGF_OK && load->filled == number + 1;
    pthread_mutex_unlock(&load->lock);
    if (failed)
        FGF_TRY(fgf_adopt_error(&load->error));
    *out = load->slot[number % SLOTS];
done:
    return status;
}
