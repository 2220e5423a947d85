// SPDX-License-Identifier: MIT
// Listing version 1 programs: the words, and what they mean.
#include <stdio.h>

#include <bind/legacy_keys.h>

#include "../eval/decode.h"
#include "bytecode.h"

#define WORDS_SIZE 12u

static const char* condition_text(uint32_t condition) {
    static const char* const texts[] = {"", "==", "!=", ">", "<", ">=", "<="};
    return condition < sizeof(texts) / sizeof(texts[0]) ? texts[condition] : NULL;
}

static void append_action(uint32_t op, char* out, size_t size) {
    const unsigned label = op >> 16 & 0xff;
    switch (op >> 24 & 15) {
        case 0:
            snprintf(out, size, "Abort");
            break;
        case 1:
            snprintf(out, size, "Match");
            break;
        case 2:
            snprintf(out, size, "Jump to L%u", label);
            break;
        case 5:
            snprintf(out, size, "Label L%u", label);
            break;
        default:
            snprintf(out, size, "Unknown operation %u", op >> 24 & 15);
            break;
    }
}

static void append_condition(uint32_t op, uint32_t arg, char* out, size_t size) {
    const uint32_t condition = op >> 28;
    const char* name = bind_legacy_key_name(op & 0xffff);
    const char* text = condition_text(condition);
    char number[24];
    snprintf(number, sizeof(number), "key 0x%x", op & 0xffff);
    out[0] = 0;
    if (text == NULL) {
        snprintf(out, size, " if unknown condition %u", condition);
    } else if (condition != 0) {
        snprintf(out, size, " if %s %s %u", name == NULL ? number : name, text, arg);
    }
}

static void dump_words(const uint8_t* bytes, bc_buffer_t* out) {
    const uint32_t op = bind_load_u32(bytes);
    const uint32_t arg = bind_load_u32(bytes + 4);
    const uint32_t debug = bind_load_u32(bytes + 8);
    char words[48];
    char action[32];
    char condition[96];
    char line[256];
    snprintf(words, sizeof(words), "{0x%x,0x%x,0x%x}", op, arg, debug);
    append_action(op, action, sizeof(action));
    append_condition(op, arg, condition, sizeof(condition));
    snprintf(line, sizeof(line), "  %-34s %s%s", words, action, condition);
    bc_buffer_text(out, line);
    if (debug >> 24 != 0) {
        snprintf(line, sizeof(line), "  (line %u)", debug >> 24);
        bc_buffer_text(out, line);
    }
    bc_buffer_text(out, "\n");
}

bool bc_dump_v1(const uint8_t* bytes, size_t size, bc_buffer_t* out) {
    if (size % WORDS_SIZE != 0) {
        return false;
    }
    bc_buffer_text(out, "Bytecode version: 1\n");
    for (size_t at = 0; at < size; at += WORDS_SIZE) {
        dump_words(bytes + at, out);
    }
    return true;
}
