// SPDX-License-Identifier: MIT
// The emitter of version 2 bytecode.
#include <bind/program.h>
#include <string.h>

#include "program.h"

typedef struct emitter {
    bc_arena_t* arena;
    bc_map_t ids;  // text to its symbol entry
    uint32_t symbol_count;
    bc_buffer_t symbols;
    bc_buffer_t body;
} emitter_t;

// A symbol's id, boxed for the map.
typedef struct symbol_id {
    uint32_t id;
} symbol_id_t;

// Ids are given in the order of first use.
static uint32_t symbol_for(emitter_t* emitter, bc_text_t text) {
    symbol_id_t* known = bc_map_get(&emitter->ids, text);
    if (known != NULL) {
        return known->id;
    }
    known = bc_arena_alloc(emitter->arena, sizeof(symbol_id_t));
    known->id = ++emitter->symbol_count;
    bc_map_put(&emitter->ids, emitter->arena, text, known);
    bc_buffer_u32(&emitter->symbols, known->id);
    bc_buffer_append(&emitter->symbols, text.data, text.size);
    bc_buffer_u8(&emitter->symbols, 0);
    return known->id;
}

static void emit_operand(emitter_t* emitter, const bc_symbol_t* symbol) {
    uint8_t type = BIND_VALUE_NUMBER;
    uint32_t payload = (uint32_t)symbol->number;
    switch (symbol->kind) {
        case BC_SYMBOL_INT_KEY:
        case BC_SYMBOL_NUMBER:
            break;
        case BC_SYMBOL_BOOL:
            type = BIND_VALUE_BOOL;
            break;
        case BC_SYMBOL_STR_KEY:
            type = BIND_VALUE_KEY;
            payload = symbol_for(emitter, symbol->text);
            break;
        case BC_SYMBOL_STRING:
            type = BIND_VALUE_STRING;
            payload = symbol_for(emitter, symbol->text);
            break;
        case BC_SYMBOL_ENUM:
            type = BIND_VALUE_ENUM;
            payload = symbol_for(emitter, symbol->text);
            break;
    }
    bc_buffer_u8(&emitter->body, type);
    bc_buffer_u32(&emitter->body, payload);
}

static bool has_operands(bc_operation_t operation) {
    return operation <= BC_JUMP_IF_NOT_EQUAL;
}

static bool is_jump(bc_operation_t operation) {
    return operation == BC_JUMP_IF_EQUAL || operation == BC_JUMP_IF_NOT_EQUAL ||
           operation == BC_JUMP;
}

// The encoding names the condition that must hold for going on, so "abort if not equal" is "equal".
static uint8_t opcode_of(bc_operation_t operation) {
    static const uint8_t opcodes[] = {
        [BC_ABORT_IF_NOT_EQUAL] = BIND_OP_EQUAL,
        [BC_ABORT_IF_EQUAL] = BIND_OP_NOT_EQUAL,
        [BC_JUMP_IF_EQUAL] = BIND_OP_JUMP_EQUAL,
        [BC_JUMP_IF_NOT_EQUAL] = BIND_OP_JUMP_NOT_EQUAL,
        [BC_JUMP] = BIND_OP_JUMP,
        [BC_LABEL] = BIND_OP_LABEL,
        [BC_ABORT] = BIND_OP_ABORT,
    };
    return opcodes[operation];
}

// Where a jump's offset is to be written, and from where it counts.
typedef struct jump {
    size_t field;
    size_t end;
    uint32_t label;
} jump_t;

static void emit_code(emitter_t* emitter, bc_code_t* code) {
    const size_t start = emitter->body.size;
    jump_t* jumps = bc_arena_alloc(emitter->arena, code->count * sizeof(jump_t));
    size_t* labels = bc_arena_alloc(emitter->arena, code->label_count * sizeof(size_t));
    size_t jump_count = 0;
    for (size_t i = 0; i < code->count; i++) {
        bc_instruction_t* instruction = &code->items[i];
        instruction->at = (uint32_t)(emitter->body.size - start);
        if (instruction->operation == BC_LABEL) {
            labels[instruction->label] = emitter->body.size;
        }
        bc_buffer_u8(&emitter->body, opcode_of(instruction->operation));
        const size_t field = emitter->body.size;
        if (is_jump(instruction->operation)) {
            bc_buffer_u32(&emitter->body, 0);
        }
        if (has_operands(instruction->operation)) {
            emit_operand(emitter, &instruction->key);
            emit_operand(emitter, &instruction->value);
        }
        if (is_jump(instruction->operation)) {
            jumps[jump_count++] = (jump_t){field, emitter->body.size, instruction->label};
        }
    }
    for (size_t i = 0; i < jump_count; i++) {
        const size_t offset = labels[jumps[i].label] - jumps[i].end;
        bc_buffer_patch_u32(&emitter->body, jumps[i].field, (uint32_t)offset);
    }
}

static void emit_parents(emitter_t* emitter, bc_program_t* program, bind_parent_kind_t kind) {
    for (size_t i = 0; i < program->parent_count; i++) {
        bc_compiled_parent_t* compiled = &program->parents[i];
        if (compiled->parent->kind != kind) {
            continue;
        }
        bc_buffer_u8(&emitter->body, (uint8_t)kind);
        bc_buffer_u32(&emitter->body, symbol_for(emitter, compiled->parent->name.text));
        const size_t field = emitter->body.size;
        bc_buffer_u32(&emitter->body, 0);
        const size_t start = emitter->body.size;
        emit_code(emitter, &compiled->code);
        bc_buffer_patch_u32(&emitter->body, field, (uint32_t)(emitter->body.size - start));
    }
}

static void emit_composite(emitter_t* emitter, bc_program_t* program) {
    bc_buffer_u32(&emitter->body, symbol_for(emitter, program->composite_name));
    emit_parents(emitter, program, BIND_PARENT_PRIMARY);
    emit_parents(emitter, program, BIND_PARENT_ADDITIONAL);
    emit_parents(emitter, program, BIND_PARENT_OPTIONAL);
}

static void append_section(bc_buffer_t* out, uint32_t magic, const bc_buffer_t* content) {
    bc_buffer_magic(out, magic);
    bc_buffer_u32(out, (uint32_t)content->size);
    bc_buffer_append(out, content->data, content->size);
}

void bc_emit_v2(bc_program_t* program, bc_arena_t* arena, bc_buffer_t* out) {
    emitter_t emitter = {.arena = arena};
    if (program->is_composite) {
        emit_composite(&emitter, program);
    } else {
        emit_code(&emitter, &program->code);
    }
    bc_buffer_magic(out, BIND_MAGIC_HEADER);
    bc_buffer_u32(out, BIND_BYTECODE_VERSION);
    bc_buffer_u8(out, 0);
    append_section(out, BIND_MAGIC_SYMBOLS, &emitter.symbols);
    append_section(out, program->is_composite ? BIND_MAGIC_COMPOSITE : BIND_MAGIC_INSTRUCTIONS,
                   &emitter.body);
    bc_buffer_fini(&emitter.symbols);
    bc_buffer_fini(&emitter.body);
}
