/* The instruction set that the kernels of this process use. */
#ifndef FGF_KERNEL_INSTRUCTION_SET_H
#define FGF_KERNEL_INSTRUCTION_SET_H

#include "fgf/status.h"

typedef enum fgf_instruction_set {
    FGF_PORTABLE, /* vectors of 16 bytes, any processor */
    FGF_AVX2,     /* 32 bytes, fused multiply-add */
    FGF_AVX512,   /* 64 bytes: F, VL, BW, DQ */
    FGF_INSTRUCTION_SETS
} fgf_instruction_set;

/* Takes the one that the environment variable FGF_INSTRUCTION_SET names (portable, avx2, avx512),
 * or the best that the processor has. FGF_USAGE: an unknown name, or a set that it lacks. */
FGF_CHECKED fgf_status fgf_instruction_set_start(void);

/* The one taken; where none was yet, the best. */
fgf_instruction_set fgf_instruction_set_in_use(void);
const char *fgf_instruction_set_name(fgf_instruction_set set);

/* For tests: takes `set` from here on; false where the processor lacks it. */
bool fgf_instruction_set_use(fgf_instruction_set set);

#endif
