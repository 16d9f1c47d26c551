#include "pseudonym.h"
#include "fgf/file_bytes.h"
#include "fgf/memory.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

static const char key_title[] = "fgf pseudonym key 1\n";

enum { KEY_FILE_BYTES = sizeof key_title - 1 + 2 * FGF_PSEUDONYM_KEY + 1 };

static void add_digits(const unsigned char *byte, size_t count, char *text)
{
    for (size_t k = 0; k < count; k++)
        snprintf(text + 2 * k, 3, "%02x", byte[k]);
}

/* The whole key file under a name of its own. */
static fgf_status write_key(const char *path)
{
    fgf_status status = FGF_OK;
    fgf_pseudonym_key key;
    char text[KEY_FILE_BYTES + 1];
    int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (file < 0)
        FGF_FAIL(FGF_ENVIRONMENT, "%s: cannot be made: %s", path, strerror(errno));
    if (getrandom(key.byte, sizeof key.byte, 0) != (ssize_t)sizeof key.byte)
        FGF_FAIL(FGF_ENVIRONMENT, "%s: the system has no random bytes: %s", path, strerror(errno));
    memcpy(text, key_title, sizeof key_title);
    add_digits(key.byte, sizeof key.byte, text + sizeof key_title - 1);
    text[KEY_FILE_BYTES - 1] = '\n';
    if (write(file, text, KEY_FILE_BYTES) != KEY_FILE_BYTES || fsync(file) != 0)
        FGF_FAIL(FGF_ENVIRONMENT, "%s: cannot be written: %s", path, strerror(errno));
done:
    if (file >= 0)
        close(file);
    return status;
}

fgf_status fgf_pseudonym_key_ensure(const char *path)
{
    fgf_status status = FGF_OK;
    fgf_buffer part = {0};
    char *target = NULL;
    if (access(path, F_OK) == 0)
        return FGF_OK;
    FGF_TRY(fgf_output_file(path, &target));
    fgf_buffer_add(&part, "%s.%ld.part", target, (long)getpid());
    FGF_TRY(part.status);
    FGF_TRY(write_key(part.text));
    /* A link and no rename: a key that another process has made meanwhile must not be lost. */
    if (link(part.text, target) != 0 && errno != EEXIST)
        FGF_FAIL(FGF_ENVIRONMENT, "%s: cannot be made: %s", path, strerror(errno));
done:
    if (part.text)
        (void)unlink(part.text);
    fgf_buffer_clear(&part);
    fgf_free(target);
    return status;
}

fgf_status fgf_pseudonym_key_read(const char *path, fgf_pseudonym_key *out)
{
    fgf_status status = FGF_OK;
    struct stat about;
    char text[KEY_FILE_BYTES + 2] = {0};
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a pipe would make us wait */
    if (file < 0 || fstat(file, &about) != 0)
        FGF_FAIL(FGF_USAGE, "%s: the key file cannot be opened: %s", path, strerror(errno));
    if (!S_ISREG(about.st_mode))
        FGF_FAIL(FGF_USAGE, "%s: found no file, expected a key file or a new name", path);
    if (about.st_mode & 077)
        FGF_FAIL(FGF_USAGE,
                 "%s: others may read or write the key (mode %03o), and who has it can undo the "
                 "pseudonyms; chmod 600 it",
                 path, (unsigned)about.st_mode & 0777u);
    if (read(file, text, sizeof text - 1) != KEY_FILE_BYTES ||
        memcmp(text, key_title, sizeof key_title - 1) != 0)
        FGF_FAIL(FGF_USAGE, "%s: not a key file of fgf; name a new file, and one will be made",
                 path);
    for (size_t k = 0; k < FGF_PSEUDONYM_KEY; k++) {
        const char digits[3] = {text[sizeof key_title - 1 + 2 * k], text[sizeof key_title + 2 * k],
                                '\0'};
        char *end = NULL;
        out->byte[k] = (unsigned char)strtoul(digits, &end, 16);
        if (end != digits + 2)
            FGF_FAIL(FGF_USAGE, "%s: a damaged key file: not 64 hexadecimal digits", path);
    }
done:
    if (file >= 0)
        close(file);
    return status;
}

fgf_status fgf_pseudonym_of(const fgf_pseudonym_key *key, const char *text, char out[FGF_PSEUDONYM])
{
    fgf_status status = FGF_OK;
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int bytes = 0;
    if (!HMAC(EVP_sha256(), key->byte, sizeof key->byte, (const unsigned char *)text, strlen(text),
              digest, &bytes))
        FGF_FAIL(FGF_INTERNAL, "OpenSSL makes no HMAC-SHA-256 here");
    out[0] = 'P';
    add_digits(digest, (FGF_PSEUDONYM - 2) / 2, out + 1);
done:
    return status;
}

static int by_id(const void *a, const void *b)
{
    const fgf_candidate *first = a, *second = b;
    return strcmp(first->known.id, second->known.id);
}

typedef struct renamed {
    char to[FGF_PSEUDONYM], from[FGF_CASE_ID];
} renamed;

static int by_pseudonym(const void *a, const void *b)
{
    return strcmp(((const renamed *)a)->to, ((const renamed *)b)->to);
}

static fgf_status rename_text(const fgf_pseudonym_key *key, char text[FGF_CASE_ID], renamed *note)
{
    fgf_status status = FGF_OK;
    memcpy(note->from, text, FGF_CASE_ID);
    FGF_TRY(fgf_pseudonym_of(key, note->from, note->to));
    snprintf(text, FGF_CASE_ID, "%s", note->to);
done:
    return status;
}

fgf_status fgf_candidates_pseudonymize(fgf_candidates *candidates, const fgf_pseudonym_key *key)
{
    fgf_status status = FGF_OK;
    const size_t count = candidates->count;
    renamed *notes = NULL;
    FGF_TRY(FGF_ALLOCATE(2 * count, &notes));
    for (size_t i = 0; i < count; i++) {
        fgf_case *known = &candidates->list[i].known;
        FGF_TRY(rename_text(key, known->id, &notes[2 * i]));
        FGF_TRY(rename_text(key, known->patient, &notes[2 * i + 1]));
    }
    qsort(notes, 2 * count, sizeof *notes, by_pseudonym);
    for (size_t k = 1; k < 2 * count; k++)
        if (strcmp(notes[k].to, notes[k - 1].to) == 0 &&
            strcmp(notes[k].from, notes[k - 1].from) != 0)
            FGF_FAIL(FGF_DATA, "two ids have the pseudonym %s; use another key file", notes[k].to);
    qsort(candidates->list, count, sizeof *candidates->list, by_id);
done:
    fgf_free(notes);
    return status;
}
