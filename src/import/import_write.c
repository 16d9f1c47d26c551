/* Import, the end of it: finished cases become one dataset file, on the first rank. */
#include "fgf/file_bytes.h"
#include "fgf/log.h"
#include "fgf/memory.h"
#include "import_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void check_fit(const fgf_cohort *cohort, fgf_case_outcome *outcome)
{
    const fgf_shape a = outcome->shape, b = cohort->shape;
    const double *mine = outcome->spacing, *spacing = cohort->spacing;
    const bool volume = a.depth > 1 || b.depth > 1;
    char sizes[2][64];
    const char *what = *outcome->source ? outcome->source : "the image";
    if (a.depth != b.depth || a.height != b.height || a.width != b.width) {
        for (int k = 0; k < 2; k++) {
            const fgf_shape s = k ? b : a;
            const int length = volume ? snprintf(sizes[k], sizeof sizes[k], "%d x ", s.depth) : 0;
            snprintf(sizes[k] + length, sizeof sizes[k] - (size_t)length, "%d x %d", s.height,
                     s.width);
        }
        outcome->state = FGF_CASE_BAD;
        snprintf(outcome->reason, sizeof outcome->reason,
                 "%s: %s pixels, the first case has %s; set preprocess.size", what, sizes[0],
                 sizes[1]);
    } else if (mine[0] != spacing[0] || mine[1] != spacing[1] || mine[2] != spacing[2]) {
        outcome->state = FGF_CASE_BAD;
        for (int k = 0; k < 2; k++) {
            const double *s = k ? spacing : mine;
            const int length = volume ? snprintf(sizes[k], sizeof sizes[k], "%.6g x ", s[0]) : 0;
            snprintf(sizes[k] + length, sizeof sizes[k] - (size_t)length, "%.6g x %.6g", s[1],
                     s[2]);
        }
        snprintf(outcome->reason, sizeof outcome->reason,
                 "%s: %s mm a pixel, the first case has %s; set preprocess.spacing", what, sizes[0],
                 sizes[1]);
    }
}

/* The first good case decides the cohort's shape and spacing; who does not fit is bad. */
static void settle(import *im, fgf_cohort *cohort)
{
    bool decided = false;
    memset(cohort, 0, sizeof *cohort);
    snprintf(cohort->name, sizeof cohort->name, "%s", im->manifest.name);
    cohort->masked = im->manifest.preprocess.masked;
    cohort->preprocessing = im->manifest.preprocessing;
    memcpy(cohort->channel, im->manifest.channel, sizeof cohort->channel);
    for (size_t k = 0; k < im->included_count; k++) {
        fgf_case_outcome *outcome = &im->outcomes[k];
        if (outcome->state == FGF_CASE_GOOD && !decided) {
            cohort->shape = outcome->shape;
            memcpy(cohort->spacing, outcome->spacing, sizeof cohort->spacing);
            decided = true;
        }
        if (outcome->state == FGF_CASE_GOOD)
            check_fit(cohort, outcome);
        im->bad += outcome->state == FGF_CASE_BAD;
    }
}

static fgf_status report_cases(const import *im, size_t good)
{
    fgf_status status = FGF_OK;
    fgf_faults faults = {0};
    for (size_t k = 0; k < im->included_count; k++) {
        const fgf_case_outcome *outcome = &im->outcomes[k];
        const char *id = import_candidate(im, k)->known.id;
        if (outcome->state == FGF_CASE_GOOD && *outcome->remarks)
            fgf_log("case %s: %s", id, outcome->remarks);
        if (outcome->state == FGF_CASE_BAD && im->options.exclude_bad_cases)
            fgf_warn("case %s excluded: %s", id, outcome->reason);
        else if (outcome->state == FGF_CASE_BAD)
            fgf_faults_add(&faults, "case %s: %s", id, outcome->reason);
    }
    FGF_TRY(fgf_faults_report(&faults, FGF_DATA,
                              good > 0 ? "bad cases (--on-bad-case exclude leaves them out; the "
                                         "good ones are kept for the next start)"
                                       : "bad cases (--on-bad-case exclude leaves them out)"));
    if (good == 0)
        FGF_FAIL(FGF_DATA, "no case is left of %zu", im->candidates.count);
done:
    fgf_faults_clear(&faults);
    return status;
}

/* The row that a good case gets in the dataset: what the table and its files say of it. */
static fgf_case make_row(const import *im, size_t position)
{
    const fgf_case_outcome *outcome = &im->outcomes[position];
    fgf_case row = import_candidate(im, position)->known;
    row.slice = outcome->slice;
    row.slices = outcome->slices;
    memcpy(row.source_spacing, outcome->source_spacing, sizeof row.source_spacing);
    memcpy(row.mask_source, outcome->mask_source, sizeof row.mask_source);
    memcpy(row.source, outcome->source, sizeof row.source);
    memcpy(row.source_hash, outcome->source_hash, sizeof row.source_hash);
    memcpy(row.regions, outcome->regions, sizeof row.regions);
    return row;
}

/* The candidates that are not in the dataset, in the order of their ids. */
static fgf_status list_excluded(const import *im, const char ***ids, const char ***reasons,
                                size_t *count)
{
    fgf_status status = FGF_OK;
    size_t position = 0;
    *count = 0;
    FGF_TRY(FGF_ALLOCATE(im->candidates.count, ids));
    FGF_TRY(FGF_ALLOCATE(im->candidates.count, reasons));
    for (size_t i = 0; i < im->candidates.count; i++) {
        const fgf_candidate *candidate = &im->candidates.list[i];
        const char *reason = candidate->out_because;
        if (!reason) {
            const fgf_case_outcome *outcome = &im->outcomes[position++];
            if (outcome->state == FGF_CASE_GOOD)
                continue;
            reason = outcome->reason;
        }
        (*ids)[*count] = candidate->known.id;
        (*reasons)[(*count)++] = reason;
    }
done:
    return status;
}

/* Copies the finished cases into the dataset; *rows has room for all. */
static fgf_status copy_cases(import *im, fgf_dataset_writer *writer, fgf_case *rows)
{
    fgf_status status = FGF_OK;
    fgf_case_outcome outcome;
    fgf_packed_case packed = {0};
    bool found = false;
    size_t count = 0;
    for (size_t k = 0; k < im->included_count; k++) {
        const char *id = import_candidate(im, k)->known.id;
        if (im->outcomes[k].state != FGF_CASE_GOOD)
            continue;
        if (im->options.stop && im->options.stop(im->options.state))
            FGF_FAIL(FGF_STOPPED, "the import was stopped on request, all cases are finished; run "
                                  "it again to have the dataset written");
        FGF_TRY(fgf_case_store_load(&im->store, id, im->surveys[k].key, &found, &outcome, &packed));
        if (!found)
            FGF_FAIL(FGF_ENVIRONMENT,
                     "%s/%s.case: gone or damaged since it was written; run the import again",
                     im->store.folder, id);
        rows[count] = make_row(im, k);
        FGF_TRY(fgf_dataset_writer_put_packed(writer, count++, &packed));
        fgf_packed_case_clear(&packed);
        im->progress.done = k + 1;
        import_show(im, "write");
    }
done:
    fgf_packed_case_clear(&packed);
    return status;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static fgf_status summarize(const import *im, const fgf_cohort *cohort, const fgf_case *rows,
                            size_t count, size_t excluded, fgf_import_summary *summary)
{
    fgf_status status = FGF_OK;
    fgf_dataset *dataset = NULL;
    const char **patients = NULL;
    FGF_TRY(FGF_ALLOCATE(count, &patients));
    for (size_t i = 0; i < count; i++) {
        summary->events += rows[i].label == 1;
        patients[i] = rows[i].patient;
    }
    qsort(patients, count, sizeof *patients, by_text);
    for (size_t i = 0; i < count; i++)
        summary->patients += i == 0 || strcmp(patients[i], patients[i - 1]) != 0;
    summary->cases = count;
    summary->bad = im->bad;
    summary->excluded = excluded - im->bad;
    summary->kept = im->kept;
    summary->shape = cohort->shape;
    memcpy(summary->spacing, cohort->spacing, sizeof summary->spacing);
    /* Reading the file back is also the proof that it can be read. */
    FGF_TRY(fgf_dataset_open(im->output, &dataset));
    memcpy(summary->hash, fgf_dataset_hash(dataset), sizeof summary->hash);
done:
    fgf_dataset_close(&dataset);
    fgf_free(patients);
    return status;
}

fgf_status import_write(import *im, fgf_import_summary *summary)
{
    fgf_status status = FGF_OK;
    const char **ids = NULL, **reasons = NULL;
    fgf_case *rows = NULL;
    fgf_dataset_writer *writer = NULL;
    fgf_cohort cohort;
    size_t good = 0, excluded = 0;
    settle(im, &cohort);
    for (size_t k = 0; k < im->included_count; k++)
        good += im->outcomes[k].state == FGF_CASE_GOOD;
    FGF_TRY(import_write_mapping(im));
    FGF_TRY(report_cases(im, good));
    FGF_TRY(FGF_ALLOCATE(good, &rows));
    FGF_TRY(fgf_dataset_writer_create(im->output, &cohort, good, im->manifest.origin, &writer));
    FGF_TRY(copy_cases(im, writer, rows));
    FGF_TRY(list_excluded(im, &ids, &reasons, &excluded));
    FGF_TRY(fgf_dataset_writer_finish(writer, rows, excluded, ids, reasons));
    FGF_TRY(summarize(im, &cohort, rows, good, excluded, summary));
    fgf_case_store_remove(&im->store);
done:
    fgf_dataset_writer_destroy(&writer);
    fgf_free(rows);
    fgf_free(ids);
    fgf_free(reasons);
    return status;
}

/* ---- the mapping ---- */

static void add_cell(const char *text, const char *end, fgf_buffer *out)
{
    fgf_buffer_add(out, "\"");
    for (; *text; text++)
        fgf_buffer_add(out, "%s%c", *text == '"' ? "\"" : "", *text);
    fgf_buffer_add(out, "\"%s", end);
}

static fgf_status describe_mapping(const import *im, fgf_buffer *out)
{
    fgf_status status = FGF_OK;
    size_t position = 0;
    fgf_buffer_add(out, "id,pseudonym,patient_pseudonym,remark\n");
    for (size_t i = 0; i < im->candidates.count; i++) {
        const fgf_candidate *candidate = &im->candidates.list[i];
        const char *remark = candidate->out_because;
        if (!remark) {
            /* What an earlier start has finished has its remarks without names alone. */
            remark = im->reasons[position].text;
            remark = *remark ? remark : im->outcomes[position].remarks;
            position++;
        }
        add_cell(candidate->source_id, ",", out);
        add_cell(candidate->known.id, ",", out);
        add_cell(candidate->known.patient, ",", out);
        add_cell(remark, "\n", out);
    }
    FGF_TRY(out->status);
done:
    return status;
}

fgf_status import_write_mapping(const import *im)
{
    fgf_status status = FGF_OK;
    fgf_buffer text = {0};
    if (!im->options.mapping)
        return FGF_OK;
    FGF_TRY(describe_mapping(im, &text));
    FGF_TRY(fgf_write_file(im->options.mapping, text.text, text.length, 0600));
done:
    fgf_buffer_clear(&text);
    return status;
}
