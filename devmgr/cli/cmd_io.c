// SPDX-License-Identifier: MIT
// read, write: a device's read and write hooks, from the shell.
#include <string.h>

#include <zircon/syscalls.h>

#include <protocols/device.h>

#include "cli.h"

#define MAX_TRANSFER 8192

// Options of read and write, taken out of argv.
typedef struct io_words {
    uint64_t offset;
    uint64_t count;
    uint64_t wait_s;
} io_words_t;

static bool parse_io(int* argc, char** argv, io_words_t* words) {
    int kept = 1;
    for (int i = 1; i < *argc; i++) {
        uint64_t* target = strcmp(argv[i], "--offset") == 0  ? &words->offset
                           : strcmp(argv[i], "--count") == 0 ? &words->count
                           : strcmp(argv[i], "--wait") == 0  ? &words->wait_s
                                                             : NULL;
        if (target == NULL) {
            argv[kept++] = argv[i];
        } else if (i + 1 == *argc || !cli_parse_size(argv[++i], target)) {
            cli_usage(argv[0], "%s takes a number", argv[i - 1]);
            return false;
        }
    }
    *argc = kept;
    if (words->wait_s > 3600) {
        cli_usage(argv[0], "--wait takes at most 3600 seconds");
        return false;
    }
    return true;
}

static int open_or_fail(cli_t* cli, const char* path, uint64_t wait_s, zx_handle_t* out_device) {
    char detail[256];
    zx_status_t status =
        cli_open_device(cli, path, (uint32_t)wait_s * 1000, detail, sizeof(detail), out_device);
    return status == ZX_OK ? CLI_OK : cli_fail_status(path, status, detail);
}

// One Read call; its data goes to stdout.
static zx_status_t read_once(zx_handle_t device, const io_words_t* words) {
    device_read_request_t request = {.offset = words->offset, .count = (uint32_t)words->count};
    device_read_response_t response;
    pg_arena_t arena;
    pg_arena_init(&arena, NULL, 0);
    zx_status_t status = device_device_read(device, &request, &arena, &response);
    if (status == ZX_OK) {
        status = response.status;
    }
    if (status == ZX_OK) {
        fwrite(response.data, 1, response.data_count, stdout);
    }
    pg_arena_fini(&arena);
    return status;
}

// With --wait, a host that dies under the call is waited for, once.
int cli_read(cli_t* cli, int argc, char** argv) {
    io_words_t words = {.count = MAX_TRANSFER};
    if (!parse_io(&argc, argv, &words) || !cli_parse_plain(&argc, argv, 1, NULL)) {
        return CLI_USAGE;
    }
    if (argc != 2 || words.count > MAX_TRANSFER) {
        return cli_usage("read", "read takes the path of a device and at most %d bytes",
                         MAX_TRANSFER);
    }
    zx_status_t status = ZX_ERR_PEER_CLOSED;
    for (int attempt = 0; status == ZX_ERR_PEER_CLOSED && attempt < (words.wait_s > 0 ? 2 : 1);
         attempt++) {
        zx_handle_t device;
        int code = open_or_fail(cli, argv[1], words.wait_s, &device);
        if (code != CLI_OK) {
            return code;
        }
        status = read_once(device, &words);
        zx_handle_close(device);
    }
    if (status == ZX_ERR_PEER_CLOSED) {
        return cli_fail("%s: the host closed the connection; --wait S waits for it to come back",
                        argv[1]);
    }
    return status == ZX_OK ? CLI_OK : cli_fail_status(argv[1], status, NULL);
}

int cli_write(cli_t* cli, int argc, char** argv) {
    io_words_t words = {0};
    if (!parse_io(&argc, argv, &words)) {
        return CLI_USAGE;
    }
    if (argc != 3) {
        return cli_usage("write", "write takes the path of a device and a text");
    }
    size_t size = strlen(argv[2]);
    if (size > MAX_TRANSFER) {
        return cli_usage("write", "write takes at most %d bytes", MAX_TRANSFER);
    }
    zx_handle_t device;
    int code = open_or_fail(cli, argv[1], words.wait_s, &device);
    if (code != CLI_OK) {
        return code;
    }
    device_write_request_t request = {
        .offset = words.offset, .data = (const uint8_t*)argv[2], .data_count = size};
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
