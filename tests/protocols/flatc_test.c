// SPDX-License-Identifier: MIT
// Interoperation with Google's flatbuffers: flatc reads what we encode, we decode what flatc
// encodes, and their verifier accepts our bytes.
#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "zoo_value.h"

static char folder[] = "/tmp/jacinth-flatc-XXXXXX";

static void setup(void) {
    cr_assert(mkdtemp(folder) != NULL);
}

static void run(const char* format, const char* argument) {
    char command[2048];
    snprintf(command, sizeof(command), format, argument);
    cr_assert(eq(i32, system(command), 0), "%s", command);
}

static void teardown(void) {
    run("rm -r '%s'", folder);
}

TestSuite(flatc, .init = setup, .fini = teardown);

static void file_path(const char* name, char* out, size_t size) {
    snprintf(out, size, "%s/%s", folder, name);
}

static void write_file(const char* name, const void* bytes, size_t size) {
    char path[256];
    file_path(name, path, sizeof(path));
    FILE* file = fopen(path, "w");
    cr_assert(file != NULL);
    cr_assert(eq(sz, fwrite(bytes, 1, size, file), size));
    cr_assert(eq(i32, fclose(file), 0));
}

static size_t read_file(const char* name, void* out, size_t size) {
    char path[256];
    file_path(name, path, sizeof(path));
    FILE* file = fopen(path, "r");
    cr_assert(file != NULL, "%s", path);
    const size_t actual = fread(out, 1, size, file);
    fclose(file);
    return actual;
}

// Runs flatc on value.bin or value.json in the folder, with the zoo schema.
static void run_flatc(const char* options, const char* file) {
    char command[2048];
    const char* source = getenv("JACINTH_SOURCE");
    cr_assert(source != NULL, "JACINTH_SOURCE is not set: run by ctest");
    snprintf(command, sizeof(command),
             "flatc %s -I %s/protocols -o %s %s/tests/protocols/zoo.fbs %s %s/%s", options, source,
             folder, source, strcmp(file, "value.bin") == 0 ? "--" : "", folder, file);
    cr_assert(eq(i32, system(command), 0), "%s", command);
}

static void encode_to_file(const zoo_everything_t* value) {
    pg_builder_t builder;
    pg_builder_init(&builder);
    cr_assert(eq(i32, zoo_everything_encode(value, &builder), ZX_OK));
    size_t size;
    const uint8_t* bytes = pg_builder_bytes(&builder, &size);
    write_file("value.bin", bytes, size);
    pg_builder_take_handles(&builder, NULL);
    pg_builder_fini(&builder);
}

// The same value as zoo_value_fill(), as flatc writes it.
static const char everything_json[] =
    "{\"flag_off\":true,\"flag_on\":false,\"small\":-128,\"small_u\":255,\"short_value\":-32768,"
    "\"short_u\":65535,\"int_value\":-2147483648,\"int_u\":4294967295,"
    "\"long_value\":9223372036854775807,\"long_u\":18446744073709551615,\"color\":\"Red\","
    "\"flags\":\"Small Tall\",\"size\":\"Most\","
    "\"text\":\"text with \\\"quotes\\\" and \\u00E4\",\"leaf\":{\"name\":\"leaf\",\"item\":1},"
    "\"nothing\":{},\"item\":2,\"property\":{\"kind\":\"Bool\",\"bool_value\":true},"
    "\"bools\":[true,false,true],\"bytes\":[-128,0,127],\"data\":[0,1,254,255],"
    "\"shorts\":[-32768,32767],\"words\":[65535],\"ints\":[-2147483648,-1,2147483647],"
    "\"numbers\":[0,4294967295],\"longs\":[-9223372036854775808,9223372036854775807],"
    "\"big\":[1,2,18446744073709551615],\"colors\":[\"Red\",\"Green\",\"Blue\"],"
    "\"texts\":[\"\",\"one\",\"a longer text\"],\"leaves\":[{\"name\":\"first\",\"number\":0,"
    "\"item\":3},{\"number\":1},{\"name\":\"third\",\"number\":9223372036854775807,\"item\":4}],"
    "\"properties\":[{\"id\":1,\"uint_value\":85},{\"key\":\"test.key\",\"kind\":\"String\","
    "\"string_value\":\"value\"}],\"last_item\":5}";

// Blanks between the tokens are only layout.
static void remove_blanks(char* text) {
    char* out = text;
    bool is_quoted = false;
    for (const char* in = text; *in != '\0'; in++) {
        is_quoted ^= *in == '"' && in[-1] != '\\';
        if (is_quoted || (*in != ' ' && *in != '\n')) {
            *out++ = *in;
        }
    }
    *out = '\0';
}

Test(flatc, reads_what_we_encode) {
    zoo_everything_t value;
    zoo_value_fill(&value);
    encode_to_file(&value);
    run_flatc("--json --strict-json --raw-binary", "value.bin");
    char json[8192];
    json[read_file("value.json", json, sizeof(json) - 1)] = '\0';
    remove_blanks(json);
    cr_expect(eq(str, json, (char*)everything_json));
}

Test(flatc, verifier_accepts_what_we_encode) {
    const char* build = getenv("JACINTH_BUILD");
    char command[1024];
    char verifier[512];
    snprintf(verifier, sizeof(verifier), "%s/tests/flatbuffers_verify", build);
    zoo_everything_t value;
    zoo_value_fill(&value);
    // Every alignment of what precedes the vectors.
    const char* texts[] = {"", "1", "12", "123", "1234", "12345", "123456", "1234567"};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        value.text = texts[i];
        encode_to_file(&value);
        snprintf(command, sizeof(command), "%s %s/protocols/schema/zoo.bfbs %s/value.bin", verifier,
                 build, folder);
        cr_expect(eq(i32, system(command), 0), "%s", command);
    }
    // It does refuse: half a message.
    char path[256];
    file_path("value.bin", path, sizeof(path));
    cr_assert(eq(i32, truncate(path, 300), 0));
    cr_expect(ne(i32, system(command), 0));
}

Test(flatc, writes_what_we_decode) {
    zoo_everything_t expected;
    zoo_everything_t value;
    zoo_value_fill(&expected);
    write_file("value.json", everything_json, sizeof(everything_json) - 1);
    run_flatc("--binary", "value.json");
    static uint8_t bytes[8192];
    const size_t size = read_file("value.bin", bytes, sizeof(bytes));
    pg_arena_t arena = {0};
    cr_assert(eq(
        i32,
        zoo_everything_decode(bytes, size, zoo_value_handles(), ZOO_HANDLE_COUNT, &arena, &value),
        ZX_OK));

    // Both are the same when they encode to the same bytes.
    pg_builder_t ours;
    pg_builder_t theirs;
    pg_builder_init(&ours);
    pg_builder_init(&theirs);
    cr_assert(eq(i32, zoo_everything_encode(&expected, &ours), ZX_OK));
    cr_assert(eq(i32, zoo_everything_encode(&value, &theirs), ZX_OK));
    size_t our_size;
    size_t their_size;
    const uint8_t* our_bytes = pg_builder_bytes(&ours, &our_size);
    const uint8_t* their_bytes = pg_builder_bytes(&theirs, &their_size);
    cr_assert(eq(sz, our_size, their_size));
    cr_expect(memcmp(our_bytes, their_bytes, our_size) == 0);
    pg_builder_take_handles(&ours, NULL);
    pg_builder_take_handles(&theirs, NULL);
    pg_builder_fini(&ours);
    pg_builder_fini(&theirs);
    pg_arena_fini(&arena);
}
