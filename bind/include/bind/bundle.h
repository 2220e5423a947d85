// SPDX-License-Identifier: MIT
// A bundle: many compiled programs with the names of their drivers in one file, as `bindc import`
// writes it. Views into the caller's bytes; nothing is allocated. Every length is checked.
//
// All integers are little-endian u32, except the magic "BNDL", which reads as text:
//   "BNDL" | version 1 | count | count entries
//   entry: size of name, origin, pattern, bytecode | the four, each text with a zero after it
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <zircon/types.h>

#define BIND_MAGIC_BUNDLE       0x424e444cu  // "BNDL"
#define BIND_BUNDLE_VERSION     1u
#define BIND_BUNDLE_HEADER_SIZE 12u
#define BIND_BUNDLE_ENTRY_SIZE  16u

// The property whose text an entry's pattern is for: a device's whole modalias, '-' written '_'.
#define BIND_BUNDLE_PATTERN_KEY "jacinth.modalias.TEXT"

typedef struct bind_bundle {
    const uint8_t* bytes;  // borrowed
    size_t size;
    size_t at;       // of the next entry
    uint32_t count;  // of all entries
    uint32_t left;   // entries from `at` on
} bind_bundle_t;

// All pointers are borrowed from the bundle.
typedef struct bind_bundle_entry {
    const char* name;     // of the driver
    const char* origin;   // what the program was made of: a line of modules.alias
    const char* pattern;  // what the text of BIND_BUNDLE_PATTERN_KEY must fit too; null: nothing
    const uint8_t* bytecode;
    size_t bytecode_size;  // not checked yet: bind_program_read() does
} bind_bundle_entry_t;

// ZX_ERR_NOT_SUPPORTED: another version; ZX_ERR_IO_DATA_INTEGRITY: no bundle.
zx_status_t bind_bundle_open(const uint8_t* bytes, size_t size, bind_bundle_t* out_bundle);

// The next entry. ZX_ERR_STOP: that was the last one; ZX_ERR_IO_DATA_INTEGRITY: damaged.
zx_status_t bind_bundle_next(bind_bundle_t* bundle, bind_bundle_entry_t* out_entry);
