/* Checkpoints: what a trial wants back if its process ends before it does. Bytes of the trial's own
 * making, a file each in the folder RESULTS.h5.checkpoints beside the results file.
 *
 * A file appears whole, under its name, or not at all. Whoever holds the results file's lock may
 * use the folder; two ranks never have the same trial. Nothing here is collective. */
#ifndef FGF_CHECKPOINT_H
#define FGF_CHECKPOINT_H

#include "fgf/hash.h"
#include "fgf/status.h"

/* Writes or replaces the checkpoint of trial `id` of the results file at path `results`; durable
 * when it returns. On FGF_ENVIRONMENT the one before it stands. */
fgf_status fgf_checkpoint_write(const char *results, const char *id, const void *bytes,
                                size_t size) FGF_CHECKED;

/* *bytes NULL where there is none; else to be released with fgf_free. */
fgf_status fgf_checkpoint_read(const char *results, const char *id, void **bytes,
                               size_t *size) FGF_CHECKED;

/* Removes it, if there is one. What cannot be removed is left to fgf_checkpoint_tidy. */
void fgf_checkpoint_remove(const char *results, const char *id);

/* How many there are; none where the folder is not ours to read. Also while a job writes them. */
fgf_status fgf_checkpoint_count(const char *results, size_t *count) FGF_CHECKED;

/* Removes everything but the checkpoints of the trials `wanted` [count], the folder too where it is
 * empty then, with a warning for what cannot be removed; *kept: how many are there. One process,
 * while no other writes any. */
fgf_status fgf_checkpoint_tidy(const char *results, const fgf_hash *wanted, size_t count,
                               size_t *kept) FGF_CHECKED;

#endif
