// SPDX-License-Identifier: MIT
// bindc dump: lists a compiled program; bindc assemble: makes a program of a listing.
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "bytecode.h"
#include "commands.h"
#include "program_file.h"

enum { OPTION_V1 = BINDC_LONG_OPTION };

typedef struct dump_args {
    const char* output;
    bool is_v1;
} dump_args_t;

static const bindc_option_t dump_options[] = {
    {'o', "output", "FILE", "where to write; standard output if absent"},
    {OPTION_V1, "v1", NULL, "PROGRAM is of version 1: words without a header"},
    {0},
};

static const bindc_option_t output_options[] = {
    {'o', "output", "FILE", "where to write; standard output if absent"},
    {0},
};

static bool take(void* context, int id, const char* value) {
    dump_args_t* args = context;
    if (id == 'o') {
        args->output = value;
    } else {
        args->is_v1 = true;
    }
    return true;
}

static bool list_v1(const char* path, bc_buffer_t* out) {
    bc_buffer_t content = {0};
    if (!bc_read_file(path, BC_MAX_SOURCE, &content)) {
        fprintf(stderr, "%s: error: cannot be read: %s\n", path, strerror(errno));
        return false;
    }
    const bool is_good = bc_dump_v1(content.data, content.size, out);
    if (!is_good) {
        fprintf(stderr, "%s: error[E700]: %zu bytes are no whole number of instructions\n", path,
                content.size);
    }
    bc_buffer_fini(&content);
    return is_good;
}

static bool list_v2(const char* path, bc_buffer_t* out) {
    bindc_program_file_t file = {0};
    const bool is_good = bindc_program_file_open(path, &file);
    if (is_good) {
        bc_dump(&file.program, out);
    }
    bindc_program_file_close(&file);
    return is_good;
}

static int run_dump(const bindc_command_t* self, int argc, char** argv) {
    dump_args_t args = {0};
    const char* path = NULL;
    const bindc_parsed_t parsed = bindc_parse(self, argc, argv, take, &args);
    if (parsed != BINDC_PARSED) {
        return parsed == BINDC_REFUSED;
    }
    bc_buffer_t listing = {0};
    const bool is_good = bindc_take_operand(self, argc, argv, "a program", false, &path) &&
                         (args.is_v1 ? list_v1(path, &listing) : list_v2(path, &listing)) &&
                         bindc_write(args.output, &listing);
    bc_buffer_fini(&listing);
    return is_good ? 0 : 1;
}

static int run_assemble(const bindc_command_t* self, int argc, char** argv) {
    dump_args_t args = {0};
    const char* path = NULL;
    const bindc_parsed_t parsed = bindc_parse(self, argc, argv, take, &args);
    if (parsed != BINDC_PARSED) {
        return parsed == BINDC_REFUSED;
    }
    bc_arena_t arena = {0};
    bc_diagnostics_t diagnostics = {.arena = &arena};
    bc_buffer_t bytes = {0};
    bool is_good = bindc_take_operand(self, argc, argv, "a listing", false, &path);
    if (is_good) {
        const bc_source_t* source = bc_source_from_file(&diagnostics, path, 0);
        is_good = source != NULL && bc_assemble(&diagnostics, source, &bytes);
        bc_diagnostics_print(&diagnostics, stderr);
        is_good = is_good && bindc_write(args.output, &bytes);
    }
    bc_buffer_fini(&bytes);
    bc_arena_fini(&arena);
    return is_good ? 0 : 1;
}

const bindc_command_t bindc_dump_command = {
    .name = "dump",
    .usage = "[OPTION…] PROGRAM",
    .summary = "list a compiled program or that of a driver",
    .description =
        "Lists the instructions of a compiled program, or of the program in a driver's .so.\n"
        "`bindc assemble` makes exactly the same bytes of the listing again.",
    .options = dump_options,
    .example = "  bindc dump build/lib/drivers/virtio-blk.so",
    .run = run_dump,
};

const bindc_command_t bindc_assemble_command = {
    .name = "assemble",
    .usage = "[OPTION…] LISTING",
    .summary = "make a program of a listing, as `dump` prints it",
    .description = "Turns a listing as `bindc dump` prints it into version 2 bytecode.",
    .options = output_options,
    .example = "  bindc dump nvme.bindbc > nvme.txt && bindc assemble -o same.bindbc nvme.txt",
    .run = run_assemble,
};
