/* proxy/tools/cmd_pin.h: the command `veritee pin`.
 *
 * Asks a server for its evidence, verifies all of it but whether it is the
 * right code, and prints a policy that accepts what was found. */
#ifndef PROXY_TOOLS_CMD_PIN_H
#define PROXY_TOOLS_CMD_PIN_H

#include "proxy/tools/command.h"

extern const struct command cmd_pin_command;

#endif
