// SPDX-License-Identifier: MIT
// The driver registry against good and damaged files. The damaged ones are made here from a driver
// of the build.
#include <criterion/criterion.h>
#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <bind/driver_note.h>
#include <zircon/errors.h>
#include <zircon/syscalls.h>

#include "../fakes/fini_check.h"
#include "driver_note.h"
#include "registry.h"

typedef struct image {
    uint8_t* bytes;
    size_t size;
} image_t;

static image_t read_driver(const char* name) {
    char path[512];
    snprintf(path, sizeof(path), "%s/lib/drivers/%s.so", getenv("JACINTH_BUILD"), name);
    FILE* file = fopen(path, "rb");
    cr_assert_not_null(file, "%s", path);
    image_t image = {.bytes = malloc(4 << 20)};
    image.size = fread(image.bytes, 1, 4 << 20, file);
    fclose(file);
    cr_assert_gt(image.size, 1000);
    // Exactly as large as the data, so that a sanitizer sees every byte read behind it.
    image.bytes = realloc(image.bytes, image.size);
    return image;
}

// Offset of the driver note's header: the note whose owner is "Zircon".
static size_t find_note(const image_t* image) {
    for (size_t i = 12; i + 100 < image->size; i += 4) {
        uint32_t header[3];
        memcpy(header, image->bytes + i - 12, sizeof(header));
        if (memcmp(image->bytes + i, "Zircon\0", 7) == 0 && header[0] == 7 &&
            header[2] == ZX_DRIVER_NOTE_TYPE) {
            return i - 12;
        }
    }
    cr_assert_fail("no driver note in the build's driver");
    return 0;
}

#define NOTE_DESCSZ  4u
#define NOTE_TYPE    8u
#define NOTE_PAYLOAD 20u

static void poke32(image_t* image, size_t at, uint32_t value) {
    memcpy(image->bytes + at, &value, sizeof(value));
}

// Reads the image; returns the status and the error text.
static zx_status_t check(const image_t* image, char* error, size_t size) {
    dm_driver_note_t note;
    error[0] = '\0';
    return dm_driver_note_read(image->bytes, image->size, &note, error, size);
}

static void expect_refused(const image_t* image, zx_status_t status, const char* text) {
    char error[DM_MAX_ERROR + 1];
    cr_expect_eq(check(image, error, sizeof(error)), status, "%s", error);
    cr_expect_not_null(strstr(error, text), "'%s' should contain '%s'", error, text);
}

Test(note, of_a_good_driver) {
    image_t image = read_driver("sample");
    dm_driver_note_t note;
    char error[DM_MAX_ERROR + 1] = "";
    cr_assert_eq(dm_driver_note_read(image.bytes, image.size, &note, error, sizeof(error)), ZX_OK,
                 "%s", error);
    cr_expect_str_eq(note.name, "sample");
    cr_expect_not(note.is_proxy);
    cr_expect_gt(note.bytecode_size, 20);
    free(image.bytes);
    image = read_driver("platform-bus.proxy");
    cr_assert_eq(dm_driver_note_read(image.bytes, image.size, &note, error, sizeof(error)), ZX_OK);
    cr_expect(note.is_proxy);
    free(image.bytes);
}

Test(note, foreign_files_are_refused) {
    image_t text = {.bytes = (uint8_t*)strdup("#!/bin/sh\necho no driver\n"), .size = 25};
    expect_refused(&text, ZX_ERR_IO_DATA_INTEGRITY, "not an ELF file");
    text.size = 0;
    expect_refused(&text, ZX_ERR_IO_DATA_INTEGRITY, "not an ELF file");
    free(text.bytes);
    image_t image = read_driver("sample");
    image.size = 20;
    expect_refused(&image, ZX_ERR_IO_DATA_INTEGRITY, "truncated");
    free(image.bytes);
}

Test(note, another_machine_is_named) {
    image_t image = read_driver("sample");
    uint16_t machine = EM_S390;
    memcpy(image.bytes + 18, &machine, 2);
    expect_refused(&image, ZX_ERR_NOT_SUPPORTED, "another machine (ELF class 2, machine 22)");
    image.bytes[EI_CLASS] = ELFCLASS32;
    expect_refused(&image, ZX_ERR_NOT_SUPPORTED, "another machine");
    free(image.bytes);
}

Test(note, another_abi_version_is_named) {
    image_t image = read_driver("sample");
    poke32(&image, find_note(&image) + NOTE_PAYLOAD + 16, 7);
    expect_refused(&image, ZX_ERR_NOT_SUPPORTED, "driver ABI version 7; this devmgr has version 1");
    free(image.bytes);
}

Test(note, a_library_without_a_note_is_no_driver) {
    image_t image = read_driver("sample");
    size_t note = find_note(&image);
    poke32(&image, note + NOTE_TYPE, 1);
    char error[DM_MAX_ERROR + 1];
    cr_expect_neq(check(&image, error, sizeof(error)), ZX_OK);
    cr_expect_not_null(strstr(error, "driver note"), "%s", error);
    free(image.bytes);
}

typedef struct damage {
    size_t at;  // in the note
    uint32_t value;
    const char* text;
} damage_t;

Test(note, damage_is_told) {
    static const damage_t damages[] = {
        {NOTE_DESCSZ, 40, "damaged driver note"},
        {NOTE_DESCSZ, 0xffffffff, "damaged"},
        {0, 0x7fffffff, "damaged"},
        {NOTE_PAYLOAD + 0, 0x80, "unknown flags"},
        {NOTE_PAYLOAD + 4, 1, "version 2"},
        {NOTE_PAYLOAD + 8, 3, "version 2"},
        {NOTE_PAYLOAD + 12, 0x7fffffff, "damaged driver note"},
        {NOTE_PAYLOAD + 12, 0, "damaged driver note"},
        {NOTE_PAYLOAD + 20, 0, "no text"},           // the name
        {NOTE_PAYLOAD + 20, 0x41412f2e, "no text"},  // "./AA"
        {NOTE_PAYLOAD + 20, 0x0a0a0a0a, "no text"},
        {NOTE_PAYLOAD + 84, 0x44494e42, "damaged bind program: E802"},
    };
    for (size_t i = 0; i < sizeof(damages) / sizeof(damages[0]); i++) {
        image_t image = read_driver("sample");
        poke32(&image, find_note(&image) + damages[i].at, damages[i].value);
        char error[DM_MAX_ERROR + 1];
        cr_expect_neq(check(&image, error, sizeof(error)), ZX_OK, "damage %zu", i);
        cr_expect_not_null(strstr(error, damages[i].text), "damage %zu: '%s'", i, error);
        free(image.bytes);
    }
}

// A file that was cut off anywhere is never taken for a driver.
Test(note, truncation_is_noticed_everywhere) {
    image_t image = read_driver("sample");
    char error[DM_MAX_ERROR + 1];
    size_t whole = image.size;
    for (size_t size = 0; size < whole; size += 61) {
        image_t cut = {.bytes = malloc(size + 1), .size = size};
        memcpy(cut.bytes, image.bytes, size);
        cut.bytes = realloc(cut.bytes, size != 0 ? size : 1);
        cr_assert_neq(check(&cut, error, sizeof(error)), ZX_OK, "%zu of %zu bytes", size, whole);
        cr_assert_neq(error[0], '\0');
        free(cut.bytes);
    }
    free(image.bytes);
}

// Single damaged bytes in the headers and in the note: refused or not, but never a crash.
Test(note, no_byte_can_crash_the_reader) {
    image_t image = read_driver("sample");
    char error[DM_MAX_ERROR + 1];
    size_t note = find_note(&image);
    for (size_t i = 0; i < 1500; i++) {
        size_t at = i < 1000 ? i : note + i - 1000;
        uint8_t old = image.bytes[at];
        for (unsigned bit = 0; bit < 8; bit++) {
            image.bytes[at] = (uint8_t)(old ^ 1u << bit);
            check(&image, error, sizeof(error));
        }
        image.bytes[at] = 0xff;
        check(&image, error, sizeof(error));
        image.bytes[at] = old;
    }
    cr_expect_eq(check(&image, error, sizeof(error)), ZX_OK);
    free(image.bytes);
}

// -------------------------------------------------------------------------------------- folders

static char g_dir[64];

static void make_dir(void) {
    snprintf(g_dir, sizeof(g_dir), "/tmp/jacinth-registry-XXXXXX");
    cr_assert_not_null(mkdtemp(g_dir));
}

static void remove_dir(void) {
    char command[128];
    snprintf(command, sizeof(command), "rm -rf %s", g_dir);
    fini_check(system(command) == 0);
}

static void put(const char* file, const void* bytes, size_t size) {
    char path[128];
    snprintf(path, sizeof(path), "%s/%s", g_dir, file);
    FILE* out = fopen(path, "wb");
    cr_assert_not_null(out);
    cr_assert_eq(fwrite(bytes, 1, size, out), size);
    fclose(out);
}

static const dm_driver_t* by_file(const dm_registry_t* registry, const char* file) {
    const dm_driver_t* driver;
    list_for_every_entry(&registry->drivers, driver, dm_driver_t, link) {
        if (strcmp(driver->file, file) == 0) {
            return driver;
        }
    }
    return NULL;
}

Test(registry, keeps_bad_files_with_their_reason, .init = make_dir, .fini = remove_dir) {
    image_t image = read_driver("sample");
    put("good.so", image.bytes, image.size);
    put("twin.so", image.bytes, image.size);
    put("cut.so", image.bytes, image.size / 2);
    put("text.so", "hello", 5);
    put("ignored.txt", "hello", 5);
    char path[128];
    snprintf(path, sizeof(path), "%s/folder.so", g_dir);
    cr_assert_eq(mkdir(path, 0755), 0);
    dm_registry_t registry;
    dm_registry_init(&registry);
    dm_board_t board = {0};
    const char* dirs[] = {"/nowhere", g_dir};
    cr_assert_eq(dm_registry_scan(&registry, dirs, 2, &board), ZX_OK);
    cr_expect_eq(registry.count, 5);
    cr_expect_null(by_file(&registry, "good.so")->error);
    cr_expect_not_null(strstr(by_file(&registry, "twin.so")->error, "taken by good.so"));
    cr_expect_not_null(strstr(by_file(&registry, "cut.so")->error, "truncated"));
    cr_expect_str_eq(by_file(&registry, "text.so")->error, "not an ELF file");
    cr_expect_str_eq(by_file(&registry, "folder.so")->error, "not a regular file");
    cr_expect_eq(dm_registry_find(&registry, "sample"), by_file(&registry, "good.so"));
    dm_registry_fini(&registry);
    cr_expect_eq(registry.count, 0);
    free(image.bytes);
}

Test(registry, takes_what_the_board_names_and_its_proxies) {
    char dir[512];
    snprintf(dir, sizeof(dir), "%s/lib/drivers", getenv("JACINTH_BUILD"));
    dm_board_driver_t listed[] = {{.name = (char*)"platform-bus", .is_boot = true},
                                  {.name = (char*)"sample"},
                                  {.name = (char*)"nothing"}};
    dm_board_t board = {.has_drivers = true, .drivers = listed, .driver_count = 3};
    const char* dirs[] = {dir};
    dm_registry_t registry;
    dm_registry_init(&registry);
    cr_assert_eq(dm_registry_scan(&registry, dirs, 1, &board), ZX_OK);
    cr_expect_eq(registry.count, 4);
    const dm_driver_t* bus = by_file(&registry, "platform-bus.so");
    const dm_driver_t* proxy = by_file(&registry, "platform-bus.proxy.so");
    cr_assert_not_null(bus);
    cr_assert_not_null(proxy);
    cr_expect_str_eq(bus->name, "platform-bus");
    cr_expect_eq(proxy->origin, DM_ORIGIN_BOOT);
    cr_expect_eq(dm_registry_find_proxy(&registry, "platform-bus.so"), proxy);
    cr_expect_null(dm_registry_find_proxy(&registry, "sample.so"));
    cr_expect_null(dm_registry_find_proxy(&registry, "x"));
    cr_expect_eq(by_file(&registry, "sample.so")->origin, DM_ORIGIN_SYSTEM);
    cr_expect_not_null(strstr(by_file(&registry, "nothing.so")->error, "no driver folder has it"));
    cr_expect_null(by_file(&registry, "block.so"), "the board does not name it");
    dm_registry_fini(&registry);
}

Test(registry, an_image_is_a_sealed_copy) {
    image_t image = read_driver("sample");
    zx_status_t status = ZX_OK;
    dm_driver_t* driver =
        dm_driver_create("sample.so", DM_ORIGIN_LOADED, image.bytes, image.size, &status);
    cr_assert_not_null(driver);
    cr_assert_eq(status, ZX_OK, "%s", driver->error);
    uint8_t byte = 0;
    cr_expect_neq(zx_vmo_write(driver->image, &byte, 0, 1), ZX_OK);
    cr_expect_eq(zx_vmo_read(driver->image, &byte, 0, 1), ZX_OK);
    cr_expect_eq(byte, 0x7f);
    memset(image.bytes, 0, image.size);
    cr_expect_eq(driver->program.bytes[0], 'B', "the program does not live in the caller's bytes");
    dm_driver_unref(driver);
    dm_driver_unref(NULL);
    free(image.bytes);
}
