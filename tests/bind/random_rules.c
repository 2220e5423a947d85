// SPDX-License-Identifier: MIT
// Random rules and devices, and what the tests with them share.
#include "random_rules.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_DEPTH 4u

static const char library[] =
    "library l; uint U { ONE = 1 }; string S { A = \"a\" }; bool B; enum E { P, Q };";

static uint64_t state = 0x853c49e6748fea9bu;

unsigned random_below(unsigned limit) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (unsigned)((state >> 32) % limit);
}

typedef struct key {
    const char* name;
    const char* values[4];
} key_t_;

// The first three keys are all that version 1 has.
static const key_t_ keys[] = {
    {"fuchsia.BIND_PROTOCOL", {"0", "1", "2", "0xffffffff"}},
    {"fuchsia.BIND_PCI_VID", {"1", "2", "3", "l.U.ONE"}},
    {"fuchsia.BIND_PCI_DID", {"0", "1", "7", "9"}},
    {"l.U", {"0", "1", "l.U.ONE", "2"}},
    {"l.S", {"\"a\"", "l.S.A", "\"b\\\"c\"", "\"d\""}},
    {"l.B", {"true", "false", "true", "false"}},
    {"l.E", {"l.E.P", "l.E.Q", "l.E.P", "l.E.Q"}},
};

typedef struct maker {
    FILE* out;
    unsigned key_count;
    bool is_untidy;  // comments and odd spacing
    unsigned comments;
} maker_t;

static void gap(maker_t* maker) {
    static const char* const gaps[] = {" ",         "\n",      "  \t",     "\n\n\n",
                                       " /* c */ ", " // c\n", "\n// c\n", "/* a /* c */ b\n */"};
    const unsigned choice = maker->is_untidy ? random_below(8) : 0;
    maker->comments += choice >= 4;
    fputs(gaps[choice], maker->out);
}

static void put(maker_t* maker, const char* text) {
    fputs(text, maker->out);
    gap(maker);
}

static void make_comparison(maker_t* maker) {
    const key_t_* key = &keys[random_below(maker->key_count)];
    put(maker, key->name);
    put(maker, random_below(3) == 0 ? "==" : "!=");
    put(maker, key->values[random_below(4)]);
}

static void make_accept(maker_t* maker) {
    const key_t_* key = &keys[random_below(maker->key_count)];
    const unsigned count = 1 + random_below(4);
    put(maker, "accept");
    put(maker, key->name);
    put(maker, "{");
    for (unsigned i = 0; i < count; i++) {
        put(maker, key->values[random_below(4)]);
        if (i + 1 < count || random_below(2) == 0) {
            put(maker, ",");
        }
    }
    put(maker, "}");
}

static void make_block(maker_t* maker, unsigned depth);

static void make_if(maker_t* maker, unsigned depth) {
    const unsigned branches = 1 + random_below(3);
    for (unsigned i = 0; i < branches; i++) {
        put(maker, "if");
        make_comparison(maker);
        put(maker, "{");
        make_block(maker, depth + 1);
        put(maker, "}");
        put(maker, "else");
    }
    put(maker, "{");
    make_block(maker, depth + 1);
    put(maker, "}");
}

static void make_block(maker_t* maker, unsigned depth) {
    const unsigned kind = random_below(8);
    if (kind < 2) {
        put(maker, kind == 0 ? "true" : "false");
        put(maker, ";");
        return;
    }
    const unsigned count = random_below(3);
    for (unsigned i = 0; i < count; i++) {
        if (random_below(3) == 0) {
            make_accept(maker);
        } else {
            make_comparison(maker);
            put(maker, ";");
        }
    }
    if (count == 0 && depth >= MAX_DEPTH) {
        put(maker, "true;");
    } else if (count == 0 || (depth < MAX_DEPTH && random_below(2) == 0)) {
        make_if(maker, depth);
    }
}

char* random_rules(unsigned key_count, bool is_untidy, unsigned* out_comments) {
    char* text = NULL;
    size_t size = 0;
    maker_t maker = {open_memstream(&text, &size), key_count, is_untidy, 0};
    gap(&maker);
    make_block(&maker, 0);
    fclose(maker.out);
    if (out_comments != NULL) {
        *out_comments = maker.comments;
    }
    return text;
}

char* random_composite(unsigned key_count) {
    char* text = NULL;
    size_t size = 0;
    maker_t maker = {open_memstream(&text, &size), key_count, false, 0};
    const unsigned count = 1 + random_below(4);
    const unsigned primary = random_below(count);
    fputs("composite c;\n", maker.out);
    for (unsigned i = 0; i < count; i++) {
        fprintf(maker.out, "%s parent \"p%u\" {\n",
                i == primary           ? "primary"
                : random_below(3) == 0 ? "optional"
                                       : "",
                i);
        make_block(&maker, 0);
        fputs("}\n", maker.out);
    }
    fclose(maker.out);
    return text;
}

char* random_device(unsigned key_count, bool all) {
    char* text = NULL;
    size_t size = 0;
    FILE* file = open_memstream(&text, &size);
    for (unsigned i = 0; i < key_count; i++) {
        if (all || random_below(3) != 0) {
            fprintf(file, "%s = %s\n", keys[i].name, keys[i].values[random_below(4)]);
        }
    }
    fclose(file);
    return text;
}

bool random_run_words(const bc_buffer_t* bytes, const bind_property_t* props, size_t count) {
    for (size_t at = 0; at + 12 <= bytes->size; at += 12) {
        uint32_t words[2];
        memcpy(words, bytes->data + at, sizeof(words));
        const uint32_t condition = words[0] >> 28;
        const uint32_t operation = words[0] >> 24 & 15;
        uint32_t value = 0;
        for (size_t i = 0; i < count; i++) {
            value = props[i].id == (words[0] & 0xffff) ? props[i].number : value;
        }
        if ((condition == 1 && value != words[1]) || (condition == 2 && value == words[1]) ||
            operation == 5) {
            continue;
        }
        if (operation < 2) {
            return operation == 1;
        }
        const uint8_t label = (uint8_t)(words[0] >> 16);
        do {
            at += 12;
        } while (at < bytes->size && (bytes->data[at + 3] != 0x05 || bytes->data[at + 2] != label));
    }
    return false;
}

void random_compile(const char* rules, bc_format_t format, compiled_t* out) {
    const bc_options_t options = {.format = format};
    out->bytes = (bc_buffer_t){0};
    bc_compiler_init(&out->compiler);
    bc_compiler_add_library_text(&out->compiler, "l", library, strlen(library));
    bc_compiler_set_rules_text(&out->compiler, "rules", rules, strlen(rules));
    if (!bc_compiler_compile(&out->compiler, &options, &out->bytes)) {
        bc_diagnostics_print(&out->compiler.diagnostics, stderr);
        cr_assert_fail("%s", rules);
    }
}

void random_fini(compiled_t* compiled) {
    bc_buffer_fini(&compiled->bytes);
    bc_compiler_fini(&compiled->compiler);
}

const bind_property_t* random_read_device(compiled_t* compiled, const char* text,
                                          bc_device_t* out_device, size_t* out_count) {
    bc_compiler_t* compiler = &compiled->compiler;
    const bc_source_t* source =
        bc_source_from_text(&compiler->diagnostics, "device", 2, text, strlen(text));
    bc_device_parse(&compiler->diagnostics, source, out_device);
    bc_device_resolve(&compiler->symbols, NULL, out_device, BC_UNKNOWN_IGNORED);
    return bc_device_properties(out_device, false, &compiler->arena, out_count);
}
