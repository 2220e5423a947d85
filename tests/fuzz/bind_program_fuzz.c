// SPDX-License-Identifier: MIT
// Attack surface: the bind program in a driver file of unknown origin. Any bytes are read and, if
// accepted, matched.
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <bind/match.h>

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

static const bind_property_t device[] = {
    {.id = 0x0001, .type = BIND_VALUE_NUMBER, .number = 31},
    {.id = 0x0100, .type = BIND_VALUE_NUMBER, .number = 0x1af4},
    {.key = "a", .type = BIND_VALUE_STRING, .string = "a"},
    {.key = "b", .type = BIND_VALUE_BOOL, .boolean = true},
    {.key = "c", .type = BIND_VALUE_ENUM, .string = "c.d"},
    {.key = "fuchsia.BIND_PCI_DID", .type = BIND_VALUE_NUMBER, .number = 0x1042},
};
#define DEVICE_SIZE (sizeof(device) / sizeof(device[0]))

static void match_parents(const bind_program_t* program) {
    bind_parent_t parent;
    for (size_t i = 0; bind_program_parent(program, i, &parent) == ZX_OK; i++) {
        bool is_match;
        if (bind_parent_match(program, &parent, device, DEVICE_SIZE, &is_match, NULL) != ZX_OK &&
            is_match) {
            abort();
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    bind_program_t program;
    bind_error_t error;
    bool is_match;
    if (bind_program_read(data, size, &program, &error) != ZX_OK) {
        if (error.code < 801 || error.code > 822 || error.offset > size) {
            abort();
        }
        return 0;
    }
    for (uint32_t id = 1; id <= program.symbol_count; id++) {
        if (bind_program_symbol(&program, id) == NULL) {
            abort();
        }
    }
    const zx_status_t status = bind_program_match(&program, device, DEVICE_SIZE, &is_match, &error);
    if (status != ZX_OK && is_match) {
        abort();
    }
    match_parents(&program);
    return 0;
}
