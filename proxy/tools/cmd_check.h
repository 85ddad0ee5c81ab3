/* proxy/tools/cmd_check.h: the command `veritee check`.
 *
 * Reads a policy as the proxy would, without starting anything, and says what
 * it accepts. docs/man/veritee-policy.5. */
#ifndef PROXY_TOOLS_CMD_CHECK_H
#define PROXY_TOOLS_CMD_CHECK_H

#include "proxy/tools/command.h"

extern const struct command cmd_check_command;

#endif
