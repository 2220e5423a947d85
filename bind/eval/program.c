// SPDX-License-Identifier: MIT
// Reading a bind program: checks every section, symbol and instruction, and describes the program
// by views.
#include <bind/program.h>

#include <string.h>

#include <zircon/errors.h>

#include "decode.h"
#include "utf8.h"

// A part of the program's bytes.
typedef struct section {
    const uint8_t* data;  // borrowed
    uint32_t size;
} section_t;

static size_t offset_of(const bind_program_t* program, const uint8_t* at) {
    return (size_t)(at - program->bytes);
}

static zx_status_t corrupt(bind_error_t* error, unsigned code, size_t offset, const char* text) {
    return bind_fail(error, ZX_ERR_IO_DATA_INTEGRITY, code, offset, "%s", text);
}

// Magics are big-endian, so that they read as text.
static uint32_t load_magic(const uint8_t* bytes) {
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static zx_status_t check_magic(const uint8_t* bytes, uint32_t expected, size_t offset,
                               bind_error_t* error) {
    const uint32_t found = load_magic(bytes);
    if (found == expected) {
        return ZX_OK;
    }
    return bind_fail(error, ZX_ERR_IO_DATA_INTEGRITY, 802, offset,
                     "section magic 0x%08x expected, 0x%08x found", expected, found);
}

static zx_status_t read_header(bind_program_t* program, bind_error_t* error) {
    const uint8_t* bytes = program->bytes;
    if (program->size < BIND_MIN_PROGRAM_SIZE) {
        return bind_fail(error, ZX_ERR_IO_DATA_INTEGRITY, 801, program->size,
                         "%zu bytes are too few for a bind program", program->size);
    }
    const zx_status_t status = check_magic(bytes, BIND_MAGIC_HEADER, 0, error);
    if (status != ZX_OK) {
        return status;
    }
    const uint32_t version = bind_load_u32(bytes + 4);
    if (version != BIND_BYTECODE_VERSION) {
        return bind_fail(error, ZX_ERR_NOT_SUPPORTED, 803, 4,
                         "bytecode version %u is not known, only version %u is", version,
                         BIND_BYTECODE_VERSION);
    }
    if (bytes[8] > 1) {
        const char* hint = bytes[8] == 'S' ? " (a program from before 2022?)" : "";
        return bind_fail(error, ZX_ERR_IO_DATA_INTEGRITY, 822, 8,
                         "the debug flag is 0 or 1, not 0x%x%s", bytes[8], hint);
    }
    program->has_debug = bytes[8] == 1;
    return ZX_OK;
}

// Takes a section off the front of *rest. `magic` 0 accepts any; the caller then checks it itself.
static zx_status_t take_section(const bind_program_t* program, section_t* rest, uint32_t magic,
                                section_t* out, bind_error_t* error) {
    const size_t offset = offset_of(program, rest->data);
    if (rest->size < BIND_SECTION_HEADER_SIZE) {
        return corrupt(error, 801, offset, "the program ends inside a section header");
    }
    if (magic != 0) {
        const zx_status_t status = check_magic(rest->data, magic, offset, error);
        if (status != ZX_OK) {
            return status;
        }
    }
    const uint32_t size = bind_load_u32(rest->data + 4);
    if (rest->size - BIND_SECTION_HEADER_SIZE < size) {
        return bind_fail(error, ZX_ERR_IO_DATA_INTEGRITY, 808, offset + 4,
                         "a section of %u bytes, but only %u bytes follow", size,
                         (uint32_t)(rest->size - BIND_SECTION_HEADER_SIZE));
    }
    *out = (section_t){rest->data + BIND_SECTION_HEADER_SIZE, size};
    rest->data = out->data + size;
    rest->size -= BIND_SECTION_HEADER_SIZE + size;
    return ZX_OK;
}

// Checks one symbol entry and returns its whole size, or 0 after filling *error.
static uint32_t check_symbol(const bind_program_t* program, section_t table, uint32_t at,
                             uint32_t expected_id, bind_error_t* error) {
    const uint8_t* entry = table.data + at;
    const size_t offset = offset_of(program, entry);
    const uint32_t left = table.size - at;
    if (left < sizeof(uint32_t)) {
        corrupt(error, 801, offset, "the symbol table ends inside an entry");
        return 0;
    }
    const uint32_t id = bind_load_u32(entry);
    if (id != expected_id) {
        bind_fail(error, ZX_ERR_IO_DATA_INTEGRITY, 807, offset, "symbol id %u expected, %u found",
                  expected_id, id);
        return 0;
    }
    const uint8_t* text = entry + sizeof(uint32_t);
    const uint32_t room = left - (uint32_t)sizeof(uint32_t);
    const uint32_t limit = room < BIND_MAX_STRING + 1 ? room : BIND_MAX_STRING + 1;
    const uint8_t* end = limit == 0 ? NULL : memchr(text, 0, limit);
    if (end == NULL) {
        if (limit > BIND_MAX_STRING) {
            corrupt(error, 804, offset + 4, "a symbol of more than 255 bytes");
        } else {
            corrupt(error, 801, offset + 4, "the symbol table ends inside a text");
        }
        return 0;
    }
    const uint32_t length = (uint32_t)(end - text);
    if (length == 0) {
        corrupt(error, 805, offset + 4, "an empty symbol");
        return 0;
    }
    if (!bind_is_utf8((const char*)text, length)) {
        corrupt(error, 806, offset + 4, "a symbol that is not UTF-8");
        return 0;
    }
    return (uint32_t)sizeof(uint32_t) + length + 1;
}

static zx_status_t check_symbols(const bind_program_t* program, section_t table,
                                 uint32_t* out_count, bind_error_t* error) {
    uint32_t count = 0;
    for (uint32_t at = 0; at < table.size;) {
        const uint32_t entry_size = check_symbol(program, table, at, count + 1, error);
        if (entry_size == 0) {
            return ZX_ERR_IO_DATA_INTEGRITY;
        }
        at += entry_size;
        count++;
    }
    *out_count = count;
    return ZX_OK;
}

static const uint8_t* next_symbol(const uint8_t* entry) {
    return entry + sizeof(uint32_t) + strlen((const char*)entry + sizeof(uint32_t)) + 1;
}

// Only after check_symbols().
static void index_symbols(bind_program_t* program) {
    const uint32_t count = program->symbol_count;
    program->symbol_stride = (count + BIND_SYMBOL_INDEX_SIZE - 1) / BIND_SYMBOL_INDEX_SIZE;
    const uint8_t* entry = program->symbols;
    for (uint32_t i = 0; i < count; i++) {
        if (i % program->symbol_stride == 0) {
            program->symbol_index[i / program->symbol_stride] =
                (uint32_t)(entry - program->symbols);
        }
        entry = next_symbol(entry);
    }
}

static zx_status_t check_code(const bind_program_t* program, const uint8_t* code, uint32_t size,
                              bind_error_t* error) {
    for (uint32_t at = 0; at < size;) {
        bind_instruction_t instruction;
        const zx_status_t status =
            bind_instruction_decode(program, code, size, at, &instruction, error);
        if (status != ZX_OK) {
            return status;
        }
        at = instruction.next;
    }
    return ZX_OK;
}

// Reads the parent at `at` of the composite body; *at moves past it.
static zx_status_t read_parent(const bind_program_t* program, uint32_t* at, bool is_first,
                               bind_parent_t* out, bind_error_t* error) {
    const uint8_t* bytes = program->body + *at;
    const size_t offset = offset_of(program, bytes);
    const uint32_t left = program->body_size - *at;
    if (left < BIND_PARENT_HEADER_SIZE) {
        return corrupt(error, 801, offset, "the program ends inside the header of a parent");
    }
    const uint8_t kind = bytes[0];
    if (is_first && kind != BIND_PARENT_PRIMARY) {
        return corrupt(error, 816, offset, "the first parent is not the primary");
    }
    if (!is_first && kind == BIND_PARENT_PRIMARY) {
        return corrupt(error, 817, offset, "a second primary parent");
    }
    if (kind < BIND_PARENT_PRIMARY || kind > BIND_PARENT_OPTIONAL) {
        return bind_fail(error, ZX_ERR_IO_DATA_INTEGRITY, 818, offset, "0x%x is no kind of parent",
                         kind);
    }
    const char* name = bind_program_symbol(program, bind_load_u32(bytes + 1));
    if (name == NULL) {
        return corrupt(error, 821, offset + 1, "the name of a parent is no symbol");
    }
    const uint32_t size = bind_load_u32(bytes + 5);
    if (size > left - BIND_PARENT_HEADER_SIZE) {
        return bind_fail(error, ZX_ERR_IO_DATA_INTEGRITY, 819, offset + 5,
                         "a parent of %u bytes, but only %u bytes follow", size,
                         (uint32_t)(left - BIND_PARENT_HEADER_SIZE));
    }
    *out = (bind_parent_t){(bind_parent_kind_t)kind, name, bytes + BIND_PARENT_HEADER_SIZE, size};
    *at += BIND_PARENT_HEADER_SIZE + size;
    return ZX_OK;
}

static zx_status_t check_composite(const bind_program_t* program, bind_error_t* error) {
    const size_t offset = offset_of(program, program->body);
    if (program->body_size < sizeof(uint32_t)) {
        return corrupt(error, 801, offset, "a composite without a name");
    }
    if (bind_program_composite_name(program) == NULL) {
        return corrupt(error, 820, offset, "the name of the composite is no symbol");
    }
    uint32_t at = sizeof(uint32_t);
    do {
        bind_parent_t parent;
        zx_status_t status = read_parent(program, &at, at == sizeof(uint32_t), &parent, error);
        if (status == ZX_OK) {
            status = check_code(program, parent.code, parent.code_size, error);
        }
        if (status != ZX_OK) {
            return status;
        }
    } while (at < program->body_size);
    return ZX_OK;
}

// The debug section is the last one and may hold one table of debug symbols.
static zx_status_t check_debug(const bind_program_t* program, section_t rest, bind_error_t* error) {
    section_t debug;
    zx_status_t status = take_section(program, &rest, BIND_MAGIC_DEBUG, &debug, error);
    if (status != ZX_OK) {
        return status;
    }
    if (rest.size != 0) {
        return corrupt(error, 808, offset_of(program, rest.data), "bytes after the debug section");
    }
    if (debug.size == 0) {
        return ZX_OK;
    }
    section_t symbols;
    status = take_section(program, &debug, BIND_MAGIC_DEBUG_SYMBOLS, &symbols, error);
    if (status != ZX_OK) {
        return status;
    }
    if (debug.size != 0) {
        return corrupt(error, 808, offset_of(program, debug.data), "bytes after the debug symbols");
    }
    uint32_t count;
    return check_symbols(program, symbols, &count, error);
}

static zx_status_t read_body(bind_program_t* program, section_t body, section_t rest,
                             bind_error_t* error) {
    const uint8_t* magic_at = body.data - BIND_SECTION_HEADER_SIZE;
    const uint32_t magic = load_magic(magic_at);
    program->is_composite = magic == BIND_MAGIC_COMPOSITE;
    if (!program->is_composite) {
        const zx_status_t status =
            check_magic(magic_at, BIND_MAGIC_INSTRUCTIONS, offset_of(program, magic_at), error);
        if (status != ZX_OK) {
            return status;
        }
    }
    if (!program->has_debug && rest.size != 0) {
        return bind_fail(error, ZX_ERR_IO_DATA_INTEGRITY, 808, offset_of(program, rest.data),
                         "%u bytes after the program", rest.size);
    }
    program->body = body.data;
    program->body_size = body.size;
    return program->is_composite ? check_composite(program, error)
                                 : check_code(program, body.data, body.size, error);
}

static zx_status_t read_program(bind_program_t* program, bind_error_t* error) {
    zx_status_t status = read_header(program, error);
    if (status != ZX_OK) {
        return status;
    }
    section_t rest = {program->bytes + BIND_HEADER_SIZE,
                      (uint32_t)program->size - BIND_HEADER_SIZE};
    section_t symbols;
    section_t body;
    status = take_section(program, &rest, BIND_MAGIC_SYMBOLS, &symbols, error);
    if (status == ZX_OK) {
        status = take_section(program, &rest, 0, &body, error);
    }
    if (status == ZX_OK && program->has_debug) {
        status = check_debug(program, rest, error);
    }
    if (status == ZX_OK) {
        status = check_symbols(program, symbols, &program->symbol_count, error);
    }
    if (status != ZX_OK) {
        return status;
    }
    program->symbols = symbols.data;
    program->symbols_size = symbols.size;
    index_symbols(program);
    return read_body(program, body, rest, error);
}

zx_status_t bind_program_read(const uint8_t* bytes, size_t size, bind_program_t* out_program,
                              bind_error_t* out_error) {
    if (out_error != NULL) {
        *out_error = (bind_error_t){0};
    }
    if (out_program == NULL || (bytes == NULL && size != 0)) {
        return ZX_ERR_INVALID_ARGS;
    }
    *out_program = (bind_program_t){.bytes = bytes, .size = size};
    zx_status_t status;
    if (size > UINT32_MAX) {
        status = corrupt(out_error, 808, 0, "a program of more than 4 GiB");
    } else {
        status = read_program(out_program, out_error);
    }
    if (status != ZX_OK) {
        *out_program = (bind_program_t){0};
    }
    return status;
}

const char* bind_program_symbol(const bind_program_t* program, uint32_t id) {
    if (id == 0 || id > program->symbol_count) {
        return NULL;
    }
    const uint32_t index = id - 1;
    const uint8_t* entry = program->symbols + program->symbol_index[index / program->symbol_stride];
    for (uint32_t i = index % program->symbol_stride; i > 0; i--) {
        entry = next_symbol(entry);
    }
    return (const char*)entry + sizeof(uint32_t);
}

const char* bind_program_composite_name(const bind_program_t* program) {
    if (!program->is_composite) {
        return NULL;
    }
    return bind_program_symbol(program, bind_load_u32(program->body));
}

zx_status_t bind_program_parent(const bind_program_t* program, size_t index,
                                bind_parent_t* out_parent) {
    uint32_t at = sizeof(uint32_t);
    for (size_t i = 0; program->is_composite && at < program->body_size; i++) {
        bind_parent_t parent;
        const zx_status_t status = read_parent(program, &at, i == 0, &parent, NULL);
        if (status != ZX_OK) {
            return status;
        }
        if (i == index) {
            *out_parent = parent;
            return ZX_OK;
        }
    }
    return ZX_ERR_OUT_OF_RANGE;
}
