// SPDX-License-Identifier: MIT
// The board as its driver reads it: a flatbuffer of protocols/board/board.fbs.
#include <stdlib.h>
#include <string.h>

#include <protocols/board.h>
#include <protocols/runtime.h>
#include <zircon/errors.h>

#include "board.h"

static zx_status_t fill_device(const dm_board_device_t* device, pg_arena_t* arena,
                               board_platform_device_t* out) {
    node_property_t* properties =
        pg_arena_alloc(arena, device->properties.count + 1, sizeof(node_property_t));
    board_metadata_t* metadata =
        pg_arena_alloc(arena, device->metadata_count + 1, sizeof(board_metadata_t));
    if (properties == NULL || metadata == NULL) {
        return ZX_ERR_NO_MEMORY;
    }
    dm_properties_to_wire(&device->properties, properties);
    for (size_t i = 0; i < device->metadata_count; i++) {
        metadata[i] = (board_metadata_t){.type = device->metadata[i].type,
                                         .data = device->metadata[i].data,
                                         .data_count = device->metadata[i].size};
    }
    *out = (board_platform_device_t){.name = device->name,
                                     .vid = device->vid,
                                     .pid = device->pid,
                                     .did = device->did,
                                     .instance_id = device->instance_id,
                                     .protocol_id = device->protocol_id,
                                     .properties = properties,
                                     .properties_count = device->properties.count,
                                     .metadata = metadata,
                                     .metadata_count = device->metadata_count};
    return ZX_OK;
}

static zx_status_t encode(const board_board_t* value, uint8_t** out_data, size_t* out_size) {
    pg_builder_t builder;
    pg_builder_init(&builder);
    zx_status_t status = board_board_encode(value, &builder);
    if (status == ZX_OK) {
        size_t size = 0;
        const uint8_t* bytes = pg_builder_bytes(&builder, &size);
        *out_data = malloc(size);
        status = *out_data != NULL ? ZX_OK : ZX_ERR_NO_MEMORY;
        if (status == ZX_OK) {
            memcpy(*out_data, bytes, size);
            *out_size = size;
        }
    }
    pg_builder_fini(&builder);
    return status;
}

zx_status_t dm_board_encode(const dm_board_t* board, uint8_t** out_data, size_t* out_size) {
    pg_arena_t arena;
    pg_arena_init(&arena, NULL, 0);
    zx_status_t status = ZX_OK;
    board_platform_device_t* devices =
        pg_arena_alloc(&arena, board->device_count + 1, sizeof(board_platform_device_t));
    if (devices == NULL) {
        status = ZX_ERR_NO_MEMORY;
    }
    for (size_t i = 0; i < board->device_count && status == ZX_OK; i++) {
        status = fill_device(&board->devices[i], &arena, &devices[i]);
    }
    if (status == ZX_OK) {
        board_board_t value = {
            .name = board->name, .devices = devices, .devices_count = board->device_count};
        status = encode(&value, out_data, out_size);
    }
    pg_arena_fini(&arena);
    return status;
}
