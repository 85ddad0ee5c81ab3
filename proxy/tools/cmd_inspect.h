/* proxy/tools/cmd_inspect.h: the command `veritee inspect`.
 *
 * Tells what is in a quote, and says that none of it is verified. */
#ifndef PROXY_TOOLS_CMD_INSPECT_H
#define PROXY_TOOLS_CMD_INSPECT_H

#include "proxy/tools/command.h"

extern const struct command cmd_inspect_command;

#endif
