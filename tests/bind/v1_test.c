// SPDX-License-Identifier: MIT
// Version 1: the worked examples word for word, what it cannot express, and its headers.
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fixture.h"

// Words as "{0x1,0x2,0x3} …".
static char* list_words(const bc_buffer_t* bytes, size_t words) {
    char* text = NULL;
    size_t size = 0;
    FILE* file = open_memstream(&text, &size);
    cr_assert_eq(bytes->size % (4 * words), 0);
    for (size_t i = 0; i < bytes->size; i += 4) {
        const uint8_t* b = bytes->data + i;
        const size_t word = i / 4 % words;
        const unsigned value =
            b[0] | (unsigned)b[1] << 8 | (unsigned)b[2] << 16 | (unsigned)b[3] << 24;
        fprintf(file, "%s0x%x", word != 0 ? "," : i == 0 ? "{" : " {", value);
        if (word + 1 == words) {
            fputc('}', file);
        }
    }
    fclose(file);
    return text;
}

static void expect_words(const char* rules, const bc_options_t* options, const char* expected) {
    bc_buffer_t bytes;
    char* errors;
    cr_expect(fixture_compile(rules, NULL, NULL, options, &bytes, &errors), "%s", errors);
    char* words = list_words(&bytes, options->format == BC_FORMAT_V1 ? 3 : 2);
    cr_expect_str_eq(words, expected, "%s\n%s", rules, words);
    free(words);
    free(errors);
    bc_buffer_fini(&bytes);
}

static const bc_options_t v1 = {.format = BC_FORMAT_V1};
static const bc_options_t two_words = {.format = BC_FORMAT_V1_TWO_WORDS};

Test(bind_v1, worked_examples) {
    expect_words("fuchsia.BIND_PROTOCOL == 31;\nfuchsia.BIND_PCI_VID != 0x8086;\n", &v1,
                 "{0x20000001,0x1f,0x1010000} {0x10000100,0x8086,0x2010000} {0x1000000,0x0,0x0}");
    expect_words("fuchsia.BIND_PROTOCOL == 31;\naccept fuchsia.BIND_PCI_DID { 0x1050, 0x1041, }\n",
                 &v1,
                 "{0x20000001,0x1f,0x1010000} {0x12000101,0x1050,0x2020000} "
                 "{0x12000101,0x1041,0x2020000} {0x0,0x0,0x2030101} {0x5000000,0x0,0x0} "
                 "{0x1000000,0x0,0x0}");
    expect_words(
        "if fuchsia.BIND_USB_VID == 0x8087 {\n  fuchsia.BIND_USB_CLASS == 1;\n"
        "} else if fuchsia.BIND_USB_VID != 0x0bda {\n  false;\n} else {\n  true;\n}\n",
        &v1,
        "{0x22010200,0x8087,0x1040000} {0x20000202,0x1,0x2010000} {0x2000000,0x0,0x0} "
        "{0x5010000,0x0,0x0} {0x12020200,0xbda,0x3040000} {0x0,0x0,0x4050000} "
        "{0x2000000,0x0,0x0} {0x5020000,0x0,0x0} {0x5000000,0x0,0x0} {0x1000000,0x0,0x0}");
    expect_words("true;", &v1, "{0x1000000,0x0,0x0}");
}

Test(bind_v1, lines_are_those_of_the_statements) {
    // A list over several lines belongs to the line of its `accept`.
    expect_words("\n\naccept fuchsia.BIND_PCI_DID {\n 1,\n 2 }", &v1,
                 "{0x12000101,0x1,0x3020000} {0x12000101,0x2,0x3020000} {0x0,0x0,0x3030101} "
                 "{0x5000000,0x0,0x0} {0x1000000,0x0,0x0}");
    expect_words("if\n fuchsia.BIND_PCI_DID\n == 1 { true; } else { true; }", &v1,
                 "{0x22010101,0x1,0x2040000} {0x2000000,0x0,0x0} {0x5010000,0x0,0x0} "
                 "{0x5000000,0x0,0x0} {0x1000000,0x0,0x0}");
}

Test(bind_v1, two_words_and_autobind) {
    expect_words("fuchsia.BIND_PROTOCOL == 31;", &two_words, "{0x20000001,0x1f} {0x1000000,0x0}");
    const bc_options_t autobind = {.format = BC_FORMAT_V1, .disable_autobind = true};
    expect_words("true;", &autobind, "{0x20000002,0x0,0x0} {0x1000000,0x0,0x0}");
    const bc_options_t abort_anywhere = {.format = BC_FORMAT_V1, .accept_abort = true};
    expect_words("abort;\n", &abort_anywhere, "{0x0,0x0,0x1050000} {0x1000000,0x0,0x0}");
}

Test(bind_v1, what_cannot_be_expressed) {
    static const char library[] = "library l; uint K; string S;";
    const bc_options_t truncating = {.format = BC_FORMAT_V1, .truncate_numbers = true};
    const struct {
        const char* rules;
        const bc_options_t* options;
        const char* errors;
    } table[] = {
        {"true;", &v1, ""},
        {"l.K == 1;", &v1, "rules:1:1 E601"},
        {"fuchsia.BIND_PROTOCOL == \"x\";", &v1, "rules:1:1 E601"},
        {"fuchsia.BIND_PROTOCOL == true;", &v1, "rules:1:1 E601"},
        {"accept fuchsia.BIND_PROTOCOL { 1, \"x\" }", &v1, "rules:1:35 E601"},
        {"fuchsia.BIND_PROTOCOL == 0x100000000;", &v1, "rules:1:26 E602"},
        {"fuchsia.BIND_PROTOCOL == 0x100000000;", &truncating, "rules:1:1 E602"},
        {"composite c; primary parent \"p\" { true; }", &v1, "E609"},
    };
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        bc_buffer_t bytes;
        char* errors;
        const bool is_good =
            fixture_compile(table[i].rules, library, NULL, table[i].options, &bytes, &errors);
        cr_expect_str_eq(errors, table[i].errors, "%s: %s", table[i].rules, errors);
        cr_expect_eq(is_good, *table[i].errors == 0);
        cr_expect_eq(bytes.size == 0, !is_good);
        free(errors);
        bc_buffer_fini(&bytes);
    }
}

Test(bind_v1, too_many_labels_are_warned_of) {
    bc_buffer_t rules = {0};
    bc_buffer_t bytes;
    char* errors;
    for (unsigned i = 0; i < 257; i++) {
        bc_buffer_text(&rules, "accept fuchsia.BIND_PCI_DID { 1, 2 }\n");
    }
    bc_buffer_u8(&rules, 0);
    cr_expect(fixture_compile((const char*)rules.data, NULL, NULL, &v1, &bytes, &errors));
    cr_expect_str_eq(errors, "rules:257:1 W007", "%s", errors);
    free(errors);
    bc_buffer_fini(&bytes);
    bc_buffer_fini(&rules);
}

static char* make_header(const char* rules, bc_format_t format) {
    bc_compiler_t compiler;
    bc_buffer_t bytes = {0};
    bc_buffer_t header = {0};
    const bc_options_t options = {.format = format, .is_header = true};
    bc_compiler_init(&compiler);
    bc_compiler_set_rules_text(&compiler, "rules", rules, strlen(rules));
    cr_assert(bc_compiler_compile(&compiler, &options, &bytes));
    bc_make_header_v1(&compiler.program, format, "a/r.bind", &header);
    bc_buffer_u8(&header, 0);
    bc_buffer_fini(&bytes);
    bc_compiler_fini(&compiler);
    return (char*)header.data;
}

Test(bind_v1, headers) {
    char* header = make_header("fuchsia.BIND_PROTOCOL == 1;", BC_FORMAT_V1);
    cr_expect_str_eq(header,
                     "// Generated by bindc from r.bind; do not edit.\n#pragma once\n\n"
                     "#include <lib/ddk/binding_priv.h>\n\n"
                     "#define ZIRCON_DRIVER(Driver, Ops, VendorName, Version) \\\n"
                     "    ZIRCON_DRIVER_BEGIN_PRIV_V1(Driver, Ops, VendorName, Version, 2) \\\n"
                     "    {0x20000001,0x1,0x1010000},{0x1000000,0x0,0x0}, \\\n"
                     "    ZIRCON_DRIVER_END_PRIV_V1(Driver)\n");
    free(header);
    header = make_header("true;", BC_FORMAT_V1_TWO_WORDS);
    cr_expect_not_null(strstr(header, "#include <ddk/binding.h>"));
    cr_expect_not_null(strstr(header, "ZIRCON_DRIVER_BEGIN(Driver, Ops, VendorName, Version, 1)"));
    cr_expect_not_null(strstr(header, "{0x1000000,0x0},"));
    free(header);
}

Test(bind_v1, fragments_of_a_composite) {
    char* header = make_header(
        "composite wall;\n"
        "optional parent \"no\" { fuchsia.BIND_PROTOCOL == 3; }\nparent \"red-poll\" { true; } "
        "primary parent \"tail\" {\n fuchsia.BIND_PROTOCOL == 1; }",
        BC_FORMAT_V1);
    static const char* const pieces[] = {
        "constexpr zx_bind_inst_t wall_tail_insts[] = {{0x20000001,0x1,0x4010000},"
        "{0x1000000,0x0,0x0},};\n",
        "constexpr zx_bind_inst_t wall_red_poll_insts[] = {{0x1000000,0x0,0x0},};\n",
        ".instruction_count = 2,\n        .match_program = wall_tail_insts,",
        ".name = \"red-poll\",\n    .parts_count = 1,\n    .parts = wall_red_poll_fragment_part,",
        "constexpr device_fragment_t wall_fragments[] = {\n    wall_tail_fragment,\n"
        "    wall_red_poll_fragment,\n};\n",
        "ZIRCON_DRIVER_BEGIN_PRIV_V2(Driver, Ops, VendorName, Version, 0)",
    };
    for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
        cr_expect_not_null(strstr(header, pieces[i]), "%s\nin\n%s", pieces[i], header);
    }
    cr_expect_null(strstr(header, "_no_"));
    free(header);
}
