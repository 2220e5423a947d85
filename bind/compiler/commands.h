// SPDX-License-Identifier: MIT
// The subcommands, each from its cmd_<name>.c.
#pragma once

#include "command.h"

extern const bindc_command_t bindc_compile_command;
extern const bindc_command_t bindc_debug_command;
extern const bindc_command_t bindc_dump_command;
extern const bindc_command_t bindc_assemble_command;
extern const bindc_command_t bindc_explain_command;
extern const bindc_command_t bindc_test_command;
extern const bindc_command_t bindc_fmt_command;
extern const bindc_command_t bindc_lint_command;
extern const bindc_command_t bindc_generate_c_command;
extern const bindc_command_t bindc_index_command;
extern const bindc_command_t bindc_import_command;
extern const bindc_command_t bindc_lsp_command;
extern const bindc_command_t bindc_man_command;
extern const bindc_command_t bindc_completion_command;
