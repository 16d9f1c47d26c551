#include "command.h"

#include "fgf/audit.h"
#include "fgf/import.h"
#include "fgf/phantom.h"
#include "fgf/trial.h"
#include "version.h"

#include <stdio.h>
#include <string.h>

static void add_overview(fgf_buffer *out)
{
    fgf_buffer_add(out, "fgf %s - feature gradient flow\n\nusage: fgf COMMAND ...\n\n",
                   FGF_VERSION);
    for (size_t k = 0; commands[k]; k++)
        fgf_buffer_add(out, "  %-9s %s\n", commands[k]->name, commands[k]->help);
    fgf_buffer_add(out, "\n`fgf help COMMAND` tells more; `fgf help spec [KEY]` lists every key of "
                        "a sweep,\n`fgf help import-spec` those of an import manifest, `fgf help "
                        "phantom-spec` those of a phantom, `fgf help audit-spec` those of "
                        "an audit.\n"
                        "Exit status: 0 done, 1 some trials failed, 2 usage or specification, "
                        "3 data,\n4 environment, 75 stopped on request (run again to go on).\n");
}

static fgf_status run_help(fgf_par *par, const arguments *given)
{
    fgf_status status = FGF_OK;
    fgf_buffer out = {0};
    const char *topic = given->operand_count > 0 ? given->operand[0] : NULL;
    const char *filter = given->operand_count > 1 ? given->operand[1] : NULL;
    bool markdown = given->value[0] != NULL;
    const fgf_schema_section phantom = {"", fgf_phantom_keys, "the phantom", true};
    const fgf_schema phantom_schema = {"phantom", &phantom, 1, NULL, 0, false};
    const fgf_schema_section audit = {"audit", fgf_audit_keys, "where odd begins", true};
    const fgf_schema audit_schema = {"audit", &audit, 1, NULL, 0, false};
    const subcommand *found = NULL;
    for (size_t k = 0; topic && commands[k]; k++)
        if (strcmp(commands[k]->name, topic) == 0)
            found = commands[k];
    if (!topic)
        add_overview(&out);
    else if (strcmp(topic, "version") == 0)
        fgf_buffer_add(&out, "fgf %s\n", FGF_VERSION);
    else if (strcmp(topic, "spec") == 0)
        fgf_schema_help(fgf_trial_schema(), filter, markdown, &out);
    else if (strcmp(topic, "import-spec") == 0)
        fgf_schema_help(fgf_import_schema(), filter, markdown, &out);
    else if (strcmp(topic, "phantom-spec") == 0)
        fgf_schema_help(&phantom_schema, filter, markdown, &out);
    else if (strcmp(topic, "audit-spec") == 0)
        fgf_schema_help(&audit_schema, filter, markdown, &out);
    else if (found)
        describe_command(found, &out);
    else
        FGF_FAIL(FGF_USAGE, "no help on '%s'; see `fgf help`", topic);
    FGF_TRY(out.status);
    if (out.length == 0)
        FGF_FAIL(FGF_USAGE, "no key at or below '%s'; see `fgf help %s`", filter ? filter : "",
                 topic ? topic : "");
    if (fgf_par_rank(par) == 0)
        fputs(out.text, stdout);
done:
    fgf_buffer_clear(&out);
    return status;
}

static const option options[] = {
    {"--markdown", 0, NULL, "key references as Markdown tables, as in docs/"}, {0}};

const subcommand command_help = {
    .name = "help",
    .usage = "[COMMAND | spec [KEY] | import-spec | phantom-spec | audit-spec]",
    .help = "explains commands and every key of the files",
    .options = options,
    .run = run_help};
