/* proxy/tools/cmd_run.h: `veritee run`, the proxy itself. */
#ifndef PROXY_TOOLS_CMD_RUN_H
#define PROXY_TOOLS_CMD_RUN_H

#include "proxy/tools/command.h"

extern const struct command cmd_run_command;

/* |argv[0]| is the command's name. Returns the exit status of the program:
 * 0 after a clean stop, 1 when something failed, 2 for usage or a policy that
 * cannot be read. */
int cmd_run_main(int argc, char **argv);

#endif
