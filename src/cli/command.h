/* Subcommands: one file each, one line each in the table of main.c. */
#ifndef FGF_CLI_COMMAND_H
#define FGF_CLI_COMMAND_H

#include "fgf/par.h"
#include "fgf/status.h"
#include "fgf/text.h"

/* An option of a subcommand: "--name VALUE" or a flag. */
typedef struct option {
    const char *name;  /* "--output"; NULL ends a table */
    char letter;       /* 'o', or 0 */
    const char *value; /* "FILE", or NULL for a flag */
    const char *help;
} option;

enum { OPTIONS_MOST = 32, OPERANDS_MOST = 4096 };

/* A parsed command line. Texts are borrowed from argv. */
typedef struct arguments {
    const char *value[OPTIONS_MOST]; /* by position in the table; "" for a flag that is set */
    const char *operand[OPERANDS_MOST];
    size_t operand_count;
    const char *override[OPERANDS_MOST]; /* key=value */
    size_t override_count;
    int argc; /* all of it, for records */
    char **argv;
} arguments;

typedef struct subcommand {
    const char *name;
    const char *usage; /* what follows the name */
    const char *help;  /* one line */
    const option *options;
    bool takes_overrides; /* operands of the form key=value */
    fgf_status (*run)(fgf_par *par, const arguments *given);
    const char *more; /* further help, or NULL */
} subcommand;

extern const subcommand command_split, command_import, command_phantom, command_check, command_plan,
    command_run, command_score, command_status, command_verify, command_export, command_bench,
    command_submit, command_merge, command_features, command_help;

/* All commands, NULL at the end. */
extern const subcommand *const commands[];

/* Parses argv[2..]; FGF_USAGE names the bad option and the nearest good one. */
fgf_status parse_arguments(const subcommand *command, int argc, char **argv,
                           arguments *out) FGF_CHECKED;
/* Appends the help of one command. */
void describe_command(const subcommand *command, fgf_buffer *out);

/* Numbers of options. */
fgf_status parse_integer(const char *name, const char *text, long least, long greatest,
                         long *out) FGF_CHECKED;
fgf_status parse_real(const char *name, const char *text, double least, double greatest,
                      double *out) FGF_CHECKED;
/* The option --watchdog: seconds, FGF_WATCHDOG_SECONDS where it is not given. */
#define WATCHDOG_HELP "name a rank that is stuck for so long, end at twice (default 900; 0 = never)"
fgf_status parse_watchdog(const char *text, double *limit) FGF_CHECKED;

/* The file that an output is named by (fgf_output_file); *out is the caller's. Before any work, and
 * on all ranks: collective. */
fgf_status find_output(fgf_par *par, const char *path, char **out) FGF_CHECKED;

/* The command line as one text, for records. */
void add_command_line(const arguments *given, fgf_buffer *out);

#endif
