// SPDX-License-Identifier: MIT
// bindc generate-c: the names of a library as C constants.
#include <ctype.h>
#include <stdio.h>

#include "commands.h"
#include "constants.h"
#include "parser.h"

typedef struct generate_args {
    const char* output;
    const char* prefix;
    const char* library;
} generate_args_t;

static const bindc_option_t generate_options[] = {
    {'o', "output", "FILE", "where to write; standard output if absent"},
    {'p', "prefix", "PREFIX", "how each constant begins; the library's name if absent"},
    {0},
};

static bool is_identifier(const char* text) {
    bool is_good = isalpha((unsigned char)*text) != 0 || *text == '_';
    for (; *text != 0; text++) {
        is_good = is_good && (isalnum((unsigned char)*text) != 0 || *text == '_');
    }
    return is_good;
}

static bool take(void* context, int id, const char* value) {
    generate_args_t* args = context;
    if (id == 'o') {
        args->output = value;
        return true;
    }
    args->prefix = value;
    if (!is_identifier(value)) {
        fprintf(stderr, "bindc: --prefix must be a C identifier, not %s\n", value);
        return false;
    }
    return true;
}

static bool generate(const generate_args_t* args) {
    bc_arena_t arena = {0};
    bc_diagnostics_t diagnostics = {.arena = &arena};
    bc_buffer_t header = {0};
    const bc_source_t* source = bc_source_from_file(&diagnostics, args->library, 0);
    const bc_library_t* library = source == NULL ? NULL : bc_parse_library(&diagnostics, source);
    bool is_good = library != NULL && diagnostics.error_count == 0 &&
                   bc_make_constants(&diagnostics, library, args->prefix, &header);
    bc_diagnostics_sort(&diagnostics);
    bc_diagnostics_print(&diagnostics, stderr);
    is_good = is_good && bindc_write(args->output, &header);
    bc_buffer_fini(&header);
    bc_arena_fini(&arena);
    return is_good;
}

static int run(const bindc_command_t* self, int argc, char** argv) {
    generate_args_t args = {0};
    const bindc_parsed_t parsed = bindc_parse(self, argc, argv, take, &args);
    bool is_good = parsed != BINDC_REFUSED;
    if (parsed == BINDC_PARSED) {
        is_good = bindc_take_operand(self, argc, argv, "a library", false, &args.library) &&
                  generate(&args);
    }
    return is_good ? 0 : 1;
}

const bindc_command_t bindc_generate_c_command = {
    .name = "generate-c",
    .usage = "[OPTION…] LIBRARY",
    .summary = "make a C header with the names of a library",
    .description =
        "Writes a C header with a constant for each key of a library and for each value:\n"
        "FUCHSIA_PCI_BIND_PCI_VID_INTEL is 0x8086u. Keys and enum values are texts, bools 0 and "
        "1.\n"
        "Libraries that this one uses are not needed.",
    .options = generate_options,
    .example = "  bindc generate-c -o fuchsia_pci.h bind/lib/fuchsia.pci.bind",
    .run = run,
};
