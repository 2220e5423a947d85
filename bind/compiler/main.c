// SPDX-License-Identifier: MIT
// bindc: the command line of the bind compiler. One function for each subcommand; commands[] is the
// list.
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compiler.h"
#include "output.h"

#define INCLUDE_LIST_LIMIT (1u << 20)

static const char program_help[] =
    "usage: bindc COMMAND [OPTION…]\n"
    "\n"
    "Compiles driver bind rules.\n"
    "\n"
    "commands:\n"
    "  compile   turn a rules file into bytecode or into a C header\n"
    "  help      show this text, or the help of a command\n"
    "\n"
    "options:\n"
    "  -h, --help      show this text\n"
    "  -V, --version   show the version\n"
    "\n"
    "example:\n"
    "  bindc compile -i bind/lib/fuchsia.pci.bind -o nvme.bindbc nvme.bind\n"
    "\n"
    "Exit status: 0, or 1 after an error.\n";

static const char compile_help[] =
    "usage: bindc compile [OPTION…] RULES\n"
    "       bindc compile --disable-autobind [OPTION…]\n"
    "\n"
    "Compiles a rules file to version 2 bytecode.\n"
    "\n"
    "options:\n"
    "  -i, --include FILE         a bind library; once for each library\n"
    "  -f, --include-file FILE    a text file that names one library a line\n"
    "  -o, --output FILE          where to write; standard output if absent\n"
    "  -d, --depfile FILE         write the inputs as a Makefile rule (needs --output)\n"
    "  -a, --disable-autobind     match only what is bound by hand; RULES may then be absent\n"
    "  -l, --lint                 check the names of the libraries\n"
    "      --header               write a C header that defines ZIRCON_DRIVER()\n"
    "  -h, --help                 show this text\n"
    "\n"
    "example:\n"
    "  bindc compile -i bind/lib/fuchsia.bind -i bind/lib/fuchsia.pci.bind \\\n"
    "      --header -o build/nvme_bind.h -d build/nvme_bind.h.d drivers/block/nvme/nvme.bind\n";

typedef struct compile_args {
    const char** inputs;  // owned list of borrowed or list_text paths: libraries, then the rules
    size_t input_count;
    const char* include_list;
    bc_buffer_t list_text;  // the include list with its line ends made zeros
    const char* rules;
    const char* output;
    const char* depfile;
    bool header;
    bc_options_t options;
} compile_args_t;

static void add_input(compile_args_t* args, const char* path) {
    const char** inputs = realloc(args->inputs, (args->input_count + 1) * sizeof(*inputs));
    if (inputs == NULL) {
        fputs("bindc: out of memory\n", stderr);
        abort();
    }
    args->inputs = inputs;
    args->inputs[args->input_count++] = path;
}

// Points at the help when a call makes no sense.
static int usage_error(const char* text, const char* value) {
    fprintf(stderr, "bindc: %s%s\nSee `bindc compile --help`.\n", text, value);
    return 1;
}

// Returns 0 to go on, 1 after an error, 2 when the help was shown.
static int parse_options(int argc, char** argv, compile_args_t* args) {
    enum { OPTION_HEADER = 256 };
    static const struct option options[] = {
        {"include", required_argument, NULL, 'i'},
        {"include-file", required_argument, NULL, 'f'},
        {"output", required_argument, NULL, 'o'},
        {"depfile", required_argument, NULL, 'd'},
        {"disable-autobind", no_argument, NULL, 'a'},
        {"lint", no_argument, NULL, 'l'},
        {"header", no_argument, NULL, OPTION_HEADER},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    int option;
    while ((option = getopt_long(argc, argv, "i:f:o:d:alh", options, NULL)) != -1) {
        switch (option) {
            case 'i':
                add_input(args, optarg);
                break;
            case 'f':
                args->include_list = optarg;
                break;
            case 'o':
                args->output = optarg;
                break;
            case 'd':
                args->depfile = optarg;
                break;
            case 'a':
                args->options.disable_autobind = true;
                break;
            case 'l':
                args->options.lint = true;
                break;
            case OPTION_HEADER:
                args->header = true;
                break;
            case 'h':
                fputs(compile_help, stdout);
                return 2;
            default:
                return usage_error("the call is not understood", "");
        }
    }
    return 0;
}

// Adds the paths of the include list, one a line; the line end is LF or CRLF.
static bool add_include_list(compile_args_t* args) {
    if (args->include_list == NULL) {
        return true;
    }
    if (!bc_read_file(args->include_list, INCLUDE_LIST_LIMIT, &args->list_text)) {
        fprintf(stderr, "%s: error: cannot be read: %s\n", args->include_list, strerror(errno));
        return false;
    }
    bc_buffer_u8(&args->list_text, 0);
    char* line = (char*)args->list_text.data;
    for (unsigned number = 1; *line != 0; number++) {
        char* end = strchr(line, '\n');
        char* next = end == NULL ? line + strlen(line) : end + 1;
        if (end != NULL) {
            *end = 0;
            if (end > line && end[-1] == '\r') {
                end[-1] = 0;
            }
        }
        if (*line == 0) {
            fprintf(stderr, "%s:%u:1: error: an empty line names no library\n", args->include_list,
                    number);
            return false;
        }
        add_input(args, line);
        line = next;
    }
    return true;
}

static bool parse_rules_argument(int argc, char** argv, compile_args_t* args) {
    if (argc - optind > 1) {
        usage_error("one rules file at a time, not also ", argv[optind + 1]);
        return false;
    }
    if (optind < argc) {
        args->rules = argv[optind];
    } else if (!args->options.disable_autobind) {
        usage_error("a rules file is needed", "");
        return false;
    }
    return true;
}

static bool write_stdout(const bc_buffer_t* content) {
    const size_t written = fwrite(content->data, 1, content->size, stdout);
    if (written == content->size && fflush(stdout) == 0) {
        return true;
    }
    fprintf(stderr, "bindc: error: standard output cannot be written: %s\n", strerror(errno));
    return false;
}

static bool write_results(const compile_args_t* args, const bc_buffer_t* content) {
    if (args->output == NULL) {
        return write_stdout(content);
    }
    bc_buffer_t rule = {0};
    bc_output_t outputs[2] = {{args->output, content}};
    size_t count = 1;
    if (args->depfile != NULL) {
        bc_make_depfile(args->output, args->inputs, args->input_count, &rule);
        outputs[count++] = (bc_output_t){args->depfile, &rule};
    }
    const char* path = NULL;
    const bool is_written = bc_write_outputs(outputs, count, &path);
    if (!is_written) {
        fprintf(stderr, "%s: error: cannot be written: %s\n", path, strerror(errno));
    }
    bc_buffer_fini(&rule);
    return is_written;
}

static bool compile(compile_args_t* args) {
    bc_compiler_t compiler;
    bc_buffer_t bytecode = {0};
    bc_buffer_t header = {0};
    bc_compiler_init(&compiler);
    for (size_t i = 0; i < args->input_count; i++) {
        bc_compiler_add_library_file(&compiler, args->inputs[i]);
    }
    if (args->rules != NULL) {
        add_input(args, args->rules);
        bc_compiler_set_rules_file(&compiler, args->rules);
    }
    bool is_good = bc_compiler_compile(&compiler, &args->options, &bytecode);
    bc_diagnostics_print(&compiler.diagnostics, stderr);
    if (is_good && args->header) {
        bc_make_header(&bytecode, args->rules, &header);
    }
    is_good = is_good && write_results(args, args->header ? &header : &bytecode);
    bc_buffer_fini(&header);
    bc_buffer_fini(&bytecode);
    bc_compiler_fini(&compiler);
    return is_good;
}

static int run_compile(int argc, char** argv) {
    compile_args_t args = {0};
    const int parsed = parse_options(argc, argv, &args);
    int result = parsed == 1 ? 1 : 0;
    if (parsed == 0) {
        const bool is_good =
            parse_rules_argument(argc, argv, &args) && add_include_list(&args) && compile(&args);
        result = is_good ? 0 : 1;
    }
    free(args.inputs);
    bc_buffer_fini(&args.list_text);
    return result;
}

typedef struct command {
    const char* name;
    const char* help;
    int (*run)(int argc, char** argv);  // argv[0] is the command's name
} command_t;

static const command_t commands[] = {
    {"compile", compile_help, run_compile},
};

static const command_t* find_command(const char* name) {
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
        if (strcmp(commands[i].name, name) == 0) {
            return &commands[i];
        }
    }
    fprintf(stderr, "bindc: there is no command `%s`\nSee `bindc --help`.\n", name);
    return NULL;
}

int main(int argc, char** argv) {
    if (argc < 2) {
        fputs(program_help, stderr);
        return 1;
    }
    const char* word = argv[1];
    if (strcmp(word, "-V") == 0 || strcmp(word, "--version") == 0) {
        puts("bindc " JACINTH_VERSION);
        return 0;
    }
    if (strcmp(word, "-h") == 0 || strcmp(word, "--help") == 0 ||
        (strcmp(word, "help") == 0 && argc == 2)) {
        fputs(program_help, stdout);
        return 0;
    }
    const bool is_help = strcmp(word, "help") == 0;
    const command_t* command = find_command(is_help ? argv[2] : word);
    if (command == NULL) {
        return 1;
    }
    if (is_help) {
        fputs(command->help, stdout);
        return 0;
    }
    return command->run(argc - 1, argv + 1);
}
