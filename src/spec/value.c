#include "value.h"
#include "fgf/memory.h"

#include <float.h>
#include <math.h>
#include <string.h>

/* The type of a list's elements, or the type itself. */
static fgf_key_type element_type(fgf_key_type type)
{
    switch (type) {
    case FGF_KEY_REALS:
        return FGF_KEY_REAL;
    case FGF_KEY_INTEGERS:
        return FGF_KEY_INTEGER;
    case FGF_KEY_TEXTS:
        return FGF_KEY_TEXT;
    default:
        return type;
    }
}

static bool is_list(fgf_key_type type)
{
    return element_type(type) != type;
}

static bool has_range(const fgf_key *key)
{
    return key->least != 0 || key->greatest != 0;
}

void spec_value_range(const fgf_key *key, fgf_buffer *out)
{
    fgf_key_type type = element_type(key->type);
    if ((type != FGF_KEY_REAL && type != FGF_KEY_INTEGER) || !has_range(key))
        return;
    double most = type == FGF_KEY_INTEGER ? 0x1p62 : DBL_MAX;
    bool bounded_below = key->least > -most, bounded_above = key->greatest < most;
    if (bounded_below && bounded_above) {
        fgf_buffer_add(out, "in [");
        spec_add_number(out, key->least);
        fgf_buffer_add(out, ", ");
        spec_add_number(out, key->greatest);
        fgf_buffer_add(out, "]");
    } else if (bounded_below || bounded_above) {
        fgf_buffer_add(out, bounded_below ? "of at least " : "of at most ");
        spec_add_number(out, bounded_below ? key->least : key->greatest);
    }
}

static void add_choices(const char *choices, fgf_buffer *out)
{
    for (const char *c = choices; *c; c++) {
        if (*c == '|')
            fgf_buffer_add(out, ", ");
        else
            fgf_buffer_add_bytes(out, c, 1);
    }
}

void spec_value_expected(const fgf_key *key, fgf_buffer *out)
{
    static const char *const names[] = {[FGF_KEY_BOOL] = "true or false",
                                        [FGF_KEY_INTEGER] = "an integer",
                                        [FGF_KEY_REAL] = "a number",
                                        [FGF_KEY_CHOICE] = "one of ",
                                        [FGF_KEY_TEXT] = "a text",
                                        [FGF_KEY_FILE] = "a file name",
                                        [FGF_KEY_REALS] = "a list of numbers",
                                        [FGF_KEY_INTEGERS] = "a list of integers",
                                        [FGF_KEY_TEXTS] = "a list of texts"};
    fgf_buffer range = {0};
    fgf_buffer_add(out, "%s", names[key->type]);
    if (key->type == FGF_KEY_CHOICE)
        add_choices(key->choices, out);
    spec_value_range(key, &range);
    if (range.length > 0)
        fgf_buffer_add(out, "%s %s", is_list(key->type) ? ", each" : "", range.text);
    if (range.status != FGF_OK)
        out->status = range.status;
    fgf_buffer_clear(&range);
}

/* One scalar, before it is stored. */
typedef struct element {
    bool truth;
    int64_t integer;
    double real;
    int choice;
    const char *text;
} element;

static bool in_range(const fgf_key *key, double number)
{
    return !has_range(key) || (number >= key->least && number <= key->greatest);
}

static bool is_yaml_1_1_truth(const char *text)
{
    static const char *const words[] = {"yes", "no",  "on",  "off", "Yes", "No",
                                        "On",  "Off", "YES", "NO",  "ON",  "OFF"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strcmp(text, words[i]) == 0)
            return true;
    return false;
}

static bool read_truth(const spec_node *node, element *out, const char **note)
{
    static const char *const words[] = {"false", "False", "FALSE", "true", "True", "TRUE"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strcmp(node->text, words[i]) == 0) {
            out->truth = i >= 3;
            return true;
        }
    }
    if (is_yaml_1_1_truth(node->text))
        *note = "; in YAML 1.2 'yes', 'no', 'on' and 'off' are texts";
    return false;
}

static bool read_number(const fgf_key *key, const spec_node *node, element *out, const char **note)
{
    bool fits = true;
    if (element_type(key->type) == FGF_KEY_INTEGER) {
        if (!spec_read_integer(node->text, &out->integer, &fits))
            return false;
        *note = fits ? "" : "; it does not fit in 64 bits";
        return fits && in_range(key, (double)out->integer);
    }
    if (!spec_read_real(node->text, &out->real, &fits))
        return false;
    *note = fits ? "" : "; it does not fit in a double";
    if (!fits || isnan(out->real))
        return false;
    if (isinf(out->real) && !has_range(key))
        return false;
    return in_range(key, out->real);
}

static bool read_choice(const fgf_key *key, const spec_node *node, element *out)
{
    size_t length = strlen(node->text);
    int index = 0;
    for (const char *choice = key->choices;; index++) {
        size_t span = strcspn(choice, "|");
        if (span == length && strncmp(choice, node->text, span) == 0) {
            out->choice = index;
            out->text = node->text;
            return true;
        }
        if (choice[span] == '\0')
            return false;
        choice += span + 1;
    }
}

static bool read_element(const fgf_key *key, const spec_node *node, element *out, const char **note)
{
    fgf_key_type type = element_type(key->type);
    bool number = type == FGF_KEY_INTEGER || type == FGF_KEY_REAL;
    if (node->kind != SPEC_SCALAR || spec_node_is_null(node))
        return false;
    if (node->quoted && (number || type == FGF_KEY_BOOL)) {
        *note = "; leave the quotes out";
        return false;
    }
    if (number)
        return read_number(key, node, out, note);
    if (type == FGF_KEY_BOOL)
        return read_truth(node, out, note);
    if (type == FGF_KEY_CHOICE)
        return read_choice(key, node, out);
    out->text = node->text;
    return true;
}

/* Bare where nothing in it could be mistaken for the syntax around it, else a JSON string. */
static void add_text(fgf_buffer *out, const char *text, bool in_list)
{
    size_t length = strlen(text);
    bool bare = length > 0 && text[0] != '"' && text[0] != ' ' && text[length - 1] != ' ' &&
                !(in_list && strpbrk(text, ",[]{}"));
    for (size_t i = 0; bare && i < length; i++)
        bare = (unsigned char)text[i] >= 0x20;
    if (bare)
        fgf_buffer_add_bytes(out, text, length);
    else
        fgf_buffer_add_json(out, text);
}

static void add_element(const fgf_key *key, const element *e, fgf_buffer *out)
{
    switch (element_type(key->type)) {
    case FGF_KEY_BOOL:
        fgf_buffer_add(out, e->truth ? "true" : "false");
        break;
    case FGF_KEY_INTEGER:
        fgf_buffer_add(out, "%lld", (long long)e->integer);
        break;
    case FGF_KEY_REAL:
        spec_add_number(out, e->real);
        break;
    default:
        add_text(out, e->text, is_list(key->type));
    }
}

static void refuse(const spec_context *context, const fgf_key *key, const char *path,
                   const spec_node *node, const char *note)
{
    fgf_buffer expected = {0};
    char found[SPEC_FOUND_BYTES];
    if (!context->report)
        return;
    spec_value_expected(key, &expected);
    if (expected.status == FGF_OK)
        spec_fault(context->report, node->place, "%s: found %s, expected %s%s", path,
                   spec_node_found(node, found), expected.text, note);
    else
        context->report->status = expected.status;
    fgf_buffer_clear(&expected);
}

/* `text` after the folder, unless it is absolute, empty or was typed on the command line. */
static fgf_status resolve_file(const spec_context *context, const spec_node *node, const char **out)
{
    fgf_status status = FGF_OK;
    fgf_buffer path = {0};
    bool typed = node->place.source && !node->place.source->has_lines;
    if (!typed && node->text[0] != '/' && node->text[0] != '\0')
        fgf_buffer_add(&path, "%s", context->folder);
    fgf_buffer_add(&path, "%s", node->text);
    FGF_TRY(path.status);
    FGF_TRY(spec_pool_text(context->pool, path.text, path.length, out));
done:
    fgf_buffer_clear(&path);
    return status;
}

static fgf_status store_list(spec_pool *pool, fgf_key_type type, const element *elements,
                             size_t count, spec_value *out)
{
    fgf_status status = FGF_OK;
    double *reals = NULL;
    int64_t *integers = NULL;
    const char **texts = NULL;
    if (type == FGF_KEY_REALS) {
        FGF_TRY(SPEC_TAKE(pool, count, &reals));
        for (size_t i = 0; i < count; i++)
            reals[i] = elements[i].real;
        out->as.reals = (fgf_reals){reals, count};
    } else if (type == FGF_KEY_INTEGERS) {
        FGF_TRY(SPEC_TAKE(pool, count, &integers));
        for (size_t i = 0; i < count; i++)
            integers[i] = elements[i].integer;
        out->as.integers = (fgf_integers){integers, count};
    } else {
        FGF_TRY(SPEC_TAKE(pool, count, &texts));
        for (size_t i = 0; i < count; i++)
            texts[i] = elements[i].text;
        out->as.texts = (fgf_texts){texts, count};
    }
done:
    return status;
}

static fgf_status store(const spec_context *context, const fgf_key *key, const spec_node *node,
                        const element *elements, size_t count, spec_value *out)
{
    fgf_status status = FGF_OK;
    fgf_buffer text = {0};
    if (is_list(key->type)) {
        FGF_TRY(store_list(context->pool, key->type, elements, count, out));
        fgf_buffer_add(&text, "[");
        for (size_t i = 0; i < count; i++) {
            fgf_buffer_add(&text, "%s", i ? ", " : "");
            add_element(key, &elements[i], &text);
        }
        fgf_buffer_add(&text, "]");
    } else if (key->type == FGF_KEY_BOOL) {
        out->as.truth = elements->truth;
    } else if (key->type == FGF_KEY_INTEGER) {
        out->as.integer = elements->integer;
    } else if (key->type == FGF_KEY_REAL) {
        out->as.real = elements->real;
    } else if (key->type == FGF_KEY_CHOICE) {
        out->as.choice = elements->choice;
    } else if (key->type == FGF_KEY_FILE) {
        FGF_TRY(resolve_file(context, node, &out->as.string));
    } else {
        out->as.string = elements->text;
    }
    if (!is_list(key->type))
        add_element(key, elements, &text);
    FGF_TRY(text.status);
    FGF_TRY(spec_pool_text(context->pool, text.text, text.length, &out->text));
done:
    fgf_buffer_clear(&text);
    return status;
}

static fgf_status store_place(spec_pool *pool, spec_place place, const char **out)
{
    fgf_status status = FGF_OK;
    fgf_buffer text = {0};
    spec_place_text(place, &text);
    FGF_TRY(text.status);
    FGF_TRY(spec_pool_text(pool, text.text, text.length, out));
done:
    fgf_buffer_clear(&text);
    return status;
}

fgf_status spec_value_read(const spec_context *context, const fgf_key *key, const char *path,
                           const spec_node *node, spec_value *out, bool *valid)
{
    fgf_status status = FGF_OK;
    element *elements = NULL;
    bool list = is_list(key->type) && node->kind == SPEC_SEQUENCE;
    size_t count = list ? node->count : 1;
    *valid = true;
    *out = (spec_value){0};
    FGF_TRY(FGF_ALLOCATE(count, &elements));
    for (size_t i = 0; i < count; i++) {
        const spec_node *one = list ? node->entries[i].value : node;
        const char *note = "";
        if (!read_element(key, one, &elements[i], &note)) {
            refuse(context, key, path, one, note);
            *valid = false;
        }
    }
    if (*valid) {
        FGF_TRY(store(context, key, node, elements, count, out));
        FGF_TRY(store_place(context->pool, node->place, &out->where));
    }
done:
    fgf_free(elements);
    return status;
}

fgf_status spec_value_default(const spec_context *context, const fgf_key *key, const char *path,
                              spec_value *out)
{
    fgf_status status = FGF_OK;
    const spec_source source = {.name = "default", .has_lines = true};
    const spec_node *node = NULL;
    spec_report report = {0};
    spec_context own = {context->pool, &report, context->folder};
    bool valid = false, list = is_list(key->type);
    const char *text = list && key->fallback[0] == '\0' ? "[]" : key->fallback;
    bool string = key->type == FGF_KEY_TEXT || key->type == FGF_KEY_FILE;
    if (list || text[0] == '"' || text[0] == '\'')
        FGF_TRY(spec_yaml_read(text, strlen(text), &source, context->pool, &report, &node));
    else
        FGF_TRY(
            spec_node_scalar(context->pool, (spec_place){0}, text, strlen(text), string, &node));
    if (node)
        FGF_TRY(spec_value_read(&own, key, path, node, out, &valid));
    FGF_TRY(report.status);
    if (!valid)
        FGF_FAIL(FGF_INTERNAL, "schema: the default of %s is not valid: %s", path,
                 report.count > 0 ? spec_report_first(&report) : text);
    out->where = "default";
done:
    spec_report_clear(&report);
    return status;
}

void spec_value_store(const fgf_key *key, const spec_value *value, void *settings)
{
    char *member = (char *)settings + key->offset;
    switch (key->type) {
    case FGF_KEY_BOOL:
        memcpy(member, &value->as.truth, sizeof value->as.truth);
        break;
    case FGF_KEY_INTEGER:
        memcpy(member, &value->as.integer, sizeof value->as.integer);
        break;
    case FGF_KEY_REAL:
        memcpy(member, &value->as.real, sizeof value->as.real);
        break;
    case FGF_KEY_CHOICE:
        memcpy(member, &value->as.choice, sizeof value->as.choice);
        break;
    case FGF_KEY_TEXT:
    case FGF_KEY_FILE:
        memcpy(member, &value->as.string, sizeof value->as.string);
        break;
    case FGF_KEY_REALS:
        memcpy(member, &value->as.reals, sizeof value->as.reals);
        break;
    case FGF_KEY_INTEGERS:
        memcpy(member, &value->as.integers, sizeof value->as.integers);
        break;
    case FGF_KEY_TEXTS:
        memcpy(member, &value->as.texts, sizeof value->as.texts);
        break;
    }
}
