// SPDX-License-Identifier: MIT
// bindc: the command line of the bind compiler. The subcommands are in cmd_<name>.c.
#include <stdio.h>
#include <string.h>

#include "commands.h"

// In the order of the help; one a line.
// clang-format off
const bindc_command_t* const bindc_commands[] = {
    &bindc_compile_command,
    &bindc_debug_command,
    &bindc_test_command,
    &bindc_explain_command,
    &bindc_dump_command,
    &bindc_assemble_command,
    &bindc_fmt_command,
    &bindc_lint_command,
    &bindc_generate_c_command,
    &bindc_index_command,
    &bindc_import_command,
    &bindc_lsp_command,
    &bindc_man_command,
    &bindc_completion_command,
    NULL,
};
// clang-format on

static void print_program_help(FILE* out) {
    fputs(
        "usage: bindc COMMAND [OPTION…]\n"
        "\n"
        "Compiles driver bind rules, and tells what they mean for a device.\n"
        "\n"
        "commands:\n",
        out);
    for (size_t i = 0; bindc_commands[i] != NULL; i++) {
        fprintf(out, "  %-12s %s\n", bindc_commands[i]->name, bindc_commands[i]->summary);
    }
    fputs(
        "  help         show this text, or the help of a command\n"
        "\n"
        "options:\n"
        "  -h, --help      show this text\n"
        "  -V, --version   show the version\n"
        "\n"
        "example:\n"
        "  bindc compile -i bind/lib/fuchsia.pci.bind -o nvme.bindbc nvme.bind\n"
        "\n"
        "Exit status: 0, or 1 after an error.\n",
        out);
}

static const bindc_command_t* find_command(const char* name) {
    const bindc_command_t* command = bindc_find_command(name);
    if (command == NULL) {
        fprintf(stderr, "bindc: there is no command `%s`\nSee `bindc --help`.\n", name);
    }
    return command;
}

int main(int argc, char** argv) {
    if (argc < 2) {
        print_program_help(stderr);
        return 1;
    }
    const char* word = argv[1];
    if (strcmp(word, "-V") == 0 || strcmp(word, "--version") == 0) {
        puts("bindc " JACINTH_VERSION);
        return 0;
    }
    const bool is_help = strcmp(word, "help") == 0;
    if (strcmp(word, "-h") == 0 || strcmp(word, "--help") == 0 || (is_help && argc == 2)) {
        print_program_help(stdout);
        return 0;
    }
    const bindc_command_t* command = find_command(is_help ? argv[2] : word);
    if (command == NULL) {
        return 1;
    }
    if (is_help) {
        bindc_print_help(command);
        return 0;
    }
    return command->run(command, argc - 1, argv + 1);
}
