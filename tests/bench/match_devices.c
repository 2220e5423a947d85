// SPDX-License-Identifier: MIT
// Devices drawn from the patterns of a modules.alias.
#include "match_devices.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "import.h"

static uint64_t state = 0x853c49e6748fea9bu;

uint32_t match_random(uint32_t limit) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (uint32_t)((state >> 32) % limit);
}

typedef struct writer {
    char* out;
    size_t size;
    size_t room;
} writer_t;

static void put(writer_t* writer, char c) {
    if (writer->size + 1 < writer->room) {
        writer->out[writer->size++] = c;
        writer->out[writer->size] = 0;
    }
}

// One member of "[...]"; *at is past the '['.
static char pick_class(const char** at) {
    char members[128];
    size_t count = 0;
    const char* c = *at;
    for (; *c != ']' && *c != 0; c++) {
        char last = *c;
        if (c[1] == '-' && c[2] != ']') {
            last = c[2];
        }
        for (char m = *c; m <= last && count < sizeof(members); m++) {
            members[count++] = m;
        }
        c += last != *c ? 2 : 0;
    }
    *at = *c == ']' ? c + 1 : c;
    return count == 0 ? '0' : members[match_random((uint32_t)count)];
}

// Values that drivers name often meet often: classes and the like.
static char pick_digit(bool is_binary, bool is_common) {
    if (is_binary) {
        return (char)('0' + match_random(2));
    }
    return is_common ? "0003"[match_random(4)] : "0123456789ABCDEF"[match_random(16)];
}

static bool fill_field(const char** at, const import_field_t* field, writer_t* writer) {
    const size_t tag_size = strlen(field->tag);
    if (strncmp(*at, field->tag, tag_size) != 0) {
        return false;
    }
    for (size_t i = 0; i < tag_size; i++) {
        put(writer, field->tag[i]);
    }
    *at += tag_size;
    const bool is_common = match_random(2) == 0;
    const bool is_binary = field->kind == IMPORT_BITS;
    for (uint8_t i = 0; i < field->width; i++) {
        const char c = **at;
        if (c == '*') {
            put(writer, pick_digit(is_binary, is_common));
            continue;
        }
        (*at)++;
        put(writer, c == '?' ? pick_digit(is_binary, false) : c == '[' ? pick_class(at) : c);
    }
    *at += **at == '*';
    return true;
}

static bool fill_fields(const char* pattern, const import_bus_t* bus, writer_t* writer) {
    const char* at = pattern + strlen(bus->name);
    for (const char* c = bus->name; *c != 0; c++) {
        put(writer, *c);
    }
    for (const import_field_t* field = bus->fields; field->tag != NULL; field++) {
        if (field->kind == IMPORT_REST || field->kind == IMPORT_NAME ||
            !fill_field(&at, field, writer)) {
            return false;
        }
    }
    return *at == 0;
}

static void fill_any(const char* pattern, writer_t* writer) {
    const bool is_cpu = strncmp(pattern, "cpu:", 4) == 0;
    for (const char* at = pattern; *at != 0;) {
        const char c = *at++;
        if (c == '*') {
            // Features of a processor are ",HHHH"; other texts get a few letters.
            const unsigned count = is_cpu ? 4 : match_random(6);
            for (unsigned i = 0; i < count; i++) {
                put(writer,
                    is_cpu ? pick_digit(false, true) : "abcdefghij0123456789"[match_random(20)]);
            }
        } else {
            put(writer, c == '[' ? pick_class(&at) : c == '?' ? pick_digit(false, false) : c);
        }
    }
}

void match_fill(const char* pattern, char* out, size_t size) {
    writer_t writer = {out, 0, size};
    const import_bus_t* bus = import_find_bus(pattern);
    out[0] = 0;
    if (bus == NULL || !fill_fields(pattern, bus, &writer)) {
        writer.size = 0;
        out[0] = 0;
        fill_any(pattern, &writer);
    }
}

void match_damage(char* modalias) {
    const bool is_binary = strncmp(modalias, "mdio:", 5) == 0;
    char* colon = strchr(modalias, ':');
    char* text = colon == NULL ? modalias : colon + 1;
    const size_t size = strlen(text);
    for (unsigned i = 0; i < 3 && size > 0; i++) {
        char* c = &text[match_random((uint32_t)(size < 16 ? size : 16))];
        if ((*c >= '0' && *c <= '9') || (*c >= 'A' && *c <= 'F')) {
            *c = pick_digit(is_binary, false);
        } else if (colon == NULL || import_find_bus(modalias) == NULL) {
            *c = (char)('a' + match_random(26));
        }
    }
}

// A text of `from` as a text of the block.
static const char* move_text(const import_device_t* from, char* block, const char* text) {
    if (text == NULL || (text >= from->storage && text < from->storage + sizeof(from->storage))) {
        return text == NULL ? NULL : block + (text - from->storage);
    }
    if (text >= from->text && text < from->text + sizeof(from->text)) {
        return block + from->used + (text - from->text);
    }
    return text;
}

void match_device_init(match_device_t* device, const char* modalias) {
    static import_device_t made;
    if (!import_device(modalias, &made)) {
        fprintf(stderr, "match_bench: this is no modalias: %s\n", modalias);
        exit(1);
    }
    const size_t props_size = made.count * sizeof(bind_property_t);
    const size_t text_size = strlen(made.text) + 1;
    device->modalias = strdup(modalias);
    device->props = malloc(props_size + made.used + text_size);
    if (device->modalias == NULL || device->props == NULL) {
        abort();
    }
    char* block = (char*)device->props + props_size;
    device->count = made.count;
    memcpy(device->props, made.props, props_size);
    memcpy(block, made.storage, made.used);
    memcpy(block + made.used, made.text, text_size);
    for (size_t i = 0; i < made.count; i++) {
        device->props[i].key = move_text(&made, block, made.props[i].key);
        device->props[i].string = move_text(&made, block, made.props[i].string);
    }
}

void match_device_fini(match_device_t* device) {
    free(device->modalias);
    free(device->props);
}
