// SPDX-License-Identifier: MIT
// Driver notes, by libelf over the file's bytes.
#include "driver_note.h"

#include <elf.h>
#include <gelf.h>
#include <libelf.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <bind/program.h>
#include <zircon/compiler.h>
#include <zircon/errors.h>

#include "dm_limits.h"
#include "text.h"

#if defined(__x86_64__)
#define THIS_MACHINE      EM_X86_64
#define THIS_MACHINE_NAME "x86-64"
#elif defined(__aarch64__)
#define THIS_MACHINE      EM_AARCH64
#define THIS_MACHINE_NAME "arm64"
#endif

typedef struct note_reader {
    const uint8_t* image;  // borrowed
    size_t size;
    dm_driver_note_t* out;
    bool is_found;
    char* error;
    size_t error_size;
} note_reader_t;

static zx_status_t refuse(note_reader_t* reader, zx_status_t status, const char* format, ...)
    __PRINTFLIKE(3, 4);
static zx_status_t refuse(note_reader_t* reader, zx_status_t status, const char* format, ...) {
    va_list args;
    va_start(args, format);
    vsnprintf(reader->error, reader->error_size, format, args);
    va_end(args);
    return status;
}

// ----------------------------------------------------------------------------------- ELF checks

static zx_status_t check_header(note_reader_t* reader) {
    Elf64_Ehdr header;
    if (reader->size > DM_MAX_DRIVER_SIZE) {
        return refuse(reader, ZX_ERR_FILE_BIG, "larger than %u bytes", DM_MAX_DRIVER_SIZE);
    }
    if (reader->size < SELFMAG || memcmp(reader->image, ELFMAG, SELFMAG) != 0) {
        return refuse(reader, ZX_ERR_IO_DATA_INTEGRITY, "not an ELF file");
    }
    if (reader->size < sizeof(header)) {
        return refuse(reader, ZX_ERR_IO_DATA_INTEGRITY, "truncated: the ELF header is cut off");
    }
    memcpy(&header, reader->image, sizeof(header));
    if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_ident[EI_DATA] != ELFDATA2LSB ||
        header.e_machine != THIS_MACHINE) {
        return refuse(
            reader, ZX_ERR_NOT_SUPPORTED,
            "made for another machine (ELF class %u, machine %u); this one is " THIS_MACHINE_NAME,
            header.e_ident[EI_CLASS], header.e_machine);
    }
    if (header.e_type != ET_DYN || header.e_phentsize != sizeof(Elf64_Phdr)) {
        return refuse(reader, ZX_ERR_IO_DATA_INTEGRITY, "not a shared object");
    }
    uint64_t table = (uint64_t)header.e_phnum * sizeof(Elf64_Phdr);
    if (header.e_phnum == 0 || header.e_phnum == PN_XNUM || header.e_phoff > reader->size ||
        table > reader->size - header.e_phoff) {
        return refuse(reader, ZX_ERR_IO_DATA_INTEGRITY,
                      "truncated: the program headers are not in the file");
    }
    return ZX_OK;
}

// Everything that the file says it contains must be there. Section headers are looked at only for
// this: they come last, so that a file cut anywhere is noticed.
static zx_status_t check_whole(note_reader_t* reader, Elf* elf) {
    Elf64_Ehdr header;
    memcpy(&header, reader->image, sizeof(header));
    uint64_t sections = (uint64_t)header.e_shnum * header.e_shentsize;
    if (header.e_shoff > reader->size || sections > reader->size - header.e_shoff) {
        return refuse(reader, ZX_ERR_IO_DATA_INTEGRITY,
                      "truncated: the section headers are not in the file");
    }
    for (size_t i = 0; i < header.e_phnum; i++) {
        GElf_Phdr segment;
        if (gelf_getphdr(elf, (int)i, &segment) == NULL) {
            return refuse(reader, ZX_ERR_IO_DATA_INTEGRITY, "damaged program headers: %s",
                          elf_errmsg(-1));
        }
        if (segment.p_offset > reader->size || segment.p_filesz > reader->size - segment.p_offset) {
            return refuse(reader, ZX_ERR_IO_DATA_INTEGRITY,
                          "truncated: segment %zu ends behind the file", i);
        }
    }
    return ZX_OK;
}

// ---------------------------------------------------------------------------------------- note

// A padded text field: at most |size| printable bytes, zeros behind them.
static bool take_text(const char* field, size_t size, char* out) {
    size_t length = strnlen(field, size);
    for (size_t i = 0; i < size; i++) {
        unsigned char c = (unsigned char)field[i];
        if (i < length ? c < 0x20 || c > 0x7e : c != 0) {
            return false;
        }
    }
    memcpy(out, field, length);
    out[length] = '\0';
    return true;
}

static bool is_driver_name(const char* name) {
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.";
    return name[0] != '\0' && name[strspn(name, allowed)] == '\0';
}

static zx_status_t check_program(note_reader_t* reader, const dm_driver_note_t* note) {
    if (note->is_proxy) {
        return ZX_OK;
    }
    bind_program_t program;
    bind_error_t error = {0};
    if (bind_program_read(note->bytecode, note->bytecode_size, &program, &error) != ZX_OK) {
        return refuse(reader, ZX_ERR_IO_DATA_INTEGRITY, "damaged bind program: E%u: %s (byte %zu)",
                      error.code, error.text, error.offset);
    }
    return ZX_OK;
}

static zx_status_t take_payload(note_reader_t* reader, const uint8_t* payload, size_t size) {
    zx_driver_note_payload_t fields;
    dm_driver_note_t* out = reader->out;
    if (size < sizeof(fields)) {
        return refuse(reader, ZX_ERR_IO_DATA_INTEGRITY,
                      "damaged driver note: %zu bytes, at least %zu are needed", size,
                      sizeof(fields));
    }
    memcpy(&fields, payload, sizeof(fields));
    if (fields.abi_version != JACINTH_DDK_ABI_VERSION) {
        return refuse(reader, ZX_ERR_NOT_SUPPORTED,
                      "made for driver ABI version %u; this devmgr has version %u",
                      fields.abi_version, JACINTH_DDK_ABI_VERSION);
    }
    uint32_t known = ZX_DRIVER_NOTE_FLAG_ASAN | ZX_DRIVER_NOTE_FLAG_PROXY;
    if (fields.bytecodeversion != ZX_DRIVER_BYTECODE_V2 || fields.bindcount != 0 ||
        (fields.flags & ~known) != 0) {
        return refuse(reader, ZX_ERR_NOT_SUPPORTED,
                      "its bind program is not of version 2, or its note has unknown flags");
    }
    if (fields.bytecount > size - sizeof(fields) || size - sizeof(fields) - fields.bytecount > 3) {
        return refuse(reader, ZX_ERR_IO_DATA_INTEGRITY,
                      "damaged driver note: a bind program of %u bytes in a note of %zu",
                      fields.bytecount, size);
    }
    *out = (dm_driver_note_t){.is_proxy = (fields.flags & ZX_DRIVER_NOTE_FLAG_PROXY) != 0,
                              .is_asan = (fields.flags & ZX_DRIVER_NOTE_FLAG_ASAN) != 0,
                              .bytecode = payload + sizeof(fields),
                              .bytecode_size = fields.bytecount};
    if (!take_text(fields.name, sizeof(fields.name), out->name) || !is_driver_name(out->name) ||
        !take_text(fields.vendor, sizeof(fields.vendor), out->vendor) ||
        !take_text(fields.version, sizeof(fields.version), out->version)) {
        return refuse(reader, ZX_ERR_IO_DATA_INTEGRITY,
                      "damaged driver note: its name, vendor or version is no text");
    }
    return check_program(reader, out);
}

// Walks the notes of one segment.
static zx_status_t read_segment(note_reader_t* reader, Elf_Data* data) {
    size_t offset = 0;
    while (offset < data->d_size) {
        GElf_Nhdr header;
        size_t name_at = 0;
        size_t payload_at = 0;
        size_t next = gelf_getnote(data, offset, &header, &name_at, &payload_at);
        if (next == 0) {
            // Padding behind the last note is legal; a driver note that does not fit is not found.
            return ZX_OK;
        }
        const uint8_t* bytes = data->d_buf;
        if (header.n_type == ZX_DRIVER_NOTE_TYPE && header.n_namesz == ZX_DRIVER_NOTE_OWNER_SIZE &&
            memcmp(bytes + name_at, ZX_DRIVER_NOTE_OWNER, ZX_DRIVER_NOTE_OWNER_SIZE) == 0) {
            if (reader->is_found) {
                return refuse(reader, ZX_ERR_IO_DATA_INTEGRITY, "more than one driver note");
            }
            reader->is_found = true;
            zx_status_t status = take_payload(reader, bytes + payload_at, header.n_descsz);
            if (status != ZX_OK) {
                return status;
            }
        }
        offset = next;
    }
    return ZX_OK;
}

// True if some section is named like a driver's note: then a missing note is a damaged one.
static bool has_note_section(Elf* elf) {
    size_t names = 0;
    if (elf_getshdrstrndx(elf, &names) != 0) {
        return false;
    }
    for (Elf_Scn* section = NULL; (section = elf_nextscn(elf, section)) != NULL;) {
        GElf_Shdr header;
        const char* name =
            gelf_getshdr(section, &header) != NULL ? elf_strptr(elf, names, header.sh_name) : NULL;
        if (name != NULL &&
            strncmp(name, ZX_DRIVER_NOTE_SECTION, sizeof(ZX_DRIVER_NOTE_SECTION) - 1) == 0) {
            return true;
        }
    }
    return false;
}

static zx_status_t read_notes(note_reader_t* reader, Elf* elf) {
    Elf64_Ehdr header;
    memcpy(&header, reader->image, sizeof(header));
    for (size_t i = 0; i < header.e_phnum; i++) {
        GElf_Phdr segment;
        if (gelf_getphdr(elf, (int)i, &segment) == NULL || segment.p_type != PT_NOTE) {
            continue;
        }
        Elf_Data* data = elf_getdata_rawchunk(elf, (int64_t)segment.p_offset, segment.p_filesz,
                                              segment.p_align == 8 ? ELF_T_NHDR8 : ELF_T_NHDR);
        if (data == NULL) {
            return refuse(reader, ZX_ERR_IO_DATA_INTEGRITY, "damaged notes: %s", elf_errmsg(-1));
        }
        zx_status_t status = read_segment(reader, data);
        if (status != ZX_OK) {
            return status;
        }
    }
    if (!reader->is_found && has_note_section(elf)) {
        return refuse(reader, ZX_ERR_IO_DATA_INTEGRITY,
                      "damaged driver note: its header does not fit its section");
    }
    if (!reader->is_found) {
        return refuse(reader, ZX_ERR_NOT_FOUND,
                      "no driver note: it is a library, but not one with ZIRCON_DRIVER()");
    }
    return ZX_OK;
}

zx_status_t dm_driver_note_read(const uint8_t* image, size_t size, dm_driver_note_t* out,
                                char* error, size_t error_size) {
    note_reader_t reader = {
        .image = image, .size = size, .out = out, .error = error, .error_size = error_size};
    zx_status_t status = check_header(&reader);
    if (status != ZX_OK) {
        return status;
    }
    if (elf_version(EV_CURRENT) == EV_NONE) {
        return refuse(&reader, ZX_ERR_INTERNAL, "libelf: %s", elf_errmsg(-1));
    }
    // libelf takes a pointer to writable memory, but opens the image for reading only.
    Elf* elf = elf_memory((char*)(uintptr_t)image, size);
    if (elf == NULL) {
        return refuse(&reader, ZX_ERR_IO_DATA_INTEGRITY, "not an ELF file: %s", elf_errmsg(-1));
    }
    status = check_whole(&reader, elf);
    if (status == ZX_OK) {
        status = read_notes(&reader, elf);
    }
    elf_end(elf);
    return status;
}
