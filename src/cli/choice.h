/* What `fgf status --choose` knows of a results file: who chooses what in which outer split, and,
 * read after that, how what was chosen did on the test cases. */
#ifndef FGF_CLI_CHOICE_H
#define FGF_CLI_CHOICE_H

#include "fgf/choose.h"
#include "session.h"

/* Columns of the test cases, read off for the chosen settings. */
#define CHOICE_TEST_TABLE(X) X(auc_test) X(loss_test) X(joint_flow)
enum {
#define CHOICE_TEST_NAME(name) CHOICE_TEST_##name,
    CHOICE_TEST_TABLE(CHOICE_TEST_NAME)
#undef CHOICE_TEST_NAME
        CHOICE_TESTS
};
extern const char *const choice_test_name[CHOICE_TESTS];

/* The chosen setting's trials that are tested. */
typedef struct choice_tested {
    size_t trials, done, failed;
    double value[CHOICE_TESTS]; /* means over them; NAN unless all are done and have the number */
} choice_tested;

/* Swept keys. */
typedef struct choice_keys {
    const char **path; /* [count], of the sweep */
    size_t count;
} choice_keys;

typedef struct choice {
    session source;                    /* the sweep that the file holds; no dataset */
    const char *column;                /* what is chosen by, borrowed */
    size_t score_column, epoch_column; /* of the file; the second of a curve: the epoch to take */
    bool nested;   /* inner folds choose; else each trial's own validation part */
    bool tests;    /* the sweep has trials without an inner fold, which are tested */
    bool training; /* the column is of cases that were trained on */
    choice_keys outer_keys, setting_keys, seed_keys, repetition_keys;
    size_t *outer_first, *setting_first;  /* a trial of each outer split, of each setting */
    size_t *repetition, repetition_count; /* of each outer split */
    fgf_choose_design design;
    fgf_choose_trial *trials; /* [trial_count] */
    size_t trial_count, done, failed;
    fgf_choose_candidate *candidates; /* [outer][setting] */
    fgf_choose_outer *outers;         /* [outer] */
    choice_tested *tested;            /* [outer] */
    fgf_choose_summary summary[CHOICE_TESTS];
    size_t *times_chosen; /* [setting] outer splits */
} choice;

/* Reads a file and chooses by `column`. `check`: rows that disagree with their checksums count as
 * left. FGF_USAGE, one line: no such column, or none to choose by; a sweep without inner folds and
 * validation, or one that mixes; a file that holds a part of its sweep. FGF_DATA: nothing is
 * finished. Released with choice_clear, also where it fails. Not collective. */
fgf_status choice_read(fgf_store_reader *reader, const char *column, bool check,
                       choice *out) FGF_CHECKED;
void choice_clear(choice *c);

/* Of a choice that has its sweep and trial_count: who chooses, and the keys and trials of every
 * outer split and setting (choice_keys.c). FGF_USAGE where the sweep mixes or lacks inner folds. */
fgf_status choice_group(choice *c) FGF_CHECKED;

/* Appends the swept keys and values of an outer split, of a setting. */
void choice_add_outer(const choice *c, size_t outer, fgf_buffer *out);
void choice_add_setting(const choice *c, size_t setting, fgf_buffer *out);

/* Warns, in one line, where a sweep with inner folds cannot be chosen from once it is run: by the
 * rules above, were every trial done (choice_foresee.c). `name`: what the line begins with. Fails
 * only for lack of memory. Not collective. */
fgf_status choice_foresee(fgf_sweep *sweep, const char *name) FGF_CHECKED;

/* The table, or all of it as one JSON object, to stdout. */
fgf_status choice_print(const choice *c) FGF_CHECKED;
fgf_status choice_print_json(const choice *c) FGF_CHECKED;

#endif
