#include "command.h"

#include "fgf/file_bytes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static size_t option_count(const option *options)
{
    size_t count = 0;
    while (options && options[count].name)
        count++;
    return count;
}

static fgf_status unknown_option(const subcommand *command, const char *given)
{
    fgf_status status = FGF_OK;
    const char *names[OPTIONS_MOST];
    size_t count = option_count(command->options);
    for (size_t k = 0; k < count; k++)
        names[k] = command->options[k].name;
    const char *nearest = fgf_nearest_name(given, names, count);
    if (nearest)
        FGF_FAIL(FGF_USAGE, "fgf %s: unknown option %s; did you mean %s?", command->name, given,
                 nearest);
    FGF_FAIL(FGF_USAGE, "fgf %s: unknown option %s; see `fgf help %s`", command->name, given,
             command->name);
done:
    return status;
}

/* The option that argv[*at] names, and its value from "--name=value" or the next argument. */
static fgf_status take_option(const subcommand *command, int argc, char **argv, int *at,
                              arguments *out)
{
    fgf_status status = FGF_OK;
    const char *given = argv[*at];
    const char *equals = strchr(given, '=');
    size_t length = equals ? (size_t)(equals - given) : strlen(given);
    for (size_t k = 0; k < option_count(command->options); k++) {
        const option *o = &command->options[k];
        bool by_letter = o->letter && given[1] == o->letter && given[2] == '\0';
        bool by_name = strncmp(given, o->name, length) == 0 && o->name[length] == '\0';
        if (!by_letter && !by_name)
            continue;
        if (out->value[k])
            FGF_FAIL(FGF_USAGE, "fgf %s: option %s is given twice", command->name, o->name);
        if (!o->value) {
            if (by_name && equals)
                FGF_FAIL(FGF_USAGE, "fgf %s: option %s takes no value", command->name, o->name);
            out->value[k] = "";
        } else if (by_name && equals) {
            out->value[k] = equals + 1;
        } else {
            if (*at + 1 >= argc)
                FGF_FAIL(FGF_USAGE, "fgf %s: option %s needs a value: %s %s", command->name, given,
                         o->name, o->value);
            out->value[k] = argv[++*at];
        }
        goto done;
    }
    status = unknown_option(command, given);
done:
    return status;
}

fgf_status parse_arguments(const subcommand *command, int argc, char **argv, arguments *out)
{
    fgf_status status = FGF_OK;
    bool options_over = false;
    memset(out, 0, sizeof *out);
    out->argc = argc;
    out->argv = argv;
    for (int at = 2; at < argc; at++) {
        const char *given = argv[at];
        if (!options_over && strcmp(given, "--") == 0) {
            options_over = true;
        } else if (!options_over && given[0] == '-' && given[1] != '\0') {
            FGF_TRY(take_option(command, argc, argv, &at, out));
        } else if (command->takes_overrides && strchr(given, '=')) {
            if (out->override_count == OPERANDS_MOST)
                FGF_FAIL(FGF_USAGE, "fgf %s: more than %d overrides", command->name, OPERANDS_MOST);
            out->override[out->override_count++] = given;
        } else {
            if (out->operand_count == OPERANDS_MOST)
                FGF_FAIL(FGF_USAGE, "fgf %s: more than %d operands", command->name, OPERANDS_MOST);
            out->operand[out->operand_count++] = given;
        }
    }
done:
    return status;
}

void describe_command(const subcommand *command, fgf_buffer *out)
{
    fgf_buffer_add(out, "usage: fgf %s %s\n\n%s\n", command->name, command->usage, command->help);
    if (option_count(command->options) > 0)
        fgf_buffer_add(out, "\n");
    for (size_t k = 0; k < option_count(command->options); k++) {
        const option *o = &command->options[k];
        fgf_buffer left = {0};
        if (o->letter)
            fgf_buffer_add(&left, "-%c, ", o->letter);
        else
            fgf_buffer_add(&left, "    ");
        fgf_buffer_add(&left, "%s%s%s", o->name, o->value ? " " : "", o->value ? o->value : "");
        fgf_buffer_add(out, "  %-32s %s\n", left.text ? left.text : "", o->help);
        fgf_buffer_clear(&left);
    }
    if (command->more)
        fgf_buffer_add(out, "\n%s", command->more);
}

fgf_status parse_integer(const char *name, const char *text, long least, long greatest, long *out)
{
    fgf_status status = FGF_OK;
    char *end = NULL;
    errno = 0;
    *out = strtol(text, &end, 10);
    if (errno || end == text || *end || *out < least || *out > greatest)
        FGF_FAIL(FGF_USAGE, "%s: found '%s', expected a whole number from %ld to %ld", name, text,
                 least, greatest);
done:
    return status;
}

fgf_status parse_real(const char *name, const char *text, double least, double greatest,
                      double *out)
{
    fgf_status status = FGF_OK;
    char *end = NULL;
    errno = 0;
    *out = strtod(text, &end);
    if (errno || end == text || *end || !(*out >= least && *out <= greatest))
        FGF_FAIL(FGF_USAGE, "%s: found '%s', expected a number from %g to %g", name, text, least,
                 greatest);
done:
    return status;
}

void add_command_line(const arguments *given, fgf_buffer *out)
{
    for (int k = 0; k < given->argc; k++) {
        const char *word = given->argv[k];
        bool plain = word[0] != '\0' && !strpbrk(word, " \t\n'\"$`\\*?[]{}()<>|&;#~");
        fgf_buffer_add(out, plain ? "%s%s" : "%s'%s'", k > 0 ? " " : "", k > 0 ? word : "fgf");
    }
}

fgf_status find_output(fgf_par *par, const char *path, char **out)
{
    return fgf_par_agree(par, fgf_output_file(path, out));
}

fgf_status parse_watchdog(const char *text, double *limit)
{
    fgf_status status = FGF_OK;
    *limit = FGF_WATCHDOG_SECONDS;
    if (text)
        FGF_TRY(parse_real("--watchdog", text, 0, 1e7, limit));
done:
    return status;
}
