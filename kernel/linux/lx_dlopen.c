// SPDX-License-Identifier: MIT
// Libraries out of VMOs. The dynamic loader knows only paths, so it is given one: in the sandbox a
// path that the SIGSYS handler answers with the library's memfd, elsewhere the memfd's name under
// /proc/self/fd.
#include <lx/dlopen.h>

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <lx/file.h>
#include <lx/sandbox.h>
#include <lx/status.h>
#include <zircon/errors.h>
#include <zircon/syscalls.h>

#include "lx_elf.h"
#include "lx_trap.h"

#define NAME_SIZE_MAX 128
#define PATH_SIZE_MAX (NAME_SIZE_MAX + 32)

// A library that was loaded by way of /proc/self/fd. The loader remembers that path as the
// library's name and takes a second library of the same name for the first one, so the number must
// not be used again while it is loaded.
typedef struct library_fd {
    struct library_fd* next;  // owned by the list
    void* library;            // borrowed
    int fd;                   // owned
} library_fd_t;

static pthread_mutex_t list_lock = PTHREAD_MUTEX_INITIALIZER;
static library_fd_t* list;  // guarded by list_lock

__PRINTFLIKE(3, 4)
static void say(char* error, size_t size, const char* format, ...) {
    if (error != NULL && size > 0) {
        va_list args;
        va_start(args, format);
        vsnprintf(error, size, format, args);
        va_end(args);
    }
}

// Copies the VMO to a mapping of `fd`, and checks it there.
static zx_status_t fill_image(zx_handle_t vmo, int fd, size_t size, const char** out_fault) {
    if (ftruncate(fd, (off_t)size) != 0) {
        return lx_status_from_errno(errno);
    }
    void* image = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (image == MAP_FAILED) {
        return lx_status_from_errno(errno);
    }
    zx_status_t status = zx_vmo_read(vmo, image, 0, size);
    if (status == ZX_OK) {
        *out_fault = lx_elf_check(image, size);
    }
    munmap(image, size);
    return status;
}

// Makes the sealed private copy that the loader maps.
static zx_status_t make_image(zx_handle_t vmo, const char* name, int* out_fd,
                              const char** out_fault) {
    uint64_t size;
    zx_status_t status = zx_vmo_get_size(vmo, &size);
    if (status != ZX_OK) {
        return status;
    }
    if (size == 0 || size > LX_FILE_SIZE_MAX) {
        *out_fault = size == 0 ? "not an ELF file" : "too large";
        return ZX_ERR_IO_DATA_INTEGRITY;
    }
    int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0) {
        return lx_status_from_errno(errno);
    }
    status = fill_image(vmo, fd, size, out_fault);
    if (status == ZX_OK && *out_fault != NULL) {
        status = ZX_ERR_IO_DATA_INTEGRITY;
    }
    if (status == ZX_OK &&
        fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0) {
        status = lx_status_from_errno(errno);
    }
    if (status != ZX_OK) {
        close(fd);
        return status;
    }
    *out_fd = fd;
    return ZX_OK;
}

static void set_sigsys_blocked(bool block, bool* out_was_blocked) {
    sigset_t set, old;
    sigemptyset(&set);
    sigaddset(&set, SIGSYS);
    pthread_sigmask(block ? SIG_BLOCK : SIG_UNBLOCK, &set, &old);
    if (out_was_blocked != NULL) {
        *out_was_blocked = sigismember(&old, SIGSYS) == 1;
    }
}

static void* open_in_sandbox(int fd, const char* path) {
    bool was_blocked;
    set_sigsys_blocked(false, &was_blocked);  // the kernel ends a process whose SIGSYS is blocked
    lx_trap_grant(path, fd);
    void* library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    lx_trap_revoke();
    if (was_blocked) {
        set_sigsys_blocked(true, NULL);
    }
    close(fd);
    return library;
}

// Consumes `fd`. `entry` is memory for the list, consumed on success.
static void* open_by_fd(int fd, const char* path, library_fd_t* entry) {
    void* library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) {
        close(fd);
        return NULL;
    }
    pthread_mutex_lock(&list_lock);
    *entry = (library_fd_t){.next = list, .library = library, .fd = fd};
    list = entry;
    pthread_mutex_unlock(&list_lock);
    return library;
}

// Makes a line for people of the loader's text, which begins with the path where the library itself
// is at fault, and with a library's name where that is missing.
static void say_loader_error(char* error, size_t size, const char* name, const char* path) {
    const char* text = dlerror();
    if (text == NULL) {
        text = "the dynamic loader gives no reason";
    }
    size_t path_size = strlen(path);
    if (strncmp(text, path, path_size) == 0 && strncmp(text + path_size, ": ", 2) == 0) {
        text += path_size + 2;
    }
    const char* missing = strstr(text, ": cannot open shared object file");
    if (missing != NULL) {
        say(error, size, "%s: needs %.*s, which %s", name, (int)(missing - text), text,
            lx_sandbox_is_entered() ? "this process has not loaded" : "cannot be found");
    } else {
        say(error, size, "%s: %s", name, text);
    }
}

static zx_status_t open_image(int fd, const char* name, void** out_library, char* error,
                              size_t error_size) {
    static atomic_uint next_number = 1;
    char path[PATH_SIZE_MAX];
    void* library;
    if (lx_sandbox_is_entered()) {
        snprintf(path, sizeof(path), "/driver/%u/%s", atomic_fetch_add(&next_number, 1), name);
        library = open_in_sandbox(fd, path);
    } else {
        library_fd_t* entry = malloc(sizeof(*entry));
        if (entry == NULL) {
            close(fd);
            say(error, error_size, "%s: out of memory", name);
            return ZX_ERR_NO_MEMORY;
        }
        snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
        library = open_by_fd(fd, path, entry);
        if (library == NULL) {
            free(entry);
        }
    }
    if (library == NULL) {
        say_loader_error(error, error_size, name, path);
        return ZX_ERR_NOT_FOUND;
    }
    *out_library = library;
    return ZX_OK;
}

zx_status_t lx_dlopen_vmo(zx_handle_t vmo, const char* name, void** out_library, char* error,
                          size_t error_size) {
    if (name == NULL || name[0] == '\0' || strchr(name, '/') != NULL ||
        strlen(name) >= NAME_SIZE_MAX || out_library == NULL) {
        say(error, error_size, "bad library name");
        return ZX_ERR_INVALID_ARGS;
    }
    int fd = -1;
    const char* fault = NULL;
    zx_status_t status = make_image(vmo, name, &fd, &fault);
    if (status != ZX_OK) {
        say(error, error_size, "%s: %s", name, fault != NULL ? fault : "its VMO cannot be read");
        return status;
    }
    return open_image(fd, name, out_library, error, error_size);
}

// Returns the entry of `library`, off the list; NULL if it was loaded in the sandbox.
static library_fd_t* take_entry(const void* library) {
    pthread_mutex_lock(&list_lock);
    library_fd_t** link = &list;
    while (*link != NULL && (*link)->library != library) {
        link = &(*link)->next;
    }
    library_fd_t* entry = *link;
    if (entry != NULL) {
        *link = entry->next;
    }
    pthread_mutex_unlock(&list_lock);
    return entry;
}

void lx_dlclose(void* library) {
    if (library == NULL) {
        return;
    }
    library_fd_t* entry = take_entry(library);
    dlclose(library);
    if (entry == NULL) {
        return;
    }
    char path[PATH_SIZE_MAX];
    snprintf(path, sizeof(path), "/proc/self/fd/%d", entry->fd);
    void* still = dlopen(path, RTLD_LAZY | RTLD_NOLOAD);
    if (still != NULL) {
        dlclose(still);  // it cannot be unloaded: keep its fd number out of use
    } else {
        close(entry->fd);
    }
    free(entry);
}
