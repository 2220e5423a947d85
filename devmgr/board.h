// SPDX-License-Identifier: MIT
// A board: one YAML file that names the machine, its drivers, its platform devices, and what must
// be bound once it is up. docs/devmgr.md lists the keys.
//
// Reading is strict: an unknown key, a wrong type, a missing key or a name used twice is an error
// with file:line:column that names the key; several are reported in one run, and a board with an
// error is not used at all.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <zircon/types.h>

#include "dm_limits.h"
#include "property.h"
#include "text.h"

#define DM_GRANT_PCI (1u << 0)  // may list PCI functions; its children are PCI functions

// A disk or another device of the QEMU machine.
typedef struct dm_machine_device {
    char* id;           // owned
    const char* model;  // borrowed, constant
    char* image;        // owned: file name of the disk image; NULL: none
    uint32_t size_mib;  // of the image
} dm_machine_device_t;

typedef struct dm_machine {
    bool exists;  // false: the board runs directly on this machine
    uint32_t memory_mib;
    uint32_t cpus;
    dm_machine_device_t* devices;  // owned
    size_t device_count;
} dm_machine_t;

typedef struct dm_board_metadata {
    uint32_t type;
    uint8_t* data;  // owned
    size_t size;
} dm_board_metadata_t;

typedef struct dm_board_device {
    char name[DM_MAX_NAME + 1];
    uint32_t vid;
    uint32_t pid;
    uint32_t did;
    uint32_t instance_id;
    uint32_t protocol_id;
    uint32_t grants;  // DM_GRANT_*
    dm_properties_t properties;
    dm_board_metadata_t* metadata;  // owned
    size_t metadata_count;
} dm_board_device_t;

typedef struct dm_board_driver {
    char* name;    // owned: the file's name without .so
    bool is_boot;  // of the boot set; else of the system set
} dm_board_driver_t;

typedef struct dm_board_expect {
    char* device;  // owned: topological path
    char* driver;  // owned
} dm_board_expect_t;

typedef struct dm_board {
    char* name;  // owned
    dm_machine_t machine;
    bool has_drivers;  // false: every driver in the folders belongs to the system set
    dm_board_driver_t* drivers;
    size_t driver_count;
    dm_board_device_t* devices;
    size_t device_count;
    dm_board_expect_t* expects;
    size_t expect_count;
} dm_board_t;

// Reads and checks a board file. On failure *out is zeroed and |diag| has a line for every error.
zx_status_t dm_board_read(const char* file, dm_board_t* out, dm_diag_t* diag);

// A zeroed board is fine.
void dm_board_fini(dm_board_t* board);

// The QEMU arguments of the board's machine, one per line, '\n'-terminated; the caller frees
// *out_text. Disk images are named @IMAGE_DIR@/<image>. ZX_ERR_NOT_SUPPORTED: the board has no
// machine.
zx_status_t dm_board_qemu_args(const dm_board_t* board, char** out_text);

// True if |model| names a device that dm_board_qemu_args() can make. *out_model is the constant
// name, *out_needs_image tells whether it is a disk.
bool dm_board_qemu_model(const char* model, const char** out_model, bool* out_needs_image);

// The known models as one text, for messages.
const char* dm_board_qemu_models(void);

// The platform devices as a flatbuffer of protocols/board/board.fbs; the caller frees *out_data.
zx_status_t dm_board_encode(const dm_board_t* board, uint8_t** out_data, size_t* out_size);
