/* Voxels as files hold them: numbers of some type and byte order, perhaps in a gzip stream. */
#ifndef FGF_IMAGE_VOXELS_H
#define FGF_IMAGE_VOXELS_H

#include <stdbool.h>
#include <stddef.h>
#include <zlib.h>

typedef enum voxel_type {
    VOXEL_UINT8,
    VOXEL_INT8,
    VOXEL_UINT16,
    VOXEL_INT16,
    VOXEL_UINT32,
    VOXEL_INT32,
    VOXEL_UINT64,
    VOXEL_INT64,
    VOXEL_FLOAT32,
    VOXEL_FLOAT64,
    VOXEL_UNKNOWN
} voxel_type;

enum { DEFLATE_RATIO = 1100 }; /* deflate makes at most 1032 bytes of one */

/* Bytes of a voxel; 0 for VOXEL_UNKNOWN. */
size_t voxel_bytes(voxel_type type);

/* `count` numbers as double. swapped: the other byte order than this machine's; the bytes are
 * turned round in place. */
void voxels_read(unsigned char *bytes, size_t count, voxel_type type, bool swapped, double *out);

/* Whether the stream had so many bytes. */
bool gzip_read(gzFile file, unsigned char *bytes, size_t count);

/* Whether the stream is whole. zlib compares its checksum only when it is asked for what follows
 * the last byte. */
bool gzip_is_whole(gzFile file);

#endif
