/* Memory of a rank: what a sweep will take, and what this process took. */
#include "session.h"

#include <string.h>
#include <sys/resource.h>

size_t resident_peak(void)
{
    struct rusage usage;
    if (getrusage(RUSAGE_SELF, &usage) != 0)
        return 0;
    return (size_t)usage.ru_maxrss * 1024; /* Linux counts kilobytes */
}

fgf_status most_memory(const session *s, const size_t *trial, size_t count, size_t *greatest,
                       fgf_trial_memory *out)
{
    fgf_status status = FGF_OK;
    memset(out, 0, sizeof *out);
    *greatest = 0;
    for (size_t k = 0; k < (trial ? count : s->trial_count); k++) {
        const size_t i = trial ? trial[k] : k;
        fgf_trial_memory memory;
        FGF_TRY(fgf_trial_memory_of(s->context, session_trial(s, i), s->axes, &memory));
        if (memory.peak > out->peak) {
            *out = memory;
            *greatest = i;
        }
    }
done:
    return status;
}
