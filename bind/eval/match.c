// SPDX-License-Identifier: MIT
// Running a bind program against the properties of a device.
#include <bind/match.h>
#include <bind/trace.h>

#include <string.h>

#include <bind/legacy_keys.h>
#include <zircon/errors.h>

#include "decode.h"

typedef struct matcher {
    const bind_program_t* program;
    const bind_property_t* props;
    size_t count;
    bind_error_t* error;
    bind_trace_t trace;  // null: nobody looks
    void* context;
} matcher_t;

typedef enum outcome { OUTCOME_DIFFERENT, OUTCOME_EQUAL, OUTCOME_ABSENT } outcome_t;

static const bind_property_t* find_number_key(const matcher_t* matcher, uint32_t id) {
    const bind_property_t* found = NULL;
    for (size_t i = 0; i < matcher->count; i++) {
        const bind_property_t* prop = &matcher->props[i];
        if (prop->key == NULL && prop->id == id) {
            if (id != BIND_KEY_PROTOCOL) {
                return prop;
            }
            found = prop;
        }
    }
    return found;
}

static const bind_property_t* find_text_key(const matcher_t* matcher, const char* key) {
    for (size_t i = 0; i < matcher->count; i++) {
        const bind_property_t* prop = &matcher->props[i];
        if (prop->key != NULL && strcmp(prop->key, key) == 0) {
            return prop;
        }
    }
    return NULL;
}

static const char* kind_name(uint8_t type) {
    static const char* const names[] = {"key", "number", "string", "bool", "enum"};
    return type < sizeof(names) / sizeof(names[0]) ? names[type] : "unknown";
}

static zx_status_t find_property(const matcher_t* matcher, const bind_operand_t* key, size_t offset,
                                 const bind_property_t** out) {
    switch (key->type) {
        case BIND_VALUE_KEY:
        case BIND_VALUE_STRING:
            *out = find_text_key(matcher, bind_program_symbol(matcher->program, key->payload));
            return ZX_OK;
        case BIND_VALUE_NUMBER:
            *out = find_number_key(matcher, key->payload);
            if (*out == NULL) {
                const char* name = bind_legacy_key_name(key->payload);
                *out = name == NULL ? NULL : find_text_key(matcher, name);
            }
            return ZX_OK;
        default:
            return bind_fail(matcher->error, ZX_ERR_IO_DATA_INTEGRITY, 815, offset,
                             "a %s cannot be a key", kind_name(key->type));
    }
}

// Enums and strings compare by text.
static uint8_t comparison_kind(uint8_t type) {
    return type == BIND_VALUE_ENUM ? BIND_VALUE_STRING : type;
}

static bool property_is_valid(const bind_property_t* prop) {
    switch (prop->type) {
        case BIND_VALUE_NUMBER:
        case BIND_VALUE_BOOL:
            return true;
        case BIND_VALUE_STRING:
        case BIND_VALUE_ENUM:
            return prop->string != NULL;
        default:
            return false;
    }
}

static zx_status_t compare_value(const matcher_t* matcher, const bind_property_t* prop,
                                 const bind_operand_t* value, size_t offset, outcome_t* out) {
    if (!property_is_valid(prop)) {
        return bind_fail(matcher->error, ZX_ERR_INVALID_ARGS, 0, offset,
                         "a property of the device has no valid value");
    }
    const uint8_t kind = comparison_kind((uint8_t)prop->type);
    if (kind != comparison_kind(value->type)) {
        return bind_fail(matcher->error, ZX_ERR_WRONG_TYPE, 812, offset,
                         "a property of kind %s is compared with a value of kind %s",
                         kind_name((uint8_t)prop->type), kind_name(value->type));
    }
    bool is_equal;
    if (kind == BIND_VALUE_NUMBER) {
        is_equal = prop->number == value->payload;
    } else if (kind == BIND_VALUE_BOOL) {
        is_equal = prop->boolean == (value->payload == 1);
    } else {
        is_equal = strcmp(prop->string, bind_program_symbol(matcher->program, value->payload)) == 0;
    }
    *out = is_equal ? OUTCOME_EQUAL : OUTCOME_DIFFERENT;
    return ZX_OK;
}

static zx_status_t compare(const matcher_t* matcher, const bind_instruction_t* instruction,
                           size_t offset, const bind_property_t** out_prop, outcome_t* out) {
    const zx_status_t status = find_property(matcher, &instruction->left, offset, out_prop);
    const bind_property_t* prop = *out_prop;
    if (status != ZX_OK) {
        return status;
    }
    if (prop == NULL) {
        *out = OUTCOME_ABSENT;
        return ZX_OK;
    }
    return compare_value(matcher, prop, &instruction->right, offset, out);
}

static bool has_operands(uint8_t opcode) {
    return opcode == BIND_OP_EQUAL || opcode == BIND_OP_NOT_EQUAL || opcode == BIND_OP_JUMP_EQUAL ||
           opcode == BIND_OP_JUMP_NOT_EQUAL;
}

// What an instruction does once its comparison is known.
typedef enum action { ACTION_GO_ON, ACTION_JUMP, ACTION_ABORT } action_t;

static action_t action_of(uint8_t opcode, outcome_t outcome) {
    const bool is_equal = outcome == OUTCOME_EQUAL;
    switch (opcode) {
        case BIND_OP_EQUAL:
            return is_equal ? ACTION_GO_ON : ACTION_ABORT;
        case BIND_OP_NOT_EQUAL:
            return is_equal ? ACTION_ABORT : ACTION_GO_ON;
        case BIND_OP_JUMP:
            return ACTION_JUMP;
        case BIND_OP_JUMP_EQUAL:
            return is_equal ? ACTION_JUMP : ACTION_GO_ON;
        case BIND_OP_JUMP_NOT_EQUAL:
            return is_equal ? ACTION_GO_ON : ACTION_JUMP;
        case BIND_OP_LABEL:
            return ACTION_GO_ON;
        default:
            return ACTION_ABORT;
    }
}

// A jump must land on a label; with debug information the label's line comes first.
static bool is_label(const bind_program_t* program, const uint8_t* code, uint32_t size,
                     uint32_t at) {
    bind_instruction_t target;
    return bind_instruction_decode(program, code, size, at, &target, NULL) == ZX_OK &&
           target.opcode == BIND_OP_LABEL;
}

// What an instruction that goes on adds to the specificity of the match.
static uint32_t weight_of(uint8_t opcode, outcome_t outcome) {
    if (outcome == OUTCOME_EQUAL) {
        return BIND_SPECIFICITY_EQUAL;
    }
    return opcode == BIND_OP_NOT_EQUAL ? BIND_SPECIFICITY_NOT_EQUAL : 0;
}

static void show_step(const matcher_t* matcher, uint32_t at, const bind_instruction_t* instruction,
                      const bind_property_t* prop, outcome_t outcome, action_t action) {
    const bind_step_t step = {
        .at = at,
        .compares = has_operands(instruction->opcode),
        .property = prop,
        .is_equal = outcome == OUTCOME_EQUAL,
        .jumps = action == ACTION_JUMP,
        .aborts = action == ACTION_ABORT,
    };
    matcher->trace(matcher->context, &step);
}

static zx_status_t run(const matcher_t* matcher, const uint8_t* code, uint32_t size,
                       bool* out_match, uint32_t* out_specificity) {
    uint32_t specificity = 0;
    const size_t base = (size_t)(code - matcher->program->bytes);
    uint32_t at = 0;
    for (uint32_t steps = 0; at < size; steps++) {
        if (steps == BIND_MATCH_MAX_STEPS) {
            return bind_fail(matcher->error, ZX_ERR_OUT_OF_RANGE, 823, base + at,
                             "no result after %u steps", BIND_MATCH_MAX_STEPS);
        }
        bind_instruction_t instruction;
        zx_status_t status =
            bind_instruction_decode(matcher->program, code, size, at, &instruction, matcher->error);
        outcome_t outcome = OUTCOME_ABSENT;
        const bind_property_t* prop = NULL;
        if (status == ZX_OK && has_operands(instruction.opcode)) {
            status = compare(matcher, &instruction, base + at, &prop, &outcome);
        }
        if (status != ZX_OK) {
            return status;
        }
        const action_t action = action_of(instruction.opcode, outcome);
        if (matcher->trace != NULL) {
            show_step(matcher, at, &instruction, prop, outcome, action);
        }
        if (action == ACTION_ABORT) {
            return ZX_OK;
        }
        if (action == ACTION_JUMP &&
            !is_label(matcher->program, code, size, instruction.jump_target)) {
            return bind_fail(matcher->error, ZX_ERR_IO_DATA_INTEGRITY, 814, base + at,
                             "the jump lands on no label");
        }
        specificity += weight_of(instruction.opcode, outcome);
        at = action == ACTION_JUMP ? instruction.jump_target : instruction.next;
    }
    *out_match = true;
    *out_specificity = specificity;
    return ZX_OK;
}

static zx_status_t check_arguments(const bind_program_t* program, const bind_property_t* props,
                                   size_t count, bool* out_match, bind_error_t* out_error) {
    if (out_error != NULL) {
        *out_error = (bind_error_t){0};
    }
    if (out_match != NULL) {
        *out_match = false;
    }
    if (program == NULL || program->bytes == NULL || out_match == NULL ||
        (props == NULL && count != 0)) {
        return ZX_ERR_INVALID_ARGS;
    }
    return ZX_OK;
}

zx_status_t bind_program_match_etc(const bind_program_t* program, const bind_parent_t* parent,
                                   const bind_property_t* props, size_t count, bool* out_match,
                                   uint32_t* out_specificity, bind_error_t* out_error) {
    uint32_t unused;
    uint32_t* specificity = out_specificity == NULL ? &unused : out_specificity;
    *specificity = 0;
    const zx_status_t status = check_arguments(program, props, count, out_match, out_error);
    if (status != ZX_OK) {
        return status;
    }
    const matcher_t matcher = {
        .program = program, .props = props, .count = count, .error = out_error};
    if (parent != NULL) {
        return run(&matcher, parent->code, parent->code_size, out_match, specificity);
    }
    if (program->is_composite) {
        return bind_fail(out_error, ZX_ERR_NOT_SUPPORTED, 824, 0,
                         "a composite program is matched parent by parent");
    }
    return run(&matcher, program->body, program->body_size, out_match, specificity);
}

zx_status_t bind_program_match(const bind_program_t* program, const bind_property_t* props,
                               size_t count, bool* out_match, bind_error_t* out_error) {
    return bind_program_match_etc(program, NULL, props, count, out_match, NULL, out_error);
}

zx_status_t bind_parent_match(const bind_program_t* program, const bind_parent_t* parent,
                              const bind_property_t* props, size_t count, bool* out_match,
                              bind_error_t* out_error) {
    if (parent == NULL) {
        check_arguments(program, props, count, out_match, out_error);
        return ZX_ERR_INVALID_ARGS;
    }
    return bind_program_match_etc(program, parent, props, count, out_match, NULL, out_error);
}

zx_status_t bind_code_trace(const bind_program_t* program, const uint8_t* code, uint32_t size,
                            const bind_property_t* props, size_t count, bind_trace_t trace,
                            void* context, bool* out_match, bind_error_t* out_error) {
    const zx_status_t status = check_arguments(program, props, count, out_match, out_error);
    if (status != ZX_OK || (code == NULL && size != 0)) {
        return ZX_ERR_INVALID_ARGS;
    }
    const matcher_t matcher = {program, props, count, out_error, trace, context};
    uint32_t specificity;
    return run(&matcher, code, size, out_match, &specificity);
}

static bool same_key(const bind_property_t* a, const bind_property_t* b) {
    if (a->key == NULL || b->key == NULL) {
        return a->key == NULL && b->key == NULL && a->id == b->id;
    }
    return strcmp(a->key, b->key) == 0;
}

static bool same_value(const bind_property_t* a, const bind_property_t* b) {
    if (comparison_kind((uint8_t)a->type) != comparison_kind((uint8_t)b->type)) {
        return false;
    }
    switch (a->type) {
        case BIND_VALUE_NUMBER:
            return a->number == b->number;
        case BIND_VALUE_BOOL:
            return a->boolean == b->boolean;
        default:
            return strcmp(a->string, b->string) == 0;
    }
}

zx_status_t bind_properties_check(const bind_property_t* props, size_t count, size_t* out_index) {
    for (size_t i = 0; i < count; i++) {
        bool is_bad = !property_is_valid(&props[i]);
        const bool may_repeat = props[i].key == NULL && props[i].id == BIND_KEY_PROTOCOL;
        for (size_t j = 0; j < i && !is_bad && !may_repeat; j++) {
            is_bad = same_key(&props[i], &props[j]) && !same_value(&props[i], &props[j]);
        }
        if (is_bad) {
            if (out_index != NULL) {
                *out_index = i;
            }
            return ZX_ERR_INVALID_ARGS;
        }
    }
    return ZX_OK;
}
