// SPDX-License-Identifier: MIT
// Reading compiled programs for the subcommands.
#include <elf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "program_file.h"
#include "source.h"

#define PROGRAM_FILE_LIMIT (64u << 20)

bool bindc_is_program(const bc_buffer_t* content) {
    return content->size >= 4 &&
           (memcmp(content->data, "BIND", 4) == 0 || memcmp(content->data, ELFMAG, SELFMAG) == 0);
}

static bool read_content(const char* path, bindc_program_file_t* out) {
    const uint8_t* bytes = out->content.data;
    size_t size = out->content.size;
    const char* error;
    if (size >= SELFMAG && memcmp(bytes, ELFMAG, SELFMAG) == 0 &&
        !bc_find_driver_program(bytes, size, &bytes, &size, &out->driver, &error)) {
        fprintf(stderr, "%s: error: %s\n", path, error);
        return false;
    }
    bind_error_t reason;
    if (bind_program_read(bytes, size, &out->program, &reason) != ZX_OK) {
        fprintf(stderr, "%s: error[E%03u]: byte %zu: %s\n", path, reason.code, reason.offset,
                reason.text);
        return false;
    }
    return true;
}

bool bindc_program_file_open(const char* path, bindc_program_file_t* out) {
    *out = (bindc_program_file_t){0};
    if (!bc_read_file(path, PROGRAM_FILE_LIMIT, &out->content)) {
        fprintf(stderr, "%s: error: cannot be read: %s\n", path, strerror(errno));
        return false;
    }
    return read_content(path, out);
}

void bindc_program_file_close(bindc_program_file_t* file) {
    bc_buffer_fini(&file->content);
}
