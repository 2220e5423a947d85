// SPDX-License-Identifier: MIT
// show, log, ready, shutdown: what devmgr knows of one device, of the past, and of itself.
#include <stdlib.h>
#include <string.h>

#include <zircon/syscalls.h>

#include "cli.h"
#include "json_out.h"

#define SEVERITY_WARNING 0x40
#define SEVERITY_ERROR   0x50

static void print_log_record(const cli_t* cli, const control_log_record_t* r) {
    const char* color = r->severity >= SEVERITY_ERROR     ? "31"
                        : r->severity >= SEVERITY_WARNING ? "33"
                                                          : "0";
    printf("[%9.3f] %s%s: %s%s\n", (double)r->time_ns / 1e9, cli_color(cli, color),
           r->source != NULL ? r->source : "?", r->text != NULL ? r->text : "",
           cli_color(cli, "0"));
}

static void print_property(const node_property_t* p) {
    char buffer[16];
    const char* key = property_key(p, buffer, sizeof(buffer));
    if (p->kind == NODE_PROPERTY_KIND_UINT) {
        printf("  %-34s = 0x%x\n", key, p->uint_value);
    } else if (p->kind == NODE_PROPERTY_KIND_BOOL) {
        printf("  %-34s = %s\n", key, p->bool_value ? "true" : "false");
    } else {
        printf("  %-34s = \"%s\"\n", key, p->string_value != NULL ? p->string_value : "");
    }
}

static const char* or_none(const char* text) {
    return text != NULL && text[0] != '\0' ? text : "none";
}

static void print_show(const cli_t* cli, const control_show_response_t* s) {
    const control_device_info_t* d = s->device;
    printf("path        %s\n", d->path);
    printf("state       %s\n", d->state);
    printf("driver      %s\n", or_none(d->driver));
    printf("host        %s (pid %u)\n", or_none(d->host_name), d->host_pid);
    printf("class       %s\n", or_none(d->class_path));
    printf("children    %u\n", d->children);
    printf("restarts    %u\n", s->restarts);
    printf("fault       %s%s%s\n", cli_color(cli, "31"), or_none(d->fault), cli_color(cli, "0"));
    printf("properties\n");
    for (size_t i = 0; i < d->properties_count; i++) {
        print_property(&d->properties[i]);
    }
    if (s->crash != NULL && s->crash[0] != '\0') {
        printf("last crash\n%s\n", s->crash);
    }
    if (s->log_count > 0) {
        printf("log\n");
    }
    for (size_t i = 0; i < s->log_count; i++) {
        print_log_record(cli, &s->log[i]);
    }
}

static void print_show_json(const control_show_response_t* s) {
    json_t* object = json_out_device(s->device);
    json_object_set_new(object, "restarts", json_integer(s->restarts));
    json_object_set_new(object, "crash", json_out_text(s->crash));
    json_t* log = json_array();
    for (size_t i = 0; i < s->log_count; i++) {
        json_array_append_new(log, json_out_log(&s->log[i]));
    }
    json_object_set_new(object, "log", log);
    json_out_print(object);
}

int cli_show(cli_t* cli, int argc, char** argv) {
    bool is_json = false;
    if (!cli_parse_plain(&argc, argv, 1, &is_json)) {
        return CLI_USAGE;
    }
    if (argc != 2) {
        return cli_usage("show", "show takes the path of a device");
    }
    control_path_request_t request = {.path = argv[1]};
    control_show_response_t response;
    pg_arena_t arena;
    pg_arena_init(&arena, NULL, 0);
    zx_status_t status = control_control_show(cli->channel, &request, &arena, &response);
    int code = CLI_OK;
    if (status != ZX_OK || response.status != ZX_OK || response.device == NULL) {
        code = cli_fail_status(argv[1], status != ZX_OK ? status : response.status,
                               status == ZX_OK ? response.detail : NULL);
    } else if (is_json) {
        print_show_json(&response);
    } else {
        print_show(cli, &response);
    }
    pg_arena_fini(&arena);
    return code;
}

// |after| moves on to the last record printed; out_count tells how many there were.
static int print_log_page(cli_t* cli, uint64_t* after, bool is_waiting, bool is_json,
                          size_t* out_count) {
    control_log_request_t request = {.after = *after, .wait = is_waiting};
    control_log_response_t response;
    pg_arena_t arena;
    pg_arena_init(&arena, NULL, 0);
    zx_status_t status = control_control_read_log(cli->channel, &request, &arena, &response);
    if (status == ZX_OK) {
        status = response.status;
    }
    *out_count = status == ZX_OK ? response.records_count : 0;
    if (status == ZX_OK && response.dropped > 0) {
        fprintf(stderr, "jacinth: %llu records were dropped\n",
                (unsigned long long)response.dropped);
    }
    for (size_t i = 0; i < *out_count; i++) {
        if (is_json) {
            json_t* object = json_out_log(&response.records[i]);
            json_dumpf(object, stdout, JSON_COMPACT);
            putchar('\n');
            json_decref(object);
        } else {
            print_log_record(cli, &response.records[i]);
        }
        *after = response.records[i].sequence;
    }
    fflush(stdout);
    pg_arena_fini(&arena);
    return status == ZX_OK ? CLI_OK : cli_fail_status("log", status, NULL);
}

int cli_log(cli_t* cli, int argc, char** argv) {
    bool is_json = false;
    bool is_following = false;
    int kept = 1;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--follow") == 0) {
            is_following = true;
        } else {
            argv[kept++] = argv[i];
        }
    }
    if (!cli_parse_plain(&kept, argv, 0, &is_json)) {
        return CLI_USAGE;
    }
    uint64_t after = 0;
    size_t count = 0;
    int code;
    do {
        code = print_log_page(cli, &after, is_following, is_json, &count);
    } while (code == CLI_OK && (is_following || count > 0));
    return code;
}

int cli_ready(cli_t* cli, int argc, char** argv) {
    uint64_t seconds = 10;
    if (argc == 3 && strcmp(argv[1], "--timeout") == 0) {
        if (!cli_parse_size(argv[2], &seconds) || seconds > 3600) {
            return cli_usage("ready", "--timeout takes seconds up to 3600, not '%s'", argv[2]);
        }
    } else if (argc != 1) {
        return cli_usage("ready", "ready does not take '%s'", argv[1]);
    }
    control_ready_request_t request = {.timeout_ms = (uint32_t)seconds * 1000};
    control_ready_response_t response;
    pg_arena_t arena;
    pg_arena_init(&arena, NULL, 0);
    zx_status_t status = control_control_wait_ready(cli->channel, &request, &arena, &response);
    int code = CLI_OK;
    if (status != ZX_OK) {
        code = cli_fail_status("ready", status, NULL);
    } else if (response.status != ZX_OK) {
        for (size_t i = 0; i < response.missing_count; i++) {
            cli_fail("not up: %s", response.missing[i]);
        }
        code =
            cli_fail("%zu of the board's expected devices are not bound", response.missing_count);
    } else {
        fprintf(stderr, "board up %.3f s after devmgr's start (uptime %.3f s)\n",
                (double)response.elapsed_ns / 1e9, (double)response.uptime_ns / 1e9);
    }
    pg_arena_fini(&arena);
    return code;
}

int cli_shutdown(cli_t* cli, int argc, char** argv) {
    if (!cli_parse_plain(&argc, argv, 0, NULL)) {
        return CLI_USAGE;
    }
    control_empty_t request = {0};
    zx_status_t status = control_control_shutdown_send(cli->channel, 0, &request);
    if (status != ZX_OK) {
        return cli_fail_status("shutdown", status, NULL);
    }
    // devmgr closes the connection when it ends.
    zx_object_wait_one(cli->channel, ZX_CHANNEL_PEER_CLOSED, ZX_TIME_INFINITE, NULL);
    zx_handle_close(cli->channel);
    cli->channel = ZX_HANDLE_INVALID;
    return CLI_OK;
}
