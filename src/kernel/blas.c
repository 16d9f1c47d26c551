#include "fgf/kernel.h"

#include "instruction_set.h"

#include <cblas.h>
#include <stdio.h>

fgf_status fgf_kernel_start(void)
{
    openblas_set_num_threads(1);
    return fgf_instruction_set_start();
}

const char *fgf_kernel_signature(void)
{
    static char text[64];
    snprintf(text, sizeof text, "%s/%s", openblas_get_corename(),
             fgf_instruction_set_name(fgf_instruction_set_in_use()));
    return text;
}

void fgf_gemm(bool transpose_a, bool transpose_b, int m, int n, int k, fgf_real alpha,
              const fgf_real *a, int lda, const fgf_real *b, int ldb, fgf_real beta, fgf_real *c,
              int ldc)
{
    const enum CBLAS_TRANSPOSE op_a = transpose_a ? CblasTrans : CblasNoTrans;
    const enum CBLAS_TRANSPOSE op_b = transpose_b ? CblasTrans : CblasNoTrans;
#ifdef FGF_REAL_DOUBLE
    cblas_dgemm(CblasRowMajor, op_a, op_b, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
#else
    cblas_sgemm(CblasRowMajor, op_a, op_b, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
#endif
}
