// SPDX-License-Identifier: MIT
// The bytecode reader: every rejection, at its offset; what it finds in good programs.
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include <bind/legacy_keys.h>
#include <bind/program.h>

#include "fixture.h"

// A program is put together from parts; each test breaks one of them.
typedef struct parts {
    const char* symbols;  // hex
    const char* magic;
    const char* body;
    const char* tail;
    unsigned flag;
} parts_t;

static void append_hex(bc_buffer_t* out, const char* hex) {
    for (; *hex != 0; hex++) {
        if (*hex != ' ') {
            const char pair[3] = {hex[0], hex[1], 0};
            bc_buffer_u8(out, (uint8_t)strtoul(pair, NULL, 16));
            hex++;
        }
    }
}

static void append_section(bc_buffer_t* out, const char* magic, const char* hex) {
    bc_buffer_t content = {0};
    append_hex(&content, hex);
    bc_buffer_append(out, magic, 4);
    bc_buffer_u32(out, (uint32_t)content.size);
    bc_buffer_append(out, content.data, content.size);
    bc_buffer_fini(&content);
}

static bc_buffer_t assemble(parts_t parts) {
    bc_buffer_t out = {0};
    bc_buffer_append(&out, "BIND\2\0\0\0", 8);
    bc_buffer_u8(&out, (uint8_t)parts.flag);
    append_section(&out, "SYNB", parts.symbols == NULL ? "" : parts.symbols);
    append_section(&out, parts.magic == NULL ? "INST" : parts.magic,
                   parts.body == NULL ? "" : parts.body);
    append_hex(&out, parts.tail == NULL ? "" : parts.tail);
    return out;
}

// Reads a copy that is exactly as large as the program, so that the sanitizer sees a byte too many.
static zx_status_t read_copy(const uint8_t* bytes, size_t size, bind_error_t* out_error) {
    uint8_t* copy = malloc(size == 0 ? 1 : size);
    if (size != 0) {
        memcpy(copy, bytes, size);
    }
    bind_program_t program;
    const zx_status_t status = bind_program_read(copy, size, &program, out_error);
    if (status != ZX_OK) {
        cr_expect_null(program.bytes);
    }
    free(copy);
    return status;
}

static void expect_parts(parts_t parts, unsigned code, size_t offset) {
    bind_error_t error;
    bc_buffer_t bytes = assemble(parts);
    const zx_status_t status = read_copy(bytes.data, bytes.size, &error);
    cr_expect_eq(status, code == 0 ? ZX_OK : ZX_ERR_IO_DATA_INTEGRITY, "%u: status %d", code,
                 status);
    cr_expect_eq(error.code, code, "E%03u, not E%03u: %s", error.code, code, error.text);
    cr_expect_eq(error.offset, offset, "E%03u at %zu, not at %zu", code, error.offset, offset);
    cr_expect_eq(code != 0, error.text[0] != 0);
    bc_buffer_fini(&bytes);
}

#define ONE_SYMBOL "01000000 6100"  // "a"
#define KEY_IS_1   "01 00 01000000 01 01000000"
#define TEXT_IS_A  "01 01 01000000 02 01000000"

Test(bind_reader, accepts_good_parts) {
    expect_parts((parts_t){0}, 0, 0);
    expect_parts((parts_t){.body = "30"}, 0, 0);
    expect_parts((parts_t){.symbols = ONE_SYMBOL, .body = KEY_IS_1}, 0, 0);
    expect_parts((parts_t){.symbols = ONE_SYMBOL, .body = TEXT_IS_A}, 0, 0);
    expect_parts((parts_t){.body = "10 01000000 30 20"}, 0, 0);
}

Test(bind_reader, header) {
    bc_buffer_t good = assemble((parts_t){0});
    bind_error_t error;
    for (size_t size = 0; size < good.size; size++) {
        cr_expect_eq(read_copy(good.data, size, &error), ZX_ERR_IO_DATA_INTEGRITY);
        cr_expect_eq(error.code, 801);
    }
    good.data[0] = 'b';
    cr_expect_eq(read_copy(good.data, good.size, &error), ZX_ERR_IO_DATA_INTEGRITY);
    cr_expect_eq(error.code, 802);
    good.data[0] = 'B';
    good.data[4] = 1;
    cr_expect_eq(read_copy(good.data, good.size, &error), ZX_ERR_NOT_SUPPORTED);
    cr_expect_eq(error.code, 803);
    cr_expect_eq(error.offset, 4);
    good.data[4] = 2;
    good.data[8] = 2;
    cr_expect_eq(read_copy(good.data, good.size, &error), ZX_ERR_IO_DATA_INTEGRITY);
    cr_expect_eq(error.code, 822);
    cr_expect_eq(error.offset, 8);
    bc_buffer_fini(&good);
}

Test(bind_reader, null_arguments) {
    bind_program_t program;
    cr_expect_eq(bind_program_read(NULL, 24, &program, NULL), ZX_ERR_INVALID_ARGS);
    cr_expect_eq(bind_program_read((const uint8_t*)"", 0, NULL, NULL), ZX_ERR_INVALID_ARGS);
    cr_expect_eq(bind_program_read(NULL, 0, &program, NULL), ZX_ERR_IO_DATA_INTEGRITY);
}

Test(bind_reader, section_magics_and_sizes) {
    bc_buffer_t bytes = assemble((parts_t){.symbols = ONE_SYMBOL, .body = "30"});
    bind_error_t error;
    static const struct {
        size_t at;
        uint8_t value;
        unsigned code;
    } broken[] = {
        {11, 'M', 802},   // the symbols are called SYNB
        {13, 200, 808},   // symbols longer than the file
        {16, 0xff, 808},  // by far
        {13, 0, 808},     // a program size read from within the symbols
        {23, 'X', 802},   // neither INST nor COMP
        {27, 2, 808},     // program longer than the file
        {27, 0, 808},     // a byte too many
    };
    for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
        const uint8_t old = bytes.data[broken[i].at];
        bytes.data[broken[i].at] = broken[i].value;
        cr_expect_eq(read_copy(bytes.data, bytes.size, &error), ZX_ERR_IO_DATA_INTEGRITY, "%zu", i);
        cr_expect_eq(error.code, broken[i].code, "case %zu: E%03u", i, error.code);
        bytes.data[broken[i].at] = old;
    }
    cr_expect_eq(read_copy(bytes.data, bytes.size, &error), ZX_OK);
    bc_buffer_fini(&bytes);
    expect_parts((parts_t){.body = "30", .tail = "00"}, 808, 26);
    // Nothing but symbols up to the end: no room for the program's header.
    bytes = (bc_buffer_t){0};
    bc_buffer_append(&bytes, "BIND\2\0\0\0\0", 9);
    append_section(&bytes, "SYNB", "01000000 61626300");
    cr_expect_eq(read_copy(bytes.data, bytes.size, &error), ZX_ERR_IO_DATA_INTEGRITY);
    cr_expect_eq(error.code, 801);
    bc_buffer_fini(&bytes);
}

Test(bind_reader, symbols) {
    expect_parts((parts_t){.symbols = "02000000 6100"}, 807, 17);
    expect_parts((parts_t){.symbols = "01000000 6100 03000000 6200"}, 807, 23);
    expect_parts((parts_t){.symbols = "01000000 00"}, 805, 21);
    expect_parts((parts_t){.symbols = "01000000 61"}, 801, 21);
    expect_parts((parts_t){.symbols = "010000"}, 801, 17);
    expect_parts((parts_t){.symbols = "01000000"}, 801, 21);
    expect_parts((parts_t){.symbols = "01000000 ff00"}, 806, 21);
    expect_parts((parts_t){.symbols = "01000000 c3bc00"}, 0, 0);
    expect_parts((parts_t){.symbols = "01000000 c0af00"}, 806, 21);      // overlong
    expect_parts((parts_t){.symbols = "01000000 eda08000"}, 806, 21);    // a surrogate
    expect_parts((parts_t){.symbols = "01000000 f490808000"}, 806, 21);  // above U+10FFFF
    char text[600] = "01000000 ";
    for (size_t i = 0; i < 255; i++) {
        strcat(text, "61");
    }
    strcat(text, "00");
    expect_parts((parts_t){.symbols = text}, 0, 0);
    strcpy(text + strlen(text) - 2, "6100");
    expect_parts((parts_t){.symbols = text}, 804, 21);
}

Test(bind_reader, instructions) {
    expect_parts((parts_t){.body = "03"}, 809, 25);
    expect_parts((parts_t){.body = "40"}, 809, 25);
    expect_parts((parts_t){.body = "30 00"}, 809, 26);
    expect_parts((parts_t){.body = "01 01000000 05 10 00000000"}, 810, 31);
    expect_parts((parts_t){.body = "01 01 00000005 10 00000000"}, 810, 31);
    expect_parts((parts_t){.body = "01 02 00000005 01 00000000"}, 813, 26);
    expect_parts((parts_t){.body = "01 00 01000000 01 00000000"}, 813, 26);
    expect_parts((parts_t){.symbols = ONE_SYMBOL, .body = "01 00 00000000 01 00000000"}, 813, 32);
    expect_parts((parts_t){.symbols = ONE_SYMBOL, .body = "01 00 01000000 04 02000000"}, 813, 37);
    expect_parts((parts_t){.body = "02 01 01000000 03 00000001"}, 811, 31);
    expect_parts((parts_t){.body = "01 01 01000000 03 02000000"}, 811, 31);
    expect_parts((parts_t){.body = "01"}, 801, 26);
    expect_parts((parts_t){.body = "01 01 01000000 01 000000"}, 801, 31);
    expect_parts((parts_t){.body = "10 0000"}, 801, 26);
    expect_parts((parts_t){.body = "11 00000000 01 01000000 01"}, 801, 35);
}

Test(bind_reader, jumps_stay_inside) {
    expect_parts((parts_t){.body = "10 00000000 20"}, 0, 0);
    expect_parts((parts_t){.body = "10 00000000"}, 814, 26);
    expect_parts((parts_t){.body = "10 01000000 20"}, 814, 26);
    expect_parts((parts_t){.body = "10 ffffffff 20"}, 814, 26);
    expect_parts((parts_t){.body = "11 01000000 01 01000000 01 01000000 20"}, 814, 26);
    // Whether it lands on a label is only known when it is taken.
    expect_parts((parts_t){.body = "10 00000000 30"}, 0, 0);
}

#define NAMES   "01000000 6300 02000000 7000 03000000 7100"  // "c", "p", "q"
#define PRIMARY "50 02000000 01000000 30"

Test(bind_reader, composites) {
    expect_parts((parts_t){NAMES, "COMP", "01000000" PRIMARY, NULL, 0}, 0, 0);
    expect_parts((parts_t){NAMES, "COMP", "01000000" PRIMARY "51 03000000 00000000", NULL, 0}, 0,
                 0);
    expect_parts((parts_t){NAMES, "COMP", "04000000" PRIMARY, NULL, 0}, 820, 43);
    expect_parts((parts_t){NAMES, "COMP", "0100", NULL, 0}, 801, 43);
    expect_parts((parts_t){NAMES, "COMP", "01000000", NULL, 0}, 801, 47);
    expect_parts((parts_t){NAMES, "COMP", "01000000 51 02000000 00000000", NULL, 0}, 816, 47);
    expect_parts((parts_t){NAMES, "COMP", "01000000" PRIMARY PRIMARY, NULL, 0}, 817, 57);
    expect_parts((parts_t){NAMES, "COMP", "01000000" PRIMARY "53 03000000 00000000", NULL, 0}, 818,
                 57);
    expect_parts((parts_t){NAMES, "COMP", "01000000 50 02000000 02000000 30", NULL, 0}, 819, 52);
    expect_parts((parts_t){NAMES, "COMP", "01000000 50 04000000 01000000 30", NULL, 0}, 821, 48);
    expect_parts((parts_t){NAMES, "COMP", "01000000 50 020000", NULL, 0}, 801, 47);
    expect_parts((parts_t){NAMES, "COMP", "01000000 50 02000000 01000000 31", NULL, 0}, 809, 56);
    // A jump may not leave its parent.
    expect_parts(
        (parts_t){NAMES, "COMP",
                  "01000000 50 02000000 05000000 10 00000000 51 03000000 01000000 20", NULL, 0},
        814, 57);
}

Test(bind_reader, debug_information) {
    static const char line_and_abort[] = "07000000 30";
    static const char no_symbols[] = "44454247 00000000";
    static const char one_symbol[] = "44454247 0e000000 44425359 06000000 01000000 6100";
    expect_parts((parts_t){.flag = 1, .body = line_and_abort, .tail = no_symbols}, 0, 0);
    expect_parts((parts_t){.flag = 1, .body = line_and_abort, .tail = one_symbol}, 0, 0);
    expect_parts((parts_t){.flag = 1, .body = line_and_abort}, 801, 30);
    expect_parts((parts_t){.flag = 1, .body = line_and_abort, .tail = "44454257 00000000"}, 802,
                 30);
    expect_parts((parts_t){.flag = 1, .body = line_and_abort, .tail = "44454247 01000000"}, 808,
                 34);
    expect_parts((parts_t){.flag = 1, .body = line_and_abort, .tail = "44454247 00000000 00"}, 808,
                 38);
    expect_parts((parts_t){.flag = 1,
                           .body = line_and_abort,
                           .tail = "44454247 0e000000 44425359 06000000 02000000 6100"},
                 807, 46);
    expect_parts((parts_t){.flag = 1, .body = "30", .tail = no_symbols}, 801, 25);
}

Test(bind_reader, symbols_are_found_by_id) {
    // More symbols than the index has places, so that it skips.
    char rules[40000] = "";
    for (unsigned i = 0; i < 1000; i++) {
        char line[40];
        snprintf(line, sizeof(line), "l.K != \"v%u\";\n", i);
        strcat(rules, line);
    }
    bc_buffer_t bytes;
    bind_program_t program;
    cr_assert(fixture_compile(rules, "library l; string K;", NULL, NULL, &bytes, NULL));
    cr_assert_eq(bind_program_read(bytes.data, bytes.size, &program, NULL), ZX_OK);
    cr_expect_eq(program.symbol_count, 1001);
    cr_expect_str_eq(bind_program_symbol(&program, 1), "l.K");
    for (unsigned i = 0; i < 1000; i++) {
        char text[16];
        snprintf(text, sizeof(text), "v%u", i);
        cr_expect_str_eq(bind_program_symbol(&program, i + 2), text);
    }
    cr_expect_null(bind_program_symbol(&program, 0));
    cr_expect_null(bind_program_symbol(&program, 1002));
    cr_expect_null(bind_program_composite_name(&program));
    bc_buffer_fini(&bytes);
}

Test(bind_reader, parents_are_listed_in_file_order) {
    bc_buffer_t bytes;
    bind_program_t program;
    bind_parent_t parent;
    fixture_read_hex(fixture_path("golden/composite_order.hex"), &bytes);
    cr_assert_eq(bind_program_read(bytes.data, bytes.size, &program, NULL), ZX_OK);
    cr_expect_str_eq(bind_program_composite_name(&program), "fan.box");
    static const char* const names[] = {"pdev", "clk", "tach"};
    for (size_t i = 0; i < 3; i++) {
        cr_assert_eq(bind_program_parent(&program, i, &parent), ZX_OK);
        cr_expect_str_eq(parent.name, names[i]);
        cr_expect_eq((int)parent.kind, 0x50 + (int)i);
    }
    cr_expect_eq(bind_program_parent(&program, 3, &parent), ZX_ERR_OUT_OF_RANGE);
    bc_buffer_fini(&bytes);
}

Test(bind_reader, legacy_keys) {
    uint32_t id = 0;
    cr_expect(bind_legacy_key_id("fuchsia.BIND_PCI_DID", 20, &id));
    cr_expect_eq(id, 0x101);
    cr_expect(bind_legacy_key_id("BIND_PROTOCOL", 13, &id));
    cr_expect_eq(id, 1);
    cr_expect_not(bind_legacy_key_id("BIND_FLAGS", 10, &id));
    cr_expect_not(bind_legacy_key_id("fuchsia.", 8, &id));
    cr_expect_str_eq(bind_legacy_key_name(0x400), "fuchsia.BIND_ACPI_BUS_TYPE");
    cr_expect_null(bind_legacy_key_name(0));
    cr_expect_null(bind_legacy_key_name(0xffffffff));
    uint32_t last = 0;
    size_t count = 0;
    for (const char* name; (name = bind_legacy_key_at(count, &id)) != NULL; count++) {
        cr_expect_geq(id, last, "%s is out of order", name);
        uint32_t found;
        cr_expect(bind_legacy_key_id(name, strlen(name), &found));
        cr_expect_eq(found, id);
        last = id;
    }
    cr_expect_gt(count, 60);
}
