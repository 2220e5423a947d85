// SPDX-License-Identifier: MIT
// One pattern of modules.alias as conditions. Each field of a known bus becomes an equality, or an
// accept list for each of its bytes; what remains is left to a pattern on the whole text.
#include <string.h>

#include "import.h"

#define ALL_VALUES 0xffffu
#define META       "*?[\\"

static import_condition_t* add(import_program_t* out, uint32_t id, const char* key) {
    import_condition_t* condition = &out->conditions[out->count++];
    memset(condition, 0, sizeof(*condition));
    condition->id = id;
    if (key != NULL) {
        strncpy(condition->key, key, sizeof(condition->key) - 1);
    }
    return condition;
}

static void add_number(import_program_t* out, uint32_t id, const char* key, uint32_t number) {
    import_condition_t* condition = add(out, id, key);
    condition->type = BIND_VALUE_NUMBER;
    condition->number = number;
}

static void add_text(import_program_t* out, const char* key, const char* text, size_t size) {
    import_condition_t* condition = add(out, 0, key);
    condition->type = BIND_VALUE_STRING;
    memcpy(condition->text, text, size);
}

// ----------------------------------------------------------------------------------- one field

static int hex_value(char c) {
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

// Reads "[...]" at *at (past the '[') as a set of hexadecimal digits. 0: not such a set.
static uint16_t read_class(const char** at) {
    uint32_t set = 0;
    const char* c = *at;
    for (; *c != ']' && *c != 0; c++) {
        const int low = hex_value(*c);
        int high = low;
        if (c[1] == '-' && c[2] != ']') {
            high = hex_value(c[2]);
            c += 2;
        }
        if (low < 0 || high < low || (low <= 9) != (high <= 9)) {
            return 0;
        }
        for (int i = low; i <= high; i++) {
            set |= 1u << i;
        }
    }
    if (*c == 0) {
        return 0;
    }
    *at = c + 1;
    return (uint16_t)set;
}

// One digit as the set of values that it may have. 0: this is no digit.
static uint16_t read_digit(const char** at) {
    const char c = **at;
    if (c == '?') {
        (*at)++;
        return ALL_VALUES;
    }
    if (c == '[') {
        (*at)++;
        return read_class(at);
    }
    const int value = hex_value(c);
    if (value < 0) {
        return 0;
    }
    (*at)++;
    return (uint16_t)(1u << value);
}

// The value of a field: a set for each digit. *out_open: a '*' stood at its end or for all of it.
static bool read_value(const char** at, uint8_t width, uint16_t* digits, bool* out_open) {
    uint8_t count = 0;
    while (count < width && **at != '*') {
        digits[count] = read_digit(at);
        if (digits[count++] == 0) {
            return false;
        }
    }
    *out_open = **at == '*';
    for (; count < width; count++) {
        digits[count] = ALL_VALUES;
    }
    *at += *out_open;
    return true;
}

static bool is_one(uint16_t set) {
    return (set & (set - 1)) == 0;
}

static uint32_t value_of(uint16_t set) {
    uint32_t value = 0;
    while ((set >> value & 1) == 0) {
        value++;
    }
    return value;
}

// Whether digits of `bits` bits each, most significant first, can be the byte `value`.
static bool fits_byte(const uint16_t* digits, unsigned bits, unsigned value) {
    const unsigned count = 8 / bits;
    for (unsigned i = 0; i < count; i++) {
        const unsigned digit = value >> (bits * (count - 1 - i)) & ((1u << bits) - 1);
        if ((digits[i] >> digit & 1) == 0) {
            return false;
        }
    }
    return true;
}

static void add_byte(import_program_t* out, const char* key, const uint16_t* digits,
                     unsigned bits) {
    import_condition_t condition = {.type = BIND_VALUE_NUMBER};
    unsigned count = 0;
    for (unsigned value = 0; value < 256; value++) {
        if (fits_byte(digits, bits, value)) {
            condition.accept[value / 64] |= 1ull << (value % 64);
            condition.number = value;
            count++;
        }
    }
    if (count == 256) {
        return;
    }
    import_condition_t* added = add(out, 0, key);
    added->type = condition.type;
    added->number = condition.number;
    added->is_accept = count != 1;
    memcpy(added->accept, condition.accept, sizeof(added->accept));
}

static void add_bytes(import_program_t* out, const import_field_t* field, const uint16_t* digits,
                      unsigned bits) {
    char key[64];
    const size_t size = strlen(field->byte);
    const unsigned step = 8 / bits;
    memcpy(key, field->byte, size + 1);
    for (unsigned i = 0; i < field->width / step; i++) {
        key[size - 1] = (char)('0' + i);
        add_byte(out, key, digits + i * step, bits);
    }
}

static void add_value(import_program_t* out, const import_field_t* field, const uint16_t* digits) {
    uint32_t number = 0;
    bool is_known = true;
    bool is_open = true;
    if (field->byte != NULL) {
        add_bytes(out, field, digits, field->kind == IMPORT_BITS ? 1 : 4);
        return;
    }
    for (uint8_t i = 0; i < field->width; i++) {
        is_known = is_known && is_one(digits[i]);
        is_open = is_open && digits[i] == ALL_VALUES;
        number = number << 4 | value_of(digits[i]);
    }
    if (is_known) {
        add_number(out, field->id, field->key, number);
    } else if (!is_open) {
        out->has_pattern = true;
    }
}

static bool read_field(const char** at, const import_field_t* field, import_program_t* out) {
    const size_t tag_size = strlen(field->tag);
    if (strncmp(*at, field->tag, tag_size) != 0) {
        return false;
    }
    *at += tag_size;
    if (field->kind == IMPORT_REST || field->kind == IMPORT_NAME) {
        const size_t size = strlen(*at);
        if (field->kind == IMPORT_NAME) {
            if (size == 0 || size > BIND_MAX_STRING || strpbrk(*at, META) != NULL) {
                return false;
            }
            add_text(out, field->key, *at, size);
        }
        out->has_pattern =
            out->has_pattern || (field->kind == IMPORT_REST && strcmp(*at, "*") != 0);
        *at += size;
        return true;
    }
    uint16_t digits[IMPORT_MAX_DIGITS];
    bool is_open;
    if (!read_value(at, field->width, digits, &is_open)) {
        return false;
    }
    for (uint8_t i = 0; i < field->width && field->kind == IMPORT_BITS; i++) {
        if ((digits[i] & 3) == 0) {
            return false;
        }
    }
    add_value(out, field, digits);
    return true;
}

// A pattern of a bus with fields. False: it is not built as the bus builds them.
static bool read_fields(const char* text, const import_bus_t* bus, import_program_t* out) {
    const char* at = text + strlen(bus->name);
    if (bus->protocol != 0) {
        add_number(out, BIND_KEY_PROTOCOL, NULL, bus->protocol);
    }
    for (const import_field_t* field = bus->fields; field->tag != NULL; field++) {
        // A '*' at the end stands for all fields that are left.
        if (*at == 0 && at[-1] == '*') {
            break;
        }
        if (!read_field(&at, field, out)) {
            return false;
        }
    }
    if (out->count == 0) {
        add_text(out, IMPORT_KEY_BUS, bus->name, strlen(bus->name) - 1);
    }
    // The last field's width is known, so a '*' behind it stands for nothing.
    return *at == 0 || strcmp(at, "*") == 0;
}

// ------------------------------------------------------------------------------ lists of texts

static void add_member(import_program_t* out, const char* key, const char* text, size_t size) {
    import_condition_t* condition = add(out, 0, key);
    const size_t start = strlen(condition->key);
    memcpy(condition->key + start, text, size);
    condition->key[start + size] = 0;
    condition->type = BIND_VALUE_BOOL;
    condition->number = 1;
}

// "of:N*T*Cvendor,chip" and the same with "C*" behind it.
static bool read_of(const char* text, import_program_t* out) {
    static const char start[] = "of:N*T*C";
    if (strncmp(text, start, sizeof(start) - 1) != 0) {
        return false;
    }
    const char* name = text + sizeof(start) - 1;
    const size_t size = strcspn(name, META);
    const bool is_last = name[size] == 0;
    const bool is_before =
        !is_last && strcmp(name + size, "*") == 0 && size > 1 && name[size - 1] == 'C';
    const size_t name_size = is_last ? size : size - 1;
    if ((!is_last && !is_before) || name_size == 0 || name_size > 200) {
        return false;
    }
    add_member(out, is_last ? IMPORT_KEY_OF_LAST : IMPORT_KEY_OF_BEFORE, name, name_size);
    return true;
}

// "acpi*:PNP0303:*"
static bool read_acpi(const char* text, import_program_t* out) {
    static const char start[] = "acpi*:";
    if (strncmp(text, start, sizeof(start) - 1) != 0) {
        return false;
    }
    const char* name = text + sizeof(start) - 1;
    const size_t size = strcspn(name, META ":");
    if (size == 0 || size > 200 || strcmp(name + size, ":*") != 0) {
        return false;
    }
    add_member(out, IMPORT_KEY_ACPI, name, size);
    return true;
}

// ------------------------------------------------------------------------------------ any text

static void read_any(const char* text, import_program_t* out) {
    out->count = 0;
    const size_t literal = strcspn(text, META);
    if (text[literal] == 0 && literal > 0 && literal <= BIND_MAX_STRING) {
        out->has_pattern = false;
        add_text(out, IMPORT_KEY_NAME, text, literal);
        return;
    }
    out->has_pattern = true;
    if (literal >= IMPORT_LONG) {
        add_text(out, IMPORT_KEY_LONG, text, IMPORT_LONG);
    } else if (literal >= IMPORT_SHORT) {
        add_text(out, IMPORT_KEY_SHORT, text, IMPORT_SHORT);
    }
}

bool import_alias(const char* alias, import_program_t* out) {
    out->count = 0;
    out->has_pattern = false;
    if (!import_normalize(alias, out->pattern, sizeof(out->pattern)) || out->pattern[0] == 0) {
        return false;
    }
    const char* text = out->pattern;
    const import_bus_t* bus = import_find_bus(text);
    const bool is_read =
        bus != NULL ? read_fields(text, bus, out) : read_of(text, out) || read_acpi(text, out);
    if (!is_read) {
        read_any(text, out);
    }
    return true;
}
