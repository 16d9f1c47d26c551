/* fgf features --list: the kinds of soft features and what each becomes as its widths go to 0. */
#include "feature_table.h"

#include "fgf/memory.h"

#include <stdio.h>
#include <string.h>

/* The unit of a kind with nothing but defaults, for volumes; "" where it cannot be made so. */
static fgf_status unit_of(const fgf_item_kind *kind, char unit[32])
{
    fgf_status status = FGF_OK;
    fgf_schema_list list = {.path = "features", .help = "", .least = 1};
    list.kinds = fgf_feature_kinds(&list.kind_count);
    const fgf_schema schema = {.name = "feature", .lists = &list, .list_count = 1};
    const fgf_item *items;
    const fgf_units units = {.slope = 1};
    fgf_sweep *sweep = NULL;
    fgf_feature *feature = NULL;
    fgf_buffer text = {0};
    size_t count;
    unit[0] = '\0';
    for (const fgf_key *key = kind->keys; key && key->name; key++)
        if (!key->fallback)
            return FGF_OK;
    fgf_buffer_add(&text, "features: [%s]\n", kind->name);
    FGF_TRY(text.status);
    FGF_TRY(fgf_sweep_parse(text.text, "feature", &schema, NULL, 0, &sweep));
    FGF_TRY(fgf_config_items(fgf_sweep_trial(sweep, 0), "features", &items, &count));
    FGF_TRY(fgf_feature_create(&items[0],
                               (fgf_shape){.channels = 1, .depth = 4, .height = 4, .width = 4},
                               &units, &feature));
    snprintf(unit, 32, "%s", fgf_feature_unit(feature));
done:
    fgf_feature_destroy(&feature);
    fgf_sweep_destroy(&sweep);
    fgf_buffer_clear(&text);
    return status;
}

/* Key and tag of the hard feature, percentiles being several. */
static void describe_counterpart(const counterpart *c, char key[64], char tag[32])
{
    key[0] = tag[0] = '\0';
    if (!c)
        return;
    if (c->key[0] == '\0') {
        snprintf(key, 64, "stat_p10, stat_median, stat_p90");
        snprintf(tag, 32, "QG58, Y12H, 8DWT");
        return;
    }
    for (size_t k = 0; k < FGF_RADIOMICS_COUNT; k++)
        if (strcmp(fgf_radiomics_feature_at(k).key, c->key) == 0) {
            snprintf(key, 64, "%s", c->key);
            snprintf(tag, 32, "%s", fgf_radiomics_feature_at(k).tag);
            return;
        }
}

static void print_keys(const fgf_item_kind *kind)
{
    for (const fgf_key *key = kind->keys; key && key->name; key++)
        if (key->fallback)
            printf("%s%s: %s", key == kind->keys ? "" : ", ", key->name,
                   key->fallback[0] ? key->fallback : "\"\"");
        else
            printf("%s%s", key == kind->keys ? "" : ", ", key->name);
}

static const char *remark(const counterpart *c)
{
    if (c->differs)
        return c->differs;
    if (c->volumes_only)
        return "volumes";
    return c->in_nats ? "in nats" : "";
}

fgf_status list_features(bool markdown)
{
    fgf_status status = FGF_OK;
    size_t count;
    const fgf_item_kind *const *kinds = fgf_feature_kinds(&count);
    if (markdown)
        printf("| feature | unit | what | keys and defaults | hard | IBSI | |\n"
               "|---|---|---|---|---|---|---|\n");
    for (size_t k = 0; k < count; k++) {
        const counterpart *c = counterpart_of(kinds[k]->name);
        char unit[32], key[64], tag[32];
        FGF_TRY(unit_of(kinds[k], unit));
        describe_counterpart(c, key, tag);
        if (!markdown) {
            printf("%-48s %-6s %-26s %s\n", kinds[k]->name, unit, key, tag);
            continue;
        }
        printf("| %s | %s | %s | ", kinds[k]->name, unit, kinds[k]->help);
        print_keys(kinds[k]);
        printf(" | %s | %s | %s |\n", key, tag, c ? remark(c) : "");
    }
done:
    return status;
}
