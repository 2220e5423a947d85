// SPDX-License-Identifier: MIT
// ./x bench match: the match index beside libkmod on a kernel's modules.alias, in one process and
// interleaved. Every device's answers are compared before anything is timed.
//
// match_bench TABLES RUNS
//   TABLES  a folder with modules.alias and depmod's *.bin files, of which only that of the aliases
//           has something in it: thus libkmod takes no text for a module's name
#include <errno.h>
#include <libkmod.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <bind/bundle.h>
#include <bind/index.h>
#include <zircon/errors.h>

#include "import.h"
#include "match_devices.h"
#include "source.h"

#define MAX_HITS     256u
#define CHUNK        64u  // devices of one timed stretch
#define MAX_FILE     (64u << 20)
#define GROWTH_COUNT 20000u  // devices for each size of table
#define LINEAR_COUNT 40u     // devices that are tried with every program
#define ADD_COUNT    2000u   // programs that are removed and added again

typedef struct driver {
    bind_bundle_entry_t entry;
    bind_program_t program;
    uint32_t id;
} driver_t;

typedef struct bench {
    bc_buffer_t bundle;
    driver_t* drivers;
    uint32_t driver_count;
    bind_index_t* index;
    match_device_t* devices;
    uint32_t device_count;
    struct kmod_ctx* kmod;
    unsigned runs;
} bench_t;

static void die(const char* what) {
    fprintf(stderr, "match_bench: %s\n", what);
    exit(1);
}

static void* allocate(size_t count, size_t size) {
    void* memory = calloc(count, size);
    if (memory == NULL) {
        die("out of memory");
    }
    return memory;
}

// The time that this thread has run: other work on the machine does not count.
static double now_ns(void) {
    struct timespec time;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

// ------------------------------------------------------------------------------------- the tables

static void read_table(bench_t* bench, const char* folder) {
    char path[4096];
    bc_buffer_t text = {0};
    import_counts_t counts;
    size_t line;
    snprintf(path, sizeof(path), "%s/modules.alias", folder);
    if (!bc_read_file(path, MAX_FILE, &text)) {
        die(path);
    }
    if (!import_modalias((const char*)text.data, text.size, &bench->bundle, &counts, &line)) {
        fprintf(stderr, "%s:%zu: no alias\n", path, line);
        exit(1);
    }
    bc_buffer_fini(&text);
    bench->drivers = allocate(counts.aliases, sizeof(*bench->drivers));
    bind_bundle_t bundle;
    if (bind_bundle_open(bench->bundle.data, bench->bundle.size, &bundle) != ZX_OK) {
        die("the bundle cannot be read");
    }
    while (bind_bundle_next(&bundle, &bench->drivers[bench->driver_count].entry) == ZX_OK) {
        if (++bench->driver_count == counts.aliases) {
            break;
        }
    }
    fprintf(stderr, "%zu aliases, %zu of them with a pattern beside the program, %zu left out\n",
            counts.aliases, counts.patterns, counts.bad);
}

static void read_programs(bench_t* bench) {
    for (uint32_t i = 0; i < bench->driver_count; i++) {
        driver_t* driver = &bench->drivers[i];
        if (bind_program_read(driver->entry.bytecode, driver->entry.bytecode_size, &driver->program,
                              NULL) != ZX_OK) {
            die("a program of the bundle cannot be read");
        }
    }
}

static void add_driver(bind_index_t* index, driver_t* driver) {
    const bind_index_entry_t entry = {
        .program = &driver->program,
        .pattern_key = driver->entry.pattern == NULL ? NULL : BIND_BUNDLE_PATTERN_KEY,
        .pattern = driver->entry.pattern,
        .context = driver,
    };
    if (bind_index_add(index, &entry, &driver->id) != ZX_OK) {
        die("bind_index_add failed");
    }
}

static bind_index_t* make_index(const bench_t* bench, const uint32_t* order, uint32_t count) {
    bind_index_t* index;
    if (bind_index_create(&index) != ZX_OK) {
        die("bind_index_create failed");
    }
    for (uint32_t i = 0; i < count; i++) {
        add_driver(index, &bench->drivers[order == NULL ? i : order[i]]);
    }
    return index;
}

// A device of each pattern, and a damaged one of every fourth.
static void make_devices(bench_t* bench) {
    char modalias[1024];
    bench->devices = allocate(bench->driver_count * 2, sizeof(*bench->devices));
    for (uint32_t i = 0; i < bench->driver_count; i++) {
        for (unsigned is_miss = 0; is_miss < (i % 4 == 0 ? 2u : 1u); is_miss++) {
            match_device_t* device = &bench->devices[bench->device_count++];
            match_fill(bench->drivers[i].entry.origin, modalias, sizeof(modalias));
            if (is_miss != 0) {
                match_damage(modalias);
            }
            match_device_init(device, modalias);
            device->alias = i;
        }
    }
}

static struct kmod_ctx* make_kmod(const char* folder) {
    static const char* const no_config[] = {NULL};
    struct kmod_ctx* kmod = kmod_new(folder, (const char* const*)no_config);
    if (kmod == NULL || kmod_load_resources(kmod) != 0) {
        die("libkmod cannot read the tables");
    }
    return kmod;
}

// ---------------------------------------------------------------------------------- same answers

static int compare_texts(const void* a, const void* b) {
    return strcmp(*(const char* const*)a, *(const char* const*)b);
}

static size_t unique(const char** names, size_t count) {
    size_t kept = 0;
    qsort(names, count, sizeof(names[0]), compare_texts);
    for (size_t i = 0; i < count; i++) {
        if (kept == 0 || strcmp(names[kept - 1], names[i]) != 0) {
            names[kept++] = names[i];
        }
    }
    return kept;
}

static void report_difference(const match_device_t* device, const char** ours, size_t our_count,
                              const char** theirs, size_t their_count) {
    fprintf(stderr, "answers differ for %s\n  ours:", device->modalias);
    for (size_t i = 0; i < our_count; i++) {
        fprintf(stderr, " %s", ours[i]);
    }
    fputs("\n  libkmod:", stderr);
    for (size_t i = 0; i < their_count; i++) {
        fprintf(stderr, " %s", theirs[i]);
    }
    fputs("\n", stderr);
}

// Returns the number of answers, or SIZE_MAX if they differ.
static size_t check_device(const bench_t* bench, const match_device_t* device) {
    bind_index_hit_t hits[MAX_HITS];
    const char* ours[MAX_HITS];
    const char* theirs[MAX_HITS];
    size_t our_count = 0;
    size_t their_count = 0;
    struct kmod_list* list = NULL;
    struct kmod_list* item;
    if (bind_index_find(bench->index, device->props, device->count, hits, MAX_HITS, &our_count) !=
            ZX_OK ||
        kmod_module_new_from_lookup(bench->kmod, device->modalias, &list) < 0) {
        die("a lookup failed");
    }
    for (size_t i = 0; i < our_count; i++) {
        ours[i] = ((const driver_t*)hits[i].context)->entry.name;
    }
    kmod_list_foreach(item, list) {
        struct kmod_module* module = kmod_module_get_module(item);
        if (their_count < MAX_HITS) {
            theirs[their_count++] = kmod_module_get_name(module);
        }
        kmod_module_unref(module);  // the list still holds it
    }
    our_count = unique(ours, our_count);
    their_count = unique(theirs, their_count);
    bool is_same = our_count == their_count;
    for (size_t i = 0; i < our_count && is_same; i++) {
        is_same = strcmp(ours[i], theirs[i]) == 0;
    }
    if (!is_same) {
        report_difference(device, ours, our_count, theirs, their_count);
    }
    kmod_module_unref_list(list);
    return is_same ? our_count : SIZE_MAX;
}

static void check_answers(const bench_t* bench) {
    uint32_t different = 0;
    uint32_t misses = 0;
    size_t answers = 0;
    for (uint32_t i = 0; i < bench->device_count; i++) {
        const size_t count = check_device(bench, &bench->devices[i]);
        different += count == SIZE_MAX;
        misses += count == 0;
        answers += count == SIZE_MAX ? 0 : count;
        if (different == 20) {
            break;
        }
    }
    fprintf(stderr, "%u devices, %u of them without a driver, %zu drivers found\n",
            bench->device_count, misses, answers);
    if (different != 0) {
        die("the answers differ from libkmod's");
    }
}

// ---------------------------------------------------------------------------------------- timing

static void shuffle(uint32_t* order, uint32_t count) {
    for (uint32_t i = count; i > 1; i--) {
        const uint32_t other = match_random(i);
        const uint32_t swapped = order[i - 1];
        order[i - 1] = order[other];
        order[other] = swapped;
    }
}

static uint32_t* make_order(uint32_t count) {
    uint32_t* order = allocate(count, sizeof(*order));
    for (uint32_t i = 0; i < count; i++) {
        order[i] = i;
    }
    return order;
}

static size_t sink;  // keeps the compiler from leaving lookups out

// Reads the devices of a stretch, so that both sides find their input in the cache, as they would
// when a bus has just made it. The tables are not touched.
static void warm_devices(const bench_t* bench, const uint32_t* order, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        const match_device_t* device = &bench->devices[order[i]];
        sink += strlen(device->modalias);
        for (size_t k = 0; k < device->count; k++) {
            const bind_property_t* prop = &device->props[k];
            sink += prop->number;
            sink += prop->key == NULL ? 0 : strlen(prop->key);
            sink += prop->string == NULL ? 0 : strlen(prop->string);
        }
    }
}

static double time_ours(const bench_t* bench, const bind_index_t* index, const uint32_t* order,
                        uint32_t count, bool is_linear) {
    bind_index_hit_t hits[MAX_HITS];
    warm_devices(bench, order, count);
    const double start = now_ns();
    for (uint32_t i = 0; i < count; i++) {
        const match_device_t* device = &bench->devices[order[i]];
        size_t found;
        if (is_linear) {
            bind_index_find_linear(index, device->props, device->count, hits, MAX_HITS, &found);
        } else {
            bind_index_find(index, device->props, device->count, hits, MAX_HITS, &found);
        }
        sink += found;
    }
    return now_ns() - start;
}

// From the modalias as a text, as libkmod gets it.
static double time_text(const bench_t* bench, const uint32_t* order, uint32_t count) {
    static import_device_t device;
    bind_index_hit_t hits[MAX_HITS];
    warm_devices(bench, order, count);
    const double start = now_ns();
    for (uint32_t i = 0; i < count; i++) {
        size_t found = 0;
        import_device(bench->devices[order[i]].modalias, &device);
        bind_index_find(bench->index, device.props, device.count, hits, MAX_HITS, &found);
        sink += found;
    }
    return now_ns() - start;
}

// Giving the answers back is not counted.
static double time_kmod(const bench_t* bench, const uint32_t* order, uint32_t count) {
    struct kmod_list* lists[CHUNK] = {NULL};
    warm_devices(bench, order, count);
    const double start = now_ns();
    for (uint32_t i = 0; i < count; i++) {
        kmod_module_new_from_lookup(bench->kmod, bench->devices[order[i]].modalias, &lists[i]);
    }
    const double time = now_ns() - start;
    for (uint32_t i = 0; i < count; i++) {
        kmod_module_unref_list(lists[i]);
    }
    return time;
}

// ------------------------------------------------------------------------------------------ rows

typedef struct row {
    const char* name;
    const char* unit;
    double goal;  // 0: none
    double* ours;
    double* peer;
} row_t;

static row_t make_row(const bench_t* bench, const char* name, const char* unit, double goal) {
    return (row_t){name, unit, goal, allocate(bench->runs, sizeof(double)),
                   allocate(bench->runs, sizeof(double))};
}

static void print_samples(const char* name, const double* samples, unsigned count) {
    printf("\"%s\": [", name);
    for (unsigned i = 0; i < count; i++) {
        printf("%s%.6f", i == 0 ? "" : ", ", samples[i]);
    }
    fputs("]", stdout);
}

static void print_row(const bench_t* bench, row_t* row, bool is_last) {
    printf("  {\"name\": \"%s\", \"unit\": \"%s\", ", row->name, row->unit);
    if (row->goal > 0) {
        printf("\"goal\": %g, ", row->goal);
    }
    print_samples("ours", row->ours, bench->runs);
    fputs(", ", stdout);
    print_samples("peer", row->peer, bench->runs);
    puts(is_last ? "}" : "},");
    free(row->ours);
    free(row->peer);
}

static void run_lookups(bench_t* bench, row_t* lookup, row_t* text) {
    uint32_t* order = make_order(bench->device_count);
    for (unsigned run = 0; run < bench->runs; run++) {
        double ours = 0;
        double texts = 0;
        double peer = 0;
        shuffle(order, bench->device_count);
        for (uint32_t at = 0; at < bench->device_count; at += CHUNK) {
            const uint32_t left = bench->device_count - at;
            const uint32_t count = left < CHUNK ? left : CHUNK;
            ours += time_ours(bench, bench->index, order + at, count, false);
            peer += time_kmod(bench, order + at, count);
            texts += time_text(bench, order + at, count);
        }
        lookup->ours[run] = ours / bench->device_count;
        lookup->peer[run] = text->peer[run] = peer / bench->device_count;
        text->ours[run] = texts / bench->device_count;
    }
    free(order);
}

// GROWTH_COUNT different devices of the patterns order[0 … count - 1], every fifth of them damaged.
static void draw_devices(const bench_t* bench, const uint32_t* order, uint32_t count,
                         bench_t* out) {
    char modalias[1024];
    out->devices = allocate(GROWTH_COUNT, sizeof(*out->devices));
    for (uint32_t i = 0; i < GROWTH_COUNT; i++) {
        match_fill(bench->drivers[order[match_random(count)]].entry.origin, modalias,
                   sizeof(modalias));
        if (i % 5 == 4) {
            match_damage(modalias);
        }
        match_device_init(&out->devices[i], modalias);
    }
    out->device_count = GROWTH_COUNT;
}

static void free_devices(bench_t* bench) {
    for (uint32_t i = 0; i < bench->device_count; i++) {
        match_device_fini(&bench->devices[i]);
    }
    free(bench->devices);
}

static double time_devices(const bench_t* devices, const bind_index_t* index,
                           const uint32_t* order) {
    double time = 0;
    for (uint32_t at = 0; at < GROWTH_COUNT; at += CHUNK) {
        const uint32_t left = GROWTH_COUNT - at;
        time += time_ours(devices, index, order + at, left < CHUNK ? left : CHUNK, false);
    }
    return time / GROWTH_COUNT;
}

// An index of the first `count` patterns beside that of all, asked for the same devices in the same
// order: those of the patterns that both know. own_time: the index of all, for devices of all
// patterns. The first pass is not counted.
static void grow_from(const bench_t* bench, const uint32_t* order, uint32_t count,
                      double* small_time, double* full_time, double* own_time) {
    bench_t devices = {0};
    bench_t all_devices = {0};
    uint32_t* turn = make_order(GROWTH_COUNT);
    bind_index_t* index = make_index(bench, order, count);
    draw_devices(bench, order, count, &devices);
    draw_devices(bench, order, bench->driver_count, &all_devices);
    for (unsigned pass = 0; pass < 2; pass++) {
        shuffle(turn, GROWTH_COUNT);
        *small_time = time_devices(&devices, index, turn);
        *full_time = time_devices(&devices, bench->index, turn);
        *own_time = time_devices(&all_devices, bench->index, turn);
    }
    bind_index_destroy(index);
    free_devices(&devices);
    free_devices(&all_devices);
    free(turn);
}

// Programs and devices are drawn anew for each run.
static void run_growth(bench_t* bench, uint32_t count, row_t* same, row_t* own) {
    uint32_t* order = make_order(bench->driver_count);
    for (unsigned run = 0; run < bench->runs; run++) {
        shuffle(order, bench->driver_count);
        grow_from(bench, order, count, &same->peer[run], &same->ours[run], &own->ours[run]);
        own->peer[run] = same->peer[run];
    }
    free(order);
}

// Reading the programs and putting them into an index, against a second.
static void run_build(bench_t* bench, row_t* row) {
    for (unsigned run = 0; run < bench->runs; run++) {
        const double start = now_ns();
        read_programs(bench);
        bind_index_t* index = make_index(bench, NULL, bench->driver_count);
        row->ours[run] = (now_ns() - start) / 1e6;
        row->peer[run] = 1000;
        bind_index_destroy(index);
    }
    // The ids are those of the last index; the one that is kept has the same ones.
}

static int compare_doubles(const void* a, const void* b) {
    const double x = *(const double*)a;
    const double y = *(const double*)b;
    return (x > y) - (x < y);
}

// One program out and in again in the full index: the slowest of a thousand, against a millisecond.
static void run_add(bench_t* bench, row_t* row) {
    double* times = allocate(ADD_COUNT, sizeof(*times));
    for (unsigned run = 0; run < bench->runs; run++) {
        for (uint32_t i = 0; i < ADD_COUNT; i++) {
            driver_t* driver = &bench->drivers[match_random(bench->driver_count)];
            bind_index_remove(bench->index, driver->id);
            const double start = now_ns();
            add_driver(bench->index, driver);
            times[i] = now_ns() - start;
        }
        qsort(times, ADD_COUNT, sizeof(*times), compare_doubles);
        row->ours[run] = times[ADD_COUNT - ADD_COUNT / 1000 - 1] / 1e3;
        row->peer[run] = 1000;
    }
    free(times);
}

static void run_linear(bench_t* bench, row_t* row) {
    uint32_t* order = make_order(bench->device_count);
    for (unsigned run = 0; run < bench->runs; run++) {
        shuffle(order, bench->device_count);
        row->ours[run] =
            time_ours(bench, bench->index, order, LINEAR_COUNT, false) / LINEAR_COUNT / 1e3;
        row->peer[run] =
            time_ours(bench, bench->index, order, LINEAR_COUNT, true) / LINEAR_COUNT / 1e3;
    }
    free(order);
}

static void print_stats(const bench_t* bench) {
    bind_index_stats_t stats;
    bind_index_get_stats(bench->index, &stats);
    fprintf(stderr,
            "%zu programs: %zu ways in tables, %zu of them exact; %zu shapes, %zu keys, %zu texts; "
            "%zu tried always\n",
            stats.entries, stats.paths, stats.exact, stats.shapes, stats.keys, stats.texts,
            stats.residual);
}

static void run_all(bench_t* bench) {
    row_t rows[] = {
        make_row(bench, "lookup vs libkmod", "ns", 0.1),
        make_row(bench, "modalias text to drivers", "ns", 0),
        make_row(bench, "growth 1k to 26k", "ns", 2),
        make_row(bench, "growth 100 to 26k", "ns", 2),
        make_row(bench, "growth 1k to 26k, own devices", "ns", 2),
        make_row(bench, "growth 100 to 26k, own devices", "ns", 2),
        make_row(bench, "index build", "ms", 1),
        make_row(bench, "index add one", "us", 1),
        make_row(bench, "linear scan", "us", 0),
    };
    run_lookups(bench, &rows[0], &rows[1]);
    run_growth(bench, 1000, &rows[2], &rows[4]);
    run_growth(bench, 100, &rows[3], &rows[5]);
    run_build(bench, &rows[6]);
    bind_index_destroy(bench->index);
    bench->index = make_index(bench, NULL, bench->driver_count);
    run_add(bench, &rows[7]);
    run_linear(bench, &rows[8]);
    const size_t count = sizeof(rows) / sizeof(rows[0]);
    puts("[");
    for (size_t i = 0; i < count; i++) {
        print_row(bench, &rows[i], i + 1 == count);
    }
    puts("]");
}

int main(int argc, char** argv) {
    bench_t bench = {0};
    if (argc != 3) {
        fputs("usage: match_bench TABLES RUNS\n", stderr);
        return 1;
    }
    bench.runs = (unsigned)strtoul(argv[2], NULL, 10);
    if (bench.runs == 0 || bench.runs > 1000) {
        die("RUNS is a number from 1 to 1000");
    }
    read_table(&bench, argv[1]);
    read_programs(&bench);
    bench.index = make_index(&bench, NULL, bench.driver_count);
    print_stats(&bench);
    make_devices(&bench);
    bench.kmod = make_kmod(argv[1]);
    check_answers(&bench);
    run_all(&bench);
    kmod_unref(bench.kmod);
    free_devices(&bench);
    free(bench.drivers);
    bind_index_destroy(bench.index);
    bc_buffer_fini(&bench.bundle);
    return sink == 0;
}
