// SPDX-License-Identifier: MIT
// One platform device of a board file. Private to the board reader.
#pragma once

#include "board.h"
#include "board_yaml.h"

// Reads one entry of `devices`; names must differ from those that |board| has already. False:
// reported; dm_board_device_fini(out) is due in either case.
bool dm_board_device_read(dm_yaml_t* yaml, yaml_node_t* node, const dm_board_t* board,
                          dm_board_device_t* out);
void dm_board_device_fini(dm_board_device_t* device);
