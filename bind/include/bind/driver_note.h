// SPDX-License-Identifier: MIT
// The ELF note by which a driver describes itself: ZIRCON_DRIVER() writes it, devmgr reads it
// without loading the driver.
//
// Section .note.zircon.driver.<driver>, 4-byte aligned: a note header (namesz 7, descsz, type), the
// owner "Zircon\0" padded to 8 bytes, then the payload below followed by `bindcount` version 1
// instructions (always 0 here) and `bytecount` bytes of a version 2 program. Texts are padded with
// zeros; one that fills its field has no terminating zero.
#pragma once

#include <stdint.h>

#define ZX_DRIVER_NOTE_OWNER       "Zircon"
#define ZX_DRIVER_NOTE_OWNER_SIZE  7u           // with its zero; stored in 8 bytes
#define ZX_DRIVER_NOTE_TYPE        0x31565244u  // "DRV1"
#define ZX_DRIVER_NOTE_SECTION     ".note.zircon.driver."
#define ZX_DRIVER_NOTE_NAME_SIZE   32u
#define ZX_DRIVER_NOTE_VENDOR_SIZE 16u

#define ZX_DRIVER_NOTE_FLAG_ASAN  (1u << 0)  // built with address sanitizer
#define ZX_DRIVER_NOTE_FLAG_PROXY (1u << 1)  // a proxy: no bind program, never bound by matching

#define ZX_DRIVER_BYTECODE_V1 1u
#define ZX_DRIVER_BYTECODE_V2 2u

// Changes with every incompatible change of the driver API.
#define JACINTH_DDK_ABI_VERSION 1u

typedef struct zx_driver_note_payload {
    uint32_t flags;            // ZX_DRIVER_NOTE_FLAG_*
    uint32_t bytecodeversion;  // ZX_DRIVER_BYTECODE_V2
    uint32_t bindcount;        // version 1 instructions after this struct
    uint32_t bytecount;        // version 2 bytes after those
    uint32_t abi_version;      // JACINTH_DDK_ABI_VERSION
    char name[ZX_DRIVER_NOTE_NAME_SIZE];
    char vendor[ZX_DRIVER_NOTE_VENDOR_SIZE];
    char version[16];
} zx_driver_note_payload_t;

_Static_assert(sizeof(zx_driver_note_payload_t) == 84, "the note's layout is fixed");
