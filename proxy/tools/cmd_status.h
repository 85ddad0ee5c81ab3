/* proxy/tools/cmd_status.h: what a running proxy says of itself. */
#ifndef PROXY_TOOLS_CMD_STATUS_H
#define PROXY_TOOLS_CMD_STATUS_H

#include "proxy/tools/command.h"

extern const struct command cmd_status_command;

/* "veritee status ...": |argv| begins with "status". Returns an exit status. */
int cmd_status_main(int argc, char **argv);

#endif
