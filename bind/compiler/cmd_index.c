// SPDX-License-Identifier: MIT
// bindc index: puts programs into a match index, tells what it is made of and looks devices up.
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bind/bundle.h>
#include <bind/index.h>
#include <zircon/errors.h>

#include "bytecode.h"
#include "commands.h"
#include "index_answer.h"
#include "source.h"

#define MAX_FILE    (256u << 20)
#define MAX_LOOKUPS 256u

enum { OPTION_JSON = BINDC_LONG_OPTION };

typedef struct file {
    struct file* next;  // owned
    bc_buffer_t bytes;
    bc_driver_name_t driver;
} file_t;

typedef struct index_args {
    const char* modaliases[MAX_LOOKUPS];
    size_t modalias_count;
    bool is_json;
    file_t* files;
    bindc_indexed_t* programs;
    bind_index_t* index;
} index_args_t;

static const bindc_option_t index_options[] = {
    {'m', "modalias", "TEXT",
     "name the drivers of this device, the preferred one first; repeatable"},
    {OPTION_JSON, "json", NULL, "print JSON: an array of devices, or an object with the numbers"},
    {0},
};

static bool take(void* context, int id, const char* value) {
    index_args_t* args = context;
    if (id == OPTION_JSON) {
        args->is_json = true;
        return true;
    }
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

static bool insert(index_args_t* args, const char* path, bindc_indexed_t* program,
                   const char* pattern) {
    uint32_t id;
    const bind_index_entry_t entry = {
        .program = &program->program,
        .pattern_key = pattern == NULL ? NULL : BIND_BUNDLE_PATTERN_KEY,
        .pattern = pattern,
        .context = program,
    };
    const zx_status_t status = bind_index_add(args->index, &entry, &id);
    if (status != ZX_OK) {
        fprintf(stderr, "%s: error: %s\n", path,
                status == ZX_ERR_OUT_OF_RANGE ? "too many programs" : "out of memory");
    }
    return status == ZX_OK;
}

static bool add_program(index_args_t* args, const char* path, const char* version,
                        const bind_bundle_entry_t* entry) {
    bindc_indexed_t* program = allocate(sizeof(*program));
    bind_error_t error;
    *program = (bindc_indexed_t){
        .next = args->programs, .name = entry->name, .version = version, .origin = entry->origin};
    args->programs = program;
    const bool is_bundled = entry->origin != NULL;
    if (bind_program_read(entry->bytecode, entry->bytecode_size, &program->program, &error) !=
        ZX_OK) {
        fprintf(stderr, "%s: error[E%03u]: %s%sbyte %zu: %s\n", path, error.code,
                is_bundled ? entry->name : "", is_bundled ? ": " : "", error.offset, error.text);
        return false;
    }
    if (program->program.is_composite) {
        fprintf(stderr, "%s: error: a composite has no single device to be looked up by\n", path);
        return false;
    }
    return insert(args, path, program, entry->pattern);
}

static bool add_bundle(index_args_t* args, const char* path, const bc_buffer_t* bytes) {
    bind_bundle_t bundle;
    bind_bundle_entry_t entry;
    zx_status_t status = bind_bundle_open(bytes->data, bytes->size, &bundle);
    if (status != ZX_OK) {
        fprintf(stderr, "%s: error: %s\n", path,
                status == ZX_ERR_NOT_SUPPORTED ? "a bundle of another version"
                                               : "the head of the bundle is damaged");
        return false;
    }
    while ((status = bind_bundle_next(&bundle, &entry)) == ZX_OK) {
        if (!add_program(args, path, "", &entry)) {
            return false;
        }
    }
    if (status != ZX_ERR_STOP) {
        fprintf(stderr, "%s: error: the bundle is damaged at byte %zu\n", path, bundle.at);
    }
    return status == ZX_ERR_STOP;
}

static bool begins_with(const bc_buffer_t* bytes, const char* magic) {
    return bytes->size >= 4 && memcmp(bytes->data, magic, 4) == 0;
}

static bool add_file(index_args_t* args, const char* path) {
    file_t* file = allocate(sizeof(*file));
    file->next = args->files;
    args->files = file;
    if (!bc_read_file(path, MAX_FILE, &file->bytes)) {
        fprintf(stderr, "%s: error: cannot be read: %s\n", path, strerror(errno));
        return false;
    }
    if (begins_with(&file->bytes, "BNDL")) {
        return add_bundle(args, path, &file->bytes);
    }
    bind_bundle_entry_t entry = {
        .name = path, .bytecode = file->bytes.data, .bytecode_size = file->bytes.size};
    const char* error;
    if (begins_with(&file->bytes, "\177ELF")) {
        if (!bc_find_driver_program(entry.bytecode, entry.bytecode_size, &entry.bytecode,
                                    &entry.bytecode_size, &file->driver, &error)) {
            fprintf(stderr, "%s: error: %s\n", path, error);
            return false;
        }
        entry.name = file->driver.name;
    }
    return add_program(args, path, file->driver.version, &entry);
}

static bool is_written(void) {
    if (fflush(stdout) == 0 && ferror(stdout) == 0) {
        return true;
    }
    fprintf(stderr, "bindc: error: standard output cannot be written: %s\n", strerror(errno));
    return false;
}

static void finish(index_args_t* args) {
    bind_index_destroy(args->index);
    while (args->programs != NULL) {
        bindc_indexed_t* next = args->programs->next;
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
        bindc_print_index(args->index, args->is_json);
    } else if (is_good) {
        is_good =
            bindc_print_devices(args->index, args->modaliases, args->modalias_count, args->is_json);
    }
    return is_good && is_written();
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
        "Puts compiled programs, those of drivers' .so and bundles (see `bindc import`) into a "
        "match\n"
        "index, as devmgr does, and tells what it is made of, or which drivers the given devices\n"
        "have.",
    .options = index_options,
    .example =
        "  bindc index -m pci:v00001AF4d00001042sv00001AF4sd00001100bc01sc00i00 linux.bindbundle",
    .run = run,
};
