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
    if (end == value || *end != 0 || vendor > 0xffff || args->vendor_count == MAX_VENDORS) {
        fprintf(stderr, "bindc: %s is no vendor number, or one too many\n", value);
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
static void print_rules(const bc_buffer_t* text, bc_buffer_t* out) {
    const char* end = (const char*)text->data + text->size;
    for (const char* at = (const char*)text->data; at < end;) {
        const char* stop = memchr(at, '\n', (size_t)(end - at));
        stop = stop == NULL ? end : stop;
        char line[2048];
        char alias[1024];
        char module[256];
        import_program_t program;
        snprintf(line, sizeof(line), "%.*s", (int)(stop - at), at);
        if (sscanf(line, "alias %1023s %255s", alias, module) == 2 &&
            import_alias(alias, &program)) {
            char comment[1400];
            snprintf(comment, sizeof(comment), "// %s: %s\n", module, alias);
            bc_buffer_text(out, comment);
            if (!import_write_rules(&program, out)) {
                bc_buffer_text(
                    out, "// not expressible as rules: its bytecode names texts or a pattern\n");
            }
            bc_buffer_text(out, "\n");
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
    if (is_good) {
        is_good = bindc_write(args->output, &out);
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
        fprintf(stderr, "%s:%zu:1: error: this is no line of a pci.ids or usb.ids\n", args->path,
                line);
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
    if (strcmp(argv[optind], "modalias") == 0) {
        return run_modalias(&args) ? 0 : 1;
    }
    if (strcmp(argv[optind], "ids") == 0) {
        return run_ids(&args) ? 0 : 1;
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
