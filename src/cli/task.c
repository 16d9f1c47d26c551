#include "task.h"

#include "fgf/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

fgf_status parse_task(const char *what, const char *text, int *task, int *count)
{
    fgf_status status = FGF_OK;
    char extra;
    if (sscanf(text, "%d/%d%c", task, count, &extra) != 2 || *task < 1 || *task > *count)
        FGF_FAIL(FGF_USAGE,
                 "%s: found '%s', expected K/N with K from 1 to N: 2/8 is the second of "
                 "eight tasks",
                 what, text);
done:
    return status;
}

fgf_status task_output(const char *results, int task, int count, char **out)
{
    fgf_status status = FGF_OK;
    fgf_buffer name = {0};
    const size_t length = strlen(results), ending = strlen(".h5");
    const bool ends = length > ending && strcmp(results + length - ending, ".h5") == 0;
    fgf_buffer_add(&name, "%.*s.task-%d-of-%d.h5", (int)(ends ? length - ending : length), results,
                   task, count);
    FGF_TRY(name.status);
    *out = name.text;
done:
    return status;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

fgf_status mark_done_elsewhere(const session *s, const char *path, uint8_t *state, size_t *count)
{
    fgf_status status = FGF_OK;
    fgf_store_reader *reader = NULL;
    const char **known = NULL;
    size_t known_count = 0;
    *count = 0;
    if (access(path, F_OK) != 0)
        return FGF_OK;
    FGF_TRY(fgf_store_reader_open(path, &reader));
    FGF_TRY(FGF_ALLOCATE(fgf_store_reader_trial_count(reader), &known));
    for (size_t i = 0; i < fgf_store_reader_trial_count(reader); i++)
        if (fgf_store_reader_status(reader, i) == FGF_TRIAL_DONE)
            known[known_count++] = fgf_store_reader_trial_id(reader, i);
    qsort(known, known_count, sizeof *known, by_text);
    for (size_t i = 0; i < s->trial_count; i++) {
        const char *wanted = s->identity[i].text;
        if (state[i] == FGF_TRIAL_DONE ||
            !bsearch(&wanted, known, known_count, sizeof *known, by_text))
            continue;
        state[i] = FGF_TRIAL_DONE;
        ++*count;
    }
done:
    fgf_free(known);
    fgf_store_reader_close(&reader);
    return status;
}
