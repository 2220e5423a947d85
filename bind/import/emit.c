// SPDX-License-Identifier: MIT
// Conditions as bytecode and as a rules file.
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <bind/legacy_keys.h>

#include "import.h"

// Symbols in the order of their first use.
typedef struct symbols {
    const char* texts[2 * IMPORT_MAX_CONDITIONS];
    uint32_t count;
} symbols_t;

static uint32_t symbol_id(symbols_t* symbols, const char* text) {
    for (uint32_t i = 0; i < symbols->count; i++) {
        if (strcmp(symbols->texts[i], text) == 0) {
            return i + 1;
        }
    }
    symbols->texts[symbols->count++] = text;
    return symbols->count;
}

static void emit_value(bc_buffer_t* code, bind_value_type_t type, uint32_t payload) {
    bc_buffer_u8(code, (uint8_t)type);
    bc_buffer_u32(code, payload);
}

static void emit_key(bc_buffer_t* code, const import_condition_t* condition, symbols_t* symbols) {
    if (condition->key[0] == 0) {
        emit_value(code, BIND_VALUE_NUMBER, condition->id);
    } else {
        emit_value(code, BIND_VALUE_KEY, symbol_id(symbols, condition->key));
    }
}

static void emit_equal(bc_buffer_t* code, const import_condition_t* condition, symbols_t* symbols) {
    bc_buffer_u8(code, BIND_OP_EQUAL);
    emit_key(code, condition, symbols);
    const bool is_text = condition->type == BIND_VALUE_STRING;
    emit_value(code, condition->type,
               is_text ? symbol_id(symbols, condition->text) : condition->number);
}

static bool has_value(const import_condition_t* condition, unsigned value) {
    return (condition->accept[value / 64] >> (value % 64) & 1) != 0;
}

// As `accept` is compiled: a jump for each value, an abort, a label.
static void emit_accept(bc_buffer_t* code, const import_condition_t* condition,
                        symbols_t* symbols) {
    const uint32_t jump_size = 1 + 4 + 2 * BIND_VALUE_SIZE;
    uint32_t left = 0;
    for (unsigned value = 0; value < 256; value++) {
        left += has_value(condition, value);
    }
    for (unsigned value = 0; value < 256; value++) {
        if (has_value(condition, value)) {
            left--;
            bc_buffer_u8(code, BIND_OP_JUMP_EQUAL);
            bc_buffer_u32(code, left * jump_size + 1);
            emit_key(code, condition, symbols);
            emit_value(code, BIND_VALUE_NUMBER, value);
        }
    }
    bc_buffer_u8(code, BIND_OP_ABORT);
    bc_buffer_u8(code, BIND_OP_LABEL);
}

void import_emit(const import_program_t* program, bc_buffer_t* out) {
    symbols_t symbols = {.count = 0};
    bc_buffer_t code = {0};
    for (size_t i = 0; i < program->count; i++) {
        const import_condition_t* condition = &program->conditions[i];
        if (condition->is_accept) {
            emit_accept(&code, condition, &symbols);
        } else {
            emit_equal(&code, condition, &symbols);
        }
    }
    bc_buffer_magic(out, BIND_MAGIC_HEADER);
    bc_buffer_u32(out, BIND_BYTECODE_VERSION);
    bc_buffer_u8(out, 0);
    bc_buffer_magic(out, BIND_MAGIC_SYMBOLS);
    const size_t size_at = out->size;
    bc_buffer_u32(out, 0);
    for (uint32_t i = 0; i < symbols.count; i++) {
        bc_buffer_u32(out, i + 1);
        bc_buffer_append(out, symbols.texts[i], strlen(symbols.texts[i]) + 1);
    }
    bc_buffer_patch_u32(out, size_at, (uint32_t)(out->size - size_at - 4));
    bc_buffer_magic(out, BIND_MAGIC_INSTRUCTIONS);
    bc_buffer_u32(out, (uint32_t)code.size);
    bc_buffer_append(out, code.data, code.size);
    bc_buffer_fini(&code);
}

// ------------------------------------------------------------------------------------- rules

static bool is_identifier(const char* text) {
    return strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.") ==
           strlen(text);
}

static bool can_be_rules(const import_program_t* program) {
    for (size_t i = 0; i < program->count; i++) {
        const import_condition_t* condition = &program->conditions[i];
        if (!is_identifier(condition->key) || condition->type == BIND_VALUE_BOOL ||
            strpbrk(condition->text, "\"\\") != NULL) {
            return false;
        }
    }
    return !program->has_pattern && program->count > 0;
}

static void write_rule(const import_condition_t* condition, bc_buffer_t* out) {
    char line[640];
    const char* key = condition->key[0] == 0 ? bind_legacy_key_name(condition->id) : condition->key;
    if (condition->is_accept) {
        snprintf(line, sizeof(line), "accept %s {", key);
        bc_buffer_text(out, line);
        for (unsigned value = 0; value < 256; value++) {
            if (has_value(condition, value)) {
                snprintf(line, sizeof(line), " %u,", value);
                bc_buffer_text(out, line);
            }
        }
        bc_buffer_text(out, " }\n");
        return;
    }
    if (condition->type == BIND_VALUE_STRING) {
        snprintf(line, sizeof(line), "%s == \"%s\";\n", key, condition->text);
    } else {
        snprintf(line, sizeof(line), "%s == 0x%" PRIx32 ";\n", key, condition->number);
    }
    bc_buffer_text(out, line);
}

bool import_write_rules(const import_program_t* program, bc_buffer_t* out) {
    if (!can_be_rules(program)) {
        return false;
    }
    for (size_t i = 0; i < program->count; i++) {
        write_rule(&program->conditions[i], out);
    }
    return true;
}
