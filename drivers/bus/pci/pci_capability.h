// SPDX-License-Identifier: MIT
// Walks the lists of capabilities in a function's configuration space (PCI 3.0, 6.7; PCI
// Express 3.0, 7.9). Pure functions over a reader; any thread. What the function says is not
// trusted: a list that runs in a circle or leaves its space ends in IO_DATA_INTEGRITY.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <zircon/types.h>

// Reads `width` bytes (1, 2 or 4) at `offset`.
typedef struct pci_config_reader {
    zx_status_t (*read)(void* ctx, uint16_t offset, size_t width, uint32_t* out_value);
    void* ctx;  // borrowed
} pci_config_reader_t;

// The first capability with this id behind `after`; after 0: from the start. NOT_FOUND: none.
// `after` must itself be a capability's offset, else INVALID_ARGS.
zx_status_t pci_find_capability(const pci_config_reader_t* reader, uint8_t id, uint8_t after,
                                uint8_t* out_offset);
zx_status_t pci_find_extended_capability(const pci_config_reader_t* reader, uint16_t id,
                                         uint16_t after, uint16_t* out_offset);
