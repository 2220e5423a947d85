// SPDX-License-Identifier: MIT
// Finding the bind program in a driver's file. The bytes may come from anywhere.
#include <elf.h>
#include <string.h>

#include <bind/driver_note.h>

#include "bytecode.h"

typedef struct image {
    const uint8_t* bytes;
    size_t size;
} image_t;

static bool has_range(const image_t* image, uint64_t offset, uint64_t size) {
    return offset <= image->size && size <= image->size - offset;
}

static uint64_t padded(uint64_t size) {
    return (size + 3) / 4 * 4;
}

static bool read_payload(const image_t* payload, const uint8_t** out_bytes, size_t* out_size,
                         bc_driver_name_t* out_name) {
    zx_driver_note_payload_t fields;
    if (payload->size < sizeof(fields)) {
        return false;
    }
    memcpy(&fields, payload->bytes, sizeof(fields));
    const uint64_t words = (uint64_t)fields.bindcount * 12;
    const uint64_t start = sizeof(fields) + words;
    if (fields.bytecodeversion != ZX_DRIVER_BYTECODE_V2 ||
        !has_range(payload, start, fields.bytecount)) {
        return false;
    }
    *out_name = (bc_driver_name_t){0};
    memcpy(out_name->name, fields.name, sizeof(fields.name));
    memcpy(out_name->version, fields.version, sizeof(fields.version));
    *out_bytes = payload->bytes + start;
    *out_size = fields.bytecount;
    return true;
}

// Goes through the notes of one segment.
static bool search_notes(const image_t* notes, const uint8_t** out_bytes, size_t* out_size,
                         bc_driver_name_t* out_name) {
    uint64_t at = 0;
    Elf64_Nhdr header;
    while (has_range(notes, at, sizeof(header))) {
        memcpy(&header, notes->bytes + at, sizeof(header));
        const uint64_t owner = at + sizeof(header);
        const uint64_t payload = owner + padded(header.n_namesz);
        if (!has_range(notes, owner, header.n_namesz) ||
            !has_range(notes, payload, header.n_descsz)) {
            return false;
        }
        const image_t inside = {notes->bytes + payload, header.n_descsz};
        if (header.n_type == ZX_DRIVER_NOTE_TYPE && header.n_namesz == ZX_DRIVER_NOTE_OWNER_SIZE &&
            memcmp(notes->bytes + owner, ZX_DRIVER_NOTE_OWNER, ZX_DRIVER_NOTE_OWNER_SIZE) == 0) {
            return read_payload(&inside, out_bytes, out_size, out_name);
        }
        at = payload + padded(header.n_descsz);
    }
    return false;
}

bool bc_find_driver_program(const uint8_t* bytes, size_t size, const uint8_t** out_bytes,
                            size_t* out_size, bc_driver_name_t* out_name, const char** out_error) {
    const image_t image = {bytes, size};
    Elf64_Ehdr header;
    *out_error = "not a whole 64-bit ELF file";
    if (!has_range(&image, 0, sizeof(header)) || memcmp(bytes, ELFMAG, SELFMAG) != 0 ||
        bytes[EI_CLASS] != ELFCLASS64 || bytes[EI_DATA] != ELFDATA2LSB) {
        return false;
    }
    memcpy(&header, bytes, sizeof(header));
    if (header.e_phentsize != sizeof(Elf64_Phdr) ||
        !has_range(&image, header.e_phoff, (uint64_t)header.e_phnum * sizeof(Elf64_Phdr))) {
        return false;
    }
    *out_error = "no driver note with a bind program";
    for (size_t i = 0; i < header.e_phnum; i++) {
        Elf64_Phdr segment;
        memcpy(&segment, bytes + header.e_phoff + i * sizeof(segment), sizeof(segment));
        if (segment.p_type != PT_NOTE || !has_range(&image, segment.p_offset, segment.p_filesz)) {
            continue;
        }
        const image_t notes = {bytes + segment.p_offset, segment.p_filesz};
        if (search_notes(&notes, out_bytes, out_size, out_name)) {
            return true;
        }
    }
    return false;
}
