// SPDX-License-Identifier: MIT
// bindc dump: lists a compiled program; bindc assemble: makes a program of a listing.
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "bytecode.h"
#include "commands.h"
#include "program_file.h"

static const bindc_option_t output_options[] = {
    {'o', "output", "FILE", "where to write; standard output if absent"},
    {0},
};

static bool take(void* context, int id, const char* value) {
    if (id == 'o') {
        *(const char**)context = value;
    }
    return true;
}

static int run_dump(const bindc_command_t* self, int argc, char** argv) {
    const char* output = NULL;
    const char* path = NULL;
    const bindc_parsed_t parsed = bindc_parse(self, argc, argv, take, &output);
    if (parsed != BINDC_PARSED) {
        return parsed == BINDC_REFUSED;
    }
    bindc_program_file_t file = {0};
    bc_buffer_t listing = {0};
    bool is_good = bindc_take_operand(self, argc, argv, "a program", false, &path) &&
                   bindc_program_file_open(path, &file);
    if (is_good) {
        bc_dump(&file.program, &listing);
        is_good = bindc_write(output, &listing);
    }
    bc_buffer_fini(&listing);
    bindc_program_file_close(&file);
    return is_good ? 0 : 1;
}

static int run_assemble(const bindc_command_t* self, int argc, char** argv) {
    const char* output = NULL;
    const char* path = NULL;
    const bindc_parsed_t parsed = bindc_parse(self, argc, argv, take, &output);
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
        is_good = is_good && bindc_write(output, &bytes);
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
    .options = output_options,
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
