// SPDX-License-Identifier: MIT
// bindc index: puts programs into a match index, tells what it is made of and looks devices up.
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bind/bundle.h>
#include <bind/choice.h>
#include <bind/index.h>
#include <zircon/errors.h>

#include "commands.h"
#include "import.h"
#include "source.h"

#define MAX_FILE    (256u << 20)
#define MAX_LOOKUPS 256u
#define MAX_HITS    1024u

typedef struct program {
    struct program* next;  // owned
    bind_program_t program;
    const char* name;    // borrowed: of a file or of a bundle
    const char* origin;  // borrowed; null: a file of its own
} program_t;

typedef struct file {
    struct file* next;  // owned
    bc_buffer_t bytes;
} file_t;

typedef struct index_args {
    const char* modaliases[MAX_LOOKUPS];
    size_t modalias_count;
    file_t* files;
    program_t* programs;
    bind_index_t* index;
} index_args_t;

static const bindc_option_t index_options[] = {
    {'m', "modalias", "TEXT",
     "name the drivers of this device, the preferred one first; repeatable"},
    {0},
};

static bool take(void* context, int id, const char* value) {
    index_args_t* args = context;
    (void)id;
    if (args->modalias_count == MAX_LOOKUPS) {
        fprintf(stderr, "bindc: %u devices at a time\n", MAX_LOOKUPS);
        return false;
    }
    args->modaliases[args->modalias_count++] = value;
    return true;
}

static void* allocate(size_t size) {
    void* memory = calloc(1, size);
    if (memory == NULL) {
        fputs("bindc: out of memory\n", stderr);
        abort();
    }
    return memory;
}

static bool add_program(index_args_t* args, const char* path, const bind_bundle_entry_t* entry) {
    program_t* program = allocate(sizeof(*program));
    bind_error_t error;
    uint32_t id;
    program->next = args->programs;
    program->name = entry->name;
    program->origin = entry->origin;
    args->programs = program;
    zx_status_t status =
        bind_program_read(entry->bytecode, entry->bytecode_size, &program->program, &error);
    if (status != ZX_OK) {
        fprintf(stderr, "%s: error: %s: E%03u: %s\n", path, entry->name, error.code, error.text);
        return false;
    }
    if (program->program.is_composite) {
        fprintf(stderr, "%s: error: a composite has no single device to be looked up by\n", path);
        return false;
    }
    const bind_index_entry_t added = {
        .program = &program->program,
        .pattern_key = entry->pattern == NULL ? NULL : BIND_BUNDLE_PATTERN_KEY,
        .pattern = entry->pattern,
        .context = program,
    };
    status = bind_index_add(args->index, &added, &id);
    if (status != ZX_OK) {
        fprintf(stderr, "%s: error: %s\n", path,
                status == ZX_ERR_OUT_OF_RANGE ? "too many programs" : "out of memory");
    }
    return status == ZX_OK;
}

static bool add_bundle(index_args_t* args, const char* path, bind_bundle_t* bundle) {
    bind_bundle_entry_t entry;
    zx_status_t status = bind_bundle_next(bundle, &entry);
    while (status == ZX_OK) {
        if (!add_program(args, path, &entry)) {
            return false;
        }
        status = bind_bundle_next(bundle, &entry);
    }
    if (status != ZX_ERR_STOP) {
        fprintf(stderr, "%s: error: the bundle is damaged at byte %zu\n", path, bundle->at);
    }
    return status == ZX_ERR_STOP;
}

static bool add_file(index_args_t* args, const char* path) {
    file_t* file = allocate(sizeof(*file));
    file->next = args->files;
    args->files = file;
    if (!bc_read_file(path, MAX_FILE, &file->bytes)) {
        fprintf(stderr, "%s: error: cannot be read: %s\n", path, strerror(errno));
        return false;
    }
    bind_bundle_t bundle;
    if (file->bytes.size >= 4 && memcmp(file->bytes.data, "BNDL", 4) == 0) {
        if (bind_bundle_open(file->bytes.data, file->bytes.size, &bundle) != ZX_OK) {
            fprintf(stderr, "%s: error: a bundle that cannot be read\n", path);
            return false;
        }
        return add_bundle(args, path, &bundle);
    }
    const bind_bundle_entry_t entry = {
        .name = path, .bytecode = file->bytes.data, .bytecode_size = file->bytes.size};
    return add_program(args, path, &entry);
}

static int compare_hits(const void* a, const void* b) {
    const bind_index_hit_t* x = a;
    const bind_index_hit_t* y = b;
    const bind_candidate_t first = {.name = ((const program_t*)x->context)->name,
                                    .specificity = x->specificity};
    const bind_candidate_t second = {.name = ((const program_t*)y->context)->name,
                                     .specificity = y->specificity};
    return bind_choice_compare(&first, &second, NULL);
}

static bool look_up(const index_args_t* args, const char* modalias) {
    static import_device_t device;
    bind_index_hit_t hits[MAX_HITS];
    size_t count = 0;
    if (!import_device(modalias, &device)) {
        fprintf(stderr, "bindc: error: this is no modalias, or too long: %s\n", modalias);
        return false;
    }
    bind_index_find(args->index, device.props, device.count, hits, MAX_HITS, &count);
    count = count < MAX_HITS ? count : MAX_HITS;
    qsort(hits, count, sizeof(hits[0]), compare_hits);
    printf("%s: %s\n", modalias, count == 0 ? "no driver" : "");
    for (size_t i = 0; i < count; i++) {
        const program_t* program = hits[i].context;
        printf("  %s (%u conditions)%s%s\n", program->name,
               hits[i].specificity / BIND_SPECIFICITY_EQUAL, program->origin == NULL ? "" : " ",
               program->origin == NULL ? "" : program->origin);
    }
    return true;
}

static void print_stats(const index_args_t* args) {
    bind_index_stats_t stats;
    bind_index_get_stats(args->index, &stats);
    printf(
        "%zu programs\n%zu ways in tables, %zu of them need no confirmation\n%zu sets of keys\n"
        "%zu keys\n%zu texts\n%zu programs are tried for every device\n",
        stats.entries, stats.paths, stats.exact, stats.shapes, stats.keys, stats.texts,
        stats.residual);
}

static void finish(index_args_t* args) {
    bind_index_destroy(args->index);
    while (args->programs != NULL) {
        program_t* next = args->programs->next;
        free(args->programs);
        args->programs = next;
    }
    while (args->files != NULL) {
        file_t* next = args->files->next;
        bc_buffer_fini(&args->files->bytes);
        free(args->files);
        args->files = next;
    }
}

static bool run_index(index_args_t* args, int argc, char** argv) {
    bool is_good = bind_index_create(&args->index) == ZX_OK;
    for (int i = optind; i < argc && is_good; i++) {
        is_good = add_file(args, argv[i]);
    }
    if (is_good && args->modalias_count == 0) {
        print_stats(args);
    }
    for (size_t i = 0; i < args->modalias_count && is_good; i++) {
        is_good = look_up(args, args->modaliases[i]);
    }
    return is_good;
}

static int run(const bindc_command_t* self, int argc, char** argv) {
    index_args_t args = {0};
    const bindc_parsed_t parsed = bindc_parse(self, argc, argv, take, &args);
    if (parsed != BINDC_PARSED) {
        return parsed == BINDC_REFUSED;
    }
    if (optind == argc) {
        return bindc_usage_error(self, "programs or bundles are needed", "");
    }
    const bool is_good = run_index(&args, argc, argv);
    finish(&args);
    return is_good ? 0 : 1;
}

const bindc_command_t bindc_index_command = {
    .name = "index",
    .usage = "[OPTION…] FILE…",
    .summary = "look devices up among many programs",
    .description =
        "Puts compiled programs and bundles (see `bindc import`) into a match index, as devmgr\n"
        "does, and tells what it is made of, or which drivers the given devices have.",
    .options = index_options,
    .example =
        "  bindc index -m pci:v00001AF4d00001042sv00001AF4sd00001100bc01sc00i00 linux.bindbundle",
    .run = run,
};
