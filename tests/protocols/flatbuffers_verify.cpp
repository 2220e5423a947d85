// SPDX-License-Identifier: MIT
// flatbuffers_verify SCHEMA.bfbs VALUE: whether Google's verifier accepts a flatbuffer of the
// schema's root table.
#include <flatbuffers/reflection.h>
#include <flatbuffers/util.h>

#include <cstdio>
#include <string>

int main(int argc, char** argv) {
    std::string schema;
    std::string value;
    if (argc != 3 || !flatbuffers::LoadFile(argv[1], true, &schema) ||
        !flatbuffers::LoadFile(argv[2], true, &value)) {
        fputs("usage: flatbuffers_verify SCHEMA.bfbs VALUE\n", stderr);
        return 2;
    }
    const reflection::Schema* root = reflection::GetSchema(schema.data());
    const bool is_valid = flatbuffers::Verify(
        *root, *root->root_table(), reinterpret_cast<const uint8_t*>(value.data()), value.size());
    return is_valid ? 0 : 1;
}
