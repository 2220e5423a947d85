// SPDX-License-Identifier: MIT
// Composites: which node is which parent, assigning the parents of a specification, ambiguity, the
// rules of specifications. The assignment is compared with trying all of them.
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bind/composite.h>

#include "fixture.h"

#define MAX_PARENTS 6u

typedef struct composite {
    bc_buffer_t bytes;
    bind_program_t program;
} composite_t;

static void compile(const char* rules, composite_t* out) {
    char* errors;
    bind_error_t error;
    cr_assert(fixture_compile(rules, NULL, NULL, NULL, &out->bytes, &errors), "%s\n%s", errors,
              rules);
    free(errors);
    cr_assert_eq(bind_program_read(out->bytes.data, out->bytes.size, &out->program, &error), ZX_OK);
}

static bind_property_t number(uint32_t id, uint32_t value) {
    return (bind_property_t){.id = id, .type = BIND_VALUE_NUMBER, .number = value};
}

// Parents of a specification, each with the property BIND_PROTOCOL of the given value.
static zx_status_t match(const composite_t* composite, const uint32_t* values, size_t count,
                         size_t* out_parents, bind_assignment_t* out) {
    bind_property_t props[MAX_PARENTS];
    bind_spec_parent_t spec[MAX_PARENTS];
    size_t workspace[64];
    for (size_t i = 0; i < count; i++) {
        props[i] = number(1, values[i]);
        spec[i] = (bind_spec_parent_t){&props[i], 1};
    }
    cr_assert_leq(BIND_COMPOSITE_WORKSPACE(MAX_PARENTS, MAX_PARENTS), sizeof(workspace));
    return bind_composite_match(&composite->program, spec, count, workspace, sizeof(workspace),
                                out_parents, out, NULL);
}

static const char fan[] =
    "composite fan;\n"
    "optional parent \"tach\" { fuchsia.BIND_PROTOCOL == 3; }\n"
    "primary parent \"pdev\" { fuchsia.BIND_PROTOCOL == 1; }\n"
    "parent \"clk\" { fuchsia.BIND_PROTOCOL == 2; }\n";

Test(bind_composite, nodes_one_by_one) {
    composite_t composite;
    size_t index;
    compile(fan, &composite);
    bind_property_t prop = number(1, 1);
    cr_expect_eq(bind_composite_find_node(&composite.program, &prop, 1, &index, NULL), ZX_OK);
    cr_expect_eq(index, 0);
    prop = number(1, 2);
    cr_expect_eq(bind_composite_find_node(&composite.program, &prop, 1, &index, NULL), ZX_OK);
    cr_expect_eq(index, 1);
    // Optional parents do not take part.
    prop = number(1, 3);
    cr_expect_eq(bind_composite_find_node(&composite.program, &prop, 1, &index, NULL),
                 ZX_ERR_NOT_FOUND);
    bind_error_t error;
    prop = (bind_property_t){.id = 1, .type = BIND_VALUE_BOOL};
    cr_expect_eq(bind_composite_find_node(&composite.program, &prop, 1, &index, &error),
                 ZX_ERR_NOT_FOUND);
    cr_expect_eq(error.code, 812);
    cr_expect_eq(bind_composite_find_node(NULL, &prop, 1, &index, &error), ZX_ERR_INVALID_ARGS);
    bc_buffer_fini(&composite.bytes);
}

Test(bind_composite, specifications) {
    static const struct {
        uint32_t values[4];
        size_t count;
        zx_status_t status;
        size_t parents[4];
        size_t primary;
    } table[] = {
        {{1, 2}, 2, ZX_OK, {0, 1}, 0},
        {{2, 1}, 2, ZX_OK, {1, 0}, 1},
        {{3, 2, 1}, 3, ZX_OK, {2, 1, 0}, 2},
        {{1}, 1, ZX_ERR_NOT_FOUND, {0}, 0},           // clk is missing
        {{2}, 1, ZX_ERR_NOT_FOUND, {0}, 0},           // the primary is
        {{1, 2, 2}, 3, ZX_ERR_NOT_FOUND, {0}, 0},     // nothing for the second 2
        {{1, 2, 3, 3}, 4, ZX_ERR_NOT_FOUND, {0}, 0},  // more than the program has
        {{1, 2, 9}, 3, ZX_ERR_NOT_FOUND, {0}, 0},
        {{0}, 0, ZX_ERR_NOT_FOUND, {0}, 0},
    };
    composite_t composite;
    compile(fan, &composite);
    cr_expect_eq(bind_composite_parent_count(&composite.program), 3);
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        size_t parents[MAX_PARENTS];
        bind_assignment_t assignment;
        cr_expect_eq(match(&composite, table[i].values, table[i].count, parents, &assignment),
                     table[i].status, "%zu", i);
        if (table[i].status == ZX_OK) {
            cr_expect_arr_eq(parents, table[i].parents, table[i].count * sizeof(size_t), "%zu", i);
            cr_expect_eq(assignment.primary, table[i].primary);
            cr_expect_not(assignment.is_ambiguous);
        }
    }
    bc_buffer_fini(&composite.bytes);
}

Test(bind_composite, where_greedy_assignment_fails) {
    composite_t composite;
    size_t parents[MAX_PARENTS];
    bind_assignment_t assignment;
    // The first 5 fits "any" too, and taking that leaves nothing for the 6.
    compile(
        "composite c; primary parent \"p\" { fuchsia.BIND_PROTOCOL == 1; }\n"
        "parent \"any\" { accept fuchsia.BIND_PROTOCOL { 5, 6 } }\n"
        "parent \"five\" { fuchsia.BIND_PROTOCOL == 5; }\n",
        &composite);
    cr_expect_eq(match(&composite, (const uint32_t[]){1, 5, 6}, 3, parents, &assignment), ZX_OK);
    cr_expect_arr_eq(parents, ((const size_t[]){0, 2, 1}), sizeof(size_t) * 3);
    cr_expect_not(assignment.is_ambiguous);
    // Two alike: both ways are possible.
    cr_expect_eq(match(&composite, (const uint32_t[]){1, 5, 5}, 3, parents, &assignment), ZX_OK);
    cr_expect_arr_eq(parents, ((const size_t[]){0, 1, 2}), sizeof(size_t) * 3);
    cr_expect(assignment.is_ambiguous);
    cr_expect_eq(assignment.ambiguous, 1);
    cr_expect_eq(assignment.ambiguous_for, 2);
    bc_buffer_fini(&composite.bytes);
    // The first that fits the primary is also the only one for "one".
    compile(
        "composite c; primary parent \"p\" { accept fuchsia.BIND_PROTOCOL { 1, 2 } }\n"
        "parent \"one\" { fuchsia.BIND_PROTOCOL == 1; }\n",
        &composite);
    cr_expect_eq(match(&composite, (const uint32_t[]){1, 2}, 2, parents, &assignment), ZX_OK);
    cr_expect_arr_eq(parents, ((const size_t[]){1, 0}), sizeof(size_t) * 2);
    cr_expect_eq(assignment.primary, 1);
    bc_buffer_fini(&composite.bytes);
}

Test(bind_composite, names_tie_parents) {
    composite_t composite;
    size_t parents[2];
    size_t workspace[64];
    bind_assignment_t assignment;
    compile("composite c; primary parent \"a\" { true; } parent \"b\" { true; }", &composite);
    const bind_property_t b = {.key = "fuchsia.NAME", .type = BIND_VALUE_STRING, .string = "b"};
    const bind_property_t z = {.key = "fuchsia.NAME", .type = BIND_VALUE_STRING, .string = "z"};
    bind_spec_parent_t spec[2] = {{&b, 1}, {NULL, 0}};
    cr_expect_eq(bind_composite_match(&composite.program, spec, 2, workspace, sizeof(workspace),
                                      parents, &assignment, NULL),
                 ZX_OK);
    cr_expect_eq(parents[0], 1);
    cr_expect_eq(parents[1], 0);
    cr_expect_not(assignment.is_ambiguous);
    spec[1] = (bind_spec_parent_t){&z, 1};
    cr_expect_eq(bind_composite_match(&composite.program, spec, 2, workspace, sizeof(workspace),
                                      parents, &assignment, NULL),
                 ZX_ERR_NOT_FOUND);
    // What cannot be: no memory, no composite, too many.
    cr_expect_eq(
        bind_composite_match(&composite.program, spec, 2, workspace,
                             BIND_COMPOSITE_WORKSPACE(2, 2) - 1, parents, &assignment, NULL),
        ZX_ERR_BUFFER_TOO_SMALL);
    cr_expect_eq(bind_composite_match(&composite.program, spec, 257, workspace, sizeof(workspace),
                                      parents, &assignment, NULL),
                 ZX_ERR_OUT_OF_RANGE);
    bc_buffer_fini(&composite.bytes);
    compile("true;", &composite);
    cr_expect_eq(bind_composite_match(&composite.program, spec, 2, workspace, sizeof(workspace),
                                      parents, &assignment, NULL),
                 ZX_ERR_INVALID_ARGS);
    bc_buffer_fini(&composite.bytes);
}

static uint64_t state = 0x2545f4914f6cdd1du;

static unsigned random_below(unsigned limit) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (unsigned)((state >> 32) % limit);
}

// A random composite: parent i accepts the values of which accepts[i] has the bit.
typedef struct random_case {
    unsigned accepts[MAX_PARENTS];
    size_t parent_count;
    size_t required;
    uint32_t values[MAX_PARENTS];
    size_t spec_count;
} random_case_t;

static void make_case(random_case_t* out, composite_t* composite) {
    char* text = NULL;
    size_t size;
    FILE* file = open_memstream(&text, &size);
    out->parent_count = 1 + random_below(MAX_PARENTS - 1);
    out->required = 1 + random_below((unsigned)out->parent_count);
    out->spec_count =
        out->required + random_below((unsigned)(out->parent_count - out->required) + 1);
    fputs("composite c;\n", file);
    for (size_t i = 0; i < out->parent_count; i++) {
        out->accepts[i] = 1 + random_below(15);
        fprintf(file, "%s parent \"p%zu\" { accept fuchsia.BIND_PROTOCOL { ",
                i == 0              ? "primary"
                : i < out->required ? ""
                                    : "optional",
                i);
        for (unsigned value = 0; value < 4; value++) {
            if ((out->accepts[i] & 1u << value) != 0) {
                fprintf(file, "%u, ", value);
            }
        }
        fputs("} }\n", file);
    }
    fclose(file);
    for (size_t i = 0; i < out->spec_count; i++) {
        out->values[i] = random_below(4);
    }
    compile(text, composite);
    free(text);
}

// Counts all assignments from `spec` on.
static size_t count_all(const random_case_t* c, size_t spec, unsigned used) {
    if (spec == c->spec_count) {
        const unsigned all = (1u << c->required) - 1;
        return (used & all) == all;
    }
    size_t count = 0;
    for (size_t p = 0; p < c->parent_count; p++) {
        if ((used & 1u << p) == 0 && (c->accepts[p] & 1u << c->values[spec]) != 0) {
            count += count_all(c, spec + 1, used | 1u << p);
        }
    }
    return count;
}

static void check_assignment(const random_case_t* c, const size_t* parents) {
    unsigned used = 0;
    for (size_t s = 0; s < c->spec_count; s++) {
        cr_assert_lt(parents[s], c->parent_count);
        cr_assert_eq(used & 1u << parents[s], 0);
        cr_assert_neq(c->accepts[parents[s]] & 1u << c->values[s], 0);
        used |= 1u << parents[s];
    }
    cr_assert_eq(used & ((1u << c->required) - 1), (1u << c->required) - 1);
}

Test(bind_composite, an_assignment_is_found_whenever_there_is_one) {
    size_t outcomes[3] = {0};
    for (unsigned i = 0; i < 4000; i++) {
        random_case_t c;
        composite_t composite;
        size_t parents[MAX_PARENTS];
        bind_assignment_t assignment;
        make_case(&c, &composite);
        const size_t all = count_all(&c, 0, 0);
        const zx_status_t status = match(&composite, c.values, c.spec_count, parents, &assignment);
        cr_assert_eq(status, all > 0 ? ZX_OK : ZX_ERR_NOT_FOUND, "case %u: %zu ways", i, all);
        if (status == ZX_OK) {
            check_assignment(&c, parents);
            cr_assert_eq(parents[assignment.primary], 0);
            cr_assert_eq(assignment.is_ambiguous, all > 1, "case %u: %zu ways", i, all);
        }
        outcomes[all > 1 ? 2 : all]++;
        bc_buffer_fini(&composite.bytes);
    }
    cr_expect_gt(outcomes[0], 100);
    cr_expect_gt(outcomes[1], 100);
    cr_expect_gt(outcomes[2], 100);
}

Test(bind_composite, rules_of_a_specification) {
    const bind_property_t values[] = {
        {.type = BIND_VALUE_NUMBER, .number = 1},
        {.type = BIND_VALUE_NUMBER, .number = 2},
    };
    const bind_property_t no = {.type = BIND_VALUE_BOOL, .boolean = false};
    const bind_property_t one = number(0x100, 1);
    const bind_property_t three = number(0x100, 3);
    const bind_property_t named = {
        .key = "fuchsia.BIND_PCI_VID", .type = BIND_VALUE_NUMBER, .number = 2};
    bind_spec_rule_t rule = {.id = 0x100, .accepts = true, .values = values, .count = 2};
    cr_expect(bind_spec_rules_match(&rule, 1, &one, 1));
    cr_expect(bind_spec_rules_match(&rule, 1, &named, 1));
    cr_expect_not(bind_spec_rules_match(&rule, 1, &three, 1));
    cr_expect_not(bind_spec_rules_match(&rule, 1, NULL, 0));
    rule.key = "fuchsia.BIND_PCI_VID";
    cr_expect(bind_spec_rules_match(&rule, 1, &one, 1));
    rule.accepts = false;
    cr_expect_not(bind_spec_rules_match(&rule, 1, &one, 1));
    cr_expect(bind_spec_rules_match(&rule, 1, &three, 1));
    cr_expect(bind_spec_rules_match(&rule, 1, NULL, 0));
    // `false` among the accepted values takes what is absent or something else.
    rule = (bind_spec_rule_t){.key = "l.HOT", .accepts = true, .values = &no, .count = 1};
    cr_expect(bind_spec_rules_match(&rule, 1, NULL, 0));
    cr_expect(bind_spec_rules_match(&rule, 1, &one, 1));
    cr_expect(bind_spec_rules_match(NULL, 0, NULL, 0));
}
