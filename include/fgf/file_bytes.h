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

/* The file that an output named `path` is, *out released with fgf_free. A symbolic link is followed
 * and stays: what it leads to is written, there already or not. Every file that is made under
 * another name and renamed asks here first, before any work is done for it.
 *   FGF_USAGE        "path: found a pipe, expected the name of a file ...": also a device, a
 * folder, a socket, a descriptor (/dev/stdout), a name that ends in '/' FGF_ENVIRONMENT  its folder
 * is not there, or nothing can be written there */
fgf_status fgf_output_file(const char *path, char **out) FGF_CHECKED;

/* Whether text may be written there with fgf_write_file: as above, but that devices, pipes and
 * descriptors will do. */
fgf_status fgf_output_check(const char *path) FGF_CHECKED;

/* FGF_USAGE "path: is WHAT too, expected a file of its own" where both names lead to one place,
 * links followed: an output must not replace what is read (`what`: "the dataset that is read") or
 * another output. */
fgf_status fgf_output_apart(const char *path, const char *other, const char *what) FGF_CHECKED;

/* Writes `count` bytes as the file `path`: under another name first, synced, then renamed, so that
 * what is there is always whole. What is there and no regular file (a device, a pipe, a descriptor)
 * is written to as it is, and never replaced; a descriptor of this process where it stands, behind
 * what it has been given before. `mode`: of the file, less the umask; 0666, or 0600 for its owner
 * alone. FGF_USAGE, FGF_ENVIRONMENT "path: cannot be written: ...". */
fgf_status fgf_write_file(const char *path, const char *bytes, size_t count,
                          unsigned mode) FGF_CHECKED;

#endif
