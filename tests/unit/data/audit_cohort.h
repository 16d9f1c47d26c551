/* A cohort without a fault, held in memory so that a test can spoil one thing of it: 24 cases of
 * 24 patients of two centres, a textured disc each, written as a dataset file and audited. */
#ifndef FGF_TEST_AUDIT_COHORT_H
#define FGF_TEST_AUDIT_COHORT_H

#include "files.h"

#include "fgf/audit.h"
#include "fgf/memory.h"
#include "fgf/random.h"

enum { CASES = 24, SIZE = 20, PIXELS = SIZE * SIZE, CHANNELS_MOST = 2 };

typedef struct sample {
    fgf_case cases[CASES];
    float image[CASES][CHANNELS_MOST * PIXELS];
    uint8_t mask[CASES][PIXELS];
    bool masked;
    int channels;
    const char *origin;
    size_t excluded;
} sample;

static sample cohort;
static fgf_dataset *dataset;
static fgf_audit *audit;
static fgf_audit_splits splits;
static fgf_audit_settings settings;

static inline void draw_case(int i)
{
    fgf_stream stream = fgf_stream_open(7, FGF_PURPOSE_TEST, (uint64_t)i, 0);
    memset(cohort.image[i], 0, sizeof cohort.image[i]);
    for (int y = 0; y < SIZE; y++)
        for (int x = 0; x < SIZE; x++) {
            const int p = y * SIZE + x, dy = y - 9, dx = x - 10;
            cohort.mask[i][p] = dy * dy + dx * dx <= 20 + i % 3;
            for (int c = 0; c < CHANNELS_MOST; c++)
                if (cohort.mask[i][p])
                    cohort.image[i][c * PIXELS + p] = (float)fgf_stream_uniform(&stream);
        }
}

static inline int make_sample(void **state)
{
    memset(&cohort, 0, sizeof cohort);
    cohort.masked = true;
    cohort.channels = 1;
    cohort.origin = "{}";
    settings = (fgf_audit_settings){25, 0.25, 2, 1, 730};
    for (int i = 0; i < CASES; i++) {
        fgf_case *one = &cohort.cases[i];
        snprintf(one->id, sizeof one->id, "case-%02d", i);
        snprintf(one->patient, sizeof one->patient, "patient-%02d", i);
        snprintf(one->centre, sizeof one->centre, i < CASES / 2 ? "HGJ" : "CHUM");
        snprintf(one->source_hash, sizeof one->source_hash, "%032d", i);
        one->label = i % 3 == 0;
        one->event = one->label;
        one->time = one->label ? 100 + i : (double)NAN;
        one->follow_up = 900 + i;
        for (int a = 0; a < 3; a++)
            one->source_spacing[a] = a ? 0.98 : 3;
        draw_case(i);
    }
    return make_folder(state);
}

static inline int clear_sample(void **state)
{
    fgf_audit_destroy(&audit);
    fgf_audit_splits_clear(&splits);
    fgf_dataset_close(&dataset);
    return remove_folder(state);
}

static inline fgf_status write_sample(const char *path)
{
    fgf_status status = FGF_OK;
    static const char *const reasons[] = {"no event, followed for less than the horizon"};
    static const char *const ids[] = {"case-90"};
    fgf_dataset_writer *writer = NULL;
    fgf_cohort about;
    memset(&about, 0, sizeof about);
    snprintf(about.name, sizeof about.name, "sample");
    about.shape = (fgf_shape){cohort.channels, 1, SIZE, SIZE};
    about.spacing[0] = about.spacing[1] = about.spacing[2] = 1;
    about.masked = cohort.masked;
    about.preprocessing = "none";
    for (int c = 0; c < cohort.channels; c++) {
        snprintf(about.channel[c].name, sizeof about.channel[c].name, c ? "pet" : "ct");
        snprintf(about.channel[c].unit, sizeof about.channel[c].unit, "HU");
        about.channel[c].window[0] = -50;
        about.channel[c].window[1] = 300;
        about.channel[c].units = (fgf_units){350, -50};
    }
    FGF_TRY(fgf_dataset_writer_create(path, &about, CASES, cohort.origin, &writer));
    for (size_t i = 0; i < CASES; i++)
        FGF_TRY(fgf_dataset_writer_put(writer, i, cohort.image[i], cohort.mask[i]));
    FGF_TRY(fgf_dataset_writer_finish(writer, cohort.cases, cohort.excluded, ids, reasons));
done:
    fgf_dataset_writer_destroy(&writer);
    return status;
}

/* Writes the cohort and opens it; then the audit. */
static inline void open_sample(void)
{
    const char *path = in_folder("cohort.h5");
    if (write_sample(path) != FGF_OK || fgf_dataset_open(path, &dataset) != FGF_OK)
        fail_msg("%s", fgf_last_error()->message);
}

static inline void look(void)
{
    if (!dataset)
        open_sample();
    fgf_audit_destroy(&audit);
    if (fgf_audit_create(dataset, &settings, &splits, fgf_group_serial(), NULL, &audit) != FGF_OK)
        fail_msg("%s", fgf_last_error()->message);
}

/* The checks that found something, in order, as "name=verdict:count name=...". */
static inline const char *told(void)
{
    static char text[2048];
    text[0] = '\0';
    for (size_t k = 0; k < fgf_audit_count(audit); k++) {
        const fgf_finding *f = fgf_audit_finding(audit, k);
        const size_t length = strlen(text);
        if (f->verdict > FGF_VERDICT_OK)
            snprintf(text + length, sizeof text - length, "%s%s=%s:%zu", length ? " " : "",
                     f->check, fgf_verdict_name(f->verdict), f->count);
    }
    return text;
}

/* The audit finds this and nothing else. */
static inline void finds(const char *expected)
{
    look();
    assert_string_equal(told(), expected);
}

static inline const fgf_finding *finding(const char *check)
{
    for (size_t k = 0; k < fgf_audit_count(audit); k++)
        if (strcmp(fgf_audit_finding(audit, k)->check, check) == 0)
            return fgf_audit_finding(audit, k);
    fail_msg("there is no check %s", check);
    return NULL;
}

static inline const fgf_audit_item *item(const char *check, size_t k)
{
    const fgf_finding *f = finding(check);
    assert_true(k < f->count);
    return &f->items[k];
}

static inline void says(const char *check, size_t k, const char *subject, const char *part)
{
    const fgf_audit_item *found = item(check, k);
    assert_string_equal(found->subject, subject);
    if (!strstr(found->detail, part))
        fail_msg("%s: \"%s\" does not say \"%s\"", check, found->detail, part);
}

static inline const char *skipped(const char *check)
{
    const fgf_finding *f = finding(check);
    return f->verdict == FGF_VERDICT_SKIPPED ? f->reason : NULL;
}

#endif
