// SPDX-License-Identifier: MIT
// What platform-bus.so tells platform-bus.proxy.so about a device: a line of text behind the comma
// of proxy_args. Pure functions, any thread.
#pragma once

#include <stddef.h>

#include <fuchsia/hardware/platform/device/c/banjo.h>
#include <zircon/types.h>

// Room for the text with its NUL.
#define PLATFORM_IDENTITY_SIZE 160u

typedef struct platform_identity {
    pdev_device_info_t device;
    pdev_board_info_t board;
} platform_identity_t;

// Copies a name into a field of 32 bytes; cut if need be.
void platform_identity_set_name(char field[32], const char* name);

// BUFFER_TOO_SMALL: less than PLATFORM_IDENTITY_SIZE.
zx_status_t platform_identity_format(const platform_identity_t* identity, char* text, size_t size);

// INVALID_ARGS: not such a text.
zx_status_t platform_identity_parse(const char* text, platform_identity_t* out_identity);
