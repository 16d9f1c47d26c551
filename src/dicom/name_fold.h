/* Names as people write them: what counts as the same letter. */
#ifndef FGF_DICOM_NAME_FOLD_H
#define FGF_DICOM_NAME_FOLD_H

#include "fgf/text.h"

/* Appends the first `length` bytes of `text` in the form in which names are compared, as UTF-8:
 *   - lower case (Latin, Greek, Cyrillic), but ASCII letters as they are where `keep_case`;
 *   - Latin letters without their accents, ligatures spelt out ("œ" is "oe", "ß" is "ss"),
 *     combining accents left out;
 *   - runs of blanks of any kind as one space, none at the ends.
 * Text that is not UTF-8 is taken as Latin-1. */
void name_fold(fgf_buffer *out, const char *text, size_t length, bool keep_case);

/* Appends a text for a message: within `quote`, as UTF-8, control characters as "?". */
void name_show(fgf_buffer *out, const char *text, char quote);

#endif
