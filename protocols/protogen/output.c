// SPDX-License-Identifier: MIT
// Writes the generated files beside their places and renames them once both are complete.
#include "model.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define TEMPORARY_SIZE 4096

static bool complain(const char* path) {
    fprintf(stderr, "protogen: %s: %s\n", path, strerror(errno));
    return false;
}

static bool write_file(const char* path, const char* text, size_t size) {
    FILE* file = fopen(path, "w");
    if (file == NULL) {
        return complain(path);
    }
    const bool is_written = fwrite(text, 1, size, file) == size;
    return fclose(file) == 0 && is_written ? true : complain(path);
}

static bool temporary_path(const char* path, char* out) {
    if (snprintf(out, TEMPORARY_SIZE, "%s.%ld.tmp", path, (long)getpid()) < TEMPORARY_SIZE) {
        return true;
    }
    errno = ENAMETOOLONG;
    return complain(path);
}

bool output_write(const char* header_path, const char* header, size_t header_size,
                  const char* source_path, const char* source, size_t source_size) {
    char header_temporary[TEMPORARY_SIZE];
    char source_temporary[TEMPORARY_SIZE];
    if (!temporary_path(header_path, header_temporary) ||
        !temporary_path(source_path, source_temporary)) {
        return false;
    }
    bool is_done = write_file(header_temporary, header, header_size) &&
                   write_file(source_temporary, source, source_size);
    if (is_done && rename(header_temporary, header_path) != 0) {
        is_done = complain(header_path);
    }
    if (is_done && rename(source_temporary, source_path) != 0) {
        is_done = complain(source_path);
    }
    if (!is_done) {
        unlink(header_temporary);
        unlink(source_temporary);
    }
    return is_done;
}
