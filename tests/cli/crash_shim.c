/* Preloaded into fgf run, ends the process at a certain trial, as an error of the program would:
 * when it looks for the checkpoint of the trial whose identity is FGF_CRASH_AT.
 *   FGF_CRASH_HOW=fault   a write to address 16     overflow   of the stack
 *     abort               assert and the like       kill       nobody is asked
 * Other trials take FGF_CRASH_BESIDE seconds there, if it is set, and no signal shortens them. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static volatile int deeper = 1;
static volatile uintptr_t nowhere = 16;

static int overflow(int level)
{
    volatile char here[4096];
    here[level % 4096] = (char)level;
    return deeper ? overflow(level + 1) + here[level % 4096] : 0;
}

static void crash(const char *how)
{
    if (strcmp(how, "fault") == 0)
        *(volatile int *)nowhere = 1;
    else if (strcmp(how, "overflow") == 0)
        (void)overflow(0);
    else if (strcmp(how, "abort") == 0)
        abort();
    else
        (void)kill(getpid(), SIGKILL);
}

static void linger(const char *seconds)
{
    struct timespec left = {.tv_sec = atoi(seconds)};
    while (nanosleep(&left, &left) != 0)
        ;
}

int access(const char *path, int mode)
{
    const char *trial = getenv("FGF_CRASH_AT"), *how = getenv("FGF_CRASH_HOW");
    const char *beside = getenv("FGF_CRASH_BESIDE");
    const int looks = trial && how && strstr(path, ".checkpoint");
    if (looks && strstr(path, trial))
        crash(how);
    else if (looks && beside)
        linger(beside);
    return ((int (*)(const char *, int))dlsym(RTLD_NEXT, "access"))(path, mode);
}
