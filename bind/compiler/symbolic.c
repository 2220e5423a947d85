// SPDX-License-Identifier: MIT
// The debugger's engine.
#include "symbolic.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

typedef struct engine {
    const bc_symbols_t* symbols;
    const bc_rules_t* rules;
    const bc_device_t* device;
    bc_buffer_t* out;
} engine_t;

// A value with the name it was written as, if any.
typedef struct shown {
    bc_symbol_t symbol;
    bc_text_t name;  // size 0: a literal
    bool is_known;
} shown_t;

__PRINTFLIKE(2, 3) static void print(engine_t* engine, const char* format, ...) {
    char text[256];
    if (engine->out == NULL) {
        return;
    }
    va_list args;
    va_start(args, format);
    const int size = vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    bc_buffer_append(engine->out, text, size < (int)sizeof(text) ? (size_t)size : 255);
}

static void print_text(engine_t* engine, bc_text_t text) {
    if (engine->out != NULL) {
        bc_buffer_append(engine->out, text.data, text.size);
    }
}

static void print_name(engine_t* engine, bc_text_t name) {
    print(engine, "`");
    print_text(engine, name);
    print(engine, "`");
}

static void print_literal(engine_t* engine, const bc_symbol_t* symbol) {
    switch (symbol->kind) {
        case BC_SYMBOL_STRING:
        case BC_SYMBOL_ENUM:
            print(engine, "\"");
            print_text(engine, symbol->text);
            print(engine, "\"");
            break;
        case BC_SYMBOL_BOOL:
            print(engine, symbol->number != 0 ? "true" : "false");
            break;
        default:
            print(engine, "0x%" PRIx64, symbol->number);
            break;
    }
}

static shown_t show_rule_value(const engine_t* engine, const bc_value_t* value) {
    shown_t shown = {.symbol = {.number = value->number, .text = value->text}, .is_known = true};
    switch (value->kind) {
        case BC_LITERAL_NUMBER:
            shown.symbol.kind = BC_SYMBOL_NUMBER;
            break;
        case BC_LITERAL_STRING:
            shown.symbol.kind = BC_SYMBOL_STRING;
            break;
        case BC_LITERAL_BOOL:
            shown.symbol.kind = BC_SYMBOL_BOOL;
            shown.symbol.number = value->boolean;
            break;
        case BC_LITERAL_NAME:
            shown.symbol = *bc_find_symbol(engine->symbols, engine->rules->usings, value->text);
            shown.name = value->text;
            break;
    }
    return shown;
}

static shown_t show_device_value(const bc_device_entry_t* entry) {
    shown_t shown = {.symbol = entry->value_symbol, .is_known = entry->is_value_known};
    if (entry->value.kind == BC_LITERAL_NAME) {
        shown.name = entry->value.text;
    }
    return shown;
}

static bool is_equal(const shown_t* a, const shown_t* b) {
    if (!a->is_known || !b->is_known || a->symbol.kind != b->symbol.kind) {
        return false;
    }
    if (a->symbol.kind == BC_SYMBOL_STRING || a->symbol.kind == BC_SYMBOL_ENUM) {
        return bc_text_equal(a->symbol.text, b->symbol.text);
    }
    return a->symbol.number == b->symbol.number;
}

static const bc_device_entry_t* find_entry(const engine_t* engine, bc_text_t key) {
    return bc_device_find(engine->device,
                          bc_find_symbol(engine->symbols, engine->rules->usings, key));
}

// The second line: what the device has instead.
static void print_actual(engine_t* engine, bc_text_t key, const bc_device_entry_t* entry) {
    if (entry == NULL) {
        print(engine, "\tDevice had no value for ");
        print_name(engine, key);
        print(engine, ".\n");
        return;
    }
    const shown_t shown = show_device_value(entry);
    print(engine, "\tActual value of ");
    print_name(engine, key);
    print(engine, " was ");
    if (shown.name.size != 0) {
        print_name(engine, shown.name);
    }
    if (shown.is_known) {
        print(engine, shown.name.size != 0 ? " [" : "literal ");
        print_literal(engine, &shown.symbol);
        print(engine, shown.name.size != 0 ? "]" : "");
    }
    print(engine, ".\n");
}

static uint32_t line_at(bc_place_t place) {
    return bc_place_position(place).line;
}

static bool evaluate(const engine_t* engine, const bc_condition_t* condition,
                     const bc_device_entry_t** out_entry) {
    *out_entry = find_entry(engine, condition->key.text);
    bool equal = false;
    if (*out_entry != NULL) {
        const shown_t wanted = show_rule_value(engine, &condition->value);
        const shown_t actual = show_device_value(*out_entry);
        equal = is_equal(&wanted, &actual);
    }
    return equal == condition->is_equal;
}

// The reason for an outcome that goes against what was asked: nothing for a successful `==` or a
// failed `!=`, where value and outcome are plain.
static void print_reason(engine_t* engine, const bc_condition_t* condition, bool holds,
                         const bc_device_entry_t* entry) {
    if (condition->is_equal != holds) {
        print_actual(engine, condition->key.text, entry);
    }
}

static bool run_condition(engine_t* engine, const bc_statement_t* statement) {
    const bc_condition_t* condition = &statement->as.condition;
    const bc_device_entry_t* entry;
    const bool holds = evaluate(engine, condition, &entry);
    print(engine, "Line %u: Condition statement %s: ", line_at(statement->place),
          holds ? "succeeded" : "failed");
    print_text(engine, (bc_text_t){statement->place.source->text + statement->place.offset,
                                   statement->place.size});
    print(engine, "\n");
    print_reason(engine, condition, holds, entry);
    return holds;
}

static void print_accepted(engine_t* engine, bc_text_t key, const shown_t* wanted,
                           const shown_t* actual) {
    print(engine, "\tValue of ");
    print_name(engine, key);
    print(engine, " was ");
    const bool has_name = wanted->name.size != 0 || actual->name.size != 0;
    if (has_name) {
        print_name(engine, wanted->name.size != 0 ? wanted->name : actual->name);
    }
    if (wanted->name.size != 0 && actual->name.size != 0 &&
        !bc_text_equal(wanted->name, actual->name)) {
        print(engine, " (");
        print_name(engine, actual->name);
        print(engine, ")");
    }
    print(engine, has_name ? " [" : "");
    print_literal(engine, &actual->symbol);
    print(engine, has_name ? "].\n" : ".\n");
}

static bool run_accept(engine_t* engine, const bc_statement_t* statement) {
    const bc_text_t key = statement->as.accept.key.text;
    const bc_device_entry_t* entry = find_entry(engine, key);
    const uint32_t line = line_at(statement->place);
    for (const bc_value_t* value = statement->as.accept.values; entry != NULL && value != NULL;
         value = value->next) {
        const shown_t wanted = show_rule_value(engine, value);
        const shown_t actual = show_device_value(entry);
        if (is_equal(&wanted, &actual)) {
            print(engine, "Line %u: Accept statement succeeded.\n", line);
            print_accepted(engine, key, &wanted, &actual);
            return true;
        }
    }
    print(engine, "Line %u: Accept statement failed.\n", line);
    print_actual(engine, key, entry);
    return false;
}

static bool run_block(engine_t* engine, const bc_block_t* block);

static bool run_if(engine_t* engine, const bc_statement_t* statement) {
    for (const bc_branch_t* branch = statement->as.branch.branches; branch != NULL;
         branch = branch->next) {
        const bc_condition_t* condition = &branch->condition;
        const bc_place_t from = condition->key.place;
        const bc_place_t to = condition->value.place;
        const bc_device_entry_t* entry;
        const bool holds = evaluate(engine, condition, &entry);
        print(engine, "Line %u: If statement condition %s: ", line_at(from),
              holds ? "succeeded" : "failed");
        print_text(engine,
                   (bc_text_t){from.source->text + from.offset, to.offset + to.size - from.offset});
        print(engine, "\n");
        print_reason(engine, condition, holds, entry);
        if (holds) {
            return run_block(engine, &branch->block);
        }
    }
    return run_block(engine, &statement->as.branch.otherwise);
}

static bool run_statement(engine_t* engine, const bc_statement_t* statement) {
    switch (statement->kind) {
        case BC_STATEMENT_CONDITION:
            return run_condition(engine, statement);
        case BC_STATEMENT_ACCEPT:
            return run_accept(engine, statement);
        case BC_STATEMENT_IF:
            return run_if(engine, statement);
        case BC_STATEMENT_FALSE:
            print(engine, "Line %u: Abort statement reached.\n", line_at(statement->place));
            return false;
        case BC_STATEMENT_TRUE:
            break;
    }
    return true;
}

static bool run_block(engine_t* engine, const bc_block_t* block) {
    for (const bc_statement_t* statement = block->first; statement != NULL;
         statement = statement->next) {
        if (!run_statement(engine, statement)) {
            return false;
        }
    }
    return true;
}

bool bc_symbolic_run(const bc_symbols_t* symbols, const bc_rules_t* rules, const bc_block_t* block,
                     const bc_device_t* device, bc_buffer_t* out) {
    engine_t engine = {symbols, rules, device, out};
    return run_block(&engine, block);
}
