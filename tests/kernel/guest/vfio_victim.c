// SPDX-License-Identifier: MIT
// A process that has nothing but a channel and a PCI device, and is killed while the device does
// DMA. It runs in the sandbox of a driver host, so it also shows that the sandbox lets every call
// through that driving a device takes.
#include "vfio_test.h"

#include <stdio.h>
#include <string.h>

#include <lx/process.h>
#include <lx/sandbox.h>
#include <zircon/process.h>
#include <zircon/syscalls.h>

#include "tap.h"

typedef enum victim_task {
    VICTIM_ONCE = 1,     // one transfer, answer, end
    VICTIM_FOREVER = 2,  // answer after the first transfer, then go on until killed
} victim_task_t;

typedef struct victim_request {
    uint32_t task;
} victim_request_t;

typedef struct victim_answer {
    zx_status_t status;
    uint32_t step;     // where it failed
    uint64_t address;  // where its memory is pinned
} victim_answer_t;

// ---- the victim

typedef struct victim {
    edu_t edu;
    zx_handle_t device;
    zx_handle_t interrupt;
    zx_handle_t bti;
    zx_handle_t pmt;
    buffer_t buffer;
    victim_answer_t answer;
} victim_t;

static bool step(victim_t* victim, zx_status_t status) {
    victim->answer.step++;
    victim->answer.status = status;
    return status == ZX_OK;
}

static zx_status_t transfer(victim_t* victim, uint32_t flags) {
    return edu_dma(&victim->edu, victim->interrupt, victim->answer.address, 512, flags);
}

// Drives the device as a driver does; stops at the first step that fails.
static bool victim_start(victim_t* victim) {
    zx_paddr_t page = 0;
    if (!step(victim, lx_sandbox_enter()) ||
        !step(victim, edu_init(&victim->edu, victim->device)) ||
        !step(victim, buffer_init(&victim->buffer, PAGE_SIZE)) ||
        !step(victim, zx_bti_create(victim->device, 0, 0, &victim->bti)) ||
        !step(victim, zx_bti_pin(victim->bti, ZX_BTI_PERM_READ | ZX_BTI_PERM_WRITE,
                                 victim->buffer.vmo, 0, PAGE_SIZE, &page, 1, &victim->pmt))) {
        return false;
    }
    victim->answer.address = page;
    victim->interrupt = open_msi(victim->device);
    if (!step(victim, victim->interrupt != ZX_HANDLE_INVALID ? ZX_OK : ZX_ERR_NO_RESOURCES)) {
        return false;
    }
    memset(victim->buffer.bytes, 0x5a, 512);
    if (!step(victim, transfer(victim, 0))) {
        return false;
    }
    memset(victim->buffer.bytes, 0, PAGE_SIZE);
    return step(victim, transfer(victim, EDU_DMA_TO_RAM)) &&
           step(victim, victim->buffer.bytes[511] == 0x5a ? ZX_OK : ZX_ERR_IO);
}

static void victim_stop(victim_t* victim) {
    zx_handle_close(victim->interrupt);
    step(victim, zx_pci_set_irq_mode(victim->device, ZX_PCIE_IRQ_MODE_DISABLED, 0));
    step(victim, zx_pmt_unpin(victim->pmt));
    edu_fini(&victim->edu);
    buffer_fini(&victim->buffer);
    zx_handle_close(victim->bti);
}

int victim_main(void) {
    victim_t victim = {0};
    victim_request_t request = {0};
    uint32_t bytes = 0;
    uint32_t handles = 0;
    zx_handle_t channel = zx_take_startup_handle(PA_HND(PA_USER0, 0));
    if (zx_object_wait_one(channel, ZX_CHANNEL_READABLE, ZX_TIME_INFINITE, NULL) != ZX_OK ||
        zx_channel_read(channel, 0, &request, &victim.device, sizeof(request), 1, &bytes,
                        &handles) != ZX_OK ||
        handles != 1) {
        return 2;
    }
    bool is_running = victim_start(&victim);
    if (is_running && request.task == VICTIM_ONCE) {
        victim_stop(&victim);
    }
    zx_channel_write(channel, 0, &victim.answer, sizeof(victim.answer), NULL, 0);
    while (is_running && request.task == VICTIM_FOREVER) {
        transfer(&victim, EDU_DMA_TO_RAM);
    }
    zx_handle_close(victim.device);
    zx_handle_close(channel);
    return victim.answer.status == ZX_OK ? 0 : 1;
}

// ---- its supervisor

typedef struct supervised {
    zx_handle_t process;
    zx_handle_t channel;
    victim_answer_t answer;
} supervised_t;

// Starts a victim, gives it a duplicate of |device| and waits for its answer.
static zx_status_t start(supervised_t* supervised, zx_handle_t device, victim_task_t task,
                         const char* program) {
    zx_handle_t peer = ZX_HANDLE_INVALID;
    zx_handle_t duplicate = ZX_HANDLE_INVALID;
    const char* const argv[] = {program, "--victim", NULL};
    // A sanitizer's leak check needs a process of its own, which the sandbox refuses.
    const char* const envp[] = {"ASAN_OPTIONS=detect_leaks=0", NULL};
    victim_request_t request = {.task = task};
    uint32_t actual = 0;
    *supervised = (supervised_t){0};
    zx_status_t status = zx_channel_create(0, &supervised->channel, &peer);
    if (status != ZX_OK) {
        return status;
    }
    lx_spawn_args_t args = {.exe = program,
                            .argv = argv,
                            .envp = envp,
                            .name = "victim",
                            .bootstrap = peer,
                            .log_fd = 1,
                            .sandbox = true,
                            .memlock_bytes = 64u << 20};
    status = lx_process_spawn(&args, &supervised->process);
    if (status == ZX_OK) {
        status = zx_handle_duplicate(device, ZX_RIGHT_SAME_RIGHTS, &duplicate);
    }
    if (status == ZX_OK) {
        status = zx_channel_write(supervised->channel, 0, &request, sizeof(request), &duplicate, 1);
    }
    if (status == ZX_OK) {
        status =
            zx_object_wait_one(supervised->channel, ZX_CHANNEL_READABLE, ZX_TIME_INFINITE, NULL);
    }
    if (status == ZX_OK) {
        status = zx_channel_read(supervised->channel, 0, &supervised->answer, NULL,
                                 sizeof(supervised->answer), 0, &actual, NULL);
    }
    if (status == ZX_OK && supervised->answer.status != ZX_OK) {
        printf("# step %u of the victim failed\n", supervised->answer.step);
        status = supervised->answer.status;
    }
    return status;
}

static void stop(supervised_t* supervised) {
    zx_handle_close(supervised->process);
    zx_handle_close(supervised->channel);
}

// The bus address that the supervisor's first pin gets. A mapping of the victim that is still there
// is in the way of the lowest one.
static zx_paddr_t first_free_address(zx_handle_t device) {
    buffer_t buffer;
    zx_handle_t bti = ZX_HANDLE_INVALID;
    zx_handle_t pmt = ZX_HANDLE_INVALID;
    zx_paddr_t page = 0;
    if (buffer_init(&buffer, PAGE_SIZE) == ZX_OK && zx_bti_create(device, 0, 0, &bti) == ZX_OK &&
        zx_bti_pin(bti, ZX_BTI_PERM_READ, buffer.vmo, 0, PAGE_SIZE, &page, 1, &pmt) == ZX_OK) {
        zx_pmt_unpin(pmt);
    }
    zx_handle_close(bti);
    buffer_fini(&buffer);
    return page;
}

// Releases what a dead process has pinned, while the device is as that left it.
static zx_status_t release_quarantine(zx_handle_t device) {
    zx_handle_t bti = ZX_HANDLE_INVALID;
    zx_status_t status = zx_bti_create(device, 0, 0, &bti);
    if (status == ZX_OK) {
        status = zx_bti_release_quarantine(bti);
    }
    zx_handle_close(bti);
    return status;
}

static void kill_and_release(zx_handle_t device, const char* program) {
    supervised_t victim;
    if (tap_status(start(&victim, device, VICTIM_FOREVER, program), ZX_OK,
                   "another process drives the device")) {
        tap_status(release_quarantine(device), ZX_OK, "nothing of it is in quarantine");
        tap_check(first_free_address(device) != victim.answer.address, "its pin is still there");
        tap_status(zx_task_kill(victim.process), ZX_OK, "it is killed");
        zx_object_wait_one(victim.process, ZX_PROCESS_TERMINATED, ZX_TIME_INFINITE, NULL);
        tap_check(first_free_address(device) != victim.answer.address, "its pin outlives it");
        tap_status(release_quarantine(device), ZX_OK, "its memory is released");
    }
    stop(&victim);
}

static void kill_one(zx_handle_t root, zx_handle_t device, const lx_pci_function_t* function,
                     const char* program) {
    supervised_t victim;
    char error[160];
    zx_handle_t second = ZX_HANDLE_INVALID;
    if (!tap_status(start(&victim, device, VICTIM_FOREVER, program), ZX_OK,
                    "a sandboxed process drives the device")) {
        stop(&victim);
        return;
    }
    tap_check(first_free_address(device) != victim.answer.address,
              "its pin is respected by others");
    tap_status(zx_task_kill(victim.process), ZX_OK, "it is killed");
    zx_object_wait_one(victim.process, ZX_PROCESS_TERMINATED, ZX_TIME_INFINITE, NULL);
    tap_status(lx_pci_open(root, function, &second, error, sizeof(error)), ZX_ERR_ALREADY_BOUND,
               "the device is still held: %s", error);
    zx_time_t before = zx_clock_get_monotonic();
    tap_status(lx_pci_quiesce(device), ZX_OK, "the device is quiesced");
    printf("# quiesce took %lld us\n",
           (long long)((zx_clock_get_monotonic() - before) / ZX_USEC(1)));
    stop(&victim);
}

void test_kill(zx_handle_t root, const lx_pci_function_t* function, const char* program) {
    uint32_t command = 0;
    supervised_t victim;
    zx_handle_t device = open_function(root, function);
    if (device == ZX_HANDLE_INVALID) {
        return;
    }
    zx_paddr_t lowest = first_free_address(device);
    zx_handle_close(device);
    device = open_function(root, function);
    kill_one(root, device, function, program);
    tap_check(zx_pci_config_read(device, 4, 2, &command) == ZX_OK && (command & 6) == 2,
              "bus mastering is off");
    kill_and_release(device, program);
    tap_status(start(&victim, device, VICTIM_ONCE, program), ZX_OK, "a second process drives it");
    tap_check(victim.answer.address == lowest, "nothing of the first one's pins is left");
    zx_object_wait_one(victim.process, ZX_PROCESS_TERMINATED, ZX_TIME_INFINITE, NULL);
    lx_exit_t end = {0};
    tap_check(lx_process_get_exit(victim.process, &end) == ZX_OK && end.exited && end.code == 0,
              "and ends well");
    stop(&victim);
    zx_handle_close(device);
}
