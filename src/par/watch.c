#include "watch.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

static struct board {
    atomic_uint_fast64_t beats;
    atomic_int awaited;
    pthread_mutex_t lock; /* of what follows */
    uint64_t done, total;
    char task[FGF_TASK_BYTES], phase[FGF_PHASE_BYTES];
} board = {.awaited = FGF_AWAITS_NOBODY, .lock = PTHREAD_MUTEX_INITIALIZER};

/* Threads that serve other ranks wait in the same functions, and are not watched. */
static _Thread_local bool is_watched;

static void beat(void)
{
    atomic_fetch_add_explicit(&board.beats, 1, memory_order_relaxed);
}

static void set_phase(const char *phase, size_t done, size_t total)
{
    board.done = done;
    board.total = total;
    snprintf(board.phase, sizeof board.phase, "%s", phase);
}

void fgf_watch_attend(void)
{
    is_watched = true;
    atomic_store(&board.awaited, FGF_AWAITS_NOBODY);
    fgf_watch_task("%s", "");
}

void fgf_watch_leave(void)
{
    is_watched = false;
}

void fgf_watch_task(const char *format, ...)
{
    va_list arguments;
    if (!is_watched)
        return;
    pthread_mutex_lock(&board.lock);
    va_start(arguments, format);
    vsnprintf(board.task, sizeof board.task, format, arguments);
    va_end(arguments);
    set_phase("", 0, 0);
    pthread_mutex_unlock(&board.lock);
    beat();
}

void fgf_watch_phase(const char *phase, size_t done, size_t total)
{
    if (!is_watched)
        return;
    pthread_mutex_lock(&board.lock);
    set_phase(phase, done, total);
    pthread_mutex_unlock(&board.lock);
    beat();
}

void fgf_watch_await(int awaited)
{
    if (!is_watched ||
        atomic_load_explicit(&board.awaited, memory_order_relaxed) == FGF_AWAITS_WORK)
        return;
    atomic_store_explicit(&board.awaited, awaited, memory_order_relaxed);
    beat();
}

void fgf_watch_proceed(int awaited)
{
    if (!is_watched ||
        (awaited != FGF_AWAITS_WORK &&
         atomic_load_explicit(&board.awaited, memory_order_relaxed) == FGF_AWAITS_WORK))
        return;
    atomic_store_explicit(&board.awaited, FGF_AWAITS_NOBODY, memory_order_relaxed);
    beat();
}

int fgf_watch_state(void)
{
    char line[512];
    FILE *file = fopen("/proc/self/stat", "r");
    if (!file)
        return 0;
    line[fread(line, 1, sizeof line - 1, file)] = '\0';
    fclose(file);
    const char *name_end = strrchr(line, ')');
    return name_end && name_end[1] == ' ' ? name_end[2] : 0;
}

uint64_t fgf_watch_read(fgf_sign *sign)
{
    sign->awaited = atomic_load_explicit(&board.awaited, memory_order_relaxed);
    pthread_mutex_lock(&board.lock);
    sign->done = board.done;
    sign->total = board.total;
    memcpy(sign->task, board.task, sizeof sign->task);
    memcpy(sign->phase, board.phase, sizeof sign->phase);
    pthread_mutex_unlock(&board.lock);
    return atomic_load_explicit(&board.beats, memory_order_relaxed);
}
