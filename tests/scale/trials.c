#include "trials.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_TRIALS = 1000 };

struct measured {
    double cost[MOST_TRIALS], seconds[MOST_TRIALS];
    size_t count;
};

/* Evenly in (0, 1); the same everywhere. */
static double uniform(uint64_t *state)
{
    *state += 0x9e3779b97f4a7c15u;
    uint64_t z = *state;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return ((double)((z ^ (z >> 31)) >> 11) + 0.5) / 9007199254740992.0;
}

static double normal(uint64_t *state)
{
    double radius = sqrt(-2 * log(uniform(state)));
    return radius * cos(6.283185307179586 * uniform(state));
}

static _Noreturn void give_up(const char *what, const char *name)
{
    fprintf(stderr, "%s: %s\n", name, what);
    exit(2);
}

static void read_measured(const char *path, struct measured *out)
{
    char line[256];
    FILE *file = fopen(path, "r");
    if (!file)
        give_up("cannot be opened", path);
    out->count = 0;
    while (fgets(line, sizeof line, file)) {
        double cost, seconds;
        if (line[0] == '#')
            continue;
        if (out->count == MOST_TRIALS || sscanf(line, "%lf %lf", &cost, &seconds) != 2)
            give_up("is no list of costs and seconds", path);
        out->cost[out->count] = cost;
        out->seconds[out->count++] = seconds;
    }
    fclose(file);
    if (out->count == 0)
        give_up("holds no trials", path);
}

void trials_draw(const char *path, const char *name, size_t count, double *cost, double *seconds)
{
    const char *colon = strchr(name, ':');
    const char *costs = colon ? colon + 1 : "exact";
    size_t length = colon ? (size_t)(colon - name) : strlen(name);
    uint64_t state = 1;
    struct measured measured = {0};
    if (strncmp(name, "measured", length) == 0)
        read_measured(path, &measured);
    else if (strncmp(name, "uniform", length) != 0 && strncmp(name, "heavy", length) != 0)
        give_up("is no law of trial times", name);
    for (size_t k = 0; k < count; k++) {
        size_t drawn = 0;
        if (measured.count > 0) {
            drawn = (size_t)(uniform(&state) * (double)measured.count);
            seconds[k] = 90 * measured.seconds[drawn];
        } else if (name[0] == 'u') {
            seconds[k] = 60 + 60 * uniform(&state);
        } else {
            seconds[k] = 60 * exp(normal(&state));
        }
        if (strcmp(costs, "exact") == 0)
            cost[k] = seconds[k];
        else if (strcmp(costs, "none") == 0)
            cost[k] = 1;
        else if (strcmp(costs, "off") == 0)
            cost[k] = seconds[k] * exp(0.2 * normal(&state));
        else if (strcmp(costs, "believed") == 0 && measured.count > 0)
            cost[k] = measured.cost[drawn];
        else
            give_up("is no kind of cost", name);
    }
}
