/* DCMTK behind file.h. C++ because DCMTK is; whatever can be said in C
 * stands elsewhere. */
#include "file.h"

#include <dcmtk/config/osconfig.h>

#include <dcmtk/dcmdata/dcfcache.h>
#include <dcmtk/dcmdata/dcpixseq.h>
#include <dcmtk/dcmdata/dcpxitem.h>
#include <dcmtk/dcmdata/dcrledrg.h>
#include <dcmtk/dcmdata/dcspchrs.h>
#include <dcmtk/dcmdata/dctk.h>
#include <dcmtk/dcmjpeg/djdecode.h>
#include <dcmtk/dcmjpls/djdecode.h>
#include <dcmtk/oflog/oflog.h>

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <new>
#include <string>
#include <vector>

struct dicom_file {
    std::string path, name, syntax; /* name: the last part of the path, for messages */
    DcmFileFormat format;
    DcmFileCache cache;
    DcmSpecificCharacterSet names;
    bool names_known;
    DcmPixelData *pixels;                 /* NULL: none */
    std::vector<DcmPixelItem *> fragment; /* compressed pixel data */
};

namespace
{

DcmItem *inner(const dicom_item *item)
{
    return reinterpret_cast<DcmItem *>(const_cast<dicom_item *>(item));
}

const dicom_item *outer(const DcmItem *item)
{
    return reinterpret_cast<const dicom_item *>(item);
}

DcmTagKey key(dicom_tag tag)
{
    return DcmTagKey(static_cast<Uint16>(tag >> 16), static_cast<Uint16>(tag & 0xffff));
}

fgf_status refuse(const dicom_file &file, const char *what, const OFCondition &why, int line)
{
    return fgf_fail(FGF_DATA, __FILE__, line, "%s: %s: %s", file.name.c_str(), what, why.text());
}

/* Runs a piece of work; what it throws becomes a status. */
template <typename Work> fgf_status guarded(const char *path, Work work) noexcept
{
    try {
        return work();
    } catch (const std::bad_alloc &) {
        return fgf_fail(FGF_MEMORY, __FILE__, __LINE__, "%s: out of memory", path);
    } catch (...) {
        return fgf_fail(FGF_DATA, __FILE__, __LINE__, "%s: damaged DICOM file", path);
    }
}

/* The same for questions, whose answer is then `otherwise`. */
template <typename Answer, typename Work> Answer asked(Answer otherwise, Work work) noexcept
{
    try {
        return work();
    } catch (...) {
        return otherwise;
    }
}

/* Once a process. The log is off because it quotes values of elements, such as
 * patients' names. */
bool set_up()
{
    OFLog::configure(OFLogger::OFF_LOG_LEVEL);
    dcmEnableUnknownVRConversion.set(OFTrue); /* elements sent as UN mean what the standard says */
    DcmRLEDecoderRegistration::registerCodecs();
    DJDecoderRegistration::registerCodecs();
    DJLSDecoderRegistration::registerCodecs();
    return dcmDataDict.isDictionaryLoaded();
}

void find_pixels(dicom_file &file)
{
    DcmElement *element = NULL;
    DcmDataset *dataset = file.format.getDataset();
    const E_TransferSyntax syntax = dataset->getOriginalXfer();
    if (dataset->findAndGetElement(DCM_PixelData, element).bad())
        return;
    file.pixels = dynamic_cast<DcmPixelData *>(element);
    DcmPixelSequence *sequence = NULL;
    if (!file.pixels || !DcmXfer(syntax).isEncapsulated() ||
        file.pixels->getEncapsulatedRepresentation(syntax, NULL, sequence).bad() || !sequence)
        return;
    DcmObject *item = sequence->nextInContainer(NULL); /* the offset table */
    while (item && (item = sequence->nextInContainer(item)))
        file.fragment.push_back(dynamic_cast<DcmPixelItem *>(item));
}

fgf_status open_file(dicom_file &file)
{
    static const bool dictionary = set_up();
    if (!dictionary)
        return fgf_fail(FGF_ENVIRONMENT, __FILE__, __LINE__,
                        "DCMTK finds no data dictionary; DCMDICTPATH names the file dicom.dic");
    OFCondition result = file.format.loadFile(file.path.c_str());
    if (result.bad())
        return refuse(file, "cut short, damaged, or no DICOM file", result, __LINE__);
    DcmDataset *dataset = file.format.getDataset();
    file.syntax = DcmXfer(dataset->getOriginalXfer()).getXferID();
    file.names_known = file.names.selectCharacterSet(*dataset).good();
    find_pixels(file);
    return FGF_OK;
}

const char *text_of(const dicom_item *item, dicom_tag tag)
{
    const char *text = NULL;
    return inner(item)->findAndGetString(key(tag), text).good() && text ? text : "";
}

bool is_utf_8(const OFString &text)
{
    int following = 0;
    for (size_t k = 0; k < text.length(); k++) {
        const unsigned char byte = static_cast<unsigned char>(text[k]);
        if ((byte & 0xc0) == 0x80 ? following-- == 0 : following != 0)
            return false;
        if (byte >= 0xc0)
            following = byte >= 0xf0 ? 3 : byte >= 0xe0 ? 2 : 1;
    }
    return following == 0;
}

/* What is in no character set that the file names is most often this one. */
OFString latin_1_as_utf_8(const OFString &text)
{
    OFString out;
    for (size_t k = 0; k < text.length(); k++) {
        const unsigned byte = static_cast<unsigned char>(text[k]);
        if (byte >= 0x80)
            out += static_cast<char>(0xc0 | byte >> 6);
        out += static_cast<char>(byte < 0x80 ? byte : 0x80 | (byte & 0x3f));
    }
    return out;
}

void copy_trimmed(const char *text, size_t length, char *out, size_t room)
{
    while (length > 0 && *text == ' ') {
        text++;
        length--;
    }
    while (length > 0 && (text[length - 1] == ' ' || text[length - 1] == '\0'))
        length--;
    if (length >= room) {
        length = room - 1;
        while (length > 0 && (static_cast<unsigned char>(text[length]) & 0xc0) == 0x80)
            length--; /* not within a character of UTF-8 */
    }
    std::memcpy(out, text, length);
    out[length] = '\0';
}

/* Decimal numbers between backslashes. */
bool parse_numbers(const char *text, double *out, size_t most, size_t *count)
{
    *count = 0;
    if (text[std::strspn(text, " ")] == '\0')
        return true;
    for (;; text++) {
        const size_t length = std::strcspn(text, "\\");
        if (*count < most) {
            char *end = NULL;
            const double value = std::strtod(text, &end);
            const bool some = end > text && std::strspn(text, " +-.0123456789eE") >= length;
            while (*end == ' ')
                end++;
            if (!some || end != text + length || !std::isfinite(value))
                return false;
            out[*count] = value;
        }
        ++*count;
        text += length;
        if (*text == '\0')
            return true;
    }
}

/* One value of a binary element. */
bool binary_number(DcmElement *element, unsigned long index, double *out)
{
    Uint16 u16 = 0;
    Sint16 s16 = 0;
    Uint32 u32 = 0;
    Sint32 s32 = 0;
    Float32 f32 = 0;
    Float64 f64 = 0;
    if (element->getUint16(u16, index).good())
        *out = u16;
    else if (element->getSint16(s16, index).good())
        *out = s16;
    else if (element->getUint32(u32, index).good())
        *out = u32;
    else if (element->getSint32(s32, index).good())
        *out = s32;
    else if (element->getFloat32(f32, index).good())
        *out = static_cast<double>(f32);
    else if (element->getFloat64(f64, index).good())
        *out = f64;
    else
        return false;
    return std::isfinite(*out);
}

} // namespace

fgf_status dicom_file_open(const char *path, dicom_file **out)
{
    *out = NULL;
    return guarded(path, [&]() -> fgf_status {
        dicom_file *file = new dicom_file();
        file->path = path;
        file->name = file->path.substr(file->path.rfind('/') + 1);
        *out = file;
        const fgf_status status = open_file(*file);
        if (status != FGF_OK)
            dicom_file_close(out);
        return status;
    });
}

void dicom_file_close(dicom_file **file)
{
    delete *file;
    *file = NULL;
}

const char *dicom_file_path(const dicom_file *file)
{
    return file->path.c_str();
}

const dicom_item *dicom_file_root(const dicom_file *file)
{
    return outer(const_cast<dicom_file *>(file)->format.getDataset());
}

bool dicom_has(const dicom_item *item, dicom_tag tag)
{
    return asked(false, [&]() -> bool { return inner(item)->tagExists(key(tag)); });
}

void dicom_text(const dicom_item *item, dicom_tag tag, char *out, size_t room)
{
    out[0] = '\0';
    asked(false, [&]() -> bool {
        const char *text = text_of(item, tag);
        copy_trimmed(text, std::strlen(text), out, room);
        return true;
    });
}

void dicom_name(const dicom_file *file, const dicom_item *item, dicom_tag tag, char *out,
                size_t room)
{
    out[0] = '\0';
    asked(false, [&]() -> bool {
        OFString text = text_of(item, tag), converted;
        dicom_file *writable = const_cast<dicom_file *>(file);
        if (file->names_known && writable->names.convertString(text, converted).good())
            text = converted;
        if (!is_utf_8(text))
            text = latin_1_as_utf_8(text);
        for (size_t k = 0; k < text.length(); k++)
            if (static_cast<unsigned char>(text[k]) < ' ')
                text[k] = ' ';
        copy_trimmed(text.c_str(), text.length(), out, room);
        return true;
    });
}

bool dicom_numbers(const dicom_item *item, dicom_tag tag, double *out, size_t most, size_t *count)
{
    *count = 0;
    return asked(false, [&]() -> bool {
        DcmElement *element = NULL;
        if (inner(item)->findAndGetElement(key(tag), element).bad())
            return true;
        const DcmEVR kind = element->getVR();
        if (kind == EVR_DS || kind == EVR_IS)
            return parse_numbers(text_of(item, tag), out, most, count);
        const unsigned long values = element->getVM();
        for (*count = 0; *count < values; ++*count)
            if (*count < most && !binary_number(element, *count, &out[*count]))
                return false;
        return true;
    });
}

const dicom_item *dicom_next(const dicom_item *item, dicom_tag sequence, const dicom_item *previous)
{
    return asked(static_cast<const dicom_item *>(NULL), [&]() -> const dicom_item * {
        DcmElement *element = NULL;
        if (inner(item)->findAndGetElement(key(sequence), element).bad())
            return NULL;
        DcmSequenceOfItems *items = dynamic_cast<DcmSequenceOfItems *>(element);
        return items ? outer(dynamic_cast<DcmItem *>(
                           items->nextInContainer(previous ? inner(previous) : NULL)))
                     : NULL;
    });
}

dicom_coding dicom_file_coding(const dicom_file *file)
{
    static const struct {
        const char *syntax;
        dicom_coding coding;
    } codings[] = {
        {"1.2.840.10008.1.2", DICOM_NATIVE},        {"1.2.840.10008.1.2.1", DICOM_NATIVE},
        {"1.2.840.10008.1.2.1.99", DICOM_NATIVE},   {"1.2.840.10008.1.2.2", DICOM_NATIVE},
        {"1.2.840.10008.1.2.5", DICOM_RLE},         {"1.2.840.10008.1.2.4.50", DICOM_JPEG},
        {"1.2.840.10008.1.2.4.51", DICOM_JPEG},     {"1.2.840.10008.1.2.4.57", DICOM_JPEG},
        {"1.2.840.10008.1.2.4.70", DICOM_JPEG},     {"1.2.840.10008.1.2.4.80", DICOM_JPEG_LS},
        {"1.2.840.10008.1.2.4.81", DICOM_JPEG_LS},  {"1.2.840.10008.1.2.4.90", DICOM_JPEG_2000},
        {"1.2.840.10008.1.2.4.91", DICOM_JPEG_2000}};
    for (const auto &known : codings)
        if (file->syntax == known.syntax)
            return known.coding;
    return DICOM_CODING_OTHER;
}

const char *dicom_file_syntax(const dicom_file *file)
{
    return file->syntax.c_str();
}

uint64_t dicom_pixel_bytes(const dicom_file *file)
{
    return asked(uint64_t{0}, [&]() -> uint64_t {
        if (!file->pixels)
            return 0;
        uint64_t bytes = 0;
        for (DcmPixelItem *item : file->fragment)
            bytes += item->getLength();
        return dicom_file_coding(file) == DICOM_NATIVE ? file->pixels->getLength() : bytes;
    });
}

fgf_status dicom_pixels_read(dicom_file *file, uint64_t offset, void *bytes, size_t count)
{
    return guarded(file->name.c_str(), [&]() -> fgf_status {
        if (offset > UINT32_MAX || count > UINT32_MAX - offset)
            return fgf_fail(FGF_DATA, __FILE__, __LINE__, "%s: more than 4 GiB of pixel data",
                            file->name.c_str());
        const OFCondition result = file->pixels->getPartialValue(
            bytes, static_cast<Uint32>(offset), static_cast<Uint32>(count), &file->cache);
        return result.good() ? FGF_OK
                             : refuse(*file, "pixel data cut short or damaged", result, __LINE__);
    });
}

size_t dicom_fragment_count(const dicom_file *file)
{
    return file->fragment.size();
}

size_t dicom_fragment_bytes(const dicom_file *file, size_t fragment)
{
    return asked(size_t{0}, [&]() -> size_t { return file->fragment[fragment]->getLength(); });
}

fgf_status dicom_fragment_read(dicom_file *file, size_t fragment, uint8_t *bytes)
{
    return guarded(file->name.c_str(), [&]() -> fgf_status {
        DcmPixelItem *item = file->fragment[fragment];
        const OFCondition result = item->getPartialValue(bytes, 0, item->getLength(), &file->cache);
        return result.good() ? FGF_OK
                             : refuse(*file, "pixel data cut short or damaged", result, __LINE__);
    });
}

fgf_status dicom_frame_decode(dicom_file *file, size_t frame, size_t fragment, void *bytes,
                              size_t count)
{
    return guarded(file->name.c_str(), [&]() -> fgf_status {
        Uint32 first = static_cast<Uint32>(fragment + 1); /* DCMTK counts the offset table too */
        OFString colour;
        const OFCondition result = file->pixels->getUncompressedFrame(
            file->format.getDataset(), static_cast<Uint32>(frame), first, bytes,
            static_cast<Uint32>(count), colour, &file->cache);
        for (DcmPixelItem *item : file->fragment)
            item->compact(); /* memory is that of a frame */
        return result.good() ? FGF_OK
                             : refuse(*file, "pixel data cut short or damaged", result, __LINE__);
    });
}
