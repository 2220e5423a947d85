// SPDX-License-Identifier: MIT
// A block device from the outside: session, request slots, and reconnecting.
#include "blk_client.h"

#include <string.h>
#include <unistd.h>

#include <zircon/process.h>
#include <zircon/status.h>
#include <zircon/syscalls.h>

#include <fuchsia/hardware/block/c/banjo.h>

static zx_status_t fail(blk_client_t* client, const char* what, zx_status_t status) {
    if (client->detail[0] == '\0') {
        snprintf(client->detail, sizeof(client->detail), "%s: %s", what,
                 zx_status_get_string(status));
    }
    return status;
}

static void disconnect(blk_client_t* client) {
    zx_handle_close(client->fifo);
    zx_handle_close(client->device);
    client->fifo = ZX_HANDLE_INVALID;
    client->device = ZX_HANDLE_INVALID;
}

static zx_status_t get_info(zx_handle_t device, block_get_info_response_t* out_info) {
    block_empty_t request = {0};
    pg_arena_t arena;
    pg_arena_init(&arena, NULL, 0);
    zx_status_t status = block_block_get_info(device, &request, &arena, out_info);
    pg_arena_fini(&arena);
    if (status == ZX_OK) {
        status = out_info->status;
    }
    if (status == ZX_OK && (out_info->block_size == 0 || out_info->block_count == 0)) {
        status = ZX_ERR_IO_DATA_INTEGRITY;
    }
    return status;
}

static zx_status_t get_fifo(zx_handle_t device, zx_handle_t* out_fifo) {
    block_empty_t request = {0};
    block_get_fifo_response_t response;
    pg_arena_t arena;
    pg_arena_init(&arena, NULL, 0);
    zx_status_t status = block_block_get_fifo(device, &request, &arena, &response);
    pg_arena_fini(&arena);
    if (status == ZX_OK) {
        status = response.status;
        *out_fifo = response.fifo;
    }
    return status;
}

static zx_status_t attach_vmo(zx_handle_t device, zx_handle_t vmo, uint16_t* out_vmoid) {
    block_attach_vmo_request_t request = {0};
    zx_status_t status = zx_handle_duplicate(vmo, ZX_RIGHT_SAME_RIGHTS, &request.vmo);
    if (status != ZX_OK) {
        return status;
    }
    block_attach_vmo_response_t response;
    pg_arena_t arena;
    pg_arena_init(&arena, NULL, 0);
    status = block_block_attach_vmo(device, &request, &arena, &response);
    pg_arena_fini(&arena);
    if (status == ZX_OK) {
        status = response.status;
        *out_vmoid = response.vmoid;
    }
    return status;
}

// The session on a device that was just opened: FIFO and VMO.
static zx_status_t start_session(blk_client_t* client) {
    zx_status_t status = get_fifo(client->device, &client->fifo);
    if (status != ZX_OK) {
        return fail(client, "no FIFO", status);
    }
    status = attach_vmo(client->device, client->vmo, &client->vmoid);
    return status == ZX_OK ? ZX_OK : fail(client, "cannot attach memory", status);
}

static zx_status_t make_memory(blk_client_t* client, size_t slot_size) {
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t unit = client->info.block_size > page ? client->info.block_size : page;
    client->slot_size = (slot_size + unit - 1) / unit * unit;
    size_t size = client->slot_size * BLK_CLIENT_SLOTS;
    zx_status_t status = zx_vmo_create(size, 0, &client->vmo);
    if (status != ZX_OK) {
        return fail(client, "no memory to share", status);
    }
    zx_vaddr_t address = 0;
    status = zx_vmar_map(zx_vmar_root_self(), ZX_VM_PERM_READ | ZX_VM_PERM_WRITE, 0, client->vmo, 0,
                         size, &address);
    if (status != ZX_OK) {
        return fail(client, "cannot map memory", status);
    }
    client->data = (uint8_t*)address;
    return ZX_OK;
}

// A class path's number may change when the host is restarted; the topological path does not.
static zx_status_t resolve_path(cli_t* cli, const char* path, blk_client_t* client) {
    control_path_request_t request = {.path = path};
    control_show_response_t response;
    pg_arena_t arena;
    pg_arena_init(&arena, NULL, 0);
    zx_status_t status = control_control_show(cli->channel, &request, &arena, &response);
    if (status == ZX_OK && response.status == ZX_OK && response.device == NULL) {
        status = ZX_ERR_INTERNAL;
    }
    if (status == ZX_OK && response.status != ZX_OK) {
        status = response.status;
        snprintf(client->detail, sizeof(client->detail), "%s",
                 response.detail != NULL ? response.detail : "");
    }
    if (status == ZX_OK) {
        snprintf(client->path, sizeof(client->path), "%s", response.device->path);
    }
    pg_arena_fini(&arena);
    return status;
}

zx_status_t blk_client_open(cli_t* cli, const char* path, size_t slot_size, blk_client_t* client) {
    memset(client, 0, sizeof(*client));
    client->cli = cli;
    zx_status_t status = resolve_path(cli, path, client);
    if (status == ZX_OK) {
        status = cli_open_device(cli, client->path, 0, client->detail, sizeof(client->detail),
                                 &client->device);
    }
    if (status == ZX_OK) {
        status = get_info(client->device, &client->info);
        if (status != ZX_OK) {
            fail(client, "not a block device", status);
        }
    }
    if (status == ZX_OK) {
        status = make_memory(client, slot_size);
    }
    if (status == ZX_OK) {
        status = start_session(client);
    }
    if (status != ZX_OK) {
        fail(client, "cannot open", status);
        blk_client_close(client);
    }
    return status;
}

void blk_client_close(blk_client_t* client) {
    disconnect(client);
    if (client->data != NULL) {
        zx_vmar_unmap(zx_vmar_root_self(), (zx_vaddr_t)client->data,
                      client->slot_size * BLK_CLIENT_SLOTS);
        client->data = NULL;
    }
    zx_handle_close(client->vmo);
    client->vmo = ZX_HANDLE_INVALID;
}

int blk_client_free_slot(const blk_client_t* client) {
    for (unsigned i = 0; i < BLK_CLIENT_SLOTS; i++) {
        if (!client->is_busy[i]) {
            return (int)i;
        }
    }
    return -1;
}

uint8_t* blk_client_slot(const blk_client_t* client, unsigned slot) {
    return client->data + slot * client->slot_size;
}

// The FIFO has room for every slot, so a write finds space or a closed peer.
static zx_status_t send_request(blk_client_t* client, unsigned slot) {
    block_fifo_request_t* request = &client->requests[slot];
    request->vmoid = (request->opcode & BLOCK_OP_MASK) == BLOCK_OP_FLUSH ? 0 : client->vmoid;
    return zx_fifo_write(client->fifo, sizeof(*request), request, 1, NULL);
}

static zx_status_t reopen(blk_client_t* client) {
    client->detail[0] = '\0';
    disconnect(client);
    zx_status_t status = cli_open_device(client->cli, client->path, BLK_CLIENT_RECONNECT_MS,
                                         client->detail, sizeof(client->detail), &client->device);
    if (status != ZX_OK) {
        return fail(client, "the device did not come back", status);
    }
    block_get_info_response_t info;
    status = get_info(client->device, &info);
    if (status == ZX_OK && (info.block_size != client->info.block_size ||
                            info.block_count != client->info.block_count)) {
        snprintf(client->detail, sizeof(client->detail), "another disk came back under this path");
        return ZX_ERR_BAD_STATE;
    }
    return status == ZX_OK ? start_session(client) : status;
}

static bool is_disconnection(zx_status_t status) {
    return status == ZX_ERR_PEER_CLOSED || status == ZX_ERR_CANCELED ||
           status == ZX_ERR_UNAVAILABLE;
}

// Until a new session took all that was unanswered, or the device stays away. The host may die
// again at any point of it.
static zx_status_t reconnect(blk_client_t* client) {
    const zx_time_t deadline = zx_deadline_after(ZX_MSEC(BLK_CLIENT_RECONNECT_MS));
    zx_status_t status;
    do {
        client->reconnects++;
        status = reopen(client);
        for (unsigned i = 0; status == ZX_OK && i < BLK_CLIENT_SLOTS; i++) {
            if (client->is_busy[i]) {
                status = send_request(client, i);
            }
        }
    } while (is_disconnection(status) && zx_clock_get_monotonic() < deadline);
    return status;
}

zx_status_t blk_client_submit(blk_client_t* client, unsigned slot, uint32_t opcode, uint64_t offset,
                              uint32_t length) {
    client->requests[slot] = (block_fifo_request_t){
        .opcode = opcode,
        .reqid = slot,
        .length = length,
        .vmo_offset = slot * client->slot_size / client->info.block_size,
        .dev_offset = offset,
    };
    client->is_busy[slot] = true;
    client->busy_count++;
    zx_status_t status = send_request(client, slot);
    return is_disconnection(status) ? reconnect(client) : status;
}

zx_status_t blk_client_wait(blk_client_t* client, unsigned* out_slot, zx_status_t* out_status) {
    if (client->busy_count == 0) {
        return ZX_ERR_BAD_STATE;
    }
    for (;;) {
        block_fifo_response_t response;
        zx_status_t status = zx_fifo_read(client->fifo, sizeof(response), &response, 1, NULL);
        if (status == ZX_ERR_SHOULD_WAIT) {
            status = zx_object_wait_one(client->fifo, ZX_FIFO_READABLE | ZX_FIFO_PEER_CLOSED,
                                        ZX_TIME_INFINITE, NULL);
            if (status == ZX_OK) {
                continue;
            }
        }
        if (status == ZX_OK && is_disconnection(response.status)) {
            status = ZX_ERR_PEER_CLOSED;  // the driver is on its way out
        }
        if (is_disconnection(status)) {
            status = reconnect(client);
            if (status == ZX_OK) {
                continue;
            }
        }
        if (status != ZX_OK) {
            return fail(client, "the session broke", status);
        }
        if (response.reqid >= BLK_CLIENT_SLOTS || !client->is_busy[response.reqid]) {
            return fail(client, "an answer to no request", ZX_ERR_IO_DATA_INTEGRITY);
        }
        client->is_busy[response.reqid] = false;
        client->busy_count--;
        *out_slot = response.reqid;
        *out_status = response.status;
        return ZX_OK;
    }
}
