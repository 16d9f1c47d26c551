#include "fgf/file_bytes.h"
#include "fgf/memory.h"
#include "fgf/text.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

fgf_status fgf_read_file(const char *path, size_t most, char **bytes, size_t *count)
{
    fgf_status status = FGF_OK;
    struct stat about;
    char *whole = NULL;
    *bytes = NULL;
    FILE *file = fopen(path, "rb");
    if (!file)
        FGF_FAIL(FGF_DATA, "%s: cannot be opened: %s", path, strerror(errno));
    if (fstat(fileno(file), &about) != 0 || !S_ISREG(about.st_mode))
        FGF_FAIL(FGF_DATA, "%s: is not a file", path);
    if ((size_t)about.st_size > most)
        FGF_FAIL(FGF_DATA, "%s: %lld bytes, at most %zu expected", path, (long long)about.st_size,
                 most);
    *count = (size_t)about.st_size;
    FGF_TRY(FGF_ALLOCATE(*count + 1, &whole));
    if (fread(whole, 1, *count, file) != *count)
        FGF_FAIL(FGF_ENVIRONMENT, "%s: cannot be read to its end", path);
    *bytes = whole;
    whole = NULL;
done:
    if (file)
        fclose(file);
    fgf_free(whole);
    return status;
}

fgf_status fgf_hash_file(const char *path, fgf_hash *out)
{
    fgf_status status = FGF_OK;
    enum { BLOCK = 4 << 20 };
    fgf_buffer hashes = {0};
    char *block = NULL;
    FILE *file = fopen(path, "rb");
    if (!file)
        FGF_FAIL(FGF_DATA, "%s: cannot be opened: %s", path, strerror(errno));
    FGF_TRY(FGF_ALLOCATE(BLOCK, &block));
    for (size_t count; (count = fread(block, 1, BLOCK, file)) > 0;)
        fgf_buffer_add(&hashes, "%s", fgf_hash_bytes(block, count).text);
    if (ferror(file))
        FGF_FAIL(FGF_ENVIRONMENT, "%s: cannot be read to its end: %s", path, strerror(errno));
    FGF_TRY(hashes.status);
    *out = fgf_hash_bytes(hashes.text ? hashes.text : "", hashes.length);
done:
    if (file)
        fclose(file);
    fgf_free(block);
    fgf_buffer_clear(&hashes);
    return status;
}

fgf_status fgf_write_file(const char *path, const char *bytes, size_t count)
{
    fgf_status status = FGF_OK;
    fgf_buffer part = {0};
    struct stat about;
    const bool replaced = stat(path, &about) != 0 || S_ISREG(about.st_mode);
    fgf_buffer_add(&part, "%s%s", path, replaced ? ".part" : "");
    FGF_TRY(part.status);
    FILE *file = fopen(part.text, "w");
    if (!file)
        FGF_FAIL(FGF_ENVIRONMENT, "%s: cannot be written: %s", path, strerror(errno));
    bool good = fwrite(bytes, 1, count, file) == count && fflush(file) == 0 &&
                (!replaced || fsync(fileno(file)) == 0);
    int cause = errno;
    if (fclose(file) != 0 && good) {
        good = false;
        cause = errno;
    }
    if (good && replaced && rename(part.text, path) != 0) {
        good = false;
        cause = errno;
    }
    if (!good && replaced)
        (void)unlink(part.text);
    if (!good)
        FGF_FAIL(FGF_ENVIRONMENT, "%s: cannot be written: %s", path, strerror(cause));
done:
    fgf_buffer_clear(&part);
    return status;
}
