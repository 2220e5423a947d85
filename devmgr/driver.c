// SPDX-License-Identifier: MIT
// One driver: its note, its program and its sealed image.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <lx/file.h>
#include <zircon/compiler.h>
#include <zircon/errors.h>
#include <zircon/status.h>
#include <zircon/syscalls.h>

#include "driver_note.h"
#include "registry.h"

#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
#define HOST_IS_ASAN true
#else
#define HOST_IS_ASAN false
#endif

// What the note and the program say. On failure driver->error is set.
static zx_status_t take_note(dm_driver_t* driver, const uint8_t* bytes, size_t size) {
    dm_driver_note_t note;
    char error[DM_MAX_ERROR + 1];
    zx_status_t status = dm_driver_note_read(bytes, size, &note, error, sizeof(error));
    if (status != ZX_OK) {
        dm_text_set(&driver->error, "%s", error);
        return status;
    }
    dm_text_copy(driver->note_name, sizeof(driver->note_name), note.name);
    dm_driver_name_canonical(driver->name, sizeof(driver->name), note.name);
    dm_text_copy(driver->vendor, sizeof(driver->vendor), note.vendor);
    dm_text_copy(driver->version, sizeof(driver->version), note.version);
    driver->is_proxy = note.is_proxy;
    driver->is_fallback = note.version[0] == '*';
    if (note.is_asan && !HOST_IS_ASAN) {
        dm_text_set(&driver->error,
                    "built with AddressSanitizer, which the driver hosts here are not");
        return ZX_ERR_NOT_SUPPORTED;
    }
    driver->bytecode = malloc(note.bytecode_size + 1);
    if (driver->bytecode == NULL) {
        return ZX_ERR_NO_MEMORY;
    }
    memcpy(driver->bytecode, note.bytecode, note.bytecode_size);
    return note.is_proxy
               ? ZX_OK
               : bind_program_read(driver->bytecode, note.bytecode_size, &driver->program, NULL);
}

dm_driver_t* dm_driver_create(const char* file, dm_origin_t origin, const uint8_t* bytes,
                              size_t size, zx_status_t* out_status) {
    dm_driver_t* driver = calloc(1, sizeof(*driver));
    if (driver == NULL) {
        return NULL;
    }
    driver->references = 1;
    driver->origin = origin;
    dm_text_copy(driver->file, sizeof(driver->file), file);
    dm_text_clean(driver->file);
    zx_status_t status = take_note(driver, bytes, size);
    if (status == ZX_OK) {
        status = lx_vmo_from_bytes(bytes, size, &driver->image);
    }
    if (status != ZX_OK && driver->error == NULL) {
        dm_text_set(&driver->error, "%s", zx_status_get_string(status));
    }
    if (driver->name[0] == '\0') {
        dm_text_copy(driver->name, sizeof(driver->name), driver->file);
        char* end = strstr(driver->name, ".so");
        if (end != NULL) {
            *end = '\0';
        }
    }
    if (out_status != NULL) {
        *out_status = status;
    }
    return driver;
}

dm_driver_t* dm_driver_ref(dm_driver_t* driver) {
    driver->references++;
    return driver;
}

void dm_driver_unref(dm_driver_t* driver) {
    if (driver == NULL || --driver->references != 0) {
        return;
    }
    zx_handle_close(driver->image);
    free(driver->bytecode);
    free(driver->error);
    free(driver->crash);
    free(driver);
}

const char* dm_origin_name(dm_origin_t origin) {
    static const char* const names[] = {"boot", "system", "loaded"};
    return names[origin];
}
