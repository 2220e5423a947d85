// SPDX-License-Identifier: MIT
// Loading libraries out of VMOs, in the sandbox and without it.
#include "child_run.h"

#include <elf.h>
#include <stdlib.h>

#include <lx/dlopen.h>
#include <lx/file.h>
#include <zircon/errors.h>

#define LOADABLE      LIBRARY_FOLDER "/loadable.so"
#define NEEDS_SYMBOL  LIBRARY_FOLDER "/needs_symbol.so"
#define NEEDS_LIBRARY LIBRARY_FOLDER "/needs_library.so"
#define EXEC_STACK    LIBRARY_FOLDER "/exec_stack.so"

static void loads(bool sandbox) {
    child_run_t run;
    child_run(&run, sandbox, CHILD("load", LOADABLE, sandbox ? "sandbox" : NULL));
    cr_assert(run.exit.exited && run.exit.code == 0, "code %d signal %d: %s", run.exit.code,
              run.exit.signal, run.text);
}

Test(dlopen, loads_uses_unloads) {
    loads(false);
}

Test(dlopen, loads_uses_unloads_in_the_sandbox) {
    loads(true);
}

static void fails(bool sandbox, const char* path, zx_status_t status, const char* text) {
    child_run_t run;
    child_run(&run, sandbox, CHILD("load-fails", path, sandbox ? "sandbox" : NULL));
    cr_assert(run.exit.exited && run.exit.code == -status, "code %d signal %d: %s", run.exit.code,
              run.exit.signal, run.text);
    cr_assert_not_null(strstr(run.text, text), "no \"%s\" in: %s", text, run.text);
    cr_assert_null(strstr(run.text, "/proc/self"), "%s", run.text);
    cr_assert_eq(strncmp(run.text, strrchr(path, '/') + 1, strlen(strrchr(path, '/') + 1)), 0, "%s",
                 run.text);
}

Test(dlopen, absent_symbol) {
    fails(false, NEEDS_SYMBOL, ZX_ERR_NOT_FOUND, "undefined symbol: symbol_that_nobody_has");
    fails(true, NEEDS_SYMBOL, ZX_ERR_NOT_FOUND, "undefined symbol: symbol_that_nobody_has");
}

Test(dlopen, absent_library) {
    fails(false, NEEDS_LIBRARY, ZX_ERR_NOT_FOUND, "needs libabsent.so, which cannot be found");
    fails(true, NEEDS_LIBRARY, ZX_ERR_NOT_FOUND,
          "needs libabsent.so, which this process has not loaded");
}

Test(dlopen, executable_stack) {
    fails(true, EXEC_STACK, ZX_ERR_IO_DATA_INTEGRITY, "asks for an executable stack");
}

Test(dlopen, not_a_library) {
    fails(true, "/etc/passwd", ZX_ERR_IO_DATA_INTEGRITY, "not an ELF file");
    fails(false, CHILD_PROGRAM, ZX_ERR_IO_DATA_INTEGRITY, "a program, not a shared object");
}

// ---- damaged libraries, made from a good one

typedef struct image {
    union {
        char* bytes;
        Elf64_Ehdr* header;
    };
    size_t size;
} image_t;

static image_t read_image(void) {
    image_t image;
    FILE* file = fopen(LOADABLE, "re");
    cr_assert_not_null(file);
    cr_assert_eq(fseek(file, 0, SEEK_END), 0);
    image.size = (size_t)ftell(file);
    rewind(file);
    image.bytes = malloc(image.size);
    cr_assert_eq(fread(image.bytes, 1, image.size, file), image.size);
    fclose(file);
    return image;
}

static Elf64_Phdr* find_segment(const image_t* image, uint32_t type, size_t nth) {
    Elf64_Phdr* segment = (Elf64_Phdr*)(image->bytes + image->header->e_phoff);
    for (;; segment++) {
        if (segment->p_type == type && nth-- == 0) {
            return segment;
        }
    }
}

static void refused(const image_t* image, const char* text) {
    zx_handle_t vmo;
    void* library = NULL;
    char error[128] = "";
    cr_assert_eq(lx_vmo_from_bytes(image->bytes, image->size, &vmo), ZX_OK);
    cr_expect_eq(lx_dlopen_vmo(vmo, "x.so", &library, error, sizeof(error)),
                 ZX_ERR_IO_DATA_INTEGRITY, "%s", error);
    cr_expect_null(library);
    cr_expect_not_null(strstr(error, text), "no \"%s\" in \"%s\"", text, error);
    cr_expect_eq(strncmp(error, "x.so: ", 6), 0, "%s", error);
    zx_handle_close(vmo);
}

Test(dlopen, damaged_header) {
    image_t image = read_image();
    image.header->e_machine = EM_386;
    refused(&image, "another machine");
    image.header->e_machine = EM_RISCV;
    refused(&image, "another machine");
    free(image.bytes);

    image = read_image();
    image.header->e_type = ET_REL;
    refused(&image, "not a shared object");
    image.header->e_type = ET_DYN;
    image.header->e_phoff = UINT64_MAX - 8;
    refused(&image, "program headers");
    image.header->e_phoff = (image.size + ZX_PAGE_SIZE) & ~(Elf64_Off)ZX_PAGE_MASK;
    refused(&image, "program headers");
    image.header->e_phoff = sizeof(Elf64_Ehdr);
    image.header->e_phnum = 0xfff0;
    refused(&image, "program headers");
    image.header->e_phnum = 0;
    refused(&image, "program headers");
    free(image.bytes);
}

Test(dlopen, damaged_segments) {
    static const uint64_t bad_values[] = {UINT64_MAX, UINT64_MAX / 2, (uint64_t)1 << 40,
                                          (uint64_t)1 << 31};
    image_t image = read_image();
    Elf64_Phdr* segment = find_segment(&image, PT_LOAD, 1);
    const Elf64_Phdr good = *segment;
    for (size_t i = 0; i < sizeof(bad_values) / sizeof(bad_values[0]); i++) {
        segment->p_offset = bad_values[i];
        refused(&image, "outside of the file");
        *segment = good;
        segment->p_memsz = bad_values[i];
        refused(&image, "outside of the file");
        segment->p_filesz = bad_values[i];
        refused(&image, "outside of the file");
        *segment = good;
        segment->p_vaddr = bad_values[i];
        refused(&image, "outside of the file");
        *segment = good;
    }
    segment->p_vaddr = 0;
    refused(&image, "overlap");
    *segment = good;
    segment->p_align = 3;
    refused(&image, "aligned");
    *segment = good;
    segment->p_flags = PF_R | PF_W | PF_X;
    refused(&image, "writable and executable");
    *segment = good;
    find_segment(&image, PT_DYNAMIC, 0)->p_type = PT_NULL;
    refused(&image, "no dynamic section");
    free(image.bytes);
}

// A file that was cut off anywhere must not take the process down by a missing page.
Test(dlopen, cut_off) {
    image_t image = read_image();
    const Elf64_Phdr* last = find_segment(&image, PT_LOAD, 0);
    for (const Elf64_Phdr* at = last; at < find_segment(&image, PT_DYNAMIC, 0); at++) {
        last = at->p_type == PT_LOAD ? at : last;
    }
    const size_t whole = image.size;
    for (size_t size = 0; size + ZX_PAGE_SIZE < last->p_offset + last->p_filesz && size < whole;
         size += 61) {
        image.size = size;
        refused(&image, "");
    }
    free(image.bytes);
}

Test(dlopen, arguments) {
    zx_handle_t vmo, event;
    void* library = NULL;
    char error[64];
    cr_assert_eq(lx_vmo_from_file(LOADABLE, &vmo), ZX_OK);
    cr_assert_eq(lx_dlopen_vmo(vmo, "a/b", &library, error, sizeof(error)), ZX_ERR_INVALID_ARGS);
    cr_assert_eq(lx_dlopen_vmo(vmo, "", &library, error, sizeof(error)), ZX_ERR_INVALID_ARGS);
    cr_assert_eq(lx_dlopen_vmo(vmo, NULL, &library, NULL, 0), ZX_ERR_INVALID_ARGS);
    cr_assert_eq(lx_dlopen_vmo(ZX_HANDLE_INVALID, "x", &library, error, sizeof(error)),
                 ZX_ERR_BAD_HANDLE);
    cr_assert_eq(zx_event_create(0, &event), ZX_OK);
    cr_assert_eq(lx_dlopen_vmo(event, "x", &library, error, sizeof(error)), ZX_ERR_WRONG_TYPE);
    zx_handle_t unreadable;
    cr_assert_eq(zx_handle_duplicate(vmo, ZX_RIGHT_MAP, &unreadable), ZX_OK);
    cr_assert_eq(lx_dlopen_vmo(unreadable, "x", &library, error, sizeof(error)),
                 ZX_ERR_ACCESS_DENIED);
    cr_assert_null(library);
    lx_dlclose(NULL);
    zx_handle_close(unreadable);
    zx_handle_close(event);
    zx_handle_close(vmo);
}

Test(dlopen, nothing_leaks) {
    zx_handle_t vmo, bad;
    void* library;
    cr_assert_eq(lx_vmo_from_file(LOADABLE, &vmo), ZX_OK);
    cr_assert_eq(lx_vmo_from_file(NEEDS_SYMBOL, &bad), ZX_OK);
    int fds = count_fds();
    for (int i = 0; i < 20; i++) {
        cr_assert_eq(lx_dlopen_vmo(vmo, "a.so", &library, NULL, 0), ZX_OK);
        lx_dlclose(library);
        cr_assert_eq(lx_dlopen_vmo(bad, "b.so", &library, NULL, 0), ZX_ERR_NOT_FOUND);
    }
    cr_assert_eq(count_fds(), fds);
    zx_handle_close(vmo);
    zx_handle_close(bad);
}
