// SPDX-License-Identifier: MIT
// The board driver: binds to the root of the tree, reads the board that devmgr attached to it and
// adds `platform` with one child for each device of the board. Each child is isolated: its driver
// runs in a host of its own, on top of platform-bus.proxy.so.
#include <stdio.h>
#include <stdlib.h>

#include <lib/ddk/binding.h>
#include <lib/ddk/debug.h>
#include <lib/ddk/device.h>
#include <lib/ddk/metadata.h>
#include <protocols/board.h>
#include <zircon/status.h>

#include "platform_bus_bind.h"
#include "platform_identity.h"

// Properties that every platform device has besides those of the board file.
#define OWN_PROPS 4u

// Turned from the board's form into the DDK's. All three arrays are owned.
typedef struct device_tables {
    zx_device_prop_t* props;
    uint32_t prop_count;
    zx_device_str_prop_t* str_props;
    uint32_t str_prop_count;
    device_metadata_t* metadata;
    uint32_t metadata_count;
} device_tables_t;

static void free_tables(device_tables_t* tables) {
    free(tables->props);
    free(tables->str_props);
    free(tables->metadata);
}

static zx_device_str_prop_val_t make_value(const node_property_t* property) {
    switch (property->kind) {
        case NODE_PROPERTY_KIND_STRING:
            return str_prop_str_val(property->string_value);
        case NODE_PROPERTY_KIND_ENUM:
            return str_prop_enum_val(property->string_value);
        case NODE_PROPERTY_KIND_BOOL:
            return str_prop_bool_val(property->bool_value);
        default:
            return str_prop_int_val(property->uint_value);
    }
}

// A property with a legacy key is a number; one with a string key may be anything.
static zx_status_t add_property(device_tables_t* tables, const node_property_t* property) {
    if (property->key != NULL) {
        bool has_text = property->kind == NODE_PROPERTY_KIND_STRING ||
                        property->kind == NODE_PROPERTY_KIND_ENUM;
        if (has_text && property->string_value == NULL) {
            return ZX_ERR_INVALID_ARGS;
        }
        tables->str_props[tables->str_prop_count++] =
            (zx_device_str_prop_t){.key = property->key, .property_value = make_value(property)};
        return ZX_OK;
    }
    if (property->kind != NODE_PROPERTY_KIND_UINT || property->id > UINT16_MAX) {
        return ZX_ERR_INVALID_ARGS;
    }
    tables->props[tables->prop_count++] =
        (zx_device_prop_t){.id = (uint16_t)property->id, .value = property->uint_value};
    return ZX_OK;
}

static zx_status_t make_tables(const board_platform_device_t* device, device_tables_t* out_tables) {
    *out_tables = (device_tables_t){
        .props = calloc(device->properties_count + OWN_PROPS, sizeof(zx_device_prop_t)),
        .str_props = calloc(device->properties_count + 1, sizeof(zx_device_str_prop_t)),
        .metadata = calloc(device->metadata_count + 1, sizeof(device_metadata_t)),
    };
    if (out_tables->props == NULL || out_tables->str_props == NULL ||
        out_tables->metadata == NULL) {
        return ZX_ERR_NO_MEMORY;
    }
    const zx_device_prop_t own[OWN_PROPS] = {
        {.id = BIND_PLATFORM_DEV_VID, .value = device->vid},
        {.id = BIND_PLATFORM_DEV_PID, .value = device->pid},
        {.id = BIND_PLATFORM_DEV_DID, .value = device->did},
        {.id = BIND_PLATFORM_DEV_INSTANCE_ID, .value = device->instance_id},
    };
    for (size_t i = 0; i < OWN_PROPS; i++) {
        out_tables->props[out_tables->prop_count++] = own[i];
    }
    for (size_t i = 0; i < device->properties_count; i++) {
        zx_status_t status = add_property(out_tables, &device->properties[i]);
        if (status != ZX_OK) {
            return status;
        }
    }
    for (size_t i = 0; i < device->metadata_count; i++) {
        out_tables->metadata[out_tables->metadata_count++] = (device_metadata_t){
            .type = device->metadata[i].type,
            .data = device->metadata[i].data,
            .length = device->metadata[i].data_count,
        };
    }
    return ZX_OK;
}

static platform_identity_t make_identity(const board_board_t* board,
                                         const board_platform_device_t* device) {
    platform_identity_t identity = {
        .device = {.vid = device->vid,
                   .pid = device->pid,
                   .did = device->did,
                   .metadata_count = (uint32_t)device->metadata_count},
        .board = {.vid = board->vid, .pid = board->pid, .board_revision = board->revision},
    };
    platform_identity_set_name(identity.device.name, device->name);
    platform_identity_set_name(identity.board.board_name, board->name);
    return identity;
}

// Platform devices have nothing to do in this host: their drivers see the proxy.
static const zx_protocol_device_t platform_device_ops = {
    .version = DEVICE_OPS_VERSION,
};

static zx_status_t add_platform_device(zx_device_t* platform, const board_board_t* board,
                                       const board_platform_device_t* device) {
    if (device->name == NULL) {
        return ZX_ERR_INVALID_ARGS;
    }
    // "host name,identity"
    char proxy_args[ZX_DEVICE_NAME_MAX + 1 + PLATFORM_IDENTITY_SIZE];
    int length =
        snprintf(proxy_args, sizeof(proxy_args), "%.*s,", ZX_DEVICE_NAME_MAX, device->name);
    platform_identity_t identity = make_identity(board, device);
    zx_status_t status = platform_identity_format(&identity, proxy_args + length,
                                                  sizeof(proxy_args) - (size_t)length);
    if (status != ZX_OK) {
        return status;
    }
    device_tables_t tables;
    status = make_tables(device, &tables);
    if (status == ZX_OK) {
        device_add_args_t args = {
            .version = DEVICE_ADD_ARGS_VERSION,
            .name = device->name,
            .ops = &platform_device_ops,
            .props = tables.props,
            .prop_count = tables.prop_count,
            .str_props = tables.str_props,
            .str_prop_count = tables.str_prop_count,
            .metadata_list = tables.metadata,
            .metadata_count = tables.metadata_count,
            .proto_id = device->protocol_id,
            .proxy_args = proxy_args,
            .flags = DEVICE_ADD_MUST_ISOLATE,
        };
        zx_device_t* unused;
        status = device_add(platform, &args, &unused);
    }
    free_tables(&tables);
    return status;
}

// One bad device does not cost the others.
static void add_platform_devices(zx_device_t* platform, const board_board_t* board) {
    for (size_t i = 0; i < board->devices_count; i++) {
        zx_status_t status = add_platform_device(platform, board, &board->devices[i]);
        if (status != ZX_OK) {
            zxlogf(ERROR, "platform device %s not added: %s",
                   board->devices[i].name == NULL ? "?" : board->devices[i].name,
                   zx_status_get_string(status));
        }
    }
}

// *out_bytes is the caller's to free.
static zx_status_t read_board(zx_device_t* root, uint8_t** out_bytes, size_t* out_size) {
    size_t size;
    zx_status_t status = device_get_metadata_size(root, DEVICE_METADATA_BOARD_PRIVATE, &size);
    if (status != ZX_OK) {
        return status;
    }
    uint8_t* bytes = malloc(size);
    if (bytes == NULL) {
        return ZX_ERR_NO_MEMORY;
    }
    status = device_get_metadata(root, DEVICE_METADATA_BOARD_PRIVATE, bytes, size, &size);
    if (status != ZX_OK) {
        free(bytes);
        return status;
    }
    *out_bytes = bytes;
    *out_size = size;
    return ZX_OK;
}

static zx_status_t add_board(zx_device_t* root, const board_board_t* board) {
    device_add_args_t args = {
        .version = DEVICE_ADD_ARGS_VERSION,
        .name = "platform",
        .ops = &platform_device_ops,
        .proto_id = ZX_PROTOCOL_PBUS,
        .flags = DEVICE_ADD_NON_BINDABLE,
    };
    zx_device_t* platform;
    zx_status_t status = device_add(root, &args, &platform);
    if (status == ZX_OK) {
        zxlogf(INFO, "board %s: %zu platform devices", board->name == NULL ? "?" : board->name,
               board->devices_count);
        add_platform_devices(platform, board);
    }
    return status;
}

static zx_status_t platform_bus_bind(void* ctx, zx_device_t* root) {
    (void)ctx;
    uint8_t* bytes = NULL;
    size_t size;
    pg_arena_t arena;
    pg_arena_init(&arena, NULL, 0);
    board_board_t board;
    zx_status_t status = read_board(root, &bytes, &size);
    if (status == ZX_OK) {
        status = board_board_decode(bytes, size, NULL, 0, &arena, &board);
    }
    if (status == ZX_OK) {
        status = add_board(root, &board);
    }
    if (status != ZX_OK) {
        zxlogf(ERROR, "no board to publish: %s", zx_status_get_string(status));
    }
    pg_arena_fini(&arena);
    free(bytes);
    return status;
}

static const zx_driver_ops_t platform_bus_driver_ops = {
    .version = DRIVER_OPS_VERSION,
    .bind = platform_bus_bind,
};

ZIRCON_DRIVER(platform_bus, platform_bus_driver_ops, "jacinth", "0.1");
