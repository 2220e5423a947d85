// SPDX-License-Identifier: MIT
// Two processes of four threads each that make, send, share, use and close objects as fast as they
// can; then nothing is left. And very many objects at once.
//
// JACINTH_STORM_SECONDS sets how long the storm lasts (10 unless set).
#include <sys/resource.h>

#include "object_test.h"

OBJECT_SUITE(storm, test_begin, test_end);

#define THREADS      4
#define POOL_SIZE    24
#define SHARED_SIZE  16
#define MAX_SENT     4
#define MANY_OBJECTS 100000

typedef struct weather {
    pthread_t thread;
    zx_handle_t channel;  // to the thread of the same number in the other process
    zx_time_t until;
    uint32_t random;
    zx_handle_t pool[POOL_SIZE];
    size_t count;
    uint64_t operations;
    uint64_t sent;
    uint64_t received;
    zx_status_t wrong;  // what no call may give here
    int line;
} weather_t;

// Handles that all threads of a process use, and exchange for others.
static _Atomic zx_handle_t shared[SHARED_SIZE];

static uint32_t draw(weather_t* weather, uint32_t limit) {
    weather->random = weather->random * 1664525u + 1013904223u;
    return (weather->random >> 8) % limit;
}

#define ALLOW(weather, call, ...)                         \
    do {                                                  \
        zx_status_t got_ = (call);                        \
        const zx_status_t fine_[] = {ZX_OK, __VA_ARGS__}; \
        bool is_fine_ = false;                            \
        for (size_t i_ = 0; i_ < countof(fine_); i_++) {  \
            is_fine_ = is_fine_ || got_ == fine_[i_];     \
        }                                                 \
        if (!is_fine_ && (weather)->wrong == ZX_OK) {     \
            (weather)->wrong = got_;                      \
            (weather)->line = __LINE__;                   \
        }                                                 \
    } while (0)

static void pool_add(weather_t* weather, zx_handle_t handle) {
    if (handle == ZX_HANDLE_INVALID) {
        return;
    }
    if (weather->count < POOL_SIZE) {
        weather->pool[weather->count++] = handle;
    } else {
        ALLOW(weather, zx_handle_close(handle), ZX_OK);
    }
}

static zx_handle_t pool_take(weather_t* weather) {
    if (weather->count == 0) {
        return ZX_HANDLE_INVALID;
    }
    uint32_t index = draw(weather, (uint32_t)weather->count);
    zx_handle_t handle = weather->pool[index];
    weather->pool[index] = weather->pool[--weather->count];
    return handle;
}

static void make_something(weather_t* weather) {
    zx_handle_t ends[2] = {0, 0};
    switch (draw(weather, 8)) {
        case 0:
        case 1:
            ALLOW(weather, zx_event_create(0, &ends[0]), ZX_OK);
            break;
        case 2:
            ALLOW(weather, zx_eventpair_create(0, &ends[0], &ends[1]), ZX_OK);
            break;
        case 3:
            ALLOW(weather, zx_vmo_create(4096, draw(weather, 2) * ZX_VMO_RESIZABLE, &ends[0]),
                  ZX_OK);
            break;
        case 4:
            ALLOW(weather, zx_fifo_create(8, 8, 0, &ends[0], &ends[1]), ZX_OK);
            break;
        case 5:
            ALLOW(weather, zx_channel_create(0, &ends[0], &ends[1]), ZX_OK);
            break;
        case 6:
            ALLOW(weather, zx_socket_create(draw(weather, 2), &ends[0], &ends[1]), ZX_OK);
            break;
        default:
            ALLOW(weather, zx_timer_create(0, ZX_CLOCK_MONOTONIC, &ends[0]), ZX_OK);
            break;
    }
    pool_add(weather, ends[0]);
    pool_add(weather, ends[1]);
}

// Uses a handle that another thread may close at any moment, or that is of any type.
static void use_something(weather_t* weather, zx_handle_t handle) {
    uint8_t bytes[64] = {0};
    uint32_t size;
    size_t count;
    zx_signals_t observed;
    switch (draw(weather, 10)) {
        case 0:
            (void)zx_object_signal(handle, 0, ZX_USER_SIGNAL_0);
            break;
        case 1:
            (void)zx_object_signal_peer(handle, ZX_USER_SIGNAL_0, ZX_USER_SIGNAL_1);
            break;
        case 2:
            (void)zx_object_wait_one(handle, ZX_USER_SIGNAL_0, 0, &observed);
            break;
        case 3:
            (void)zx_object_wait_one(handle, ZX_USER_SIGNAL_7, zx_deadline_after(ZX_USEC(50)),
                                     &observed);
            break;
        case 4:
            (void)zx_channel_write(handle, 0, bytes, sizeof(bytes), NULL, 0);
            (void)zx_channel_read(handle, 0, bytes, NULL, sizeof(bytes), 0, &size, &size);
            break;
        case 5:
            (void)zx_fifo_write(handle, 8, bytes, 4, &count);
            (void)zx_fifo_read(handle, 8, bytes, 4, &count);
            break;
        case 6:
            (void)zx_socket_write(handle, 0, bytes, sizeof(bytes), &count);
            (void)zx_socket_read(handle, 0, bytes, sizeof(bytes), &count);
            break;
        case 7:
            (void)zx_vmo_write(handle, bytes, draw(weather, 4096), 8);
            (void)zx_vmo_set_size(handle, 4096 * draw(weather, 3));
            break;
        case 8:
            (void)zx_timer_set(handle, zx_deadline_after(ZX_USEC(20)), 0);
            break;
        default: {
            zx_info_handle_basic_t info;
            (void)zx_object_get_info(handle, ZX_INFO_HANDLE_BASIC, &info, sizeof(info), NULL, NULL);
            break;
        }
    }
}

static void send_some(weather_t* weather) {
    zx_handle_t handles[MAX_SENT];
    uint32_t count = 0;
    uint32_t wanted = draw(weather, MAX_SENT + 1);
    while (count < wanted) {
        zx_handle_t handle = pool_take(weather);
        if (handle == ZX_HANDLE_INVALID) {
            break;
        }
        handles[count++] = handle;
    }
    // A full queue, too many fds in flight, a timer (which stays), a right that was dropped.
    zx_status_t status = zx_channel_write(weather->channel, 0, "storm", 5, handles, count);
    weather->sent += status == ZX_OK ? count : 0;
    ALLOW(weather, status, ZX_ERR_SHOULD_WAIT, ZX_ERR_NO_RESOURCES, ZX_ERR_NOT_SUPPORTED,
          ZX_ERR_ACCESS_DENIED);
}

static zx_status_t receive_some(weather_t* weather) {
    zx_handle_t handles[MAX_SENT];
    char bytes[8];
    uint32_t size, count = 0;
    zx_status_t status = zx_channel_read(weather->channel, 0, bytes, handles, sizeof(bytes),
                                         MAX_SENT, &size, &count);
    if (status == ZX_OK) {
        weather->received += count;
        for (uint32_t i = 0; i < count; i++) {
            pool_add(weather, handles[i]);
        }
    }
    return status;
}

static void share_one(weather_t* weather) {
    zx_handle_t mine = pool_take(weather);
    pool_add(weather, atomic_exchange(&shared[draw(weather, SHARED_SIZE)], mine));
}

static void copy_one(weather_t* weather) {
    zx_handle_t handle = pool_take(weather);
    zx_handle_t out = ZX_HANDLE_INVALID;
    if (handle == ZX_HANDLE_INVALID) {
        return;
    }
    if (draw(weather, 3) == 0) {
        ALLOW(weather, zx_handle_replace(handle, ZX_RIGHT_SAME_RIGHTS, &out), ZX_OK);
        pool_add(weather, out);
        return;
    }
    ALLOW(weather, zx_handle_duplicate(handle, ZX_RIGHT_SAME_RIGHTS, &out), ZX_ERR_ACCESS_DENIED);
    pool_add(weather, handle);
    pool_add(weather, out);
}

// A port of the moment watches something, which may go meanwhile.
static void watch_one(weather_t* weather, zx_handle_t handle) {
    zx_handle_t port;
    zx_port_packet_t packet;
    ALLOW(weather, zx_port_create(0, &port), ZX_OK);
    (void)zx_object_wait_async(handle, port, 1, ZX_USER_SIGNAL_0 | ZX_USER_SIGNAL_1,
                               draw(weather, 2) ? ZX_WAIT_ASYNC_EDGE : 0);
    (void)zx_object_signal(handle, 0, ZX_USER_SIGNAL_0);
    (void)zx_port_wait(port, zx_deadline_after(ZX_USEC(draw(weather, 30))), &packet);
    ALLOW(weather, zx_port_cancel(port, handle, 1), ZX_ERR_NOT_FOUND, ZX_ERR_BAD_HANDLE,
          ZX_ERR_ACCESS_DENIED);
    ALLOW(weather, zx_handle_close(port), ZX_OK);
}

static void* storm_run(void* argument) {
    weather_t* weather = argument;
    while (zx_clock_get_monotonic() < weather->until && weather->wrong == ZX_OK) {
        zx_handle_t foreign = atomic_load(&shared[draw(weather, SHARED_SIZE)]);
        weather->operations++;
        switch (draw(weather, 12)) {
            case 0:
            case 1:
                make_something(weather);
                break;
            case 2:
            case 3:
                ALLOW(weather, zx_handle_close(pool_take(weather)), ZX_OK);
                break;
            case 4:
                share_one(weather);
                break;
            case 5:
                copy_one(weather);
                break;
            case 6:
                send_some(weather);
                break;
            case 7:
            case 8:
                ALLOW(weather, receive_some(weather), ZX_ERR_SHOULD_WAIT);
                break;
            case 9:
                watch_one(weather, foreign);
                break;
            default:
                use_something(weather, foreign);
                break;
        }
    }
    return NULL;
}

static void files_allow(rlim_t wanted) {
    struct rlimit limit;
    cr_assert_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
    limit.rlim_cur = limit.rlim_max < wanted ? limit.rlim_max : wanted;
    cr_assert_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

static zx_duration_t storm_length(void) {
    const char* seconds = getenv("JACINTH_STORM_SECONDS");
    return ZX_SEC(seconds && atoi(seconds) > 0 ? atoi(seconds) : 10);
}

// One process's half; `channel` is for the two processes' own words. Returns what went wrong.
static int storm_half(zx_handle_t channel, zx_handle_t pipes[THREADS], uint32_t seed) {
    static weather_t weathers[THREADS];
    zx_handle_t handles[THREADS];
    char word[8];
    uint32_t size;
    for (int i = 0; i < THREADS; i++) {
        weathers[i] = (weather_t){.channel = pipes[i],
                                  .until = zx_deadline_after(storm_length()),
                                  .random = seed * 100 + (uint32_t)i};
        PEER_CHECK(pthread_create(&weathers[i].thread, NULL, storm_run, &weathers[i]) == 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(weathers[i].thread, NULL);
    }
    // Neither sends any more: what is still on its way is taken out, so that it is closed here.
    PEER_CHECK(zx_channel_write(channel, 0, "calm", 4, NULL, 0) == ZX_OK);
    PEER_CHECK(test_wait_readable(channel) == ZX_OK);
    PEER_CHECK(zx_channel_read(channel, 0, word, NULL, sizeof(word), 0, &size, NULL) == ZX_OK);
    for (int i = 0; i < THREADS; i++) {
        weather_t* weather = &weathers[i];
        zx_status_t status = ZX_OK;
        while (status == ZX_OK) {
            PEER_CHECK(zx_handle_close_many(weather->pool, weather->count) == ZX_OK);
            weather->count = 0;
            status = receive_some(weather);
        }
        PEER_CHECK(status == ZX_ERR_SHOULD_WAIT || status == ZX_ERR_PEER_CLOSED);
        handles[i] = weather->channel;
        fprintf(stderr, "storm %u.%d: %llu operations, %llu handles sent, %llu received\n", seed, i,
                (unsigned long long)weather->operations, (unsigned long long)weather->sent,
                (unsigned long long)weather->received);
        if (weather->wrong != ZX_OK) {
            fprintf(stderr, "line %d: %s\n", weather->line, zx_status_get_string(weather->wrong));
            return 1;
        }
        PEER_CHECK(weather->operations > 1000 && weather->received > 10);
    }
    for (int i = 0; i < SHARED_SIZE; i++) {
        PEER_CHECK(zx_handle_close(atomic_exchange(&shared[i], ZX_HANDLE_INVALID)) == ZX_OK);
    }
    PEER_CHECK(zx_handle_close_many(handles, THREADS) == ZX_OK);
    return 0;
}

static int storm_peer(zx_handle_t channel) {
    zx_handle_t pipes[THREADS];
    uint32_t size, count;
    alarm((unsigned)(storm_length() / ZX_SEC(1)) + 120);  // it must not outlive the test
    PEER_CHECK(test_wait_readable(channel) == ZX_OK);
    PEER_CHECK(zx_channel_read(channel, 0, NULL, pipes, 0, THREADS, &size, &count) == ZX_OK);
    return storm_half(channel, pipes, 2);
}

static void storm(void) {
    test_peer_t peer;
    zx_handle_t ours[THREADS], theirs[THREADS];
    files_allow(8192);
    test_peer_start(&peer, storm_peer);
    for (int i = 0; i < THREADS; i++) {
        expect_ok(zx_channel_create(0, &ours[i], &theirs[i]));
    }
    expect_ok(zx_channel_write(peer.channel, 0, NULL, 0, theirs, THREADS));
    cr_assert_eq(storm_half(peer.channel, ours, 1), 0);
    test_peer_end(&peer);
}

// No suite fixture for the first: its time is its own.
Test(storm, handles, .timeout = 300) {
    test_begin();
    storm();
    test_end();
}

// ---- very many

OBJECT_TEST(storm, many_events) {
    zx_handle_t* events = calloc(MANY_OBJECTS, sizeof(*events));
    size_t before = lx_handle_count();
    for (size_t i = 0; i < MANY_OBJECTS; i++) {
        expect_ok(zx_event_create(0, &events[i]));
    }
    cr_assert_eq(lx_handle_count() - before, MANY_OBJECTS);
    for (size_t i = 0; i < MANY_OBJECTS; i += 100) {
        expect_ok(zx_object_signal(events[i], 0, ZX_USER_SIGNAL_0));
    }
    for (size_t i = 0; i < MANY_OBJECTS; i++) {
        cr_assert_eq(test_signals(events[i]), i % 100 == 0 ? ZX_USER_SIGNAL_0 : 0);
    }
    expect_ok(zx_handle_close_many(events, MANY_OBJECTS));
    expect_status(zx_handle_close(events[0]), ZX_ERR_BAD_HANDLE);
    free(events);
}

// Each VMO has an fd: as many as the limit lets this process have, then a clear error.
OBJECT_TEST(storm, many_vmos) {
    zx_handle_t* vmos = calloc(MANY_OBJECTS, sizeof(*vmos));
    struct rlimit limit;
    size_t count = 0;
    files_allow(MANY_OBJECTS + 1000);
    cr_assert_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
    zx_status_t status = ZX_OK;
    while (count < MANY_OBJECTS && status == ZX_OK) {
        status = zx_vmo_create(4096, 0, &vmos[count]);
        count += status == ZX_OK;
    }
    fprintf(stderr, "%zu VMOs at once; the limit is %llu fds\n", count,
            (unsigned long long)limit.rlim_cur);
    if (status != ZX_OK) {
        expect_status(status, ZX_ERR_NO_RESOURCES);
        cr_assert_leq(limit.rlim_cur - count, 100u, "the limit is what stops it");
        test_close(vmos[--count]);
        expect_ok(zx_vmo_create(4096, 0, &vmos[count++]));
    }
    expect_ok(zx_vmo_write(vmos[count - 1], "last", 0, 4));
    expect_ok(zx_handle_close_many(vmos, count));
    free(vmos);
}

// The handle table itself has an end.
OBJECT_TEST(storm, handles_run_out) {
    const size_t limit = (size_t)1 << 21;
    zx_handle_t* handles = calloc(limit, sizeof(*handles));
    zx_handle_t event = test_event();
    zx_handle_t none = 0;
    size_t count = 0;
    zx_status_t status = ZX_OK;
    while (count < limit && status == ZX_OK) {
        status = zx_handle_duplicate(event, ZX_RIGHT_SAME_RIGHTS, &handles[count]);
        count += status == ZX_OK;
    }
    expect_status(status, ZX_ERR_NO_RESOURCES);
    cr_assert_geq(count, MANY_OBJECTS);
    expect_status(zx_event_create(0, &none), ZX_ERR_NO_RESOURCES);
    expect_status(zx_channel_create(0, &none, &none), ZX_ERR_NO_RESOURCES);
    expect_status(zx_handle_close(none), ZX_OK);
    test_close(handles[--count]);
    expect_ok(zx_event_create(0, &handles[count++]));
    expect_ok(zx_handle_close_many(handles, count));
    test_close(event);
    free(handles);
}

// ---- no fds left, for each object that has one

typedef zx_status_t make_fn(zx_handle_t out[2]);

static zx_status_t make_vmo(zx_handle_t out[2]) {
    return zx_vmo_create(4096, 0, &out[0]);
}
static zx_status_t make_channel(zx_handle_t out[2]) {
    return zx_channel_create(0, &out[0], &out[1]);
}
static zx_status_t make_eventpair(zx_handle_t out[2]) {
    return zx_eventpair_create(0, &out[0], &out[1]);
}
static zx_status_t make_fifo(zx_handle_t out[2]) {
    return zx_fifo_create(4, 4, 0, &out[0], &out[1]);
}
static zx_status_t make_socket(zx_handle_t out[2]) {
    return zx_socket_create(0, &out[0], &out[1]);
}
static zx_status_t make_timer(zx_handle_t out[2]) {
    return zx_timer_create(0, ZX_CLOCK_MONOTONIC, &out[0]);
}
static zx_status_t make_port(zx_handle_t out[2]) {
    return zx_port_create(0, &out[0]);
}
static zx_status_t make_interrupt(zx_handle_t out[2]) {
    return zx_interrupt_create(ZX_HANDLE_INVALID, 0, ZX_INTERRUPT_VIRTUAL, &out[0]);
}

static void expect_no_resources(const char* name, make_fn* make) {
    enum { ROOM = 64 };
    zx_handle_t handles[ROOM][2] = {{0}};
    struct rlimit before;
    cr_assert_eq(getrlimit(RLIMIT_NOFILE, &before), 0);
    int lowest = dup(2);
    cr_assert_geq(lowest, 0);
    close(lowest);
    // Every number of fds left, so that each step of the making fails once.
    for (int left = 0; left < 12; left++) {
        struct rlimit tight = {.rlim_cur = (rlim_t)(lowest + left), .rlim_max = before.rlim_max};
        cr_assert_eq(setrlimit(RLIMIT_NOFILE, &tight), 0);
        size_t count = 0;
        size_t handles_before = lx_handle_count();
        zx_status_t status = ZX_OK;
        while (status == ZX_OK && count < ROOM) {
            status = make(handles[count]);
            count += status == ZX_OK;
        }
        cr_assert_eq(setrlimit(RLIMIT_NOFILE, &before), 0);
        cr_assert_eq(status, ZX_ERR_NO_RESOURCES, "%s with %d fds: %s", name, left,
                     zx_status_get_string(status));
        for (size_t i = 0; i < count; i++) {
            expect_ok(zx_handle_close_many(handles[i], 2));
        }
        cr_assert_eq(lx_handle_count(), handles_before);
        int now = dup(2);
        cr_assert_eq(now, lowest, "%s with %d fds leaves one open", name, left);
        close(now);
        memset(handles, 0, sizeof(handles));
    }
}

OBJECT_TEST(storm, fds_run_out) {
    static const struct {
        const char* name;
        make_fn* make;
    } kinds[] = {
        {"vmo", make_vmo},   {"channel", make_channel},     {"eventpair", make_eventpair},
        {"fifo", make_fifo}, {"socket", make_socket},       {"timer", make_timer},
        {"port", make_port}, {"interrupt", make_interrupt},
    };
    for (size_t i = 0; i < countof(kinds); i++) {
        expect_no_resources(kinds[i].name, kinds[i].make);
    }
}

// A timer that has expired, and a wait for something that does not come.
OBJECT_TEST(storm, expired_timer) {
    zx_handle_t timer;
    zx_time_t before, after;
    expect_ok(zx_timer_create(0, ZX_CLOCK_MONOTONIC, &timer));
    expect_ok(zx_timer_set(timer, 1, 0));
    expect_ok(zx_object_wait_one(timer, ZX_TIMER_SIGNALED, EVER, NULL));
    expect_ok(zx_clock_get(ZX_CLOCK_THREAD, &before));
    expect_status(
        zx_object_wait_one(timer, ZX_USER_SIGNAL_7, zx_deadline_after(ZX_MSEC(200)), NULL),
        ZX_ERR_TIMED_OUT);
    expect_ok(zx_clock_get(ZX_CLOCK_THREAD, &after));
    cr_assert_lt(after - before, ZX_MSEC(100), "it spins");
    test_close(timer);
}

// An event gets its fd when somebody waits.
OBJECT_TEST(storm, no_fd_for_a_wait) {
    zx_handle_t event = test_event();
    struct rlimit before;
    cr_assert_eq(getrlimit(RLIMIT_NOFILE, &before), 0);
    int lowest = dup(2);
    close(lowest);
    struct rlimit tight = {.rlim_cur = (rlim_t)lowest, .rlim_max = before.rlim_max};
    cr_assert_eq(setrlimit(RLIMIT_NOFILE, &tight), 0);
    zx_status_t status = zx_object_wait_one(event, ZX_USER_SIGNAL_0, SOON, NULL);
    zx_status_t looks = zx_object_wait_one(event, ZX_USER_SIGNAL_0, 0, NULL);
    cr_assert_eq(setrlimit(RLIMIT_NOFILE, &before), 0);
    expect_status(status, ZX_ERR_NO_RESOURCES);
    expect_status(looks, ZX_ERR_TIMED_OUT);
    expect_status(zx_object_wait_one(event, ZX_USER_SIGNAL_0, SOON, NULL), ZX_ERR_TIMED_OUT);
    test_close(event);
}
