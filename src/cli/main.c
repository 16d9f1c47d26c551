/* fgf: starts MPI, finds the subcommand, runs it on all ranks, and turns its status into the
 * process's exit status. */
#include "command.h"

#include "fgf/kernel.h"
#include "fgf/log.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const subcommand *const commands[] = {
    &command_import, &command_phantom, &command_features, &command_check,
    &command_split,  &command_plan,    &command_run,      &command_submit,
    &command_score,  &command_merge,   &command_status,   &command_verify,
    &command_export, &command_bench,   &command_help,     NULL};

static const subcommand *find_command(const char *name)
{
    for (size_t k = 0; commands[k]; k++)
        if (strcmp(commands[k]->name, name) == 0)
            return commands[k];
    return NULL;
}

static fgf_status unknown_command(const char *name)
{
    fgf_status status = FGF_OK;
    const char *names[OPTIONS_MOST];
    size_t count = 0;
    for (; commands[count]; count++)
        names[count] = commands[count]->name;
    const char *nearest = fgf_nearest_name(name, names, count);
    if (nearest)
        FGF_FAIL(FGF_USAGE, "unknown command '%s'; did you mean `fgf %s`?", name, nearest);
    FGF_FAIL(FGF_USAGE, "unknown command '%s'; see `fgf help`", name);
done:
    return status;
}

/* The command that was asked for; help stands in for nothing, -h, --help and --version. */
static fgf_status choose(int argc, char **argv, const subcommand **chosen, arguments *given)
{
    fgf_status status = FGF_OK;
    *chosen = &command_help;
    memset(given, 0, sizeof *given);
    given->argc = argc;
    given->argv = argv;
    if (argc < 2 || strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "--help") == 0)
        return FGF_OK;
    if (strcmp(argv[1], "--version") == 0) {
        given->operand[given->operand_count++] = "version";
        return FGF_OK;
    }
    *chosen = find_command(argv[1]);
    if (!*chosen)
        return unknown_command(argv[1]);
    for (int k = 2; k < argc; k++) {
        if (strcmp(argv[k], "--help") == 0 || strcmp(argv[k], "-h") == 0) {
            *chosen = &command_help;
            given->operand[given->operand_count++] = argv[1];
            return FGF_OK;
        }
    }
    FGF_TRY(parse_arguments(*chosen, argc, argv, given));
done:
    return status;
}

int main(int argc, char **argv)
{
    fgf_status status = FGF_OK;
    fgf_par *par = NULL;
    const subcommand *chosen = NULL;
    static arguments given;
    const char *debug = getenv("FGF_DEBUG");

    /* A pipe closed by its reader (`fgf status | head`) ends the program quietly. */
    signal(SIGPIPE, SIG_DFL);
    /* A file over the limit of a batch system is an error of its write, with the file's name. */
    signal(SIGXFSZ, SIG_IGN);
    FGF_TRY(fgf_par_start(&argc, &argv, &par));
    fgf_log_setup(fgf_par_rank(par) == 0, debug && debug[0]);
    FGF_TRY(fgf_par_agree(par, fgf_kernel_start()));
    FGF_TRY(choose(argc, argv, &chosen, &given));
    FGF_TRY(chosen->run(par, &given));
done:
    if (status != FGF_OK && status != FGF_TRIAL)
        fgf_log_error(false);
    if ((fflush(stdout) != 0 || ferror(stdout)) && status == FGF_OK) {
        fgf_log("error: the results cannot be written to standard output");
        status = FGF_ENVIRONMENT;
    }
    /* HDF5 keeps a file that it could not close for want of room, and crashes over it when
     * MPI_Finalize has it clean up. There is nothing left to be done on any rank. */
    if (status == FGF_ENVIRONMENT)
        _exit(fgf_status_exit(status));
    fgf_par_finish(&par);
    return fgf_status_exit(status);
}
