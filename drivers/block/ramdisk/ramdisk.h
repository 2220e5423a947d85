// SPDX-License-Identifier: MIT
// Metadata of a RAM disk in a board file.
#pragma once

// One uint64_t: the number of blocks. Absent: RAMDISK_DEFAULT_BLOCKS.
#define DEVICE_METADATA_RAMDISK 0x52414d64u  // "RAMd"

#define RAMDISK_BLOCK_SIZE     512u
#define RAMDISK_DEFAULT_BLOCKS (8u << 11)    // 8 MiB
#define RAMDISK_MAX_BLOCKS     (1ull << 31)  // 1 TiB
