// SPDX-License-Identifier: MIT
// Load, Reload and Unload: taking the request apart before it becomes an operation.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zircon/errors.h>
#include <zircon/status.h>
#include <zircon/syscalls.h>

#include "coordinator.h"
#include "operation.h"

typedef zx_status_t (*load_reply_t)(const pg_responder_t* responder,
                                    const control_load_response_t* response);

static void refuse(dm_client_t* client, const pg_responder_t* responder, load_reply_t reply,
                   const char* name, zx_status_t status, const char* detail) {
    dm_logf(&client->coordinator->log, DM_LOG_WARNING, "devmgr", "driver %s is refused: %s", name,
            detail);
    control_load_response_t response = {.status = status, .detail = detail, .name = name};
    dm_client_answered(client, reply(responder, &response));
}

// The base name of what the client calls its file.
static void choose_file_name(const char* given, char* out, size_t size) {
    const char* slash = given != NULL ? strrchr(given, '/') : NULL;
    const char* base = slash != NULL ? slash + 1 : given;
    dm_text_copy(out, size, base != NULL && base[0] != '\0' ? base : "driver.so");
    dm_text_clean(out);
}

// Copies the client's image; the client may still change it, so only the copy is looked at.
static zx_status_t read_image(zx_handle_t image, uint8_t** out_bytes, size_t* out_size,
                              const char** out_why) {
    uint64_t size = 0;
    zx_status_t status = zx_vmo_get_size(image, &size);
    if (status != ZX_OK) {
        *out_why = "there is no image with the request";
        return status;
    }
    if (size > DM_MAX_DRIVER_SIZE) {
        *out_why = "larger than a driver may be (64 MiB)";
        return ZX_ERR_FILE_BIG;
    }
    uint8_t* bytes = malloc(size + 1);
    if (bytes == NULL) {
        *out_why = "memory is short";
        return ZX_ERR_NO_MEMORY;
    }
    status = zx_vmo_read(image, bytes, 0, size);
    if (status != ZX_OK) {
        free(bytes);
        *out_why = "its image cannot be read";
        return status;
    }
    *out_bytes = bytes;
    *out_size = size;
    return ZX_OK;
}

// The driver in an image, checked; NULL: refused with a text in |error|.
static dm_driver_t* make_driver(zx_handle_t image, const char* file, zx_status_t* out_status,
                                char* error, size_t error_size) {
    uint8_t* bytes = NULL;
    size_t size = 0;
    const char* why = NULL;
    *out_status = read_image(image, &bytes, &size, &why);
    if (*out_status != ZX_OK) {
        snprintf(error, error_size, "%s", why);
        return NULL;
    }
    dm_driver_t* driver = dm_driver_create(file, DM_ORIGIN_LOADED, bytes, size, out_status);
    free(bytes);
    if (driver == NULL) {
        *out_status = ZX_ERR_NO_MEMORY;
        snprintf(error, error_size, "memory is short");
    } else if (driver->error != NULL) {
        snprintf(error, error_size, "%s", driver->error);
        dm_driver_unref(driver);
        driver = NULL;
    }
    return driver;
}

void dm_control_on_load(void* ctx, const control_load_request_t* request,
                        pg_responder_t responder) {
    dm_client_t* client = ctx;
    char file[DM_MAX_FILE_NAME + 1];
    char error[DM_MAX_ERROR + 1];
    zx_status_t status = ZX_OK;
    choose_file_name(request->file_name, file, sizeof(file));
    dm_driver_t* driver = make_driver(request->image, file, &status, error, sizeof(error));
    zx_handle_close(request->image);
    if (driver == NULL) {
        refuse(client, &responder, control_control_load_reply, file, status, error);
        return;
    }
    dm_operation_start(client, DM_OPERATION_LOAD, driver, NULL, responder);
    dm_driver_unref(driver);
}

// The driver that a user names: by its name, or by its file.
static dm_driver_t* find_named(const dm_coordinator_t* co, const char* name) {
    dm_driver_t* found = dm_registry_find(&co->registry, name);
    if (found != NULL) {
        return found;
    }
    dm_driver_t* driver;
    list_for_every_entry(&co->registry.drivers, driver, dm_driver_t, link) {
        size_t length = strlen(name);
        bool is_file =
            strcmp(driver->file, name) == 0 ||
            (strncmp(driver->file, name, length) == 0 && strcmp(driver->file + length, ".so") == 0);
        if (driver->error == NULL && is_file) {
            return driver;
        }
    }
    return NULL;
}

// The new version of |old|: the request's image, or else the file in the driver folders, read
// again.
static dm_driver_t* read_again(dm_coordinator_t* co, const control_load_request_t* request,
                               const char* name, const dm_driver_t* old, zx_status_t* out_status,
                               char* error, size_t error_size) {
    if (request->image != ZX_HANDLE_INVALID) {
        return make_driver(request->image, old != NULL ? old->file : name, out_status, error,
                           error_size);
    }
    if (old == NULL || old->origin == DM_ORIGIN_LOADED) {
        *out_status = old == NULL ? ZX_ERR_NOT_FOUND : ZX_ERR_INVALID_ARGS;
        snprintf(
            error, error_size, "%s",
            old == NULL ? "no such driver is loaded" : "it was loaded by hand: name the new file");
        return NULL;
    }
    dm_driver_t* driver = dm_driver_read(co->options->driver_dirs, co->options->driver_dir_count,
                                         old->file, old->origin, out_status);
    if (driver == NULL || driver->error != NULL) {
        snprintf(error, error_size, "%s: %s", old->file,
                 driver != NULL ? driver->error : "no driver folder has it");
        dm_driver_unref(driver);
        return NULL;
    }
    return driver;
}

void dm_control_on_reload(void* ctx, const control_load_request_t* request,
                          pg_responder_t responder) {
    dm_client_t* client = ctx;
    dm_coordinator_t* co = client->coordinator;
    char name[DM_MAX_FILE_NAME + 1];
    char error[DM_MAX_ERROR + 1];
    zx_status_t status = ZX_OK;
    choose_file_name(request->file_name, name, sizeof(name));
    dm_driver_t* old = find_named(co, name);
    dm_driver_t* driver = read_again(co, request, name, old, &status, error, sizeof(error));
    zx_handle_close(request->image);
    if (driver != NULL && old == NULL) {
        old = dm_registry_find(&co->registry, driver->name);
    }
    if (driver != NULL && (old == NULL || strcmp(old->name, driver->name) != 0)) {
        status = old == NULL ? ZX_ERR_NOT_FOUND : ZX_ERR_INVALID_ARGS;
        if (old == NULL) {
            snprintf(error, sizeof(error), "driver %s is not loaded: use load", driver->name);
        } else {
            snprintf(error, sizeof(error), "the file is driver %s, not %s", driver->name,
                     old->name);
        }
        dm_driver_unref(driver);
        driver = NULL;
    }
    if (driver == NULL) {
        refuse(client, &responder, control_control_reload_reply, name, status, error);
        return;
    }
    driver->origin = old->origin;
    dm_operation_start(client, DM_OPERATION_RELOAD, driver, old, responder);
    dm_driver_unref(driver);
}

void dm_control_on_unload(void* ctx, const control_name_request_t* request,
                          pg_responder_t responder) {
    dm_client_t* client = ctx;
    const char* name = request->name != NULL ? request->name : "";
    dm_driver_t* old = find_named(client->coordinator, name);
    if (old == NULL) {
        control_status_response_t response = {.status = ZX_ERR_NOT_FOUND,
                                              .detail = "no such driver is loaded"};
        dm_client_answered(client, control_control_unload_reply(&responder, &response));
        return;
    }
    dm_operation_start(client, DM_OPERATION_UNLOAD, NULL, old, responder);
}
