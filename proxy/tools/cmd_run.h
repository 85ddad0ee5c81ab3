/* proxy/tools/cmd_run.h: `veritee run`, the proxy itself. */
#ifndef PROXY_TOOLS_CMD_RUN_H
#define PROXY_TOOLS_CMD_RUN_H

#include "proxy/tools/command.h"

extern const struct command cmd_run_command;

#endif
