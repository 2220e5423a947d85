// SPDX-License-Identifier: MIT
// read, write: a device's read and write hooks, from the shell.
#include <string.h>

#include <zircon/syscalls.h>

#include <protocols/device.h>

#include "cli.h"

#define MAX_TRANSFER 8192

static int open_or_fail(cli_t* cli, const char* path, zx_handle_t* out_device) {
    char detail[256];
    zx_status_t status = cli_open_device(cli, path, 0, detail, sizeof(detail), out_device);
    return status == ZX_OK ? CLI_OK : cli_fail_status(path, status, detail);
}

static bool parse_range(int* argc, char** argv, uint64_t* offset, uint64_t* count) {
    int kept = 1;
    for (int i = 1; i < *argc; i++) {
        uint64_t* target = strcmp(argv[i], "--offset") == 0  ? offset
                           : strcmp(argv[i], "--count") == 0 ? count
                                                             : NULL;
        if (target == NULL) {
            argv[kept++] = argv[i];
        } else if (i + 1 == *argc || !cli_parse_size(argv[++i], target)) {
            cli_usage("read", "--offset and --count take a number");
            return false;
        }
    }
    *argc = kept;
    return true;
}

int cli_read(cli_t* cli, int argc, char** argv) {
    uint64_t offset = 0;
    uint64_t count = MAX_TRANSFER;
    if (!parse_range(&argc, argv, &offset, &count) || !cli_parse_plain(&argc, argv, 1, NULL)) {
        return CLI_USAGE;
    }
    if (argc != 2 || count > MAX_TRANSFER) {
        return cli_usage("read", "read takes the path of a device and at most %d bytes",
                         MAX_TRANSFER);
    }
    zx_handle_t device;
    int code = open_or_fail(cli, argv[1], &device);
    if (code != CLI_OK) {
        return code;
    }
    device_read_request_t request = {.offset = offset, .count = (uint32_t)count};
    device_read_response_t response;
    pg_arena_t arena;
    pg_arena_init(&arena, NULL, 0);
    zx_status_t status = device_device_read(device, &request, &arena, &response);
    if (status == ZX_OK) {
        status = response.status;
    }
    if (status != ZX_OK) {
        code = cli_fail_status(argv[1], status, NULL);
    } else {
        fwrite(response.data, 1, response.data_count, stdout);
    }
    pg_arena_fini(&arena);
    zx_handle_close(device);
    return code;
}

int cli_write(cli_t* cli, int argc, char** argv) {
    if (argc != 3) {
        return cli_usage("write", "write takes the path of a device and a text");
    }
    size_t size = strlen(argv[2]);
    if (size > MAX_TRANSFER) {
        return cli_usage("write", "write takes at most %d bytes", MAX_TRANSFER);
    }
    zx_handle_t device;
    int code = open_or_fail(cli, argv[1], &device);
    if (code != CLI_OK) {
        return code;
    }
    device_write_request_t request = {.data = (const uint8_t*)argv[2], .data_count = size};
    device_write_response_t response;
    pg_arena_t arena;
    pg_arena_init(&arena, NULL, 0);
    zx_status_t status = device_device_write(device, &request, &arena, &response);
    if (status == ZX_OK) {
        status = response.status;
    }
    if (status != ZX_OK) {
        code = cli_fail_status(argv[1], status, NULL);
    } else if (response.actual < size) {
        code = cli_fail("%s took %u of %zu bytes", argv[1], response.actual, size);
    }
    pg_arena_fini(&arena);
    zx_handle_close(device);
    return code;
}
