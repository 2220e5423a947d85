// SPDX-License-Identifier: MIT
// Source files, and the positions in them.
#include "source.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

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

#define READ_LEAST 4096u

// A file that has grown since fstat() is read as far as it was then.
static bool read_all(int fd, size_t limit, bc_buffer_t* out) {
    struct stat info;
    if (fstat(fd, &info) != 0) {
        return false;
    }
    if (S_ISDIR(info.st_mode)) {
        errno = EISDIR;
        return false;
    }
    // Others, and those that the kernel makes up, are read to their end.
    const size_t known =
        S_ISREG(info.st_mode) && info.st_size > 0 ? (size_t)info.st_size : SIZE_MAX;
    while (out->size < known) {
        const size_t left = known - out->size;
        const size_t wanted = known > limit || left < READ_LEAST ? READ_LEAST : left;
        const ssize_t got = read(fd, bc_buffer_reserve(out, wanted), wanted);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            return got == 0;
        }
        out->size += (size_t)got;
        if (out->size > limit) {
            errno = EFBIG;
            return false;
        }
    }
    return true;
}

bool bc_read_file(const char* path, size_t limit, bc_buffer_t* out) {
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return false;
    }
    const bool is_read = read_all(fd, limit, out);
    const int error = errno;
    close(fd);
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
