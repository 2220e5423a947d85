// SPDX-License-Identifier: MIT
// The modalias of a device as properties.
#include <stdio.h>
#include <string.h>

#include "import.h"

static bind_property_t* add(import_device_t* device, uint32_t id, const char* key) {
    if (device->count == IMPORT_MAX_PROPERTIES) {
        return NULL;
    }
    bind_property_t* prop = &device->props[device->count++];
    *prop = (bind_property_t){.id = id, .key = key};
    return prop;
}

static bool add_number(import_device_t* device, uint32_t id, const char* key, uint32_t number) {
    bind_property_t* prop = add(device, id, key);
    if (prop != NULL) {
        prop->type = BIND_VALUE_NUMBER;
        prop->number = number;
    }
    return prop != NULL;
}

static bool add_text(import_device_t* device, const char* key, const char* text) {
    bind_property_t* prop = add(device, 0, key);
    if (prop != NULL) {
        prop->type = BIND_VALUE_STRING;
        prop->string = text;
    }
    return prop != NULL;
}

// A copy of two texts, one behind the other, in the device. Null: it is full.
static const char* store(import_device_t* device, const char* a, const char* b, size_t b_size) {
    const size_t a_size = strlen(a);
    if (sizeof(device->storage) - device->used <= a_size + b_size) {
        return NULL;
    }
    char* copy = &device->storage[device->used];
    memcpy(copy, a, a_size);
    memcpy(copy + a_size, b, b_size);
    copy[a_size + b_size] = 0;
    device->used += a_size + b_size + 1;
    return copy;
}

static bool add_member(import_device_t* device, const char* key, const char* text, size_t size) {
    const char* whole = store(device, key, text, size);
    bind_property_t* prop = whole == NULL ? NULL : add(device, 0, whole);
    if (prop != NULL) {
        prop->type = BIND_VALUE_BOOL;
        prop->boolean = true;
    }
    return prop != NULL;
}

// -------------------------------------------------------------------------------------- fields

static bool read_number(const char** at, const import_field_t* field, uint32_t* out) {
    const unsigned base_bits = field->kind == IMPORT_BITS ? 1 : 4;
    *out = 0;
    for (unsigned i = 0; i < field->width; i++, (*at)++) {
        const char c = **at;
        unsigned digit;
        if (c >= '0' && c <= (base_bits == 1 ? '1' : '9')) {
            digit = (unsigned)(c - '0');
        } else if (base_bits == 4 && c >= 'A' && c <= 'F') {
            digit = (unsigned)(c - 'A' + 10);
        } else {
            return false;
        }
        *out = *out << base_bits | digit;
    }
    return true;
}

static bool add_bytes(import_device_t* device, const import_field_t* field, uint32_t number) {
    const unsigned count = field->kind == IMPORT_BITS ? field->width / 8 : field->width / 2;
    const size_t size = strlen(field->byte);
    for (unsigned i = 0; i < count; i++) {
        const char digit = (char)('0' + i);
        char key[64];
        memcpy(key, field->byte, size);
        key[size - 1] = 0;
        const char* whole = store(device, key, &digit, 1);
        if (whole == NULL ||
            !add_number(device, 0, whole, number >> (8 * (count - 1 - i)) & 0xff)) {
            return false;
        }
    }
    return true;
}

static bool add_field(import_device_t* device, const import_field_t* field, uint32_t number) {
    return field->byte != NULL ? add_bytes(device, field, number)
                               : add_number(device, field->id, field->key, number);
}

// *out_fits false: the text is not as the bus makes them.
static bool add_fields(import_device_t* device, const import_bus_t* bus, bool* out_fits) {
    const char* at = device->text + strlen(bus->name);
    *out_fits = false;
    if (bus->protocol != 0 && !add_number(device, BIND_KEY_PROTOCOL, NULL, bus->protocol)) {
        return false;
    }
    for (const import_field_t* field = bus->fields; field->tag != NULL; field++) {
        const size_t tag_size = strlen(field->tag);
        if (strncmp(at, field->tag, tag_size) != 0) {
            return true;
        }
        at += tag_size;
        if (field->kind == IMPORT_REST || field->kind == IMPORT_NAME) {
            if (field->kind == IMPORT_NAME && !add_text(device, field->key, at)) {
                return false;
            }
            *out_fits = true;
            return true;
        }
        uint32_t number;
        if (!read_number(&at, field, &number)) {
            return true;
        }
        if (!add_field(device, field, number)) {
            return false;
        }
    }
    *out_fits = *at == 0;
    return true;
}

// ------------------------------------------------------------------------------ lists of texts

// The compatibles follow one another with a 'C' before each, and may hold a 'C' themselves: what
// stands between any two of them could be one.
static bool add_compatibles(import_device_t* device) {
    const char* type = strchr(device->text + sizeof("of:N") - 1, 'T');
    if (strncmp(device->text, "of:N", 4) != 0 || type == NULL) {
        return true;
    }
    for (const char* from = strchr(type, 'C'); from != NULL; from = strchr(from + 1, 'C')) {
        const char* to = from;
        do {
            to = to[1] == 0 ? to + 1 : to + 1 + strcspn(to + 1, "C");
            const bool is_last = *to == 0;
            const size_t size = (size_t)(to - from - 1);
            if (size > 0 && size <= 200 &&
                !add_member(device, is_last ? IMPORT_KEY_OF_LAST : IMPORT_KEY_OF_BEFORE, from + 1,
                            size)) {
                return false;
            }
        } while (*to != 0);
    }
    return true;
}

static bool add_acpi_ids(import_device_t* device) {
    const char* at = strchr(device->text, ':');
    while (at != NULL) {
        const char* next = strchr(at + 1, ':');
        const size_t size = next == NULL ? 0 : (size_t)(next - at - 1);
        if (size > 0 && size <= 200 && !add_member(device, IMPORT_KEY_ACPI, at + 1, size)) {
            return false;
        }
        at = next;
    }
    return true;
}

// *out_fits: the properties say all that the text says.
static bool add_bus(import_device_t* device, bool* out_fits) {
    const import_bus_t* bus = import_find_bus(device->text);
    *out_fits = false;
    if (bus != NULL) {
        const size_t before = device->count;
        if (!add_fields(device, bus, out_fits)) {
            return false;
        }
        device->count = *out_fits ? device->count : before;
        if (*out_fits && bus->protocol == 0 && bus->fields[0].kind != IMPORT_NAME) {
            const char* name = store(device, "", bus->name, strlen(bus->name) - 1);
            return name != NULL && add_text(device, IMPORT_KEY_BUS, name);
        }
        return true;
    }
    if (strncmp(device->text, "of:", 3) == 0) {
        return add_compatibles(device);
    }
    return strncmp(device->text, "acpi", 4) != 0 || add_acpi_ids(device);
}

static bool add_start(import_device_t* device, const char* key, size_t size) {
    if (strnlen(device->text, size) < size) {
        return true;
    }
    const char* start = store(device, "", device->text, size);
    return start != NULL && add_text(device, key, start);
}

bool import_device(const char* modalias, import_device_t* out) {
    bool fits;
    out->count = 0;
    out->used = 0;
    return import_normalize(modalias, out->text, sizeof(out->text)) && add_bus(out, &fits) &&
           (fits || add_text(out, IMPORT_KEY_NAME, out->text)) &&
           add_text(out, IMPORT_KEY_TEXT, out->text) &&
           add_start(out, IMPORT_KEY_SHORT, IMPORT_SHORT) &&
           add_start(out, IMPORT_KEY_LONG, IMPORT_LONG);
}
