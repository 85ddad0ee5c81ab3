/* proxy/tools/cmd_status.h: what a running proxy says of itself. */
#ifndef PROXY_TOOLS_CMD_STATUS_H
#define PROXY_TOOLS_CMD_STATUS_H

#include "proxy/tools/command.h"

extern const struct command cmd_status_command;

#endif
