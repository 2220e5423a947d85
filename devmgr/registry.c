// SPDX-License-Identifier: MIT
// The list of drivers and the scan of the driver folders.
#include "registry.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <zircon/errors.h>

#define PROXY_SUFFIX  ".proxy.so"
#define DRIVER_SUFFIX ".so"

void dm_registry_init(dm_registry_t* registry) {
    list_initialize(&registry->drivers);
    registry->count = 0;
    registry->index = NULL;
}

void dm_registry_fini(dm_registry_t* registry) {
    if (registry->drivers.next == NULL) {
        return;
    }
    dm_driver_t* driver;
    dm_driver_t* next;
    list_for_every_entry_safe(&registry->drivers, driver, next, dm_driver_t, link) {
        dm_registry_remove(registry, driver);
    }
}

// The order of the list: exact before fallback, then boot, system, loaded, then by name.
static int compare(const dm_driver_t* a, const dm_driver_t* b) {
    if (a->is_fallback != b->is_fallback) {
        return a->is_fallback ? 1 : -1;
    }
    if (a->origin != b->origin) {
        return a->origin < b->origin ? -1 : 1;
    }
    return strcmp(a->name, b->name);
}

static void insert(dm_registry_t* registry, dm_driver_t* driver) {
    dm_driver_t* other;
    list_for_every_entry(&registry->drivers, other, dm_driver_t, link) {
        if (compare(driver, other) < 0) {
            break;
        }
    }
    // Past the end, |other| stands for the list's head.
    list_add_before(&other->link, &driver->link);
    dm_driver_ref(driver);
    registry->count++;
}

static zx_status_t add_to_index(dm_registry_t* registry, dm_driver_t* driver) {
    driver->index_id = BIND_INDEX_MAX_ENTRIES;
    zx_status_t status = registry->index == NULL ? bind_index_create(&registry->index) : ZX_OK;
    // A composite is not for one device.
    if (status != ZX_OK || driver->error != NULL || driver->is_proxy ||
        driver->program.is_composite) {
        return status;
    }
    const bind_index_entry_t entry = {.program = &driver->program, .context = driver};
    return bind_index_add(registry->index, &entry, &driver->index_id);
}

zx_status_t dm_registry_add(dm_registry_t* registry, dm_driver_t* driver) {
    if (registry->count >= DM_MAX_DRIVERS) {
        return ZX_ERR_OUT_OF_RANGE;
    }
    if (driver->error == NULL && dm_registry_find(registry, driver->name) != NULL) {
        return ZX_ERR_ALREADY_EXISTS;
    }
    zx_status_t status = add_to_index(registry, driver);
    if (status == ZX_OK) {
        insert(registry, driver);
    }
    return status;
}

void dm_registry_remove(dm_registry_t* registry, dm_driver_t* driver) {
    if (!list_in_list(&driver->link)) {
        return;
    }
    list_delete(&driver->link);
    registry->count--;
    bind_index_remove(registry->index, driver->index_id);
    if (registry->count == 0) {
        bind_index_destroy(registry->index);
        registry->index = NULL;
    }
    dm_driver_unref(driver);
}

dm_driver_t* dm_registry_find(const dm_registry_t* registry, const char* name) {
    char canonical[DM_MAX_FILE_NAME + 1];
    dm_driver_name_canonical(canonical, sizeof(canonical), name);
    dm_driver_t* driver;
    list_for_every_entry(&registry->drivers, driver, dm_driver_t, link) {
        if (driver->error == NULL && strcmp(driver->name, canonical) == 0) {
            return driver;
        }
    }
    return NULL;
}

dm_driver_t* dm_registry_find_proxy(const dm_registry_t* registry, const char* file) {
    size_t length = strlen(file);
    size_t suffix = sizeof(DRIVER_SUFFIX) - 1;
    if (length < suffix || strcmp(file + length - suffix, DRIVER_SUFFIX) != 0) {
        return NULL;
    }
    char proxy[DM_MAX_FILE_NAME + sizeof(PROXY_SUFFIX)];
    snprintf(proxy, sizeof(proxy), "%.*s" PROXY_SUFFIX, (int)(length - suffix), file);
    dm_driver_t* driver;
    list_for_every_entry(&registry->drivers, driver, dm_driver_t, link) {
        if (driver->error == NULL && driver->is_proxy && strcmp(driver->file, proxy) == 0) {
            return driver;
        }
    }
    return NULL;
}

// ---------------------------------------------------------------------------------------- scan

static bool ends_with(const char* text, const char* suffix) {
    size_t length = strlen(text);
    size_t suffix_length = strlen(suffix);
    return length > suffix_length && strcmp(text + length - suffix_length, suffix) == 0;
}

static bool has_file(const dm_registry_t* registry, const char* file) {
    dm_driver_t* driver;
    list_for_every_entry(&registry->drivers, driver, dm_driver_t, link) {
        if (strcmp(driver->file, file) == 0) {
            return true;
        }
    }
    return false;
}

// Puts |driver| (consumed) into the list, with an error if its name is taken.
static zx_status_t enlist(dm_registry_t* registry, dm_driver_t* driver) {
    if (driver == NULL) {
        return ZX_ERR_NO_MEMORY;
    }
    const dm_driver_t* other =
        driver->error == NULL ? dm_registry_find(registry, driver->name) : NULL;
    if (other != NULL) {
        dm_text_set(&driver->error, "the name '%s' is taken by %s", driver->name, other->file);
    }
    zx_status_t status = dm_registry_add(registry, driver);
    dm_driver_unref(driver);
    return status == ZX_ERR_NO_MEMORY ? status : ZX_OK;
}

static zx_status_t enlist_broken(dm_registry_t* registry, const char* file, dm_origin_t origin,
                                 const char* error) {
    dm_driver_t* driver = dm_driver_create(file, origin, (const uint8_t*)"", 0, NULL);
    if (driver != NULL) {
        dm_text_set(&driver->error, "%s", error);
    }
    return enlist(registry, driver);
}

// Reads a whole regular file; *out_bytes is the caller's. On failure *out_error is a constant text.
static bool read_file(const char* path, uint8_t** out_bytes, size_t* out_size,
                      const char** out_error) {
    struct stat info;
    *out_error = NULL;
    FILE* stream = fopen(path, "rbe");
    if (stream == NULL || fstat(fileno(stream), &info) != 0) {
        *out_error = strerror(errno);
    } else if (!S_ISREG(info.st_mode)) {
        *out_error = "not a regular file";
    } else if (info.st_size > (off_t)DM_MAX_DRIVER_SIZE) {
        *out_error = "larger than a driver may be (64 MiB)";
    } else {
        *out_size = (size_t)info.st_size;
        *out_bytes = malloc(*out_size + 1);
        if (*out_bytes == NULL) {
            *out_error = "memory is short";
        } else if (fread(*out_bytes, 1, *out_size, stream) != *out_size) {
            *out_error = "it cannot be read";
            free(*out_bytes);
            *out_bytes = NULL;
        }
    }
    if (stream != NULL) {
        fclose(stream);
    }
    return *out_error == NULL;
}

// One file as a driver, usable or not; NULL: memory is short.
static dm_driver_t* make_driver(const char* dir, const char* file, dm_origin_t origin,
                                zx_status_t* out_status) {
    char path[DM_MAX_PATH + DM_MAX_FILE_NAME + 2];
    snprintf(path, sizeof(path), "%s/%s", dir, file);
    uint8_t* bytes = NULL;
    size_t size = 0;
    const char* error = NULL;
    bool is_read = read_file(path, &bytes, &size, &error);
    dm_driver_t* driver = dm_driver_create(file, origin, is_read ? bytes : (const uint8_t*)"",
                                           is_read ? size : 0, out_status);
    if (driver != NULL && !is_read) {
        dm_text_set(&driver->error, "%s", error);
        *out_status = ZX_ERR_IO;
    }
    free(bytes);
    return driver;
}

static zx_status_t add_file(dm_registry_t* registry, const char* dir, const char* file,
                            dm_origin_t origin) {
    zx_status_t status = ZX_OK;
    return enlist(registry, make_driver(dir, file, origin, &status));
}

static bool is_in_dir(const char* dir, const char* file) {
    char path[DM_MAX_PATH + DM_MAX_FILE_NAME + 2];
    struct stat info;
    snprintf(path, sizeof(path), "%s/%s", dir, file);
    return stat(path, &info) == 0;
}

dm_driver_t* dm_driver_read(const char* const* dirs, size_t dir_count, const char* file,
                            dm_origin_t origin, zx_status_t* out_status) {
    *out_status = ZX_ERR_NOT_FOUND;
    for (size_t i = 0; i < dir_count; i++) {
        if (is_in_dir(dirs[i], file)) {
            *out_status = ZX_ERR_NO_MEMORY;
            return make_driver(dirs[i], file, origin, out_status);
        }
    }
    return NULL;
}

static zx_status_t add_listed(dm_registry_t* registry, const char* const* dirs, size_t dir_count,
                              const dm_board_driver_t* listed) {
    char file[DM_MAX_FILE_NAME + 1];
    dm_origin_t origin = listed->is_boot ? DM_ORIGIN_BOOT : DM_ORIGIN_SYSTEM;
    snprintf(file, sizeof(file), "%s" DRIVER_SUFFIX, listed->name);
    for (size_t i = 0; i < dir_count; i++) {
        if (is_in_dir(dirs[i], file)) {
            return add_file(registry, dirs[i], file, origin);
        }
    }
    return enlist_broken(registry, file, origin, "the board names it, but no driver folder has it");
}

// The driver whose proxy |file| is: a proxy belongs to its set. NULL: not registered.
static const dm_driver_t* proxied_driver(const dm_registry_t* registry, const char* file) {
    size_t stem = strlen(file) - (sizeof(PROXY_SUFFIX) - 1);
    const dm_driver_t* driver;
    list_for_every_entry(&registry->drivers, driver, dm_driver_t, link) {
        if (strncmp(driver->file, file, stem) == 0 &&
            strcmp(driver->file + stem, DRIVER_SUFFIX) == 0) {
            return driver;
        }
    }
    return NULL;
}

static int is_shared_object(const struct dirent* entry) {
    return ends_with(entry->d_name, DRIVER_SUFFIX) && strlen(entry->d_name) <= DM_MAX_FILE_NAME &&
           entry->d_name[0] != '.';
}

// Takes the files of one folder: proxies of known drivers, or all the others. A folder that cannot
// be read has none.
static zx_status_t add_found(dm_registry_t* registry, const char* dir, bool proxies) {
    struct dirent** entries = NULL;
    int count = scandir(dir, &entries, is_shared_object, alphasort);
    zx_status_t status = ZX_OK;
    for (int i = 0; i < count; i++) {
        const char* file = entries[i]->d_name;
        bool is_proxy = ends_with(file, PROXY_SUFFIX);
        const dm_driver_t* driver = is_proxy ? proxied_driver(registry, file) : NULL;
        bool is_wanted = is_proxy ? proxies && driver != NULL : !proxies;
        if (status == ZX_OK && is_wanted && !has_file(registry, file)) {
            status =
                add_file(registry, dir, file, driver != NULL ? driver->origin : DM_ORIGIN_SYSTEM);
        }
        free(entries[i]);
    }
    free(entries);
    return status;
}

zx_status_t dm_registry_scan(dm_registry_t* registry, const char* const* dirs, size_t dir_count,
                             const dm_board_t* board) {
    zx_status_t status = ZX_OK;
    for (size_t i = 0; i < board->driver_count && status == ZX_OK; i++) {
        status = add_listed(registry, dirs, dir_count, &board->drivers[i]);
    }
    for (size_t i = 0; i < dir_count && status == ZX_OK && !board->has_drivers; i++) {
        status = add_found(registry, dirs[i], false);
    }
    for (size_t i = 0; i < dir_count && status == ZX_OK; i++) {
        status = add_found(registry, dirs[i], true);
    }
    return status;
}
