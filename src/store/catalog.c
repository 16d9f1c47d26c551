#include "catalog.h"

#include "disk.h"
#include "element.h"

#include "fgf/memory.h"

#include <stdio.h>
#include <string.h>

enum {
    DATASETS_MAX = 100000,  /* far over any file of ours: an endless one stops here */
    ATTRIBUTE_MAX = 1 << 20 /* bytes of a root attribute's text */
};

typedef struct visit {
    store_catalog *catalog;
    const char *file_path;
    uint64_t file_bytes;
    fgf_status status;
} visit;

/* Doubles an array when it is full. */
static fgf_status grow(void **items, size_t *capacity, size_t count, size_t item_bytes)
{
    fgf_status status = FGF_OK;
    void *bigger = NULL;
    if (count < *capacity)
        return FGF_OK;
    size_t wanted = *capacity ? 2 * *capacity : 64;
    FGF_TRY(fgf_allocate_bytes(wanted, item_bytes, &bigger));
    if (count)
        memcpy(bigger, *items, count * item_bytes);
    fgf_free(*items);
    *items = bigger;
    *capacity = wanted;
done:
    return status;
}

/* A fixed-length text attribute of an object, cut to `bytes`; "" where there is none. */
static void read_text_attribute(hid_t object, const char *name, char *text, size_t bytes)
{
    memset(text, 0, bytes);
    if (H5Aexists(object, name) <= 0)
        return;
    hid_t attribute = H5Aopen(object, name, H5P_DEFAULT);
    hid_t type = attribute < 0 ? -1 : H5Aget_type(attribute);
    hid_t space = attribute < 0 ? -1 : H5Aget_space(attribute);
    if (type >= 0 && space >= 0 && H5Tget_class(type) == H5T_STRING &&
        H5Tis_variable_str(type) == 0 && H5Sget_simple_extent_npoints(space) == 1) {
        hid_t memory = element_to_hdf5(FGF_TEXT, bytes);
        if (memory < 0 || H5Tset_cset(memory, H5Tget_cset(type)) < 0 ||
            H5Aread(attribute, memory, text) < 0)
            memset(text, 0, bytes);
        if (memory >= 0)
            H5Tclose(memory);
        text[bytes - 1] = 0;
    }
    if (space >= 0)
        H5Sclose(space);
    if (type >= 0)
        H5Tclose(type);
    if (attribute >= 0)
        H5Aclose(attribute);
}

/* Whether the dataset is stored as ours are: contiguous, in this very file. */
static bool is_plain(hid_t dataset)
{
    hid_t list = H5Dget_create_plist(dataset);
    bool plain =
        list >= 0 && H5Pget_layout(list) == H5D_CONTIGUOUS && H5Pget_external_count(list) == 0;
    if (list >= 0)
        H5Pclose(list);
    return plain;
}

/* The type and extents; *ours false where the dataset is of a kind we never write. */
static void describe(hid_t dataset, catalog_entry *entry, bool *ours)
{
    hsize_t dims[H5S_MAX_RANK];
    hid_t type = H5Dget_type(dataset);
    hid_t space = H5Dget_space(dataset);
    size_t text_bytes = 0;
    *ours = type >= 0 && space >= 0 && H5Sis_simple(space) > 0 &&
            element_from_hdf5(type, &entry->type, &text_bytes) && is_plain(dataset);
    if (*ours) {
        entry->element_bytes = fgf_element_bytes(entry->type, text_bytes);
        entry->rank = H5Sget_simple_extent_dims(space, dims, NULL);
        *ours = entry->rank >= 0 && entry->rank <= CATALOG_RANK;
    }
    for (int i = 0; *ours && i < entry->rank; i++)
        entry->extent[i] = (size_t)dims[i];
    if (space >= 0)
        H5Sclose(space);
    if (type >= 0)
        H5Tclose(type);
}

static fgf_status add_dataset(hid_t dataset, const char *name, visit *v)
{
    fgf_status status = FGF_OK;
    store_catalog *c = v->catalog;
    catalog_entry entry = {0};
    bool ours = false;
    describe(dataset, &entry, &ours);
    if (!ours)
        return FGF_OK;
    if (c->count >= DATASETS_MAX)
        FGF_FAIL(FGF_DATA, "%s holds over %d datasets: it is no results file", v->file_path,
                 DATASETS_MAX);
    /* Each factor is held against the file's size, so the product cannot overflow. */
    entry.bytes = entry.element_bytes;
    for (int i = 0; i < entry.rank; i++) {
        if (entry.bytes && entry.extent[i] > v->file_bytes / entry.bytes)
            FGF_FAIL(FGF_DATA, "%s is damaged: dataset /%s claims to be larger than the file",
                     v->file_path, name);
        entry.bytes *= entry.extent[i];
    }
    if (entry.bytes) {
        haddr_t offset = H5Dget_offset(dataset);
        if (offset == HADDR_UNDEF || offset > v->file_bytes || entry.bytes > v->file_bytes - offset)
            FGF_FAIL(FGF_DATA, "%s is damaged: dataset /%s lies outside the file", v->file_path,
                     name);
        entry.offset = (uint64_t)offset;
    }
    read_text_attribute(dataset, "units", entry.unit, sizeof entry.unit);
    read_text_attribute(dataset, "long_name", entry.long_name, sizeof entry.long_name);
    FGF_TRY(grow((void **)&c->entries, &c->capacity, c->count, sizeof entry));
    size_t path_bytes = strlen(name) + 2;
    FGF_TRY(FGF_ALLOCATE(path_bytes, &entry.path));
    snprintf(entry.path, path_bytes, "/%s", name);
    c->entries[c->count++] = entry;
done:
    return status;
}

static herr_t visit_object(hid_t root, const char *name, const H5O_info_t *info, void *state)
{
    visit *v = state;
    if (info->type != H5O_TYPE_DATASET)
        return 0;
    hid_t dataset = H5Dopen2(root, name, H5P_DEFAULT);
    if (dataset < 0) {
        v->status = fgf_fail(hdf5_read_failure(), __FILE__, __LINE__, "%s: cannot open /%s: %s",
                             v->file_path, name, hdf5_reason());
        return -1;
    }
    v->status = add_dataset(dataset, name, v);
    H5Dclose(dataset);
    return v->status == FGF_OK ? 0 : -1;
}

static herr_t visit_attribute(hid_t root, const char *name, const H5A_info_t *info, void *state)
{
    visit *v = state;
    store_catalog *c = v->catalog;
    catalog_attribute item = {0};
    fgf_status status = FGF_OK;
    size_t bytes = info->data_size < ATTRIBUTE_MAX ? (size_t)info->data_size + 1 : ATTRIBUTE_MAX;
    FGF_TRY(grow((void **)&c->attributes, &c->attribute_capacity, c->attribute_count, sizeof item));
    FGF_TRY(fgf_copy_text(name, &item.name));
    FGF_TRY(FGF_ALLOCATE(bytes, &item.text));
    read_text_attribute(root, name, item.text, bytes);
    c->attributes[c->attribute_count++] = item;
    item = (catalog_attribute){0};
done:
    fgf_free(item.name);
    fgf_free(item.text);
    v->status = status;
    return status == FGF_OK ? 0 : -1;
}

/* What can be said without libhdf5: the signature, the superblock's version, the size it states.
 * Layout of versions 0, 1 and 2: HDF5 File Format Specification, II.A. */
static fgf_status check_superblock(const char *path, uint64_t *file_bytes)
{
    static const unsigned char signature[8] = {0x89, 'H', 'D', 'F', '\r', '\n', 0x1a, '\n'};
    fgf_status status = FGF_OK;
    int descriptor = -1;
    unsigned char head[64] = {0};
    FGF_TRY(disk_open(path, false, &descriptor));
    FGF_TRY(disk_size(descriptor, path, file_bytes));
    if (*file_bytes < sizeof head)
        FGF_FAIL(FGF_DATA, "%s is no results file: it has only %llu bytes", path,
                 (unsigned long long)*file_bytes);
    FGF_TRY(disk_read(descriptor, path, head, sizeof head, 0));
    if (memcmp(head, signature, sizeof signature) != 0)
        FGF_FAIL(FGF_DATA, "%s is no results file: it is not HDF5", path);
    if (head[8] > 2)
        FGF_FAIL(FGF_DATA, "%s is no results file: its superblock has version %d, ours have 2",
                 path, head[8]);
    const unsigned char *end = head + (head[8] == 2 ? 28 : head[8] == 1 ? 44 : 40);
    int offset_bytes = head[8] == 2 ? head[9] : head[13];
    uint64_t end_of_file = 0;
    for (int i = 7; i >= 0; i--)
        end_of_file = end_of_file << 8 | end[i];
    if (offset_bytes != 8)
        FGF_FAIL(FGF_DATA, "%s is no results file: its offsets have %d bytes, ours have 8", path,
                 offset_bytes);
    if (end_of_file > *file_bytes)
        FGF_FAIL(FGF_DATA, "%s is cut off: %llu of %llu bytes are there", path,
                 (unsigned long long)*file_bytes, (unsigned long long)end_of_file);
done:
    disk_close(&descriptor);
    return status;
}

fgf_status catalog_read(const char *path, store_catalog *out)
{
    fgf_status status = FGF_OK;
    hid_t access = -1, file = -1;
    hsize_t position = 0;
    visit v = {.catalog = out, .file_path = path};
    *out = (store_catalog){0};
    hdf5_quiet();
    FGF_TRY(check_superblock(path, &v.file_bytes));
    access = hdf5_access_list();
    if (access < 0)
        FGF_FAIL(FGF_ENVIRONMENT, "HDF5 does not work here: %s", hdf5_reason());
    file = H5Fopen(path, H5F_ACC_RDONLY, access);
    if (file < 0)
        FGF_FAIL(hdf5_read_failure(), "cannot read %s: %s", path, hdf5_reason());
    if (H5Aiterate2(file, H5_INDEX_NAME, H5_ITER_NATIVE, &position, visit_attribute, &v) < 0 ||
        H5Ovisit(file, H5_INDEX_NAME, H5_ITER_NATIVE, visit_object, &v) < 0) {
        FGF_TRY(v.status);
        const fgf_status failure = hdf5_read_failure();
        FGF_FAIL(failure, "%s %s: %s", path, failure == FGF_DATA ? "is damaged" : "cannot be read",
                 hdf5_reason());
    }
done:
    if (file >= 0)
        H5Fclose(file);
    if (access >= 0)
        H5Pclose(access);
    return status;
}

void catalog_clear(store_catalog *catalog)
{
    for (size_t i = 0; i < catalog->count; i++)
        fgf_free(catalog->entries[i].path);
    for (size_t i = 0; i < catalog->attribute_count; i++) {
        fgf_free(catalog->attributes[i].name);
        fgf_free(catalog->attributes[i].text);
    }
    fgf_free(catalog->entries);
    fgf_free(catalog->attributes);
    memset(catalog, 0, sizeof *catalog);
}

const catalog_entry *catalog_find(const store_catalog *catalog, const char *path)
{
    for (size_t i = 0; i < catalog->count; i++)
        if (strcmp(catalog->entries[i].path, path) == 0)
            return &catalog->entries[i];
    return NULL;
}

const char *catalog_attribute_text(const store_catalog *catalog, const char *name)
{
    for (size_t i = 0; i < catalog->attribute_count; i++)
        if (strcmp(catalog->attributes[i].name, name) == 0)
            return catalog->attributes[i].text;
    return NULL;
}
