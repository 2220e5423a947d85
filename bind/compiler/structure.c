// SPDX-License-Identifier: MIT
// Checks on the shape of the rules: what may stand where, and that a parent is what its rules say.
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "program.h"

static void check_place(bc_diagnostics_t* diagnostics, const bc_block_t* block,
                        const bc_statement_t* statement) {
    switch (statement->kind) {
        case BC_STATEMENT_IF:
            if (statement->next != NULL) {
                bc_error(diagnostics, statement->place, 109,
                         "an `if` must be the last statement of its block");
            }
            break;
        case BC_STATEMENT_TRUE:
            if (block->count > 1) {
                bc_error(diagnostics, statement->place, 110,
                         "`true;` must be the only statement of its block");
            }
            break;
        case BC_STATEMENT_FALSE:
            if (block->count > 1 && !statement->is_abort) {
                bc_error(diagnostics, statement->place, 111,
                         "`false;` must be the only statement of its block");
            }
            break;
        default:
            break;
    }
}

void bc_check_structure(bc_diagnostics_t* diagnostics, const bc_block_t* block) {
    for (const bc_statement_t* statement = block->first; statement != NULL;
         statement = statement->next) {
        if (!block->is_damaged) {
            check_place(diagnostics, block, statement);
        }
        if (statement->kind != BC_STATEMENT_IF) {
            continue;
        }
        for (const bc_branch_t* branch = statement->as.branch.branches; branch != NULL;
             branch = branch->next) {
            bc_check_structure(diagnostics, &branch->block);
        }
        bc_check_structure(diagnostics, &statement->as.branch.otherwise);
    }
}

typedef struct name_check {
    const bc_symbols_t* symbols;
    const bc_rules_t* rules;
    const bc_parent_t* parent;
} name_check_t;

static bool is_name_key(const name_check_t* check, bc_text_t key) {
    const bc_text_t full = bc_text("fuchsia.NAME");
    if (bc_text_equal(key, full) || bc_text_equal(key, bc_text("NAME"))) {
        return true;
    }
    const bc_symbol_t* symbol = bc_find_symbol(check->symbols, check->rules->usings, key);
    return symbol != NULL && bc_symbol_is_key(symbol) && bc_text_equal(symbol->text, full);
}

static bool is_parent_name(const name_check_t* check, const bc_value_t* value) {
    char number[24];
    bc_text_t text = value->text;
    if (value->kind == BC_LITERAL_NUMBER) {
        snprintf(number, sizeof(number), "%" PRIu64, value->number);
        text = bc_text(number);
    } else if (value->kind == BC_LITERAL_BOOL) {
        text = bc_text(value->boolean ? "true" : "false");
    } else if (value->kind == BC_LITERAL_NAME) {
        const bc_symbol_t* symbol =
            bc_find_symbol(check->symbols, check->rules->usings, value->text);
        text = symbol != NULL && symbol->kind == BC_SYMBOL_STRING ? symbol->text : value->text;
    }
    return bc_text_equal(text, check->parent->name.text);
}

static void report_name(const name_check_t* check, bc_place_t place) {
    const bc_text_t name = check->parent->name.text;
    bc_error(check->symbols->diagnostics, place, 112,
             "the parent is named \"%.*s\", so `fuchsia.NAME` cannot be anything else",
             (int)name.size, name.data);
}

static void check_name_condition(const name_check_t* check, const bc_condition_t* condition) {
    if (condition->is_equal && is_name_key(check, condition->key.text) &&
        !is_parent_name(check, &condition->value)) {
        report_name(check, condition->value.place);
    }
}

static void check_name_block(const name_check_t* check, const bc_block_t* block);

static void check_name_statement(const name_check_t* check, const bc_statement_t* statement) {
    if (statement->kind == BC_STATEMENT_CONDITION) {
        check_name_condition(check, &statement->as.condition);
    } else if (statement->kind == BC_STATEMENT_ACCEPT) {
        const bc_value_t* value = statement->as.accept.values;
        while (value != NULL && !is_parent_name(check, value)) {
            value = value->next;
        }
        if (value == NULL && is_name_key(check, statement->as.accept.key.text)) {
            report_name(check, statement->as.accept.key.place);
        }
    } else if (statement->kind == BC_STATEMENT_IF) {
        for (const bc_branch_t* branch = statement->as.branch.branches; branch != NULL;
             branch = branch->next) {
            check_name_condition(check, &branch->condition);
            check_name_block(check, &branch->block);
        }
        check_name_block(check, &statement->as.branch.otherwise);
    }
}

static void check_name_block(const name_check_t* check, const bc_block_t* block) {
    for (const bc_statement_t* statement = block->first; statement != NULL;
         statement = statement->next) {
        check_name_statement(check, statement);
    }
}

void bc_check_parent_name(const bc_symbols_t* symbols, const bc_rules_t* rules,
                          const bc_parent_t* parent) {
    const name_check_t check = {symbols, rules, parent};
    check_name_block(&check, &parent->block);
}
