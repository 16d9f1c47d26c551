#include "choice.h"

#include "fgf/audit.h"
#include "fgf/import.h"
#include "fgf/log.h"

#include <stdio.h>
#include <string.h>

enum { DATA, AUDIT, JSON, ALL };

/* Items of a finding that are told where --all is not given. */
enum { ITEMS_TOLD = 8 };

static const option options[] = {
    {"--data", 'd', "FILE", "dataset to hold a sweep against, in place of its data.path"},
    {"--audit", 0, NULL, "of a sweep: audit its dataset too, with the splits of its trials"},
    {"--json", 0, NULL, "the audit as JSON"},
    {"--all", 'a', NULL, "every case of every finding, however many"},
    {0}};

static bool is_dataset(const char *path)
{
    size_t length = strlen(path);
    return length > 3 && strcmp(path + length - 3, ".h5") == 0;
}

/* ---- the report ---- */

static void print_cohort(const char *path, const fgf_dataset *dataset)
{
    const fgf_cohort *cohort = fgf_dataset_cohort(dataset);
    size_t label[3] = {0};
    for (size_t i = 0; i < fgf_dataset_case_count(dataset); i++)
        label[fgf_dataset_case(dataset, i)->label + 1]++;
    printf("%s: %zu cases (%zu events, %zu without, %zu unlabelled), %d x %d x %d pixels, %d "
           "channel%s, %zu excluded; hash %s\n",
           path, fgf_dataset_case_count(dataset), label[2], label[1], label[0], cohort->shape.depth,
           cohort->shape.height, cohort->shape.width, cohort->shape.channels,
           cohort->shape.channels == 1 ? "" : "s", fgf_dataset_excluded_count(dataset),
           fgf_dataset_hash(dataset));
}

static void print_finding(const fgf_finding *f, bool all)
{
    const size_t told = all || f->count <= ITEMS_TOLD ? f->count : ITEMS_TOLD;
    printf("\n%s: %s, %zu\n", fgf_verdict_name(f->verdict), f->what, f->count);
    for (size_t k = 0; k < told; k++)
        printf("  %s: %s\n", f->items[k].subject, f->items[k].detail);
    if (told < f->count)
        printf("  and %zu more (--all)\n", f->count - told);
    printf("  -> %s\n", f->advice);
}

static void print_audit(const fgf_audit *audit, bool all)
{
    printf("\n%-18s %-8s %6s  %s\n", "check", "verdict", "found", "what");
    for (size_t k = 0; k < fgf_audit_count(audit); k++) {
        const fgf_finding *f = fgf_audit_finding(audit, k);
        printf("%-18s %-8s %6zu  %s", f->check, fgf_verdict_name(f->verdict), f->count, f->what);
        if (f->reason)
            printf(" (not looked at: %s)", f->reason);
        printf("\n");
    }
    for (int verdict = FGF_VERDICT_FAULT; verdict > FGF_VERDICT_OK; verdict--)
        for (size_t k = 0; k < fgf_audit_count(audit); k++)
            if ((int)fgf_audit_finding(audit, k)->verdict == verdict)
                print_finding(fgf_audit_finding(audit, k), all);
    printf("\n%zu checks: %zu with faults, %zu with warnings, %zu with notes, %zu not looked at\n",
           fgf_audit_count(audit), fgf_audit_tally(audit, FGF_VERDICT_FAULT),
           fgf_audit_tally(audit, FGF_VERDICT_WARNING), fgf_audit_tally(audit, FGF_VERDICT_NOTE),
           fgf_audit_tally(audit, FGF_VERDICT_SKIPPED));
}

static void add_json_finding(const fgf_finding *f, fgf_buffer *out)
{
    fgf_buffer_add(out, "{\"check\": ");
    fgf_buffer_add_json(out, f->check);
    fgf_buffer_add(out, ", \"verdict\": ");
    fgf_buffer_add_json(out, f->verdict == FGF_VERDICT_SKIPPED ? "skipped"
                                                               : fgf_verdict_name(f->verdict));
    fgf_buffer_add(out, ", \"what\": ");
    fgf_buffer_add_json(out, f->what);
    fgf_buffer_add(out, ", \"advice\": ");
    fgf_buffer_add_json(out, f->advice);
    if (f->reason) {
        fgf_buffer_add(out, ", \"reason\": ");
        fgf_buffer_add_json(out, f->reason);
    }
    fgf_buffer_add(out, ", \"count\": %zu, \"items\": [", f->count);
    for (size_t k = 0; k < f->count; k++) {
        fgf_buffer_add(out, "%s{\"subject\": ", k ? ", " : "");
        fgf_buffer_add_json(out, f->items[k].subject);
        fgf_buffer_add(out, ", \"detail\": ");
        fgf_buffer_add_json(out, f->items[k].detail);
        fgf_buffer_add(out, "}");
    }
    fgf_buffer_add(out, "]}");
}

static fgf_status print_json(const char *path, const fgf_dataset *dataset, const fgf_audit *audit)
{
    fgf_status status = FGF_OK;
    fgf_buffer out = {0};
    fgf_buffer_add(&out, "{\"dataset\": ");
    fgf_buffer_add_json(&out, path);
    fgf_buffer_add(&out, ", \"hash\": ");
    fgf_buffer_add_json(&out, fgf_dataset_hash(dataset));
    fgf_buffer_add(&out, ", \"cases\": %zu, \"verdict\": ", fgf_dataset_case_count(dataset));
    fgf_buffer_add_json(&out, fgf_verdict_name(fgf_audit_verdict(audit)));
    fgf_buffer_add(&out, ", \"checks\": [");
    for (size_t k = 0; k < fgf_audit_count(audit); k++) {
        fgf_buffer_add(&out, k ? ",\n  " : "\n  ");
        add_json_finding(fgf_audit_finding(audit, k), &out);
    }
    fgf_buffer_add(&out, "]}\n");
    FGF_TRY(out.status);
    fputs(out.text, stdout);
done:
    fgf_buffer_clear(&out);
    return status;
}

/* ---- the audit ---- */

static void show_progress(size_t done, size_t total)
{
    if (done < total)
        fgf_progress("fgf: check: %zu of %zu cases", done, total);
    else
        fgf_progress("%s", "");
}

/* Collective: ranks share the cases, rank 0 prints. */
static fgf_status audit_dataset(fgf_par *par, const char *path, const fgf_dataset *dataset,
                                const fgf_audit_settings *settings, const fgf_audit_splits *splits,
                                const arguments *given)
{
    fgf_status status = FGF_OK;
    fgf_audit *audit = NULL;
    fgf_audit_settings complete = *settings;
    if (complete.horizon < 0)
        FGF_TRY(fgf_import_horizon(dataset, &complete.horizon));
    FGF_TRY(
        fgf_audit_create(dataset, &complete, splits, fgf_par_world(par), show_progress, &audit));
    if (fgf_par_rank(par) == 0 && given->value[JSON]) {
        FGF_TRY(print_json(path, dataset, audit));
    } else if (fgf_par_rank(par) == 0) {
        print_cohort(path, dataset);
        print_audit(audit, given->value[ALL] != NULL);
    }
    if (fgf_audit_verdict(audit) == FGF_VERDICT_FAULT)
        FGF_FAIL(FGF_DATA, "%s: %zu of %zu checks found faults", path,
                 fgf_audit_tally(audit, FGF_VERDICT_FAULT), fgf_audit_count(audit));
done:
    fgf_audit_destroy(&audit);
    return status;
}

static bool begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

/* The overrides of `given` that begin with a word, or all others. Returns how many. */
static size_t choose(const arguments *given, const char *word, bool others, const char **out)
{
    size_t count = 0;
    for (size_t k = 0; k < given->override_count; k++)
        if (begins(given->override[k], word) != others)
            out[count++] = given->override[k];
    return count;
}

/* The command line's settings. *split is NULL where it gives none; *owner owns its texts. */
static fgf_status read_settings(const char *const *overrides, size_t count,
                                fgf_audit_settings *settings, fgf_split_settings *split,
                                fgf_sweep **owner)
{
    fgf_status status = FGF_OK;
    const fgf_schema_section sections[] = {{"audit", fgf_audit_keys, "where odd begins", true},
                                           {"split", fgf_split_keys, "the split", true}};
    const fgf_schema schema = {"audit", sections, 2, NULL, 0, false};
    FGF_TRY(fgf_sweep_parse("{}", "audit", &schema, overrides, count, owner));
    FGF_TRY(fgf_config_section(fgf_sweep_trial(*owner, 0), "audit", settings));
    FGF_TRY(fgf_config_section(fgf_sweep_trial(*owner, 0), "split", split));
done:
    return status;
}

/* A split that names its part is that one alone; else every part of it is looked at. */
static fgf_status split_of_command(const arguments *given, const fgf_split_settings *settings,
                                   const fgf_dataset *dataset, fgf_audit_splits *splits)
{
    bool any = false, part = false;
    for (size_t k = 0; k < given->override_count; k++) {
        any |= begins(given->override[k], "split.");
        part |= begins(given->override[k], "split.fold=") ||
                begins(given->override[k], "split.inner_fold=");
    }
    return any ? fgf_audit_splits_add(splits, settings, dataset, !part) : FGF_OK;
}

static fgf_status check_dataset(fgf_par *par, const char *path, const arguments *given)
{
    fgf_status status = FGF_OK;
    fgf_dataset *dataset = NULL;
    fgf_sweep *owner = NULL;
    fgf_audit_settings settings = {0};
    fgf_split_settings split = {0};
    fgf_audit_splits splits = {0};
    FGF_TRY(fgf_par_agree(
        par, read_settings(given->override, given->override_count, &settings, &split, &owner)));
    FGF_TRY(fgf_par_agree(par, fgf_dataset_open(path, &dataset)));
    FGF_TRY(fgf_par_agree(par, split_of_command(given, &split, dataset, &splits)));
    FGF_TRY(audit_dataset(par, path, dataset, &settings, &splits, given));
done:
    fgf_audit_splits_clear(&splits);
    fgf_dataset_close(&dataset);
    fgf_sweep_destroy(&owner);
    return status;
}

/* ---- a sweep ---- */

/* Every split that a trial has, once. */
static fgf_status splits_of_sweep(const session *s, fgf_audit_splits *splits)
{
    fgf_status status = FGF_OK;
    fgf_buffer name = {0};
    for (size_t i = 0; i < s->trial_count; i++) {
        fgf_split_settings split;
        bool known = false;
        memset(&split, 0, sizeof split);
        FGF_TRY(fgf_config_section(session_trial(s, i), "split", &split));
        name.length = 0;
        fgf_split_describe(&split, &name);
        FGF_TRY(name.status);
        for (size_t k = 0; k < splits->count && !known; k++)
            known = strcmp(splits->split[k].name, name.text) == 0;
        if (!known)
            FGF_TRY(fgf_audit_splits_add(splits, &split, s->dataset, false));
    }
done:
    fgf_buffer_clear(&name);
    return status;
}

static fgf_status check_sweep(fgf_par *par, const char *path, const arguments *given)
{
    fgf_status status = FGF_OK;
    static const char *of_audit[OPERANDS_MOST], *of_sweep[OPERANDS_MOST];
    const size_t audit_count = choose(given, "audit.", false, of_audit);
    const size_t sweep_count = choose(given, "audit.", true, of_sweep);
    fgf_sweep *owner = NULL;
    fgf_audit_settings settings = {0};
    fgf_split_settings unused = {0};
    fgf_audit_splits splits = {0};
    session s = {0};
    FGF_TRY(fgf_par_agree(par, read_settings(of_audit, audit_count, &settings, &unused, &owner)));
    FGF_TRY(session_open(par, path, given->value[DATA], of_sweep, sweep_count, &s));
    if (fgf_par_rank(par) == 0 && !given->value[JSON])
        printf("%s: %zu trials, no fault\n", path, s.trial_count);
    FGF_TRY(fgf_par_agree(par, choice_foresee(s.sweep, path)));
    if (given->value[AUDIT]) {
        FGF_TRY(fgf_par_agree(par, splits_of_sweep(&s, &splits)));
        FGF_TRY(audit_dataset(par, s.data_path, s.dataset, &settings, &splits, given));
    }
done:
    fgf_audit_splits_clear(&splits);
    session_close(&s);
    fgf_sweep_destroy(&owner);
    return status;
}

static fgf_status run_check(fgf_par *par, const arguments *given)
{
    fgf_status status = FGF_OK;
    if (given->operand_count != 1)
        FGF_FAIL(FGF_USAGE, "fgf check needs one sweep or dataset; see `fgf help check`");
    if (!is_dataset(given->operand[0]) && given->value[JSON] && !given->value[AUDIT])
        FGF_FAIL(FGF_USAGE, "fgf check: --json is of an audit; give --audit too");
    if (is_dataset(given->operand[0]))
        FGF_TRY(check_dataset(par, given->operand[0], given));
    else
        FGF_TRY(check_sweep(par, given->operand[0], given));
done:
    return status;
}

const subcommand command_check = {
    .name = "check",
    .usage = "SWEEP.yaml | COHORT.h5 [KEY=VALUE ...]",
    .help = "lists every fault of a sweep, or audits a dataset; runs nothing",
    .options = options,
    .takes_overrides = true,
    .run = run_check,
    .more = "A dataset is audited: `fgf help audit-spec` lists the keys that say where odd begins. "
            "With keys\nof a split (split.kind=kfold split.folds=5) its parts are looked at too: "
            "all of them, or the\none that split.fold names. Exit status 3 where the audit finds "
            "faults, 0 where it finds nothing\nworse than warnings. Under mpirun the ranks share "
            "the cases.\n"};
