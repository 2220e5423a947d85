// SPDX-License-Identifier: MIT
// What the subcommands of bindc share: options from tables, help, output.
#include "command.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "output.h"

#define MAX_OPTIONS 48u
#define HELP_COLUMN 30

const bindc_command_t* bindc_find_command(const char* name) {
    for (size_t i = 0; bindc_commands[i] != NULL; i++) {
        if (strcmp(bindc_commands[i]->name, name) == 0) {
            return bindc_commands[i];
        }
    }
    return NULL;
}

// The tables in the form that getopt_long() wants.
typedef struct getopt_tables {
    struct option options[MAX_OPTIONS];
    size_t count;
    char letters[2 * MAX_OPTIONS + 1];
    size_t letters_size;
} getopt_tables_t;

static void add_option(getopt_tables_t* tables, const bindc_option_t* option) {
    if (tables->count + 1 == MAX_OPTIONS) {
        return;
    }
    const int has_value = option->value == NULL ? no_argument : required_argument;
    tables->options[tables->count++] = (struct option){option->name, has_value, NULL, option->id};
    if (option->id < BINDC_LONG_OPTION) {
        tables->letters[tables->letters_size++] = (char)option->id;
        if (option->value != NULL) {
            tables->letters[tables->letters_size++] = ':';
        }
    }
}

static void add_options(getopt_tables_t* tables, const bindc_option_t* options) {
    for (; options != NULL && options->name != NULL; options++) {
        add_option(tables, options);
    }
}

static const bindc_option_t help_option = {'h', "help", NULL, "show this text"};

bindc_parsed_t bindc_parse(const bindc_command_t* command, int argc, char** argv,
                           bindc_taker_t taker, void* context) {
    getopt_tables_t tables = {0};
    add_options(&tables, command->options);
    add_options(&tables, command->shared);
    add_option(&tables, &help_option);
    int id;
    while ((id = getopt_long(argc, argv, tables.letters, tables.options, NULL)) != -1) {
        if (id == 'h') {
            bindc_print_help(command);
            return BINDC_HELPED;
        }
        if (id == '?') {
            bindc_usage_error(command, "the call is not understood", "");
            return BINDC_REFUSED;
        }
        if (!taker(context, id, optarg)) {
            return BINDC_REFUSED;
        }
    }
    return BINDC_PARSED;
}

int bindc_usage_error(const bindc_command_t* command, const char* text, const char* value) {
    fprintf(stderr, "bindc: %s%s\nSee `bindc %s --help`.\n", text, value, command->name);
    return 1;
}

bool bindc_take_operand(const bindc_command_t* command, int argc, char** argv, const char* what,
                        bool is_optional, const char** out) {
    if (argc - optind > 1) {
        bindc_usage_error(command, "one file at a time, not also ", argv[optind + 1]);
        return false;
    }
    if (optind < argc) {
        *out = argv[optind];
        return true;
    }
    if (!is_optional) {
        bindc_usage_error(command, what, " is needed");
    }
    return is_optional;
}

static void print_options(const bindc_option_t* options) {
    for (; options != NULL && options->name != NULL; options++) {
        char left[64];
        char letter[8] = "   ";
        if (options->id < BINDC_LONG_OPTION) {
            snprintf(letter, sizeof(letter), "-%c,", options->id);
        }
        snprintf(left, sizeof(left), "  %s --%s%s%s", letter, options->name,
                 options->value == NULL ? "" : " ", options->value == NULL ? "" : options->value);
        printf("%-*s %s\n", HELP_COLUMN, left, options->help);
    }
}

void bindc_print_help(const bindc_command_t* command) {
    const char* line = command->usage;
    for (const char* prefix = "usage:"; line != NULL; prefix = "      ") {
        const char* end = strchr(line, '\n');
        const int size = end == NULL ? (int)strlen(line) : (int)(end - line);
        printf("%s bindc %s %.*s\n", prefix, command->name, size, line);
        line = end == NULL ? NULL : end + 1;
    }
    printf("\n%s\n\noptions:\n", command->description);
    print_options(command->options);
    print_options(command->shared);
    print_options((const bindc_option_t[]){help_option, {0}});
    printf("\nexample:\n%s\n", command->example);
}

bool bindc_write_stdout(const bc_buffer_t* content) {
    const size_t written = fwrite(content->data, 1, content->size, stdout);
    if (written == content->size && fflush(stdout) == 0) {
        return true;
    }
    fprintf(stderr, "bindc: error: standard output cannot be written: %s\n", strerror(errno));
    return false;
}

bool bindc_write(const char* path, const bc_buffer_t* content) {
    if (path == NULL) {
        return bindc_write_stdout(content);
    }
    const bc_output_t output = {path, content};
    const char* failed = NULL;
    if (bc_write_outputs(&output, 1, &failed)) {
        return true;
    }
    fprintf(stderr, "%s: error: cannot be written: %s\n", failed, strerror(errno));
    return false;
}
