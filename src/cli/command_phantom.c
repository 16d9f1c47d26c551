#include "session.h"

#include "fgf/file_bytes.h"
#include "fgf/log.h"
#include "fgf/phantom.h"

#include <stdio.h>

enum { OUTPUT };

static const option options[] = {{"--output", 'o', "FILE", "dataset file (default: phantom.h5)"},
                                 {0}};

static fgf_status make_phantom(const arguments *given)
{
    fgf_status status = FGF_OK;
    const fgf_schema_section section = {"", fgf_phantom_keys, "the phantom", true};
    const fgf_schema schema = {"phantom", &section, 1, NULL, 0, false};
    const char *output = given->value[OUTPUT] ? given->value[OUTPUT] : "phantom.h5";
    fgf_sweep *document = NULL;
    fgf_phantom_settings settings = {0};
    for (size_t k = 0; k < given->operand_count; k++)
        FGF_TRY(fgf_output_apart(output, given->operand[k], "the description that is read"));
    if (given->operand_count == 1)
        FGF_TRY(fgf_sweep_load(given->operand[0], &schema, given->override, given->override_count,
                               &document));
    else if (given->operand_count == 0)
        FGF_TRY(fgf_sweep_parse("{}", "phantom", &schema, given->override, given->override_count,
                                &document));
    else
        FGF_FAIL(FGF_USAGE, "fgf phantom takes one file at most; see `fgf help phantom`");
    FGF_TRY(fgf_config_section(fgf_sweep_trial(document, 0), "", &settings));
    FGF_TRY(fgf_phantom_write(&settings, output));
    if (settings.depth > 1)
        fgf_log("%lld cases of %lld x %lld x %lld voxels: %s", (long long)settings.cases,
                (long long)settings.depth, (long long)settings.size, (long long)settings.size,
                output);
    else
        fgf_log("%lld cases of %lld x %lld pixels: %s", (long long)settings.cases,
                (long long)settings.size, (long long)settings.size, output);
done:
    fgf_sweep_destroy(&document);
    return status;
}

static fgf_status run_phantom(fgf_par *par, const arguments *given)
{
    return fgf_par_agree(par, fgf_par_rank(par) == 0 ? make_phantom(given) : FGF_OK);
}

const subcommand command_phantom = {.name = "phantom",
                                    .usage = "[PHANTOM.yaml] [-o PHANTOM.h5] [KEY=VALUE ...]",
                                    .help = "makes a synthetic cohort with a known answer",
                                    .options = options,
                                    .takes_overrides = true,
                                    .run = run_phantom,
                                    .more = "`fgf help phantom-spec` lists the keys.\n"};
