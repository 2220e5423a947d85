// SPDX-License-Identifier: MIT
// The fake devmgr's answers to its host, and the records it keeps of the questions.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <zircon/assert.h>
#include <zircon/errors.h>
#include <zircon/syscalls.h>

#include "fake_devmgr_private.h"

// ---- Coordinator

static void copy_text(char* to, size_t size, const char* from) {
    snprintf(to, size, "%s", from != NULL ? from : "");
}

static fake_device_t* record_device(const devmgr_add_device_request_t* request) {
    fake_device_t* device = calloc(1, sizeof(*device));
    ZX_ASSERT(device != NULL);
    device->id = request->device_id;
    device->parent_id = request->parent_id;
    copy_text(device->name, sizeof(device->name), request->name);
    device->protocol_id = request->protocol_id;
    device->flags = request->flags;
    device->has_init = request->has_init;
    copy_text(device->proxy_args, sizeof(device->proxy_args), request->proxy_args);
    ZX_ASSERT(request->properties_count <= countof(device->properties));
    device->property_count = request->properties_count;
    for (size_t i = 0; i < request->properties_count; i++) {
        node_property_t* property = &device->properties[i];
        *property = request->properties[i];
        copy_text(device->texts[i][0], sizeof(device->texts[i][0]), property->key);
        copy_text(device->texts[i][1], sizeof(device->texts[i][1]), property->string_value);
        property->key = property->key != NULL ? device->texts[i][0] : NULL;
        property->string_value = property->string_value != NULL ? device->texts[i][1] : NULL;
    }
    return device;
}

static void on_add_device(void* ctx, const devmgr_add_device_request_t* request,
                          pg_responder_t responder) {
    fake_devmgr_t* fake = ctx;
    zx_status_t status = ZX_OK;
    mtx_lock(&fake->lock);
    if (request->name != NULL && strcmp(fake->refused_name, request->name) == 0) {
        status = fake->refused_status;
    } else {
        ZX_ASSERT(fake->device_count < FAKE_DEVICES_MAX);
        fake->devices[fake->device_count++] = record_device(request);
        cnd_broadcast(&fake->changed);
    }
    mtx_unlock(&fake->lock);
    devmgr_status_response_t response = {.status = status};
    devmgr_coordinator_add_device_reply(&responder, &response);
}

static void on_schedule_remove(void* ctx, const devmgr_device_request_t* request,
                               pg_responder_t responder) {
    fake_devmgr_t* fake = ctx;
    mtx_lock(&fake->lock);
    ZX_ASSERT(fake->removal_count < FAKE_DEVICES_MAX);
    fake->removals[fake->removal_count++] = request->device_id;
    cnd_broadcast(&fake->changed);
    mtx_unlock(&fake->lock);
    devmgr_status_response_t response = {.status = ZX_OK};
    devmgr_coordinator_schedule_remove_reply(&responder, &response);
}

static fake_metadata_t* find_metadata_locked(fake_devmgr_t* fake, uint64_t id, uint32_t type) {
    for (size_t i = 0; i < fake->metadata_count; i++) {
        if (fake->metadata[i].device_id == id && fake->metadata[i].type == type) {
            return &fake->metadata[i];
        }
    }
    return NULL;
}

static void set_metadata_locked(fake_devmgr_t* fake, uint64_t id, uint32_t type, const void* data,
                                size_t size) {
    fake_metadata_t* metadata = find_metadata_locked(fake, id, type);
    if (metadata == NULL) {
        ZX_ASSERT(fake->metadata_count < FAKE_METADATA_MAX);
        metadata = &fake->metadata[fake->metadata_count++];
    }
    ZX_ASSERT(size <= sizeof(metadata->data));
    metadata->device_id = id;
    metadata->type = type;
    metadata->size = size;
    if (size > 0) {
        memcpy(metadata->data, data, size);
    }
}

static void on_get_metadata(void* ctx, const devmgr_metadata_request_t* request,
                            pg_responder_t responder) {
    fake_devmgr_t* fake = ctx;
    mtx_lock(&fake->lock);
    const fake_metadata_t* metadata = find_metadata_locked(fake, request->device_id, request->type);
    if (metadata == NULL) {
        metadata = find_metadata_locked(fake, 0, request->type);
    }
    devmgr_metadata_response_t response = {.status = ZX_ERR_NOT_FOUND};
    if (metadata != NULL) {
        response.status = ZX_OK;
        response.data = metadata->data;
        response.data_count = metadata->size;
    }
    devmgr_coordinator_get_metadata_reply(&responder, &response);
    mtx_unlock(&fake->lock);
}

static void on_add_metadata(void* ctx, const devmgr_add_metadata_request_t* request,
                            pg_responder_t responder) {
    fake_devmgr_t* fake = ctx;
    mtx_lock(&fake->lock);
    set_metadata_locked(fake, request->device_id, request->type, request->data,
                        request->data_count);
    mtx_unlock(&fake->lock);
    devmgr_status_response_t response = {.status = ZX_OK};
    devmgr_coordinator_add_metadata_reply(&responder, &response);
}

static void on_log(void* ctx, const devmgr_log_record_t* request) {
    fake_devmgr_t* fake = ctx;
    char line[1400];
    snprintf(line, sizeof(line), "%s", request->text != NULL ? request->text : "");
    mtx_lock(&fake->lock);
    ZX_ASSERT(fake->log_count < FAKE_LOGS_MAX);
    fake->logs[fake->log_count++] = strdup(line);
    cnd_broadcast(&fake->changed);
    mtx_unlock(&fake->lock);
}

static const devmgr_coordinator_ops_t coordinator_ops = {
    .add_device = on_add_device,
    .schedule_remove = on_schedule_remove,
    .get_metadata = on_get_metadata,
    .add_metadata = on_add_metadata,
    .log = on_log,
};

// Answers all that waits. What the host wrote before an answer of its own reached us is then
// recorded.
static zx_status_t serve_waiting(fake_devmgr_t* fake) {
    mtx_lock(&fake->serving);
    zx_status_t status = ZX_OK;
    while (status == ZX_OK) {
        pg_message_t message;
        status = pg_message_read(fake->coordinator, &message);
        if (status == ZX_OK) {
            status =
                devmgr_coordinator_dispatch(&coordinator_ops, fake, fake->coordinator, &message);
            ZX_ASSERT_MSG(status == ZX_OK, "the host sent something odd: %d", status);
            pg_message_fini(&message);
        }
    }
    mtx_unlock(&fake->serving);
    return status;
}

int fake_coordinator_run(void* ctx) {
    fake_devmgr_t* fake = ctx;
    for (;;) {
        zx_wait_item_t items[] = {
            {.handle = fake->coordinator, .waitfor = ZX_CHANNEL_READABLE | ZX_CHANNEL_PEER_CLOSED},
            {.handle = fake->stop, .waitfor = ZX_EVENT_SIGNALED},
        };
        zx_object_wait_many(items, countof(items), ZX_TIME_INFINITE);
        if (serve_waiting(fake) == ZX_ERR_PEER_CLOSED ||
            (items[1].pending & ZX_EVENT_SIGNALED) != 0) {
            return 0;
        }
    }
}

// ---- records

// Waits for a change until the deadline; false: it passed.
static bool wait_locked(fake_devmgr_t* fake, const struct timespec* deadline) {
    return cnd_timedwait(&fake->changed, &fake->lock, deadline) == thrd_success;
}

static struct timespec patience(void) {
    struct timespec deadline;
    timespec_get(&deadline, TIME_UTC);
    deadline.tv_sec += FAKE_PATIENCE / ZX_SEC(1);
    return deadline;
}

static const fake_device_t* find_device_locked(const fake_devmgr_t* fake, const char* name) {
    for (size_t i = fake->device_count; i > 0; i--) {
        if (strcmp(fake->devices[i - 1]->name, name) == 0) {
            return fake->devices[i - 1];
        }
    }
    return NULL;
}

const fake_device_t* fake_devmgr_device(fake_devmgr_t* fake, const char* name) {
    struct timespec deadline = patience();
    mtx_lock(&fake->lock);
    const fake_device_t* device = find_device_locked(fake, name);
    while (device == NULL && wait_locked(fake, &deadline)) {
        device = find_device_locked(fake, name);
    }
    mtx_unlock(&fake->lock);
    return device;
}

static bool has_log_locked(const fake_devmgr_t* fake, const char* text) {
    for (size_t i = 0; i < fake->log_count; i++) {
        if (strstr(fake->logs[i], text) != NULL) {
            return true;
        }
    }
    return false;
}

bool fake_devmgr_wait_log(fake_devmgr_t* fake, const char* text) {
    struct timespec deadline = patience();
    mtx_lock(&fake->lock);
    bool is_there = has_log_locked(fake, text);
    while (!is_there && wait_locked(fake, &deadline)) {
        is_there = has_log_locked(fake, text);
    }
    if (!is_there) {
        for (size_t i = 0; i < fake->log_count; i++) {
            fprintf(stderr, "log: %s\n", fake->logs[i]);
        }
    }
    mtx_unlock(&fake->lock);
    return is_there;
}

const char* fake_devmgr_take_logs(fake_devmgr_t* fake, const char* prefix) {
    size_t size = 1;
    serve_waiting(fake);
    mtx_lock(&fake->lock);
    for (size_t i = 0; i < fake->log_count; i++) {
        size += strlen(fake->logs[i]) + 1;
    }
    free(fake->taken_logs);
    fake->taken_logs = calloc(1, size);
    ZX_ASSERT(fake->taken_logs != NULL);
    for (size_t i = 0; i < fake->log_count; i++) {
        if (strncmp(fake->logs[i], prefix, strlen(prefix)) == 0) {
            strcat(fake->taken_logs, fake->logs[i] + strlen(prefix));
            strcat(fake->taken_logs, " ");
        }
        free(fake->logs[i]);
    }
    fake->log_count = 0;
    mtx_unlock(&fake->lock);
    return fake->taken_logs;
}

static bool has_removal_locked(const fake_devmgr_t* fake, uint64_t id) {
    for (size_t i = 0; i < fake->removal_count; i++) {
        if (fake->removals[i] == id) {
            return true;
        }
    }
    return false;
}

bool fake_devmgr_wait_removal(fake_devmgr_t* fake, uint64_t id) {
    struct timespec deadline = patience();
    mtx_lock(&fake->lock);
    bool is_there = has_removal_locked(fake, id);
    while (!is_there && wait_locked(fake, &deadline)) {
        is_there = has_removal_locked(fake, id);
    }
    mtx_unlock(&fake->lock);
    return is_there;
}

void fake_devmgr_refuse(fake_devmgr_t* fake, const char* name, zx_status_t status) {
    mtx_lock(&fake->lock);
    copy_text(fake->refused_name, sizeof(fake->refused_name), name);
    fake->refused_status = status;
    mtx_unlock(&fake->lock);
}

void fake_devmgr_set_metadata(fake_devmgr_t* fake, uint32_t type, const void* data, size_t size) {
    mtx_lock(&fake->lock);
    set_metadata_locked(fake, 0, type, data, size);
    mtx_unlock(&fake->lock);
}

size_t fake_devmgr_added_metadata(fake_devmgr_t* fake, uint64_t id, uint32_t type, void* out,
                                  size_t capacity) {
    size_t size = 0;
    mtx_lock(&fake->lock);
    const fake_metadata_t* metadata = find_metadata_locked(fake, id, type);
    if (metadata != NULL) {
        size = metadata->size;
        memcpy(out, metadata->data, size < capacity ? size : capacity);
    }
    mtx_unlock(&fake->lock);
    return size;
}

void fake_records_forget(fake_devmgr_t* fake, uint64_t id) {
    mtx_lock(&fake->lock);
    for (size_t i = 0; i < fake->device_count; i++) {
        if (fake->devices[i]->id == id) {
            free(fake->devices[i]);
            fake->devices[i] = fake->devices[--fake->device_count];
            break;
        }
    }
    for (size_t i = 0; i < fake->removal_count; i++) {
        if (fake->removals[i] == id) {
            fake->removals[i] = fake->removals[--fake->removal_count];
            break;
        }
    }
    mtx_unlock(&fake->lock);
}

size_t fake_records_below(fake_devmgr_t* fake, uint64_t* ids, size_t count) {
    mtx_lock(&fake->lock);
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < fake->device_count; j++) {
            if (fake->devices[j]->parent_id == ids[i]) {
                ids[count++] = fake->devices[j]->id;
            }
        }
    }
    mtx_unlock(&fake->lock);
    return count;
}
