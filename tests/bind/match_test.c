// SPDX-License-Identifier: MIT
// The matcher: the truth table, kinds, keys, and programs that go wrong while running.
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include <bind/match.h>

#include "fixture.h"

#define DEVICE_OF(...)                      \
    (const bind_property_t[]){__VA_ARGS__}, \
        sizeof((bind_property_t[]){__VA_ARGS__}) / sizeof(bind_property_t)

#define NUMBER(key_id, value) \
    { .id = (key_id), .type = BIND_VALUE_NUMBER, .number = (value) }
#define TEXT(name, value) \
    { .key = (name), .type = BIND_VALUE_STRING, .string = (value) }
#define ENUM(name, value) \
    { .key = (name), .type = BIND_VALUE_ENUM, .string = (value) }
#define BOOL(name, value) \
    { .key = (name), .type = BIND_VALUE_BOOL, .boolean = (value) }
#define NAMED_NUMBER(name, value) \
    { .key = (name), .type = BIND_VALUE_NUMBER, .number = (value) }

static const char library[] = "library l; uint U; string S; bool B; enum E { P, Q };";

// The status of matching `rules`; *out_match and *out_code tell the rest.
static zx_status_t match(const char* rules, const bind_property_t* props, size_t count,
                         bool* out_match, unsigned* out_code) {
    bc_buffer_t bytes;
    char* errors;
    cr_assert(fixture_compile(rules, library, NULL, NULL, &bytes, &errors), "%s: %s", rules,
              errors);
    free(errors);
    bind_program_t program;
    bind_error_t error;
    cr_assert_eq(bind_program_read(bytes.data, bytes.size, &program, &error), ZX_OK, "%s",
                 error.text);
    const zx_status_t status = bind_program_match(&program, props, count, out_match, &error);
    *out_code = error.code;
    bc_buffer_fini(&bytes);
    return status;
}

static bool matches(const char* rules, const bind_property_t* props, size_t count) {
    bool is_match = false;
    unsigned code;
    const zx_status_t status = match(rules, props, count, &is_match, &code);
    cr_expect_eq(status, ZX_OK, "%s: status %d E%03u", rules, status, code);
    return is_match;
}

static void expect_error(const char* rules, const bind_property_t* props, size_t count,
                         zx_status_t expected, unsigned expected_code) {
    bool is_match = true;
    unsigned code;
    cr_expect_eq(match(rules, props, count, &is_match, &code), expected, "%s", rules);
    cr_expect_eq(code, expected_code, "%s: E%03u", rules, code);
    cr_expect_not(is_match);
}

Test(bind_match, truth_table) {
    // Property present and equal, present and different, absent.
    static const struct {
        const char* rules;
        bool expected[3];
    } table[] = {
        {"fuchsia.BIND_PCI_VID == 5;", {true, false, false}},
        {"fuchsia.BIND_PCI_VID != 5;", {false, true, true}},
        {"accept fuchsia.BIND_PCI_VID { 4, 5 }", {true, false, false}},
        {"if fuchsia.BIND_PCI_VID == 5 { true; } else { false; }", {true, false, false}},
        {"if fuchsia.BIND_PCI_VID == 5 { false; } else { true; }", {false, true, true}},
        {"if fuchsia.BIND_PCI_VID != 5 { true; } else { false; }", {false, true, true}},
        {"if fuchsia.BIND_PCI_VID != 5 { false; } else { true; }", {true, false, false}},
        {"true;", {true, true, true}},
        {"false;", {false, false, false}},
    };
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        const bool results[] = {matches(table[i].rules, DEVICE_OF(NUMBER(0x100, 5))),
                                matches(table[i].rules, DEVICE_OF(NUMBER(0x100, 6))),
                                matches(table[i].rules, DEVICE_OF(NUMBER(0x101, 5)))};
        for (size_t j = 0; j < 3; j++) {
            cr_expect_eq(results[j], table[i].expected[j], "%s, column %zu", table[i].rules, j);
        }
    }
}

Test(bind_match, absent_is_not_zero) {
    cr_expect_not(matches("fuchsia.BIND_PCI_VID == 0;", NULL, 0));
    cr_expect(matches("fuchsia.BIND_PCI_VID != 0;", NULL, 0));
    cr_expect_not(matches("l.B == false;", NULL, 0));
}

Test(bind_match, conjunction_and_branches) {
    static const char rules[] =
        "l.S != \"bad\";"
        "if l.U == 1 { l.B == true; }"
        "else if l.U == 2 { if l.S == \"x\" { true; } else { accept l.E { l.E.P } } }"
        "else { l.B == false; }";
    cr_expect(matches(rules, DEVICE_OF(NAMED_NUMBER("l.U", 1), BOOL("l.B", true))));
    cr_expect_not(matches(rules, DEVICE_OF(NAMED_NUMBER("l.U", 1), BOOL("l.B", false))));
    cr_expect(matches(rules, DEVICE_OF(NAMED_NUMBER("l.U", 2), TEXT("l.S", "x"))));
    cr_expect(matches(rules, DEVICE_OF(NAMED_NUMBER("l.U", 2), ENUM("l.E", "l.E.P"))));
    cr_expect_not(matches(rules, DEVICE_OF(NAMED_NUMBER("l.U", 2), ENUM("l.E", "l.E.Q"))));
    cr_expect(matches(rules, DEVICE_OF(BOOL("l.B", false))));
    cr_expect_not(matches(rules, DEVICE_OF(BOOL("l.B", false), TEXT("l.S", "bad"))));
}

Test(bind_match, enums_and_strings_are_one_kind) {
    cr_expect(matches("l.E == l.E.P;", DEVICE_OF(ENUM("l.E", "l.E.P"))));
    cr_expect(matches("l.E == l.E.P;", DEVICE_OF(TEXT("l.E", "l.E.P"))));
    cr_expect(matches("l.S == \"l.E.P\";", DEVICE_OF(ENUM("l.S", "l.E.P"))));
}

Test(bind_match, other_kinds_are_an_error) {
    expect_error("l.U != 1;", DEVICE_OF(TEXT("l.U", "1")), ZX_ERR_WRONG_TYPE, 812);
    expect_error("l.S != \"x\";", DEVICE_OF(NAMED_NUMBER("l.S", 1)), ZX_ERR_WRONG_TYPE, 812);
    expect_error("l.B == true;", DEVICE_OF(NAMED_NUMBER("l.B", 1)), ZX_ERR_WRONG_TYPE, 812);
    expect_error("fuchsia.BIND_PROTOCOL == \"x\";", DEVICE_OF(NUMBER(1, 1)), ZX_ERR_WRONG_TYPE,
                 812);
    // A comparison that is not reached does no harm.
    cr_expect(matches("if l.B == true { true; } else { l.U == 1; }",
                      DEVICE_OF(BOOL("l.B", true), TEXT("l.U", "1"))));
}

Test(bind_match, a_numeric_key_is_tried_by_name) {
    static const char rules[] = "fuchsia.BIND_PROTOCOL == 31;";
    cr_expect(matches(rules, DEVICE_OF(NAMED_NUMBER("fuchsia.BIND_PROTOCOL", 31))));
    // The number wins over the name, and the other way round nothing is tried.
    cr_expect_not(
        matches(rules, DEVICE_OF(NAMED_NUMBER("fuchsia.BIND_PROTOCOL", 31), NUMBER(1, 30))));
    cr_expect_not(matches("l.U == 1;", DEVICE_OF(NUMBER(0, 1))));
}

Test(bind_match, of_equal_keys_the_first_counts_but_for_the_protocol) {
    cr_expect(matches("fuchsia.BIND_PCI_VID == 1;", DEVICE_OF(NUMBER(0x100, 1), NUMBER(0x100, 2))));
    cr_expect(matches("fuchsia.BIND_PROTOCOL == 2;", DEVICE_OF(NUMBER(1, 1), NUMBER(1, 2))));
}

Test(bind_match, properties_are_checked) {
    size_t index = 99;
    const bind_property_t twice[] = {NUMBER(0x100, 1), NUMBER(0x101, 1), NUMBER(0x100, 2)};
    const bind_property_t same[] = {NUMBER(0x100, 1), NUMBER(0x100, 1), NUMBER(1, 1), NUMBER(1, 2)};
    const bind_property_t kinds[] = {TEXT("a", "x"), BOOL("a", true)};
    const bind_property_t null[] = {{.key = "a", .type = BIND_VALUE_STRING}};
    const bind_property_t key[] = {{.id = 5, .type = BIND_VALUE_KEY}};
    cr_expect_eq(bind_properties_check(twice, 3, &index), ZX_ERR_INVALID_ARGS);
    cr_expect_eq(index, 2);
    cr_expect_eq(bind_properties_check(same, 4, &index), ZX_OK);
    cr_expect_eq(bind_properties_check(kinds, 2, &index), ZX_ERR_INVALID_ARGS);
    cr_expect_eq(bind_properties_check(null, 1, &index), ZX_ERR_INVALID_ARGS);
    cr_expect_eq(index, 0);
    cr_expect_eq(bind_properties_check(key, 1, NULL), ZX_ERR_INVALID_ARGS);
    cr_expect_eq(bind_properties_check(NULL, 0, NULL), ZX_OK);
    expect_error("l.S == \"x\";", DEVICE_OF({.key = "l.S", .type = BIND_VALUE_STRING}),
                 ZX_ERR_INVALID_ARGS, 0);
}

// Matches bytes that no compiler makes: `body` is put into a program without symbols, or with the
// symbol "a".
static zx_status_t match_body(const uint8_t* body, size_t size, const bind_property_t* props,
                              size_t count, bool* out_match, unsigned* out_code) {
    bc_buffer_t bytes = {0};
    bind_program_t program;
    bind_error_t error;
    bc_buffer_append(&bytes, "BIND\2\0\0\0\0SYNB\6\0\0\0\1\0\0\0a\0INST", 27);
    bc_buffer_u32(&bytes, (uint32_t)size);
    bc_buffer_append(&bytes, body, size);
    cr_assert_eq(bind_program_read(bytes.data, bytes.size, &program, &error), ZX_OK, "%s",
                 error.text);
    const zx_status_t status = bind_program_match(&program, props, count, out_match, &error);
    *out_code = error.code;
    bc_buffer_fini(&bytes);
    return status;
}

Test(bind_match, a_jump_must_land_on_a_label) {
    bool is_match = true;
    unsigned code;
    static const uint8_t to_abort[] = {0x10, 0, 0, 0, 0, 0x30};
    cr_expect_eq(match_body(to_abort, sizeof(to_abort), NULL, 0, &is_match, &code),
                 ZX_ERR_IO_DATA_INTEGRITY);
    cr_expect_eq(code, 814);
    cr_expect_not(is_match);
    static const uint8_t not_taken[] = {0x11, 0, 0, 0, 0, 1, 9, 0, 0, 0, 1, 9, 0, 0, 0, 0x30};
    cr_expect_eq(match_body(not_taken, sizeof(not_taken), NULL, 0, &is_match, &code), ZX_OK);
    cr_expect_not(is_match);
}

Test(bind_match, kinds_of_keys) {
    bool is_match;
    unsigned code;
    const bind_property_t props[] = {NAMED_NUMBER("a", 7)};
    static const uint8_t string_key[] = {0x01, 2, 1, 0, 0, 0, 1, 7, 0, 0, 0};
    cr_expect_eq(match_body(string_key, sizeof(string_key), props, 1, &is_match, &code), ZX_OK);
    cr_expect(is_match);
    static const uint8_t bool_key[] = {0x01, 3, 1, 0, 0, 0, 1, 7, 0, 0, 0};
    cr_expect_eq(match_body(bool_key, sizeof(bool_key), props, 1, &is_match, &code),
                 ZX_ERR_IO_DATA_INTEGRITY);
    cr_expect_eq(code, 815);
    static const uint8_t enum_key[] = {0x02, 4, 1, 0, 0, 0, 1, 7, 0, 0, 0};
    cr_expect_eq(match_body(enum_key, sizeof(enum_key), props, 1, &is_match, &code),
                 ZX_ERR_IO_DATA_INTEGRITY);
    cr_expect_eq(code, 815);
    // A key as a value has no kind that a property could have.
    static const uint8_t key_value[] = {0x01, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0};
    cr_expect_eq(match_body(key_value, sizeof(key_value), props, 1, &is_match, &code),
                 ZX_ERR_WRONG_TYPE);
    cr_expect_eq(code, 812);
}

Test(bind_match, the_number_of_steps_is_limited) {
    bool is_match = true;
    unsigned code;
    const size_t size = BIND_MATCH_MAX_STEPS + 1;
    uint8_t* labels = malloc(size);
    memset(labels, 0x20, size);
    cr_expect_eq(match_body(labels, size - 1, NULL, 0, &is_match, &code), ZX_OK);
    cr_expect(is_match);
    cr_expect_eq(match_body(labels, size, NULL, 0, &is_match, &code), ZX_ERR_OUT_OF_RANGE);
    cr_expect_eq(code, 823);
    cr_expect_not(is_match);
    free(labels);
}

Test(bind_match, composites_are_matched_by_parent) {
    bc_buffer_t bytes;
    bind_program_t program;
    bind_error_t error;
    bool is_match = true;
    fixture_read_hex(fixture_path("golden/composite_order.hex"), &bytes);
    cr_assert_eq(bind_program_read(bytes.data, bytes.size, &program, NULL), ZX_OK);
    cr_expect_eq(bind_program_match(&program, NULL, 0, &is_match, &error), ZX_ERR_NOT_SUPPORTED);
    cr_expect_eq(error.code, 824);
    cr_expect_not(is_match);
    bind_parent_t parent;
    const bind_property_t clock[] = {NUMBER(0x101, 9)};
    cr_assert_eq(bind_program_parent(&program, 1, &parent), ZX_OK);
    cr_expect_eq(bind_parent_match(&program, &parent, clock, 1, &is_match, &error), ZX_OK);
    cr_expect(is_match);
    cr_assert_eq(bind_program_parent(&program, 0, &parent), ZX_OK);
    cr_expect_eq(bind_parent_match(&program, &parent, clock, 1, &is_match, &error), ZX_OK);
    cr_expect_not(is_match);
    cr_expect_eq(bind_parent_match(&program, NULL, clock, 1, &is_match, &error),
                 ZX_ERR_INVALID_ARGS);
    bc_buffer_fini(&bytes);
}

Test(bind_match, programs_with_debug_lines_run) {
    // flag 1; jump by 0 onto a label at line 3, each instruction behind its line; empty debug
    // section
    static const uint8_t bytes[] =
        "BIND\2\0\0\0\1SYNB\0\0\0\0INST\16\0\0\0"
        "\2\0\0\0\x10\0\0\0\0\3\0\0\0\x20"
        "DEBG\0\0\0\0";
    bind_program_t program;
    bind_error_t error;
    bool is_match = false;
    cr_assert_eq(bind_program_read(bytes, sizeof(bytes) - 1, &program, &error), ZX_OK, "%s",
                 error.text);
    cr_expect_eq(bind_program_match(&program, NULL, 0, &is_match, &error), ZX_OK, "%s", error.text);
    cr_expect(is_match);
}

Test(bind_match, null_arguments) {
    bind_program_t program = {0};
    bool is_match = true;
    cr_expect_eq(bind_program_match(NULL, NULL, 0, &is_match, NULL), ZX_ERR_INVALID_ARGS);
    cr_expect_eq(bind_program_match(&program, NULL, 0, &is_match, NULL), ZX_ERR_INVALID_ARGS);
    cr_expect_not(is_match);
    cr_expect_eq(bind_program_match(&program, NULL, 0, NULL, NULL), ZX_ERR_INVALID_ARGS);
}
