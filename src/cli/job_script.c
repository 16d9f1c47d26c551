/* Batch scripts as texts. The bodies are those of the templates, which CMake puts into the program:
 * what a job does is written once, in slurm/. */
#include "job_script.h"

#include "job_templates.h" /* job_body, merge_body, chain_body */

#include "fgf/file_bytes.h"
#include "fgf/memory.h"

#include <ctype.h>
#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

static void add_lines(fgf_buffer *out, const char *const *lines)
{
    for (; *lines; lines++)
        fgf_buffer_add(out, "%s", *lines);
}

void add_shell_word(fgf_buffer *out, const char *word)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
                                "%+,-./:=@_";
    if (word[0] && strspn(word, plain) == strlen(word)) {
        fgf_buffer_add(out, "%s", word);
        return;
    }
    fgf_buffer_add(out, "'");
    for (; *word; word++) {
        if (*word == '\'')
            fgf_buffer_add(out, "'\\''");
        else
            fgf_buffer_add(out, "%c", *word);
    }
    fgf_buffer_add(out, "'");
}

void add_job_name(fgf_buffer *out, const char *path)
{
    const char *base = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
    const char *dot = strrchr(base, '.');
    const size_t length = dot && dot > base ? (size_t)(dot - base) : strlen(base);
    for (size_t k = 0; k < length; k++)
        fgf_buffer_add(out, "%c",
                       isalnum((unsigned char)base[k]) || strchr("._-", base[k]) ? base[k] : '_');
}

void add_job_time(fgf_buffer *out, long seconds)
{
    const long days = seconds / 86400;
    if (days > 0)
        fgf_buffer_add(out, "%ld-", days);
    fgf_buffer_add(out, "%02ld:%02ld:%02ld", seconds % 86400 / 3600, seconds % 3600 / 60,
                   seconds % 60);
}

/* The whole numbers of `text`, which are joined by `separators` in turn and fill it to its end. */
static int read_numbers(const char *text, const char *separators, long *number)
{
    int count = 0, used = 0;
    for (;;) {
        if (!isdigit((unsigned char)*text) || sscanf(text, "%6ld%n", &number[count], &used) != 1)
            return 0;
        text += used;
        if (*text == '\0')
            return count + 1;
        if (*text != separators[count])
            return 0;
        text++;
        count++;
    }
}

fgf_status parse_job_time(const char *option, const char *text, long *seconds)
{
    fgf_status status = FGF_OK;
    long n[4] = {0};
    const bool days = strchr(text, '-') != NULL;
    const int count = read_numbers(text, days ? "-::" : "::", n);
    if (days)
        *seconds = ((n[0] * 24 + n[1]) * 60 + n[2]) * 60 + n[3];
    else if (count == 3)
        *seconds = (n[0] * 60 + n[1]) * 60 + n[2];
    else
        *seconds = n[0] * 60 + n[1];
    if (count == 0 || (days && count < 2) || *seconds <= 0)
        FGF_FAIL(FGF_USAGE,
                 "%s: found '%s', expected a time as Slurm writes it: minutes, "
                 "hours:minutes:seconds or days-hours:minutes:seconds",
                 option, text);
done:
    return status;
}

/* A comment of several lines, each behind a #. */
static void add_comment(fgf_buffer *out, const char *text)
{
    while (*text) {
        const size_t length = strcspn(text, "\n");
        fgf_buffer_add(out, length ? "# %.*s\n" : "#%.*s\n", (int)length, text);
        text += length + (text[length] == '\n');
    }
}

static void add_text_option(fgf_buffer *out, const char *name, const char *value)
{
    if (value)
        fgf_buffer_add(out, "#SBATCH --%s=%s\n", name, value);
}

/* What every job has: where it may run and whom it tells. */
static void add_site_options(fgf_buffer *out, const job_settings *job)
{
    fgf_buffer_add(out, "#SBATCH --requeue\n#SBATCH --open-mode=append\n");
    add_text_option(out, "partition", job->partition);
    add_text_option(out, "account", job->account);
    add_text_option(out, "qos", job->qos);
    add_text_option(out, "constraint", job->constraint);
    add_text_option(out, "mail-user", job->mail);
    if (job->mail)
        fgf_buffer_add(out, "#SBATCH --mail-type=END,FAIL,REQUEUE\n");
}

static void add_beginning(fgf_buffer *out, const job_settings *job)
{
    fgf_buffer_add(out, "#!/usr/bin/env bash\n");
    add_comment(out, job->title);
    fgf_buffer_add(out, "#\n");
}

static void add_program(fgf_buffer *out)
{
    fgf_buffer_add(out,
                   "\n# module load openmpi hdf5-mpi openblas      # as they are called on your "
                   "site\n\nfgf=${FGF:-fgf}\n");
}

static void add_setting(fgf_buffer *out, const char *name, const char *value)
{
    fgf_buffer_add(out, "%s=", name);
    add_shell_word(out, value);
    fgf_buffer_add(out, "\n");
}

/* "--name word ", or "word " alone. */
static void add_option(fgf_buffer *out, const char *name, const char *word)
{
    fgf_buffer_add(out, name[0] ? "%s " : "%s", name);
    add_shell_word(out, word);
    fgf_buffer_add(out, " ");
}

static void add_run_settings(fgf_buffer *out, const job_settings *job)
{
    add_setting(out, "sweep", job->sweep);
    add_setting(out, "results", job->results);
    fgf_buffer_add(out, "options=( ");
    if (job->data)
        add_option(out, "--data", job->data);
    if (job->group_size > 0)
        fgf_buffer_add(out, "--group-size %ld ", job->group_size);
    for (size_t k = 0; k < job->override_count; k++)
        add_option(out, "", job->override[k]);
    fgf_buffer_add(out, ")\ntasks=%ld\n", job->tasks);
    fgf_buffer_add(out, "launch=(%s)\n",
                   job->mpirun ? "mpirun" : "srun --mpi=pmix --cpu-bind=cores --wait=60");
    fgf_buffer_add(out, "again=%s\nretries=3\n\n", job->requeue ? "requeue" : "stop");
}

void add_job_script(fgf_buffer *out, const job_settings *job)
{
    add_beginning(out, job);
    add_comment(out, job->plan);
    fgf_buffer_add(out, "#\n#     %s\n#\n", job->submit);
    fgf_buffer_add(out, "#SBATCH --job-name=%s\n", job->name);
    if (job->tasks > 1)
        fgf_buffer_add(out, "#SBATCH --array=1-%ld\n", job->tasks);
    if (job->nodes > 0)
        fgf_buffer_add(out, "#SBATCH --nodes=%ld\n", job->nodes);
    fgf_buffer_add(out, "#SBATCH --ntasks=%ld\n#SBATCH --cpus-per-task=1\n", job->ranks);
    add_text_option(out, "mem-per-cpu", job->memory);
    fgf_buffer_add(out, "#SBATCH --time=");
    add_job_time(out, job->seconds);
    /* srun hands the signal to the ranks; mpirun has to be sent it by the script. */
    fgf_buffer_add(out, "\n#SBATCH --signal=%sUSR1@%ld\n", job->mpirun ? "B:" : "",
                   job->signal_seconds);
    add_site_options(out, job);
    fgf_buffer_add(out, "#SBATCH --output=%s\n", job->tasks > 1 ? "%x-%A_%a.log" : "%x-%j.log");
    add_program(out);
    add_run_settings(out, job);
    add_lines(out, job_body);
}

void add_merge_script(fgf_buffer *out, const job_settings *job)
{
    add_beginning(out, job);
    fgf_buffer_add(out, "# Merges what the tasks left, however they ended; to be submitted again "
                        "after tasks that\n# were run again.\n#\n");
    fgf_buffer_add(out, "#SBATCH --job-name=%s-merge\n#SBATCH --ntasks=1\n", job->name);
    add_text_option(out, "mem-per-cpu", job->memory);
    fgf_buffer_add(out, "#SBATCH --time=");
    add_job_time(out, job->merge_seconds);
    fgf_buffer_add(out, "\n");
    add_site_options(out, job);
    fgf_buffer_add(out, "#SBATCH --output=%%x-%%j.log\n");
    add_program(out);
    add_setting(out, "results", job->results);
    fgf_buffer_add(out, "tasks=%ld\n\n", job->tasks);
    add_lines(out, merge_body);
}

void add_chain_script(fgf_buffer *out, const job_settings *job, const char *script)
{
    add_beginning(out, job);
    fgf_buffer_add(out,
                   "# Jobs that run one after another, each going on where the one before it "
                   "stopped. A link\n# that finds everything done ends at once, with status "
                   "0.\n#\n#     %s\n#\n",
                   job->submit);
    add_setting(out, "script", script);
    fgf_buffer_add(out, "links=%ld\n\n", job->links);
    add_lines(out, chain_body);
}

/* ---- files ---- */

static fgf_status read_whole(const char *path, fgf_buffer *out, bool *exists)
{
    fgf_status status = FGF_OK;
    char piece[4096];
    size_t count;
    FILE *file = fopen(path, "r");
    *exists = file != NULL;
    if (!file && errno == ENOENT)
        return FGF_OK;
    if (!file)
        FGF_FAIL(FGF_ENVIRONMENT, "%s cannot be read: %s", path, strerror(errno));
    while ((count = fread(piece, 1, sizeof piece, file)) > 0)
        fgf_buffer_add_bytes(out, piece, count);
    if (ferror(file))
        FGF_FAIL(FGF_ENVIRONMENT, "%s cannot be read: %s", path, strerror(errno));
    FGF_TRY(out->status);
done:
    if (file)
        fclose(file);
    return status;
}

fgf_status check_script(const char *path, const fgf_buffer *text, bool force)
{
    fgf_status status = FGF_OK;
    fgf_buffer there = {0};
    char *file = NULL;
    bool exists = false;
    FGF_TRY(fgf_output_file(path, &file));
    if (!force)
        FGF_TRY(read_whole(file, &there, &exists));
    if (exists && (there.length != text->length ||
                   (text->length > 0 && memcmp(there.text, text->text, text->length) != 0)))
        FGF_FAIL(FGF_USAGE,
                 "%s is there and differs from what would be written; --force overwrites it, "
                 "--output writes another",
                 path);
done:
    fgf_buffer_clear(&there);
    fgf_free(file);
    return status;
}

fgf_status write_script(const char *path, const fgf_buffer *text)
{
    fgf_status status = FGF_OK;
    FGF_TRY(fgf_write_file(path, text->text, text->length, 0666));
    printf("wrote %s\n", path);
done:
    return status;
}

/* The environment that this process was given, NULL at its end; borrows `bytes`. That of now holds
 * what MPI has put into it, of which the MPI of a job would take itself to be a part. */
static fgf_status first_environment(fgf_buffer *bytes, char ***out)
{
    fgf_status status = FGF_OK;
    size_t count = 0;
    bool exists = false;
    FGF_TRY(read_whole("/proc/self/environ", bytes, &exists));
    for (size_t k = 0; k < bytes->length; k++)
        count += bytes->text[k] == '\0';
    FGF_TRY(FGF_ALLOCATE(count + 1, out));
    for (size_t k = 0, at = 0; k < count; k++, at += strlen(bytes->text + at) + 1)
        (*out)[k] = bytes->text + at;
done:
    return status;
}

fgf_status submit_scripts(const char *command)
{
    fgf_status status = FGF_OK;
    fgf_buffer bytes = {0};
    fgf_buffer line = {0};
    char **environment = NULL;
    char shell_name[] = "sh", takes_command[] = "-c";
    char *words[] = {shell_name, takes_command, NULL, NULL};
    pid_t shell = 0;
    int ended = 0;
    fgf_buffer_add(&line, "%s", command);
    FGF_TRY(line.status);
    words[2] = line.text;
    FGF_TRY(first_environment(&bytes, &environment));
    fflush(stdout);
    if (posix_spawn(&shell, "/bin/sh", NULL, NULL, words, environment) != 0 ||
        waitpid(shell, &ended, 0) != shell || !WIFEXITED(ended) || WEXITSTATUS(ended) != 0)
        FGF_FAIL(FGF_ENVIRONMENT,
                 "Slurm did not take the job (above: why); the scripts are written, submit them "
                 "with: %s",
                 command);
done:
    fgf_buffer_clear(&line);
    fgf_buffer_clear(&bytes);
    fgf_free(environment);
    return status;
}
