// SPDX-License-Identifier: MIT
// The child's side of the sandbox_errors test: what goes wrong goes wrong in the sandbox as it does
// outside.
#include "child.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <lib/sync/mutex.h>
#include <lx/fd.h>
#include <lx/handle.h>
#include <lx/pipe.h>
#include <lx/sandbox.h>
#include <zircon/process.h>
#include <zircon/status.h>
#include <zircon/syscalls.h>

#include "child_check.h"
#include "child_errors.h"

#define PAGE   4096u
#define EVER   ZX_TIME_INFINITE
#define DENIED ZX_ERR_ACCESS_DENIED

// Takes `count` handles from the other process; false: it sent something else.
static bool take(zx_handle_t channel, zx_handle_t* handles, uint32_t wanted) {
    uint32_t count = 0;
    OK(zx_object_wait_one(channel, ZX_CHANNEL_READABLE, EVER, NULL));
    OK(zx_channel_read(channel, 0, NULL, handles, 0, wanted, NULL, &count));
    TRUE(count == wanted);
    return count == wanted;
}

// ---- handles that may be passed on and nothing else

static void use_weak(const zx_handle_t h[ERRORS_COUNT]) {
    char bytes[8];
    uint32_t size;
    uint64_t wide;
    size_t actual;
    zx_handle_t none;
    zx_vaddr_t address;
    zx_info_vmo_t info;
    for (int i = 0; i < ERRORS_COUNT; i++) {
        zx_info_handle_basic_t basic = {0};
        OK(zx_object_get_info(h[i], ZX_INFO_HANDLE_BASIC, &basic, sizeof(basic), NULL, NULL));
        TRUE(basic.rights == ZX_RIGHT_TRANSFER);
        GIVES(zx_handle_duplicate(h[i], ZX_RIGHT_SAME_RIGHTS, &none), DENIED);
        GIVES(zx_object_wait_one(h[i], 1, 0, NULL), DENIED);
        GIVES(zx_object_signal(h[i], 0, ZX_USER_SIGNAL_0), DENIED);
        GIVES(zx_object_signal_peer(h[i], 0, ZX_USER_SIGNAL_0), DENIED);
    }
    GIVES(zx_vmo_read(h[ERRORS_VMO], bytes, 0, 1), DENIED);
    GIVES(zx_vmo_write(h[ERRORS_VMO], bytes, 0, 1), DENIED);
    GIVES(zx_vmar_map(zx_vmar_root_self(), ZX_VM_PERM_READ, 0, h[ERRORS_VMO], 0, PAGE, &address),
          DENIED);
    GIVES(zx_object_get_info(h[ERRORS_VMO], ZX_INFO_VMO, &info, sizeof(info), NULL, NULL), DENIED);
    OK(zx_vmo_get_size(h[ERRORS_VMO], &wide));
    GIVES(zx_fifo_read(h[ERRORS_FIFO], 4, bytes, 1, NULL), DENIED);
    GIVES(zx_fifo_write(h[ERRORS_FIFO], 4, bytes, 1, NULL), DENIED);
    GIVES(zx_channel_read(h[ERRORS_CHANNEL], 0, bytes, NULL, 8, 0, &size, NULL), DENIED);
    GIVES(zx_channel_write(h[ERRORS_CHANNEL], 0, bytes, 1, NULL, 0), DENIED);
    GIVES(zx_socket_read(h[ERRORS_SOCKET], 0, bytes, 8, &actual), DENIED);
    GIVES(zx_socket_write(h[ERRORS_SOCKET], 0, bytes, 8, &actual), DENIED);
    GIVES(zx_socket_shutdown(h[ERRORS_SOCKET], ZX_SOCKET_SHUTDOWN_READ), DENIED);
    GIVES(zx_interrupt_wait(h[ERRORS_INTERRUPT], NULL), DENIED);
    GIVES(zx_interrupt_trigger(h[ERRORS_INTERRUPT], 0, 0), DENIED);
    GIVES(zx_interrupt_ack(h[ERRORS_INTERRUPT]), DENIED);
    GIVES(zx_interrupt_destroy(h[ERRORS_INTERRUPT]), DENIED);
    GIVES(zx_resource_create(h[ERRORS_RESOURCE], 0, 0, 1, "x", 1, &none), DENIED);
}

// A root resource from elsewhere, with all its rights, opens nothing.
static void use_received_root(zx_handle_t root) {
    zx_handle_t none;
    GIVES(zx_resource_create(root, ZX_RSRC_KIND_MMIO, 0, 1, "x", 1, &none), DENIED);
    GIVES(zx_vmo_create_physical(root, 0, PAGE, &none), DENIED);
    GIVES(zx_interrupt_create(root, 1, 0, &none), DENIED);
    GIVES(zx_ioports_request(root, 0x60, 1), DENIED);
    GIVES(zx_clock_adjust(root, ZX_CLOCK_UTC, 1), DENIED);
    GIVES(zx_system_powerctl(root, ZX_SYSTEM_POWERCTL_REBOOT, NULL), DENIED);
    GIVES(zx_debuglog_create(root, ZX_LOG_FLAG_READABLE, &none), DENIED);
}

// ---- ends whose peers are gone, with something left in them

static void use_orphans(const zx_handle_t h[ERRORS_COUNT]) {
    char bytes[8];
    uint32_t element = 0, size = 0;
    size_t actual = 0;
    zx_signals_t observed = 0;
    OK(zx_object_wait_one(h[ERRORS_EVENTPAIR], ZX_EVENTPAIR_PEER_CLOSED, EVER, NULL));
    GIVES(zx_object_signal_peer(h[ERRORS_EVENTPAIR], 0, ZX_USER_SIGNAL_0), ZX_ERR_PEER_CLOSED);
    OK(zx_object_wait_one(h[ERRORS_FIFO], ZX_FIFO_PEER_CLOSED, EVER, &observed));
    TRUE(observed & ZX_FIFO_READABLE);
    OK(zx_fifo_read(h[ERRORS_FIFO], 4, &element, 1, NULL));
    TRUE(element == 77);
    GIVES(zx_fifo_read(h[ERRORS_FIFO], 4, &element, 1, NULL), ZX_ERR_PEER_CLOSED);
    GIVES(zx_fifo_write(h[ERRORS_FIFO], 4, &element, 1, NULL), ZX_ERR_PEER_CLOSED);
    OK(zx_object_wait_one(h[ERRORS_CHANNEL], ZX_CHANNEL_PEER_CLOSED, EVER, &observed));
    TRUE(observed & ZX_CHANNEL_READABLE);
    OK(zx_channel_read(h[ERRORS_CHANNEL], 0, bytes, NULL, 8, 0, &size, NULL));
    TRUE(size == 4);
    GIVES(zx_channel_read(h[ERRORS_CHANNEL], 0, bytes, NULL, 8, 0, &size, NULL),
          ZX_ERR_PEER_CLOSED);
    GIVES(zx_channel_write(h[ERRORS_CHANNEL], 0, bytes, 1, NULL, 0), ZX_ERR_PEER_CLOSED);
    OK(zx_object_wait_one(h[ERRORS_SOCKET], ZX_SOCKET_PEER_CLOSED, EVER, NULL));
    OK(zx_socket_read(h[ERRORS_SOCKET], 0, bytes, 8, &actual));
    TRUE(actual == 5);
    GIVES(zx_socket_read(h[ERRORS_SOCKET], 0, bytes, 8, &actual), ZX_ERR_PEER_CLOSED);
    GIVES(zx_socket_write(h[ERRORS_SOCKET], 0, bytes, 8, &actual), ZX_ERR_PEER_CLOSED);
    GIVES(zx_interrupt_wait(h[ERRORS_INTERRUPT], NULL), ZX_ERR_CANCELED);  // destroyed
    GIVES(zx_interrupt_trigger(h[ERRORS_INTERRUPT], 0, 0), ZX_ERR_CANCELED);
}

// ---- a channel that comes with messages which the sender had taken already, and goes with more

static void use_kept(zx_handle_t channel) {
    zx_handle_t end, vmo, ends[2];
    char bytes[8] = "";
    uint32_t size = 0, count = 0;
    if (!take(channel, &end, 1)) {
        return;
    }
    OK(zx_channel_read(end, 0, bytes, &vmo, 8, 1, &size, &count));
    TRUE(size == 4 && count == 1 && memcmp(bytes, "kept", 4) == 0);
    OK(zx_vmo_read(vmo, bytes, 0, 4));
    TRUE(memcmp(bytes, "deep", 4) == 0);
    OK(zx_channel_read(end, 0, bytes, NULL, 8, 0, &size, NULL));
    TRUE(size == 4 && memcmp(bytes, "rest", 4) == 0);
    OK(zx_channel_create(0, &ends[0], &ends[1]));
    OK(zx_channel_write(ends[0], 0, "mine", 4, &vmo, 1));
    OK(zx_handle_close(ends[0]));
    GIVES(zx_channel_read(ends[1], 0, NULL, NULL, 0, 0, &size, &count), ZX_ERR_BUFFER_TOO_SMALL);
    OK(zx_channel_write(channel, 0, NULL, 0, &ends[1], 1));
    OK(zx_handle_close(end));
}

// ---- what is made here

static void use_own(void) {
    zx_handle_t region, vmo, log, none;
    zx_vaddr_t start = 0, address = 0;
    char version[64];
    uint32_t features;
    uint64_t cookie = 0;
    sync_mutex_t mutex = SYNC_MUTEX_INIT;
    OK(zx_vmar_allocate(zx_vmar_root_self(), ZX_VM_CAN_MAP_READ | ZX_VM_CAN_MAP_SPECIFIC, 0,
                        4 * PAGE, &region, &start));
    OK(zx_vmo_create(PAGE, 0, &vmo));
    OK(zx_vmar_map(region, ZX_VM_PERM_READ | ZX_VM_SPECIFIC, PAGE, vmo, 0, PAGE, &address));
    TRUE(address == start + PAGE && *(const char*)address == 0);
    GIVES(zx_vmar_map(region, ZX_VM_PERM_READ | ZX_VM_PERM_WRITE, 0, vmo, 0, PAGE, &address),
          DENIED);
    OK(zx_vmar_destroy(region));
    GIVES(zx_vmar_allocate(region, 0, 0, PAGE, &none, &address), ZX_ERR_BAD_STATE);
    OK(zx_object_set_cookie(vmo, region, 9));
    OK(zx_object_get_cookie(vmo, region, &cookie));
    TRUE(cookie == 9);
    OK(zx_debuglog_create(ZX_HANDLE_INVALID, 0, &log));
    OK(zx_debuglog_write(log, 0, "logged in the child", 19));
    OK(zx_system_get_version(version, sizeof(version)));
    OK(zx_system_get_features(0, &features));
    sync_mutex_lock(&mutex);
    GIVES(sync_mutex_timedlock(&mutex, zx_deadline_after(ZX_USEC(100))), ZX_ERR_TIMED_OUT);
    sync_mutex_unlock(&mutex);
    const zx_handle_t all[] = {region, vmo, log};
    OK(zx_handle_close_many(all, 3));
}

static void use_pipe(zx_handle_t channel) {
    zx_handle_t reader;
    char bytes[8];
    size_t actual = 0;
    if (take(channel, &reader, 1)) {
        OK(lx_pipe_read(reader, bytes, sizeof(bytes), &actual));
        TRUE(actual == 4 && memcmp(bytes, "pipe", 4) == 0);
        GIVES(lx_pipe_read(reader, bytes, sizeof(bytes), &actual), ZX_ERR_PEER_CLOSED);
        OK(zx_handle_close(reader));
    }
}

// ---- lies, from there and from here

static void hear_lies(zx_handle_t channel) {
    zx_handle_t ends[ERRORS_LIES];
    zx_handle_t handles[4];
    char bytes[64];
    uint32_t size, count;
    if (!take(channel, ends, ERRORS_LIES)) {
        return;
    }
    for (int i = 0; i < ERRORS_LIES; i++) {
        OK(zx_object_wait_one(ends[i], ZX_CHANNEL_READABLE, EVER, NULL));
        GIVES(zx_channel_read(ends[i], 0, bytes, handles, sizeof(bytes), 4, &size, &count),
              ZX_ERR_IO_DATA_INTEGRITY);
        GIVES(zx_channel_read(ends[i], 0, bytes, handles, sizeof(bytes), 4, &size, &count),
              ZX_ERR_PEER_CLOSED);
        OK(zx_handle_close(ends[i]));
    }
}

static void tell_a_lie(zx_handle_t channel) {
    int fd = -1;
    OK(lx_channel_dup_fd(channel, &fd));
    TRUE(send(fd, "no message", 10, MSG_NOSIGNAL) == 10);
    close(fd);
}

// "sandbox" or "free" says where it runs.
int child_errors(int argc, char** argv) {
    if (argc != 1) {
        return 126;
    }
    if (strcmp(argv[0], "sandbox") == 0 && lx_sandbox_enter() != ZX_OK) {
        return 2;
    }
    zx_handle_t channel = zx_take_startup_handle(PA_HND(PA_USER0, 0));
    zx_handle_t handles[ERRORS_COUNT];
    size_t before = lx_handle_count();
    use_own();
    if (take(channel, handles, ERRORS_COUNT)) {
        use_weak(handles);
        OK(zx_handle_close_many(handles, ERRORS_COUNT));
    }
    if (take(channel, handles, 1)) {
        use_received_root(handles[0]);
        OK(zx_handle_close(handles[0]));
    }
    if (take(channel, handles, ERRORS_COUNT)) {
        use_orphans(handles);
        OK(zx_handle_close_many(handles, ERRORS_COUNT));
    }
    use_kept(channel);
    use_pipe(channel);
    hear_lies(channel);
    TRUE(lx_handle_count() == before);
    tell_a_lie(channel);
    OK(zx_handle_close(channel));
    printf("%d failures\n", failures);
    return failures == 0 ? 0 : 1;
}
