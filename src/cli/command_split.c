#include "session.h"

#include "fgf/file_bytes.h"
#include "fgf/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OUTPUT };

static const option options[] = {
    {"--output", 'o', "FILE", "split file to write: lines \"id,role\" for split.kind: fixed"}, {0}};

/* What a role holds of a centre. */
typedef struct part_count {
    size_t patients, cases, label[2];
} part_count;

/* A case with its role, for counting. */
typedef struct placed_case {
    const fgf_case *item;
    int8_t role;
} placed_case;

static const char *patient_of(const placed_case *placed)
{
    return placed->item->patient[0] ? placed->item->patient : placed->item->id;
}

static int by_role_centre_patient(const void *a, const void *b)
{
    const placed_case *x = a, *y = b;
    if (x->role != y->role)
        return x->role < y->role ? -1 : 1;
    const int order = strcmp(x->item->centre, y->item->centre);
    return order != 0 ? order : strcmp(patient_of(x), patient_of(y));
}

static void print_count(const char *role, const char *centre, const part_count *c)
{
    printf("%-10s  %-20s  %8zu  %8zu  %8zu  %8zu  %10zu\n", role, centre, c->patients, c->cases,
           c->label[1], c->label[0], c->cases - c->label[0] - c->label[1]);
}

/* Counts from case `first` on: to the end of its centre, or of its role where `whole`. Patients of
 * one role are told once a centre, and have one centre nearly always. */
static size_t count_part(const placed_case *placed, size_t count, size_t first, bool whole,
                         part_count *out)
{
    size_t k = first;
    *out = (part_count){0, 0, {0, 0}};
    for (; k < count && placed[k].role == placed[first].role; k++) {
        if (!whole && strcmp(placed[k].item->centre, placed[first].item->centre) != 0)
            break;
        out->patients +=
            k == first || strcmp(patient_of(&placed[k]), patient_of(&placed[k - 1])) != 0;
        out->cases++;
        if (placed[k].item->label >= 0)
            out->label[placed[k].item->label]++;
    }
    return k;
}

static fgf_status print_counts(const fgf_dataset *dataset, const int8_t *role)
{
    fgf_status status = FGF_OK;
    const size_t count = fgf_dataset_case_count(dataset);
    placed_case *placed = NULL;
    part_count part;
    FGF_TRY(FGF_ALLOCATE(count, &placed));
    for (size_t i = 0; i < count; i++)
        placed[i] = (placed_case){fgf_dataset_case(dataset, i), role[i]};
    qsort(placed, count, sizeof *placed, by_role_centre_patient);
    printf("%-10s  %-20s  %8s  %8s  %8s  %8s  %10s\n", "role", "centre", "patients", "cases",
           "label 1", "label 0", "unlabelled");
    for (size_t first = 0, end; first < count; first = end) {
        const char *name = fgf_role_name((fgf_role)placed[first].role);
        end = count_part(placed, count, first, true, &part);
        print_count(name, "all", &part);
        for (size_t k = first; k < end;) {
            const char *centre = placed[k].item->centre;
            k = count_part(placed, end, k, false, &part);
            print_count("", centre[0] ? centre : "(none)", &part);
        }
    }
done:
    fgf_free(placed);
    return status;
}

/* What stands above the lines of a split file. */
static fgf_status write_file(const char *path, const char *cohort, const fgf_dataset *dataset,
                             const fgf_split_settings *settings, const int8_t *role)
{
    fgf_status status = FGF_OK;
    fgf_buffer comment = {0};
    const char *slash = strrchr(cohort, '/');
    fgf_buffer_add(&comment, "fgf split of %s, hash %s\n", slash ? slash + 1 : cohort,
                   fgf_dataset_hash(dataset));
    fgf_split_describe(settings, &comment);
    fgf_buffer_add(&comment, "\n");
    FGF_TRY(comment.status);
    FGF_TRY(fgf_split_write(path, dataset, role, comment.text));
done:
    fgf_buffer_clear(&comment);
    return status;
}

static fgf_status make_split(const arguments *given)
{
    fgf_status status = FGF_OK;
    const fgf_schema_section section = {"split", fgf_split_keys, "the split", true};
    const fgf_schema schema = {"split", &section, 1, NULL, 0, false};
    const char *cohort = given->operand[0], *output = given->value[OUTPUT];
    fgf_sweep *document = NULL;
    fgf_dataset *dataset = NULL;
    fgf_split_settings settings = {0};
    fgf_twin *twins = NULL, leak;
    size_t twin_count = 0;
    int8_t *role = NULL;
    if (output) {
        FGF_TRY(fgf_output_check(output));
        FGF_TRY(fgf_output_apart(output, cohort, "the dataset that is read"));
    }
    FGF_TRY(
        fgf_sweep_parse("{}", "split", &schema, given->override, given->override_count, &document));
    FGF_TRY(fgf_config_section(fgf_sweep_trial(document, 0), "split", &settings));
    FGF_TRY(fgf_dataset_open(cohort, &dataset));
    FGF_TRY(FGF_ALLOCATE(fgf_dataset_case_count(dataset), &role));
    FGF_TRY(fgf_split_assign(&settings, dataset, role));
    FGF_TRY(fgf_split_twins(dataset, &twins, &twin_count));
    if (fgf_split_leak(twins, twin_count, role, &leak))
        FGF_FAIL(FGF_DATA,
                 "split: cases %s (%s) and %s (%s) are the same image under two patients; give "
                 "them one patient, or leave one out; `fgf check %s` lists all such cases",
                 fgf_dataset_case(dataset, leak.first)->id,
                 fgf_role_name((fgf_role)role[leak.first]),
                 fgf_dataset_case(dataset, leak.second)->id,
                 fgf_role_name((fgf_role)role[leak.second]), cohort);
    FGF_TRY(print_counts(dataset, role));
    if (output)
        FGF_TRY(write_file(output, cohort, dataset, &settings, role));
done:
    fgf_free(role);
    fgf_free(twins);
    fgf_dataset_close(&dataset);
    fgf_sweep_destroy(&document);
    return status;
}

static fgf_status run_split(fgf_par *par, const arguments *given)
{
    fgf_status status = FGF_OK;
    if (given->operand_count != 1)
        FGF_FAIL(FGF_USAGE, "fgf split needs one dataset; see `fgf help split`");
    FGF_TRY(fgf_par_agree(par, fgf_par_rank(par) == 0 ? make_split(given) : FGF_OK));
done:
    return status;
}

const subcommand command_split = {
    .name = "split",
    .usage = "COHORT.h5 [KEY=VALUE ...] [-o SPLIT.csv]",
    .help = "shows, and writes, which cases a split lets train and test",
    .options = options,
    .takes_overrides = true,
    .run = run_split,
    .more = "The keys are those of a sweep: split.kind=kfold split.folds=5 split.fold=0; `fgf help "
            "spec split`\nlists them. The file may be edited and given back: split.kind=fixed "
            "split.file=SPLIT.csv.\n"};
