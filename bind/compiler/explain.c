// SPDX-License-Identifier: MIT
// Why a program does or does not match a device: the matcher's own engine, told step by step.
#include <stdio.h>
#include <string.h>

#include <bind/legacy_keys.h>
#include <bind/trace.h>

#include "../eval/decode.h"
#include "bytecode.h"

#define MAX_SOURCE_SHOWN 200u

typedef struct explainer {
    const bind_program_t* program;
    const uint8_t* code;
    uint32_t size;
    const bc_code_t* origin;
    bc_labels_t labels;
    uint32_t last_line;  // of the source; 0: none yet
    bc_buffer_t* out;
} explainer_t;

const bc_instruction_t* bc_find_origin(const bc_code_t* code, uint32_t at) {
    size_t low = 0;
    for (size_t high = code->count; low < high;) {
        const size_t middle = low + (high - low) / 2;
        if (code->items[middle].at < at) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < code->count && code->items[low].at == at ? &code->items[low] : NULL;
}

static void append_number(bc_buffer_t* out, const char* format, uint32_t number) {
    char text[48];
    snprintf(text, sizeof(text), format, number);
    bc_buffer_text(out, text);
}

// A piece of source on one line.
static void append_source(bc_buffer_t* out, bc_place_t place) {
    const char* text = place.source->text + place.offset;
    bool was_space = false;
    for (uint32_t i = 0; i < place.size && i < MAX_SOURCE_SHOWN; i++) {
        const bool is_space = strchr(" \t\r\n", text[i]) != NULL;
        if (!is_space || !was_space) {
            bc_buffer_u8(out, is_space ? ' ' : (uint8_t)text[i]);
        }
        was_space = is_space;
    }
    if (place.size > MAX_SOURCE_SHOWN) {
        bc_buffer_text(out, "…");
    }
}

static void append_key(const explainer_t* ex, const bind_operand_t* key) {
    bind_property_t property = {.id = key->payload};
    if (key->type != BIND_VALUE_NUMBER) {
        property.key = bind_program_symbol(ex->program, key->payload);
    }
    bc_dump_key(&property, ex->out);
}

static void append_finding(explainer_t* ex, const bind_step_t* step, bool holds) {
    bind_instruction_t instruction;
    bind_instruction_decode(ex->program, ex->code, ex->size, step->at, &instruction, NULL);
    bc_buffer_text(ex->out, holds ? "          yes: " : "          no: ");
    if (step->property == NULL) {
        bc_buffer_text(ex->out, "the device has no ");
        append_key(ex, &instruction.left);
    } else {
        append_key(ex, &instruction.left);
        bc_buffer_text(ex->out, " is ");
        bc_dump_value(step->property, ex->out);
    }
    bc_buffer_text(ex->out, "\n");
}

static void show_source_step(explainer_t* ex, const bind_step_t* step,
                             const bc_instruction_t* origin) {
    static const char* const words[] = {
        [BC_LOCATION_CONDITION] = "",      [BC_LOCATION_ACCEPT_VALUE] = "accept ",
        [BC_LOCATION_ACCEPT_FAILURE] = "", [BC_LOCATION_IF] = "if ",
        [BC_LOCATION_FALSE] = "",
    };
    append_number(ex->out, "%6u | ", bc_place_position(origin->place).line);
    bc_buffer_text(ex->out, words[origin->location]);
    append_source(ex->out, origin->place);
    bc_buffer_text(ex->out, "\n");
    switch (origin->location) {
        case BC_LOCATION_CONDITION:
            append_finding(ex, step, !step->aborts);
            break;
        case BC_LOCATION_ACCEPT_VALUE:
            append_finding(ex, step, step->is_equal);
            break;
        case BC_LOCATION_IF:
            append_finding(ex, step, !step->jumps);
            break;
        case BC_LOCATION_ACCEPT_FAILURE:
            bc_buffer_text(ex->out, "          no: none of the values is it\n");
            break;
        default:
            bc_buffer_text(ex->out, "          no\n");
            break;
    }
}

static void show_step(void* context, const bind_step_t* step) {
    explainer_t* ex = context;
    const bc_instruction_t* origin =
        ex->origin == NULL ? NULL : bc_find_origin(ex->origin, step->at);
    if (origin != NULL && origin->place.source != NULL) {
        show_source_step(ex, step, origin);
        return;
    }
    if (!step->compares && !step->aborts && (!step->jumps || ex->origin != NULL)) {
        return;
    }
    append_number(ex->out, "%6u | ", step->at);
    bind_instruction_t instruction;
    bind_instruction_decode(ex->program, ex->code, ex->size, step->at, &instruction, NULL);
    bc_dump_instruction(ex->program, ex->code, ex->size, step->at, &ex->labels, ex->out);
    bc_buffer_text(ex->out, "\n");
    if (step->compares) {
        const bool wants_equal =
            instruction.opcode == BIND_OP_EQUAL || instruction.opcode == BIND_OP_JUMP_EQUAL;
        append_finding(ex, step, step->is_equal == wants_equal);
    }
}

bool bc_explain(const bind_program_t* program, const uint8_t* code, uint32_t size,
                const bc_code_t* origin, const bind_property_t* props, size_t count,
                bc_buffer_t* out) {
    bc_arena_t arena = {0};
    explainer_t ex = {.program = program, .code = code, .size = size, .origin = origin, .out = out};
    ex.labels = bc_find_labels(program, code, size, &arena);
    bool is_match = false;
    bind_error_t error;
    const zx_status_t status =
        bind_code_trace(program, code, size, props, count, show_step, &ex, &is_match, &error);
    if (status != ZX_OK) {
        const uint32_t at = (uint32_t)(error.offset - (size_t)(code - program->bytes));
        const bc_instruction_t* source = origin == NULL ? NULL : bc_find_origin(origin, at);
        append_number(out, "%6u | ",
                      source != NULL && source->place.source != NULL
                          ? bc_place_position(source->place).line
                          : at);
        if (source != NULL && source->place.source != NULL) {
            append_source(out, source->place);
        } else {
            bc_dump_instruction(program, code, size, at, &ex.labels, out);
        }
        append_number(out, "\n          error E%u: ", error.code);
        bc_buffer_text(out, error.text);
        bc_buffer_text(out, "\n");
    }
    bc_buffer_text(out, is_match ? "The program matches the device.\n"
                                 : "The program does not match the device.\n");
    bc_arena_fini(&arena);
    return is_match;
}
