// SPDX-License-Identifier: MIT
// devmgr: the options, and the three things it can do with a board file: run it, check it, turn it
// into QEMU arguments.
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <lx/pipe.h>
#include <zircon/status.h>
#include <zircon/syscalls.h>

#include "coordinator.h"

#define EXIT_USAGE 2

typedef enum dm_mode {
    MODE_RUN,
    MODE_CHECK,
    MODE_QEMU_ARGS,
    MODE_DISK_IMAGES,
} dm_mode_t;

static const char g_help[] =
    "usage: devmgr --board FILE --driver-dir DIR --driver-host PROGRAM [OPTION…]\n"
    "       devmgr --board FILE --check | --qemu-args | --disk-images\n"
    "Reads a board, finds drivers for its devices and supervises the hosts that run them.\n"
    "\n"
    "  --board FILE         the board, a YAML file\n"
    "  --driver-dir DIR     folder with drivers (*.so); may be repeated, the first one wins\n"
    "  --driver-host FILE   the program that runs drivers\n"
    "  --socket PATH        control socket [/run/jacinth/control]\n"
    "  --log-level LEVEL    trace, debug, info, warning or error [info]\n"
    "  --no-sandbox         run driver hosts with the rights of this user, for debugging\n"
    "  --crash-limit N      give a device up after N crashes within a minute; 0: never [8]\n"
    "  --hook-timeout MS    kill a host that does not answer for so long [30000]\n"
    "  --listening-fd N     write a newline to fd N and close it once the socket is there\n"
    "  --check              only check the board file\n"
    "  --qemu-args          print the QEMU arguments of the board's machine, one a line\n"
    "  --disk-images        print the machine's disk images, name and size in bytes, one a line\n"
    "  --help\n"
    "\n"
    "Example:\n"
    "  devmgr --board boards/host.yaml --driver-dir build/lib/drivers \\\n"
    "         --driver-host build/bin/driver_host --socket /tmp/jacinth\n"
    "  jacinth --socket /tmp/jacinth devices\n";

// ------------------------------------------------------------------------------------- options

static int usage(const char* format, const char* what) {
    fprintf(stderr, "devmgr: ");
    fprintf(stderr, format, what);
    fprintf(stderr, " (devmgr --help shows the options)\n");
    return EXIT_USAGE;
}

static bool parse_number(const char* text, unsigned long long max, unsigned long long* out) {
    char* end = NULL;
    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0 || value > max) {
        return false;
    }
    *out = value;
    return true;
}

enum {
    OPT_BOARD = 256,
    OPT_DIR,
    OPT_HOST,
    OPT_SOCKET,
    OPT_LEVEL,
    OPT_NO_SANDBOX,
    OPT_LIMIT,
    OPT_TIMEOUT,
    OPT_LISTENING,
    OPT_CHECK,
    OPT_QEMU,
    OPT_IMAGES,
    OPT_HELP
};

static const struct option g_options[] = {
    {"board", required_argument, NULL, OPT_BOARD},
    {"driver-dir", required_argument, NULL, OPT_DIR},
    {"driver-host", required_argument, NULL, OPT_HOST},
    {"socket", required_argument, NULL, OPT_SOCKET},
    {"log-level", required_argument, NULL, OPT_LEVEL},
    {"no-sandbox", no_argument, NULL, OPT_NO_SANDBOX},
    {"crash-limit", required_argument, NULL, OPT_LIMIT},
    {"hook-timeout", required_argument, NULL, OPT_TIMEOUT},
    {"listening-fd", required_argument, NULL, OPT_LISTENING},
    {"check", no_argument, NULL, OPT_CHECK},
    {"qemu-args", no_argument, NULL, OPT_QEMU},
    {"disk-images", no_argument, NULL, OPT_IMAGES},
    {"help", no_argument, NULL, OPT_HELP},
    {0},
};

// Takes one option. 0: fine; else the exit code.
static int take_option(int option, dm_options_t* options, dm_mode_t* mode) {
    unsigned long long number = 0;
    switch (option) {
        case OPT_BOARD:
            options->board_file = optarg;
            return 0;
        case OPT_DIR:
            if (options->driver_dir_count == DM_MAX_DRIVER_DIRS) {
                return usage("too many driver folders: %s", optarg);
            }
            options->driver_dirs[options->driver_dir_count++] = optarg;
            return 0;
        case OPT_HOST:
            options->driver_host = optarg;
            return 0;
        case OPT_SOCKET:
            options->socket_path = optarg;
            return 0;
        case OPT_LEVEL:
            return dm_log_level_from_name(optarg, &options->log_level)
                       ? 0
                       : usage("unknown log level '%s'", optarg);
        case OPT_NO_SANDBOX:
            options->has_sandbox = false;
            return 0;
        case OPT_LIMIT:
            if (!parse_number(optarg, DM_CRASH_LIMIT_MAX, &number)) {
                return usage("--crash-limit takes a number up to 64, not '%s'", optarg);
            }
            options->crash_limit = (uint32_t)number;
            return 0;
        case OPT_TIMEOUT:
            if (!parse_number(optarg, 3600000, &number) || number == 0) {
                return usage("--hook-timeout takes milliseconds, not '%s'", optarg);
            }
            options->hook_timeout = (zx_duration_t)number * 1000000;
            return 0;
        case OPT_LISTENING:
            if (!parse_number(optarg, 65535, &number) || fcntl((int)number, F_GETFD) < 0) {
                return usage("--listening-fd takes the number of an open fd, not '%s'", optarg);
            }
            options->listening_fd = (int)number;
            return 0;
        case OPT_CHECK:
            *mode = MODE_CHECK;
            return 0;
        case OPT_QEMU:
            *mode = MODE_QEMU_ARGS;
            return 0;
        case OPT_IMAGES:
            *mode = MODE_DISK_IMAGES;
            return 0;
        default:
            return EXIT_USAGE;
    }
}

static int parse(int argc, char** argv, dm_options_t* options, dm_mode_t* mode) {
    *options = (dm_options_t){.socket_path = "/run/jacinth/control",
                              .log_level = DM_LOG_INFO,
                              .has_sandbox = true,
                              .crash_limit = DM_CRASH_LIMIT,
                              .listening_fd = -1,
                              .hook_timeout = DM_HOOK_TIMEOUT_NS};
    *mode = MODE_RUN;
    for (int option; (option = getopt_long(argc, argv, "", g_options, NULL)) != -1;) {
        if (option == OPT_HELP) {
            fputs(g_help, stdout);
            exit(EXIT_SUCCESS);
        }
        int code = take_option(option, options, mode);
        if (code != 0) {
            return code;
        }
    }
    if (optind < argc) {
        return usage("'%s' is no option", argv[optind]);
    }
    if (options->board_file == NULL) {
        return usage("%s is missing", "--board");
    }
    if (*mode == MODE_RUN && options->driver_dir_count == 0) {
        return usage("%s is missing", "--driver-dir");
    }
    if (*mode == MODE_RUN && options->driver_host == NULL) {
        return usage("%s is missing", "--driver-host");
    }
    return 0;
}

// ---------------------------------------------------------------- check, qemu-args, disk-images

static int print_disk_images(const dm_board_t* board) {
    for (size_t i = 0; i < board->machine.device_count; i++) {
        const dm_machine_device_t* device = &board->machine.devices[i];
        if (device->image != NULL) {
            printf("%s %llu\n", device->image, (unsigned long long)device->size_mib << 20);
        }
    }
    return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int print_qemu_args(const char* file, const dm_board_t* board) {
    char* text = NULL;
    zx_status_t status = dm_board_qemu_args(board, &text);
    if (status != ZX_OK) {
        fprintf(stderr, "%s: %s\n", file,
                status == ZX_ERR_NOT_SUPPORTED
                    ? "the board has no 'machine': it runs directly on this one"
                    : zx_status_get_string(status));
        return EXIT_FAILURE;
    }
    fputs(text, stdout);
    free(text);
    return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int print_check(const char* file, const dm_board_t* board) {
    printf(
        "%s: board %s: %zu platform devices, %zu drivers, %zu machine devices, "
        "%zu expectations\n",
        file, board->name, board->device_count, board->driver_count, board->machine.device_count,
        board->expect_count);
    return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

// ----------------------------------------------------------------------------------------- run

// SIGTERM and SIGINT come through a pipe, so that they are events like all others.
static int g_signal_fd = -1;

static void on_signal(int number) {
    int error = errno;
    char byte = (char)number;
    if (write(g_signal_fd, &byte, 1) < 0) {
        // The pipe is full of signals already.
    }
    errno = error;
}

typedef struct signals {
    zx_handle_t pipe;  // owned
    dm_source_t source;
    dm_coordinator_t* coordinator;
} signals_t;

static void on_signal_pipe(void* ctx, zx_signals_t observed) {
    (void)observed;
    signals_t* signals = ctx;
    char bytes[16];
    size_t actual = 0;
    lx_pipe_read(signals->pipe, bytes, sizeof(bytes), &actual);
    dm_coordinator_shut_down(signals->coordinator);
}

static zx_status_t catch_signals(signals_t* signals, dm_coordinator_t* co) {
    signals->coordinator = co;
    zx_status_t status = lx_pipe_create(&signals->pipe, &g_signal_fd);
    if (status != ZX_OK) {
        return status;
    }
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    signal(SIGPIPE, SIG_IGN);
    return dm_source_start(&co->loop, &signals->source, signals->pipe, ZX_SOCKET_READABLE,
                           on_signal_pipe, signals);
}

// Whoever started devmgr may be waiting for the control socket.
static void tell_listening(int fd) {
    if (fd >= 0) {
        if (write(fd, "\n", 1) < 0) {
            fprintf(stderr, "devmgr: nobody reads --listening-fd: %s\n", strerror(errno));
        }
        close(fd);
    }
}

static int run(const dm_options_t* options, dm_board_t* board) {
    static dm_coordinator_t co;
    signals_t signals = {0};
    zx_status_t status = dm_coordinator_init(&co, options, board);
    if (status == ZX_OK) {
        status = catch_signals(&signals, &co);
    }
    if (status == ZX_OK) {
        tell_listening(options->listening_fd);
        status = dm_coordinator_run(&co);
    } else {
        fprintf(stderr, "devmgr: cannot start: %s\n", zx_status_get_string(status));
    }
    signal(SIGTERM, SIG_IGN);
    signal(SIGINT, SIG_IGN);
    dm_source_stop(&signals.source);
    zx_handle_close(signals.pipe);
    dm_coordinator_fini(&co);
    if (g_signal_fd >= 0) {
        close(g_signal_fd);
    }
    return status == ZX_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int argc, char** argv) {
    dm_options_t options;
    dm_mode_t mode;
    int code = parse(argc, argv, &options, &mode);
    if (code != 0) {
        return code;
    }
    dm_board_t board;
    dm_diag_t diag = {0};
    if (dm_board_read(options.board_file, &board, &diag) != ZX_OK) {
        fputs(diag.text != NULL ? diag.text : "", stderr);
        dm_diag_fini(&diag);
        return EXIT_FAILURE;
    }
    dm_diag_fini(&diag);
    if (mode == MODE_QEMU_ARGS) {
        code = print_qemu_args(options.board_file, &board);
    } else if (mode == MODE_DISK_IMAGES) {
        code = print_disk_images(&board);
    } else if (mode == MODE_CHECK) {
        code = print_check(options.board_file, &board);
    } else {
        code = run(&options, &board);
    }
    dm_board_fini(&board);
    return code;
}
