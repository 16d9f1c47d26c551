/* One DICOM file behind a C interface: its data elements, and its pixel data as they are stored.
 * dcmtk.cpp is the one place that knows DCMTK; no exception and no word of its log leave it.
 * Not for two threads at once. */
#ifndef FGF_DICOM_FILE_H
#define FGF_DICOM_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#include "fgf/status.h"

typedef struct dicom_file dicom_file;
/* The data set of a file, or an item of one of its sequences; borrowed from the file. */
typedef struct dicom_item dicom_item;

typedef uint32_t dicom_tag; /* 0xggggeeee */

/* Opens a file and reads its data elements, all but long values such as pixel data: those stay in
 * the file until asked for. FGF_DATA: no DICOM, cut short, damaged. */
fgf_status dicom_file_open(const char *path, dicom_file **out) FGF_CHECKED;
void dicom_file_close(dicom_file **file);
const char *dicom_file_path(const dicom_file *file);
const dicom_item *dicom_file_root(const dicom_file *file);

/* ---- data elements ---- */

bool dicom_has(const dicom_item *item, dicom_tag tag);

/* A value as text, its parts with backslashes between, blanks at the ends dropped, cut to `room`;
 * "" where it is not there. */
void dicom_text(const dicom_item *item, dicom_tag tag, char *out, size_t room);

/* The same of a name in the file's character set, in UTF-8, control characters as blanks. */
void dicom_name(const dicom_file *file, const dicom_item *item, dicom_tag tag, char *out,
                size_t room);

/* The numbers of an element: *count of them (0: not there), of which at most `most` are stored.
 * False where one of those is not a finite number. */
bool dicom_numbers(const dicom_item *item, dicom_tag tag, double *out, size_t most, size_t *count);

/* The item of a sequence after `previous` (NULL: the first), or NULL. */
const dicom_item *dicom_next(const dicom_item *item, dicom_tag sequence,
                             const dicom_item *previous);

/* ---- pixel data ---- */

typedef enum dicom_coding {
    DICOM_NATIVE, /* frame after frame without compression */
    DICOM_RLE,
    DICOM_JPEG,
    DICOM_JPEG_LS,
    DICOM_JPEG_2000,
    DICOM_CODING_OTHER
} dicom_coding;

dicom_coding dicom_file_coding(const dicom_file *file);
/* The name of the transfer syntax. */
const char *dicom_file_syntax(const dicom_file *file);

/* Bytes of pixel data in the file (native) or in all fragments together; 0 = none. */
uint64_t dicom_pixel_bytes(const dicom_file *file);

/* Native pixel data from a byte on, in this machine's byte order. */
fgf_status dicom_pixels_read(dicom_file *file, uint64_t offset, void *bytes,
                             size_t count) FGF_CHECKED;

/* Compressed pixel data: fragments, without the offset table. */
size_t dicom_fragment_count(const dicom_file *file);
size_t dicom_fragment_bytes(const dicom_file *file, size_t fragment);
fgf_status dicom_fragment_read(dicom_file *file, size_t fragment, uint8_t *bytes) FGF_CHECKED;
/* Decodes the frame that begins with a fragment: RLE, JPEG and JPEG-LS. `count` is even. */
fgf_status dicom_frame_decode(dicom_file *file, size_t frame, size_t fragment, void *bytes,
                              size_t count) FGF_CHECKED;

#ifdef __cplusplus
}
#endif

#endif
