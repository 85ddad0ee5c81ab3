/* proxy/tools/cmd_init.h: the command `veritee init`.
 *
 * Writes a policy to start from. Never over another file. */
#ifndef PROXY_TOOLS_CMD_INIT_H
#define PROXY_TOOLS_CMD_INIT_H

#include "proxy/tools/command.h"

extern const struct command cmd_init_command;

#endif
