// SPDX-License-Identifier: MIT
// From a board's machine to QEMU arguments. Kernel, initramfs, command line and console are the
// boot tool's business.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zircon/errors.h>

#include "board.h"

// What one model adds to the command line. `device` is the -device argument without bus and drive.
typedef struct model_row {
    const char* name;
    const char* device;
    bool needs_image;
    const char* serial;  // property that takes the device's id; NULL: none
} model_row_t;

static const model_row_t g_models[] = {
    // Without iommu_platform a virtio device would bypass the IOMMU.
    {"virtio-blk", "virtio-blk-pci,disable-legacy=on,iommu_platform=on", true, "serial"},
    {"nvme", "nvme", true, "serial"},
    {"edu", "edu", false, NULL},
    {"virtio-rng", "virtio-rng-pci,disable-legacy=on,iommu_platform=on", false, NULL},
    {"e1000e", "e1000e", false, NULL},
    {"xhci", "qemu-xhci", false, NULL},
};

#define MODEL_COUNT (sizeof(g_models) / sizeof(g_models[0]))

static const model_row_t* find_model(const char* name) {
    for (size_t i = 0; i < MODEL_COUNT; i++) {
        if (strcmp(g_models[i].name, name) == 0) {
            return &g_models[i];
        }
    }
    return NULL;
}

bool dm_board_qemu_model(const char* model, const char** out_model, bool* out_needs_image) {
    const model_row_t* row = find_model(model);
    if (row == NULL) {
        return false;
    }
    *out_model = row->name;
    *out_needs_image = row->needs_image;
    return true;
}

const char* dm_board_qemu_models(void) {
    return "virtio-blk, nvme, edu, virtio-rng, e1000e, xhci";
}

// Every device sits behind a root port of its own, because a device on the root bus cannot be
// reset. Port number |index| is bus |index| + 1.
#define FIRST_PORT_SLOT 4u

static void print_device(FILE* out, const dm_machine_device_t* device, unsigned index) {
    const model_row_t* model = find_model(device->model);
    fprintf(out, "-device\npcie-root-port,id=rp%u,bus=pcie.0,addr=0x%x,chassis=%u,slot=%u\n",
            index + 1, FIRST_PORT_SLOT + index, index + 1, index + 1);
    if (device->image != NULL) {
        fprintf(out, "-drive\nif=none,id=drive-%s,file=@IMAGE_DIR@/%s,format=raw,cache=writeback\n",
                device->id, device->image);
    }
    fprintf(out, "-device\n%s,id=%s,bus=rp%u,addr=0x0", model->device, device->id, index + 1);
    if (device->image != NULL) {
        fprintf(out, ",drive=drive-%s", device->id);
    }
    if (model->serial != NULL) {
        fprintf(out, ",%s=%s", model->serial, device->id);
    }
    fputc('\n', out);
}

zx_status_t dm_board_qemu_args(const dm_board_t* board, char** out_text) {
    const dm_machine_t* machine = &board->machine;
    if (!machine->exists) {
        return ZX_ERR_NOT_SUPPORTED;
    }
    char* text = NULL;
    size_t size = 0;
    FILE* out = open_memstream(&text, &size);
    if (out == NULL) {
        return ZX_ERR_NO_MEMORY;
    }
    fputs(
        "-machine\nq35,accel=tcg,kernel-irqchip=split,sata=off,smbus=off,smm=off,vmport=off\n"
        "-cpu\nqemu64\n",
        out);
    fprintf(out, "-m\n%u\n-smp\n%u\n", machine->memory_mib, machine->cpus);
    fputs(
        "-nodefaults\n-display\nnone\n-no-reboot\n"
        "-device\nintel-iommu,intremap=on,caching-mode=on\n",
        out);
    for (size_t i = 0; i < machine->device_count; i++) {
        print_device(out, &machine->devices[i], (unsigned)i);
    }
    bool is_written = ferror(out) == 0;
    if (fclose(out) != 0 || !is_written) {
        free(text);
        return ZX_ERR_NO_MEMORY;
    }
    *out_text = text;
    return ZX_OK;
}
