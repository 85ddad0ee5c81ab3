/* proxy/tools/cmd_check.h: the command `veritee check`.
 *
 * Reads a policy as the proxy would, without starting anything, and says what
 * it accepts. docs/man/veritee-policy.5. */
#ifndef PROXY_TOOLS_CMD_CHECK_H
#define PROXY_TOOLS_CMD_CHECK_H

#include "proxy/tools/command.h"

extern const struct command cmd_check_command;

/* Run it; argv[0] is "check". Returns the exit status: 0 when the policy is
 * right, with warnings or without; 1 when it is refused; 2 for wrong usage or
 * a file that cannot be read. */
int cmd_check_main(int argc, char **argv);

#endif
