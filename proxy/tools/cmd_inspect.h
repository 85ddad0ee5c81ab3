/* proxy/tools/cmd_inspect.h: the command `veritee inspect`.
 *
 * Tells what is in a quote, and says that none of it is verified. */
#ifndef PROXY_TOOLS_CMD_INSPECT_H
#define PROXY_TOOLS_CMD_INSPECT_H

#include "proxy/tools/command.h"

extern const struct command cmd_inspect_command;

/* Run it; argv[0] is "inspect". Returns the exit status: 0 when all of the
 * quote can be read, 1 when it is malformed, 2 for wrong usage or a file that
 * cannot be read. */
int cmd_inspect_main(int argc, char **argv);

#endif
