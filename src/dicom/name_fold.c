#include "name_fold.h"

#include <stdint.h>
#include <string.h>

/* U+00C0 to U+017F without their accents. Digits stand for more than one letter, see `spelt`; '.'
 * for what is no letter. */
static const char plain[] = "aaaaaa1ceeeeiiiidnooooo.ouuuuy24"
                            "aaaaaa1ceeeeiiiidnooooo.ouuuuy2y"
                            "aaaaaaccccccccddddeeeeeeeeeegggggggghhhhiiiiiiiiii"
                            "55jjkkkllllllllllnnnnnnnnnoooooo33rrrrrrssssssss"
                            "ttttttuuuuuuuuuuuuwwyyyzzzzzzs";
static const char *const spelt[] = {"", "ae", "th", "oe", "ss", "ij"};
enum { PLAIN_FIRST = 0xC0, PLAIN_LAST = 0x17F };
_Static_assert(sizeof plain - 1 == PLAIN_LAST - PLAIN_FIRST + 1, "a letter for each code");

/* The code at text[*at] as UTF-8, *at moved behind it; false = not UTF-8. */
static bool decode(const unsigned char *text, size_t length, size_t *at, uint32_t *code)
{
    static const uint32_t least[] = {0, 0x80, 0x800, 0x10000};
    const unsigned char first = text[*at];
    const size_t more = first < 0x80             ? 0
                        : (first & 0xE0) == 0xC0 ? 1
                        : (first & 0xF0) == 0xE0 ? 2
                        : (first & 0xF8) == 0xF0 ? 3
                                                 : SIZE_MAX;
    if (more == SIZE_MAX || more > length - *at - 1)
        return false;
    *code = more == 0 ? first : first & (0x3Fu >> more);
    for (size_t i = 1; i <= more; i++) {
        if ((text[*at + i] & 0xC0) != 0x80)
            return false;
        *code = *code << 6 | (text[*at + i] & 0x3Fu);
    }
    *at += more + 1;
    return *code >= least[more] && *code <= 0x10FFFF && !(*code >= 0xD800 && *code <= 0xDFFF);
}

static bool is_utf8(const unsigned char *text, size_t length)
{
    uint32_t code;
    for (size_t at = 0; at < length;)
        if (!decode(text, length, &at, &code))
            return false;
    return true;
}

static uint32_t next_code(const unsigned char *text, size_t length, bool utf8, size_t *at)
{
    uint32_t code = 0;
    if (utf8)
        (void)decode(text, length, at, &code);
    else
        code = text[(*at)++];
    return code;
}

static void encode(fgf_buffer *out, uint32_t code)
{
    char bytes[4];
    size_t count = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    static const unsigned char mark[] = {0, 0, 0xC0, 0xE0, 0xF0};
    for (size_t i = count; i-- > 1; code >>= 6)
        bytes[i] = (char)(0x80 | (code & 0x3F));
    bytes[0] = (char)(mark[count] | code);
    fgf_buffer_add_bytes(out, bytes, count);
}

static bool is_blank(uint32_t code)
{
    return code == ' ' || (code >= '\t' && code <= '\r') || code == 0x85 || code == 0xA0 ||
           (code >= 0x2000 && code <= 0x200B) || code == 0x202F || code == 0x205F || code == 0x3000;
}

static uint32_t lower(uint32_t code)
{
    if ((code >= 'A' && code <= 'Z') || (code >= 0x391 && code <= 0x3A9) ||
        (code >= 0x410 && code <= 0x42F))
        return code + 32;
    return code >= 0x400 && code <= 0x40F ? code + 80 : code;
}

static void add_folded(fgf_buffer *out, uint32_t code, bool keep_case)
{
    const char letter = code >= PLAIN_FIRST && code <= PLAIN_LAST ? plain[code - PLAIN_FIRST] : '.';
    if (code >= 0x300 && code <= 0x36F)
        return;
    if (letter >= '1' && letter <= '5')
        fgf_buffer_add(out, "%s", spelt[letter - '0']);
    else if (letter != '.')
        fgf_buffer_add_bytes(out, &letter, 1);
    else
        encode(out, code < 0x80 && keep_case ? code : lower(code));
}

void name_fold(fgf_buffer *out, const char *text, size_t length, bool keep_case)
{
    const unsigned char *bytes = (const unsigned char *)text;
    const bool utf8 = is_utf8(bytes, length);
    const size_t start = out->length;
    bool blank = false;
    fgf_buffer_add_bytes(out, "", 0);
    for (size_t at = 0; at < length;) {
        const uint32_t code = next_code(bytes, length, utf8, &at);
        if (is_blank(code)) {
            blank = true;
            continue;
        }
        if (blank && out->length > start)
            fgf_buffer_add_bytes(out, " ", 1);
        blank = false;
        add_folded(out, code, keep_case);
    }
}

void name_show(fgf_buffer *out, const char *text, char quote)
{
    const unsigned char *bytes = (const unsigned char *)text;
    const size_t length = strlen(text);
    const bool utf8 = is_utf8(bytes, length);
    fgf_buffer_add_bytes(out, &quote, 1);
    for (size_t at = 0; at < length;) {
        const uint32_t code = next_code(bytes, length, utf8, &at);
        encode(out, code < 0x20 || (code >= 0x7F && code < 0xA0) ? '?' : code);
    }
    fgf_buffer_add_bytes(out, &quote, 1);
}
