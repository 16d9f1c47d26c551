/* Whole files in memory. */
#ifndef FGF_FILE_BYTES_H
#define FGF_FILE_BYTES_H

#include "fgf/hash.h"
#include "fgf/status.h"

/* Reads a regular file of at most `most` bytes; a 0 follows the last byte. *bytes is released with
 * fgf_free. FGF_DATA: not there, too large, not a file; FGF_ENVIRONMENT: reading fails. */
fgf_status fgf_read_file(const char *path, size_t most, char **bytes, size_t *count) FGF_CHECKED;

/* The hash of a file of any size: of the hashes of its blocks of 4 MiB, one after the other. */
fgf_status fgf_hash_file(const char *path, fgf_hash *out) FGF_CHECKED;

/* Writes `count` bytes as the file `path`: under another name first, synced, then renamed, so that
 * what is there is always whole. What is there and no regular file (a device, a pipe) is written to
 * as it is, and never replaced. FGF_ENVIRONMENT "path: cannot be written: ...". */
fgf_status fgf_write_file(const char *path, const char *bytes, size_t count) FGF_CHECKED;

#endif
