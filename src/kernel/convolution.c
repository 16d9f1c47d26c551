#include "fgf/kernel.h"

int fgf_window_count(int input, int kernel, int stride, int padding)
{
    const long room = (long)input + 2L * padding - kernel;
    return room < 0 ? 0 : (int)(room / stride + 1);
}

size_t fgf_convolution_weight_count(const fgf_convolution *c)
{
    return (size_t)c->kernel[0] * (size_t)c->kernel[1] * (size_t)c->kernel[2] *
           (size_t)c->input.channels * (size_t)c->output.channels;
}
