/* A dataset file that is being made, and what is put into it. Include after hdf5.h. */
#ifndef FGF_DATA_DATASET_WRITER_H
#define FGF_DATA_DATASET_WRITER_H

#include "dataset_file.h"

struct fgf_dataset_writer {
    char *path, *part; /* final name, name while writing */
    char *preprocessing;
    fgf_cohort cohort; /* its preprocessing is ours */
    bool created;
    size_t count;
    fgf_case_content *contents; /* [count] */
    hid_t file, image, mask;
};

/* Where HDF5 refuses: which file, what was being done, and HDF5's own reason. */
#define TRY_HDF5(writer, call, what)                                                               \
    do {                                                                                           \
        if ((call) < 0) {                                                                          \
            char reason[160];                                                                      \
            fgf_hdf5_reason(reason, sizeof reason);                                                \
            FGF_FAIL(FGF_ENVIRONMENT, "%s: cannot write %s: %s", (writer)->part, (what), reason);  \
        }                                                                                          \
    } while (0)

/* FGF_ENVIRONMENT: HDF5 refuses. */

/* Attributes, texts, channels, and the empty /image and /mask. */
fgf_status fgf_dataset_add_layout(fgf_dataset_writer *writer, const char *origin) FGF_CHECKED;
/* /case, with the hashes of writer->contents. */
fgf_status fgf_dataset_add_case_table(fgf_dataset_writer *writer,
                                      const fgf_case *cases) FGF_CHECKED;
/* /excluded. */
fgf_status fgf_dataset_add_excluded(fgf_dataset_writer *writer, size_t count,
                                    const char *const *ids, const char *const *reasons) FGF_CHECKED;
fgf_status fgf_dataset_add_text_attribute(fgf_dataset_writer *writer, hid_t object,
                                          const char *name, const char *value) FGF_CHECKED;

#endif
