/* Import: rounds of one case a rank. A round reads (each rank for itself), merges what became of
 * its cases, and writes the good ones collectively in the order of the candidates. So all ranks
 * know the same at every step, and the file does not depend on how many they are. */
#include "fgf/import.h"
#include "case_reader.h"
#include "fgf/log.h"
#include "fgf/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct import {
    fgf_manifest manifest;
    const char *output;
    fgf_import_options options;
    int64_t access_list;
    fgf_group *group;
    fgf_candidate *candidates;
    size_t candidate_count;
    size_t *included; /* indices of candidates that are in */
    size_t included_count;
    fgf_case_outcome *outcomes; /* [included_count] */
    fgf_case *cases;            /* [included_count], case_count filled */
    size_t case_count, bad_count;
    fgf_cohort cohort; /* shape and spacing from the first good case */
    fgf_dataset_writer *writer;
} import;

static void show_progress(const import *im, const char *phase, size_t done)
{
    if (im->options.progress)
        im->options.progress(im->options.state, phase, done, im->included_count);
}

static fgf_status prepare(import *im, const char *manifest)
{
    fgf_status status = FGF_OK;
    FGF_TRY(fgf_manifest_load(manifest, &im->options, &im->manifest));
    FGF_TRY(fgf_candidates_read(&im->manifest, &im->candidates, &im->candidate_count));
    FGF_TRY(FGF_ALLOCATE(im->candidate_count, &im->included));
    for (size_t i = 0; i < im->candidate_count; i++)
        if (!im->candidates[i].out_because)
            im->included[im->included_count++] = i;
    if (im->included_count == 0)
        FGF_FAIL(FGF_DATA, "%s: none of %zu rows is in by the label rule (horizon %g)",
                 im->manifest.table.file, im->candidate_count, im->manifest.table.horizon);
    FGF_TRY(FGF_ALLOCATE(im->included_count, &im->outcomes));
    FGF_TRY(FGF_ALLOCATE(im->included_count, &im->cases));
    snprintf(im->cohort.name, sizeof im->cohort.name, "%s", im->manifest.name);
    im->cohort.masked = im->manifest.preprocess.masked;
    im->cohort.preprocessing = im->manifest.preprocessing;
    memcpy(im->cohort.channel, im->manifest.channel, sizeof im->cohort.channel);
done:
    return status;
}

/* The first good case decides the cohort's shape and spacing. */
static fgf_status start_dataset(import *im, const fgf_case_outcome *first)
{
    fgf_status status = FGF_OK;
    im->cohort.shape = (fgf_shape){im->manifest.channel_count, 1, first->height, first->width};
    im->cohort.spacing[0] = 1; /* a slice has no third spacing */
    im->cohort.spacing[1] = first->spacing[0];
    im->cohort.spacing[2] = first->spacing[1];
    FGF_TRY(fgf_dataset_writer_create(im->output, &im->cohort, im->included_count,
                                      im->manifest.origin, im->access_list, im->group,
                                      &im->writer));
done:
    return status;
}

static void check_fit(const import *im, fgf_case_outcome *outcome)
{
    const fgf_shape shape = im->cohort.shape;
    const double *spacing = im->cohort.spacing;
    if (outcome->height != shape.height || outcome->width != shape.width) {
        outcome->state = FGF_CASE_BAD;
        snprintf(outcome->reason, sizeof outcome->reason,
                 "%s: %d x %d pixels, the first case has %d x %d; set preprocess.size",
                 outcome->source, outcome->height, outcome->width, shape.height, shape.width);
    } else if (outcome->spacing[0] != spacing[1] || outcome->spacing[1] != spacing[2]) {
        outcome->state = FGF_CASE_BAD;
        snprintf(outcome->reason, sizeof outcome->reason,
                 "%s: %g x %g mm a pixel, the first case has %g x %g; set preprocess.spacing",
                 outcome->source, outcome->spacing[0], outcome->spacing[1], spacing[1], spacing[2]);
    }
}

/* The row that a good case gets in the dataset: what the table and its files say of it. */
static void take_case(import *im, size_t position)
{
    const fgf_case_outcome *outcome = &im->outcomes[position];
    fgf_case *row = &im->cases[im->case_count++];
    *row = im->candidates[im->included[position]].known;
    row->slice = outcome->slice;
    memcpy(row->mask_source, outcome->mask_source, sizeof row->mask_source);
    memcpy(row->source, outcome->source, sizeof row->source);
    memcpy(row->source_hash, outcome->source_hash, sizeof row->source_hash);
}

/* Decides on a round's cases from what all ranks know; *mine = the row of this rank's case. */
static fgf_status settle_round(import *im, size_t first, size_t count, size_t *mine)
{
    fgf_status status = FGF_OK;
    *mine = SIZE_MAX;
    for (size_t k = 0; k < count; k++) {
        fgf_case_outcome *outcome = &im->outcomes[first + k];
        if (outcome->state == FGF_CASE_GOOD && !im->writer)
            FGF_TRY(start_dataset(im, outcome));
        if (outcome->state == FGF_CASE_GOOD)
            check_fit(im, outcome);
        im->bad_count += outcome->state == FGF_CASE_BAD;
        if (outcome->state != FGF_CASE_GOOD)
            continue;
        if ((int)k == im->group->rank)
            *mine = im->case_count;
        take_case(im, first + k);
    }
done:
    return status;
}

static fgf_status import_round(import *im, size_t first)
{
    fgf_status status = FGF_OK;
    const size_t left = im->included_count - first, size = (size_t)im->group->size;
    const size_t count = left < size ? left : size, rank = (size_t)im->group->rank;
    const size_t before = im->case_count;
    size_t mine = SIZE_MAX;
    float *image = NULL;
    uint8_t *mask = NULL;
    if (rank < count)
        status = fgf_case_read(&im->manifest, im->candidates[im->included[first + rank]].known.id,
                               &im->outcomes[first + rank], &image, &mask);
    FGF_TRY(fgf_group_agree(im->group, status));
    FGF_TRY(fgf_group_merge(im->group, im->outcomes + first, count * sizeof *im->outcomes));
    FGF_TRY(settle_round(im, first, count, &mine));
    /* After a bad case that stops the import, the others are still read, so that all are listed. */
    const bool writes =
        im->case_count > before && (im->bad_count == 0 || im->options.exclude_bad_cases);
    if (writes)
        FGF_TRY(fgf_dataset_writer_put(im->writer, mine, mine == SIZE_MAX ? NULL : image,
                                       mine == SIZE_MAX ? NULL : mask));
    show_progress(im, "case", first + count);
done:
    fgf_free(image);
    fgf_free(mask);
    return status;
}

static fgf_status report_bad_cases(const import *im)
{
    fgf_status status = FGF_OK;
    fgf_faults faults = {0};
    for (size_t k = 0; k < im->included_count; k++) {
        const fgf_case_outcome *outcome = &im->outcomes[k];
        if (outcome->state != FGF_CASE_BAD)
            continue;
        const char *id = im->candidates[im->included[k]].known.id;
        if (im->options.exclude_bad_cases)
            fgf_warn("case %s excluded: %s", id, outcome->reason);
        else
            fgf_faults_add(&faults, "case %s: %s", id, outcome->reason);
    }
    FGF_TRY(
        fgf_faults_report(&faults, FGF_DATA, "bad cases (--on-bad-case exclude leaves them out)"));
    if (im->case_count == 0)
        FGF_FAIL(FGF_DATA, "%s: no case is left of %zu", im->manifest.table.file,
                 im->candidate_count);
done:
    fgf_faults_clear(&faults);
    return status;
}

/* The candidates that are not in the dataset, in the order of their ids. */
static fgf_status list_excluded(const import *im, const char ***ids, const char ***reasons,
                                size_t *count)
{
    fgf_status status = FGF_OK;
    size_t position = 0;
    *count = 0;
    FGF_TRY(FGF_ALLOCATE(im->candidate_count, ids));
    FGF_TRY(FGF_ALLOCATE(im->candidate_count, reasons));
    for (size_t i = 0; i < im->candidate_count; i++) {
        const fgf_candidate *candidate = &im->candidates[i];
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

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static fgf_status summarize(const import *im, size_t excluded, fgf_import_summary *summary)
{
    fgf_status status = FGF_OK;
    fgf_dataset *dataset = NULL;
    const char **patients = NULL;
    memset(summary, 0, sizeof *summary);
    FGF_TRY(FGF_ALLOCATE(im->case_count, &patients));
    for (size_t i = 0; i < im->case_count; i++) {
        summary->events += im->cases[i].label == 1;
        patients[i] = im->cases[i].patient;
    }
    qsort(patients, im->case_count, sizeof *patients, by_text);
    for (size_t i = 0; i < im->case_count; i++)
        summary->patients += i == 0 || strcmp(patients[i], patients[i - 1]) != 0;
    summary->cases = im->case_count;
    summary->bad = im->bad_count;
    summary->excluded = excluded - im->bad_count;
    summary->shape = im->cohort.shape;
    memcpy(summary->spacing, im->cohort.spacing, sizeof summary->spacing);
    /* Reading the file back is also the proof that it can be read. */
    FGF_TRY(fgf_dataset_open(im->output, &dataset));
    memcpy(summary->hash, fgf_dataset_hash(dataset), sizeof summary->hash);
done:
    fgf_dataset_close(&dataset);
    fgf_free(patients);
    return status;
}

static fgf_status finish(import *im, fgf_import_summary *summary)
{
    fgf_status status = FGF_OK;
    const char **ids = NULL, **reasons = NULL;
    size_t excluded = 0;
    FGF_TRY(fgf_group_agree(im->group, report_bad_cases(im)));
    FGF_TRY(fgf_group_agree(im->group, list_excluded(im, &ids, &reasons, &excluded)));
    FGF_TRY(fgf_dataset_writer_limit(im->writer, im->case_count));
    FGF_TRY(fgf_dataset_writer_finish(im->writer, im->cases, excluded, ids, reasons));
    if (summary)
        status = summarize(im, excluded, summary);
    FGF_TRY(fgf_group_agree(im->group, status));
done:
    fgf_free(ids);
    fgf_free(reasons);
    return status;
}

fgf_status fgf_import(const char *manifest, const char *output, const fgf_import_options *options,
                      int64_t access_list, fgf_group *group, fgf_import_summary *summary)
{
    fgf_status status = FGF_OK;
import im;
    memset(&im, 0, sizeof im);
    im.output = output;
    im.access_list = access_list;
    im.group = group ? group : fgf_group_serial();
    if (options)
        im.options = *options;
    show_progress(&im, "read", 0);
    FGF_TRY(fgf_group_agree(im.group, prepare(&im, manifest)));
    show_progress(&im, "case", 0);
    for (size_t first = 0; first < im.included_count; first += (size_t)im.group->size)
        FGF_TRY(import_round(&im, first));
    show_progress(&im, "finish", im.included_count);
    FGF_TRY(finish(&im, summary));
done:
    fgf_dataset_writer_destroy(&im.writer);
    fgf_manifest_clear(&im.manifest);
    fgf_free(im.candidates);
    fgf_free(im.included);
    fgf_free(im.outcomes);
    fgf_free(im.cases);
    return status;
}
