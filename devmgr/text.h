// SPDX-License-Identifier: MIT
// Small bounded text helpers: cutting, cleaning and collecting error lines.
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include <zircon/compiler.h>

// Copies |text| (NULL: empty) into |out|, cut to |size| - 1 bytes.
void dm_text_copy(char* out, size_t size, const char* text);

// Replaces control characters (but keeps tabs as blanks) by '?', so that a log line of a host
// cannot drive a terminal.
void dm_text_clean(char* text);

// Replaces an owned string (may be NULL) by a formatted one. Keeps the old one when memory is
// short.
void dm_text_set(char** slot, const char* format, ...) __PRINTFLIKE(2, 3);
void dm_text_setv(char** slot, const char* format, va_list args);

// A valid name of one device: 1 … DM_MAX_NAME bytes, no '/', no control characters, not "." or
// "..".
// |*out_why| (may be NULL) is a constant text.
bool dm_name_is_valid(const char* name, const char** out_why);

// Names of drivers compare with '-' and '_' taken as one, because a driver's name in its note is a
// C identifier while its file is called virtio-blk.so.
void dm_driver_name_canonical(char* out, size_t size, const char* name);

// Several error lines, collected. Zeroed: empty.
typedef struct dm_diag {
    char* text;  // owned: lines with their '\n'; NULL: none
    size_t size;
    unsigned count;  // errors reported, also those beyond the limit
} dm_diag_t;

void dm_diag_add(dm_diag_t* diag, const char* format, ...) __PRINTFLIKE(2, 3);
void dm_diag_addv(dm_diag_t* diag, const char* prefix, const char* format, va_list args);
void dm_diag_fini(dm_diag_t* diag);
