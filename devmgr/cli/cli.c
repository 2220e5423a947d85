// SPDX-License-Identifier: MIT
// Helpers of the commands: errors, words, sizes, opening a device.
#include "cli.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <zircon/status.h>
#include <zircon/syscalls.h>

static void print_error(const char* format, va_list arguments) {
    fflush(stdout);
    fprintf(stderr, "jacinth: error: ");
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
}

int cli_fail(const char* format, ...) {
    va_list arguments;
    va_start(arguments, format);
    print_error(format, arguments);
    va_end(arguments);
    return CLI_FAILED;
}

int cli_usage(const char* command, const char* format, ...) {
    va_list arguments;
    va_start(arguments, format);
    print_error(format, arguments);
    va_end(arguments);
    fprintf(stderr, "see: jacinth help%s%s\n", command != NULL ? " " : "",
            command != NULL ? command : "");
    return CLI_USAGE;
}

int cli_fail_status(const char* doing, zx_status_t status, const char* detail) {
    if (detail != NULL && detail[0] != '\0') {
        return cli_fail("%s: %s", doing, detail);
    }
    if (status == ZX_ERR_PEER_CLOSED) {
        return cli_fail("%s: devmgr closed the connection", doing);
    }
    return cli_fail("%s: %s", doing, zx_status_get_string(status));
}

bool cli_parse_plain(int* argc, char** argv, int max_words, bool* out_json) {
    int kept = 1;
    for (int i = 1; i < *argc; i++) {
        if (out_json != NULL && strcmp(argv[i], "--json") == 0) {
            *out_json = true;
        } else if (argv[i][0] == '-') {
            cli_usage(argv[0], "%s has no option '%s'", argv[0], argv[i]);
            return false;
        } else {
            argv[kept++] = argv[i];
        }
    }
    *argc = kept;
    if (kept - 1 > max_words) {
        cli_usage(argv[0], "%s does not take '%s'", argv[0], argv[max_words + 1]);
        return false;
    }
    return true;
}

bool cli_parse_size(const char* text, uint64_t* out_size) {
    static const char units[] = "kMG";
    char* end;
    if (text[0] < '0' || text[0] > '9') {
        return false;
    }
    unsigned long long value = strtoull(text, &end, 0);
    unsigned shift = 0;
    if (*end != '\0') {
        const char* unit = strchr(units, *end);
        if (unit == NULL || end[1] != '\0') {
            return false;
        }
        shift = 10 * (unsigned)(unit - units + 1);
    }
    if (value > (UINT64_MAX >> shift)) {
        return false;
    }
    *out_size = (uint64_t)value << shift;
    return true;
}

const char* cli_color(const cli_t* cli, const char* code) {
    static char buffers[4][16];
    static unsigned next;
    if (!cli->has_color) {
        return "";
    }
    char* buffer = buffers[next++ % 4];
    snprintf(buffer, sizeof(buffers[0]), "\033[%sm", code);
    return buffer;
}

zx_status_t cli_open_device(cli_t* cli, const char* path, uint32_t timeout_ms, char* detail,
                            size_t detail_size, zx_handle_t* out_channel) {
    detail[0] = '\0';
    control_open_request_t request = {.path = path, .timeout_ms = timeout_ms};
    control_open_response_t response;
    pg_arena_t arena;
    pg_arena_init(&arena, NULL, 0);
    zx_status_t status = control_control_open(cli->channel, &request, &arena, &response);
    if (status == ZX_OK) {
        status = response.status;
        snprintf(detail, detail_size, "%s", response.detail != NULL ? response.detail : "");
        *out_channel = response.client;
        if (status == ZX_OK && response.client == ZX_HANDLE_INVALID) {
            status = ZX_ERR_INTERNAL;
        }
    } else if (status == ZX_ERR_PEER_CLOSED) {
        status = ZX_ERR_IO_NOT_PRESENT;  // not to be taken for the device's host
        snprintf(detail, detail_size, "devmgr closed the connection");
    }
    pg_arena_fini(&arena);
    return status;
}
