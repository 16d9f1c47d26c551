/* Checks of names: of cases, patients, centres. */
#include "audit_private.h"
#include "fgf/memory.h"
#include "split_private.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* ---- privacy ---- */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (unsigned char)c >= 0x80;
}

static int number(const char *digits, int count)
{
    int value = 0;
    for (int i = 0; i < count; i++)
        value = 10 * value + digits[i] - '0';
    return value;
}

static bool is_date(int year, int month, int day)
{
    return year >= 1900 && year <= 2099 && month >= 1 && month <= 12 && day >= 1 && day <= 31;
}

/* Whether `pattern` (9 = a digit, - = one of -./_) stands at `text`. */
static bool fits(const char *text, const char *pattern)
{
    for (; *pattern; text++, pattern++)
        if (*pattern == '9' ? !is_digit(*text) : !*text || !strchr("-./_", *text))
            return false;
    return !is_digit(*text);
}

/* A day of 1900 to 2099 in eight digits, or with marks between year, month and day. */
static bool holds_date(const char *text)
{
    for (const char *at = text; *at; at++) {
        if (at > text && is_digit(at[-1]))
            continue;
        if (fits(at, "99999999") && (is_date(number(at, 4), number(at + 4, 2), number(at + 6, 2)) ||
                                     is_date(number(at + 4, 4), number(at + 2, 2), number(at, 2))))
            return true;
        if (fits(at, "9999-99-99") && is_date(number(at, 4), number(at + 5, 2), number(at + 8, 2)))
            return true;
        if (fits(at, "99-99-9999") &&
            (is_date(number(at + 6, 4), number(at + 3, 2), number(at, 2)) ||
             is_date(number(at + 6, 4), number(at, 2), number(at + 3, 2))))
            return true;
    }
    return false;
}

/* "Doe^Jane", as DICOM writes persons; "Doe, Jane"; "Jane Doe". */
static bool looks_like_person(const char *text)
{
    size_t words = 0, letters = 0;
    if (strchr(text, '^'))
        return true;
    for (const char *at = text; *at; at++) {
        if (is_letter(*at)) {
            letters++;
        } else if (*at == ' ' || *at == ',') {
            words += letters > 1;
            letters = 0;
        } else {
            return false;
        }
    }
    return words + (letters > 1) > 1;
}

/* Tells of the case by its number: the report itself repeats no name. */
static fgf_status look_at_name(const audit_input *in, size_t i, const char *column,
                               const char *text, bool person, fgf_finding *out)
{
    fgf_status status = FGF_OK;
    char subject[64];
    const bool date = holds_date(text);
    (void)in;
    if (date || (person && looks_like_person(text))) {
        snprintf(subject, sizeof subject, "case %zu", i);
        FGF_TRY(fgf_finding_add(out, FGF_VERDICT_WARNING, subject, "its %s looks like a %s", column,
                                date ? "date" : "person's name"));
    }
done:
    return status;
}

fgf_status fgf_check_private_names(const audit_input *in, fgf_finding *out)
{
    fgf_status status = FGF_OK;
    for (size_t i = 0; i < in->count; i++) {
        const fgf_case *item = audit_case(in, i);
        FGF_TRY(look_at_name(in, i, "id", item->id, true, out));
        if (strcmp(item->patient, item->id) != 0)
            FGF_TRY(look_at_name(in, i, "patient", item->patient, true, out));
        FGF_TRY(look_at_name(in, i, "centre", item->centre, false, out));
    }
done:
    return status;
}

/* ---- alike ---- */

/* A name as one says it: words in small letters and numbers without leading zeros, a mark between:
 * "HN_007 " and "hn-7" are both "hn-7". out has twice the room of text. */
static void plain_name(const char *text, char *out)
{
    char *end = out;
    while (*text) {
        if (!is_digit(*text) && !is_letter(*text)) {
            text++;
            continue;
        }
        if (end > out)
            *end++ = '-';
        if (is_digit(*text)) {
            while (*text == '0' && is_digit(text[1]))
                text++;
            while (is_digit(*text))
                *end++ = *text++;
        } else {
            while (is_letter(*text))
                *end++ = (char)tolower((unsigned char)*text++);
        }
    }
    *end = '\0';
}

typedef char plain_text[2 * FGF_CASE_ID];

/* Names of one kind that are the same said plainly, each told with the first of them. */
static fgf_status find_alike(const char *kind, const char *const *names, size_t count,
                             plain_text *plain, keyed_case *cases, fgf_finding *out)
{
    fgf_status status = FGF_OK;
    for (size_t i = 0; i < count; i++) {
        plain_name(names[i], plain[i]);
        cases[i] = (keyed_case){plain[i], i};
    }
    fgf_audit_sort(cases, count);
    for (size_t first = 0, end; first < count; first = end) {
        end = fgf_audit_run_end(cases, count, first);
        const char *told = names[cases[first].index];
        for (size_t k = first + 1; k < end; k++) {
            const char *name = names[cases[k].index];
            bool known = strcmp(name, told) == 0;
            for (size_t e = first; e < k && !known; e++)
                known = strcmp(name, names[cases[e].index]) == 0;
            if (!known)
                FGF_TRY(fgf_finding_add(out, FGF_VERDICT_WARNING, name, "a %s, nearly \"%s\"", kind,
                                        told));
        }
    }
done:
    return status;
}

fgf_status fgf_check_similar_names(const audit_input *in, fgf_finding *out)
{
    fgf_status status = FGF_OK;
    const char **names = NULL;
    plain_text *plain = NULL;
    keyed_case *cases = NULL;
    size_t ids = 0;
    FGF_TRY(FGF_ALLOCATE(in->count, &names));
    FGF_TRY(FGF_ALLOCATE(in->count, &plain));
    FGF_TRY(FGF_ALLOCATE(in->count, &cases));
    for (size_t i = 0; i < in->count; i++)
        names[i] = fgf_split_patient(audit_case(in, i));
    FGF_TRY(find_alike("patient", names, in->count, plain, cases, out));
    for (size_t i = 0; i < in->count; i++)
        if (strcmp(fgf_split_patient(audit_case(in, i)), audit_case(in, i)->id) != 0)
            names[ids++] = audit_case(in, i)->id;
    FGF_TRY(find_alike("case", names, ids, plain, cases, out));
    for (size_t i = 0; i < in->count; i++)
        names[i] = audit_case(in, i)->centre;
    FGF_TRY(find_alike("centre", names, in->count, plain, cases, out));
done:
    fgf_free(names);
    fgf_free(plain);
    fgf_free(cases);
    return status;
}

/* ---- patients ---- */

static fgf_status by_patient(const audit_input *in, keyed_case **out)
{
    fgf_status status = FGF_OK;
    FGF_TRY(FGF_ALLOCATE(in->count, out));
    for (size_t i = 0; i < in->count; i++)
        (*out)[i] = (keyed_case){fgf_split_patient(audit_case(in, i)), i};
    fgf_audit_sort(*out, in->count);
done:
    return status;
}

fgf_status fgf_check_several_cases(const audit_input *in, fgf_finding *out)
{
    fgf_status status = FGF_OK;
    keyed_case *cases = NULL;
    FGF_TRY(by_patient(in, &cases));
    for (size_t first = 0, end; first < in->count; first = end) {
        end = fgf_audit_run_end(cases, in->count, first);
        if (end - first > 1)
            FGF_TRY(
                fgf_finding_add(out, FGF_VERDICT_NOTE, cases[first].key, "%zu cases", end - first));
    }
done:
    fgf_free(cases);
    return status;
}

fgf_status fgf_check_patient_labels(const audit_input *in, fgf_finding *out)
{
    fgf_status status = FGF_OK;
    keyed_case *cases = NULL;
    FGF_TRY(by_patient(in, &cases));
    for (size_t first = 0, end; first < in->count; first = end) {
        size_t of[2] = {0, 0};
        end = fgf_audit_run_end(cases, in->count, first);
        for (size_t k = first; k < end; k++)
            if (audit_case(in, cases[k].index)->label >= 0)
                of[audit_case(in, cases[k].index)->label]++;
        if (of[0] > 0 && of[1] > 0)
            FGF_TRY(fgf_finding_add(out, FGF_VERDICT_WARNING, cases[first].key,
                                    "%zu cases with label 0, %zu with label 1", of[0], of[1]));
    }
done:
    fgf_free(cases);
    return status;
}

fgf_status fgf_check_patient_centres(const audit_input *in, fgf_finding *out)
{
    fgf_status status = FGF_OK;
    keyed_case *cases = NULL;
    FGF_TRY(by_patient(in, &cases));
    for (size_t first = 0, end; first < in->count; first = end) {
        end = fgf_audit_run_end(cases, in->count, first);
        const char *one = audit_case(in, cases[first].index)->centre;
        for (size_t k = first + 1; k < end; k++) {
            const char *other = audit_case(in, cases[k].index)->centre;
            if (strcmp(one, other) == 0)
                continue;
            FGF_TRY(fgf_finding_add(out, FGF_VERDICT_WARNING, cases[first].key, "%s and %s", one,
                                    other));
            break;
        }
    }
done:
    fgf_free(cases);
    return status;
}
