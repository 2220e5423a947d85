// SPDX-License-Identifier: MIT
// Output files: all of them whole, or none.
#include "output.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct staged {
    const bc_output_t* output;
    char* target;     // owned: where links lead
    char* temporary;  // owned: null when written directly
} staged_t;

static bool write_all(int fd, const bc_buffer_t* content) {
    size_t done = 0;
    while (done < content->size) {
        const ssize_t written = write(fd, content->data + done, content->size - done);
        if (written < 0 && errno == EINTR) {
            continue;
        }
        if (written < 0) {
            return false;
        }
        done += (size_t)written;
    }
    return true;
}

static bool close_checked(int fd, bool is_written) {
    const int error = errno;
    const bool is_closed = close(fd) == 0;
    if (!is_written) {
        errno = error;
    }
    return is_written && is_closed;
}

// mkstemp makes private files; an output gets what any new file would.
static bool set_mode(int fd) {
    const mode_t mask = umask(0);
    umask(mask);
    return fchmod(fd, 0666 & ~mask) == 0;
}

static bool stage(const bc_output_t* output, staged_t* staged) {
    struct stat info;
    const bool exists = stat(output->path, &info) == 0;
    staged->output = output;
    if (exists && !S_ISREG(info.st_mode)) {
        return true;
    }
    staged->target = exists ? realpath(output->path, NULL) : strdup(output->path);
    if (staged->target == NULL) {
        return false;
    }
    const size_t size = strlen(staged->target) + sizeof(".XXXXXX");
    staged->temporary = malloc(size);
    if (staged->temporary == NULL) {
        return false;
    }
    snprintf(staged->temporary, size, "%s.XXXXXX", staged->target);
    const int fd = mkostemp(staged->temporary, O_CLOEXEC);
    if (fd < 0) {
        const int error = errno;
        free(staged->temporary);
        staged->temporary = NULL;
        errno = error;
        return false;
    }
    return close_checked(fd, set_mode(fd) && write_all(fd, output->content));
}

static bool publish(staged_t* staged) {
    if (staged->temporary == NULL) {
        const int fd = open(staged->output->path, O_WRONLY | O_CLOEXEC);
        return fd >= 0 && close_checked(fd, write_all(fd, staged->output->content));
    }
    if (rename(staged->temporary, staged->target) != 0) {
        return false;
    }
    free(staged->temporary);
    staged->temporary = NULL;
    return true;
}

static void discard(staged_t* staged) {
    const int error = errno;
    if (staged->temporary != NULL) {
        unlink(staged->temporary);
    }
    free(staged->temporary);
    free(staged->target);
    errno = error;
}

bool bc_write_outputs(const bc_output_t* outputs, size_t count, const char** out_path) {
    staged_t staged[BC_MAX_OUTPUTS] = {0};
    bool is_good = true;
    for (size_t i = 0; i < count && is_good; i++) {
        *out_path = outputs[i].path;
        is_good = stage(&outputs[i], &staged[i]);
    }
    for (size_t i = 0; i < count && is_good; i++) {
        *out_path = outputs[i].path;
        is_good = publish(&staged[i]);
    }
    for (size_t i = 0; i < count; i++) {
        discard(&staged[i]);
    }
    return is_good;
}

static void append_path(const char* path, bc_buffer_t* out) {
    for (; *path != 0; path++) {
        if (*path == ' ' || *path == '#') {
            bc_buffer_u8(out, '\\');
        } else if (*path == '$') {
            bc_buffer_u8(out, '$');
        }
        bc_buffer_u8(out, (uint8_t)*path);
    }
}

void bc_make_depfile(const char* output, const char* const* inputs, size_t count,
                     bc_buffer_t* out) {
    append_path(output, out);
    bc_buffer_text(out, ":");
    for (size_t i = 0; i < count; i++) {
        bc_buffer_text(out, " ");
        append_path(inputs[i], out);
    }
    bc_buffer_text(out, "\n");
}
