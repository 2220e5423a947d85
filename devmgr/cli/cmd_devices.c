// SPDX-License-Identifier: MIT
// devices: the tree, drawn or as JSON.
#include <stdlib.h>
#include <string.h>

#include <zircon/status.h>

#include "cli.h"
#include "json_out.h"

#define MAX_DEPTH 32

// What is drawn of one device. Depth-first order, as devmgr sends them.
typedef struct row {
    uint32_t depth;
    char* name;  // all owned
    char* driver;
    char* class_path;
    char* state;
    char* fault;
    uint32_t pid;
} row_t;

typedef struct rows {
    row_t* items;  // owned
    size_t count;
    size_t capacity;
} rows_t;

static char* copy_text(const char* text) {
    return strdup(text != NULL && text[0] != '\0' ? text : "-");
}

static bool rows_add(rows_t* rows, const control_device_info_t* d) {
    if (rows->count == rows->capacity) {
        size_t capacity = rows->capacity == 0 ? 32 : rows->capacity * 2;
        row_t* items = realloc(rows->items, capacity * sizeof(*items));
        if (items == NULL) {
            return false;
        }
        rows->items = items;
        rows->capacity = capacity;
    }
    rows->items[rows->count++] = (row_t){
        .depth = d->depth < MAX_DEPTH ? d->depth : MAX_DEPTH - 1,
        .name = copy_text(d->name),
        .driver = copy_text(d->driver),
        .class_path = copy_text(d->class_path),
        .state = copy_text(d->state),
        .fault = d->fault != NULL && d->fault[0] != '\0' ? strdup(d->fault) : NULL,
        .pid = d->host_pid,
    };
    return true;
}

static void rows_fini(rows_t* rows) {
    for (size_t i = 0; i < rows->count; i++) {
        row_t* row = &rows->items[i];
        free(row->name);
        free(row->driver);
        free(row->class_path);
        free(row->state);
        free(row->fault);
    }
    free(rows->items);
}

// Whether a later row continues the branch of row |index| at |depth|.
static bool has_sibling_below(const rows_t* rows, size_t index, uint32_t depth) {
    for (size_t i = index + 1; i < rows->count && rows->items[i].depth >= depth; i++) {
        if (rows->items[i].depth == depth) {
            return true;
        }
    }
    return false;
}

// Three columns a level.
static void print_branches(const rows_t* rows, size_t index) {
    const row_t* row = &rows->items[index];
    for (uint32_t depth = 1; depth < row->depth; depth++) {
        fputs(has_sibling_below(rows, index, depth) ? "│  " : "   ", stdout);
    }
    if (row->depth > 0) {
        fputs(has_sibling_below(rows, index, row->depth) ? "├─ " : "└─ ", stdout);
    }
}

static int widest(int width, size_t candidate) {
    return (int)candidate > width ? (int)candidate : width;
}

static void print_tree(const cli_t* cli, const rows_t* rows) {
    int name_width = 6;
    int driver_width = 6;
    int class_width = 5;
    for (size_t i = 0; i < rows->count; i++) {
        const row_t* row = &rows->items[i];
        name_width = widest(name_width, row->depth * 3 + strlen(row->name));
        driver_width = widest(driver_width, strlen(row->driver));
        class_width = widest(class_width, strlen(row->class_path));
    }
    printf("%s%-*s  %-*s  %-*s  %7s  %s%s\n", cli_color(cli, "1"), name_width, "DEVICE",
           driver_width, "DRIVER", class_width, "CLASS", "PID", "STATE", cli_color(cli, "0"));
    for (size_t i = 0; i < rows->count; i++) {
        const row_t* row = &rows->items[i];
        print_branches(rows, i);
        printf("%-*s  %s%-*s%s  %-*s  %7u  %s%s%s", name_width - (int)row->depth * 3, row->name,
               cli_color(cli, "32"), driver_width, row->driver, cli_color(cli, "0"), class_width,
               row->class_path, row->pid,
               cli_color(cli, strcmp(row->state, "running") == 0 ? "0" : "33"), row->state,
               cli_color(cli, "0"));
        if (row->fault != NULL) {
            printf("  %s%s%s", cli_color(cli, "31"), row->fault, cli_color(cli, "0"));
        }
        putchar('\n');
    }
}

// One page of the list goes to |rows|, or to |array| if that is not NULL.
static int take_page(cli_t* cli, uint32_t* start, rows_t* rows, json_t* array) {
    control_list_request_t request = {.start = *start};
    control_list_devices_response_t response;
    pg_arena_t arena;
    pg_arena_init(&arena, NULL, 0);
    zx_status_t status = control_control_list_devices(cli->channel, &request, &arena, &response);
    if (status == ZX_OK) {
        status = response.status;
    }
    for (size_t i = 0; status == ZX_OK && i < response.devices_count; i++) {
        if (array != NULL) {
            json_array_append_new(array, json_out_device(&response.devices[i]));
        } else if (!rows_add(rows, &response.devices[i])) {
            status = ZX_ERR_NO_MEMORY;
        }
    }
    *start = status == ZX_OK ? response.next : 0;
    pg_arena_fini(&arena);
    return status == ZX_OK ? CLI_OK : cli_fail_status("devices", status, NULL);
}

int cli_devices(cli_t* cli, int argc, char** argv) {
    bool is_json = false;
    if (!cli_parse_plain(&argc, argv, 0, &is_json)) {
        return CLI_USAGE;
    }
    json_t* array = is_json ? json_array() : NULL;
    rows_t rows = {0};
    uint32_t start = 0;
    int code;
    do {
        code = take_page(cli, &start, &rows, array);
    } while (code == CLI_OK && start != 0);
    if (code == CLI_OK && is_json) {
        json_out_print(array);
    } else {
        json_decref(array);
    }
    if (code == CLI_OK && !is_json) {
        print_tree(cli, &rows);
    }
    rows_fini(&rows);
    return code;
}
