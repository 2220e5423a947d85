// SPDX-License-Identifier: MIT
// protogen: writes the C of one schema.
#include "model.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#define MAX_SCHEMA_SIZE (4u << 20)

static const char usage[] =
    "Usage: protogen --header FILE.h --source FILE.c SCHEMA.bfbs\n"
    "\n"
    "Writes the C of a flatbuffers schema: structures, encoding, verified decoding, and for each\n"
    "rpc_service its client and server. SCHEMA.bfbs is what flatc makes of SCHEMA.fbs; its "
    "namespace\n"
    "must end in the schema's name. Both files are written, or neither.\n"
    "\n"
    "  -H, --header FILE  the header to write, included as <protocols/SCHEMA.h>\n"
    "  -s, --source FILE  the source to write\n"
    "  -h, --help         this text\n"
    "\n"
    "Example:\n"
    "  flatc --schema --binary --bfbs-comments --bfbs-builtins -I protocols \\\n"
    "      -o build protocols/devmgr/devmgr.fbs\n"
    "  protogen --header build/protocols/devmgr.h --source build/devmgr.c build/devmgr.bfbs\n";

typedef struct options {
    const char* header;
    const char* source;
    const char* schema;
} options_t;

// 0: go on; else the exit code plus 1.
static int parse_options(int argc, char** argv, options_t* out) {
    static const struct option options[] = {
        {"header", required_argument, NULL, 'H'},
        {"source", required_argument, NULL, 's'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    int option;
    while ((option = getopt_long(argc, argv, "H:s:h", options, NULL)) != -1) {
        switch (option) {
            case 'H':
                out->header = optarg;
                break;
            case 's':
                out->source = optarg;
                break;
            case 'h':
                fputs(usage, stdout);
                return 1;
            default:
                fputs("Try 'protogen --help'.\n", stderr);
                return 3;
        }
    }
    if (optind + 1 != argc || out->header == NULL || out->source == NULL) {
        fputs(usage, stderr);
        return 3;
    }
    out->schema = argv[optind];
    return 0;
}

// The whole file, NULL on failure. The caller frees it.
static uint8_t* read_file(const char* path, size_t* out_size) {
    FILE* file = fopen(path, "r");
    uint8_t* bytes = malloc(MAX_SCHEMA_SIZE);
    if (file == NULL || bytes == NULL) {
        fprintf(stderr, "protogen: %s: %s\n", path, strerror(errno));
    } else {
        *out_size = fread(bytes, 1, MAX_SCHEMA_SIZE, file);
        if (!ferror(file) && *out_size < MAX_SCHEMA_SIZE) {
            fclose(file);
            return bytes;
        }
        fprintf(stderr, "protogen: %s: can't be read or is too large\n", path);
    }
    if (file != NULL) {
        fclose(file);
    }
    free(bytes);
    return NULL;
}

// build/devmgr.bfbs -> devmgr
static c_name_t schema_name(const char* path) {
    const char* slash = strrchr(path, '/');
    const char* start = slash == NULL ? path : slash + 1;
    c_name_t name;
    snprintf(name.text, sizeof(name.text), "%.*s", (int)strcspn(start, "."), start);
    return name;
}

static bool generate(const model_t* model, const options_t* options) {
    char* header = NULL;
    char* source = NULL;
    size_t header_size = 0;
    size_t source_size = 0;
    FILE* header_file = open_memstream(&header, &header_size);
    FILE* source_file = open_memstream(&source, &source_size);
    bool is_done = header_file != NULL && source_file != NULL;
    if (is_done) {
        emit_header(model, header_file);
        emit_source(model, source_file);
    }
    is_done = header_file != NULL && fclose(header_file) == 0 && is_done;
    is_done = source_file != NULL && fclose(source_file) == 0 && is_done;
    if (is_done) {
        is_done = output_write(options->header, header, header_size, options->source, source,
                               source_size);
    } else {
        fputs("protogen: out of memory\n", stderr);
    }
    free(header);
    free(source);
    return is_done;
}

int main(int argc, char** argv) {
    options_t options = {0};
    const int code = parse_options(argc, argv, &options);
    if (code != 0) {
        return code - 1;
    }
    size_t size = 0;
    uint8_t* bytes = read_file(options.schema, &size);
    if (bytes == NULL) {
        return 1;
    }
    const c_name_t name = schema_name(options.schema);
    pg_arena_t arena;
    pg_arena_init(&arena, NULL, 0);
    model_t model;
    bool is_done = false;
    if (model_load(bytes, size, name.text, &arena, &model) != ZX_OK) {
        fprintf(stderr, "protogen: %s: not a schema that flatc compiled\n", options.schema);
    } else {
        is_done = model_check(&model, &arena, stderr) && generate(&model, &options);
    }
    pg_arena_fini(&arena);
    free(bytes);
    return is_done ? 0 : 1;
}
