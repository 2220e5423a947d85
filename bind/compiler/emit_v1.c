// SPDX-License-Identifier: MIT
// The emitter of version 1: an array of words without any header. Ends with a match, since falling
// off the end is none there.
#include <inttypes.h>
#include <string.h>

#include "program.h"

#define V1_MAX_LABELS 256u
#define V1_MAX_KEY    0xffffu

// Fields of the first word.
#define V1_CONDITION(code) ((uint32_t)(code) << 28)
#define V1_OPERATION(code) ((uint32_t)(code) << 24)
#define V1_LABEL(number)   (((uint32_t)(number)&0xffu) << 16)
#define V1_KEY(number)     ((uint32_t)(number)&0xffffu)

enum { CONDITION_ALWAYS = 0, CONDITION_EQUAL = 1, CONDITION_NOT_EQUAL = 2 };
enum { OPERATION_ABORT = 0, OPERATION_MATCH = 1, OPERATION_GOTO = 2, OPERATION_LABEL = 5 };

static const char* describe(const bc_symbol_t* symbol) {
    switch (symbol->kind) {
        case BC_SYMBOL_STR_KEY:
            return "a key with a name instead of a number";
        case BC_SYMBOL_STRING:
            return "a string";
        case BC_SYMBOL_BOOL:
            return "a bool";
        default:
            return "an enum";
    }
}

static void check_operands(bc_diagnostics_t* diagnostics, const bc_instruction_t* instruction) {
    const bc_symbol_t* bad = NULL;
    if (instruction->key.kind != BC_SYMBOL_INT_KEY) {
        bad = &instruction->key;
    } else if (instruction->value.kind != BC_SYMBOL_NUMBER) {
        bad = &instruction->value;
    }
    if (bad != NULL) {
        bc_error(diagnostics, instruction->place, 601, "version 1 cannot express %s",
                 describe(bad));
    } else if (instruction->value.number > UINT32_MAX) {
        bc_error(diagnostics, instruction->place, 602,
                 "the number 0x%" PRIx64 " does not fit in 32 bits", instruction->value.number);
    }
}

static bool compares(bc_operation_t operation) {
    return operation <= BC_JUMP_IF_NOT_EQUAL;
}

static void check_code(bc_diagnostics_t* diagnostics, const bc_code_t* code) {
    bc_place_t place = {0};
    for (size_t i = 0; i < code->count; i++) {
        if (code->items[i].place.source != NULL) {
            place = code->items[i].place;
        }
        if (compares(code->items[i].operation)) {
            check_operands(diagnostics, &code->items[i]);
        }
    }
    if (code->label_count > V1_MAX_LABELS) {
        bc_warning(diagnostics, place, BC_WARNING_CUT_OFF,
                   "%u labels; version 1 cuts their numbers to 8 bits, so that jumps may land "
                   "elsewhere",
                   code->label_count);
    }
}

void bc_check_v1(bc_diagnostics_t* diagnostics, const bc_program_t* program, bool is_header) {
    if (!program->is_composite) {
        check_code(diagnostics, &program->code);
        return;
    }
    const bc_place_t place =
        program->parent_count == 0 ? (bc_place_t){0} : program->parents[0].parent->name.place;
    if (!is_header) {
        bc_error(diagnostics, (bc_place_t){place.source, BC_NO_OFFSET, 0}, 609,
                 "version 1 has composites in a C header only");
        return;
    }
    for (size_t i = 0; i < program->parent_count; i++) {
        if (program->parents[i].parent->kind != BIND_PARENT_OPTIONAL) {
            check_code(diagnostics, &program->parents[i].code);
        }
    }
}

// Counts lines while going through a source; statements mostly come in order.
typedef struct line_counter {
    const bc_source_t* source;
    uint32_t at;
    uint32_t line;
} line_counter_t;

static uint32_t line_of(line_counter_t* counter, const bc_source_t* source, uint32_t offset) {
    if (counter->source != source || offset < counter->at) {
        *counter = (line_counter_t){source, 0, 1};
    }
    for (; counter->at < offset; counter->at++) {
        counter->line += source->text[counter->at] == '\n';
    }
    return counter->line;
}

static uint32_t op_word(const bc_instruction_t* instruction) {
    const uint32_t key = V1_KEY(instruction->key.number);
    const uint32_t label = V1_LABEL(instruction->label);
    switch (instruction->operation) {
        case BC_ABORT_IF_NOT_EQUAL:
            return V1_CONDITION(CONDITION_NOT_EQUAL) | V1_OPERATION(OPERATION_ABORT) | key;
        case BC_ABORT_IF_EQUAL:
            return V1_CONDITION(CONDITION_EQUAL) | V1_OPERATION(OPERATION_ABORT) | key;
        case BC_JUMP_IF_EQUAL:
            return V1_CONDITION(CONDITION_EQUAL) | V1_OPERATION(OPERATION_GOTO) | label | key;
        case BC_JUMP_IF_NOT_EQUAL:
            return V1_CONDITION(CONDITION_NOT_EQUAL) | V1_OPERATION(OPERATION_GOTO) | label | key;
        case BC_JUMP:
            return V1_CONDITION(CONDITION_ALWAYS) | V1_OPERATION(OPERATION_GOTO) | label;
        case BC_LABEL:
            return V1_OPERATION(OPERATION_LABEL) | label;
        default:
            return V1_CONDITION(CONDITION_ALWAYS) | V1_OPERATION(OPERATION_ABORT);
    }
}

static uint32_t debug_word(const bc_instruction_t* instruction, line_counter_t* counter) {
    if (instruction->location == BC_LOCATION_NONE) {
        return 0;
    }
    const uint32_t line = line_of(counter, instruction->place.source, instruction->statement);
    uint32_t extra = 0;
    if (instruction->location == BC_LOCATION_ACCEPT_FAILURE &&
        instruction->key.kind == BC_SYMBOL_INT_KEY) {
        extra = V1_KEY(instruction->key.number);
    }
    return (line & 0xffu) << 24 | (uint32_t)instruction->location << 16 | extra;
}

const bc_words_t* bc_make_words(const bc_code_t* code, bc_arena_t* arena, size_t* out_count) {
    bc_words_t* words = bc_arena_alloc(arena, (code->count + 1) * sizeof(bc_words_t));
    line_counter_t counter = {0};
    for (size_t i = 0; i < code->count; i++) {
        const bc_instruction_t* instruction = &code->items[i];
        words[i].op = op_word(instruction);
        if (compares(instruction->operation)) {
            words[i].arg = (uint32_t)instruction->value.number;
        }
        words[i].debug = debug_word(instruction, &counter);
    }
    words[code->count].op = V1_OPERATION(OPERATION_MATCH);
    *out_count = code->count + 1;
    return words;
}

void bc_emit_v1(const bc_program_t* program, bool is_two_words, bc_arena_t* arena,
                bc_buffer_t* out) {
    size_t count;
    const bc_words_t* words = bc_make_words(&program->code, arena, &count);
    for (size_t i = 0; i < count; i++) {
        bc_buffer_u32(out, words[i].op);
        bc_buffer_u32(out, words[i].arg);
        if (!is_two_words) {
            bc_buffer_u32(out, words[i].debug);
        }
    }
}
