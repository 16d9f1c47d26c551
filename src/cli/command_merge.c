/* fgf merge: the results files of a sweep's tasks into one. */
#include "merge.h"

#include "fgf/checkpoint.h"
#include "fgf/log.h"
#include "fgf/memory.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { DATA, REMOVE_PARTS };

static const option options[] = {
    {"--data", 'd', "FILE", "the dataset, where it has moved since"},
    {"--remove-parts", 0, NULL, "remove each part of which every trial is in RESULTS.h5 then"},
    {0}};

static fgf_status remove_parts(const merging *m)
{
    fgf_status status = FGF_OK;
    for (size_t p = 0; p < m->part_count; p++) {
        size_t kept = 0;
        if (!m->finished[p]) {
            fgf_log("%s stays: not every trial of it is in %s", m->part[p], m->output);
            continue;
        }
        FGF_TRY(fgf_checkpoint_tidy(m->part[p], NULL, 0, &kept));
        if (unlink(m->part[p]) != 0)
            FGF_FAIL(FGF_ENVIRONMENT, "cannot remove %s", m->part[p]);
    }
done:
    return status;
}

static bool has_part(const merging *m, int task)
{
    for (size_t p = 0; p < m->part_count; p++)
        if (m->part_task[p] == task)
            return true;
    return false;
}

/* A line for each task that has left trials: it ended early, or has no part here. */
static fgf_status name_missing_tasks(const merging *m)
{
    fgf_status status = FGF_OK;
    const session *s = m->session;
    const size_t tasks = (size_t)m->task_count;
    int *task_of = NULL;
    size_t *left = NULL, *all = NULL;
    FGF_TRY(FGF_ALLOCATE(s->trial_count, &task_of));
    FGF_TRY(FGF_ALLOCATE(tasks + 1, &left));
    FGF_TRY(FGF_ALLOCATE(tasks + 1, &all));
    FGF_TRY(session_tasks(s, m->task_count, task_of));
    for (size_t i = 0; i < s->trial_count; i++) {
        all[task_of[i]]++;
        left[task_of[i]] += m->prepared.status[i] == FGF_TRIAL_EMPTY;
    }
    for (size_t k = 1; k <= tasks; k++)
        if (left[k] > 0)
            fgf_warn("task %zu/%zu: %zu of %zu trials are missing%s", k, tasks, left[k], all[k],
                     has_part(m, (int)k) ? "" : ", no part of it is here");
done:
    fgf_free(task_of);
    fgf_free(left);
    fgf_free(all);
    return status;
}

/* The command that goes on where the parts ended. */
static void add_run_command(const merging *m, fgf_buffer *out)
{
    const char *word = m->session->overrides.text;
    fgf_buffer_add(out, "fgf run %s -o %s", m->session->sweep_path, m->output);
    while (word && *word) {
        const size_t length = strcspn(word, "\n");
        fgf_buffer_add(out, " '%.*s'", (int)length, word);
        word += length + (word[length] == '\n');
    }
}

static fgf_status conclude(merging *m, bool remove)
{
    fgf_status status = FGF_OK;
    size_t done_count = 0, failed = 0, left = 0, named = 0;
    fgf_buffer command = {0};
    for (size_t i = 0; i < m->session->trial_count; i++) {
        done_count += m->prepared.status[i] == FGF_TRIAL_DONE;
        failed += m->prepared.status[i] == FGF_TRIAL_FAILED;
        left += m->prepared.status[i] == FGF_TRIAL_EMPTY;
    }
    fgf_log("%s: %zu rows merged from %zu part%s; of %zu trials %zu are done, %zu failed, %zu are "
            "missing",
            m->output, m->merged, m->part_count, m->part_count == 1 ? "" : "s",
            m->session->trial_count, done_count, failed, left);
    if (m->broken > 0)
        fgf_warn("%zu rows of the parts do not agree with their checksums and were left out",
                 m->broken);
    if (left > 0 && m->task_count > 0)
        FGF_TRY(name_missing_tasks(m));
    for (size_t i = 0; i < m->session->trial_count && left > 0 && named < 10; i++)
        if (m->prepared.status[i] == FGF_TRIAL_EMPTY) {
            fgf_warn("trial %zu (%s) is in no part", i, m->session->identity[i].text);
            named++;
        }
    if (left > named)
        fgf_warn("and %zu more", left - named);
    if (remove)
        FGF_TRY(remove_parts(m));
    add_run_command(m, &command);
    FGF_TRY(command.status);
    if (left > 0)
        FGF_FAIL(
            FGF_STOPPED,
            "%zu of %zu trials are missing: `%s` runs them, or run their tasks again and merge "
            "again",
            left, m->session->trial_count, command.text);
    if (failed > 0)
        FGF_FAIL(FGF_TRIAL, "%zu trial%s failed", failed, failed == 1 ? "" : "s");
done:
    fgf_buffer_clear(&command);
    return status;
}

static fgf_status merge(session *s, const arguments *given, const char *output)
{
    fgf_status status = FGF_OK;
    fgf_lock *lock = NULL;
    fgf_buffer holder = {0};
    merging m = {.session = s,
                 .output = output,
                 .part = given->operand + 1,
                 .part_count = given->operand_count - 1};
    FGF_TRY(FGF_ALLOCATE(m.part_count, &m.part_task));
    FGF_TRY(FGF_ALLOCATE(m.part_count, &m.finished));
    add_command_line(given, &holder);
    FGF_TRY(holder.status);
    FGF_TRY(examine_parts(&m));
    FGF_TRY(fgf_store_lock(m.output, holder.text, &lock));
    FGF_TRY(merge_parts(&m, holder.text));
    FGF_TRY(conclude(&m, given->value[REMOVE_PARTS] != NULL));
done:
    fgf_store_unlock(&lock);
    fgf_buffer_clear(&holder);
    fgf_prepare_result_clear(&m.prepared);
    fgf_free(m.part_task);
    fgf_free(m.finished);
    fgf_free(m.by_id);
    return status;
}

/* Where the dataset is: as told, else where the part's own run read it. */
static fgf_status open_session(fgf_par *par, fgf_store_reader *part, const char *data, session *out)
{
    fgf_status status = FGF_OK;
    char *stored = NULL;
    FGF_TRY(fgf_par_agree(par, read_text_table(part, "/sweep/data", &stored)));
    FGF_TRY(session_reopen(par, part, data ? data : stored, out));
done:
    fgf_free(stored);
    return status;
}

static fgf_status run_merge(fgf_par *par, const arguments *given)
{
    fgf_status status = FGF_OK;
    session s = {0};
    fgf_store_reader *part = NULL;
    char *output = NULL;
    if (given->operand_count < 2)
        FGF_FAIL(FGF_USAGE, "fgf merge needs the file to merge into and at least one part; see "
                            "`fgf help merge`");
    FGF_TRY(find_output(par, given->operand[0], &output));
    FGF_TRY(fgf_par_agree(par, fgf_store_reader_open(given->operand[1], &part)));
    FGF_TRY(open_session(par, part, given->value[DATA], &s));
    fgf_store_reader_close(&part);
    FGF_TRY(fgf_par_agree(par, fgf_par_rank(par) == 0 ? merge(&s, given, output) : FGF_OK));
done:
    session_close(&s);
    fgf_store_reader_close(&part);
    fgf_free(output);
    return status;
}

const subcommand command_merge = {
    .name = "merge",
    .usage = "RESULTS.h5 PART.h5 ...",
    .help = "brings the results of a sweep's tasks (fgf run --task) into one file",
    .options = options,
    .run = run_merge,
    .more = "What RESULTS.h5 has already is left; a merge that was killed goes on when it is run "
            "again.\nExit status 75 where trials are in no part: `fgf run` with RESULTS.h5 runs "
            "them.\n"};
