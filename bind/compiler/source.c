// SPDX-License-Identifier: MIT
// Source files, and the positions in them.
#include "source.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "../eval/utf8.h"

bc_position_t bc_place_position(bc_place_t place) {
    const bc_source_t* source = place.source;
    const uint32_t offset = place.offset < source->size ? place.offset : source->size;
    bc_position_t position = {1, 1};
    uint32_t start = 0;
    if (source->line_count > 0) {
        uint32_t low = 0;
        for (uint32_t high = source->line_count; high - low > 1;) {
            const uint32_t middle = low + (high - low) / 2;
            if (source->lines[middle] <= offset) {
                low = middle;
            } else {
                high = middle;
            }
        }
        position.line = low + 1;
        start = source->lines[low];
    }
    for (uint32_t i = start; i < offset; i++) {
        position.column += ((uint8_t)source->text[i] & 0xc0) != 0x80;
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

static void index_lines(bc_diagnostics_t* diagnostics, bc_source_t* source) {
    uint32_t count = 1;
    const char* end = source->text + source->size;
    for (const char* at = source->text; (at = memchr(at, '\n', (size_t)(end - at))) != NULL; at++) {
        count++;
    }
    uint32_t* lines = bc_arena_alloc(diagnostics->arena, count * sizeof(uint32_t));
    uint32_t line = 1;
    for (const char* at = source->text; (at = memchr(at, '\n', (size_t)(end - at))) != NULL; at++) {
        lines[line++] = (uint32_t)(at - source->text) + 1;
    }
    source->lines = lines;
    source->line_count = count;
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
    index_lines(diagnostics, source);
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
