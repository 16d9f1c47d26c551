#include "voxels.h"

#include <stdint.h>
#include <string.h>

size_t voxel_bytes(voxel_type type)
{
    static const size_t bytes[] = {1, 1, 2, 2, 4, 4, 8, 8, 4, 8, 0};
    return bytes[type];
}

static void swap_bytes(unsigned char *bytes, size_t count, size_t size)
{
    for (unsigned char *number = bytes; number < bytes + count * size; number += size)
        for (size_t i = 0; i < size / 2; i++) {
            const unsigned char swap = number[i];
            number[i] = number[size - 1 - i];
            number[size - 1 - i] = swap;
        }
}

void voxels_read(unsigned char *bytes, size_t count, voxel_type type, bool swapped, double *out)
{
    if (swapped)
        swap_bytes(bytes, count, voxel_bytes(type));
/* Copied one by one, for the bytes need not be aligned. */
#define READ_AS(number)                                                                            \
    for (size_t i = 0; i < count; i++) {                                                           \
        number value;                                                                              \
        memcpy(&value, bytes + i * sizeof value, sizeof value);                                    \
        out[i] = (double)value;                                                                    \
    }                                                                                              \
    break
    switch (type) {
    case VOXEL_UINT8:
        READ_AS(uint8_t);
    case VOXEL_INT8:
        READ_AS(int8_t);
    case VOXEL_UINT16:
        READ_AS(uint16_t);
    case VOXEL_INT16:
        READ_AS(int16_t);
    case VOXEL_UINT32:
        READ_AS(uint32_t);
    case VOXEL_INT32:
        READ_AS(int32_t);
    case VOXEL_UINT64:
        READ_AS(uint64_t);
    case VOXEL_INT64:
        READ_AS(int64_t);
    case VOXEL_FLOAT32:
        READ_AS(float);
    case VOXEL_FLOAT64:
        READ_AS(double);
    case VOXEL_UNKNOWN:
        break;
    }
#undef READ_AS
}

bool gzip_read(gzFile file, unsigned char *bytes, size_t count)
{
    while (count > 0) { /* gzread takes an unsigned and may stop early */
        const unsigned part = count > (1u << 30) ? 1u << 30 : (unsigned)count;
        const int taken = gzread(file, bytes, part);
        if (taken <= 0)
            return false;
        bytes += taken;
        count -= (size_t)taken;
    }
    return true;
}

bool gzip_is_whole(gzFile file)
{
    unsigned char beyond;
    int error = Z_OK;
    if (gzread(file, &beyond, 1) < 0)
        return false;
    (void)gzerror(file, &error);
    return error == Z_OK || error == Z_STREAM_END;
}
