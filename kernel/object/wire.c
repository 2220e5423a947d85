// SPDX-License-Identifier: MIT
// Which objects can arrive from another process, and who rebuilds them.
#include "object.h"

static ko_import_fn* const importers[ZX_OBJ_TYPE_UPPER_BOUND] = {
    [ZX_OBJ_TYPE_CHANNEL] = ko_import_channel,
    [ZX_OBJ_TYPE_EVENT] = ko_import_event,
    [ZX_OBJ_TYPE_EVENTPAIR] = ko_import_eventpair,
    [ZX_OBJ_TYPE_FIFO] = ko_import_fifo,
    [ZX_OBJ_TYPE_VMO] = ko_import_vmo,
    [ZX_OBJ_TYPE_SOCKET] = ko_import_socket,
    [ZX_OBJ_TYPE_RESOURCE] = ko_import_resource,
    [ZX_OBJ_TYPE_INTERRUPT] = ko_import_interrupt,
    [ZX_OBJ_TYPE_BTI] = ko_import_bti,
    [ZX_OBJ_TYPE_PCI_DEVICE] = ko_import_pci_device,
    [ZX_OBJ_TYPE_LOG] = ko_import_log,
    [KO_OBJ_TYPE_LISTENER] = ko_import_listener,
    [KO_OBJ_TYPE_PIPE] = ko_import_pipe,
};

ko_import_fn* ko_import_find(zx_obj_type_t type) {
    return type < ZX_OBJ_TYPE_UPPER_BOUND ? importers[type] : NULL;
}
