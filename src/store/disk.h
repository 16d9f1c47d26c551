/* Raw access to files: whole transfers or an error with one clear line. */
#ifndef FGF_STORE_DISK_H
#define FGF_STORE_DISK_H

#include "fgf/status.h"

#include <stdint.h>

/* Opens an existing file. On NFS a writable one is opened O_DSYNC: without it a client may write
 * back whole pages, and with them stale neighbours of the bytes it changed. */
fgf_status disk_open(const char *path, bool writable, int *descriptor) FGF_CHECKED;
void disk_close(int *descriptor);

fgf_status disk_size(int descriptor, const char *path, uint64_t *bytes) FGF_CHECKED;

/* Bytes that this user may still write where the file `path` is or would be. A quota is not in it.
 */
fgf_status disk_room(const char *path, double *bytes) FGF_CHECKED;

/* All `bytes` at `offset`, or FGF_DATA where the file ends before. */
fgf_status disk_read(int descriptor, const char *path, void *to, size_t bytes,
                     uint64_t offset) FGF_CHECKED;

/* All `bytes`, however many calls it takes. */
fgf_status disk_write(int descriptor, const char *path, const void *from, size_t bytes,
                      uint64_t offset) FGF_CHECKED;

/* Makes the data written through `descriptor` durable. */
fgf_status disk_sync(int descriptor, const char *path) FGF_CHECKED;

/* Makes the entry of `path` in its folder durable. */
fgf_status disk_sync_entry(const char *path) FGF_CHECKED;

/* Makes the file `part` durable and puts it in the place of `path` in one step. */
fgf_status disk_replace(const char *part, const char *path) FGF_CHECKED;

#endif
