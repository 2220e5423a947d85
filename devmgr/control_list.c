// SPDX-License-Identifier: MIT
// Lists: devices, drivers, hosts, in pages; and Show.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zircon/errors.h>
#include <zircon/syscalls.h>

#include "control_wait.h"
#include "coordinator.h"
#include "request.h"

#define MAX_ROWS 256u  // in a page

static size_t text_size(const char* text) {
    return text != NULL ? strlen(text) + 8 : 0;
}

// ------------------------------------------------------------------------------------- devices

static const char* copy_text(pg_arena_t* arena, const char* text) {
    char* copy = pg_arena_alloc(arena, 1, strlen(text) + 1);
    return copy != NULL ? strcpy(copy, text) : "";
}

// What people should know about a device: what the IOMMU said, or why it has no driver.
static const char* fault_of(const dm_node_t* node) {
    return node->fault != NULL ? node->fault : node->bind_error;
}

// Fills one row; texts are borrowed from the node or in the arena. Returns about its size.
static size_t fill_device(const dm_node_t* node, pg_arena_t* arena, control_device_info_t* out) {
    char path[DM_MAX_PATH + 1];
    const dm_host_t* host =
        node->driver != NULL && dm_node_is_isolating(node) && node->proxy.host != NULL
            ? node->proxy.host
            : node->real.host;
    node_property_t* properties =
        pg_arena_alloc(arena, node->properties.count + 1, sizeof(*properties));
    *out = (control_device_info_t){
        .path = copy_text(arena, dm_node_path(node, path, sizeof(path))),
        .name = node->name,
        .driver = node->bind_phase == DM_BIND_BOUND ? node->driver->name : NULL,
        .host_name = host != NULL ? host->name : NULL,
        .host_pid = host != NULL ? host->pid : 0,
        .state = dm_device_state_name(node->state),
        .fault = fault_of(node),
        .protocol_id = node->protocol_id,
        .children = (uint32_t)list_length(&node->children),
        .depth = node->depth,
    };
    size_t size = 256 + text_size(out->path) + text_size(out->fault);
    if (node->has_class) {
        dm_node_class_path(node, path, sizeof(path));
        out->class_path = copy_text(arena, path);
        char* class_name = path + strlen("class/");
        class_name[strcspn(class_name, "/")] = '\0';
        out->class_name = copy_text(arena, class_name);
    }
    if (properties != NULL) {
        dm_properties_to_wire(&node->properties, properties);
        out->properties = properties;
        out->properties_count = node->properties.count;
        for (size_t i = 0; i < node->properties.count; i++) {
            size += 48 + text_size(properties[i].key) + text_size(properties[i].string_value);
        }
    }
    return size;
}

void dm_control_on_list_devices(void* ctx, const control_list_request_t* request,
                                pg_responder_t responder) {
    dm_client_t* client = ctx;
    dm_coordinator_t* co = client->coordinator;
    control_device_info_t rows[MAX_ROWS];
    control_list_devices_response_t response = {.status = ZX_OK, .devices = rows};
    pg_arena_t arena = {0};
    uint32_t index = 0;
    size_t size = 0;
    dm_node_t* node = co->tree.root;
    for (; node != NULL && index < request->start; node = dm_tree_next(node)) {
        index++;
    }
    while (node != NULL && response.devices_count < MAX_ROWS && size < DM_MAX_PAGE_BYTES) {
        size += fill_device(node, &arena, &rows[response.devices_count++]);
        index++;
        node = dm_tree_next(node);
    }
    response.next = node != NULL ? index : 0;
    dm_client_answered(client, control_control_list_devices_reply(&responder, &response));
    pg_arena_fini(&arena);
}

// ---------------------------------------------------------------------------------------- show

// The last crash report of the host that a device belongs to.
static const dm_node_t* host_root(const dm_node_t* node) {
    while (node->parent != NULL && !dm_node_is_isolating(node)) {
        node = node->parent;
    }
    return node;
}

static bool is_log_of(const dm_log_entry_t* entry, const dm_node_t* node, const dm_host_t* host) {
    return (node->driver != NULL && strcmp(entry->source, node->driver->name) == 0) ||
           (node->creator != NULL && node->driver == NULL &&
            strcmp(entry->source, node->creator->name) == 0) ||
           (host != NULL && strcmp(entry->source, host->name) == 0);
}

// The last records of the device's driver and host, oldest first.
static size_t collect_log(const dm_log_t* log, const dm_node_t* node, const dm_host_t* host,
                          control_log_record_t* records) {
    size_t count = 0;
    for (uint64_t sequence = log->next; sequence > log->first && count < DM_LOG_SHOW_RECORDS;) {
        const dm_log_entry_t* entry = dm_log_after(log, --sequence - 1);
        if (entry != NULL && entry->sequence == sequence && is_log_of(entry, node, host)) {
            records[DM_LOG_SHOW_RECORDS - ++count] =
                (control_log_record_t){.sequence = entry->sequence,
                                       .time_ns = entry->time,
                                       .severity = entry->severity,
                                       .source = entry->source,
                                       .text = entry->text};
        }
    }
    return count;
}

void dm_control_on_show(void* ctx, const control_path_request_t* request,
                        pg_responder_t responder) {
    dm_client_t* client = ctx;
    dm_coordinator_t* co = client->coordinator;
    char detail[DM_MAX_PATH + 32];
    pg_arena_t arena = {0};
    control_device_info_t info;
    control_log_record_t records[DM_LOG_SHOW_RECORDS];
    control_show_response_t response = {.status = ZX_OK};
    const char* path = request->path != NULL ? request->path : "";
    const dm_node_t* node = dm_tree_find_path(&co->tree, path);
    if (node == NULL) {
        snprintf(detail, sizeof(detail), "no device %.*s", (int)DM_MAX_PATH, path);
        response.status = ZX_ERR_NOT_FOUND;
        response.detail = detail;
    } else {
        const dm_node_t* root = host_root(node);
        const dm_host_t* host = dm_node_is_isolating(node) ? node->proxy.host : node->real.host;
        fill_device(node, &arena, &info);
        response.device = &info;
        response.crash = root->crash;
        response.restarts = root->backoff.restarts;
        response.log_count = collect_log(&co->log, node, host, records);
        response.log = records + DM_LOG_SHOW_RECORDS - response.log_count;
    }
    dm_client_answered(client, control_control_show_reply(&responder, &response));
    pg_arena_fini(&arena);
}

// ------------------------------------------------------------------------------------- drivers

static size_t fill_driver(const dm_coordinator_t* co, const dm_driver_t* driver, pg_arena_t* arena,
                          control_driver_info_t* out) {
    *out = (control_driver_info_t){.name = driver->name,
                                   .vendor = driver->vendor,
                                   .version = driver->version,
                                   .file = driver->file,
                                   .origin = dm_origin_name(driver->origin),
                                   .is_proxy = driver->is_proxy,
                                   .error = driver->error};
    size_t size = 256 + text_size(driver->file) + text_size(driver->error);
    size_t count = 0;
    for (const dm_node_t* node = co->tree.root; node != NULL; node = dm_tree_next(node)) {
        count += node->driver == driver && node->bind_phase == DM_BIND_BOUND ? 1 : 0;
    }
    const char** paths = pg_arena_alloc(arena, count + 1, sizeof(*paths));
    if (paths == NULL) {
        return size;
    }
    for (const dm_node_t* node = co->tree.root; node != NULL; node = dm_tree_next(node)) {
        char path[DM_MAX_PATH + 1];
        if (node->driver == driver && node->bind_phase == DM_BIND_BOUND &&
            size < DM_MAX_PAGE_BYTES / 2) {
            paths[out->devices_count++] = copy_text(arena, dm_node_path(node, path, sizeof(path)));
            size += 8 + strlen(path);
        }
    }
    out->devices = paths;
    return size;
}

void dm_control_on_list_drivers(void* ctx, const control_list_request_t* request,
                                pg_responder_t responder) {
    dm_client_t* client = ctx;
    dm_coordinator_t* co = client->coordinator;
    control_driver_info_t rows[MAX_ROWS];
    control_list_drivers_response_t response = {.status = ZX_OK, .drivers = rows};
    pg_arena_t arena = {0};
    uint32_t index = 0;
    size_t size = 0;
    const dm_driver_t* driver;
    list_for_every_entry(&co->registry.drivers, driver, dm_driver_t, link) {
        if (response.drivers_count == MAX_ROWS || size >= DM_MAX_PAGE_BYTES) {
            response.next = index;
            break;
        }
        if (index++ >= request->start) {
            size += fill_driver(co, driver, &arena, &rows[response.drivers_count++]);
        }
    }
    dm_client_answered(client, control_control_list_drivers_reply(&responder, &response));
    pg_arena_fini(&arena);
}

// --------------------------------------------------------------------------------------- hosts

static size_t fill_host(const dm_host_t* host, pg_arena_t* arena, control_host_info_t* out) {
    size_t count = list_length(&host->images);
    const char** names = pg_arena_alloc(arena, count + 1, sizeof(*names));
    *out = (control_host_info_t){.name = host->name,
                                 .pid = host->pid,
                                 .state = dm_host_state_name(host->state),
                                 .restarts = host->root != NULL ? host->root->backoff.restarts : 0,
                                 .handle_count = host->handle_count,
                                 .device_count = (uint32_t)host->instance_count,
                                 .drivers = names};
    const dm_host_image_t* image;
    list_for_every_entry(&host->images, image, dm_host_image_t, link) {
        if (names != NULL) {
            names[out->drivers_count++] = image->driver->name;
        }
    }
    return 128 + count * (DM_MAX_DRIVER + 8);
}

void dm_wait_send_hosts(dm_wait_t* wait) {
    dm_coordinator_t* co = wait->coordinator;
    control_host_info_t rows[MAX_ROWS];
    control_list_hosts_response_t response = {.status = ZX_OK, .hosts = rows};
    pg_arena_t arena = {0};
    uint32_t index = 0;
    size_t size = 0;
    const dm_host_t* host;
    list_for_every_entry(&co->hosts, host, dm_host_t, link) {
        if (response.hosts_count == MAX_ROWS || size >= DM_MAX_PAGE_BYTES) {
            response.next = index;
            break;
        }
        if (index++ >= wait->start) {
            size += fill_host(host, &arena, &rows[response.hosts_count++]);
        }
    }
    dm_wait_finish(wait, control_control_list_hosts_reply(&wait->responder, &response));
    pg_arena_fini(&arena);
}

static void on_stats_timeout(void* ctx) {
    dm_wait_send_hosts(ctx);
}

// Asks every host for its numbers first; one that is slow to answer is listed with its last ones.
void dm_control_on_list_hosts(void* ctx, const control_list_request_t* request,
                              pg_responder_t responder) {
    dm_client_t* client = ctx;
    dm_coordinator_t* co = client->coordinator;
    dm_wait_t* wait = dm_wait_create(client, DM_WAIT_STATS, responder);
    if (wait == NULL) {
        return;
    }
    wait->start = request->start;
    dm_wait_set_timeout(wait, DM_STATS_TIMEOUT_NS / 1000000, on_stats_timeout);
    dm_host_t* host;
    list_for_every_entry(&co->hosts, host, dm_host_t, link) {
        if (host->state == DM_HOST_RUNNING && request->start == 0) {
            wait->outstanding++;
            dm_request_stats(host, wait->token);
        }
    }
}
