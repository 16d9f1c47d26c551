#include "instruction_set.h"

#include <stdlib.h>
#include <string.h>

static const char *const names[FGF_INSTRUCTION_SETS] = {"portable", "avx2", "avx512"};

static int taken = -1;

static fgf_instruction_set best(void)
{
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
        __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq"))
        return FGF_AVX512;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        return FGF_AVX2;
#endif
    return FGF_PORTABLE;
}

bool fgf_instruction_set_use(fgf_instruction_set set)
{
    if (set > best())
        return false;
    taken = (int)set;
    return true;
}

fgf_status fgf_instruction_set_start(void)
{
    fgf_status status = FGF_OK;
    const char *asked = getenv("FGF_INSTRUCTION_SET");
    int set = 0;
    if (!asked || !*asked) {
        taken = (int)best();
        return FGF_OK;
    }
    while (set < FGF_INSTRUCTION_SETS && strcmp(asked, names[set]) != 0)
        set++;
    if (set == FGF_INSTRUCTION_SETS)
        FGF_FAIL(FGF_USAGE,
                 "FGF_INSTRUCTION_SET is \"%s\"; give portable, avx2 or avx512, or leave it unset",
                 asked);
    if (!fgf_instruction_set_use((fgf_instruction_set)set))
        FGF_FAIL(FGF_USAGE,
                 "FGF_INSTRUCTION_SET is \"%s\", which this processor lacks; the best that it has "
                 "is %s",
                 asked, names[best()]);
done:
    return status;
}

fgf_instruction_set fgf_instruction_set_in_use(void)
{
    if (taken < 0)
        taken = (int)best();
    return (fgf_instruction_set)taken;
}

const char *fgf_instruction_set_name(fgf_instruction_set set)
{
    return names[set];
}
