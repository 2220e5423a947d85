// SPDX-License-Identifier: MIT
// Platform devices of a board file: identity, properties, metadata, grants.
#include "board_device.h"

#include <stdlib.h>
#include <string.h>

#include <bind/legacy_keys.h>
#include <zircon/errors.h>

#include "protocol_names.h"

// ---------------------------------------------------------------------------------- properties

// Legacy keys that follow from other keys of the device, or that devmgr sets itself.
typedef struct reserved_key {
    uint32_t id;
    const char* set_by;
} reserved_key_t;

static const reserved_key_t g_reserved[] = {
    {0x0001, "'protocol'"},  // BIND_PROTOCOL
    {0x0002, "devmgr"},      // BIND_AUTOBIND
    {0x0300, "'vid'"},       // BIND_PLATFORM_DEV_VID
    {0x0301, "'pid'"},       // BIND_PLATFORM_DEV_PID
    {0x0302, "'did'"},       // BIND_PLATFORM_DEV_DID
    {0x0304, "'instance'"},  // BIND_PLATFORM_DEV_INSTANCE_ID
};

static const char* reserved_by(uint32_t id) {
    for (size_t i = 0; i < sizeof(g_reserved) / sizeof(g_reserved[0]); i++) {
        if (g_reserved[i].id == id) {
            return g_reserved[i].set_by;
        }
    }
    return NULL;
}

static bool is_key_taken(const dm_properties_t* properties, const char* key, uint32_t id) {
    for (size_t i = 0; i < properties->count; i++) {
        const bind_property_t* other = &properties->items[i];
        if (key != NULL ? other->key != NULL && strcmp(other->key, key) == 0
                        : other->key == NULL && other->id == id) {
            return true;
        }
    }
    return false;
}

static bool add_value(dm_yaml_t* yaml, const yaml_node_t* value, const char* name, const char* key,
                      uint32_t id, dm_properties_t* properties) {
    uint32_t number = 0;
    bool boolean = false;
    const char* text = NULL;
    switch (dm_yaml_type(value)) {
        case DM_YAML_NUMBER:
            return dm_yaml_u32(yaml, value, name, &number) &&
                   dm_properties_add_number(properties, key, id, number) == ZX_OK;
        case DM_YAML_BOOL:
            return dm_yaml_bool(value, &boolean) &&
                   dm_properties_add_bool(properties, key, id, boolean) == ZX_OK;
        case DM_YAML_TEXT:
            return dm_yaml_text(yaml, value, name, DM_MAX_PROPERTY_TEXT, &text) &&
                   dm_properties_add_string(properties, key, id, text) == ZX_OK;
        default:
            dm_yaml_error(yaml, value, "property '%s' must be a number, a text or a bool", name);
            return false;
    }
}

static bool read_property(dm_yaml_t* yaml, const yaml_node_t* key_node, const yaml_node_t* value,
                          dm_properties_t* properties) {
    const char* name = NULL;
    if (!dm_yaml_text(yaml, key_node, "properties", DM_MAX_PROPERTY_TEXT, &name)) {
        return false;
    }
    uint32_t id = 0;
    bool is_legacy =
        strncmp(name, "fuchsia.", 8) == 0 && bind_legacy_key_id(name, strlen(name), &id);
    if (is_legacy && reserved_by(id) != NULL) {
        dm_yaml_error(yaml, key_node, "property '%s' is set by %s", name, reserved_by(id));
        return false;
    }
    const char* key = is_legacy ? NULL : name;
    if (is_key_taken(properties, key, id)) {
        dm_yaml_error(yaml, key_node, "property '%s' is given twice", name);
        return false;
    }
    return add_value(yaml, value, name, key, id, properties);
}

static bool read_properties(dm_yaml_t* yaml, const yaml_node_t* map, dm_properties_t* properties) {
    size_t count = dm_yaml_count(map);
    if (count > DM_MAX_PROPERTIES / 2) {
        dm_yaml_error(yaml, map, "'properties' are at most %u", DM_MAX_PROPERTIES / 2);
        return false;
    }
    bool is_good = true;
    for (size_t i = 0; i < count; i++) {
        yaml_node_t* key = NULL;
        yaml_node_t* value = NULL;
        dm_yaml_pair(yaml, map, i, &key, &value);
        is_good = read_property(yaml, key, value, properties) && is_good;
    }
    return is_good;
}

// ------------------------------------------------------------------------------------ metadata

// A list of numbers, stored little-endian, |width| bytes each.
static bool read_numbers(dm_yaml_t* yaml, const yaml_node_t* list, size_t width,
                         dm_board_metadata_t* out) {
    size_t count = dm_yaml_count(list);
    if (count * width > DM_MAX_METADATA_SIZE) {
        dm_yaml_error(yaml, list, "metadata is at most %u bytes", DM_MAX_METADATA_SIZE);
        return false;
    }
    out->data = malloc(count * width + 1);
    if (out->data == NULL) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        uint64_t value = 0;
        if (!dm_yaml_number(yaml, dm_yaml_at(yaml, list, i), width == 8 ? "u64" : "u32", 0,
                            width == 8 ? UINT64_MAX : UINT32_MAX, &value)) {
            return false;
        }
        for (size_t byte = 0; byte < width; byte++) {
            out->data[out->size++] = (uint8_t)(value >> (8 * byte));
        }
    }
    return true;
}

// A text without its NUL.
static bool read_text(dm_yaml_t* yaml, const yaml_node_t* node, dm_board_metadata_t* out) {
    const char* text = NULL;
    if (!dm_yaml_text(yaml, node, "text", DM_MAX_METADATA_SIZE, &text)) {
        return false;
    }
    out->size = strlen(text);
    out->data = (uint8_t*)strdup(text);
    return out->data != NULL;
}

// Pairs of hexadecimal digits; blanks between pairs are allowed.
static bool read_hex(dm_yaml_t* yaml, const yaml_node_t* node, dm_board_metadata_t* out) {
    if (node->type != YAML_SCALAR_NODE || node->data.scalar.length > 3 * DM_MAX_METADATA_SIZE) {
        dm_yaml_error(yaml, node, "'hex' must be a text of at most %u bytes", DM_MAX_METADATA_SIZE);
        return false;
    }
    const char* text = (const char*)node->data.scalar.value;
    out->data = malloc(strlen(text) / 2 + 1);
    if (out->data == NULL) {
        return false;
    }
    static const char digits[] = "0123456789abcdefABCDEF";
    while (*text != '\0') {
        if (*text == ' ') {
            text++;
            continue;
        }
        if (strspn(text, digits) < 2) {
            dm_yaml_error(yaml, node, "'hex' must be pairs of hexadecimal digits, not '%.20s'",
                          text);
            return false;
        }
        out->data[out->size++] = (uint8_t)strtoul((char[]){text[0], text[1], '\0'}, NULL, 16);
        text += 2;
    }
    if (out->size > DM_MAX_METADATA_SIZE) {
        dm_yaml_error(yaml, node, "metadata is at most %u bytes", DM_MAX_METADATA_SIZE);
        return false;
    }
    return true;
}

static bool read_blob(dm_yaml_t* yaml, yaml_node_t* node, dm_board_metadata_t* out) {
    static const dm_yaml_key_t keys[] = {{"type", DM_YAML_NUMBER, true},
                                         {"u32", DM_YAML_LIST, false},
                                         {"u64", DM_YAML_LIST, false},
                                         {"text", DM_YAML_TEXT, false},
                                         {"hex", DM_YAML_ANY, false}};
    yaml_node_t* values[5];
    if (!dm_yaml_map(yaml, node, "metadata", keys, 5, values) ||
        !dm_yaml_u32(yaml, values[0], "type", &out->type)) {
        return false;
    }
    size_t forms = 0;
    for (size_t i = 1; i < 5; i++) {
        forms += values[i] != NULL ? 1 : 0;
    }
    if (forms != 1) {
        dm_yaml_error(yaml, node, "metadata needs exactly one of 'u32', 'u64', 'text' and 'hex'");
        return false;
    }
    if (values[1] != NULL || values[2] != NULL) {
        return read_numbers(yaml, values[1] != NULL ? values[1] : values[2],
                            values[1] != NULL ? 4 : 8, out);
    }
    return values[3] != NULL ? read_text(yaml, values[3], out) : read_hex(yaml, values[4], out);
}

static bool read_metadata(dm_yaml_t* yaml, const yaml_node_t* list, dm_board_device_t* out) {
    size_t count = dm_yaml_count(list);
    if (count > DM_MAX_METADATA_PER_DEVICE) {
        dm_yaml_error(yaml, list, "'metadata' has at most %u entries", DM_MAX_METADATA_PER_DEVICE);
        return false;
    }
    out->metadata = calloc(count + 1, sizeof(out->metadata[0]));
    bool is_good = out->metadata != NULL;
    for (size_t i = 0; i < count && out->metadata != NULL; i++) {
        is_good =
            read_blob(yaml, dm_yaml_at(yaml, list, i), &out->metadata[out->metadata_count++]) &&
            is_good;
    }
    return is_good;
}

// -------------------------------------------------------------------------------------- device

static bool read_name(dm_yaml_t* yaml, const yaml_node_t* node, const dm_board_t* board,
                      dm_board_device_t* out) {
    const char* name = NULL;
    const char* why = NULL;
    if (!dm_yaml_text(yaml, node, "name", DM_MAX_NAME, &name)) {
        return false;
    }
    if (!dm_name_is_valid(name, &why)) {
        dm_yaml_error(yaml, node, "'name' is no name of a device: %s", why);
        return false;
    }
    for (size_t i = 0; i < board->device_count; i++) {
        if (strcmp(board->devices[i].name, name) == 0) {
            dm_yaml_error(yaml, node, "duplicate name '%s'", name);
            return false;
        }
    }
    dm_text_copy(out->name, sizeof(out->name), name);
    return true;
}

static bool read_protocol(dm_yaml_t* yaml, const yaml_node_t* node, uint32_t* out_id) {
    if (dm_yaml_type(node) == DM_YAML_NUMBER) {
        return dm_yaml_u32(yaml, node, "protocol", out_id);
    }
    const char* name = NULL;
    if (!dm_yaml_text(yaml, node, "protocol", DM_MAX_NAME, &name)) {
        return false;
    }
    if (!dm_protocol_from_name(name, out_id)) {
        dm_yaml_error(yaml, node, "unknown name '%s' in 'protocol'", name);
        return false;
    }
    return true;
}

static bool read_grants(dm_yaml_t* yaml, const yaml_node_t* list, uint32_t* out_grants) {
    bool is_good = true;
    for (size_t i = 0; i < dm_yaml_count(list); i++) {
        const yaml_node_t* node = dm_yaml_at(yaml, list, i);
        const char* name = NULL;
        if (!dm_yaml_text(yaml, node, "grants", DM_MAX_NAME, &name)) {
            is_good = false;
        } else if (strcmp(name, "pci") != 0) {
            dm_yaml_error(yaml, node, "unknown grant '%s' (known: pci)", name);
            is_good = false;
        } else {
            *out_grants |= DM_GRANT_PCI;
        }
    }
    return is_good;
}

bool dm_board_device_read(dm_yaml_t* yaml, yaml_node_t* node, const dm_board_t* board,
                          dm_board_device_t* out) {
    enum { NAME, VID, PID, DID, INSTANCE, PROTOCOL, GRANTS, PROPERTIES, METADATA, COUNT };
    static const dm_yaml_key_t keys[COUNT] = {
        [NAME] = {"name", DM_YAML_TEXT, true},
        [VID] = {"vid", DM_YAML_NUMBER, true},
        [PID] = {"pid", DM_YAML_NUMBER, true},
        [DID] = {"did", DM_YAML_NUMBER, true},
        [INSTANCE] = {"instance", DM_YAML_NUMBER, false},
        [PROTOCOL] = {"protocol", DM_YAML_ANY, false},
        [GRANTS] = {"grants", DM_YAML_LIST, false},
        [PROPERTIES] = {"properties", DM_YAML_MAP, false},
        [METADATA] = {"metadata", DM_YAML_LIST, false},
    };
    yaml_node_t* values[COUNT];
    bool is_good = dm_yaml_map(yaml, node, "a device", keys, COUNT, values);
    out->protocol_id = DM_PROTOCOL_PDEV;
    is_good = read_name(yaml, values[NAME], board, out) && is_good;
    is_good = dm_yaml_u32(yaml, values[VID], "vid", &out->vid) && is_good;
    is_good = dm_yaml_u32(yaml, values[PID], "pid", &out->pid) && is_good;
    is_good = dm_yaml_u32(yaml, values[DID], "did", &out->did) && is_good;
    if (values[INSTANCE] != NULL) {
        is_good = dm_yaml_u32(yaml, values[INSTANCE], "instance", &out->instance_id) && is_good;
    }
    if (values[PROTOCOL] != NULL) {
        is_good = read_protocol(yaml, values[PROTOCOL], &out->protocol_id) && is_good;
    }
    if (values[GRANTS] != NULL) {
        is_good = read_grants(yaml, values[GRANTS], &out->grants) && is_good;
    }
    if (values[PROPERTIES] != NULL) {
        is_good = read_properties(yaml, values[PROPERTIES], &out->properties) && is_good;
    }
    if (values[METADATA] != NULL) {
        is_good = read_metadata(yaml, values[METADATA], out) && is_good;
    }
    return is_good;
}

void dm_board_device_fini(dm_board_device_t* device) {
    dm_properties_fini(&device->properties);
    for (size_t i = 0; i < device->metadata_count; i++) {
        free(device->metadata[i].data);
    }
    free(device->metadata);
    device->metadata = NULL;
    device->metadata_count = 0;
}
