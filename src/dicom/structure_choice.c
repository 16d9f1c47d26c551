#include "fgf/contour.h"
#include "fgf/memory.h"
#include "name_fold.h"

#include <ctype.h>
#include <regex.h>
#include <string.h>

/* One name or expression of a pattern. */
typedef struct part {
    fgf_buffer text; /* folded */
    bool expression, compiled;
    regex_t regex;
} part;

typedef struct pattern {
    const char *given;
    fgf_buffer whole; /* as if it were one name, folded */
    size_t part_count;
    part *part;
} pattern;

typedef struct choosing {
    size_t pattern_count, count;
    pattern *pattern;
    const char *const *given; /* the structures' names, [count] */
    fgf_buffer *name;         /* folded */
} choosing;

/* How much of a message the list of names may take. */
enum { LIST_BYTES = 560 };

/* ---- patterns ---- */

static bool blank(char c)
{
    return c == ' ' || c == '\t';
}

/* Whether a part ends at `at`: at the text's end or at a + between blanks. */
static bool ends_at(const char *at)
{
    const char *plus = at + strspn(at, " \t");
    return *plus == '\0' || (plus > at && plus[0] == '+' && blank(plus[1]));
}

/* The end of the part that starts at `start`; NULL = an expression without its closing slash. */
static const char *part_end(const char *start)
{
    if (*start != '/') {
        const char *end = start;
        while (!ends_at(end))
            end++;
        return end;
    }
    for (const char *at = start + 1; *at; at++) {
        if (*at == '\\' && at[1])
            at++;
        else if (*at == '/' && ends_at(at + 1))
            return at + 1;
    }
    return NULL;
}

static fgf_status compile(part *p, const char *given)
{
    fgf_status status = FGF_OK;
    char reason[128];
    const int failed = regcomp(&p->regex, p->text.text, REG_EXTENDED | REG_ICASE | REG_NOSUB);
    p->compiled = failed == 0;
    if (failed) {
        regerror(failed, &p->regex, reason, sizeof reason);
        FGF_FAIL(FGF_USAGE, "the pattern '%s' is no regular expression: %s", given, reason);
    }
done:
    return status;
}

static fgf_status parse_part(part *p, const char *start, const char *end, const char *given)
{
    fgf_status status = FGF_OK;
    p->expression = *start == '/';
    const size_t slash = p->expression ? 1 : 0;
    name_fold(&p->text, start + slash, (size_t)(end - start) - 2 * slash, p->expression);
    FGF_TRY(p->text.status);
    if (p->text.length == 0)
        FGF_FAIL(FGF_USAGE, "the pattern '%s' is empty or has an empty part; name a structure",
                 given);
    if (p->expression)
        FGF_TRY(compile(p, given));
done:
    return status;
}

static fgf_status parse_pattern(pattern *p, const char *given)
{
    fgf_status status = FGF_OK;
    p->given = given;
    name_fold(&p->whole, given, strlen(given), false);
    FGF_TRY(p->whole.status);
    /* Two parts have at least four bytes between their starts. */
    FGF_TRY(FGF_ALLOCATE(strlen(given) / 4 + 1, &p->part));
    const char *start = given + strspn(given, " \t");
    for (;;) {
        const char *end = part_end(start);
        if (!end)
            FGF_FAIL(FGF_USAGE,
                     "the pattern '%s' begins an expression with a slash and does not "
                     "end it with one",
                     given);
        p->part_count++;
        FGF_TRY(parse_part(&p->part[p->part_count - 1], start, end, given));
        end += strspn(end, " \t");
        if (*end == '\0')
            break;
        start = end + 1 + strspn(end + 1, " \t");
    }
done:
    return status;
}

static fgf_status begin(choosing *c, const fgf_structure_choice *choice, size_t count,
                        const char *const *names)
{
    fgf_status status = FGF_OK;
    c->given = names;
    FGF_TRY(FGF_ALLOCATE(choice->count, &c->pattern));
    c->pattern_count = choice->count;
    for (size_t p = 0; p < choice->count; p++)
        FGF_TRY(parse_pattern(&c->pattern[p], choice->pattern[p]));
    FGF_TRY(FGF_ALLOCATE(count, &c->name));
    c->count = count;
    for (size_t i = 0; i < count; i++) {
        name_fold(&c->name[i], names[i], strlen(names[i]), false);
        FGF_TRY(c->name[i].status);
    }
done:
    return status;
}

static void clear_pattern(pattern *p)
{
    for (size_t k = 0; k < p->part_count; k++) {
        if (p->part[k].compiled)
            regfree(&p->part[k].regex);
        fgf_buffer_clear(&p->part[k].text);
    }
    fgf_buffer_clear(&p->whole);
    fgf_free(p->part);
}

static void end(choosing *c)
{
    for (size_t p = 0; p < c->pattern_count; p++)
        clear_pattern(&c->pattern[p]);
    for (size_t i = 0; i < c->count; i++)
        fgf_buffer_clear(&c->name[i]);
    fgf_free(c->pattern);
    fgf_free(c->name);
}

/* ---- which structures fit ---- */

static bool fits(const part *p, const char *name)
{
    return p->expression ? regexec(&p->regex, name, 0, NULL, 0) == 0
                         : strcmp(p->text.text, name) == 0;
}

/* Marks the structures that a pattern takes; false = it does not fit. */
static bool take(const choosing *c, const pattern *p, bool *chosen)
{
    bool any = false, every = true;
    for (size_t i = 0; i < c->count; i++) {
        chosen[i] = strcmp(p->whole.text, c->name[i].text) == 0;
        any |= chosen[i];
    }
    for (size_t k = 0; k < p->part_count && !any; k++) {
        bool some = false;
        for (size_t i = 0; i < c->count; i++)
            if (fits(&p->part[k], c->name[i].text))
                chosen[i] = some = true;
        every &= some;
    }
    return any || every;
}

/* ---- what is said ---- */

/* Lists the names (those that are `chosen`, or all), about `most` bytes of them. */
static void list_names(const choosing *c, const bool *chosen, size_t most, fgf_buffer *out)
{
    const size_t start = out->length;
    size_t listed = 0, count = 0;
    for (size_t i = 0; i < c->count; i++) {
        if (chosen && !chosen[i])
            continue;
        count++;
        if (out->length - start > most)
            continue;
        fgf_buffer_add(out, listed++ ? ", " : "");
        name_show(out, c->given[i], '"');
    }
    if (listed < count)
        fgf_buffer_add(out, " and %zu more", count - listed);
}

/* The first run of letters and digits of a part, two or more of them, as a text of its own. */
static void first_word(const part *p, fgf_buffer *out)
{
    const char *at = p->text.text;
    while (*at && out->length < 2) {
        out->length = 0;
        if (p->expression && *at == '\\' && at[1])
            at += 2;
        else if (!isalnum((unsigned char)*at))
            at++;
        for (; isalnum((unsigned char)*at); at++) {
            const char letter = (char)tolower((unsigned char)*at);
            fgf_buffer_add_bytes(out, &letter, 1);
        }
    }
}

/* The structure nearest to a part: misspelt, or the shortest that has its first word. */
static size_t nearest_to(const choosing *c, const part *p, const char *const *folded)
{
    size_t nearest = c->count;
    const char *name = p->expression ? NULL : fgf_nearest_name(p->text.text, folded, c->count);
    fgf_buffer word = {0};
    first_word(p, &word);
    for (size_t i = 0; i < c->count; i++) {
        if (name ? folded[i] == name
                 : word.length >= 2 && strstr(folded[i], word.text) &&
                       (nearest == c->count || c->name[i].length < c->name[nearest].length)) {
            nearest = i;
            if (name)
                break;
        }
    }
    fgf_buffer_clear(&word);
    return nearest;
}

static fgf_status nearest(const choosing *c, size_t *out)
{
    fgf_status status = FGF_OK;
    const char **folded = NULL;
    FGF_TRY(FGF_ALLOCATE(c->count, &folded));
    for (size_t i = 0; i < c->count; i++)
        folded[i] = c->name[i].text;
    *out = c->count;
    for (size_t p = 0; p < c->pattern_count && *out == c->count; p++)
        for (size_t k = 0; k < c->pattern[p].part_count && *out == c->count; k++)
            *out = nearest_to(c, &c->pattern[p].part[k], folded);
done:
    fgf_free((void *)folded);
    return status;
}

static fgf_status fail_unfit(const choosing *c, fgf_buffer *report)
{
    fgf_status status = FGF_OK;
    fgf_buffer text = {0};
    size_t near = 0;
    FGF_TRY(nearest(c, &near));
    if (c->count == 0)
        FGF_FAIL(FGF_DATA, "there are no structures to choose from");
    fgf_buffer_add(&text, "no structure fits ");
    for (size_t p = 0; p < c->pattern_count && text.length < 200; p++) {
        fgf_buffer_add(&text, p ? " or " : "");
        name_show(&text, c->pattern[p].given, '\'');
    }
    if (near < c->count) {
        fgf_buffer_add(&text, "; the nearest is ");
        name_show(&text, c->given[near], '"');
    }
    fgf_buffer_add(&text, "; there %s %zu: ", c->count == 1 ? "is" : "are", c->count);
    if (report) {
        fgf_buffer_add_bytes(report, text.text, text.length);
        list_names(c, NULL, SIZE_MAX / 2, report);
    }
    list_names(c, NULL, LIST_BYTES, &text);
    FGF_TRY(text.status);
    FGF_FAIL(FGF_DATA, "%s", text.text);
done:
    fgf_buffer_clear(&text);
    return status;
}

fgf_status fgf_structures_choose(const fgf_structure_choice *choice, size_t count,
                                 const char *const *names, bool *chosen, fgf_buffer *report)
{
    fgf_status status = FGF_OK;
    choosing c = {0};
    FGF_TRY(begin(&c, choice, count, names));
    size_t p = 0;
    while (p < c.pattern_count && !take(&c, &c.pattern[p], chosen))
        p++;
    if (p == c.pattern_count) {
        memset(chosen, 0, count * sizeof *chosen);
        FGF_TRY(fail_unfit(&c, report));
    }
    if (report) {
        name_show(report, c.pattern[p].given, '\'');
        fgf_buffer_add(report, " took ");
        list_names(&c, chosen, SIZE_MAX / 2, report);
        fgf_buffer_add(report, " of %zu structure%s", count, count == 1 ? "" : "s");
        FGF_TRY(report->status);
    }
done:
    end(&c);
    return status;
}
