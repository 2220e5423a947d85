// SPDX-License-Identifier: MIT
// Loading and unloading of drivers: the library, the check of what it exports, its init hook.
#include "loader.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

#include <lx/dlopen.h>
#include <zircon/errors.h>
#include <zircon/status.h>
#include <zircon/syscalls.h>

#include <bind/driver_note.h>
#include <lib/ddk/binding_priv.h>
#include <lib/ddk/debug.h>

#include "activity.h"
#include "device.h"
#include "log.h"

static list_node_t drivers = LIST_INITIAL_VALUE(drivers);

static zx_driver_t* find(const char* name) {
    zx_driver_t* driver;
    list_for_every_entry(&drivers, driver, zx_driver_t, node) {
        if (strcmp(driver->name, name) == 0) {
            return driver;
        }
    }
    return NULL;
}

static zx_status_t check_note(const zx_driver_note_header_t* note, const char* name,
                              dh_detail_t* detail) {
    const zx_driver_note_payload_t* payload = &note->payload;
    if (note->type != ZX_DRIVER_NOTE_TYPE ||
        memcmp(note->owner, ZX_DRIVER_NOTE_OWNER, ZX_DRIVER_NOTE_OWNER_SIZE) != 0 ||
        note->descsz < sizeof(*payload)) {
        dh_detail_set(detail, "%s: its driver note is damaged", name);
        return ZX_ERR_IO_DATA_INTEGRITY;
    }
    if (payload->abi_version != JACINTH_DDK_ABI_VERSION) {
        dh_detail_set(detail, "%s: built for driver ABI %u, this host has %u", name,
                      payload->abi_version, JACINTH_DDK_ABI_VERSION);
        return ZX_ERR_NOT_SUPPORTED;
    }
    if (strncmp(payload->name, name, sizeof(payload->name)) != 0) {
        dh_detail_set(detail, "%s: the file's driver note has another name, %.*s", name,
                      (int)sizeof(payload->name), payload->name);
        return ZX_ERR_INVALID_ARGS;
    }
    return ZX_OK;
}

// Looks up what ZIRCON_DRIVER() exports and checks it.
static zx_status_t find_record(void* library, const char* name, zx_driver_rec_t** out_record,
                               dh_detail_t* detail) {
    const zx_driver_note_header_t* note = dlsym(library, "__zircon_driver_note__");
    zx_driver_rec_t* record = dlsym(library, "__zircon_driver_rec__");
    // Of the 2021 dialect only; its absence marks drivers of an older one.
    const void* ops_pointer = dlsym(library, "__zircon_driver_ops__");
    if (note == NULL || record == NULL || ops_pointer == NULL) {
        dh_detail_set(detail, "%s: no symbol %s: not built with ZIRCON_DRIVER()", name,
                      note == NULL     ? "__zircon_driver_note__"
                      : record == NULL ? "__zircon_driver_rec__"
                                       : "__zircon_driver_ops__");
        return ZX_ERR_NOT_FOUND;
    }
    zx_status_t status = check_note(note, name, detail);
    if (status != ZX_OK) {
        return status;
    }
    if (record->ops == NULL || record->ops->version != DRIVER_OPS_VERSION) {
        dh_detail_set(detail, "%s: its driver ops have another version (DRIVER_OPS_VERSION)", name);
        return ZX_ERR_INVALID_ARGS;
    }
    *out_record = record;
    return ZX_OK;
}

// The library behind a driver, checked, without running its hooks.
static zx_status_t open_library(zx_driver_t* driver, zx_handle_t image,
                                zx_driver_rec_t** out_record, dh_detail_t* detail) {
    dh_activity_set(driver->name, "loading");
    zx_status_t status =
        lx_dlopen_vmo(image, driver->name, &driver->library, detail->text, sizeof(detail->text));
    if (status != ZX_OK) {
        return status;
    }
    status = find_record(driver->library, driver->name, out_record, detail);
    if (status != ZX_OK) {
        lx_dlclose(driver->library);
    }
    return status;
}

static void run_init_hook(zx_driver_t* driver, zx_driver_rec_t* record) {
    record->driver = driver;
    driver->ops = record->ops;
    driver->status = ZX_OK;
    if (driver->ops->init != NULL) {
        dh_activity_set(driver->name, "its init hook");
        driver->status = driver->ops->init(&driver->ctx);
    }
}

static zx_status_t load_new(const char* name, zx_handle_t image, zx_driver_t** out_driver,
                            dh_detail_t* detail) {
    zx_driver_t* driver = calloc(1, sizeof(*driver));
    if (driver == NULL) {
        return ZX_ERR_NO_MEMORY;
    }
    memcpy(driver->name, name, strlen(name));
    zx_driver_rec_t* record = NULL;
    zx_status_t status = open_library(driver, image, &record, detail);
    if (status == ZX_OK) {
        list_add_tail(&drivers, &driver->node);
        run_init_hook(driver, record);
        *out_driver = driver;
    } else {
        free(driver);
    }
    dh_activity_set(NULL, NULL);
    return status;
}

zx_status_t dh_driver_load(const char* name, zx_handle_t image, zx_driver_t** out_driver,
                           dh_detail_t* detail) {
    zx_status_t status = ZX_OK;
    if (name == NULL || name[0] == '\0' || strlen(name) > DH_DRIVER_NAME_MAX) {
        dh_detail_set(detail, "a driver's name has 1 to %d characters", DH_DRIVER_NAME_MAX);
        status = ZX_ERR_INVALID_ARGS;
    }
    zx_driver_t* driver = status == ZX_OK ? find(name) : NULL;
    if (status == ZX_OK && driver == NULL) {
        status = load_new(name, image, &driver, detail);
    }
    zx_handle_close(image);
    if (status != ZX_OK) {
        return status;
    }
    if (driver->status != ZX_OK) {
        dh_detail_set(detail, "%s: its init hook failed: %s; unusable in this host until unloaded",
                      name, zx_status_get_string(driver->status));
        return driver->status;
    }
    *out_driver = driver;
    return ZX_OK;
}

zx_status_t dh_driver_unload(const char* name, dh_detail_t* detail) {
    zx_driver_t* driver = name != NULL ? find(name) : NULL;
    if (driver == NULL) {
        dh_detail_set(detail, "no driver %s in this host", name != NULL ? name : "(unnamed)");
        return ZX_ERR_NOT_FOUND;
    }
    dh_lock();
    uint32_t use_count = driver->use_count;
    dh_unlock();
    if (use_count > 0) {
        dh_detail_set(detail, "%s: %u of its devices are not released yet", name, use_count);
        return ZX_ERR_BAD_STATE;
    }
    list_delete(&driver->node);
    dh_activity_set(driver->name, "its release hook");
    if (driver->status == ZX_OK && driver->ops->release != NULL) {
        driver->ops->release(driver->ctx);
    }
    dh_activity_set(driver->name, "unloading");
    lx_dlclose(driver->library);
    dh_activity_set(NULL, NULL);
    free(driver);
    return ZX_OK;
}

size_t dh_driver_names(const char** out_names, size_t capacity) {
    size_t count = 0;
    zx_driver_t* driver;
    list_for_every_entry(&drivers, driver, zx_driver_t, node) {
        if (count < capacity) {
            out_names[count] = driver->name;
        }
        count++;
    }
    return count;
}
