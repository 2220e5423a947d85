// SPDX-License-Identifier: MIT
// load, unload, reload: drivers come and go while the machine runs.
#include <libgen.h>
#include <stdlib.h>
#include <string.h>

#include <zircon/status.h>
#include <zircon/syscalls.h>

#include <lx/file.h>

#include "cli.h"

static void print_loaded(const char* verb, const control_load_response_t* r) {
    printf("%s %s", verb, r->name != NULL ? r->name : "?");
    if (r->devices_count == 0) {
        printf(": no device matches it yet");
    }
    for (size_t i = 0; i < r->devices_count; i++) {
        printf("%s %s", i == 0 ? ": bound to" : ",", r->devices[i]);
        if (i < r->hosts_count) {
            printf(" in host %u", r->hosts[i]);
        }
    }
    if (r->gap_ns > 0) {
        printf(" (gap %.3f ms)", (double)r->gap_ns / 1e6);
    }
    putchar('\n');
}

static int send_load(cli_t* cli, bool is_reload, const char* name, const char* path) {
    control_load_request_t request = {.file_name = name, .replace = is_reload};
    if (path != NULL) {
        zx_status_t status = lx_vmo_from_file(path, &request.image);
        if (status != ZX_OK) {
            return cli_fail("cannot read %s: %s", path, zx_status_get_string(status));
        }
    }
    control_load_response_t response;
    pg_arena_t arena;
    pg_arena_init(&arena, NULL, 0);
    zx_status_t status = is_reload
                             ? control_control_reload(cli->channel, &request, &arena, &response)
                             : control_control_load(cli->channel, &request, &arena, &response);
    int code = CLI_OK;
    if (status != ZX_OK || response.status != ZX_OK) {
        code =
            cli_fail_status(path != NULL ? path : name, status != ZX_OK ? status : response.status,
                            status == ZX_OK ? response.detail : NULL);
    } else {
        print_loaded(is_reload ? "reloaded" : "loaded", &response);
    }
    pg_arena_fini(&arena);
    return code;
}

int cli_load(cli_t* cli, int argc, char** argv) {
    if (!cli_parse_plain(&argc, argv, 1, NULL)) {
        return CLI_USAGE;
    }
    if (argc != 2) {
        return cli_usage("load", "load takes the path of a driver's .so file");
    }
    return send_load(cli, false, basename(argv[1]), argv[1]);
}

int cli_reload(cli_t* cli, int argc, char** argv) {
    if (!cli_parse_plain(&argc, argv, 2, NULL)) {
        return CLI_USAGE;
    }
    if (argc < 2) {
        return cli_usage("reload", "reload takes the name of a driver");
    }
    return send_load(cli, true, argv[1], argc > 2 ? argv[2] : NULL);
}

int cli_unload(cli_t* cli, int argc, char** argv) {
    if (!cli_parse_plain(&argc, argv, 1, NULL)) {
        return CLI_USAGE;
    }
    if (argc != 2) {
        return cli_usage("unload", "unload takes the name of a driver (see: jacinth drivers)");
    }
    control_name_request_t request = {.name = argv[1]};
    control_status_response_t response;
    pg_arena_t arena;
    pg_arena_init(&arena, NULL, 0);
    zx_status_t status = control_control_unload(cli->channel, &request, &arena, &response);
    int code = CLI_OK;
    if (status != ZX_OK || response.status != ZX_OK) {
        code = cli_fail_status(argv[1], status != ZX_OK ? status : response.status,
                               status == ZX_OK ? response.detail : NULL);
    } else {
        printf("unloaded %s\n", argv[1]);
    }
    pg_arena_fini(&arena);
    return code;
}
