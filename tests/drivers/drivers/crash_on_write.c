// SPDX-License-Identifier: MIT
// Test driver: reading its device gives "alive"; writing a word to it makes the host misbehave:
//   abort, segv, stack, exit   the process ends
//   spin                       the main thread never comes back
//   garbage, huge              every socket of the process gets bytes that are no message
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <lib/ddk/device.h>

#include "crash_on_write_bind.h"
#include "test_text.h"

#define MAX_FD     1024
#define HUGE_BYTES (160u * 1024u)

static void run_abort(void) {
    abort();
}

static void run_segv(void) {
    int* volatile nowhere = (int*)16;  // not NULL, which sanitizers catch before the machine does
    *(volatile int*)nowhere = 1;
}

// Deeper than any stack; the use of the page after the call keeps it from becoming a loop.
static int use_stack(const volatile char* from_above, unsigned long depth) {
    volatile char page[4096];
    page[0] = from_above[0];
    return depth == 0 ? 0 : use_stack(page, depth - 1) + page[0];
}

static void run_stack(void) {
    volatile char start = 1;
    use_stack(&start, 1ul << 20);
}

static void run_exit(void) {
    _exit(3);
}

static void run_spin(void) {
    for (volatile unsigned i = 0;; i++) {
    }
}

// Below the kernel objects, as a taken-over process would: to every socket there is.
static void send_to_all(size_t size) {
    unsigned char* bytes = malloc(size);
    if (bytes == NULL) {
        return;
    }
    memset(bytes, 0xa5, size);
    for (int fd = 3; fd < MAX_FD; fd++) {
        send(fd, bytes, size, MSG_DONTWAIT | MSG_NOSIGNAL);
    }
    free(bytes);
}

static void run_garbage(void) {
    send_to_all(100);
}

static void run_huge(void) {
    send_to_all(HUGE_BYTES);
}

static const struct {
    const char* word;
    void (*run)(void);
} misdeeds[] = {
    {"abort", run_abort}, {"segv", run_segv},       {"stack", run_stack}, {"exit", run_exit},
    {"spin", run_spin},   {"garbage", run_garbage}, {"huge", run_huge},
};

static zx_status_t crash_read(void* ctx, void* buffer, size_t count, zx_off_t offset,
                              size_t* out_actual) {
    (void)ctx;
    return test_text_read("alive\n", buffer, count, offset, out_actual);
}

static zx_status_t crash_write(void* ctx, const void* buffer, size_t count, zx_off_t offset,
                               size_t* out_actual) {
    (void)ctx, (void)offset;
    for (size_t i = 0; i < countof(misdeeds); i++) {
        if (test_text_is(buffer, count, misdeeds[i].word)) {
            misdeeds[i].run();
            *out_actual = count;
            return ZX_OK;
        }
    }
    return ZX_ERR_INVALID_ARGS;
}

static const zx_protocol_device_t crash_ops = {
    .version = DEVICE_OPS_VERSION,
    .read = crash_read,
    .write = crash_write,
};

static zx_status_t crash_bind(void* ctx, zx_device_t* parent) {
    (void)ctx;
    device_add_args_t args = {
        .version = DEVICE_ADD_ARGS_VERSION,
        .name = "crash-on-write",
        .ops = &crash_ops,
        .proto_id = ZX_PROTOCOL_TEST,
    };
    zx_device_t* unused;
    return device_add(parent, &args, &unused);
}

static const zx_driver_ops_t crash_driver_ops = {
    .version = DRIVER_OPS_VERSION,
    .bind = crash_bind,
};

ZIRCON_DRIVER(crash_on_write, crash_driver_ops, "jacinth", "0.1");
