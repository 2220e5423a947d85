// SPDX-License-Identifier: MIT
// The checker: resolves the names of the rules, checks types, and translates statements to symbolic
// instructions.
#include <inttypes.h>
#include <string.h>

#include <bind/match.h>
#include <bind/program.h>

#include "program.h"

typedef struct checker {
    bc_symbols_t* symbols;
    bc_using_t* usings;
    bc_map_t missing;  // libraries that `using` lines ask for in vain, and their aliases
    bc_map_t used;     // libraries and aliases that names begin with
    const bc_options_t* options;
    bool can_resolve;
    bc_code_t* code;
} checker_t;

static void add_instruction(checker_t* checker, bc_instruction_t instruction) {
    bc_code_t* code = checker->code;
    if (code->count == code->capacity) {
        const size_t capacity = code->capacity == 0 ? 16 : code->capacity * 2;
        bc_instruction_t* items =
            bc_arena_alloc(checker->symbols->arena, capacity * sizeof(bc_instruction_t));
        if (code->count > 0) {
            memcpy(items, code->items, code->count * sizeof(bc_instruction_t));
        }
        code->items = items;
        code->capacity = capacity;
    }
    code->items[code->count++] = instruction;
}

// Points out why a name may be undefined: its library is not among those given.
static void note_undefined(checker_t* checker, bc_diagnostic_t* diagnostic, bc_text_t name) {
    bc_text_t prefix = name;
    bc_text_t last;
    const bc_symbol_t* hidden = bc_map_get(&checker->symbols->names, name);
    if (hidden != NULL && hidden->library != NULL) {
        const bc_text_t library = hidden->library->name.text;
        bc_note(checker->symbols->diagnostics, diagnostic, "it needs the line `using %.*s;`",
                (int)library.size, library.data);
        return;
    }
    do {
        bc_split_name(prefix, &prefix, &last);
        if (prefix.size > BIND_MAX_STRING) {
            continue;  // no library is meant by so much
        }
        const bc_library_t* library = bc_map_get(&checker->symbols->libraries_by_name, prefix);
        if (prefix.size != 0 && library != NULL) {
            bc_note(checker->symbols->diagnostics, diagnostic, "library `%.*s` is %s",
                    (int)prefix.size, prefix.data, library->source->path);
            return;
        }
    } while (prefix.size != 0);
    if (memchr(name.data, '.', name.size) == NULL) {
        bc_note(checker->symbols->diagnostics, diagnostic,
                "a key is written with its library in front, as in `fuchsia.BIND_PROTOCOL`");
    }
}

static void note_missing(checker_t* checker) {
    for (bc_using_t* using = checker->usings; using != NULL; using = using->next) {
        const bc_text_t names[] = {using->library.text, using->alias.text};
        if (bc_map_get(&checker->symbols->libraries_by_name, names[0]) != NULL) {
            continue;
        }
        for (size_t i = 0; i < 2; i++) {
            if (names[i].size != 0) {
                bc_map_put(&checker->missing, checker->symbols->arena, names[i], using);
            }
        }
    }
}

// Whether a name belongs to a library that a `using` line asks for in vain, which was reported
// already.
static bool is_of_missing_library(const checker_t* checker, bc_text_t name) {
    bc_text_t last;
    do {
        bc_split_name(name, &name, &last);
        if (name.size <= BIND_MAX_STRING && bc_map_get(&checker->missing, name) != NULL) {
            return true;
        }
    } while (name.size != 0);
    return false;
}

static void hint_undefined(checker_t* checker, bc_diagnostic_t* diagnostic, bc_text_t name) {
    const bc_text_t like = bc_suggest_name(checker->symbols, checker->usings, name);
    if (like.size != 0) {
        bc_suggest(checker->symbols->diagnostics, diagnostic, like);
    }
}

static void note_used(checker_t* checker, bc_text_t name, const bc_symbol_t* symbol) {
    bc_text_t owner;
    bc_text_t last;
    bc_split_name(name, &owner, &last);
    if (symbol->kind != BC_SYMBOL_INT_KEY && symbol->library != NULL) {
        owner = symbol->library->name.text;
    }
    if (bc_map_get(&checker->used, owner) == NULL) {
        bc_map_put(&checker->used, checker->symbols->arena, owner, checker);
    }
}

static void mark_used(const checker_t* checker) {
    for (bc_using_t* using = checker->usings; using != NULL; using = using->next) {
        using->is_used = bc_map_get(&checker->used, using->library.text) != NULL ||
                         bc_map_get(&checker->used, using->alias.text) != NULL;
    }
}

static bool resolve(checker_t* checker, bc_text_t name, bc_place_t place, bc_symbol_t* out) {
    if (!checker->can_resolve) {
        return false;
    }
    const bc_symbol_t* symbol = bc_find_symbol(checker->symbols, checker->usings, name);
    if (symbol == NULL && is_of_missing_library(checker, name)) {
        return false;
    }
    if (symbol == NULL) {
        bc_diagnostic_t* diagnostic = bc_error(checker->symbols->diagnostics, place, 108,
                                               "`%.*s` is not defined", (int)name.size, name.data);
        hint_undefined(checker, diagnostic, name);
        note_undefined(checker, diagnostic, name);
        return false;
    }
    note_used(checker, name, symbol);
    *out = *symbol;
    return true;
}

static bool resolve_key(checker_t* checker, const bc_name_t* key, bc_symbol_t* out) {
    if (!resolve(checker, key->text, key->place, out)) {
        return false;
    }
    if (!bc_symbol_is_key(out)) {
        bc_error(checker->symbols->diagnostics, key->place, 604, "`%.*s` is a value, not a key",
                 (int)key->text.size, key->text.data);
        return false;
    }
    return true;
}

static bool resolve_value(checker_t* checker, const bc_value_t* value, bc_symbol_t* out) {
    *out = (bc_symbol_t){.place = value->place, .text = value->text, .number = value->number};
    switch (value->kind) {
        case BC_LITERAL_NUMBER:
            out->kind = BC_SYMBOL_NUMBER;
            break;
        case BC_LITERAL_STRING:
            out->kind = BC_SYMBOL_STRING;
            break;
        case BC_LITERAL_BOOL:
            out->kind = BC_SYMBOL_BOOL;
            out->number = value->boolean;
            break;
        default:
            if (!resolve(checker, value->text, value->place, out)) {
                return false;
            }
            break;
    }
    if (bc_symbol_is_key(out)) {
        bc_error(checker->symbols->diagnostics, value->place, 604, "`%.*s` is a key, not a value",
                 (int)value->text.size, value->text.data);
        return false;
    }
    if (out->kind == BC_SYMBOL_NUMBER && out->number > UINT32_MAX &&
        !checker->options->truncate_numbers) {
        bc_error(checker->symbols->diagnostics, value->place, 602,
                 "the number 0x%" PRIx64 " does not fit in 32 bits", out->number);
        return false;
    }
    return true;
}

static bc_type_t value_type(bc_symbol_kind_t kind) {
    switch (kind) {
        case BC_SYMBOL_NUMBER:
            return BC_TYPE_UINT;
        case BC_SYMBOL_STRING:
            return BC_TYPE_STRING;
        case BC_SYMBOL_BOOL:
            return BC_TYPE_BOOL;
        default:
            return BC_TYPE_ENUM;
    }
}

// Legacy keys have no type, but a library may say which kind of value they have.
static void warn_kind(checker_t* checker, const bc_name_t* name, const bc_symbol_t* key,
                      bc_type_t type, bc_place_t place) {
    if (key->library != NULL && key->type != type && !checker->options->no_warnings) {
        bc_warning(checker->symbols->diagnostics, place, BC_WARNING_KIND,
                   "`%.*s` is declared as %s; comparing it with a value of type %s fails",
                   (int)name->text.size, name->text.data, bc_type_name(key->type),
                   bc_type_name(type));
    }
}

// Strings and enums may be compared with each other.
static bool check_types(checker_t* checker, const bc_name_t* name, const bc_symbol_t* key,
                        const bc_symbol_t* value, bc_place_t place) {
    const bc_type_t type = value_type(value->kind);
    if (key->kind == BC_SYMBOL_INT_KEY) {
        warn_kind(checker, name, key, type, place);
        return true;
    }
    const bool key_is_text = key->type == BC_TYPE_STRING || key->type == BC_TYPE_ENUM;
    const bool value_is_text = type == BC_TYPE_STRING || type == BC_TYPE_ENUM;
    if (key->type == type || (key_is_text && value_is_text)) {
        return true;
    }
    bc_error(checker->symbols->diagnostics, place, 603,
             "`%.*s` is of type %s, this value of type %s", (int)name->text.size, name->text.data,
             bc_type_name(key->type), bc_type_name(type));
    return false;
}

// What goes into the symbol table has a limit.
static bool check_length(checker_t* checker, bc_text_t text, bc_place_t place) {
    if (text.size <= BIND_MAX_STRING) {
        return true;
    }
    bc_error(checker->symbols->diagnostics, place, 600, "a text of %u bytes; the limit is %u",
             text.size, BIND_MAX_STRING);
    return false;
}

// The texts an instruction takes along.
static bool check_lengths(checker_t* checker, const bc_name_t* name, const bc_symbol_t* key,
                          const bc_symbol_t* value, bc_place_t place) {
    bool is_short = true;
    if (key->kind == BC_SYMBOL_STR_KEY) {
        is_short = check_length(checker, key->text, name->place);
    }
    if (value->kind == BC_SYMBOL_STRING || value->kind == BC_SYMBOL_ENUM) {
        is_short = check_length(checker, value->text, place) && is_short;
    }
    return is_short;
}

// `base` is the instruction without its operands.
static void add_comparison(checker_t* checker, bc_instruction_t base, const bc_name_t* name,
                           const bc_symbol_t* key, const bc_value_t* value) {
    bc_symbol_t symbol;
    const bool has_value = resolve_value(checker, value, &symbol);
    if (key == NULL || !has_value || !check_types(checker, name, key, &symbol, value->place) ||
        !check_lengths(checker, name, key, &symbol, value->place)) {
        return;
    }
    base.key = *key;
    base.value = symbol;
    add_instruction(checker, base);
}

static void add_condition(checker_t* checker, const bc_condition_t* condition,
                          bc_instruction_t base) {
    bc_symbol_t key;
    const bool has_key = resolve_key(checker, &condition->key, &key);
    add_comparison(checker, base, &condition->key, has_key ? &key : NULL, &condition->value);
}

static void add_plain(checker_t* checker, bc_operation_t operation, uint32_t label) {
    add_instruction(checker, (bc_instruction_t){.operation = operation, .label = label});
}

static void check_accept(checker_t* checker, const bc_statement_t* statement) {
    const uint32_t label = checker->code->label_count++;
    const bc_name_t* name = &statement->as.accept.key;
    bc_symbol_t key;
    const bool has_key = resolve_key(checker, name, &key);
    for (const bc_value_t* value = statement->as.accept.values; value != NULL;
         value = value->next) {
        add_comparison(checker,
                       (bc_instruction_t){.operation = BC_JUMP_IF_EQUAL,
                                          .label = label,
                                          .location = BC_LOCATION_ACCEPT_VALUE,
                                          .place = value->place,
                                          .statement = statement->place.offset},
                       name, has_key ? &key : NULL, value);
    }
    bc_instruction_t failure = {.operation = BC_ABORT,
                                .location = BC_LOCATION_ACCEPT_FAILURE,
                                .place = statement->place,
                                .statement = statement->place.offset};
    if (has_key) {
        failure.key = key;
    }
    add_instruction(checker, failure);
    add_plain(checker, BC_LABEL, label);
}

static void check_block(checker_t* checker, const bc_block_t* block);

static void check_if(checker_t* checker, const bc_statement_t* statement) {
    const uint32_t end = checker->code->label_count++;
    for (const bc_branch_t* branch = statement->as.branch.branches; branch != NULL;
         branch = branch->next) {
        const uint32_t next = checker->code->label_count++;
        const bc_operation_t operation =
            branch->condition.is_equal ? BC_JUMP_IF_NOT_EQUAL : BC_JUMP_IF_EQUAL;
        const bc_place_t from = branch->condition.key.place;
        const bc_place_t to = branch->condition.value.place;
        add_condition(checker, &branch->condition,
                      (bc_instruction_t){
                          .operation = operation,
                          .label = next,
                          .location = BC_LOCATION_IF,
                          .place = {from.source, from.offset, to.offset + to.size - from.offset},
                          .statement = from.offset});
        check_block(checker, &branch->block);
        add_plain(checker, BC_JUMP, end);
        add_plain(checker, BC_LABEL, next);
    }
    check_block(checker, &statement->as.branch.otherwise);
    add_plain(checker, BC_LABEL, end);
}

static void check_statement(checker_t* checker, const bc_statement_t* statement) {
    switch (statement->kind) {
        case BC_STATEMENT_CONDITION: {
            const bc_condition_t* condition = &statement->as.condition;
            add_condition(
                checker, condition,
                (bc_instruction_t){
                    .operation = condition->is_equal ? BC_ABORT_IF_NOT_EQUAL : BC_ABORT_IF_EQUAL,
                    .location = BC_LOCATION_CONDITION,
                    .place = statement->place,
                    .statement = statement->place.offset});
            break;
        }
        case BC_STATEMENT_ACCEPT:
            check_accept(checker, statement);
            break;
        case BC_STATEMENT_IF:
            check_if(checker, statement);
            break;
        case BC_STATEMENT_FALSE:
            add_instruction(checker, (bc_instruction_t){.operation = BC_ABORT,
                                                        .location = BC_LOCATION_FALSE,
                                                        .place = statement->place,
                                                        .statement = statement->place.offset});
            break;
        case BC_STATEMENT_TRUE:
            break;
    }
}

static void check_block(checker_t* checker, const bc_block_t* block) {
    for (const bc_statement_t* statement = block->first; statement != NULL;
         statement = statement->next) {
        check_statement(checker, statement);
    }
}

// Makes the program match only what is bound by hand, where BIND_AUTOBIND is 0.
static void add_autobind_abort(checker_t* checker) {
    add_instruction(
        checker, (bc_instruction_t){.operation = BC_ABORT_IF_NOT_EQUAL,
                                    .key = {.kind = BC_SYMBOL_INT_KEY, .number = BIND_KEY_AUTOBIND},
                                    .value = {.kind = BC_SYMBOL_NUMBER}});
}

static void check_parents(checker_t* checker, const bc_rules_t* rules, bc_program_t* out) {
    bc_arena_t* arena = checker->symbols->arena;
    for (const bc_parent_t* parent = rules->parents; parent != NULL; parent = parent->next) {
        out->parent_count++;
    }
    out->parents = bc_arena_alloc(arena, out->parent_count * sizeof(bc_compiled_parent_t));
    bc_compiled_parent_t* compiled = out->parents;
    check_length(checker, rules->composite_name.text, rules->composite_name.place);
    for (const bc_parent_t* parent = rules->parents; parent != NULL; parent = parent->next) {
        compiled->parent = parent;
        checker->code = &compiled->code;
        check_length(checker, parent->name.text, parent->name.place);
        if (checker->can_resolve) {
            bc_check_parent_name(checker->symbols, rules, parent);
        }
        bc_check_structure(checker->symbols->diagnostics, &parent->block);
        check_block(checker, &parent->block);
        compiled++;
    }
}

void bc_check_rules(bc_symbols_t* symbols, const bc_rules_t* rules, const bc_options_t* options,
                    bool can_resolve, bc_program_t* out) {
    *out = (bc_program_t){0};
    checker_t checker = {
        .symbols = symbols, .options = options, .can_resolve = can_resolve, .code = &out->code};
    if (options->disable_autobind && (rules == NULL || !rules->is_composite)) {
        add_autobind_abort(&checker);
    }
    if (rules == NULL) {
        return;
    }
    checker.usings = rules->usings;
    note_missing(&checker);
    if (rules->is_composite) {
        out->is_composite = true;
        out->composite_name = rules->composite_name.text;
        check_parents(&checker, rules, out);
    } else {
        bc_check_structure(symbols->diagnostics, &rules->block);
        check_block(&checker, &rules->block);
    }
    mark_used(&checker);
}
