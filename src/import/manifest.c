#include "manifest.h"
#include "fgf/memory.h"

#include <stdio.h>
#include <string.h>

typedef struct top_settings {
    const char *name;
} top_settings;

#define TOP(member) offsetof(top_settings, member)
static const fgf_key top_keys[] = {
    {"name", FGF_KEY_TEXT, TOP(name), "cohort", 0, 0, NULL, "", "name of the cohort"}, {0}};

#define SOURCE(member) offsetof(fgf_source_settings, member)
static const fgf_key source_keys[] = {
    {"kind", FGF_KEY_CHOICE, SOURCE(kind), NULL, 0, 0, "png|nifti|nrrd|dicom", "",
     "format of the images"},
    {"folder", FGF_KEY_FILE, SOURCE(folder), ".", 0, 0, NULL, "",
     "folder that the file patterns start from"},
    {"image", FGF_KEY_TEXT, SOURCE(image), "\"\"", 0, 0, NULL, "",
     "file of a case's image, or folder with its DICOM files and folders; {id} stands for the id, "
     "* "
     "and ? for any letters; empty = {id}.png, {id}.nii.gz, {id}.nrrd, {id}"},
    {"mask", FGF_KEY_TEXT, SOURCE(mask), "\"\"", 0, 0, NULL, "",
     "file of a case's mask, not 0 inside; empty = derived (pixels above 0, holes filled); dicom: "
     "empty = the structure set or segmentation that refers to the images"},
    {"modality", FGF_KEY_TEXT, SOURCE(modality), "CT", 0, 0, NULL, "",
     "dicom: modality of the series that is taken; empty = any"},
    {"regions", FGF_KEY_TEXTS, SOURCE(regions), "[]", 0, 0, NULL, "",
     "dicom: which structures make the mask: names, or /regular expressions/, tried in order; all "
     "that fit the first one that fits are joined; \"A + B\" asks for both"},
    {"regions_table", FGF_KEY_TEXTS, SOURCE(regions_table), "[]", 0, 0, NULL, "",
     "tables with names of structures case by case; they go before source.regions"},
    {"regions_id", FGF_KEY_TEXT, SOURCE(regions_id), "id", 0, 0, NULL, "",
     "their column of the case id"},
    {"regions_columns", FGF_KEY_TEXTS, SOURCE(regions_columns), "[]", 0, 0, NULL, "",
     "their columns of names; a cell may hold several, commas between; all are joined"},
    {"channel", FGF_KEY_TEXT, SOURCE(channel), "ct", 0, 0, NULL, "",
     "name of the one channel (several: the list `channels`)"},
    {"missing", FGF_KEY_CHOICE, SOURCE(missing), "bad", 0, 0, "bad|exclude", "",
     "a case whose first image is not there is a bad case, or left out with the reason stored"},
    {0}};

#define TABLE(member) offsetof(fgf_table_settings, member)
static const fgf_key table_keys[] = {
    {"file", FGF_KEY_TEXTS, TABLE(file), NULL, 0, 0, NULL, "",
     "outcome table, a text file; or a list of them, one a hospital say, whose columns may be in "
     "another order"},
    {"delimiter", FGF_KEY_TEXT, TABLE(delimiter), "auto", 0, 0, NULL, "",
     "one character, tab, or auto: the most frequent of , ; tab | in the first line"},
    {"decimal", FGF_KEY_CHOICE, TABLE(decimal), "auto", 0, 0, "auto|point|comma", "",
     "decimal mark; auto = point, and comma too where it is not the delimiter"},
    {"id", FGF_KEY_TEXT, TABLE(id), "id", 0, 0, NULL, "", "column of the case id"},
    {"event", FGF_KEY_TEXT, TABLE(event), "\"\"", 0, 0, NULL, "",
     "column of the event, 0 or 1; empty = no labels"},
    {"time", FGF_KEY_TEXT, TABLE(time), "\"\"", 0, 0, NULL, "", "column of the time to the event"},
    {"follow_up", FGF_KEY_TEXT, TABLE(follow_up), "\"\"", 0, 0, NULL, "",
     "column of the time to the last follow-up"},
    {"horizon", FGF_KEY_REAL, TABLE(horizon), "730", 0, 1e9, NULL, "days",
     "label 1 = event within this time; in = followed so long, or event; 0 = no horizon"},
    {"unknown_time", FGF_KEY_CHOICE, TABLE(unknown_time), "outside", 0, 0, "outside|exclude|infer",
     "",
     "an event without a time: label 0 with a warning, left out, or 1 where the follow-up ended "
     "within the horizon and left out elsewhere"},
    {"outside_rule", FGF_KEY_CHOICE, TABLE(outside_rule), "exclude", 0, 0, "exclude|unlabelled", "",
     "a case that gets no label (followed too briefly, event not known) is left out with the "
     "reason stored, or kept without a label"},
    {"patient", FGF_KEY_TEXT, TABLE(patient), "\"\"", 0, 0, NULL, "",
     "column of the patient; empty = the id"},
    {"centre", FGF_KEY_TEXT, TABLE(centre), "\"\"", 0, 0, NULL, "", "column of the hospital"},
    {"centre_pattern", FGF_KEY_TEXT, TABLE(centre_pattern), "\"\"", 0, 0, NULL, "",
     "extended regular expression on the id; its first group is the hospital"},
    {0}};

#define CHANNEL(member) offsetof(fgf_channel_settings, member)
static const fgf_key channel_keys[] = {
    {"pattern", FGF_KEY_TEXT, CHANNEL(pattern), NULL, 0, 0, NULL, "",
     "file of this image, {id} stands for the case's id"},
    {"window", FGF_KEY_REALS, CHANNEL(window), "[]", 0, 0, NULL, "stored unit",
     "stored values that become x = 0 and x = 1; [] = preprocess.window"},
    {"unit", FGF_KEY_TEXT, CHANNEL(unit), "\"\"", 0, 0, NULL, "",
     "name of the stored unit; empty = preprocess.unit"},
    {0}};
static const fgf_item_kind image_kind = {"image", "one image of a case, a channel; all on one grid",
                                         channel_keys, sizeof(fgf_channel_settings)};
static const fgf_item_kind *const channel_kinds[] = {&image_kind};

static const fgf_schema_section sections[] = {
    {"", top_keys, "the cohort", true},
    {"source", source_keys, "where the images are", true},
    {"table", table_keys, "the outcome table", true},
    {"preprocess", fgf_preprocess_keys, "from stored values to x, in the order given there", true},
};
static const fgf_schema_list lists[] = {
    {"channels", channel_kinds, 1, "several images per case; absent = one, source.image", 0}};
static const fgf_schema schema = {
    "import manifest", sections, sizeof sections / sizeof sections[0], lists, 1, false};

const fgf_schema *fgf_import_schema(void)
{
    return &schema;
}

static const char *where(const fgf_config *config, const char *path)
{
    const char *place = fgf_config_where(config, path);
    return place ? place : path;
}

static void check_pattern(const fgf_config *config, const char *path, const char *pattern,
                          fgf_faults *faults)
{
    if (!strstr(pattern, "{id}"))
        fgf_faults_add(faults,
                       "%s: %s: \"%s\" names the same file for every case; write {id} where "
                       "the id belongs",
                       where(config, path), path, pattern);
}

/* Image c of a case. A stack makes a channel of each of its slices, in the order of z, named by how
 * far it lies from the middle one: "ct-1", "ct", "ct+1". */
static void set_channel(fgf_manifest *m, int c, const char *name, const char *pattern,
                        fgf_reals window, const char *unit)
{
    const int slices = fgf_preprocess_slices(&m->preprocess);
    m->pattern[c] = pattern;
    if (window.count != 2)
        return; /* a fault already */
    for (int s = 0; s < slices; s++) {
        const int index = c * slices + s, offset = s - slices / 2;
        fgf_channel *channel = &m->channel[index];
        char place[16] = "";
        if (offset != 0)
            snprintf(place, sizeof place, "%+d", offset);
        snprintf(channel->name, sizeof channel->name, "%.*s%s",
                 (int)(sizeof channel->name - sizeof place), name, place);
        snprintf(channel->unit, sizeof channel->unit, "%s", unit);
        for (int k = 0; k < 2; k++)
            m->window[index][k] = channel->window[k] = window.values[k];
        channel->units.slope = window.values[1] - window.values[0];
        channel->units.intercept = window.values[0];
    }
}

static fgf_status set_channels(fgf_manifest *m, const fgf_config *config, fgf_faults *faults)
{
    fgf_status status = FGF_OK;
    const fgf_item *items = NULL;
    size_t count = 0;
    const fgf_preprocess *p = &m->preprocess;
    FGF_TRY(fgf_config_items(config, "channels", &items, &count));
    const size_t slices = (size_t)fgf_preprocess_slices(p), images = count ? count : 1;
    if (images * slices > FGF_CHANNELS_MAX)
        FGF_FAIL(FGF_USAGE, "%s: %zu images of %zu slices make %zu channels, at most %d",
                 count ? items[0].where : where(config, "preprocess.slices"), images, slices,
                 images * slices, FGF_CHANNELS_MAX);
    m->has_channels = count > 0;
    m->channel_count = (int)images;
    for (size_t c = 0; c < count; c++) {
        const fgf_channel_settings *s = items[c].settings;
        if (s->window.count != 0 &&
            (s->window.count != 2 || !(s->window.values[0] < s->window.values[1])))
            fgf_faults_add(faults, "%s: window: expected two numbers, the lower first",
                           items[c].where);
        if (!strstr(s->pattern, "{id}"))
            fgf_faults_add(faults, "%s: pattern: \"%s\" has no {id}", items[c].where, s->pattern);
        set_channel(m, (int)c, items[c].name, s->pattern, s->window.count ? s->window : p->window,
                    *s->unit ? s->unit : p->unit);
    }
    if (count == 0) {
        static const char *const usual[] = {"{id}.png", "{id}.nii.gz", "{id}.nrrd", "{id}"};
        const char *pattern = *m->source.image ? m->source.image : usual[m->source.kind];
        check_pattern(config, "source.image", pattern, faults);
        set_channel(m, 0, m->source.channel, pattern, p->window, p->unit);
    }
    if (*m->source.mask)
        check_pattern(config, "source.mask", m->source.mask, faults);
done:
    return status;
}

/* What makes two cohorts comparable: every key of preprocessing, the kind of source, the windows.
 */
static fgf_status describe(fgf_manifest *m, const fgf_config *config)
{
    fgf_status status = FGF_OK;
    fgf_buffer text = {0};
    fgf_buffer_add(&text, "source.kind = %s\n", fgf_config_value(config, "source.kind"));
    fgf_buffer_add(&text, "mask = %s\n",
                   *m->source.mask                      ? "file"
                   : m->source.kind == FGF_SOURCE_DICOM ? "structures"
                                                        : "derived");
    for (const fgf_key *key = fgf_preprocess_keys; key->name; key++) {
        char path[64];
        snprintf(path, sizeof path, "preprocess.%s", key->name);
        const char *value = fgf_config_value(config, path);
        fgf_buffer_add(&text, "%s = %s\n", path, value ? value : "");
    }
    for (int c = 0; c < m->channel_count * fgf_preprocess_slices(&m->preprocess); c++)
        fgf_buffer_add(&text, "channel %s = [%.17g, %.17g] %s\n", m->channel[c].name,
                       m->window[c][0], m->window[c][1], m->channel[c].unit);
    FGF_TRY(text.status);
    FGF_TRY(fgf_copy_text(text.text, &m->preprocessing));
done:
    fgf_buffer_clear(&text);
    return status;
}

/* What may be told of a manifest that hides names: settings that hold none. */
static fgf_status keep_settings(fgf_manifest *m, const fgf_config *config, fgf_buffer *text)
{
    static const char *const told[] = {
        "name = ",        "source.kind = ",   "source.missing = ",     "source.regions = ",
        "table.event = ", "table.horizon = ", "table.unknown_time = ", "table.outside_rule = ",
        "preprocess."};
    fgf_status status = FGF_OK;
    const char *line = fgf_config_canonical(config);
    if (!line)
        FGF_FAIL(FGF_MEMORY, "no memory for the manifest's settings");
    fgf_buffer_add(text, "# ids are pseudonyms; settings that name files are left out\n");
    while (*line) {
        const size_t length = strcspn(line, "\n");
        for (size_t k = 0; k < sizeof told / sizeof told[0]; k++)
            if (strncmp(line, told[k], strlen(told[k])) == 0)
                fgf_buffer_add(text, "%.*s\n", (int)length, line);
        line += length + (line[length] == '\n');
    }
    for (int c = 0; c < m->channel_count; c++)
        fgf_buffer_add(text, "channel %s\n",
                       m->channel[c * fgf_preprocess_slices(&m->preprocess)].name);
done:
    return status;
}

static fgf_status keep_origin(fgf_manifest *m, const fgf_config *config,
                              const fgf_import_options *options)
{
    fgf_status status = FGF_OK;
    fgf_buffer text = {0};
    if (m->hides_names)
        FGF_TRY(keep_settings(m, config, &text));
    else
        fgf_buffer_add(&text, "%s", fgf_sweep_text(m->sweep));
    for (size_t k = 0; k < options->override_count && !m->hides_names; k++)
        fgf_buffer_add(&text, "# command line: %s\n", options->overrides[k]);
    FGF_TRY(text.status);
    FGF_TRY(fgf_copy_text(text.text, &m->origin));
done:
    fgf_buffer_clear(&text);
    return status;
}

/* Files of a list are relative as those of a key that holds one: to the manifest's folder, or to
 * the working folder where the command line gives them. */
static fgf_status locate_files(const fgf_config *config, const char *path, const char *manifest,
                               fgf_texts files, char ***out)
{
    fgf_status status = FGF_OK;
    fgf_buffer name = {0};
    const char *slash = strrchr(manifest, '/');
    const bool as_given = strncmp(where(config, path), "command line", 12) == 0 || !slash;
    FGF_TRY(FGF_ALLOCATE(files.count, out));
    for (size_t k = 0; k < files.count; k++) {
        name.length = 0;
        if (!as_given && files.values[k][0] != '/')
            fgf_buffer_add(&name, "%.*s/", (int)(slash - manifest), manifest);
        fgf_buffer_add(&name, "%s", files.values[k]);
        FGF_TRY(name.status);
        FGF_TRY(fgf_copy_text(name.text, &(*out)[k]));
    }
done:
    fgf_buffer_clear(&name);
    return status;
}

static void check_regions(const fgf_config *config, const fgf_manifest *m, fgf_faults *faults)
{
    const fgf_source_settings *s = &m->source;
    const bool named = s->regions.count > 0 || s->regions_table.count > 0;
    if (s->kind != FGF_SOURCE_DICOM && named)
        fgf_faults_add(faults, "%s: source.regions and source.regions_table are for kind: dicom",
                       where(config, s->regions.count ? "source.regions" : "source.regions_table"));
    if (s->kind == FGF_SOURCE_DICOM && !*s->mask && !named)
        fgf_faults_add(faults,
                       "%s: source.regions: which structures make the mask? Name them, or give "
                       "source.regions_table or source.mask (`fgf import --list` shows all names)",
                       where(config, "source.kind"));
    if ((s->regions_table.count > 0) != (s->regions_columns.count > 0))
        fgf_faults_add(faults,
                       "%s: source.regions_table and source.regions_columns belong together",
                       where(config, s->regions_table.count ? "source.regions_table"
                                                            : "source.regions_columns"));
    const fgf_structure_choice choice = {s->regions.count, s->regions.values};
    const char *none = "";
    bool chosen = false; /* there is nothing to choose from: only the patterns are looked at */
    if (s->regions.count > 0 &&
        fgf_structures_choose(&choice, 0, &none, &chosen, NULL) == FGF_USAGE)
        fgf_faults_add(faults, "%s: source.regions: %s", where(config, "source.regions"),
                       fgf_last_error()->message);
    if (s->kind == FGF_SOURCE_DICOM && m->has_channels)
        fgf_faults_add(faults, "%s: a dicom cohort has one series a case, no list of channels",
                       where(config, "channels"));
}

static void check_table(const fgf_config *config, const fgf_manifest *m, fgf_faults *faults)
{
    const fgf_table_settings *t = &m->table;
    if (t->file.count == 0)
        fgf_faults_add(faults, "%s: table.file: expected at least one file",
                       where(config, "table.file"));
    if (strcmp(t->delimiter, "auto") != 0 && strcmp(t->delimiter, "tab") != 0 &&
        strlen(t->delimiter) != 1)
        fgf_faults_add(faults, "%s: table.delimiter: \"%s\", expected one character, tab or auto",
                       where(config, "table.delimiter"), t->delimiter);
    if (*t->event && t->horizon > 0 && !*t->time)
        fgf_faults_add(faults,
                       "%s: table.event is given, but no table.time: a horizon needs the "
                       "time to the event (horizon: 0 = none)",
                       where(config, "table.event"));
    if (*t->event && t->horizon > 0 && !*t->follow_up)
        fgf_faults_add(faults,
                       "%s: table.event is given, but no table.follow_up: a horizon needs "
                       "the time followed (horizon: 0 = none)",
                       where(config, "table.event"));
    if (*t->centre && *t->centre_pattern)
        fgf_faults_add(faults, "%s: table.centre and table.centre_pattern are both given",
                       where(config, "table.centre_pattern"));
}

fgf_status fgf_manifest_load(const char *path, const fgf_import_options *options, fgf_manifest *out)
{
    fgf_status status = FGF_OK;
    fgf_faults faults = {0};
    top_settings top = {0};
    memset(out, 0, sizeof *out);
    FGF_TRY(
        fgf_sweep_load(path, &schema, options->overrides, options->override_count, &out->sweep));
    const fgf_config *config = fgf_sweep_trial(out->sweep, 0);
    FGF_TRY(fgf_config_section(config, "", &top));
    FGF_TRY(fgf_config_section(config, "source", &out->source));
    FGF_TRY(fgf_config_section(config, "table", &out->table));
    FGF_TRY(fgf_config_section(config, "preprocess", &out->preprocess));
    out->name = top.name;
    out->hides_names = options->pseudonym_key != NULL;
    fgf_preprocess_check(config, &out->preprocess, out->source.kind == FGF_SOURCE_PNG, &faults);
    check_table(config, out, &faults);
    FGF_TRY(set_channels(out, config, &faults));
    check_regions(config, out, &faults);
    FGF_TRY(fgf_faults_report(&faults, FGF_USAGE, path));
    FGF_TRY(locate_files(config, "table.file", path, out->table.file, &out->table_file));
    FGF_TRY(locate_files(config, "source.regions_table", path, out->source.regions_table,
                         &out->regions_file));
    FGF_TRY(describe(out, config));
    FGF_TRY(keep_origin(out, config, options));
done:
    fgf_faults_clear(&faults);
    if (status != FGF_OK)
        fgf_manifest_clear(out);
    return status;
}

static void clear_list(char **list, size_t count)
{
    for (size_t k = 0; list && k < count; k++)
        fgf_free(list[k]);
    fgf_free(list);
}

void fgf_manifest_clear(fgf_manifest *manifest)
{
    clear_list(manifest->table_file, manifest->table.file.count);
    clear_list(manifest->regions_file, manifest->source.regions_table.count);
    fgf_sweep_destroy(&manifest->sweep);
    fgf_free(manifest->preprocessing);
    fgf_free(manifest->origin);
    memset(manifest, 0, sizeof *manifest);
}
