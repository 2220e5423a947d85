// SPDX-License-Identifier: MIT
// What a driver's file shows to the outside: its record, its ops and an ELF note with its name, its
// version and its bind program. Used through the header that bindc makes of the driver's rules,
// which defines ZIRCON_DRIVER(Driver, Ops, VendorName, Version), or through ZIRCON_DRIVER_PROXY of
// <lib/ddk/binding_driver.h>. devmgr reads the note without running anything of the file; a host
// that loaded the file looks the three symbols up by their names.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <zircon/compiler.h>

#include <bind/driver_note.h>

#include <lib/ddk/binding.h>
#include <lib/ddk/driver.h>

#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
#define ZIRCON_DRIVER_NOTE_FLAGS ZX_DRIVER_NOTE_FLAG_ASAN
#else
#define ZIRCON_DRIVER_NOTE_FLAGS 0u
#endif

// The fixed part of the note, as it lies in the file.
typedef struct zx_driver_note_header {
    uint32_t namesz;
    uint32_t descsz;
    uint32_t type;
    char owner[8];
    zx_driver_note_payload_t payload;
} zx_driver_note_header_t;

// Where the note lies. Clang's address sanitizer would surround it with red zones, which the
// readers of notes do not expect; gcc leaves variables in sections of their own alone.
#if __has_feature(address_sanitizer)
#define ZIRCON_DRIVER_NOTE_PLACE_(Driver)     \
    __SECTION(ZX_DRIVER_NOTE_SECTION #Driver) \
    __USED __ALIGNED(4) __attribute__((no_sanitize("address")))
#else
#define ZIRCON_DRIVER_NOTE_PLACE_(Driver) \
    __SECTION(ZX_DRIVER_NOTE_SECTION #Driver) __USED __ALIGNED(4)
#endif

// The names that the host looks up. `byte_count` is the size of the program; flags are beside those
// that the build sets.
#define ZIRCON_DRIVER_SYMBOLS_(Driver, Ops)                             \
    __EXPORT zx_driver_rec_t __zircon_driver_rec__ = {.ops = &(Ops)};   \
    extern __EXPORT const zx_driver_ops_t* const __zircon_driver_ops__; \
    const zx_driver_ops_t* const __zircon_driver_ops__ = &(Ops);

#define ZIRCON_DRIVER_NOTE_HEADER_(Driver, VendorName, Version, byte_count, extra_flags)        \
    {                                                                                           \
        .namesz = ZX_DRIVER_NOTE_OWNER_SIZE,                                                    \
        .descsz = sizeof(zx_driver_note_payload_t) + (byte_count), .type = ZX_DRIVER_NOTE_TYPE, \
        .owner = ZX_DRIVER_NOTE_OWNER,                                                          \
        .payload = {                                                                            \
            .flags = ZIRCON_DRIVER_NOTE_FLAGS | (extra_flags),                                  \
            .bytecodeversion = ZX_DRIVER_BYTECODE_V2,                                           \
            .bytecount = (byte_count),                                                          \
            .abi_version = JACINTH_DDK_ABI_VERSION,                                             \
            .name = #Driver,                                                                    \
            .vendor = VendorName,                                                               \
            .version = Version,                                                                 \
        },                                                                                      \
    }

#define ZIRCON_DRIVER_BEGIN_PRIV_V2(Driver, Ops, VendorName, Version, ByteCount)          \
    ZIRCON_DRIVER_SYMBOLS_(Driver, Ops)                                                   \
    typedef struct zx_driver_note_##Driver {                                              \
        zx_driver_note_header_t header;                                                   \
        uint8_t program[((ByteCount) + 3u) / 4u * 4u];                                    \
    } zx_driver_note_##Driver##_t;                                                        \
    extern __EXPORT const zx_driver_note_##Driver##_t __zircon_driver_note__;             \
    ZIRCON_DRIVER_NOTE_PLACE_(Driver)                                                     \
    const zx_driver_note_##Driver##_t __zircon_driver_note__ = {                          \
        .header = ZIRCON_DRIVER_NOTE_HEADER_(Driver, VendorName, Version, ByteCount, 0u), \
        .program = {
#define ZIRCON_DRIVER_END_PRIV_V2(Driver) \
    }                                     \
    }                                     \
    ;

#define ZIRCON_DRIVER_WITHOUT_PROGRAM_(Driver, Ops, VendorName, Version, extra_flags) \
    ZIRCON_DRIVER_SYMBOLS_(Driver, Ops)                                               \
    extern __EXPORT const zx_driver_note_header_t __zircon_driver_note__;             \
    ZIRCON_DRIVER_NOTE_PLACE_(Driver)                                                 \
    const zx_driver_note_header_t __zircon_driver_note__ =                            \
        ZIRCON_DRIVER_NOTE_HEADER_(Driver, VendorName, Version, 0u, extra_flags);
