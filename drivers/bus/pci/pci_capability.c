// SPDX-License-Identifier: MIT
// Walks the lists of capabilities in a function's configuration space.
#include "pci_capability.h"

#include <fuchsia/hardware/pci/c/banjo.h>

#define STATUS_HAS_CAPABILITIES (1u << 4)
#define STANDARD_HEADER_END     0x40u
#define CONFIG_END              0x100u
#define EXTENDED_START          0x100u
#define EXTENDED_END            0x1000u

// Each capability takes at least 4 bytes, so a longer list has a circle.
#define MAX_CAPABILITIES          ((CONFIG_END - STANDARD_HEADER_END) / 4u)
#define MAX_EXTENDED_CAPABILITIES ((EXTENDED_END - EXTENDED_START) / 4u)

static zx_status_t get_list_head(const pci_config_reader_t* reader, uint8_t* out_offset) {
    uint32_t value;
    zx_status_t status = reader->read(reader->ctx, PCI_CFG_STATUS, 2, &value);
    if (status != ZX_OK) {
        return status;
    }
    if ((value & STATUS_HAS_CAPABILITIES) == 0) {
        *out_offset = 0;
        return ZX_OK;
    }
    status = reader->read(reader->ctx, PCI_CFG_CAPABILITIES_PTR, 1, &value);
    if (status == ZX_OK) {
        *out_offset = (uint8_t)(value & 0xfcu);
    }
    return status;
}

zx_status_t pci_find_capability(const pci_config_reader_t* reader, uint8_t id, uint8_t after,
                                uint8_t* out_offset) {
    uint32_t offset;
    if (after == 0) {
        uint8_t head;
        zx_status_t status = get_list_head(reader, &head);
        if (status != ZX_OK) {
            return status;
        }
        offset = head;
    } else {
        if (after < STANDARD_HEADER_END || after % 4 != 0) {
            return ZX_ERR_INVALID_ARGS;
        }
        zx_status_t status = reader->read(reader->ctx, after + 1u, 1, &offset);
        if (status != ZX_OK) {
            return status;
        }
        offset &= 0xfcu;
    }
    for (size_t i = 0; i < MAX_CAPABILITIES && offset != 0; i++) {
        if (offset < STANDARD_HEADER_END) {
            return ZX_ERR_IO_DATA_INTEGRITY;
        }
        uint32_t header;
        zx_status_t status = reader->read(reader->ctx, (uint16_t)offset, 2, &header);
        if (status != ZX_OK) {
            return status;
        }
        if ((header & 0xffu) == id) {
            *out_offset = (uint8_t)offset;
            return ZX_OK;
        }
        offset = (header >> 8) & 0xfcu;
    }
    return offset == 0 ? ZX_ERR_NOT_FOUND : ZX_ERR_IO_DATA_INTEGRITY;
}

// Header of an extended capability: id in bits 0-15, version 16-19, next 20-31. A function without
// any reads as 0; one without extended space fails to be read or reads as all ones.
zx_status_t pci_find_extended_capability(const pci_config_reader_t* reader, uint16_t id,
                                         uint16_t after, uint16_t* out_offset) {
    uint32_t offset = EXTENDED_START;
    uint32_t header;
    if (after != 0) {
        if (after < EXTENDED_START || after > EXTENDED_END - 4 || after % 4 != 0) {
            return ZX_ERR_INVALID_ARGS;
        }
        zx_status_t status = reader->read(reader->ctx, after, 4, &header);
        if (status != ZX_OK) {
            return status;
        }
        offset = (header >> 20) & 0xffcu;
    }
    for (size_t i = 0; i < MAX_EXTENDED_CAPABILITIES && offset != 0; i++) {
        if (offset < EXTENDED_START) {
            return ZX_ERR_IO_DATA_INTEGRITY;
        }
        zx_status_t status = reader->read(reader->ctx, (uint16_t)offset, 4, &header);
        if (status != ZX_OK) {
            return offset == EXTENDED_START ? ZX_ERR_NOT_FOUND : status;
        }
        if (header == 0 || header == UINT32_MAX) {
            return ZX_ERR_NOT_FOUND;
        }
        if ((header & 0xffffu) == id) {
            *out_offset = (uint16_t)offset;
            return ZX_OK;
        }
        offset = (header >> 20) & 0xffcu;
    }
    return offset == 0 ? ZX_ERR_NOT_FOUND : ZX_ERR_IO_DATA_INTEGRITY;
}
