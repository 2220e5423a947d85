// SPDX-License-Identifier: MIT
// A UIO device that exists only in this process, below the read(), write() and fstat() of the C
// library: link with -Wl,--wrap=read,--wrap=write,--wrap=fstat. What a fd of it waits for is a real
// socket, so that poll and epoll on it are the kernel's work.
#pragma once

#include <stdbool.h>
#include <stdint.h>

typedef struct fake_uio {
    int fd;  // of the device; the test opens duplicates
    int other_end;
    uint32_t fired;
    bool has_control;  // the driver masks in its handler, and can be told to unmask
    bool is_unmasked;
    bool is_asserted;        // the line, while it is masked
    uint32_t control_count;  // masks and unmasks that arrived
    int control_errno;       // the next one fails with it, if not 0
    bool is_gone;            // the driver was unbound
} fake_uio_t;

extern fake_uio_t fake_uio;

// One at a time.
void fake_uio_init(bool has_control);
void fake_uio_fini(void);
// A fd as open("/dev/uio0", O_RDWR) gives it, owned by the caller.
int fake_uio_open(void);
// The device fires: at once, or when it is unmasked.
void fake_uio_fire(void);
// The device goes away.
void fake_uio_unbind(void);
