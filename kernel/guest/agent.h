// SPDX-License-Identifier: MIT
// The command agent: runs what the machine outside asks for over a serial port.
#pragma once

// Serves the protocol of README.md on the terminal `path` until POWEROFF or the end of the line.
// Returns 0 when told to power off, 1 when the port failed.
int agent_serve(const char* path);
