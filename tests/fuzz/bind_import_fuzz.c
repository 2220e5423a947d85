// SPDX-License-Identifier: MIT
// Attack surface: tables of others given to bindc. The first byte chooses: a modules.alias, whose
// bundle must be whole and hold good programs; a pci.ids or usb.ids, whose library must compile;
// the modalias of a device.
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <bind/bundle.h>
#include <bind/program.h>

#include "compiler.h"
#include "import.h"

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

static void import_aliases(const char* text, size_t size) {
    bc_buffer_t out = {0};
    import_counts_t counts = {0};
    size_t line;
    if (import_modalias(text, size, &out, &counts, &line)) {
        bind_bundle_t bundle;
        bind_bundle_entry_t entry;
        if (bind_bundle_open(out.data, out.size, &bundle) != ZX_OK ||
            bundle.count != counts.aliases) {
            abort();
        }
        zx_status_t status = bind_bundle_next(&bundle, &entry);
        while (status == ZX_OK) {
            bind_program_t program;
            if (bind_program_read(entry.bytecode, entry.bytecode_size, &program, NULL) != ZX_OK) {
                abort();
            }
            status = bind_bundle_next(&bundle, &entry);
        }
        if (status != ZX_ERR_STOP) {
            abort();
        }
    }
    bc_buffer_fini(&out);
}

static void import_names(const char* text, size_t size, import_ids_bus_t bus) {
    static const char rules[] = "true;";
    const uint32_t vendors[] = {0x0001, 0x1af4, 0x8086};
    bc_buffer_t out = {0};
    size_t line;
    if (import_ids(text, size, bus, vendors, sizeof(vendors) / sizeof(vendors[0]), &out, &line)) {
        bc_compiler_t compiler;
        bc_buffer_t bytes = {0};
        bc_compiler_init(&compiler);
        bc_compiler_add_library_text(&compiler, "ids", out.data, out.size);
        bc_compiler_set_rules_text(&compiler, "rules", rules, sizeof(rules) - 1);
        if (!bc_compiler_compile(&compiler, &(bc_options_t){0}, &bytes)) {
            abort();
        }
        bc_buffer_fini(&bytes);
        bc_compiler_fini(&compiler);
    }
    bc_buffer_fini(&out);
}

static void import_one_device(const char* text, size_t size) {
    import_device_t* device = malloc(sizeof(*device));
    char* modalias = strndup(text, size);
    if (device == NULL || modalias == NULL) {
        abort();
    }
    if (import_device(modalias, device) && device->count > IMPORT_MAX_PROPERTIES) {
        abort();
    }
    free(modalias);
    free(device);
}

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    if (size == 0) {
        return 0;
    }
    // A copy of exactly the size: these are texts with a length, not with a zero behind them.
    char* text = malloc(size > 1 ? size - 1 : 1);
    memcpy(text, data + 1, size - 1);
    switch (data[0] % 4) {
        case 0:
            import_aliases(text, size - 1);
            break;
        case 1:
            import_names(text, size - 1, IMPORT_IDS_PCI);
            break;
        case 2:
            import_names(text, size - 1, IMPORT_IDS_USB);
            break;
        default:
            import_one_device(text, size - 1);
            break;
    }
    free(text);
    return 0;
}
