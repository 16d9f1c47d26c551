/* Numbers as the core schema of YAML 1.2 writes them. */
#include "value.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static size_t digits(const char *text)
{
    return strspn(text, "0123456789");
}

/* 0x1F and 0o17; decimal is left to the caller. */
static bool read_prefixed(const char *text, int64_t *out, bool *fits)
{
    bool hexadecimal = strncmp(text, "0x", 2) == 0;
    if (!hexadecimal && strncmp(text, "0o", 2) != 0)
        return false;
    const char *allowed = hexadecimal ? "0123456789abcdefABCDEF" : "01234567";
    if (text[2] == '\0' || text[2 + strspn(text + 2, allowed)] != '\0')
        return false;
    errno = 0;
    *out = strtoll(text + 2, NULL, hexadecimal ? 16 : 8);
    *fits = errno != ERANGE;
    return true;
}

bool spec_read_integer(const char *text, int64_t *out, bool *fits)
{
    size_t sign = *text == '-' || *text == '+';
    size_t count = digits(text + sign);
    if (read_prefixed(text, out, fits))
        return true;
    if (count == 0 || text[sign + count] != '\0')
        return false;
    errno = 0;
    *out = strtoll(text, NULL, 10);
    *fits = errno != ERANGE;
    return true;
}

static bool is_decimal(const char *text)
{
    const char *c = text + (*text == '-' || *text == '+');
    size_t whole = digits(c), fraction = 0;
    c += whole;
    if (*c == '.') {
        fraction = digits(++c);
        c += fraction;
    }
    if (whole + fraction == 0)
        return false;
    if (*c == 'e' || *c == 'E') {
        c++;
        c += *c == '-' || *c == '+';
        if (digits(c) == 0)
            return false;
        c += digits(c);
    }
    return *c == '\0';
}

static bool is_one_of(const char *text, const char *a, const char *b, const char *c)
{
    return strcmp(text, a) == 0 || strcmp(text, b) == 0 || strcmp(text, c) == 0;
}

bool spec_read_real(const char *text, double *out, bool *fits)
{
    int64_t integer = 0;
    const char *unsigned_text = text + (*text == '-' || *text == '+');
    *fits = true;
    if (is_one_of(unsigned_text, ".inf", ".Inf", ".INF")) {
        *out = *text == '-' ? -INFINITY : INFINITY;
        return true;
    }
    if (is_one_of(text, ".nan", ".NaN", ".NAN")) {
        *out = NAN;
        return true;
    }
    if (read_prefixed(text, &integer, fits)) {
        *out = (double)integer;
        return true;
    }
    if (!is_decimal(text))
        return false;
    /* A number so small that it reads as 0 is refused with those too large: neither is what was
     * written. The sum turns -0 into 0, which is the same value and must have the same text. */
    bool nonzero = strcspn(text, "123456789") < strcspn(text, "eE");
    *out = strtod(text, NULL) + 0.0;
    *fits = isfinite(*out) && (*out != 0 || !nonzero);
    return true;
}

void spec_add_number(fgf_buffer *out, double number)
{
    char text[40];
    if (isinf(number)) {
        fgf_buffer_add(out, number < 0 ? "-.inf" : ".inf");
        return;
    }
    for (int precision = 15; precision <= 17; precision++) {
        snprintf(text, sizeof text, "%.*g", precision, number);
        if (precision == 17 || strtod(text, NULL) == number)
            break;
    }
    fgf_buffer_add(out, "%s", text);
}
