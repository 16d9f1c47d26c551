/* Import, the part that ranks share: tables, a survey of all files, and the cases one by one. */
#include "case_files.h"
#include "fgf/file_bytes.h"
#include "fgf/log.h"
#include "fgf/memory.h"
#include "import_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Raised when a case of the same files and settings becomes another one. */
static const char case_version[] = "fgf case 1";

void import_show(import *im, const char *phase)
{
    im->progress.phase = phase;
    im->progress.total = im->included_count;
    if (im->options.progress)
        im->options.progress(im->options.state, &im->progress);
}

/* ---- before the first case ---- */

/* The dataset and the mapping shall not replace the file `other`. */
static fgf_status keep_apart(const import *im, const char *other, const char *what)
{
    fgf_status status = FGF_OK;
    if (im->output && other)
        FGF_TRY(fgf_output_apart(im->output, other, what));
    if (im->options.mapping && other)
        FGF_TRY(fgf_output_apart(im->options.mapping, other, what));
done:
    return status;
}

/* Whether what is to be written can be, before anything is done for it. */
static fgf_status check_outputs(import *im, const char *manifest, const char *output)
{
    fgf_status status = FGF_OK;
    const char *mapping = im->options.mapping;
    FGF_TRY(fgf_output_file(output, &im->output));
    if (mapping)
        FGF_TRY(fgf_output_check(mapping));
    FGF_TRY(keep_apart(im, manifest, "the manifest that is read"));
    FGF_TRY(keep_apart(im, im->options.pseudonym_key, "the key file"));
    if (mapping)
        FGF_TRY(fgf_output_apart(mapping, output, "the dataset that is written"));
done:
    return status;
}

static fgf_status keep_tables(const import *im)
{
    fgf_status status = FGF_OK;
    const fgf_manifest *m = &im->manifest;
    for (size_t t = 0; t < m->table.file.count; t++)
        FGF_TRY(keep_apart(im, m->table_file[t], "a table that is read"));
    for (size_t t = 0; t < m->source.regions_table.count; t++)
        FGF_TRY(keep_apart(im, m->regions_file[t], "a table that is read"));
done:
    return status;
}

static fgf_status read_key(import *im)
{
    fgf_status status = FGF_OK;
    const char *path = im->options.pseudonym_key;
    if (!path)
        return FGF_OK;
    if (im->group->rank == 0)
        status = fgf_pseudonym_key_ensure(path);
    FGF_TRY(fgf_group_agree(im->group, status));
    FGF_TRY(fgf_group_agree(im->group, fgf_pseudonym_key_read(path, &im->key)));
done:
    return status;
}

static fgf_status read_tables(import *im, const char *manifest)
{
    fgf_status status = FGF_OK;
    FGF_TRY(fgf_manifest_load(manifest, &im->options, &im->manifest));
    FGF_TRY(keep_tables(im));
    FGF_TRY(fgf_candidates_read(&im->manifest, &im->candidates));
    if (im->options.pseudonym_key)
        FGF_TRY(fgf_candidates_pseudonymize(&im->candidates, &im->key));
    fgf_candidates_warn(&im->manifest, &im->candidates);
    const size_t count = im->candidates.count;
    FGF_TRY(FGF_ALLOCATE(count, &im->included));
    for (size_t i = 0; i < count; i++)
        if (!im->candidates.list[i].out_because)
            im->included[im->included_count++] = i;
    if (im->included_count == 0)
        FGF_FAIL(FGF_DATA, "%s: none of %zu rows is in by the label rule (horizon %g)",
                 im->manifest.table_file[0], count, im->manifest.table.horizon);
    FGF_TRY(FGF_ALLOCATE(im->included_count, &im->surveys));
    FGF_TRY(FGF_ALLOCATE(im->included_count, &im->outcomes));
    FGF_TRY(FGF_ALLOCATE(im->included_count, &im->done));
    if (im->options.mapping)
        FGF_TRY(FGF_ALLOCATE(im->included_count, &im->reasons));
done:
    return status;
}

fgf_status import_prepare(import *im, const char *manifest)
{
    fgf_status status = FGF_OK;
    FGF_TRY(read_key(im));
    FGF_TRY(fgf_group_agree(im->group, read_tables(im, manifest)));
done:
    return status;
}

/* Looks at the files of a case, and whether it is finished already. */
static fgf_status survey_case(import *im, size_t position, const char *salt)
{
    fgf_status status = FGF_OK;
    const fgf_candidate *candidate = import_candidate(im, position);
    case_survey *survey = &im->surveys[position];
    fgf_case_files files = {0};
    fgf_hash key;
    status = fgf_case_files_list(&im->manifest, candidate, &files);
    if (status == FGF_ENVIRONMENT)
        return FGF_OK; /* reading the case will say what is wrong */
    FGF_TRY(status);
    FGF_TRY(fgf_case_key(&im->manifest, candidate, &files, salt, &key));
    memcpy(survey->key, key.text, sizeof survey->key);
    survey->bytes = files.bytes;
    FGF_TRY(fgf_case_store_load(&im->store, candidate->known.id, survey->key, &survey->kept,
                                &im->outcomes[position], NULL));
done:
    fgf_case_files_clear(&files);
    return status;
}

/* Pseudonyms of another key are other cases: their remarks and hashes differ. */
static fgf_status make_salt(const import *im, char salt[64])
{
    fgf_status status = FGF_OK;
    char mark[FGF_PSEUDONYM] = "";
    if (im->options.pseudonym_key)
        FGF_TRY(fgf_pseudonym_of(&im->key, "", mark));
    snprintf(salt, 64, "%s %s", case_version, mark);
done:
    return status;
}

/* Each rank looks at its part of the cases; then all know all of it. */
static fgf_status survey(import *im)
{
    fgf_status status = FGF_OK;
    char salt[64];
    if (im->group->rank == 0)
        status = fgf_case_store_open(im->output, &im->store);
    FGF_TRY(fgf_group_agree(im->group, status));
    if (im->group->rank != 0)
        status = fgf_case_store_open(im->output, &im->store);
    if (status == FGF_OK)
        status = make_salt(im, salt);
    for (size_t k = (size_t)im->group->rank; k < im->included_count && status == FGF_OK;
         k += (size_t)im->group->size) {
        import_show(im, "survey");
        status = survey_case(im, k, salt);
    }
    FGF_TRY(fgf_group_agree(im->group, status));
    FGF_TRY(fgf_group_merge(im->group, im->surveys, im->included_count * sizeof *im->surveys));
    for (size_t k = 0; k < im->included_count; k++) {
        im->progress.of_bytes += im->surveys[k].bytes;
        if (!im->surveys[k].kept)
            continue;
        im->done[k] = true;
        im->kept++;
        im->progress.old_bytes += im->surveys[k].bytes;
    }
    im->progress.done = im->kept;
    im->progress.bytes = im->progress.old_bytes;
done:
    return status;
}

/* ---- the cases ---- */

fgf_status import_conceal(import *im, size_t position)
{
    fgf_status status = FGF_OK;
    fgf_case_outcome *outcome = &im->outcomes[position];
    fgf_case_files files = {0};
    fgf_names names = {0};
    char mark[FGF_PSEUDONYM] = "";
    if (im->reasons)
        snprintf(im->reasons[position].text, sizeof im->reasons[position].text, "%s",
                 *outcome->reason ? outcome->reason : outcome->remarks);
    status = fgf_case_files_list(&im->manifest, import_candidate(im, position), &files);
    if (status == FGF_ENVIRONMENT) { /* what the names are is not known: nothing is told */
        snprintf(outcome->reason, sizeof outcome->reason, "%s",
                 outcome->state == FGF_CASE_BAD ? FGF_UNREADABLE : "");
        outcome->remarks[0] = '\0';
        status = FGF_OK;
    }
    FGF_TRY(status);
    for (size_t k = 0; k < files.count; k++)
        FGF_TRY(fgf_names_add_path(&names, files.file[k].path));
    const fgf_names *secrets = &im->candidates.secrets;
    FGF_TRY(fgf_hide_within(secrets, &names, outcome->reason, sizeof outcome->reason));
    FGF_TRY(fgf_hide_within(secrets, &names, outcome->remarks, sizeof outcome->remarks));
    FGF_TRY(fgf_hide_within(secrets, &names, outcome->regions, sizeof outcome->regions));
    memset(outcome->source, 0, sizeof outcome->source);
    /* A hash of an archive's file tells which it is to everyone who has the archive. */
    if (*outcome->source_hash)
        FGF_TRY(fgf_pseudonym_of(&im->key, outcome->source_hash, mark));
    memset(outcome->source_hash, 0, sizeof outcome->source_hash);
    snprintf(outcome->source_hash, sizeof outcome->source_hash, "%s", mark);
done:
    fgf_names_clear(&names);
    fgf_case_files_clear(&files);
    return status;
}

static fgf_status read_case(import *im, size_t position)
{
    fgf_status status = FGF_OK;
    const fgf_candidate *candidate = import_candidate(im, position);
    fgf_case_outcome *outcome = &im->outcomes[position];
    float *image = NULL;
    uint8_t *mask = NULL;
    fgf_packed_case packed = {0};
    FGF_TRY(fgf_case_read(&im->manifest, candidate, outcome, &image, &mask));
    if (im->manifest.hides_names)
        FGF_TRY(import_conceal(im, position));
    if (outcome->state == FGF_CASE_GOOD) {
        status = fgf_dataset_pack(outcome->shape, image, mask, &packed);
        if (status != FGF_OK)
            FGF_TRY(fgf_prefix_error("case %s", candidate->known.id));
        FGF_TRY(fgf_case_store_save(&im->store, candidate->known.id, im->surveys[position].key,
                                    outcome, &packed));
    }
    im->done[position] = true;
done:
    fgf_packed_case_clear(&packed);
    fgf_free(image);
    fgf_free(mask);
    return status;
}

/* Cases that other ranks finished are seen in the folder. */
static void count_done(import *im)
{
    im->progress.done = 0;
    im->progress.bytes = 0;
    for (size_t k = 0; k < im->included_count; k++) {
        if (!im->done[k] && im->group->size > 1)
            im->done[k] = fgf_case_store_has(&im->store, import_candidate(im, k)->known.id);
        if (im->done[k]) {
            im->progress.done++;
            im->progress.bytes += im->surveys[k].bytes;
        }
    }
}

typedef struct unread_case {
    size_t position;
    double bytes;
} unread_case;

static int largest_first(const void *a, const void *b)
{
    const unread_case *first = a, *second = b;
    if (first->bytes != second->bytes)
        return first->bytes < second->bytes ? 1 : -1;
    return first->position < second->position ? -1 : first->position > second->position;
}

static bool asked_to_stop(const import *im)
{
    return im->options.stop && im->options.stop(im->options.state);
}

static fgf_status read_share(import *im, fgf_share *share, const unread_case *unread)
{
    fgf_status status = FGF_OK;
    double counted = fgf_seconds();
    size_t next = 0;
    import_show(im, "case");
    while (!asked_to_stop(im) && fgf_share_take(share, 0, &next)) {
        FGF_TRY(read_case(im, unread[next].position));
        /* Looking at the folder costs more than it tells when cases are small. */
        if (im->group->size == 1 || fgf_seconds() - counted > 0.5) {
            count_done(im);
            counted = fgf_seconds();
        }
        import_show(im, "case");
    }
done:
    return status;
}

/* All cases that are not finished, each by the rank that gets to it. */
static fgf_status read_cases(import *im)
{
    fgf_status status = FGF_OK;
    fgf_share share = {0};
    unread_case *unread = NULL;
    size_t count = 0, left = 0;
    status = FGF_ALLOCATE(im->included_count, &unread);
    FGF_TRY(fgf_group_agree(im->group, status));
    for (size_t k = 0; k < im->included_count; k++)
        if (!im->surveys[k].kept)
            unread[count++] = (unread_case){k, im->surveys[k].bytes};
    qsort(unread, count, sizeof *unread, largest_first);
    FGF_TRY(fgf_share_open(im->group, count, &share));
    status = read_share(im, &share, unread);
    fgf_share_close(&share);
    FGF_TRY(fgf_group_agree(im->group, status));
    FGF_TRY(fgf_group_merge(im->group, im->outcomes, im->included_count * sizeof *im->outcomes));
    if (im->reasons)
        FGF_TRY(fgf_group_merge(im->group, im->reasons, im->included_count * sizeof *im->reasons));
    for (size_t k = 0; k < im->included_count; k++)
        left += im->outcomes[k].state == FGF_CASE_UNREAD;
    if (left > 0)
        FGF_FAIL(FGF_STOPPED,
                 "the import was stopped on request, %zu of %zu cases are finished; run it again "
                 "to go on",
                 im->included_count - left, im->included_count);
done:
    fgf_free(unread);
    return status;
}

/* ---- the whole ---- */

void import_clear(import *im)
{
    /* The first error of this process is what a person sees; it must not tell names either. */
    if (im->manifest.hides_names && fgf_last_error()->message[0]) {
        fgf_error error = *fgf_last_error();
        if (fgf_hide_within(&im->candidates.secrets, NULL, error.message, sizeof error.message) ==
            FGF_OK)
            (void)fgf_adopt_error(&error);
    }
    fgf_case_store_close(&im->store);
    fgf_free(im->output);
    fgf_manifest_clear(&im->manifest);
    fgf_candidates_clear(&im->candidates);
    fgf_free(im->included);
    fgf_free(im->surveys);
    fgf_free(im->outcomes);
    fgf_free(im->reasons);
    fgf_free(im->done);
}

fgf_status fgf_import(const char *manifest, const char *output, const fgf_import_options *options,
                      fgf_group *group, fgf_import_summary *summary)
{
    fgf_status status = FGF_OK;
    fgf_import_summary own;
import im;
    memset(&im, 0, sizeof im);
    memset(&own, 0, sizeof own);
    im.group = group ? group : fgf_group_serial();
    if (options)
        im.options = *options;
    FGF_TRY(fgf_group_agree(im.group, check_outputs(&im, manifest, output)));
    FGF_TRY(import_prepare(&im, manifest));
    FGF_TRY(survey(&im));
    FGF_TRY(read_cases(&im));
    if (im.group->rank == 0)
        status = import_write(&im, &own);
    FGF_TRY(fgf_group_agree(im.group, status));
    FGF_TRY(fgf_group_merge(im.group, &own, sizeof own));
    if (summary)
        *summary = own;
done:
    if (status != FGF_OK && im.group->rank == 0)
        fgf_case_store_remove_empty(&im.store);
    import_clear(&im);
    return status;
}
