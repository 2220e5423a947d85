// SPDX-License-Identifier: MIT
// Board files: from YAML to a checked dm_board_t.
#include "board.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zircon/errors.h>

#include "board_device.h"
#include "board_yaml.h"

// A word for names of boards, drivers and disks: letters, digits, '.', '_' and '-'.
static bool word(dm_yaml_t* yaml, const yaml_node_t* node, const char* key, size_t max_size,
                 const char** out_text) {
    const char* text = NULL;
    if (!dm_yaml_text(yaml, node, key, max_size, &text)) {
        return false;
    }
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
    if (text[strspn(text, allowed)] != '\0' || text[0] == '.' || text[0] == '-') {
        dm_yaml_error(yaml, node,
                      "'%s' must be a word of letters, digits, '.', '_' and '-', not '%.60s'", key,
                      text);
        return false;
    }
    *out_text = text;
    return true;
}

// A word out of the only one that is known; false: reported.
static bool known_word(dm_yaml_t* yaml, const yaml_node_t* node, const char* key,
                       const char* known) {
    const char* text = NULL;
    if (!dm_yaml_text(yaml, node, key, DM_MAX_NAME, &text)) {
        return false;
    }
    if (strcmp(text, known) != 0) {
        dm_yaml_error(yaml, node, "'%s' is unknown in '%s' (known: %s)", text, key, known);
        return false;
    }
    return true;
}

// ------------------------------------------------------------------------------------- machine

// Reads `image` and `size_mib`, which go with models that have a medium and with no others.
static bool read_image(dm_yaml_t* yaml, const yaml_node_t* node, const yaml_node_t* image,
                       const yaml_node_t* size, bool needs_image, dm_machine_device_t* out) {
    if (!needs_image) {
        if (image != NULL || size != NULL) {
            dm_yaml_error(yaml, image != NULL ? image : size,
                          "model '%s' has no medium: '%s' is out of place", out->model,
                          image != NULL ? "image" : "size_mib");
            return false;
        }
        return true;
    }
    if (image == NULL || size == NULL) {
        dm_yaml_error(yaml, node, "model '%s' needs the key '%s'", out->model,
                      image == NULL ? "image" : "size_mib");
        return false;
    }
    const char* text = NULL;
    uint64_t size_mib = 0;
    if (!word(yaml, image, "image", DM_MAX_FILE_NAME, &text) ||
        !dm_yaml_number(yaml, size, "size_mib", 1, 1u << 20, &size_mib)) {
        return false;
    }
    out->size_mib = (uint32_t)size_mib;
    out->image = strdup(text);
    return out->image != NULL;
}

static bool read_machine_device(dm_yaml_t* yaml, yaml_node_t* node, const dm_machine_t* machine,
                                dm_machine_device_t* out) {
    static const dm_yaml_key_t keys[] = {{"id", DM_YAML_TEXT, true},
                                         {"model", DM_YAML_TEXT, true},
                                         {"image", DM_YAML_TEXT, false},
                                         {"size_mib", DM_YAML_NUMBER, false}};
    yaml_node_t* values[4];
    if (!dm_yaml_map(yaml, node, "a machine device", keys, 4, values)) {
        return false;
    }
    const char* id = NULL;
    const char* model = NULL;
    bool needs_image = false;
    if (!word(yaml, values[0], "id", DM_MAX_NAME, &id) ||
        !dm_yaml_text(yaml, values[1], "model", DM_MAX_NAME, &model)) {
        return false;
    }
    for (size_t i = 0; i < machine->device_count; i++) {
        if (strcmp(machine->devices[i].id, id) == 0) {
            dm_yaml_error(yaml, values[0], "duplicate id '%s'", id);
            return false;
        }
    }
    if (!dm_board_qemu_model(model, &out->model, &needs_image)) {
        dm_yaml_error(yaml, values[1], "unknown model '%s' (known: %s)", model,
                      dm_board_qemu_models());
        return false;
    }
    out->id = strdup(id);
    return read_image(yaml, node, values[2], values[3], needs_image, out) && out->id != NULL;
}

static void free_machine_device(dm_machine_device_t* device) {
    free(device->id);
    free(device->image);
}

static bool read_machine_devices(dm_yaml_t* yaml, const yaml_node_t* list, dm_machine_t* machine) {
    size_t count = dm_yaml_count(list);
    if (count > DM_MAX_MACHINE_DEVICES) {
        dm_yaml_error(yaml, list, "'devices' of a machine are at most %u", DM_MAX_MACHINE_DEVICES);
        return false;
    }
    machine->devices = calloc(count + 1, sizeof(machine->devices[0]));
    bool is_good = machine->devices != NULL;
    for (size_t i = 0; i < count && machine->devices != NULL; i++) {
        dm_machine_device_t device = {0};
        if (read_machine_device(yaml, dm_yaml_at(yaml, list, i), machine, &device)) {
            machine->devices[machine->device_count++] = device;
        } else {
            free_machine_device(&device);
            is_good = false;
        }
    }
    return is_good;
}

static bool read_machine(dm_yaml_t* yaml, yaml_node_t* node, dm_machine_t* machine) {
    static const dm_yaml_key_t keys[] = {
        {"arch", DM_YAML_TEXT, true},         {"qemu", DM_YAML_TEXT, true},
        {"memory_mib", DM_YAML_NUMBER, true}, {"cpus", DM_YAML_NUMBER, false},
        {"iommu", DM_YAML_TEXT, true},        {"devices", DM_YAML_LIST, false}};
    yaml_node_t* values[6];
    bool is_good = dm_yaml_map(yaml, node, "'machine'", keys, 6, values);
    uint64_t memory_mib = 0;
    uint64_t cpus = 1;
    is_good = (values[0] == NULL || known_word(yaml, values[0], "arch", "x86_64")) && is_good;
    is_good = (values[1] == NULL || known_word(yaml, values[1], "qemu", "q35")) && is_good;
    is_good = (values[4] == NULL || known_word(yaml, values[4], "iommu", "intel")) && is_good;
    is_good = (values[2] == NULL ||
               dm_yaml_number(yaml, values[2], "memory_mib", 64, 1u << 20, &memory_mib)) &&
              is_good;
    is_good =
        (values[3] == NULL || dm_yaml_number(yaml, values[3], "cpus", 1, 64, &cpus)) && is_good;
    if (values[5] != NULL) {
        is_good = read_machine_devices(yaml, values[5], machine) && is_good;
    }
    machine->exists = true;
    machine->memory_mib = (uint32_t)memory_mib;
    machine->cpus = (uint32_t)cpus;
    return is_good;
}

// ------------------------------------------------------------------------------------- drivers

static bool read_driver(dm_yaml_t* yaml, const yaml_node_t* node, bool is_boot, dm_board_t* board) {
    const char* name = NULL;
    if (!word(yaml, node, is_boot ? "boot" : "system", DM_MAX_FILE_NAME - 3, &name)) {
        return false;
    }
    for (size_t i = 0; i < board->driver_count; i++) {
        if (strcmp(board->drivers[i].name, name) == 0) {
            dm_yaml_error(yaml, node, "duplicate driver '%s'", name);
            return false;
        }
    }
    dm_board_driver_t* drivers =
        realloc(board->drivers, (board->driver_count + 1) * sizeof(drivers[0]));
    if (drivers == NULL) {
        return false;
    }
    board->drivers = drivers;
    drivers[board->driver_count] = (dm_board_driver_t){.name = strdup(name), .is_boot = is_boot};
    return drivers[board->driver_count++].name != NULL;
}

static bool read_drivers(dm_yaml_t* yaml, yaml_node_t* node, dm_board_t* board) {
    static const dm_yaml_key_t keys[] = {{"boot", DM_YAML_LIST, false},
                                         {"system", DM_YAML_LIST, false}};
    yaml_node_t* values[2];
    bool is_good = dm_yaml_map(yaml, node, "'drivers'", keys, 2, values);
    if (dm_yaml_count(values[0]) + dm_yaml_count(values[1]) > DM_MAX_DRIVERS) {
        dm_yaml_error(yaml, node, "'drivers' are at most %u", DM_MAX_DRIVERS);
        return false;
    }
    for (size_t set = 0; set < 2; set++) {
        for (size_t i = 0; i < dm_yaml_count(values[set]); i++) {
            is_good =
                read_driver(yaml, dm_yaml_at(yaml, values[set], i), set == 0, board) && is_good;
        }
    }
    board->has_drivers = true;
    return is_good;
}

// ------------------------------------------------------------------------------------- devices

static bool read_devices(dm_yaml_t* yaml, const yaml_node_t* list, dm_board_t* board) {
    size_t count = dm_yaml_count(list);
    if (count > DM_MAX_BOARD_DEVICES) {
        dm_yaml_error(yaml, list, "'devices' are at most %u", DM_MAX_BOARD_DEVICES);
        return false;
    }
    board->devices = calloc(count + 1, sizeof(board->devices[0]));
    bool is_good = board->devices != NULL;
    for (size_t i = 0; i < count && board->devices != NULL; i++) {
        dm_board_device_t device = {0};
        if (dm_board_device_read(yaml, dm_yaml_at(yaml, list, i), board, &device)) {
            board->devices[board->device_count++] = device;
        } else {
            dm_board_device_fini(&device);
            is_good = false;
        }
    }
    return is_good;
}

// ------------------------------------------------------------------------------------- expects

static bool is_device_path(const char* path) {
    char copy[DM_MAX_PATH + 1];
    dm_text_copy(copy, sizeof(copy), path);
    for (char* part = copy; part != NULL;) {
        char* slash = strchr(part, '/');
        if (slash != NULL) {
            *slash = '\0';
        }
        if (!dm_name_is_valid(part, NULL)) {
            return false;
        }
        part = slash != NULL ? slash + 1 : NULL;
    }
    return true;
}

static bool read_expect(dm_yaml_t* yaml, yaml_node_t* node, dm_board_t* board) {
    static const dm_yaml_key_t keys[] = {{"device", DM_YAML_TEXT, true},
                                         {"driver", DM_YAML_TEXT, true}};
    yaml_node_t* values[2];
    const char* device = NULL;
    const char* driver = NULL;
    if (!dm_yaml_map(yaml, node, "an expectation", keys, 2, values) ||
        !dm_yaml_text(yaml, values[0], "device", DM_MAX_PATH, &device) ||
        !word(yaml, values[1], "driver", DM_MAX_DRIVER, &driver)) {
        return false;
    }
    if (!is_device_path(device)) {
        dm_yaml_error(yaml, values[0],
                      "'device' must be a topological path such as sys/platform/pci, not '%.60s'",
                      device);
        return false;
    }
    for (size_t i = 0; i < board->expect_count; i++) {
        if (strcmp(board->expects[i].device, device) == 0) {
            dm_yaml_error(yaml, values[0], "duplicate expectation for '%s'", device);
            return false;
        }
    }
    dm_board_expect_t* expect = &board->expects[board->expect_count++];
    *expect = (dm_board_expect_t){.device = strdup(device), .driver = strdup(driver)};
    return expect->device != NULL && expect->driver != NULL;
}

static bool read_expects(dm_yaml_t* yaml, const yaml_node_t* list, dm_board_t* board) {
    size_t count = dm_yaml_count(list);
    if (count > DM_MAX_BOARD_DEVICES) {
        dm_yaml_error(yaml, list, "'expect' has at most %u entries", DM_MAX_BOARD_DEVICES);
        return false;
    }
    board->expects = calloc(count + 1, sizeof(board->expects[0]));
    bool is_good = board->expects != NULL;
    for (size_t i = 0; i < count && board->expects != NULL; i++) {
        is_good = read_expect(yaml, dm_yaml_at(yaml, list, i), board) && is_good;
    }
    return is_good;
}

// --------------------------------------------------------------------------------------- whole

static bool read_board(dm_yaml_t* yaml, dm_board_t* board) {
    static const dm_yaml_key_t keys[] = {
        {"board", DM_YAML_TEXT, true},   {"machine", DM_YAML_MAP, false},
        {"drivers", DM_YAML_MAP, false}, {"devices", DM_YAML_LIST, false},
        {"expect", DM_YAML_LIST, false},
    };
    yaml_node_t* values[5];
    bool is_good = dm_yaml_map(yaml, dm_yaml_root(yaml), "the board", keys, 5, values);
    const char* name = NULL;
    if (values[0] != NULL) {
        is_good = word(yaml, values[0], "board", DM_MAX_NAME, &name) && is_good;
        board->name = name != NULL ? strdup(name) : NULL;
    }
    if (values[1] != NULL) {
        is_good = read_machine(yaml, values[1], &board->machine) && is_good;
    }
    if (values[2] != NULL) {
        is_good = read_drivers(yaml, values[2], board) && is_good;
    }
    if (values[3] != NULL) {
        is_good = read_devices(yaml, values[3], board) && is_good;
    }
    if (values[4] != NULL) {
        is_good = read_expects(yaml, values[4], board) && is_good;
    }
    return is_good && board->name != NULL;
}

// A board whose devices do not fit into one metadata blob cannot be handed to its driver.
static bool check_encodes(const char* file, const dm_board_t* board, dm_diag_t* diag) {
    uint8_t* data = NULL;
    size_t size = 0;
    zx_status_t status = dm_board_encode(board, &data, &size);
    free(data);
    if (status != ZX_OK || size > DM_MAX_BOARD_METADATA_SIZE) {
        dm_diag_add(diag, "%s: 'devices' with their metadata take more than %u bytes", file,
                    DM_MAX_BOARD_METADATA_SIZE);
        return false;
    }
    return true;
}

zx_status_t dm_board_read(const char* file, dm_board_t* out, dm_diag_t* diag) {
    *out = (dm_board_t){0};
    dm_board_t board = {0};
    dm_yaml_t yaml;
    zx_status_t status = dm_yaml_open(&yaml, file, diag);
    if (status == ZX_OK && !(read_board(&yaml, &board) && check_encodes(file, &board, diag))) {
        status = ZX_ERR_INVALID_ARGS;
        if (diag->count == 0) {
            dm_diag_add(diag, "%s: memory is short", file);
        }
    }
    dm_yaml_close(&yaml);
    if (diag->count > DM_MAX_BOARD_ERRORS) {
        dm_diag_t* all = diag;
        unsigned more = all->count - DM_MAX_BOARD_ERRORS;
        all->count = 0;
        dm_diag_add(all, "%s: %u more errors", file, more);
        all->count = DM_MAX_BOARD_ERRORS + more;
    }
    if (status != ZX_OK) {
        dm_board_fini(&board);
        return status;
    }
    *out = board;
    return ZX_OK;
}

void dm_board_fini(dm_board_t* board) {
    for (size_t i = 0; i < board->machine.device_count; i++) {
        free_machine_device(&board->machine.devices[i]);
    }
    for (size_t i = 0; i < board->driver_count; i++) {
        free(board->drivers[i].name);
    }
    for (size_t i = 0; i < board->device_count; i++) {
        dm_board_device_fini(&board->devices[i]);
    }
    for (size_t i = 0; i < board->expect_count; i++) {
        free(board->expects[i].device);
        free(board->expects[i].driver);
    }
    free(board->name);
    free(board->machine.devices);
    free(board->drivers);
    free(board->devices);
    free(board->expects);
    *board = (dm_board_t){0};
}
