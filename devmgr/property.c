// SPDX-License-Identifier: MIT
// Properties: checked copies of what hosts and boards say about a device.
#include "property.h"

#include <stdlib.h>
#include <string.h>

#include <zircon/errors.h>

#include "dm_limits.h"

void dm_properties_fini(dm_properties_t* properties) {
    for (size_t i = 0; i < properties->count; i++) {
        free((char*)properties->items[i].key);
        free((char*)properties->items[i].string);
    }
    free(properties->items);
    *properties = (dm_properties_t){0};
}

// Appends |property|, whose texts are copied.
static zx_status_t append(dm_properties_t* properties, const bind_property_t* property) {
    bind_property_t* items =
        realloc(properties->items, (properties->count + 1) * sizeof(bind_property_t));
    if (items == NULL) {
        return ZX_ERR_NO_MEMORY;
    }
    properties->items = items;
    bind_property_t copy = *property;
    copy.key = property->key != NULL ? strdup(property->key) : NULL;
    copy.string = property->string != NULL ? strdup(property->string) : NULL;
    if ((property->key != NULL && copy.key == NULL) ||
        (property->string != NULL && copy.string == NULL)) {
        free((char*)copy.key);
        free((char*)copy.string);
        return ZX_ERR_NO_MEMORY;
    }
    items[properties->count++] = copy;
    return ZX_OK;
}

zx_status_t dm_properties_add_number(dm_properties_t* properties, const char* key, uint32_t id,
                                     uint32_t value) {
    return append(
        properties,
        &(bind_property_t){.id = id, .key = key, .type = BIND_VALUE_NUMBER, .number = value});
}

zx_status_t dm_properties_add_string(dm_properties_t* properties, const char* key, uint32_t id,
                                     const char* value) {
    return append(
        properties,
        &(bind_property_t){.id = id, .key = key, .type = BIND_VALUE_STRING, .string = value});
}

zx_status_t dm_properties_add_bool(dm_properties_t* properties, const char* key, uint32_t id,
                                   bool value) {
    return append(properties, &(bind_property_t){
                                  .id = id, .key = key, .type = BIND_VALUE_BOOL, .boolean = value});
}

// Why one property of a message cannot be taken; NULL: it can.
static const char* refuse_wire(const node_property_t* wire) {
    bool is_text = wire->kind == NODE_PROPERTY_KIND_STRING || wire->kind == NODE_PROPERTY_KIND_ENUM;
    if (wire->key != NULL && (wire->key[0] == '\0' || strlen(wire->key) > DM_MAX_PROPERTY_TEXT)) {
        return "a property's key is empty or too long";
    }
    if (is_text && wire->string_value == NULL) {
        return "a text property has no value";
    }
    if (is_text && strlen(wire->string_value) > DM_MAX_PROPERTY_TEXT) {
        return "a property's text is too long";
    }
    return NULL;
}

static bind_property_t from_wire(const node_property_t* wire) {
    bind_property_t property = {.id = wire->key == NULL ? wire->id : 0, .key = wire->key};
    switch (wire->kind) {
        case NODE_PROPERTY_KIND_STRING:
        case NODE_PROPERTY_KIND_ENUM:
            property.type =
                wire->kind == NODE_PROPERTY_KIND_ENUM ? BIND_VALUE_ENUM : BIND_VALUE_STRING;
            property.string = wire->string_value;
            break;
        case NODE_PROPERTY_KIND_BOOL:
            property.type = BIND_VALUE_BOOL;
            property.boolean = wire->bool_value;
            break;
        default:
            property.type = BIND_VALUE_NUMBER;
            property.number = wire->uint_value;
            break;
    }
    return property;
}

zx_status_t dm_properties_from_wire(const node_property_t* wire, size_t count, dm_properties_t* out,
                                    const char** out_why) {
    const char* why = NULL;
    zx_status_t status = ZX_OK;
    dm_properties_t properties = {0};
    if (count > DM_MAX_PROPERTIES) {
        why = "it has too many properties";
        status = ZX_ERR_OUT_OF_RANGE;
    }
    for (size_t i = 0; i < count && status == ZX_OK; i++) {
        why = refuse_wire(&wire[i]);
        status = why != NULL ? ZX_ERR_INVALID_ARGS : ZX_OK;
        if (status == ZX_OK) {
            bind_property_t property = from_wire(&wire[i]);
            status = append(&properties, &property);
            why = status != ZX_OK ? "memory is short" : NULL;
        }
    }
    if (status == ZX_OK &&
        bind_properties_check(properties.items, properties.count, NULL) != ZX_OK) {
        status = ZX_ERR_INVALID_ARGS;
        why = "one property is given twice with two values";
    }
    if (out_why != NULL) {
        *out_why = why;
    }
    if (status != ZX_OK) {
        dm_properties_fini(&properties);
        return status;
    }
    *out = properties;
    return ZX_OK;
}

void dm_properties_to_wire(const dm_properties_t* properties, node_property_t* wire) {
    for (size_t i = 0; i < properties->count; i++) {
        const bind_property_t* property = &properties->items[i];
        wire[i] = (node_property_t){.id = property->id, .key = property->key};
        switch (property->type) {
            case BIND_VALUE_STRING:
            case BIND_VALUE_ENUM:
                wire[i].kind = property->type == BIND_VALUE_ENUM ? NODE_PROPERTY_KIND_ENUM
                                                                 : NODE_PROPERTY_KIND_STRING;
                wire[i].string_value = property->string;
                break;
            case BIND_VALUE_BOOL:
                wire[i].kind = NODE_PROPERTY_KIND_BOOL;
                wire[i].bool_value = property->boolean;
                break;
            default:
                wire[i].kind = NODE_PROPERTY_KIND_UINT;
                wire[i].uint_value = property->number;
                break;
        }
    }
}

bool dm_properties_number(const dm_properties_t* properties, uint32_t id, uint32_t* out_value) {
    for (size_t i = 0; i < properties->count; i++) {
        const bind_property_t* property = &properties->items[i];
        if (property->key == NULL && property->id == id && property->type == BIND_VALUE_NUMBER) {
            *out_value = property->number;
            return true;
        }
    }
    return false;
}

zx_status_t dm_properties_copy(const dm_properties_t* from, dm_properties_t* out) {
    dm_properties_t copy = {0};
    for (size_t i = 0; i < from->count; i++) {
        zx_status_t status = append(&copy, &from->items[i]);
        if (status != ZX_OK) {
            dm_properties_fini(&copy);
            return status;
        }
    }
    *out = copy;
    return ZX_OK;
}
