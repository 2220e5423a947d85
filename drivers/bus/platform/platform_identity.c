// SPDX-License-Identifier: MIT
// The text form of a platform device's identity:
//   <vid>:<pid>:<did>:<metadata count>;<board vid>:<board pid>:<revision>;<name>;<board name>
// with numbers in hexadecimal. Names hold no ';': the board reader takes none.
#include "platform_identity.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

void platform_identity_set_name(char field[32], const char* name) {
    size_t length = name == NULL ? 0 : strnlen(name, 31);
    if (length > 0) {
        memcpy(field, name, length);
    }
    memset(field + length, 0, 32 - length);
}

zx_status_t platform_identity_format(const platform_identity_t* identity, char* text, size_t size) {
    const pdev_device_info_t* device = &identity->device;
    const pdev_board_info_t* board = &identity->board;
    int length = snprintf(text, size,
                          "%" PRIx32 ":%" PRIx32 ":%" PRIx32 ":%" PRIx32 ";%" PRIx32 ":%" PRIx32
                          ":%" PRIx32 ";%.31s;%.31s",
                          device->vid, device->pid, device->did, device->metadata_count, board->vid,
                          board->pid, board->board_revision, device->name, board->board_name);
    return length >= 0 && (size_t)length < size ? ZX_OK : ZX_ERR_BUFFER_TOO_SMALL;
}

zx_status_t platform_identity_parse(const char* text, platform_identity_t* out_identity) {
    platform_identity_t identity = {0};
    pdev_device_info_t* device = &identity.device;
    pdev_board_info_t* board = &identity.board;
    int end = -1;
    int fields = sscanf(text,
                        "%8" SCNx32 ":%8" SCNx32 ":%8" SCNx32 ":%8" SCNx32 ";%8" SCNx32 ":%8" SCNx32
                        ":%8" SCNx32 ";%31[^;];%n",
                        &device->vid, &device->pid, &device->did, &device->metadata_count,
                        &board->vid, &board->pid, &board->board_revision, device->name, &end);
    if (fields != 8 || end < 0 || strlen(text + end) > 31 || strchr(text + end, ';') != NULL) {
        return ZX_ERR_INVALID_ARGS;
    }
    platform_identity_set_name(board->board_name, text + end);
    *out_identity = identity;
    return ZX_OK;
}
