// SPDX-License-Identifier: MIT
// jacinth: the users' one door. Options, the table of commands, and the prompt.
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <zircon/status.h>
#include <zircon/syscalls.h>

#include <lx/socket.h>

#include "cli.h"

#define DEFAULT_SOCKET "/run/jacinth/control"
#define MAX_WORDS      32

static const cli_command_t commands[];

static int cli_help(cli_t* cli, int argc, char** argv);

static void print_usage(FILE* out) {
    fprintf(out,
            "usage: jacinth [--socket PATH] [--color auto|always|never] COMMAND …\n"
            "Without a command: a prompt.\n\n"
            "commands:\n");
    for (const cli_command_t* c = commands; c->name != NULL; c++) {
        fprintf(out, "  %-9s %-40s %s\n", c->name, c->arguments, c->summary);
    }
    fprintf(out,
            "\nexample:\n  jacinth devices --json\n\n"
            "The socket is --socket, else $JACINTH_SOCKET, else " DEFAULT_SOCKET ".\n");
}

static const cli_command_t* find_command(const char* name) {
    for (const cli_command_t* c = commands; c->name != NULL; c++) {
        if (strcmp(c->name, name) == 0) {
            return c;
        }
    }
    return NULL;
}

static void print_command_help(const cli_command_t* c) {
    printf("usage: jacinth %s %s\n%s.\n\nexample:\n  %s\n", c->name, c->arguments, c->summary,
           c->example);
}

static int cli_help(cli_t* cli, int argc, char** argv) {
    (void)cli;
    const cli_command_t* command = argc > 1 ? find_command(argv[1]) : NULL;
    if (command != NULL) {
        print_command_help(command);
    } else {
        print_usage(stdout);
    }
    return CLI_OK;
}

static const cli_command_t commands[] = {
    {"devices", "[--json]", "The device tree with the drivers bound to it", "jacinth devices",
     cli_devices},
    {"drivers", "[--json]", "The drivers devmgr knows, and why some can't be used",
     "jacinth drivers", cli_drivers},
    {"hosts", "[--json]", "The driver host processes", "jacinth hosts", cli_hosts},
    {"show", "PATH [--json]", "One device: properties, fault, crash, its driver's last lines",
     "jacinth show class/block/000", cli_show},
    {"load", "FILE.so", "Loads a driver; it binds to the devices that match",
     "jacinth load build/lib/drivers/sample.so", cli_load},
    {"unload", "NAME", "Unbinds a driver and forgets it", "jacinth unload sample", cli_unload},
    {"reload", "NAME [FILE.so]",
     "Replaces a driver in its running hosts; back to the old if it fails",
     "jacinth reload sample build/lib/drivers/sample.so", cli_reload},
    {"read", "PATH [--offset N] [--count N] [--wait S]",
     "Reads from a device through its read hook", "jacinth read sys/platform/sample/sample",
     cli_read},
    {"write", "PATH TEXT [--offset N] [--wait S]", "Writes text to a device through its write hook",
     "jacinth write sys/platform/sample/sample hello", cli_write},
    {"blk", "info|read|write|verify PATH …", "Block devices; see 'jacinth blk --help'",
     "jacinth blk verify class/block/000 --size 64M", cli_blk},
    {"log", "[--follow] [--json]", "What devmgr, hosts and drivers logged", "jacinth log --follow",
     cli_log},
    {"ready", "[--timeout S]", "Waits until all that the board expects is bound",
     "jacinth ready --timeout 10", cli_ready},
    {"shutdown", "", "Ends devmgr and every host", "jacinth shutdown", cli_shutdown},
    {"help", "[COMMAND]", "This text, or one command's", "jacinth help blk", cli_help},
    {NULL, NULL, NULL, NULL, NULL},
};

static int connect_devmgr(cli_t* cli) {
    if (cli->channel != ZX_HANDLE_INVALID) {
        return CLI_OK;
    }
    zx_status_t status = lx_connect(cli->socket, &cli->channel);
    if (status == ZX_OK) {
        return CLI_OK;
    }
    return cli_fail(
        "no devmgr answers on %s (%s); start one (./x run host), or name its socket with --socket",
        cli->socket, zx_status_get_string(status));
}

static int run_command(cli_t* cli, int argc, char** argv) {
    const cli_command_t* command = find_command(argv[0]);
    if (command == NULL) {
        return cli_usage(NULL, "there is no command '%s'", argv[0]);
    }
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0 && command->run != cli_blk) {
            print_command_help(command);
            return CLI_OK;
        }
    }
    bool is_help = command->run == cli_help ||
                   (command->run == cli_blk && argc > 1 && strcmp(argv[1], "--help") == 0);
    if (!is_help && connect_devmgr(cli) != CLI_OK) {
        return CLI_FAILED;
    }
    int code = command->run(cli, argc, argv);
    fflush(stdout);
    return code;
}

static int split_words(char* line, char** words) {
    int count = 0;
    for (char* at = strtok(line, " \t\r\n"); at != NULL && count < MAX_WORDS - 1;
         at = strtok(NULL, " \t\r\n")) {
        words[count++] = at;
    }
    words[count] = NULL;
    return count;
}

// Reads commands until the end of the input or `exit`. A failing command does not end it.
static int run_prompt(cli_t* cli) {
    bool is_terminal = isatty(STDIN_FILENO);
    char* line = NULL;
    size_t capacity = 0;
    int code = CLI_OK;
    for (;;) {
        if (is_terminal) {
            printf("%sjacinth>%s ", cli_color(cli, "36"), cli_color(cli, "0"));
            fflush(stdout);
        }
        if (getline(&line, &capacity, stdin) < 0) {
            break;
        }
        char* words[MAX_WORDS];
        int count = split_words(line, words);
        if (count == 0) {
            continue;
        }
        if (strcmp(words[0], "exit") == 0 || strcmp(words[0], "quit") == 0) {
            break;
        }
        code = run_command(cli, count, words);
    }
    free(line);
    return is_terminal ? CLI_OK : code;
}

static const struct option options[] = {
    {"socket", required_argument, NULL, 's'},
    {"color", required_argument, NULL, 'c'},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

static int parse_options(cli_t* cli, int argc, char** argv) {
    const char* color = "auto";
    int option;
    // '+': options end at the command; what follows is the command's own.
    while ((option = getopt_long(argc, argv, "+h", options, NULL)) != -1) {
        switch (option) {
            case 's':
                cli->socket = optarg;
                break;
            case 'c':
                color = optarg;
                break;
            case 'h':
                print_usage(stdout);
                exit(CLI_OK);
            default:
                exit(CLI_USAGE);
        }
    }
    if (strcmp(color, "auto") != 0 && strcmp(color, "always") != 0 && strcmp(color, "never") != 0) {
        exit(cli_usage(NULL, "--color takes auto, always or never, not '%s'", color));
    }
    cli->has_color = strcmp(color, "always") == 0 ||
                     (strcmp(color, "auto") == 0 && isatty(STDOUT_FILENO) && !getenv("NO_COLOR"));
    return optind;
}

int main(int argc, char** argv) {
    const char* socket = getenv("JACINTH_SOCKET");
    cli_t cli = {.socket = socket != NULL ? socket : DEFAULT_SOCKET};
    int first = parse_options(&cli, argc, argv);
    int code = first < argc ? run_command(&cli, argc - first, argv + first) : run_prompt(&cli);
    zx_handle_close(cli.channel);
    return code;
}
