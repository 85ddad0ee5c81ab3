/* proxy/tools/cmd_env.h: the command `veritee env`.
 *
 * Prints the variables of proxy_env.h in the words of a shell. */
#ifndef PROXY_TOOLS_CMD_ENV_H
#define PROXY_TOOLS_CMD_ENV_H

#include "proxy/tools/command.h"

extern const struct command cmd_env_command;

#endif
