// SPDX-License-Identifier: MIT
// Listing bytecode. The listing is also the language of bc_assemble().
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <bind/legacy_keys.h>

#include "../eval/decode.h"
#include "bytecode.h"

static void append_number(bc_buffer_t* out, const char* format, uint32_t number) {
    char text[48];
    snprintf(text, sizeof(text), format, number);
    bc_buffer_text(out, text);
}

// In quotes, with what would end or break the line escaped. Symbols keep the backslashes that the
// rules had; each is doubled here.
static void append_quoted(bc_buffer_t* out, const char* text) {
    bc_buffer_u8(out, '"');
    for (; *text != 0; text++) {
        const uint8_t c = (uint8_t)*text;
        if (c == '"' || c == '\\') {
            bc_buffer_u8(out, '\\');
            bc_buffer_u8(out, c);
        } else if (c < 0x20 || c == 0x7f) {
            append_number(out, "\\x%02x", c);
        } else {
            bc_buffer_u8(out, c);
        }
    }
    bc_buffer_u8(out, '"');
}

// A name as it is when it looks like one, else in quotes.
static void append_name(bc_buffer_t* out, const char* name) {
    static const char letters[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";
    if (name[strspn(name, letters)] == 0) {
        bc_buffer_text(out, name);
    } else {
        append_quoted(out, name);
    }
}

// Whether an earlier symbol has the text of this one.
static bool is_twin(const bind_program_t* program, uint32_t id) {
    const char* text = bind_program_symbol(program, id);
    for (uint32_t i = 1; i < id; i++) {
        if (strcmp(bind_program_symbol(program, i), text) == 0) {
            return true;
        }
    }
    return false;
}

static void append_symbol(const bind_program_t* program, uint32_t id, bool has_twins,
                          bc_buffer_t* out) {
    if (has_twins && is_twin(program, id)) {
        append_number(out, "#%u", id);
    } else {
        append_name(out, bind_program_symbol(program, id));
    }
}

static void append_operand(const bind_program_t* program, const bind_operand_t* operand,
                           bool is_left, bool has_twins, bc_buffer_t* out) {
    const char* key = NULL;
    switch (operand->type) {
        case BIND_VALUE_NUMBER:
            key = is_left ? bind_legacy_key_name(operand->payload) : NULL;
            if (key != NULL) {
                bc_buffer_text(out, key);
            } else {
                append_number(out, "%u", operand->payload);
            }
            break;
        case BIND_VALUE_BOOL:
            bc_buffer_text(out, operand->payload != 0 ? "true" : "false");
            break;
        case BIND_VALUE_STRING:
            if (has_twins && is_twin(program, operand->payload)) {
                append_number(out, "#%u", operand->payload);
            } else {
                append_quoted(out, bind_program_symbol(program, operand->payload));
            }
            break;
        default:
            bc_buffer_text(out, operand->type == BIND_VALUE_KEY ? "Key(" : "Enum(");
            append_symbol(program, operand->payload, has_twins, out);
            bc_buffer_u8(out, ')');
            break;
    }
}

bc_labels_t bc_find_labels(const bind_program_t* program, const uint8_t* code, uint32_t size,
                           bc_arena_t* arena) {
    uint32_t* offsets = bc_arena_alloc(arena, ((size_t)size + 1) * sizeof(uint32_t));
    size_t count = 0;
    for (uint32_t at = 0; at < size;) {
        bind_instruction_t instruction;
        if (bind_instruction_decode(program, code, size, at, &instruction, NULL) != ZX_OK) {
            break;
        }
        if (instruction.opcode == BIND_OP_LABEL) {
            offsets[count++] = at;
        }
        at = instruction.next;
    }
    return (bc_labels_t){offsets, count, false};
}

// "L3", or "+7" for a jump that lands on no label, which matching refuses.
static void append_target(const bind_instruction_t* instruction, const bc_labels_t* labels,
                          bc_buffer_t* out) {
    size_t low = 0;
    for (size_t high = labels->count; low < high;) {
        const size_t middle = low + (high - low) / 2;
        if (labels->offsets[middle] < instruction->jump_target) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (low < labels->count && labels->offsets[low] == instruction->jump_target) {
        append_number(out, " to L%u", (uint32_t)low);
    } else {
        append_number(out, " to +%u", instruction->jump_target - instruction->next);
    }
}

static size_t label_number(const bc_labels_t* labels, uint32_t at) {
    size_t low = 0;
    for (size_t high = labels->count; high - low > 1;) {
        const size_t middle = low + (high - low) / 2;
        if (labels->offsets[middle] <= at) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return low;
}

uint32_t bc_dump_instruction(const bind_program_t* program, const uint8_t* code, uint32_t size,
                             uint32_t at, const bc_labels_t* labels, bc_buffer_t* out) {
    bind_instruction_t instruction;
    if (bind_instruction_decode(program, code, size, at, &instruction, NULL) != ZX_OK) {
        return UINT32_MAX;
    }
    const bool is_jump = instruction.opcode >= BIND_OP_JUMP && instruction.opcode < BIND_OP_LABEL;
    const bool is_equal =
        instruction.opcode == BIND_OP_EQUAL || instruction.opcode == BIND_OP_JUMP_EQUAL;
    if (program->has_debug) {
        append_number(out, "[line %u] ", instruction.line);
    }
    if (instruction.opcode == BIND_OP_LABEL) {
        append_number(out, "Label L%u", (uint32_t)label_number(labels, at));
    } else if (instruction.opcode == BIND_OP_ABORT) {
        bc_buffer_text(out, "Abort");
    } else if (instruction.opcode == BIND_OP_JUMP) {
        bc_buffer_text(out, "Jump");
    } else {
        bc_buffer_text(out, is_jump ? "Jump if " : "");
        append_operand(program, &instruction.left, true, labels->has_twins, out);
        bc_buffer_text(out, is_equal ? " == " : " != ");
        append_operand(program, &instruction.right, false, labels->has_twins, out);
    }
    if (is_jump) {
        append_target(&instruction, labels, out);
    }
    return instruction.next;
}

static void dump_code(const bind_program_t* program, const uint8_t* code, uint32_t size,
                      bool has_twins, bc_buffer_t* out) {
    bc_arena_t arena = {0};
    bc_labels_t labels = bc_find_labels(program, code, size, &arena);
    labels.has_twins = has_twins;
    for (uint32_t at = 0; at < size;) {
        bc_buffer_text(out, "  ");
        at = bc_dump_instruction(program, code, size, at, &labels, out);
        bc_buffer_text(out, "\n");
    }
    bc_arena_fini(&arena);
}

// Symbols are listed only if the instructions alone would give others: some unused, or in another
// order.
static void dump_symbols(const bind_program_t* program, bc_buffer_t* out) {
    bc_buffer_text(out, "Symbols:\n");
    for (uint32_t id = 1; id <= program->symbol_count; id++) {
        bc_buffer_text(out, "  ");
        append_quoted(out, bind_program_symbol(program, id));
        bc_buffer_text(out, "\n");
    }
}

typedef struct use_order {
    uint32_t next;
    bool is_plain;
} use_order_t;

static void use_symbol(use_order_t* order, uint32_t id) {
    if (id == order->next) {
        order->next++;
    } else if (id > order->next) {
        order->is_plain = false;
    }
}

static void use_operand(use_order_t* order, const bind_operand_t* operand) {
    if (operand->type != BIND_VALUE_NUMBER && operand->type != BIND_VALUE_BOOL) {
        use_symbol(order, operand->payload);
    }
}

static void use_code(const bind_program_t* program, const uint8_t* code, uint32_t size,
                     use_order_t* order) {
    for (uint32_t at = 0; at < size;) {
        bind_instruction_t instruction;
        if (bind_instruction_decode(program, code, size, at, &instruction, NULL) != ZX_OK) {
            return;
        }
        if (instruction.opcode <= BIND_OP_NOT_EQUAL || instruction.opcode == BIND_OP_JUMP_EQUAL ||
            instruction.opcode == BIND_OP_JUMP_NOT_EQUAL) {
            use_operand(order, &instruction.left);
            use_operand(order, &instruction.right);
        }
        at = instruction.next;
    }
}

// Two symbols of one text are told apart by nothing but the table.
static bool has_twins(const bind_program_t* program) {
    bc_arena_t arena = {0};
    bc_map_t seen = {0};
    bool is_twin = false;
    for (uint32_t id = 1; id <= program->symbol_count && !is_twin; id++) {
        const bc_text_t text = bc_text(bind_program_symbol(program, id));
        is_twin = bc_map_get(&seen, text) != NULL;
        bc_map_put(&seen, &arena, text, &seen);
    }
    bc_arena_fini(&arena);
    return is_twin;
}

static bool symbols_are_plain(const bind_program_t* program) {
    use_order_t order = {1, true};
    if (program->is_composite) {
        use_symbol(&order, bind_load_u32(program->body));
    } else {
        use_code(program, program->body, program->body_size, &order);
    }
    bind_parent_t parent;
    for (size_t i = 0; bind_program_parent(program, i, &parent) == ZX_OK; i++) {
        use_symbol(&order, bind_load_u32(parent.code - 8));
        use_code(program, parent.code, parent.code_size, &order);
    }
    return order.is_plain && order.next == program->symbol_count + 1;
}

static void dump_parents(const bind_program_t* program, bool has_twins, bc_buffer_t* out) {
    bind_parent_t parent;
    for (size_t i = 0; bind_program_parent(program, i, &parent) == ZX_OK; i++) {
        bc_buffer_text(out, parent.kind == BIND_PARENT_PRIMARY    ? "Node (primary): "
                            : parent.kind == BIND_PARENT_OPTIONAL ? "Node (optional): "
                                                                  : "Node: ");
        append_symbol(program, bind_load_u32(parent.code - 8), has_twins, out);
        bc_buffer_text(out, "\n");
        dump_code(program, parent.code, parent.code_size, has_twins, out);
    }
}

void bc_dump(const bind_program_t* program, bc_buffer_t* out) {
    append_number(out, "Bytecode version: %u\n", BIND_BYTECODE_VERSION);
    const bool twins = has_twins(program);
    if (twins || !symbols_are_plain(program)) {
        dump_symbols(program, out);
    }
    if (program->is_composite) {
        bc_buffer_text(out, "Composite: ");
        append_symbol(program, bind_load_u32(program->body), twins, out);
        bc_buffer_text(out, "\n");
        dump_parents(program, twins, out);
    } else {
        bc_buffer_text(out, "Instructions:\n");
        dump_code(program, program->body, program->body_size, twins, out);
    }
}

void bc_dump_key(const bind_property_t* property, bc_buffer_t* out) {
    const char* name = property->key != NULL ? property->key : bind_legacy_key_name(property->id);
    if (name != NULL) {
        append_name(out, name);
    } else {
        append_number(out, "key 0x%x", property->id);
    }
}

void bc_dump_value(const bind_property_t* property, bc_buffer_t* out) {
    switch (property->type) {
        case BIND_VALUE_NUMBER:
            append_number(out, "0x%x", property->number);
            break;
        case BIND_VALUE_BOOL:
            bc_buffer_text(out, property->boolean ? "true" : "false");
            break;
        case BIND_VALUE_ENUM:
            bc_buffer_text(out, property->string);
            break;
        default:
            append_quoted(out, property->string);
            break;
    }
}
