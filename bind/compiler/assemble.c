// SPDX-License-Identifier: MIT
// Assembling: from a listing as bc_dump() makes it back to bytecode.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bind/legacy_keys.h>
#include <bind/program.h>

#include "bytecode.h"

// A jump whose label may come later.
typedef struct pending {
    struct pending* next;
    size_t field;
    size_t end;
    uint32_t label;
    bc_place_t place;
} pending_t;

typedef struct assembler {
    bc_diagnostics_t* diagnostics;
    const bc_source_t* source;
    bc_arena_t* arena;
    uint32_t line_start;
    uint32_t at;
    uint32_t line_end;
    bool has_table;  // the listing gives the symbols
    bool is_composite;
    bc_map_t ids;
    uint32_t symbol_count;
    bc_buffer_t symbols;
    bc_buffer_t body;
    bc_map_t labels;  // text of the number to its boxed position
    pending_t* jumps;
    size_t parent_field;  // where the size of the open parent goes; 0: none is open
    size_t parent_start;
    bool is_failed;
} assembler_t;

static bool fail(assembler_t* as, const char* text) {
    if (!as->is_failed) {
        const bc_place_t place = {as->source, as->at, 1};
        bc_error(as->diagnostics, place, 0, "%s", text);
        as->is_failed = true;
    }
    return false;
}

static bool take(assembler_t* as, const char* word) {
    const size_t size = strlen(word);
    if (as->line_end - as->at < size || memcmp(as->source->text + as->at, word, size) != 0) {
        return false;
    }
    as->at += (uint32_t)size;
    return true;
}

static bool take_number(assembler_t* as, uint32_t* out) {
    const uint32_t start = as->at;
    uint64_t number = 0;
    while (as->at < as->line_end && as->source->text[as->at] >= '0' &&
           as->source->text[as->at] <= '9' && number <= UINT32_MAX) {
        number = number * 10 + (uint64_t)(as->source->text[as->at++] - '0');
    }
    if (as->at == start || number > UINT32_MAX) {
        return fail(as, "a number of at most 32 bits expected");
    }
    *out = (uint32_t)number;
    return true;
}

static int hex_digit(char c) {
    static const char digits[] = "0123456789abcdef";
    const char* found = c == 0 ? NULL : strchr(digits, c);
    return found == NULL ? -1 : (int)(found - digits);
}

// After the opening quote.
static bool take_quoted(assembler_t* as, bc_text_t* out) {
    char* text = bc_arena_alloc(as->arena, as->line_end - as->at + 1);
    uint32_t size = 0;
    while (as->at < as->line_end && as->source->text[as->at] != '"') {
        char c = as->source->text[as->at++];
        if (c == '\\' && take(as, "x") && as->line_end - as->at >= 2) {
            const int high = hex_digit(as->source->text[as->at]);
            const int low = hex_digit(as->source->text[as->at + 1]);
            if (high < 0 || low < 0 || (high | low) == 0) {
                return fail(as, "two hex digits expected");
            }
            as->at += 2;
            c = (char)(high * 16 + low);
        } else if (c == '\\') {
            c = as->at < as->line_end ? as->source->text[as->at++] : 0;
        }
        text[size++] = c;
    }
    *out = (bc_text_t){text, size};
    return take(as, "\"") || fail(as, "this text is not closed");
}

static bool take_name(assembler_t* as, bc_text_t* out) {
    static const char letters[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";
    if (take(as, "\"")) {
        return take_quoted(as, out);
    }
    const uint32_t size = (uint32_t)strspn(as->source->text + as->at, letters);
    *out = (bc_text_t){as->source->text + as->at, size};
    as->at += size;
    return size > 0 || fail(as, "a name expected");
}

typedef struct box {
    size_t value;
} box_t;

static uint32_t add_symbol(assembler_t* as, bc_text_t text, bool is_new) {
    box_t* known = bc_map_get(&as->ids, text);
    if (known != NULL && !is_new) {
        return (uint32_t)known->value;
    }
    if (as->has_table && !is_new) {
        fail(as, "this text is not among the symbols");
        return 0;
    }
    if (text.size == 0 || text.size > BIND_MAX_STRING) {
        fail(as, "a symbol has 1 to 255 bytes");
        return 0;
    }
    as->symbol_count++;
    if (known == NULL) {
        known = bc_arena_alloc(as->arena, sizeof(box_t));
        known->value = as->symbol_count;
        bc_map_put(&as->ids, as->arena, text, known);
    }
    bc_buffer_u32(&as->symbols, as->symbol_count);
    bc_buffer_append(&as->symbols, text.data, text.size);
    bc_buffer_u8(&as->symbols, 0);
    return as->symbol_count;
}

static void emit_operand(assembler_t* as, uint8_t type, uint32_t payload) {
    bc_buffer_u8(&as->body, type);
    bc_buffer_u32(&as->body, payload);
}

// A symbol by its text, or "#5" by its number in the table.
static bool take_symbol(assembler_t* as, uint32_t* out_id) {
    bc_text_t text;
    if (take(as, "#")) {
        return take_number(as, out_id);
    }
    if (!take_name(as, &text)) {
        return false;
    }
    *out_id = add_symbol(as, text, false);
    return *out_id != 0;
}

static bool take_symbol_operand(assembler_t* as, uint8_t type) {
    uint32_t id;
    if (!take_symbol(as, &id) || !(take(as, ")") || fail(as, "`)` expected"))) {
        return false;
    }
    emit_operand(as, type, id);
    return true;
}

static bool take_operand(assembler_t* as) {
    bc_text_t text;
    uint32_t number;
    if (take(as, "\"")) {
        if (!take_quoted(as, &text)) {
            return false;
        }
        emit_operand(as, BIND_VALUE_STRING, add_symbol(as, text, false));
        return true;
    }
    if (take(as, "#")) {
        if (!take_number(as, &number)) {
            return false;
        }
        emit_operand(as, BIND_VALUE_STRING, number);
        return true;
    }
    if (take(as, "Key(")) {
        return take_symbol_operand(as, BIND_VALUE_KEY);
    }
    if (take(as, "Enum(")) {
        return take_symbol_operand(as, BIND_VALUE_ENUM);
    }
    if (take(as, "true") || take(as, "false")) {
        emit_operand(as, BIND_VALUE_BOOL, as->source->text[as->at - 3] == 'r');
        return true;
    }
    const char c = as->source->text[as->at];
    if (c >= '0' && c <= '9') {
        if (!take_number(as, &number)) {
            return false;
        }
        emit_operand(as, BIND_VALUE_NUMBER, number);
        return true;
    }
    if (!take_name(as, &text)) {
        return false;
    }
    if (!bind_legacy_key_id(text.data, text.size, &number)) {
        as->at -= text.size;
        return fail(as, "this is no integer key");
    }
    emit_operand(as, BIND_VALUE_NUMBER, number);
    return true;
}

static bool take_target(assembler_t* as, size_t field) {
    uint32_t number;
    if (!take(as, " to ")) {
        return fail(as, "` to ` and a label expected");
    }
    if (take(as, "+")) {
        if (!take_number(as, &number)) {
            return false;
        }
        bc_buffer_patch_u32(&as->body, field, number);
        return true;
    }
    const bc_place_t place = {as->source, as->at, 1};
    if (!take(as, "L") || !take_number(as, &number)) {
        return fail(as, "a label expected");
    }
    pending_t* jump = bc_arena_alloc(as->arena, sizeof(pending_t));
    *jump = (pending_t){as->jumps, field, as->body.size, number, place};
    as->jumps = jump;
    return true;
}

static bc_text_t label_text(assembler_t* as, uint32_t number) {
    char text[16];
    const int size = snprintf(text, sizeof(text), "%u", number);
    return (bc_text_t){bc_arena_copy(as->arena, text, (size_t)size), (uint32_t)size};
}

static bool take_label(assembler_t* as) {
    uint32_t number;
    if (!take_number(as, &number)) {
        return false;
    }
    const bc_text_t text = label_text(as, number);
    if (bc_map_get(&as->labels, text) != NULL) {
        return fail(as, "this label is there already");
    }
    box_t* position = bc_arena_alloc(as->arena, sizeof(box_t));
    position->value = as->body.size;
    bc_map_put(&as->labels, as->arena, text, position);
    bc_buffer_u8(&as->body, BIND_OP_LABEL);
    return true;
}

// "LEFT == RIGHT"; the opcode's byte is at `opcode` and becomes `equal` or `different`.
static bool take_comparison(assembler_t* as, size_t opcode, uint8_t equal, uint8_t different) {
    if (!take_operand(as)) {
        return false;
    }
    const bool is_equal = take(as, " == ");
    if (!is_equal && !take(as, " != ")) {
        return fail(as, "` == ` or ` != ` expected");
    }
    as->body.data[opcode] = is_equal ? equal : different;
    return take_operand(as);
}

static bool take_instruction(assembler_t* as) {
    const size_t opcode = as->body.size;
    if (take(as, "Label L")) {
        return take_label(as);
    }
    if (take(as, "Abort")) {
        bc_buffer_u8(&as->body, BIND_OP_ABORT);
        return true;
    }
    if (take(as, "[line ")) {
        return fail(as, "programs with debug information cannot be assembled");
    }
    if (take(as, "Jump if ")) {
        bc_buffer_u8(&as->body, 0);
        bc_buffer_u32(&as->body, 0);
        return take_comparison(as, opcode, BIND_OP_JUMP_EQUAL, BIND_OP_JUMP_NOT_EQUAL) &&
               take_target(as, opcode + 1);
    }
    if (take(as, "Jump")) {
        bc_buffer_u8(&as->body, BIND_OP_JUMP);
        bc_buffer_u32(&as->body, 0);
        return take_target(as, opcode + 1);
    }
    bc_buffer_u8(&as->body, 0);
    return take_comparison(as, opcode, BIND_OP_EQUAL, BIND_OP_NOT_EQUAL);
}

// Ends a piece of code: jumps get their offsets, an open parent its size.
static void close_code(assembler_t* as) {
    for (const pending_t* jump = as->jumps; jump != NULL; jump = jump->next) {
        const box_t* label = bc_map_get(&as->labels, label_text(as, jump->label));
        if (label == NULL || label->value < jump->end) {
            bc_error(as->diagnostics, jump->place, label == NULL ? 606 : 607, "no label L%u%s",
                     jump->label, label == NULL ? "" : " behind the jump");
            as->is_failed = true;
            continue;
        }
        bc_buffer_patch_u32(&as->body, jump->field, (uint32_t)(label->value - jump->end));
    }
    as->jumps = NULL;
    as->labels = (bc_map_t){0};
    if (as->parent_field != 0) {
        bc_buffer_patch_u32(&as->body, as->parent_field,
                            (uint32_t)(as->body.size - as->parent_start));
    }
    as->parent_field = 0;
}

static bool take_parent(assembler_t* as, bind_parent_kind_t kind) {
    uint32_t name;
    if (!as->is_composite) {
        return fail(as, "a parent, but not in a composite");
    }
    close_code(as);
    if (!take_symbol(as, &name)) {
        return false;
    }
    bc_buffer_u8(&as->body, (uint8_t)kind);
    bc_buffer_u32(&as->body, name);
    as->parent_field = as->body.size;
    bc_buffer_u32(&as->body, 0);
    as->parent_start = as->body.size;
    return true;
}

static bool take_composite(assembler_t* as) {
    uint32_t name;
    if (as->body.size != 0 || as->is_composite || !take_symbol(as, &name)) {
        return fail(as, "the composite's name comes first");
    }
    as->is_composite = true;
    bc_buffer_u32(&as->body, name);
    return true;
}

typedef enum part { PART_HEAD, PART_SYMBOLS, PART_CODE } part_t;

static bool take_line(assembler_t* as, part_t* part) {
    if (take(as, "  ")) {
        bc_text_t text;
        if (*part == PART_SYMBOLS) {
            return take(as, "\"") && take_quoted(as, &text) && add_symbol(as, text, true) != 0;
        }
        if (*part != PART_CODE || (as->is_composite && as->parent_field == 0)) {
            return fail(as, "an instruction outside of a program");
        }
        return take_instruction(as);
    }
    if (take(as, "Bytecode version: ")) {
        return take(as, "2") || fail(as, "only version 2 can be assembled");
    }
    if (take(as, "Symbols:")) {
        as->has_table = true;
        *part = PART_SYMBOLS;
        return true;
    }
    *part = PART_CODE;
    if (take(as, "Instructions:")) {
        return !as->is_composite || fail(as, "a composite has its code in parents");
    }
    if (take(as, "Composite: ")) {
        return take_composite(as);
    }
    if (take(as, "Node (primary): ")) {
        return take_parent(as, BIND_PARENT_PRIMARY);
    }
    if (take(as, "Node (optional): ")) {
        return take_parent(as, BIND_PARENT_OPTIONAL);
    }
    if (take(as, "Node: ")) {
        return take_parent(as, BIND_PARENT_ADDITIONAL);
    }
    return fail(as, "a line of a listing expected");
}

static void assemble_lines(assembler_t* as) {
    part_t part = PART_HEAD;
    while (as->line_start < as->source->size && !as->is_failed) {
        const char* start = as->source->text + as->line_start;
        const char* newline = memchr(start, '\n', as->source->size - as->line_start);
        as->at = as->line_start;
        as->line_end = newline == NULL ? as->source->size : (uint32_t)(newline - as->source->text);
        if (as->line_end > as->line_start) {
            if (!take_line(as, &part) || as->at != as->line_end) {
                fail(as, "the end of the line expected");
            }
        }
        as->line_start = as->line_end + 1;
    }
    close_code(as);
    if (part != PART_CODE) {
        fail(as, "the listing has no program");
    }
}

static void append_section(bc_buffer_t* out, uint32_t magic, const bc_buffer_t* content) {
    bc_buffer_magic(out, magic);
    bc_buffer_u32(out, (uint32_t)content->size);
    bc_buffer_append(out, content->data, content->size);
}

bool bc_assemble(bc_diagnostics_t* diagnostics, const bc_source_t* listing, bc_buffer_t* out) {
    assembler_t as = {.diagnostics = diagnostics, .source = listing, .arena = diagnostics->arena};
    const size_t start = out->size;
    assemble_lines(&as);
    if (!as.is_failed) {
        bc_buffer_magic(out, BIND_MAGIC_HEADER);
        bc_buffer_u32(out, BIND_BYTECODE_VERSION);
        bc_buffer_u8(out, 0);
        append_section(out, BIND_MAGIC_SYMBOLS, &as.symbols);
        append_section(out, as.is_composite ? BIND_MAGIC_COMPOSITE : BIND_MAGIC_INSTRUCTIONS,
                       &as.body);
        bind_program_t program;
        bind_error_t error;
        if (bind_program_read(out->data + start, out->size - start, &program, &error) != ZX_OK) {
            const bc_place_t whole = {listing, BC_NO_OFFSET, 0};
            bc_error(diagnostics, whole, error.code, "%s", error.text);
            out->size = start;
            as.is_failed = true;
        }
    }
    bc_buffer_fini(&as.symbols);
    bc_buffer_fini(&as.body);
    return !as.is_failed;
}
