// SPDX-License-Identifier: MIT
// Attack surface: the sections of a bind program, each with a good frame around it, so that the
// fuzzer does not have to guess magics and sizes. The first byte chooses the section: symbols,
// instructions, the body of a composite, debug information; the second cuts the symbols off the
// rest. What the reader accepts is matched, listed and assembled again.
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <bind/composite.h>

#include "bytecode.h"

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

static const bind_property_t device[] = {
    {.id = 0x0001, .type = BIND_VALUE_NUMBER, .number = 31},
    {.key = "a", .type = BIND_VALUE_STRING, .string = "a"},
    {.key = "b", .type = BIND_VALUE_BOOL, .boolean = true},
};
#define DEVICE_SIZE (sizeof(device) / sizeof(device[0]))

// Three symbols, "a", "b" and "c.d".
static const uint8_t symbols[] = {1,   0, 0, 0, 'a', 0, 2,   0,   0,   0,
                                  'b', 0, 3, 0, 0,   0, 'c', '.', 'd', 0};

static void append_section(bc_buffer_t* out, uint32_t magic, const uint8_t* data, size_t size) {
    bc_buffer_magic(out, magic);
    bc_buffer_u32(out, (uint32_t)size);
    bc_buffer_append(out, data, size);
}

static void make_program(uint8_t choice, uint8_t cut, const uint8_t* data, size_t size,
                         bc_buffer_t* out) {
    const size_t first = cut < size ? cut : size;
    bc_buffer_magic(out, BIND_MAGIC_HEADER);
    bc_buffer_u32(out, BIND_BYTECODE_VERSION);
    bc_buffer_u8(out, choice % 4 == 3);
    switch (choice % 4) {
        case 0:
            append_section(out, BIND_MAGIC_SYMBOLS, data, first);
            append_section(out, BIND_MAGIC_INSTRUCTIONS, data + first, size - first);
            break;
        case 1:
            append_section(out, BIND_MAGIC_SYMBOLS, symbols, sizeof(symbols));
            append_section(out, BIND_MAGIC_INSTRUCTIONS, data, size);
            break;
        case 2:
            append_section(out, BIND_MAGIC_SYMBOLS, symbols, sizeof(symbols));
            append_section(out, BIND_MAGIC_COMPOSITE, data, size);
            break;
        default:
            append_section(out, BIND_MAGIC_SYMBOLS, symbols, sizeof(symbols));
            append_section(out, BIND_MAGIC_INSTRUCTIONS, data, first);
            append_section(out, BIND_MAGIC_DEBUG, data + first, size - first);
            break;
    }
}

static void match(const bind_program_t* program) {
    const bind_spec_parent_t spec[] = {{device, DEVICE_SIZE}, {device, 1}, {NULL, 0}};
    size_t workspace[2048];
    size_t parents[3];
    bind_assignment_t assignment;
    bool is_match;
    if (bind_program_match(program, device, DEVICE_SIZE, &is_match, NULL) != ZX_OK && is_match) {
        abort();
    }
    const size_t count = bind_composite_parent_count(program);
    for (size_t i = 1; i <= 3; i++) {
        if (bind_composite_match(program, spec, i, workspace, sizeof(workspace), parents,
                                 &assignment, NULL) != ZX_OK) {
            continue;
        }
        for (size_t j = 0; j < i; j++) {
            if (parents[j] >= count) {
                abort();
            }
        }
    }
}

static void assemble_again(const bind_program_t* program) {
    bc_arena_t arena = {0};
    bc_diagnostics_t diagnostics = {.arena = &arena};
    bc_buffer_t listing = {0};
    bc_buffer_t again = {0};
    bc_dump(program, &listing);
    const bc_source_t* source =
        bc_source_from_text(&diagnostics, "listing", 0, listing.data, listing.size);
    if (source == NULL) {
        abort();
    }
    if (!program->has_debug &&
        (!bc_assemble(&diagnostics, source, &again) || again.size != program->size ||
         memcmp(again.data, program->bytes, again.size) != 0)) {
        abort();
    }
    bc_buffer_fini(&listing);
    bc_buffer_fini(&again);
    bc_arena_fini(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    bc_buffer_t bytes = {0};
    bind_program_t program;
    if (size < 2) {
        return 0;
    }
    make_program(data[0], data[1], data + 2, size - 2, &bytes);
    // A copy of exactly the size, so that the sanitizer sees every byte too far.
    uint8_t* copy = malloc(bytes.size);
    memcpy(copy, bytes.data, bytes.size);
    if (bind_program_read(copy, bytes.size, &program, NULL) == ZX_OK) {
        match(&program);
        assemble_again(&program);
    }
    free(copy);
    bc_buffer_fini(&bytes);
    return 0;
}
