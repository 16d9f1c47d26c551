/* The files that a case depends on, without looking into them. Not collective. */
#ifndef FGF_IMPORT_CASE_FILES_H
#define FGF_IMPORT_CASE_FILES_H

#include "manifest.h"

typedef struct fgf_case_file {
    char *path;
    long long bytes, changed; /* size, and time of the last change in ns; -1 = not there */
} fgf_case_file;

typedef struct fgf_case_files {
    fgf_case_file *file; /* [count] in a fixed order */
    size_t count, capacity;
    double bytes; /* of all */
} fgf_case_files;

/* The file or folder of a pattern: source.folder / pattern with {id} filled in, over what `out`
 * held. With * or ? in the pattern, the one that fits (where none does, the pattern itself).
 * FGF_DATA: several fit, or what is there is neither a file nor a folder. */
fgf_status fgf_case_path(const fgf_manifest *manifest, const char *pattern, const char *id,
                         fgf_buffer *out) FGF_CHECKED;

/* The files of the patterns; of a DICOM case every file in its folder and below. What is not there
 * is listed all the same. FGF_ENVIRONMENT: a folder that cannot be read. */
fgf_status fgf_case_files_list(const fgf_manifest *manifest, const fgf_candidate *candidate,
                               fgf_case_files *out) FGF_CHECKED;
void fgf_case_files_clear(fgf_case_files *files);

/* What decides what becomes of a case: preprocessing, structures asked for, and the files' names,
 * sizes and times. `salt` is hashed with it. */
fgf_status fgf_case_key(const fgf_manifest *manifest, const fgf_candidate *candidate,
                        const fgf_case_files *files, const char *salt, fgf_hash *out) FGF_CHECKED;

/* Appends what reading the case would begin with, a line each: files and their grids; of DICOM the
 * series, the structures by name, and the choice among them. Voxels are not read. What is wrong is
 * a line too, "fault: ...". */
fgf_status fgf_case_describe(const fgf_manifest *manifest, const fgf_candidate *candidate,
                             fgf_buffer *out) FGF_CHECKED;

#endif
