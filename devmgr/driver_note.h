// SPDX-License-Identifier: MIT
// Reading the ELF note in which a driver describes itself, without running anything of it. The
// bytes may come from anywhere: every offset, size and text is checked.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <bind/driver_note.h>
#include <zircon/types.h>

typedef struct dm_driver_note {
    char name[ZX_DRIVER_NOTE_NAME_SIZE + 1];
    char vendor[ZX_DRIVER_NOTE_VENDOR_SIZE + 1];
    char version[16 + 1];
    bool is_proxy;
    bool is_asan;
    const uint8_t* bytecode;  // borrowed: in the image
    size_t bytecode_size;     // 0 for a proxy
} dm_driver_note_t;

// Reads the note of a driver's file image. On failure |error| is one sentence without the file's
// name. ZX_ERR_IO_DATA_INTEGRITY: not a whole ELF shared object, or a damaged note;
// ZX_ERR_NOT_FOUND: no driver note; ZX_ERR_NOT_SUPPORTED: another machine or driver ABI;
// ZX_ERR_FILE_BIG: larger than DM_MAX_DRIVER_SIZE.
zx_status_t dm_driver_note_read(const uint8_t* image, size_t size, dm_driver_note_t* out,
                                char* error, size_t error_size);
