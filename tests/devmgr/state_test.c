// SPDX-License-Identifier: MIT
// The transition table of devices, restarts, and the small things: names, log ring, host output.
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zircon/errors.h>
#include <zircon/syscalls.h>

#include "device_state.h"
#include "fault.h"
#include "host_log.h"
#include "log.h"
#include "supervisor.h"
#include "text.h"

// --------------------------------------------------------------------------------------- state

static dm_device_state_t after(dm_device_state_t state, dm_device_event_t event) {
    dm_device_state_t next = DM_DEVICE_STATE_COUNT;
    return dm_device_state_next(state, event, &next) == ZX_OK ? next : DM_DEVICE_STATE_COUNT;
}

Test(state, a_whole_life) {
    static const dm_device_event_t events[] = {
        DM_EVENT_ADD_WITH_INIT, DM_EVENT_INIT_OK,      DM_EVENT_DRIVER_BOUND,
        DM_EVENT_DRIVER_LOST,   DM_EVENT_DRIVER_BOUND, DM_EVENT_UNBIND_START,
        DM_EVENT_UNBIND_DONE,   DM_EVENT_REMOVE_START, DM_EVENT_REMOVE_DONE};
    static const char* const names[] = {"initializing", "running",  "running",
                                        "restarting",   "running",  "unbinding",
                                        "unbound",      "removing", "removed"};
    dm_device_state_t state = DM_DEVICE_NEW;
    for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++) {
        state = after(state, events[i]);
        cr_expect_str_eq(dm_device_state_name(state), names[i], "step %zu", i);
    }
}

Test(state, events_out_of_order_are_refused) {
    cr_expect_eq(after(DM_DEVICE_NEW, DM_EVENT_INIT_OK), DM_DEVICE_STATE_COUNT);
    cr_expect_eq(after(DM_DEVICE_RUNNING, DM_EVENT_ADD), DM_DEVICE_STATE_COUNT);
    cr_expect_eq(after(DM_DEVICE_RUNNING, DM_EVENT_INIT_OK), DM_DEVICE_STATE_COUNT);
    cr_expect_eq(after(DM_DEVICE_RUNNING, DM_EVENT_REMOVE_START), DM_DEVICE_STATE_COUNT);
    cr_expect_eq(after(DM_DEVICE_UNBINDING, DM_EVENT_UNBIND_START), DM_DEVICE_STATE_COUNT);
    cr_expect_eq(after(DM_DEVICE_INITIALIZING, DM_EVENT_DRIVER_BOUND), DM_DEVICE_STATE_COUNT);
    for (int event = 0; event < DM_EVENT_COUNT; event++) {
        cr_expect_eq(after(DM_DEVICE_REMOVED, event), DM_DEVICE_STATE_COUNT, "removed is final");
    }
}

// Whatever a device is doing, the loss of its host ends it.
Test(state, host_loss_ends_every_state) {
    for (int state = DM_DEVICE_INITIALIZING; state < DM_DEVICE_REMOVED; state++) {
        cr_expect_eq(after(state, DM_EVENT_HOST_LOST), DM_DEVICE_REMOVED, "%s",
                     dm_device_state_name(state));
    }
}

Test(state, leaving_begins_with_unbinding) {
    for (int state = 0; state < DM_DEVICE_STATE_COUNT; state++) {
        bool is_after = state == DM_DEVICE_UNBINDING || state == DM_DEVICE_UNBOUND ||
                        state == DM_DEVICE_REMOVING || state == DM_DEVICE_REMOVED;
        cr_expect_eq(dm_device_state_is_leaving(state), is_after);
    }
}

// ------------------------------------------------------------------------------------- restarts

#define MS 1000000ll
#define S  (1000 * MS)

Test(supervisor, delays_double_up_to_five_seconds) {
    static const zx_duration_t delays[] = {0,         100 * MS,  200 * MS, 400 * MS, 800 * MS,
                                           1600 * MS, 3200 * MS, 5 * S,    5 * S};
    dm_backoff_t backoff = {0};
    zx_time_t now = 1000 * S;
    for (size_t i = 0; i < sizeof(delays) / sizeof(delays[0]); i++) {
        zx_time_t at = 0;
        cr_assert_eq(dm_backoff_crash(&backoff, now, 0, &at), DM_BACKOFF_RESTART);
        cr_expect_eq(at - now, delays[i], "crash %zu: %lld", i, (long long)(at - now));
    }
    cr_expect_eq(backoff.restarts, 9);
}

Test(supervisor, gives_up_at_the_limit_within_a_minute) {
    dm_backoff_t backoff = {0};
    zx_time_t at = 0;
    for (int i = 0; i < 7; i++) {
        cr_assert_eq(dm_backoff_crash(&backoff, 100 * S + i * 8 * S, 8, &at), DM_BACKOFF_RESTART);
    }
    cr_expect_eq(dm_backoff_crash(&backoff, 158 * S, 8, &at), DM_BACKOFF_GIVE_UP);
    cr_expect(backoff.gave_up);
    cr_expect_eq(backoff.restarts, 7);
}

Test(supervisor, old_crashes_do_not_count) {
    dm_backoff_t backoff = {0};
    zx_time_t at = 0;
    for (int i = 0; i < 100; i++) {
        zx_time_t now = 100 * S + i * 10 * S;
        cr_assert_eq(dm_backoff_crash(&backoff, now, 8, &at), DM_BACKOFF_RESTART, "crash %d", i);
        cr_assert_leq(backoff.crash_count, 6);
    }
    zx_time_t later = 5000 * S;
    cr_assert_eq(dm_backoff_crash(&backoff, later, 8, &at), DM_BACKOFF_RESTART);
    cr_expect_eq(at, later, "alone within its minute: at once");
}

Test(supervisor, more_crashes_than_it_remembers) {
    dm_backoff_t backoff = {0};
    zx_time_t at = 0;
    for (int i = 0; i < 1000; i++) {
        cr_assert_eq(dm_backoff_crash(&backoff, 100 * S + i, 0, &at), DM_BACKOFF_RESTART);
    }
    cr_expect_eq(backoff.crash_count, DM_CRASH_LIMIT_MAX);
    cr_expect_eq(backoff.restarts, 1000);
}

Test(supervisor, a_user_can_forgive) {
    dm_backoff_t backoff = {0};
    zx_time_t at = 0;
    cr_assert_eq(dm_backoff_crash(&backoff, 1 * S, 1, &at), DM_BACKOFF_GIVE_UP);
    dm_backoff_forgive(&backoff);
    cr_expect_not(backoff.gave_up);
    cr_expect_eq(dm_backoff_crash(&backoff, 2 * S, 2, &at), DM_BACKOFF_RESTART);
    cr_expect_eq(at, 2 * S);
}

// --------------------------------------------------------------------------------------- names

Test(text, device_names) {
    static const char* const good[] = {"a", "01:00.0", "a b", "...",
                                       "1234567890123456789012345678901"};
    static const char* const bad[] = {
        "", ".", "..", "a/b", "/", "a\n", "\x7f", "\x1b[2J", "12345678901234567890123456789012"};
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        cr_expect(dm_name_is_valid(good[i], NULL), "'%s'", good[i]);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        const char* why = NULL;
        cr_expect_not(dm_name_is_valid(bad[i], &why), "bad %zu", i);
        cr_expect_not_null(why);
    }
    cr_expect_not(dm_name_is_valid(NULL, NULL));
}

Test(text, driver_names_take_both_dashes_as_one) {
    char out[8];
    dm_driver_name_canonical(out, sizeof(out), "a_b-c_defg");
    cr_expect_str_eq(out, "a-b-c-d");
}

// ----------------------------------------------------------------------------------------- log

Test(log, ring_keeps_the_newest_and_counts_the_lost) {
    dm_log_t log;
    cr_assert_eq(dm_log_init(&log, DM_LOG_ERROR), ZX_OK);
    cr_expect_null(dm_log_after(&log, 0));
    for (unsigned i = 1; i <= DM_LOG_RING_RECORDS + 10; i++) {
        dm_logf(&log, DM_LOG_INFO, "test", "record %u", i);
    }
    const dm_log_entry_t* oldest = dm_log_after(&log, 0);
    cr_assert_not_null(oldest);
    cr_expect_eq(oldest->sequence, 11);
    cr_expect_str_eq(oldest->text, "record 11");
    cr_expect_eq(dm_log_lost(&log, 0), 10);
    cr_expect_eq(dm_log_lost(&log, 10), 0);
    cr_expect_eq(dm_log_after(&log, 100)->sequence, 101);
    cr_expect_null(dm_log_after(&log, DM_LOG_RING_RECORDS + 10));
    cr_expect_null(dm_log_after(&log, UINT64_MAX));
    cr_expect_eq(dm_log_lost(&log, UINT64_MAX), 0);
    dm_log_fini(&log);
}

Test(log, ring_is_bounded_in_bytes_and_texts_are_cut_and_cleaned) {
    dm_log_t log;
    char big[3000];
    cr_assert_eq(dm_log_init(&log, DM_LOG_ERROR + 1), ZX_OK);
    memset(big, 'x', sizeof(big) - 1);
    big[sizeof(big) - 1] = '\0';
    big[5] = '\x1b';
    for (unsigned i = 0; i < 4000; i++) {
        dm_log_write(&log, DM_LOG_ERROR, "a-source-with-a-name-that-is-much-too-long", big);
        cr_assert_leq(log.bytes, DM_LOG_RING_BYTES);
    }
    const dm_log_entry_t* entry = dm_log_after(&log, 0);
    cr_expect_eq(strlen(entry->text), DM_MAX_LOG_TEXT);
    cr_expect_eq(entry->text[5], '?');
    cr_expect_leq(strlen(entry->source), DM_MAX_NAME);
    dm_log_fini(&log);
}

Test(host_log, lines_are_split_cut_and_cleaned) {
    dm_log_t log;
    cr_assert_eq(dm_log_init(&log, DM_LOG_ERROR + 1), ZX_OK);
    dm_host_log_t host = {.log = &log, .name = "h"};
    char big[2000];
    memset(big, 'y', sizeof(big));
    dm_host_log_bytes(&host, "one\ntw", 6);
    dm_host_log_bytes(&host, "o\n\n\0z\x07\n", 7);
    dm_host_log_bytes(&host, big, sizeof(big));
    dm_host_log_bytes(&host, "\nlast", 5);
    cr_expect_str_eq(dm_log_after(&log, 0)->text, "one");
    cr_expect_str_eq(dm_log_after(&log, 1)->text, "two");
    cr_expect_str_eq(dm_log_after(&log, 2)->text, "?z?");
    cr_expect_eq(strlen(dm_log_after(&log, 3)->text), DM_MAX_LOG_LINE);
    cr_expect_null(dm_log_after(&log, 4), "the last line is not complete");
    dm_host_log_finish(&host);
    cr_expect_str_eq(dm_log_after(&log, 4)->text, "last");
    dm_host_log_fini(&host);
    dm_log_fini(&log);
}

Test(host_log, a_crash_is_told_with_its_last_lines) {
    dm_log_t log;
    char line[200];
    cr_assert_eq(dm_log_init(&log, DM_LOG_ERROR + 1), ZX_OK);
    dm_host_log_t host = {.log = &log, .name = "h"};
    cr_expect_null(dm_host_log_crash_line(&host, line, sizeof(line)));
    for (int i = 0; i < 50; i++) {
        char text[20];
        snprintf(text, sizeof(text), "line %d\n", i);
        dm_host_log_bytes(&host, text, strlen(text));
    }
    static const char crash[] =
        "jacinth-crash: busy with x\njacinth-crash: signal 11 (SIGSEGV) at 0\njacinth-crash: end\n";
    dm_host_log_bytes(&host, crash, sizeof(crash) - 1);
    cr_expect_str_eq(dm_host_log_crash_line(&host, line, sizeof(line)),
                     "signal 11 (SIGSEGV) at 0; busy with x");
    char* report = dm_host_log_report(&host, "host h crashed");
    cr_expect_eq(strncmp(report, "host h crashed\nbusy with x\nsignal 11", 36), 0, "%s", report);
    cr_expect_not_null(strstr(report, "line 49"));
    cr_expect_not_null(strstr(report, "line 34"));
    cr_expect_null(strstr(report, "line 33"));
    free(report);
    dm_host_log_fini(&host);
    dm_log_fini(&log);
}

Test(host_log, rate_allows_a_burst_and_then_a_trickle) {
    dm_rate_t rate = {0};
    zx_time_t now = 5 * S;
    unsigned passed = 0;
    for (unsigned i = 0; i < 1000; i++) {
        passed += dm_rate_take(&rate, now, 100, 10) ? 1 : 0;
    }
    cr_expect_eq(passed, 100);
    cr_expect_eq(rate.dropped, 900);
    cr_expect(dm_rate_take(&rate, now + 100 * MS, 100, 10));
    cr_expect_not(dm_rate_take(&rate, now + 100 * MS, 100, 10));
    passed = 0;
    for (unsigned i = 0; i < 1000; i++) {
        passed += dm_rate_take(&rate, now + 3600 * S, 100, 10) ? 1 : 0;
    }
    cr_expect_eq(passed, 100, "an hour of silence earns one burst, not more");
}

Test(host_log, a_flood_leaves_room_for_others) {
    dm_log_t log;
    cr_assert_eq(dm_log_init(&log, DM_LOG_ERROR + 1), ZX_OK);
    dm_host_log_t host = {.log = &log, .name = "h"};
    for (unsigned i = 0; i < 100000; i++) {
        dm_host_log_record(&host, 0xff, "drv", "flood");
    }
    cr_expect_lt(log.next, DM_HOST_LOG_RECORDS_BURST + 5000);
    cr_expect_eq(dm_log_after(&log, 0)->severity, DM_LOG_ERROR, "severities are clamped");
    dm_host_log_fini(&host);
    dm_log_fini(&log);
}

// -------------------------------------------------------------------------------------- faults

Test(fault, intel_lines) {
    dm_fault_parser_t parser = {0};
    dm_fault_event_t event = {0};
    cr_assert(dm_fault_parse(&parser,
                             "DMAR: [DMA Write NO_PASID] Request device [02:1f.7] fault addr "
                             "0xdead0000 [fault reason 0x05] PTE Write access is not set",
                             &event));
    cr_expect_eq(event.topo, 2u << 8 | 0x1fu << 3 | 7);
    cr_expect_eq(event.address, 0xdead0000u);
    cr_expect(event.is_write);
    cr_assert(dm_fault_parse(
        &parser, "DMAR: [DMA Read] Request device [01:00.0] fault addr fff00000 [fault", &event));
    cr_expect_not(event.is_write);
    cr_expect_eq(event.address, 0xfff00000u);
    static const char* const others[] = {"DMAR: DRHD: handling fault status reg 2",
                                         "DMAR: [DMA Write] Request device [zz]",
                                         "DMAR: [DMA Write] Request device [01:ff.0] fault addr 0",
                                         "pci 0000:01:00.0: fault addr 0", ""};
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        cr_expect_not(dm_fault_parse(&parser, others[i], &event), "%s", others[i]);
    }
}

Test(fault, arm_events_span_five_lines) {
    dm_fault_parser_t parser = {0};
    dm_fault_event_t event = {0};
    static const char* const lines[] = {"arm-smmu-v3 9050000.smmuv3: event 0x10 received:",
                                        "arm-smmu-v3 9050000.smmuv3: \t0x0000010800000010",
                                        "arm-smmu-v3 9050000.smmuv3: \t0x0000020000000000",
                                        "arm-smmu-v3 9050000.smmuv3: \t0x00000000dead0000",
                                        "arm-smmu-v3 9050000.smmuv3: \t0x0000000000000000"};
    for (int i = 0; i < 4; i++) {
        cr_expect_not(dm_fault_parse(&parser, lines[i], &event));
        cr_expect_not(dm_fault_parse(&parser, "something else in between", &event));
    }
    cr_assert(dm_fault_parse(&parser, lines[4], &event));
    cr_expect_eq(event.topo, 0x108);
    cr_expect_eq(event.address, 0xdead0000u);
    cr_expect_not(event.has_direction);
    cr_expect_not(dm_fault_parse(&parser, lines[4], &event));
}
