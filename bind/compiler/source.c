// SPDX-License-Identifier: MIT
// Source files, and the positions in them.
#include "source.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "../eval/utf8.h"

bc_position_t bc_place_position(bc_place_t place) {
    bc_position_t position = {1, 1};
    for (uint32_t i = 0; i < place.offset && i < place.source->size; i++) {
        const uint8_t c = (uint8_t)place.source->text[i];
        if (c == '\n') {
            position.line++;
            position.column = 1;
        } else if ((c & 0xc0) != 0x80) {
            position.column++;
        }
    }
    return position;
}

static bc_source_t* make_source(bc_diagnostics_t* diagnostics, const char* path, uint32_t number) {
    bc_source_t* source = bc_arena_alloc(diagnostics->arena, sizeof(bc_source_t));
    source->path = bc_arena_copy(diagnostics->arena, path, strlen(path));
    source->number = number;
    source->text = "";
    return source;
}

bc_source_t* bc_source_from_text(bc_diagnostics_t* diagnostics, const char* path, uint32_t number,
                                 const void* text, size_t size) {
    bc_source_t* source = make_source(diagnostics, path, number);
    const bc_place_t whole = {source, BC_NO_OFFSET, 0};
    if (size > BC_MAX_SOURCE) {
        bc_error(diagnostics, whole, 22, "the file is larger than %u MiB", BC_MAX_SOURCE >> 20);
        return NULL;
    }
    source->text = bc_arena_copy(diagnostics->arena, text, size);
    source->size = (uint32_t)size;
    const char* zero = size == 0 ? NULL : memchr(source->text, 0, size);
    if (zero != NULL) {
        const bc_place_t place = {source, (uint32_t)(zero - source->text), 1};
        bc_error(diagnostics, place, 22, "a zero byte; this is not a text file");
        return NULL;
    }
    const size_t valid = bind_utf8_prefix(source->text, size);
    if (valid != size) {
        const bc_place_t place = {source, (uint32_t)valid, 1};
        bc_error(diagnostics, place, 22, "the byte 0x%02x is not UTF-8 text",
                 (uint8_t)source->text[valid]);
        return NULL;
    }
    return source;
}

static bool read_stream(FILE* file, size_t limit, bc_buffer_t* out) {
    struct stat info;
    if (fstat(fileno(file), &info) == 0 && S_ISDIR(info.st_mode)) {
        errno = EISDIR;
        return false;
    }
    char chunk[16384];
    size_t got;
    while ((got = fread(chunk, 1, sizeof(chunk), file)) > 0) {
        bc_buffer_append(out, chunk, got);
        if (out->size > limit) {
            errno = EFBIG;
            return false;
        }
    }
    return ferror(file) == 0;
}

bool bc_read_file(const char* path, size_t limit, bc_buffer_t* out) {
    FILE* file = fopen(path, "rbe");
    if (file == NULL) {
        return false;
    }
    const bool is_read = read_stream(file, limit, out);
    const int error = errno;
    fclose(file);
    if (!is_read) {
        bc_buffer_fini(out);
    }
    errno = error;
    return is_read;
}

bc_source_t* bc_source_from_file(bc_diagnostics_t* diagnostics, const char* path, uint32_t number) {
    bc_buffer_t buffer = {0};
    if (!bc_read_file(path, BC_MAX_SOURCE, &buffer)) {
        const int error = errno;
        const bc_place_t whole = {make_source(diagnostics, path, number), BC_NO_OFFSET, 0};
        bc_error(diagnostics, whole, 0, "cannot be read: %s", strerror(error));
        return NULL;
    }
    bc_source_t* source = bc_source_from_text(diagnostics, path, number, buffer.data, buffer.size);
    bc_buffer_fini(&buffer);
    return source;
}
