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
