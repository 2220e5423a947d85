// SPDX-License-Identifier: MIT
// drivers, hosts: the listings. devices is in cmd_devices.c.
#include <string.h>

#include <zircon/syscalls.h>

#include "cli.h"
#include "json_out.h"

// ---------------------------------------------------------------------------------------- drivers

static json_t* driver_object(const control_driver_info_t* d) {
    return json_pack("{s:s, s:o, s:o, s:o, s:o, s:b, s:o, s:o}", "name", d->name, "vendor",
                     json_out_text(d->vendor), "version", json_out_text(d->version), "file",
                     json_out_text(d->file), "origin", json_out_text(d->origin), "proxy",
                     d->is_proxy, "error", json_out_text(d->error), "devices",
                     json_out_texts(d->devices, d->devices_count));
}

static void print_driver(const cli_t* cli, const control_driver_info_t* d) {
    bool is_bad = d->error != NULL && d->error[0] != '\0';
    printf("%-20s %-8s %-8s %s%s%s", d->name, d->version != NULL ? d->version : "",
           d->origin != NULL ? d->origin : "", cli_color(cli, "31"), is_bad ? d->error : "",
           cli_color(cli, "0"));
    for (size_t i = 0; i < d->devices_count; i++) {
        printf("%s%s", i > 0 ? ", " : "", d->devices[i]);
    }
    if (d->is_proxy) {
        printf("(proxy)");
    }
    putchar('\n');
}

static int list_drivers_page(cli_t* cli, uint32_t* start, json_t* array) {
    control_list_request_t request = {.start = *start};
    control_list_drivers_response_t response;
    pg_arena_t arena;
    pg_arena_init(&arena, NULL, 0);
    zx_status_t status = control_control_list_drivers(cli->channel, &request, &arena, &response);
    if (status == ZX_OK) {
        status = response.status;
    }
    for (size_t i = 0; status == ZX_OK && i < response.drivers_count; i++) {
        if (array != NULL) {
            json_array_append_new(array, driver_object(&response.drivers[i]));
        } else {
            print_driver(cli, &response.drivers[i]);
        }
    }
    *start = status == ZX_OK ? response.next : 0;
    pg_arena_fini(&arena);
    return status == ZX_OK ? CLI_OK : cli_fail_status("drivers", status, NULL);
}

// ------------------------------------------------------------------------------------------ hosts

static json_t* host_object(const control_host_info_t* h) {
    return json_pack("{s:s, s:I, s:o, s:I, s:I, s:I, s:o}", "name", h->name, "pid",
                     (json_int_t)h->pid, "state", json_out_text(h->state), "restarts",
                     (json_int_t)h->restarts, "handles", (json_int_t)h->handle_count, "devices",
                     (json_int_t)h->device_count, "drivers",
                     json_out_texts(h->drivers, h->drivers_count));
}

static void print_host(const control_host_info_t* h) {
    printf("%-16s %8u %-12s %8u %8u %8u  ", h->name, h->pid, h->state != NULL ? h->state : "",
           h->restarts, h->handle_count, h->device_count);
    for (size_t i = 0; i < h->drivers_count; i++) {
        printf("%s%s", i > 0 ? ", " : "", h->drivers[i]);
    }
    putchar('\n');
}

static int list_hosts_page(cli_t* cli, uint32_t* start, json_t* array) {
    control_list_request_t request = {.start = *start};
    control_list_hosts_response_t response;
    pg_arena_t arena;
    pg_arena_init(&arena, NULL, 0);
    zx_status_t status = control_control_list_hosts(cli->channel, &request, &arena, &response);
    if (status == ZX_OK) {
        status = response.status;
    }
    for (size_t i = 0; status == ZX_OK && i < response.hosts_count; i++) {
        if (array != NULL) {
            json_array_append_new(array, host_object(&response.hosts[i]));
        } else {
            print_host(&response.hosts[i]);
        }
    }
    *start = status == ZX_OK ? response.next : 0;
    pg_arena_fini(&arena);
    return status == ZX_OK ? CLI_OK : cli_fail_status("hosts", status, NULL);
}

// --------------------------------------------------------------------------------------- commands

// Walks the pages of one listing.
static int list(cli_t* cli, int argc, char** argv, const char* heading,
                int (*page)(cli_t*, uint32_t*, json_t*)) {
    bool is_json = false;
    if (!cli_parse_plain(&argc, argv, 0, &is_json)) {
        return CLI_USAGE;
    }
    json_t* array = is_json ? json_array() : NULL;
    if (!is_json) {
        printf("%s%s%s\n", cli_color(cli, "1"), heading, cli_color(cli, "0"));
    }
    uint32_t start = 0;
    int code;
    do {
        code = page(cli, &start, array);
    } while (code == CLI_OK && start != 0);
    if (is_json && code == CLI_OK) {
        json_out_print(array);
    } else {
        json_decref(array);
    }
    return code;
}

int cli_drivers(cli_t* cli, int argc, char** argv) {
    char heading[96];
    snprintf(heading, sizeof(heading), "%-20s %-8s %-8s %s", "DRIVER", "VERSION", "ORIGIN",
             "BOUND TO");
    return list(cli, argc, argv, heading, list_drivers_page);
}

int cli_hosts(cli_t* cli, int argc, char** argv) {
    char heading[96];
    snprintf(heading, sizeof(heading), "%-16s %8s %-12s %8s %8s %8s  %s", "HOST", "PID", "STATE",
             "RESTARTS", "HANDLES", "DEVICES", "DRIVERS");
    return list(cli, argc, argv, heading, list_hosts_page);
}
