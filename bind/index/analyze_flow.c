// SPDX-License-Identifier: MIT
// Single steps of a program, for the analyses.
#include "analyze_flow.h"

#include <string.h>

#include <zircon/errors.h>

bind_code_t bind_code_of(const bind_program_t* program, const bind_parent_t* parent) {
    if (parent != NULL) {
        return (bind_code_t){program, parent->code, parent->code_size};
    }
    return (bind_code_t){program, program->body, program->body_size};
}

static bool set_key(const bind_code_t* code, const bind_operand_t* operand, bind_path_key_t* out) {
    switch (operand->type) {
        case BIND_VALUE_NUMBER:
            *out = (bind_path_key_t){.id = operand->payload};
            return true;
        case BIND_VALUE_KEY:
        case BIND_VALUE_STRING:
            *out = (bind_path_key_t){.text = bind_program_symbol(code->program, operand->payload)};
            return true;
        default:
            return false;
    }
}

// False for a value that no property can be of the kind of.
static bool set_value(const bind_code_t* code, const bind_operand_t* operand,
                      bind_path_value_t* out) {
    switch (operand->type) {
        case BIND_VALUE_NUMBER:
        case BIND_VALUE_BOOL:
            *out = (bind_path_value_t){.type = (bind_value_type_t)operand->type,
                                       .number = operand->payload};
            return true;
        case BIND_VALUE_STRING:
        case BIND_VALUE_ENUM:
            *out =
                (bind_path_value_t){.type = BIND_VALUE_STRING,
                                    .string = bind_program_symbol(code->program, operand->payload)};
            return true;
        default:
            return false;
    }
}

static uint32_t landing(const bind_code_t* code, uint32_t at) {
    bind_instruction_t target;
    const bool is_label = bind_instruction_decode(code->program, code->bytes, code->size, at,
                                                  &target, NULL) == ZX_OK &&
                          target.opcode == BIND_OP_LABEL;
    return is_label ? at : BIND_NOWHERE;
}

static void set_targets(const bind_code_t* code, const bind_instruction_t* instruction,
                        bind_flow_t* out) {
    const uint32_t next = instruction->next;
    switch (instruction->opcode) {
        case BIND_OP_EQUAL:
            out->if_equal = next;
            out->if_other = BIND_NOWHERE;
            break;
        case BIND_OP_NOT_EQUAL:
            out->if_equal = BIND_NOWHERE;
            out->if_other = next;
            break;
        case BIND_OP_JUMP_EQUAL:
            out->if_equal = landing(code, instruction->jump_target);
            out->if_other = next;
            break;
        default:
            out->if_equal = next;
            out->if_other = landing(code, instruction->jump_target);
            break;
    }
}

void bind_flow_decode(const bind_code_t* code, uint32_t at, bind_flow_t* out) {
    bind_instruction_t instruction;
    *out = (bind_flow_t){.kind = BIND_FLOW_END, .next = BIND_NOWHERE};
    if (bind_instruction_decode(code->program, code->bytes, code->size, at, &instruction, NULL) !=
        ZX_OK) {
        return;
    }
    out->opcode = instruction.opcode;
    switch (instruction.opcode) {
        case BIND_OP_LABEL:
        case BIND_OP_JUMP:
            out->next = instruction.opcode == BIND_OP_LABEL
                            ? instruction.next
                            : landing(code, instruction.jump_target);
            out->kind = out->next == BIND_NOWHERE ? BIND_FLOW_END : BIND_FLOW_GO;
            return;
        case BIND_OP_EQUAL:
        case BIND_OP_NOT_EQUAL:
        case BIND_OP_JUMP_EQUAL:
        case BIND_OP_JUMP_NOT_EQUAL:
            break;
        default:
            return;
    }
    if (!set_key(code, &instruction.left, &out->key)) {
        return;
    }
    out->kind = BIND_FLOW_BRANCH;
    set_targets(code, &instruction, out);
    if (!set_value(code, &instruction.right, &out->value)) {
        // Compared with a key, a property is of another kind, which is an error; only an absent one
        // goes on. The type KEY is equal to nothing.
        out->value = (bind_path_value_t){.type = BIND_VALUE_KEY};
        out->if_equal = BIND_NOWHERE;
    }
}

bool bind_path_key_equal(const bind_path_key_t* a, const bind_path_key_t* b) {
    if (a->text == NULL || b->text == NULL) {
        return a->text == NULL && b->text == NULL && a->id == b->id;
    }
    return a->text == b->text || strcmp(a->text, b->text) == 0;
}

bool bind_path_value_equal(const bind_path_value_t* a, const bind_path_value_t* b) {
    if (a->type != b->type) {
        return false;
    }
    if (a->type == BIND_VALUE_STRING) {
        return a->string == b->string || strcmp(a->string, b->string) == 0;
    }
    return a->number == b->number;
}
