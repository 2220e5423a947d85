// SPDX-License-Identifier: MIT
// The objects of --json listings.
#include "json_out.h"

#include <bind/legacy_keys.h>

const char* property_key(const node_property_t* property, char* buffer, size_t size) {
    if (property->key != NULL) {
        return property->key;
    }
    const char* name = bind_legacy_key_name(property->id);
    if (name == NULL) {
        snprintf(buffer, size, "0x%04x", property->id);
        name = buffer;
    }
    return name;
}

json_t* json_out_text(const char* text) {
    return text != NULL && text[0] != '\0' ? json_string(text) : json_null();
}

json_t* json_out_texts(const char* const* texts, size_t count) {
    json_t* array = json_array();
    for (size_t i = 0; i < count; i++) {
        json_array_append_new(array, json_string(texts[i]));
    }
    return array;
}

static json_t* property_value(const node_property_t* property) {
    switch (property->kind) {
        case NODE_PROPERTY_KIND_BOOL:
            return json_boolean(property->bool_value);
        case NODE_PROPERTY_KIND_STRING:
        case NODE_PROPERTY_KIND_ENUM:
            return json_out_text(property->string_value);
        default:
            return json_integer(property->uint_value);
    }
}

json_t* json_out_device(const control_device_info_t* device) {
    json_t* properties = json_object();
    for (size_t i = 0; i < device->properties_count; i++) {
        char buffer[16];
        json_object_set_new(properties,
                            property_key(&device->properties[i], buffer, sizeof(buffer)),
                            property_value(&device->properties[i]));
    }
    return json_pack("{s:s, s:s, s:o, s:o, s:o, s:o, s:I, s:s, s:o, s:I, s:I, s:o}", "path",
                     device->path, "name", device->name, "class", json_out_text(device->class_name),
                     "class_path", json_out_text(device->class_path), "driver",
                     json_out_text(device->driver), "host", json_out_text(device->host_name),
                     "host_pid", (json_int_t)device->host_pid, "state", device->state, "properties",
                     properties, "protocol_id", (json_int_t)device->protocol_id, "children",
                     (json_int_t)device->children, "fault", json_out_text(device->fault));
}

json_t* json_out_log(const control_log_record_t* record) {
    return json_pack("{s:I, s:I, s:I, s:o, s:o}", "sequence", (json_int_t)record->sequence,
                     "time_ns", (json_int_t)record->time_ns, "severity",
                     (json_int_t)record->severity, "source", json_out_text(record->source), "text",
                     json_out_text(record->text));
}

void json_out_print(json_t* value) {
    json_dumpf(value, stdout, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
    putchar('\n');
    json_decref(value);
}
