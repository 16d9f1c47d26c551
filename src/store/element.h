/* Elements in memory and in HDF5, and what HDF5 has to say when a call fails. */
#ifndef FGF_STORE_ELEMENT_H
#define FGF_STORE_ELEMENT_H

#include "fgf/column.h"
#include "fgf/status.h"

/* The calls of HDF5 1.10, under later versions too. */
#define H5_USE_110_API
#include <hdf5.h>

/* Fills `count` elements with the value that stands for "absent": NaN, -1, "". */
void element_fill(fgf_element type, size_t bytes_each, size_t count, void *to);

/* The HDF5 type of an element, to be closed by the caller; negative on failure. */
hid_t element_to_hdf5(fgf_element type, size_t text_bytes);

/* Whether an HDF5 type is one of ours, byte order included, and which. */
bool element_from_hdf5(hid_t hdf5_type, fgf_element *type, size_t *text_bytes);

/* Stops HDF5 from printing its error stack: errors come out as one line of ours. */
void hdf5_quiet(void);

/* Why the last HDF5 call failed, in a few words; borrowed until the next call. */
const char *hdf5_reason(void);

/* What a read that failed says of the file: FGF_ENVIRONMENT where the system refused it, and the
 * file may be whole; else FGF_DATA. */
fgf_status hdf5_read_failure(void);

/* An access list for one process: no locking of HDF5's own, nothing later than version 1.8 of the
 * format. Negative on failure. */
hid_t hdf5_access_list(void);

#endif
