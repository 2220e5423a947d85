// SPDX-License-Identifier: MIT
// Subcommands of bindc. Each is one file cmd_<name>.c with one bindc_command_t; main.c lists them.
// The tables below are all there is to say about a subcommand's options: the parser, `--help`, the
// man page and the shell completion are made from them.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "arena.h"

typedef struct bindc_option {
    int id;             // what the taker is called with; a letter is also the short option
    const char* name;   // long name without its dashes; null ends a table
    const char* value;  // what the value is called in the help, FILE for a path; null: no value
    const char* help;   // one line
} bindc_option_t;

// First id of options without a letter. Ids are unique within a command; 'h' is taken.
#define BINDC_LONG_OPTION 256

typedef struct bindc_command bindc_command_t;
struct bindc_command {
    const char* name;
    const char* usage;              // what follows "bindc NAME", lines separated by "\n"
    const char* summary;            // a few words, for the list of commands
    const char* description;        // whole sentences, lines of at most 100 columns
    const bindc_option_t* options;  // own options, or null
    const bindc_option_t* shared;   // a further table, shared with other commands, or null
    const char* example;            // command lines, each indented by two blanks
    int (*run)(const bindc_command_t* self, int argc, char** argv);  // argv[0] is the name
};

// All commands, in the order of the help; the last one has no name.
extern const bindc_command_t* const bindc_commands[];
const bindc_command_t* bindc_find_command(const char* name);  // null: none

// Gets each option in turn. Returns false after reporting that the value makes no sense.
typedef bool (*bindc_taker_t)(void* context, int id, const char* value);

typedef enum bindc_parsed {
    BINDC_PARSED,  // the operands are argv[optind] … argv[argc - 1]
    BINDC_REFUSED,
    BINDC_HELPED,  // --help was answered
} bindc_parsed_t;

bindc_parsed_t bindc_parse(const bindc_command_t* command, int argc, char** argv,
                           bindc_taker_t taker, void* context);

// Says what is wrong with a call and points at the help. Returns 1.
int bindc_usage_error(const bindc_command_t* command, const char* text, const char* value);

// Takes the single operand that a command has. `is_optional`: *out may stay null.
bool bindc_take_operand(const bindc_command_t* command, int argc, char** argv, const char* what,
                        bool is_optional, const char** out);

void bindc_print_help(const bindc_command_t* command);

// Writes to the file `path`, whole or not at all, or to standard output if it is null.
bool bindc_write(const char* path, const bc_buffer_t* content);
bool bindc_write_stdout(const bc_buffer_t* content);
