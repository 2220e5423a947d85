// SPDX-License-Identifier: MIT
// bindc lsp: the language server, joined to standard input and output.
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "commands.h"
#include "inputs.h"
#include "lsp.h"

enum { OPTION_STANDARD = BINDC_LONG_OPTION };

typedef struct lsp_args {
    bindc_inputs_t inputs;
    const char* standard;
} lsp_args_t;

static const bindc_option_t lsp_options[] = {
    {OPTION_STANDARD, "standard", "FOLDER", "where the standard libraries are (bind/lib here)"},
    {0},
};

static bool take(void* context, int id, const char* value) {
    lsp_args_t* args = context;
    if (id == OPTION_STANDARD) {
        args->standard = value;
        return true;
    }
    return bindc_inputs_take(&args->inputs, id, value);
}

static bool write_all(const bc_buffer_t* bytes) {
    for (size_t done = 0; done < bytes->size;) {
        const ssize_t written = write(STDOUT_FILENO, bytes->data + done, bytes->size - done);
        if (written < 0 && errno != EINTR) {
            fprintf(stderr, "bindc: error: standard output cannot be written: %s\n",
                    strerror(errno));
            return false;
        }
        done += written < 0 ? 0 : (size_t)written;
    }
    return true;
}

// Returns the exit status.
static int serve(lsp_server_t* server) {
    static char bytes[65536];
    lsp_state_t state = LSP_RUNNING;
    bool is_written = true;
    while (state == LSP_RUNNING && is_written) {
        const ssize_t got = read(STDIN_FILENO, bytes, sizeof(bytes));
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            break;
        }
        bc_buffer_t out = {0};
        state = lsp_server_receive(server, bytes, (size_t)got, &out);
        is_written = write_all(&out);
        bc_buffer_fini(&out);
    }
    lsp_server_finish(server);
    const char* error = lsp_server_error(server);
    if (error != NULL) {
        fprintf(stderr, "bindc: error: the input is no language server protocol: %s\n", error);
    }
    return is_written ? lsp_server_exit_code(server) : 1;
}

// A library that is given must be there, as for other commands.
static bool check_given(const bindc_inputs_t* inputs) {
    for (size_t i = 0; i < inputs->count; i++) {
        struct stat info;
        if (stat(inputs->paths[i], &info) == 0 && !S_ISREG(info.st_mode)) {
            fprintf(stderr, "%s: error: not a regular file\n", inputs->paths[i]);
            return false;
        }
        if (access(inputs->paths[i], R_OK) != 0) {
            fprintf(stderr, "%s: error: cannot be read: %s\n", inputs->paths[i], strerror(errno));
            return false;
        }
    }
    return true;
}

static int start(const bindc_command_t* self, lsp_args_t* args, const char* operand) {
    if (operand != NULL) {
        return bindc_usage_error(self, "no file is taken, so not ", operand);
    }
    if (args->inputs.is_json) {
        return bindc_usage_error(self, "--json makes no sense here", "");
    }
    if (!bindc_inputs_finish(&args->inputs) || !check_given(&args->inputs)) {
        return 1;
    }
    const lsp_config_t config = {.options = args->inputs.options,
                                 .is_werror = args->inputs.is_werror,
                                 .standard = args->standard,
                                 .libraries = args->inputs.paths,
                                 .library_count = args->inputs.count};
    signal(SIGPIPE, SIG_IGN);
    lsp_server_t* server = lsp_server_create(&config);
    const int status = serve(server);
    lsp_server_destroy(server);
    return status;
}

static int run(const bindc_command_t* self, int argc, char** argv) {
    lsp_args_t args = {.standard = JACINTH_BIND_LIBRARIES};
    const char* operand = NULL;
    const bindc_parsed_t parsed = bindc_parse(self, argc, argv, take, &args);
    int status = parsed == BINDC_REFUSED;
    if (parsed == BINDC_PARSED) {
        status = bindc_take_operand(self, argc, argv, "", true, &operand)
                     ? start(self, &args, operand)
                     : 1;
    }
    bindc_inputs_fini(&args.inputs);
    return status;
}

const bindc_command_t bindc_lsp_command = {
    .name = "lsp",
    .usage = "[OPTION…]",
    .summary = "serve editors: faults, completion, definitions while typing",
    .description =
        "Speaks the Language Server Protocol 3.17 on standard input and output, for rules and\n"
        "libraries. Known libraries are the standard ones, all *.bind files in the folders of the\n"
        "workspace, and those given with --include, which go before others of the same name.\n"
        "Exit status 0 after `shutdown` and `exit`, otherwise 1.",
    .options = lsp_options,
    .shared = bindc_input_options,
    .example =
        "  In Neovim 0.8 or later, from init.lua:\n"
        "    vim.api.nvim_create_autocmd({ 'BufRead', 'BufNewFile' }, {\n"
        "      pattern = '*.bind',\n"
        "      callback = function()\n"
        "        vim.lsp.start({\n"
        "          name = 'bindc', cmd = { 'bindc', 'lsp' }, root_dir = vim.fn.getcwd()\n"
        "        })\n"
        "      end,\n"
        "    })\n"
        "  In VS Code: a generic LSP client with the command `bindc lsp` for the files *.bind.",
    .run = run,
};
