// SPDX-License-Identifier: MIT
// For programs with very many ways: follows all of them at once with the value of one single key in
// mind. The work is instructions times values of the key, however the ways branch.
#include <stdlib.h>
#include <string.h>

#include <zircon/errors.h>

#include "analyze_flow.h"

#define MAX_KEYS   16u
#define MAX_VALUES 1023u
#define MAX_BYTES  (16u << 20)

// State 0: nothing is known of the key; state i: it is equal to values[i - 1]. A row of bits tells
// which states are possible before an instruction; the last row is the match.
typedef struct table {
    bind_code_t code;
    uint32_t* offsets;  // owned: of each instruction, ascending
    size_t count;
    bind_path_key_t keys[MAX_KEYS];
    size_t key_count;
    bind_path_value_t values[MAX_VALUES];
    size_t value_count;
    uint64_t* rows;  // owned
    size_t words;    // of one row
} table_t;

static zx_status_t list_instructions(table_t* table) {
    const bind_code_t* code = &table->code;
    // The shortest instruction is a byte; with debug information a word more.
    table->offsets = malloc(((size_t)code->size + 1) * sizeof(uint32_t));
    if (table->offsets == NULL) {
        return ZX_ERR_NO_MEMORY;
    }
    for (uint32_t at = 0; at < code->size;) {
        bind_instruction_t instruction;
        const zx_status_t status =
            bind_instruction_decode(code->program, code->bytes, code->size, at, &instruction, NULL);
        if (status != ZX_OK) {
            return status;
        }
        table->offsets[table->count++] = at;
        at = instruction.next;
    }
    return ZX_OK;
}

static void list_keys(table_t* table) {
    for (size_t i = 0; i < table->count; i++) {
        bind_flow_t step;
        bind_flow_decode(&table->code, table->offsets[i], &step);
        bool is_new = step.kind == BIND_FLOW_BRANCH && table->key_count < MAX_KEYS;
        for (size_t k = 0; k < table->key_count && is_new; k++) {
            is_new = !bind_path_key_equal(&table->keys[k], &step.key);
        }
        if (is_new) {
            table->keys[table->key_count++] = step.key;
        }
    }
}

// The state of a value, or 0 if it is none of the list.
static size_t state_of(const table_t* table, const bind_path_value_t* value) {
    for (size_t i = 0; i < table->value_count; i++) {
        if (bind_path_value_equal(&table->values[i], value)) {
            return i + 1;
        }
    }
    return 0;
}

static bool list_values(table_t* table, const bind_path_key_t* key) {
    table->value_count = 0;
    for (size_t i = 0; i < table->count; i++) {
        bind_flow_t step;
        bind_flow_decode(&table->code, table->offsets[i], &step);
        if (step.kind != BIND_FLOW_BRANCH || step.value.type == BIND_VALUE_KEY ||
            !bind_path_key_equal(&step.key, key) || state_of(table, &step.value) != 0) {
            continue;
        }
        if (table->value_count == MAX_VALUES) {
            return false;
        }
        table->values[table->value_count++] = step.value;
    }
    return table->value_count > 0;
}

static uint64_t* row_at(table_t* table, uint32_t offset) {
    size_t low = 0;
    size_t high = table->count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (table->offsets[middle] < offset) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return &table->rows[low * table->words];
}

static void add_row(table_t* table, uint32_t offset, const uint64_t* row) {
    if (offset == BIND_NOWHERE) {
        return;
    }
    uint64_t* target = row_at(table, offset);
    for (size_t i = 0; i < table->words; i++) {
        target[i] |= row[i];
    }
}

static bool has_state(const uint64_t* row, size_t state) {
    return (row[state / 64] >> (state % 64) & 1) != 0;
}

static void run_key_branch(table_t* table, const bind_flow_t* step, uint64_t* row) {
    const size_t state = state_of(table, &step->value);
    if (step->if_equal != BIND_NOWHERE && (has_state(row, 0) || has_state(row, state))) {
        row_at(table, step->if_equal)[state / 64] |= 1ull << (state % 64);
    }
    // This row is done with, so it may lose the state that cannot go on.
    if (state != 0) {
        row[state / 64] &= ~(1ull << (state % 64));
    }
    add_row(table, step->if_other, row);
}

// Fills the rows for one key. False: the key cannot be used.
static bool run_key(table_t* table, const bind_path_key_t* key) {
    table->words = table->value_count / 64 + 1;
    const size_t bytes = (table->count + 1) * table->words * sizeof(uint64_t);
    if (bytes > MAX_BYTES) {
        return false;
    }
    free(table->rows);
    table->rows = calloc(1, bytes);
    if (table->rows == NULL) {
        return false;
    }
    table->rows[0] = 1;
    for (size_t i = 0; i < table->count; i++) {
        bind_flow_t step;
        uint64_t* row = &table->rows[i * table->words];
        bind_flow_decode(&table->code, table->offsets[i], &step);
        if (step.kind == BIND_FLOW_GO) {
            add_row(table, step.next, row);
        } else if (step.kind == BIND_FLOW_BRANCH && bind_path_key_equal(&step.key, key)) {
            run_key_branch(table, &step, row);
        } else if (step.kind == BIND_FLOW_BRANCH) {
            add_row(table, step.if_equal, row);
            add_row(table, step.if_other, row);
        }
    }
    return !has_state(&table->rows[table->count * table->words], 0);
}

static size_t count_states(const table_t* table) {
    size_t count = 0;
    for (size_t i = 0; i < table->words; i++) {
        uint64_t bits = table->rows[table->count * table->words + i];
        for (; bits != 0; bits &= bits - 1) {
            count++;
        }
    }
    return count;
}

static zx_status_t visit_states(table_t* table, const bind_path_key_t* key, bind_path_cb visit,
                                void* ctx) {
    const uint64_t* row = &table->rows[table->count * table->words];
    zx_status_t status = ZX_OK;
    for (size_t state = 1; state <= table->value_count && status == ZX_OK; state++) {
        if (has_state(row, state)) {
            bind_path_t path = {.equal_count = 1};
            path.equals[0] = (bind_path_equal_t){*key, table->values[state - 1]};
            status = visit(ctx, &path);
        }
    }
    return status;
}

// The usable key with the most values tells devices apart best.
static zx_status_t choose_key(table_t* table, bind_path_cb visit, void* ctx, bool* out_complete) {
    size_t best = MAX_KEYS;
    size_t best_count = 0;
    for (size_t k = 0; k < table->key_count; k++) {
        if (list_values(table, &table->keys[k]) && run_key(table, &table->keys[k]) &&
            (best == MAX_KEYS || count_states(table) > best_count)) {
            best = k;
            best_count = count_states(table);
        }
    }
    if (best == MAX_KEYS || !list_values(table, &table->keys[best]) ||
        !run_key(table, &table->keys[best])) {
        return ZX_OK;
    }
    *out_complete = true;
    return visit_states(table, &table->keys[best], visit, ctx);
}

zx_status_t bind_analyze_key(const bind_program_t* program, const bind_parent_t* parent,
                             bind_path_cb visit, void* ctx, bool* out_complete) {
    *out_complete = false;
    table_t* table = calloc(1, sizeof(*table));
    if (table == NULL) {
        return ZX_ERR_NO_MEMORY;
    }
    table->code = bind_code_of(program, parent);
    zx_status_t status = list_instructions(table);
    if (status == ZX_OK) {
        list_keys(table);
        status = choose_key(table, visit, ctx, out_complete);
    }
    free(table->rows);
    free(table->offsets);
    free(table);
    return status;
}
