// SPDX-License-Identifier: MIT
// All engines on the same random programs and devices: the matcher on version 2, version 1 words,
// the debugger, explain and the index. Ordinary programs and parents of composites; keys as numbers
// and by their names; properties that are absent, and of another kind than the rules compare with.
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bind/composite.h>
#include <bind/index.h>
#include <bind/legacy_keys.h>
#include <zircon/errors.h>

#include "bytecode.h"
#include "random_rules.h"
#include "symbolic.h"

#define RULES_COUNT  160u
#define MAX_UNITS    (4 * RULES_COUNT)
#define DEVICE_COUNT 120u

// One thing that a device matches or not: an ordinary program or a parent of a composite.
typedef struct unit {
    compiled_t* v2;
    compiled_t* v1;  // null: version 1 cannot say it
    const bind_program_t* program;
    bind_parent_t parent;
    bool is_parent;
    const bc_block_t* block;
    const bc_code_t* code;
    uint32_t id;  // in the index
} unit_t;

typedef struct engines {
    compiled_t v2[RULES_COUNT];
    compiled_t v1[RULES_COUNT];
    bind_program_t programs[RULES_COUNT];
    unit_t units[MAX_UNITS];
    size_t unit_count;
    bind_index_t* index;
    // How often what was compared: the test is worth something only if all of it is common.
    size_t matches, misses, errors, parent_matches, words, symbolic;
} engines_t;

// ------------------------------------------------------------------------------------- programs

static void add_unit(engines_t* engines, unit_t unit) {
    cr_assert_lt(engines->unit_count, MAX_UNITS);
    unit_t* added = &engines->units[engines->unit_count++];
    *added = unit;
    const bind_index_entry_t entry = {.program = unit.program,
                                      .parent = unit.is_parent ? &added->parent : NULL,
                                      .context = added};
    cr_assert_eq(bind_index_add(engines->index, &entry, &added->id), ZX_OK);
}

static void add_parents(engines_t* engines, unit_t unit) {
    const bc_program_t* compiled = &unit.v2->compiler.program;
    unit.is_parent = true;
    for (size_t i = 0; bind_program_parent(unit.program, i, &unit.parent) == ZX_OK; i++) {
        for (size_t k = 0; k < compiled->parent_count; k++) {
            const bc_compiled_parent_t* parent = &compiled->parents[k];
            if (bc_text_equal(parent->parent->name.text, bc_text(unit.parent.name))) {
                unit.block = &parent->parent->block;
                unit.code = &parent->code;
            }
        }
        add_unit(engines, unit);
    }
}

// Every third is a composite, every third within what version 1 has.
static void add_rules(engines_t* engines, size_t i) {
    unit_t unit = {.v2 = &engines->v2[i], .program = &engines->programs[i]};
    const unsigned key_count = i % 3 == 1 ? RANDOM_V1_KEYS : RANDOM_KEYS;
    char* rules = i % 3 == 0 ? random_composite(key_count) : random_rules(key_count, false, NULL);
    random_compile(rules, BC_FORMAT_V2, unit.v2);
    cr_assert_eq(
        bind_program_read(unit.v2->bytes.data, unit.v2->bytes.size, &engines->programs[i], NULL),
        ZX_OK);
    if (i % 3 == 0) {
        add_parents(engines, unit);
    } else {
        if (i % 3 == 1) {
            unit.v1 = &engines->v1[i];
            random_compile(rules, BC_FORMAT_V1, unit.v1);
        }
        unit.block = &unit.v2->compiler.rules->block;
        unit.code = &unit.v2->compiler.program.code;
        add_unit(engines, unit);
    }
    free(rules);
}

// -------------------------------------------------------------------------------------- devices

// A device as its text says it, and as other buses and programs could publish the same: numbers by
// their names, enums as strings. `clashes`: some properties are of another kind.
typedef struct shown {
    bind_property_t props[2 * RANDOM_KEYS];
    size_t count;
    bool clashes;
} shown_t;

static void show(const bind_property_t* props, size_t count, bool may_clash, shown_t* out) {
    *out = (shown_t){.count = count};
    for (size_t i = 0; i < count; i++) {
        bind_property_t* prop = &out->props[i];
        *prop = props[i];
        if (prop->key == NULL && random_below(3) == 0) {
            prop->key = bind_legacy_key_name(prop->id);
        }
        if (prop->type == BIND_VALUE_ENUM && random_below(2) == 0) {
            prop->type = BIND_VALUE_STRING;
        }
        if (may_clash && random_below(6) == 0) {
            prop->type = prop->type == BIND_VALUE_BOOL ? BIND_VALUE_NUMBER : BIND_VALUE_BOOL;
            out->clashes = true;
        }
    }
}

static bool explains_match(const unit_t* unit, const bc_code_t* origin, const shown_t* device) {
    bc_buffer_t text = {0};
    const bind_program_t* program = unit->program;
    const uint8_t* code = unit->is_parent ? unit->parent.code : program->body;
    const uint32_t size = unit->is_parent ? unit->parent.code_size : program->body_size;
    const bool is_match =
        bc_explain(program, code, size, origin, device->props, device->count, &text);
    bc_buffer_u8(&text, 0);
    cr_assert_not_null(strstr((const char*)text.data, is_match ? "The program matches the device.\n"
                                                               : "The program does not match the "
                                                                 "device.\n"));
    bc_buffer_fini(&text);
    return is_match;
}

// Returns what the matcher says, after all others have said the same.
static bool check_unit(engines_t* engines, const unit_t* unit, const char* text, bool has_all,
                       const shown_t* device, uint32_t* out_specificity) {
    bool is_match;
    const zx_status_t status =
        bind_program_match_etc(unit->program, unit->is_parent ? &unit->parent : NULL, device->props,
                               device->count, &is_match, out_specificity, NULL);
    cr_assert(status == ZX_OK || (status == ZX_ERR_WRONG_TYPE && device->clashes && !is_match));
    cr_assert_eq(explains_match(unit, unit->code, device), is_match, "%s", text);
    cr_assert_eq(explains_match(unit, NULL, device), is_match, "%s", text);
    engines->errors += status != ZX_OK;
    engines->matches += is_match;
    engines->misses += !is_match;
    engines->parent_matches += is_match && unit->is_parent;
    // The debugger takes another kind for another value, and version 1 has numbers only.
    if (device->clashes) {
        return is_match;
    }
    bc_device_t own;
    size_t count;
    const bind_property_t* props = random_read_device(unit->v2, text, &own, &count);
    cr_assert_eq(bc_symbolic_run(&unit->v2->compiler.symbols, unit->v2->compiler.rules, unit->block,
                                 &own, NULL),
                 is_match, "%s", text);
    engines->symbolic++;
    if (unit->v1 != NULL && has_all) {
        cr_assert_eq(random_run_words(&unit->v1->bytes, props, count), is_match, "%s", text);
        engines->words++;
    }
    return is_match;
}

// Takes what was found out of `is_match`, so that finding it twice is noticed.
static void check_index(engines_t* engines, const shown_t* device, bool* is_match,
                        const uint32_t* specificities) {
    static bind_index_hit_t hits[MAX_UNITS];
    size_t found = 0;
    size_t expected = 0;
    cr_assert_eq(
        bind_index_find(engines->index, device->props, device->count, hits, MAX_UNITS, &found),
        ZX_OK);
    for (size_t i = 0; i < engines->unit_count; i++) {
        expected += is_match[i];
    }
    cr_assert_eq(found, expected);
    for (size_t i = 0; i < found; i++) {
        const size_t unit = (size_t)((const unit_t*)hits[i].context - engines->units);
        cr_assert(is_match[unit]);
        cr_assert_eq(hits[i].id, engines->units[unit].id);
        cr_assert_eq(hits[i].specificity, specificities[unit]);
        is_match[unit] = false;
    }
}

// Of a composite the first that matches of its primary and additional parents, in that order.
static void check_node(const engines_t* engines, const shown_t* device, const bool* is_match) {
    for (size_t i = 0; i < engines->unit_count;) {
        const bind_program_t* program = engines->units[i].program;
        size_t wanted = SIZE_MAX;
        size_t place = 0;
        const bool is_composite = engines->units[i].is_parent;
        for (; i < engines->unit_count && engines->units[i].program == program; i++) {
            if (engines->units[i].parent.kind == BIND_PARENT_OPTIONAL) {
                continue;
            }
            wanted = is_match[i] && wanted == SIZE_MAX ? place : wanted;
            place++;
        }
        size_t found = SIZE_MAX;
        if (is_composite && bind_composite_find_node(program, device->props, device->count, &found,
                                                     NULL) != ZX_OK) {
            found = SIZE_MAX;
        }
        cr_assert(!is_composite || found == wanted);
    }
}

static void check_device(engines_t* engines, unsigned number) {
    static bool is_match[MAX_UNITS];
    static uint32_t specificities[MAX_UNITS];
    bc_device_t device;
    size_t count;
    shown_t shown;
    const bool has_all = number % 2 == 0;
    char* text = random_device(RANDOM_KEYS, has_all);
    const bind_property_t* props = random_read_device(&engines->v2[0], text, &device, &count);
    show(props, count, number % 3 == 0, &shown);
    for (size_t i = 0; i < engines->unit_count; i++) {
        is_match[i] =
            check_unit(engines, &engines->units[i], text, has_all, &shown, &specificities[i]);
    }
    check_node(engines, &shown, is_match);
    check_index(engines, &shown, is_match, specificities);
    free(text);
}

Test(bind_engines, agree) {
    engines_t* engines = calloc(1, sizeof(*engines));
    cr_assert_eq(bind_index_create(&engines->index), ZX_OK);
    for (size_t i = 0; i < RULES_COUNT; i++) {
        add_rules(engines, i);
    }
    for (unsigned i = 0; i < DEVICE_COUNT; i++) {
        check_device(engines, i);
    }
    cr_expect_gt(engines->matches, 3000);
    cr_expect_gt(engines->misses, 3000);
    cr_expect_gt(engines->errors, 1000);
    cr_expect_gt(engines->parent_matches, 1000);
    cr_expect_gt(engines->words, 1000);
    cr_expect_gt(engines->symbolic, 5000);
    bind_index_destroy(engines->index);
    for (size_t i = 0; i < RULES_COUNT; i++) {
        random_fini(&engines->v2[i]);
        if (i % 3 == 1) {
            random_fini(&engines->v1[i]);
        }
    }
    free(engines);
}
