// SPDX-License-Identifier: MIT
// Types of metadata: small blobs that boards and drivers attach to devices for the drivers below.
#pragma once

#include <stdbool.h>
#include <stdint.h>

// Most bytes of one blob that devmgr passes on.
#define DEVICE_METADATA_MAX_SIZE (60u * 1024u)

#define DEVICE_METADATA_MAC_ADDRESS               0x43414D6Du  // 6 bytes
#define DEVICE_METADATA_PARTITION_MAP             0x5452506Du  // zbi_partition_map_t
#define DEVICE_METADATA_USB_MODE                  0x4D425355u  // uint32_t
#define DEVICE_METADATA_SERIAL_PORT_INFO          0x4D524553u  // serial_port_info_t
#define DEVICE_METADATA_BOARD_NAME                0x4E524F42u  // text with its NUL
#define DEVICE_METADATA_INTERRUPT_CONTROLLER_TYPE 0x43544E49u  // uint8_t
#define DEVICE_METADATA_GUID_MAP                  0x44495547u  // guid_map_t[]
#define DEVICE_METADATA_BUTTONS_BUTTONS           0x424E5442u
#define DEVICE_METADATA_BUTTONS_GPIOS             0x474E5442u
#define DEVICE_METADATA_GPIO_PINS                 0x4F495047u
#define DEVICE_METADATA_I2C_CHANNELS              0x43433249u
#define DEVICE_METADATA_TEST                      0x54534554u

// Types whose lowest byte is 'd' mean something to one pair of drivers only.
#define DEVICE_METADATA_PRIVATE      0x00000064u
#define DEVICE_METADATA_PRIVATE_MASK 0x000000FFu

// The board as its driver sees it (protocols/board/board.fbs), attached to the root device.
#define DEVICE_METADATA_BOARD_PRIVATE 0x42524464u

static inline bool is_private_metadata(uint32_t type) {
    return (type & DEVICE_METADATA_PRIVATE_MASK) == DEVICE_METADATA_PRIVATE;
}
