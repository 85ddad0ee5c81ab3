/* proxy/tools/cmd_completion.h: the command `veritee completion`.
 *
 * Prints what bash, zsh and fish need to complete commands, options and files,
 * out of the tables of command.h. */
#ifndef PROXY_TOOLS_CMD_COMPLETION_H
#define PROXY_TOOLS_CMD_COMPLETION_H

#include "proxy/tools/command.h"

extern const struct command cmd_completion_command;

#endif
