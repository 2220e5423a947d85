// SPDX-License-Identifier: MIT
// bindc import: bind programs and libraries made of the tables of others.
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "import.h"
#include "source.h"

#define MAX_FILE    (64u << 20)
#define MAX_VENDORS 64u

enum { OPTION_RULES = BINDC_LONG_OPTION };

typedef struct import_args {
    const char* output;
    const char* path;
    bool writes_rules;
    bool has_bus;
    import_ids_bus_t bus;
    uint32_t vendors[MAX_VENDORS];
    size_t vendor_count;
} import_args_t;

static const bindc_option_t import_options[] = {
    {'o', "output", "FILE", "where to write; standard output if absent"},
    {OPTION_RULES, "rules", NULL,
     "modalias: print the programs as rules instead, as far as they can be"},
    {'b', "bus", "BUS", "ids: pci (as assumed) or usb"},
    {'d', "devices", "VENDOR", "ids: the devices of this vendor too, 0x8086 for one; repeatable"},
    {0},
};

static bool take_vendor(import_args_t* args, const char* value) {
    char* end;
    const unsigned long vendor = strtoul(value, &end, 0);
    if (end == value || *end != 0 || vendor > 0xffff) {
        fprintf(stderr, "bindc: %s is no vendor number\n", value);
        return false;
    }
    if (args->vendor_count == MAX_VENDORS) {
        fprintf(stderr, "bindc: %u vendors at a time\n", MAX_VENDORS);
        return false;
    }
    args->vendors[args->vendor_count++] = (uint32_t)vendor;
    return true;
}

static bool take(void* context, int id, const char* value) {
    import_args_t* args = context;
    switch (id) {
        case 'o':
            args->output = value;
            return true;
        case OPTION_RULES:
            args->writes_rules = true;
            return true;
        case 'd':
            return take_vendor(args, value);
        default:
            args->has_bus = true;
            args->bus = strcmp(value, "usb") == 0 ? IMPORT_IDS_USB : IMPORT_IDS_PCI;
            if (args->bus == IMPORT_IDS_PCI && strcmp(value, "pci") != 0) {
                fprintf(stderr, "bindc: the bus is pci or usb, not %s\n", value);
                return false;
            }
            return true;
    }
}

static bool read_input(const char* path, bc_buffer_t* out) {
    const bool is_stdin = strcmp(path, "-") == 0;
    if (bc_read_file(is_stdin ? "/dev/stdin" : path, MAX_FILE, out)) {
        return true;
    }
    fprintf(stderr, "%s: error: cannot be read: %s\n", path, strerror(errno));
    return false;
}

// One block a program, with the line it was made of as a comment.
static void print_program(const char* alias, const char* module, bc_buffer_t* out) {
    import_program_t program;
    if (!import_alias(alias, &program)) {
        return;
    }
    const char* const pieces[] = {"// ", module, ": ", alias, "\n"};
    for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
        bc_buffer_text(out, pieces[i]);
    }
    if (!import_write_rules(&program, out)) {
        bc_buffer_text(out, "// not expressible as rules: its bytecode names texts or a pattern\n");
    }
    bc_buffer_text(out, "\n");
}

// The lines are known to be good.
static void print_rules(const bc_buffer_t* text, bc_buffer_t* out) {
    const char* end = (const char*)text->data + text->size;
    for (const char* at = (const char*)text->data; at < end;) {
        const char* stop = memchr(at, '\n', (size_t)(end - at));
        stop = stop == NULL ? end : stop;
        char line[2048];
        char alias[2048];
        char module[2048];
        snprintf(line, sizeof(line), "%.*s", (int)(stop - at), at);
        if (sscanf(line, " alias %2047s %2047s", alias, module) == 2) {
            print_program(alias, module, out);
        }
        at = stop + 1;
    }
}

static bool run_modalias(const import_args_t* args) {
    bc_buffer_t text = {0};
    bc_buffer_t out = {0};
    import_counts_t counts;
    size_t line = 0;
    bool is_good = read_input(args->path, &text);
    if (is_good && !import_modalias((const char*)text.data, text.size, &out, &counts, &line)) {
        fprintf(stderr, "%s:%zu:1: error: a line is `alias PATTERN MODULE`\n", args->path, line);
        is_good = false;
    }
    if (is_good && args->writes_rules) {
        out.size = 0;
        print_rules(&text, &out);
    }
    is_good = is_good && bindc_write(args->output, &out);
    if (is_good) {
        fprintf(stderr,
                "%zu aliases, %zu of them with a pattern beside the program, %zu left out\n",
                counts.aliases, counts.patterns, counts.bad);
    }
    bc_buffer_fini(&out);
    bc_buffer_fini(&text);
    return is_good;
}

static bool run_ids(const import_args_t* args) {
    bc_buffer_t text = {0};
    bc_buffer_t out = {0};
    size_t line = 0;
    bool is_good = read_input(args->path, &text);
    if (is_good && !import_ids((const char*)text.data, text.size, args->bus, args->vendors,
                               args->vendor_count, &out, &line)) {
        if (line == 0) {
            fprintf(stderr, "%s: error: there is no vendor in it\n", args->path);
        } else {
            fprintf(stderr, "%s:%zu:1: error: this is no line of a pci.ids or usb.ids\n",
                    args->path, line);
        }
        is_good = false;
    }
    is_good = is_good && bindc_write(args->output, &out);
    bc_buffer_fini(&out);
    bc_buffer_fini(&text);
    return is_good;
}

static int run(const bindc_command_t* self, int argc, char** argv) {
    import_args_t args = {0};
    const bindc_parsed_t parsed = bindc_parse(self, argc, argv, take, &args);
    if (parsed != BINDC_PARSED) {
        return parsed == BINDC_REFUSED;
    }
    if (argc - optind != 2) {
        return bindc_usage_error(self, "what to import and one file are needed", "");
    }
    args.path = argv[optind + 1];
    const bool has_ids_option = args.has_bus || args.vendor_count != 0;
    if (strcmp(argv[optind], "modalias") == 0) {
        return has_ids_option ? bindc_usage_error(self, "--bus and --devices are for ", "ids")
                              : !run_modalias(&args);
    }
    if (strcmp(argv[optind], "ids") == 0) {
        return args.writes_rules ? bindc_usage_error(self, "--rules is for ", "modalias")
                                 : !run_ids(&args);
    }
    return bindc_usage_error(self, "it can import `modalias` and `ids`, not ", argv[optind]);
}

const bindc_command_t bindc_import_command = {
    .name = "import",
    .usage = "modalias [OPTION…] FILE|-\nids [OPTION…] FILE|-",
    .summary = "make programs of a modules.alias, libraries of a pci.ids",
    .description =
        "modalias: turns a kernel's modules.alias into a bundle of bind programs, one for each\n"
        "line. docs/bind_index.md tells of the properties that they ask for.\n"
        "ids: turns pci.ids or usb.ids into a bind library with the names of the vendors.",
    .options = import_options,
    .example =
        "  bindc import modalias -o linux.bindbundle /lib/modules/$(uname -r)/modules.alias\n"
        "  bindc import ids --bus usb --devices 0x1d6b -o usb_ids.bind /usr/share/misc/usb.ids",
    .run = run,
};
