/* A feature from a shared object: h and its gradient in stored units are the plug-in's, through the
 * interface of fgf/feature_plugin.h. */
#include "plugin.h"

#include "fgf/memory.h"
#include "fgf/random.h"
#include "fgf/text.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

typedef struct plugin_settings {
    feature_settings common;
    const char *file;
    fgf_texts settings;
} plugin_settings;

#define MEMBER(name) offsetof(plugin_settings, name)
static const fgf_key keys[] = {
    FEATURE_CHANNEL_KEY,
    {"file", FGF_KEY_FILE, MEMBER(file), NULL, 0, 0, NULL, "",
     "shared object that exports fgf_plugin_feature (include/fgf/feature_plugin.h)"},
    {"settings", FGF_KEY_TEXTS, MEMBER(settings), "[]", 0, 0, NULL, "",
     "what the plug-in is told: a list of key=value"},
    {.name = NULL}};

int32_t plugin_call(const plugin_state *state, const fgf_region *region, const double *value,
                    int32_t *place, double *h, double *gradient)
{
    const fgf_shape shape = region->shape;
    const fgf_plugin_region lent = {
        .shape = {shape.depth, shape.height, shape.width},
        .spacing = {region->spacing[0], region->spacing[1], region->spacing[2]},
        .count = region->pixel_count,
        .place = place};
    for (size_t i = 0; i < region->pixel_count; i++) {
        place[3 * i] = region->pixel[i] / shape.width / shape.height;
        place[3 * i + 1] = region->pixel[i] / shape.width % shape.height;
        place[3 * i + 2] = region->pixel[i] % shape.width;
    }
    return state->plugin->evaluate(state->own, &lent, value, h, gradient);
}

static fgf_undefined evaluate(const fgf_feature *feature, const fgf_region *region,
                              const double *value, double *work, double *h, double *gradient)
{
    /* Memory of the heap: it may hold other numbers than doubles. */
    int32_t *place = (int32_t *)(void *)work;
    if (plugin_call(feature->state, region, value, place, h, gradient) != 0)
        return FGF_UNDEFINED_PLUGIN;
    return FGF_UNDEFINED_DEFINED;
}

static size_t work_size(const fgf_feature *feature, const fgf_region *region)
{
    (void)feature;
    return (3 * region->pixel_count * sizeof(int32_t) + sizeof(double) - 1) / sizeof(double);
}

static void clear(fgf_feature *feature)
{
    plugin_state *state = feature->state;
    if (!state)
        return;
    if (state->own && state->plugin->close)
        state->plugin->close(state->own);
    if (state->library)
        dlclose(state->library);
    fgf_free(state);
    feature->state = NULL;
}

/* Opens the file by its absolute path, since a name without a slash would be searched for. */
static fgf_status load(const fgf_item *item, const char *path, plugin_state *state)
{
    fgf_status status = FGF_OK;
    const void *symbol = NULL;
    const fgf_plugin *plugin = NULL;
    char *absolute = realpath(path, NULL);
    if (!absolute || stat(absolute, &state->file) != 0)
        FGF_FAIL(FGF_USAGE, "%s: feature '%s': cannot open the plug-in %s: %s", item->where,
                 item->name, path, strerror(errno));
    if (!S_ISREG(state->file.st_mode))
        FGF_FAIL(FGF_USAGE, "%s: feature '%s': the plug-in %s is not a file", item->where,
                 item->name, path);
    state->library = dlopen(absolute, RTLD_NOW | RTLD_LOCAL);
    if (!state->library)
        FGF_FAIL(FGF_USAGE, "%s: feature '%s': the plug-in cannot be loaded: %s", item->where,
                 item->name, dlerror());
    symbol = dlsym(state->library, "fgf_plugin_feature");
    if (!symbol)
        FGF_FAIL(FGF_USAGE,
                 "%s: feature '%s': %s does not export fgf_plugin_feature, which "
                 "fgf/feature_plugin.h describes",
                 item->where, item->name, path);
    plugin = symbol;
    if (plugin->version != FGF_PLUGIN_VERSION)
        FGF_FAIL(FGF_USAGE,
                 "%s: feature '%s': found a plug-in of version %ld in %s, expected version %d; "
                 "compile it with this program's fgf/feature_plugin.h",
                 item->where, item->name, (long)plugin->version, path, FGF_PLUGIN_VERSION);
    if (!plugin->evaluate || !plugin->unit)
        FGF_FAIL(FGF_USAGE, "%s: feature '%s': the plug-in %s lacks `%s`, which is required",
                 item->where, item->name, path, plugin->evaluate ? "unit" : "evaluate");
    state->plugin = plugin;
done:
    free(absolute);
    return status;
}

/* Cuts "key=value" in two; `text` keeps the copy that both point into. */
static fgf_status split_setting(const fgf_item *item, const char *given, char **text,
                                fgf_plugin_setting *out)
{
    fgf_status status = FGF_OK;
    const char *equals = strchr(given, '=');
    if (!equals || equals == given)
        FGF_FAIL(FGF_USAGE, "%s: feature '%s': found the setting '%s', expected key=value",
                 item->where, item->name, given);
    FGF_TRY(fgf_copy_text(given, text));
    (*text)[equals - given] = '\0';
    *out = (fgf_plugin_setting){*text, *text + (equals - given) + 1};
done:
    return status;
}

static fgf_status configure(const fgf_feature *feature, const fgf_item *item, const char *path,
                            plugin_state *state)
{
    fgf_status status = FGF_OK;
    const fgf_texts *given = &((const plugin_settings *)item->settings)->settings;
    const int32_t shape[3] = {feature->shape.depth, feature->shape.height, feature->shape.width};
    fgf_plugin_setting *settings = NULL;
    char **texts = NULL, message[256] = "";
    FGF_TRY(FGF_ALLOCATE(given->count, &settings));
    FGF_TRY(FGF_ALLOCATE(given->count, &texts));
    for (size_t i = 0; i < given->count; i++)
        FGF_TRY(split_setting(item, given->values[i], &texts[i], &settings[i]));
    if (!state->plugin->open && given->count > 0)
        FGF_FAIL(FGF_USAGE, "%s: feature '%s': the plug-in %s takes no settings", item->where,
                 item->name, path);
    if (state->plugin->open && state->plugin->open(settings, given->count, shape, &state->own,
                                                   message, sizeof message) != 0) {
        message[sizeof message - 1] = '\0';
        message[strcspn(message, "\r\n")] = '\0';
        FGF_FAIL(FGF_USAGE, "%s: feature '%s': the plug-in %s refuses its settings: %s",
                 item->where, item->name, path, message[0] ? message : "it does not say why");
    }
done:
    for (size_t i = 0; texts && i < given->count; i++)
        fgf_free(texts[i]);
    fgf_free(texts);
    fgf_free(settings);
    return status;
}

/* What a check hangs on, as a number: the file, the settings, the images. */
static fgf_status find_key(const fgf_feature *feature, const fgf_item *item,
                           const plugin_state *state, uint64_t *out)
{
    fgf_status status = FGF_OK;
    const fgf_texts *given = &((const plugin_settings *)item->settings)->settings;
    const fgf_shape shape = feature->shape;
    fgf_buffer text = {0};
    fgf_buffer_add(&text, "%llu %llu %lld %lld.%09ld %d %d %d %.17g %.17g",
                   (unsigned long long)state->file.st_dev, (unsigned long long)state->file.st_ino,
                   (long long)state->file.st_size, (long long)state->file.st_mtim.tv_sec,
                   (long)state->file.st_mtim.tv_nsec, shape.depth, shape.height, shape.width,
                   feature->units.slope, feature->units.intercept);
    for (size_t i = 0; i < given->count; i++)
        fgf_buffer_add(&text, "\n%s", given->values[i]);
    FGF_TRY(text.status);
    *out = fgf_text_key(text.text);
done:
    fgf_buffer_clear(&text);
    return status;
}

/* Thousands of trials of a sweep name the same plug-in: what passed the check is not checked again.
 */
static fgf_status check_once(const fgf_feature *feature, const fgf_item *item, const char *path,
                             const plugin_state *state)
{
    enum { KEPT = 16 };
    static _Thread_local uint64_t passed[KEPT];
    static _Thread_local size_t next;
    fgf_status status = FGF_OK;
    uint64_t key = 0;
    FGF_TRY(find_key(feature, item, state, &key));
    for (size_t i = 0; i < KEPT; i++)
        if (passed[i] == key)
            goto done;
    FGF_TRY(plugin_check(feature, state, item, path));
    passed[next++ % KEPT] = key;
done:
    return status;
}

static fgf_status prepare(fgf_feature *feature, const fgf_item *item)
{
    fgf_status status = FGF_OK;
    const char *path = ((const plugin_settings *)item->settings)->file;
    plugin_state *state = NULL;
    FGF_TRY(FGF_ALLOCATE(1, &state));
    feature->state = state;
    FGF_TRY(load(item, path, state));
    FGF_TRY(configure(feature, item, path, state));
    feature->unit = feature->shape.depth > 1 && state->plugin->unit_volume
                        ? state->plugin->unit_volume
                        : state->plugin->unit;
    FGF_TRY(check_once(feature, item, path, state));
done:
    return status;
}

const feature_ops fgf_feature_plugin = {.kind = {"plugin",
                                                 "a feature of your own, from a shared object",
                                                 keys, sizeof(plugin_settings)},
                                        .unit = "1",
                                        .stored_units = true,
                                        .prepare = prepare,
                                        .clear = clear,
                                        .work = work_size,
                                        .evaluate = evaluate};
