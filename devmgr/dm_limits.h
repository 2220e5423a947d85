// SPDX-License-Identifier: MIT
// Every bound that devmgr keeps, in one place: what a host, a client, a file or a user can make it
// hold or wait for. Reaching one is an error with a text, never growth without end.
#pragma once

#include <zircon/compiler.h>

// Names and texts, in bytes without the terminating NUL.
#define DM_MAX_NAME       31u    // a device's name, a host's name
#define DM_MAX_DRIVER     32u    // a driver's name
#define DM_MAX_FILE_NAME  127u   // a driver file's base name
#define DM_MAX_PATH       1023u  // a topological path
#define DM_MAX_PROXY_ARGS 1023u
#define DM_MAX_ERROR      511u  // one error text
#define DM_MAX_LOG_TEXT   1023u
#define DM_MAX_LOG_LINE   511u  // a line that a host writes to its log pipe; longer ones are cut

// The device tree.
#define DM_MAX_DEPTH               32u
#define DM_MAX_DEVICES_PER_HOST    512u
#define DM_MAX_DEVICES             4096u
#define DM_MAX_PROPERTIES          256u
#define DM_MAX_PROPERTY_TEXT       255u
#define DM_MAX_METADATA_SIZE       8192u   // one blob from a driver
#define DM_MAX_BOARD_METADATA_SIZE 61440u  // the board, as its driver reads it
#define DM_MAX_METADATA_PER_DEVICE 64u
#define DM_MAX_METADATA_BYTES      (1u << 20)  // all blobs of one host's devices
#define DM_MAX_CLASS_NUMBER        1000u
#define DM_MAX_CLASS_ASSIGNMENTS   4096u  // numbers remembered for paths that are gone

// Drivers.
#define DM_MAX_DRIVERS     1024u
#define DM_MAX_DRIVER_SIZE (64u << 20)  // a driver's file

// Hosts.
#define DM_MAX_HOSTS             256u
#define DM_MAX_PENDING_PER_HOST  1024u  // requests without an answer; more: the host counts as hung
#define DM_MAX_MESSAGES_PER_TURN 16u    // read from one channel before the others get their turn
#define DM_HOST_PINNED_BYTES     (256ull << 20)  // memory that devices may reach at a time
#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer) || \
    defined(__SANITIZE_THREAD__) || __has_feature(thread_sanitizer)
#define DM_HOST_ADDRESS_SPACE 0u  // a sanitizer's shadow is larger than any bound
#else
#define DM_HOST_ADDRESS_SPACE (4ull << 30)
#endif
#define DM_HOST_LOG_READ_SIZE     4096u  // bytes of a log pipe in one turn
#define DM_HOST_LOG_LINES         16u    // kept for the crash report
#define DM_HOST_CRASH_TEXT        4095u  // the crash report
#define DM_HOST_LOG_RECORDS_BURST 2000u  // a host may log so many records at once …
#define DM_HOST_LOG_RECORDS_RATE  500u   // … and so many a second for long
#define DM_HOST_STOP_TIMEOUT_NS   (5ll * 1000 * 1000 * 1000)  // from closed channel to SIGKILL
#define DM_HOST_CLOSED_TIMEOUT_NS (500ll * 1000 * 1000)       // to end after its channel has closed
#define DM_HOOK_TIMEOUT_NS        (30ll * 1000 * 1000 * 1000)  // default of --hook-timeout
#define DM_SHUTDOWN_TIMEOUT_NS    (10ll * 1000 * 1000 * 1000)
#define DM_STATS_TIMEOUT_NS       (1ll * 1000 * 1000 * 1000)  // ListHosts waits so long for numbers

// Restarts.
#define DM_CRASH_LIMIT          8u  // default of --crash-limit: crashes within the window
#define DM_CRASH_WINDOW_NS      (60ll * 1000 * 1000 * 1000)
#define DM_RESTART_DELAY_MIN_NS (100ll * 1000 * 1000)
#define DM_RESTART_DELAY_MAX_NS (5ll * 1000 * 1000 * 1000)
#define DM_BIND_CRASH_LIMIT     3u  // a driver whose bind took its host down so often is set aside

// The control socket.
#define DM_MAX_CLIENTS          64u
#define DM_MAX_WAITS_PER_CLIENT 16u     // Open, WaitReady, Load … without an answer
#define DM_MAX_PAGE_BYTES       32768u  // about, of a list's page
#define DM_MAX_OPERATIONS       64u     // Load, Unload and Reload in the queue
#define DM_MAX_WAIT_NS          (3600ll * 1000 * 1000 * 1000)
#define DM_CONNECTIONS_PER_TURN 8u

// The log ring.
#define DM_LOG_RING_RECORDS 8192u
#define DM_LOG_RING_BYTES   (1u << 20)
#define DM_LOG_SHOW_RECORDS 20u  // in the answer to Show

// The board file.
#define DM_MAX_BOARD_FILE      (1u << 20)
#define DM_MAX_BOARD_DEVICES   256u
#define DM_MAX_MACHINE_DEVICES 24u  // one PCIe root port each
#define DM_MAX_BOARD_ERRORS    20u

// Kernel log.
#define DM_KMSG_RECORDS_PER_TURN 32u
