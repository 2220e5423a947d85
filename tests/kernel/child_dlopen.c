// SPDX-License-Identifier: MIT
// The child's side of the loading test.
#include "child.h"

#include <dlfcn.h>
#include <link.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <lx/dlopen.h>
#include <lx/file.h>
#include <lx/sandbox.h>
#include <zircon/errors.h>
#include <zircon/syscalls.h>

static int find_address(struct dl_phdr_info* info, size_t size, void* arg) {
    (void)size;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        uintptr_t start = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr;
        if (info->dlpi_phdr[i].p_type == PT_LOAD &&
            *(uintptr_t*)arg - start < info->dlpi_phdr[i].p_memsz) {
            return 1;
        }
    }
    return 0;
}

static bool is_mapped(uintptr_t address) {
    return dl_iterate_phdr(find_address, &address) == 1;
}

typedef struct copy {
    void* library;
    int (*next)(void);
} copy_t;

static bool load_copy(zx_handle_t vmo, copy_t* out) {
    char error[256] = "";
    zx_status_t status = lx_dlopen_vmo(vmo, "loadable.so", &out->library, error, sizeof(error));
    if (status != ZX_OK) {
        printf("status %d: %s\n", status, error);
        return false;
    }
    *(void**)&out->next = dlsym(out->library, "next");
    return out->next != NULL;
}

// Two copies of one VMO at a time, each with its own state; then each is gone.
static int use_copies(zx_handle_t vmo) {
    copy_t a, b;
    if (!load_copy(vmo, &a) || !load_copy(vmo, &b)) {
        return 10;
    }
    if (a.library == b.library || a.next() != 1 || a.next() != 2 || b.next() != 1) {
        return 11;
    }
    int ended = 0;
    void (*set_end_flag)(int*);
    *(void**)&set_end_flag = dlsym(a.library, "set_end_flag");
    set_end_flag(&ended);
    uintptr_t a_address = (uintptr_t)a.next, b_address = (uintptr_t)b.next;
    if (!is_mapped(a_address) || !is_mapped(b_address)) {
        return 12;
    }
    lx_dlclose(a.library);
    if (ended != 1 || is_mapped(a_address) || b.next() != 2) {
        return 13;
    }
    lx_dlclose(b.library);
    return is_mapped(b_address) ? 14 : 0;
}

// load PATH [sandbox]: loads, uses and unloads the library a few times over.
int child_load(int argc, char** argv) {
    zx_handle_t vmo;
    if (argc < 1 || lx_vmo_from_file(argv[0], &vmo) != ZX_OK) {
        return 2;
    }
    if (argc > 1 && lx_sandbox_enter() != ZX_OK) {
        return 3;
    }
    for (int i = 0; i < 3; i++) {
        int code = use_copies(vmo);
        if (code != 0) {
            return code;
        }
    }
    zx_handle_close(vmo);
    return 0;
}

// load-fails PATH [sandbox]: prints the error text; exit code is the negated status.
int child_load_fails(int argc, char** argv) {
    zx_handle_t vmo;
    if (argc < 1 || lx_vmo_from_file(argv[0], &vmo) != ZX_OK) {
        return 2;
    }
    if (argc > 1 && lx_sandbox_enter() != ZX_OK) {
        return 3;
    }
    void* library = NULL;
    char error[256] = "";
    zx_status_t status =
        lx_dlopen_vmo(vmo, strrchr(argv[0], '/') + 1, &library, error, sizeof(error));
    printf("%s\n", error);
    return library != NULL ? 4 : -status;
}
